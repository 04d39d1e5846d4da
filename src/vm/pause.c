/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pause.c - the machine stands still for a while, and what its clocks make of it.
 *
 * A guest must not see time that nobody accounts for: either its counter stands
 * still with it, and there was no such time; or that was stolen, and its records
 * say so.
 *
 * Spec: Linux Documentation/virt/kvm/api.rst 4.68 (KVM_REG_ARM_TIMER_CNT, one
 *       counter for the whole VM).
 */
#include <errno.h>

#include "dev/watchdog.h"
#include "kvm/reg.h"
#include "kvm/uapi.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "vm/parts.h"
#include "vm/vm.h"

/* Give each vCPU that is not off what it lost since the pause began. */
static void give(struct vm *vm, uint64_t ns)
{
	for (unsigned i = 0; i < vm->nr_cpus; i++) {
		if (kvm_is_off(vm->vcpus[i].fd) > 0)
			continue;
		atomic_fetch_add(&vm->threads[i].held_ns, ns);
		if (pvtime_add(&vm->pvtime, i, ns) < 0)
			log_debug("%s", err_text()); /* vm_pause() saw to it */
	}
}

/* The pause up to now is dealt with; it may go on from here. */
static void account(struct vm *vm)
{
	uint64_t now = clock_mono_ns(), ns = now - vm->pause.since_ns;

	if (vm->pause.steals)
		give(vm, ns);
	else
		vm->pause.froze_ns += ns;
	vm->pause.sum_ns += ns;
	vm->pause.since_ns = now;
}

/* Who does not run cannot be blamed for it, whatever its clock does. */
static void hold_watchdog(struct vm *vm, bool hold)
{
	struct device *watchdog = vm_watchdog(vm);

	if (watchdog)
		watchdog_hold(watchdog, hold);
}

int vm_pause(struct vm *vm, bool steal)
{
	struct vm_pausing p = { .lasts = true,
				.steals = steal,
				.sum_ns = vm->pause.sum_ns,
				.froze_ns = vm->pause.froze_ns };
	uint64_t began = clock_mono_ns();
	int rc = 0;

	if (vm->pause.lasts)
		return err_say(EALREADY, "the guest is paused already");
	if (steal && !pvtime_can_add(&vm->pvtime))
		return err_say(ENOTSUP,
			       "the guest has no record of stolen time that we "
			       "could write to (provider %s); let its clock "
			       "stand still instead",
			       pvtime_name(&vm->pvtime));
	threads_park(vm);
	if (threads_event(vm) != EVENT_NONE)
		return err_say(EBUSY, "the guest ends");
	p.since_ns = clock_mono_ns();
	p.took_ns = p.since_ns - began;
	if (!steal)
		rc = kvm_reg_get(vm->vcpus[0].fd, KVM_REG_ARM_TIMER_CNT,
				 &p.counter);
	if (rc < 0) {
		threads_go(vm);
		return err_set(-rc, "virtual counter");
	}
	vm->pause = p;
	hold_watchdog(vm, true);
	return 0;
}

void vm_count_pause(struct vm *vm)
{
	if (vm->pause.lasts)
		account(vm);
}

int vm_resume(struct vm *vm)
{
	int rc = 0;

	if (!vm->pause.lasts)
		return err_say(EALREADY, "the guest is not paused");
	account(vm);
	if (!vm->pause.steals)
		rc = kvm_reg_set(vm->vcpus[0].fd, KVM_REG_ARM_TIMER_CNT,
				 vm->pause.counter);
	if (rc < 0)
		return err_set(-rc, "virtual counter");
	vm->pause.lasts = false;
	hold_watchdog(vm, false);
	threads_go(vm);
	return 0;
}

bool vm_is_paused(const struct vm *vm)
{
	return vm->pause.lasts;
}

uint64_t vm_paused_ns(const struct vm *vm)
{
	uint64_t ns = vm->pause.sum_ns;

	if (vm->pause.lasts)
		ns += clock_mono_ns() - vm->pause.since_ns;
	return ns;
}

uint64_t vm_pause_took_ns(const struct vm *vm)
{
	return vm->pause.took_ns;
}

uint64_t vm_frozen_ns(const struct vm *vm)
{
	uint64_t ns = vm->pause.froze_ns;

	if (vm->pause.lasts && !vm->pause.steals)
		ns += clock_mono_ns() - vm->pause.since_ns;
	return ns;
}

/* The new kernel's clock begins at 0, when it is let go. */
void pause_anew(struct vm *vm)
{
	if (!vm->pause.lasts)
		return;
	account(vm);
	vm->pause.counter = 0;
}
