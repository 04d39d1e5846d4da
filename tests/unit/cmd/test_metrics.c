/* SPDX-License-Identifier: BSD-2-Clause */
#include "exposition.h"

#include <errno.h>

#include "cmd/census.h"
#include "cmd/metrics.h"
#include "util/util.h"

enum { VCPUS = 64 };

static struct ctl_vcpu vcpus[VCPUS];
static struct census_guest guests[3];
static struct census census;
static char *text;

static int set_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VCPUS; i++) {
		vcpus[i] = (struct ctl_vcpu){ .id = i };
		for (size_t k = 0; k < VM_EXIT_KINDS; k++)
			vcpus[i].exits[k] = VM_UNCOUNTED;
	}
	memset(guests, 0, sizeof(guests));
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		snprintf(guests[i].name, sizeof(guests[i].name), "g%zu", i);
		guests[i].stat.nr_vcpus = 1;
		guests[i].stat.vcpus = vcpus;
		strcpy(guests[i].stat.provider, "steady");
		strcpy(guests[i].stat.state, "running");
	}
	census = (struct census){ .guests = guests, .nr = 1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

/* Well-formed, whatever it says; how many samples it has. */
static unsigned written(void)
{
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	metrics_write(out, &census);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), size);
	return exposition_check(text);
}

static void has(const char *line)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(text, whole))
		fail_msg("no line '%s' in:\n%s", line, text);
}

static void no_guests_are_a_figure_too(void **state)
{
	(void)state;
	census.nr = 0;
	assert_int_equal(written(), 1);
	assert_string_equal(
		text, "# HELP pvtime_guests Guests that run, or that were "
		      "asked for by name.\n"
		      "# TYPE pvtime_guests gauge\n"
		      "pvtime_guests 0\n");
}

static void times_are_seconds_to_the_nanosecond(void **state)
{
	(void)state;
	vcpus[0].stolen_ns = UINT64_C(315360000123456789);
	vcpus[0].held_ns = 1;
	vcpus[0].run_ns = 2000000000;
	vcpus[0].idle_ns = 3000000000;
	vcpus[0].record_ns = 4000000000;
	vcpus[0].steal_permille = 125;
	guests[0].stat.uptime_ns = 5000000000;
	guests[0].stat.paused_ns = 6000000000;
	guests[0].stat.memory = 2 * GIB;
	written();
	has("pvtime_guests 1");
	has("pvtime_guest_up{guest=\"g0\"} 1");
	has("pvtime_guest_info{guest=\"g0\",provider=\"steady\"} 1");
	has("pvtime_guest_vcpus{guest=\"g0\"} 1");
	has("pvtime_guest_memory_bytes{guest=\"g0\"} 2147483648");
	has("pvtime_guest_uptime_seconds{guest=\"g0\"} 5.000000000");
	has("pvtime_guest_paused{guest=\"g0\"} 0");
	has("pvtime_guest_paused_seconds_total{guest=\"g0\"} 6.000000000");
	has("pvtime_vcpu_stolen_seconds_total{guest=\"g0\",vcpu=\"0\"} "
	    "315360000.123456789");
	has("pvtime_vcpu_held_seconds_total{guest=\"g0\",vcpu=\"0\"} "
	    "0.000000001");
	has("pvtime_vcpu_run_seconds_total{guest=\"g0\",vcpu=\"0\"} "
	    "2.000000000");
	has("pvtime_vcpu_idle_seconds_total{guest=\"g0\",vcpu=\"0\"} "
	    "3.000000000");
	has("pvtime_vcpu_record_seconds{guest=\"g0\",vcpu=\"0\"} 4.000000000");
	has("pvtime_vcpu_steal_ratio{guest=\"g0\",vcpu=\"0\"} 0.125");
	assert_null(strstr(text, "exits"));
}

static void paused_guest_says_so(void **state)
{
	(void)state;
	strcpy(guests[0].stat.state, "paused");
	written();
	has("pvtime_guest_paused{guest=\"g0\"} 1");
}

static void exits_are_told_where_they_are_counted(void **state)
{
	(void)state;
	census.nr = 2;
	vcpus[0].exits[0] = 10;
	vcpus[0].exits[3] = 7;
	written();
	has("pvtime_vcpu_exits_total{guest=\"g0\",vcpu=\"0\"} 10");
	has("pvtime_vcpu_exits_by_kind_total{guest=\"g1\",vcpu=\"0\",kind="
	    "\"wfi\"} 7");
	assert_null(strstr(text, "kind=\"all\""));
	assert_null(strstr(text, "kind=\"hvc\""));
}

static void guest_that_does_not_answer_is_down(void **state)
{
	(void)state;
	census.nr = 2;
	guests[0].rc = -ETIMEDOUT;
	guests[0].stat = (struct ctl_stat){ 0 };
	written();
	has("pvtime_guest_up{guest=\"g0\"} 0");
	has("pvtime_guest_up{guest=\"g1\"} 1");
	assert_null(strstr(text, "pvtime_guest_vcpus{guest=\"g0\"}"));
	guests[1].rc = -ETIMEDOUT;
	assert_int_equal(written(), 3);
}

static void labels_are_escaped(void **state)
{
	(void)state;
	strcpy(guests[0].name, "a\"b\\c\nd");
	written();
	has("pvtime_guest_up{guest=\"a\\\"b\\\\c\\nd\"} 1");
}

static void many_guests_of_many_vcpus_are_well_formed(void **state)
{
	(void)state;
	census.nr = 3;
	for (unsigned i = 0; i < VCPUS; i++)
		for (size_t k = 0; k < VM_EXIT_KINDS; k++)
			vcpus[i].exits[k] = i * k;
	for (size_t i = 0; i < 3; i++)
		guests[i].stat.nr_vcpus = VCPUS;
	assert_int_equal(written(), 1 + 3 * 7 + 3 * VCPUS * (7 + 6));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_guests_are_a_figure_too),
		T(times_are_seconds_to_the_nanosecond),
		T(paused_guest_says_so),
		T(exits_are_told_where_they_are_counted),
		T(guest_that_does_not_answer_is_down),
		T(labels_are_escaped),
		T(many_guests_of_many_vcpus_are_well_formed),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
