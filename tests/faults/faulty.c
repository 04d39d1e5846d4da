/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faulty.c - provider "faulty": stolen time with one deliberate fault, for the
 * conformance guest to find.
 *
 * The fault is the word in PVTIME_FAULT; "none" is the control, and must be
 * found clean.  All else is done by the provider steady, whose calls we bend.
 *
 * Where the record itself has to lie, KVM fills another one, SHADOW bytes
 * behind, and a thread copies from there once in a while, bending what it
 * copies; it goes before all vCPUs, so that its copy is as prompt as KVM's.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kvm/attr.h"
#include "kvm/reg.h"
#include "kvm/uapi.h"
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/util.h"

#define PSCI_CPU_OFF	 0x84000002
#define PV_TIME_FEATURES 0xc5000020
#define PV_TIME_ST	 0xc5000021
#define PV_TIME_32	 0x85000020 /* and the next: no such calls */

#define MS	UINT64_C(1000000)
#define SHADOW	0x8000
#define NOWHERE UINT64_C(0x0b000000)
#define IN_RAM	UINT64_C(0x43f00000)

enum { CPUS = 8 };

enum fault {
	NONE,
	/* in what is answered */
	STRIDE_16,
	STRIDE_32,
	SHARED_LINE,
	ALL_OF_CPU_0,
	ONE_REFUSED,
	FEATURES_YES_TO_ALL,
	FEATURES_NO,
	ST_REFUSED,
	HIGH_BITS,
	MOVES,
	PLAIN_RAM,
	NO_MEMORY,
	CALLS_OF_32_BITS,
	CLOBBERS_X9,
	/* in the record as it is at first */
	REVISION_1,
	ATTRIBUTES_1,
	PADDING_DIRTY,
	NOT_ZEROED,
	/* in how it grows */
	FROZEN,
	TWICE,
	IDLE_COUNTS,
	OFF_COUNTS,
	BACKWARDS,
	BIG_ENDIAN_VALUE,
	LOW_32_BITS,
	TORN,
	/* in how it goes on */
	HALVED_BY_OFF,
	RESET_GOES_ON,
	NR_FAULTS,
};

static const char *const names[] = {
	[NONE] = "none",
	[STRIDE_16] = "stride-16",
	[STRIDE_32] = "stride-32",
	[SHARED_LINE] = "shared-line",
	[ALL_OF_CPU_0] = "all-of-cpu-0",
	[ONE_REFUSED] = "one-refused",
	[FEATURES_YES_TO_ALL] = "features-yes-to-all",
	[FEATURES_NO] = "features-no",
	[ST_REFUSED] = "st-refused",
	[HIGH_BITS] = "high-bits",
	[MOVES] = "moves",
	[PLAIN_RAM] = "plain-ram",
	[NO_MEMORY] = "no-memory",
	[CALLS_OF_32_BITS] = "calls-of-32-bits",
	[CLOBBERS_X9] = "clobbers-x9",
	[REVISION_1] = "revision-1",
	[ATTRIBUTES_1] = "attributes-1",
	[PADDING_DIRTY] = "padding-dirty",
	[NOT_ZEROED] = "not-zeroed",
	[FROZEN] = "frozen",
	[TWICE] = "twice",
	[IDLE_COUNTS] = "idle-counts",
	[OFF_COUNTS] = "off-counts",
	[BACKWARDS] = "backwards",
	[BIG_ENDIAN_VALUE] = "big-endian",
	[LOW_32_BITS] = "low-32-bits",
	[TORN] = "torn",
	[HALVED_BY_OFF] = "halved-by-off",
	[RESET_GOES_ON] = "reset-goes-on",
};
_Static_assert(ARRAY_SIZE(names) == NR_FAULTS, "a name for each");

/* A test's process has one VM. */
static enum fault fault;
static unsigned asked[CPUS];
static atomic_bool off[CPUS];
static atomic_uint_fast64_t zero[CPUS];	     /* the shadow when it asked */
static atomic_uint_fast64_t off_since[CPUS]; /* a moment; 0: on */
static atomic_uint_fast64_t off_ns[CPUS];
static uint64_t began;
static pthread_t copier;
static bool copying;

static bool is_copied(void)
{
	return fault == TWICE || fault == IDLE_COUNTS || fault == OFF_COUNTS ||
	       fault == BACKWARDS || fault == BIG_ENDIAN_VALUE || fault == TORN;
}

static struct pvtime_record *shadow(struct pvtime *pt, unsigned i)
{
	return &pt->records[SHADOW / sizeof(struct pvtime_record) + i];
}

static uint64_t shadow_ns(struct pvtime *pt, unsigned i)
{
	return __atomic_load_n(&shadow(pt, i)->stolen_ns, __ATOMIC_RELAXED);
}

static void store(struct pvtime *pt, unsigned i, uint64_t v)
{
	__atomic_store_n(&pt->records[i].stolen_ns, v, __ATOMIC_RELAXED);
}

static void copy(struct pvtime *pt, unsigned i)
{
	uint64_t v = shadow_ns(pt, i) - atomic_load(&zero[i]);
	uint64_t now = clock_mono_ns(), since = atomic_load(&off_since[i]);
	uint8_t *at;

	switch (fault) {
	case TWICE:
		v *= 2;
		break;
	case IDLE_COUNTS:
		v = now - began;
		break;
	case OFF_COUNTS:
		v += atomic_load(&off_ns[i]) + (since ? now - since : 0);
		break;
	case BACKWARDS: /* 5 ms back every 16 */
		v = v > 5 * MS && now / (16 * MS) % 2 ? v - 5 * MS : v;
		break;
	case BIG_ENDIAN_VALUE:
		v = __builtin_bswap64(v);
		break;
	case TORN: /* at its 24th bit, which it passes every 16 ms */
		at = (uint8_t *)&pt->records[i].stolen_ns;
		memcpy(at + 3, (uint8_t *)&v + 3, 5);
		nanosleep(&(struct timespec){ .tv_nsec = MS }, NULL);
		memcpy(at, &v, 3);
		return;
	default:
		break;
	}
	store(pt, i, v);
}

static void *copy_for_ever(void *arg)
{
	const struct sched_param first = { .sched_priority = 1 };
	struct pvtime *pt = arg;

	pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
	for (;;) {
		for (unsigned i = 0; i < pt->region.nr_records; i++)
			if (!asked[i])
				continue;
			else if (fault == LOW_32_BITS)
				store(pt, i,
				      (uint32_t)pt->records[i].stolen_ns);
			else
				copy(pt, i);
		nanosleep(&(struct timespec){ .tv_nsec = MS / 2 }, NULL);
	}
	return NULL;
}

static const char *missing(int vm_fd, int vcpu_fd)
{
	const char *word = getenv("PVTIME_FAULT");

	for (unsigned i = 0; word && i < NR_FAULTS; i++)
		if (strcmp(word, names[i]) == 0)
			return pvtime_steady.missing(vm_fd, vcpu_fd);
	return "PVTIME_FAULT names no fault";
}

static int start(struct pvtime *pt)
{
	const char *word = getenv("PVTIME_FAULT");

	for (unsigned i = 0; i < NR_FAULTS; i++)
		if (word && strcmp(word, names[i]) == 0)
			fault = (enum fault)i;
	if (pt->region.nr_records > CPUS)
		return err_say(EINVAL, "faulty: %u vCPUs at most", CPUS);
	began = clock_mono_ns();
	return pvtime_steady.start(pt);
}

static int attach(struct pvtime *pt, unsigned index, int vcpu_fd,
		  uint64_t record)
{
	const struct kvm_smccc_filter filter = {
		.base = PV_TIME_32,
		.nr_functions = 2,
		.action = KVM_SMCCC_FILTER_FWD_TO_USER,
	};
	int rc;

	if (is_copied() || fault == FROZEN)
		record += SHADOW;
	rc = pvtime_steady.attach(pt, index, vcpu_fd, record);
	if (rc == 0 && index == 0 && fault == CALLS_OF_32_BITS)
		rc = kvm_attr_set(pt->region.vm_fd, KVM_ARM_VM_SMCCC_CTRL,
				  KVM_ARM_VM_SMCCC_FILTER, &filter);
	if (rc == 0 && !copying && (is_copied() || fault == LOW_32_BITS)) {
		copying = pthread_create(&copier, NULL, copy_for_ever, pt) == 0;
		rc = copying ? 0 : err_set(EAGAIN, "a thread that copies");
	}
	return rc;
}

static int answer(int vcpu_fd, uint64_t x0)
{
	return kvm_reg_set(vcpu_fd, KVM_CORE_REG(regs.regs[0]), x0);
}

/* Where the guest is told its record is. */
static uint64_t address(const struct pvtime *pt, unsigned i, unsigned count)
{
	uint64_t base = pt->region.base;

	switch (fault) {
	case STRIDE_16:
		return base + 16 * i;
	case STRIDE_32:
		return base + 32 * i;
	case SHARED_LINE:
		return base + i / 2 * 64 + i % 2 * 16;
	case ALL_OF_CPU_0:
		return base;
	case ONE_REFUSED:
		return i == 1 ? UINT64_MAX : base + 64 * i;
	case ST_REFUSED:
		return UINT64_MAX;
	case HIGH_BITS:
		return UINT64_C(0xffffffff00000000) | (base + 64 * i);
	case MOVES:
		return base + 64 * (i + CPUS * (count % 4));
	case PLAIN_RAM:
		return IN_RAM + 64 * i;
	case NO_MEMORY:
		return NOWHERE + 64 * i;
	default:
		return base + 64 * i;
	}
}

/* After steady has answered the question for the record. */
static int bend_record(struct pvtime *pt, unsigned i, int vcpu_fd,
		       uint64_t old_ns)
{
	struct pvtime_record *r = &pt->records[i];
	bool was_off = atomic_exchange(&off[i], false);

	asked[i]++;
	if (asked[i] == 1 || !was_off)
		atomic_store(&zero[i], shadow_ns(pt, i));
	if (is_copied())
		copy(pt, i);
	if (fault == REVISION_1)
		r->revision = 1;
	if (fault == ATTRIBUTES_1)
		r->attributes = 1;
	if (fault == PADDING_DIRTY)
		r->padding[40] = 0xa5;
	if (fault == NOT_ZEROED && asked[i] == 1)
		store(pt, i, 3600000 * MS);
	if (fault == HALVED_BY_OFF && was_off)
		store(pt, i, old_ns / 2);
	if (fault == RESET_GOES_ON && asked[i] > 1)
		store(pt, i, old_ns);
	if (fault == CLOBBERS_X9)
		kvm_reg_set(vcpu_fd, KVM_CORE_REG(regs.regs[9]), 0x9999);
	return answer(vcpu_fd, address(pt, i, asked[i] - 1));
}

static int call(struct pvtime *pt, unsigned i, int vcpu_fd, uint64_t function)
{
	uint64_t old_ns = pt->records[i].stolen_ns, since;
	int rc;

	if (function == PV_TIME_FEATURES && fault == FEATURES_YES_TO_ALL)
		return answer(vcpu_fd, 0);
	if (function == PV_TIME_FEATURES && fault == FEATURES_NO)
		return answer(vcpu_fd, UINT64_MAX);
	if (function == PV_TIME_32 || function == PV_TIME_32 + 1)
		return answer(vcpu_fd, function == PV_TIME_32
					       ? 0
					       : pt->region.base + 64 * i);
	rc = pvtime_steady.call(pt, i, vcpu_fd, function);
	if (rc < 0)
		return rc;
	if (function == PSCI_CPU_OFF) {
		atomic_store(&off[i], true);
		atomic_store(&off_since[i], clock_mono_ns());
	}
	if (function != PV_TIME_ST)
		return 0;
	since = atomic_exchange(&off_since[i], 0);
	if (since)
		atomic_fetch_add(&off_ns[i], clock_mono_ns() - since);
	return bend_record(pt, i, vcpu_fd, old_ns);
}

static int reset(struct pvtime *pt)
{
	if (fault == RESET_GOES_ON) /* as it was, more or less */
		for (unsigned i = 0; i < pt->region.nr_records; i++)
			store(pt, i, 3600000 * MS);
	return pvtime_steady.reset(pt);
}

static void stop(struct pvtime *pt)
{
	if (copying)
		pthread_cancel(copier);
	copying = copying && pthread_join(copier, NULL) != 0;
	pvtime_steady.stop(pt);
}

static const struct pvtime_provider faulty = {
	.name = "faulty",
	.missing = missing,
	.start = start,
	.attach = attach,
	.call = call,
	.reset = reset,
	.stop = stop,
};

/* In place of src/pvtime/table.c. */
const struct pvtime_provider *const pvtime_table[] = {
	&faulty,
	&pvtime_off,
};
const size_t pvtime_table_size = ARRAY_SIZE(pvtime_table);
