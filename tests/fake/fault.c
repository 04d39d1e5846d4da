/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint calls, fail_at;
static atomic_int fail_with, whose; /* a thread's, or 0: everybody's */
static atomic_uint_fast64_t mapped;

void fault_arm_mine(unsigned n, int err)
{
	fault_arm(0, 0);
	atomic_store(&whose, (int)syscall(SYS_gettid));
	atomic_store(&fail_with, err);
	atomic_store(&fail_at, n);
}

void fault_arm(unsigned n, int err)
{
	atomic_store(&fail_at, 0);
	atomic_store(&whose, 0);
	atomic_store(&calls, 0);
	atomic_store(&fail_with, err);
	atomic_store(&fail_at, n);
}

bool fault_met(void)
{
	unsigned n = atomic_load(&fail_at);

	return n > 0 && atomic_load(&calls) >= n;
}

unsigned fault_calls(void)
{
	return atomic_load(&calls);
}

int fault_now(void)
{
	int who = atomic_load(&whose);
	unsigned n;

	if (who && who != (int)syscall(SYS_gettid))
		return 0;
	n = atomic_fetch_add(&calls, 1) + 1;
	return n == atomic_load(&fail_at) ? atomic_load(&fail_with) : 0;
}

uint64_t fault_mapped(void)
{
	return atomic_load(&mapped);
}

static bool failed(void)
{
	int err = fault_now();

	if (err)
		errno = err;
	return err != 0;
}

/*
 * What a program defines itself, the C library's own is hidden by.  Straight
 * system calls where they are that simple, so that this works at any time.
 *
 * Weak, because fuzz targets have a sanitizer inside the program, which needs
 * its own versions and has them first.
 */
#pragma weak mmap
#pragma weak munmap
#pragma weak eventfd
#pragma weak getrandom
#pragma weak signalfd
#pragma weak pthread_create

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	void *p;

	if (failed())
		return MAP_FAILED;
	p = (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off);
	if (p != MAP_FAILED && !(flags & MAP_FIXED))
		atomic_fetch_add(&mapped, len);
	return p;
}

int munmap(void *addr, size_t len)
{
	int rc = (int)syscall(SYS_munmap, addr, len);

	if (rc == 0)
		atomic_fetch_sub(&mapped, len);
	return rc;
}

int eventfd(unsigned count, int flags)
{
	return failed() ? -1 : (int)syscall(SYS_eventfd2, count, flags);
}

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
	return failed() ? -1 : syscall(SYS_getrandom, buf, len, flags);
}

int signalfd(int fd, const sigset_t *mask, int flags)
{
	static int (*real)(int, const sigset_t *, int);

	if (failed())
		return -1;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "signalfd");
	return real(fd, mask, flags);
}

int pthread_create(pthread_t *ret, const pthread_attr_t *attr,
		   void *(*fn)(void *), void *arg)
{
	static int (*real)(pthread_t *, const pthread_attr_t *,
			   void *(*)(void *), void *);
	int err = fault_now();

	if (err)
		return err;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(ret, attr, fn, arg);
}
