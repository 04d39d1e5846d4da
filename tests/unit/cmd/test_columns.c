/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "cmd/columns.h"
#include "util/util.h"

static struct columns c;
static char *text;

static int set_up(void **state)
{
	(void)state;
	return columns_init(&c);
}

static int tear_down(void **state)
{
	(void)state;
	columns_fini(&c);
	columns_fini(&c);
	free(text);
	text = NULL;
	return 0;
}

static const char *printed(bool heads)
{
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	assert_int_equal(columns_print(&c, out, heads), 0);
	fclose(out);
	return text;
}

static void add_row(const char *name, unsigned n, uint64_t ns)
{
	columns_cell(&c, "%s", name);
	columns_cell(&c, "%u", n);
	columns_seconds(&c, ns);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	(void)state;
	columns_add(&c, "name", true);
	columns_add(&c, "n", false);
	columns_add(&c, "run s", false);
	add_row("a", 7, 1500000000);
	add_row("database", 512, UINT64_C(315360000123456789));
	assert_string_equal(printed(true), "name        n             run s\n"
					   "a           7          1.500000\n"
					   "database  512  315360000.123456\n");
}

static void later_rows_line_up_with_earlier_ones(void **state)
{
	(void)state;
	columns_add(&c, "name", true);
	columns_add(&c, "n", false);
	columns_add(&c, "s", false);
	add_row("long name", 100, 10000000000);
	assert_string_equal(printed(true), "name         n          s\n"
					   "long name  100  10.000000\n");
	add_row("b", 1, 0);
	assert_string_equal(printed(false), "b            1   0.000000\n");
	assert_string_equal(printed(true), "name         n          s\n");
}

static void nothing_follows_the_last_cell(void **state)
{
	(void)state;
	columns_add(&c, "a", false);
	columns_add(&c, "state", true);
	columns_cell(&c, "1");
	columns_cell(&c, "up");
	assert_string_equal(printed(true), "a  state\n1  up\n");
}

static void figures_are_written_as_people_do(void **state)
{
	(void)state;
	columns_add(&c, "x", false);
	columns_share(&c, 0);
	columns_share(&c, 0.12345);
	columns_share(&c, 1);
	columns_size(&c, 512 * MIB);
	columns_size(&c, 2 * GIB);
	columns_size(&c, 64 * MIB + 64 * KIB);
	columns_seconds(&c, 999);
	columns_seconds(&c, UINT64_MAX);
	assert_string_equal(printed(false), "              0.0%\n"
					    "             12.3%\n"
					    "            100.0%\n"
					    "              512M\n"
					    "                2G\n"
					    "            65600K\n"
					    "          0.000000\n"
					    "18446744073.709551\n");
}

static void uptime_has_days_when_it_needs_them(void **state)
{
	static const struct {
		uint64_t s;
		const char *text;
	} times[] = {
		{ 0, "00:00:00" },
		{ 59, "00:00:59" },
		{ 3661, "01:01:01" },
		{ 86399, "23:59:59" },
		{ 86400, "1d 00:00:00" },
		{ 94694400, "1096d 00:00:00" },
		{ UINT64_MAX / 1000000000, "213503d 23:34:33" },
	};
	char buf[COLUMNS_UPTIME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_string_equal(
			columns_uptime(buf, times[i].s * 1000000000),
			times[i].text);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(columns_are_as_wide_as_their_widest_cell),
		T(later_rows_line_up_with_earlier_ones),
		T(nothing_follows_the_last_cell),
		T(figures_are_written_as_people_do),
		T(uptime_has_days_when_it_needs_them),
	};

	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
