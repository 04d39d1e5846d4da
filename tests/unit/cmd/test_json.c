/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <sys/mman.h>
#include <unistd.h>

#include "cmd/json.h"

static void check(const char *s, const char *json)
{
	int fd = memfd_create("out", MFD_CLOEXEC), look = dup(fd);
	char said[256] = "";

	stdio_take(-1, fd);
	json_string(s);
	fflush(stdout);
	stdio_give_back();
	assert_true(pread(look, said, sizeof(said) - 1, 0) > 0);
	close(look);
	assert_string_equal(said, json);
}

static void plain_text_is_quoted(void **state)
{
	(void)state;
	check("", "\"\"");
	check("GICv3 with ITS", "\"GICv3 with ITS\"");
}

static void quotes_and_backslashes_are_escaped(void **state)
{
	(void)state;
	check("say \"\\n\"", "\"say \\\"\\\\n\\\"\"");
}

static void any_other_byte_is_written_as_its_number(void **state)
{
	(void)state;
	check("a\n\x1b\x7f\xff", "\"a\\u000a\\u001b\\u007f\\u00ff\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_text_is_quoted),
		TEST(quotes_and_backslashes_are_escaped),
		TEST(any_other_byte_is_written_as_its_number),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
