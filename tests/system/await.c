/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * await.c - wait, but not for ever, for what a process writes or for its end.
 *
 *	await [-p PID] [-o OFFSET] SECONDS FILE TEXT
 *		until FILE, which grows, holds TEXT at OFFSET (0) or behind;
 *		prints the offset behind it
 *	await -p PID SECONDS
 *		until process PID has ended
 *
 * Exit status: 0 it came to pass, 1 not within SECONDS, 2 usage, 3 process PID
 * has ended and the text is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CAME = 0, TIME_OVER = 1, USAGE = 2, ENDED = 3 };

/* Between two looks at the file; a guest that boots meanwhile feels them. */
enum { NAP_MS = 20 };

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Sleep for @ms, or until the process behind @pidfd (or -1) has ended. */
static bool ends_within(int pidfd, uint64_t ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, (int)ms) == 1;
}

/*
 * Look through what @fd has from *@off on; on success *@off is behind @text,
 * else so far along that no text can be missed by going on from there.
 */
static bool find(int fd, off_t *off, const char *text)
{
	static char buf[1 << 16];
	size_t len = strlen(text);
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), *off)) >= (ssize_t)len) {
		const char *at = memmem(buf, (size_t)n, text, len);

		if (at) {
			*off += at - buf + (off_t)len;
			return true;
		}
		*off += n - (ssize_t)len + 1;
	}
	return false;
}

static int await_text(int pidfd, uint64_t deadline, const char *file, off_t off,
		      const char *text)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool ended = false;

	if (fd < 0) {
		fprintf(stderr, "await: '%s': %s\n", file, strerror(errno));
		return USAGE;
	}
	while (!find(fd, &off, text)) {
		if (ended)
			return ENDED;
		if (now_ms() >= deadline)
			return TIME_OVER;
		/* One more look after its end: its last words. */
		ended = ends_within(pidfd, NAP_MS);
	}
	printf("%jd\n", (intmax_t)off);
	return CAME;
}

static int await_end(int pidfd, uint64_t deadline)
{
	uint64_t now = now_ms();

	if (pidfd < 0)
		return CAME; /* before we came */
	return ends_within(pidfd, deadline > now ? deadline - now : 0)
		       ? CAME
		       : TIME_OVER;
}

int main(int argc, char **argv)
{
	int opt, pidfd = -1;
	bool process = false;
	uint64_t deadline;
	off_t off = 0;

	while ((opt = getopt(argc, argv, "p:o:")) != -1) {
		if (opt == 'p') {
			process = true;
			pidfd = (int)syscall(SYS_pidfd_open, atoi(optarg), 0);
			if (pidfd < 0 && errno != ESRCH) {
				perror("await: pidfd");
				return USAGE;
			}
		} else if (opt == 'o') {
			off = strtoll(optarg, NULL, 10);
		} else {
			return USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc != 3 && !(argc == 1 && process)) {
		fprintf(stderr, "usage: await [-p PID] [-o OFFSET] SECONDS "
				"FILE TEXT\n"
				"       await -p PID SECONDS\n");
		return USAGE;
	}
	deadline = now_ms() + (uint64_t)(strtod(argv[0], NULL) * 1000);
	if (argc == 1)
		return await_end(pidfd, deadline);
	return await_text(pidfd, deadline, argv[1], off, argv[2]);
}
