/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet.h - where a console goes that is not on the user's terminal: a file, or
 * a terminal of its own that others open and leave as they like.
 *
 * The kernel tells by a descriptor when somebody opens that terminal: nothing
 * has to look again and again.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    its descriptors and the link.  Borrows strings.
 * Threads: one.
 */
#ifndef VM_OUTLET_H
#define VM_OUTLET_H

#include <stdbool.h>

struct vm_config;

struct outlet {
	int fd;		  /* to write to; -1: none */
	int in_fd;	  /* to read from; -1: a file */
	int opens_fd;	  /* readable when somebody has opened it; or -1 */
	char name[32];	  /* of the terminal */
	const char *link; /* that we have made; NULL: none */
};

/* Of no kind: outlet_close() is fine on it. */
void outlet_init(struct outlet *o);

/*
 * As @config says: a file, which is appended to and, if new, is its owner's
 * alone; or a terminal, to which console_path, if there is one, becomes a
 * symbolic link.  One that points into /dev/pts is replaced: its maker was killed.
 * Neither: nothing is opened, 0.
 */
int outlet_open(struct outlet *o, const struct vm_config *config);

/* What opens_fd told is known: it tells of who comes next. */
void outlet_opened(const struct outlet *o);

/* Also removes the link, if it is ours still. */
void outlet_close(struct outlet *o);

/* A plain file, of which poll(2) knows nothing: always ready? */
bool outlet_is_plain(int fd);

/*
 * A terminal that does not keep up would hold us in write(2), whatever poll(2)
 * said before.  Not so by a description of our own, which does not wait; the
 * one that we share with the shell must not be changed.
 */
int outlet_again(int fd);

#endif
