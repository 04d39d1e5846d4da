/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "util/err.h"

static unsigned entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

struct left left_now(void)
{
	return (struct left){
		.fds = entries("/proc/self/fd"),
		.threads = entries("/proc/self/task"),
		.mapped = fault_mapped(),
	};
}

void check_left(struct left before, const char *file, int line)
{
	struct left now = left_now();

	/* A thread that was joined is still listed for a moment. */
	for (int i = 0; i < 1000 && now.threads > before.threads; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		now = left_now();
	}
	if (now.fds == before.fds && now.threads == before.threads &&
	    now.mapped == before.mapped)
		return;
	print_error("left over: %u fds instead of %u, %u threads instead of "
		    "%u, %llu mapped bytes instead of %llu\n",
		    now.fds, before.fds, now.threads, before.threads,
		    (unsigned long long)now.mapped,
		    (unsigned long long)before.mapped);
	_fail(file, line);
}

void check_words(const char *words, const char *file, int line)
{
	if (strstr(err_text(), words))
		return;
	print_error("'%s' has no words '%s'\n", err_text(), words);
	_fail(file, line);
}

static int saved[2] = { -1, -1 };

static void take(int fd, int by)
{
	if (by < 0)
		by = open("/dev/null", O_RDWR | O_CLOEXEC);
	fflush(stdout);
	saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	assert_true(saved[fd] >= 0);
	assert_int_equal(dup2(by, fd), fd);
	close(by);
}

void stdio_take(int in, int out)
{
	stdio_give_back();
	take(STDIN_FILENO, in);
	take(STDOUT_FILENO, out);
}

void stdio_give_back(void)
{
	for (int fd = 0; fd < 2; fd++) {
		if (saved[fd] < 0)
			continue;
		dup2(saved[fd], fd);
		close(saved[fd]);
		saved[fd] = -1;
	}
}

int scratch_file(const void *buf, size_t size, char path[static 32])
{
	int fd = memfd_create("scratch", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, buf, size), size);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* Linux Documentation/arch/arm64/booting.rst, section 4. */
void make_image(void *kernel, uint64_t mem_size)
{
	uint64_t header[8] = { [2] = mem_size, [7] = 0x644d5241 };

	memcpy(kernel, header, sizeof(header));
}

bool see_text(int fd, char *seen, size_t size, const char *text)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (!strstr(seen, text)) {
		size_t len = strlen(seen);
		ssize_t n;

		if (poll(&p, 1, 20000) != 1)
			return false;
		n = read(fd, seen + len, size - 1 - len);
		if (n <= 0)
			return false;
		seen[len + (size_t)n] = '\0';
	}
	return true;
}
