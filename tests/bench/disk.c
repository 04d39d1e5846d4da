/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk.c - the first process of a Linux guest that measures its disk, /dev/vda,
 * and, if it is called with "hvc", its console /dev/hvc0.
 *
 * Reads and writes past the guest's own cache, in order and all over the disk,
 * one at a time and many at once; writes to the console, short and long ones.
 * Prints a line for each: what it was, requests, nanoseconds.  Modules that the kernel needs for the disk lie beside it, as
 * 0.ko, 1.ko, ... in the order in which they are wanted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 32, BYTES_MAX = 128 * 1024 };

static int disk;
static uint64_t disk_size;
static char *buffer; /* DEPTH_MAX of BYTES_MAX */
static uint64_t seed = 1;

static void end(const char *why)
{
	printf("disk: %s: %s\n", why, strerror(errno));
	fflush(stdout);
	reboot(RB_POWER_OFF);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void load_modules(void)
{
	char name[16];

	for (int i = 0;; i++) {
		int fd;

		snprintf(name, sizeof(name), "/%d.ko", i);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) < 0)
			end(name);
		close(fd);
	}
}

static void open_disk(void)
{
	mkdir("/dev", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	for (int i = 0; i < 500; i++) {
		disk = open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC);
		if (disk >= 0)
			break;
		usleep(10000);
	}
	if (disk < 0)
		end("/dev/vda");
	disk_size = (uint64_t)lseek(disk, 0, SEEK_END);
	buffer = mmap(NULL, DEPTH_MAX * BYTES_MAX, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (buffer == MAP_FAILED)
		end("memory");
}

/* The next place, in order or anywhere. */
static int64_t place(int random, uint64_t i, uint64_t size)
{
	uint64_t n = disk_size / size;

	if (!random)
		return (int64_t)(i % n * size);
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (int64_t)((seed >> 33) % n * size);
}

static void measure(const char *name, int write, int random, size_t size,
		    unsigned depth, unsigned nr)
{
	struct iocb cbs[DEPTH_MAX], *list[DEPTH_MAX];
	struct io_event events[DEPTH_MAX];
	unsigned begun = 0, done = 0;
	aio_context_t ctx = 0;
	uint64_t from;

	if (syscall(SYS_io_setup, DEPTH_MAX, &ctx) < 0)
		end("io_setup");
	for (unsigned i = 0; i < depth; i++) {
		memset(&cbs[i], 0, sizeof(cbs[i]));
		cbs[i].aio_lio_opcode =
			write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
		cbs[i].aio_fildes = (uint32_t)disk;
		cbs[i].aio_buf = (uintptr_t)(buffer + i * BYTES_MAX);
		cbs[i].aio_nbytes = size;
		cbs[i].aio_offset = place(random, begun++, size);
		list[i] = &cbs[i];
	}
	from = now_ns();
	if (syscall(SYS_io_submit, ctx, depth, list) != (long)depth)
		end("io_submit");
	while (done < nr) {
		long n = syscall(SYS_io_getevents, ctx, 1, DEPTH_MAX, events,
				 NULL);
		long again = 0;

		for (long i = 0; i < n; i++) {
			struct iocb *cb =
				(struct iocb *)(uintptr_t)events[i].obj;

			if (events[i].res != (long)size)
				end("a request");
			done++;
			if (begun >= nr)
				continue;
			cb->aio_offset = place(random, begun++, size);
			list[again++] = cb;
		}
		if (n < 0 || (again > 0 && syscall(SYS_io_submit, ctx, again,
						   list) != again))
			end("requests");
	}
	printf("%s %u %llu\n", name, done,
	       (unsigned long long)(now_ns() - from));
	syscall(SYS_io_destroy, ctx);
}

/* Lines, which raw output has as they are; each write has gone when it ends. */
static void speak(int fd, const char *name, size_t size, unsigned nr)
{
	static char text[4096];
	uint64_t from;

	memset(text, '.', sizeof(text));
	for (size_t i = 63; i < size; i += 64)
		text[i] = '\n';
	from = now_ns();
	for (unsigned i = 0; i < nr; i++)
		for (size_t done = 0; done < size;) {
			ssize_t n = write(fd, text + done, size - done);

			if (n < 0)
				end(name);
			done += (size_t)n;
		}
	if (tcdrain(fd) < 0)
		end(name);
	printf("%s %u %llu\n", name, nr, (unsigned long long)(now_ns() - from));
}

static void console(void)
{
	struct termios t;
	int fd = -1;

	for (int i = 0; fd < 0 && i < 500; i++) {
		fd = open("/dev/hvc0", O_WRONLY | O_NOCTTY | O_CLOEXEC);
		if (fd < 0)
			usleep(10000);
	}
	if (fd < 0 || tcgetattr(fd, &t) < 0)
		end("/dev/hvc0");
	cfmakeraw(&t);
	if (tcsetattr(fd, TCSANOW, &t) < 0)
		end("/dev/hvc0");
	speak(fd, "warm", 64, 10);
	speak(fd, "hvc-64", 64, 500);
	speak(fd, "hvc-4096", 4096, 200);
	close(fd);
}

int main(int argc, char **argv)
{
	load_modules();
	open_disk();
	measure("warm", 1, 0, 131072, 4, 128);
	measure("seq-write", 1, 0, 131072, 4, 256);
	measure("seq-read", 0, 0, 131072, 4, 256);
	measure("rand-read-1", 0, 1, 4096, 1, 1000);
	measure("rand-write-1", 1, 1, 4096, 1, 1000);
	measure("rand-read-32", 0, 1, 4096, 32, 2000);
	measure("rand-write-32", 1, 1, 4096, 32, 2000);
	if (argc > 1 && strcmp(argv[1], "hvc") == 0)
		console();
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 0;
}
