/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.c - what the hypervisor answers, and what else it changes.
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "../lib/psci.h"
#include "report.h"

enum { SMCCC_1_1 = 0x10001, PSCI_1_0 = 0x10000 };
enum { SMC_PATIENCE_US = 1000000 };

#define UPPER_HALF UINT64_C(0xdeadbeef00000000)
#define FAST_CALL  UINT32_C(0x80000000)
#define CALL64	   UINT32_C(0x40000000)

static uint64_t call(uint64_t fn, uint64_t arg)
{
	int64_t answer = smccc(fn, arg, 0, 0);

	/* A 32-bit call answers in w0; the upper half of x0 is anything. */
	return (uint64_t)(fn & CALL64 ? answer : (int32_t)answer);
}

static uint64_t where(void)
{
	return call(PV_TIME_ST, 0);
}

void ask_job(struct cpu *me)
{
	me->arch = call(SMCCC_ARCH_FEATURES, PV_TIME_FEATURES);
	me->self = call(PV_TIME_FEATURES, PV_TIME_FEATURES);
	me->feature = call(PV_TIME_FEATURES, PV_TIME_ST);
	me->asked = clock_now();
	me->st = where();
}

/* SMCCC's version is found through PSCI; without, it is 1.0.  Is it 1.1? */
static bool check_versions(void)
{
	uint64_t psci = call(PSCI_VERSION, 0);
	uint64_t version;

	if (psci >= PSCI_1_0 && psci <= INT32_MAX)
		ok_with(CHECK_PSCI, "%lu.%lu", psci >> 16, psci & 0xffff);
	else
		not_ok(CHECK_PSCI, "0x%lx", psci);
	if (call(PSCI_FEATURES, SMCCC_VERSION)) {
		skip_check(CHECK_SMCCC, "SMCCC 1.0: nothing to discover");
		return false;
	}
	version = call(SMCCC_VERSION, 0);
	if (version < SMCCC_1_1 || version > INT32_MAX) {
		not_ok(CHECK_SMCCC, "0x%lx", version);
		return false;
	}
	ok_with(CHECK_SMCCC, "%lu.%lu", version >> 16, version & 0xffff);
	return true;
}

static void check_answer(enum check check, uint64_t answer)
{
	if (!answer || answer == NOT_SUPPORTED)
		ok_with(check, answer ? "no" : "yes");
	else
		not_ok(check, "0x%lx", answer);
}

static void check_discovery(const struct cpu *c)
{
	check_answer(CHECK_ARCH, c->arch);
	check_answer(CHECK_SELF, c->self);
	check_answer(CHECK_ST, c->feature);
	if (!c->feature)
		ok(CHECK_OFFERED);
	else if (option("require"))
		not_ok(CHECK_OFFERED, "no stolen time here");
	else
		skip_check(CHECK_OFFERED, "no stolen time here");
	/* Of itself PV_TIME_FEATURES need not say anything. */
	if (c->feature ? c->st == NOT_SUPPORTED
		       : c->st != NOT_SUPPORTED && !c->arch)
		ok(CHECK_AGREE);
	else
		not_ok(CHECK_AGREE,
		       "ARCH_FEATURES %ld, PV_TIME_FEATURES of PV_TIME_ST %ld; PV_TIME_ST %ld",
		       c->arch, c->feature, c->st);
}

/* PV_TIME_FEATURES must know none of these. */
static void check_unknown(enum check check, const uint32_t *functions,
			  unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t answer = call(PV_TIME_FEATURES, functions[i]);

		if (answer != NOT_SUPPORTED) {
			not_ok(check, "of 0x%x: 0x%lx", functions[i], answer);
			return;
		}
	}
	ok(check);
}

/* None of these may answer. */
static void check_refused(enum check check, const uint32_t *functions,
			  unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t answer = call(functions[i], PV_TIME_ST);

		if (answer != NOT_SUPPORTED) {
			not_ok(check, "call of 0x%x: 0x%lx", functions[i],
			       answer);
			return;
		}
	}
	ok(check);
}

static void check_functions(void)
{
	static const uint32_t unknown[] = { 0, 1, UINT32_MAX, SMCCC_VERSION,
					    PSCI_VERSION };
	static const uint32_t near[] = { 0xc500001f, 0xc5000022, 0xc5000023,
					 0xc500003f, 0xc50000ff };
	static const uint32_t form32[] = { PV_TIME_FEATURES & ~CALL64,
					   PV_TIME_ST & ~CALL64 };
	static const uint32_t yielding[] = { PV_TIME_FEATURES & ~FAST_CALL,
					     PV_TIME_ST & ~FAST_CALL };

	check_unknown(CHECK_UNKNOWN, unknown, 5);
	check_unknown(CHECK_NEAR, near, 5);
	check_unknown(CHECK_FEATURES32, form32, 2);
	check_refused(CHECK_CALL_NEAR, near, 5);
	check_refused(CHECK_CALL32, form32, 2);
	check_refused(CHECK_CALL_YIELDING, yielding, 2);
}

static void check_equal(enum check check, uint64_t answer, uint64_t usual)
{
	if (answer == usual)
		ok(check);
	else
		not_ok(check, "0x%lx, else 0x%lx", answer, usual);
}

static void check_arguments(const struct cpu *c)
{
	uint64_t fn = call(UPPER_HALF | PV_TIME_FEATURES, PV_TIME_ST);
	uint64_t st = call(UPPER_HALF | PV_TIME_ST, 0);

	if (fn == c->feature)
		check_equal(CHECK_UPPER_X0, st, c->st);
	else
		check_equal(CHECK_UPPER_X0, fn, c->feature);
	check_equal(CHECK_UPPER_X1,
		    call(PV_TIME_FEATURES, UPPER_HALF | PV_TIME_ST),
		    c->feature);
	check_equal(CHECK_NO_ARGS,
		    (uint64_t)smccc(PV_TIME_ST, UINT64_MAX, UPPER_HALF, 1),
		    c->st);
}

/* Which of x@first to x@last a call of @fn changes, or -1. */
static int changed(uint32_t fn, unsigned first, unsigned last,
		   struct smccc_regs *ret_regs)
{
	struct smccc_regs *r = ret_regs;

	for (unsigned i = 0; i < 31; i++)
		r->x[i] = UPPER_HALF | i << 8 | 0x55;
	r->x[0] = fn;
	r->x[1] = PV_TIME_ST;
	smccc_call(conduit, r);
	for (unsigned i = first; i <= last; i++)
		if (r->x[i] != (UPPER_HALF | i << 8 | 0x55))
			return (int)i;
	return -1;
}

static void check_kept(enum check check, unsigned first, unsigned last)
{
	static const uint32_t functions[] = { PV_TIME_FEATURES, PV_TIME_ST,
					      PV_TIME_ST + 1 };

	for (unsigned i = 0; i < 3; i++) {
		struct smccc_regs r;
		int x = changed(functions[i], first, last, &r);

		if (x >= 0) {
			not_ok(check, "call of 0x%x: x%d is 0x%lx after it",
			       functions[i], x, r.x[x]);
			return;
		}
		if (r.sp_moved) {
			not_ok(check, "call of 0x%x: sp moved by %ld",
			       functions[i], r.sp_moved);
			return;
		}
	}
	ok(check);
}

bool check_calls(void)
{
	struct cpu *c = cpus;
	bool is_1_1 = check_versions();

	check_discovery(c);
	check_functions();
	check_arguments(c);
	if (is_1_1)
		check_kept(CHECK_KEEP_X4, 4, 17);
	else
		skip_check(CHECK_KEEP_X4, "SMCCC 1.0 does not keep them");
	check_kept(CHECK_KEEP_X18, 18, 30);
	return !c->feature;
}

static void smc_job(struct cpu *me)
{
	struct smccc_regs r = { .x = { PV_TIME_FEATURES, PV_TIME_ST } };

	me->smc_defined = smccc_call(SMCCC_SMC, &r);
	me->smc_feature = r.x[0];
	r = (struct smccc_regs){ .x = { PV_TIME_ST } };
	smccc_call(SMCCC_SMC, &r);
	me->smc_st = r.x[0];
}

/*
 * SMC may go to a level where nobody is, and never return.  So another CPU does
 * it, and nothing is left to do after it.
 */
void check_smc(void)
{
	struct cpu *c = cpus + nr_cpus - 1;

	if (conduit == SMCCC_SMC) {
		skip_check(CHECK_BY_SMC, "it is the conduit here");
		return;
	}
	if (c == cpus || !c->alive) {
		skip_check(CHECK_BY_SMC, "no other CPU to try it on");
		return;
	}
	cpu_run(c, smc_job);
	if (!cpu_wait(c, SMC_PATIENCE_US))
		skip_check(CHECK_BY_SMC, "SMC does not return");
	else if (!c->smc_defined)
		skip_check(CHECK_BY_SMC, "SMC is undefined here");
	else if (c->smc_feature == c->feature && c->smc_st == c->st)
		ok_with(CHECK_BY_SMC, "the same");
	else if (c->smc_feature == NOT_SUPPORTED && c->smc_st == NOT_SUPPORTED)
		ok_with(CHECK_BY_SMC, "none");
	else
		not_ok(CHECK_BY_SMC,
		       "features %ld and %ld, record 0x%lx and 0x%lx",
		       c->smc_feature, c->feature, c->smc_st, c->st);
}
