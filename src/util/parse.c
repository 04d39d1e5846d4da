/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/err.h"
#include "util/util.h"

enum { NO_DIGIT = 16 };

/* Not <ctype.h>'s, whose tables every start would have to fault in. */
static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = upper(c);
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : NO_DIGIT;
}

/* Digits from @s on; strtoull(3) would take signs and blanks, too. */
static int number(const char *s, const char **end, uint64_t *ret)
{
	unsigned base = 10, digit;
	bool over = false;
	uint64_t v = 0;

	if (strncmp(s, "0x", 2) == 0 && digit_of(s[2]) != NO_DIGIT) {
		base = 16;
		s += 2;
	}
	if (digit_of(*s) >= base)
		return -EINVAL;
	for (; (digit = digit_of(*s)) < base; s++) {
		over |= __builtin_mul_overflow(v, base, &v);
		over |= __builtin_add_overflow(v, digit, &v);
	}
	*end = s;
	*ret = v;
	return over ? -ERANGE : 0;
}

int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v;
	const char *end;
	int rc = number(s, &end, &v);

	if (rc == -EINVAL || (rc == 0 && *end))
		return err_say(EINVAL, "'%s' is not a whole number", s);
	if (rc < 0 || v < min || v > max)
		return err_say(ERANGE,
			       "%s is out of range %" PRIu64 " to %" PRIu64, s,
			       min, max);
	*ret = v;
	return 0;
}

static const char units[] = "BKMGT";

/* The largest unit that divides @v, for messages. */
static const char *size_text(uint64_t v, char buf[static 32])
{
	unsigned u = 0;

	while (v && v % 1024 == 0 && u + 2 < sizeof(units)) {
		v /= 1024;
		u++;
	}
	snprintf(buf, 32, "%" PRIu64 "%c", v, units[u]);
	return buf;
}

int parse_size(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	char lo[32], hi[32];
	const char *end;
	unsigned shift = 20;
	uint64_t v;
	int rc = number(s, &end, &v);

	if (rc == 0 && *end) {
		const char *u = strchr(units, upper(*end));

		shift = u ? (unsigned)(u - units) * 10 : 0;
		if (!u || end[1])
			rc = -EINVAL;
	}
	if (rc == -EINVAL)
		return err_say(
			EINVAL,
			"'%s' is not a size; write 512M, 2G or plain MiB", s);
	if (rc < 0 || v > UINT64_MAX >> shift || v << shift < min ||
	    v << shift > max)
		return err_say(ERANGE, "'%s' is out of range %s to %s", s,
			       size_text(min, lo), size_text(max, hi));
	*ret = v << shift;
	return 0;
}

int parse_seconds(const char *s, uint64_t *ret_ns)
{
	uint64_t whole, ns = 0, digit = 100000000;
	const char *end;
	int rc = number(s, &end, &whole);

	if (rc == 0 && *end == '.' && digit_of(end[1]) < 10)
		for (end++; digit_of(*end) < 10; digit /= 10)
			ns += (uint64_t)(*end++ - '0') * digit;
	if (rc == -EINVAL || (rc == 0 && *end))
		return err_say(EINVAL, "'%s' is not a time in seconds", s);
	if (rc < 0 || whole > 366 * 86400)
		return err_say(ERANGE, "%s seconds is more than a year", s);
	if (whole == 0 && ns == 0)
		return err_say(ERANGE, "%s seconds is no time at all", s);
	*ret_ns = whole * 1000000000 + ns;
	return 0;
}

int parse_share(const char *s, unsigned max, unsigned *ret_permille)
{
	uint64_t whole, permille = 0;
	const char *end;
	int rc = number(s, &end, &whole);

	if (rc == 0 && *end == '.' && digit_of(end[1]) < 10) {
		permille = digit_of(end[1]);
		end += 2;
	}
	if (rc == 0 && *end == '%')
		end++;
	if (rc == -EINVAL || (rc == 0 && *end))
		return err_say(EINVAL,
			       "'%s' is not a share; write 25%% or 12.5%%", s);
	if (rc < 0 || whole > max / 10 || whole * 10 + permille > max)
		return err_say(ERANGE, "%s is above %u%%", s, max / 10);
	*ret_permille = (unsigned)(whole * 10 + permille);
	return 0;
}

int parse_word(const char *s, const char *const *words)
{
	char list[128] = "";
	size_t len = 0;

	for (int i = 0; words[i]; i++) {
		if (strcmp(s, words[i]) == 0)
			return i;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
					i ? ", " : "", words[i]);
		if (len >= sizeof(list))
			len = sizeof(list) - 1;
	}
	return err_say(EINVAL, "'%s' is not one of %s", s, list);
}
