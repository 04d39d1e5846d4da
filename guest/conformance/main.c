/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - the conformance guest: is this VMM's stolen time what Arm's and
 * Linux' documents say?
 *
 * It boots as an arm64 Image or flat, on any VMM that gives it a device tree,
 * and knows nothing but what that tells.  It reports each check of checks.h in
 * TAP on the console and powers off.
 *
 * Words among the boot arguments (/chosen/bootargs):
 *	require	that there is no stolen time is a failure
 *	shared	the CPUs share one host CPU, so they must steal from each other
 *	reset	reset the machine once and see what becomes of the records
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "../lib/gic.h"
#include "../lib/mmu.h"
#include "../lib/psci.h"
#include "../lib/say.h"
#include "../lib/uart.h"
#include "report.h"

enum { PAGE = 0x1000, GICV3_DIST = 0x10000, GICV3_REDIST = 0x20000 };

extern const char image_end[] __attribute__((visibility("hidden")));
extern const char _start[] __attribute__((visibility("hidden")));

struct dt dt;
enum smccc_conduit conduit;

void main(const void *dtb);

bool starts_with(const char *s, const char *what)
{
	for (; *what; s++, what++)
		if (*s != *what)
			return false;
	return true;
}

static bool is_end(char c)
{
	return !c || c == ' ';
}

bool option(const char *word)
{
	dt_node chosen;
	const char *s = NULL;
	unsigned len = 0;

	if (dt_find(&dt, "/chosen", &chosen))
		s = dt_str(&dt, chosen, "bootargs");
	while (word[len])
		len++;
	for (; s && *s; s++) {
		if (starts_with(s, word) && is_end(s[len]))
			return true;
		while (!is_end(*s))
			s++;
		if (!*s)
			break;
	}
	return false;
}

static enum smccc_conduit find_conduit(void)
{
	dt_node psci;
	const char *method = NULL;

	if (dt_find(&dt, "/psci", &psci))
		method = dt_str(&dt, psci, "method");
	return method && starts_with(method, "smc") ? SMCCC_SMC : SMCCC_HVC;
}

static bool map_all(const void *dtb)
{
	const uint8_t *size = (const uint8_t *)dtb + 4; /* totalsize */
	struct gic gic;
	uint64_t start = (uint64_t)_start & ~(uint64_t)(PAGE - 1);

	if (gic_find(&dt, &gic) &&
	    (!mmu_map(gic.dist, gic.v3 ? GICV3_DIST : PAGE, MMU_DEVICE) ||
	     !mmu_map(gic.cpu, gic.v3 ? GICV3_REDIST : PAGE, MMU_DEVICE)))
		return false;
	return mmu_map(start, (uint64_t)image_end - start, MMU_CODE) &&
	       mmu_map((uint64_t)dtb, dt_cells(size, 4), MMU_DATA) &&
	       mmu_map(uart_base(), PAGE, MMU_DEVICE);
}

/* All but the last. */
static void check_all(void)
{
	bool offered;

	ask_job(cpus);
	record_map(cpus);
	record_look(cpus);
	reset_prepare();
	report_begin();
	offered = check_calls();
	check_cpus();
	check_no_node();
	if (!offered) {
		skip_checks(CHECK_ALIGNED, CHECK_ANEW, "no stolen time here");
		return;
	}
	records_look();
	check_places();
	check_records();
	if (!cpus->usable) {
		skip_checks(CHECK_START + 1, CHECK_ANEW,
			    "no record can be looked at");
		return;
	}
	busy_choose();
	check_busy();
	check_shared();
	check_off();
	check_memory();
	check_reset();
	check_written();
}

void main(const void *dtb)
{
	uint64_t began;

	if (!dt_open(&dt, dtb))
		return;
	conduit = find_conduit();
	smccc_use(conduit);
	if (!uart_init(&dt))
		return;
	if (booted_at_el2 && conduit == SMCCC_HVC) {
		/* Nobody is left there to answer, nor to power off. */
		say("Bail out! booted at EL2, with PSCI by HVC\n");
		for (;;)
			__asm__ volatile("wfi");
	}
	if (!map_all(dtb)) {
		say("Bail out! devices and memory are too far apart to map\n");
		return;
	}
	mmu_on();
	if (!clock_init(&dt))
		note("the timer does not end a WFI: waiting is by spinning");
	began = clock_now();
	cpus_find();
	check_all();
	check_smc();
	note("%lu ms", clock_ns(clock_now() - began) / 1000000);
	report_end();
}
