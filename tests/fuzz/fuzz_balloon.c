/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_balloon.c - a hostile guest at the memory balloon.
 *
 * The input is a list of what the guest does (register accesses, writes into its
 * memory, chains and lists of pages around wrong values), and of sizes that we
 * want.
 *
 * Whatever happens: memory next to the guest's, and the end of it that is lent to
 * nobody, keeps its pages; and after a reset nothing goes back any more.
 */
#include "guest.h"

#include <linux/virtio_balloon.h>

#include "virtio/balloon.h"

enum {
	RAM_SIZE = 0x40000,
	KEPT = 0x4000,	/* at its end: the records, say */
	QUEUE = 0x4000, /* of each: descriptors, driver's, device's */
	NR_QUEUES = 5,
	SIZE = 16,
	MARK = 0x5a,
};

/* -- what the guest can do -- */

/* Of numbers that are pages, or nearly. */
static void write_list(struct input *in)
{
	uint64_t off = NR_QUEUES * QUEUE + next(in, 1) * 16;
	unsigned n = (unsigned)next(in, 1) % 64;

	for (unsigned i = 0; i < n; i++) {
		uint32_t pfn = (uint32_t)(RAM >> VIRTIO_BALLOON_PFN_SHIFT) - 4;
		uint8_t delta = (uint8_t)next(in, 1);

		pfn = delta < 128 ? pfn + delta : (uint32_t)next(in, 4);
		memcpy(mem.host + off + i * sizeof(pfn), &pfn, sizeof(pfn));
	}
}

static void bring_up(struct input *in)
{
	agree_on_features(in);
	memset(mem.host, 0, NR_QUEUES * QUEUE);
	for (unsigned i = 0; i < NR_QUEUES; i++)
		set_queue(i, SIZE, QUEUE * i, QUEUE * i + 0x1000,
			  QUEUE * i + 0x2000);
	set(VIRTIO_MMIO_STATUS, WORKS);
}

/* A chain of up to four, some of it odd; offered at once. */
static void offer(struct input *in)
{
	unsigned how = (unsigned)next(in, 1), queue = how % NR_QUEUES;
	uint8_t *base = mem.host + QUEUE * queue;
	struct vring_desc *d = (void *)base;
	struct vring_avail *a = (void *)(base + 0x1000);
	unsigned n = (how >> 1 & 3) + 1, first = how >> 4;
	bool write = queue == 4;

	if (next(in, 1) > 250)
		write = !write;
	for (unsigned i = 0; i < n; i++) {
		bool last = i + 1 == n;

		d[(first + i) % SIZE] = (struct vring_desc){
			.addr = RAM + (next(in, 3) & 0x7ffff),
			.len = (__virtio32)next(in, how & 8 ? 4 : 2),
			.flags = (__virtio16)((write ? VRING_DESC_F_WRITE : 0) |
					      (last ? 0 : VRING_DESC_F_NEXT)),
			.next = (__virtio16)((first + i + 1) % SIZE),
		};
	}
	a->ring[a->idx % SIZE] = (__virtio16)first;
	a->idx++;
}

static void notify(struct input *in)
{
	set(VIRTIO_MMIO_QUEUE_NOTIFY, next(in, 1) % NR_QUEUES);
}

/* -- and we -- */

static void want(struct input *in)
{
	uint64_t size = next(in, 8);

	balloon_set(&dev, size);
	if (size >> 44 == 0)
		MUST(get(VIRTIO_MMIO_CONFIG) == size >> 12);
}

static void (*const deeds[])(struct input *) = {
	access_anyhow, write_memory, write_list, bring_up, offer,
	offer,	       notify,	     notify,	 reset,	   want,
};

/* A ring may lie in what is kept, so bytes may change; no page may be lost. */
static bool all_there(void)
{
	const uint8_t *at = mem.host + RAM_SIZE - KEPT;

	for (unsigned page = 0; page < KEPT / 4096; page++) {
		unsigned n = 0;

		for (unsigned i = 0; i < 4096; i++)
			n += at[4096 * page + i] == MARK;
		if (n == 0)
			return false;
	}
	return true;
}

static bool marked(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (at[i] != MARK)
			return false;
	return true;
}

static int make_host(void)
{
	int vm_fd = guest_machine(RAM_SIZE);

	mem.kept = KEPT;
	memset(mem.host - EDGE, MARK, EDGE);
	memset(mem.host + RAM_SIZE - KEPT, MARK, KEPT + EDGE);
	return vm_fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct device_host host;
	struct input in = { data, size };

	if (!mem.host)
		host = (struct device_host){ .vm_fd = make_host(),
					     .mem = &mem };
	memset(mem.host, 0, RAM_SIZE - KEPT);
	guest_begin(&virtio_balloon_class, &host);
	while (in.left > 0)
		deeds[next(&in, 1) % ARRAY_SIZE(deeds)](&in);
	reset(&in);
	MUST(!fake_kvm.spis[SPI_VIRTIO]);
	MUST(all_there());
	memset(mem.host, MARK, RAM_SIZE);
	device_fini(&dev);
	MUST(marked(mem.host - EDGE, EDGE + RAM_SIZE + EDGE));
	return 0;
}
