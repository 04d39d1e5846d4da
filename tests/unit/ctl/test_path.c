/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/path.h"
#include "util/err.h"
#include "util/util.h"

static void names_are_plain_words(void **state)
{
	static const char *const good[] = { "a", "web-1.test_2", "0" };
	static const char *const bad[] = { "",	  ".",	  "..",	 ".x",
					   "a/b", "../x", "a b", "a\n" };
	char name[66];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(ctl_name(good[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ctl_name(bad[i]), -EINVAL);
	memset(name, 'x', sizeof(name));
	name[64] = '\0';
	assert_int_equal(ctl_name(name), 0);
	name[64] = 'x';
	name[65] = '\0';
	assert_int_equal(ctl_name(name), -EINVAL);
	assert_non_null(strstr(err_text(), "up to 64 letters"));
}

static void path_is_in_the_owners_runtime_folder(void **state)
{
	struct sockaddr_un addr;
	char expected[100];

	(void)state;
	setenv("XDG_RUNTIME_DIR", "/somewhere", 1);
	assert_int_equal(ctl_path("web", false, &addr), 0);
	if (geteuid() == 0)
		strcpy(expected, "/run/pvtime-vmm/web.sock");
	else
		strcpy(expected, "/somewhere/pvtime-vmm/web.sock");
	assert_string_equal(addr.sun_path, expected);

	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_int_equal(ctl_path("web", false, &addr), 0);
	if (geteuid() != 0)
		snprintf(expected, sizeof(expected),
			 "/run/user/%u/pvtime-vmm/web.sock",
			 (unsigned)geteuid());
	assert_string_equal(addr.sun_path, expected);
}

static void made_name_is_good_and_this_processs_own(void **state)
{
	char name[CTL_MADE_NAME_SIZE], expected[32];

	(void)state;
	ctl_name_make(name);
	snprintf(expected, sizeof(expected), "guest-%d", (int)getpid());
	assert_string_equal(name, expected);
	assert_int_equal(ctl_name(name), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_plain_words),
		cmocka_unit_test(made_name_is_good_and_this_processs_own),
		cmocka_unit_test(path_is_in_the_owners_runtime_folder),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
