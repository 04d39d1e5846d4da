/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dt.h - look things up in a flattened device tree.
 *
 * Read in place, word by word, never past its end: a guest that tests VMMs
 * must not fall over a tree that a VMM got wrong, and says so instead.
 *
 * Spec:  Devicetree Specification v0.4, 2 (properties), 5 (the format).
 * Owns:  nothing; the tree is borrowed and must not be overwritten.
 */
#ifndef GUEST_DT_H
#define GUEST_DT_H

#include <stdbool.h>
#include <stdint.h>

struct dt {
	const uint8_t *structure, *strings;
	uint32_t structure_size, strings_size;
};

/* A node: where its name begins in the structure block. */
typedef uint32_t dt_node;

/* false: @blob is no device tree, or its parts are not inside it. */
bool dt_open(struct dt *ret_dt, const void *blob);

/* The node at @path ("/a/b", names whole).  false: none, or a broken tree. */
bool dt_find(const struct dt *dt, const char *path, dt_node *ret_node);

/* @node's first child, and @node's next sibling.  false: no more. */
bool dt_child(const struct dt *dt, dt_node node, dt_node *ret_node);
bool dt_next(const struct dt *dt, dt_node node, dt_node *ret_node);

/* @node's name, with what follows '@'. */
const char *dt_name(const struct dt *dt, dt_node node);

/* @node's property @name and its size in bytes.  NULL: none. */
const void *dt_prop(const struct dt *dt, dt_node node, const char *name,
		    uint32_t *ret_size);

/* As dt_prop(), for one string; NULL also if it does not end within. */
const char *dt_str(const struct dt *dt, dt_node node, const char *name);

/* As dt_prop(), for one cell; @otherwise if there is none. */
uint32_t dt_u32(const struct dt *dt, dt_node node, const char *name,
		uint32_t otherwise);

/* Is @what among @node's compatible strings? */
bool dt_compatible(const struct dt *dt, dt_node node, const char *what);

/* Number @nr of the address and size pairs in @node's reg.  @node must be a
 * child of the root: no bus in between translates its addresses. */
bool dt_reg(const struct dt *dt, dt_node node, unsigned nr, uint64_t *ret_base,
	    uint64_t *ret_size);

/* @size bytes (4 or 8) at @at, which is big-endian and may be unaligned. */
uint64_t dt_cells(const void *at, uint32_t size);

/* The node that /chosen's stdout-path means, alias and options resolved. */
bool dt_stdout(const struct dt *dt, dt_node *ret_node);

#endif
