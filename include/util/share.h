/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.h - a folder of the host for a guest, by virtiofsd(1): started, with its
 * own sandbox, and connected to.
 *
 * It ends with the process that started it, however that ends.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the process and the connection.
 * Threads: share_start(): one that lives as long as the process is wanted, for
 *          it is killed with that; the others any, one at a time.
 */
#ifndef UTIL_SHARE_H
#define UTIL_SHARE_H

#include <stdbool.h>
#include <sys/types.h>

struct share_config {
	const char *dir; /* its first dir_len bytes */
	int dir_len;
	bool read_only;
	const char *sandbox; /* NULL: the daemon's default */
};

/*
 * Start it; *ret_fd is its vhost-user socket, the caller's.  -ENOENT: there is
 * no virtiofsd, or no folder.
 */
int share_start(const struct share_config *config, pid_t *ret_pid, int *ret_fd);

/* Kill it, if it still is there. */
void share_end(pid_t pid);

#endif
