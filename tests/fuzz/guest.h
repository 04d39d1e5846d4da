/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h - what the targets for virtio devices share: a machine with one device,
 * some memory with an edge of ours on either side and nothing beyond, and what a
 * hostile guest does to any device, as the input says.
 */
#ifndef FUZZ_GUEST_H
#define FUZZ_GUEST_H

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dev/device.h"
#include "fake_kvm.h"
#include "fuzz.h"
#include "mach/bus.h"
#include "mach/gmem.h"
#include "mach/layout.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/mmio.h"

#define RAM  LAYOUT_RAM
#define BASE ((gpa_t)LAYOUT_VIRTIO)

enum {
	EDGE = 0x4000,	  /* next to the guest's memory: ours */
	GUARD = 0x200000, /* next to that: nothing */
	WORKS = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
		VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK,
};

static struct gmem mem;
static struct bus bus;
static struct device dev;

struct input {
	const uint8_t *data;
	size_t left;
};

/* The next @n bytes of the input, zeroes behind its end. */
static inline uint64_t next(struct input *in, size_t n)
{
	uint64_t v = 0;

	if (n > in->left)
		n = in->left;
	memcpy(&v, in->data, n);
	in->data += n;
	in->left -= n;
	return v;
}

/* -- the machine -- */

/* Make it, with @size bytes of RAM, once; returns its VM. */
static inline int guest_machine(size_t size)
{
	uint8_t *map = mmap(NULL, GUARD + size + GUARD, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(map != MAP_FAILED);
	MUST(mprotect(map + GUARD - EDGE, EDGE + size + EDGE,
		      PROT_READ | PROT_WRITE) == 0);
	mem = (struct gmem){
		.host = map + GUARD,
		.base = RAM,
		.size = size,
	};
	log_set_level(LOG_ERROR);
	fake_kvm_reset();
	return fake_kvm_fd(FAKE_VM, 0);
}

/* Its device, on an empty bus. */
static inline void guest_begin(const struct virtio_class *class,
			       const struct device_host *host)
{
	fake_kvm.nr_eventfds = 0;
	bus_init(&bus);
	MUST(device_init(&dev, &class->device, BASE, SPI_VIRTIO, host, &bus) ==
	     0);
}

static inline void guest_check_edges(void)
{
	static const uint8_t zero[EDGE];

	MUST(memcmp(mem.host - EDGE, zero, EDGE) == 0);
	MUST(memcmp(mem.host + mem.size, zero, EDGE) == 0);
}

/* -- what the guest does -- */

static inline uint32_t get(uint64_t off)
{
	return (uint32_t)bus_read(&bus, BASE + off, 4);
}

static inline void set(uint64_t off, uint64_t v)
{
	bus_write(&bus, BASE + off, 4, v);
}

static inline void access_anyhow(struct input *in)
{
	unsigned how = (unsigned)next(in, 1);
	uint64_t off = next(in, 2) % (LAYOUT_VIRTIO_EACH + 8);
	unsigned len = 1u << (how & 3);

	if (how & 4)
		bus_write(&bus, BASE + off, len, next(in, len));
	else
		MUST(bus_read(&bus, BASE + off, len) == 0 || len == 4 ||
		     off >= VIRTIO_MMIO_CONFIG);
}

static inline void write_memory(struct input *in)
{
	uint64_t off = next(in, 2), len = next(in, 1) % 64;

	for (uint64_t i = 0; i < len && off + i < mem.size; i++)
		mem.host[off + i] = (uint8_t)next(in, 1);
}

/* As a driver does, up to its features, which the input says. */
static inline void agree_on_features(struct input *in)
{
	uint64_t features = next(in, 4);

	set(VIRTIO_MMIO_STATUS, 0);
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	features &= get(VIRTIO_MMIO_DEVICE_FEATURES);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, features);
	set(VIRTIO_MMIO_STATUS, WORKS & ~VIRTIO_CONFIG_S_DRIVER_OK);
}

/* A queue with its parts at these places of RAM; it is ready. */
static inline void set_queue(unsigned queue, unsigned size, uint64_t desc,
			     uint64_t avail, uint64_t used)
{
	set(VIRTIO_MMIO_QUEUE_SEL, queue);
	set(VIRTIO_MMIO_QUEUE_NUM, size);
	set(VIRTIO_MMIO_QUEUE_DESC_LOW, RAM + desc);
	set(VIRTIO_MMIO_QUEUE_AVAIL_LOW, RAM + avail);
	set(VIRTIO_MMIO_QUEUE_USED_LOW, RAM + used);
	set(VIRTIO_MMIO_QUEUE_DESC_HIGH, 0);
	set(VIRTIO_MMIO_QUEUE_AVAIL_HIGH, 0);
	set(VIRTIO_MMIO_QUEUE_USED_HIGH, 0);
	set(VIRTIO_MMIO_QUEUE_READY, 1);
}

static inline void reset(struct input *in)
{
	if (next(in, 1) & 1)
		device_reset(&dev);
	else
		set(VIRTIO_MMIO_STATUS, 0);
	MUST(get(VIRTIO_MMIO_STATUS) == 0);
	MUST(get(VIRTIO_MMIO_INTERRUPT_STATUS) == 0);
	MUST(get(VIRTIO_MMIO_QUEUE_READY) == 0);
}

#endif
