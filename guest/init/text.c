/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <linux/errno.h>

size_t text_size(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

bool text_same(const char *a, const char *b)
{
	const char *rest = text_after(a, b);

	return rest && !*rest;
}

const char *text_after(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return NULL;
	return s;
}

const char *text_find(const char *s, const char *what)
{
	for (;; s++) {
		if (text_after(s, what))
			return s;
		if (!*s)
			return NULL;
	}
}

/* The value of a digit; more than any if it is none. */
static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return ~0U;
}

bool text_number(const char **at, unsigned base, uint64_t *ret)
{
	const char *from = *at;
	uint64_t v = 0;

	for (; digit(**at) < base; ++*at)
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, digit(**at), &v))
			return false;
	if (*at == from)
		return false;
	*ret = v;
	return true;
}

char *text_word(char **at)
{
	char *word = *at;

	while (**at && **at != ' ')
		++*at;
	if (**at)
		*(*at)++ = 0;
	return word;
}

char text_printable(char c)
{
	if (c == '\t')
		return ' ';
	return c >= ' ' && c <= '~' ? c : '?';
}

/* A text that grows until its room is full; one byte stays for its end. */
struct put {
	char *to;
	size_t size, room;
};

static void put_char(struct put *p, char c)
{
	if (p->size + 1 < p->room)
		p->to[p->size++] = c;
}

static void put_number(struct put *p, uint64_t v)
{
	char digits[20];
	unsigned n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		put_char(p, digits[--n]);
}

size_t text_put_args(char *to, size_t room, const char *fmt, va_list args)
{
	struct put p = { to, 0, room };
	va_list ap;
	int v;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put_char(&p, *fmt);
			continue;
		}
		switch (*++fmt) {
		case 's':
			for (const char *s = va_arg(ap, const char *); *s; s++)
				put_char(&p, *s);
			break;
		case 'd':
			v = va_arg(ap, int);
			if (v < 0)
				put_char(&p, '-');
			put_number(&p, v < 0 ? -(uint64_t)v : (uint64_t)v);
			break;
		case 'u':
			put_number(&p, va_arg(ap, unsigned));
			break;
		default: /* lu */
			fmt++;
			put_number(&p, va_arg(ap, unsigned long));
		}
	}
	va_end(ap);
	if (room)
		to[p.size] = 0;
	return p.size;
}

size_t text_put(char *to, size_t room, const char *fmt, ...)
{
	va_list ap;
	size_t size;

	va_start(ap, fmt);
	size = text_put_args(to, room, fmt, ap);
	va_end(ap);
	return size;
}

const char *text_error(char buf[static ERROR_CHARS], int err)
{
	static const struct {
		int err;
		const char *words;
	} usual[] = {
		{ ENOENT, "not found" },
		{ EACCES, "not permitted" },
		{ EPERM, "not permitted" },
		{ EISDIR, "a folder" },
		{ ENOEXEC, "not a program for this machine" },
		{ ENOMEM, "no memory" },
		{ EBUSY, "busy" },
		{ EINVAL, "refused" },
		{ ENOSYS, "this kernel cannot" },
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].err == err)
			return usual[i].words;
	text_put(buf, ERROR_CHARS, "error %d", err);
	return buf;
}
