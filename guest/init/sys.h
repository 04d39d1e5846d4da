/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys.h - system calls of arm64 Linux, and nothing else of a C library.
 *
 * sys(__NR_name, ARGUMENT...) makes any call; those made often have a name.
 *
 * Spec:   Linux: arch/arm64/include/uapi/asm/unistd.h (numbers; the oldest of
 *         kernels for arm64 has all that are used here).
 * Errors: as the kernel answers, a negative errno.
 */
#ifndef INIT_SYS_H
#define INIT_SYS_H

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/signal.h>
#include <stddef.h>

static inline long sys_call(long nr, long a, long b, long c, long d, long e,
			    long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

/* Arguments that are not given are 0. */
#define SYS_SIX(nr, a, b, c, d, e, f, ...)                                  \
	sys_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
		 (long)(f))
#define sys(...) SYS_SIX(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* Bytes of a signal set, as the kernel wants them told. */
enum { SIGSET_SIZE = sizeof(sigset_t) };

static inline int sys_open(const char *path, int flags)
{
	return (int)sys(__NR_openat, AT_FDCWD, path, flags);
}

static inline void sys_close(int fd)
{
	sys(__NR_close, fd);
}

static inline long sys_read(int fd, void *to, size_t size)
{
	return sys(__NR_read, fd, to, size);
}

static inline long sys_write(int fd, const void *from, size_t size)
{
	return sys(__NR_write, fd, from, size);
}

/* The child's process number to the parent, 0 to the child. */
static inline int sys_fork(void)
{
	return (int)sys(__NR_clone, SIGCHLD);
}

static inline _Noreturn void sys_exit(int status)
{
	for (;;)
		sys(__NR_exit_group, status);
}

#endif
