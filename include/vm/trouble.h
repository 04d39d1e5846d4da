/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trouble.h - what a Linux kernel says when something is wrong with it.
 *
 * Its words are not part of any interface, but they have been stable for many
 * years, and all who test kernels live by them.
 *
 * Errors:  none.
 * Threads: any.
 */
#ifndef VM_TROUBLE_H
#define VM_TROUBLE_H

#include <stdint.h>

/* The worse, the higher. */
enum trouble {
	TROUBLE_NONE,
	TROUBLE_WARNING, /* WARN(), sanitizers, lockdep */
	TROUBLE_STALL,	 /* RCU stalls, lockups, hung tasks */
	TROUBLE_OOPS,	 /* BUG(), faults, corruption */
	TROUBLE_PANIC,
	TROUBLE_KINDS
};

extern const char *const trouble_names[TROUBLE_KINDS];

/*
 * What @line of a kernel's log tells: as dmesg has it, or behind the console's
 * time stamp.
 */
enum trouble trouble_in(const char *line);

/* @line without what stands before its words. */
const char *trouble_words(const char *line);

/*
 * The kernel's words where it begins to panic, and where it has said all:
 * behind a time stamp wherever in the line that is, else at its beginning.
 * NULL: neither.
 */
const char *trouble_panic(const char *line);
const char *trouble_panic_end(const char *line);

/*
 * What the bits of /proc/sys/kernel/tainted tell, the worst of them; *ret_what
 * is in words.
 */
enum trouble trouble_taint(uint64_t bits, const char **ret_what);

#endif
