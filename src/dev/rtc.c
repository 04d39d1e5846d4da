/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.c - PL031 real-time clock: seconds since 1970, settable by the guest.
 *
 * Like a clock with a battery it keeps what the guest set over a reset of the
 * machine.
 *
 * Spec: Arm DDI0224C 3.2 (register summary).  Left out: the alarm, so the
 * match, mask and status registers read as zero and the node has no interrupt.
 */
#include "dev/rtc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "dev/device.h"
#include "mach/layout.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/fdtw.h"

enum { RTC_DR = 0x00, RTC_LR = 0x08, RTC_CR = 0x0c, RTC_ID = 0xfe0 };

/* RTCPeriphID0 to 3, RTCPCellID0 to 3, one to a word. */
static const uint8_t id_regs[8] = { 0x31, 0x10, 0x14, 0x00,
				    0x0d, 0xf0, 0x05, 0xb1 };

struct rtc {
	uint32_t skew; /* seconds the guest is ahead, modulo 2^32 */
};

static int rtc_create(struct device *d, const struct device_host *host)
{
	(void)host;
	d->state = calloc(1, sizeof(struct rtc));
	return d->state ? 0 : err_set(ENOMEM, "state");
}

static void rtc_destroy(struct device *d)
{
	free(d->state);
}

static void rtc_reset(struct device *d)
{
	(void)d;
}

static uint64_t rtc_read(struct device *d, uint64_t off, unsigned len)
{
	const struct rtc *rtc = d->state;

	(void)len;
	if (off == RTC_DR || off == RTC_LR)
		return (uint32_t)clock_wall_s() + rtc->skew;
	if (off >= RTC_ID && off % 4 == 0)
		return id_regs[(off - RTC_ID) / 4];
	return off == RTC_CR; /* always counting; all else reads as zero */
}

static void rtc_write(struct device *d, uint64_t off, unsigned len, uint64_t v)
{
	struct rtc *rtc = d->state;

	(void)len;
	if (off == RTC_LR)
		rtc->skew = (uint32_t)v - (uint32_t)clock_wall_s();
}

static void rtc_fdt(const struct device *d, struct fdtw *w)
{
	fdtw_node(w, "rtc@%" PRIx64, d->window.base);
	fdtw_strs(w, "compatible", "arm,pl031\0arm,primecell");
	fdtw_reg(w, d->window.base, d->window.size);
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
