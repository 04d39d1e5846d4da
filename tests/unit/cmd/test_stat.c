/* SPDX-License-Identifier: BSD-2-Clause */
#include "served.h"

#include <sys/stat.h>

#include "cmd/cmd.h"
#include "exposition.h"

static struct said s;

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* -- one guest -- */

static void one_sample_has_a_line_for_each_vcpu(void **state)
{
	(void)state;
	served_guest("web", 2);
	assert_int_equal(said_all(&s, stat_main, "stat", "web"), EXIT_GOOD);
	assert_string_equal(s.err, "");
	assert_int_equal(count(s.out, "\n"), 4);
	assert_ptr_equal(strstr(s.out, "guest web: running, up 00:00:00, "
				       "stolen time: steady\nvCPU  thread  "),
			 s.out);
	assert_non_null(strstr(s.out, "  idle s  exits\n   0  "));
	assert_non_null(strstr(s.out, "  1234\n   1  "));
}

static void json_is_what_the_vmm_says(void **state)
{
	struct ctl_stat stat;

	(void)state;
	served_guest("web", 2);
	assert_int_equal(said_all(&s, stat_main, "stat", "--json", "web"),
			 EXIT_GOOD);
	assert_ptr_equal(strchr(s.out, '\n'), s.out + strlen(s.out) - 1);
	assert_int_equal(ctl_stat_read(s.out, &stat), 0);
	assert_string_equal(stat.name, "web");
	assert_int_equal(stat.vcpus[0].exits[0], 1234);
	ctl_stat_fini(&stat);
}

static void interval_goes_on_for_as_long_as_asked(void **state)
{
	(void)state;
	served_guest("web", 1);
	assert_int_equal(said_all(&s, stat_main, "stat", "--interval", "0.01",
				  "--count", "3", "web"),
			 EXIT_GOOD);
	assert_int_equal(count(s.out, "\n"), 5);
	assert_int_equal(count(s.out, "up s  vCPU"), 1);
	assert_int_equal(count(s.out, "       -      -  "), 1);
	assert_int_equal(count(s.out, "%"), 2);
	assert_int_equal(said_all(&s, stat_main, "stat", "--interval", "0.01",
				  "--count", "3", "--json", "web"),
			 EXIT_GOOD);
	assert_int_equal(count(s.out, "}\n"), 3);
}

static void samples_come_at_their_time(void **state)
{
	struct timespec began, ended;
	long ms;

	(void)state;
	served_guest("web", 1);
	clock_gettime(CLOCK_MONOTONIC, &began);
	assert_int_equal(said_all(&s, stat_main, "stat", "--interval", "0.2",
				  "--count", "3", "web"),
			 EXIT_GOOD);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	ms = (ended.tv_sec - began.tv_sec) * 1000 +
	     (ended.tv_nsec - began.tv_nsec) / 1000000;
	assert_true(ms >= 399);
}

static void end_of_the_guest_is_the_end(void **state)
{
	static char *const words[] = { (char *)"stat", (char *)"--interval",
				       (char *)"0.05", (char *)"web", NULL };
	struct ctl_client c;
	const char *line;

	(void)state;
	served_guest("web", 1);
	said_begin(&s, stat_main, (char **)words);
	said_await(&s, "%");
	assert_int_equal(ctl_ask(&c, "web", "stop now", &line), 0);
	ctl_client_close(&c);
	assert_int_equal(said_end(&s), EXIT_GOOD);
	assert_ptr_equal(strrchr(s.out, '\n'), s.out + strlen(s.out) - 1);
}

static void other_guest_of_the_name_is_another(void **state)
{
	static char *const words[] = { (char *)"stat", (char *)"--interval",
				       (char *)"0.5", (char *)"web", NULL };

	(void)state;
	served_guest("web", 1);
	said_begin(&s, stat_main, (char **)words);
	said_await(&s, "-  ");
	served_kill(served.pids[--served.nr]);
	served_guest("web", 1);
	assert_int_equal(said_end(&s), EXIT_GOOD);
	assert_int_equal(count(s.out, "\n"), 3);
}

static void signal_ends_it_between_samples(void **state)
{
	static char *const words[] = { (char *)"stat", (char *)"--interval",
				       (char *)"20", (char *)"web", NULL };

	(void)state;
	served_guest("web", 1);
	said_begin(&s, stat_main, (char **)words);
	said_await(&s, "-  ");
	kill(s.pid, SIGINT);
	assert_int_equal(said_end(&s), 128 + SIGINT);
	assert_int_equal(count(s.out, "\n"), 3);
	assert_string_equal(s.err, "");
}

static void nobody_of_that_name_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(said_all(&s, stat_main, "stat", "none"), EXIT_ERROR);
	assert_non_null(strstr(s.err, "'none': no guest of that name runs"));
	assert_int_equal(
		said_all(&s, stat_main, "stat", "--interval", "1", "none"),
		EXIT_ERROR);
	assert_string_equal(s.out, "");
}

static void nonsense_is_an_error(void **state)
{
	(void)state;
	served_answer("bad", "{\"version\":1}\n");
	assert_int_equal(said_all(&s, stat_main, "stat", "bad"), EXIT_ERROR);
	assert_non_null(strstr(s.err, "'bad': the answer has not"));
	assert_int_equal(said_all(&s, stat_main, "stat", "--json", "bad"),
			 EXIT_ERROR);
	assert_string_equal(s.out, "");
	served_answer("new", "{\"version\":2,\"stolen\":[]}\n");
	assert_int_equal(said_all(&s, stat_main, "stat", "new"), EXIT_ERROR);
	assert_non_null(strstr(s.err, "version 2, not 1"));
}

static void full_disk_is_an_error(void **state)
{
	static char *const words[] = { (char *)"stat", (char *)"--interval",
				       (char *)"0.01", (char *)"web", NULL };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), status;
	pid_t pid;

	(void)state;
	served_guest("web", 1);
	pid = fork();
	if (pid == 0) {
		dup2(full, STDOUT_FILENO);
		_exit(stat_main(4, (char **)words));
	}
	close(full);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EXIT_ERROR);
}

/* -- Prometheus -- */

static char file[64];

static const char *content(void)
{
	static char text[1 << 16];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? NULL : text;
}

static void prometheus_gets_all_guests_at_once(void **state)
{
	(void)state;
	assert_int_equal(said_all(&s, stat_main, "stat", "--prometheus"),
			 EXIT_GOOD);
	assert_int_equal(exposition_check(s.out), 1);
	served_guest("web", 2);
	served_guest("db", 1);
	assert_int_equal(said_all(&s, stat_main, "stat", "--prometheus"),
			 EXIT_GOOD);
	/* One vCPU of three has exits: KVM, as it is faked, counts all. */
	assert_int_equal(exposition_check(s.out), 1 + 2 * 7 + 3 * 7);
	assert_non_null(strstr(s.out, "\npvtime_guests 2\n"));
	assert_int_equal(said_all(&s, stat_main, "stat", "--prometheus", "db"),
			 EXIT_GOOD);
	assert_int_equal(exposition_check(s.out), 1 + 7 + 7);
}

static void prometheus_file_is_whole_and_readable(void **state)
{
	struct stat st;

	(void)state;
	umask(022);
	snprintf(file, sizeof(file), "%s/pvtime.prom", served.home);
	served_guest("web", 1);
	assert_int_equal(said_all(&s, stat_main, "stat", "--prometheus",
				  "--output", file),
			 EXIT_GOOD);
	assert_string_equal(s.out, "");
	assert_int_equal(exposition_check(content()), 1 + 7 + 7);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	unlink(file);
}

static void prometheus_file_is_written_anew_until_the_end(void **state)
{
	static char *const words[] = {
		(char *)"stat",	      (char *)"--prometheus",
		(char *)"--output",   file,
		(char *)"--interval", (char *)"0.02",
		(char *)"web",	      NULL
	};

	(void)state;
	snprintf(file, sizeof(file), "%s/again.prom", served.home);
	served_guest("web", 1);
	said_begin(&s, stat_main, (char **)words);
	for (int i = 0; i < 3; i++) {
		/* Each time it is there, it is another and whole. */
		while (!content())
			usleep(1000);
		assert_int_equal(exposition_check(content()), 1 + 7 + 7);
		assert_int_equal(unlink(file), 0);
	}
	served_kill(served.pids[--served.nr]);
	assert_int_equal(said_end(&s), EXIT_GOOD);
	assert_non_null(
		strstr(content(), "\npvtime_guest_up{guest=\"web\"} 0\n"));
	unlink(file);
}

static void guest_that_never_ran_is_no_metric(void **state)
{
	(void)state;
	snprintf(file, sizeof(file), "%s/none.prom", served.home);
	served_guest("web", 1);
	assert_int_equal(said_all(&s, stat_main, "stat", "--prometheus",
				  "--output", file, "web", "none"),
			 EXIT_ERROR);
	assert_non_null(strstr(s.err, "'none'"));
	assert_null(content());
}

static void file_that_cannot_be_written_is_named(void **state)
{
	(void)state;
	assert_int_equal(said_all(&s, stat_main, "stat", "--prometheus",
				  "--output", "/nowhere/x.prom"),
			 EXIT_ERROR);
	assert_non_null(strstr(s.err, "--output: '/nowhere/x.prom'"));
}

/* -- usage -- */

#define USAGE(...)                                                     \
	assert_int_equal(said_all(&s, stat_main, "stat", __VA_ARGS__), \
			 EXIT_USAGE)

static void what_makes_no_sense_is_usage(void **state)
{
	(void)state;
	assert_int_equal(said_all(&s, stat_main, "stat"), EXIT_USAGE);
	assert_non_null(strstr(s.err, "give one NAME"));
	USAGE("a", "b");
	USAGE("a/b");
	USAGE("--count", "3", "a");
	USAGE("--count", "0", "--interval", "1", "a");
	USAGE("--interval", "0", "a");
	USAGE("--output", "x", "a");
	USAGE("--json", "--prometheus");
	USAGE("--prometheus", "a", "b", "a");
	assert_non_null(strstr(s.err, "'a' twice"));
	USAGE("--prometheus", "../a");
	USAGE("--what");
}

static void help_tells_of_all_options(void **state)
{
	(void)state;
	assert_int_equal(said_all(&s, stat_main, "stat", "--help"), EXIT_GOOD);
	assert_non_null(strstr(s.out, "usage: pvtime-vmm stat"));
	assert_non_null(strstr(s.out, "--prometheus"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED_TEST(one_sample_has_a_line_for_each_vcpu),
		SERVED_TEST(json_is_what_the_vmm_says),
		SERVED_TEST(interval_goes_on_for_as_long_as_asked),
		SERVED_TEST(samples_come_at_their_time),
		SERVED_TEST(end_of_the_guest_is_the_end),
		SERVED_TEST(other_guest_of_the_name_is_another),
		SERVED_TEST(signal_ends_it_between_samples),
		SERVED_TEST(nobody_of_that_name_is_an_error),
		SERVED_TEST(nonsense_is_an_error),
		SERVED_TEST(full_disk_is_an_error),
		SERVED_TEST(prometheus_gets_all_guests_at_once),
		SERVED_TEST(prometheus_file_is_whole_and_readable),
		SERVED_TEST(prometheus_file_is_written_anew_until_the_end),
		SERVED_TEST(guest_that_never_ran_is_no_metric),
		SERVED_TEST(file_that_cannot_be_written_is_named),
		SERVED_TEST(what_makes_no_sense_is_usage),
		SERVED_TEST(help_tells_of_all_options),
	};

	return cmocka_run_group_tests_name("stat", tests, served_begin,
					   served_end);
}
