/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_vhost.h - the kernel's side of a vhost device that only keeps what it is
 * told, and of a tap device that only has a cable.
 */
#ifndef TESTS_FAKE_VHOST_H
#define TESTS_FAKE_VHOST_H

#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/log.h"

enum { NR_RINGS = 2 };

static struct {
	int fd, open_errno;
	unsigned nr_calls, fail_at; /* 0: none fails */
	int fail_errno;
	bool owned;
	uint64_t cannot, features, cid;
	struct vhost_memory_region ram;
	struct vhost_vring_addr addrs[NR_RINGS];
	unsigned sizes[NR_RINGS];
	int kicks[NR_RINGS], calls[NR_RINGS], errs[NR_RINGS];
	int backends[NR_RINGS]; /* of a network's */
	atomic_int running, nr_starts;
} vhost;

static struct {
	int fd, outside; /* of the cable; the test's to close */
	unsigned long offload;
} tap;

int open(const char *path, int flags, ...)
{
	int ends[2];

	if (strcmp(path, "/dev/net/tun") == 0) {
		assert_int_equal(socketpair(AF_UNIX,
					    SOCK_SEQPACKET | SOCK_CLOEXEC |
						    SOCK_NONBLOCK,
					    0, ends),
				 0);
		tap.fd = ends[0];
		tap.outside = ends[1];
		return tap.fd;
	}
	if (strncmp(path, "/dev/vhost-", 11) == 0) {
		errno = vhost.open_errno;
		if (errno)
			return -1;
		vhost.fd = eventfd(0, EFD_CLOEXEC);
		return vhost.fd;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

static void set_running(int on)
{
	atomic_fetch_add(&vhost.nr_starts, on);
	atomic_store(&vhost.running, on);
}

static void vhost_set(unsigned long request, const void *arg)
{
	const struct vhost_vring_file *file = arg;
	const struct vhost_vring_state *state = arg;
	const struct vhost_vring_addr *addr = arg;

	switch (request) {
	case VHOST_SET_OWNER:
		vhost.owned = true;
		break;
	case VHOST_SET_FEATURES:
		memcpy(&vhost.features, arg, sizeof(vhost.features));
		break;
	case VHOST_SET_MEM_TABLE:
		memcpy(&vhost.ram, ((const struct vhost_memory *)arg)->regions,
		       sizeof(vhost.ram));
		break;
	case VHOST_SET_VRING_NUM:
		vhost.sizes[state->index] = state->num;
		break;
	case VHOST_SET_VRING_BASE:
		assert_int_equal(state->num, 0);
		break;
	case VHOST_SET_VRING_ADDR:
		vhost.addrs[addr->index] = *addr;
		break;
	case VHOST_SET_VRING_KICK:
		vhost.kicks[file->index] = file->fd;
		break;
	case VHOST_SET_VRING_CALL:
		vhost.calls[file->index] = file->fd;
		break;
	case VHOST_SET_VRING_ERR:
		vhost.errs[file->index] = file->fd;
		break;
	case VHOST_VSOCK_SET_GUEST_CID:
		memcpy(&vhost.cid, arg, sizeof(vhost.cid));
		break;
	case VHOST_VSOCK_SET_RUNNING:
		set_running(*(const int *)arg);
		break;
	case VHOST_NET_SET_BACKEND:
		vhost.backends[file->index] = file->fd;
		if (file->index == NR_RINGS - 1)
			set_running(file->fd >= 0);
		break;
	default:
		fail_msg("ioctl %#lx", request);
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd == tap.fd) {
		if (request == TUNSETOFFLOAD)
			tap.offload = (unsigned long)arg;
		return 0;
	}
	if (fd != vhost.fd)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	if (++vhost.nr_calls == vhost.fail_at) {
		errno = vhost.fail_errno;
		return -1;
	}
	if (request == VHOST_GET_FEATURES)
		memcpy(arg, &(uint64_t){ ~vhost.cannot }, 8);
	else
		vhost_set(request, arg);
	return 0;
}

static struct left before;

/* A device of @class on the bus; the kernel knows nothing of it yet. */
static inline void fake_vhost_set_up(const struct virtio_class *class,
				     const void *config)
{
	alarm(60);
	log_set_level(LOG_ERROR);
	memset(&vhost, 0, sizeof(vhost));
	memset(&tap, 0, sizeof(tap));
	vhost.fd = tap.fd = tap.outside = -1;
	before = left_now();
	driver_init_for(class, config);
}

/* It is gone, and nothing is left of it. */
static inline void fake_vhost_tear_down(void)
{
	driver_fini();
	assert_int_equal(atomic_load(&vhost.running), 0);
	if (tap.outside >= 0)
		close(tap.outside);
	assert_nothing_left(before);
}

static inline void await_running(int wanted)
{
	while (atomic_load(&vhost.running) != wanted)
		usleep(200);
}

static inline void await_status(uint32_t bit)
{
	while (!(get(VIRTIO_MMIO_STATUS) & bit))
		usleep(200);
}

static inline void signal_fd(int fd)
{
	uint64_t one = 1;

	assert_int_equal(write(fd, &one, 8), 8);
}

#endif
