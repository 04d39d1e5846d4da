/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - the board: which devices every machine has, and where. */
#include "dev/device.h"
#include "dev/gpio.h"
#include "dev/rtc.h"
#include "dev/uart.h"
#include "mach/layout.h"
#include "util/util.h"

const struct device_place device_table[] = {
	{ &uart_class, LAYOUT_UART, SPI_UART },
	{ &rtc_class, LAYOUT_RTC, SPI_RTC },
	{ &gpio_class, LAYOUT_GPIO, SPI_GPIO },
};

const size_t device_table_size = ARRAY_SIZE(device_table);
