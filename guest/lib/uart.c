/* SPDX-License-Identifier: BSD-2-Clause */
#include "uart.h"

#include <stdint.h>

#include "dt.h"

enum { PL011_DR = 0x00, PL011_FR = 0x18, PL011_LCRH = 0x2c, PL011_CR = 0x30 };
enum { FR_RXFE = 1 << 4, FR_TXFE = 1 << 7 };
enum { LCRH_FEN = 1 << 4, LCRH_WLEN8 = 3 << 5 };
enum { CR_UARTEN = 1 << 0, CR_TXE = 1 << 8, CR_RXE = 1 << 9 };

enum { NS_DATA = 0, NS_FCR = 2, NS_LCR = 3, NS_LSR = 5 };
enum { FCR_ENABLE = 1 << 0, LCR_8N1 = 3 };
enum { LSR_DR = 1 << 0, LSR_THRE = 1 << 5 };

enum { FIFO_SIZE = 16 };    /* of each PL011 and 16550A, or more */
enum { PATIENCE = 100000 }; /* how often we look whether there is room */

static enum { NONE, PL011, NS16550A } kind;
static uint64_t base;
static unsigned shift; /* 16550: log2 of the registers' distance */

static uint32_t rd(unsigned reg)
{
	return *(volatile uint32_t *)(base + reg);
}

static void wr(unsigned reg, uint32_t v)
{
	*(volatile uint32_t *)(base + reg) = v;
}

static uint8_t rd8(unsigned reg)
{
	return *(volatile uint8_t *)(base + (reg << shift));
}

static void wr8(unsigned reg, uint8_t v)
{
	*(volatile uint8_t *)(base + (reg << shift)) = v;
}

/* Take @node.  false: it is nothing that we know. */
static bool take(const struct dt *dt, dt_node node)
{
	uint64_t size;
	bool pl011 = dt_compatible(dt, node, "arm,pl011");
	bool ns16550a = dt_compatible(dt, node, "ns16550a");

	if ((!pl011 && !ns16550a) || !dt_reg(dt, node, 0, &base, &size))
		return false;
	if (pl011) {
		wr(PL011_LCRH, LCRH_WLEN8 | LCRH_FEN);
		wr(PL011_CR, CR_UARTEN | CR_TXE | CR_RXE);
		kind = PL011;
	} else {
		shift = dt_u32(dt, node, "reg-shift", 0);
		wr8(NS_LCR, LCR_8N1);
		wr8(NS_FCR, FCR_ENABLE);
		kind = NS16550A;
	}
	return true;
}

bool uart_init(const struct dt *dt)
{
	dt_node node;
	bool more;

	if (dt_stdout(dt, &node) && take(dt, node))
		return true;
	if (!dt_find(dt, "/", &node))
		return false;
	for (more = dt_child(dt, node, &node); more;
	     more = dt_next(dt, node, &node))
		if (take(dt, node))
			return true;
	return false;
}

uint64_t uart_base(void)
{
	return kind == NONE ? 0 : base;
}

static bool is_empty(void)
{
	return kind == PL011 ? rd(PL011_FR) & FR_TXFE : rd8(NS_LSR) & LSR_THRE;
}

static void send(char c)
{
	/* Should nobody ever take what is sent, then better lost than stuck. */
	static unsigned patience = PATIENCE;
	static unsigned room; /* in the FIFO, as far as we know */

	if (kind == NONE)
		return;
	while (!room) {
		if (is_empty())
			room = FIFO_SIZE;
		else if (patience)
			patience--;
		else
			return;
	}
	patience = PATIENCE;
	room--;
	if (kind == PL011)
		wr(PL011_DR, (uint8_t)c);
	else
		wr8(NS_DATA, (uint8_t)c);
}

void uart_put(char c)
{
	if (c == '\n')
		send('\r');
	send(c);
}

int uart_get(void)
{
	if (kind == PL011 && !(rd(PL011_FR) & FR_RXFE))
		return rd(PL011_DR) & 0xff;
	if (kind == NS16550A && (rd8(NS_LSR) & LSR_DR))
		return rd8(NS_DATA);
	return -1;
}
