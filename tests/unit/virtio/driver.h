/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver.h - a virtio device on a bus of its own, and the register accesses
 * of its driver, for tests.
 */
#ifndef TESTS_DRIVER_H
#define TESTS_DRIVER_H

#include "ring.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <unistd.h>

#include "dev/device.h"
#include "fake_kvm.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "virtio/mmio.h"

enum {
	SPI = SPI_VIRTIO + 3,
	ACKNOWLEDGE = VIRTIO_CONFIG_S_ACKNOWLEDGE,
	DRIVER_BIT = VIRTIO_CONFIG_S_DRIVER,
	FEATURES_OK = VIRTIO_CONFIG_S_FEATURES_OK,
	DRIVER_OK = VIRTIO_CONFIG_S_DRIVER_OK,
	NEEDS_RESET = VIRTIO_CONFIG_S_NEEDS_RESET,
	FAILED = VIRTIO_CONFIG_S_FAILED,
	WORKS = ACKNOWLEDGE | DRIVER_BIT | FEATURES_OK | DRIVER_OK,
};

#define WINDOW UINT64_C(0xa000600)

static struct bus bus;
static struct device dev;
static int vm_fd;

/* @config: as @class says. */
static inline void driver_init_for(const struct virtio_class *class,
				   const void *config)
{
	struct device_host host = { .mem = &ram, .config = config };

	fake_kvm_reset();
	ram_init();
	vm_fd = host.vm_fd = fake_kvm_fd(FAKE_VM, 0);
	bus_init(&bus);
	assert_int_equal(
		device_init(&dev, &class->device, WINDOW, SPI, &host, &bus), 0);
}

static inline void driver_init(const struct virtio_class *class)
{
	driver_init_for(class, NULL);
}

static inline void driver_fini(void)
{
	device_fini(&dev);
	close(vm_fd);
	ram_fini();
}

static inline uint32_t get(uint64_t off)
{
	return (uint32_t)bus_read(&bus, WINDOW + off, 4);
}

static inline void set(uint64_t off, uint32_t v)
{
	bus_write(&bus, WINDOW + off, 4, v);
}

static inline void set_pair(uint64_t low, uint64_t v)
{
	set(low, (uint32_t)v);
	set(low + 4, (uint32_t)(v >> 32));
}

/* The guest's interrupt line, as KVM has it. */
static inline bool line(void)
{
	return fake_kvm.spis[SPI];
}

/* It comes a moment after the chain is seen to be back. */
static inline void await_line(void)
{
	while (!line())
		usleep(200);
}

static inline void take_features(uint64_t features)
{
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
}

static inline void set_queue(unsigned queue, uint32_t size)
{
	set(VIRTIO_MMIO_QUEUE_SEL, queue);
	set(VIRTIO_MMIO_QUEUE_NUM, size);
	set_pair(VIRTIO_MMIO_QUEUE_DESC_LOW, DESC(queue));
	set_pair(VIRTIO_MMIO_QUEUE_AVAIL_LOW, DRIVER(queue));
	set_pair(VIRTIO_MMIO_QUEUE_USED_LOW, DEVICE(queue));
	set(VIRTIO_MMIO_QUEUE_READY, 1);
}

/*
 * All the steps of 3.1.1, with @nr_queues queues of @size entries and
 * @features besides VERSION_1.
 */
static inline void bring_up_with(uint64_t features, unsigned nr_queues,
				 uint32_t size)
{
	set(VIRTIO_MMIO_STATUS, 0);
	set(VIRTIO_MMIO_STATUS, ACKNOWLEDGE);
	set(VIRTIO_MMIO_STATUS, ACKNOWLEDGE | DRIVER_BIT);
	take_features(UINT64_C(1) << VIRTIO_F_VERSION_1 | features);
	set(VIRTIO_MMIO_STATUS, ACKNOWLEDGE | DRIVER_BIT | FEATURES_OK);
	for (unsigned i = 0; i < nr_queues; i++)
		set_queue(i, size);
	set(VIRTIO_MMIO_STATUS, WORKS);
	/* A thread of its may have found a fault by now. */
	assert_int_equal(get(VIRTIO_MMIO_STATUS) & ~NEEDS_RESET, WORKS);
}

static inline void bring_up(unsigned nr_queues, uint32_t size)
{
	bring_up_with(0, nr_queues, size);
}

static inline void notify(unsigned queue)
{
	set(VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

#endif
