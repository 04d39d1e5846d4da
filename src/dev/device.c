/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/device.h"

#include "util/err.h"

static uint64_t window_read(void *owner, uint64_t off, unsigned len)
{
	struct device *d = owner;

	return d->class->read(d, off, len);
}

static void window_write(void *owner, uint64_t off, unsigned len, uint64_t v)
{
	struct device *d = owner;

	d->class->write(d, off, len, v);
}

int device_init(struct device *d, const struct device_class *class, gpa_t base,
		unsigned spi, const struct device_host *host, struct bus *bus)
{
	int rc;

	*d = (struct device){
		.class = class,
		.window = {
			.base = base,
			.size = class->mmio_size,
			.owner = d,
			.read = window_read,
			.write = window_write,
			.lock = &d->lock,
		},
	};
	irq_init(&d->irq, host->vm_fd, spi);
	rc = class->create(d, host);
	if (rc < 0)
		goto out_fini;
	rc = bus_add(bus, &d->window);
	if (rc < 0)
		goto out_fini;
	return 0;

out_fini:
	rc = err_in(rc, "%s", class->name);
	device_fini(d);
	return rc;
}

void device_fini(struct device *d)
{
	if (!d->class)
		return;
	d->class->destroy(d);
	d->class = NULL;
}

void device_reset(struct device *d)
{
	device_lock(d);
	d->class->reset(d);
	device_unlock(d);
}

void device_lock(struct device *d)
{
	lock_take(&d->lock);
}

void device_unlock(struct device *d)
{
	lock_give(&d->lock);
}
