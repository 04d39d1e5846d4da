/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flash_store.h - the content of a bank of flash: firmware that is only read, or
 * variables, in a file or, without one, in memory.
 *
 * What is written goes to the file by pwrite(2), not through the mapping: a
 * full disk is an error that the guest is told, and not the end of us.  It is
 * not flushed: it outlives us, but a crash of the host may lose it.
 *
 * Units:   bytes; each has LAYOUT_FLASH_EACH of them.
 * Errors:  0 or a negative errno with err_text(), but flash_store_write(),
 *          which has no words.
 * Owns:    the mapping and the descriptor.
 * Threads: one at a time.
 */
#ifndef DEV_FLASH_STORE_H
#define DEV_FLASH_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct flash_store {
	uint8_t *map; /* what is in it, to be read; NULL: closed */
	int fd;	      /* -1: it cannot be written to */
	bool told;    /* of the first error */
};

/*
 * The file @path, and zeroes behind it; it must not be rewritten in place as
 * long as this is open.  As file_open(); -EFBIG: larger than a bank.
 */
int flash_store_firmware(struct flash_store *s, const char *path);

/*
 * The file @path, locked, made or made longer where it has to be; NULL: memory.
 * -EBUSY: in use.  -EFBIG: larger than a bank.  -EISDIR, -EINVAL: no file;
 * else as open(2).
 */
int flash_store_vars(struct flash_store *s, const char *path);

/* Fine on a zeroed *s, and twice. */
void flash_store_close(struct flash_store *s);

/* -EROFS: firmware.  The first other error is logged. */
int flash_store_write(struct flash_store *s, const uint8_t *from, uint64_t off,
		      uint64_t size);

#endif
