/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/uart.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/util.h"
#include "vm/tty.h"

enum {
	CTRL_A = 1,
	/* What a pipe takes whole once poll(2) says that it takes any. */
	CHUNK = 4096,
	/* How long the last output may wait for its reader. */
	LAST_WORDS_MS = 1000,
	/*
	 * How long output gathers before it is written: too short for a person
	 * to see, long enough that a boot's log is not a system call per byte.
	 */
	GATHER_NS = 2000000,
};

static const char help[] = "\n"
			   "Ctrl-a x  end the VM\n"
			   "Ctrl-a b  send a break (Linux: then a SysRq key)\n"
			   "Ctrl-a a  send Ctrl-a\n"
			   "Ctrl-a c  this help\n";

/* -- output -- */

static unsigned fill(const struct console *c)
{
	return atomic_load(&c->put) - atomic_load(&c->got);
}

static void port_put(struct console_port *port, uint8_t byte)
{
	struct console *c = container_of(port, struct console, port);
	unsigned put = atomic_load_explicit(&c->put, memory_order_relaxed);
	unsigned n = put - atomic_load(&c->got);

	if (n < CONSOLE_RING) { /* always: vCPUs wait long before */
		c->ring[put % CONSOLE_RING] = byte;
		atomic_store(&c->put, put + 1);
	}
	c->events->byte(c->ctx, byte);
	if (n >= CONSOLE_RING - CONSOLE_SLACK &&
	    !atomic_exchange(&c->full, true))
		c->events->wake(c->ctx); /* this cannot wait */
	else if (!atomic_exchange(&c->pending, true))
		c->events->wake(c->ctx);
}

static void port_room(struct console_port *port)
{
	struct console *c = container_of(port, struct console, port);

	if (!atomic_exchange(&c->room, true))
		c->events->wake(c->ctx);
}

void console_wait(struct console *c)
{
	pthread_mutex_lock(&c->lock);
	/*
	 * Counted before the ring is looked at, as take() looks at the count
	 * after it has changed the ring: one of both sees the other.
	 */
	atomic_fetch_add(&c->waiting, 1);
	while (!c->released && fill(c) >= CONSOLE_RING - CONSOLE_SLACK)
		pthread_cond_wait(&c->drained, &c->lock);
	atomic_fetch_sub(&c->waiting, 1);
	atomic_store(&c->full, false);
	pthread_mutex_unlock(&c->lock);
}

void console_release(struct console *c)
{
	pthread_mutex_lock(&c->lock);
	c->released = true;
	pthread_cond_broadcast(&c->drained);
	pthread_mutex_unlock(&c->lock);
}

void console_hold(struct console *c)
{
	pthread_mutex_lock(&c->lock);
	c->released = false;
	pthread_mutex_unlock(&c->lock);
}

/* The next contiguous piece of the ring is written, or dropped. */
static void take(struct console *c, unsigned n)
{
	atomic_store(&c->got, atomic_load(&c->got) + n);
	if (atomic_load(&c->waiting) && fill(c) < CONSOLE_RING / 2) {
		pthread_mutex_lock(&c->lock);
		pthread_cond_broadcast(&c->drained);
		pthread_mutex_unlock(&c->lock);
	}
}

static bool out_ready(const struct console *c, int wait_ms)
{
	struct pollfd p = { .fd = c->out_fd, .events = POLLOUT };

	return c->out_plain || poll(&p, 1, wait_ms) == 1;
}

/* Nobody takes what the guest says any more. */
static void break_off(struct console *c, int err)
{
	c->out_broken = true;
	c->events->broken(c->ctx, err);
}

/*
 * Write while the other side takes it, each time for at most @wait_ms, and not
 * more than a ringful: a guest may fill it as fast as it is emptied.
 */
static void drain(struct console *c, int wait_ms)
{
	unsigned n, left = CONSOLE_RING;

	while (left > 0 && (n = fill(c)) > 0) {
		unsigned at = atomic_load(&c->got) % CONSOLE_RING;
		ssize_t done;

		n = n < CONSOLE_RING - at ? n : CONSOLE_RING - at;
		n = n < CHUNK ? n : CHUNK;
		n = n < left ? n : left;
		if (!c->out_broken && !out_ready(c, wait_ms))
			return;
		done = c->out_broken ? (ssize_t)n
				     : write(c->out_fd, c->ring + at, n);
		if (done < 0 && (errno == EINTR || errno == EAGAIN)) {
			if (wait_ms == 0)
				return;
			left--; /* ask again, but not for ever */
			continue;
		}
		if (done < 0) {
			break_off(c, errno);
			done = 0;
		}
		take(c, (unsigned)done);
		left -= (unsigned)done;
	}
}

static void out_is_ready(void *ctx, short revents)
{
	(void)revents;
	console_serve(ctx);
}

/* -- input -- */

/* One byte from a terminal; false where it was not for the guest. */
static bool unescape(struct console *c, uint8_t *byte)
{
	if (!c->escaped) {
		c->escaped = *byte == CTRL_A;
		return !c->escaped;
	}
	c->escaped = false;
	switch (*byte) {
	case 'x':
		c->events->end(c->ctx);
		return false;
	case 'b':
		uart_break(c->uart);
		return false;
	case 'a':
	case CTRL_A:
		*byte = CTRL_A;
		return true;
	default:
		if (write(STDERR_FILENO, help, sizeof(help) - 1) < 0)
			log_debug("no help: %s", strerror(errno));
		return false;
	}
}

static void in_is_ready(void *ctx, short revents)
{
	struct console *c = ctx;
	uint8_t buf[sizeof(c->in)];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	(void)revents;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		c->in_open = false; /* the guest goes on without */
		n = 0;
	}
	memmove(c->in, c->in + c->in_first, c->nr_in);
	c->in_first = 0;
	for (ssize_t i = 0; i < n; i++) {
		if (c->in_tty && !unescape(c, &buf[i]))
			continue;
		/* What a hung guest does not take is lost, as on a wire. */
		if (c->nr_in < sizeof(c->in))
			c->in[c->nr_in++] = buf[i];
	}
	console_serve(c);
}

/*
 * Hand on what was read.  A file or pipe is read on only when all of it is
 * handed on; a terminal always, or a hung guest could not be left by Ctrl-a x.
 */
static void serve_input(struct console *c)
{
	bool watch;

	if (c->nr_in > 0 && atomic_exchange(&c->room, false)) {
		size_t n = uart_receive(c->uart, c->in + c->in_first, c->nr_in);

		c->in_first += n;
		c->nr_in -= n;
		if (c->nr_in == 0)
			atomic_store(&c->room, true);
	}
	watch = c->in_open && (c->in_tty || c->nr_in == 0);
	if (watch && !c->in_watched)
		c->in_watched = loop_add(c->loop, STDIN_FILENO, POLLIN,
					 in_is_ready, c) == 0;
	else if (!watch && c->in_watched) {
		loop_del(c->loop, STDIN_FILENO);
		c->in_watched = false;
	}
}

/* -- both -- */

void console_woken(struct console *c)
{
	serve_input(c);
	if (console_is_full(c))
		console_serve(c);
	else if (atomic_load(&c->pending) && c->due_ns == 0)
		c->due_ns = clock_mono_ns() + GATHER_NS;
}

uint64_t console_due(const struct console *c)
{
	return c->due_ns;
}

void console_serve(struct console *c)
{
	bool watch;

	c->due_ns = 0;
	atomic_store(&c->pending, false);
	drain(c, 0);
	serve_input(c);

	watch = fill(c) > 0;
	if (watch && !c->out_watched)
		c->out_watched = loop_add(c->loop, c->out_fd, POLLOUT,
					  out_is_ready, c) == 0;
	else if (!watch && c->out_watched) {
		loop_del(c->loop, c->out_fd);
		c->out_watched = false;
	}
}

/*
 * A terminal that does not keep up would hold us in write(2), whatever poll(2)
 * said before.  Not so by a description of our own, which does not wait; the
 * one that we share with the shell must not be changed.
 */
static int open_out(int fd)
{
	char path[32];
	int own = -1;

	if (isatty(fd)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	return own < 0 ? fd : own;
}

void console_init(struct console *c, const struct console_events *events,
		  void *ctx, int out)
{
	struct stat st;

	/* Not all of it: the ring's pages need no clearing. */
	memset(c, 0, offsetof(struct console, ring));
	memset(&c->put, 0, sizeof(*c) - offsetof(struct console, put));
	c->port.put = port_put;
	c->port.room = port_room;
	c->events = events;
	c->ctx = ctx;
	atomic_store(&c->room, true);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->drained, NULL);
	/* poll(2) knows nothing of plain files, which are always ready. */
	c->out_plain = fstat(out, &st) == 0 && S_ISREG(st.st_mode);
	c->given_fd = out;
	c->out_fd = c->out_plain || out < 0 ? out : open_out(out);
	c->out_broken = out < 0;
}

void console_start(struct console *c, struct device *uart, struct loop *loop,
		   bool input)
{
	c->uart = uart;
	c->loop = loop;
	if (input)
		console_again(c);
	else
		console_serve(c);
}

void console_again(struct console *c)
{
	c->in_tty = tty_raw();
	/* A terminal we may not have would stop us for reading from it. */
	c->in_open = c->in_tty || errno == ENOTTY;
	console_serve(c);
}

void console_stop(struct console *c)
{
	drain(c, LAST_WORDS_MS);
	if (c->in_tty)
		tty_restore();
	c->in_tty = false;
}

void console_fini(struct console *c)
{
	if (c->out_fd != c->given_fd)
		close(c->out_fd);
	pthread_cond_destroy(&c->drained);
	pthread_mutex_destroy(&c->lock);
}
