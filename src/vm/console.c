/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dev/uart.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/util.h"
#include "virtio/console.h"
#include "vm/outlet.h"
#include "vm/tty.h"

enum {
	CTRL_A = 1,
	CTRL_O = 15,
	/* What a pipe takes whole once poll(2) says that it takes any. */
	CHUNK = 4096,
	LAST_WORDS_MS = 1000, /* how long the last output waits for a reader */
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

/* There was something in the ring, @n bytes, when more was put. */
static void tell_main(struct console *c, unsigned n)
{
	if (n >= CONSOLE_RING - CONSOLE_SLACK &&
	    !atomic_exchange(&c->full, true))
		c->events->wake(c->ctx); /* this cannot wait */
	else if (!atomic_exchange(&c->pending, true))
		c->events->wake(c->ctx);
}

static void port_put(struct console_port *port, uint8_t byte)
{
	struct console *c = container_of(port, struct console, port);
	unsigned put, n;

	lock_take(&c->put_lock);
	put = atomic_load_explicit(&c->put, memory_order_relaxed);
	n = put - atomic_load(&c->got);
	if (n < CONSOLE_RING) { /* always: vCPUs wait long before */
		c->ring[put % CONSOLE_RING] = byte;
		atomic_store(&c->put, put + 1);
	}
	c->events->sent(c->ctx, CONSOLE_SERIAL, &byte, 1);
	lock_give(&c->put_lock);
	tell_main(c, n);
}

static size_t virtio_write(struct console_port *port, const void *buf,
			   size_t len)
{
	struct console *c = container_of(port, struct console, virtio);
	unsigned put, n, at, first;

	lock_take(&c->put_lock);
	put = atomic_load_explicit(&c->put, memory_order_relaxed);
	n = put - atomic_load(&c->got);
	/* The rest is for the UART, whose bytes cannot wait in it. */
	if (n >= CONSOLE_RING - CONSOLE_SLACK)
		len = 0;
	else if (len > CONSOLE_RING - CONSOLE_SLACK - n)
		len = CONSOLE_RING - CONSOLE_SLACK - n;
	at = put % CONSOLE_RING;
	first = CONSOLE_RING - at < len ? CONSOLE_RING - at : (unsigned)len;
	memcpy(c->ring + at, buf, first);
	memcpy(c->ring, (const uint8_t *)buf + first, len - first);
	/* Not from @buf, which the guest may change meanwhile. */
	c->events->sent(c->ctx, CONSOLE_VIRTIO, c->ring + at, first);
	c->events->sent(c->ctx, CONSOLE_VIRTIO, c->ring, len - first);
	atomic_store(&c->put, put + (unsigned)len);
	lock_give(&c->put_lock);
	if (len > 0)
		tell_main(c, n + (unsigned)len);
	return len;
}

static void virtio_more(struct console_port *port)
{
	struct console *c = container_of(port, struct console, virtio);

	if (!atomic_exchange(&c->held, true))
		c->events->wake(c->ctx);
}

static void room(struct console *c)
{
	if (!atomic_exchange(&c->room, true))
		c->events->wake(c->ctx);
}

static void port_room(struct console_port *port)
{
	room(container_of(port, struct console, port));
}

static void virtio_room(struct console_port *port)
{
	room(container_of(port, struct console, virtio));
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
	atomic_fetch_add(&c->got, n);
	if (atomic_load(&c->waiting) && fill(c) < CONSOLE_RING / 2) {
		pthread_mutex_lock(&c->lock);
		pthread_cond_broadcast(&c->drained);
		pthread_mutex_unlock(&c->lock);
	}
}

/* A terminal that comes and goes? */
static bool is_pty(const struct console *c)
{
	return c->outlet && c->outlet->opens_fd >= 0;
}

/*
 * The last who had the outlet's terminal open has closed it.  What they wrote
 * is still to be read: the end of that is in_is_ready()'s to see.
 */
static void go_away(struct console *c)
{
	if (c->out_watched)
		loop_del(c->loop, c->out_fd);
	c->out_watched = false;
	c->away = true;
}

static bool out_ready(struct console *c, int wait_ms)
{
	struct pollfd p = { .fd = c->out_fd, .events = POLLOUT };

	if (c->out_plain)
		return true;
	if (poll(&p, 1, wait_ms) != 1)
		return false;
	if (is_pty(c) && p.revents & POLLHUP)
		go_away(c);
	return !c->away;
}

/* Nobody takes what the guest says any more. */
static void break_off(struct console *c, int err)
{
	c->out_broken = true;
	c->events->broken(c->ctx, err);
}

enum whither { STAY, WRITE, DROP };

/* What becomes of the ring's next bytes. */
static enum whither whither(struct console *c, int wait_ms)
{
	if (c->out_broken)
		return DROP;
	if (!c->away && out_ready(c, wait_ms))
		return WRITE;
	/* The newest is for who comes. */
	return c->away && fill(c) > CONSOLE_RING / 4 ? DROP : STAY;
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
		enum whither to = whither(c, wait_ms);
		ssize_t done;

		n = n < CONSOLE_RING - at ? n : CONSOLE_RING - at;
		n = n < CHUNK ? n : CHUNK;
		n = n < left ? n : left;
		if (to == STAY)
			return;
		done = to == DROP ? (ssize_t)n
				  : write(c->out_fd, c->ring + at, n);
		if (done < 0 && (errno == EINTR || errno == EAGAIN)) {
			if (wait_ms == 0)
				return;
			left--; /* ask again, but not for ever */
			continue;
		}
		if (done < 0 && is_pty(c)) {
			go_away(c);
			done = 0;
		} else if (done < 0) {
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
		*byte = CTRL_O;
		if (!c->hvc)
			uart_break(c->uart);
		return c->hvc;
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
	ssize_t n = read(c->in_fd, buf, sizeof(buf));

	(void)revents;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		c->in_open = false; /* the guest goes on without */
		n = 0;
		if (is_pty(c))
			go_away(c);
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
		const uint8_t *in = c->in + c->in_first;
		size_t n = c->hvc ? virtio_console_receive(c->hvc, in, c->nr_in)
				  : uart_receive(c->uart, in, c->nr_in);

		c->in_first += n;
		c->nr_in -= n;
		if (c->nr_in == 0)
			atomic_store(&c->room, true);
	}
	watch = c->in_open && (c->in_tty || c->nr_in == 0);
	if (watch && !c->in_watched)
		c->in_watched = loop_add(c->loop, c->in_fd, POLLIN, in_is_ready,
					 c) == 0;
	else if (!watch && c->in_watched) {
		loop_del(c->loop, c->in_fd);
		c->in_watched = false;
	}
}

/* -- both -- */

void console_woken(struct console *c)
{
	serve_input(c);
	if (console_is_full(c) || atomic_load(&c->held))
		console_serve(c);
	else if (atomic_load(&c->pending) && c->due_ns == 0)
		c->due_ns = clock_mono_ns() + GATHER_NS;
}

uint64_t console_due(const struct console *c)
{
	return c->due_ns;
}

/* Virtio's console may have kept something for which there is room now. */
static void go_on(struct console *c)
{
	if (fill(c) < CONSOLE_RING / 2 && atomic_exchange(&c->held, false))
		virtio_console_go_on(c->hvc);
}

void console_serve(struct console *c)
{
	bool watch;

	c->due_ns = 0;
	/* An exchange, as in tell_main(): what it has put by then we see. */
	atomic_exchange(&c->pending, false);
	drain(c, 0);
	go_on(c);
	serve_input(c);

	watch = fill(c) > 0 && !c->away;
	if (watch && !c->out_watched)
		c->out_watched = loop_add(c->loop, c->out_fd, POLLOUT,
					  out_is_ready, c) == 0;
	else if (!watch && c->out_watched) {
		loop_del(c->loop, c->out_fd);
		c->out_watched = false;
	}
}

void console_init(struct console *c, const struct console_events *events,
		  void *ctx, int out)
{
	/* Not all of it: the ring's pages need no clearing. */
	memset(c, 0, offsetof(struct console, ring));
	memset(&c->put, 0, sizeof(*c) - offsetof(struct console, put));
	c->port.put = port_put;
	c->port.room = port_room;
	c->virtio.write = virtio_write;
	c->virtio.room = virtio_room;
	c->virtio.more = virtio_more;
	c->events = events;
	c->ctx = ctx;
	atomic_store(&c->room, true);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->drained, NULL);
	c->given_fd = out;
	c->out_plain = outlet_is_plain(out);
	c->out_fd = c->out_plain || out < 0 ? out : outlet_again(out);
	c->out_broken = out < 0;
	c->in_fd = STDIN_FILENO;
}

void console_to(struct console *c, struct outlet *outlet)
{
	c->outlet = outlet;
	c->given_fd = c->out_fd = outlet->fd;
	c->out_plain = outlet_is_plain(outlet->fd);
	c->out_broken = false;
	c->in_fd = outlet->in_fd;
	c->away = is_pty(c);
}

/* Somebody has opened the outlet's terminal, and may have left it already. */
static void somebody_comes(void *ctx, short revents)
{
	struct console *c = ctx;

	(void)revents;
	outlet_opened(c->outlet);
	c->away = false;
	c->in_open = true;
	console_serve(c);
}

void console_start(struct console *c, struct device *uart, struct device *hvc,
		   struct loop *loop, bool input)
{
	c->uart = uart;
	c->hvc = hvc;
	c->loop = loop;
	c->from_stdin = input;
	console_resized(c);
	if (is_pty(c) &&
	    loop_add(loop, c->outlet->opens_fd, POLLIN, somebody_comes, c) < 0)
		log_warn("console: %s", err_text());
	if (input)
		console_again(c);
	else
		console_serve(c);
}

void console_resized(struct console *c)
{
	uint16_t columns = 0, rows = 0;

	if (!c->hvc || c->outlet)
		return;
	if (!tty_size(c->out_fd, &columns, &rows) && c->from_stdin)
		tty_size(c->in_fd, &columns, &rows);
	virtio_console_resize(c->hvc, columns, rows);
}

void console_again(struct console *c)
{
	if (!c->from_stdin)
		return;
	console_resized(c);
	c->in_tty = tty_raw();
	/* A terminal we may not have would stop us for reading from it. */
	c->in_open = c->in_tty || errno == ENOTTY;
	console_serve(c);
}

void console_stop(struct console *c)
{
	drain(c, LAST_WORDS_MS);
	/* Each time some of what virtio's console holds; no more than it can. */
	for (int i = 0; i < 64 && c->hvc && atomic_load(&c->held); i++) {
		go_on(c);
		drain(c, LAST_WORDS_MS);
	}
	if (is_pty(c) && c->loop) {
		if (c->in_watched)
			loop_del(c->loop, c->in_fd);
		go_away(c);
		loop_del(c->loop, c->outlet->opens_fd);
	}
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
