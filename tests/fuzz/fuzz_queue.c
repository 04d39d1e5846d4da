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
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dev/device.h"
#include "fake_kvm.h"
#include "mach/bus.h"
#include "mach/gmem.h"
#include "mach/layout.h"
#include "util/log.h"
#include "virtio/mmio.h"
#include "virtio/queue.h"
#include "virtio/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond)                                              \
	do {                                                    \
		if (!(cond)) {                                  \
			fprintf(stderr, "not so: %s\n", #cond); \
			abort();                                \
		}                                               \
	} while (0)

#define RAM  LAYOUT_RAM
#define BASE ((gpa_t)LAYOUT_VIRTIO)

enum {
	RAM_SIZE = 0x10000,
	EDGE = 0x1000,	  /* next to it: ours, and zero */
	GUARD = 0x200000, /* next to that: nothing */
	DESC = 0x1000,
	AVAIL = 0x2000,
	USED = 0x3000,
	NEEDS_RESET = VIRTIO_CONFIG_S_NEEDS_RESET,
};

static struct gmem mem;
static struct bus bus;
static struct device dev;

struct input {
	const uint8_t *data;
	size_t left;
};

/* The next @n bytes of the input, zeroes behind its end. */
static uint64_t next(struct input *in, size_t n)
{
	uint64_t v = 0;

	if (n > in->left)
		n = in->left;
	memcpy(&v, in->data, n);
	in->data += n;
	in->left -= n;
	return v;
}

static uint32_t get(uint64_t off)
{
	return (uint32_t)bus_read(&bus, BASE + off, 4);
}

static void set(uint64_t off, uint64_t v)
{
	bus_write(&bus, BASE + off, 4, v);
}

/* -- what the guest can do -- */

static void access_anyhow(struct input *in)
{
	unsigned how = (unsigned)next(in, 1);
	uint64_t off = next(in, 2) % (LAYOUT_VIRTIO_EACH + 8);
	unsigned len = 1u << (how & 3);

	if (how & 4)
		bus_write(&bus, BASE + off, len, next(in, len));
	else
		MUST(bus_read(&bus, BASE + off, len) == 0 || len == 4);
}

static void write_register(struct input *in)
{
	unsigned off = (unsigned)next(in, 1);

	set(off % 128 * 4, next(in, off < 128 ? 1 : 4));
}

static void write_memory(struct input *in)
{
	uint64_t off = next(in, 2), len = next(in, 1) % 64;

	for (uint64_t i = 0; i < len && off + i < RAM_SIZE; i++)
		mem.host[off + i] = (uint8_t)next(in, 1);
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

static void reset(struct input *in)
{
	if (next(in, 1) & 1)
		device_reset(&dev);
	else
		set(VIRTIO_MMIO_STATUS, 0);
	MUST(get(VIRTIO_MMIO_STATUS) == 0);
	MUST(get(VIRTIO_MMIO_INTERRUPT_STATUS) == 0);
	MUST(get(VIRTIO_MMIO_QUEUE_READY) == 0);
	MUST(get(VIRTIO_MMIO_QUEUE_NUM_MAX) == QUEUE_SIZE_MAX);
}

static void (*const deeds[])(struct input *) = {
	access_anyhow, write_register, write_memory, bring_up, describe,
	describe_all,  offer,	       notify,	     reset,
};

/* -- the machine around it -- */

/*
 * Guest memory with an edge on either side and nothing beyond; and a VM, for
 * the interrupt.
 */
static int make_host(void)
{
	uint8_t *map = mmap(NULL, GUARD + RAM_SIZE + GUARD, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(map != MAP_FAILED);
	MUST(mprotect(map + GUARD - EDGE, EDGE + RAM_SIZE + EDGE,
		      PROT_READ | PROT_WRITE) == 0);
	mem = (struct gmem){
		.host = map + GUARD,
		.base = RAM,
		.size = RAM_SIZE,
	};
	log_set_level(LOG_ERROR);
	fake_kvm_reset();
	return fake_kvm_fd(FAKE_VM, 0);
}

static void check_edges(void)
{
	static const uint8_t zero[EDGE];

	MUST(memcmp(mem.host - EDGE, zero, EDGE) == 0);
	MUST(memcmp(mem.host + RAM_SIZE, zero, EDGE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct device_host host;
	struct input in = { data, size };

	if (!mem.host)
		host = (struct device_host){ .vm_fd = make_host(),
					     .mem = &mem };
	memset(mem.host, 0, RAM_SIZE);
	bus_init(&bus);
	MUST(device_init(&dev, &virtio_rng_class.device, BASE, SPI_VIRTIO,
			 &host, &bus) == 0);
	while (in.left > 0) {
		deeds[next(&in, 1) % (sizeof(deeds) / sizeof(deeds[0]))](&in);
		MUST(fake_kvm.spis[SPI_VIRTIO] ==
		     (get(VIRTIO_MMIO_INTERRUPT_STATUS) != 0));
	}
	check_edges();
	reset(&in);
	MUST(!fake_kvm.spis[SPI_VIRTIO]);
	device_fini(&dev);
	return 0;
}
