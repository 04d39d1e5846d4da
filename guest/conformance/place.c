/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place.c - where the records are, by themselves and in the device tree.
 */
#include "conformance.h"

#include "../lib/mmu.h"
#include "../lib/sysreg.h"
#include "report.h"

struct window {
	uint64_t base, size;
};

static bool has_record(const struct cpu *c)
{
	return c->alive && c->st != NOT_SUPPORTED;
}

static bool overlaps(const struct window *w, uint64_t st)
{
	return st < w->base ? w->base - st < RECORD_SIZE && w->size
			    : st - w->base < w->size;
}

static bool is_inside(const struct window *w, uint64_t st)
{
	return st >= w->base && w->size >= RECORD_SIZE &&
	       st - w->base <= w->size - RECORD_SIZE;
}

/* -- the tree -- */

/* Call @see for each node below @path until it returns true. */
static bool any_node(const char *path,
		     bool (*see)(dt_node node, const struct cpu *c),
		     const struct cpu *c)
{
	dt_node parent, node;
	bool more;

	if (!dt_find(&dt, path, &parent))
		return false;
	for (more = dt_child(&dt, parent, &node); more;
	     more = dt_next(&dt, node, &node))
		if (see(node, c))
			return true;
	return false;
}

/*
 * Is the record in what a child of /reserved-memory reserves?  That it must be
 * reserved is all that is said, so no-map is not asked for; but what is
 * reusable the kernel uses as well.  The cells are the root's, as dt_reg()
 * expects.
 */
static bool in_reserved(dt_node node, const struct cpu *c)
{
	struct window w;
	uint32_t size;

	if (dt_prop(&dt, node, "reusable", &size))
		return false;
	for (unsigned i = 0; dt_reg(&dt, node, i, &w.base, &w.size); i++)
		if (is_inside(&w, c->st))
			return true;
	return false;
}

static bool is_memory(dt_node node)
{
	const char *type = dt_str(&dt, node, "device_type");

	return type && starts_with(type, "memory");
}

static bool in_memory(dt_node node, const struct cpu *c)
{
	struct window w;

	if (!is_memory(node))
		return false;
	for (unsigned i = 0; dt_reg(&dt, node, i, &w.base, &w.size); i++)
		if (overlaps(&w, c->st))
			return true;
	return false;
}

static bool is_pvtime(dt_node node, const struct cpu *c)
{
	(void)c;
	return starts_with(dt_name(&dt, node), "pvtime");
}

static bool in_pvtime(dt_node node, const struct cpu *c)
{
	return is_pvtime(node, c) && in_reserved(node, c);
}

/* Number @i of the windows that a bus such as PCI passes on. */
static bool range(dt_node node, unsigned i, struct window *ret_w)
{
	uint32_t size, bus, parent, cells, at;
	const uint8_t *ranges = dt_prop(&dt, node, "ranges", &size);
	dt_node root;

	if (!ranges || !dt_find(&dt, "/", &root))
		return false;
	bus = dt_u32(&dt, node, "#address-cells", 2);
	cells = dt_u32(&dt, node, "#size-cells", 1);
	parent = dt_u32(&dt, root, "#address-cells", 2);
	if (bus > 3 || parent > 2 || cells > 2)
		return false;
	at = i * 4 * (bus + parent + cells);
	if (at + 4 * (bus + parent + cells) > size)
		return false;
	ret_w->base = dt_cells(ranges + at + 4 * bus, 4 * parent);
	ret_w->size = dt_cells(ranges + at + 4 * (bus + parent), 4 * cells);
	return true;
}

static bool in_device(dt_node node, const struct cpu *c)
{
	struct window w;
	bool hit = false;

	if (is_memory(node))
		return false;
	for (unsigned i = 0; dt_reg(&dt, node, i, &w.base, &w.size); i++)
		hit |= overlaps(&w, c->st);
	for (unsigned i = 0; range(node, i, &w); i++)
		hit |= overlaps(&w, c->st);
	if (hit)
		note("cpu 0x%lx: 0x%lx is in %s", c->mpidr, c->st,
		     dt_name(&dt, node));
	return hit;
}

void check_no_node(void)
{
	if (!cpus->feature)
		skip_check(CHECK_NO_NODE, "stolen time is on");
	else if (any_node("/reserved-memory", is_pvtime, cpus))
		not_ok(CHECK_NO_NODE, "a node pvtime under /reserved-memory");
	else
		ok(CHECK_NO_NODE);
}

/* -- the addresses -- */

/* What the processor can address, and we can map. */
static unsigned address_bits(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48 };
	unsigned range = SYSREG_READ(id_aa64mmfr0_el1) & 0xf;

	return bits[range < sizeof(bits) ? range : sizeof(bits) - 1];
}

static bool is_aligned(const struct cpu *c)
{
	return c->st % RECORD_SIZE == 0;
}

static bool is_physical(const struct cpu *c)
{
	uint64_t limit = UINT64_C(1) << address_bits();

	return c->st <= limit - RECORD_SIZE;
}

static bool is_distinct(const struct cpu *c)
{
	for (const struct cpu *d = cpus; d < c; d++)
		if (has_record(d) &&
		    c->st - d->st + RECORD_SIZE - 1 < 2 * RECORD_SIZE - 1)
			return false;
	return true;
}

static bool is_stable(const struct cpu *c)
{
	return c->st_again == c->st;
}

static bool is_outside(const struct cpu *c)
{
	return !any_node("/", in_memory, c) ||
	       any_node("/reserved-memory", in_reserved, c);
}

static bool is_reserved(const struct cpu *c)
{
	return any_node("/reserved-memory", in_pvtime, c);
}

static bool is_no_device(const struct cpu *c)
{
	return !any_node("/", in_device, c);
}

/* Does @holds hold for each record? */
static void check_place(enum check check, bool (*holds)(const struct cpu *c))
{
	for (struct cpu *c = cpus; c < cpus + nr_cpus; c++)
		if (has_record(c) && !holds(c)) {
			not_ok(check, "cpu 0x%lx: 0x%lx, asked again 0x%lx",
			       c->mpidr, c->st, c->st_again);
			return;
		}
	ok(check);
}

void record_map(struct cpu *c)
{
	/* A load that is not aligned is not one. */
	c->usable = has_record(c) && c->st % sizeof(uint64_t) == 0 &&
		    is_physical(c) && mmu_map(c->st, RECORD_SIZE, MMU_DATA);
}

void check_places(void)
{
	check_place(CHECK_ALIGNED, is_aligned);
	check_place(CHECK_PHYSICAL, is_physical);
	check_place(CHECK_DISTINCT, is_distinct);
	check_place(CHECK_STABLE, is_stable);
	check_place(CHECK_OUTSIDE, is_outside);
	if (any_node("/reserved-memory", is_pvtime, cpus))
		check_place(CHECK_RESERVED, is_reserved);
	else
		skip_check(CHECK_RESERVED, "the tree has no node pvtime");
	check_place(CHECK_DEVICES, is_no_device);
}
