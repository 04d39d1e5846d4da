/* SPDX-License-Identifier: BSD-2-Clause */
#include "uart.h"

#include <stdint.h>

#include "dt.h"

enum { PL011_DR = 0x00, PL011_FR = 0x18, PL011_LCRH = 0x2c, PL011_CR = 0x30 };
enum { FR_RXFE = 1 << 4, FR_TXFF = 1 << 5 };
enum { LCRH_FEN = 1 << 4, LCRH_WLEN8 = 3 << 5 };
enum { CR_UARTEN = 1 << 0, CR_TXE = 1 << 8, CR_RXE = 1 << 9 };

enum { NS_DATA = 0, NS_FCR = 2, NS_LCR = 3, NS_LSR = 5 };
enum { FCR_ENABLE = 1 << 0, LCR_8N1 = 3 };
enum { LSR_DR = 1 << 0, LSR_THRE = 1 << 5 };

static enum { NONE, PL011, NS16550 } kind;
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

bool uart_init(const struct dt *dt)
{
	uint64_t size;
	dt_node node;

	if (!dt_stdout(dt, &node) || !dt_reg(dt, node, 0, &base, &size))
		return false;
	if (dt_compatible(dt, node, "arm,pl011")) {
		wr(PL011_LCRH, LCRH_WLEN8 | LCRH_FEN);
		wr(PL011_CR, CR_UARTEN | CR_TXE | CR_RXE);
		kind = PL011;
	} else if (dt_compatible(dt, node, "ns16550a") ||
		   dt_compatible(dt, node, "ns16550")) {
		shift = dt_u32(dt, node, "reg-shift", 0);
		wr8(NS_LCR, LCR_8N1);
		wr8(NS_FCR, FCR_ENABLE);
		kind = NS16550;
	}
	return kind != NONE;
}

static void send(char c)
{
	if (kind == PL011) {
		while (rd(PL011_FR) & FR_TXFF)
			;
		wr(PL011_DR, (uint8_t)c);
	} else if (kind == NS16550) {
		while (!(rd8(NS_LSR) & LSR_THRE))
			;
		wr8(NS_DATA, (uint8_t)c);
	}
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
	if (kind == NS16550 && (rd8(NS_LSR) & LSR_DR))
		return rd8(NS_DATA);
	return -1;
}
