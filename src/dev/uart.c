/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.c - PL011 serial port, revision r1p5 with its 32-byte FIFOs.
 *
 * The line is infinitely fast: what the guest sends is gone at once, so its
 * transmit FIFO is always empty, and a receive time-out is due as soon as one
 * byte waits.  Guests write before they enable the port (early consoles, small
 * test programs), so the enable bits are kept but not obeyed.
 *
 * Interrupt state, in two parts:
 *  - transmit: an edge, set by a write to the data register, cleared by ICR;
 *  - receive and its time-out: levels, functions of the receive FIFO alone, so
 *    that none can be lost between a guest's read and its clear.
 *
 * Spec: Arm DDI0183G 3.2 (register summary), 2.8 (interrupts).  Left out: DMA,
 * IrDA, modem lines, loopback, baud rate errors.
 */
#include "dev/uart.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "dev/device.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/fdtw.h"

enum {
	UARTDR = 0x00,
	UARTRSR = 0x04,
	UARTFR = 0x18,
	UARTILPR = 0x20,
	UARTIBRD = 0x24,
	UARTFBRD = 0x28,
	UARTLCR_H = 0x2c,
	UARTCR = 0x30,
	UARTIFLS = 0x34,
	UARTIMSC = 0x38,
	UARTRIS = 0x3c,
	UARTMIS = 0x40,
	UARTICR = 0x44,
	UARTDMACR = 0x48,
	UART_ID = 0xfe0,
};

enum {
	FR_RXFE = 1 << 4,
	FR_RXFF = 1 << 6,
	FR_TXFE = 1 << 7,
	LCR_H_FEN = 1 << 4,
	INT_RX = 1 << 4,
	INT_TX = 1 << 5,
	INT_RT = 1 << 6,
	INT_BE = 1 << 9,
	DR_BE = 1 << 10,
};

enum { FIFO = 32 };

static const uint8_t id_regs[8] = { 0x11, 0x10, 0x34, 0x00,
				    0x0d, 0xf0, 0x05, 0xb1 };

struct uart {
	struct console_port *port; /* borrowed; may be NULL */
	uint16_t rx[FIFO];	   /* with error bits, as UARTDR has them */
	unsigned rx_first, nr_rx;
	uint16_t edges; /* raw interrupts that are no levels */
	uint16_t ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, dmacr;
};

static unsigned depth(const struct uart *u)
{
	return u->lcr_h & LCR_H_FEN ? FIFO : 1;
}

/* How many received bytes raise the receive interrupt. */
static unsigned trigger(const struct uart *u)
{
	static const uint8_t eighths[8] = { 1, 2, 4, 6, 7, 7, 7, 7 };

	if (!(u->lcr_h & LCR_H_FEN))
		return 1;
	return FIFO / 8 * eighths[u->ifls >> 3 & 7];
}

static uint16_t raw_interrupts(const struct uart *u)
{
	uint16_t ris = u->edges;

	if (u->nr_rx > 0)
		ris |= INT_RT;
	if (u->nr_rx >= trigger(u))
		ris |= INT_RX;
	return ris;
}

static void update(struct device *d)
{
	const struct uart *u = d->state;

	irq_set(&d->irq, raw_interrupts(u) & u->imsc);
}

static void uart_reset(struct device *d)
{
	struct uart *u = d->state;

	*u = (struct uart){ .port = u->port, .cr = 0x300, .ifls = 0x12 };
	update(d);
	if (u->port)
		u->port->room(u->port);
}

static int uart_create(struct device *d, const struct device_host *host)
{
	struct uart *u = calloc(1, sizeof(*u));

	d->state = u;
	if (!u)
		return err_set(ENOMEM, "state");
	u->cr = 0x300;
	u->ifls = 0x12;
	u->port = host->console;
	return 0;
}

static void uart_destroy(struct device *d)
{
	free(d->state);
}

static uint16_t pop(struct device *d)
{
	struct uart *u = d->state;
	uint16_t v;

	if (u->nr_rx == 0)
		return 0;
	v = u->rx[u->rx_first];
	u->rx_first = (u->rx_first + 1) % FIFO;
	u->nr_rx--;
	update(d);
	if (u->nr_rx == 0 && u->port)
		u->port->room(u->port);
	return v;
}

static bool push(struct uart *u, uint16_t v)
{
	if (u->nr_rx >= depth(u))
		return false;
	u->rx[(u->rx_first + u->nr_rx++) % FIFO] = v;
	return true;
}

static uint16_t flags(const struct uart *u)
{
	uint16_t fr = FR_TXFE;

	if (u->nr_rx == 0)
		fr |= FR_RXFE;
	if (u->nr_rx >= depth(u))
		fr |= FR_RXFF;
	return fr;
}

static uint64_t uart_read(struct device *d, uint64_t off, unsigned len)
{
	const struct uart *u = d->state;

	(void)len;
	switch (off) {
	case UARTDR:
		return pop(d);
	case UARTFR:
		return flags(u);
	case UARTILPR:
		return u->ilpr;
	case UARTIBRD:
		return u->ibrd;
	case UARTFBRD:
		return u->fbrd;
	case UARTLCR_H:
		return u->lcr_h;
	case UARTCR:
		return u->cr;
	case UARTIFLS:
		return u->ifls;
	case UARTIMSC:
		return u->imsc;
	case UARTRIS:
		return raw_interrupts(u);
	case UARTMIS:
		return raw_interrupts(u) & u->imsc;
	case UARTDMACR:
		return u->dmacr;
	default: /* UARTRSR: no errors but breaks, which UARTDR shows */
		return off >= UART_ID && off % 4 == 0
			       ? id_regs[(off - UART_ID) / 4]
			       : 0;
	}
}

static void send(struct uart *u, uint8_t byte)
{
	if (u->port)
		u->port->put(u->port, byte);
	u->edges |= INT_TX;
}

static void uart_write(struct device *d, uint64_t off, unsigned len, uint64_t v)
{
	struct uart *u = d->state;
	uint16_t half = (uint16_t)v;

	(void)len;
	switch (off) {
	case UARTDR:
		send(u, (uint8_t)v);
		break;
	case UARTILPR:
		u->ilpr = half & 0xff;
		break;
	case UARTIBRD:
		u->ibrd = half;
		break;
	case UARTFBRD:
		u->fbrd = half & 0x3f;
		break;
	case UARTLCR_H:
		u->lcr_h = half & 0xff;
		/* What came before the driver did is kept, if it fits. */
		if (u->nr_rx > depth(u))
			u->nr_rx = depth(u);
		break;
	case UARTCR:
		u->cr = half & 0xff87;
		break;
	case UARTIFLS:
		u->ifls = half & 0x3f;
		break;
	case UARTIMSC:
		u->imsc = half & 0x7ff;
		break;
	case UARTICR:
		u->edges &= (uint16_t)~half;
		break;
	case UARTDMACR:
		u->dmacr = half & 7;
		break;
	default:
		return;
	}
	update(d);
	if (off == UARTLCR_H && u->port)
		u->port->room(u->port);
}

size_t uart_receive(struct device *d, const uint8_t *buf, size_t len)
{
	struct uart *u = d->state;
	size_t n = 0;

	device_lock(d);
	while (n < len && push(u, buf[n]))
		n++;
	update(d);
	device_unlock(d);
	return n;
}

void uart_break(struct device *d)
{
	struct uart *u = d->state;

	device_lock(d);
	if (push(u, DR_BE))
		u->edges |= INT_BE;
	update(d);
	device_unlock(d);
}

static void uart_fdt(const struct device *d, struct fdtw *w)
{
	const uint32_t irq[] = { 0, d->irq.spi, 4 }; /* SPI, level high */
	static const uint32_t clocks[] = { PHANDLE_APB_CLK, PHANDLE_APB_CLK };

	fdtw_node(w, "serial@%" PRIx64, d->window.base);
	fdtw_strs(w, "compatible", "arm,pl011\0arm,primecell");
	fdtw_reg(w, d->window.base, d->window.size);
	fdtw_cells(w, "interrupts", irq, 3);
	fdtw_cells(w, "clocks", clocks, 2);
	fdtw_strs(w, "clock-names", "uartclk\0apb_pclk");
	fdtw_end(w);
}

const struct device_class uart_class = {
	.name = "uart",
	.mmio_size = LAYOUT_UART_SIZE,
	.create = uart_create,
	.destroy = uart_destroy,
	.reset = uart_reset,
	.read = uart_read,
	.write = uart_write,
	.fdt = uart_fdt,
};
