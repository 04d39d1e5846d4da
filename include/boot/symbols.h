/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbols.h - the names of a Linux kernel's functions, by their place in it.
 *
 * A kernel's build leaves two files with them: System.map, a list as nm(1)
 * prints it, and vmlinux, an ELF file.  Both say the same: what of them is read
 * here gives the same answers.  A place is counted from the kernel's first byte
 * (_text), since who knows where a kernel is in memory knows no more.
 *
 * Spec:    nm(1); System V ABI, ELF-64 object files; ELF for the Arm 64-bit
 *          architecture (names that begin with '$').
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds, beginning with
 *          the path.  -ENOEXEC: neither of the two, damaged, or without names.
 * Owns:    its memory; some 10 MiB of a distribution's kernel.
 * Threads: one for open and close; symbols_find() from any in between.
 */
#ifndef BOOT_SYMBOLS_H
#define BOOT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol;

struct symbols {
	char *names;	     /* owned */
	struct symbol *list; /* owned; sorted */
	size_t nr;
	uint64_t text; /* _text, as the file has it */
};

/* Read @path.  As file_open(), and -EFBIG, -ENOMEM.  On error nothing is held. */
int symbols_open(struct symbols *s, const char *path);

/*
 * The function that the byte @offset behind the kernel's first belongs to, and
 * how far into it that is.  The name is printable, shorter than 512 bytes and
 * lives as long as *s.  False: data is there, or nothing; always so where *s is
 * zeroed.
 */
bool symbols_find(const struct symbols *s, uint64_t offset,
		  const char **ret_name, uint64_t *ret_into);

/* Fine on a zeroed *s, and twice. */
void symbols_close(struct symbols *s);

#endif
