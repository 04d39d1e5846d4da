/* SPDX-License-Identifier: BSD-2-Clause */
/* tests_boot.c - boots of all kinds, and what of the user's runs in them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/judge.h"
#include "cmd/kernel_log.h"
#include "cmd/tests.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "vm/trouble.h"

/* So much of a command is repeated beside what became of it. */
enum { COMMAND_SHOWN = 60 };

void test_boot(struct judge *j, struct test_result *r)
{
	uint64_t took;

	if (judge_await_boot(j, &took) < 0)
		return;
	j->v->boot_ns = took;
	test_ok(r, "Linux %s in user space after %.2f s", j->v->release,
		(double)took / 1e9);
}

/* A further kernel: is it there, and well? */
static void next_boot(struct judge *j, struct test_result *r, const char *how)
{
	char words[VERDICT_TEXT_MAX / 2];
	uint64_t took;
	int rc;

	if (judge_await_boot(j, &took) < 0)
		return;
	rc = kernel_log_fetch(j);
	if (rc < 0)
		return;
	if (kernel_log_trouble(j, words, sizeof(words))) {
		r->oops = trouble_in(words) >= TROUBLE_OOPS;
		test_bad(r, "%s, but it says: %s", how, words);
		return;
	}
	test_ok(r, "%s: in user space after %.2f s", how, (double)took / 1e9);
}

void test_kexec(struct judge *j, struct test_result *r)
{
	int rc = judge_ask_long(j, "kexec %s", j->plan->kexec_path);

	if (rc < 0)
		return;
	if (rc > 0 && strstr(j->answer.text, "this kernel cannot")) {
		test_skip(r, "the kernel has no kexec_load (CONFIG_KEXEC)");
		return;
	}
	if (rc > 0) {
		test_bad(r, "%.*s%s", VERDICT_TEXT_MAX / 2, j->answer.text,
			 strncmp(j->answer.text, "load: ", 6) == 0
				 ? "; a second kernel needs memory, too: is "
				   "there enough (-m)?"
				 : "");
		return;
	}
	judge_forget(j);
	next_boot(j, r, "the same kernel again");
}

void test_reboot(struct judge *j, struct test_result *r)
{
	const struct judge_plan *plan = j->plan;
	int rc;

	rc = judge_reboot(j,
			  plan->reboot_no_acc ? plan->params_no_acc
					      : plan->config->params,
			  true);
	if (rc > 0)
		test_bad(r, "%.*s", VERDICT_TEXT_MAX / 2, j->answer.text);
	if (rc != 0)
		return;
	j->no_acc = plan->reboot_no_acc;
	next_boot(j, r, "reset by the guest");
}

void test_command(struct judge *j, struct test_result *r)
{
	const char *line;
	char how[16];
	int rc = judge_ask_long(j, "exec %s", r->what), n, at = 0;

	if (rc < 0)
		return;
	if (rc > 0) {
		test_bad(r, "%.*s", VERDICT_TEXT_MAX / 2, j->answer.text);
		return;
	}
	if (sscanf(j->answer.text, "%15s %d%n", how, &n, &at) < 2) {
		test_bad(r, "the guest's init says: %.*s", VERDICT_TEXT_MAX / 2,
			 j->answer.text);
		return;
	}
	line = j->answer.text + at;
	line += *line == ' ';
	if (strcmp(how, "exit") == 0 && n == 0)
		test_ok(r, "'%.*s': exit status 0%s%.*s", COMMAND_SHOWN,
			r->what, *line ? ": " : "", VERDICT_TEXT_MAX / 2, line);
	else
		test_bad(r, "'%.*s': %s %d%s%.*s", COMMAND_SHOWN, r->what,
			 strcmp(how, "exit") == 0 ? "exit status"
						  : "ended by signal",
			 n, *line ? ": " : "", VERDICT_TEXT_MAX / 2, line);
}

void test_init(struct judge *j, struct test_result *r)
{
	int rc;

	j->may_off = true;
	rc = judge_ask(j, "init %s", j->plan->init);
	if (rc > 0)
		test_bad(r, "%.*s", VERDICT_TEXT_MAX / 2, j->answer.text);
	if (rc != 0)
		return;
	judge_await_end(j);
	if (j->over)
		return;
	if (j->answer.ok)
		test_ok(r, "it ran and powered off");
	else
		test_bad(r, "%.*s", VERDICT_TEXT_MAX / 2, j->answer.text);
}
