/* SPDX-License-Identifier: BSD-2-Clause */
#include "dt.h"

#include <stddef.h>

enum { MAGIC = 0xd00dfeed, HEADER_SIZE = 40, VERSION = 17 };
enum { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };
enum { MAX_CELLS = 2 };

/* One token of the structure block and what belongs to it. */
struct item {
	uint32_t kind; /* END also for whatever is broken */
	uint32_t at;   /* of the node's name or the property's value */
	uint32_t size; /* of the value */
	uint32_t name; /* the property's, in the strings block */
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

uint64_t dt_cells(const void *at, uint32_t size)
{
	const uint8_t *p = at;
	uint64_t v = 0;

	for (uint32_t i = 0; i < size; i += 4)
		v = v << 32 | be32(p + i);
	return v;
}

static uint64_t round_up4(uint64_t v)
{
	return (v + 3) & ~UINT64_C(3);
}

/* The length of the string at @at in @size bytes; @size if it has no end. */
static uint32_t length(const uint8_t *bytes, uint32_t size, uint32_t at)
{
	for (uint32_t i = at; i < size; i++)
		if (!bytes[i])
			return i - at;
	return size;
}

/* Does @bytes[@at...] hold the string @what of @len characters, exactly? */
static bool is(const uint8_t *bytes, uint32_t size, uint32_t at,
	       const char *what, uint32_t len)
{
	if (length(bytes, size, at) != len)
		return false;
	for (uint32_t i = 0; i < len; i++)
		if (bytes[at + i] != (uint8_t)what[i])
			return false;
	return true;
}

static uint32_t str_len(const char *s)
{
	uint32_t n = 0;

	while (s[n])
		n++;
	return n;
}

bool dt_open(struct dt *ret_dt, const void *blob)
{
	const uint8_t *b = blob;
	uint64_t total, structure, strings, structure_size, strings_size;

	if (!b || be32(b) != MAGIC || be32(b + 20) < VERSION)
		return false;
	total = be32(b + 4);
	structure = be32(b + 8);
	strings = be32(b + 12);
	strings_size = be32(b + 32);
	structure_size = be32(b + 36);
	if (structure % 4 || structure < HEADER_SIZE ||
	    structure + structure_size > total || strings < HEADER_SIZE ||
	    strings + strings_size > total)
		return false;
	*ret_dt = (struct dt){
		.structure = b + structure,
		.strings = b + strings,
		.structure_size = (uint32_t)structure_size,
		.strings_size = (uint32_t)strings_size,
	};
	return true;
}

/* The item at *@pos; *@pos goes behind it. */
static struct item item_at(const struct dt *dt, uint64_t *pos)
{
	struct item it = { .kind = NOP };

	while (it.kind == NOP) {
		if (*pos + 4 > dt->structure_size)
			return (struct item){ .kind = END };
		it.kind = be32(dt->structure + *pos);
		*pos += 4;
	}
	it.at = (uint32_t)*pos;
	if (it.kind == BEGIN_NODE) {
		it.size = length(dt->structure, dt->structure_size, it.at) + 1;
	} else if (it.kind == PROP) {
		if (*pos + 8 > dt->structure_size)
			return (struct item){ .kind = END };
		it.size = be32(dt->structure + *pos);
		it.name = be32(dt->structure + *pos + 4);
		*pos += 8;
		it.at += 8;
	} else if (it.kind != END_NODE) {
		return (struct item){ .kind = END };
	}
	if (*pos + it.size > dt->structure_size)
		return (struct item){ .kind = END };
	*pos = round_up4(*pos + it.size);
	return it;
}

/* Where the items of @node begin. */
static uint64_t body(const struct dt *dt, dt_node node)
{
	uint32_t len = length(dt->structure, dt->structure_size, node);

	return round_up4((uint64_t)node + len + 1);
}

bool dt_child(const struct dt *dt, dt_node node, dt_node *ret_node)
{
	uint64_t pos = body(dt, node);
	struct item it;

	do
		it = item_at(dt, &pos);
	while (it.kind == PROP);
	if (it.kind != BEGIN_NODE)
		return false;
	*ret_node = it.at;
	return true;
}

bool dt_next(const struct dt *dt, dt_node node, dt_node *ret_node)
{
	uint64_t pos = body(dt, node);
	unsigned depth = 1;
	struct item it;

	while (depth) {
		it = item_at(dt, &pos);
		if (it.kind == END)
			return false;
		if (it.kind == BEGIN_NODE)
			depth++;
		else if (it.kind == END_NODE)
			depth--;
	}
	it = item_at(dt, &pos);
	if (it.kind != BEGIN_NODE)
		return false;
	*ret_node = it.at;
	return true;
}

const char *dt_name(const struct dt *dt, dt_node node)
{
	/* item_at() has seen its end. */
	return (const char *)dt->structure + node;
}

/* dt_find() for a path of @len characters. */
static bool find(const struct dt *dt, const char *path, uint32_t len,
		 dt_node *ret_node)
{
	uint64_t pos = 0;
	struct item it = item_at(dt, &pos);
	uint32_t i = 0;

	while (it.kind == BEGIN_NODE) {
		dt_node node = it.at;
		uint32_t n = 0;

		while (i < len && path[i] == '/')
			i++;
		if (i == len) {
			*ret_node = node;
			return true;
		}
		while (i + n < len && path[i + n] != '/')
			n++;
		if (!dt_child(dt, node, &node))
			return false;
		while (!is(dt->structure, dt->structure_size, node, path + i,
			   n))
			if (!dt_next(dt, node, &node))
				return false;
		it.at = node;
		i += n;
	}
	return false;
}

bool dt_find(const struct dt *dt, const char *path, dt_node *ret_node)
{
	return find(dt, path, str_len(path), ret_node);
}

static const void *prop(const struct dt *dt, dt_node node, const char *name,
			uint32_t len, uint32_t *ret_size)
{
	uint64_t pos = body(dt, node);
	struct item it = item_at(dt, &pos);

	for (; it.kind == PROP; it = item_at(dt, &pos))
		if (is(dt->strings, dt->strings_size, it.name, name, len)) {
			*ret_size = it.size;
			return dt->structure + it.at;
		}
	return NULL;
}

const void *dt_prop(const struct dt *dt, dt_node node, const char *name,
		    uint32_t *ret_size)
{
	return prop(dt, node, name, str_len(name), ret_size);
}

const char *dt_str(const struct dt *dt, dt_node node, const char *name)
{
	uint32_t size;
	const char *s = dt_prop(dt, node, name, &size);

	if (!s || length((const uint8_t *)s, size, 0) == size)
		return NULL;
	return s;
}

uint32_t dt_u32(const struct dt *dt, dt_node node, const char *name,
		uint32_t otherwise)
{
	uint32_t size;
	const void *v = dt_prop(dt, node, name, &size);

	return v && size == 4 ? be32(v) : otherwise;
}

bool dt_compatible(const struct dt *dt, dt_node node, const char *what)
{
	uint32_t size;
	const uint8_t *list = dt_prop(dt, node, "compatible", &size);

	if (!list)
		return false;
	for (uint32_t at = 0; at < size; at += length(list, size, at) + 1)
		if (is(list, size, at, what, str_len(what)))
			return true;
	return false;
}

bool dt_reg(const struct dt *dt, dt_node node, unsigned nr, uint64_t *ret_base,
	    uint64_t *ret_size)
{
	uint32_t base_cells, size_cells, size;
	const uint8_t *reg = dt_prop(dt, node, "reg", &size);
	uint64_t at;
	dt_node root;

	if (!reg || !dt_find(dt, "/", &root))
		return false;
	base_cells = dt_u32(dt, root, "#address-cells", 2);
	size_cells = dt_u32(dt, root, "#size-cells", 1);
	if (!base_cells || base_cells > MAX_CELLS || size_cells > MAX_CELLS)
		return false;
	at = (uint64_t)nr * 4 * (base_cells + size_cells);
	if (at + 4 * (base_cells + size_cells) > size)
		return false;
	*ret_base = dt_cells(reg + at, 4 * base_cells);
	*ret_size = dt_cells(reg + at + 4 * base_cells, 4 * size_cells);
	return true;
}

bool dt_stdout(const struct dt *dt, dt_node *ret_node)
{
	const char *path = NULL;
	uint32_t len = 0, size;
	dt_node node;

	if (dt_find(dt, "/chosen", &node))
		path = dt_str(dt, node, "stdout-path");
	if (!path)
		return false;
	while (path[len] && path[len] != ':') /* "serial0:115200n8" */
		len++;
	if (path[0] != '/') {
		if (!dt_find(dt, "/aliases", &node))
			return false;
		path = prop(dt, node, path, len, &size);
		if (!path)
			return false;
		len = length((const uint8_t *)path, size, 0);
	}
	return find(dt, path, len, ret_node);
}
