/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.h - kernel and initrd: where in RAM they go, and putting them there.
 *
 *	                     a kernel with a header     a flat program
 *	RAM start + 0        device tree, to 512 KiB    -
 *	          + 512 KiB  -                          the program
 *	          + 2 MiB    + text_offset: the kernel  .
 *	          :          and its image_size         .
 *	the highest 64 KiB   initrd                     initrd
 *	boundary it fits at
 *	the last 512 KiB     .                          device tree
 *
 * "The highest" and "the last" are of the first 32 GiB, which is as far as
 * arm64 Linux looks for an initrd.
 *
 * Spec:    Linux Documentation/arch/arm64/booting.rst sections 2 and 4,
 *          Documentation/driver-api/early-userspace/buffer-format.rst.
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds.  -E2BIG: does
 *          not fit into RAM.
 * Owns:    the initrd's descriptor.  Borrows the kernel and the path.
 * Threads: one at a time.
 */
#ifndef BOOT_LOAD_H
#define BOOT_LOAD_H

#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

struct gmem;
struct image;

/* An initrd is a file, a few bytes of ours, or the one before the other. */
struct load_initrd {
	const char *path;  /* borrowed; NULL: none */
	const void *extra; /* borrowed; a cpio archive; NULL: none */
	uint64_t extra_size;
};

struct load {
	const struct image *kernel; /* borrowed */
	struct load_initrd from;    /* strings and bytes borrowed */
	int initrd_fd;		    /* owned; -1: no file */
	uint64_t file_size;	    /* of that; the archive follows aligned */
	gpa_t dtb;
	uint64_t dtb_room;
	gpa_t entry; /* the kernel's first byte */
	uint64_t kernel_room;
	gpa_t initrd;
	uint64_t initrd_size; /* 0: none */
};

/*
 * Open @initrd's file and choose places for it and for @kernel in @ram_size
 * bytes of RAM at @ram.  On error nothing is held.
 */
int load_init(struct load *load, const struct image *kernel,
	      const struct load_initrd *initrd, gpa_t ram, uint64_t ram_size);

/* Put both where they belong in @mem, fresh and zero; as often as needed. */
int load_into(const struct load *load, const struct gmem *mem);

/* Undo load_init().  Fine when initrd_fd is -1, and twice. */
void load_fini(struct load *load);

#endif
