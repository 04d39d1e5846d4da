/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/panic.h"

#include <stdio.h>

#include "vm/trouble.h"

void panic_init(struct panic *p)
{
	p->len = 0;
	p->reason[0] = '\0';
}

/* A whole line has come. */
static bool look(struct panic *p)
{
	const char *begins, *ends;

	p->line[p->len] = '\0';
	ends = trouble_panic_end(p->line);
	begins = ends ? ends : trouble_panic(p->line);
	if (begins && p->reason[0] == '\0')
		snprintf(p->reason, sizeof(p->reason), "%s", begins);
	return ends != NULL;
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
