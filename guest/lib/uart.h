/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.h - the console: a PL011 or a 16550, the one the device tree names.
 *
 * Spec: Arm DDI0183 3.3 (PL011 registers); 16550: the PC16550D data sheet.
 */
#ifndef GUEST_UART_H
#define GUEST_UART_H

#include <stdbool.h>

struct dt;

/* Take /chosen's stdout-path.  false: there is none that we know. */
bool uart_init(const struct dt *dt);

/* Send; "\n" goes out as "\r\n".  Nothing happens without a console. */
void uart_put(char c);

/* A byte received, or -1 if there is none yet. */
int uart_get(void);

#endif
