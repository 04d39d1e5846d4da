/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmio.h - what all virtio devices have in common: the registers by which a
 * driver finds and steers one, its queues and its interrupt.
 *
 * A virtio device is a struct virtio_class in a file of its own.  It begins
 * with a device_class, whose functions are the transport's, so to the machine
 * it is a device like others; and it is told when the driver has filled a
 * queue.  A driver that breaks the rules spoils its own device: that sets
 * DEVICE_NEEDS_RESET, leaves the queues alone, and goes on when it was reset.
 * The first fault of a device's life is logged.
 *
 * Spec:    virtio 1.2, 2.1 to 2.5 and 4.2 (MMIO, version 2).  Left out: the
 *          legacy interface, shared memory and queue reset.
 * Errors:  none but create's; what the guest does is never an error.
 * Owns:    each device its struct virtio, and the class its state.
 * Threads: whoever holds the device's lock.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dev/device.h"
#include "mach/layout.h"

struct queue;
struct queue_chain;
struct virtio;

/* The most bytes of a device's configuration space. */
enum { VIRTIO_CONFIG_MAX = 0x100 };

struct virtio_class {
	struct device_class device; /* VIRTIO_MMIO_CLASS() */
	uint32_t id;		    /* VIRTIO_ID_... */
	unsigned nr_queues;
	size_t config_size;
	bool shares_ram; /* with another process */

	/* These, and stop, may be NULL.  fini also if init failed. */
	int (*init)(struct virtio *v, const struct device_host *host);
	void (*fini)(struct virtio *v);
	void (*reset)(struct virtio *v); /* after stop */

	/* The configuration space as it is now, whole; it was zero. */
	void (*get_config)(struct virtio *v, void *ret);
	/* The driver writes @len (1, 2, 4 or 8) bytes of it. */
	void (*set_config)(struct virtio *v, uint64_t off, unsigned len,
			   uint64_t val);

	/*
	 * The driver has put chains into @queue.  Work through those that
	 * virtio_waiting() counts and come back; the driver tells of others.
	 */
	void (*notify)(struct virtio *v, unsigned queue);

	/* May be NULL: the driver is ready, all queues it uses are started. */
	void (*started)(struct virtio *v);

	/*
	 * A queue ends, or all of them: return once nobody uses any of their
	 * chains.  The lock may be given away meanwhile.
	 */
	void (*stop)(struct virtio *v);
};

struct virtio {
	const struct virtio_class *class;
	struct device *d;	/* borrowed */
	const struct gmem *mem; /* borrowed */
	int vm_fd;		/* borrowed */
	struct queue *queues;	/* owned: class->nr_queues */
	void *state;		/* the class's own, for init to set */
	uint64_t offered;	/* features; init adds the class's */
	uint64_t nr_faults;	/* in all its life */
	uint32_t generation;	/* of the configuration */
	unsigned nr_stops;	/* under way: no chain may be taken */

	/* and this until the next reset */
	struct virtio_state {
		uint32_t status;
		uint32_t interrupts; /* VIRTIO_MMIO_INT_... */
		uint32_t device_sel, driver_sel, queue_sel;
		uint64_t features; /* that the driver takes */
	} s;
};

/* Has the driver taken feature @bit?  Settled once its status says so. */
static inline bool virtio_has(const struct virtio *v, unsigned bit)
{
	return v->s.features >> bit & 1;
}

/* Have KVM write to eventfd @fd instead of calling notify, if it can. */
void virtio_notify_by(struct virtio *v, unsigned queue, int fd);

/* May @queue be worked on?  For those that do not come from notify. */
bool virtio_works(const struct virtio *v, unsigned queue);

/* How many chains wait in @queue; each may be taken. */
unsigned virtio_waiting(struct virtio *v, unsigned queue);

/* The next chain.  False: there was a fault, leave everything as it is. */
bool virtio_take(struct virtio *v, unsigned queue, struct queue_chain *ret);

/* Give a chain back, @len bytes of it written; then, once for several, tell. */
void virtio_give(struct virtio *v, unsigned queue, const struct queue_chain *c,
		 uint32_t len);
void virtio_tell(struct virtio *v, unsigned queue);

/* What get_config tells is no longer what it was. */
void virtio_config_changed(struct virtio *v);

/* Somebody else has given chains back, and thinks that the driver wants it. */
void virtio_raise(struct virtio *v);

/* The device cannot go on, for the reason @why. */
void virtio_fault(struct virtio *v, unsigned queue, const char *why);

/* The device_class of a virtio device; @title is its name. */
#define VIRTIO_MMIO_CLASS(title)                                              \
	{                                                                     \
		.name = title, .mmio_size = LAYOUT_VIRTIO_EACH,               \
		.create = virtio_mmio_create, .destroy = virtio_mmio_destroy, \
		.reset = virtio_mmio_reset, .read = virtio_mmio_read,         \
		.write = virtio_mmio_write, .fdt = virtio_mmio_fdt,           \
	}

int virtio_mmio_create(struct device *d, const struct device_host *host);
void virtio_mmio_destroy(struct device *d);
void virtio_mmio_reset(struct device *d);
uint64_t virtio_mmio_read(struct device *d, uint64_t off, unsigned len);
void virtio_mmio_write(struct device *d, uint64_t off, unsigned len,
		       uint64_t v);
void virtio_mmio_fdt(const struct device *d, struct fdtw *w);

#endif
