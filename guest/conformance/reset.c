/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reset.c - what a reset leaves of the records.
 *
 * Only if the boot arguments say so, because not every VMM starts again.  The
 * machine is reset before anything is reported.  That it was is told by the
 * only thing that outlives a reset and can be written, its clock (PL031): it
 * is set ahead by 2^30 seconds, which nobody's clock is by itself before the
 * year 2055, and put back.
 *
 * So that there is something to be left, our record is given a number first.
 * Guests should not write there, but it does no harm: see last.c.
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "../lib/mmu.h"
#include "../lib/probe.h"
#include "../lib/psci.h"
#include "report.h"

enum { RTC_DR = 0x00, RTC_LR = 0x08, RTC_SIZE = 0x1000, STOLEN = 8 };
enum { BACK_WITHIN_US = 2000000 };

#define AHEAD_S	 (UINT32_C(1) << 30)
#define FUTURE_S UINT32_C(0xa0000000)
#define MARK_NS	 (UINT64_C(1) << 40) /* 18 minutes */

static const char *why_not; /* NULL: done */

static volatile uint32_t *rtc_reg(uint64_t base, unsigned reg)
{
	return (volatile uint32_t *)(base + reg);
}

static bool find_rtc(uint64_t *ret_base)
{
	dt_node root, node;
	uint64_t size;
	bool more;

	if (!dt_find(&dt, "/", &root))
		return false;
	for (more = dt_child(&dt, root, &node); more;
	     more = dt_next(&dt, node, &node))
		if (dt_compatible(&dt, node, "arm,pl031"))
			return dt_reg(&dt, node, 0, ret_base, &size) &&
			       mmu_map(*ret_base, RTC_SIZE, MMU_DEVICE);
	return false;
}

void reset_prepare(void)
{
	uint64_t rtc;
	uint32_t now;

	if (!option("reset")) {
		why_not = "say reset in the boot arguments";
		return;
	}
	if (!find_rtc(&rtc)) {
		why_not = "there is no PL031 to remember it";
		return;
	}
	if (!cpus->readable) {
		why_not = "no record to look at";
		return;
	}
	now = *rtc_reg(rtc, RTC_DR);
	if (now >= FUTURE_S) {
		*rtc_reg(rtc, RTC_LR) = now - AHEAD_S;
		return;
	}
	*rtc_reg(rtc, RTC_LR) = now + AHEAD_S;
	if (*rtc_reg(rtc, RTC_DR) < FUTURE_S) {
		*rtc_reg(rtc, RTC_LR) = now;
		why_not = "the PL031 cannot be set";
		return;
	}
	probe_store(cpus->st + STOLEN, MARK_NS);
	note("reset");
	smccc(PSCI_SYSTEM_RESET, 0, 0, 0);
	clock_sleep(clock_now() + clock_ticks(BACK_WITHIN_US));
	*rtc_reg(rtc, RTC_LR) = now;
	why_not = "SYSTEM_RESET comes back";
}

void check_reset(void)
{
	uint64_t stolen = cpus->first.stolen;

	if (why_not)
		skip_check(CHECK_RESET, why_not);
	else if (stolen >= MARK_NS)
		not_ok(CHECK_RESET, "%lu ns, before the reset %lu", stolen,
		       MARK_NS);
	else
		ok_with(CHECK_RESET, "%lu us", stolen / 1000);
}
