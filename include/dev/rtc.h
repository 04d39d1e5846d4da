/* SPDX-License-Identifier: BSD-2-Clause */
/* rtc.h - PL031 real-time clock; see rtc.c. */
#ifndef DEV_RTC_H
#define DEV_RTC_H

struct device_class;

extern const struct device_class rtc_class;

#endif
