/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <linux/virtio_balloon.h>
#include <string.h>

#include "util/log.h"
#include "virtio/balloon.h"

enum { INFLATE, DEFLATE, STATS, HINTS, REPORTS, NR_QUEUES };
enum { SIZE = 8, PAGE = 4096, MIB_ = 1 << 20 };

#define READ  0
#define WRITE VRING_DESC_F_WRITE

/* Pages that the guest has used, and its list of some of them. */
#define USED (RAM + 64 * (gpa_t)MIB_)
#define LIST BUFFERS

static struct left before;

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	log_set_level(LOG_ERROR);
	before = left_now();
	driver_init(&virtio_balloon_class);
	bring_up_with(UINT64_C(1) << VIRTIO_BALLOON_F_REPORTING |
			      UINT64_C(1) << VIRTIO_BALLOON_F_STATS_VQ |
			      UINT64_C(1) << VIRTIO_BALLOON_F_FREE_PAGE_HINT,
		      NR_QUEUES, SIZE);
	memset(at(USED), 0x5a, 64 * PAGE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	driver_fini();
	assert_nothing_left(before);
	return 0;
}

static unsigned used_index(unsigned queue)
{
	return __atomic_load_n(&used_ring(queue)->idx, __ATOMIC_ACQUIRE);
}

static void give_and_await(unsigned queue)
{
	unsigned then = used_index(queue);

	offer(queue, SIZE, 0);
	notify(queue);
	while (used_index(queue) == then)
		usleep(200);
	assert_int_equal(used_ring(queue)->ring[then % SIZE].len, 0);
}

/* Is page @n of those that were used zero now?  They are it all, or not. */
static bool gone(unsigned n)
{
	const uint8_t *p = at(USED + n * (gpa_t)PAGE);

	assert_int_equal(p[0], p[PAGE - 1]);
	assert_true(p[0] == 0 || p[0] == 0x5a);
	return p[0] == 0;
}

static void what_is_reported_goes_back_and_nothing_beside_it(void **state)
{
	(void)state;
	desc(REPORTS, 0, USED + 2 * PAGE, 3 * PAGE, WRITE | VRING_DESC_F_NEXT,
	     1);
	desc(REPORTS, 1, USED + 10 * PAGE, PAGE, WRITE, 0);
	give_and_await(REPORTS);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(gone(i), (i >= 2 && i < 5) || i == 10);
}

static void what_is_no_whole_page_stays(void **state)
{
	(void)state;
	desc(REPORTS, 0, USED + 2 * PAGE + 1, 3 * PAGE, WRITE, 0);
	give_and_await(REPORTS);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(gone(i), i == 3 || i == 4);
	desc(REPORTS, 0, USED + 6 * PAGE, PAGE - 1, WRITE, 0);
	give_and_await(REPORTS);
	assert_false(gone(6));
}

static void what_is_to_be_read_is_no_report(void **state)
{
	(void)state;
	desc(REPORTS, 0, USED, 4 * PAGE, READ, 0);
	give_and_await(REPORTS);
	assert_false(gone(0) || gone(3));
}

static void listed(const uint32_t *pages, unsigned n)
{
	memcpy(at(LIST), pages, n * sizeof(*pages));
	desc(INFLATE, 0, LIST, (uint32_t)(n * sizeof(*pages)), READ, 0);
	give_and_await(INFLATE);
}

static void what_is_in_the_balloon_goes_back(void **state)
{
	const uint32_t first = (uint32_t)(USED / PAGE);
	const uint32_t pages[] = { first + 3, first + 4, first + 1,
				   first + 63 };

	(void)state;
	listed(pages, 4);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(gone(i),
				 i == 1 || i == 3 || i == 4 || i == 63);
	/* And comes back. */
	memset(at(USED + 3 * PAGE), 0x5a, PAGE);
	assert_false(gone(3));
}

static void pages_that_are_no_ram_are_none(void **state)
{
	const uint32_t pages[] = { 0,
				   (uint32_t)(RAM / PAGE) - 1,
				   (uint32_t)(RAM_END / PAGE),
				   UINT32_MAX,
				   UINT32_MAX - 1,
				   0x80000000 };

	(void)state;
	listed(pages, 6);
	for (unsigned i = 0; i < 64; i++)
		assert_false(gone(i));
}

static void list_that_ends_amid_a_number(void **state)
{
	const uint32_t first = (uint32_t)(USED / PAGE);
	const uint32_t pages[] = { first + 1, first + 2 };

	(void)state;
	memcpy(at(LIST), pages, sizeof(pages));
	desc(INFLATE, 0, LIST, 7, READ, 0);
	give_and_await(INFLATE);
	assert_true(gone(1));
	assert_false(gone(2));
}

static void records_in_ram_are_not_touched(void **state)
{
	(void)state;
	ram.kept = ram.size - (USED - RAM) - 4 * PAGE;
	desc(REPORTS, 0, USED, 64 * PAGE, WRITE, 0);
	give_and_await(REPORTS);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(gone(i), i < 4);
	ram.kept = 0;
}

static void what_is_asked_for_is_in_the_configuration(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 0);
	balloon_set(&dev, 3 * MIB_ + 5);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS),
			 VIRTIO_MMIO_INT_CONFIG);
	assert_true(line());
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 3 * 256);
	set(VIRTIO_MMIO_CONFIG + 4, 700);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4), 700);
	set(VIRTIO_MMIO_CONFIG, 9);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 3 * 256);
	balloon_set(&dev, UINT64_MAX);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), UINT32_MAX);

	/* It is still wanted of who comes next. */
	balloon_set(&dev, MIB_);
	bring_up(NR_QUEUES, SIZE);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 256);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4), 0);
}

static void what_leaves_the_balloon_is_acknowledged(void **state)
{
	(void)state;
	desc(DEFLATE, 0, LIST, 8, READ, 0);
	give_and_await(DEFLATE);
	desc(HINTS, 0, LIST, 8, READ, 0);
	give_and_await(HINTS);
}

/* Giving the buffer back would mean that we want more. */
static void statistics_are_kept(void **state)
{
	(void)state;
	desc(STATS, 0, LIST, 80, READ, 0);
	offer(STATS, SIZE, 0);
	notify(STATS);
	assert_int_equal(used_index(STATS), 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);
}

static void after_a_reset_nothing_goes_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		memset(at(USED), 0x5a, 64 * PAGE);
		desc(REPORTS, 0, USED, 64 * PAGE, WRITE, 0);
		offer(REPORTS, SIZE, 0);
		notify(REPORTS);
		set(VIRTIO_MMIO_STATUS, 0);
		memset(at(USED), 0x5a, 64 * PAGE);
		usleep(500);
		for (unsigned n = 0; n < 64; n++)
			assert_false(gone(n));
		memset(at(DRIVER(REPORTS)), 0, PAGE);
		memset(at(DEVICE(REPORTS)), 0, PAGE);
		bring_up(NR_QUEUES, SIZE);
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_reported_goes_back_and_nothing_beside_it),
		T(what_is_no_whole_page_stays),
		T(what_is_to_be_read_is_no_report),
		T(what_is_in_the_balloon_goes_back),
		T(pages_that_are_no_ram_are_none),
		T(list_that_ends_amid_a_number),
		T(records_in_ram_are_not_touched),
		T(what_is_asked_for_is_in_the_configuration),
		T(what_leaves_the_balloon_is_acknowledged),
		T(statistics_are_kept),
		T(after_a_reset_nothing_goes_back),
	};

	return cmocka_run_group_tests_name("balloon", tests, NULL, NULL);
}
