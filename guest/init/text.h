/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h - strings: to compare, to read numbers from, to put together.
 */
#ifndef INIT_TEXT_H
#define INIT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t text_size(const char *s);
bool text_same(const char *a, const char *b);

/* What follows @prefix in @s; NULL if @s does not begin with it. */
const char *text_after(const char *s, const char *prefix);

/* Where @what first is in @s; NULL: nowhere. */
const char *text_find(const char *s, const char *what);

/* A number in @base (10, 16) at *@at, which is moved past it.  false: there is
 * none, or it is beyond 64 bits; *@at may have moved. */
bool text_number(const char **at, unsigned base, uint64_t *ret);

/* End *@at at its first blank.  Returns it, and moves *@at past the blank; to
 * an empty string if there is none. */
char *text_word(char **at);

/* What errno @err means, "error N" in @buf where it is none of the usual. */
enum { ERROR_CHARS = 24 };
const char *text_error(char buf[static ERROR_CHARS], int err);

/* @c if it is printable ASCII; a blank for a tab, else '?'. */
char text_printable(char c);

/* Put @fmt into @to, as much as fits @room with a final NUL; returns the number
 * of characters.  printf() with no more than %s, %u, %d, %lu. */
size_t text_put(char *to, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t text_put_args(char *to, size_t room, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
