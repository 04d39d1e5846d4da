/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"

#include <linux/time.h>

#include "busy.h"
#include "channel.h"
#include "clock.h"
#include "lines.h"
#include "sys.h"
#include "text.h"

/* After the CPU's name: user to guest_nice. */
enum { STAT_FIELDS = 10 };

static struct lines lines; /* only one file is open at a time */

void files_read(uint64_t nr, char *args)
{
	char line[LINE_CHARS + 1];
	int rc = lines_open(&lines, args);

	if (rc < 0) {
		answer_error(nr, "open", rc);
		return;
	}
	while ((rc = lines_next(&lines, line)) > 0)
		answer(nr, "%s", line);
	lines_close(&lines);
	if (rc < 0)
		answer_error(nr, "read", rc);
	else
		answer_done(nr);
}

void files_write(uint64_t nr, char *args)
{
	const char *path = text_word(&args);
	size_t size = text_size(args);
	int fd = sys_open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY |
					O_CLOEXEC);
	long n;

	if (fd < 0) {
		answer_error(nr, "open", fd);
		return;
	}
	n = sys_write(fd, args, size);
	sys_close(fd);
	if (n < 0)
		answer_error(nr, "write", n);
	else if ((size_t)n < size)
		answer_bad(nr, "write: %lu bytes of %lu", n, size);
	else
		answer_done(nr);
}

/* End @line where its blank number @nr is, counted from 0. */
static void cut_at_blank(char *line, unsigned nr)
{
	while (*line && (*line != ' ' || nr-- > 0))
		line++;
	*line = 0;
}

void files_stat(uint64_t nr, char *args)
{
	char line[LINE_CHARS + 1];
	const char *rest;
	uint64_t now = 0;
	int rc;

	(void)args;
	rc = lines_open(&lines, "/proc/stat");
	if (rc < 0) {
		answer_error(nr, "/proc/stat", rc);
		return;
	}
	/* At once: an answer takes its time on the line. */
	clock_read(CLOCK_MONOTONIC, &now);
	busy_look();
	while ((rc = lines_next(&lines, line)) > 0) {
		rest = text_after(line, "cpu");
		if (!rest)
			break; /* CPUs come first, all in a row */
		if (*rest == ' ')
			continue; /* their sum */
		cut_at_blank(line, STAT_FIELDS);
		answer(nr, "%s", line);
	}
	lines_close(&lines);
	busy_tell(nr);
	if (rc < 0)
		answer_error(nr, "/proc/stat", rc);
	else
		answer_ok(nr, "%lu", now);
}
