/* SPDX-License-Identifier: BSD-2-Clause */
/* test_test.c - the command as a whole: words in, status, verdict and files out. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

enum { ARGS_MAX = 40 };

static char dir[] = "/tmp/test_test.XXXXXX";
static char text[1 << 18]; /* of a file, or of what is printed */

static const char *path_of(const char *name)
{
	static char paths[4][64];
	static unsigned n;
	char *path = paths[n++ % 4];

	snprintf(path, 64, "%s/%s", dir, name);
	return path;
}

static void read_text(int fd)
{
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
}

static void read_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	read_text(fd);
	close(fd);
}

#define assert_text(words) check_text(words, __LINE__)

static void check_text(const char *words, int line)
{
	if (!strstr(text, words))
		fail_msg("line %d: no '%s' in: %s", line, words, text);
}

/* The command with @args, then of the machine; its status. */
static int run(const char *const args[], const char *kernel)
{
	char *argv[ARGS_MAX] = { (char *)"test", (char *)"-m", (char *)"64" };
	int out = memfd_create("out", MFD_CLOEXEC), status, argc = 3;

	for (; args && *args; args++)
		argv[argc++] = (char *)*args;
	if (kernel)
		argv[argc++] = (char *)kernel;
	guest.inits = 0; /* it is another machine */
	fake_kvm_program(0, guest_program);
	stdio_take(-1, fcntl(out, F_DUPFD_CLOEXEC, 0));
	status = test_main(argc, argv);
	fflush(stdout);
	stdio_give_back();
	read_text(out);
	close(out);
	return status;
}

#define RUN(...) \
	run((const char *const[]){ __VA_ARGS__, NULL }, rig.kernel_path)

static void good_kernel_is_status_0_and_its_tests_are_listed(void **state)
{
	(void)state;
	assert_int_equal(RUN("--tests", "cpus,log"), 0);
	assert_text("2 vCPUs, 64 MiB, stolen time: steady\n");
	assert_text("ok    boot");
	assert_text("Linux 6.12.0-test in user space");
	assert_text("ok    cpus");
	assert_text("GOOD: 3 ok");
	assert_string_equal(err_text(), "");
	assert_int_equal(guest.nr_boots, 1);
}

static void words_for_the_machine_are_those_of_run(void **state)
{
	(void)state;
	rig.config.nr_cpus = 3;
	assert_int_equal(RUN("--tests", "cpus", "-c", "3", "-p", "quiet=me",
			     "--pvtime", "off"),
			 0);
	assert_text("3 vCPUs, 64 MiB, stolen time: off\n");
	assert_text("3 online: 0-2");
}

static bool sees_params;

static void looks_at_params(void)
{
	sees_params = guest_was_told("quiet=me rdinit=/pvtime-init");
	guest_boots();
}

static void users_parameters_come_first(void **state)
{
	(void)state;
	guest.boots = looks_at_params;
	assert_int_equal(RUN("--tests", "boot", "-p", "quiet=me"), 0);
	assert_true(sees_params);
}

static unsigned nr_inits, nr_kernels;

static unsigned count_in_ram(const char *word)
{
	const uint8_t *at = fake_kvm.slots[SLOT_RAM].host, *end = at + 64 * MIB;
	unsigned n = 0;

	while ((at = memmem(at, (size_t)(end - at), word, strlen(word) + 1))) {
		at++;
		n++;
	}
	return n;
}

static void looks_at_initrd(void)
{
	nr_inits = count_in_ram("pvtime-init");
	nr_kernels = count_in_ram("pvtime-kernel");
	guest_boots();
}

static void
init_is_in_the_initrd_and_the_kernel_where_it_is_needed(void **state)
{
	(void)state;
	guest.boots = looks_at_initrd;
	assert_int_equal(RUN("--tests", "boot"), 0);
	assert_true(nr_inits >= 1);
	assert_int_equal(nr_kernels, 0);
	assert_int_equal(RUN("--tests", "kexec"), 0);
	assert_int_equal(nr_kernels, 1);
}

static bool fails_commands(unsigned nr, const char *words)
{
	if (strcmp(words, "exec false") == 0)
		say("%u ok exit 3 what it said last\n", nr);
	else if (strcmp(words, "exec crash") == 0)
		say("%u ok signal 11\n", nr);
	else if (strcmp(words, "exec odd") == 0)
		say("%u ok %%n 99999999999999999999\n", nr);
	else
		return false;
	return true;
}

static void command_that_fails_is_status_6_with_its_last_line(void **state)
{
	(void)state;
	guest.asked = fails_commands;
	assert_int_equal(RUN("--tests", "boot", "--exec", "true", "--exec",
			     "false", "--exec", "crash"),
			 6);
	assert_text("COMMAND: command-2: 'false': exit status 3: what it said "
		    "last");
	assert_text("COMMAND: ");
	assert_text("ended by signal 11");
	assert_text("exit status 0: done");
	assert_text("2 ok, 2 failed");
}

static void answer_that_makes_no_sense_is_a_failure(void **state)
{
	(void)state;
	guest.asked = fails_commands;
	assert_int_equal(RUN("--tests", "boot", "--exec", "odd"), 6);
}

static void panics(void)
{
	print("line one\nKernel panic - not syncing: x\nat last");
	guest_hang();
}

static void panic_is_status_3_with_the_consoles_last_lines(void **state)
{
	(void)state;
	guest.boots = panics;
	assert_int_equal(RUN("--tests", "boot"), 3);
	assert_text("PANIC: Kernel panic - not syncing: x");
	assert_text("  | line one\n  | Kernel panic - not syncing: x\n"
		    "  | at last\n");
}

static void files_are_written_whatever_the_verdict(void **state)
{
	struct stat st;

	(void)state;
	guest.boots = panics;
	assert_int_equal(RUN("--tests", "log", "--tap", path_of("tap"),
			     "--junit", path_of("junit"), "--report",
			     path_of("html"), "--log", path_of("log")),
			 3);
	read_path(path_of("tap"));
	assert_text("TAP version 14\n");
	read_path(path_of("junit"));
	assert_text("<testsuite");
	read_path(path_of("html"));
	assert_text("<!DOCTYPE html>");
	read_path(path_of("log"));
	assert_string_equal(text,
			    "line one\nKernel panic - not syncing: x\nat last");
	assert_int_equal(stat(path_of("tap"), &st), 0);
}

static void tap_on_standard_output_is_alone_there(void **state)
{
	(void)state;
	assert_int_equal(RUN("--tests", "cpus", "--tap", "-"), 0);
	assert_memory_equal(text, "TAP version 14\n", 15);
	assert_null(strstr(text, "GOOD"));
}

static void file_that_cannot_be_written_is_told_before_the_test(void **state)
{
	static const char *const options[] = { "--tap", "--junit", "--report",
					       "--log" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		assert_int_equal(RUN(options[i], "/nowhere/file"), 1);
		assert_has_words(options[i]);
		assert_has_words("'/nowhere/file': No such file or directory");
		assert_int_equal(RUN(options[i], dir), 1);
		assert_has_words("Is a directory");
	}
	assert_int_equal(guest.nr_boots, 0);
}

static void kernel_that_is_none_does_not_start(void **state)
{
	char path[32];
	int fd;

	(void)state;
	rig.kernel[56] = 0; /* the magic number: a flat program it is not */
	fd = scratch_file("\x1f\x8b junk", 7, path);
	assert_int_equal(run(NULL, path), 1);
	assert_text("NOT STARTED: ");
	close(fd);
	assert_int_equal(run(NULL, "/nowhere/Image"), 1);
	assert_text("'/nowhere/Image': No such file or directory");
	assert_int_equal(guest.nr_boots, 0);
}

static void required_stolen_time_that_is_missing_is_status_5(void **state)
{
	(void)state;
	fake_kvm.pvtime = fake_kvm.filter = false;
	assert_int_equal(RUN("--pvtime", "on"), 5);
	assert_text("NO PVTIME: ");
	assert_int_equal(guest.nr_boots, 0);
}

static void every_failure_to_make_a_machine_has_words(void **state)
{
	(void)state;
	for (unsigned n = 1; guest.nr_boots == 0; n += 5) {
		int status;

		fake_kvm_reset();
		err_say(1, "%s", "");
		fault_arm(n, EIO);
		status = RUN("--tests", "boot", "--timeout", "1");
		fault_arm(0, 0);
		if (guest.nr_boots > 0)
			continue;
		assert_int_equal(status, 1);
		if (!*err_text())
			assert_text("NOT STARTED: ");
	}
}

/* -- wrong words -- */

static void check_usage(const char *option, const char *arg, const char *words)
{
	assert_int_equal(RUN(option, arg), 2);
	assert_has_words(words);
	assert_int_equal(guest.nr_boots, 0);
}

static void wrong_words_are_told_before_anything_is_done(void **state)
{
	static char long_path[1100], long_command[1100];

	(void)state;
	memset(long_path, '/', sizeof(long_path) - 1);
	memset(long_command, 'x', sizeof(long_command) - 1);
	check_usage("--tests", "steal,x", "'x': no such test");
	check_usage("--exec", "", "an empty command");
	check_usage("--exec", "a\nb", "character 0x0a");
	check_usage("--exec", "gr\xc3\xbc\xc3\x9f", "character 0xc3");
	check_usage("--exec", long_command, "put it into a script");
	check_usage("--init", "sbin/init", "give its whole path");
	check_usage("--hang", "soon", "soon");
	check_usage("--hang", "-1", "-1");
	check_usage("--no-such", "x", "no-such");
}

static void path_that_cannot_be_asked_for_is_told_then_too(void **state)
{
	static char long_path[1100];

	(void)state;
	memset(long_path, '/', sizeof(long_path) - 1);
	check_usage("--init", "/gr\xc3\xbc\xc3\x9f", "character 0xc3");
	check_usage("--init", long_path, "");
}

static void commands_have_an_end(void **state)
{
	const char *args[2 * JUDGE_COMMANDS_MAX + 3];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i <= JUDGE_COMMANDS_MAX; i++) {
		args[n++] = "--exec";
		args[n++] = "true";
	}
	args[n] = NULL;
	assert_int_equal(run(args, rig.kernel_path), 2);
	assert_has_words("more than 16 commands");
}

static void parameters_have_an_end(void **state)
{
	static char params[2031];

	(void)state;
	memset(params, 'p', sizeof(params) - 1);
	assert_int_equal(RUN("-p", params), 1);
	assert_has_words("2030 characters leave no room");
}

static void help_lists_options_and_tests(void **state)
{
	(void)state;
	assert_int_equal(RUN("--help"), 0);
	assert_text("usage: pvtime-vmm test");
	assert_text("--tests LIST");
	assert_text("--cpus N");
	for (size_t i = 0; i < tests_table_size; i++)
		assert_text(tests_table[i].name);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "tap", "junit", "html", "log" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlink(path_of(names[i]));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(good_kernel_is_status_0_and_its_tests_are_listed),
		RIG_TEST(words_for_the_machine_are_those_of_run),
		RIG_TEST(users_parameters_come_first),
		RIG_TEST(
			init_is_in_the_initrd_and_the_kernel_where_it_is_needed),
		RIG_TEST(command_that_fails_is_status_6_with_its_last_line),
		RIG_TEST(answer_that_makes_no_sense_is_a_failure),
		RIG_TEST(panic_is_status_3_with_the_consoles_last_lines),
		RIG_TEST(files_are_written_whatever_the_verdict),
		RIG_TEST(tap_on_standard_output_is_alone_there),
		RIG_TEST(file_that_cannot_be_written_is_told_before_the_test),
		RIG_TEST(kernel_that_is_none_does_not_start),
		RIG_TEST(required_stolen_time_that_is_missing_is_status_5),
		RIG_TEST(every_failure_to_make_a_machine_has_words),
		RIG_TEST(wrong_words_are_told_before_anything_is_done),
		RIG_TEST(path_that_cannot_be_asked_for_is_told_then_too),
		RIG_TEST(commands_have_an_end),
		RIG_TEST(parameters_have_an_end),
		RIG_TEST(help_lists_options_and_tests),
	};

	return cmocka_run_group_tests_name("test", tests, make_dir, remove_dir);
}
