/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path.h - where the control socket of a guest is.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Threads: any.
 */
#ifndef CTL_PATH_H
#define CTL_PATH_H

#include <stdbool.h>
#include <sys/un.h>

/* -EINVAL unless @name is up to 64 letters, digits and ._-, no dot first. */
int ctl_name(const char *name);

/* What a guest is called that was given no name: "guest-PID". */
enum { CTL_MADE_NAME_SIZE = 24 };
void ctl_name_make(char buf[static CTL_MADE_NAME_SIZE]);

/* The address of @name's socket; @make its folder, for the owner alone. */
int ctl_path(const char *name, bool make, struct sockaddr_un *ret_addr);

#endif
