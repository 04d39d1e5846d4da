/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <time.h>

#include "util/clock.h"

static void clocks_are_the_hosts(void **state)
{
	uint64_t wall = (uint64_t)time(NULL), ns = clock_mono_ns();
	struct timespec ts;

	(void)state;
	assert_in_range(clock_wall_s(), wall, wall + 60);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	assert_in_range((uint64_t)ts.tv_sec, ns / 1000000000,
			ns / 1000000000 + 60);
	assert_true(clock_mono_ns() >= ns);
}

static void clocks_stand_where_a_test_sets_them(void **state)
{
	(void)state;
	clock_set_test(5, 7);
	assert_int_equal(clock_wall_s(), 5);
	assert_int_equal(clock_mono_ns(), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(clocks_are_the_hosts),
		TEST(clocks_stand_where_a_test_sets_them),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
