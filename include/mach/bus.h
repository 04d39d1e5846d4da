/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus.h - which device answers at a guest address.
 *
 * The bus checks what no device should have to: that an access lies in one
 * window as a whole, that a device's registers are touched by one thread at a
 * time, and that no more bits come back than were asked for.  Where nothing
 * is, reads give zero and writes go nowhere, as on many boards; the first such
 * access of a machine's life is logged.
 *
 * Units:   bytes.
 * Errors:  bus_add(): 0 or a negative errno with err_text().  What the guest
 *          does is never an error.
 * Owns:    nothing; windows are the caller's and stay until the bus is gone.
 * Threads: bus_read() and bus_write() from any; bus_add() before any.
 */
#ifndef MACH_BUS_H
#define MACH_BUS_H

#include <stdatomic.h>
#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */
#include "util/lock.h"

enum { BUS_WINDOWS_MAX = 48 };

struct bus_window {
	gpa_t base;
	uint64_t size;
	void *owner;
	/* @off + @len <= size; @len is 1, 2, 4 or 8. */
	uint64_t (*read)(void *owner, uint64_t off, unsigned len);
	void (*write)(void *owner, uint64_t off, unsigned len, uint64_t v);
	struct lock *lock; /* held around both */
};

struct bus {
	struct bus_window *windows[BUS_WINDOWS_MAX];
	unsigned nr_windows;
	atomic_bool told; /* of the first access to nothing */
};

void bus_init(struct bus *bus);

/* -EEXIST: overlaps another window.  -ENOSPC: no room. */
int bus_add(struct bus *bus, struct bus_window *w);

uint64_t bus_read(struct bus *bus, gpa_t gpa, unsigned len);
void bus_write(struct bus *bus, gpa_t gpa, unsigned len, uint64_t v);

#endif
