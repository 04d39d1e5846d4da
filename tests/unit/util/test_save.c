/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"
#include "util/save.h"

static char dir[64], path[80];
static struct left before;

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_save.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	before = left_now();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_nothing_left(before);
	unlink(path);
	return rmdir(dir); /* fails if anything else is there */
}

static void expect_content(const char *want)
{
	char got[64] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	close(fd);
	assert_string_equal(got, want);
}

static void file_holds_exactly_what_was_saved(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(save_file(path, 0600, "first, long", 11), 0);
	expect_content("first, long");
	assert_int_equal(save_file(path, 0600, "2nd", 3), 0);
	expect_content("2nd");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(save_file(path, 0600, "", 0), 0);
	expect_content("");
}

static mode_t mode_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_mode & 07777;
}

static void mode_is_the_old_files_or_what_the_umask_leaves(void **state)
{
	mode_t mask = umask(027);

	(void)state;
	assert_int_equal(save_file(path, 0666, "new", 3), 0);
	assert_int_equal(mode_of(path), 0640);
	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(save_file(path, 0666, "again", 5), 0);
	assert_int_equal(mode_of(path), 0604);
	umask(mask);
}

static void link_stays_and_what_it_names_is_replaced(void **state)
{
	char link[80];
	struct stat st;

	(void)state;
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(save_file(path, 0600, "old", 3), 0);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(save_file(link, 0600, "new", 3), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(link);
	expect_content("new");
}

/* As /dev/stdout is, with standard output in a file. */
static void file_that_is_open_already_is_added_to(void **state)
{
	char name[32];
	int fd;

	(void)state;
	assert_int_equal(save_file(path, 0600, "before ", 7), 0);
	fd = open(path, O_WRONLY | O_APPEND);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	assert_int_equal(save_file(name, 0600, "and after", 9), 0);
	close(fd);
	expect_content("before and after");
}

/* A limit on the size of files stands in for a full disk. */
static void old_content_stays_where_the_new_does_not_fit(void **state)
{
	static const char large[8192];
	struct rlimit old, none;

	(void)state;
	assert_int_equal(save_file(path, 0600, "old", 3), 0);
	getrlimit(RLIMIT_FSIZE, &old);
	none = (struct rlimit){ .rlim_cur = 4096, .rlim_max = old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(save_file(path, 0600, large, sizeof(large)), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	assert_has_words(path);
	assert_has_words("write: File too large");
	expect_content("old");
}

static void full_device_is_an_error_by_its_path(void **state)
{
	(void)state;
	assert_int_equal(save_file("/dev/full", 0600, "x", 1), -ENOSPC);
	assert_words("'/dev/full': write: No space left on device");
}

static void device_is_written_to_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(save_file("/dev/null", 0600, "x", 1), 0);
	assert_int_equal(access("/dev/null", W_OK), 0);
}

static void folder_that_is_not_there_is_an_error_by_its_path(void **state)
{
	(void)state;
	assert_int_equal(save_file("/nowhere/at/all", 0600, "x", 1), -ENOENT);
	assert_words("'/nowhere/at/all': No such file or directory");
}

static void folder_itself_is_refused(void **state)
{
	(void)state;
	assert_int_equal(save_file(dir, 0600, "x", 1), -EISDIR);
	assert_has_words(dir);
}

/* -- save_all -- */

enum { MUCH = 300000 };

static int ends[2];

static void *read_slowly(void *arg)
{
	static uint8_t got[MUCH];
	size_t len = 0;
	ssize_t n;

	while ((n = read(ends[0], got + len, 1000)) > 0)
		len += (size_t)n;
	for (size_t i = 0; i < len; i++)
		if (got[i] != (uint8_t)(i % 251))
			len = 0;
	*(size_t *)arg = len;
	return NULL;
}

static void slow_reader_gets_all_of_it(void **state)
{
	static uint8_t much[MUCH];
	size_t got = 0;
	pthread_t id;

	(void)state;
	for (size_t i = 0; i < MUCH; i++)
		much[i] = (uint8_t)(i % 251);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&id, NULL, read_slowly, &got), 0);
	assert_int_equal(save_all(ends[1], much, sizeof(much)), 0);
	close(ends[1]);
	pthread_join(id, NULL);
	close(ends[0]);
	assert_int_equal(got, MUCH);
}

static void closed_descriptor_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(save_all(-1, "x", 1), -EBADF);
	assert_words("write: Bad file descriptor");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(file_holds_exactly_what_was_saved),
		T(mode_is_the_old_files_or_what_the_umask_leaves),
		T(link_stays_and_what_it_names_is_replaced),
		T(file_that_is_open_already_is_added_to),
		T(old_content_stays_where_the_new_does_not_fit),
		T(full_device_is_an_error_by_its_path),
		T(device_is_written_to_as_it_is),
		T(folder_that_is_not_there_is_an_error_by_its_path),
		T(folder_itself_is_refused),
		T(slow_reader_gets_all_of_it),
		T(closed_descriptor_is_an_error),
	};

	return cmocka_run_group_tests_name("save", tests, NULL, NULL);
}
