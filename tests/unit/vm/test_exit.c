/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

static struct left before;
static struct vm *vm;
static struct vm_config config = {
	.nr_cpus = 1,
	.ram_size = 64 * MIB,
	.pvtime = "auto",
};
static struct kvm_run *run;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	if (vm_new(&config, &vm) < 0)
		return -1;
	vm->wake_fd = eventfd(0, EFD_CLOEXEC); /* the console wakes main */
	run = vm->vcpus[0].run;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(vm->wake_fd);
	vm_free(vm);
	assert_nothing_left(before);
	return 0;
}

static enum vm_event mmio(gpa_t gpa, unsigned len, bool write, uint64_t v)
{
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = len;
	run->mmio.is_write = write;
	memset(run->mmio.data, 0xee, sizeof(run->mmio.data));
	if (write)
		memcpy(run->mmio.data, &v, sizeof(v));
	return exit_handle(vm, &vm->vcpus[0]);
}

static uint64_t data(void)
{
	uint64_t v;

	memcpy(&v, run->mmio.data, sizeof(v));
	return v;
}

static void access_to_a_device_goes_there_and_back(void **state)
{
	(void)state;
	assert_int_equal(mmio(LAYOUT_UART + 0x24, 4, true, 0x1234), EVENT_NONE);
	assert_int_equal(mmio(LAYOUT_UART + 0x24, 4, false, 0), EVENT_NONE);
	assert_int_equal(data(), 0x1234);
	assert_int_equal(mmio(LAYOUT_UART + 0x24, 1, false, 0), EVENT_NONE);
	assert_int_equal(data(), 0x34);
}

static void access_to_nothing_reads_as_zero_and_goes_on(void **state)
{
	(void)state;
	assert_int_equal(mmio(0x1000, 8, false, 0), EVENT_NONE);
	assert_int_equal(data(), 0);
	assert_int_equal(mmio(0x1000, 8, true, UINT64_MAX), EVENT_NONE);
}

static enum vm_event system_event(uint32_t type)
{
	run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	run->system_event.type = type;
	return exit_handle(vm, &vm->vcpus[0]);
}

static void guest_may_end_or_reset_the_machine(void **state)
{
	(void)state;
	assert_int_equal(system_event(KVM_SYSTEM_EVENT_SHUTDOWN), EVENT_OFF);
	assert_int_equal(system_event(KVM_SYSTEM_EVENT_RESET), EVENT_RESET);
}

static void unknown_system_event_is_named(void **state)
{
	(void)state;
	assert_int_equal(system_event(77), EVENT_FAIL);
	assert_words("vCPU 0: unknown system event 77");
}

static void
access_that_cannot_be_emulated_is_an_abort_in_the_guest(void **state)
{
	(void)state;
	run->exit_reason = KVM_EXIT_ARM_NISV;
	assert_int_equal(exit_handle(vm, &vm->vcpus[0]), EVENT_NONE);
	assert_int_equal(fake_kvm.nr_aborts, 1);
	fault_arm(1, EINVAL);
	assert_int_equal(exit_handle(vm, &vm->vcpus[0]), EVENT_FAIL);
	assert_words("vCPU 0: inject external abort: Invalid argument");
}

static enum vm_event hypercall(uint64_t nr)
{
	run->exit_reason = KVM_EXIT_HYPERCALL;
	memset(&run->hypercall, 0, sizeof(run->hypercall));
	run->hypercall.nr = nr;
	return exit_handle(vm, &vm->vcpus[0]);
}

static void call_of_stolen_time_is_answered(void **state)
{
	const uint64_t *x = fake_kvm.cpus[0].x;

	(void)state;
	assert_string_equal(vm_provider(vm), "steady");
	assert_int_equal(hypercall(0xc5000021), EVENT_NONE);
	assert_int_equal(x[0], LAYOUT_PVTIME);
}

static void call_to_go_off_stops_the_vcpu_and_not_the_machine(void **state)
{
	(void)state;
	assert_true(fake_kvm.cpus[0].on);
	assert_int_equal(hypercall(0x84000002), EVENT_NONE);
	assert_false(fake_kvm.cpus[0].on);
}

static void call_that_nobody_asked_for_is_named(void **state)
{
	(void)state;
	assert_int_equal(hypercall(0xc5000022), EVENT_FAIL);
	assert_words("vCPU 0: unexpected hypercall 0xc5000022");
	assert_int_equal(hypercall(0), EVENT_FAIL);
	assert_words("vCPU 0: unexpected hypercall 0");
}

static void call_that_cannot_be_answered_is_a_failure(void **state)
{
	(void)state;
	fault_arm(1, EINVAL);
	assert_int_equal(hypercall(0xc5000021), EVENT_FAIL);
	assert_words("stolen time: vCPU 0: call 0xc5000021: answer in x0: "
		     "Invalid argument");
}

static void cpu_that_refuses_the_guest_is_a_failure(void **state)
{
	(void)state;
	run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	run->fail_entry.hardware_entry_failure_reason = 0x11;
	assert_int_equal(exit_handle(vm, &vm->vcpus[0]), EVENT_FAIL);
	assert_words("vCPU 0: the CPU refuses to enter the guest (0x11)");
}

static void other_exits_are_refused_by_number(void **state)
{
	static const uint32_t odd[] = { KVM_EXIT_UNKNOWN, KVM_EXIT_DEBUG,
					KVM_EXIT_INTERNAL_ERROR, 1000,
					UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		char words[64];

		run->exit_reason = odd[i];
		assert_int_equal(exit_handle(vm, &vm->vcpus[0]), EVENT_FAIL);
		snprintf(words, sizeof(words),
			 "vCPU 0: unexpected exit %u from the guest", odd[i]);
		assert_words(words);
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(access_to_a_device_goes_there_and_back),
		T(access_to_nothing_reads_as_zero_and_goes_on),
		T(guest_may_end_or_reset_the_machine),
		T(unknown_system_event_is_named),
		T(access_that_cannot_be_emulated_is_an_abort_in_the_guest),
		T(call_of_stolen_time_is_answered),
		T(call_to_go_off_stops_the_vcpu_and_not_the_machine),
		T(call_that_nobody_asked_for_is_named),
		T(call_that_cannot_be_answered_is_a_failure),
		T(cpu_that_refuses_the_guest_is_a_failure),
		T(other_exits_are_refused_by_number),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("exit", tests, NULL, NULL);
}
