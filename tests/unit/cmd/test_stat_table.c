/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "cmd/stat_table.h"
#include "util/util.h"

#define S  UINT64_C(1000000000)
#define MS UINT64_C(1000000)

enum { VCPUS = 64 };

static struct ctl_vcpu vcpus[VCPUS], earlier[VCPUS];
static struct ctl_stat now, last;
static struct stat_table table;
static char *text;
static size_t size;
static FILE *out;

static int set_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VCPUS; i++) {
		vcpus[i] = (struct ctl_vcpu){ .id = i, .tid = 1000 + (int)i };
		for (size_t k = 0; k < VM_EXIT_KINDS; k++)
			vcpus[i].exits[k] = VM_UNCOUNTED;
		earlier[i] = vcpus[i];
	}
	now = (struct ctl_stat){ .nr_vcpus = 1, .vcpus = vcpus };
	last = (struct ctl_stat){ .nr_vcpus = 1, .vcpus = earlier };
	out = open_memstream(&text, &size);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stat_table_fini(&table);
	stat_table_fini(&table);
	fclose(out);
	free(text);
	text = NULL;
	return 0;
}

static void begin(bool again, bool terminal)
{
	assert_int_equal(stat_table_init(&table, out, &now, again, terminal),
			 0);
}

/* What it prints now. */
static const char *prints(const struct ctl_stat *before)
{
	size_t from = size;

	fflush(out);
	from = size;
	assert_int_equal(stat_table_print(&table, &now, before), 0);
	fflush(out);
	return text + from;
}

static void one_sample_tells_of_the_whole_life(void **state)
{
	(void)state;
	now.nr_vcpus = 2;
	vcpus[0].stolen_ns = 12 * S + 345678901;
	vcpus[0].record_ns = 12 * S;
	vcpus[0].run_ns = 3 * vcpus[0].stolen_ns;
	vcpus[1].idle_ns = 100 * S;
	begin(false, false);
	assert_string_equal(
		prints(NULL),
		"vCPU  thread   stolen s   record s  share      run s      "
		"idle s\n"
		"   0    1000  12.345678  12.000000  25.0%  37.037036    "
		"0.000000\n"
		"   1    1001   0.000000   0.000000   0.0%   0.000000  "
		"100.000000\n");
}

static void exits_have_columns_where_the_host_tells(void **state)
{
	(void)state;
	now.nr_vcpus = 2;
	vcpus[0].exits[0] = 123456;
	vcpus[0].exits[3] = 7;
	vcpus[1].exits[0] = 0;
	begin(false, false);
	assert_string_equal(
		prints(NULL),
		"vCPU  thread  stolen s  record s  share     run s    idle s  "
		" exits  wfi\n"
		"   0    1000  0.000000  0.000000   0.0%  0.000000  0.000000  "
		"123456    7\n"
		"   1    1001  0.000000  0.000000   0.0%  0.000000  0.000000  "
		"     0    -\n");
}

static void further_samples_tell_of_the_time_between(void **state)
{
	(void)state;
	now.uptime_ns = 10 * S;
	earlier[0].stolen_ns = vcpus[0].stolen_ns = 4 * S;
	earlier[0].run_ns = vcpus[0].run_ns = 4 * S;
	begin(true, false);
	assert_string_equal(
		prints(NULL),
		"up s  vCPU  stolen s  record s  last s  share     run s    "
		"idle s\n"
		"10.0     0  4.000000  0.000000       -      -  4.000000  "
		"0.000000\n");
	now.uptime_ns = 11 * S + 99 * MS;
	vcpus[0].stolen_ns += 100 * MS;
	vcpus[0].run_ns += 900 * MS;
	assert_string_equal(
		prints(&last),
		"11.0     0  4.100000  0.000000  0.100000  10.0%  4.900000  "
		"0.000000\n");
}

static void figures_that_fall_are_no_change(void **state)
{
	(void)state;
	earlier[0].stolen_ns = 2 * S;
	earlier[0].run_ns = 2 * S;
	begin(true, false);
	assert_non_null(strstr(prints(&last), "  0.000000   0.0%  "));
}

/* All lines of @lines end at the same place. */
static void check_lined_up(const char *lines, unsigned nr)
{
	size_t width = strcspn(lines, "\n");

	for (; *lines; nr--) {
		assert_int_equal(strcspn(lines, "\n"), width);
		lines += width + 1;
	}
	assert_int_equal(nr, 0);
}

static void many_vcpus_and_many_years_line_up(void **state)
{
	(void)state;
	now.nr_vcpus = last.nr_vcpus = VCPUS;
	now.uptime_ns = 500 * 86400 * S;
	for (unsigned i = 0; i < VCPUS; i++) {
		vcpus[i].stolen_ns = i * i * i * 1000 * S;
		vcpus[i].idle_ns = now.uptime_ns * (i % 2);
		vcpus[i].exits[0] = UINT64_C(1) << i % 63;
	}
	begin(true, false);
	check_lined_up(prints(&last), VCPUS + 1);
}

static unsigned count_heads(unsigned nr_samples)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nr_samples; i++)
		n += strstr(prints(i ? &last : NULL), "vCPU") != NULL;
	return n;
}

static void heads_come_once_where_nothing_scrolls_away(void **state)
{
	(void)state;
	begin(true, false);
	assert_int_equal(count_heads(100), 1);
}

static void heads_come_again_on_a_terminal_before_they_are_gone(void **state)
{
	(void)state;
	begin(true, true);
	assert_int_equal(count_heads(22), 1);
	assert_int_equal(count_heads(1), 1);
	assert_int_equal(count_heads(22), 1);
}

static void more_vcpus_than_lines_have_heads_each_time(void **state)
{
	(void)state;
	now.nr_vcpus = last.nr_vcpus = VCPUS;
	begin(true, true);
	assert_int_equal(count_heads(5), 5);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_sample_tells_of_the_whole_life),
		T(exits_have_columns_where_the_host_tells),
		T(further_samples_tell_of_the_time_between),
		T(figures_that_fall_are_no_change),
		T(many_vcpus_and_many_years_line_up),
		T(heads_come_once_where_nothing_scrolls_away),
		T(heads_come_again_on_a_terminal_before_they_are_gone),
		T(more_vcpus_than_lines_have_heads_each_time),
	};

	return cmocka_run_group_tests_name("stat_table", tests, NULL, NULL);
}
