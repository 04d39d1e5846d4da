/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.h - the control socket of a running guest, inside its VMM.
 *
 * A client connects, sends a word and a newline, and gets one line of JSON;
 * then it may send another.  Words, in protocol version 1:
 *
 *	stat	{"version":1,"name":NAME,"pid":N,"provider":NAME,"vcpus":[
 *		{"id":N,"tid":N,"stolen_ns":N,"record_ns":N,"run_ns":N},...]}
 *
 * stolen_ns is the host scheduler's count, record_ns what the guest's record
 * says.  Anything else is answered {"error":TEXT}.
 *
 * The socket is NAME.sock in /run/pvtime-vmm (root) or in pvtime-vmm in the
 * user's runtime folder, reachable by its owner only.  One left behind by a
 * killed VMM is replaced.  Clients are served between other work and never
 * waited for: one that is slow, silent or sends nonsense is closed.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.  -EADDRINUSE: a
 *          guest of that name is running.
 * Owns:    the socket, its file, and the connections.
 * Threads: that of the loop.
 */
#ifndef CTL_SERVER_H
#define CTL_SERVER_H

#include <stddef.h>

struct vm;

struct ctl_server;

/* Serve @name's socket from @vm's loop, until ctl_server_free(). */
int ctl_server_new(struct vm *vm, const char *name,
		   struct ctl_server **ret_server);

/* Fine on NULL. */
void ctl_server_free(struct ctl_server *server);

#endif
