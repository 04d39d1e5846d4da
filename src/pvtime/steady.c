/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steady.c - provider "steady": KVM fills the records, we answer the guest, so
 * that a record never goes back while one kernel reads it.
 *
 * KVM zeroes a record whenever its vCPU asks for the address.  Linux asks again
 * when a CPU comes back online, but goes on from the last value it saw: its
 * books are wrong from then on.  Here the calls come to us instead, by KVM's
 * SMCCC filter, and so does PSCI's CPU_OFF, by which the cases differ:
 *
 *	a vCPU asks again after it was off      the same kernel: its record
 *	                                        goes on
 *	without that, but after discovery       a new kernel (kexec): all
 *	                                        records restart
 *	without either                          the same kernel, which could
 *	                                        not take the CPU offline and
 *	                                        takes it back: goes on
 *
 * A record can only be zeroed safely on its vCPU's own thread: KVM adds to it
 * by reading and writing when that thread loads the vCPU.  So a new kernel
 * restarts the record that was asked for, and the others when they are asked
 * for in turn, which is before it can know where they are.
 *
 * Spec: Linux Documentation/virt/kvm/devices/vm.rst 5 (the filter); Arm DEN0057A
 * 3.1 to 3.3 (the calls); DEN0022 5.5 (CPU_OFF); DEN0028 (registers).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/attr.h"
#include "kvm/reg.h"
#include "kvm/uapi.h"
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"
#include "util/err.h"

#define PSCI_CPU_OFF	    0x84000002
#define PV_TIME_FEATURES    0xc5000020
#define PV_TIME_ST	    0xc5000021
#define SMCCC_NOT_SUPPORTED UINT64_MAX

struct cpu { /* its own thread's, or anybody's while it does not run */
	bool asked, off; /* since the reset; since it asked */
	unsigned kernel; /* that asked: struct steady's count then */
};

struct steady {
	bool filtered;
	atomic_uint kernel; /* counts the guest's kernels */
	/* Asked for PV_TIME_FEATURES since for a record: as a kernel boots. */
	atomic_bool discovered;
	struct cpu cpus[];
};

static const char *missing(int vm_fd, int vcpu_fd)
{
	const char *why = pvtime_attr_missing(vcpu_fd);

	if (!why && !kvm_attr_has(vm_fd, KVM_ARM_VM_SMCCC_CTRL,
				  KVM_ARM_VM_SMCCC_FILTER))
		why = "this host kernel has no SMCCC filter, so a record "
		      "restarts when its CPU comes back online; steady needs "
		      "Linux 6.4 or later";
	return why;
}

static int start(struct pvtime *pt)
{
	size_t cpus = pt->region.nr_records * sizeof(struct cpu);

	pt->state = calloc(1, sizeof(struct steady) + cpus);
	if (!pt->state)
		return err_set(ENOMEM, "%u records", pt->region.nr_records);
	return pvtime_map(pt);
}

static void stop(struct pvtime *pt)
{
	free(pt->state);
	pt->state = NULL;
}

/* @nr calls from @function on come to us. */
static int forward(int vm_fd, uint32_t function, uint32_t nr)
{
	const struct kvm_smccc_filter filter = {
		.base = function,
		.nr_functions = nr,
		.action = KVM_SMCCC_FILTER_FWD_TO_USER,
	};
	int rc = kvm_attr_set(vm_fd, KVM_ARM_VM_SMCCC_CTRL,
			      KVM_ARM_VM_SMCCC_FILTER, &filter);

	if (rc == -EBUSY)
		return err_say(EBUSY,
			       "SMCCC filter: call %#x: a vCPU ran already; "
			       "attach all before",
			       function);
	if (rc == -EEXIST)
		return err_say(EEXIST,
			       "SMCCC filter: call %#x is filtered already",
			       function);
	if (rc < 0)
		err_set(-rc, "SMCCC filter for call %#x", function);
	/* Kept for an attach that changed nothing, which is not so any more. */
	return rc == -EPERM || rc == -ENXIO ? -EIO : rc;
}

/* The attribute first: where that is refused, nothing has changed. */
static int attach(struct pvtime *pt, unsigned index, int vcpu_fd,
		  uint64_t record)
{
	struct steady *s = pt->state;
	int rc = pvtime_attr_set(vcpu_fd, record);

	(void)index;
	if (rc < 0 || s->filtered)
		return rc;
	rc = forward(pt->region.vm_fd, PV_TIME_FEATURES, 2);
	if (rc == 0)
		rc = forward(pt->region.vm_fd, PSCI_CPU_OFF, 1);
	s->filtered = rc == 0;
	return rc;
}

/* As KVM answers: the result in x0, and x1 to x3 zero. */
static int answer(int vcpu_fd, uint64_t x0)
{
	for (unsigned i = 0; i < 4; i++) {
		int rc = kvm_reg_set(vcpu_fd, KVM_CORE_REG(regs.regs[i]),
				     i == 0 ? x0 : 0);

		if (rc < 0)
			return err_set(-rc, "answer in x%u", i);
	}
	return 0;
}

static int answer_features(struct steady *s, int vcpu_fd)
{
	uint64_t x1;
	int rc = kvm_reg_get(vcpu_fd, KVM_CORE_REG(regs.regs[1]), &x1);

	if (rc < 0)
		return err_set(-rc, "argument in x1");
	switch ((uint32_t)x1) {
	case PV_TIME_ST:
		atomic_store(&s->discovered, true);
		return answer(vcpu_fd, 0);
	case PV_TIME_FEATURES:
		return answer(vcpu_fd, 0);
	default:
		return answer(vcpu_fd, SMCCC_NOT_SUPPORTED);
	}
}

static int answer_record(struct pvtime *pt, unsigned index, int vcpu_fd)
{
	struct pvtime_record *record = &pt->records[index];
	struct steady *s = pt->state;
	struct cpu *cpu = &s->cpus[index];
	bool discovered = atomic_exchange(&s->discovered, false);
	unsigned kernel;

	if (cpu->asked && !cpu->off && discovered)
		atomic_fetch_add(&s->kernel, 1);
	kernel = atomic_load(&s->kernel);
	if (!cpu->asked || cpu->kernel != kernel)
		__atomic_store_n(&record->stolen_ns, 0, __ATOMIC_RELAXED);
	record->revision = 0;
	record->attributes = 0;
	memset(record->padding, 0, sizeof(record->padding));
	*cpu = (struct cpu){ .asked = true, .kernel = kernel };
	return answer(vcpu_fd,
		      pt->region.base + index * sizeof(struct pvtime_record));
}

static int turn_off(struct steady *s, unsigned index, int vcpu_fd)
{
	int rc = kvm_power_off(vcpu_fd);

	if (rc < 0)
		return err_set(-rc, "turn vCPU off");
	s->cpus[index].off = true;
	return 0;
}

static int call(struct pvtime *pt, unsigned index, int vcpu_fd,
		uint64_t function)
{
	switch (function) {
	case PV_TIME_FEATURES:
		return answer_features(pt->state, vcpu_fd);
	case PV_TIME_ST:
		return answer_record(pt, index, vcpu_fd);
	case PSCI_CPU_OFF:
		return turn_off(pt->state, index, vcpu_fd);
	default:
		return -ENOENT;
	}
}

static int reset(struct pvtime *pt)
{
	struct steady *s = pt->state;

	memset(s->cpus, 0, pt->region.nr_records * sizeof(struct cpu));
	atomic_store(&s->discovered, false);
	return 0;
}

const struct pvtime_provider pvtime_steady = {
	.name = "steady",
	.missing = missing,
	.start = start,
	.attach = attach,
	.goes_on = true,
	.call = call,
	.reset = reset,
	.stop = stop,
};
