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

bool panic_feed(struct panic *p, const uint8_t *buf, size_t len)
{
	bool over = false;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = buf[i];

		if (byte == '\n') {
			over |= look(p);
			p->len = 0;
		} else if (byte >= ' ' && byte < 0x7f &&
			   p->len < sizeof(p->line) - 1) {
			p->line[p->len++] = (char)byte;
		}
	}
	return over;
}
