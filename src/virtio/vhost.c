/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio/vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mach/gmem.h"
#include "util/err.h"
#include "virtio/backend.h"

/* The module's name is the device's, with the other kind of line. */
static int no_open(const char *path)
{
	int rc = err_set(errno, "'%s'", path);
	const char *kind = strrchr(path, '-');

	if (rc == -EACCES || rc == -EPERM)
		return err_hint(rc, "let this user read and write it (on "
				    "Debian: join the group kvm)");
	if (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO)
		return err_hint(rc,
				"this host's kernel has no such device yet: "
				"'modprobe vhost_%s' as root",
				kind ? kind + 1 : "net");
	return rc;
}

int vhost_open(const char *path, uint64_t *ret_features)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0)
		return no_open(path);
	if (ioctl(fd, VHOST_SET_OWNER, NULL) < 0 ||
	    ioctl(fd, VHOST_GET_FEATURES, ret_features) < 0) {
		rc = err_set(errno, "'%s'", path);
		close(fd);
		return rc;
	}
	return fd;
}

/* RAM is one region. */
static int set_memory(int fd, const struct gmem *mem)
{
	union {
		struct vhost_memory head;
		char room[sizeof(struct vhost_memory) +
			  sizeof(struct vhost_memory_region)];
	} table = { .head.nregions = 1 };

	table.head.regions[0] = (struct vhost_memory_region){
		.guest_phys_addr = mem->base,
		.memory_size = gmem_lent(mem),
		.userspace_addr = (uint64_t)(uintptr_t)mem->host,
	};
	return ioctl(fd, VHOST_SET_MEM_TABLE, &table);
}

/* Rings are told by where this process has them. */
static uint64_t here(const struct gmem *mem, gpa_t gpa)
{
	return (uint64_t)(uintptr_t)gmem_at(mem, gpa, 1);
}

static int set_file(int fd, unsigned long request, unsigned index, int file)
{
	struct vhost_vring_file f = { .index = index, .fd = file };

	return ioctl(fd, request, &f);
}

static int set_ring(int fd, const struct gmem *mem, unsigned index,
		    const struct backend_ring *ring)
{
	struct vhost_vring_state size = { index, ring->size };
	struct vhost_vring_state base = { index, 0 };
	struct vhost_vring_addr addr = {
		.index = index,
		.desc_user_addr = here(mem, ring->desc),
		.used_user_addr = here(mem, ring->device),
		.avail_user_addr = here(mem, ring->driver),
	};

	if (ioctl(fd, VHOST_SET_VRING_NUM, &size) < 0 ||
	    ioctl(fd, VHOST_SET_VRING_BASE, &base) < 0 ||
	    ioctl(fd, VHOST_SET_VRING_ADDR, &addr) < 0 ||
	    set_file(fd, VHOST_SET_VRING_ERR, index, ring->err_fd) < 0 ||
	    set_file(fd, VHOST_SET_VRING_CALL, index, ring->call_fd) < 0 ||
	    set_file(fd, VHOST_SET_VRING_KICK, index, ring->kick_fd) < 0)
		return -1;
	return 0;
}

int vhost_set_up(int fd, const struct gmem *mem, const struct backend_run *run,
		 unsigned nr)
{
	if (ioctl(fd, VHOST_SET_FEATURES, &run->features) < 0)
		return err_set(errno, "vhost: features %#llx",
			       (unsigned long long)run->features);
	if (set_memory(fd, mem) < 0)
		return err_set(errno, "vhost: memory");
	for (unsigned i = 0; i < nr; i++)
		if (set_ring(fd, mem, i, &run->rings[i]) < 0)
			return err_set(errno, "vhost: queue %u", i);
	return 0;
}
