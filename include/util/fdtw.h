/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdtw.h - writes a flattened device tree from top to bottom.
 *
 * Each part of the machine writes its own node with these calls and checks
 * none of them: the first error sticks in the writer, later calls do nothing,
 * and fdtw_finish() or fdtw_error() reports it.
 *
 * Spec:    Devicetree Specification v0.4; addresses and sizes are two cells.
 * Errors:  sticky; fdtw_finish() words them.
 * Owns:    nothing; the buffer is the caller's.
 * Threads: one at a time per writer.
 */
#ifndef UTIL_FDTW_H
#define UTIL_FDTW_H

#include <stddef.h>
#include <stdint.h>

struct fdtw {
	void *buf;   /* borrowed */
	size_t size; /* bytes of buf */
	int err;     /* libfdt's, 0 or below */
};

/* Begin a tree in @buf of @size bytes, with its root node open. */
void fdtw_begin(struct fdtw *w, void *buf, size_t size);

/* Go on in a tree that others began in @buf; fdtw_error() tells how it went. */
void fdtw_join(struct fdtw *w, void *buf);
int fdtw_error(const struct fdtw *w);

/* How it went for somebody who joined @w's tree sticks in @w, too. */
void fdtw_keep(struct fdtw *w, int rc);

/* Close the root node.  -ENOSPC: @buf is too small.  Else ret_size is set. */
int fdtw_finish(struct fdtw *w, size_t *ret_size);

void fdtw_node(struct fdtw *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void fdtw_end(struct fdtw *w);

void fdtw_flag(struct fdtw *w, const char *name);
void fdtw_u32(struct fdtw *w, const char *name, uint32_t v);
void fdtw_u64(struct fdtw *w, const char *name, uint64_t v);
void fdtw_str(struct fdtw *w, const char *name, const char *s);
void fdtw_bytes(struct fdtw *w, const char *name, const void *p, size_t len);

/* @n cells, in the host's order. */
void fdtw_cells(struct fdtw *w, const char *name, const uint32_t *v, size_t n);

/* @n address and size pairs: v[0] address, v[1] size, v[2] address, ... */
void fdtw_regs(struct fdtw *w, const char *name, const uint64_t *v, size_t n);

/* "reg" of one window. */
void fdtw_reg(struct fdtw *w, uint64_t base, uint64_t size);

/* A list of strings: @list is a literal with a NUL after each but the last. */
#define fdtw_strs(w, name, list) fdtw_bytes(w, name, list, sizeof(list))

#endif
