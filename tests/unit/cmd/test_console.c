/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "cmd/console.h"
#include "util/err.h"
#include "util/util.h"

static void kinds_and_places_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool virtio;
		enum vm_console where;
		const char *path;
	} cases[] = {
		{ "serial", false, VM_CONSOLE_STDIO, NULL },
		{ "virtio", true, VM_CONSOLE_STDIO, NULL },
		{ "none", false, VM_CONSOLE_NOWHERE, NULL },
		{ "pty", false, VM_CONSOLE_PTY, NULL },
		{ "pty=l,x", false, VM_CONSOLE_PTY, "l,x" },
		{ "file=a", false, VM_CONSOLE_FILE, "a" },
		{ "serial,file=a", false, VM_CONSOLE_FILE, "a" },
		{ "virtio,pty", true, VM_CONSOLE_PTY, NULL },
		{ "virtio,file=a,b=c", true, VM_CONSOLE_FILE, "a,b=c" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct console_choice c;

		assert_int_equal(console_parse(cases[i].text, &c), 0);
		assert_int_equal(c.virtio, cases[i].virtio);
		assert_int_equal(c.where, cases[i].where);
		if (cases[i].path)
			assert_string_equal(c.path, cases[i].path);
		else
			assert_null(c.path);
	}
}

static void what_is_no_console_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "'' is not one of serial, virtio, none, file=FILE" },
		{ "seria", "'seria' is not one of" },
		{ "serials", "'serials' is not one of" },
		{ "serial,", "'' is not one of" },
		{ "file=", "'file=' is not one of" },
		{ "virtio,pty=", "'pty=' is not one of" },
		{ "virtio,none", "'none' is not one of" },
		{ "none,pty", "'none,pty': none goes nowhere" },
		{ "ptyx", "'ptyx' is not one of" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct console_choice c;

		assert_int_equal(console_parse(cases[i].text, &c), -EINVAL);
		assert_has_words(cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kinds_and_places_are_told_apart),
		TEST(what_is_no_console_is_refused),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
