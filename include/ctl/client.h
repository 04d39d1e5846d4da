/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.h - asks running guests' VMMs; see server.h for the words.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.  -ENOENT: no
 *          guest of that name; -ETIMEDOUT: its VMM does not answer;
 *          -ECONNRESET: it hung up, as it does when the guest has ended.
 * Owns:    a connection, and the room for its replies.
 * Threads: one for each connection.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <stddef.h>

/* A reply of 512 vCPUs is well below it. */
enum { CTL_REPLY_MAX = 1024 * 1024 };

struct ctl_client {
	int fd;	     /* owned; -1: none */
	int pid;     /* of the VMM; 0: it is not known here */
	char *reply; /* owned; grows up to CTL_REPLY_MAX */
	size_t len, room;
	size_t used; /* of the reply, by the latest line */
};

/* Connect to the guest @name.  On error *c is closed. */
int ctl_client_open(struct ctl_client *c, const char *name);

/*
 * Send @words, one line without its newline, but do not wait; for whoever asks
 * many guests at once.
 */
int ctl_client_send(struct ctl_client *c, const char *words);

/*
 * The reply, one line without its newline, in *ret_line, valid until the next
 * call; waits for it up to @patience_ns.
 */
int ctl_client_receive(struct ctl_client *c, unsigned long long patience_ns,
		       const char **ret_line);

/*
 * Is @line, a reply, that of a word that acts, and was it done?  -EPROTO: no; the
 * words are those of the VMM, where it says why.
 */
int ctl_client_done(const char *line);

/* Fine on a closed *c. */
void ctl_client_close(struct ctl_client *c);

/*
 * All of it for one question, with the patience that a person has.  On error *c
 * is closed.
 */
int ctl_ask(struct ctl_client *c, const char *name, const char *words,
	    const char **ret_line);

#endif
