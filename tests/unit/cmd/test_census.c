/* SPDX-License-Identifier: BSD-2-Clause */
#include "served.h"

#include "cmd/census.h"
#include "util/clock.h"

static struct census census;

static int tear_down(void **state)
{
	census_fini(&census);
	census_fini(&census);
	return served_down(state);
}

static void take(void)
{
	census_fini(&census);
	assert_int_equal(census_take(&census, NULL, 0), 0);
}

static void without_guests_it_is_empty(void **state)
{
	(void)state;
	take();
	assert_int_equal(census.nr, 0);
}

static void all_that_run_are_asked(void **state)
{
	pid_t web;

	(void)state;
	web = served_guest("web", 2);
	served_guest("db", 1);
	take();
	assert_int_equal(census.nr, 2);
	assert_string_equal(census.guests[0].name, "db");
	assert_string_equal(census.guests[1].name, "web");
	assert_int_equal(census.guests[1].rc, 0);
	assert_null(census.guests[1].words);
	assert_int_equal(census.guests[1].pid, web);
	assert_int_equal(census.guests[1].stat.nr_vcpus, 2);
	assert_true(census.guests[1].stat.vcpus[1].tid != 0);
}

static void those_asked_for_by_name_are_all_there(void **state)
{
	char *names[] = { (char *)"web", (char *)"none" };

	(void)state;
	served_guest("web", 1);
	served_guest("db", 1);
	assert_int_equal(census_take(&census, names, 2), 0);
	assert_int_equal(census.nr, 2);
	assert_int_equal(census.guests[0].rc, 0);
	assert_int_equal(census.guests[1].rc, -ENOENT);
	assert_non_null(strstr(census.guests[1].words, "'none'"));
}

static void killed_guest_is_gone(void **state)
{
	(void)state;
	served_guest("web", 1);
	served_kill(served.pids[--served.nr]);
	take();
	assert_int_equal(census.nr, 0);
}

static void one_that_does_not_answer_costs_a_second_in_all(void **state)
{
	uint64_t began;

	(void)state;
	served_answer("a-mute", NULL);
	served_answer("b-mute", NULL);
	kill(served_guest("stopped", 1), SIGSTOP);
	served_guest("web", 1);
	began = clock_mono_ns();
	take();
	assert_true(clock_mono_ns() - began < UINT64_C(1900000000));
	assert_int_equal(census.nr, 4);
	assert_int_equal(census.guests[0].rc, -ETIMEDOUT);
	assert_int_equal(census.guests[1].rc, -ETIMEDOUT);
	assert_int_equal(census.guests[2].rc, -ETIMEDOUT);
	assert_int_equal(census.guests[2].pid, served.pids[2]);
	assert_non_null(strstr(census.guests[2].words, "'stopped'"));
	assert_int_equal(census.guests[3].rc, 0);
}

static void who_talks_nonsense_is_known_by_it(void **state)
{
	(void)state;
	served_answer("bad", "HTTP/1.1 400 Bad Request\r\n\r\n");
	served_answer("cross", "{\"version\":1,\"error\":\"no time\"}\n");
	served_guest("web", 1);
	take();
	assert_int_equal(census.nr, 3);
	assert_int_equal(census.guests[0].rc, -EPROTO);
	assert_string_equal(census.guests[1].words, "'cross': no time");
	assert_int_equal(census.guests[2].rc, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, served_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_guests_it_is_empty),
		T(all_that_run_are_asked),
		T(those_asked_for_by_name_are_all_there),
		T(killed_guest_is_gone),
		T(one_that_does_not_answer_costs_a_second_in_all),
		T(who_talks_nonsense_is_known_by_it),
	};

	return cmocka_run_group_tests_name("census", tests, served_begin,
					   served_end);
}
