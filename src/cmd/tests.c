/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/tests.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/judge.h"
#include "cmd/progress.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "util/err.h"
#include "util/util.h"

/* clang-format off */
const struct test_desc tests_table[] = {
	{ "boot", "the kernel reaches user space",
	  true, false, test_boot },
	{ "cpus", "all CPUs come up",
	  true, false, test_cpus },
	{ "stolen-time", "the kernel says that it uses stolen time",
	  true, true, test_pvtime_log },
	{ "iomem", "the records' memory is nobody else's",
	  true, true, test_iomem },
	{ "steal", "under contention the guest counts what the host stole",
	  true, true, test_steal },
	{ "records", "each CPU has a record of its own, and it is exact",
	  true, true, test_records },
	{ "scheduler", "tasks are not charged for what was stolen",
	  true, true, test_scheduler },
	{ "idle", "an idle guest sees no more stolen than was",
	  true, true, test_idle },
	{ "hotplug", "CPUs go off and on, and their stolen time goes on",
	  true, true, test_hotplug },
	{ "command", "by --exec: a command of yours succeeds",
	  false, false, test_command },
	{ "log", "no warning, oops, lockup or stall in the kernel's log",
	  true, false, test_log },
	{ "kexec", "the kernel starts itself anew by kexec",
	  false, false, test_kexec },
	{ "reboot", "the guest reboots",
	  false, false, test_reboot },
	{ "no-steal-acc", "with no-steal-acc steal is counted, tasks are charged",
	  false, true, test_no_steal_acc },
	{ "init", "by --init: an init of yours takes over and powers off",
	  false, false, test_init },
};
/* clang-format on */

const size_t tests_table_size = ARRAY_SIZE(tests_table);

_Static_assert(ARRAY_SIZE(tests_table) + JUDGE_COMMANDS_MAX <=
		       VERDICT_TESTS_MAX,
	       "a verdict has room for all tests");

/* These two come by options of their own. */
static bool by_option(const struct test_desc *d)
{
	return d->run == test_command || d->run == test_init;
}

static const struct test_desc *find(const char *name, size_t len)
{
	for (size_t i = 0; i < tests_table_size; i++)
		if (strncmp(tests_table[i].name, name, len) == 0 &&
		    tests_table[i].name[len] == '\0' &&
		    !by_option(&tests_table[i]))
			return &tests_table[i];
	return NULL;
}

static tests_set bit(const struct test_desc *d)
{
	return UINT64_C(1) << (d - tests_table);
}

tests_set tests_standard(void)
{
	tests_set set = 0;

	for (size_t i = 0; i < tests_table_size; i++)
		if (tests_table[i].standard)
			set |= bit(&tests_table[i]);
	return set;
}

static tests_set all(void)
{
	tests_set set = 0;

	for (size_t i = 0; i < tests_table_size; i++)
		if (!by_option(&tests_table[i]))
			set |= bit(&tests_table[i]);
	return set;
}

bool tests_has(tests_set set, const char *name)
{
	const struct test_desc *d = find(name, strlen(name));

	return d && set & bit(d);
}

static int unknown(const char *name, size_t len)
{
	char known[256];
	size_t at = 0;

	for (size_t i = 0; i < tests_table_size && at < sizeof(known); i++)
		if (!by_option(&tests_table[i]))
			at += (size_t)snprintf(known + at, sizeof(known) - at,
					       " %s", tests_table[i].name);
	return err_say(EINVAL,
		       "'%.*s': no such test; there are all, standard "
		       "and%s",
		       (int)len, name, known);
}

int tests_parse(const char *list, tests_set *ret)
{
	tests_set set = *list == '-' ? tests_standard() : 0;

	if (!*list)
		return err_say(EINVAL, "no test; name some, or all");
	while (*list) {
		bool minus = *list == '-';
		const char *name = list + minus;
		size_t len = strcspn(name, ",");
		const struct test_desc *d = find(name, len);
		tests_set some;

		if (minus && d && d->run == test_boot)
			return err_say(EINVAL,
				       "-boot: without user space there "
				       "is nothing to test");
		if (len == 3 && strncmp(name, "all", len) == 0)
			some = all();
		else if (len == 8 && strncmp(name, "standard", len) == 0)
			some = tests_standard();
		else if (d)
			some = bit(d);
		else
			return unknown(name, len);
		set = minus ? set & ~some : set | some;
		list = name + len;
		list += *list == ',';
	}
	/* Without user space there is nobody to ask. */
	*ret = set | bit(find("boot", 4));
	return 0;
}

static void add(struct verdict *v, const char *name, const char *what)
{
	v->tests[v->nr_tests++] = (struct test_result){
		.name = name,
		.what = what,
	};
}

/* Consumers of reports tell tests by name: each has its own. */
static const char *const command_names[JUDGE_COMMANDS_MAX] = {
	"command",    "command-2",  "command-3",  "command-4",
	"command-5",  "command-6",  "command-7",  "command-8",
	"command-9",  "command-10", "command-11", "command-12",
	"command-13", "command-14", "command-15", "command-16",
};

void tests_plan(struct verdict *v, tests_set set, const char *const *commands,
		unsigned nr_commands, const char *init)
{
	for (size_t i = 0; i < tests_table_size; i++) {
		const struct test_desc *d = &tests_table[i];

		if (d->run == test_command)
			for (unsigned n = 0; n < nr_commands; n++)
				add(v, command_names[n], commands[n]);
		else if (d->run == test_init ? init != NULL : set & bit(d))
			add(v, d->name, d->run == test_init ? init : d->what);
	}
}

static const struct test_desc *desc_of(const struct test_result *r)
{
	for (size_t i = 0; i < tests_table_size; i++) {
		const struct test_desc *d = &tests_table[i];
		size_t len = strlen(d->name);

		if (strncmp(d->name, r->name, len) == 0 &&
		    (r->name[len] == '\0' ||
		     (d->run == test_command && r->name[len] == '-')))
			return d;
	}
	return NULL;
}

static void run(struct judge *j, struct test_result *r)
{
	r->state = TEST_RUNNING;
	r->boot = j->boot ? j->boot : 1;
	r->began_ns = judge_now(j);
	j->doing = r->name;
	desc_of(r)->run(j, r);
	r->took_ns = judge_now(j) - r->began_ns;
	if (r->state == TEST_RUNNING && j->over)
		snprintf(r->why, sizeof(r->why), "cut short: %.*s",
			 VERDICT_TEXT_MAX - 32, j->v->why);
	else if (r->state == TEST_RUNNING)
		test_bad(r, "the guest cannot: %.*s", VERDICT_TEXT_MAX - 32,
			 j->answer.text);
	timeline_mark(j->timeline, MARK_TEST, r->began_ns,
		      r->began_ns + r->took_ns, r->name);
	progress_test(j->progress, r);
}

void tests_run(struct judge *j)
{
	for (unsigned i = 0; i < j->v->nr_tests && !j->over; i++)
		run(j, &j->v->tests[i]);
}

/* What a failure of @r makes the verdict. */
static enum verdict_class class_of(const struct test_result *r)
{
	const struct test_desc *d = desc_of(r);

	if (r->oops)
		return VERDICT_OOPS;
	if (d->steal)
		return VERDICT_WRONG_STEAL;
	return d->run == test_command ? VERDICT_COMMAND : VERDICT_BAD_TEST;
}

void tests_conclude(struct verdict *v)
{
	/* Worst first. */
	static const enum verdict_class classes[] = { VERDICT_OOPS,
						      VERDICT_WRONG_STEAL,
						      VERDICT_BAD_TEST,
						      VERDICT_COMMAND };

	v->class = VERDICT_GOOD;
	for (size_t c = 0; c < ARRAY_SIZE(classes); c++)
		for (unsigned i = 0; i < v->nr_tests; i++) {
			const struct test_result *r = &v->tests[i];

			if (r->state != TEST_BAD || class_of(r) != classes[c])
				continue;
			v->class = classes[c];
			snprintf(v->why, sizeof(v->why), "%s: %.*s", r->name,
				 VERDICT_TEXT_MAX - 64, r->why);
			return;
		}
}

static void say(struct test_result *r, enum test_state state, const char *fmt,
		va_list ap)
{
	r->state = state;
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
}

void test_ok(struct test_result *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(r, TEST_OK, fmt, ap);
	va_end(ap);
}

void test_bad(struct test_result *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(r, TEST_BAD, fmt, ap);
	va_end(ap);
}

void test_skip(struct test_result *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(r, TEST_SKIPPED, fmt, ap);
	va_end(ap);
}
