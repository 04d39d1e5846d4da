/* SPDX-License-Identifier: BSD-2-Clause */
/* vsock.h - the option --vsock CID. */
#ifndef CMD_VSOCK_H
#define CMD_VSOCK_H

/* Of a struct machine, once. */
int vsock_option(void *machine, const char *arg);

#endif
