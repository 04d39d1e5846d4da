/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/cpio.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/err.h"
#include "util/util.h"

/*
 * An entry is a header, the name with its NUL, and the data; name and data each
 * end at a multiple of 4.  The header is a magic and 13 numbers of 8 digits.
 */
#define HEADER	    "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
#define HEADER_SIZE 110

static const char trailer[] = "TRAILER!!!";

/* Are all parts of @name there, and none of them "." or ".."? */
static bool is_name(const char *name)
{
	size_t len;

	if (strlen(name) >= PATH_MAX || strcmp(name, trailer) == 0)
		return false;
	for (;; name += len + 1) {
		len = strcspn(name, "/");
		if (len == 0 || (len <= 2 && strncmp(name, "..", len) == 0))
			return false;
		if (name[len] == '\0')
			return true;
	}
}

/* Have room for @more bytes. */
static int grow(struct cpio *c, size_t more)
{
	size_t need = c->size + more, room = need + need / 2;
	char *data;

	if (need <= c->room)
		return 0;
	data = realloc(c->data, room);
	if (!data)
		return err_set(ENOMEM, "an archive of %zu bytes", room);
	c->data = data;
	c->room = room;
	return 0;
}

/* Put @size bytes and zeroes up to a multiple of 4; there is room. */
static void put(struct cpio *c, const void *data, size_t size)
{
	size_t padded = ROUND_UP(c->size + size, 4);

	if (size > 0)
		memcpy(c->data + c->size, data, size);
	memset(c->data + c->size + size, 0, padded - c->size - size);
	c->size = padded;
}

static int add(struct cpio *c, const char *name, unsigned mode,
	       const void *data, size_t size)
{
	const unsigned ino = (unsigned)(c->size / 4 + 1), nr_links = 1;
	char head[HEADER_SIZE + PATH_MAX];
	int len, rc;

	if (size > UINT32_MAX)
		return err_say(E2BIG,
			       "'%s': %zu bytes; a file in an initramfs "
			       "has less than 4 GiB",
			       name, size);
	rc = grow(c, sizeof(head) + size + 3);
	if (rc < 0)
		return rc;
	len = snprintf(head, sizeof(head), HEADER "%s", ino, mode, 0, 0,
		       nr_links, 0, (unsigned)size, 0, 0, 0, 0,
		       (unsigned)strlen(name) + 1, 0, name);
	put(c, head, (size_t)len + 1);
	put(c, data, size);
	return 0;
}

static int add_named(struct cpio *c, const char *name, unsigned mode,
		     const void *data, size_t size)
{
	if (!is_name(name))
		return err_say(EINVAL, "'%.100s': no name for an initramfs",
			       name);
	return add(c, name, mode, data, size);
}

int cpio_add_file(struct cpio *c, const char *name, unsigned mode,
		  const void *data, size_t size)
{
	return add_named(c, name, S_IFREG | (mode & 07777), data, size);
}

int cpio_add_dir(struct cpio *c, const char *name, unsigned mode)
{
	return add_named(c, name, S_IFDIR | (mode & 07777), NULL, 0);
}

int cpio_finish(struct cpio *c)
{
	return add(c, trailer, 0, NULL, 0);
}

void cpio_fini(struct cpio *c)
{
	free(c->data);
	*c = (struct cpio){ 0 };
}
