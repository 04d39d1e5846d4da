/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "cmd/disk.h"
#include "util/disk.h"
#include "util/err.h"

static struct disk_config disk;

static void assert_path(const char *path)
{
	assert_int_equal(disk.path_len, strlen(path));
	assert_memory_equal(disk.path, path, strlen(path));
}

static void a_name_alone_is_a_disk_to_write_to(void **state)
{
	(void)state;
	assert_int_equal(disk_parse("disk.img", &disk), 0);
	assert_path("disk.img");
	assert_false(disk.read_only);
	assert_false(disk.direct);
	assert_string_equal(disk.serial, "");
}

static void words_follow_in_any_order(void **state)
{
	(void)state;
	assert_int_equal(disk_parse("/a=b/c d,ro", &disk), 0);
	assert_path("/a=b/c d");
	assert_true(disk.read_only);
	assert_int_equal(disk_parse("x,serial=a=1,direct,ro", &disk), 0);
	assert_path("x");
	assert_true(disk.read_only);
	assert_true(disk.direct);
	assert_string_equal(disk.serial, "a=1");
	assert_int_equal(disk_parse("x,serial=12345678901234567890", &disk), 0);
	assert_string_equal(disk.serial, "12345678901234567890");
}

static void what_is_no_disk_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "'': no file name" },
		{ ",ro", "',ro': no file name" },
		{ "x,", "'' is not one of ro, direct, serial=TEXT (a file name "
			"cannot have a comma)" },
		{ "x,rw", "'rw' is not one of ro, direct, serial=TEXT" },
		{ "x,r", "'r' is not one of" },
		{ "x,roo", "'roo' is not one of" },
		{ "x,ro,,direct", "'' is not one of" },
		{ "x,serial", "'serial' is not one of" },
		{ "x,serial=", "'serial=' is not one of" },
		{ "x,serial=123456789012345678901",
		  "serial '123456789012345678901': must have 1 to 20 "
		  "characters" },
		{ "x,serial=a b", "character 0x20 at place 2" },
		{ "x,serial=\x80", "character 0x80 at place 1" },
	};

	(void)state;
	disk.path = "as it was";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(disk_parse(cases[i].text, &disk), -EINVAL);
		assert_has_words(cases[i].words);
		assert_string_equal(disk.path, "as it was");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_alone_is_a_disk_to_write_to),
		TEST(words_follow_in_any_order),
		TEST(what_is_no_disk_is_refused),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
