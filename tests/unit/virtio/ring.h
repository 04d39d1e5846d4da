/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring.h - the guest's side, for tests: some memory between two places where
 * none is, and a ring in it, written as a driver would or should not.
 */
#ifndef TESTS_RING_H
#define TESTS_RING_H

#include "check.h"

#include <linux/virtio_ring.h>
#include <sys/mman.h>

#include "mach/gmem.h"

#define RAM	  UINT64_C(0x40000000)
#define RAM_SIZE  UINT64_C(0x8000000)
#define RAM_END	  (RAM + RAM_SIZE)
#define RAM_GUARD UINT64_C(0x10000)

/* Where the parts of queue @n are, and memory that is nobody's. */
#define DESC(n)	  (RAM + 0x10000 * (uint64_t)(n) + 0x1000)
#define DRIVER(n) (RAM + 0x10000 * (uint64_t)(n) + 0x2000)
#define DEVICE(n) (RAM + 0x10000 * (uint64_t)(n) + 0x3000)
#define BUFFERS	  (RAM + 0x100000)

static struct gmem ram;

static inline void ram_init(void)
{
	uint8_t *map = mmap(NULL, RAM_SIZE + 2 * RAM_GUARD, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(
		mprotect(map + RAM_GUARD, RAM_SIZE, PROT_READ | PROT_WRITE), 0);
	ram = (struct gmem){
		.host = map + RAM_GUARD,
		.base = RAM,
		.size = RAM_SIZE,
		.map = map,
	};
}

static inline void ram_fini(void)
{
	munmap(ram.map, RAM_SIZE + 2 * RAM_GUARD);
}

/* The host's view of what is there. */
static inline void *at(gpa_t gpa)
{
	return ram.host + (gpa - RAM);
}

static inline struct vring_avail *avail_ring(unsigned queue)
{
	return at(DRIVER(queue));
}

static inline struct vring_used *used_ring(unsigned queue)
{
	return at(DEVICE(queue));
}

static inline void desc(unsigned queue, unsigned i, gpa_t addr, uint32_t len,
			unsigned flags, unsigned next)
{
	struct vring_desc *d = at(DESC(queue));

	d[i] = (struct vring_desc){
		.addr = addr,
		.len = len,
		.flags = (__virtio16)flags,
		.next = (__virtio16)next,
	};
}

/* Put the chain that begins at @head into the ring of @size entries. */
static inline void offer(unsigned queue, unsigned size, unsigned head)
{
	struct vring_avail *a = avail_ring(queue);

	a->ring[a->idx % size] = (__virtio16)head;
	a->idx++;
}

#endif
