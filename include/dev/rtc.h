/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.h - PL031 real-time clock: the host's side of it; see rtc.c.
 *
 * Threads: any; the caller does not hold the device's lock.
 */
#ifndef DEV_RTC_H
#define DEV_RTC_H

struct device;
struct device_class;

extern const struct device_class rtc_class;

/* Readable when rtc_alarm() must be called; it is the clock's. */
int rtc_alarm_fd(const struct device *d);
void rtc_alarm(struct device *d);

#endif
