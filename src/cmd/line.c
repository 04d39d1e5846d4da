/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const sgr[] = {
	[PAINT_PLAIN] = "\033[0m",    [PAINT_BOLD] = "\033[0;1m",
	[PAINT_HEAD] = "\033[0;7m",   [PAINT_WARN] = "\033[0;33m",
	[PAINT_BAD] = "\033[0;1;31m",
};

static void append(struct line *l, const char *bytes, size_t size)
{
	memcpy(l->buf + l->len, bytes, size);
	l->len += size;
}

/* One more letter, if then there is room for an end still. */
static void put_bytes(struct line *l, const char *bytes, size_t size)
{
	bool change = l->colour && l->paint != l->is;
	size_t len = change ? strlen(sgr[l->paint]) : 0;

	if (l->len + len + size + sizeof("\033[0m") > LINE_MAX_SIZE)
		return;
	if (change) {
		append(l, sgr[l->paint], len);
		l->is = l->paint;
	}
	append(l, bytes, size);
}

void line_show_blanks(struct line *l)
{
	for (; l->blanks > 0; l->blanks--)
		put_bytes(l, " ", 1);
}

void line_letter(struct line *l, const char *letter, size_t size)
{
	if (l->columns > 0 && l->column >= l->columns)
		return;
	line_show_blanks(l);
	put_bytes(l, letter, size);
	l->column++;
}

void line_pad(struct line *l, unsigned column)
{
	if (l->columns > 0 && column > l->columns)
		column = l->columns;
	for (; l->column < column; l->column++)
		l->blanks++;
}

void line_put(struct line *l, const char *text)
{
	for (; *text; text++)
		if (*text == ' ')
			line_pad(l, l->column + 1);
		else
			line_letter(l, text, 1);
}

void line_putf(struct line *l, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line_put(l, text);
}

void line_end(struct line *l)
{
	if (l->is != PAINT_PLAIN)
		append(l, sgr[PAINT_PLAIN], strlen(sgr[PAINT_PLAIN]));
	l->buf[l->len] = '\0';
}
