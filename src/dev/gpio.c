/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gpio.c - PL061 general purpose input and output: eight lines, the power button
 * on one of them, nothing on the others.
 *
 * A press must last until the guest has seen it: a driver that debounces, such
 * as Linux's gpio_keys, reads the line a while after the interrupt.  No fixed
 * time would do for a guest that the host lets run only now and then.  So the
 * line is high from gpio_press_power() until the guest reads it; the fall is an
 * edge again, and the next read sees the release.  Where only the edge counts
 * and nobody reads, the next press begins with the release.
 *
 * Interrupt state, in two parts:
 *  - edges of the lines that GPIOIS has as such: set by the button, cleared by
 *    GPIOIC;
 *  - levels of the others: functions of the lines alone.
 * A line that is an output makes none.
 *
 * Spec: Arm DDI0190B 3.2 (register summary).  Left out: what GPIOAFSEL selects,
 * so it is kept but not obeyed, and the integration test registers.
 */
#include "dev/gpio.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>

#include "dev/device.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/fdtw.h"

enum {
	GPIODATA = 0x000, /* bits 9:2 of the offset select the lines */
	GPIODATA_LAST = 0x3fc,
	GPIODIR = 0x400,
	GPIOIS = 0x404,
	GPIOIBE = 0x408,
	GPIOIEV = 0x40c,
	GPIOIE = 0x410,
	GPIORIS = 0x414,
	GPIOMIS = 0x418,
	GPIOIC = 0x41c,
	GPIOAFSEL = 0x420,
	GPIO_ID = 0xfe0,
};

/* As on QEMU's board. */
enum { POWER_LINE = 3, POWER = 1 << POWER_LINE };

static const uint8_t id_regs[8] = { 0x61, 0x10, 0x04, 0x00,
				    0x0d, 0xf0, 0x05, 0xb1 };

struct gpio {
	bool pressed;
	uint8_t edges;
	uint8_t out; /* what the guest drives where DIR says so */
	uint8_t dir, is, ibe, iev, ie, afsel;
};

static uint8_t inputs(const struct gpio *g)
{
	return g->pressed ? POWER & ~g->dir : 0;
}

static uint8_t raw_interrupts(const struct gpio *g)
{
	uint8_t levels = ~(inputs(g) ^ g->iev) & g->is & ~g->dir;

	return g->edges | levels;
}

static void update(struct device *d)
{
	const struct gpio *g = d->state;

	irq_set(&d->irq, raw_interrupts(g) & g->ie);
}

static void move_button(struct device *d, bool pressed)
{
	struct gpio *g = d->state;
	bool awaited = g->ibe & POWER || pressed == !!(g->iev & POWER);

	if (g->pressed == pressed)
		return;
	g->pressed = pressed;
	if (awaited)
		g->edges |= POWER & ~g->is;
	update(d);
}

bool gpio_press_power(struct device *d)
{
	const struct gpio *g = d->state;
	bool listens;

	device_lock(d);
	listens = g->ie & ~g->dir & POWER;
	if (listens) {
		move_button(d, false);
		move_button(d, true);
	}
	device_unlock(d);
	return listens;
}

static int gpio_create(struct device *d, const struct device_host *host)
{
	(void)host;
	d->state = calloc(1, sizeof(struct gpio));
	return d->state ? 0 : err_set(ENOMEM, "state");
}

static void gpio_destroy(struct device *d)
{
	free(d->state);
}

static void gpio_reset(struct device *d)
{
	struct gpio *g = d->state;

	*g = (struct gpio){ 0 };
	update(d);
}

static uint8_t read_lines(struct device *d, uint8_t mask)
{
	const struct gpio *g = d->state;
	uint8_t lines = (inputs(g) | (g->out & g->dir)) & mask;

	if (inputs(g) & mask)
		move_button(d, false);
	return lines;
}

static uint64_t gpio_read(struct device *d, uint64_t off, unsigned len)
{
	const struct gpio *g = d->state;

	(void)len;
	if (off <= GPIODATA_LAST)
		return off % 4 == 0 ? read_lines(d, (uint8_t)(off / 4)) : 0;
	switch (off) {
	case GPIODIR:
		return g->dir;
	case GPIOIS:
		return g->is;
	case GPIOIBE:
		return g->ibe;
	case GPIOIEV:
		return g->iev;
	case GPIOIE:
		return g->ie;
	case GPIORIS:
		return raw_interrupts(g);
	case GPIOMIS:
		return raw_interrupts(g) & g->ie;
	case GPIOAFSEL:
		return g->afsel;
	default:
		return off >= GPIO_ID && off % 4 == 0
			       ? id_regs[(off - GPIO_ID) / 4]
			       : 0;
	}
}

/* A line that is no output now does not remember what is written to it. */
static void write_lines(struct gpio *g, uint8_t mask, uint8_t v)
{
	mask &= g->dir;
	g->out = (g->out & ~mask) | (v & mask);
}

static void gpio_write(struct device *d, uint64_t off, unsigned len, uint64_t v)
{
	struct gpio *g = d->state;
	uint8_t byte = (uint8_t)v;

	(void)len;
	if (off <= GPIODATA_LAST) {
		if (off % 4 == 0)
			write_lines(g, (uint8_t)(off / 4), byte);
		return;
	}
	switch (off) {
	case GPIODIR:
		g->dir = byte;
		break;
	case GPIOIS:
		g->is = byte;
		g->edges &= ~byte;
		break;
	case GPIOIBE:
		g->ibe = byte;
		break;
	case GPIOIEV:
		g->iev = byte;
		break;
	case GPIOIE:
		g->ie = byte;
		break;
	case GPIOIC:
		g->edges &= ~byte;
		break;
	case GPIOAFSEL:
		g->afsel = byte;
		break;
	default:
		return;
	}
	update(d);
}

static void gpio_fdt(const struct device *d, struct fdtw *w)
{
	const uint32_t irq[] = { 0, d->irq.spi, 4 }; /* SPI, level high */
	static const uint32_t line[] = { PHANDLE_GPIO, POWER_LINE, 0 };

	fdtw_node(w, "gpio@%" PRIx64, d->window.base);
	fdtw_strs(w, "compatible", "arm,pl061\0arm,primecell");
	fdtw_reg(w, d->window.base, d->window.size);
	fdtw_cells(w, "interrupts", irq, 3);
	fdtw_u32(w, "clocks", PHANDLE_APB_CLK);
	fdtw_str(w, "clock-names", "apb_pclk");
	fdtw_flag(w, "gpio-controller");
	fdtw_u32(w, "#gpio-cells", 2);
	fdtw_u32(w, "phandle", PHANDLE_GPIO);
	fdtw_end(w);

	fdtw_node(w, "gpio-keys");
	fdtw_str(w, "compatible", "gpio-keys");
	fdtw_node(w, "power-button");
	fdtw_cells(w, "gpios", line, 3); /* active high */
	fdtw_u32(w, "linux,code", KEY_POWER);
	fdtw_flag(w, "wakeup-source");
	fdtw_end(w);
	fdtw_end(w);
}

const struct device_class gpio_class = {
	.name = "gpio",
	.mmio_size = LAYOUT_GPIO_SIZE,
	.create = gpio_create,
	.destroy = gpio_destroy,
	.reset = gpio_reset,
	.read = gpio_read,
	.write = gpio_write,
	.fdt = gpio_fdt,
};
