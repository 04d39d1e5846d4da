/* SPDX-License-Identifier: BSD-2-Clause */
#include "../vm/rig.h"

#include <errno.h>
#include <math.h>
#include <time.h>

#include "ctl/stat.h"
#include "pvtime/steal.h"
#include "util/clock.h"

#define MS UINT64_C(1000000)

/* What the scheduler says of each thread; in place of the host's. */
static struct steal_times times;
static int steal_rc;

int steal_read(pid_t tid, struct steal_times *ret)
{
	(void)tid;
	*ret = times;
	return steal_rc < 0 ? err_set(-steal_rc, "schedstat") : 0;
}

/* -- taking -- */

static struct ctl_stat taken[2];
static int take_rc;
static void (*between)(void);

static int set_up(void **state)
{
	times = (struct steal_times){ 0 };
	steal_rc = take_rc = 0;
	between = NULL;
	return rig_up(state);
}

static int tear_down(void **state)
{
	ctl_stat_fini(&taken[0]);
	ctl_stat_fini(&taken[1]);
	return rig_down(state);
}

/* Main looks, lets something happen, and looks again. */
static void look_twice(void)
{
	take_rc = ctl_stat_take(rig.vm, "web", &taken[0]);
	if (between)
		between();
	if (take_rc == 0)
		take_rc = ctl_stat_take(rig.vm, "web", &taken[1]);
}

static void run_looked_at(void)
{
	struct fake_step steps[] = { CALL(rig_call_main), UNTIL_CALLED, OFF };

	rig_new();
	vm_count_exits(rig.vm);
	rig_main_does(look_twice);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
}

static void machine_that_does_not_run_yet_has_lost_nothing(void **state)
{
	const struct ctl_vcpu nothing = { .id = 1 };

	(void)state;
	rig_new();
	assert_int_equal(ctl_stat_take(rig.vm, "web", &taken[0]), 0);
	assert_string_equal(taken[0].name, "web");
	assert_int_equal(taken[0].pid, getpid());
	assert_string_equal(taken[0].provider, "steady");
	assert_string_equal(taken[0].state, "running");
	assert_int_equal(taken[0].uptime_ns, 0);
	assert_int_equal(taken[0].memory, 64 * MIB);
	assert_int_equal(taken[0].nr_vcpus, 2);
	assert_memory_equal(&taken[0].vcpus[1], &nothing,
			    offsetof(struct ctl_vcpu, exits));
}

static void a_little_later(void)
{
	times.run_ns += 2 * MS;
	times.wait_ns += MS;
	fake_kvm.cpus[0].exits = 12;
	nanosleep(&(struct timespec){ .tv_nsec = 20 * MS }, NULL);
}

static void times_are_the_scheduler_s(void **state)
{
	const struct ctl_vcpu *v;

	(void)state;
	times = (struct steal_times){ .run_ns = 3000, .wait_ns = 5000 };
	between = a_little_later;
	run_looked_at();
	assert_int_equal(take_rc, 0);
	v = &taken[1].vcpus[0];
	assert_true(v->tid > 0);
	assert_int_equal(v->stolen_ns, 5000 + MS);
	assert_int_equal(v->held_ns, 0);
	assert_int_equal(v->run_ns, 3000 + 2 * MS);
	assert_int_equal(v->exits[0], 12);
	assert_true(v->exits[1] == VM_UNCOUNTED);
	assert_true(v->idle_ns >= taken[0].vcpus[0].idle_ns + 17 * MS);
	assert_true(v->idle_ns <= taken[1].uptime_ns - 3 * MS);
}

static void idle_is_never_below_nothing(void **state)
{
	(void)state;
	times.run_ns = UINT64_C(1) << 60;
	run_looked_at();
	assert_int_equal(take_rc, 0);
	assert_int_equal(taken[1].vcpus[0].idle_ns, 0);
}

static void count_late(void)
{
	times.wait_ns += 1000 * MS;
}

static void idle_does_not_fall_for_what_is_counted_late(void **state)
{
	(void)state;
	between = count_late;
	run_looked_at();
	assert_int_equal(take_rc, 0);
	assert_true(taken[0].vcpus[0].idle_ns > 0);
	assert_true(taken[1].vcpus[0].idle_ns == taken[0].vcpus[0].idle_ns);
}

static void pause_here(void)
{
	assert_int_equal(vm_pause(rig.vm, false), 0);
	a_little_later();
}

static void pause_is_neither_idle_nor_stolen(void **state)
{
	(void)state;
	between = pause_here;
	rig_new();
	/* A machine that stands still ends all the same. */
	rig.config.timeout_ns = 200 * MS;
	{
		struct fake_step steps[] = { CALL(rig_call_main),
					     UNTIL_CALLED };

		rig_main_does(look_twice);
		assert_int_equal(RIG_RUN(steps), VM_TIMEOUT);
	}
	assert_int_equal(take_rc, 0);
	assert_string_equal(taken[0].state, "running");
	assert_string_equal(taken[1].state, "paused");
	assert_true(taken[1].paused_ns >= 20 * MS);
	assert_true(taken[1].uptime_ns >= taken[1].paused_ns);
	assert_true(taken[1].vcpus[0].idle_ns <=
		    taken[1].uptime_ns - taken[1].paused_ns);
	assert_int_equal(taken[1].vcpus[0].held_ns, 0);
}

static void pause_and_steal_here(void)
{
	assert_int_equal(vm_pause(rig.vm, true), 0);
	a_little_later();
}

/* Else it would have been idle when it is over. */
static void pause_that_steals_is_stolen_while_it_goes_on(void **state)
{
	struct fake_step steps[] = { CALL(rig_call_main), UNTIL_CALLED };

	(void)state;
	between = pause_and_steal_here;
	rig_new();
	rig.config.timeout_ns = 200 * MS;
	rig_main_does(look_twice);
	assert_int_equal(RIG_RUN(steps), VM_TIMEOUT);
	assert_int_equal(take_rc, 0);
	assert_true(taken[1].vcpus[0].held_ns >= 20 * MS);
	assert_true(taken[1].vcpus[0].idle_ns <
		    taken[0].vcpus[0].idle_ns + 15 * MS);
}

static void take_some(void)
{
	assert_int_equal(vm_pause(rig.vm, true), 0);
	a_little_later();
	assert_int_equal(vm_resume(rig.vm), 0);
	assert_int_equal(vm_hold(rig.vm, 125, NULL, 0), 0);
}

static void what_we_take_is_stolen_as_well(void **state)
{
	const struct ctl_vcpu *v;

	(void)state;
	between = take_some;
	run_looked_at();
	assert_int_equal(take_rc, 0);
	v = &taken[1].vcpus[0];
	assert_true(v->held_ns >= 20 * MS);
	assert_int_equal(v->stolen_ns, v->held_ns + MS);
	assert_int_equal(v->record_ns, v->held_ns);
	assert_int_equal(v->steal_permille, 125);
	assert_int_equal(taken[0].vcpus[0].steal_permille, 0);
}

static void scheduler_that_cannot_be_asked_is_an_error(void **state)
{
	(void)state;
	steal_rc = -EMFILE;
	run_looked_at();
	assert_int_equal(take_rc, -EMFILE);
	assert_null(taken[0].vcpus);
}

/* -- writing and reading -- */

#define FIRST                                                                 \
	"{\"id\":0,\"tid\":43,\"stolen_ns\":7,\"held_ns\":2,\"record_ns\":6," \
	"\"run_ns\":9,\"idle_ns\":1,\"skew_ns\":0,\"steal_permille\":250,"    \
	"\"exits\":{\"all\":5,\"signal\":4}}"
#define SECOND                                                      \
	"{\"id\":1,\"tid\":0,\"stolen_ns\":18446744073709551615,"   \
	"\"held_ns\":0,\"record_ns\":0,\"run_ns\":0,\"idle_ns\":0," \
	"\"skew_ns\":0,\"steal_permille\":0,\"exits\":{}}"
#define HEAD                                                               \
	"{\"version\":1,\"name\":\"web\",\"pid\":42,\"provider\":\"kvm\"," \
	"\"state\":\"paused\",\"uptime_ns\":31536000000000000,"            \
	"\"paused_ns\":3,\"pause_took_ns\":2,\"memory\":1048576,\"vcpus\":["
#define GOOD HEAD FIRST "," SECOND "]}"

static struct ctl_vcpu vcpus[2];
static const struct ctl_stat good = {
	.name = "web",
	.pid = 42,
	.provider = "kvm",
	.state = "paused",
	.uptime_ns = UINT64_C(31536000000000000),
	.paused_ns = 3,
	.pause_took_ns = 2,
	.memory = 1048576,
	.nr_vcpus = 2,
	.vcpus = vcpus,
};

static int make_good(void **state)
{
	(void)state;
	vcpus[0] = (struct ctl_vcpu){ .tid = 43,
				      .stolen_ns = 7,
				      .held_ns = 2,
				      .record_ns = 6,
				      .run_ns = 9,
				      .idle_ns = 1,
				      .steal_permille = 250 };
	vcpus[1] = (struct ctl_vcpu){ .id = 1, .stolen_ns = UINT64_MAX };
	for (size_t k = 0; k < VM_EXIT_KINDS; k++)
		vcpus[0].exits[k] = vcpus[1].exits[k] = VM_UNCOUNTED;
	vcpus[0].exits[0] = 5;
	vcpus[0].exits[VM_EXIT_KINDS - 1] = 4;
	return 0;
}

static void check_written(const struct ctl_stat *s, const char *line)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ctl_stat_write(out, s);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, line);
	free(text);
}

static void all_is_written_but_what_is_not_counted(void **state)
{
	(void)state;
	check_written(&good, GOOD);
}

static void what_was_written_is_read(void **state)
{
	struct ctl_stat s;

	(void)state;
	assert_int_equal(ctl_stat_read(GOOD, &s), 0);
	assert_int_equal(s.pid, 42);
	assert_int_equal(s.nr_vcpus, 2);
	assert_memory_equal(s.vcpus, vcpus, sizeof(vcpus));
	check_written(&s, GOOD);
	ctl_stat_fini(&s);
	ctl_stat_fini(&s);
}

static void what_is_not_known_is_skipped(void **state)
{
	struct ctl_stat s;

	(void)state;
	assert_int_equal(
		ctl_stat_read(
			"{\"new\":[{\"id\":9}],\"vcpus\":[{\"x\":\"y\","
			"\"exits\":{\"new\":-1.5,\"all\":5,\"signal\":4},"
			"\"id\":0,\"tid\":43,\"stolen_ns\":7,\"held_ns\":2,"
			"\"record_ns\":6,\"run_ns\":9,\"idle_ns\":1,"
			"\"skew_ns\":0,\"steal_permille\":250}," SECOND
			"],\"memory\":1048576,\"pause_took_ns\":2,\"paused_ns\":3,\"uptime_ns\":"
			"31536000000000000,\"state\":\"paused\",\"provider\":"
			"\"kvm\",\"pid\":42,\"name\":\"web\",\"an extremely "
			"long key\":null,\"version\":1}",
			&s),
		0);
	check_written(&s, GOOD);
	ctl_stat_fini(&s);
}

/* @text with the first @from replaced by @to is refused. */
static void refuses(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	struct ctl_stat s = { .pid = -1 };
	char *line;

	assert_non_null(at);
	assert_true(asprintf(&line, "%.*s%s%s", (int)(at - text), text, to,
			     at + strlen(from)) >= 0);
	if (ctl_stat_read(line, &s) != -EPROTO)
		fail_msg("%s", line);
	assert_int_equal(s.pid, -1);
	free(line);
}

static void what_is_missing_is_missed(void **state)
{
	static const char *const keys[] = {
		"\"version\"",
		"\"name\"",
		"\"pid\"",
		"\"provider\"",
		"\"state\"",
		"\"uptime_ns\"",
		"\"paused_ns\"",
		"\"pause_took_ns\"",
		"\"memory\"",
		"\"vcpus\"",
		"\"id\"",
		"\"tid\"",
		"\"stolen_ns\"",
		"\"held_ns\"",
		"\"record_ns\"",
		"\"run_ns\"",
		"\"idle_ns\"",
		"\"skew_ns\"",
		"\"steal_permille\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		refuses(GOOD, keys[i], "\"other\"");
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	refuses(GOOD, "\"pid\":42", "\"pid\":42,\"pid\":42");
	refuses(GOOD, "\"pid\":42", "\"pid\":2147483648");
	refuses(GOOD, "\"pid\":42", "\"pid\":-42");
	refuses(GOOD, "\"pid\":42", "\"pid\":\"42\"");
	refuses(GOOD, "\"kvm\"", "\"k\\u001b[2Jm\"");
	refuses(GOOD, "\"kvm\"", "\"longer-than-any-of-ours\"");
	refuses(GOOD, "\"kvm\"", "\"\"");
	refuses(GOOD, "\"paused\"", "\"a b\"");
	refuses(GOOD, "\"web\"", "\"../web\"");
	refuses(GOOD, "\"web\"", "42");
	refuses(GOOD, "\"id\":1", "\"id\":0");
	refuses(GOOD, "\"tid\":43", "\"tid\":43,\"tid\":43");
	refuses(GOOD, "\"version\":1", "\"version\":\"1\"");
	refuses(GOOD, "]}", "],\"vcpus\":[" FIRST "]}");
	refuses(GOOD, FIRST "," SECOND, "");
	refuses(GOOD, FIRST, "[]");
	refuses(GOOD, "{\"all\":5", "{\"all\":true");
	refuses("[]", "", "");
	refuses("", "", "");
}

static void every_beginning_of_a_line_is_refused(void **state)
{
	struct ctl_stat s;
	char *line;

	(void)state;
	for (size_t n = 0; n < sizeof(GOOD) - 1; n++) {
		line = strndup(GOOD, n);
		assert_int_equal(ctl_stat_read(line, &s), -EPROTO);
		free(line);
	}
}

static void vcpus_are_no_more_than_there_can_be(void **state)
{
	struct ctl_stat s = good;
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	for (unsigned n = LAYOUT_NR_CPUS; n <= LAYOUT_NR_CPUS + 1; n++) {
		s.nr_vcpus = n;
		s.vcpus = calloc(n, sizeof(*s.vcpus));
		for (unsigned i = 0; i < n; i++)
			s.vcpus[i].id = i;
		out = open_memstream(&text, &size);
		ctl_stat_write(out, &s);
		fclose(out);
		ctl_stat_fini(&s);
		assert_int_equal(ctl_stat_read(text, &s),
				 n > LAYOUT_NR_CPUS ? -EPROTO : 0);
		ctl_stat_fini(&s);
		free(text);
	}
}

static void other_version_is_named(void **state)
{
	(void)state;
	refuses(GOOD, "\"version\":1", "\"version\":2");
	assert_has_words("version 2");
}

static void error_of_the_vmm_is_repeated_without_harm(void **state)
{
	struct ctl_stat s;

	(void)state;
	assert_int_equal(ctl_stat_read("{\"version\":1,\"error\":"
				       "\"no \\u001b[2Jwords\\n\"}",
				       &s),
			 -EPROTO);
	assert_words("no ?[2Jwords?");
}

/* -- shares -- */

static void share_is_of_the_time_that_was_wanted(void **state)
{
	struct ctl_vcpu two[2] = {
		{ .stolen_ns = 1 * MS, .run_ns = 3 * MS, .idle_ns = 900 * MS },
		{ .stolen_ns = 1 * MS, .run_ns = 0 },
	};
	const struct ctl_stat s = { .nr_vcpus = 2, .vcpus = two };
	const struct ctl_stat none = { .nr_vcpus = 0 };

	(void)state;
	assert_true(fabs(ctl_vcpu_share(&two[0]) - 0.25) < 1e-9);
	assert_true(fabs(ctl_vcpu_share(&two[1]) - 1) < 1e-9);
	assert_true(fabs(ctl_stat_share(&s) - 0.4) < 1e-9);
	assert_true(fabs(ctl_stat_share(&none)) < 1e-9);
}

#define TAKE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
#define READ(fn) cmocka_unit_test_setup(fn, make_good)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TAKE(machine_that_does_not_run_yet_has_lost_nothing),
		TAKE(times_are_the_scheduler_s),
		TAKE(idle_is_never_below_nothing),
		TAKE(idle_does_not_fall_for_what_is_counted_late),
		TAKE(pause_is_neither_idle_nor_stolen),
		TAKE(pause_that_steals_is_stolen_while_it_goes_on),
		TAKE(what_we_take_is_stolen_as_well),
		TAKE(scheduler_that_cannot_be_asked_is_an_error),
		READ(all_is_written_but_what_is_not_counted),
		READ(what_was_written_is_read),
		READ(what_is_not_known_is_skipped),
		READ(what_is_missing_is_missed),
		READ(what_makes_no_sense_is_refused),
		READ(every_beginning_of_a_line_is_refused),
		READ(vcpus_are_no_more_than_there_can_be),
		READ(other_version_is_named),
		READ(error_of_the_vmm_is_repeated_without_harm),
		READ(share_is_of_the_time_that_was_wanted),
	};

	return cmocka_run_group_tests_name("stat", tests, NULL, NULL);
}
