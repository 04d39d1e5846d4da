/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/json.h"

#include <inttypes.h>
#include <string.h>

/* -- writing -- */

void json_string(FILE *out, const char *s)
{
	char escape[8];

	fputc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < ' ' || c > '~') {
			snprintf(escape, sizeof(escape), "\\u%04x", c);
			fputs(escape, out);
			continue;
		}
		if (c == '"' || c == '\\')
			fputc('\\', out);
		fputc(c, out);
	}
	fputc('"', out);
}

void json_number(FILE *out, uint64_t v)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, v);
	fputs(digits, out);
}

/* -- reading -- */

enum { NOT_A_LETTER = 0xfffd };

void json_begin(struct json *j, const char *text)
{
	*j = (struct json){ .at = text };
}

/* Nothing is read from here on: whoever asks for more finds the text's end. */
static void spoil(struct json *j)
{
	j->bad = true;
	j->at = "";
	j->depth = 0;
}

static char peek(struct json *j)
{
	j->at += strspn(j->at, " \t\n\r");
	return *j->at;
}

static bool take(struct json *j, char c)
{
	if (peek(j) != c)
		return false;
	j->at++;
	return true;
}

static void enter(struct json *j, char bracket)
{
	if (!take(j, bracket) || j->depth == JSON_DEPTH_MAX) {
		spoil(j);
		return;
	}
	j->first[j->depth++] = true;
}

/* Is there one more before @bracket? */
static bool more(struct json *j, char bracket)
{
	bool *first;

	if (j->bad)
		return false;
	first = &j->first[j->depth - 1];
	if (take(j, bracket)) {
		j->depth--;
		return false;
	}
	if (!*first && !take(j, ',')) {
		spoil(j);
		return false;
	}
	*first = false;
	return true;
}

void json_object(struct json *j)
{
	enter(j, '{');
}

bool json_key(struct json *j, char *key, size_t room)
{
	if (!more(j, '}'))
		return false;
	if (json_text(j, key, room) >= room && room > 0)
		key[0] = '\0';
	if (!take(j, ':'))
		spoil(j);
	return !j->bad;
}

void json_array(struct json *j)
{
	enter(j, '[');
}

bool json_element(struct json *j)
{
	return more(j, ']');
}

/* Four hexadecimal digits. */
static uint32_t unit(struct json *j)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, *j->at | 0x20);

		/* The bit makes letters small, and of no other a digit. */
		if (!*j->at || *j->at < '0' || !digit) {
			spoil(j);
			return 0;
		}
		v = v << 4 | (uint32_t)(digit - digits);
		j->at++;
	}
	return v;
}

/* What is behind "\u", and behind that the other half of a pair. */
static uint32_t letter(struct json *j)
{
	uint32_t c = unit(j), low;
	const char *behind = j->at;

	if (c == 0 || c < 0xd800 || c > 0xdfff)
		return c ? c : NOT_A_LETTER;
	if (c > 0xdbff || behind[0] != '\\' || behind[1] != 'u')
		return NOT_A_LETTER;
	j->at += 2;
	low = unit(j);
	if (low >= 0xdc00 && low <= 0xdfff)
		return 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
	if (!j->bad)
		j->at = behind; /* it stands for itself */
	return NOT_A_LETTER;
}

/* Where a string goes; what has no room is counted. */
struct text {
	char *to;
	size_t room, len;
};

static void put(struct text *t, uint32_t byte)
{
	if (t->len + 1 < t->room)
		t->to[t->len] = (char)byte;
	t->len++;
}

static void put_letter(struct text *t, uint32_t c)
{
	if (c < 0x80) {
		put(t, c);
		return;
	}
	if (c < 0x800) {
		put(t, 0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			put(t, 0xe0 | c >> 12);
		} else {
			put(t, 0xf0 | c >> 18);
			put(t, 0x80 | (c >> 12 & 0x3f));
		}
		put(t, 0x80 | (c >> 6 & 0x3f));
	}
	put(t, 0x80 | (c & 0x3f));
}

/* What is behind a backslash. */
static void escape(struct json *j, struct text *t)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *c = *j->at ? strchr(from, *j->at) : NULL;

	if (c) {
		put(t, (unsigned char)to[c - from]);
		j->at++;
	} else if (*j->at == 'u') {
		j->at++;
		put_letter(t, letter(j));
	} else {
		spoil(j);
	}
}

size_t json_text(struct json *j, char *to, size_t room)
{
	struct text t = { .to = to, .room = room };

	if (!take(j, '"'))
		spoil(j);
	while (!j->bad && *j->at != '"') {
		unsigned char c = (unsigned char)*j->at;

		if (c < ' ') { /* the text's end, too */
			spoil(j);
		} else if (c == '\\') {
			j->at++;
			escape(j, &t);
		} else {
			put(&t, c);
			j->at++;
		}
	}
	if (j->bad)
		t.len = 0;
	else
		j->at++;
	if (room > 0)
		to[t.len < room ? t.len : room - 1] = '\0';
	return t.len;
}

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* The length of the number at @s; 0: there is none. */
static size_t number_size(const char *s)
{
	size_t n = *s == '-', whole = digits(s + n), part;

	if (whole == 0 || (whole > 1 && s[n] == '0'))
		return 0;
	n += whole;
	if (s[n] == '.') {
		part = digits(s + n + 1);
		if (part == 0)
			return 0;
		n += 1 + part;
	}
	if (s[n] == 'e' || s[n] == 'E') {
		n += 1 + (s[n + 1] == '+' || s[n + 1] == '-');
		part = digits(s + n);
		if (part == 0)
			return 0;
		n += part;
	}
	return n;
}

uint64_t json_u64(struct json *j)
{
	uint64_t v = 0;
	size_t n;

	peek(j);
	n = number_size(j->at);
	if (n == 0 || n != digits(j->at))
		spoil(j);
	for (; n > 0 && !j->bad; n--, j->at++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*j->at - '0'), &v)) {
			spoil(j);
			break;
		}
	return j->bad ? 0 : v;
}

static void skip_word(struct json *j)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t len = strlen(words[i]);

		if (strncmp(j->at, words[i], len) == 0) {
			j->at += len;
			return;
		}
	}
	spoil(j);
}

/* As deep as the text goes, at most JSON_DEPTH_MAX. */
void json_skip(struct json *j)
{
	char c = peek(j);
	size_t n;

	if (c == '{') {
		json_object(j);
		while (json_key(j, NULL, 0))
			json_skip(j);
	} else if (c == '[') {
		json_array(j);
		while (json_element(j))
			json_skip(j);
	} else if (c == '"') {
		json_text(j, NULL, 0);
	} else if ((n = number_size(j->at)) > 0) {
		j->at += n;
	} else {
		skip_word(j);
	}
}

bool json_end(struct json *j)
{
	return !j->bad && j->depth == 0 && peek(j) == '\0';
}
