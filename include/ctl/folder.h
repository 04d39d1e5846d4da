/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * folder.h - all guests of this user, as their control sockets tell.
 *
 * A socket that nobody serves was left behind by a killed VMM: it is removed.
 * But one that is about to be served refuses a connection just the same, so
 * who looks for that, or makes a socket, has the folder locked meanwhile.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the list.
 * Threads: one.
 */
#ifndef CTL_FOLDER_H
#define CTL_FOLDER_H

struct sockaddr_un;

struct ctl_folder {
	char **names; /* owned, all; in the alphabet's order */
	unsigned nr;
};

/*
 * Lock the folder of the sockets against all others who do, and wait for it up to
 * @patience_ms: nobody needs it for long.  Returns a descriptor, which the caller
 * closes to unlock it; or as open(2); -EWOULDBLOCK: it is locked for longer.
 */
int ctl_folder_lock(unsigned patience_ms);

/* 1: somebody serves the socket at @addr; 0: nobody does. */
int ctl_folder_served(const struct sockaddr_un *addr);

/* The guests that run now; there may be none, and no folder either. */
int ctl_folder_read(struct ctl_folder *ret);

/* Fine on a zeroed *f, and twice. */
void ctl_folder_fini(struct ctl_folder *f);

#endif
