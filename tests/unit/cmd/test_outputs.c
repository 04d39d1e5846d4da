/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "check.h"
#include "cmd/outputs.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"

static char dir[] = "/tmp/outputs.XXXXXX", path[64];
static struct timeline timeline;
static struct verdict verdict;

static const char *in_dir(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	verdict = (struct verdict){ .kernel = "Image", .params = "" };
	verdict.tests[verdict.nr_tests++] = (struct test_result){
		.name = "boot", .what = "it boots", .state = TEST_OK
	};
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	return timeline_init(&timeline, 1, 1);
}

static int tear_down(void **state)
{
	(void)state;
	timeline_fini(&timeline);
	return rmdir(dir);
}

static void assert_begins(const char *file, const char *with)
{
	char text[32] = "";
	int fd = open(file, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, text, strlen(with)) > 0);
	close(fd);
	assert_string_equal(text, with);
	assert_int_equal(unlink(file), 0);
}

static void each_is_written_in_its_form(void **state)
{
	static const struct {
		struct outputs out;
		const char *begins;
	} forms[] = {
		{ { .tap = path }, "TAP version 14\n" },
		{ { .junit = path }, "<?xml version=\"1.0\"" },
		{ { .page = path }, "<!DOCTYPE html>" },
		{ { .record = path }, "time_ns,cpu," },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		in_dir("file");
		assert_int_equal(outputs_try(&forms[i].out), 0);
		assert_int_equal(access(path, F_OK), -1); /* nothing is left */
		assert_int_equal(
			outputs_write(&forms[i].out, &verdict, &timeline), 0);
		assert_begins(path, forms[i].begins);
	}
}

static void what_cannot_be_written_is_known_before_the_test(void **state)
{
	struct outputs out = { .junit = dir };

	(void)state;
	assert_int_equal(outputs_try(&out), -EISDIR);
	assert_has_words("--junit: '/tmp/outputs.");
	out = (struct outputs){ .tap = in_dir("no/such") };
	assert_int_equal(outputs_try(&out), -ENOENT);
	assert_has_words("--tap");
	out = (struct outputs){ .tap = "-", .record = "/dev/null" };
	assert_int_equal(outputs_try(&out), 0);
	out.record = "-";
	assert_int_equal(outputs_try(&out), -EINVAL);
	assert_has_words("--tap and --record: both to '-'");
	out = (struct outputs){ .log = "a", .junit = "a" };
	assert_int_equal(outputs_try(&out), -EINVAL);
	assert_has_words("--log and --junit: both to 'a'");
}

static void
one_that_fails_does_not_keep_the_others_from_being_written(void **state)
{
	char missing[64];
	struct outputs out = { .tap = missing, .record = path };

	(void)state;
	strcpy(missing, in_dir("no/such"));
	in_dir("record");
	assert_int_equal(outputs_write(&out, &verdict, &timeline), -EIO);
	assert_has_words("--tap");
	assert_begins(path, "time_ns");
	out = (struct outputs){ .page = "/dev/full" };
	assert_int_equal(outputs_write(&out, &verdict, &timeline), -EIO);
	assert_has_words("--report");
}

static void people_read_where_nothing_else_is_written(void **state)
{
	static const struct outputs none,
		file = { .tap = "x", .log = "y" }, tap = { .tap = "-" },
		record = { .record = "-" }, log = { .log = "/dev/stdout" };

	(void)state;
	assert_ptr_equal(outputs_human(&none), stdout);
	assert_ptr_equal(outputs_human(&file), stdout);
	assert_ptr_equal(outputs_human(&tap), stderr);
	assert_ptr_equal(outputs_human(&record), stderr);
	assert_ptr_equal(outputs_human(&log), stderr);
}

static void a_log_is_made_and_emptied(void **state)
{
	struct outputs out = { .log = in_dir("log") };
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	(void)state;
	assert_int_equal(write(fd, "old", 3), 3);
	close(fd);
	assert_int_equal(outputs_open_log(&out, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(fd);
	unlink(path);
	out.log = NULL;
	assert_int_equal(outputs_open_log(&out, &fd), 0);
	assert_int_equal(fd, -1);
	out.log = dir;
	assert_int_equal(outputs_open_log(&out, &fd), -EISDIR);
	assert_has_words("--log: '/tmp/outputs.");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_is_written_in_its_form),
		T(what_cannot_be_written_is_known_before_the_test),
		T(one_that_fails_does_not_keep_the_others_from_being_written),
		T(people_read_where_nothing_else_is_written),
		T(a_log_is_made_and_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
