/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty.h - the user's terminal, raw while a guest has it, and given back as it
 * was on every way out: normal ends, signals that end us, and our own crashes.
 *
 * Errors:  by errno.
 * Owns:    the saved settings, one terminal to a process.
 * Threads: one; the handlers of deadly signals run wherever those hit.
 */
#ifndef VM_TTY_H
#define VM_TTY_H

#include <stdbool.h>

/*
 * Make the terminal at fd 0 raw; again after it was given back, or after we
 * were stopped and others used it.  False, with errno ENOTTY: it is none; with
 * another errno: we are in the background and must leave it alone.
 */
bool tty_raw(void);

/* Fine at any time, and twice. */
void tty_restore(void);

#endif
