/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket device, with a vhost-vsock that only keeps what it is told. */
#include "fake_vhost.h"

#include "util/err.h"
#include "virtio/vsock.h"

enum { SIZE = 8 };

/* -- the device -- */

static const struct vsock_config config = { .cid = 7777 };

static int set_up(void **state)
{
	(void)state;
	fake_vhost_set_up(&virtio_vsock_class, &config);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_vhost_tear_down();
	return 0;
}

static void guest_finds_its_address(void **state)
{
	(void)state;
	assert_true(vhost.owned);
	assert_int_equal(vhost.cid, 7777);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 19);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 7777);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4), 0);
}

static void kernel_is_told_of_memory_and_of_both_rings(void **state)
{
	(void)state;
	bring_up(3, SIZE);
	await_running(1);
	assert_int_equal(vhost.features, UINT64_C(1) << VIRTIO_F_VERSION_1);
	assert_int_equal(vhost.ram.guest_phys_addr, ram.base);
	assert_int_equal(vhost.ram.memory_size, ram.size);
	assert_ptr_equal((void *)(uintptr_t)vhost.ram.userspace_addr, ram.host);
	for (unsigned i = 0; i < NR_RINGS; i++) {
		assert_int_equal(vhost.sizes[i], SIZE);
		assert_ptr_equal(
			(void *)(uintptr_t)vhost.addrs[i].desc_user_addr,
			at(DESC(i)));
		assert_ptr_equal(
			(void *)(uintptr_t)vhost.addrs[i].avail_user_addr,
			at(DRIVER(i)));
		assert_ptr_equal(
			(void *)(uintptr_t)vhost.addrs[i].used_user_addr,
			at(DEVICE(i)));
	}
}

static void what_others_may_not_see_is_not_told(void **state)
{
	(void)state;
	ram.kept = 65536;
	bring_up(3, SIZE);
	await_running(1);
	assert_int_equal(vhost.ram.memory_size, ram.size - 65536);
	ram.kept = 0;
}

static void a_call_raises_the_interrupt_and_a_notice_kicks(void **state)
{
	uint64_t count;

	(void)state;
	bring_up(3, SIZE);
	await_running(1);
	assert_false(line());
	signal_fd(vhost.calls[0]);
	while (!line())
		usleep(200);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	set(VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_false(line());
	notify(1);
	assert_int_equal(read(vhost.kicks[1], &count, 8), 8);
}

static void a_reset_stops_it_before_it_returns_and_it_starts_again(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		bring_up(3, SIZE);
		await_running(1);
		assert_int_equal(atomic_load(&vhost.nr_starts), i);
		set(VIRTIO_MMIO_STATUS, 0);
		assert_int_equal(atomic_load(&vhost.running), 0);
	}
}

static void a_driver_without_all_rings_is_at_fault(void **state)
{
	(void)state;
	bring_up(1, SIZE);
	await_status(NEEDS_RESET);
	assert_int_equal(atomic_load(&vhost.nr_starts), 0);
	/* The next one may do better. */
	bring_up(3, SIZE);
	await_running(1);
}

static void a_ring_where_others_may_not_look_is_a_fault(void **state)
{
	(void)state;
	ram.kept = ram.size - (DEVICE(1) + 6 + 8 * SIZE - RAM) + 1;
	bring_up(3, SIZE);
	await_status(NEEDS_RESET);
	assert_int_equal(atomic_load(&vhost.nr_starts), 0);
	ram.kept--;
	bring_up(3, SIZE);
	await_running(1);
	ram.kept = 0;
}

static void what_the_kernel_cannot_use_is_a_fault(void **state)
{
	(void)state;
	bring_up(3, SIZE);
	await_running(1);
	signal_fd(vhost.errs[0]);
	await_status(NEEDS_RESET);
}

static void a_kernel_that_refuses_is_a_fault_for_good(void **state)
{
	(void)state;
	vhost.fail_at = vhost.nr_calls + 2; /* the memory */
	vhost.fail_errno = E2BIG;
	bring_up(3, SIZE);
	await_status(NEEDS_RESET);
	set(VIRTIO_MMIO_STATUS, 0);
	bring_up(3, SIZE);
	await_status(NEEDS_RESET);
	assert_int_equal(atomic_load(&vhost.nr_starts), 0);
}

/* What is said where it cannot be made; returns that. */
static const char *refused_with(int open_errno, unsigned fail_at, int err)
{
	struct device_host host = { .vm_fd = vm_fd,
				    .mem = &ram,
				    .config = &config };
	struct left now = left_now();
	int mine = vhost.fd;
	struct device d;
	struct bus b;

	bus_init(&b);
	vhost.open_errno = open_errno;
	vhost.nr_calls = 0;
	vhost.fail_at = fail_at;
	vhost.fail_errno = err;
	assert_int_equal(device_init(&d, &virtio_vsock_class.device, WINDOW,
				     SPI, &host, &b),
			 open_errno ? -open_errno : -err);
	vhost.fd = mine;
	vhost.fail_at = 0;
	assert_nothing_left(now);
	return err_text();
}

static void each_failure_is_told_with_its_remedy(void **state)
{
	(void)state;
	assert_non_null(strstr(refused_with(ENOENT, 0, 0),
			       "'modprobe vhost_vsock' as root"));
	assert_non_null(strstr(refused_with(EACCES, 0, 0),
			       "let this user read and write it"));
	assert_non_null(strstr(refused_with(0, 1, EBUSY), "busy"));
	assert_non_null(strstr(refused_with(0, 3, EADDRINUSE),
			       "CID 7777: another guest has it"));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guest_finds_its_address),
		T(kernel_is_told_of_memory_and_of_both_rings),
		T(what_others_may_not_see_is_not_told),
		T(a_call_raises_the_interrupt_and_a_notice_kicks),
		T(a_reset_stops_it_before_it_returns_and_it_starts_again),
		T(a_driver_without_all_rings_is_at_fault),
		T(a_ring_where_others_may_not_look_is_a_fault),
		T(what_the_kernel_cannot_use_is_a_fault),
		T(a_kernel_that_refuses_is_a_fault_for_good),
		T(each_failure_is_told_with_its_remedy),
	};

	return cmocka_run_group_tests_name("vsock", tests, NULL, NULL);
}
