/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gmem.h - the guest's RAM, and the only way from a guest address to a host
 * pointer.
 *
 * RAM is one mapping, and one memory slot for each 4 TiB of it.  It costs the host nothing
 * until the guest touches it; we touch only where kernel, initrd and device
 * tree go.  An address that comes from the guest is checked here, whole range
 * at once, before anybody follows it.
 *
 * It is anonymous and ours alone, or a file: of the user's, or without a name,
 * of small or of huge pages.  A file can be handed to another process that
 * works for the guest; it is mapped shared, so nothing else may be mapped over
 * it.
 *
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the mapping, its file and the slot.  Borrows the VM's descriptor.
 * Threads: gmem_at() from any; the rest while no vCPU runs.
 */
#ifndef MACH_GMEM_H
#define MACH_GMEM_H

#include <stdbool.h>
#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

/* What RAM is made of; zeroed: private memory. */
struct gmem_config {
	bool shared;	  /* a file without a name will do */
	bool huge;	  /* huge pages, of the host's default size */
	const char *path; /* the user's file, which loses what is in it */
};

struct gmem {
	uint8_t *host; /* of the first byte of RAM; NULL: none */
	gpa_t base;
	uint64_t size;
	int vm_fd;	   /* borrowed */
	unsigned slot;	   /* the first */
	void *map;	   /* owned: host rounded down, and */
	uint64_t map_size; /* room to align it */
	bool shared;
	int fd;	       /* owned: its file, from the first byte; if shared */
	uint64_t kept; /* bytes at its end that are for nobody else */
};

/*
 * Make @size bytes (a multiple of 64 KiB) of zeroed RAM at @base, in slots from
 * @slot on.
 */
int gmem_init(struct gmem *mem, int vm_fd, unsigned slot, gpa_t base,
	      uint64_t size);

/*
 * The same, made of what @config says.  -ENOMEM: the host has too few huge
 * pages; -EBUSY: the file is in use; -EISDIR, -EINVAL: it is none that can be
 * memory; else as open(2).
 */
int gmem_init_as(struct gmem *mem, int vm_fd, unsigned slot, gpa_t base,
		 uint64_t size, const struct gmem_config *config);

/* How much of it, from its first byte on, others may see. */
static inline uint64_t gmem_lent(const struct gmem *mem)
{
	return mem->size - mem->kept;
}

/* All RAM is zero again and the host has its pages back. */
int gmem_clear(struct gmem *mem);

/*
 * The guest has no use for what is in [@gpa, @gpa + @size) now: the host has
 * back whichever of its pages lie in there whole and are RAM that is lent.
 * What the guest finds there later is anything it had there before, or zeroes.
 * Huge pages stay: there might be none when the guest wants them back.
 * From any thread.
 */
void gmem_discard(const struct gmem *mem, gpa_t gpa, uint64_t size);

/*
 * Little of it will be touched: back RAM with small pages, until gmem_clear().
 * A host that has no huge pages takes no notice, nor does RAM that is a file.
 */
void gmem_small_pages(const struct gmem *mem);

/* The host's view of @size bytes at @gpa; NULL unless all of them are RAM. */
void *gmem_at(const struct gmem *mem, gpa_t gpa, uint64_t size);

/* Undo gmem_init().  Fine on a zeroed *mem, and twice. */
void gmem_fini(struct gmem *mem);

#endif
