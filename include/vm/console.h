/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.h - the guest's serial port, and virtio's console where it has one, on
 * the user's terminal, file or pipe, or on an outlet (outlet.h).
 *
 * Output of both goes into one ring, by vCPU threads; the main thread writes it
 * out as fast as the other side takes it.  A vCPU never waits inside a device;
 * when the ring is nearly full it waits in console_wait(), outside of all
 * locks, so that signals, time limits and input work however long the reader
 * sleeps.  What virtio's console has no room for it keeps itself.  While nobody
 * has opened the terminal of an outlet, the newest of it is kept for who comes.
 *
 * Input: the main thread reads and hands on what the guest's FIFO has room
 * for; it is virtio's console that gets it where there is one.  On a terminal,
 * which is raw meanwhile, Ctrl-a begins a command: x ends the VM, b sends a break
 * (virtio: Ctrl-o, which is Linux's for the same there), c shows these, a sends
 * Ctrl-a itself.
 *
 * Errors:  told by broken().
 * Owns:    the ring and the state of the terminal.  Borrows fd 0 and the output's.
 * Threads: the ports: any; console_wait(): vCPUs; the rest: main.
 */
#ifndef VM_CONSOLE_H
#define VM_CONSOLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dev/device.h"
#include "util/lock.h"

struct loop;
struct outlet;

enum {
	CONSOLE_RING = 16384, /* a power of two */
	CONSOLE_SLACK = 4096, /* what vCPUs may add once it is full */
};

/* Who speaks. */
enum console_line { CONSOLE_SERIAL, CONSOLE_VIRTIO, CONSOLE_LINES };

/* What the console has to tell; from the thread in which it happens. */
struct console_events {
	void (*wake)(void *ctx); /* any: main must call console_woken() */
	/* Any, one at a time: the guest sent this. */
	void (*sent)(void *ctx, enum console_line line, const uint8_t *buf,
		     size_t len);
	void (*end)(void *ctx); /* main: the user wants the VM to end */
	void (*broken)(void *ctx, int err); /* main: output goes nowhere now */
};

struct console {
	struct console_port port;   /* for the UART */
	struct console_port virtio; /* for virtio's console */
	const struct console_events *events;
	void *ctx;	       /* theirs */
	struct device *uart;   /* borrowed */
	struct device *hvc;    /* borrowed; NULL: no virtio console */
	struct loop *loop;     /* borrowed */
	struct outlet *outlet; /* borrowed; NULL: none */

	uint8_t ring[CONSOLE_RING];
	struct lock put_lock; /* of those who put */
	atomic_uint put, got; /* bytes ever put in, taken out */
	atomic_bool pending;  /* main was woken and has not come yet */
	atomic_bool full;     /* vCPUs shall wait */
	atomic_uint waiting;  /* and so many do */
	atomic_bool room;     /* the guest may take more input */
	atomic_bool held;     /* virtio's console has more */
	pthread_mutex_t lock; /* for the condition only */
	pthread_cond_t drained;
	bool released; /* nobody waits */

	uint64_t due_ns; /* when what has gathered is written; 0: nothing */
	int given_fd;	 /* borrowed; -1: output goes nowhere */
	int out_fd;	 /* the same, or owned */
	int in_fd;	 /* borrowed */
	bool out_watched, out_broken, out_plain;
	bool away; /* nobody has the outlet's terminal open */
	bool from_stdin, in_open, in_watched, in_tty, escaped;
	uint8_t in[64]; /* read, not yet taken */
	size_t in_first, nr_in;
};

/* Output goes to @out; -1: nowhere. */
void console_init(struct console *c, const struct console_events *events,
		  void *ctx, int out);

/* Before console_start(): all goes to @outlet instead, and comes from there. */
void console_to(struct console *c, struct outlet *outlet);

/*
 * Descriptors are watched in @loop.  With @input what fd 0 has goes to @hvc, or
 * to @uart where that is NULL, and a terminal there becomes raw.
 */
void console_start(struct console *c, struct device *uart, struct device *hvc,
		   struct loop *loop, bool input);

/* We were stopped and go on: the terminal may be ours no more, or again. */
void console_again(struct console *c);

/* The terminal may have another size now. */
void console_resized(struct console *c);

/*
 * In reaction to wake(); and console_serve() once console_due() (0: not at all)
 * is past, by clock_mono_ns().
 */
void console_woken(struct console *c);
uint64_t console_due(const struct console *c);
void console_serve(struct console *c);

/* Must the calling vCPU wait before it goes on?  Cheap: after each access. */
static inline bool console_is_full(const struct console *c)
{
	return atomic_load_explicit(&c->full, memory_order_relaxed);
}

/*
 * Wait for room.  From console_release() to console_hold() nobody waits: the
 * vCPUs are wanted elsewhere.
 */
void console_wait(struct console *c);
void console_release(struct console *c);
void console_hold(struct console *c);

/* Write out what is left, give the terminal back. */
void console_stop(struct console *c);

void console_fini(struct console *c);

#endif
