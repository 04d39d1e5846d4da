/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gmem_file.h - the file that the guest's RAM is; for gmem.c.
 *
 * One without a name can neither shrink nor grow: whoever it is handed to
 * cannot take memory from under us.  One of the user's is locked for as long as
 * it is open, and stays when the guest ends; its end must not be cut off
 * meanwhile.
 *
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    nothing; the caller closes what gmem_file_open() returned.
 * Threads: any.
 */
#ifndef MACH_GMEM_FILE_H
#define MACH_GMEM_FILE_H

#include <stdint.h>

struct gmem_config;

/* A file of @size zeros as @config says; its descriptor. */
int gmem_file_open(const struct gmem_config *config, uint64_t size);

/* The size of the huge pages that it consists of; 0: it does not. */
uint64_t gmem_file_page(int fd);

/* Why it, @size bytes, could not be mapped, by errno. */
int gmem_file_refused(int fd, uint64_t size);

/* All zeros again, and the host has their place back. */
int gmem_file_clear(int fd, uint64_t size);

/* As gmem_discard(), of whole pages; -1 with errno. */
int gmem_file_discard(int fd, uint64_t off, uint64_t size);

#endif
