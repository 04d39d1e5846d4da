/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/progress.h"
#include "cmd/verdict.h"

static struct verdict v;
static struct progress p;
static char said[16384];

/* To a pipe, or to a terminal of @columns if there are some. */
static int reader;

static int begin(int columns)
{
	FILE *out;
	int fds[2];

	if (columns > 0) {
		struct winsize size = { .ws_col = (unsigned short)columns,
					.ws_row = 24 };

		fds[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		assert_int_equal(grantpt(fds[0]), 0);
		assert_int_equal(unlockpt(fds[0]), 0);
		assert_int_equal(ioctl(fds[0], TIOCSWINSZ, &size), 0);
		fds[1] = open(ptsname(fds[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
	} else {
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	}
	reader = fds[0];
	out = fdopen(fds[1], "w");
	assert_non_null(out);
	progress_init(&p, out);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	v = (struct verdict){
		.kernel = "Image",
		.release = "6.1.0",
		.provider = "steady",
		.nr_cpus = 4,
		.ram_size = 1 << 30,
		.nr_tests = 3,
		.took_ns = 2200000000,
	};
	v.tests[0] = (struct test_result){ .name = "user-space",
					   .what = "user space is reached",
					   .state = TEST_OK,
					   .took_ns = 812000000,
					   .why = "after 0.81 s" };
	v.tests[1] = (struct test_result){ .name = "steal",
					   .what = "steal is right",
					   .state = TEST_RUNNING };
	v.tests[2] = (struct test_result){ .name = "kexec",
					   .what = "kexec works",
					   .state = TEST_SKIPPED,
					   .why = "not built in" };
	return 0;
}

/* Everything that was printed until now; on a terminal its \r\n as \n. */
static const char *hear(void)
{
	size_t n = 0;
	ssize_t got;

	fflush(p.out);
	fcntl(reader, F_SETFL, O_NONBLOCK);
	while ((got = read(reader, said + n, sizeof(said) - 1 - n)) > 0)
		n += (size_t)got;
	said[n] = '\0';
	for (char *c = said; (c = strstr(c, "\r\n"));)
		memmove(c, c + 1, strlen(c));
	return said;
}

static int tear_down(void **state)
{
	(void)state;
	fclose(p.out);
	close(reader);
	return 0;
}

static void a_pipe_gets_plain_aligned_lines(void **state)
{
	(void)state;
	begin(0);
	progress_begin(&p, &v);
	progress_now(&p, "booting", "a line", 100000000);
	progress_test(&p, &v.tests[0]);
	progress_test(&p, &v.tests[2]);
	v.tests[1].state = TEST_BAD;
	strcpy(v.tests[1].why, "twice of what it should be");
	progress_test(&p, &v.tests[1]);
	assert_string_equal(
		hear(),
		"Image (Linux 6.1.0)\n"
		"4 vCPUs, 1024 MiB, stolen time: steady\n\n"
		"ok    user-space     0.8 s  after 0.81 s\n"
		"skip  kexec                 not built in\n"
		"FAIL  steal          0.0 s  twice of what it should be\n");
}

static void a_good_end_is_one_line(void **state)
{
	(void)state;
	begin(0);
	v.tests[1].state = TEST_OK;
	progress_end(&p, &v);
	assert_string_equal(hear(), "\nGOOD: 2 ok, 1 skipped, in 2.20 s\n");
}

static void a_bad_end_tells_why_where_and_the_last_words(void **state)
{
	(void)state;
	begin(0);
	v.class = VERDICT_NO_OUTPUT;
	strcpy(v.why, "not a word");
	v.where = strdup("vCPU 0 here\nvCPU 1 there\n");
	v.tail = strdup("one\n\033[1mtwo\033[0m\r\nthree");
	progress_end(&p, &v);
	verdict_fini(&v);
	assert_string_equal(hear(), "\nWhere it is:\n"
				    "  vCPU 0 here\n"
				    "  vCPU 1 there\n\n"
				    "The console's last lines:\n"
				    "  | one\n"
				    "  | two\n"
				    "  | three\n\n"
				    "NO OUTPUT: not a word (1 ok, 1 failed, 1 "
				    "skipped, in 2.20 s)\n");
}

static void what_a_test_found_needs_no_last_words(void **state)
{
	(void)state;
	begin(0);
	v.class = VERDICT_WRONG_STEAL;
	strcpy(v.why, "steal: twice");
	v.tail = strdup("the console's");
	progress_end(&p, &v);
	verdict_fini(&v);
	assert_string_equal(hear(), "\nWRONG STEAL: steal: twice (1 ok, 1 "
				    "failed, 1 skipped, in 2.20 s)\n");
}

static void nothing_of_the_guest_steers_the_terminal(void **state)
{
	static const char evil[] = "\033[2J\033]0;x\007\233\r\b\016\303\244";

	(void)state;
	begin(0);
	v.kernel = evil;
	strcpy(v.release, evil);
	strcpy(v.why, evil);
	strcpy(v.tests[0].why, evil);
	v.class = VERDICT_HANG;
	v.where = strdup(evil);
	v.tail = strdup(evil);
	progress_begin(&p, &v);
	progress_test(&p, &v.tests[0]);
	progress_end(&p, &v);
	verdict_fini(&v);
	for (const char *c = hear(); *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	assert_non_null(strstr(said, "  | ]0;x.....\n"));
}

static void a_terminal_has_a_line_at_the_bottom_that_is_rewritten(void **state)
{
	(void)state;
	begin(80);
	progress_now(&p, "booting", "smp: up", 1500000000);
	assert_string_equal(hear(), "\033[2m  1.5 s  booting: smp: up\033[0m");
	progress_now(&p, "booting", "", 1600000000);
	assert_string_equal(hear(), "\r\033[K\033[2m  1.6 s  booting\033[0m");
	progress_test(&p, &v.tests[0]);
	assert_true(strncmp(hear(), "\r\033[K", 4) == 0);
	progress_test(&p, &v.tests[0]);
	assert_true(strncmp(hear(), "\r\033[K", 4) != 0);
}

static void the_bottom_line_is_cut_to_the_terminals_width(void **state)
{
	(void)state;
	setenv("NO_COLOR", "1", 1);
	begin(30);
	progress_now(&p, "booting", "\033[1ma line that is much too long",
		     1500000000);
	assert_string_equal(hear(), "  1.5 s  booting: a line that");
	assert_int_equal(strlen(said), 29);
}

static void a_very_long_console_line_is_cut(void **state)
{
	static char line[5000];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	begin(30);
	progress_now(&p, "booting", line, 0);
	assert_true(strlen(hear()) < 50);
	progress_now(&p, line, line, 0);
	assert_true(strlen(hear()) < 50);
}

static void long_reasons_are_folded_on_a_terminal(void **state)
{
	(void)state;
	setenv("NO_COLOR", "1", 1);
	begin(60);
	progress_begin(&p, &v);
	hear();
	strcpy(v.tests[0].why, "host 2.004 s, records 2.003 s, /proc/stat 2.00 "
			       "s, and so all is well");
	progress_test(&p, &v.tests[0]);
	assert_string_equal(
		hear(),
		"ok    user-space     0.8 s  host 2.004 s, records 2.003 s,\n"
		"                            /proc/stat 2.00 s, and so all is\n"
		"                            well\n");
}

static void a_long_word_is_folded_somewhere(void **state)
{
	(void)state;
	setenv("NO_COLOR", "1", 1);
	begin(60);
	progress_begin(&p, &v);
	memset(v.tests[0].why, 'x', sizeof(v.tests[0].why));
	progress_test(&p, &v.tests[0]);
	for (char *line = strtok((char *)(uintptr_t)hear(), "\n"); line;
	     line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 60);
}

static void failures_stand_out_and_skips_do_not(void **state)
{
	(void)state;
	begin(80);
	progress_test(&p, &v.tests[1]);
	assert_true(strncmp(hear(), "\033[1;31mFAIL", 11) == 0);
	progress_test(&p, &v.tests[2]);
	assert_true(strncmp(hear(), "\033[2mskip", 8) == 0);
	/* and nothing stays coloured */
	assert_non_null(strstr(said, "not built in\n\033[0m"));
}

static void no_color_is_obeyed(void **state)
{
	(void)state;
	setenv("NO_COLOR", "1", 1);
	begin(80);
	progress_begin(&p, &v);
	progress_test(&p, &v.tests[1]);
	progress_end(&p, &v);
	assert_null(strchr(hear(), '\033'));
	assert_true(p.live);
}

static void a_dumb_terminal_is_taken_for_a_pipe(void **state)
{
	(void)state;
	setenv("TERM", "dumb", 1);
	begin(80);
	assert_false(p.live);
	progress_now(&p, "booting", "smp: up", 1500000000);
	progress_test(&p, &v.tests[1]);
	assert_null(strchr(hear(), '\033'));
	assert_true(strncmp(said, "FAIL", 4) == 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_pipe_gets_plain_aligned_lines),
		CASE(a_good_end_is_one_line),
		CASE(a_bad_end_tells_why_where_and_the_last_words),
		CASE(what_a_test_found_needs_no_last_words),
		CASE(nothing_of_the_guest_steers_the_terminal),
		CASE(a_terminal_has_a_line_at_the_bottom_that_is_rewritten),
		CASE(the_bottom_line_is_cut_to_the_terminals_width),
		CASE(a_very_long_console_line_is_cut),
		CASE(long_reasons_are_folded_on_a_terminal),
		CASE(a_long_word_is_folded_somewhere),
		CASE(failures_stand_out_and_skips_do_not),
		CASE(no_color_is_obeyed),
		CASE(a_dumb_terminal_is_taken_for_a_pipe),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
