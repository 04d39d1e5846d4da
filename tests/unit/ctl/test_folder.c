/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/folder.h"
#include "ctl/path.h"
#include "util/err.h"

static char home[] = "/tmp/test_folder.XXXXXX";
static char dir[sizeof(home) + 16];
static struct left before;
static struct ctl_folder folder;
static int fds[40];
static unsigned nr_fds;

/* A socket of @name's; with nobody behind it unless @served. */
static void put_socket(const char *name, bool served)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;

	assert_true(fd >= 0);
	assert_int_equal(ctl_path(name, true, &addr), 0);
	assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
	if (served)
		assert_int_equal(listen(fd, 1), 0);
	fds[nr_fds++] = fd;
}

static void put_dead(const char *name)
{
	put_socket(name, false);
	close(fds[--nr_fds]);
}

static void put_file(const char *file)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static bool is_there(const char *file)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return lstat(path, &st) == 0;
}

static int set_up(void **state)
{
	struct sockaddr_un addr;

	(void)state;
	alarm(60);
	before = left_now();
	return ctl_path("x", true, &addr);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	while (nr_fds > 0)
		close(fds[--nr_fds]);
	ctl_folder_fini(&folder);
	assert_nothing_left(before);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* The names are these, each behind a space. */
static void check_names(const char *names)
{
	char all[512] = "";

	ctl_folder_fini(&folder);
	assert_int_equal(ctl_folder_read(&folder), 0);
	for (unsigned i = 0; i < folder.nr; i++) {
		strcat(all, " ");
		strcat(all, folder.names[i]);
	}
	assert_string_equal(all, names);
}

static void without_a_folder_there_are_no_guests(void **state)
{
	(void)state;
	assert_int_equal(rmdir(dir), 0);
	check_names("");
	assert_int_equal(ctl_folder_lock(1000), -ENOENT);
	assert_has_words(dir);
}

static void guests_come_in_the_alphabet_s_order(void **state)
{
	(void)state;
	check_names("");
	put_socket("web", true);
	put_socket("db.1", true);
	put_socket("a", true);
	check_names(" a db.1 web");
}

static void many_guests_are_all_there(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 33; i++) {
		snprintf(name, sizeof(name), "guest-%02d", i);
		put_socket(name, true);
	}
	assert_int_equal(ctl_folder_read(&folder), 0);
	assert_int_equal(folder.nr, 33);
	assert_string_equal(folder.names[32], "guest-32");
}

static void what_a_killed_vmm_left_is_removed(void **state)
{
	(void)state;
	put_socket("web", true);
	put_dead("dead");
	check_names(" web");
	assert_false(is_there("dead.sock"));
	assert_true(is_there("web.sock"));
}

static void what_is_no_guest_s_is_left_alone(void **state)
{
	char path[128];

	(void)state;
	put_socket("web", true);
	put_file("notes.txt");
	put_file("file.sock");
	put_file(".sock");
	put_file("no guest.sock");
	put_dead("x");
	snprintf(path, sizeof(path), "%s/x.sock", dir);
	{
		char other[128];

		snprintf(other, sizeof(other), "%s/x.other", dir);
		assert_int_equal(rename(path, other), 0);
	}
	snprintf(path, sizeof(path), "%s/link.sock", dir);
	assert_int_equal(symlink("/nowhere", path), 0);
	check_names(" web");
	assert_true(is_there("notes.txt"));
	assert_true(is_there("file.sock"));
	assert_true(is_there(".sock"));
	assert_true(is_there("no guest.sock"));
	assert_true(is_there("x.other"));
	assert_true(is_there("link.sock"));
}

static void guest_that_is_too_busy_is_there(void **state)
{
	struct sockaddr_un addr;

	(void)state;
	put_socket("web", true);
	assert_int_equal(ctl_path("web", false, &addr), 0);
	/* Until there is no more place at its door. */
	for (int i = 0; i < 8; i++) {
		fds[nr_fds] = socket(
			AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(fds[nr_fds++], (void *)&addr, sizeof(addr)) < 0)
			break;
	}
	assert_int_equal(errno, EAGAIN);
	check_names(" web");
}

/* One that has its socket and does not listen yet has the folder locked. */
static void guest_that_just_begins_is_waited_for(void **state)
{
	int lock = ctl_folder_lock(1000), status;
	pid_t child;

	(void)state;
	assert_true(lock >= 0);
	put_socket("young", false);
	child = fork();
	if (child == 0) {
		close(lock);
		if (ctl_folder_read(&folder) < 0)
			_exit(99);
		_exit((int)folder.nr);
	}
	/* It has come to the lock: it holds the folder open, and waits. */
	usleep(100000);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	assert_int_equal(listen(fds[0], 8), 0);
	close(lock);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(is_there("young.sock"));
	assert_int_equal(WEXITSTATUS(status), 1);
	check_names(" young");
}

/* What many do at once, and what is left of it. */
static void several_at_once_do_not_disturb_each_other(void **state)
{
	pid_t children[4];
	char name[32];
	int status;

	(void)state;
	put_socket("web", true);
	assert_int_equal(listen(fds[0], 128), 0);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "dead-%d", i);
		put_dead(name);
	}
	for (size_t i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(ctl_folder_read(&folder) == 0 && folder.nr == 1 &&
					      strcmp(folder.names[0], "web") ==
						      0
				      ? 0
				      : 1);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	check_names(" web");
	assert_false(is_there("dead-0.sock"));
}

/* Root's folder is everybody's: this test wants one of its own. */
static int begin(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		assert_int_equal(seteuid(65534), 0);
		prctl(PR_SET_DUMPABLE, 1); /* its own /proc again */
	}
	assert_non_null(mkdtemp(home));
	snprintf(dir, sizeof(dir), "%s/pvtime-vmm", home);
	return setenv("XDG_RUNTIME_DIR", home, 1);
}

static int end(void **state)
{
	int rc = rmdir(home);

	(void)state;
	if (getuid() == 0 && seteuid(0) < 0) /* the leak checker's wish */
		return -1;
	return rc;
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_a_folder_there_are_no_guests),
		T(guests_come_in_the_alphabet_s_order),
		T(many_guests_are_all_there),
		T(what_a_killed_vmm_left_is_removed),
		T(what_is_no_guest_s_is_left_alone),
		T(guest_that_is_too_busy_is_there),
		T(guest_that_just_begins_is_waited_for),
		T(several_at_once_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests_name("folder", tests, begin, end);
}
