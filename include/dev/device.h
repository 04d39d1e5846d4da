/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device.h - what a device of the machine is.
 *
 * A device is a pure machine: registers in, an interrupt line and a host side
 * out.  It does not choose its address or its interrupt, it knows nothing of
 * KVM or threads, and it writes its own device tree node.  A new one is a file
 * with a struct device_class and a line in table.c.
 *
 * Errors:  create: 0 or a negative errno with err_text().  What the guest
 *          writes is never an error: it is ignored, or read back as zero.
 * Owns:    state, between create and destroy.
 * Threads: the bus holds the device's lock around read and write; device_lock()
 *          is for those who come from the host's side.
 */
#ifndef DEV_DEVICE_H
#define DEV_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "mach/bus.h"
#include "mach/irq.h"
#include "util/lock.h"

struct device;
struct fdtw;
struct gmem;

/*
 * The host's side of a serial line; called with the device's lock held.
 */
struct console_port {
	/* The guest sent @byte.  Never waits. */
	void (*put)(struct console_port *port, uint8_t byte);
	/* The guest has read: the receive FIFO may take more. */
	void (*room)(struct console_port *port);

	/*
	 * For virtio's console, in place of put: the guest sent @len bytes.
	 * Returns how many are taken; never waits.
	 */
	size_t (*write)(struct console_port *port, const void *buf, size_t len);
	/* The guest has more to send: virtio_console_go_on() when it fits. */
	void (*more)(struct console_port *port);
};

/* What the machine gives to its devices. */
struct device_host {
	int vm_fd;
	const struct gmem *mem;	      /* for devices that look into RAM */
	struct console_port *console; /* NULL: output vanishes */
	const void *config; /* of this one device, as its class says */
};

struct device_class {
	const char *name;
	uint64_t mmio_size; /* bytes of window */
	int (*create)(struct device *d, const struct device_host *host);
	void (*destroy)(struct device *d); /* also if create failed */
	void (*reset)(struct device *d);   /* the machine is reset */
	uint64_t (*read)(struct device *d, uint64_t off, unsigned len);
	void (*write)(struct device *d, uint64_t off, unsigned len, uint64_t v);
	void (*fdt)(const struct device *d, struct fdtw *w); /* own node */
};

struct device {
	const struct device_class *class;
	struct bus_window window;
	struct irq_line irq;
	struct lock lock;
	void *state; /* the device's own */
};

/*
 * Make a device of @class at @base with interrupt @spi and put it on @bus.  On
 * error nothing is held.
 */
int device_init(struct device *d, const struct device_class *class, gpa_t base,
		unsigned spi, const struct device_host *host, struct bus *bus);

/* Undo device_init(), with the bus out of use.  Fine on a zeroed device. */
void device_fini(struct device *d);

void device_reset(struct device *d);

void device_lock(struct device *d);
void device_unlock(struct device *d);

/* The devices that are on the board of every machine. */
struct device_place {
	const struct device_class *class;
	gpa_t base;
	unsigned spi;
};

extern const struct device_place device_table[];
extern const size_t device_table_size;

#endif
