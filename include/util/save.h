/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * save.h - writes a file whole or not at all.
 *
 * Errors:  0 or a negative errno whose words name the path.
 * Owns:    nothing.
 * Threads: any.
 */
#ifndef UTIL_SAVE_H
#define UTIL_SAVE_H

#include <stddef.h>
#include <sys/types.h>

/* Write all of @size bytes to @fd, whatever signals and pipes do. */
int save_all(int fd, const void *buf, size_t size);

/*
 * Make @path hold exactly @size bytes of @buf.  What was there stays until the
 * new content is complete, and stays where that fails; but a file that can be
 * written to and not be replaced is written to as it is, and so is a device, a
 * pipe, and what /dev or /proc have names for.  A file that was there keeps its
 * mode; a new one has @mode less the umask.
 */
int save_file(const char *path, mode_t mode, const void *buf, size_t size);

#endif
