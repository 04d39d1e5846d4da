/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm.c - provider "kvm": the host kernel fills the records and answers the
 * guest; we only tell it where each record is.
 *
 * What a user must know: KVM zeroes a record whenever its vCPU asks for the
 * address again, and a Linux guest asks again when a CPU comes back online
 * but keeps its own last value.
 */
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"

static const char *missing(int vm_fd, int vcpu_fd)
{
	(void)vm_fd;
	return pvtime_attr_missing(vcpu_fd);
}

static int attach(struct pvtime *pt, unsigned index, int vcpu_fd,
		  uint64_t record)
{
	(void)pt;
	(void)index;
	return pvtime_attr_set(vcpu_fd, record);
}

const struct pvtime_provider pvtime_kvm = {
	.name = "kvm",
	.missing = missing,
	.start = pvtime_map,
	.attach = attach,
};
