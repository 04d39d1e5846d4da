/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.h - the control socket of a running guest, inside its VMM.
 *
 * A client connects, sends a line of words, and gets one line of JSON; then it
 * may send another.  Words are ASCII, separated by spaces; the line ends with a
 * newline, or with a carriage return and one.  In protocol version 1:
 *
 *	version			{"version":1,"program":VERSION,"words":[WORD,...]}
 *	stat			see stat.h
 *	pause [freeze|steal]	as vm_pause(); without either as the run line says
 *	resume
 *	reset			the guest boots again
 *	stop [now]		as vm_ask_to_stop(), or vm_stop()
 *	steal PERCENT [cpu LIST] [for SECONDS]
 *				as vm_hold(): "25", "25%" or "12.5%", 0 ends it;
 *				LIST "0,2-3" (all); SECONDS "90" or "1.5" (for
 *				good)
 *	balloon SIZE		as vm_balloon(): "512" (MiB), "512M", "1G", 0
 *
 * Those that act are answered {"version":1,"ok":true,"state":STATE}, where
 * STATE is "running", "paused" or "stopping".  What is refused is answered
 * {"version":1,"error":TEXT} and has changed nothing.  Bytes that are no text,
 * a line of 4096 bytes or more and one without an end are answered so, too, and
 * behind that the connection is closed.  It is also closed when the machine ends.
 *
 * The socket is NAME.sock in /run/pvtime-vmm (root) or in pvtime-vmm in the
 * user's runtime folder, for its owner alone by the modes of both.  One left
 * behind by a killed VMM is replaced.
 *
 * Clients are served between other work, a line each in turn, and never waited
 * for.  CTL_CLIENTS have a place at a time; for one more the one that has been
 * silent longest makes room, and is told.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.  -EADDRINUSE: a
 *          guest of that name is running.
 * Owns:    the socket, its file, the connections, and a spare descriptor, so
 *          that there is one for a client when there are no others.
 * Threads: that of the loop.
 */
#ifndef CTL_SERVER_H
#define CTL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct vm;

enum { CTL_CLIENTS = 16 };

struct ctl_setup {
	const char *name; /* borrowed; ctl_name() liked it */
	bool on_pause_steals;
	uint64_t grace_ns; /* of "stop" */
};

struct ctl_server;

/* Serve the socket from @vm's loop, until ctl_server_free(). */
int ctl_server_new(struct vm *vm, const struct ctl_setup *setup,
		   struct ctl_server **ret_server);

/* Fine on NULL. */
void ctl_server_free(struct ctl_server *server);

#endif
