/* SPDX-License-Identifier: BSD-2-Clause */
/* look.c - where vCPUs are, for whoever wonders why nothing happens. */
#include <errno.h>

#include "kvm/reg.h"
#include "kvm/uapi.h"
#include "mach/walk.h"
#include "util/err.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

/* EL1's registers, by their op0, op1, CRn, CRm, op2. */
#define SCTLR_EL1 ARM64_SYS_REG(3, 0, 1, 0, 0)
#define TTBR0_EL1 ARM64_SYS_REG(3, 0, 2, 0, 0)
#define TTBR1_EL1 ARM64_SYS_REG(3, 0, 2, 0, 1)
#define TCR_EL1	  ARM64_SYS_REG(3, 0, 2, 0, 2)

static int look_at(int fd, struct vm_place *ret)
{
	const struct {
		uint64_t id, *to;
	} regs[] = {
		{ KVM_CORE_REG(regs.pc), &ret->pc },
		{ KVM_CORE_REG(regs.regs[30]), &ret->lr },
		{ KVM_CORE_REG(regs.pstate), &ret->pstate },
		{ SCTLR_EL1, &ret->tables.sctlr },
		{ TTBR0_EL1, &ret->tables.ttbr0 },
		{ TTBR1_EL1, &ret->tables.ttbr1 },
		{ TCR_EL1, &ret->tables.tcr },
	};
	int rc = kvm_is_off(fd);

	ret->off = rc > 0;
	for (size_t i = 0; i < ARRAY_SIZE(regs) && rc >= 0; i++)
		rc = kvm_reg_get(fd, regs[i].id, regs[i].to);
	return rc < 0 ? rc : 0;
}

int vm_look(struct vm *vm, struct vm_place *ret_places)
{
	int rc = 0;

	threads_park(vm);
	for (unsigned i = 0; i < vm->nr_cpus && rc == 0; i++) {
		rc = look_at(vm->vcpus[i].fd, &ret_places[i]);
		if (rc < 0)
			err_set(-rc, "vCPU %u: registers", i);
	}
	/* Who reported an end must not run on, main has yet to hear of it. */
	if (threads_event(vm) != EVENT_NONE)
		return err_say(EBUSY, "the guest ends");
	threads_go(vm);
	return rc;
}

bool vm_in_kernel(const struct vm *vm, const struct vm_place *place,
		  uint64_t va, uint64_t *ret_offset)
{
	uint64_t size = vm->kernel.mem_size;
	gpa_t gpa;

	if (size == 0) /* it does not say */
		size = vm->load.kernel_room;
	if (!walk(&vm->mem, &place->tables, va, &gpa) || gpa < vm->load.entry ||
	    gpa - vm->load.entry >= size)
		return false;
	*ret_offset = gpa - vm->load.entry;
	return true;
}
