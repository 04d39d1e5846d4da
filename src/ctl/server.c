/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/folder.h"
#include "ctl/path.h"
#include "ctl/words.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/util.h"
#include "vm/vm.h"

/*
 * Who may wait to be accepted: a crowd that comes at once.  What one may go on to
 * say that is to be hung up on.
 */
/* LOCK_MS: the guest runs already, and its main thread is here. */
enum { BACKLOG = 128, UNHEARD_MAX = 8 << 20, LOCK_MS = 200 };

struct client {
	struct ctl_server *server;
	int fd;
	short events;	/* that the loop waits for */
	uint64_t heard; /* server->heard when it last had a line answered */
	char *reply;	/* owned; NULL: all is sent */
	size_t size, sent;
	bool last; /* say no more behind the reply */
	struct words words;
	size_t unheard; /* of what came after that */
};

struct ctl_server {
	struct vm *vm;
	struct ctl_setup setup;
	struct sockaddr_un addr;
	int fd;
	int spare;	/* given up for a client when there are no others */
	bool bound;	/* the socket's file is ours to remove */
	bool told;	/* that clients cannot be accepted */
	uint64_t heard; /* counts up */
	struct client *clients[CTL_CLIENTS];
};

/* -- one client -- */

static void drop(struct client *c)
{
	struct ctl_server *s = c->server;

	for (unsigned i = 0; i < CTL_CLIENTS; i++)
		if (s->clients[i] == c)
			s->clients[i] = NULL;
	loop_del(vm_loop(s->vm), c->fd);
	close(c->fd);
	free(c->reply);
	free(c);
}

/* Send what it takes of the reply now.  False: it is gone. */
static bool push(struct client *c)
{
	while (c->reply) {
		ssize_t n = send(c->fd, c->reply + c->sent, c->size - c->sent,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		c->sent += (size_t)n;
		if (c->sent < c->size)
			continue;
		free(c->reply);
		c->reply = NULL;
		if (c->last)
			shutdown(c->fd, SHUT_WR);
	}
	return true;
}

/* Hear what it says.  False: it is gone. */
static bool take(struct client *c)
{
	struct words *w = &c->words;
	ssize_t n = recv(c->fd, w->text + w->len, sizeof(w->text) - w->len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	w->len += (size_t)n;
	w->over = n == 0;
	return w->len > 0;
}

/*
 * Until it hangs up, too: one that is still writing would else hear of a broken
 * pipe rather than what we had to say.
 */
static bool ignore(struct client *c)
{
	ssize_t n = recv(c->fd, c->words.text, sizeof(c->words.text), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->unheard += (size_t)n;
	return n > 0 && c->unheard < UNHEARD_MAX;
}

/* Reply to one line. */
static bool answer(struct client *c)
{
	struct ctl_server *s = c->server;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return false;
	c->last = !words_answer(&c->words, s->vm, &s->setup, out);
	c->heard = ++s->heard;
	if (fclose(out) != 0) {
		free(text);
		return false;
	}
	c->reply = text;
	c->size = size;
	c->sent = 0;
	return true;
}

/*
 * Go on with @c as far as it goes without waiting, but by one line only: there
 * are others.  False: it is done with.
 */
static bool serve(struct client *c)
{
	if (!push(c))
		return false;
	if (c->reply)
		return true;
	if (c->last)
		return ignore(c);
	if (!words_pending(&c->words) && !take(c))
		return false;
	if (!words_pending(&c->words))
		return true;
	return answer(c) && push(c);
}

/* @revents is not asked: whatever it was, serve() finds out what can be done. */
static void on_client(void *ctx, short revents)
{
	struct client *c = ctx;
	struct ctl_server *s = c->server;
	struct loop *loop = vm_loop(s->vm);
	short events;

	(void)revents;
	if (!serve(c)) {
		drop(c);
		if (s->spare < 0) /* there is one more now */
			s->spare = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
		return;
	}
	events = POLLIN;
	if (c->reply || (!c->last && words_pending(&c->words)))
		events = POLLOUT;
	if (events == c->events)
		return;
	loop_del(loop, c->fd);
	if (loop_add(loop, c->fd, events, on_client, c) < 0)
		drop(c);
	else
		c->events = events;
}

/* -- those who come -- */

/* Have the client go that was silent longest.  False: there is none. */
static bool make_room(struct ctl_server *s)
{
	static const char why[] =
		"{\"version\":1,\"error\":\"too many clients; "
		"you were silent longest\"}\n";
	struct client *longest = NULL;

	for (unsigned i = 0; i < CTL_CLIENTS; i++) {
		struct client *c = s->clients[i];

		if (c && (!longest || c->heard < longest->heard))
			longest = c;
	}
	if (!longest)
		return false;
	if (!longest->reply)
		send(longest->fd, why, sizeof(why) - 1, MSG_NOSIGNAL);
	drop(longest);
	return true;
}

static bool give_spare(struct ctl_server *s)
{
	if (s->spare < 0)
		return false;
	close(s->spare);
	s->spare = -1;
	return true;
}

static int take_one(struct ctl_server *s)
{
	const int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = accept4(s->fd, NULL, NULL, flags);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE) &&
	    (make_room(s) || give_spare(s)))
		fd = accept4(s->fd, NULL, NULL, flags);
	return fd;
}

static struct client **find_place(struct ctl_server *s)
{
	for (;;) {
		for (unsigned i = 0; i < CTL_CLIENTS; i++)
			if (!s->clients[i])
				return &s->clients[i];
		make_room(s);
	}
}

static void add(struct ctl_server *s, int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	c->server = s;
	c->fd = fd;
	c->events = POLLIN;
	c->heard = ++s->heard;
	*find_place(s) = c;
	if (loop_add(vm_loop(s->vm), fd, c->events, on_client, c) < 0)
		drop(c);
}

static void on_connect(void *ctx, short revents)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	struct ctl_server *s = ctx;
	int fd = take_one(s);

	(void)revents;
	if (fd >= 0) {
		add(s, fd);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	if (!s->told)
		log_warn("control socket: %s", strerror(errno));
	s->told = true;
	/* It stays ready: better slow than busy. */
	nanosleep(&nap, NULL);
}

/* -- the socket -- */

static bool bind_to(struct ctl_server *s)
{
	s->bound = bind(s->fd, (const void *)&s->addr, sizeof(s->addr)) == 0;
	return s->bound;
}

/* With the folder locked: nobody else looks and binds at the same time. */
static int bind_socket(struct ctl_server *s)
{
	int rc;

	if (bind_to(s))
		return 0;
	if (errno != EADDRINUSE)
		return err_set(errno, "'%s'", s->addr.sun_path);
	rc = ctl_folder_served(&s->addr);
	if (rc < 0)
		return rc;
	if (rc > 0)
		return err_say(EADDRINUSE,
			       "'%s': a guest of that name runs already; "
			       "choose another",
			       s->setup.name);
	unlink(s->addr.sun_path); /* a killed VMM's */
	return bind_to(s) ? 0 : err_set(errno, "'%s'", s->addr.sun_path);
}

static int listen_at(struct ctl_server *s)
{
	int rc = ctl_path(s->setup.name, true, &s->addr), lock;

	if (rc < 0)
		return rc;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd >= 0)
		s->spare = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	/* The mode that its file will have from its first moment. */
	if (s->spare < 0 || fchmod(s->fd, 0600) < 0)
		return err_set(errno, "control socket");
	lock = ctl_folder_lock(LOCK_MS);
	if (lock < 0)
		return lock;
	rc = bind_socket(s);
	if (rc == 0 && listen(s->fd, BACKLOG) < 0)
		rc = err_set(errno, "'%s'", s->addr.sun_path);
	close(lock);
	return rc < 0 ? rc
		      : loop_add(vm_loop(s->vm), s->fd, POLLIN, on_connect, s);
}

int ctl_server_new(struct vm *vm, const struct ctl_setup *setup,
		   struct ctl_server **ret_server)
{
	struct ctl_server *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_set(ENOMEM, "control socket");
	s->vm = vm;
	s->setup = *setup;
	s->fd = s->spare = -1;
	rc = listen_at(s);
	if (rc < 0) {
		ctl_server_free(s);
		return rc;
	}
	*ret_server = s;
	return 0;
}

void ctl_server_free(struct ctl_server *s)
{
	if (!s)
		return;
	/* First: nobody who looks now shall take it for a killed VMM's. */
	if (s->bound)
		unlink(s->addr.sun_path);
	for (unsigned i = 0; i < CTL_CLIENTS; i++)
		if (s->clients[i])
			drop(s->clients[i]);
	if (s->fd >= 0) {
		loop_del(vm_loop(s->vm), s->fd);
		close(s->fd);
	}
	give_spare(s);
	free(s);
}
