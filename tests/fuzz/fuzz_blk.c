/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_blk.c - a hostile guest at a disk.
 *
 * The input is a list of what the guest does: register accesses, writes into
 * its memory, and, so that much of it gets somewhere, well-formed requests
 * around wrong values, directly or by indirect tables.  The device works in
 * threads of its own: after each notification the guest waits until it has
 * come to rest, or does not, and goes on under its hands.
 *
 * Whatever happens: memory next to the guest's stays as it is, the disk keeps
 * its size, a read-only one its bytes, what a device that works is given comes
 * back, and a reset returns with nothing in flight.
 */
#include "guest.h"

#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/disk.h"
#include "virtio/blk.h"

enum {
	RAM_SIZE = 0x20000,
	DESC = 0x1000,
	AVAIL = 0x3000,
	USED = 0x4000,
	TABLE = 0x6000,	 /* indirect ones */
	HEADER = 0x8000, /* one of 16 bytes for each descriptor */
	SIZE = 64,
	DISK_SIZE = 64 * 1024,
};

static struct disk_config configs[2];
static int images[2];

/* -- what the guest can do -- */

/* As a driver does, with the features that the input says. */
static void bring_up(struct input *in)
{
	agree_on_features(in);
	memset(mem.host + DESC, 0, TABLE - DESC);
	set_queue(0, SIZE, DESC, AVAIL, USED);
	set(VIRTIO_MMIO_STATUS, WORKS);
}

static void put_in_ring(uint16_t head)
{
	struct vring_avail *a = (void *)(mem.host + AVAIL);

	a->ring[a->idx % SIZE] = head;
	a->idx++;
}

/* A request of three descriptors, some of it odd; offered at once. */
static void request(struct input *in)
{
	unsigned odd = (unsigned)next(in, 1), i = odd >> 4;
	bool table = odd & 1;
	struct vring_desc *d =
		(void *)(mem.host + (table ? TABLE + 48 * i : DESC + 48 * i));
	unsigned first = table ? 0 : 3 * i;
	struct virtio_blk_outhdr *h = (void *)(mem.host + HEADER + 16 * i);
	uint8_t type = (uint8_t)next(in, 1);

	h->type = type % 16;
	h->sector = odd & 2 ? next(in, 8) : next(in, 1);
	d[0] = (struct vring_desc){ RAM + HEADER + 16 * i,
				    odd & 4 ? (__virtio32)next(in, 1) : 16,
				    VRING_DESC_F_NEXT,
				    (__virtio16)(first + 1) };
	d[1] = (struct vring_desc){
		RAM + next(in, 2), odd & 8 ? (__virtio32)next(in, 4) : 512,
		(__virtio16)(VRING_DESC_F_NEXT | (type & 0x80 ? 2 : 0)),
		(__virtio16)(first + 2)
	};
	d[2] = (struct vring_desc){ RAM + HEADER + 0x1000 + i, 1,
				    type & 0x40 ? 0 : VRING_DESC_F_WRITE, 0 };
	if (table) {
		d = (void *)(mem.host + DESC);
		d[3 * i] = (struct vring_desc){ RAM + TABLE + 48 * i, 48,
						VRING_DESC_F_INDIRECT, 0 };
	}
	put_in_ring((__virtio16)(3 * i));
}

static void offer(struct input *in)
{
	struct vring_avail *a = (void *)(mem.host + AVAIL);
	unsigned n = (unsigned)next(in, 1);

	if (n == 0xff)
		a->idx = (__virtio16)next(in, 2);
	else
		put_in_ring((uint16_t)n);
}

static void notify(struct input *in)
{
	(void)in;
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

static bool works(void)
{
	return get(VIRTIO_MMIO_STATUS) == WORKS &&
	       get(VIRTIO_MMIO_QUEUE_READY) == 1;
}

/*
 * Tell the device and wait: it gives back what it takes, or is at fault.  A
 * guest that wrote over its own ring may wait in vain.
 */
static void notify_and_wait(struct input *in)
{
	const struct vring_avail *a = (const void *)(mem.host + AVAIL);
	const struct vring_used *u = (const void *)(mem.host + USED);

	notify(in);
	for (int i = 0; i < 50 && works() && u->idx != a->idx; i++)
		usleep(20);
}

static void (*const deeds[])(struct input *) = {
	access_anyhow, write_memory, bring_up, request, request,
	request,       offer,	     notify,   reset,	notify_and_wait,
};

/* -- the machine around it -- */

static void make_disks(void)
{
	static char paths[2][32];

	for (int i = 0; i < 2; i++) {
		images[i] = memfd_create("disk", MFD_CLOEXEC);
		MUST(ftruncate(images[i], DISK_SIZE) == 0);
		snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d",
			 images[i]);
		configs[i].path = paths[i];
		configs[i].path_len = (int)strlen(paths[i]);
		configs[i].read_only = i == 1;
	}
}

static void check_all(void)
{
	static const uint8_t zero[DISK_SIZE];
	static uint8_t bytes[DISK_SIZE];
	struct stat st;

	guest_check_edges();
	for (int i = 0; i < 2; i++)
		MUST(fstat(images[i], &st) == 0 && st.st_size == DISK_SIZE);
	MUST(pread(images[1], bytes, DISK_SIZE, 0) == DISK_SIZE);
	MUST(memcmp(bytes, zero, DISK_SIZE) == 0);
}

/* Once all is said and nothing is in flight, no byte changes any more. */
static void check_rest(void)
{
	static uint8_t then[RAM_SIZE];

	memcpy(then, mem.host, RAM_SIZE);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	MUST(memcmp(then, mem.host, RAM_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct device_host host;
	struct input in = { data, size };

	if (!mem.host) {
		host = (struct device_host){ .vm_fd = guest_machine(RAM_SIZE),
					     .mem = &mem };
		make_disks();
	}
	memset(mem.host, 0, RAM_SIZE);
	host.config = &configs[next(&in, 1) & 1];
	guest_begin(&virtio_blk_class, &host);
	while (in.left > 0)
		deeds[next(&in, 1) % ARRAY_SIZE(deeds)](&in);
	reset(&in);
	MUST(!fake_kvm.spis[SPI_VIRTIO]);
	check_rest();
	device_fini(&dev);
	check_all();
	return 0;
}
