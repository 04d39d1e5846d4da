/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gpio.h - PL061 general purpose input: the power button on it.
 *
 * Threads: any; the caller does not hold the device's lock.
 */
#ifndef DEV_GPIO_H
#define DEV_GPIO_H

#include <stdbool.h>

struct device;
struct device_class;

extern const struct device_class gpio_class;

/*
 * Press the power button.  It stays down until the guest has seen that, so that
 * one which gets little CPU time, or is paused, does not miss it.  False:
 * nobody in the guest listens (the line's interrupt is not enabled), and nothing
 * was done.
 */
bool gpio_press_power(struct device *d);

#endif
