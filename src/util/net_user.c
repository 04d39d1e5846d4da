/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_user.c - a network without privilege, by passt(1).
 *
 * passt is given one end of a socket pair.  Its parent process ends when the
 * ports are bound and its sandbox is closed, with words on standard error if
 * something is wrong; a child of it goes on in the background, in a session and
 * in namespaces of its own, until our end of the socket is closed.  So nobody
 * has to end it, and nothing that ends us can leave it behind.
 *
 * On the socket each frame has its length in front, 32 bits in network order.
 * All of a frame must go out before another: what the socket does not take of
 * one is kept, and goes first.
 *
 * Spec: passt(1), --fd; the stream is that of QEMU's "-netdev stream".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/err.h"
#include "util/net.h"
#include "util/util.h"

enum {
	PREFIX = sizeof(uint32_t),
	/* So that several frames come by one system call. */
	IN_SIZE = 4 * (PREFIX + NET_FRAME_MAX),
	OUT_SIZE = PREFIX + NET_FRAME_MAX,
	/* What may be on its way, as far as the host allows. */
	SOCKET_BUFFER = 1 << 20,
	/* Its number in the child. */
	CHILD_FD = 3,
	ARGS_MAX = 8 + 2 * NET_FORWARDS_MAX,
	SPEC_SIZE = INET6_ADDRSTRLEN + 16,
	WORDS_MAX = 4096,
};

extern char **environ;

struct command {
	char *argv[ARGS_MAX];
	char specs[NET_FORWARDS_MAX][SPEC_SIZE];
};

/* argv is not const, and nobody writes to it. */
static void make_command(struct command *c, const struct net_config *config)
{
	unsigned n = 0;

	c->argv[n++] = (char *)"passt";
	c->argv[n++] = (char *)"--quiet";
	c->argv[n++] = (char *)"--fd";
	c->argv[n++] = (char *)"3"; /* CHILD_FD; it is for one client then */
	for (unsigned i = 0; i < config->nr_forwards; i++) {
		const struct net_forward *f = &config->forwards[i];

		snprintf(c->specs[i], SPEC_SIZE, "%s/%u:%u", f->host,
			 f->host_port, f->guest_port);
		c->argv[n++] = (char *)(f->udp ? "-u" : "-t");
		c->argv[n++] = c->specs[i];
	}
	c->argv[n] = NULL;
}

/* The last line of @text that says why, without what is said about logging. */
static const char *reason(char *text)
{
	char *save, *why = NULL;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t\r");
		if (*line && strncmp(line, "Failed to send", 14) != 0)
			why = line;
	}
	return why ? why : "it does not say why";
}

/* What comes from @fd until it is closed. */
static void read_words(int fd, char buf[static WORDS_MAX])
{
	char more[256];
	size_t n = 0;
	ssize_t got;

	do {
		bool room = n < WORDS_MAX - 1;

		got = room ? read(fd, buf + n, WORDS_MAX - 1 - n)
			   : read(fd, more, sizeof(more));
		if (got > 0 && room)
			n += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	buf[n] = '\0';
}

static int missing(void)
{
	return err_say(ENOENT, "no 'passt' in PATH; install the package passt, "
			       "or take mode=tap or mode=none");
}

static int spawn(pid_t *ret_pid, char *const argv[], int end, int words)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	/* We block and ignore signals that are none of its business. */
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&actions, 0, 1);
	posix_spawn_file_actions_adddup2(&actions, words, 2);
	posix_spawn_file_actions_adddup2(&actions, end, CHILD_FD);
	err = posix_spawnp(ret_pid, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (err == ENOENT)
		return missing();
	return err ? err_set(err, "start passt") : 0;
}

/* Start passt on @end, and come back when it works. */
static int start(const struct net_config *config, int end)
{
	char words[WORDS_MAX];
	struct command command;
	int pipe_fds[2], status = 0, rc;
	pid_t pid, ended;

	make_command(&command, config);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(errno, "pipe");
	rc = spawn(&pid, command.argv, end, pipe_fds[1]);
	close(pipe_fds[1]);
	if (rc == 0) {
		/* It ends, or its child, in the background, closes this. */
		read_words(pipe_fds[0], words);
		do
			ended = waitpid(pid, &status, 0);
		while (ended < 0 && errno == EINTR);
		/* posix_spawn(3) may come to know only later. */
		if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && !*words)
			rc = missing();
		/* Where SIGCHLD is ignored nobody tells: go by its words. */
		else if (ended < 0 ? *words != '\0' : status != 0)
			rc = err_say(EIO, "passt does not start: %s",
				     reason(words));
	}
	close(pipe_fds[0]);
	return rc;
}

static int user_open(struct net_link *l, const struct net_config *config)
{
	int ends[2], size = SOCKET_BUFFER, rc;

	l->in = malloc(IN_SIZE);
	l->out = malloc(OUT_SIZE);
	if (!l->in || !l->out)
		return err_set(ENOMEM, "buffers");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(errno, "socket");
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	l->fd = ends[0];
	rc = start(config, ends[1]);
	close(ends[1]);
	return rc;
}

/* The rest of the frame before. */
static int send_rest(struct net_link *l)
{
	while (l->out_at < l->out_end) {
		ssize_t n =
			send(l->fd, l->out + l->out_at, l->out_end - l->out_at,
			     MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return -errno;
		l->out_at += (size_t)n;
	}
	return 0;
}

/* Keep what is left of @iov, @left bytes; the guest may write over its own. */
static void keep(struct net_link *l, const struct iovec *iov, unsigned n,
		 size_t left)
{
	l->out_at = l->out_end = 0;
	for (unsigned i = 0; i < n && left > 0; i++) {
		size_t part = iov[i].iov_len < left ? iov[i].iov_len : left;

		memcpy(l->out + l->out_end, iov[i].iov_base, part);
		l->out_end += part;
		left -= part;
	}
}

static int user_send(struct net_link *l, struct iovec *iov, unsigned n,
		     size_t size)
{
	uint32_t prefix = htonl((uint32_t)size);
	struct iovec all[NET_BUFFERS_MAX + 1], *at = all + 1;
	struct msghdr msg = { 0 };
	ssize_t done;
	int rc = send_rest(l);

	if (rc < 0)
		return rc;
	if (n > NET_BUFFERS_MAX)
		return -EMSGSIZE;
	/* A copy: who is told -EAGAIN comes again with the same. */
	memcpy(at, iov, n * sizeof(*iov));
	n = net_skip(&at, n, NET_HEADER_SIZE);
	*--at = (struct iovec){ &prefix, PREFIX };
	msg.msg_iov = at;
	msg.msg_iovlen = ++n;
	done = sendmsg(l->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (done < 0)
		return -errno;
	if ((size_t)done < PREFIX + size) {
		n = net_skip(&at, n, (size_t)done);
		keep(l, at, n, PREFIX + size - (size_t)done);
	}
	return 0;
}

/* -EPROTO: the stream makes no sense any more. */
static int next_frame(struct net_link *l, struct net_frame *ret)
{
	size_t have = l->in_end - l->in_at;
	uint32_t size;

	if (have < PREFIX)
		return 0;
	memcpy(&size, l->in + l->in_at, PREFIX);
	size = ntohl(size);
	if (size > NET_FRAME_MAX)
		return -EPROTO;
	if (have < PREFIX + size)
		return 0;
	*ret = (struct net_frame){ .data = l->in + l->in_at + PREFIX,
				   .size = size };
	l->in_at += PREFIX + size;
	return 1;
}

static int user_receive(struct net_link *l, struct net_frame *ret)
{
	int rc = next_frame(l, ret);

	while (rc == 0) {
		ssize_t n;

		memmove(l->in, l->in + l->in_at, l->in_end - l->in_at);
		l->in_end -= l->in_at;
		l->in_at = 0;
		n = recv(l->fd, l->in + l->in_end, IN_SIZE - l->in_end,
			 MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			return -ECONNRESET;
		l->in_end += (size_t)n;
		rc = next_frame(l, ret);
	}
	return rc;
}

const struct net_kind net_user = {
	.open = user_open,
	.send = user_send,
	.flush = send_rest,
	.receive = user_receive,
};
