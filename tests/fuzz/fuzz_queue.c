/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_queue.c - a hostile guest at a virtio device.
 *
 * The input is a list of what the guest does: register accesses of any width,
 * writes anywhere into its memory, and, so that much of it gets somewhere, the
 * right sequence of registers and well-formed ring entries around wrong
 * values.  The device is the entropy device, on a bus, as a vCPU has it.
 *
 * Whatever happens: memory next to the guest's stays as it is, what one
 * notification costs is bounded, the interrupt line is the interrupt status, a
 * device that needs a reset does nothing, and a reset makes it as new.
 */

#include "guest.h"

#include "virtio/queue.h"
#include "virtio/rng.h"

enum {
	RAM_SIZE = 0x10000,
	DESC = 0x1000,
	AVAIL = 0x2000,
	USED = 0x3000,
	NEEDS_RESET = VIRTIO_CONFIG_S_NEEDS_RESET,
};

/* -- what the guest can do -- */

static void write_register(struct input *in)
{
	unsigned off = (unsigned)next(in, 1);

	set(off % 128 * 4, next(in, off < 128 ? 1 : 4));
}

/* As a driver does, but for what the input says. */
static void bring_up(struct input *in)
{
	uint64_t odd = next(in, 1);

	memset(mem.host + DESC, 0, USED + 0x1000 - DESC);
	set(VIRTIO_MMIO_STATUS, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	set(VIRTIO_MMIO_STATUS, odd & 1 ? next(in, 1) : 0xb);
	set(VIRTIO_MMIO_QUEUE_NUM, odd & 2 ? next(in, 4) : 1u << (odd >> 5));
	set(VIRTIO_MMIO_QUEUE_DESC_LOW, RAM + DESC);
	set(VIRTIO_MMIO_QUEUE_AVAIL_LOW, RAM + AVAIL);
	set(VIRTIO_MMIO_QUEUE_USED_LOW, RAM + USED);
	if (odd & 4)
		write_register(in);
	set(VIRTIO_MMIO_QUEUE_READY, 1);
	set(VIRTIO_MMIO_STATUS, 0xf);
}

/* A descriptor in its place; its address is mostly one that is there. */
static void describe(struct input *in)
{
	struct vring_desc *d = (void *)(mem.host + DESC);
	unsigned i = (unsigned)next(in, 1) % QUEUE_SIZE_MAX;
	unsigned odd = (unsigned)next(in, 1);

	d[i].addr = odd & 1 ? next(in, 8) : RAM + next(in, 2);
	d[i].len = (__virtio32)next(in, odd & 2 ? 4 : 1);
	d[i].flags = (__virtio16)(odd >> 4);
	d[i].next = (__virtio16)(odd & 4 ? next(in, 2) : i + 1);
}

/* All descriptors in one chain, which goes round. */
static void describe_all(struct input *in)
{
	struct vring_desc *d = (void *)(mem.host + DESC);
	unsigned step = (unsigned)next(in, 1);
	__virtio16 flags = (__virtio16)next(in, 1);

	for (unsigned i = 0; i < QUEUE_SIZE_MAX; i++)
		d[i] = (struct vring_desc){
			.addr = RAM,
			.len = 1,
			.flags = flags,
			.next = (__virtio16)((i + step) % QUEUE_SIZE_MAX),
		};
}

static void offer(struct input *in)
{
	struct vring_avail *a = (void *)(mem.host + AVAIL);
	unsigned n = (unsigned)next(in, 1);

	if (n == 0xff)
		a->idx = (__virtio16)next(in, 2);
	if (n == 0xfe)
		a->ring[a->idx++ % QUEUE_SIZE_MAX] = (__virtio16)next(in, 2);
	for (unsigned i = 0; i < n % 16; i++)
		a->ring[a->idx++ % QUEUE_SIZE_MAX] = (__virtio16)(n >> 4);
}

/* Tell the device, and watch what it does of its own. */
static void notify(struct input *in)
{
	const struct vring_used *u = (const void *)(mem.host + USED);
	uint32_t before = get(VIRTIO_MMIO_STATUS);
	uint16_t idx = u->idx;
	unsigned calls;

	(void)in;
	fault_arm(0, 0);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	calls = fault_calls();
	MUST((get(VIRTIO_MMIO_STATUS) & ~NEEDS_RESET) ==
	     (before & ~NEEDS_RESET));
	if (before & NEEDS_RESET || !(before & VIRTIO_CONFIG_S_DRIVER_OK)) {
		MUST(u->idx == idx);
		MUST(calls == 0);
	}
	/* getrandom() for each buffer of each chain, and the line. */
	MUST(calls <= QUEUE_SIZE_MAX * QUEUE_SIZE_MAX + 2);
}

static void reset_and_look(struct input *in)
{
	reset(in);
	MUST(get(VIRTIO_MMIO_QUEUE_NUM_MAX) == QUEUE_SIZE_MAX);
}

static void (*const deeds[])(struct input *) = {
	access_anyhow, write_register, write_memory, bring_up,	     describe,
	describe_all,  offer,	       notify,	     reset_and_look,
};

/* -- the machine around it -- */

/*
 * Guest memory with an edge on either side and nothing beyond; and a VM, for
 * the interrupt.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct device_host host;
	struct input in = { data, size };

	if (!mem.host)
		host = (struct device_host){ .vm_fd = guest_machine(RAM_SIZE),
					     .mem = &mem };
	memset(mem.host, 0, RAM_SIZE);
	guest_begin(&virtio_rng_class, &host);
	while (in.left > 0) {
		deeds[next(&in, 1) % ARRAY_SIZE(deeds)](&in);
		MUST(fake_kvm.spis[SPI_VIRTIO] ==
		     (get(VIRTIO_MMIO_INTERRUPT_STATUS) != 0));
	}
	guest_check_edges();
	reset_and_look(&in);
	MUST(!fake_kvm.spis[SPI_VIRTIO]);
	device_fini(&dev);
	return 0;
}
