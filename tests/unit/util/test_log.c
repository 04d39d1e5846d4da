/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "util/log.h"

static void info_and_worse_is_on_to_begin_with(void **state)
{
	(void)state;
	assert_true(log_on(LOG_ERROR));
	assert_true(log_on(LOG_WARNING));
	assert_true(log_on(LOG_INFO));
	assert_false(log_on(LOG_DEBUG));
}

static void each_level_brings_those_that_are_worse(void **state)
{
	(void)state;
	for (int set = LOG_ERROR; set <= LOG_DEBUG; set++) {
		log_set_level((enum log_level)set);
		for (int ask = LOG_ERROR; ask <= LOG_DEBUG; ask++)
			assert_int_equal(log_on((enum log_level)ask),
					 ask <= set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(info_and_worse_is_on_to_begin_with),
		TEST(each_level_brings_those_that_are_worse),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
