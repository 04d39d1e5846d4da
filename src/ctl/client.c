/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ctl/path.h"
#include "util/err.h"

/* Anything but an answer within this time is no answer. */
enum { PATIENCE_S = 5 };

static int receive(int fd, char *reply, size_t size)
{
	size_t len = 0;

	while (len + 1 < size) {
		ssize_t n = recv(fd, reply + len, size - 1 - len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return err_set(ETIMEDOUT, "no answer");
		if (n < 0)
			return err_set(errno, "receive");
		if (n == 0)
			return err_say(EPROTO, "the guest has ended");
		len += (size_t)n;
		if (reply[len - 1] == '\n') {
			reply[len - 1] = '\0';
			return 0;
		}
	}
	return err_set(EMSGSIZE, "answer");
}

int ctl_ask(const char *name, const char *word, char *reply, size_t size)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un addr;
	char line[64];
	int fd, len, rc = ctl_path(name, false, &addr);

	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(errno, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const void *)&addr, sizeof(addr)) < 0) {
		rc = errno == ENOENT || errno == ECONNREFUSED
			     ? err_say(ENOENT, "no guest of that name runs; "
					       "start it with --name")
			     : err_set(errno, "'%s'", addr.sun_path);
		goto out_close;
	}
	len = snprintf(line, sizeof(line), "%s\n", word);
	if (send(fd, line, (size_t)len, MSG_NOSIGNAL) != len) {
		rc = err_set(errno, "send");
		goto out_close;
	}
	rc = receive(fd, reply, size);
out_close:
	close(fd);
	return err_in(rc, "'%s'", name);
}
