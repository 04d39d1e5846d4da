/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"
#include "vm/outlet.h"
#include "vm/vm.h"

static char dir[] = "/tmp/test_outlet.XXXXXX";
static struct outlet o;
static struct left before;

static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return chdir("/") | rmdir(dir);
}

static int open_as(enum vm_console console, const char *path)
{
	const struct vm_config config = { .console = console,
					  .console_path = path };

	before = left_now();
	outlet_init(&o);
	return outlet_open(&o, &config);
}

static void close_it(void)
{
	outlet_close(&o);
	outlet_close(&o);
	assert_nothing_left(before);
}

static void a_file_is_its_owners_and_appended_to(void **state)
{
	struct stat st;

	(void)state;
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(open_as(VM_CONSOLE_FILE, "log"), 0);
		assert_int_equal(write(o.fd, "x", 1), 1);
		close_it();
		assert_int_equal(stat("log", &st), 0);
		assert_int_equal(st.st_size, i);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	unlink("log");
}

static void what_cannot_be_is_refused_by_name(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(open_as(VM_CONSOLE_FILE, "."), -EISDIR);
	assert_has_words("console: '.': Is a directory");
	close_it();
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(open_as(VM_CONSOLE_FILE, "pipe"), -ENXIO);
	assert_has_words("'pipe': nobody reads from it");
	close_it();
	assert_int_equal(open_as(VM_CONSOLE_PTY, "pipe"), -EEXIST);
	assert_has_words("link 'pipe': File exists; name one that is free");
	close_it();
	assert_int_equal(stat("pipe", &st), 0);
	unlink("pipe");
}

static void a_terminal_tells_who_comes(void **state)
{
	struct pollfd p;
	char byte;
	int fd;

	(void)state;
	assert_int_equal(symlink("/dev/pts/99999", "link"), 0);
	assert_int_equal(open_as(VM_CONSOLE_PTY, "link"), 0);
	p = (struct pollfd){ .fd = o.opens_fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 0), 0);
	fd = open("link", O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(poll(&p, 1, 1000), 1);
	outlet_opened(&o);
	assert_int_equal(poll(&p, 1, 0), 0);
	/* Bytes are passed as they are, and nothing echoes. */
	assert_int_equal(write(o.fd, "\n", 1), 1);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, '\n');
	assert_int_equal(write(fd, "\003", 1), 1);
	assert_int_equal(read(o.in_fd, &byte, 1), 1);
	assert_int_equal(byte, 3);
	close(fd);
	close_it();
	assert_int_equal(access("link", F_OK), -1);
	assert_int_equal(readlink("link", &byte, 1), -1);
}

static void neither_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(open_as(VM_CONSOLE_STDIO, NULL), 0);
	assert_int_equal(o.fd, -1);
	close_it();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_its_owners_and_appended_to),
		TEST(what_cannot_be_is_refused_by_name),
		TEST(a_terminal_tells_who_comes),
		TEST(neither_is_nothing),
	};

	return cmocka_run_group_tests_name("outlet", tests, set_up, tear_down);
}
