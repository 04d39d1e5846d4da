/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/words.h"

#include <errno.h>
#include <string.h>

#include "ctl/server.h"
#include "ctl/stat.h"
#include "util/err.h"
#include "util/json.h"
#include "util/parse.h"
#include "util/util.h"
#include "vm/vm.h"

enum { ARGS_MAX = 5 }; /* that a word takes */

struct call {
	struct vm *vm;
	const struct ctl_setup *setup;
	char **args; /* behind the word; NULL ends them */
	FILE *out;
};

/*
 * Answers with an object, without a newline; or writes nothing and returns a
 * negative errno with words.
 */
typedef int word_fn(const struct call *c);

struct word {
	const char *name, *args;
	unsigned max_args;
	word_fn *fn;
};

static word_fn on_version, on_stat, on_pause, on_resume, on_reset, on_stop,
	on_steal, on_balloon;

static const struct word words[] = {
	{ "version", "", 0, on_version },
	{ "stat", "", 0, on_stat },
	{ "pause", " [freeze|steal]", 1, on_pause },
	{ "resume", "", 0, on_resume },
	{ "reset", "", 0, on_reset },
	{ "stop", " [now]", 1, on_stop },
	{ "steal", " PERCENT [cpu LIST] [for SECONDS]", ARGS_MAX, on_steal },
	{ "balloon", " SIZE", 1, on_balloon },
};

/* -- each word -- */

static int done(const struct call *c, const char *state)
{
	fputs("{\"version\":1,\"ok\":true,\"state\":", c->out);
	json_string(c->out, state);
	fputc('}', c->out);
	return 0;
}

static int done_as_is(const struct call *c)
{
	return done(c, ctl_state(c->vm));
}

static int on_version(const struct call *c)
{
	fputs("{\"version\":1,\"program\":", c->out);
	json_string(c->out, VERSION);
	fputs(",\"words\":[", c->out);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (i > 0)
			fputc(',', c->out);
		json_string(c->out, words[i].name);
	}
	fputs("]}", c->out);
	return 0;
}

static int on_stat(const struct call *c)
{
	struct ctl_stat s;
	int rc = ctl_stat_take(c->vm, c->setup->name, &s);

	if (rc < 0)
		return rc;
	ctl_stat_write(c->out, &s);
	ctl_stat_fini(&s);
	return 0;
}

static int on_pause(const struct call *c)
{
	static const char *const ways[] = { "freeze", "steal", NULL };
	bool steal = c->setup->on_pause_steals;
	int rc;

	if (c->args[0]) {
		rc = parse_word(c->args[0], ways);
		if (rc < 0)
			return err_in(rc, "pause");
		steal = rc == 1;
	}
	rc = vm_pause(c->vm, steal);
	return rc < 0 ? err_in(rc, "pause") : done_as_is(c);
}

static int on_resume(const struct call *c)
{
	int rc = vm_resume(c->vm);

	return rc < 0 ? err_in(rc, "resume") : done_as_is(c);
}

static int on_reset(const struct call *c)
{
	int rc = vm_restart(c->vm);

	return rc < 0 ? rc : done_as_is(c);
}

static int on_stop(const struct call *c)
{
	static const char *const ways[] = { "now", NULL };

	if (!c->args[0])
		vm_ask_to_stop(c->vm, c->setup->grace_ns);
	else if (parse_word(c->args[0], ways) < 0)
		return err_in(-EINVAL, "stop");
	else
		vm_stop(c->vm);
	return done(c, "stopping");
}

/* What follows the share. */
static int steal_details(char **args, unsigned nr_cpus, uint64_t *cpus,
			 bool *ret_some, uint64_t *ret_ns)
{
	static const char *const keys[] = { "cpu", "for", NULL };
	bool seen[2] = { false };

	for (; *args; args += 2) {
		int rc, key = parse_word(args[0], keys);

		if (key < 0)
			return key;
		if (!args[1] || seen[key])
			return err_say(EINVAL, "%s '%s'",
				       seen[key] ? "twice" : "nothing behind",
				       args[0]);
		seen[key] = true;
		rc = key == 0 ? words_cpus(args[1], nr_cpus, cpus)
			      : parse_seconds(args[1], ret_ns);
		if (rc < 0)
			return err_in(rc, "%s", args[0]);
	}
	*ret_some = seen[0];
	return 0;
}

static int on_steal(const struct call *c)
{
	uint64_t cpus[WORDS_CPUS_U64], ns = 0;
	unsigned permille;
	bool some = false;
	int rc;

	if (!c->args[0])
		return err_say(EINVAL, "steal: how much? say 'steal 25%%'");
	rc = parse_share(c->args[0], VM_HOLD_MAX, &permille);
	if (rc == 0)
		rc = steal_details(c->args + 1, vm_nr_cpus(c->vm), cpus, &some,
				   &ns);
	if (rc == 0)
		rc = vm_hold(c->vm, permille, some ? cpus : NULL, ns);
	return rc < 0 ? err_in(rc, "steal") : done_as_is(c);
}

/* Plain numbers are MiB, as for -m. */
static int on_balloon(const struct call *c)
{
	uint64_t size = 0;
	int rc = 0;

	if (!c->args[0])
		return err_say(EINVAL, "balloon: how much? say 'balloon 512M'");
	if (strcmp(c->args[0], "0") != 0)
		rc = parse_size(c->args[0], 1, UINT64_MAX, &size);
	if (rc == 0)
		rc = vm_balloon(c->vm, size);
	return rc < 0 ? err_in(rc, "balloon") : done_as_is(c);
}

/* A number from *s on, and *s behind it; what is too large stays too large. */
static bool number(const char **s, unsigned *ret)
{
	const char *c = *s;
	unsigned v = 0;

	for (; *c >= '0' && *c <= '9'; c++)
		if (v <= LAYOUT_NR_CPUS)
			v = v * 10 + (unsigned)(*c - '0');
	*ret = v;
	if (c == *s)
		return false;
	*s = c;
	return true;
}

/* "2" or "2-3" from *s on, and *s behind it. */
static bool range(const char **s, unsigned *ret_first, unsigned *ret_last)
{
	if (!number(s, ret_first))
		return false;
	*ret_last = *ret_first;
	if (**s != '-')
		return true;
	++*s;
	return number(s, ret_last) && *ret_first <= *ret_last;
}

int words_cpus(const char *list, unsigned nr,
	       uint64_t ret_mask[static WORDS_CPUS_U64])
{
	uint64_t mask[WORDS_CPUS_U64] = { 0 };
	const char *s = list;
	unsigned first, last;

	do {
		if (!range(&s, &first, &last) || (*s && *s != ','))
			return err_say(
				EINVAL,
				"'%.80s' is no list of CPUs; write 0,2-3",
				list);
		if (last >= nr)
			return err_say(ERANGE, "'%.80s': the last one is %u",
				       list, nr - 1);
		for (; first <= last; first++)
			mask[first / 64] |= UINT64_C(1) << first % 64;
	} while (*s++);
	memcpy(ret_mask, mask, sizeof(mask));
	return 0;
}

/* -- lines -- */

static int unknown(const char *name)
{
	char known[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words) && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len,
					"%s%s", i ? ", " : "", words[i].name);
	return err_say(EINVAL, "'%.40s' is no word; known: %s", name, known);
}

/* The words of @line, NULL behind the last; -E2BIG: more than @max. */
static int split(char *line, char **ret, unsigned max)
{
	unsigned n = 0;
	char *save;

	for (char *w = strtok_r(line, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		if (n == max)
			return -E2BIG;
		ret[n++] = w;
	}
	ret[n] = NULL;
	return (int)n;
}

static int call(char *line, struct call *c)
{
	char *said[ARGS_MAX + 2] = { "" };
	int n = split(line, said, ARGS_MAX + 1);

	for (size_t i = 0; n != 0 && i < ARRAY_SIZE(words); i++) {
		if (strcmp(said[0], words[i].name) != 0)
			continue;
		if (n < 0 || n > (int)words[i].max_args + 1)
			return err_say(E2BIG, "too many words; say '%s%s'",
				       words[i].name, words[i].args);
		c->args = said + 1;
		return words[i].fn(c);
	}
	return unknown(n ? said[0] : "");
}

/* -ENOMSG: these bytes are no text, nor are those to come. */
static int check(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			return err_say(ENOMSG,
				       "byte 0x%02x; say words, in ASCII",
				       (unsigned char)line[i]);
	return 0;
}

static int no_line(const struct words *w)
{
	if (w->len < sizeof(w->text))
		return err_say(ENOMSG, "half a line; end it with a newline");
	return err_say(ENOMSG, "more than %zu bytes without a newline",
		       sizeof(w->text) - 1);
}

bool words_pending(const struct words *w)
{
	return w->len == sizeof(w->text) || (w->over && w->len > 0) ||
	       memchr(w->text, '\n', w->len);
}

bool words_answer(struct words *w, struct vm *vm, const struct ctl_setup *setup,
		  FILE *out)
{
	struct call c = { .vm = vm, .setup = setup, .out = out };
	char *end = memchr(w->text, '\n', w->len);
	size_t len, used;
	int rc;

	if (!end) {
		used = w->len;
		rc = no_line(w);
	} else {
		len = (size_t)(end - w->text);
		used = len + 1;
		if (len > 0 && end[-1] == '\r')
			len--;
		rc = check(w->text, len);
		w->text[len] = '\0';
		if (rc == 0)
			rc = call(w->text, &c);
	}
	if (rc < 0) {
		fputs("{\"version\":1,\"error\":", out);
		json_string(out, err_text());
		fputc('}', out);
	}
	fputc('\n', out);
	w->len -= used;
	memmove(w->text, w->text + used, w->len);
	return rc != -ENOMSG;
}
