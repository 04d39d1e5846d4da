/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack.h - gzip and zstd: from a part of a file straight into memory.
 *
 * What the file holds is unpacked where it is wanted, without a copy of the
 * whole in between.  Streams that follow each other are unpacked one after the
 * other, and anything else behind them is ignored, as gzip(1) does.
 *
 * Spec:    RFC 1952 (gzip), RFC 8878 (zstd; windows up to 128 MiB).
 * Units:   bytes.
 * Errors:  a count or a negative errno whose words err_text() holds, beginning
 *          with the format.  -ENOEXEC: corrupt, or truncated, as the words
 *          say; -E2BIG: unpacks to more than the room; -ENOMEM.  On error
 *          the room is partly filled.
 * Owns:    nothing: no memory is held after a call.
 * Threads: any; 64 KiB of stack.
 */
#ifndef BOOT_UNPACK_H
#define BOOT_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Unpack the @size bytes at @off of @fd to @dst, where there are @room bytes;
 * returns how many it were.  With @head_only stop, content, when @dst is full.
 */
int64_t unpack_gzip(int fd, uint64_t off, uint64_t size, void *dst,
		    uint64_t room, bool head_only);
int64_t unpack_zstd(int fd, uint64_t off, uint64_t size, void *dst,
		    uint64_t room, bool head_only);

#endif
