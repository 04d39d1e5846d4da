/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <pthread.h>

#include "mach/bus.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"

static struct bus bus;
static struct lock lock;

/* What the last access to a window was. */
static struct {
	void *owner;
	uint64_t off, v;
	unsigned len, reads, writes;
	bool locked;
} seen;

static uint64_t answer;

static uint64_t read_it(void *owner, uint64_t off, unsigned len)
{
	seen.owner = owner;
	seen.off = off;
	seen.len = len;
	seen.reads++;
	seen.locked = atomic_load(&lock.state) != 0;
	return answer;
}

static void write_it(void *owner, uint64_t off, unsigned len, uint64_t v)
{
	read_it(owner, off, len);
	seen.reads--;
	seen.writes++;
	seen.v = v;
}

static struct bus_window window(gpa_t base, uint64_t size)
{
	return (struct bus_window){ .base = base,
				    .size = size,
				    .owner = &lock,
				    .read = read_it,
				    .write = write_it,
				    .lock = &lock };
}

static struct bus_window one, two;

static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	memset(&seen, 0, sizeof(seen));
	answer = 0;
	bus_init(&bus);
	one = window(0x1000, 0x100);
	two = window(0x1100, 0x10);
	return bus_add(&bus, &one) | bus_add(&bus, &two);
}

static void access_reaches_its_window_by_its_offset_under_its_lock(void **state)
{
	(void)state;
	bus_read(&bus, 0x1008, 4);
	assert_ptr_equal(seen.owner, &lock);
	assert_int_equal(seen.off, 8);
	assert_int_equal(seen.len, 4);
	assert_true(seen.locked);
	assert_int_equal(atomic_load(&lock.state), 0);
	bus_write(&bus, 0x110c, 2, 0xabcd);
	assert_int_equal(seen.off, 0xc);
	assert_int_equal(seen.len, 2);
	assert_int_equal(seen.v, 0xabcd);
	assert_true(seen.locked);
	assert_int_equal(seen.reads, 1);
	assert_int_equal(seen.writes, 1);
}

static void no_more_bits_come_back_than_were_asked_for(void **state)
{
	(void)state;
	answer = 0x8899aabbccddeeff;
	assert_true(bus_read(&bus, 0x1000, 1) == 0xff);
	assert_true(bus_read(&bus, 0x1000, 2) == 0xeeff);
	assert_true(bus_read(&bus, 0x1000, 4) == 0xccddeeff);
	assert_true(bus_read(&bus, 0x1000, 8) == 0x8899aabbccddeeff);
}

static void last_bytes_of_a_window_answer(void **state)
{
	(void)state;
	bus_read(&bus, 0x10ff, 1);
	bus_read(&bus, 0x10f8, 8);
	bus_write(&bus, 0x110c, 4, 0);
	assert_int_equal(seen.reads + seen.writes, 3);
}

static void access_across_a_windows_end_reaches_nobody(void **state)
{
	(void)state;
	answer = UINT64_MAX;
	assert_int_equal(bus_read(&bus, 0x10fc, 8), 0);
	assert_int_equal(bus_read(&bus, 0xffc, 8), 0);
	bus_write(&bus, 0x110f, 2, 1);
	assert_int_equal(seen.reads + seen.writes, 0);
}

static void where_nothing_is_reads_are_zero_and_writes_are_lost(void **state)
{
	static const gpa_t nowhere[] = {
		0, 0xfff, 0x1110, 0x40000000, UINT64_MAX - 7, UINT64_MAX
	};

	(void)state;
	answer = UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
		assert_int_equal(bus_read(&bus, nowhere[i], 1), 0);
		bus_write(&bus, nowhere[i], 1, 1);
	}
	assert_int_equal(seen.reads + seen.writes, 0);
}

static void first_access_to_nothing_is_told_and_no_other(void **state)
{
	(void)state;
	assert_false(atomic_load(&bus.told));
	bus_read(&bus, 0x1000, 4);
	assert_false(atomic_load(&bus.told));
	bus_read(&bus, 0x2000, 4);
	assert_true(atomic_load(&bus.told));
}

static void overlapping_window_is_refused_with_both_addresses(void **state)
{
	static const struct {
		gpa_t base;
		uint64_t size;
	} bad[] = { { 0x1000, 0x100 }, { 0xfff, 2 },	 { 0x10ff, 1 },
		    { 0x1080, 8 },     { 0x0, 0x10000 }, { 0x10f0, 0x20 } };
	struct bus_window w, below, above;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		w = window(bad[i].base, bad[i].size);
		assert_int_equal(bus_add(&bus, &w), -EEXIST);
	}
	assert_words("bus: window at 0x10f0 overlaps the one at 0x1000");
	below = window(0xf00, 0x100);
	above = window(0x1110, 0x100);
	assert_int_equal(bus_add(&bus, &below), 0);
	assert_int_equal(bus_add(&bus, &above), 0);
	assert_int_equal(bus.nr_windows, 4);
}

static void full_bus_refuses_more(void **state)
{
	static struct bus_window many[BUS_WINDOWS_MAX + 1];

	(void)state;
	bus_init(&bus);
	for (unsigned i = 0; i <= BUS_WINDOWS_MAX; i++) {
		many[i] = window(0x1000 * (i + 1), 0x1000);
		assert_int_equal(bus_add(&bus, &many[i]),
				 i < BUS_WINDOWS_MAX ? 0 : -ENOSPC);
	}
	assert_words("bus: more than 48 windows");
	bus_read(&bus, 0x1000 * BUS_WINDOWS_MAX, 4);
	assert_int_equal(seen.reads, 1);
}

/* -- one thread at a time -- */

static volatile unsigned counter;

static void count(void *owner, uint64_t off, unsigned len, uint64_t v)
{
	(void)owner;
	(void)off;
	(void)len;
	(void)v;
	counter = counter + 1;
}

enum { THREADS = 4, TIMES = 20000 };

static void *write_often(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < TIMES; i++)
		bus_write(&bus, 0x1000, 4, 0);
	return NULL;
}

static void one_thread_at_a_time_is_in_a_window(void **state)
{
	pthread_t ids[THREADS];

	(void)state;
	one.write = count;
	counter = 0;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&ids[i], NULL, write_often, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	assert_int_equal(counter, THREADS * TIMES);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(access_reaches_its_window_by_its_offset_under_its_lock),
		T(no_more_bits_come_back_than_were_asked_for),
		T(last_bytes_of_a_window_answer),
		T(access_across_a_windows_end_reaches_nobody),
		T(where_nothing_is_reads_are_zero_and_writes_are_lost),
		T(first_access_to_nothing_is_told_and_no_other),
		T(overlapping_window_is_refused_with_both_addresses),
		T(full_bus_refuses_more),
		T(one_thread_at_a_time_is_in_a_window),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
