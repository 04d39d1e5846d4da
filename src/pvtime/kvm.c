/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm.c - provider "kvm": the host kernel fills the records and answers the
 * guest; we only tell it where each record is.
 *
 * What a user must know: KVM zeroes a record whenever its vCPU asks for the
 * address again, and a Linux guest asks again when a CPU comes back online
 * but keeps its own last value.
 *
 * Spec: Linux Documentation/virt/kvm/devices/vcpu.rst 3.1.  Hosts 5.5 to 5.8
 * have the attribute and not the capability, so the attribute is asked for.
 */
#include <errno.h>
#include <inttypes.h>

#include "kvm/attr.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "pvtime/provider.h"
#include "util/err.h"

static const char *missing(int vm_fd, const struct kvm_vcpu *first)
{
	(void)vm_fd;
	if (kvm_attr_has(first->fd, KVM_ARM_VCPU_PVTIME_CTRL,
			 KVM_ARM_VCPU_PVTIME_IPA))
		return NULL;
	return "this host kernel has no stolen time for guests; it needs Linux "
	       "5.5 or later (before 5.14 also CONFIG_SCHEDSTATS or delayacct)";
}

static int attach(const struct kvm_vcpu *vcpu, gpa_t record)
{
	int rc = kvm_attr_set(vcpu->fd, KVM_ARM_VCPU_PVTIME_CTRL,
			      KVM_ARM_VCPU_PVTIME_IPA, &record);

	if (rc == -EEXIST)
		return err_say(EEXIST, "has a record already");
	if (rc < 0)
		return err_set(-rc, "record at %#" PRIx64, record);
	return 0;
}

const struct pvtime_provider pvtime_kvm = {
	.name = "kvm",
	.missing = missing,
	.attach = attach,
};
