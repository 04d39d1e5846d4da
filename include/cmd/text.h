/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h - what a guest said, made harmless for whoever is to read it.
 *
 * A guest can print anything, and it ends up on a terminal, in a page and in
 * the hands of parsers.  Escape sequences (colours, mostly) and carriage
 * returns are left out; what else is not to be shown is replaced.
 *
 * Spec:    Unicode 3.9 (UTF-8), XML 1.0 2.2 (characters).
 * Errors:  text_done() words them.
 * Threads: any.
 */
#ifndef CMD_TEXT_H
#define CMD_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TEXT_TIME_MAX = 32 };

/*
 * Put the @n bytes at @s, or those before their first NUL, into @to of @room
 * bytes as printable ASCII, with a dot for what is none, cut where there is no
 * more room.  Returns the length.
 */
size_t text_plain(char *to, size_t room, const char *s, size_t n);

/*
 * The same to @out as UTF-8 that may stand in an element or in a quoted
 * attribute of XML and of HTML.  Lines and tabs stay.
 */
void text_markup(FILE *out, const char *s, size_t n);

/* @ns as people write it: "0.81 s", "12 ms", "3.5 us".  Returns @buf. */
const char *text_time(char buf[static TEXT_TIME_MAX], uint64_t ns);

/* The length of the line at @s without its newline; @ret_next is the next. */
size_t text_line(const char *s, const char **ret_next);

/* All that was printed to @out arrived there: 0 or a negative errno. */
int text_done(FILE *out);

#endif
