/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.h - JSON, written and read.
 *
 * What is written goes piece by piece to a file; commas and brackets are the
 * caller's.  What is read may be anybody's: a reader goes through the text as
 * its caller asks, allocates nothing, and from the first mistake on answers
 * nothing any more, so that only json_end() has to be believed:
 *
 *	json_begin(&j, text);
 *	json_object(&j);
 *	while (json_key(&j, key, sizeof(key)))
 *		if (strcmp(key, "n") == 0)
 *			n = json_u64(&j);
 *		else
 *			json_skip(&j);
 *	good = json_end(&j);
 *
 * Spec:    RFC 8259.
 * Errors:  of writing: none, who closes the file asks it; of reading: false.
 * Owns:    nothing.
 * Threads: one for each reader.
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * @s as a string, quotes and all.  What is no printable ASCII is written as
 * \u00XX, so that any bytes give valid JSON.
 */
void json_string(FILE *out, const char *s);

void json_number(FILE *out, uint64_t v);

/* Objects and arrays in each other; deeper is a mistake. */
enum { JSON_DEPTH_MAX = 16 };

struct json {
	const char *at; /* borrowed */
	unsigned depth;
	bool first[JSON_DEPTH_MAX]; /* no comma before the next one */
	bool bad;
};

/* Read @text, which ends with a NUL. */
void json_begin(struct json *j, const char *text);

/* Go into the object that comes next. */
void json_object(struct json *j);

/*
 * Its next member: true, and its key in @key; then the value must be read or
 * skipped.  False: there is none, and we have left the object.  A key that has
 * no room is "".
 */
bool json_key(struct json *j, char *key, size_t room);

/* The same for an array, whose elements have no keys. */
void json_array(struct json *j);
bool json_element(struct json *j);

/*
 * The string that comes next, in @to as UTF-8, cut at @room.  What no C string
 * holds, \u0000 and half a surrogate pair, becomes U+FFFD; bytes that are not
 * UTF-8 stay what they are.  Returns its length, uncut.
 */
size_t json_text(struct json *j, char *to, size_t room);

/* The number that comes next; a mistake unless it is a plain integer. */
uint64_t json_u64(struct json *j);

/* Whatever comes next. */
void json_skip(struct json *j);

/* Was all of it good, and is there no more? */
bool json_end(struct json *j);

#endif
