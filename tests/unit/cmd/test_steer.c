/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "ctl/client.h"
#include "ctl/path.h"
#include "ctl/server.h"
#include "fake_kvm.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

#define MS UINT64_C(1000000)

static char runtime_dir[] = "/tmp/test_steer.XXXXXX";
static char names[2][32]; /* of guests */
static pid_t guests[2];
static char printed[8192];

/* -- guests, each in a process of its own -- */

/* @stubborn: it goes on when it was stopped. */
static void be_guest(const char *name, bool stubborn, int ready)
{
	const struct vm_config config = { .nr_cpus = 4,
					  .ram_size = 64 * MIB,
					  .pvtime = "auto" };
	const struct ctl_setup setup = { .name = name };
	struct ctl_server *server;
	struct vm *vm;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(60);
	if (vm_new(&config, &vm) < 0 ||
	    ctl_server_new(vm, &setup, &server) < 0 ||
	    write(ready, "x", 1) != 1)
		_exit(1);
	while (stubborn || vm->end == VM_NONE)
		loop_turn(vm_loop(vm), 0);
	ctl_server_free(server);
	_exit(0);
}

static void start_guest(unsigned i, bool stubborn)
{
	int ready[2];
	char x;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	guests[i] = fork();
	assert_true(guests[i] >= 0);
	if (guests[i] == 0)
		be_guest(names[i], stubborn, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &x, 1), 1);
	close(ready[0]);
}

/* Has guest @i ended? */
static bool ended(unsigned i)
{
	int status;

	if (waitpid(guests[i], &status, 0) != guests[i])
		return false;
	guests[i] = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int set_up(void **state)
{
	(void)state;
	alarm(60); /* whatever hangs */
	log_set_level(LOG_ERROR);
	fake_kvm_reset();
	start_guest(0, false);
	start_guest(1, false);
	return 0;
}

static int tear_down(void **state)
{
	struct sockaddr_un addr;

	(void)state;
	stdio_give_back();
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		if (guests[i] > 0) {
			kill(guests[i], SIGKILL);
			waitpid(guests[i], NULL, 0);
			guests[i] = 0;
		}
		ctl_path(names[i], false, &addr);
		unlink(addr.sun_path);
	}
	return 0;
}

/* -- commands -- */

/* What is written to standard output and error comes to be in @printed. */
static int run(int (*command)(int, char **), ...)
{
	int argc = 1, fd, status, error = dup(STDERR_FILENO);
	char *argv[10] = { (char *)"x" };
	va_list ap;

	va_start(ap, command);
	do
		argv[argc] = va_arg(ap, char *);
	while (argv[argc] && argc++ < 8);
	va_end(ap);
	fd = memfd_create("output", MFD_CLOEXEC);
	assert_true(fd >= 0 && error >= 0);
	err_adopt("");
	fflush(stdout);
	stdio_take(-1, dup(fd));
	dup2(fd, STDERR_FILENO);
	status = command(argc, argv);
	fflush(stdout);
	dup2(error, STDERR_FILENO);
	close(error);
	stdio_give_back();
	memset(printed, 0, sizeof(printed));
	assert_true(pread(fd, printed, sizeof(printed) - 1, 0) >= 0);
	close(fd);
	return status;
}

#define RUN(...) run(__VA_ARGS__, (char *)NULL)

/* It succeeds, and has nothing to say. */
#define assert_silent(...)                                     \
	do {                                                   \
		assert_int_equal(RUN(__VA_ARGS__), EXIT_GOOD); \
		assert_string_equal(printed, "");              \
	} while (0)

/* Guest @i's "stat" has @what. */
static void assert_stat(unsigned i, const char *what)
{
	struct ctl_client c;
	const char *line;

	assert_int_equal(ctl_ask(&c, names[i], "stat", &line), 0);
	if (!strstr(line, what))
		assert_string_equal(line, what);
	ctl_client_close(&c);
}

static void every_command_has_help(void **state)
{
	int (*const commands[])(int, char **) = { pause_main, resume_main,
						  reset_main, stop_main,
						  steal_main, balloon_main };
	static const char *const words[] = { "pause [",	   "resume NAME",
					     "reset NAME", "stop [",
					     "steal NAME", "balloon NAME" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		char usage[64];

		assert_int_equal(RUN(commands[i], "--help"), EXIT_GOOD);
		snprintf(usage, sizeof(usage), "usage: pvtime-vmm %s",
			 words[i]);
		assert_memory_equal(printed, usage, strlen(usage));
		for (char *line = strtok(printed, "\n"); line;
		     line = strtok(NULL, "\n"))
			assert_true(strlen(line) <= 80);
	}
}

static void misuse_is_told_before_anybody_is_asked(void **state)
{
	char *name = names[0];

	(void)state;
	assert_int_equal(RUN(pause_main), EXIT_USAGE);
	assert_has_words("which guest?");
	assert_int_equal(RUN(stop_main, "--now"), EXIT_USAGE);
	assert_int_equal(RUN(stop_main, name, "../x"), EXIT_USAGE);
	assert_has_words("'../x' is no name");
	assert_int_equal(RUN(pause_main, "--on-pause", "fast", name),
			 EXIT_USAGE);
	assert_words("--on-pause: 'fast' is not one of freeze, steal");
	assert_int_equal(RUN(reset_main, "--now", name), EXIT_USAGE);
	assert_int_equal(RUN(steal_main, name), EXIT_USAGE);
	assert_words("steal: say NAME and a share, as in 'steal web 25%'");
	assert_int_equal(RUN(steal_main, name, "25%", "30%"), EXIT_USAGE);
	assert_int_equal(RUN(steal_main, "25%", name), EXIT_USAGE);
	assert_int_equal(RUN(steal_main, name, "100%"), EXIT_USAGE);
	assert_words("steal: 100% is above 99%");
	assert_int_equal(RUN(steal_main, name, "1%", "--cpu", "0 for 9"),
			 EXIT_USAGE);
	assert_has_words("--cpu: '0 for 9' is no list of CPUs");
	assert_int_equal(RUN(steal_main, name, "1%", "--for", "soon"),
			 EXIT_USAGE);
	assert_int_equal(RUN(balloon_main, name), EXIT_USAGE);
	assert_words("balloon: say NAME and a size, as in 'balloon web 512M'");
	assert_int_equal(RUN(balloon_main, name, "1", "2"), EXIT_USAGE);
	assert_int_equal(RUN(balloon_main, name, "much"), EXIT_USAGE);
	assert_int_equal(RUN(balloon_main, "../x", "1"), EXIT_USAGE);
	assert_stat(0, "\"state\":\"running\"");
}

static void pause_and_resume_are_of_all_that_are_named(void **state)
{
	(void)state;
	assert_silent(pause_main, names[0], names[1]);
	assert_stat(0, "\"state\":\"paused\"");
	assert_stat(1, "\"state\":\"paused\"");
	assert_silent(resume_main, names[0]);
	assert_stat(0, "\"state\":\"running\"");
	assert_stat(1, "\"state\":\"paused\"");
	assert_silent(reset_main, names[1]);
	assert_stat(1, "\"state\":\"paused\"");
	assert_silent(resume_main, names[1]);
	assert_silent(pause_main, "--on-pause", "steal", names[1]);
}

static void one_that_cannot_does_not_keep_others_from_it(void **state)
{
	(void)state;
	assert_silent(pause_main, names[1]);
	assert_int_equal(
		RUN(pause_main, "nobody", names[1], names[0], "no-one"),
		EXIT_ERROR);
	assert_stat(0, "\"state\":\"paused\"");
	/* The last one's words are for main() to print. */
	assert_has_words("'no-one': no guest of that name runs");
	assert_null(strstr(printed, "no-one"));
	assert_non_null(
		strstr(printed, "error: 'nobody': no guest of that name runs"));
	assert_non_null(strstr(printed, "': pause: the guest is paused "
					"already\n"));
}

static void steal_takes_what_it_is_told(void **state)
{
	(void)state;
	assert_silent(steal_main, names[0], "12.5%");
	assert_stat(0, "\"steal_permille\":125");
	assert_silent(steal_main, "--cpu=3", names[0], "25");
	assert_stat(0, "\"steal_permille\":0");
	assert_stat(0, "\"steal_permille\":250");
	assert_silent(steal_main, names[0], "0");
	assert_silent(steal_main, names[0], "50%", "--for", "1000", "--cpu",
		      "0,1-3");
	assert_stat(0, "\"steal_permille\":500");
	assert_int_equal(RUN(steal_main, names[0], "1%", "--cpu", "2-4"),
			 EXIT_ERROR);
	assert_has_words("': steal: cpu: '2-4': the last one is 3");
	assert_stat(0, "\"steal_permille\":500");
}

/* -- stop -- */

static void stop_returns_when_all_have_ended(void **state)
{
	(void)state;
	assert_silent(stop_main, names[0], names[1]);
	assert_true(ended(0));
	assert_true(ended(1));
	assert_int_equal(RUN(stop_main, names[0]), EXIT_ERROR);
	assert_has_words("no guest of that name runs");
}

static void stop_now_is_one_too(void **state)
{
	(void)state;
	assert_silent(stop_main, "--now", "--timeout", "50", names[0]);
	assert_true(ended(0));
}

/* Guest 1 does not end by being asked. */
static void start_stubborn(void)
{
	assert_silent(stop_main, names[1]);
	assert_true(ended(1));
	start_guest(1, true);
}

static void stop_gives_up_waiting_when_its_time_is_over(void **state)
{
	uint64_t began = clock_mono_ns();
	char expected[80];

	(void)state;
	start_stubborn();
	assert_int_equal(RUN(stop_main, "--timeout", "0.1", names[1], names[0]),
			 EXIT_TIMEOUT);
	snprintf(expected, sizeof(expected), "'%s': still runs after 0.1 s",
		 names[1]);
	assert_words(expected);
	assert_true(clock_mono_ns() - began >= 100 * MS);
	assert_true(ended(0));
	/* What is worse than that is the status. */
	assert_int_equal(RUN(stop_main, "--timeout", "0.1", names[1], names[0]),
			 EXIT_ERROR);
}

static void killed_one_has_ended(void **state)
{
	pid_t killer;

	(void)state;
	start_stubborn();
	killer = fork();
	if (killer == 0) {
		usleep(50000);
		kill(guests[1], SIGKILL);
		_exit(0);
	}
	assert_silent(stop_main, names[1]);
	assert_false(ended(1)); /* not by itself */
	waitpid(killer, NULL, 0);
}

/* Many others come, until we have no place any more; then it is killed. */
static void stop_waits_on_when_it_has_to_make_room_for_others(void **state)
{
	struct ctl_client crowd[3 * CTL_CLIENTS];
	uint64_t began = clock_mono_ns();
	pid_t other;

	(void)state;
	start_stubborn();
	other = fork();
	if (other == 0) {
		usleep(50000);
		for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
			if (ctl_client_open(&crowd[i], names[1]) < 0)
				_exit(1);
		usleep(100000);
		kill(guests[1], SIGKILL);
		_exit(0);
	}
	assert_silent(stop_main, names[1]);
	assert_true(clock_mono_ns() - began >= 150 * MS);
	assert_false(ended(1));
	waitpid(other, NULL, 0);
}

static int home(void **state)
{
	struct sockaddr_un addr;

	(void)state;
	assert_non_null(mkdtemp(runtime_dir));
	setenv("XDG_RUNTIME_DIR", runtime_dir, 1);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		snprintf(names[i], sizeof(names[i]), "unit-test-%d-%u",
			 (int)getpid(), i);
	return ctl_path(names[0], true, &addr);
}

static int gone(void **state)
{
	char dir[64];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/pvtime-vmm", runtime_dir);
	rmdir(dir);
	return rmdir(runtime_dir);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_command_has_help),
		T(misuse_is_told_before_anybody_is_asked),
		T(pause_and_resume_are_of_all_that_are_named),
		T(one_that_cannot_does_not_keep_others_from_it),
		T(steal_takes_what_it_is_told),
		T(stop_returns_when_all_have_ended),
		T(stop_now_is_one_too),
		T(stop_gives_up_waiting_when_its_time_is_over),
		T(killed_one_has_ended),
		T(stop_waits_on_when_it_has_to_make_room_for_others),
	};

	return cmocka_run_group_tests_name("steer", tests, home, gone);
}
