/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/vm.h"

enum { CPUS = 8, STEPS = 64 };

static struct left before;
static struct vm_config config;
static struct fake_step steps[CPUS][STEPS];

static const struct fake_step off = { .what = FAKE_EVENT,
				      .value = KVM_SYSTEM_EVENT_SHUTDOWN };
static const struct fake_step reset = { .what = FAKE_EVENT,
					.value = KVM_SYSTEM_EVENT_RESET };
static const struct fake_step touch = { .what = FAKE_READ,
					.addr = LAYOUT_UART + 0x18,
					.len = 4 };

static int set_up(void **state)
{
	(void)state;
	alarm(100); /* whatever hangs */
	fake_kvm_reset();
	before = left_now();
	config = (struct vm_config){ .nr_cpus = CPUS,
				     .ram_size = 64 * MIB,
				     .pvtime = "auto" };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stdio_give_back();
	assert_nothing_left(before);
	return 0;
}

static enum vm_end run(void)
{
	enum vm_end end;
	struct vm *vm;

	stdio_take(-1, -1);
	assert_int_equal(vm_new(&config, &vm), 0);
	end = vm_run(vm);
	stdio_give_back();
	vm_free(vm);
	return end;
}

static void script(unsigned cpu, struct fake_step step, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		steps[cpu][i] = step;
	fake_kvm_script(cpu, steps[cpu], n);
}

/* The first vCPU's first exit comes while the others still start. */
static void power_off_while_threads_start_always_ends(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		fake_kvm_reset();
		script(0, off, 1);
		if (i % 2)
			script(CPUS - 1, touch, STEPS);
		assert_int_equal(run(), VM_OFF);
	}
}

static void power_off_by_any_and_by_all_vcpus_ends(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * CPUS; i++) {
		fake_kvm_reset();
		for (unsigned cpu = 0; cpu < CPUS; cpu++)
			if (i >= CPUS || cpu == i)
				script(cpu, off, 1);
		assert_int_equal(run(), VM_OFF);
	}
}

/* vCPU 0 waits for its siblings, which a busy machine starts late. */
static void until_all_run(void)
{
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		while (__atomic_load_n(&fake_kvm.cpus[cpu].tid,
				       __ATOMIC_RELAXED) == 0)
			usleep(1000);
}

static void resets_hit_busy_vcpus_and_each_keeps_its_thread(void **state)
{
	(void)state;
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		script(cpu, touch, STEPS);
	script(0, reset, 21);
	steps[0][0] =
		(struct fake_step){ .what = FAKE_CALL, .call = until_all_run };
	steps[0][21] = off;
	fake_kvm.cpus[0].nr_steps = 22;
	assert_int_equal(run(), VM_OFF);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(fake_kvm.cpus[cpu].inits, 21);
		assert_true(fake_kvm.cpus[cpu].tid > 0);
		assert_false(fake_kvm.cpus[cpu].strange_tid);
		for (unsigned other = 0; other < cpu; other++)
			assert_int_not_equal(fake_kvm.cpus[cpu].tid,
					     fake_kvm.cpus[other].tid);
	}
}

static void resets_asked_by_all_vcpus_at_once_end(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		script(cpu, reset, 10);
		steps[cpu][10] = off;
		fake_kvm.cpus[cpu].nr_steps = 11;
	}
	assert_int_equal(run(), VM_OFF);
}

static atomic_bool outside;

/* On its way to the guest, when main's signal comes. */
static void be_outside(void)
{
	atomic_store(&outside, true);
	while (nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL) == 0)
		;
}

static void wait_for_outside(void)
{
	while (!atomic_load(&outside))
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void
signal_that_comes_before_the_guest_is_entered_is_not_lost(void **state)
{
	struct fake_step first[] = {
		{ .what = FAKE_CALL, .call = wait_for_outside }, off
	};
	struct fake_step other[] = { { .what = FAKE_CALL,
				       .call = be_outside } };

	(void)state;
	alarm(20);
	atomic_store(&outside, false);
	fake_kvm_script(0, first, 2);
	fake_kvm_script(1, other, 1);
	assert_int_equal(run(), VM_OFF);
}

/* Somewhere in the kernel, and not to be hurried. */
static void take_time(void)
{
	struct timespec left = { .tv_nsec = 50000000 };

	atomic_store(&outside, true);
	while (nanosleep(&left, &left) < 0)
		;
}

static void reset_waits_for_the_slowest_vcpu(void **state)
{
	struct fake_step first[] = {
		{ .what = FAKE_CALL, .call = wait_for_outside }, reset, off
	};
	struct fake_step other[] = { { .what = FAKE_CALL, .call = take_time } };

	(void)state;
	atomic_store(&outside, false);
	fake_kvm_script(0, first, 3);
	fake_kvm_script(1, other, 1);
	assert_int_equal(run(), VM_OFF);
	assert_int_equal(fake_kvm.cpus[1].inits, 2);
}

static char name[32];

static void read_name(void)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/comm",
		 syscall(SYS_gettid));
	fd = open(path, O_RDONLY);
	n = read(fd, name, sizeof(name) - 1);
	name[n > 0 ? n : 0] = '\0';
	close(fd);
}

static void threads_have_their_vcpus_names(void **state)
{
	struct fake_step last[] = { { .what = FAKE_CALL, .call = read_name },
				    off };

	(void)state;
	fake_kvm_script(3, last, 2);
	assert_int_equal(run(), VM_OFF);
	assert_string_equal(name, "vcpu3\n");
}

static void accesses_of_all_vcpus_are_answered(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		script(cpu, touch, STEPS);
	steps[2][STEPS - 1] = off;
	assert_int_equal(run(), VM_OFF);
	/* Nothing received, nothing to be sent. */
	for (unsigned i = 0; i < STEPS - 2; i++)
		assert_int_equal(steps[2][i].value, 0x90);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(power_off_while_threads_start_always_ends),
		T(power_off_by_any_and_by_all_vcpus_ends),
		T(resets_hit_busy_vcpus_and_each_keeps_its_thread),
		T(resets_asked_by_all_vcpus_at_once_end),
		T(signal_that_comes_before_the_guest_is_entered_is_not_lost),
		T(reset_waits_for_the_slowest_vcpu),
		T(threads_have_their_vcpus_names),
		T(accesses_of_all_vcpus_are_answered),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
