/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tty.c - a guest on a user's terminal: a child runs it on a terminal of
 * its own, the test is the user who types.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/tty.h"
#include "vm/vm.h"

static int terminal; /* the user's side of it */
static pid_t child;
static char seen[4096]; /* all that came out */

/* -- the child -- */

static struct fake_step *read_step;

/* Show what was read: text as it is, a break as <break>. */
static void show(void)
{
	char text[32];
	int n;

	if (read_step->value & 0x400)
		n = snprintf(text, sizeof(text), "<break>");
	else
		n = snprintf(text, sizeof(text), "<%02x>",
			     (unsigned)read_step->value);
	if (write(STDOUT_FILENO, text, (size_t)n) != n)
		_exit(99);
	read_step += 3;
}

static void say_ready(void)
{
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		_exit(99);
}

static int guest(struct fake_step *steps, size_t n)
{
	const struct vm_config config = { .nr_cpus = 1,
					  .ram_size = 64 * MIB,
					  .pvtime = "off" };
	enum vm_end end;
	struct vm *vm;

	fake_kvm_reset();
	fake_kvm_script(0, steps, n);
	if (vm_new(&config, &vm) < 0)
		return 98;
	end = vm_run(vm);
	vm_free(vm);
	return (int)end;
}

/* A guest that reads one key after the other and shows it. */
static int guest_that_echoes(void)
{
	static struct fake_step steps[2 + 3 * 20];
	struct fake_step *s = steps;

	*s++ = (struct fake_step){ FAKE_WRITE, LAYOUT_UART + 0x38, 0x10, 4,
				   NULL };
	*s++ = (struct fake_step){ .what = FAKE_CALL, .call = say_ready };
	read_step = s + 1;
	while (s < steps + ARRAY_SIZE(steps)) {
		*s++ = (struct fake_step){ .what = FAKE_IRQ,
					   .value = SPI_UART };
		*s++ = (struct fake_step){ FAKE_READ, LAYOUT_UART, 0, 4, NULL };
		*s++ = (struct fake_step){ .what = FAKE_CALL, .call = show };
	}
	return guest(steps, ARRAY_SIZE(steps));
}

static int crash(void)
{
	if (!tty_raw())
		return 97;
	say_ready();
	abort();
}

static int guest_that_waits(void)
{
	struct fake_step steps[] = {
		{ .what = FAKE_CALL, .call = say_ready },
		{ .what = FAKE_WAIT },
	};

	return guest(steps, ARRAY_SIZE(steps));
}

static int guest_that_powers_off(void)
{
	struct fake_step steps[] = {
		{ .what = FAKE_CALL, .call = say_ready },
		{ .what = FAKE_EVENT, .value = KVM_SYSTEM_EVENT_SHUTDOWN },
	};

	return guest(steps, ARRAY_SIZE(steps));
}

/* -- the user -- */

static void boot(int (*fn)(void))
{
	fflush(stdout);
	seen[0] = '\0';
	child = forkpty(&terminal, NULL, NULL, NULL);
	assert_true(child >= 0);
	if (child == 0)
		_exit(fn());
}

/* Until @text has come out. */
static bool see(const char *text)
{
	return see_text(terminal, seen, sizeof(seen), text);
}

static bool is_raw(void)
{
	struct termios t;

	assert_int_equal(tcgetattr(terminal, &t), 0);
	return !(t.c_lflag & (ICANON | ECHO | ISIG));
}

/* The guest runs, and the terminal is its own. */
static bool is_up(void)
{
	if (!see("ready"))
		return false;
	for (unsigned i = 0; i < 20000 && !is_raw(); i++)
		poll(NULL, 0, 1);
	return is_raw();
}

/* The child's way out; the terminal must be as it was. */
static int wait_status(void)
{
	struct pollfd p = { .fd = terminal, .events = POLLIN };
	int status = -1;

	for (unsigned i = 0; i < 20000; i++) {
		/* Nobody may wait for us to read. */
		if (poll(&p, 1, 1) == 1 && p.revents & POLLIN) {
			char rest[256];

			if (read(terminal, rest, sizeof(rest)) < 0)
				continue;
		}
		if (waitpid(child, &status, WNOHANG) == child)
			break;
		if (p.revents & POLLHUP) /* then poll() does not wait */
			usleep(1000);
	}
	return status;
}

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	terminal = -1;
	child = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (child > 0)
		kill(child, SIGKILL);
	while (child > 0 && waitpid(child, NULL, 0) == child)
		;
	close(terminal);
	return 0;
}

static void type(const char *keys)
{
	assert_int_equal(write(terminal, keys, strlen(keys)), strlen(keys));
}

static void end_with(int want)
{
	int status = wait_status();

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
	assert_false(is_raw());
}

static void terminal_is_raw_while_the_guest_has_it(void **state)
{
	(void)state;
	boot(guest_that_echoes);
	assert_true(is_up());
	type("\003"); /* Ctrl-c is the guest's */
	assert_true(see("<03>"));
	type("\001x");
	end_with(VM_OFF);
}

static void escape_twice_or_a_sends_the_escape_itself(void **state)
{
	(void)state;
	boot(guest_that_echoes);
	assert_true(is_up());
	type("\001a\001\001z");
	assert_true(see("<01><01><7a>"));
	type("\001x");
	end_with(VM_OFF);
}

static void escape_b_sends_a_break(void **state)
{
	(void)state;
	boot(guest_that_echoes);
	assert_true(is_up());
	type("\001b");
	assert_true(see("<break>"));
	type("\001x");
	end_with(VM_OFF);
}

static void escape_c_helps_and_reaches_no_guest(void **state)
{
	(void)state;
	boot(guest_that_echoes);
	assert_true(is_up());
	type("\001cq");
	assert_true(see("Ctrl-a x  end the VM"));
	assert_true(see("<71>"));
	assert_null(strstr(seen, "<63>"));
	type("\001x");
	end_with(VM_OFF);
}

static void guest_that_powers_off_gives_the_terminal_back(void **state)
{
	(void)state;
	boot(guest_that_powers_off);
	assert_true(see("ready"));
	end_with(VM_OFF);
}

static void signal_gives_the_terminal_back(void **state)
{
	(void)state;
	boot(guest_that_waits);
	assert_true(is_up());
	assert_int_equal(kill(child, SIGTERM), 0);
	end_with(VM_SIGNALLED);
}

static void our_own_crash_gives_the_terminal_back(void **state)
{
	int status;

	(void)state;
	boot(crash);
	assert_true(see("ready"));
	status = wait_status();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_false(is_raw());
}

static void without_a_terminal_nothing_is_done(void **state)
{
	(void)state;
	stdio_take(-1, -1);
	assert_false(tty_raw());
	tty_restore();
	stdio_give_back();
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(terminal_is_raw_while_the_guest_has_it),
		T(escape_twice_or_a_sends_the_escape_itself),
		T(escape_b_sends_a_break),
		T(escape_c_helps_and_reaches_no_guest),
		T(guest_that_powers_off_gives_the_terminal_back),
		T(signal_gives_the_terminal_back),
		T(our_own_crash_gives_the_terminal_back),
		TEST(without_a_terminal_nothing_is_done),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("tty", tests, NULL, NULL);
}
