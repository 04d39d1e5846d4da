/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/err.h"

void tap_init(struct tap *tap)
{
	*tap = (struct tap){ 0 };
}

/* Behind @word, if @s begins with it. */
static const char *after(const char *s, const char *word)
{
	size_t len = strlen(word);

	return strncmp(s, word, len) == 0 ? s + len : NULL;
}

static void keep(char dst[static TAP_NAME_MAX], const char *src, size_t len)
{
	if (len > TAP_NAME_MAX - 1)
		len = TAP_NAME_MAX - 1;
	while (len > 0 && src[len - 1] == ' ')
		len--;
	memcpy(dst, src, len);
	dst[len] = '\0';
}

/* 0 unless a number is there; *ret_rest is behind it. */
static unsigned number(const char *s, const char **ret_rest)
{
	unsigned n = 0;

	while (*s >= '0' && *s <= '9' && n <= TAP_CHECKS_MAX)
		n = n * 10 + (unsigned)(*s++ - '0');
	*ret_rest = s;
	return n;
}

/* One more; NULL: there is no room. */
static struct tap_check *more(struct tap *tap)
{
	struct tap_check *checks = tap->checks;

	if ((tap->nr & (tap->nr - 1)) == 0) { /* is full */
		checks = realloc(checks,
				 (tap->nr ? 2 * tap->nr : 1) * sizeof(*checks));
		if (!checks)
			return NULL;
		tap->checks = checks;
	}
	checks[tap->nr] = (struct tap_check){ 0 };
	return &checks[tap->nr++];
}

/* What follows "ok ". */
static int take_check(struct tap *tap, const char *s, bool ok)
{
	static const char skip[] = "# SKIP";
	unsigned n = number(s, &s);
	const char *name, *end;
	struct tap_check *c;

	name = after(s, " - ");
	if (n == 0 || !name)
		return 0; /* something else that the guest says */
	if (tap->nr >= TAP_CHECKS_MAX)
		return err_say(E2BIG, "the guest reports more than %d checks",
			       TAP_CHECKS_MAX);
	c = more(tap);
	if (!c)
		return err_set(ENOMEM, "%u checks", tap->nr + 1);
	end = strstr(name, skip);
	*c = (struct tap_check){ .number = n, .ok = ok, .skipped = end };
	if (end) {
		const char *why = end + strlen(skip);

		why += strspn(why, " :");
		keep(c->why, why, strlen(why));
	}
	keep(c->name, name, end ? (size_t)(end - name) : strlen(name));
	tap->failed += !ok;
	tap->skipped += c->skipped;
	return 0;
}

static int take_line(struct tap *tap)
{
	struct tap_check *last = tap->nr ? &tap->checks[tap->nr - 1] : NULL;
	const char *rest;

	tap->line[tap->len] = '\0';
	if ((rest = after(tap->line, "ok ")))
		return take_check(tap, rest, true);
	if ((rest = after(tap->line, "not ok ")))
		return take_check(tap, rest, false);
	if ((rest = after(tap->line, "Bail out! ")))
		keep(tap->bail, rest, strlen(rest));
	else if ((rest = after(tap->line, "1..")))
		tap->planned = number(rest, &rest);
	else if ((rest = after(tap->line, "# ")) && last && !last->ok &&
		 !last->why[0])
		keep(last->why, rest, strlen(rest));
	return 0;
}

int tap_feed(struct tap *tap, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];
		int rc;

		if (c == '\n') {
			rc = take_line(tap);
			tap->len = 0;
			if (rc < 0)
				return rc;
		} else if (c != '\r' && tap->len < TAP_LINE_MAX - 1) {
			tap->line[tap->len++] = c >= ' ' && c < 0x7f ? c : '?';
		}
	}
	return 0;
}

bool tap_is_complete(const struct tap *tap)
{
	for (unsigned i = 0; i < tap->nr; i++)
		if (tap->checks[i].number != i + 1)
			return false;
	return !tap->bail[0] && tap->planned > 0 && tap->planned == tap->nr;
}

bool tap_is_good(const struct tap *tap)
{
	return tap_is_complete(tap) && tap->failed == 0;
}

void tap_fini(struct tap *tap)
{
	free(tap->checks);
	tap->checks = NULL;
	tap->nr = 0;
}
