/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_agent.c - a guest under test that says what it likes: as lines, as
 * answers, and as what all of the tests make of these.
 *
 * The input is what the guest sends, all of it, from its first byte to its end.
 * There is no machine: the judge's part is played here, in a time that is made
 * up, and the host's counts and the records are as the input has it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/judge.h"
#include "cmd/progress.h"
#include "cmd/tests.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "ctl/agent.h"
#include "fuzz.h"
#include "util/err.h"
#include "vm/rivals.h"
#include "vm/vm.h"

enum { CPUS = 2 };

static const uint8_t *said;
static size_t left;
static uint64_t now_ns;
static bool pvtime;

/* -- the machine -- */

bool vm_has_pvtime(const struct vm *vm)
{
	(void)vm;
	return pvtime;
}

bool vm_pvtime_goes_on(const struct vm *vm)
{
	(void)vm;
	return true;
}

void vm_records(const struct vm *vm, uint64_t *ret_base, uint64_t *ret_size)
{
	(void)vm;
	*ret_base = 0x90a0000;
	*ret_size = 0x10000;
}

/* What was stolen grows; a record is the guest's to write. */
int vm_steal(const struct vm *vm, unsigned index, struct vm_steal *ret)
{
	(void)vm;
	(void)index;
	*ret = (struct vm_steal){ .tid = 1 };
	ret->times.wait_ns = now_ns / 2;
	ret->times.record_ns = now_ns / 2;
	if (left >= 8 && said[0] == '\0')
		memcpy(&ret->times.record_ns, said, 8);
	return 0;
}

int rivals_start(struct rivals *r, unsigned index)
{
	(void)r;
	(void)index;
	return left % 7 == 0 ? err_set(EPERM, "rival") : 0;
}

void rivals_stop(struct rivals *r, unsigned index)
{
	(void)r;
	(void)index;
}

/* -- the judge -- */

uint64_t judge_now(const struct judge *j)
{
	(void)j;
	return now_ns;
}

void judge_end(struct judge *j, int class, const char *fmt, ...)
{
	va_list ap;

	if (j->over)
		return;
	j->over = true;
	j->v->class = (enum verdict_class) class;
	va_start(ap, fmt);
	vsnprintf(j->v->why, sizeof(j->v->why), fmt, ap);
	va_end(ap);
}

/* The next line of the guest's; false: it says no more, and is lost. */
static bool hear(struct judge *j)
{
	struct agent_line line;

	while (left > 0) {
		char c = (char)*said++;

		left--;
		if (!agent_feed(&j->agent, c, &line))
			continue;
		MUST(strlen(line.text) < AGENT_LINE_MAX);
		for (const char *t = line.text; *t; t++)
			MUST(*t >= ' ' && *t <= '~');
		j->hellos += line.word == AGENT_HELLO;
		/* Of numbers any will do, or most input were for nobody. */
		if (line.number != 0)
			line.number = j->asked;
		if (agent_answer(&j->answer, &line) < 0)
			judge_end(j, VERDICT_BAD_TEST, "%s", err_text());
		MUST(j->answer.size <= AGENT_DATA_MAX);
		MUST(!j->answer.data ||
		     strlen(j->answer.data) == j->answer.size);
		return true;
	}
	judge_end(j, VERDICT_HANG, "no more");
	return false;
}

static int ask(struct judge *j, const char *fmt, va_list ap)
{
	char words[AGENT_ASK_MAX], line[AGENT_ASK_MAX];

	if (j->over)
		return -ECANCELED;
	vsnprintf(words, sizeof(words), fmt, ap);
	MUST(agent_request(line, ++j->asked, words) > 0);
	agent_expect(&j->answer, j->asked);
	while (!j->over && !j->answer.done && hear(j))
		now_ns += 1000000;
	if (j->over)
		return -ECANCELED;
	return j->answer.ok ? 0 : 1;
}

int judge_ask(struct judge *j, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = ask(j, fmt, ap);
	va_end(ap);
	return rc;
}

int judge_ask_long(struct judge *j, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = ask(j, fmt, ap);
	va_end(ap);
	return rc;
}

int judge_sleep(struct judge *j, uint64_t ns)
{
	now_ns += ns;
	return j->over ? -ECANCELED : 0;
}

int judge_await_quiet(struct judge *j)
{
	return j->over ? -ECANCELED : 0;
}

int judge_await_boot(struct judge *j, uint64_t *ret_ns)
{
	j->boot++;
	while (!j->over && j->hellos < j->boot && hear(j))
		;
	*ret_ns = now_ns;
	return j->over ? -ECANCELED : 0;
}

void judge_forget(struct judge *j)
{
	agent_init(&j->agent);
	j->log_len = 0;
}

int judge_reboot(struct judge *j, const char *params, bool by_guest)
{
	int rc = by_guest ? judge_ask(j, "reboot") : 0;

	(void)params;
	if (rc == 0)
		judge_forget(j);
	return rc;
}

int judge_await_end(struct judge *j)
{
	(void)j;
	return -ECANCELED;
}

/* -- what comes of it -- */

static void check(const struct verdict *v)
{
	MUST(strlen(v->why) < sizeof(v->why));
	MUST(v->class == VERDICT_GOOD || v->why[0]);
	for (unsigned i = 0; i < v->nr_tests; i++) {
		const struct test_result *r = &v->tests[i];

		MUST(strlen(r->why) < sizeof(r->why));
		MUST(r->state == TEST_WAITING || r->why[0]);
		for (const char *c = r->why; *c; c++)
			MUST(*c >= ' ' && *c <= '~');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const commands[] = { "true" };
	static struct timeline timeline;
	static struct progress progress;
	static struct verdict v;
	struct vm_config config = { .params = "" };
	struct judge_plan plan = { .config = &config,
				   .params_no_acc = "",
				   .init = "/init",
				   .kexec_path = "/kernel",
				   .reboot_no_acc = size % 2 };
	uint64_t guest_ns[CPUS];
	struct judge j = { .v = &v,
			   .timeline = &timeline,
			   .progress = &progress,
			   .plan = &plan,
			   .guest_ns = guest_ns };
	tests_set all;

	if (!progress.out)
		progress_init(&progress, fopen("/dev/null", "w"));
	said = data;
	left = size;
	now_ns = 1;
	pvtime = size % 3 != 0;
	v = (struct verdict){ .nr_cpus = CPUS };
	MUST(tests_parse("all", &all) == 0);
	tests_plan(&v, all, commands, 1, plan.init);
	agent_init(&j.agent);
	tests_run(&j);
	if (!j.over)
		tests_conclude(&v);
	check(&v);
	agent_forget(&j.answer);
	free(j.contention);
	free(j.log);
	timeline_fini(&timeline);
	return 0;
}
