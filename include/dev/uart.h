/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.h - PL011 serial port: the host's side of it.
 *
 * Threads: any; the caller does not hold the device's lock.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include <stddef.h>
#include <stdint.h>

struct device;
struct device_class;

extern const struct device_class uart_class;

/*
 * Give the guest up to @len bytes from @buf; returns how many its receive FIFO
 * took.  When there is room again the port's room() is called.
 */
size_t uart_receive(struct device *d, const uint8_t *buf, size_t len);

/* The line was held low: a break, which Linux takes as its SysRq key. */
void uart_break(struct device *d);

#endif
