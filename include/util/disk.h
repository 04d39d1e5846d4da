/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk.h - a raw disk image, or a block device, that a guest works on.
 *
 * It is locked for as long as it is open: whoever writes to it has it alone,
 * several may read it together.  What is written is in the host's cache until
 * disk_flush(); once a flush has failed all later ones do, as nobody can tell
 * any more what the cache lost.
 *
 * Units:   bytes.
 * Errors:  disk_open(): 0 or a negative errno with err_text().  The others: 0 or
 *          a negative errno without words, as it is the guest who is told; the
 *          first of a disk is logged.
 * Owns:    the descriptors.  Borrows the config.
 * Threads: any, once open.
 */
#ifndef UTIL_DISK_H
#define UTIL_DISK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum { DISK_SECTOR = 512, DISK_SERIAL_MAX = 20 };

/* What a user says of one. */
struct disk_config {
	const char *path; /* its first path_len bytes */
	int path_len;
	bool read_only;
	bool direct;			  /* past the host's cache */
	char serial[DISK_SERIAL_MAX + 1]; /* "": none */
};

struct disk {
	const struct disk_config *config; /* borrowed */
	int fd;				  /* owned; -1 when closed */
	int direct_fd;		      /* owned: the same with O_DIRECT; or -1 */
	uint64_t size;		      /* a multiple of the block size */
	uint32_t block_size;	      /* that it can be written by: >= 512 */
	uint32_t physical_block_size; /* that it likes to be written by */
	bool can_discard;
	atomic_bool lost; /* a flush has failed */
	atomic_bool told; /* of the first error */
};

/*
 * -EBUSY: in use.  -EISDIR, -EINVAL, -ENODATA: nothing that can be a disk;
 * else as open(2).
 */
int disk_open(struct disk *d, const struct disk_config *config);

/* Fine on a closed *d. */
void disk_close(struct disk *d);

/*
 * Read or write all of the @n buffers at @off, within the disk; @iov is used
 * up.
 */
int disk_read(struct disk *d, struct iovec *iov, unsigned n, uint64_t off);
int disk_write(struct disk *d, struct iovec *iov, unsigned n, uint64_t off);

/* All that was written, discarded or zeroed so far is there to stay. */
int disk_flush(struct disk *d);

/* Nobody needs these bytes any more.  A host that cannot use that need not. */
int disk_discard(struct disk *d, uint64_t off, uint64_t size);

/* They are zero; with @unmap they need not keep their place. */
int disk_zero(struct disk *d, uint64_t off, uint64_t size, bool unmap);

#endif
