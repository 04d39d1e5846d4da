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
#include <stdint.h>

/*
 * Make the terminal at fd 0 raw; again after it was given back, or after we
 * were stopped and others used it.  False, with errno ENOTTY: it is none; with
 * another errno: we are in the background and must leave it alone.
 */
bool tty_raw(void);

/* The size of the terminal at @fd.  False: it is none. */
bool tty_size(int fd, uint16_t *ret_columns, uint16_t *ret_rows);

/* Fine at any time, and twice. */
void tty_restore(void);

#endif
