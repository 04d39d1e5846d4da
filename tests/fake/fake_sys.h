/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_sys.h - what src/kvm asks of the kernel: for tests/unit/kvm, whose
 * programs are linked with these calls replaced.
 *
 * Threads: one.
 */
#ifndef FAKE_SYS_H
#define FAKE_SYS_H

#include <stdint.h>
#include <sys/types.h>

enum { SYS_CALLS = 8, SYS_DATA = 128 };

struct sys_ioctl {
	int fd;
	unsigned long request;
	unsigned long arg;	/* as it is, where it is no pointer */
	uint8_t data[SYS_DATA]; /* what it pointed to, where it is one */
};

struct fake_sys {
	/* What the kernel answers; 0 from ioctl(2) if @answer is NULL. */
	int open_rc, open_errno;
	int (*answer)(unsigned nr, unsigned long request, void *arg);
	void *map; /* MAP_FAILED: ENOMEM */

	/* What was asked. */
	char path[64];
	int open_flags;
	struct sys_ioctl ioctls[SYS_CALLS];
	unsigned nr_ioctls;
	int map_fd, map_prot, map_flags;
	size_t map_size, unmap_size;
	void *unmap;
	int closed[SYS_CALLS];
	unsigned nr_closed;
};

extern struct fake_sys fake_sys;

/* As new; @answer is asked from now on. */
void fake_sys_reset(int (*answer)(unsigned nr, unsigned long request,
				  void *arg));

/* The only call there was had @request on @fd; what it handed over. */
const void *fake_sys_only(int fd, unsigned long request);

#endif
