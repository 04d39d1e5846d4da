/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_top.c - the command as a user sees it.  A process plays a guest's VMM,
 * in a folder of its own: root's, /run, is everybody's.
 */
#include "check.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "ctl/path.h"
#include "guests.h"
#include "util/err.h"
#include "util/util.h"

enum { NOBODY = 65534 };

static char runtime_dir[] = "/tmp/test_top.XXXXXX";
static struct sockaddr_un addr;
static pid_t vmm;
static int terminal;
static char seen[65536];

/* -- the VMM -- */

static void answer(int fd)
{
	static unsigned uptime_s = 100;
	FILE *out = fdopen(dup(fd), "w");
	struct ctl_stat s;

	uptime_s++;
	s = idle_guest(4711, 2, uptime_s);
	busy_vcpu(&s, 1, uptime_s, 75, 25, 0);
	strcpy(s.name, "web");
	if (out) {
		ctl_stat_write(out, &s);
		fputc('\n', out);
		fclose(out);
	}
	ctl_stat_fini(&s);
}

static void serve(int door)
{
	char words[64];

	for (;;) {
		int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);

		while (fd >= 0 && recv(fd, words, sizeof(words), 0) > 0)
			answer(fd);
		close(fd);
	}
}

static int start_vmm(void **state)
{
	int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (ctl_path("web", true, &addr) < 0 ||
	    bind(door, (void *)&addr, sizeof(addr)) < 0 || listen(door, 5) < 0)
		return -1;
	fflush(stdout);
	vmm = fork();
	if (vmm == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(door);
	}
	close(door);
	return vmm < 0 ? -1 : 0;
}

static int stop_vmm(void **state)
{
	(void)state;
	kill(vmm, SIGKILL);
	waitpid(vmm, NULL, 0);
	return unlink(addr.sun_path);
}

/* -- as text -- */

/* Its exit status; what it printed is in seen. */
static int top_once(const char *const *words)
{
	int argc = 1, status, out = scratch_file("", 0, (char[32]){ 0 });
	char *argv[10] = { (char *)"top" };
	ssize_t n;

	while (*words)
		argv[argc++] = (char *)(uintptr_t)*words++;
	assert_true(out >= 0);
	stdio_take(-1, dup(out));
	status = top_main(argc, argv);
	fflush(stdout); /* as main() does */
	stdio_give_back();
	n = pread(out, seen, sizeof(seen) - 1, 0);
	assert_true(n >= 0);
	seen[n] = '\0';
	close(out);
	return status;
}

/* Where the machine is too busy for an answer within top's patience, again. */
static int top(const char *const *words)
{
	int status = top_once(words);

	for (int i = 0; i < 4 && strstr(seen, "no answer"); i++)
		status = top_once(words);
	return status;
}

#define TOP(...) top((const char *const[]){ __VA_ARGS__, NULL })

static void into_a_file_it_prints_samples(void **state)
{
	char *second;

	(void)state;
	assert_int_equal(TOP("--count", "2", "-i", "0.1", "web"), EXIT_GOOD);
	second = strstr(seen, "\n\n");
	assert_non_null(second);
	assert_null(strstr(second + 2, "\n\n"));
	assert_memory_equal(seen, "1 guest, 2 vCPUs, ", 18);
	assert_memory_equal(second + 2, "1 guest, 2 vCPUs, ", 18);
	assert_string_equal(
		strchr(second + 2, '\n'),
		"\nGUEST          PID STATE     CPUS   MEM     UP   RUN% STOLEN%\n"
		"web           4711 running      2    1G  1m42s   75.0    25.0\n"
		"  vCPU 0    idle 100.0%  held   0.0%              0.0     0.0\n"
		"  vCPU 1    idle   0.0%  held   0.0%             75.0    25.0\n");
}

static void without_a_name_it_shows_all(void **state)
{
	(void)state;
	assert_int_equal(TOP("-n", "1"), EXIT_GOOD);
	assert_non_null(strstr(seen, "\nweb "));
}

static void a_guest_that_is_not_there_may_still_come(void **state)
{
	(void)state;
	assert_int_equal(TOP("-n", "1", "none"), EXIT_GOOD);
	assert_memory_equal(seen, "0 guests, 0 vCPUs, ", 19);
	assert_non_null(strstr(seen, "\nnone             - no guest "));
}

static void one_that_does_not_answer_is_waited_for_a_second(void **state)
{
	(void)state;
	kill(vmm, SIGSTOP);
	assert_int_equal(TOP("-n", "1", "-i", "5"), EXIT_GOOD);
	assert_non_null(strstr(seen, "\nweb              - no answer "));
}

static void words_that_it_does_not_know_are_refused(void **state)
{
	(void)state;
	assert_int_equal(TOP("--interval", "0.09"), EXIT_USAGE);
	assert_words("--interval: '0.09': 0.1 seconds at least");
	assert_int_equal(TOP("--interval", "x"), EXIT_USAGE);
	assert_int_equal(TOP("--count", "0"), EXIT_USAGE);
	assert_int_equal(TOP("--sort", "size"), EXIT_USAGE);
	assert_has_words("stolen");
	assert_int_equal(TOP("../web"), EXIT_USAGE);
	assert_string_equal(seen, "");
}

static void help_is_given(void **state)
{
	(void)state;
	assert_int_equal(TOP("--help"), EXIT_GOOD);
	assert_memory_equal(seen, "usage: pvtime-vmm top ", 22);
	assert_non_null(strstr(seen, "--interval S"));
}

static void what_cannot_be_written_is_an_error(void **state)
{
	char *argv[] = { (char *)"top", (char *)"-n", (char *)"1", NULL };
	int status;

	(void)state;
	stdio_take(-1, open("/dev/full", O_WRONLY | O_CLOEXEC));
	status = top_main(3, argv);
	clearerr(stdout);
	stdio_give_back();
	assert_int_equal(status, EXIT_ERROR);
	assert_has_words("No space left on device");
}

/* -- on a terminal -- */

static pid_t boot(const char *count)
{
	struct winsize size = { .ws_col = 80, .ws_row = 20 };
	pid_t child;

	fflush(stdout);
	seen[0] = '\0';
	child = forkpty(&terminal, NULL, NULL, &size);
	assert_true(child >= 0);
	if (child == 0) {
		char *argv[] = { (char *)"top", (char *)"-n",
				 (char *)(uintptr_t)count, NULL };

		setenv("TERM", "xterm", 1);
		setenv("LC_ALL", "C.UTF-8", 1);
		setenv("NO_COLOR", "1", 1);
		_exit(top_main(3, argv));
	}
	return child;
}

static bool see(const char *text)
{
	return see_text(terminal, seen, sizeof(seen), text);
}

/* What is seen after @keys. */
static bool press(const char *keys, const char *text)
{
	seen[0] = '\0';
	assert_int_equal(write(terminal, keys, strlen(keys)), strlen(keys));
	return see(text);
}

static int end_of(pid_t child)
{
	int status;

	while (see("\xff")) /* nobody may wait for us to read */
		;
	assert_int_equal(waitpid(child, &status, 0), child);
	close(terminal);
	return status;
}

static void keys_change_what_is_shown(void **state)
{
	pid_t child = boot("1000");

	(void)state;
	assert_true(see("by stolen time, every 1 s"));
	assert_true(see("vCPU 1"));
	assert_true(press("s", "by name"));
	assert_true(press("s", "by CPU time"));
	assert_true(press("s", "by stolen time"));
	assert_true(press("+", "every 2 s"));
	assert_true(press("=", "every 5 s"));
	assert_true(press("--", "every 1 s"));
	assert_true(press("--------", "every 0.1 s"));
	assert_true(press("++++++++++++++", "every 60 s"));
	assert_true(press("?", "q ends"));
	assert_true(press("?", "\033[20;1H\033[K"));
	/* The last vCPU's row has nothing any more. */
	assert_true(press("v", "\033[5;1H\033[K"));
	assert_true(press("v", "\033[5;1H  vCPU 1 "));
	assert_true(press("\014", "\033[1;1H1 guest, "));
	assert_true(press("q", "\033[?1049l"));
	assert_int_equal(end_of(child), 0);
}

static void a_list_that_is_too_long_is_scrolled(void **state)
{
	struct winsize size = { .ws_col = 100, .ws_row = 4 };
	pid_t child = boot("1000");

	(void)state;
	assert_true(see("vCPU 1"));
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
	assert_true(see("; 1-2 of 3;"));
	assert_true(press("\033[B", "; 2-3 of 3;"));
	assert_true(press("k", "; 1-2 of 3;"));
	assert_true(press("G", "; 2-3 of 3;"));
	assert_true(press("\033[5~", "; 1-2 of 3;"));
	assert_true(press("jjjjjjjjjj", "; 2-3 of 3;"));
	assert_true(press("g", "; 1-2 of 3;"));
	assert_true(press("q", "\033[?1049l"));
	assert_int_equal(end_of(child), 0);
}

static void it_ends_after_as_many_samples_as_were_asked_for(void **state)
{
	pid_t child = boot("1");

	(void)state;
	assert_int_equal(end_of(child), 0);
	assert_non_null(strstr(seen, "vCPU 1"));
	assert_non_null(strstr(seen, "\033[?1049l"));
}

static void its_end_is_the_terminals(void **state)
{
	pid_t child = boot("1000");
	int status;

	(void)state;
	assert_true(see("vCPU 1"));
	close(terminal);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGHUP);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, start_vmm, stop_vmm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(into_a_file_it_prints_samples),
		CASE(without_a_name_it_shows_all),
		CASE(a_guest_that_is_not_there_may_still_come),
		CASE(one_that_does_not_answer_is_waited_for_a_second),
		CASE(words_that_it_does_not_know_are_refused),
		CASE(help_is_given),
		CASE(what_cannot_be_written_is_an_error),
		CASE(keys_change_what_is_shown),
		CASE(a_list_that_is_too_long_is_scrolled),
		CASE(it_ends_after_as_many_samples_as_were_asked_for),
		CASE(its_end_is_the_terminals),
	};
	bool root = geteuid() == 0;
	int rc;

	if (!mkdtemp(runtime_dir) ||
	    setenv("XDG_RUNTIME_DIR", runtime_dir, 1) < 0)
		return 1;
	if (root && (chown(runtime_dir, NOBODY, NOBODY) < 0 ||
		     seteuid(NOBODY) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0))
		return 1; /* dumpable: to see our own /proc/self/fd */
	alarm(120);
	rc = cmocka_run_group_tests_name("top", tests, NULL, NULL);
	if (root && seteuid(0) < 0)
		return 1;
	strcat(strcpy(addr.sun_path, runtime_dir), "/pvtime-vmm");
	rmdir(addr.sun_path);
	rmdir(runtime_dir);
	return rc;
}
