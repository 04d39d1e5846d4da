/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr.c - KVM's vCPU attribute for stolen time, which two providers use.
 *
 * Spec: Linux Documentation/virt/kvm/devices/vcpu.rst 3.1.  Hosts 5.5 to 5.8
 * have the attribute and not the capability, so the attribute is asked for.
 */
#include "kvm/attr.h"

#include <errno.h>
#include <inttypes.h>

#include "kvm/uapi.h"
#include "pvtime/provider.h"
#include "util/err.h"

const char *pvtime_attr_missing(int vcpu_fd)
{
	if (kvm_attr_has(vcpu_fd, KVM_ARM_VCPU_PVTIME_CTRL,
			 KVM_ARM_VCPU_PVTIME_IPA))
		return NULL;
	return "this host kernel has no stolen time for guests; it needs Linux "
	       "5.5 or later (before 5.14 also CONFIG_SCHEDSTATS or delayacct)";
}

/* What the kernel means, where its number alone would not tell. */
static const char *meaning(int err)
{
	switch (err) {
	case EEXIST:
		return "there is one already; attach a vCPU once in its life, "
		       "and not again after a reset";
	case EINVAL:
		return "not 64-byte aligned, or in no writable memory slot";
	case ENXIO:
		return "this host kernel has no stolen time";
	case EPERM:
		return "this VM may not have stolen time (a protected one?)";
	default:
		return NULL;
	}
}

int pvtime_attr_set(int vcpu_fd, uint64_t record)
{
	int rc = kvm_attr_set(vcpu_fd, KVM_ARM_VCPU_PVTIME_CTRL,
			      KVM_ARM_VCPU_PVTIME_IPA, &record);
	const char *words = rc < 0 ? meaning(-rc) : NULL;

	if (words)
		return err_say(-rc, "record at %#" PRIx64 ": %s", record,
			       words);
	return rc < 0 ? err_set(-rc, "record at %#" PRIx64, record) : 0;
}
