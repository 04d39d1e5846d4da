/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/panic.h"

#include <stdio.h>
#include <string.h>

void panic_init(struct panic *p)
{
	p->len = 0;
	p->reason[0] = '\0';
}

/*
 * What the kernel says begins its line, but for time stamps and the like in
 * brackets; what a program prints of it later usually does not.
 */
static const char *kernels_own(const char *line)
{
	while (*line == '[') {
		const char *end = strchr(line, ']');

		if (!end)
			break;
		line = end + 1;
		line += strspn(line, " ");
	}
	return line;
}

/* A whole line has come. */
static bool look(struct panic *p)
{
	static const char words[] = "Kernel panic - not syncing";
	static const char last[] = "---[ end ";
	const char *line;
	bool over;

	p->line[p->len] = '\0';
	line = kernels_own(p->line);
	over = strncmp(line, last, sizeof(last) - 1) == 0;
	if (over)
		line += sizeof(last) - 1;
	if (strncmp(line, words, sizeof(words) - 1) != 0)
		return false;
	if (p->reason[0] == '\0')
		snprintf(p->reason, sizeof(p->reason), "%s", line);
	return over;
}

bool panic_feed(struct panic *p, uint8_t byte)
{
	bool over;

	if (byte != '\n') {
		if (byte >= ' ' && byte < 0x7f && p->len < sizeof(p->line) - 1)
			p->line[p->len++] = (char)byte;
		return false;
	}
	over = look(p);
	p->len = 0;
	return over;
}
