/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/ends.h"

#include <stdio.h>

#include "cmd/judge.h"
#include "cmd/verdict.h"
#include "util/util.h"
#include "vm/trouble.h"

const char *ends_last_line(struct judge *j, struct inbox_line *line)
{
	uint64_t n = j->view.nr_lines;

	inbox_rest(j->in, line->text);
	while (!line->text[0] && n > 0 && inbox_line(j->in, --n, line))
		;
	return line->text;
}

void ends_by_panic(struct judge *j)
{
	struct inbox_line line = { 0 };

	const char *words = j->in->words; /* the machine's, where it ended */

	if (inbox_trouble(j->in, TROUBLE_PANIC, &line))
		words = trouble_panic(line.text);
	judge_end(j, VERDICT_PANIC, "%s", words);
}

const char *ends_last_words(struct judge *j, char buf[static ENDS_WORDS_MAX])
{
	static const enum trouble worst[] = { TROUBLE_OOPS, TROUBLE_STALL };
	struct inbox_line line = { 0 };
	const char *words;
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(worst) && n == 0; i++)
		if (inbox_trouble(j->in, worst[i], &line))
			n = snprintf(buf, ENDS_WORDS_MAX, "it had said: %s; ",
				     trouble_words(line.text));
	words = ends_last_line(j, &line);
	snprintf(buf + n, ENDS_WORDS_MAX - (size_t)n, "%s%s",
		 *words ? "its last line: " : "it has said nothing", words);
	return buf;
}

void ends_by_itself(struct judge *j)
{
	char words[ENDS_WORDS_MAX];

	if (j->panic_ns || j->view.end == VM_CRASHED) {
		ends_by_panic(j);
		return;
	}
	switch (j->view.end) {
	case VM_OFF:
		if (j->may_off)
			return;
		judge_end(j, VERDICT_OFF,
			  "the guest powered off before the tests were over; "
			  "%s",
			  ends_last_words(j, words));
		return;
	case VM_RESET:
		judge_end(j, VERDICT_RESET,
			  "the guest reset itself unasked; %s",
			  ends_last_words(j, words));
		return;
	case VM_TIMEOUT:
		judge_end(j, VERDICT_TIMEOUT,
			  "not over after %g s (--timeout), in test %s; %s",
			  (double)j->plan->config->timeout_ns / 1e9, j->doing,
			  ends_last_words(j, words));
		return;
	case VM_SIGNALLED:
		j->v->signal = vm_signal(j->vm);
		judge_end(j, VERDICT_INTERRUPTED,
			  "ended by signal %d, in test %s", j->v->signal,
			  j->doing);
		return;
	default:
		judge_end(j, VERDICT_FAILED, "%s", j->in->words);
	}
}
