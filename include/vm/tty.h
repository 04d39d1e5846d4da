/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty.h - the user's terminal, raw while a guest has it, and given back as it
 * was on every way out: normal ends, signals that end us, and our own crashes.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the saved settings, one terminal to a process.
 * Threads: one; the crash handlers run wherever a crash happens.
 */
#ifndef VM_TTY_H
#define VM_TTY_H

#include <stdbool.h>

/*
 * Make the terminal at fd 0 raw.  False: it is none, or we are in the
 * background and must leave it alone.
 */
bool tty_raw(void);

/* We were stopped and go on: the shell may have changed the terminal. */
void tty_again(void);

/* Fine at any time, and twice. */
void tty_restore(void);

#endif
