/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * provider.h - what one way of filling the records has to do.
 *
 * A provider is one constant of this type in a file of its own and one line in
 * the list in pvtime.c, whose order is that of preference.
 *
 * Errors:  0 or a negative errno, worded.
 * Threads: the builder's, before any vCPU runs.
 */
#ifndef PVTIME_PROVIDER_H
#define PVTIME_PROVIDER_H

#include "kvm/vm.h" /* gpa_t */

struct kvm_vcpu;

struct pvtime_provider {
	const char *name; /* as --pvtime takes it */

	/*
	 * Can this host?  NULL, or in a few constant words why not and what
	 * would change it.  Leaves no trace.
	 */
	const char *(*missing)(int vm_fd, const struct kvm_vcpu *first);

	/* The record of @vcpu is at @record from now on. */
	int (*attach)(const struct kvm_vcpu *vcpu, gpa_t record);
};

extern const struct pvtime_provider pvtime_kvm;
extern const struct pvtime_provider pvtime_off;

#endif
