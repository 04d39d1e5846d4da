/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/share.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/machine.h"
#include "util/err.h"
#include "util/parse.h"
#include "virtio/outside.h"

static bool is_word(const char *word, const char *text, int len)
{
	return strncmp(word, text, (size_t)len) == 0 && word[len] == '\0';
}

static int set_tag(struct outside_config *c, const char *text, int len)
{
	if (len == 0 || len > OUTSIDE_TAG_MAX)
		return err_say(EINVAL,
			       "tag '%.*s': must have 1 to %d bytes; give "
			       "another with tag=TEXT",
			       len, text, OUTSIDE_TAG_MAX);
	memcpy(c->tag, text, (size_t)len);
	c->tag[len] = '\0';
	return 0;
}

static int set_sandbox(struct share_config *c, const char *text, int len)
{
	static const char *const words[] = { "namespace", "chroot", "none" };

	for (unsigned i = 0; i < 3; i++)
		if (is_word(words[i], text, len)) {
			c->sandbox = words[i];
			return 0;
		}
	return err_say(EINVAL,
		       "sandbox '%.*s' is not one of namespace, chroot, none",
		       len, text);
}

static int set_word(struct outside_config *c, const char *text, int len)
{
	if (len >= 4 && strncmp(text, "tag=", 4) == 0)
		return set_tag(c, text + 4, len - 4);
	if (len >= 8 && strncmp(text, "sandbox=", 8) == 0)
		return set_sandbox(&c->share, text + 8, len - 8);
	if (!is_word("ro", text, len))
		return err_say(EINVAL,
			       "'%.*s' is not one of ro, tag=TEXT, "
			       "sandbox=KIND (a folder's name cannot have a "
			       "comma)",
			       len, text);
	c->share.read_only = true;
	return 0;
}

/* The folder's own name, where it has one. */
static int default_tag(struct outside_config *c)
{
	const char *dir = c->share.dir;
	int end = c->share.dir_len, start;

	while (end > 0 && dir[end - 1] == '/')
		end--;
	for (start = end; start > 0 && dir[start - 1] != '/'; start--)
		;
	if (end == start || is_word(".", dir + start, end - start) ||
	    is_word("..", dir + start, end - start))
		return set_tag(c, "share", 5);
	return set_tag(c, dir + start, end - start);
}

static int parse_folder(struct outside_config *c, const char *text)
{
	const char *at = text + strcspn(text, ",");
	int rc = 0;

	c->share.dir = text;
	c->share.dir_len = (int)(at - text);
	if (at == text)
		return err_say(EINVAL, "'%s': no folder", text);
	while (*at && rc == 0) {
		int len = (int)strcspn(++at, ",");

		rc = set_word(c, at, len);
		at += len;
	}
	if (rc == 0 && !c->tag[0])
		rc = default_tag(c);
	return rc;
}

/* No two folders may have the same tag: the guest could not tell them apart. */
static int add(struct machine *m, const struct virtio_class *class,
	       const struct outside_config *c, const char *arg)
{
	int rc;

	if (m->nr_outside == MACHINE_OUTSIDE_MAX)
		return err_say(E2BIG,
			       "'%s': no more than %d devices of other "
			       "processes",
			       arg, MACHINE_OUTSIDE_MAX);
	for (unsigned i = 0; i < m->nr_outside && c->tag[0]; i++)
		if (strcmp(m->outside[i].tag, c->tag) == 0)
			return err_say(EEXIST,
				       "'%s': the tag '%s' is another "
				       "folder's; give one with tag=TEXT",
				       arg, c->tag);
	m->outside[m->nr_outside] = *c;
	rc = machine_add(m, class, &m->outside[m->nr_outside], arg);
	m->nr_outside += rc == 0;
	return rc;
}

int share_option(void *machine, const char *arg)
{
	struct outside_config c = { 0 };
	int rc = parse_folder(&c, arg);

	return rc < 0 ? rc : add(machine, &virtio_fs_class, &c, arg);
}

/* Kinds of devices, and what a class is to each. */
static const struct virtio_class *class_of(const char *text, int len)
{
	if (is_word("fs", text, len))
		return &virtio_fs_class;
	if (is_word("blk", text, len))
		return &outside_blk_class;
	return is_word("net", text, len) ? &outside_net_class : NULL;
}

static int set_socket_word(struct outside_config *c, bool fs, const char *text,
			   int len)
{
	if (fs && len >= 4 && strncmp(text, "tag=", 4) == 0)
		return set_tag(c, text + 4, len - 4);
	if (len <= 7 || strncmp(text, "socket=", 7) != 0)
		return err_say(EINVAL, "'%.*s' is not one of socket=PATH%s",
			       len, text, fs ? ", tag=TEXT" : "");
	if (text[len] != '\0')
		return err_say(EINVAL, "socket=PATH must be the last word");
	c->socket = text + 7;
	return 0;
}

int vhost_user_option(void *machine, const char *arg)
{
	const char *at = arg + strcspn(arg, ",");
	const struct virtio_class *class = class_of(arg, (int)(at - arg));
	bool fs = class == &virtio_fs_class;
	struct outside_config c = { 0 };
	int rc = 0;

	if (!class)
		return err_say(EINVAL, "'%.*s' is not one of fs, blk, net",
			       (int)(at - arg), arg);
	while (*at && rc == 0) {
		int len = (int)strcspn(++at, ",");

		rc = set_socket_word(&c, fs, at, len);
		at += len;
	}
	if (rc == 0 && !c.socket)
		rc = err_say(EINVAL, "'%s': no socket=PATH", arg);
	if (rc == 0 && fs && !c.tag[0])
		rc = set_tag(&c, "share", 5);
	return rc < 0 ? rc : add(machine, class, &c, arg);
}

static int add_pins(struct machine *m, uint64_t first, uint64_t last)
{
	for (; first <= last; first++) {
		if (m->config.nr_pins == LAYOUT_NR_CPUS)
			return err_say(E2BIG, "more than %d CPUs",
				       LAYOUT_NR_CPUS);
		m->pins[m->config.nr_pins++] = (uint16_t)first;
	}
	return 0;
}

/* "3", or "0-3". */
static int parse_range(struct machine *m, char *text)
{
	enum { CPU_LAST = 65535 };
	char *dash = strchr(text, '-');
	uint64_t first, last;
	int rc;

	if (dash)
		*dash = '\0';
	rc = parse_u64(text, 0, CPU_LAST, &first);
	last = first;
	if (rc == 0 && dash)
		rc = parse_u64(dash + 1, first, CPU_LAST, &last);
	return rc < 0 ? rc : add_pins(m, first, last);
}

int pin_option(void *machine, const char *arg)
{
	struct machine *m = machine;
	char *copy = strdup(arg), *at = copy;
	int rc = 0;

	if (!copy)
		return err_set(ENOMEM, "list");
	m->config.nr_pins = 0;
	while (at && rc == 0) {
		char *range = strsep(&at, ",");

		rc = parse_range(m, range);
	}
	free(copy);
	m->config.pins = m->pins;
	return err_hint(rc, "a list is like 0-3,6");
}

int hugepages_option(void *machine, const char *arg)
{
	(void)arg;
	((struct machine *)machine)->config.ram.huge = true;
	return 0;
}

int mem_file_option(void *machine, const char *arg)
{
	((struct machine *)machine)->config.ram.path = arg;
	return 0;
}
