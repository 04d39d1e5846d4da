/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "util/err.h"

enum { NOT_A_LETTER = 0xfffd, ESC = 0x1b };

/* Bytes of the escape sequence at @s, which begins with ESC (ECMA-48 5.4). */
static size_t escape_size(const char *s, size_t n)
{
	size_t i = 2;

	if (n < 2 || s[1] != '[')
		return 1;
	while (i < n && s[i] >= ' ' && s[i] <= '?')
		i++;
	return i < n && s[i] >= '@' && s[i] <= '~' ? i + 1 : i;
}

/* Bytes of a sequence of UTF-8 that begins with @c, and its share of bits. */
static size_t utf8_size(unsigned char c, uint32_t *ret_bits)
{
	size_t size = c < 0x80	 ? 1
		      : c < 0xc2 ? 0
		      : c < 0xe0 ? 2
		      : c < 0xf0 ? 3
		      : c < 0xf5 ? 4
				 : 0;

	*ret_bits = size < 2 ? c : c & (0x7fU >> size);
	return size;
}

/* May it be shown?  Not what controls, nor what turns the writing around. */
static bool is_shown(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return true;
	return c >= ' ' && (c < 0x7f || c > 0x9f) &&
	       (c < 0xd800 || c > 0xdfff) && (c & 0xfffe) != 0xfffe &&
	       c != 0x200e && c != 0x200f && (c < 0x2028 || c > 0x202e) &&
	       (c < 0x2066 || c > 0x2069) && c <= 0x10ffff;
}

/* Take the next letter that is to be shown; 0: there is none. */
static uint32_t next(const char **s, size_t *n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t size, i = 1;

	while (*n > 0 && (**s == ESC || **s == '\r')) {
		size = **s == ESC ? escape_size(*s, *n) : 1;
		*s += size;
		*n -= size;
	}
	if (*n == 0 || !**s)
		return 0;
	size = utf8_size((unsigned char)**s, &c);
	for (; i < size && i < *n && ((*s)[i] & 0xc0) == 0x80; i++)
		c = c << 6 | ((*s)[i] & 0x3f);
	*s += i;
	*n -= i;
	return i == size && c >= least[size] && is_shown(c) ? c : NOT_A_LETTER;
}

size_t text_plain(char *to, size_t room, const char *s, size_t n)
{
	size_t len = 0;
	uint32_t c;

	while (len + 1 < room && (c = next(&s, &n)) != 0)
		to[len++] = (char)(c == '\t'		  ? ' '
				   : c >= ' ' && c <= '~' ? c
							  : '.');
	if (room > 0)
		to[len] = '\0';
	return len;
}

static void put_utf8(FILE *out, uint32_t c)
{
	if (c >= 0x10000)
		putc((int)(0xf0 | c >> 18), out);
	if (c >= 0x800)
		putc((int)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f)
					: 0xe0 | c >> 12),
		     out);
	if (c >= 0x80)
		putc((int)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6),
		     out);
	putc((int)(c >= 0x80 ? 0x80 | (c & 0x3f) : c), out);
}

void text_markup(FILE *out, const char *s, size_t n)
{
	uint32_t c;

	while ((c = next(&s, &n)) != 0) {
		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (c == '\'')
			fputs("&#39;", out);
		else
			put_utf8(out, c);
	}
}

const char *text_time(char buf[static TEXT_TIME_MAX], uint64_t ns)
{
	double v = (double)ns;

	if (ns == 0)
		return strcpy(buf, "0");
	if (v >= 99.95e9)
		snprintf(buf, TEXT_TIME_MAX, "%.0f s", v / 1e9);
	else if (v >= 9.995e9)
		snprintf(buf, TEXT_TIME_MAX, "%.1f s", v / 1e9);
	else if (v >= 0.9995e9)
		snprintf(buf, TEXT_TIME_MAX, "%.2f s", v / 1e9);
	else if (v >= 9.95e6)
		snprintf(buf, TEXT_TIME_MAX, "%.0f ms", v / 1e6);
	else if (v >= 0.9995e6)
		snprintf(buf, TEXT_TIME_MAX, "%.1f ms", v / 1e6);
	else
		snprintf(buf, TEXT_TIME_MAX, "%.3g us", v / 1e3);
	return buf;
}

size_t text_line(const char *s, const char **ret_next)
{
	size_t n = strcspn(s, "\n");

	*ret_next = s + n + (s[n] == '\n');
	return n;
}

int text_done(FILE *out)
{
	errno = 0;
	/* An earlier write's errno is gone, but stdio remembers the fact. */
	if (fflush(out) != 0 || ferror(out))
		return err_set(errno ? errno : EIO, "write");
	return 0;
}
