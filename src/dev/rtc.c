/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.c - PL031 real-time clock: seconds since 1970, settable by the guest, and
 * an alarm.
 *
 * Like a clock with a battery it keeps what the guest set over a reset of the
 * machine; the alarm it forgets.
 *
 * The alarm rings in the moment in which the clock shows what is in the match
 * register, once.  When that is the host's clock says, by a timer that follows
 * where it is set, whether the guest runs, is paused, or we are stopped.
 *
 * Spec: Arm DDI0224C 3.2 (register summary).  A match that was set is looked for
 * from then on; the register's 0 after a reset is nobody's wish.
 */
#include "dev/rtc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "dev/device.h"
#include "mach/layout.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/fdtw.h"

enum {
	RTC_DR = 0x00,
	RTC_MR = 0x04,
	RTC_LR = 0x08,
	RTC_CR = 0x0c,
	RTC_IMSC = 0x10,
	RTC_RIS = 0x14,
	RTC_MIS = 0x18,
	RTC_ICR = 0x1c,
	RTC_ID = 0xfe0,
};

/* RTCPeriphID0 to 3, RTCPCellID0 to 3, one to a word. */
static const uint8_t id_regs[8] = { 0x31, 0x10, 0x14, 0x00,
				    0x0d, 0xf0, 0x05, 0xb1 };

struct rtc {
	uint32_t skew; /* seconds the guest is ahead, modulo 2^32 */
	int timer_fd;  /* owned */

	/* and this until the next reset */
	struct rtc_alarm {
		uint32_t match;
		bool set, rings, enabled;
		uint64_t due_s; /* the host's time, while @set */
	} alarm;
};

static void update(struct device *d)
{
	const struct rtc *rtc = d->state;

	irq_set(&d->irq, rtc->alarm.rings && rtc->alarm.enabled);
}

static uint32_t counter(const struct rtc *rtc)
{
	return (uint32_t)clock_wall_s() + rtc->skew;
}

/* By clock_wall_s(); 0: not at all. */
static void set_timer(struct rtc *rtc, uint64_t due_s)
{
	const struct itimerspec when = { .it_value.tv_sec = (time_t)due_s };

	/* Cannot fail: the time is one that there will be. */
	timerfd_settime(rtc->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* The match register or the clock has changed. */
static void find_moment(struct device *d)
{
	struct rtc *rtc = d->state;
	uint32_t left = rtc->alarm.match - counter(rtc);

	rtc->alarm.due_s = clock_wall_s() + left;
	rtc->alarm.set = left > 0;
	if (left == 0)
		rtc->alarm.rings = true;
	set_timer(rtc, left > 0 ? rtc->alarm.due_s : 0);
	update(d);
}

int rtc_alarm_fd(const struct device *d)
{
	const struct rtc *rtc = d->state;

	return rtc->timer_fd;
}

void rtc_alarm(struct device *d)
{
	struct rtc *rtc = d->state;
	uint64_t n;

	device_lock(d);
	/* Nothing to read where the guest has changed its mind since. */
	if (read(rtc->timer_fd, &n, sizeof(n)) < 0 || !rtc->alarm.set) {
		;
	} else if (clock_wall_s() >= rtc->alarm.due_s) {
		rtc->alarm.set = false;
		rtc->alarm.rings = true;
		update(d);
	} else { /* somebody has set the host's clock back */
		set_timer(rtc, rtc->alarm.due_s);
	}
	device_unlock(d);
}

static int rtc_create(struct device *d, const struct device_host *host)
{
	struct rtc *rtc = calloc(1, sizeof(*rtc));

	(void)host;
	d->state = rtc;
	if (!rtc)
		return err_set(ENOMEM, "state");
	rtc->timer_fd =
		timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	return rtc->timer_fd < 0 ? err_set(errno, "timer") : 0;
}

static void rtc_destroy(struct device *d)
{
	struct rtc *rtc = d->state;

	if (rtc && rtc->timer_fd >= 0)
		close(rtc->timer_fd);
	free(rtc);
}

static void rtc_reset(struct device *d)
{
	struct rtc *rtc = d->state;

	if (rtc->alarm.set)
		set_timer(rtc, 0);
	rtc->alarm = (struct rtc_alarm){ 0 };
	update(d);
}

static uint64_t rtc_read(struct device *d, uint64_t off, unsigned len)
{
	const struct rtc *rtc = d->state;

	(void)len;
	switch (off) {
	case RTC_DR:
	case RTC_LR:
		return counter(rtc);
	case RTC_MR:
		return rtc->alarm.match;
	case RTC_CR:
		return 1; /* always counting */
	case RTC_IMSC:
		return rtc->alarm.enabled;
	case RTC_RIS:
		return rtc->alarm.rings;
	case RTC_MIS:
		return rtc->alarm.rings && rtc->alarm.enabled;
	default:
		return off >= RTC_ID && off % 4 == 0
			       ? id_regs[(off - RTC_ID) / 4]
			       : 0;
	}
}

static void rtc_write(struct device *d, uint64_t off, unsigned len, uint64_t v)
{
	struct rtc *rtc = d->state;

	(void)len;
	switch (off) {
	case RTC_MR:
		rtc->alarm.match = (uint32_t)v;
		find_moment(d);
		break;
	case RTC_LR:
		rtc->skew = (uint32_t)v - (uint32_t)clock_wall_s();
		if (rtc->alarm.set)
			find_moment(d);
		break;
	case RTC_IMSC:
		rtc->alarm.enabled = v & 1;
		update(d);
		break;
	case RTC_ICR:
		if (v & 1)
			rtc->alarm.rings = false;
		update(d);
		break;
	}
}

static void rtc_fdt(const struct device *d, struct fdtw *w)
{
	const uint32_t irq[] = { 0, d->irq.spi, 4 }; /* SPI, level high */

	fdtw_node(w, "rtc@%" PRIx64, d->window.base);
	fdtw_strs(w, "compatible", "arm,pl031\0arm,primecell");
	fdtw_reg(w, d->window.base, d->window.size);
	fdtw_cells(w, "interrupts", irq, 3);
	fdtw_u32(w, "clocks", PHANDLE_APB_CLK);
	fdtw_str(w, "clock-names", "apb_pclk");
	fdtw_end(w);
}

const struct device_class rtc_class = {
	.name = "rtc",
	.mmio_size = LAYOUT_RTC_SIZE,
	.create = rtc_create,
	.destroy = rtc_destroy,
	.reset = rtc_reset,
	.read = rtc_read,
	.write = rtc_write,
	.fdt = rtc_fdt,
};
