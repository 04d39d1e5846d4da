/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpio.h - writes an initramfs archive ("newc" cpio) into memory.
 *
 * For what we bring into a Linux guest ourselves.  Files belong to root, are
 * from 1970 and have no second name, so the same calls make the same bytes.
 * Linux unpacks in order and makes no folders of its own accord: a folder is
 * added before what is in it, unless an archive in front of this one has it.
 *
 * Spec:    Linux Documentation/driver-api/early-userspace/buffer-format.rst.
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds.  -EINVAL: a
 *          name that is none; -E2BIG: more than the format has digits for;
 *          -ENOMEM.  On error the archive is as it was.
 * Owns:    the archive's memory.
 * Threads: one at a time per archive.
 */
#ifndef BOOT_CPIO_H
#define BOOT_CPIO_H

#include <stddef.h>

/* Zeroed it is an archive to which nothing has been added yet. */
struct cpio {
	char *data;  /* owned */
	size_t size; /* the archive's; always a multiple of 4 */
	size_t room;
};

/*
 * Add a file of @size bytes of @data, or an empty folder, with permissions
 * @mode (07777).  @name begins at the root but not with '/' ("sbin/init"), is
 * shorter than 4096 bytes and has no empty, "." or ".." part.
 */
int cpio_add_file(struct cpio *c, const char *name, unsigned mode,
		  const void *data, size_t size);
int cpio_add_dir(struct cpio *c, const char *name, unsigned mode);

/* The archive is complete: data and size are what Linux is given. */
int cpio_finish(struct cpio *c);

/* Fine on a zeroed *c, and twice. */
void cpio_fini(struct cpio *c);

#endif
