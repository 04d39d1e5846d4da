/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <errno.h>

#include "virtio/rng.h"

enum {
	SIZE = 8,
	MOST = 256, /* bytes to a buffer */
	NEXT = VRING_DESC_F_NEXT,
	WRITE = VRING_DESC_F_WRITE,
};

static int set_up(void **state)
{
	(void)state;
	driver_init(&virtio_rng_class);
	bring_up(1, SIZE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	driver_fini();
	return 0;
}

/* How many bytes at @gpa are not zero: nearly all, of random ones. */
static unsigned set_bytes(gpa_t gpa, unsigned len)
{
	const uint8_t *p = at(gpa);
	unsigned n = 0;

	for (unsigned i = 0; i < len; i++)
		n += p[i] != 0;
	return n;
}

static void guest_finds_an_entropy_device(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 4);
	set(VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
}

static void buffer_is_filled_to_its_end_and_no_further(void **state)
{
	(void)state;
	desc(0, 2, BUFFERS, 64, WRITE, 0);
	offer(0, SIZE, 2);
	notify(0);
	assert_int_equal(used_ring(0)->idx, 1);
	assert_int_equal(used_ring(0)->ring[0].id, 2);
	assert_int_equal(used_ring(0)->ring[0].len, 64);
	assert_in_range(set_bytes(BUFFERS, 64), 48, 64);
	assert_int_equal(set_bytes(BUFFERS + 64, 64), 0);
	assert_int_equal(set_bytes(BUFFERS - 64, 64), 0);
	assert_true(line());
}

static void no_two_buffers_are_the_same(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		desc(0, i, BUFFERS + 64 * i, 64, WRITE, 0);
		offer(0, SIZE, i);
	}
	notify(0);
	assert_memory_not_equal(at(BUFFERS), at(BUFFERS + 64), 64);
}

static void chain_is_filled_buffer_by_buffer(void **state)
{
	(void)state;
	desc(0, 0, BUFFERS + 0x2000, 64, NEXT, 1);
	desc(0, 1, BUFFERS, 32, NEXT | WRITE, 2);
	desc(0, 2, BUFFERS + 0x5000, 0, NEXT | WRITE, 3);
	desc(0, 3, BUFFERS + 0x1000, 64, WRITE, 0);
	offer(0, SIZE, 0);
	notify(0);
	assert_int_equal(used_ring(0)->ring[0].len, 96);
	assert_in_range(set_bytes(BUFFERS, 32), 20, 32);
	assert_in_range(set_bytes(BUFFERS + 0x1000, 64), 48, 64);
	assert_int_equal(set_bytes(BUFFERS + 32, 64), 0);
	assert_int_equal(set_bytes(BUFFERS + 0x1040, 64), 0);
	assert_int_equal(set_bytes(BUFFERS + 0x2000, 64), 0);
}

static void large_buffers_get_a_bounded_part(void **state)
{
	(void)state;
	desc(0, 0, BUFFERS, MOST - 1, NEXT | WRITE, 1);
	desc(0, 1, BUFFERS + 0x1000, 0x4000000, NEXT | WRITE, 2);
	desc(0, 2, BUFFERS + 0x2000, 64, WRITE, 0);
	offer(0, SIZE, 0);
	fault_arm(0, 0);
	notify(0);
	assert_int_equal(fault_calls(), 3); /* two buffers and the line */
	assert_int_equal(used_ring(0)->ring[0].len, MOST);
	assert_int_equal(set_bytes(BUFFERS + 0x1001, 0x2000), 0);
}

static void buffers_that_only_can_be_read_come_back_as_they_are(void **state)
{
	(void)state;
	desc(0, 0, BUFFERS, 64, 0, 0);
	offer(0, SIZE, 0);
	notify(0);
	assert_int_equal(used_ring(0)->idx, 1);
	assert_int_equal(used_ring(0)->ring[0].len, 0);
	assert_int_equal(set_bytes(BUFFERS, 64), 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);
}

static void all_that_wait_are_served_with_one_interrupt(void **state)
{
	unsigned before;

	(void)state;
	for (unsigned i = 0; i < SIZE; i++) {
		desc(0, i, BUFFERS + 64 * i, 64, WRITE, 0);
		offer(0, SIZE, i);
	}
	before = fake_kvm.nr_spi_calls;
	notify(0);
	assert_int_equal(fake_kvm.nr_spi_calls, before + 1);
	assert_int_equal(used_ring(0)->idx, SIZE);
	assert_in_range(set_bytes(BUFFERS, 64 * SIZE), 60 * SIZE, 64 * SIZE);
}

static void an_empty_ring_is_no_reason_for_an_interrupt(void **state)
{
	(void)state;
	notify(0);
	assert_false(line());
	assert_int_equal(used_ring(0)->idx, 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);
}

static void a_bad_chain_stops_those_behind_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		desc(0, i, i == 1 ? 0 : BUFFERS + 64 * i, 64, WRITE, 0);
		offer(0, SIZE, i);
	}
	notify(0);
	assert_int_equal(used_ring(0)->idx, 1);
	assert_int_equal(set_bytes(BUFFERS + 128, 64), 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | NEEDS_RESET);
}

static void without_entropy_no_buffer_is_passed_off_as_random(void **state)
{
	(void)state;
	desc(0, 0, BUFFERS, 64, WRITE, 0);
	offer(0, SIZE, 0);
	fault_arm(1, EAGAIN);
	notify(0);
	fault_arm(0, 0);
	assert_int_equal(used_ring(0)->idx, 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | NEEDS_RESET);
}

/* The ring lies in the very buffer that is filled. */
static void a_ring_that_is_overwritten_spoils_nothing_else(void **state)
{
	(void)state;
	desc(0, 0, DRIVER(0), MOST, NEXT | WRITE, 1);
	desc(0, 1, DEVICE(0), MOST, WRITE, 0);
	for (unsigned i = 0; i < 100; i++) {
		avail_ring(0)->idx = 0;
		avail_ring(0)->ring[0] = 0;
		bring_up(1, SIZE);
		offer(0, SIZE, 0);
		notify(0);
		notify(0);
		assert_int_equal(set_bytes(BUFFERS, 0x1000), 0);
	}
	device_reset(&dev);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guest_finds_an_entropy_device),
		T(buffer_is_filled_to_its_end_and_no_further),
		T(no_two_buffers_are_the_same),
		T(chain_is_filled_buffer_by_buffer),
		T(large_buffers_get_a_bounded_part),
		T(buffers_that_only_can_be_read_come_back_as_they_are),
		T(all_that_wait_are_served_with_one_interrupt),
		T(an_empty_ring_is_no_reason_for_an_interrupt),
		T(a_bad_chain_stops_those_behind_it),
		T(without_entropy_no_buffer_is_passed_off_as_random),
		T(a_ring_that_is_overwritten_spoils_nothing_else),
	};

	return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
