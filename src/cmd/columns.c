/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/columns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/err.h"
#include "util/util.h"

int columns_init(struct columns *c)
{
	*c = (struct columns){ 0 };
	c->cells = open_memstream(&c->text, &c->size);
	return c->cells ? 0 : err_set(ENOMEM, "table");
}

void columns_add(struct columns *c, const char *head, bool left)
{
	c->column[c->nr].head = head;
	c->column[c->nr].left = left;
	c->column[c->nr++].width = strlen(head);
}

void columns_cell(struct columns *c, const char *fmt, ...)
{
	size_t *width = &c->column[c->nr_cells++ % c->nr].width;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vfprintf(c->cells, fmt, ap);
	va_end(ap);
	fputc('\0', c->cells);
	if (len > 0 && (size_t)len > *width)
		*width = (size_t)len;
}

void columns_seconds(struct columns *c, uint64_t ns)
{
	/* To the microsecond below, so that no total is ever rounded up. */
	columns_cell(c, "%" PRIu64 ".%06" PRIu64, ns / 1000000000,
		     ns % 1000000000 / 1000);
}

void columns_share(struct columns *c, double share)
{
	columns_cell(c, "%.1f%%", 100 * share);
}

void columns_size(struct columns *c, uint64_t bytes)
{
	if (bytes % GIB == 0)
		columns_cell(c, "%" PRIu64 "G", bytes / GIB);
	else if (bytes % MIB == 0)
		columns_cell(c, "%" PRIu64 "M", bytes / MIB);
	else
		columns_cell(c, "%" PRIu64 "K", bytes / KIB);
}

const char *columns_uptime(char buf[static COLUMNS_UPTIME_SIZE], uint64_t ns)
{
	uint64_t s = ns / 1000000000, days = s / 86400;
	int n = 0;

	if (days > 0)
		n = snprintf(buf, COLUMNS_UPTIME_SIZE, "%" PRIu64 "d ", days);
	snprintf(buf + n, COLUMNS_UPTIME_SIZE - (size_t)n, "%02u:%02u:%02u",
		 (unsigned)(s % 86400 / 3600), (unsigned)(s % 3600 / 60),
		 (unsigned)(s % 60));
	return buf;
}

/* Cell @i of a row; nothing follows the last one that stands left. */
static void print_cell(const struct columns *c, unsigned i, const char *text,
		       FILE *out)
{
	int width = (int)c->column[i].width;

	if (i > 0)
		fputs("  ", out);
	if (!c->column[i].left)
		fprintf(out, "%*s", width, text);
	else if (i < c->nr - 1)
		fprintf(out, "%-*s", width, text);
	else
		fputs(text, out);
	if (i == c->nr - 1)
		fputc('\n', out);
}

int columns_print(struct columns *c, FILE *out, bool heads)
{
	const char *text;

	if (fflush(c->cells) == EOF || ferror(c->cells))
		return err_set(ENOMEM, "table");
	for (unsigned i = 0; heads && i < c->nr; i++)
		print_cell(c, i, c->column[i].head, out);
	text = c->text;
	for (unsigned i = 0; i < c->nr_cells; i++) {
		print_cell(c, i % c->nr, text, out);
		text += strlen(text) + 1;
	}
	c->nr_cells = 0;
	rewind(c->cells);
	return 0;
}

void columns_fini(struct columns *c)
{
	if (c->cells)
		fclose(c->cells);
	free(c->text);
	*c = (struct columns){ 0 };
}
