/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gmem.h - the guest's RAM, and the only way from a guest address to a host
 * pointer.
 *
 * RAM is one anonymous mapping, and one memory slot for each 4 TiB of it.  It costs the host nothing
 * until the guest touches it; we touch only where kernel, initrd and device
 * tree go.  An address that comes from the guest is checked here, whole range
 * at once, before anybody follows it.
 *
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the mapping and the slot.  Borrows the VM's descriptor.
 * Threads: gmem_at() from any; the rest while no vCPU runs.
 */
#ifndef MACH_GMEM_H
#define MACH_GMEM_H

#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

struct gmem {
	uint8_t *host; /* of the first byte of RAM; NULL: none */
	gpa_t base;
	uint64_t size;
	int vm_fd;	   /* borrowed */
	unsigned slot;	   /* the first */
	void *map;	   /* owned: host rounded down, and */
	uint64_t map_size; /* room to align it */
};

/*
 * Make @size bytes (a multiple of 64 KiB) of zeroed RAM at @base, in slots from
 * @slot on.
 */
int gmem_init(struct gmem *mem, int vm_fd, unsigned slot, gpa_t base,
	      uint64_t size);

/* All RAM is zero again and the host has its pages back. */
int gmem_clear(struct gmem *mem);

/*
 * Little of it will be touched: back RAM with small pages, until gmem_clear().
 * A host that has no huge pages takes no notice.
 */
void gmem_small_pages(const struct gmem *mem);

/* The host's view of @size bytes at @gpa; NULL unless all of them are RAM. */
void *gmem_at(const struct gmem *mem, gpa_t gpa, uint64_t size);

/* Undo gmem_init().  Fine on a zeroed *mem, and twice. */
void gmem_fini(struct gmem *mem);

#endif
