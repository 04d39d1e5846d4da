/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchdog.h - SP805 watchdog; see watchdog.c.
 *
 * Threads: any; the caller does not hold the device's lock.
 */
#ifndef DEV_WATCHDOG_H
#define DEV_WATCHDOG_H

#include <stdbool.h>

struct device;
struct device_class;

extern const struct device_class watchdog_class;

/* To be watched: it is readable when watchdog_expired() is to be called. */
int watchdog_fd(const struct device *d);

/* True: the machine is to be reset. */
bool watchdog_expired(struct device *d);

/* Its time stands still, or goes on. */
void watchdog_hold(struct device *d, bool hold);

#endif
