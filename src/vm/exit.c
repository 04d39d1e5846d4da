/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit.c - why a vCPU left the guest, and what we do about it.
 *
 * Spec: Linux Documentation/virt/kvm/api.rst 5 (struct kvm_run).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kvm/uapi.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/console.h"
#include "vm/parts.h"

static enum vm_event mmio(struct vm *vm, struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t v = 0;

	/* The kernel puts the bytes as they would lie in the guest's memory. */
	if (run->mmio.is_write) {
		memcpy(&v, run->mmio.data, sizeof(v));
		bus_write(&vm->bus, run->mmio.phys_addr, run->mmio.len, v);
		if (console_is_full(vm->console))
			console_wait(vm->console);
	} else {
		v = bus_read(&vm->bus, run->mmio.phys_addr, run->mmio.len);
		memcpy(run->mmio.data, &v, sizeof(v));
	}
	return EVENT_NONE;
}

/*
 * An access to where no memory is, by an instruction that the CPU does not
 * describe (pairs, write-back, atomics), or by one of 64 bytes: as on hardware,
 * an external abort.
 */
static enum vm_event nisv(struct vm *vm, struct kvm_vcpu *vcpu)
{
	(void)vm;
	log_debug("vCPU %u: access at %#" PRIx64 " that cannot be emulated",
		  vcpu->id, (uint64_t)vcpu->run->arm_nisv.fault_ipa);
	return kvm_vcpu_abort(vcpu) < 0 ? EVENT_FAIL : EVENT_NONE;
}

static enum vm_event system_event(struct vm *vm, struct kvm_vcpu *vcpu)
{
	(void)vm;
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		return EVENT_OFF;
	case KVM_SYSTEM_EVENT_RESET:
		return EVENT_RESET;
	default:
		err_say(ENOTSUP, "vCPU %u: unknown system event %u", vcpu->id,
			vcpu->run->system_event.type);
		return EVENT_FAIL;
	}
}

/* Only calls that the stolen-time provider asked for come to us. */
static enum vm_event hypercall(struct vm *vm, struct kvm_vcpu *vcpu)
{
	int rc = pvtime_call(&vm->pvtime, vcpu->id, vcpu->fd,
			     vcpu->run->hypercall.nr);

	return rc < 0 ? EVENT_FAIL : EVENT_NONE;
}

static enum vm_event fail_entry(struct vm *vm, struct kvm_vcpu *vcpu)
{
	(void)vm;
	err_say(EIO,
		"vCPU %u: the CPU refuses to enter the guest (%#" PRIx64 ")",
		vcpu->id,
		(uint64_t)vcpu->run->fail_entry.hardware_entry_failure_reason);
	return EVENT_FAIL;
}

/* A signal came: kvm_vcpu_run() has said so already. */
static enum vm_event nothing(struct vm *vm, struct kvm_vcpu *vcpu)
{
	(void)vm;
	(void)vcpu;
	return EVENT_NONE;
}

enum vm_event exit_handle(struct vm *vm, struct kvm_vcpu *vcpu)
{
	static enum vm_event (*const table[])(struct vm *,
					      struct kvm_vcpu *) = {
		[KVM_EXIT_MMIO] = mmio,
		[KVM_EXIT_HYPERCALL] = hypercall,
		[KVM_EXIT_SYSTEM_EVENT] = system_event,
		[KVM_EXIT_ARM_NISV] = nisv,
		[KVM_EXIT_ARM_LDST64B] = nisv,
		[KVM_EXIT_FAIL_ENTRY] = fail_entry,
		[KVM_EXIT_INTR] = nothing,
	};
	uint32_t why = vcpu->run->exit_reason;

	if (why < ARRAY_SIZE(table) && table[why])
		return table[why](vm, vcpu);
	err_say(ENOTSUP, "vCPU %u: unexpected exit %u from the guest", vcpu->id,
		why);
	return EVENT_FAIL;
}
