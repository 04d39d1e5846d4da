/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ctl/path.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/json.h"

/* What a person waits for; and a crowd before us, at the door. */
enum { PATIENCE_S = 5, DOOR_S = 1, FIRST_ROOM = 4096 };

static int timed_out(const struct ctl_client *c)
{
	return err_say(ETIMEDOUT,
		       "process %d does not answer; is it stopped (SIGSTOP), "
		       "or the host overloaded?",
		       c->pid);
}

static int connect_to(struct ctl_client *c, const struct sockaddr_un *addr)
{
	/* connect(2) waits only while too many do already. */
	const struct timeval door = { .tv_sec = DOOR_S };
	socklen_t size = sizeof(struct ucred);
	struct ucred peer = { 0 };

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_set(errno, "socket");
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &door, sizeof(door));
	if (connect(c->fd, (const void *)addr, sizeof(*addr)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return err_say(ENOENT, "no guest of that name runs; "
					       "'pvtime-vmm list' tells which "
					       "do");
		if (errno == EAGAIN)
			return err_say(ETIMEDOUT,
				       "too many wait for it already");
		return err_set(errno, "'%s'", addr->sun_path);
	}
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		c->pid = peer.pid;
	return 0;
}

int ctl_client_open(struct ctl_client *c, const char *name)
{
	struct sockaddr_un addr;
	int rc;

	*c = (struct ctl_client){ .fd = -1 };
	rc = ctl_path(name, false, &addr);
	if (rc == 0)
		rc = err_in(connect_to(c, &addr), "'%s'", name);
	if (rc < 0)
		ctl_client_close(c);
	return rc;
}

int ctl_client_send(struct ctl_client *c, const char *words)
{
	size_t len = strlen(words);
	struct iovec parts[] = {
		{ .iov_base = (void *)words, .iov_len = len },
		{ .iov_base = (void *)"\n", .iov_len = 1 },
	};
	const struct msghdr line = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = sendmsg(c->fd, &line, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n == (ssize_t)len + 1)
		return 0;
	/* It hung up: ctl_client_receive() knows whether it said why. */
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		return 0;
	if (n >= 0 || errno == EAGAIN) /* it has not heard what came before */
		return timed_out(c);
	return err_set(errno, "send");
}

static int grow(struct ctl_client *c)
{
	size_t room = c->room ? 2 * c->room : FIRST_ROOM;
	char *reply;

	if (c->room == CTL_REPLY_MAX)
		return err_say(EMSGSIZE, "an answer of more than %d bytes",
			       CTL_REPLY_MAX);
	reply = realloc(c->reply, room);
	if (!reply)
		return err_set(ENOMEM, "answer");
	c->reply = reply;
	c->room = room;
	return 0;
}

/* Wait until @deadline (UINT64_MAX: none) for anything to receive. */
static int await(const struct ctl_client *c, uint64_t deadline)
{
	struct pollfd fd = { .fd = c->fd, .events = POLLIN };

	for (;;) {
		uint64_t now = clock_mono_ns();
		uint64_t left = deadline > now ? deadline - now : 0;
		const struct timespec wait = {
			.tv_sec = (time_t)(left / 1000000000),
			.tv_nsec = (long)(left % 1000000000),
		};
		int n = ppoll(&fd, 1, deadline == UINT64_MAX ? NULL : &wait,
			      NULL);

		if (n > 0)
			return 0;
		if (n == 0)
			return timed_out(c);
		if (errno != EINTR)
			return err_set(errno, "poll");
	}
}

static int receive_some(struct ctl_client *c)
{
	ssize_t n;
	int rc = c->len == c->room ? grow(c) : 0;

	if (rc < 0)
		return rc;
	n = recv(c->fd, c->reply + c->len, c->room - c->len, MSG_DONTWAIT);
	if (n > 0)
		c->len += (size_t)n;
	else if (n == 0 || errno == ECONNRESET)
		return err_say(ECONNRESET, "the guest has ended");
	else if (errno != EAGAIN && errno != EINTR)
		return err_set(errno, "receive");
	return 0;
}

int ctl_client_receive(struct ctl_client *c, unsigned long long patience_ns,
		       const char **ret_line)
{
	uint64_t deadline = clock_mono_ns();
	size_t seen = 0;
	char *end;
	int rc;

	if (__builtin_add_overflow(deadline, patience_ns, &deadline))
		deadline = UINT64_MAX;
	c->len -= c->used;
	if (c->used > 0)
		memmove(c->reply, c->reply + c->used, c->len);
	c->used = 0;
	while (c->len == seen ||
	       !(end = memchr(c->reply + seen, '\n', c->len - seen))) {
		seen = c->len;
		rc = await(c, deadline);
		if (rc == 0)
			rc = receive_some(c);
		if (rc < 0)
			return rc;
	}
	*end = '\0';
	c->used = (size_t)(end + 1 - c->reply);
	*ret_line = c->reply;
	return 0;
}

/* A terminal shall not do what a reply says. */
static void make_plain(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

int ctl_client_done(const char *line)
{
	char key[16], why[ERR_TEXT_MAX];
	bool refused = false;
	uint64_t version = 0;
	struct json j;

	json_begin(&j, line);
	json_object(&j);
	while (json_key(&j, key, sizeof(key))) {
		if (strcmp(key, "version") == 0) {
			version = json_u64(&j);
		} else if (strcmp(key, "error") == 0) {
			json_text(&j, why, sizeof(why));
			refused = true;
		} else {
			json_skip(&j);
		}
	}
	if (!json_end(&j) || version != 1)
		return err_say(EPROTO,
			       "an answer that is not understood; is it of the "
			       "same version of pvtime-vmm?");
	if (!refused)
		return 0;
	make_plain(why);
	return err_say(EPROTO, "%s", why);
}

void ctl_client_close(struct ctl_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->reply);
	*c = (struct ctl_client){ .fd = -1 };
}

int ctl_ask(struct ctl_client *c, const char *name, const char *words,
	    const char **ret_line)
{
	int rc = ctl_client_open(c, name);

	if (rc < 0)
		return rc;
	rc = ctl_client_send(c, words);
	if (rc == 0)
		rc = ctl_client_receive(c, PATIENCE_S * 1000000000ull,
					ret_line);
	if (rc < 0)
		ctl_client_close(c);
	return err_in(rc, "'%s'", name);
}
