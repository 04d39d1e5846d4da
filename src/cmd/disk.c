/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/disk.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cmd/machine.h"
#include "util/disk.h"
#include "util/err.h"
#include "virtio/blk.h"

static int set_serial(struct disk_config *d, const char *text, int len)
{
	if (len == 0 || len > DISK_SERIAL_MAX)
		return err_say(EINVAL,
			       "serial '%.*s': must have 1 to %d characters",
			       len, text, DISK_SERIAL_MAX);
	for (int i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return err_say(EINVAL,
				       "serial: character 0x%02x at place %d; "
				       "use printable ASCII without blanks",
				       (unsigned char)text[i], i + 1);
	memcpy(d->serial, text, (size_t)len);
	return 0;
}

static bool is_word(const char *word, const char *text, int len)
{
	return strncmp(word, text, (size_t)len) == 0 && word[len] == '\0';
}

static int set_word(struct disk_config *d, const char *text, int len)
{
	if (len > 7 && strncmp(text, "serial=", 7) == 0)
		return set_serial(d, text + 7, len - 7);
	if (is_word("ro", text, len))
		d->read_only = true;
	else if (is_word("direct", text, len))
		d->direct = true;
	else
		return err_say(EINVAL,
			       "'%.*s' is not one of ro, direct, serial=TEXT "
			       "(a file name cannot have a comma)",
			       len, text);
	return 0;
}

int disk_parse(const char *text, struct disk_config *ret)
{
	struct disk_config d = { .path = text };
	const char *at = text + strcspn(text, ",");
	int rc = 0;

	d.path_len = (int)(at - text);
	if (d.path_len == 0)
		return err_say(EINVAL, "'%s': no file name", text);
	while (*at && rc == 0) {
		int len = (int)strcspn(++at, ",");

		rc = set_word(&d, at, len);
		at += len;
	}
	if (rc == 0)
		*ret = d;
	return rc;
}

int disk_option(void *machine, const char *arg)
{
	struct machine *m = machine;
	struct disk_config *d = &m->disks[m->nr_disks];
	int rc;

	if (m->nr_disks == MACHINE_DISKS_MAX)
		return err_say(E2BIG, "'%s': no more than %d disks", arg,
			       MACHINE_DISKS_MAX);
	rc = disk_parse(arg, d);
	if (rc == 0)
		rc = machine_add(m, &virtio_blk_class, d, arg);
	m->nr_disks += rc == 0;
	return rc;
}
