/* SPDX-License-Identifier: BSD-2-Clause */
#include "mach/gmem.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "util/err.h"
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

int gmem_init(struct gmem *mem, int vm_fd, unsigned slot, gpa_t base,
	      uint64_t size)
{
	uint64_t map_size;
	uint8_t *host;
	void *map;
	int rc;

	*mem = (struct gmem){ 0 };
	if (__builtin_add_overflow(size, BLOCK, &map_size))
		return err_set(EOVERFLOW, "guest memory");
	map = mmap(NULL, map_size, PROT_READ | PROT_WRITE, MAP_FLAGS, -1, 0);
	if (map == MAP_FAILED)
		return err_hint(err_set(errno,
					"guest memory of %" PRIu64 " MiB",
					size / MIB),
				"give less with -m");

	host = (uint8_t *)ROUND_UP((uintptr_t)map, BLOCK);
	rc = add_slots(vm_fd, slot, base, size, host);
	if (rc < 0)
		goto out_unmap;
	*mem = (struct gmem){ .host = host,
			      .base = base,
			      .size = size,
			      .vm_fd = vm_fd,
			      .slot = slot,
			      .map = map,
			      .map_size = map_size };
	return 0;

out_unmap:
	munmap(map, map_size);
	return err_in(rc, "guest memory");
}

int gmem_clear(struct gmem *mem)
{
	/* A fresh mapping also drops the kernel's and initrd's file mappings. */
	if (mmap(mem->host, mem->size, PROT_READ | PROT_WRITE,
		 MAP_FLAGS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return err_set(errno, "guest memory: clear");
	return 0;
}

void gmem_small_pages(const struct gmem *mem)
{
	/* It fails where the kernel was built without huge pages. */
	(void)madvise(mem->map, mem->map_size, MADV_NOHUGEPAGE);
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
	munmap(mem->map, mem->map_size);
	*mem = (struct gmem){ 0 };
}
