/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/console.h"
#include "vm/vm.h"

#define OFF                                                            \
	{                                                              \
		.what = FAKE_EVENT, .value = KVM_SYSTEM_EVENT_SHUTDOWN \
	}
#define RESET                                                       \
	{                                                           \
		.what = FAKE_EVENT, .value = KVM_SYSTEM_EVENT_RESET \
	}
#define WAIT                      \
	{                         \
		.what = FAKE_WAIT \
	}
#define CALL(fn)                               \
	{                                      \
		.what = FAKE_CALL, .call = fn, \
	}

#define HVC(function, x1)                                            \
	{                                                            \
		.what = FAKE_HVC, .value = (function), .addr = (x1), \
	}

enum { MS = 1000000, KERNEL = 70000, ENTRY = LAYOUT_RAM + 0x200000 };

static struct left before;
static struct vm *vm;
static struct vm_config config;
static uint8_t kernel[KERNEL];
static char kernel_path[32];
static int kernel_fd;

static int set_up(void **state)
{
	(void)state;
	alarm(60); /* whatever hangs */
	fake_kvm_reset();
	memset(kernel, 0xd5, sizeof(kernel));
	make_image(kernel, sizeof(kernel));
	kernel_fd = scratch_file(kernel, sizeof(kernel), kernel_path);
	before = left_now();
	config = (struct vm_config){ .kernel = kernel_path,
				     .nr_cpus = 2,
				     .ram_size = 64 * MIB,
				     .pvtime = "auto" };
	err_say(1, "%s", "");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stdio_give_back();
	vm_free(vm);
	vm = NULL;
	assert_int_equal(fake_kvm_live_fds(), 0);
	assert_int_equal(fake_kvm.live_runs, 0);
	assert_nothing_left(before);
	close(kernel_fd);
	return 0;
}

/* vCPU 0 does @steps on a machine whose output goes to @out. */
static enum vm_end run_to(int out, struct fake_step *steps, size_t n)
{
	enum vm_end end;

	fake_kvm_script(0, steps, n);
	stdio_take(-1, out);
	if (!vm)
		assert_int_equal(vm_new(&config, &vm), 0);
	end = vm_run(vm);
	stdio_give_back();
	for (unsigned i = 0; i < FAKE_CPUS; i++)
		assert_false(fake_kvm.cpus[i].strange_tid);
	return end;
}

#define RUN(steps) run_to(-1, steps, ARRAY_SIZE(steps))

static void guest_that_powers_off_ends_the_machine(void **state)
{
	struct fake_step steps[] = { OFF };

	(void)state;
	assert_int_equal(RUN(steps), VM_OFF);
}

static void reset_with_no_reboot_ends_the_machine(void **state)
{
	struct fake_step steps[] = { RESET, OFF };

	(void)state;
	config.no_reboot = true;
	assert_int_equal(RUN(steps), VM_RESET);
	assert_int_equal(fake_kvm.cpus[0].inits, 1);
}

/* -- what a reset does: the guest spoils all, then looks at it -- */

static uint8_t *ram(gpa_t gpa)
{
	return (uint8_t *)fake_kvm.slots[SLOT_RAM].host + (gpa - LAYOUT_RAM);
}

static uint8_t *records(void)
{
	if (config.pvtime_in_ram)
		return ram(LAYOUT_RAM + config.ram_size - 0x10000);
	return fake_kvm.slots[SLOT_PVTIME].host;
}

static void spoil(void)
{
	memset(ram(ENTRY), 'x', sizeof(kernel));
	memset(ram(LAYOUT_RAM), 'x', 4096);
	memset(ram(LAYOUT_RAM + 32 * MIB), 'x', 4096);
	memset(records(), 'x', 128);
	fake_kvm.cpus[0].pc = fake_kvm.cpus[0].x[0] = 1;
}

static bool fresh;

static void look(void)
{
	static const uint8_t zero[4096];

	fresh = memcmp(ram(ENTRY), kernel, sizeof(kernel)) == 0 &&
		memcmp(ram(LAYOUT_RAM), "\xd0\x0d\xfe\xed", 4) == 0 &&
		memcmp(ram(LAYOUT_RAM + 32 * MIB), zero, 4096) == 0 &&
		memcmp(records(), zero, 128) == 0 &&
		fake_kvm.cpus[0].pc == ENTRY &&
		fake_kvm.cpus[0].x[0] == LAYOUT_RAM;
}

static void reset_makes_all_new(void)
{
	struct fake_step steps[] = { CALL(spoil), CALL(look), RESET, CALL(look),
				     OFF };
	size_t told;

	assert_int_equal(vm_new(&config, &vm), 0);
	told = fake_kvm.nr_attrs;
	fresh = false;
	assert_int_equal(RUN(steps), VM_OFF);
	assert_true(fresh);
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
	assert_int_equal(fake_kvm.cpus[1].inits, 2);
	assert_false(fake_kvm.cpus[1].on);
	/* The interrupt controller is told a lot, a vCPU no address again. */
	assert_true(fake_kvm.nr_attrs > told + 100);
	for (; told < fake_kvm.nr_attrs; told++)
		assert_int_not_equal(fake_kvm.attrs[told].kind, FAKE_VCPU);
}

static void reset_makes_memory_records_and_registers_new(void **state)
{
	(void)state;
	reset_makes_all_new();
}

static void reset_makes_records_inside_ram_new_too(void **state)
{
	(void)state;
	config.pvtime_in_ram = true;
	reset_makes_all_new();
}

static void a_watchdog_that_nobody_feeds_resets(void **state)
{
	struct fake_step steps[] = {
		{ FAKE_WRITE, LAYOUT_WATCHDOG, 1000, 4, NULL },
		{ FAKE_WRITE, LAYOUT_WATCHDOG + 8, 3, 4, NULL },
		{ .what = FAKE_WAIT },
		OFF,
	};

	(void)state;
	log_set_level(LOG_ERROR);
	config.watchdog = true;
	assert_int_equal(RUN(steps), VM_OFF);
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
	log_set_level(LOG_INFO);
}

static void reset_begins_with_the_firmware_again(void **state)
{
	struct fake_step steps[] = {
		{ FAKE_WRITE, LAYOUT_FLASH_EACH, 0x70, 4, NULL },
		RESET,
		OFF,
	};

	(void)state;
	config.flash.firmware = config.kernel;
	config.kernel = NULL;
	assert_int_equal(RUN(steps), VM_OFF);
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
	assert_int_equal(fake_kvm.cpus[0].pc, 0);
	assert_int_equal(fake_kvm.slots[SLOT_FLASH + 1].size,
			 LAYOUT_FLASH_EACH);
}

static void reset_takes_interrupts_back(void **state)
{
	struct fake_step steps[] = {
		{ FAKE_WRITE, LAYOUT_UART + 0x38, 0x20, 2, NULL },
		{ FAKE_WRITE, LAYOUT_UART, '.', 1, NULL },
		RESET,
		OFF,
	};

	(void)state;
	assert_int_equal(RUN(steps), VM_OFF);
	assert_int_equal(fake_kvm.nr_spi_calls, 2); /* up and down */
	assert_false(fake_kvm.spis[SPI_UART]);
}

enum { RESETS = 100 };

static struct left after_some, after_all;

static void count_some(void)
{
	after_some = left_now();
}

static void count_all(void)
{
	after_all = left_now();
}

static void hundred_resets_leave_nothing_behind(void **state)
{
	static struct fake_step steps[RESETS + 3];

	(void)state;
	for (unsigned i = 0; i < RESETS + 2; i++)
		steps[i] = (struct fake_step)RESET;
	steps[5] = (struct fake_step)CALL(count_some);
	steps[RESETS + 1] = (struct fake_step)CALL(count_all);
	steps[RESETS + 2] = (struct fake_step)OFF;
	assert_int_equal(RUN(steps), VM_OFF);
	assert_int_equal(fake_kvm.cpus[1].inits, RESETS + 1);
	assert_int_equal(after_some.fds, after_all.fds);
	assert_int_equal(after_some.threads, after_all.threads);
	assert_int_equal(after_some.mapped, after_all.mapped);
}

static void fail_clearing(void)
{
	fault_arm(1, ENOMEM);
}

static void failed_reset_is_a_failure_with_words(void **state)
{
	struct fake_step steps[] = { CALL(fail_clearing), RESET, OFF };

	(void)state;
	config.nr_cpus = 1;
	assert_int_equal(RUN(steps), VM_FAILED);
	assert_words("reset: guest memory: clear: Cannot allocate memory");
}

/* -- failures -- */

static void unknown_exit_is_a_failure_with_words(void **state)
{
	struct fake_step steps[] = { { .what = FAKE_EXIT, .value = 1000 } };

	(void)state;
	assert_int_equal(RUN(steps), VM_FAILED);
	assert_words("vCPU 0: unexpected exit 1000 from the guest");
}

static void failed_kvm_run_is_a_failure_with_words(void **state)
{
	struct fake_step steps[] = { { .what = FAKE_FAIL, .value = EFAULT } };

	(void)state;
	assert_int_equal(RUN(steps), VM_FAILED);
	assert_words("run vCPU 0: Bad address");
}

/* -- time limit and signals -- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void guest_that_stays_is_ended_by_the_limit(void **state)
{
	struct fake_step steps[] = { WAIT };
	uint64_t start = now_ns();

	(void)state;
	config.timeout_ns = 50 * MS;
	assert_int_equal(RUN(steps), VM_TIMEOUT);
	assert_true(now_ns() - start >= 50 * MS);
	assert_true(now_ns() - start < 20000ull * MS);
}

static int sent;

static void send_signal(void)
{
	kill(getpid(), sent);
}

static void signals_that_end_programs_end_the_machine(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t mask;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct fake_step steps[] = { CALL(send_signal), WAIT };

		sent = signals[i];
		assert_int_equal(RUN(steps), VM_SIGNALLED);
		assert_int_equal(vm_signal(vm), sent);
		pthread_sigmask(SIG_BLOCK, NULL, &mask);
		assert_false(sigismember(&mask, sent));
		vm_free(vm);
		vm = NULL;
		fake_kvm_reset();
	}
}

/* -- output and what is seen in it -- */

static struct fake_step *say(struct fake_step *to, const char *text)
{
	for (; *text; text++)
		*to++ = (struct fake_step){ .what = FAKE_WRITE,
					    .addr = LAYOUT_UART,
					    .len = 1,
					    .value = (uint8_t)*text };
	return to;
}

static const char last_words[] =
	"[ 1.0] Kernel panic - not syncing: no init\r\n"
	"---[ end Kernel panic - not syncing: no init ]---\r\n";

static enum vm_end say_and(const char *text, struct fake_step last)
{
	static struct fake_step steps[512];
	struct fake_step *end = say(steps, text);

	*end++ = last;
	*end = (struct fake_step)OFF;
	return run_to(-1, steps, (size_t)(end + 1 - steps));
}

static void panic_is_a_crash_with_the_guests_reason(void **state)
{
	(void)state;
	assert_int_equal(say_and(last_words, (struct fake_step)WAIT),
			 VM_CRASHED);
	assert_words("the guest crashed: Kernel panic - not syncing: no init");
}

static void panic_that_ends_in_a_reset_is_a_crash_with_no_reboot(void **state)
{
	(void)state;
	config.no_reboot = true;
	assert_int_equal(say_and("Kernel panic - not syncing: oops\n",
				 (struct fake_step)RESET),
			 VM_CRASHED);
	assert_words("the guest crashed: Kernel panic - not syncing: oops");
}

static void panic_that_ends_in_a_reset_is_forgotten_after_it(void **state)
{
	static struct fake_step steps[512];
	struct fake_step *end =
		say(steps, "Kernel panic - not syncing: of before\n");

	(void)state;
	*end++ = (struct fake_step)RESET;
	end = say(end, last_words);
	*end++ = (struct fake_step)WAIT;
	assert_int_equal(run_to(-1, steps, (size_t)(end - steps)), VM_CRASHED);
	assert_words("the guest crashed: Kernel panic - not syncing: no init");
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
}

static void output_comes_out_whole_and_in_order(void **state)
{
	enum { BYTES = 3 * CONSOLE_RING };
	static struct fake_step steps[BYTES + 1];
	static uint8_t got[BYTES + 1];
	int out = memfd_create("out", MFD_CLOEXEC);

	(void)state;
	for (unsigned i = 0; i < BYTES; i++)
		steps[i] = (struct fake_step){ .what = FAKE_WRITE,
					       .addr = LAYOUT_UART,
					       .len = 1,
					       .value = (uint8_t)(i % 251) };
	steps[BYTES] = (struct fake_step)OFF;
	assert_int_equal(
		run_to(fcntl(out, F_DUPFD_CLOEXEC, 0), steps, BYTES + 1),
		VM_OFF);
	assert_int_equal(pread(out, got, sizeof(got), 0), BYTES);
	for (unsigned i = 0; i < BYTES; i++)
		assert_int_equal(got[i], i % 251);
	close(out);
}

static void reader_who_sleeps_does_not_hold_up_the_limit(void **state)
{
	enum { BYTES = 8 * CONSOLE_RING, PIPE = 65536 };
	static struct fake_step steps[BYTES];
	int ends[2];

	(void)state;
	for (unsigned i = 0; i < BYTES; i++)
		steps[i] = (struct fake_step){ .what = FAKE_WRITE,
					       .addr = LAYOUT_UART,
					       .len = 1,
					       .value = 'x' };
	config.timeout_ns = 200 * MS;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(run_to(ends[1], steps, BYTES), VM_TIMEOUT);
	/* The guest was held once pipe and ring were full. */
	assert_true(BYTES - fake_kvm.cpus[0].nr_steps <= PIPE + CONSOLE_RING);
	close(ends[0]);
}

static void
reader_who_goes_away_ends_the_machine_like_other_programs(void **state)
{
	int ends[2];
	struct fake_step steps[] = { { FAKE_WRITE, LAYOUT_UART, 'x', 1, NULL },
				     WAIT };

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(run_to(ends[1], steps, 2), VM_SIGNALLED);
	assert_int_equal(vm_signal(vm), SIGPIPE);
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
	struct fake_step steps[] = { { FAKE_WRITE, LAYOUT_UART, 'x', 1, NULL },
				     WAIT };

	(void)state;
	assert_int_equal(
		run_to(open("/dev/full", O_WRONLY | O_CLOEXEC), steps, 2),
		VM_FAILED);
	assert_words("console output: No space left on device");
}

/* -- times -- */

static struct vm_steal times[2];
static int times_rc[2];

static void take_times(void)
{
	for (unsigned i = 0; i < 2; i++)
		times_rc[i] = vm_steal(vm, i, &times[i]);
	send_signal();
}

static void wait_for_other(void)
{
	for (unsigned i = 0; i < 5000 && fake_kvm.cpus[1].tid == 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = MS }, NULL);
	memset(records() + 64 + 8, 1, 8);
}

static void times_of_each_vcpu_are_its_own_threads(void **state)
{
	struct fake_step steps[] = { CALL(wait_for_other), CALL(take_times),
				     WAIT };

	(void)state;
	sent = SIGTERM;
	assert_int_equal(RUN(steps), VM_SIGNALLED);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(times_rc[i], 0);
		assert_int_equal(times[i].tid, fake_kvm.cpus[i].tid);
	}
	assert_int_equal(times[0].times.record_ns, 0);
	assert_int_equal(times[1].times.record_ns, 0x0101010101010101);
}

/* -- the guest asks for its stolen time -- */

static uint64_t answers[3];
static unsigned nr_answers;

static void take_answer(void)
{
	answers[nr_answers++] = fake_kvm.cpus[0].x[0];
}

static void guest_is_told_where_its_record_is(void **state)
{
	struct fake_step steps[] = { HVC(0xc5000020, 0xc5000021),
				     CALL(take_answer),
				     HVC(0xc5000021, 0),
				     CALL(take_answer),
				     HVC(0xc5000022, 0),
				     CALL(take_answer),
				     OFF };

	(void)state;
	nr_answers = 0;
	assert_int_equal(RUN(steps), VM_OFF);
	assert_int_equal(answers[0], 0);
	assert_int_equal(answers[1], LAYOUT_PVTIME);
	assert_true(answers[2] == UINT64_MAX);
}

static void guest_without_stolen_time_is_told_so_by_the_kernel(void **state)
{
	struct fake_step steps[] = { HVC(0xc5000021, 0), CALL(take_answer),
				     OFF };

	(void)state;
	config.pvtime = "off";
	nr_answers = 0;
	assert_int_equal(RUN(steps), VM_OFF);
	assert_true(answers[0] == UINT64_MAX);
}

static bool was_on;

static void see_power(void)
{
	was_on = fake_kvm.cpus[0].on;
	fake_kvm.cpus[0].on = true;
	memset(records() + 8, 1, 8);
}

static void cpu_that_goes_off_and_asks_again_keeps_its_time(void **state)
{
	struct fake_step steps[] = { HVC(0xc5000021, 0), HVC(0x84000002, 0),
				     CALL(see_power),	 HVC(0xc5000021, 0),
				     CALL(take_times),	 WAIT };

	(void)state;
	sent = SIGTERM;
	was_on = true;
	assert_int_equal(RUN(steps), VM_SIGNALLED);
	assert_false(was_on);
	assert_int_equal(times[0].times.record_ns, 0x0101010101010101);
}

/* -- sweep -- */

static void every_failure_ends_in_order(void **state)
{
	static const int errors[] = { EIO, EINTR, ENOMEM };

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
		bool met = true;

		/* A reset writes hundreds of registers: of those, some. */
		for (unsigned n = 1; met; n += n < 40 ? 1 : 16) {
			struct fake_step steps[] = {
				{ FAKE_WRITE, LAYOUT_UART, '.', 1, NULL },
				RESET,
				OFF,
			};
			enum vm_end end;

			fake_kvm_reset();
			assert_int_equal(vm_new(&config, &vm), 0);
			err_say(1, "%s", "");
			fault_arm(n, errors[e]);
			end = RUN(steps);
			met = fault_met();
			fault_arm(0, 0);
			if (end == VM_FAILED) {
				assert_true(met);
				assert_has_words(strerror(errors[e]));
			} else {
				assert_int_equal(end, VM_OFF);
			}
			vm_free(vm);
			vm = NULL;
			assert_int_equal(fake_kvm_live_fds(), 0);
			assert_nothing_left(before);
		}
	}
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guest_that_powers_off_ends_the_machine),
		T(reset_with_no_reboot_ends_the_machine),
		T(reset_makes_memory_records_and_registers_new),
		T(reset_makes_records_inside_ram_new_too),
		T(reset_begins_with_the_firmware_again),
		T(a_watchdog_that_nobody_feeds_resets),
		T(reset_takes_interrupts_back),
		T(hundred_resets_leave_nothing_behind),
		T(failed_reset_is_a_failure_with_words),
		T(unknown_exit_is_a_failure_with_words),
		T(failed_kvm_run_is_a_failure_with_words),
		T(guest_that_stays_is_ended_by_the_limit),
		T(signals_that_end_programs_end_the_machine),
		T(panic_is_a_crash_with_the_guests_reason),
		T(panic_that_ends_in_a_reset_is_a_crash_with_no_reboot),
		T(panic_that_ends_in_a_reset_is_forgotten_after_it),
		T(output_comes_out_whole_and_in_order),
		T(reader_who_sleeps_does_not_hold_up_the_limit),
		T(reader_who_goes_away_ends_the_machine_like_other_programs),
		T(output_that_cannot_be_written_is_a_failure),
		T(times_of_each_vcpu_are_its_own_threads),
		T(guest_is_told_where_its_record_is),
		T(guest_without_stolen_time_is_told_so_by_the_kernel),
		T(cpu_that_goes_off_and_asks_again_keeps_its_time),
		T(every_failure_ends_in_order),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
