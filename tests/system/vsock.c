// SPDX-License-Identifier: BSD-2-Clause
/*
 * vsock - sockets between host and guest, from a shell:
 *
 *	vsock listen PORT		one connection: all it sends goes back,
 *					and its end ends us
 *	vsock connect CID PORT		standard input there, what comes back to
 *					standard output
 *
 * Spec: vsock(7).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int write_all(int fd, const char *buf, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, buf, size);

		if (n <= 0)
			return -1;
		buf += n;
		size -= (size_t)n;
	}
	return 0;
}

static int serve(int s)
{
	char buf[65536];
	ssize_t n;
	int peer;

	if (listen(s, 1) < 0)
		return fail("listen");
	printf("vsock: listening\n");
	fflush(stdout);
	peer = accept(s, NULL, NULL);
	if (peer < 0)
		return fail("accept");
	while ((n = read(peer, buf, sizeof(buf))) > 0)
		if (write_all(peer, buf, (size_t)n) < 0)
			return fail("write");
	return n < 0 ? fail("read") : 0;
}

/* Both ways at once: neither side may wait for the other. */
static int talk(int s)
{
	struct pollfd p[] = { { .fd = s, .events = POLLIN },
			      { .fd = 0, .events = POLLIN } };
	char buf[65536];
	ssize_t n;

	for (;;) {
		if (poll(p, 2, -1) < 0)
			return fail("poll");
		if (p[0].revents) {
			n = read(s, buf, sizeof(buf));
			if (n <= 0)
				return n < 0 ? fail("read") : 0;
			if (write_all(1, buf, (size_t)n) < 0)
				return fail("output");
		}
		if (p[1].revents) {
			/* No more at a time than the other side has room for. */
			n = read(0, buf, 4096);
			if (n > 0 && write_all(s, buf, (size_t)n) < 0)
				return fail("write");
			if (n <= 0) {
				shutdown(s, SHUT_WR);
				p[1].fd = -1;
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_vm a = { .svm_family = AF_VSOCK,
				 .svm_cid = VMADDR_CID_ANY };
	int s = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (s < 0)
		return fail("socket");
	if (argc == 3 && strcmp(argv[1], "listen") == 0) {
		a.svm_port = (unsigned)strtoul(argv[2], NULL, 0);
		if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0)
			return fail("bind");
		return serve(s);
	}
	if (argc == 4 && strcmp(argv[1], "connect") == 0) {
		a.svm_cid = (unsigned)strtoul(argv[2], NULL, 0);
		a.svm_port = (unsigned)strtoul(argv[3], NULL, 0);
		if (connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
			return fail("connect");
		return talk(s);
	}
	fprintf(stderr, "usage: vsock listen PORT | vsock connect CID PORT\n");
	return 2;
}
