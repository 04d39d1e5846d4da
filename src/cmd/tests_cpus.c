/* SPDX-License-Identifier: BSD-2-Clause */
/* tests_cpus.c - all CPUs, and CPUs that go and come. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/contention.h"
#include "cmd/judge.h"
#include "cmd/tests.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"

#define ONLINE "/sys/devices/system/cpu/online"
#define MS     UINT64_C(1000000)

/* How many CPUs take part in hotplug, and how long they then contend. */
enum { HOTPLUG_MAX = 4, AGAIN_MS = 300 };

/* How many CPUs a list as "0-2,5" has; -1: it is none. */
static long count(const char *list)
{
	long n = 0;

	while (*list >= '0' && *list <= '9') {
		char *end;
		long first = strtol(list, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (last < first)
			return -1;
		n += last - first + 1;
		list = *end == ',' ? end + 1 : end;
	}
	return *list == '\0' || *list == '\n' ? n : -1;
}

void test_cpus(struct judge *j, struct test_result *r)
{
	int rc = judge_ask(j, "read " ONLINE);
	char *list;
	long n;

	if (rc < 0)
		return;
	if (rc > 0 && j->v->nr_cpus == 1) {
		test_ok(r, "the one there is"); /* a kernel without SMP */
		return;
	}
	if (rc > 0 || !j->answer.data) {
		test_skip(r, "no " ONLINE ": %.*s", VERDICT_TEXT_MAX / 2,
			  j->answer.text);
		return;
	}
	list = j->answer.data;
	list[strcspn(list, "\n")] = '\0';
	n = count(list);
	if (n == (long)j->v->nr_cpus)
		test_ok(r, "%ld online: %.64s", n, list);
	else
		test_bad(r, "%.64s of %u vCPUs are online", list,
			 j->v->nr_cpus);
}

/* CPU @cpu to @on; 1 with words in @r if it does not go there. */
static int turn_cpu(struct judge *j, struct test_result *r, unsigned cpu,
		    bool on)
{
	int rc = judge_ask(j, "write /sys/devices/system/cpu/cpu%u/online %d",
			   cpu, on);

	if (rc > 0)
		test_bad(r, "CPU %u does not go %s: %.*s", cpu,
			 on ? "on" : "off", VERDICT_TEXT_MAX / 2,
			 j->answer.text);
	return rc;
}

/* The first secondary CPUs, and the last. */
static unsigned nth(const struct judge *j, unsigned n)
{
	return n == HOTPLUG_MAX - 1 ? j->v->nr_cpus - 1 : n + 1;
}

static unsigned nr_plugged(const struct judge *j)
{
	unsigned secondary = j->v->nr_cpus - 1;

	return secondary < HOTPLUG_MAX ? secondary : HOTPLUG_MAX;
}

static int plug_all(struct judge *j, struct test_result *r)
{
	int rc = 0;

	for (unsigned n = 0; n < nr_plugged(j) && rc == 0; n++) {
		rc = turn_cpu(j, r, nth(j, n), false);
		if (rc == 0)
			rc = turn_cpu(j, r, nth(j, n), true);
	}
	return rc;
}

/* What was counted before must be there still, and go on. */
static void compare(const struct judge *j, struct test_result *r,
		    const uint64_t *before, const struct contention *c)
{
	char words[VERDICT_TEXT_MAX / 2];

	for (unsigned n = 0; n < nr_plugged(j); n++) {
		unsigned cpu = nth(j, n);

		if (c->cpus[cpu].before_ns < before[cpu]) {
			test_bad(r,
				 "steal of CPU %u fell from %" PRIu64
				 " to %" PRIu64 " ms when it was off and on",
				 cpu, before[cpu] / MS,
				 c->cpus[cpu].before_ns / MS);
			return;
		}
	}
	if (!contention_agrees(j, c, words, sizeof(words)))
		test_bad(r, "afterwards %s", words);
	else
		test_ok(r, "%u of them, and steal goes on: %s", nr_plugged(j),
			words);
}

static int plug(struct judge *j, struct test_result *r, uint64_t *before,
		struct contention *c)
{
	int rc = contention_steal(j, before);

	if (rc == 0)
		rc = plug_all(j, r);
	if (rc != 0)
		return rc;
	if (!vm_has_pvtime(j->vm)) {
		test_ok(r, "%u of them; there is no stolen time",
			nr_plugged(j));
		return 0;
	}
	if (!vm_pvtime_goes_on(j->vm)) {
		test_ok(r,
			"%u of them; with provider %s steal starts again then",
			nr_plugged(j), j->v->provider);
		return 0;
	}
	rc = contention_make(j, c, AGAIN_MS * MS);
	if (rc == 0)
		compare(j, r, before, c);
	else if (rc > 0)
		test_bad(r, "afterwards: %s", c->why);
	return rc;
}

void test_hotplug(struct judge *j, struct test_result *r)
{
	struct contention *c;
	uint64_t *before;
	int rc;

	if (j->v->nr_cpus < 2) {
		test_skip(r, "there is only one CPU");
		return;
	}
	rc = judge_ask(j, "read /sys/devices/system/cpu/cpu1/online");
	if (rc > 0)
		test_skip(r, "this kernel cannot (CONFIG_HOTPLUG_CPU)");
	if (rc != 0)
		return;
	c = contention_new(j);
	before = calloc(j->v->nr_cpus, sizeof(*before));
	if (c && before && plug(j, r, before, c) > 0 &&
	    r->state == TEST_RUNNING)
		test_bad(r, "%.*s", VERDICT_TEXT_MAX / 2, j->answer.text);
	free(before);
	free(c);
}
