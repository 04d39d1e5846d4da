/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchdog.c - SP805 watchdog: a counter that the guest keeps from running out.
 *
 * When it has run out once the interrupt is raised, and it begins anew; when it
 * has run out again with the interrupt still there, the machine is reset, if the
 * guest wished so.  A timer of the host's counts, so that a guest which never
 * exits is noticed, too; whoever owns the machine watches the timer's descriptor.
 *
 * Spec: Arm DDI0270B 3.2 (register summary).  Left out: the integration test
 * registers, which read as zero.
 */
#include "dev/watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "dev/device.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/fdtw.h"

enum {
	WDT_LOAD = 0x00,
	WDT_VALUE = 0x04,
	WDT_CONTROL = 0x08,
	WDT_INTCLR = 0x0c,
	WDT_RIS = 0x10,
	WDT_MIS = 0x14,
	WDT_LOCK = 0xc00,
	WDT_ID = 0xfe0,
};

enum { CONTROL_INTEN = 1, CONTROL_RESEN = 2 };

#define UNLOCK UINT32_C(0x1acce551)

/* Of the clock "apb_pclk", 24 MHz: 3 ticks in 125 ns. */
enum { TICKS = 3, TICKS_NS = 125 };

static const uint8_t id_regs[8] = { 0x05, 0x18, 0x14, 0x00,
				    0x0d, 0xf0, 0x05, 0xb1 };

struct watchdog {
	int fd; /* owned: a timer */
	uint32_t load, control;
	bool raised, locked, held;
	uint64_t left_ns; /* while it is held; 0: it does not run */
};

/* 0: it does not run. */
static uint64_t left_ns(const struct watchdog *w)
{
	struct itimerspec t = { 0 };

	if (w->held)
		return w->left_ns;
	timerfd_gettime(w->fd, &t);
	return (uint64_t)t.it_value.tv_sec * 1000000000 +
	       (uint64_t)t.it_value.tv_nsec;
}

static void set_timer(struct watchdog *w, uint64_t ns)
{
	const struct itimerspec t = {
		.it_value = { .tv_sec = (time_t)(ns / 1000000000),
			      .tv_nsec = (long)(ns % 1000000000) },
	};

	if (w->held)
		w->left_ns = ns;
	else
		timerfd_settime(w->fd, 0, &t, NULL);
}

/* Begin anew, or stand still. */
static void count(struct watchdog *w)
{
	uint64_t ns = (uint64_t)w->load * TICKS_NS / TICKS;

	set_timer(w, w->control & CONTROL_INTEN ? ns + 1 : 0);
}

static void show(struct device *d)
{
	const struct watchdog *w = d->state;

	irq_set(&d->irq, w->raised && w->control & CONTROL_INTEN);
}

static int watchdog_create(struct device *d, const struct device_host *host)
{
	struct watchdog *w = calloc(1, sizeof(*w));

	(void)host;
	if (!w)
		return err_set(ENOMEM, "state");
	d->state = w;
	w->load = UINT32_MAX;
	w->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return w->fd < 0 ? err_set(errno, "timer") : 0;
}

static void watchdog_destroy(struct device *d)
{
	struct watchdog *w = d->state;

	if (w && w->fd >= 0)
		close(w->fd);
	free(w);
	d->state = NULL;
}

static void watchdog_reset(struct device *d)
{
	struct watchdog *w = d->state;

	w->load = UINT32_MAX;
	w->control = 0;
	w->raised = w->locked = false;
	count(w);
	show(d);
}

static uint64_t watchdog_read(struct device *d, uint64_t off, unsigned len)
{
	const struct watchdog *w = d->state;

	(void)len;
	switch (off) {
	case WDT_LOAD:
		return w->load;
	case WDT_VALUE:
		return w->control & CONTROL_INTEN
			       ? left_ns(w) * TICKS / TICKS_NS
			       : w->load;
	case WDT_CONTROL:
		return w->control;
	case WDT_RIS:
		return w->raised;
	case WDT_MIS:
		return w->raised && w->control & CONTROL_INTEN;
	case WDT_LOCK:
		return w->locked;
	default:
		return off >= WDT_ID && off % 4 == 0
			       ? id_regs[(off - WDT_ID) / 4]
			       : 0;
	}
}

static void set_control(struct watchdog *w, uint32_t v)
{
	uint32_t changed = w->control ^ v;

	w->control = v;
	/* Run out once it waits: what for, may only now be known. */
	if (changed & CONTROL_INTEN ||
	    (w->raised && changed & v & CONTROL_RESEN))
		count(w);
}

static void watchdog_write(struct device *d, uint64_t off, unsigned len,
			   uint64_t v)
{
	struct watchdog *w = d->state;

	(void)len;
	if (off == WDT_LOCK)
		w->locked = (uint32_t)v != UNLOCK;
	if (w->locked)
		return;
	if (off == WDT_CONTROL) {
		set_control(w, v & (CONTROL_INTEN | CONTROL_RESEN));
	} else if (off == WDT_LOAD) {
		w->load = (uint32_t)v;
		count(w);
	} else if (off == WDT_INTCLR) {
		w->raised = false;
		count(w);
	}
	show(d);
}

static void watchdog_fdt(const struct device *d, struct fdtw *w)
{
	const uint32_t irq[] = { 0, d->irq.spi, 4 /* high level */ };
	const uint32_t clocks[] = { PHANDLE_APB_CLK, PHANDLE_APB_CLK };

	fdtw_node(w, "watchdog@%" PRIx64, d->window.base);
	fdtw_strs(w, "compatible", "arm,sp805\0arm,primecell");
	fdtw_reg(w, d->window.base, d->window.size);
	fdtw_cells(w, "interrupts", irq, 3);
	fdtw_cells(w, "clocks", clocks, 2);
	fdtw_strs(w, "clock-names", "wdog_clk\0apb_pclk");
	fdtw_end(w);
}

int watchdog_fd(const struct device *d)
{
	return ((const struct watchdog *)d->state)->fd;
}

bool watchdog_expired(struct device *d)
{
	struct watchdog *w = d->state;
	bool bites = false;
	uint64_t n;

	device_lock(d);
	/* Unless the guest was quicker after all. */
	if (read(w->fd, &n, sizeof(n)) == sizeof(n)) {
		bites = w->raised && w->control & CONTROL_RESEN;
		w->raised = true;
		if (!bites && w->control & CONTROL_RESEN)
			count(w);
		show(d);
	}
	device_unlock(d);
	return bites;
}

void watchdog_hold(struct device *d, bool hold)
{
	struct watchdog *w = d->state;

	device_lock(d);
	if (hold && !w->held) {
		uint64_t n, left = left_ns(w);

		/* It has expired, and nobody has seen to it yet: at once, then. */
		if (read(w->fd, &n, sizeof(n)) == sizeof(n))
			left = 1;
		set_timer(w, 0);
		w->held = true;
		w->left_ns = left;
	} else if (!hold && w->held) {
		w->held = false;
		set_timer(w, w->left_ns);
	}
	device_unlock(d);
}

const struct device_class watchdog_class = {
	.name = "watchdog",
	.mmio_size = LAYOUT_WATCHDOG_SIZE,
	.create = watchdog_create,
	.destroy = watchdog_destroy,
	.reset = watchdog_reset,
	.read = watchdog_read,
	.write = watchdog_write,
	.fdt = watchdog_fdt,
};
