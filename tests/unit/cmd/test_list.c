/* SPDX-License-Identifier: BSD-2-Clause */
#include "served.h"

#include "cmd/cmd.h"
#include "util/json.h"

static struct said s;

/* How many elements the array has that it said, each of them an object. */
static unsigned elements(void)
{
	struct json j;
	unsigned n = 0;

	json_begin(&j, s.out);
	for (json_array(&j); json_element(&j); n++)
		json_skip(&j);
	assert_true(json_end(&j));
	return n;
}

static void no_guests_are_told_in_one_line(void **state)
{
	(void)state;
	assert_int_equal(said_all(&s, list_main, "list"), EXIT_GOOD);
	assert_string_equal(s.out, "no guest runs\n");
	assert_int_equal(said_all(&s, list_main, "list", "--json"), EXIT_GOOD);
	assert_string_equal(s.out, "[]\n");
}

static void guests_have_a_line_each(void **state)
{
	char lines[512];
	pid_t web, database;

	(void)state;
	web = served_guest("web", 2);
	database = served_guest("database", 1);
	assert_int_equal(said_all(&s, list_main, "list"), EXIT_GOOD);
	assert_string_equal(s.err, "");
	snprintf(lines, sizeof(lines),
		 "name      %*s  vCPUs  memory    uptime  state    stolen\n"
		 "database  %d      1     64M  00:00:00  running  STOLEN\n"
		 "web       %d      2     64M  00:00:00  running  STOLEN\n",
		 snprintf(NULL, 0, "%d", web), "pid", database, web);
	/* How much was stolen in that moment, nobody knows. */
	for (char *c = s.out; (c = strchr(c, '%'));)
		memcpy(c - 5, "STOLEN", 6);
	assert_string_equal(s.out, lines);
}

static void one_that_does_not_answer_is_named_and_told_why(void **state)
{
	pid_t stopped;

	(void)state;
	stopped = served_guest("stopped", 1);
	served_guest("web", 1);
	kill(stopped, SIGSTOP);
	assert_int_equal(said_all(&s, list_main, "list"), EXIT_GOOD);
	assert_non_null(strstr(s.out, "  -       -         -  no answer       -"
				      "\n"));
	assert_non_null(strstr(s.out, "running"));
	assert_non_null(strstr(s.err, "'stopped': "));
	assert_int_equal(said_all(&s, list_main, "list", "--json"), EXIT_GOOD);
	assert_int_equal(elements(), 2);
	assert_non_null(strstr(s.out, "\"error\":\"'stopped': "));
}

static void json_has_all_of_it(void **state)
{
	char begin[128];
	pid_t web;

	(void)state;
	web = served_guest("web", 2);
	served_guest("db", 1);
	assert_int_equal(said_all(&s, list_main, "list", "--json"), EXIT_GOOD);
	assert_int_equal(elements(), 2);
	assert_ptr_equal(strchr(s.out, '\n'), s.out + strlen(s.out) - 1);
	snprintf(begin, sizeof(begin),
		 "{\"name\":\"web\",\"pid\":%d,\"vcpus\":2,"
		 "\"memory\":67108864,\"uptime_ns\":",
		 web);
	assert_non_null(strstr(s.out, begin));
	assert_non_null(strstr(s.out, ",\"state\":\"running\","
				      "\"stolen_share\":0."));
}

static void words_are_none_of_its(void **state)
{
	(void)state;
	assert_int_equal(said_all(&s, list_main, "list", "web"), EXIT_USAGE);
	assert_non_null(strstr(s.err, "'web'"));
	assert_int_equal(said_all(&s, list_main, "list", "--xml"), EXIT_USAGE);
	assert_int_equal(said_all(&s, list_main, "list", "--help"), EXIT_GOOD);
	assert_non_null(strstr(s.out, "usage: pvtime-vmm list [--json]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED_TEST(no_guests_are_told_in_one_line),
		SERVED_TEST(guests_have_a_line_each),
		SERVED_TEST(one_that_does_not_answer_is_named_and_told_why),
		SERVED_TEST(json_has_all_of_it),
		SERVED_TEST(words_are_none_of_its),
	};

	return cmocka_run_group_tests_name("list", tests, served_begin,
					   served_end);
}
