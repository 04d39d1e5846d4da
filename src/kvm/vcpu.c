/* SPDX-License-Identifier: BSD-2-Clause */
#include "kvm/vcpu.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm/uapi.h"
#include "util/err.h"

int kvm_target_preferred(int vm_fd, struct kvm_target *ret_target)
{
	struct kvm_vcpu_init init = { 0 };

	if (ioctl(vm_fd, KVM_ARM_PREFERRED_TARGET, &init) < 0)
		return err_set(errno, "preferred vCPU target");
	*ret_target = (struct kvm_target){ .target = init.target };
	return 0;
}

int kvm_vcpu_open(struct kvm_vcpu *vcpu, int vm_fd, unsigned id,
		  size_t run_size)
{
	void *run;
	int rc;

	*vcpu = (struct kvm_vcpu){
		.fd = ioctl(vm_fd, KVM_CREATE_VCPU, (unsigned long)id),
		.id = id,
		.run_size = run_size,
	};
	if (vcpu->fd < 0)
		return err_set(errno, "create vCPU %u", id);
	run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd,
		   0);
	if (run == MAP_FAILED) {
		rc = err_set(errno, "map vCPU %u", id);
		kvm_vcpu_close(vcpu);
		return rc;
	}
	vcpu->run = run;
	return 0;
}

void kvm_vcpu_close(struct kvm_vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	vcpu->run = NULL;
	vcpu->fd = -1;
}

int kvm_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm_target *target,
		  bool on)
{
	struct kvm_vcpu_init init = {
		.target = target->target,
		.features[0] = target->features,
	};

	if (!on)
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
	if (ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init) < 0)
		return err_set(errno, "initialise vCPU %u with features %#x",
			       vcpu->id, init.features[0]);
	return 0;
}

int kvm_vcpu_finalize(struct kvm_vcpu *vcpu, int feature)
{
	if (ioctl(vcpu->fd, KVM_ARM_VCPU_FINALIZE, &feature) < 0)
		return err_set(errno, "finalize vCPU %u feature %d", vcpu->id,
			       feature);
	return 0;
}

int kvm_vcpu_run(struct kvm_vcpu *vcpu)
{
	if (ioctl(vcpu->fd, KVM_RUN, 0) == 0)
		return 0;
	if (errno == EINTR || errno == EAGAIN)
		return -EINTR;
	return err_set(errno, "run vCPU %u", vcpu->id);
}

void kvm_vcpu_stop(struct kvm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

void kvm_vcpu_go(struct kvm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
}

int kvm_vcpu_abort(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_events ev = { .exception.ext_dabt_pending = 1 };

	if (ioctl(vcpu->fd, KVM_SET_VCPU_EVENTS, &ev) < 0)
		return err_set(errno, "vCPU %u: inject external abort",
			       vcpu->id);
	return 0;
}
