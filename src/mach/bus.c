/* SPDX-License-Identifier: BSD-2-Clause */
#include "mach/bus.h"

#include <errno.h>
#include <inttypes.h>

#include "util/err.h"
#include "util/log.h"

void bus_init(struct bus *bus)
{
	*bus = (struct bus){ 0 };
}

int bus_add(struct bus *bus, struct bus_window *w)
{
	if (bus->nr_windows == BUS_WINDOWS_MAX)
		return err_say(ENOSPC, "bus: more than %d windows",
			       BUS_WINDOWS_MAX);
	for (unsigned i = 0; i < bus->nr_windows; i++) {
		const struct bus_window *o = bus->windows[i];

		if (w->base < o->base + o->size && o->base < w->base + w->size)
			return err_say(EEXIST,
				       "bus: window at %#" PRIx64
				       " overlaps the one at %#" PRIx64,
				       w->base, o->base);
	}
	bus->windows[bus->nr_windows++] = w;
	return 0;
}

/* The window that holds all of @len bytes at @gpa, or NULL. */
static struct bus_window *find(struct bus *bus, gpa_t gpa, unsigned len)
{
	for (unsigned i = 0; i < bus->nr_windows; i++) {
		struct bus_window *w = bus->windows[i];

		/* gpa - base is huge below the window: one test for both. */
		if (gpa - w->base < w->size)
			return len <= w->size - (gpa - w->base) ? w : NULL;
	}
	return NULL;
}

static void nothing(struct bus *bus, const char *what, gpa_t gpa, unsigned len)
{
	if (!atomic_load(&bus->told) && !atomic_exchange(&bus->told, true))
		log_warn("guest %s %u bytes at %#" PRIx64 ", where nothing is; "
			 "further ones are not logged",
			 what, len, gpa);
}

uint64_t bus_read(struct bus *bus, gpa_t gpa, unsigned len)
{
	struct bus_window *w = find(bus, gpa, len);
	uint64_t v;

	if (!w) {
		nothing(bus, "reads", gpa, len);
		return 0;
	}
	lock_take(w->lock);
	v = w->read(w->owner, gpa - w->base, len);
	lock_give(w->lock);
	return len < 8 ? v & ((UINT64_C(1) << 8 * len) - 1) : v;
}

void bus_write(struct bus *bus, gpa_t gpa, unsigned len, uint64_t v)
{
	struct bus_window *w = find(bus, gpa, len);

	if (!w) {
		nothing(bus, "writes", gpa, len);
		return;
	}
	lock_take(w->lock);
	w->write(w->owner, gpa - w->base, len, v);
	lock_give(w->lock);
}
