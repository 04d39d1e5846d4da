/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * off.c - provider "off": the guest's discovery says no.
 *
 * Without an address the hypercalls that matter answer "not supported".  Where
 * the host lets us (Linux 5.19 or later) the discovery call itself is taken
 * away too, as on a host that never heard of stolen time.
 *
 * Spec: Linux Documentation/virt/kvm/arm/fw-pseudo-registers.rst.
 */
#include <errno.h>

#include "kvm/reg.h"
#include "kvm/uapi.h"
#include "pvtime/provider.h"
#include "util/err.h"

static const char *missing(int vm_fd, int vcpu_fd)
{
	(void)vm_fd;
	(void)vcpu_fd;
	return NULL;
}

static int start(struct pvtime *pt)
{
	(void)pt;
	return 0;
}

static int attach(struct pvtime *pt, unsigned index, int vcpu_fd,
		  uint64_t record)
{
	uint64_t calls;
	int rc;

	(void)pt;
	(void)record;
	if (index != 0)
		return 0; /* the register is the whole VM's */
	if (kvm_reg_get(vcpu_fd, KVM_REG_ARM_STD_HYP_BMAP, &calls) < 0)
		return 0; /* an older host */
	calls &= ~(UINT64_C(1) << KVM_REG_ARM_STD_HYP_BIT_PV_TIME);
	rc = kvm_reg_set(vcpu_fd, KVM_REG_ARM_STD_HYP_BMAP, calls);
	return rc < 0 ? err_set(-rc, "take the discovery call away") : 0;
}

const struct pvtime_provider pvtime_off = {
	.name = "off",
	.missing = missing,
	.start = start,
	.attach = attach,
};
