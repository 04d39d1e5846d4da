/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.h - the files a user hands us: opened with care, read exactly, placed.
 *
 * Kernels and initrds are large, and most bytes of them are read once by the
 * guest or never: so a whole file can be placed in guest memory by mapping it,
 * privately, and costs memory only where the guest touches it.  The price is
 * that the file must not be rewritten in place while the guest runs (replacing
 * it by rename, as package managers do, is fine).
 *
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds.  file_open()
 *          names the path; the others have only a descriptor, so their callers
 *          put the path in front with err_in().
 * Owns:    nothing; the caller closes what file_open() returned.
 * Threads: any.
 */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Open the regular, non-empty file @path for reading; returns the descriptor
 * (close-on-exec) and its size.  Never blocks, not even on a pipe.  -EISDIR: a
 * directory; -EINVAL: no regular file; -ENODATA: empty; else as open(2).
 */
int file_open(const char *path, uint64_t *ret_size);

/* Read exactly @size bytes from @off on.  -ENODATA: the file ends before. */
int file_read(int fd, void *buf, uint64_t size, uint64_t off);

/*
 * Have the first @size bytes, which must be all the file has, at @dst, in
 * anonymous memory of which @room bytes are the caller's.  Mapped (private,
 * writable) where @dst is page-aligned and @room covers the last page whole,
 * what follows the file there reading as zeros; else, and wherever the kernel
 * does not map, read.  -E2BIG: @size is more than @room, nothing was done.
 */
int file_place(int fd, uint64_t size, void *dst, uint64_t room);

#endif
