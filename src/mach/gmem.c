/* SPDX-License-Identifier: BSD-2-Clause */
#include "mach/gmem.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mach/gmem_file.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"

/*
 * Where host and guest addresses agree modulo this size, KVM can map guest
 * memory in blocks of it.
 */
#define BLOCK (2 * MIB)

/*
 * KVM takes fewer than 2^31 pages in one slot, of 4 KiB at the smallest: more
 * RAM is a row of slots over one mapping.
 */
#define SLOT_MAX (UINT64_C(1) << 42)

#define MAP_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static void del_slots(int vm_fd, unsigned slot, uint64_t size)
{
	for (uint64_t off = 0; off < size; off += SLOT_MAX)
		kvm_slot_del(vm_fd, slot++);
}

static int add_slots(int vm_fd, unsigned slot, gpa_t base, uint64_t size,
		     uint8_t *host)
{
	for (uint64_t off = 0; off < size; off += SLOT_MAX) {
		uint64_t left = size - off;
		int rc = kvm_slot_add(
			vm_fd, slot + (unsigned)(off / SLOT_MAX), base + off,
			left < SLOT_MAX ? left : SLOT_MAX, host + off);

		if (rc < 0) {
			del_slots(vm_fd, slot, off);
			return rc;
		}
	}
	return 0;
}

/* RAM, or RAM anew, at @host: @fd's bytes, or, where that is -1, none. */
static int map_at(uint8_t *host, uint64_t size, int fd)
{
	int flags = fd < 0 ? MAP_FLAGS : MAP_SHARED;

	if (mmap(host, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd,
		 0) != MAP_FAILED)
		return 0;
	return fd < 0 ? err_set(errno, "clear") : gmem_file_refused(fd, size);
}

/* Address space for @size bytes, aligned as @mem->fd needs it. */
static int reserve(struct gmem *mem, uint64_t size)
{
	uint64_t align = BLOCK;
	int prot = PROT_READ | PROT_WRITE;

	if (mem->shared) {
		prot = PROT_NONE; /* until the file is there */
		align = gmem_file_page(mem->fd);
		align = align < BLOCK ? BLOCK : align;
	}
	if (__builtin_add_overflow(size, align, &mem->map_size))
		return err_set(EOVERFLOW, "guest memory");
	mem->map = mmap(NULL, mem->map_size, prot, MAP_FLAGS, -1, 0);
	if (mem->map == MAP_FAILED) {
		mem->map = NULL;
		return err_hint(err_set(errno,
					"guest memory of %" PRIu64 " MiB",
					size / MIB),
				"give less with -m");
	}
	mem->host = (uint8_t *)ROUND_UP((uintptr_t)mem->map, align);
	return mem->shared ? map_at(mem->host, size, mem->fd) : 0;
}

static void drop(struct gmem *mem)
{
	if (mem->map)
		munmap(mem->map, mem->map_size);
	if (mem->shared)
		close(mem->fd);
	*mem = (struct gmem){ 0 };
}

int gmem_init_as(struct gmem *mem, int vm_fd, unsigned slot, gpa_t base,
		 uint64_t size, const struct gmem_config *config)
{
	int rc = 0;

	*mem = (struct gmem){ 0 };
	if (config->shared || config->huge || config->path) {
		rc = gmem_file_open(config, size);
		if (rc < 0)
			return rc;
		mem->shared = true;
		mem->fd = rc;
	}
	rc = reserve(mem, size);
	if (rc < 0)
		goto out_drop;
	rc = err_in(add_slots(vm_fd, slot, base, size, mem->host),
		    "guest memory");
	if (rc < 0)
		goto out_drop;
	mem->base = base;
	mem->size = size;
	mem->vm_fd = vm_fd;
	mem->slot = slot;
	return 0;

out_drop:
	drop(mem);
	return rc;
}

int gmem_init(struct gmem *mem, int vm_fd, unsigned slot, gpa_t base,
	      uint64_t size)
{
	const struct gmem_config private = { 0 };

	return gmem_init_as(mem, vm_fd, slot, base, size, &private);
}

int gmem_clear(struct gmem *mem)
{
	int rc = mem->shared ? gmem_file_clear(mem->fd, mem->size) : 0;

	/*
	 * A fresh mapping also drops the kernel's and initrd's file mappings,
	 * and claims huge pages anew, which a hole gave away.
	 */
	if (rc == 0)
		rc = map_at(mem->host, mem->size, mem->shared ? mem->fd : -1);
	return err_in(rc, "guest memory");
}

void gmem_small_pages(const struct gmem *mem)
{
	/* It fails where the kernel was built without huge pages. */
	(void)madvise(mem->map, mem->map_size, MADV_NOHUGEPAGE);
}

void gmem_discard(const struct gmem *mem, gpa_t gpa, uint64_t size)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), off, end;
	int rc;

	if (gpa < mem->base || gpa - mem->base >= gmem_lent(mem))
		return;
	off = gpa - mem->base;
	end = size < gmem_lent(mem) - off ? off + size : gmem_lent(mem);
	off = ROUND_UP(off, page);
	end -= end % page;
	if (off >= end)
		return;
	if (!mem->shared)
		rc = madvise(mem->host + off, end - off, MADV_DONTNEED);
	else
		rc = gmem_file_discard(mem->fd, off, end - off);
	if (rc < 0)
		log_debug("guest memory: give back: %s", strerror(errno));
}

void *gmem_at(const struct gmem *mem, gpa_t gpa, uint64_t size)
{
	uint64_t off = gpa - mem->base;

	if (gpa < mem->base || off > mem->size || size > mem->size - off)
		return NULL;
	return mem->host + off;
}

void gmem_fini(struct gmem *mem)
{
	if (!mem->map)
		return;
	del_slots(mem->vm_fd, mem->slot, mem->size);
	drop(mem);
}
