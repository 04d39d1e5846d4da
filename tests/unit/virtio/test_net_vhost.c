/* SPDX-License-Identifier: BSD-2-Clause */
/* The network device that the host's kernel works for, with a vhost-net that only
 * keeps what it is told. */
#include "fake_vhost.h"

#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

#include "util/err.h"
#include "util/net.h"
#include "virtio/net.h"

#define BIT(n) (UINT64_C(1) << (n))

enum { SIZE = 8 };

static const struct net_config config = {
	.mode = NET_TAP,
	.mac = { 2, 0, 0, 0, 0, 9 },
	.tap = "pv0",
	.vhost = NET_VHOST_ON,
};

static int set_up(void **state)
{
	(void)state;
	fake_vhost_set_up(&virtio_net_vhost_class, &config);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_vhost_tear_down();
	return 0;
}

static uint64_t offered(void)
{
	uint64_t low;

	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	low = get(VIRTIO_MMIO_DEVICE_FEATURES);
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	return low | (uint64_t)get(VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void guest_finds_the_same_card(void **state)
{
	(void)state;
	assert_true(vhost.owned);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_NET);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 2);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4), 0x10900);
	assert_true(offered() & BIT(VIRTIO_NET_F_MRG_RXBUF));
	assert_true(offered() & BIT(VIRTIO_NET_F_HOST_TSO4));
	assert_true(offered() & BIT(VIRTIO_RING_F_EVENT_IDX));
	assert_true(offered() & BIT(VIRTIO_F_VERSION_1));
	/* Ours to make in the kernel's place, which we do not. */
	assert_false(offered() & BIT(VHOST_NET_F_VIRTIO_NET_HDR));
}

static void
kernel_is_told_of_what_is_its_own_and_the_tap_device_of_the_rest(void **state)
{
	(void)state;
	bring_up_with(BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(VIRTIO_NET_F_MAC) |
			      BIT(VIRTIO_NET_F_GUEST_CSUM) |
			      BIT(VIRTIO_NET_F_GUEST_TSO6),
		      2, SIZE);
	await_running(1);
	assert_int_equal(vhost.features,
			 BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF));
	assert_int_equal(tap.offload, TUN_F_CSUM | TUN_F_TSO6);
	assert_int_equal(vhost.ram.memory_size, ram.size);
	for (unsigned i = 0; i < NR_RINGS; i++) {
		assert_int_equal(vhost.backends[i], tap.fd);
		assert_ptr_equal(
			(void *)(uintptr_t)vhost.addrs[i].used_user_addr,
			at(DEVICE(i)));
	}
}

static void what_came_before_the_driver_is_dropped(void **state)
{
	char frame[NET_HEADER_SIZE + 60] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(tap.outside, frame, sizeof(frame), 0),
				 sizeof(frame));
	bring_up(2, SIZE);
	await_running(1);
	assert_int_equal(recv(tap.fd, frame, sizeof(frame), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void a_reset_takes_the_tap_device_away_and_gives_it_back(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		bring_up(2, SIZE);
		await_running(1);
		assert_int_equal(atomic_load(&vhost.nr_starts), i);
		set(VIRTIO_MMIO_STATUS, 0);
		assert_int_equal(atomic_load(&vhost.running), 0);
		for (unsigned q = 0; q < NR_RINGS; q++)
			assert_int_equal(vhost.backends[q], -1);
	}
}

static void a_queue_that_ends_takes_the_tap_device_away(void **state)
{
	(void)state;
	bring_up(2, SIZE);
	await_running(1);
	set(VIRTIO_MMIO_QUEUE_SEL, 1);
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(atomic_load(&vhost.running), 0);
	for (unsigned q = 0; q < NR_RINGS; q++)
		assert_int_equal(vhost.backends[q], -1);
}

static void the_end_of_memory_is_not_lent(void **state)
{
	(void)state;
	ram.kept = 4096;
	bring_up(2, SIZE);
	await_running(1);
	assert_int_equal(vhost.ram.memory_size, ram.size - 4096);
	set(VIRTIO_MMIO_STATUS, 0);
	ram.kept = 0;
}

/* It is not used again before a reset, and then is as new. */
static void what_the_kernel_cannot_use_is_a_fault_until_a_reset(void **state)
{
	(void)state;
	for (unsigned q = 0; q < NR_RINGS; q++) {
		bring_up(2, SIZE);
		await_running(1);
		signal_fd(vhost.errs[q]);
		await_status(NEEDS_RESET);
		set(VIRTIO_MMIO_STATUS, 0);
		assert_int_equal(atomic_load(&vhost.running), 0);
	}
	bring_up(2, SIZE);
	await_running(1);
	assert_false(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
}

static void a_driver_with_one_ring_is_at_fault(void **state)
{
	(void)state;
	bring_up(1, SIZE);
	await_status(NEEDS_RESET);
	assert_int_equal(atomic_load(&vhost.nr_starts), 0);
	bring_up(2, SIZE);
	await_running(1);
}

/* Each call in turn; what the kernel still has goes with its descriptor. */
static void
a_kernel_that_refuses_is_a_fault_and_has_nothing_any_more(void **state)
{
	unsigned n, first = vhost.nr_calls;

	for (n = 1;; n++) {
		tear_down(state);
		set_up(state);
		vhost.fail_at = first + n;
		vhost.fail_errno = ENOMEM;
		bring_up(2, SIZE);
		while (!atomic_load(&vhost.running) &&
		       !(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET))
			usleep(200);
		if (atomic_load(&vhost.running))
			break;
		assert_int_equal(fcntl(vhost.fd, F_GETFD), -1);
	}
	assert_int_equal(n, 1 + 1 + 2 * 6 + 2 + 1);
	vhost.fail_at = 0;
}

/* Another one that cannot be made; returns the words. */
static const char *refused(int err)
{
	struct device_host host = { .vm_fd = vm_fd,
				    .mem = &ram,
				    .config = &config };
	struct left now = left_now();
	int mine = vhost.fd;
	struct device d;
	struct bus b;

	bus_init(&b);
	assert_int_equal(device_init(&d, &virtio_net_vhost_class.device, WINDOW,
				     SPI, &host, &b),
			 -err);
	vhost.fd = mine;
	assert_nothing_left(now);
	return err_text();
}

static void each_failure_is_told_with_its_remedy(void **state)
{
	(void)state;
	vhost.open_errno = ENOENT;
	assert_non_null(
		strstr(refused(ENOENT), "'modprobe vhost_net' as root"));
	assert_false(net_vhost_is_here());
	vhost.open_errno = EACCES;
	assert_non_null(
		strstr(refused(EACCES), "let this user read and write it"));
	vhost.open_errno = 0;
	vhost.cannot = BIT(VIRTIO_F_VERSION_1);
	assert_non_null(strstr(refused(ENOTSUP), "take vhost=off"));
}

static void whether_it_is_here_leaves_nothing(void **state)
{
	struct left now = left_now();
	int mine = vhost.fd;

	(void)state;
	assert_true(net_vhost_is_here());
	vhost.fd = mine;
	assert_nothing_left(now);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guest_finds_the_same_card),
		T(kernel_is_told_of_what_is_its_own_and_the_tap_device_of_the_rest),
		T(what_came_before_the_driver_is_dropped),
		T(a_reset_takes_the_tap_device_away_and_gives_it_back),
		T(a_queue_that_ends_takes_the_tap_device_away),
		T(the_end_of_memory_is_not_lent),
		T(what_the_kernel_cannot_use_is_a_fault_until_a_reset),
		T(a_driver_with_one_ring_is_at_fault),
		T(a_kernel_that_refuses_is_a_fault_and_has_nothing_any_more),
		T(each_failure_is_told_with_its_remedy),
		T(whether_it_is_here_leaves_nothing),
	};

	return cmocka_run_group_tests_name("net_vhost", tests, NULL, NULL);
}
