/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panic.h - sees on the console that a Linux guest has panicked.
 *
 * arm64 has no standard way for a guest to say so, and a panicked kernel sits
 * in a loop for ever unless it was told to reboot.  Its last words are stable:
 * "Kernel panic - not syncing: REASON" when it begins and "---[ end Kernel
 * panic - not syncing: ..." once nothing more will happen.
 *
 * Errors:  none.
 * Owns:    nothing.
 * Threads: one at a time.
 */
#ifndef VM_PANIC_H
#define VM_PANIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PANIC_LINE_MAX = 256 };

struct panic {
	char line[PANIC_LINE_MAX]; /* so far; what is longer is cut */
	size_t len;
	char reason[PANIC_LINE_MAX]; /* "" until it panics */
};

void panic_init(struct panic *p);

/*
 * The guest sent @len bytes.  True once, when the panic is over: the guest
 * hangs.
 */
bool panic_feed(struct panic *p, const uint8_t *buf, size_t len);

#endif
