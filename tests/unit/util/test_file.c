/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"
#include "util/file.h"

static char dir[64], path[80]; /* this test's folder, and "file" in it */
static uint8_t *mem;	       /* NR_PAGES pages, each byte 0xee */
static size_t page;

enum { NR_PAGES = 4 };

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_file.XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	page = (size_t)sysconf(_SC_PAGESIZE);
	mem = mmap(NULL, NR_PAGES * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return -1;
	memset(mem, 0xee, NR_PAGES * page);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	munmap(mem, NR_PAGES * page);
	unlink(path);
	rmdir(path);
	return rmdir(dir);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 251 + 1);
}

/* Write a file of @size telling bytes. */
static void make_file(size_t size)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (size_t i = 0; i < size; i++)
		putc(byte_at(i), f);
	assert_int_equal(fclose(f), 0);
}

static int open_file(size_t size)
{
	uint64_t got;
	int fd;

	make_file(size);
	fd = file_open(path, &got);
	assert_true(fd >= 0);
	assert_int_equal(got, size);
	return fd;
}

static void assert_words(const char *words)
{
	char text[256];

	snprintf(text, sizeof(text), "'%s': %s", path, words);
	assert_string_equal(err_text(), text);
}

static void assert_bytes(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(at[i], byte_at(i));
}

/* Did file_place() leave memory from @from on alone, up to its end? */
static void assert_untouched(size_t from)
{
	for (size_t i = from; i < NR_PAGES * page; i++)
		assert_int_equal(mem[i], 0xee);
}

/* Is @at the start of a mapping of our file?  The kernel's own word. */
static bool is_mapped(const void *at)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512], want[32];
	bool found = false;

	assert_non_null(f);
	snprintf(want, sizeof(want), "%lx-", (unsigned long)(uintptr_t)at);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, want, strlen(want)) == 0)
			found = strstr(line, path) != NULL;
	fclose(f);
	return found;
}

static void a_file_is_opened_close_on_exec(void **state)
{
	int fd = open_file(5);

	(void)state;
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void a_missing_file_is_named(void **state)
{
	uint64_t size = 77;

	(void)state;
	assert_int_equal(file_open(path, &size), -ENOENT);
	assert_words("No such file or directory; is the path right?");
	assert_int_equal(size, 77);
}

static void a_directory_is_refused(void **state)
{
	uint64_t size;

	(void)state;
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(file_open(path, &size), -EISDIR);
	assert_words("a directory; give a file in it");
}

static void an_empty_file_is_refused(void **state)
{
	uint64_t size;

	(void)state;
	make_file(0);
	assert_int_equal(file_open(path, &size), -ENODATA);
	assert_words("the file is empty; copy it anew");
}

static void a_pipe_is_refused_and_does_not_block(void **state)
{
	uint64_t size;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(10);
	assert_int_equal(file_open(path, &size), -EINVAL);
	alarm(0);
	assert_words("not a regular file; give a copy in one");
}

static void a_device_is_refused(void **state)
{
	uint64_t size;

	(void)state;
	assert_int_equal(file_open("/dev/null", &size), -EINVAL);
	assert_non_null(strstr(err_text(), "'/dev/null': not a regular file"));
}

static void an_unreadable_file_gets_a_remedy(void **state)
{
	uint64_t size;
	uid_t me = geteuid();
	int rc;

	(void)state;
	make_file(5);
	assert_int_equal(chmod(path, 0), 0);
	if (me == 0) /* root reads everything: be nobody for a moment */
		assert_int_equal(seteuid(65534), 0);
	rc = file_open(path, &size);
	if (me == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, -EACCES);
	assert_words("Permission denied; let this user read it, or give a "
		     "copy");
}

static void a_refused_file_leaves_no_descriptor(void **state)
{
	uint64_t size;
	int next = dup(0);

	(void)state;
	close(next);
	make_file(0);
	file_open(path, &size);
	file_open(dir, &size);
	file_open("/dev/null", &size);
	assert_int_equal(dup(0), next);
	close(next);
}

static void descriptors_running_out_is_worded(void **state)
{
	struct rlimit old, none;
	uint64_t size;
	int rc;

	(void)state;
	make_file(5);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = file_open(path, &size);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(rc, -EMFILE);
	assert_words("Too many open files");
}

static void reading_is_exact(void **state)
{
	int fd = open_file(100);
	uint8_t buf[12];

	(void)state;
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(file_read(fd, buf, 10, 90), 0);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(buf[i], byte_at(90 + i));
	assert_int_equal(buf[10], 0xee);
	assert_int_equal(file_read(fd, buf, 0, 5000), 0);
	close(fd);
}

static void reading_past_the_end_tells_where(void **state)
{
	int fd = open_file(100);
	uint8_t buf[20];

	(void)state;
	assert_int_equal(file_read(fd, buf, 20, 95), -ENODATA);
	assert_string_equal(err_text(),
			    "the file ends at byte 100, 15 bytes early");
	close(fd);
}

static void a_failing_read_tells_where(void **state)
{
	uint8_t buf[4];
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(file_read(fd, buf, 4, 12), -EISDIR);
	assert_string_equal(err_text(), "read at byte 12: Is a directory");
	close(fd);
}

static void an_aligned_place_is_mapped_and_ends_in_zeros(void **state)
{
	int fd = open_file(page + 10);

	(void)state;
	assert_int_equal(file_place(fd, page + 10, mem + page, 3 * page), 0);
	close(fd);
	assert_true(is_mapped(mem + page));
	assert_int_equal(mem[page - 1], 0xee);
	assert_bytes(mem + page, page + 10);
	for (size_t i = 2 * page + 10; i < 3 * page; i++)
		assert_int_equal(mem[i], 0);
	assert_untouched(3 * page);
}

static void a_mapped_place_is_private(void **state)
{
	int fd = open_file(page);

	(void)state;
	assert_int_equal(file_place(fd, page, mem, page), 0);
	mem[0] = 99;
	assert_int_equal(file_read(fd, mem + page, 1, 0), 0);
	assert_int_equal(mem[page], byte_at(0));
	close(fd);
}

static void a_crooked_place_is_read(void **state)
{
	int fd = open_file(page);

	(void)state;
	assert_int_equal(file_place(fd, page, mem + 8, page), 0);
	close(fd);
	assert_int_equal(mem[7], 0xee);
	assert_bytes(mem + 8, page);
	assert_untouched(8 + page);
}

static void a_mapping_stays_within_the_room(void **state)
{
	int fd = open_file(page + 10);

	(void)state;
	assert_int_equal(file_place(fd, page + 10, mem, page + 10), 0);
	close(fd);
	assert_false(is_mapped(mem));
	assert_bytes(mem, page + 10);
	assert_untouched(page + 10);
}

static void a_file_larger_than_the_room_is_refused(void **state)
{
	int fd = open_file(page + 10);

	(void)state;
	assert_int_equal(file_place(fd, page + 10, mem, page + 9), -E2BIG);
	assert_non_null(strstr(err_text(), "bytes do not fit into"));
	assert_untouched(0);
	close(fd);
}

/* A descriptor that allows neither: of a path only. */
static void a_place_that_cannot_be_filled_is_an_error(void **state)
{
	int fd;

	(void)state;
	make_file(page);
	fd = open(path, O_PATH);
	assert_true(fd >= 0);
	assert_int_equal(file_place(fd, page, mem, page), -EBADF);
	assert_string_equal(err_text(), "read at byte 0: Bad file descriptor");
	assert_untouched(0);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_opened_close_on_exec),
		TEST(a_missing_file_is_named),
		TEST(a_directory_is_refused),
		TEST(an_empty_file_is_refused),
		TEST(a_pipe_is_refused_and_does_not_block),
		TEST(a_device_is_refused),
		TEST(an_unreadable_file_gets_a_remedy),
		TEST(a_refused_file_leaves_no_descriptor),
		TEST(descriptors_running_out_is_worded),
		TEST(reading_is_exact),
		TEST(reading_past_the_end_tells_where),
		TEST(a_failing_read_tells_where),
		TEST(an_aligned_place_is_mapped_and_ends_in_zeros),
		TEST(a_mapped_place_is_private),
		TEST(a_crooked_place_is_read),
		TEST(a_mapping_stays_within_the_room),
		TEST(a_file_larger_than_the_room_is_refused),
		TEST(a_place_that_cannot_be_filled_is_an_error),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
