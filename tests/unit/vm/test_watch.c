/* SPDX-License-Identifier: BSD-2-Clause */
/* test_watch.c - what a machine does for one who looks on; and loop callbacks. */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "vm/console.h"

enum { SAID_MAX = 4 * CONSOLE_RING, MS = 1000000 };

static struct vm_watch watch;
static char said[SAID_MAX];
static size_t nr_said;
static unsigned resets;
static unsigned again; /* so many resets are let through */
static bool on_main;
static pthread_t main_thread;

static void on_byte(void *ctx, uint8_t byte)
{
	if (ctx == &watch && nr_said < sizeof(said))
		said[nr_said++] = (char)byte;
}

static bool on_reset(void *ctx)
{
	on_main &= ctx == &watch && pthread_self() == main_thread;
	return resets++ < again;
}

static int set_up(void **state)
{
	int rc = rig_up(state);

	watch = (struct vm_watch){ .console_fd = -1,
				   .byte = on_byte,
				   .reset = on_reset,
				   .ctx = &watch };
	rig.config.watch = &watch;
	nr_said = 0;
	resets = again = 0;
	on_main = true;
	main_thread = pthread_self();
	return rc;
}

#define SAY(c)                                      \
	{                                           \
		FAKE_WRITE, LAYOUT_UART, c, 1, NULL \
	}

/* -- the console -- */

static void each_byte_is_told_in_order(void **state)
{
	static struct fake_step steps[3 * CONSOLE_RING + 1];
	const size_t n = ARRAY_SIZE(steps) - 1;

	(void)state;
	for (size_t i = 0; i < n; i++)
		steps[i] = (struct fake_step)SAY((uint8_t)(i % 251));
	steps[n] = (struct fake_step)OFF;
	rig_new();
	/* Nowhere to write to holds nobody up. */
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(nr_said, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal((uint8_t)said[i], i % 251);
}

static void console_goes_to_a_file_that_stays_open(void **state)
{
	struct fake_step steps[] = { SAY('H'), SAY('i'), SAY('\n'), SAY('!'),
				     OFF };
	int out = memfd_create("console", MFD_CLOEXEC);
	char got[16];

	(void)state;
	rig.before = left_now();
	watch.console_fd = out;
	rig_new();
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	rig_free();
	assert_int_equal(pread(out, got, sizeof(got), 0), 4);
	assert_memory_equal(got, "Hi\n!", 4);
	assert_int_equal(nr_said, 4);
	assert_int_equal(close(out), 0);
	rig.before.fds--;
}

static void standard_input_and_output_are_left_alone(void **state)
{
	struct fake_step steps[] = { SAY('x'), OFF };
	int in = memfd_create("in", MFD_CLOEXEC);
	int out = memfd_create("out", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(pwrite(in, "typed", 5, 0), 5);
	fake_kvm_script(0, steps, ARRAY_SIZE(steps));
	rig_new();
	stdio_take(fcntl(in, F_DUPFD_CLOEXEC, 0),
		   fcntl(out, F_DUPFD_CLOEXEC, 0));
	assert_int_equal(vm_run(rig.vm), VM_OFF);
	stdio_give_back();
	assert_int_equal(lseek(in, 0, SEEK_CUR), 0);
	assert_int_equal(lseek(out, 0, SEEK_END), 0);
	close(in);
	close(out);
}

static void panic_is_still_a_crash(void **state)
{
	static const char text[] =
		"Kernel panic - not syncing: x\n"
		"---[ end Kernel panic - not syncing: x ]---\n";
	static struct fake_step steps[sizeof(text)];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		steps[i] = (struct fake_step)SAY((uint8_t)text[i]);
	steps[sizeof(text) - 1] = (struct fake_step)WAIT;
	rig_new();
	assert_int_equal(RIG_RUN(steps), VM_CRASHED);
	assert_memory_equal(said, text, sizeof(text) - 1);
}

/* -- resets -- */

static void reset_that_is_refused_ends_the_machine(void **state)
{
	struct fake_step steps[] = { RESET, OFF };

	(void)state;
	rig_new();
	assert_int_equal(RIG_RUN(steps), VM_RESET);
	assert_int_equal(resets, 1);
	assert_int_equal(fake_kvm.cpus[0].inits, 1);
	assert_true(on_main);
}

static void resets_that_are_let_through_boot_again(void **state)
{
	struct fake_step steps[] = { RESET, RESET, SAY('x'), RESET, OFF };

	(void)state;
	again = 2;
	rig.config.no_reboot = true; /* is for those whom nobody watches */
	rig_new();
	assert_int_equal(RIG_RUN(steps), VM_RESET);
	assert_int_equal(resets, 3);
	assert_int_equal(fake_kvm.cpus[0].inits, 3);
	assert_int_equal(nr_said, 1);
	assert_true(on_main);
}

static char bootargs[2][64];
static unsigned boots;

static void read_bootargs(void)
{
	const char *ram = fake_kvm.slots[SLOT_RAM].host;
	const char *at = memmem(ram, 0x10000, "boot-", 5);

	snprintf(bootargs[boots++ % 2], 64, "%s", at ? at : "");
}

static bool other_params(void *ctx)
{
	(void)ctx;
	rig.config.params = "boot-two";
	return true;
}

static void next_boot_is_by_the_config_as_it_is_then(void **state)
{
	struct fake_step steps[] = { CALL(read_bootargs), RESET,
				     CALL(read_bootargs), OFF };

	(void)state;
	boots = 0;
	watch.reset = other_params;
	rig.config.params = "boot-one";
	rig_new();
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_string_equal(bootargs[0], "boot-one");
	assert_string_equal(bootargs[1], "boot-two");
}

/* -- from the loop -- */

static void stop(void)
{
	vm_stop(rig.vm);
}

static void machine_can_be_stopped_from_its_loop(void **state)
{
	struct fake_step steps[] = { CALL(rig_call_main), WAIT };

	(void)state;
	rig_new();
	rig_main_does(stop);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
}

static int rc;

static void restart(void)
{
	rig.config.params = "boot-two";
	rc = vm_restart(rig.vm);
}

static void machine_can_be_restarted_from_its_loop(void **state)
{
	struct fake_step steps[] = { CALL(rig_call_main), UNTIL_CALLED,
				     CALL(read_bootargs), OFF };

	(void)state;
	boots = 0;
	rig_new();
	rig_main_does(restart);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(rc, 0);
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
	assert_int_equal(resets, 0); /* nobody need be asked */
	assert_string_equal(bootargs[0], "boot-two");
}

static void fail_to_restart(void)
{
	fault_arm_mine(1, ENOMEM);
	restart();
}

static void restart_that_fails_ends_the_machine_with_words(void **state)
{
	struct fake_step steps[] = { CALL(rig_call_main), UNTIL_CALLED, OFF };

	(void)state;
	rig_new();
	rig_main_does(fail_to_restart);
	assert_int_equal(RIG_RUN(steps), VM_FAILED);
	assert_int_equal(rc, -ENOMEM);
	assert_words("reset: guest memory: clear: Cannot allocate memory");
}

/* -- the channel -- */

static uint8_t sent[4];
static unsigned nr_sent, rooms;

static void on_put(struct console_port *port, uint8_t byte)
{
	(void)port;
	sent[nr_sent++ % 4] = byte;
}

static void on_room(struct console_port *port)
{
	(void)port;
	rooms++;
}

static struct console_port channel = { .put = on_put, .room = on_room };

static void second_line_is_its_owners_alone(void **state)
{
	struct fake_step steps[] = {
		{ FAKE_WRITE, LAYOUT_CHANNEL, 'c', 1, NULL },
		SAY('x'),
		{ FAKE_WRITE, LAYOUT_CHANNEL, 'd', 1, NULL },
		OFF,
	};

	(void)state;
	nr_sent = rooms = 0;
	rig.config.channel = &channel;
	rig_new();
	assert_ptr_not_equal(vm_serial(rig.vm, 0), vm_serial(rig.vm, 1));
	assert_int_equal(vm_serial(rig.vm, 1)->window.base, LAYOUT_CHANNEL);
	assert_null(vm_serial(rig.vm, 2));
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(nr_sent, 2);
	assert_memory_equal(sent, "cd", 2);
	assert_int_equal(nr_said, 1);
}

static void reset_makes_room_on_the_second_line(void **state)
{
	struct fake_step steps[] = { RESET, OFF };

	(void)state;
	again = 1;
	rooms = 0;
	rig.config.channel = &channel;
	rig_new();
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_true(rooms > 0);
}

static void there_is_no_second_line_unless_somebody_wants_it(void **state)
{
	struct fake_step steps[] = {
		{ FAKE_READ, LAYOUT_CHANNEL + 0xfe0, 1, 4, NULL },
		OFF,
	};

	(void)state;
	rig_new();
	assert_null(vm_serial(rig.vm, 1));
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(steps[0].value, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_byte_is_told_in_order),
		T(console_goes_to_a_file_that_stays_open),
		T(standard_input_and_output_are_left_alone),
		T(panic_is_still_a_crash),
		T(reset_that_is_refused_ends_the_machine),
		T(resets_that_are_let_through_boot_again),
		T(next_boot_is_by_the_config_as_it_is_then),
		T(machine_can_be_stopped_from_its_loop),
		T(machine_can_be_restarted_from_its_loop),
		T(restart_that_fails_ends_the_machine_with_words),
		T(second_line_is_its_owners_alone),
		T(reset_makes_room_on_the_second_line),
		T(there_is_no_second_line_unless_somebody_wants_it),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
