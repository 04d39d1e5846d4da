/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/kernel_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/judge.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "vm/trouble.h"
#include "util/err.h"
#include "util/util.h"

/* Of each line: "PRIORITY USEC MESSAGE". */
enum { BEFORE_MESSAGE = 2, LOG_MAX = 4 * AGENT_DATA_MAX };

int kernel_log_fetch(struct judge *j)
{
	int rc = judge_ask(j, "log 4 stolen time");
	size_t size = j->answer.size;
	char *log;

	if (rc != 0 || size == 0)
		return rc;
	if (j->log_len + size > LOG_MAX) {
		judge_end(j, VERDICT_FAILED, "the kernel's log has no end");
		return -ECANCELED;
	}
	log = realloc(j->log, j->log_len + size + 1);
	if (!log) {
		judge_end(j, VERDICT_FAILED, "the kernel's log: no memory");
		return -ECANCELED;
	}
	memcpy(log + j->log_len, j->answer.data, size + 1);
	j->log = log;
	j->log_len += size;
	return 0;
}

/* The message of the line at @line, whose end is at *ret_end. */
static const char *message(const char *line, const char **ret_end)
{
	const char *end = line + strcspn(line, "\n");

	for (int i = 0; i < BEFORE_MESSAGE; i++) {
		const char *blank = memchr(line, ' ', (size_t)(end - line));

		line = blank ? blank + 1 : end;
	}
	*ret_end = end;
	return line;
}

static void copy(char *buf, size_t size, const char *from, const char *end)
{
	snprintf(buf, size, "%.*s", (int)(end - from), from);
}

bool kernel_log_find(const struct judge *j, const char *words, char *buf,
		     size_t size)
{
	const char *end;

	for (size_t at = 0; at < j->log_len; at = (size_t)(end - j->log) + 1) {
		const char *text = message(j->log + at, &end);
		size_t len = (size_t)(end - text);

		if (!memmem(text, len, words, strlen(words)))
			continue;
		copy(buf, size, text, end);
		return true;
	}
	return false;
}

bool kernel_log_trouble(const struct judge *j, char *buf, size_t size)
{
	enum trouble worst = TROUBLE_NONE;
	const char *end;

	for (size_t at = 0; at < j->log_len; at = (size_t)(end - j->log) + 1) {
		const char *text = message(j->log + at, &end);
		enum trouble kind;
		char line[AGENT_LINE_MAX];

		copy(line, sizeof(line), text, end);
		kind = trouble_in(line);

		if (kind <= worst)
			continue;
		worst = kind;
		copy(buf, size, text, end);
	}
	return worst != TROUBLE_NONE;
}

bool kernel_log_milestone(const char *line)
{
	static const char *const words[] = {
		"Booting Linux on physical CPU",
		"using stolen time",
		"smp: Brought up",
		"Unpacking initramfs",
		"Freeing unused kernel memory",
		"as init process",
		"kexec_core: Starting new",
		"reboot: Restarting",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}
