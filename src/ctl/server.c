/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/server.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/path.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"
#include "vm/vm.h"

/* Clients at a time; more are turned away.  Words are short. */
enum { CLIENTS = 16, WORD_MAX = 64 };

struct client {
	struct ctl_server *server;
	int fd; /* -1: free */
	char word[WORD_MAX];
	size_t len;
};

struct ctl_server {
	struct vm *vm;
	const char *name;
	struct sockaddr_un addr;
	int fd;
	bool bound; /* the socket's file is ours to remove */
	struct client clients[CLIENTS];
};

/* A reply under way: full stays full. */
struct reply {
	char *text;
	size_t len, room;
};

static void say(struct reply *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct reply *r, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(r->text + r->len, r->room - r->len, fmt, ap);
	va_end(ap);
	r->len = (size_t)n < r->room - r->len ? r->len + (size_t)n : r->room;
}

static void stat_json(const struct ctl_server *s, struct reply *r)
{
	say(r,
	    "{\"version\":1,\"name\":\"%s\",\"pid\":%d,"
	    "\"provider\":\"%s\",\"vcpus\":[",
	    s->name, (int)getpid(), vm_provider(s->vm));
	for (unsigned i = 0; i < vm_nr_cpus(s->vm); i++) {
		struct vm_steal t = { 0 };

		/* A thread that has not begun has lost nothing yet. */
		vm_steal(s->vm, i, &t);
		say(r,
		    "%s{\"id\":%u,\"tid\":%d,\"stolen_ns\":%" PRIu64
		    ",\"record_ns\":%" PRIu64 ",\"run_ns\":%" PRIu64
		    ",\"skew_ns\":%" PRIu64 "}",
		    i ? "," : "", i, (int)t.tid, t.times.wait_ns,
		    t.times.record_ns, t.times.run_ns, t.times.skew_ns);
	}
	say(r, "]}\n");
}

static void drop(struct client *c)
{
	if (c->fd < 0)
		return;
	loop_del(vm_loop(c->server->vm), c->fd);
	close(c->fd);
	c->fd = -1;
}

/* Answer the word in @c; a client that does not take the answer is closed. */
static void answer(struct client *c)
{
	struct reply r = { .room = 1024 + 224 * vm_nr_cpus(c->server->vm) };

	r.text = malloc(r.room);
	if (!r.text) {
		drop(c);
		return;
	}
	if (strcmp(c->word, "stat") == 0)
		stat_json(c->server, &r);
	else
		say(&r, "{\"error\":\"unknown word; known: stat\"}\n");
	if (send(c->fd, r.text, r.len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)r.len)
		drop(c);
	free(r.text);
}

static void on_client(void *ctx, short revents)
{
	struct client *c = ctx;
	ssize_t n = recv(c->fd, c->word + c->len, sizeof(c->word) - 1 - c->len,
			 MSG_DONTWAIT);
	char *end;

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->len += (size_t)n;
	c->word[c->len] = '\0';
	while (c->fd >= 0 && (end = memchr(c->word, '\n', c->len))) {
		size_t used = (size_t)(end + 1 - c->word);

		*end = '\0';
		answer(c);
		c->len -= used;
		memmove(c->word, end + 1, c->len + 1);
	}
	if (c->len == sizeof(c->word) - 1)
		drop(c); /* no word of ours is that long */
}

static void on_connect(void *ctx, short revents)
{
	struct ctl_server *s = ctx;
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)revents;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		/* It would be ready for ever: better deaf than busy. */
		log_warn("control socket: %s; closed", strerror(errno));
		loop_del(vm_loop(s->vm), s->fd);
	}
	if (fd < 0)
		return;
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *c = &s->clients[i];

		if (c->fd >= 0)
			continue;
		*c = (struct client){ .server = s, .fd = fd };
		if (loop_add(vm_loop(s->vm), fd, POLLIN, on_client, c) == 0)
			return;
		c->fd = -1;
		break;
	}
	close(fd);
}

/* Is somebody listening at @addr? */
static bool is_served(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool served =
		fd >= 0 && connect(fd, (const void *)addr, sizeof(*addr)) == 0;

	served = served || (fd >= 0 && errno == EAGAIN); /* and busy */
	if (fd >= 0)
		close(fd);
	return served;
}

/* With the folder locked: nobody else looks and binds at the same time. */
static int bind_socket(struct ctl_server *s)
{
	if (is_served(&s->addr))
		return err_say(
			EADDRINUSE,
			"'%s': a guest of that name runs already; choose "
			"another",
			s->name);
	unlink(s->addr.sun_path); /* a killed VMM's */
	if (bind(s->fd, (const void *)&s->addr, sizeof(s->addr)) < 0)
		return err_set(errno, "'%s'", s->addr.sun_path);
	s->bound = true;
	if (listen(s->fd, CLIENTS) < 0)
		return err_set(errno, "'%s'", s->addr.sun_path);
	return 0;
}

static int listen_at(struct ctl_server *s)
{
	char dir[sizeof(s->addr.sun_path)];
	int rc = ctl_path(s->name, true, &s->addr), lock;

	if (rc < 0)
		return rc;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return err_set(errno, "control socket");
	strcpy(dir, s->addr.sun_path);
	*strrchr(dir, '/') = '\0';
	lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0) {
		rc = err_set(errno, "'%s'", dir);
		if (lock >= 0)
			close(lock);
		return rc;
	}
	rc = bind_socket(s);
	close(lock);
	return rc < 0 ? rc
		      : loop_add(vm_loop(s->vm), s->fd, POLLIN, on_connect, s);
}

int ctl_server_new(struct vm *vm, const char *name,
		   struct ctl_server **ret_server)
{
	struct ctl_server *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_set(ENOMEM, "control socket");
	*s = (struct ctl_server){ .vm = vm, .name = name, .fd = -1 };
	for (unsigned i = 0; i < CLIENTS; i++)
		s->clients[i] = (struct client){ .server = s, .fd = -1 };
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
	for (unsigned i = 0; i < CLIENTS; i++)
		drop(&s->clients[i]);
	if (s->fd >= 0) {
		loop_del(vm_loop(s->vm), s->fd);
		close(s->fd);
	}
	if (s->bound)
		unlink(s->addr.sun_path);
	free(s);
}
