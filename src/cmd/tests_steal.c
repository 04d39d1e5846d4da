/* SPDX-License-Identifier: BSD-2-Clause */
/* tests_steal.c - is the guest's stolen time right? */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cmd/contention.h"
#include "cmd/judge.h"
#include "cmd/tests.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"

#define MS UINT64_C(1000000)

enum { WINDOW_MS = 1000, SHORT_MS = 500, IDLE_MS = 500 };

/* Which part counts as all that was stolen, and which as nothing. */
static const double all_spared = 0.7, none_spared = 0.3;

static void cannot(struct test_result *r, const struct contention *c)
{
	if (c->by_host)
		test_skip(r, "the host could not be made to steal: %s", c->why);
	else
		test_bad(r, "the guest cannot take part: %s", c->why);
}

static bool are_spared(const struct contention *c)
{
	return c->spared_least > all_spared;
}

static bool are_charged(const struct contention *c)
{
	return c->spared_most < none_spared;
}

/* A host that has much else to do may need a second, longer attempt. */
static int contend(struct judge *j, struct contention *c, uint64_t window_ns)
{
	int rc = contention_make(j, c, window_ns);

	if (rc == 0 && !contention_is_enough(j, c))
		rc = contention_make(j, c, 3 * window_ns);
	return rc;
}

/*
 * Make *c, which was made before, so that it tells what tasks are charged for.
 * A kernel may still be busy with its console when it has long been in user
 * space, and what it then does at a wrong moment looks like spared time: that
 * must be seen twice.
 */
static int make_clear(struct judge *j, struct contention *c, uint64_t window_ns)
{
	bool seen = false;
	int rc = 0;

	for (int tries = 0; tries < 2 && rc == 0 && !are_charged(c); tries++) {
		if (are_spared(c) && seen)
			break;
		seen = are_spared(c);
		rc = judge_await_quiet(j);
		if (rc == 0)
			rc = contend(j, c, window_ns);
	}
	return rc;
}

/*
 * Three tests look at one contention.  NULL: there is none, and @r says why, or
 * it is over.
 */
static const struct contention *contended(struct judge *j,
					  struct test_result *r)
{
	int rc;

	if (!vm_has_pvtime(j->vm)) {
		test_skip(r, "the guest is given no stolen time");
		return NULL;
	}
	if (j->contention)
		return j->contention;
	j->contention = contention_new(j);
	if (!j->contention)
		return NULL;
	rc = contend(j, j->contention, WINDOW_MS * MS);
	if (rc == 0)
		return j->contention;
	if (rc > 0)
		cannot(r, j->contention);
	free(j->contention);
	j->contention = NULL;
	return NULL;
}

/* The host did not let vCPUs wait: then there is nothing to be seen. */
static bool too_little(const struct judge *j, const struct contention *c,
		       struct test_result *r)
{
	if (contention_is_enough(j, c))
		return false;
	test_skip(r,
		  "the host could not be made to steal (it stole %" PRIu64
		  " ms in all)",
		  contention_stolen(j, c) / MS);
	return true;
}

void test_steal(struct judge *j, struct test_result *r)
{
	const struct contention *c = contended(j, r);
	char words[VERDICT_TEXT_MAX / 2];

	if (!c || too_little(j, c, r))
		return;
	if (contention_agrees(j, c, words, sizeof(words)))
		test_ok(r, "%s", words);
	else
		test_bad(r, "%s", words);
}

void test_records(struct judge *j, struct test_result *r)
{
	const struct contention *c = contended(j, r);
	char words[VERDICT_TEXT_MAX / 2];

	if (!c || too_little(j, c, r))
		return;
	if (contention_exact(j, c, words, sizeof(words)))
		test_ok(r, "%s", words);
	else
		test_bad(r, "%s", words);
}

static void cannot_tell(struct test_result *r, const struct contention *c)
{
	test_skip(r, "cannot be told: tasks were spared %.0f to %.0f %% of it",
		  c->spared_least * 100, c->spared_most * 100);
}

void test_scheduler(struct judge *j, struct test_result *r)
{
	const struct contention *first = contended(j, r);
	struct contention *c;
	int rc;

	if (!first || too_little(j, first, r))
		return;
	c = contention_copy(j, first);
	if (!c)
		return;
	rc = make_clear(j, c, WINDOW_MS * MS);
	if (rc > 0)
		cannot(r, c);
	else if (rc == 0 && !are_spared(c) && !are_charged(c))
		cannot_tell(r, c);
	else if (rc == 0 && are_spared(c))
		test_ok(r, "busy tasks were spared %.0f to %.0f %% of it",
			c->spared_least * 100, c->spared_most * 100);
	else if (rc == 0)
		test_skip(r, "tasks are charged for it: this kernel has no "
			     "CONFIG_PARAVIRT_TIME_ACCOUNTING");
	free(c);
}

/* Who was given no stolen time must not count any. */
static void no_steal(const struct judge *j, struct test_result *r,
		     const struct contention *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < j->v->nr_cpus; i++)
		sum += c->cpus[i].before_ns + c->cpus[i].guest_ns;
	if (sum > 0)
		test_bad(r, "it is given none, and counts %" PRIu64 " ms",
			 sum / MS);
	else
		test_ok(r, "it is given none, and counts none");
}

void test_idle(struct judge *j, struct test_result *r)
{
	struct contention *c = contention_new(j);
	char words[VERDICT_TEXT_MAX / 2];
	int rc;

	if (!c)
		return;
	rc = contention_rest(j, c, IDLE_MS * MS);
	if (rc > 0)
		cannot(r, c);
	if (rc == 0 && !vm_has_pvtime(j->vm))
		no_steal(j, r, c);
	else if (rc == 0 && contention_is_modest(j, c, words, sizeof(words)))
		test_ok(r, "in %d ms %s", IDLE_MS, words);
	else if (rc == 0)
		test_bad(r, "%s", words);
	free(c);
}

static void without_acc(const struct judge *j, struct test_result *r,
			const struct contention *c)
{
	char words[VERDICT_TEXT_MAX / 2];

	if (too_little(j, c, r))
		return;
	if (!contention_agrees(j, c, words, sizeof(words)))
		test_bad(r, "%s", words);
	else if (!are_spared(c) && !are_charged(c))
		cannot_tell(r, c);
	else if (are_spared(c))
		test_bad(
			r,
			"the scheduler still spares tasks %.0f %% of it or more",
			c->spared_least * 100);
	else
		test_ok(r, "%s; tasks are charged for it", words);
}

void test_no_steal_acc(struct judge *j, struct test_result *r)
{
	struct contention *c;
	uint64_t took;
	int rc;

	if (!vm_has_pvtime(j->vm)) {
		test_skip(r, "the guest is given no stolen time");
		return;
	}
	/* Where "reboot" ran, it was this boot. */
	if (!j->no_acc) {
		rc = judge_reboot(j, j->plan->params_no_acc, false);
		if (rc < 0 || judge_await_boot(j, &took) < 0)
			return;
	}
	c = contention_new(j);
	if (!c)
		return;
	rc = contend(j, c, SHORT_MS * MS);
	if (rc == 0)
		rc = make_clear(j, c, SHORT_MS * MS);
	if (rc > 0)
		cannot(r, c);
	else if (rc == 0)
		without_acc(j, r, c);
	free(c);
}
