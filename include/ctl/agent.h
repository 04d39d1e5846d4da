/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent.h - the host's side of the talk with guest/init, which does in a guest
 * what a boot test asks it to do.
 *
 * It goes over a serial line of its own (/dev/ttyAMA1 in the guest), so that
 * nothing the kernel or a program prints can spoil it, in lines of ASCII:
 *
 *	guest	hello 1 RELEASE		init has begun; 1 is this protocol
 *	host	N VERB [ARGUMENTS]	N counts up from 1
 *	guest	N + TEXT		any number of lines that answer it,
 *	guest	N ok [TEXT]		and one of these two as the last:
 *	guest	N bad TEXT		it could not be done, and why
 *
 * Requests may overlap: "ping" is answered while "exec" runs.  The verbs:
 *
 *	ping		nothing
 *	read PATH	+ each line of the file
 *	write PATH TEXT	write TEXT to the file, with one write(2)
 *	stat		+ the lines "cpuN ..." of /proc/stat (fields 1 to 10);
 *			+ "busyN NS": CPU time of the loop on that CPU;
 *			ok NS: CLOCK_MONOTONIC when /proc/stat had been read
 *	busy LIST	an endless loop on each CPU of LIST (as 0-2,5), in
 *			place of those that run; ok once all are on their CPU
 *	rest		end them all
 *	log LEVEL [TEXT]	+ "PRIORITY USEC MESSAGE" for each message of the
 *			kernel since the last "log" that is of LEVEL (0 to 7)
 *			or more urgent, or has TEXT in it; ok LOST messages
 *	exec TEXT	run TEXT by /bin/sh -c, or where no shell is, as words
 *			at blanks; ok "exit N LINE" or "signal N LINE", LINE the
 *			last that it printed (all of it goes to the console,
 *			"| " before each line)
 *	kexec PATH	load that kernel in place of this one, ok, start it
 *	reboot		ok, reset the machine
 *	off		ok, power it off
 *	init PATH	ok, become that program; bad after ok: it could not,
 *			and powers off
 *
 * A guest is not trusted: what it says is short lines of printable ASCII or it
 * is cut, and too much of it ends the talk.
 *
 * Units:   nanoseconds.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    what the guest said and nobody has taken yet.
 * Threads: agent_port is the UART's, in vCPU threads; the rest one thread's.
 */
#ifndef CTL_AGENT_H
#define CTL_AGENT_H

#include <stdbool.h>
#include <stddef.h>

enum {
	AGENT_PROTOCOL = 1,
	AGENT_LINE_MAX = 512,	  /* of the guest's */
	AGENT_ASK_MAX = 1024,	  /* of the host's, with its newline */
	AGENT_DATA_MAX = 1 << 19, /* of all data lines of an answer */
};

/* What a line of the guest's is. */
enum agent_word {
	AGENT_NOISE, /* nothing that the protocol knows */
	AGENT_HELLO, /* text: RELEASE */
	AGENT_OTHER, /* another protocol: text says which */
	AGENT_DATA,
	AGENT_OK,
	AGENT_BAD,
};

struct agent_line {
	enum agent_word word;
	unsigned number;  /* of the request that it answers */
	const char *text; /* until the next byte */
};

/* Lines from bytes. */
struct agent {
	char line[AGENT_LINE_MAX];
	size_t len;
};

/* Nothing has come yet. */
void agent_init(struct agent *a);

/* The next byte; true when a line is whole, which *ret describes. */
bool agent_feed(struct agent *a, char byte, struct agent_line *ret);

/*
 * Line "@number VERB ...\n" into @buf; its length.  -E2BIG: it is too long;
 * -EINVAL: it is not printable ASCII.
 */
int agent_request(char buf[static AGENT_ASK_MAX], unsigned number,
		  const char *words);

/* An answer to one request, as its lines come in. */
struct agent_answer {
	unsigned number;
	bool done, ok;
	char text[AGENT_LINE_MAX]; /* of the last line */
	char *data;		   /* owned; lines with newlines, or NULL */
	size_t size, room;
};

/* Begin to wait for the answer to @number; the one before is forgotten. */
void agent_expect(struct agent_answer *answer, unsigned number);

/*
 * Take @line if it belongs there; "bad" may follow "ok", see init.  -ENOMEM;
 * -E2BIG: more than is allowed.
 */
int agent_answer(struct agent_answer *answer, const struct agent_line *line);

/* Fine on a zeroed *answer, and twice. */
void agent_forget(struct agent_answer *answer);

#endif
