/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio/mmio.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/vm.h"
#include "util/err.h"
#include "util/fdtw.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/queue.h"

enum {
	MAGIC = 0x74726976,  /* "virt" */
	VERSION_MMIO = 2,    /* 1 is the legacy interface */
	VENDOR = 0x4d545650, /* "PVTM": nobody gives these out */
};

/* -- what the devices call -- */

static void interrupt(struct virtio *v, uint32_t why)
{
	v->s.interrupts |= why;
	irq_set(&v->d->irq, true);
}

void virtio_fault(struct virtio *v, unsigned queue, const char *why)
{
	if (v->nr_faults++ == 0)
		log_warn("%s@%" PRIx64 ": queue %u: %s; it does nothing until "
			 "its driver resets it; further faults are not logged",
			 v->d->class->name, v->d->window.base, queue, why);
	v->s.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (v->s.status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt(v, VIRTIO_MMIO_INT_CONFIG);
}

unsigned virtio_waiting(struct virtio *v, unsigned queue)
{
	struct queue *q = &v->queues[queue];
	unsigned n = queue_waiting(q);

	if (q->fault)
		virtio_fault(v, queue, q->fault);
	return n;
}

bool virtio_take(struct virtio *v, unsigned queue, struct queue_chain *ret)
{
	struct queue *q = &v->queues[queue];

	if (queue_take(q, ret))
		return true;
	virtio_fault(v, queue, q->fault);
	return false;
}

void virtio_give(struct virtio *v, unsigned queue, const struct queue_chain *c,
		 uint32_t len)
{
	queue_give(&v->queues[queue], c->head, len);
}

void virtio_tell(struct virtio *v, unsigned queue)
{
	if (queue_wants_interrupt(&v->queues[queue]))
		interrupt(v, VIRTIO_MMIO_INT_VRING);
}

void virtio_config_changed(struct virtio *v)
{
	v->generation++;
	if (v->s.status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt(v, VIRTIO_MMIO_INT_CONFIG);
}

void virtio_raise(struct virtio *v)
{
	interrupt(v, VIRTIO_MMIO_INT_VRING);
}

void virtio_notify_by(struct virtio *v, unsigned queue, int fd)
{
	gpa_t at = v->d->window.base + VIRTIO_MMIO_QUEUE_NOTIFY;

	if (kvm_ioeventfd(v->vm_fd, at, 4, queue, fd) < 0)
		log_debug("%s: %s", v->d->class->name, err_text());
}

bool virtio_works(const struct virtio *v, unsigned queue)
{
	const uint32_t works = VIRTIO_CONFIG_S_DRIVER_OK;

	return v->nr_stops == 0 &&
	       (v->s.status & (works | VIRTIO_CONFIG_S_NEEDS_RESET)) == works &&
	       queue_started(&v->queues[queue]);
}

/* -- what the driver does -- */

/*
 * The lock may be given away meanwhile: what has ended of the device must not
 * begin again before the rest of it has.
 */
static void stop(struct virtio *v)
{
	v->nr_stops++;
	if (v->class->stop)
		v->class->stop(v);
	v->nr_stops--;
}

static void reset(struct virtio *v)
{
	stop(v);
	if (v->class->reset)
		v->class->reset(v);
	v->s = (struct virtio_state){ 0 };
	for (unsigned i = 0; i < v->class->nr_queues; i++)
		v->queues[i] = (struct queue){ 0 };
	irq_set(&v->d->irq, false);
}

/* Nothing that was not offered; and a driver of this version says so. */
static bool features_fit(const struct virtio *v)
{
	return !(v->s.features & ~v->offered) &&
	       virtio_has(v, VIRTIO_F_VERSION_1);
}

/* Bits are only ever added; each step needs the one before. */
static void set_status(struct virtio *v, uint32_t status)
{
	bool ran = v->s.status & VIRTIO_CONFIG_S_DRIVER_OK;

	if (status == 0) {
		reset(v);
		return;
	}
	v->s.status |=
		status & (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
			  VIRTIO_CONFIG_S_FAILED);
	if (status & VIRTIO_CONFIG_S_FEATURES_OK && features_fit(v))
		v->s.status |= VIRTIO_CONFIG_S_FEATURES_OK;
	if (v->s.status & VIRTIO_CONFIG_S_FEATURES_OK)
		v->s.status |= status & VIRTIO_CONFIG_S_DRIVER_OK;
	if (!ran && v->s.status & VIRTIO_CONFIG_S_DRIVER_OK &&
	    v->class->started)
		v->class->started(v);
}

static uint32_t offered(const struct virtio *v)
{
	return v->s.device_sel < 2
		       ? (uint32_t)(v->offered >> 32 * v->s.device_sel)
		       : 0;
}

static void set_features(struct virtio *v, uint32_t half)
{
	unsigned shift = 32 * (v->s.driver_sel & 1);

	if (v->s.driver_sel > 1 || v->s.status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	v->s.features &= ~(UINT64_C(0xffffffff) << shift);
	v->s.features |= (uint64_t)half << shift;
}

static void notify(struct virtio *v, uint32_t queue)
{
	if (queue < v->class->nr_queues && virtio_works(v, queue))
		v->class->notify(v, queue);
}

/* What came for the other queues meanwhile has nobody's attention. */
static void stop_queue(struct virtio *v, struct queue *q)
{
	stop(v);
	q->mem = NULL;
	for (unsigned i = 0; i < v->class->nr_queues; i++)
		notify(v, i);
}

static void acknowledge(struct virtio *v, uint32_t interrupts)
{
	v->s.interrupts &= ~interrupts;
	irq_set(&v->d->irq, v->s.interrupts);
}

/* The queue that the driver has selected; NULL: there is none. */
static struct queue *selected(struct virtio *v)
{
	return v->s.queue_sel < v->class->nr_queues ? &v->queues[v->s.queue_sel]
						    : NULL;
}

static void set_low(gpa_t *gpa, uint32_t half)
{
	*gpa = (*gpa & ~UINT64_C(0xffffffff)) | half;
}

static void set_high(gpa_t *gpa, uint32_t half)
{
	*gpa = (uint32_t)*gpa | (uint64_t)half << 32;
}

/* Once a queue is started only stopping it works. */
static void queue_write(struct virtio *v, struct queue *q, uint64_t off,
			uint32_t val)
{
	if (queue_started(q)) {
		if (off == VIRTIO_MMIO_QUEUE_READY && !(val & 1))
			stop_queue(v, q);
		return;
	}
	switch (off) {
	case VIRTIO_MMIO_QUEUE_NUM:
		q->size = val;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		set_low(&q->desc, val);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_high(&q->desc, val);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		set_low(&q->driver, val);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_high(&q->driver, val);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
		set_low(&q->device, val);
		break;
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_high(&q->device, val);
		break;
	case VIRTIO_MMIO_QUEUE_READY:
		if (!(val & 1))
			break;
		q->indirect = virtio_has(v, VIRTIO_RING_F_INDIRECT_DESC);
		queue_start(q, v->mem);
		if (q->fault)
			virtio_fault(v, v->s.queue_sel, q->fault);
		break;
	}
}

/* @len bytes at @off of the configuration; zero where there is nothing. */
static uint64_t config_read(struct virtio *v, uint64_t off, unsigned len)
{
	uint8_t config[VIRTIO_CONFIG_MAX] = { 0 };
	uint64_t val = 0;

	if (off + len > v->class->config_size)
		return 0;
	v->class->get_config(v, config);
	memcpy(&val, config + off, len);
	return le64toh(val);
}

static void config_write(struct virtio *v, uint64_t off, unsigned len,
			 uint64_t val)
{
	if (off + len > v->class->config_size || !v->class->set_config)
		return;
	v->class->set_config(v, off, len, val);
	v->generation++;
}

/* -- what the machine does -- */

uint64_t virtio_mmio_read(struct device *d, uint64_t off, unsigned len)
{
	struct virtio *v = d->state;
	const struct queue *q = selected(v);

	if (off >= VIRTIO_MMIO_CONFIG)
		return config_read(v, off - VIRTIO_MMIO_CONFIG, len);
	if (len != 4)
		return 0;
	switch (off) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION_MMIO;
	case VIRTIO_MMIO_DEVICE_ID:
		return v->class->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return offered(v);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return q ? QUEUE_SIZE_MAX : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return q && queue_started(q);
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return v->s.interrupts;
	case VIRTIO_MMIO_STATUS:
		return v->s.status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return UINT32_MAX; /* there is no such region */
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return v->generation;
	default:
		return 0;
	}
}

void virtio_mmio_write(struct device *d, uint64_t off, unsigned len,
		       uint64_t val)
{
	struct virtio *v = d->state;
	struct queue *q = selected(v);
	uint32_t word = (uint32_t)val;

	if (off >= VIRTIO_MMIO_CONFIG)
		config_write(v, off - VIRTIO_MMIO_CONFIG, len, val);
	if (off >= VIRTIO_MMIO_CONFIG || len != 4)
		return;
	switch (off) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		v->s.device_sel = word;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		set_features(v, word);
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		v->s.driver_sel = word;
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		v->s.queue_sel = word;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		notify(v, word);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		acknowledge(v, word);
		break;
	case VIRTIO_MMIO_STATUS:
		set_status(v, word);
		break;
	default:
		if (q)
			queue_write(v, q, off, word);
	}
}

int virtio_mmio_create(struct device *d, const struct device_host *host)
{
	const struct virtio_class *class =
		container_of(d->class, const struct virtio_class, device);
	struct virtio *v = calloc(1, sizeof(*v));

	d->state = v;
	if (!v)
		return err_set(ENOMEM, "state");
	v->class = class;
	v->queues = calloc(class->nr_queues, sizeof(*v->queues));
	if (!v->queues)
		return err_set(ENOMEM, "queues");
	v->d = d;
	v->mem = host->mem;
	v->vm_fd = host->vm_fd;
	v->offered = UINT64_C(1) << VIRTIO_F_VERSION_1 |
		     UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC;
	return class->init ? class->init(v, host) : 0;
}

void virtio_mmio_destroy(struct device *d)
{
	struct virtio *v = d->state;

	if (!v)
		return;
	if (v->class->fini)
		v->class->fini(v);
	free(v->queues);
	free(v);
}

void virtio_mmio_reset(struct device *d)
{
	reset(d->state);
}

void virtio_mmio_fdt(const struct device *d, struct fdtw *w)
{
	const uint32_t irq[] = { 0, d->irq.spi, 4 }; /* SPI, level high */

	fdtw_node(w, "virtio@%" PRIx64, d->window.base);
	fdtw_str(w, "compatible", "virtio,mmio");
	fdtw_reg(w, d->window.base, d->window.size);
	fdtw_cells(w, "interrupts", irq, 3);
	fdtw_flag(w, "dma-coherent");
	fdtw_end(w);
}
