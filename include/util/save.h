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

/* Write all of @size bytes to @fd, whatever signals and pipes do. */
int save_all(int fd, const void *buf, size_t size);

/*
 * Make @path hold exactly @size bytes of @buf.  What was there stays until the
 * new content is complete, and stays where that fails.  A device or a pipe is
 * written to as it is.  A new file is its owner's alone: a device tree holds its
 * guest's random seeds.
 */
int save_file(const char *path, const void *buf, size_t size);

#endif
