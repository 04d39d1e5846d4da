/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_screen.c - a child has the screen of a terminal of its own, the test is
 * the user before it.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/screen.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/util.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[0m\033[H\033[J\033[?25h\033[?1049l"

static int terminal; /* the user's side of it */
static pid_t child;
static char seen[16384]; /* what came out and was not forgotten */
static struct termios before;

/* -- the child -- */

static void draw(struct screen *s, const char *first, const char *second)
{
	if (screen_begin(s) < 0)
		_exit(90);
	screen_row(s, first);
	screen_row(s, second);
	if (screen_end(s) < 0)
		_exit(91);
}

static int keys_of(struct screen *s)
{
	struct pollfd fd = { .fd = s->keys_fd, .events = POLLIN };
	int keys[8], nr;

	nr = screen_wait(s, &fd, 1, clock_mono_ns() + UINT64_C(20000000000));
	if (nr > 0)
		nr = screen_keys(s, keys, 8);
	for (int i = 0; i < nr; i++)
		if (keys[i] == 'q')
			return -1;
	return nr;
}

/* Shows the size, and how often something happened, until q. */
static int look_on(void)
{
	char size[32], turns[32];
	struct screen s;

	if (screen_open(&s) < 0)
		return 92;
	for (unsigned n = 0;; n++) {
		if (screen_begin(&s) < 0)
			return 93;
		snprintf(size, sizeof(size), "%u x %u", s.columns, s.rows);
		snprintf(turns, sizeof(turns), "turn %u", n);
		draw(&s, size, turns);
		if (keys_of(&s) < 0)
			break;
	}
	screen_close(&s);
	screen_close(&s);
	return 7;
}

static int change_a_row(void)
{
	struct screen s;

	if (screen_open(&s) < 0)
		return 92;
	draw(&s, "one", "two");
	keys_of(&s);
	draw(&s, "one", "other");
	draw(&s, "one", "other");
	draw(&s, "end", "other");
	keys_of(&s);
	screen_close(&s);
	return 7;
}

static int crash(void)
{
	struct screen s;

	signal(SIGABRT, SIG_DFL);
	if (screen_open(&s) < 0)
		return 92;
	draw(&s, "ready", "");
	abort();
}

/* Not a terminal at standard input: keys come from the other side. */
static int look_on_with_an_empty_input(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	close(null);
	return look_on();
}

/* -- a shell with one job -- */

static void in_foreground(pid_t group)
{
	tcsetpgrp(STDIN_FILENO, group);
}

/* Until the job is stopped; or its end, as what the shell returns. */
static void await_stop(pid_t job)
{
	int status;

	if (waitpid(job, &status, WUNTRACED) != job)
		_exit(95);
	in_foreground(getpgrp());
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	if (!WIFSTOPPED(status))
		_exit(96);
	dprintf(STDOUT_FILENO, "stopped by %d\n", WSTOPSIG(status));
}

/* The job is stopped, goes on in the background, then before the user. */
static int shell(void)
{
	char line[8];
	pid_t job;

	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		in_foreground(getpgrp());
		signal(SIGTTOU, SIG_DFL);
		_exit(look_on());
	}
	setpgid(job, job);
	await_stop(job);
	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		return 97;
	kill(job, SIGCONT);
	await_stop(job);
	if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
		return 97;
	in_foreground(job);
	kill(job, SIGCONT);
	await_stop(job);
	return 98;
}

/* -- the user -- */

static void boot(int (*fn)(void))
{
	struct winsize size = { .ws_col = 40, .ws_row = 3 };

	fflush(stdout);
	child = forkpty(&terminal, NULL, NULL, &size);
	assert_true(child >= 0);
	if (child == 0) {
		char go;

		/* Not before the user has seen how it was. */
		if (read(STDIN_FILENO, &go, 1) != 1)
			_exit(94);
		_exit(fn());
	}
	assert_int_equal(tcgetattr(terminal, &before), 0);
	assert_int_equal(write(terminal, "\n", 1), 1);
}

/* Until @text has come out; false: it did not. */
static bool see(const char *text)
{
	return see_text(terminal, seen, sizeof(seen), text);
}

static void forget(void)
{
	seen[0] = '\0';
}

static void type(const char *keys)
{
	assert_int_equal(write(terminal, keys, strlen(keys)), strlen(keys));
}

static void is_as_it_was(void)
{
	struct termios now;

	assert_int_equal(tcgetattr(terminal, &now), 0);
	assert_int_equal(now.c_iflag, before.c_iflag);
	assert_int_equal(now.c_oflag, before.c_oflag);
	assert_int_equal(now.c_lflag, before.c_lflag);
	assert_int_equal(now.c_cflag, before.c_cflag);
	assert_memory_equal(now.c_cc, before.c_cc, sizeof(now.c_cc));
}

/* The child's end, or stop; it may not have to wait for us to read. */
static int wait_status(void)
{
	struct pollfd p = { .fd = terminal, .events = POLLIN };
	char rest[256];
	int status;

	while (waitpid(child, &status, WNOHANG | WUNTRACED) != child)
		if (poll(&p, 1, 1) == 1 &&
		    read(terminal, rest, sizeof(rest)) <= 0)
			usleep(1000);
	return status;
}

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	terminal = -1;
	child = -1;
	forget();
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

static void a_screen_is_taken_and_given_back(void **state)
{
	struct termios now;
	int status;

	(void)state;
	boot(look_on);
	assert_true(see("turn 0"));
	assert_non_null(strstr(seen, ENTER "\033[1;1H40 x 3\033[K"
					   "\033[2;1Hturn 0\033[K"
					   "\033[3;1H\033[K"));
	assert_int_equal(tcgetattr(terminal, &now), 0);
	assert_int_equal(now.c_lflag & (ICANON | ECHO), 0);
	assert_true(now.c_lflag & ISIG);
	type("q");
	assert_true(see(LEAVE));
	status = wait_status();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	is_as_it_was();
}

static void only_what_changed_is_written(void **state)
{
	(void)state;
	boot(change_a_row);
	assert_true(see("two\033[K\033[3;1H\033[K"));
	forget();
	type("x");
	assert_true(see("end"));
	assert_string_equal(seen, "\033[2;1Hother\033[K\033[1;1Hend\033[K");
}

static void another_size_is_another_picture(void **state)
{
	struct winsize size = { .ws_col = 20, .ws_row = 2 };

	(void)state;
	boot(look_on);
	assert_true(see("turn 0"));
	forget();
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
	assert_true(see("turn 1"));
	assert_non_null(strstr(seen, "\033[1;1H20 x 2\033[K"));
	assert_null(strstr(seen, "\033[3;1H"));
	/* One that does not tell its size is taken for a common one. */
	size = (struct winsize){ 0 };
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
	assert_true(see("80 x 24"));
}

static void signals_that_end_us_give_it_back(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		int status;

		set_up(NULL);
		boot(look_on);
		assert_true(see("turn 0"));
		kill(child, signals[i]);
		assert_true(see(LEAVE));
		status = wait_status();
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		is_as_it_was();
		tear_down(NULL);
	}
	terminal = child = -1;
}

static void ctrl_c_gives_it_back(void **state)
{
	int status;

	(void)state;
	boot(look_on);
	assert_true(see("turn 0"));
	type("\003");
	assert_true(see(LEAVE));
	status = wait_status();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
	is_as_it_was();
}

static void our_own_crash_gives_it_back(void **state)
{
	int status;

	(void)state;
	boot(crash);
	assert_true(see(LEAVE));
	status = wait_status();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	is_as_it_was();
}

static void ctrl_s_halts_nothing(void **state)
{
	(void)state;
	boot(look_on);
	assert_true(see("turn 0"));
	type("\023");
	assert_true(see("turn 1"));
	kill(child, SIGTERM);
	assert_true(see(LEAVE));
	assert_true(WIFSIGNALED(wait_status()));
	is_as_it_was();
}

static void
ctrl_z_gives_it_back_until_we_are_before_the_user_again(void **state)
{
	char words[32];

	(void)state;
	boot(shell);
	assert_true(see("turn 0"));
	type("\032");
	snprintf(words, sizeof(words), "stopped by %d\r\n", SIGTSTP);
	assert_true(see(LEAVE));
	assert_true(see(words));
	is_as_it_was();
	/* In the background it stops before it does anything. */
	forget();
	type("bg\n");
	snprintf(words, sizeof(words), "bg\r\nstopped by %d\r\n", SIGTTOU);
	assert_true(see(words));
	assert_string_equal(seen, words);
	is_as_it_was();
	type("fg\n");
	assert_true(see(ENTER));
	assert_true(see("\033[1;1H40 x 3\033[K"));
	type("q");
	assert_true(see(LEAVE));
	assert_int_equal(WEXITSTATUS(wait_status()), 7);
	is_as_it_was();
}

static void where_nobody_could_have_us_go_on_ctrl_z_stops_nothing(void **state)
{
	(void)state;
	boot(look_on);
	assert_true(see("turn 0"));
	forget();
	type("\032");
	assert_true(see(LEAVE ENTER));
	assert_true(see("\033[1;1H40 x 3\033[K"));
	type("q");
	assert_int_equal(WEXITSTATUS(wait_status()), 7);
	is_as_it_was();
}

static void stopped_without_notice_it_goes_on_where_it_was(void **state)
{
	(void)state;
	boot(look_on);
	assert_true(see("turn 0"));
	kill(child, SIGSTOP);
	assert_true(WIFSTOPPED(wait_status()));
	/* Meanwhile somebody else had the terminal. */
	tcsetattr(terminal, TCSANOW, &before);
	forget();
	kill(child, SIGCONT);
	assert_true(see("\033[1;1H40 x 3\033[K"));
	assert_null(strstr(seen, ENTER)); /* it is there still */
	type("q");
	assert_true(see(LEAVE));
	assert_int_equal(WEXITSTATUS(wait_status()), 7);
	is_as_it_was();
}

static void keys_come_from_the_terminal_if_the_input_is_none(void **state)
{
	(void)state;
	boot(look_on_with_an_empty_input);
	assert_true(see("turn 0"));
	type("q");
	assert_true(see(LEAVE));
	assert_int_equal(WEXITSTATUS(wait_status()), 7);
	is_as_it_was();
}

static void without_a_terminal_there_is_no_screen(void **state)
{
	struct screen s = { 0 };

	(void)state;
	stdio_take(-1, -1);
	assert_false(screen_possible());
	assert_int_equal(screen_open(&s), -ENOTTY);
	screen_close(&s);
	stdio_give_back();
	assert_words("terminal: Inappropriate ioctl for device");
}

/* What the keys of @bytes are, as text. */
static void keys_are(const char *bytes, const char *want)
{
	struct keys k = { 0 };
	char is[256] = "";

	for (; *bytes; bytes++) {
		int key = keys_feed(&k, (unsigned char)*bytes);
		size_t len = strlen(is);

		if (key >= KEY_UP)
			snprintf(is + len, sizeof(is) - len, "<%d>",
				 key - KEY_UP);
		else if (key != KEY_NONE)
			snprintf(is + len, sizeof(is) - len, "%c", key);
	}
	assert_string_equal(is, want);
}

static void keys_are_told_by_their_sequences(void **state)
{
	(void)state;
	keys_are("q?+", "q?+");
	keys_are("\033[A\033[B\033OA\033OB", "<0><1><0><1>");
	keys_are("\033[5~\033[6~", "<2><3>");
	keys_are("\033[H\033[1~\033[7~\033OH", "<4><4><4><4>");
	keys_are("\033[F\033[4~\033[8~\033OF", "<5><5><5><5>");
	/* with modifiers */
	keys_are("\033[1;5A\033[5;2~", "<0><2>");
}

static void what_is_no_key_of_ours_is_passed_over(void **state)
{
	(void)state;
	keys_are("\033[2~\033[15~\033[99999999999~\033[C\033OPx", "x");
	keys_are("\033[<0;1;2Mx", "x");
	keys_are("\xc3\xa4x", "x");
	/* cut short, and begun anew */
	keys_are("\033[5\033[Aq", "<0>q");
	keys_are("\033\033[A", "<0>");
	keys_are("\033qx", "qx");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_screen_is_taken_and_given_back),
		CASE(only_what_changed_is_written),
		CASE(another_size_is_another_picture),
		CASE(signals_that_end_us_give_it_back),
		CASE(ctrl_c_gives_it_back),
		CASE(our_own_crash_gives_it_back),
		CASE(ctrl_s_halts_nothing),
		CASE(ctrl_z_gives_it_back_until_we_are_before_the_user_again),
		CASE(where_nobody_could_have_us_go_on_ctrl_z_stops_nothing),
		CASE(stopped_without_notice_it_goes_on_where_it_was),
		CASE(keys_come_from_the_terminal_if_the_input_is_none),
		TEST(without_a_terminal_there_is_no_screen),
		TEST(keys_are_told_by_their_sequences),
		TEST(what_is_no_key_of_ours_is_passed_over),
	};

	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
