/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.h - kernel files: what kind it is, how much room it needs, its bytes.
 *
 * A kernel comes as a raw arm64 Image, as the same behind gzip, inside an EFI
 * zboot wrapper (gzip or zstd), or as a flat program without any header.  All
 * are opened alike: after image_open() the caller knows how much memory the
 * kernel needs and where in a 2 MiB frame it wants to be, chooses the place,
 * and has the bytes put straight into guest memory: a large flat
 * program mapped where its place is page-aligned, all else read or unpacked.
 *
 * Spec:    Linux Documentation/arch/arm64/booting.rst section 4; the EFI zboot
 *          header (drivers/firmware/efi/libstub/zboot-header.S); RFC 1952.
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds, beginning with
 *          the path.  -ENOEXEC: not a kernel, truncated or corrupt.
 * Owns:    the file descriptor.  Borrows the path for its messages.
 * Threads: one at a time per struct image.
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

enum image_packing { IMAGE_PLAIN, IMAGE_GZIP, IMAGE_ZSTD };

struct image {
	const char *path; /* borrowed */
	int fd;		  /* owned; -1 when closed */
	enum image_packing packing;
	bool flat;	       /* no arm64 header */
	bool copy;	       /* for callers to set: never mapped */
	uint64_t payload;      /* where the (packed) kernel is in the file */
	uint64_t payload_size; /* and its bytes there */
	uint64_t text_offset;  /* place, counted from a 2 MiB boundary;
				 * this and mem_size are below 2^52 */
	uint64_t mem_size;     /* memory needed from there on, more than the
				 * file where the kernel says so; 0: unknown,
				 * keep free all that can be: a packed flat
				 * program, or a kernel from before 3.17 */
};

/* A flat program goes this far above the start of RAM. */
#define IMAGE_FLAT_OFFSET 0x80000u

/*
 * Open @path and learn all of the above.  As file_open(), but -ENOEXEC: empty,
 * truncated, corrupt, certainly no kernel, or packed in a way we do not open
 * (named, with what to do).  Without any header a file is a flat program.  On
 * error nothing is held.
 */
int image_open(struct image *img, const char *path);

/*
 * Put the kernel at @dst, where @room bytes of zeroed guest memory begin; a
 * file mapping may replace part of them (MAP_PRIVATE | MAP_FIXED) unless copy is
 * set, so a plain file must not be rewritten in place meanwhile.  What is unpacked may be more
 * than mem_size, never more than @room.  May be called again for a fresh
 * start.  -E2BIG: needs more than @room; -ENOEXEC: corrupt or truncated;
 * -ENODATA: the file has shrunk since it was opened.
 */
int image_load(const struct image *img, void *dst, uint64_t room);

/* Fine on a closed image, and twice; a zeroed one must have fd = -1. */
void image_close(struct image *img);

#endif
