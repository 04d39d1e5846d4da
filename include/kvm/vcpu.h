/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.h - one virtual CPU: create, initialise, run, stop.
 *
 * Spec:    Linux Documentation/virt/kvm/api.rst 4.7 (create), 4.10 (run), 4.82
 *          (init), 4.90 (finalize), 5 (kvm_run).
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the descriptor and the mapping of struct kvm_run.
 * Threads: one, for life, for everything but kvm_vcpu_stop(): KVM counts a
 *          vCPU's stolen time by the thread that runs it.
 */
#ifndef KVM_VCPU_H
#define KVM_VCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kvm_run;

struct kvm_vcpu {
	int fd; /* owned; -1 when closed */
	unsigned id;
	size_t run_size;
	struct kvm_run *run; /* owned mapping; NULL when closed */
};

/* What kvm_vcpu_init() is given; the same for each vCPU and each reset. */
struct kvm_target {
	uint32_t target;   /* of KVM_ARM_PREFERRED_TARGET */
	uint32_t features; /* bit per KVM_ARM_VCPU_..., without POWER_OFF */
};

int kvm_target_preferred(int vm_fd, struct kvm_target *ret_target);

int kvm_vcpu_open(struct kvm_vcpu *vcpu, int vm_fd, unsigned id,
		  size_t run_size);
void kvm_vcpu_close(struct kvm_vcpu *vcpu);

/*
 * Give @vcpu the state of a CPU out of reset, powered off unless @on; the
 * first time, its features too.
 */
int kvm_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm_target *target,
		  bool on);

/* Settle @feature (KVM_ARM_VCPU_SVE): needed once, before the first run. */
int kvm_vcpu_finalize(struct kvm_vcpu *vcpu, int feature);

/*
 * Run the guest until it needs us: 0, and vcpu->run says why.  -EINTR: a
 * signal came or kvm_vcpu_stop() was called; not worded.
 */
int kvm_vcpu_run(struct kvm_vcpu *vcpu);

/*
 * From any thread: the present or the next kvm_vcpu_run() of @vcpu returns
 * -EINTR, and so do all later ones until kvm_vcpu_go().  The caller also sends
 * the vCPU's thread a signal, to get it out of the guest.
 */
void kvm_vcpu_stop(struct kvm_vcpu *vcpu);
void kvm_vcpu_go(struct kvm_vcpu *vcpu);

/* The guest's current instruction ends in an external data abort. */
int kvm_vcpu_abort(struct kvm_vcpu *vcpu);

#endif
