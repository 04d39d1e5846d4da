/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.h - the console: a PL011 or a 16550A, one that the device tree has.
 *
 * Spec: Arm DDI0183 3.3 (PL011 registers); 16550A: the PC16550D data sheet.
 */
#ifndef GUEST_UART_H
#define GUEST_UART_H

#include <stdbool.h>
#include <stdint.h>

struct dt;

/* Take the one that /chosen's stdout-path means, else the tree's first.  false:
 * there is none that we know. */
bool uart_init(const struct dt *dt);

/* The address of its registers, which are within a page; 0 without one. */
uint64_t uart_base(void);

/* Send; "\n" goes out as "\r\n".  Nothing happens without a console. */
void uart_put(char c);

/* A byte received, or -1 if there is none yet. */
int uart_get(void);

#endif
