/* SPDX-License-Identifier: BSD-2-Clause */
/* tests_log.c - what the guest's kernel says by itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/judge.h"
#include "cmd/kernel_log.h"
#include "cmd/tests.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "vm/trouble.h"

/* Linux arch/arm64/kernel/paravirt.c, since 5.5. */
#define SAYS "using stolen time PV"

void test_pvtime_log(struct judge *j, struct test_result *r)
{
	bool on = vm_has_pvtime(j->vm), says;
	char words[VERDICT_TEXT_MAX / 2];
	int rc = kernel_log_fetch(j);

	if (rc < 0)
		return;
	if (rc > 0) {
		test_skip(r, "no kernel log to read: %.*s",
			  VERDICT_TEXT_MAX / 2, j->answer.text);
		return;
	}
	says = kernel_log_find(j, SAYS, words, sizeof(words));
	if (says && on)
		test_ok(r, "\"%s\"", words);
	else if (says)
		test_bad(r, "it was given none, and says \"%s\"", words);
	else if (on)
		test_bad(r, "it does not say \"%s\": has it CONFIG_PARAVIRT?",
			 SAYS);
	else
		test_skip(r, "the guest is given none, and uses none");
}

void test_log(struct judge *j, struct test_result *r)
{
	char words[VERDICT_TEXT_MAX / 2];
	const char *what = NULL;
	uint64_t taint = 0;
	int log = kernel_log_fetch(j), rc = log;

	if (rc >= 0)
		rc = judge_ask(j, "read /proc/sys/kernel/tainted");
	if (rc < 0)
		return;
	if (rc == 0 && j->answer.data)
		taint = strtoull(j->answer.data, NULL, 10);
	if (kernel_log_trouble(j, words, sizeof(words))) {
		r->oops = trouble_in(words) >= TROUBLE_OOPS;
		test_bad(r, "%s", words);
	} else if (trouble_taint(taint, &what) != TROUBLE_NONE) {
		r->oops = trouble_taint(taint, &what) >= TROUBLE_OOPS;
		test_bad(r, "%s (tainted %" PRIu64 ")", what, taint);
	} else if (log > 0) {
		test_skip(r, "no kernel log to read");
	} else {
		test_ok(r, "nothing of the kind, not tainted so");
	}
}

/*
 * One line of /proc/iomem: blanks for its depth, two addresses, a name.  False:
 * it is no such line.
 */
static bool parse(const char *line, unsigned *depth, uint64_t *first,
		  uint64_t *last, const char **name)
{
	char *end;

	*depth = (unsigned)strspn(line, " ") / 2;
	*first = strtoull(line, &end, 16);
	if (*end != '-')
		return false;
	*last = strtoull(end + 1, &end, 16);
	if (strncmp(end, " : ", 3) != 0)
		return false;
	*name = end + 3;
	return true;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/*
 * RAM that the kernel hands out is in a "System RAM" line; a part of it that it
 * does not is in a "reserved" line below.
 */
static bool handed_out(const char *iomem, uint64_t base, uint64_t size,
		       bool *ret_hidden)
{
	bool ram = false;

	*ret_hidden = true;
	for (const char *line = iomem; *line;) {
		uint64_t first, last;
		const char *name;
		unsigned depth;
		bool meets;

		if (parse(line, &depth, &first, &last, &name)) {
			*ret_hidden &= last == 0;
			meets = first < base + size && last >= base;
			if (depth == 0 && meets && starts(name, "System RAM"))
				ram = true;
			if (starts(name, "reserved") && first <= base &&
			    last >= base + size - 1)
				return false;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return ram;
}

void test_iomem(struct judge *j, struct test_result *r)
{
	uint64_t base, size;
	bool hidden;
	int rc;

	if (!vm_has_pvtime(j->vm)) {
		test_skip(r, "the guest is given no records");
		return;
	}
	vm_records(j->vm, &base, &size);
	rc = judge_ask(j, "read /proc/iomem");
	if (rc < 0)
		return;
	if (rc > 0 || !j->answer.data) {
		test_skip(r, "no /proc/iomem to read: %.*s",
			  VERDICT_TEXT_MAX / 2, j->answer.text);
		return;
	}
	if (handed_out(j->answer.data, base, size, &hidden))
		test_bad(r,
			 "%#" PRIx64 "-%#" PRIx64 " is RAM like any other to "
			 "the kernel",
			 base, base + size - 1);
	else if (hidden)
		test_skip(r, "/proc/iomem shows no addresses");
	else
		test_ok(r, "%#" PRIx64 "-%#" PRIx64 " is left alone", base,
			base + size - 1);
}
