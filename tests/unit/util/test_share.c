/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/share.h"

static struct left before;
static char dir[32], daemon_path[48], old_path[4096];

/* A virtiofsd in PATH that does @script. */
static void daemon_does(const char *script)
{
	int fd = open(daemon_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		      0700);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", script) > 0);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	alarm(30);
	before = left_now();
	strcpy(dir, "/tmp/share-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(daemon_path, sizeof(daemon_path), "%s/virtiofsd", dir);
	snprintf(old_path, sizeof(old_path), "%s", getenv("PATH"));
	setenv("PATH", dir, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	setenv("PATH", old_path, 1);
	unlink(daemon_path);
	assert_int_equal(rmdir(dir), 0);
	assert_nothing_left(before);
	return 0;
}

static struct share_config of(const char *path)
{
	return (struct share_config){ .dir = path,
				      .dir_len = (int)strlen(path) };
}

static void it_is_told_what_to_share_and_has_a_listener(void **state)
{
	struct share_config config = of("/usr/../usr");
	char seen[256] = { 0 }, file[48];
	pid_t pid;
	int fd;

	(void)state;
	snprintf(file, sizeof(file), "%s/args", dir);
	setenv("SHARE_ARGS", file, 1);
	daemon_does("echo \"$@\" >$SHARE_ARGS.new\n"
		    "/bin/mv $SHARE_ARGS.new $SHARE_ARGS\n"
		    "[ -S /proc/$$/fd/3 ] && exec /bin/sleep 100");
	config.read_only = true;
	config.sandbox = "chroot";
	assert_int_equal(share_start(&config, &pid, &fd), 0);
	while (access(file, R_OK) < 0)
		usleep(2000);
	close(fd);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, seen, sizeof(seen) - 1) > 0);
	assert_string_equal(seen, "--fd=3 --shared-dir /usr "
				  "--log-level=error --sandbox chroot "
				  "--readonly\n");
	close(fd);
	unlink(file);
	usleep(20000);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it lives */
	share_end(pid);
	assert_int_equal(kill(pid, 0), -1);
}

static void one_that_ends_at_once_is_the_end_of_its_socket(void **state)
{
	struct share_config config = of("/usr");
	char byte;
	pid_t pid;
	int fd;

	(void)state;
	daemon_does("exit 3");
	assert_int_equal(share_start(&config, &pid, &fd), 0);
	assert_true(read(fd, &byte, 1) <= 0);
	close(fd);
	share_end(pid);
	share_end(0);
}

/* Whoever starts it may be killed at any time. */
static void it_dies_with_its_parent(void **state)
{
	int pipe_fds[2], status;
	pid_t child, daemon_pid;

	(void)state;
	daemon_does("exec /bin/sleep 100");
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		struct share_config config = of("/usr");
		int fd;

		if (share_start(&config, &daemon_pid, &fd) < 0 ||
		    write(pipe_fds[1], &daemon_pid, sizeof(daemon_pid)) < 0)
			_exit(1);
		pause();
	}
	assert_int_equal(read(pipe_fds[0], &daemon_pid, sizeof(daemon_pid)),
			 sizeof(daemon_pid));
	usleep(50000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	for (unsigned i = 0; i < 1000; i++) {
		char path[32], line[64] = { 0 };
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)daemon_pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			break;
		assert_true(read(fd, line, sizeof(line) - 1) > 0);
		close(fd);
		if (strstr(line, ") Z")) /* dead, if nobody has asked yet */
			break;
		assert_true(i < 999);
		usleep(2000);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void what_is_not_there_is_named(void **state)
{
	struct share_config config = of("/none");
	pid_t pid;
	int fd;

	(void)state;
	daemon_does("exit 0");
	assert_int_equal(share_start(&config, &pid, &fd), -ENOENT);
	assert_has_words("--share '/none'");
	config = of("/dev/null");
	assert_int_equal(share_start(&config, &pid, &fd), -ENOTDIR);
	assert_has_words("not a folder");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_is_told_what_to_share_and_has_a_listener),
		T(one_that_ends_at_once_is_the_end_of_its_socket),
		T(it_dies_with_its_parent),
		T(what_is_not_there_is_named),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
