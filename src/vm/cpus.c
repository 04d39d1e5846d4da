/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpus.c - all vCPUs of a machine: their features, creation and reset.
 *
 * Spec: Linux Documentation/virt/kvm/api.rst 4.82 (features), virt/kvm/devices/
 * vcpu.rst 1 (PMU).
 */
#include <errno.h>
#include <stdlib.h>

#include "kvm/attr.h"
#include "kvm/reg.h"
#include "kvm/uapi.h"
#include "kvm/vm.h"
#include "mach/layout.h"
#include "util/err.h"
#include "vm/parts.h"
#include "vm/vm.h"

/* What the host can give a guest's CPUs, and the user asked for. */
static int choose_features(const struct vm *vm, struct kvm_target *ret_target)
{
	uint32_t features = 1u << KVM_ARM_VCPU_PSCI_0_2;
	int rc = kvm_target_preferred(vm->fd, ret_target);

	if (rc < 0)
		return rc;
	if (kvm_vm_cap(vm->fd, KVM_CAP_ARM_SVE))
		features |= 1u << KVM_ARM_VCPU_SVE;
	/* KVM wants both kinds of pointer authentication or neither. */
	if (kvm_vm_cap(vm->fd, KVM_CAP_ARM_PTRAUTH_ADDRESS) &&
	    kvm_vm_cap(vm->fd, KVM_CAP_ARM_PTRAUTH_GENERIC))
		features |= 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS |
			    1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;
	if (vm->config->pmu) {
		if (!kvm_vm_cap(vm->fd, KVM_CAP_ARM_PMU_V3))
			return err_say(ENODEV, "this host's KVM has no PMU for "
					       "guests; leave --pmu out");
		features |= 1u << KVM_ARM_VCPU_PMU_V3;
	}
	ret_target->features = features;
	return 0;
}

static int init_one(struct vm *vm, unsigned i)
{
	struct kvm_vcpu *vcpu = &vm->vcpus[i];
	int rc = kvm_vcpu_open(vcpu, vm->fd, i, vm->sys.run_size);

	if (rc < 0)
		return rc;
	rc = kvm_vcpu_init(vcpu, &vm->target, i == 0);
	if (rc == 0 && vm->target.features & 1u << KVM_ARM_VCPU_SVE)
		rc = kvm_vcpu_finalize(vcpu, KVM_ARM_VCPU_SVE);
	if (rc < 0)
		return rc;
	rc = kvm_reg_get(vcpu->fd, KVM_REG_MPIDR_EL1, &vm->mpidrs[i]);
	return rc < 0 ? err_set(-rc, "MPIDR of vCPU %u", i) : 0;
}

int cpus_init(struct vm *vm)
{
	int rc = choose_features(vm, &vm->target);

	if (rc < 0)
		return rc;
	vm->vcpus = calloc(vm->nr_cpus, sizeof(*vm->vcpus));
	vm->mpidrs = calloc(vm->nr_cpus, sizeof(*vm->mpidrs));
	vm->threads = calloc(vm->nr_cpus, sizeof(*vm->threads));
	if (!vm->vcpus || !vm->mpidrs || !vm->threads) {
		rc = err_set(ENOMEM, "%u vCPUs", vm->nr_cpus);
		goto out_fini;
	}
	for (unsigned i = 0; i < vm->nr_cpus; i++)
		vm->vcpus[i].fd = -1;
	for (unsigned i = 0; i < vm->nr_cpus; i++) {
		rc = init_one(vm, i);
		if (rc < 0)
			goto out_fini;
	}
	return 0;

out_fini:
	cpus_fini(vm);
	return rc;
}

int cpus_init_pmu(struct vm *vm)
{
	int irq = PPI_PMU + 16, rc = 0;

	if (!vm->config->pmu)
		return 0;
	for (unsigned i = 0; i < vm->nr_cpus && rc == 0; i++) {
		rc = kvm_attr_set(vm->vcpus[i].fd, KVM_ARM_VCPU_PMU_V3_CTRL,
				  KVM_ARM_VCPU_PMU_V3_IRQ, &irq);
		if (rc == 0)
			rc = kvm_attr_set(vm->vcpus[i].fd,
					  KVM_ARM_VCPU_PMU_V3_CTRL,
					  KVM_ARM_VCPU_PMU_V3_INIT, NULL);
	}
	return rc < 0 ? err_set(-rc, "PMU") : 0;
}

int cpus_reset(struct vm *vm)
{
	int rc;

	for (unsigned i = 0; i < vm->nr_cpus; i++) {
		rc = kvm_vcpu_init(&vm->vcpus[i], &vm->target, i == 0);
		if (rc < 0)
			return rc;
	}
	/* The virtual counter, one for the whole VM, starts at 0 again. */
	rc = kvm_reg_set(vm->vcpus[0].fd, KVM_REG_ARM_TIMER_CNT, 0);
	return rc < 0 ? err_set(-rc, "virtual counter") : 0;
}

void cpus_fini(struct vm *vm)
{
	for (unsigned i = 0; vm->vcpus && i < vm->nr_cpus; i++)
		kvm_vcpu_close(&vm->vcpus[i]);
	free(vm->vcpus);
	free(vm->mpidrs);
	free(vm->threads);
	vm->vcpus = NULL;
	vm->mpidrs = NULL;
	vm->threads = NULL;
}
