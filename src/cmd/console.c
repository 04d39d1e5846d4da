/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/console.h"

#include <errno.h>
#include <string.h>

#include "cmd/machine.h"
#include "util/err.h"
#include "virtio/console.h"

/* What follows @word, with which *text begins, or NULL. */
static const char *behind(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 ? text + len : NULL;
}

/* The last word, which may have commas in it. */
static int parse_where(const char *text, struct console_choice *c)
{
	const char *rest;

	if ((rest = behind(text, "file=")) && *rest) {
		c->where = VM_CONSOLE_FILE;
		c->path = rest;
	} else if (strcmp(text, "pty") == 0) {
		c->where = VM_CONSOLE_PTY;
	} else if ((rest = behind(text, "pty=")) && *rest) {
		c->where = VM_CONSOLE_PTY;
		c->path = rest;
	} else {
		return err_say(EINVAL,
			       "'%s' is not one of serial, virtio, none, "
			       "file=FILE, pty, pty=LINK",
			       text);
	}
	return 0;
}

int console_parse(const char *text, struct console_choice *ret)
{
	struct console_choice c = { .where = VM_CONSOLE_STDIO };
	size_t len = strcspn(text, ",");
	bool none = len == 4 && behind(text, "none") != NULL;
	const char *where = text;
	int rc = 0;

	c.virtio = len == 6 && behind(text, "virtio") != NULL;
	if (none)
		c.where = VM_CONSOLE_NOWHERE;
	if (none || c.virtio || (len == 6 && behind(text, "serial")))
		where = text[len] ? text + len + 1 : NULL;
	if (where && none)
		return err_say(EINVAL,
			       "'%s': none goes nowhere; say serial or virtio",
			       text);
	if (where)
		rc = parse_where(where, &c);
	if (rc == 0)
		*ret = c;
	return rc;
}

int console_option(void *machine, const char *arg)
{
	struct machine *m = machine;
	struct console_choice c;
	int rc = console_parse(arg, &c);

	if (rc < 0)
		return rc;
	if (m->has_console)
		return err_say(EINVAL,
			       "'%s': a guest has one console; say all "
			       "of it at once",
			       arg);
	m->has_console = true;
	m->config.console = c.where;
	m->config.console_path = c.path;
	return c.virtio ? machine_add(m, &virtio_console_class, NULL, arg) : 0;
}
