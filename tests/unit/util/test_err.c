/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <pthread.h>

#include "util/err.h"

static void words_end_with_what_the_errno_means(void **state)
{
	(void)state;
	assert_int_equal(err_set(EIO, "read '%s'", "x"), -EIO);
	assert_words("read 'x': Input/output error");
}

static void complete_words_are_left_alone(void **state)
{
	(void)state;
	assert_int_equal(err_say(ENOEXEC, "not a kernel"), -ENOEXEC);
	assert_words("not a kernel");
}

static void outer_words_come_first(void **state)
{
	(void)state;
	err_set(ENOENT, "open");
	assert_int_equal(err_in(-ENOENT, "kernel '%s'", "k"), -ENOENT);
	assert_words("kernel 'k': open: No such file or directory");
}

static void hints_come_last(void **state)
{
	(void)state;
	err_set(EACCES, "open");
	assert_int_equal(err_hint(-EACCES, "try %d", 5), -EACCES);
	assert_words("open: Permission denied; try 5");
}

static void success_passes_and_changes_no_words(void **state)
{
	(void)state;
	err_say(1, "old");
	assert_int_equal(err_in(0, "new"), 0);
	assert_int_equal(err_in(7, "new"), 7);
	assert_int_equal(err_hint(0, "new"), 0);
	assert_words("old");
}

/* Whatever their lengths: cut, ended, and the outer ones kept. */
static void long_words_are_cut_from_the_inside(void **state)
{
	char inner[2 * ERR_TEXT_MAX], outer[2 * ERR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(inner); i += 7) {
		for (size_t o = 0; o < sizeof(outer); o += 13) {
			size_t kept;

			memset(inner, 'i', i);
			memset(outer, 'o', o);
			inner[i] = outer[o] = '\0';
			err_say(1, "%s", inner);
			err_in(-1, "%s", outer);
			assert_true(strlen(err_text()) < ERR_TEXT_MAX);
			kept = o < ERR_TEXT_MAX - 1 ? o : ERR_TEXT_MAX - 1;
			assert_memory_equal(err_text(), outer, kept);
			err_hint(-1, "%s", outer);
			assert_true(strlen(err_text()) < ERR_TEXT_MAX);
			err_set(EIO, "%s", inner);
			assert_true(strlen(err_text()) < ERR_TEXT_MAX);
		}
	}
	memset(inner, 'i', 300);
	memset(outer, 'o', 300);
	inner[300] = outer[300] = '\0';
	err_say(1, "%s", inner);
	err_in(-1, "%s", outer);
	assert_int_equal(strlen(err_text()), ERR_TEXT_MAX - 1);
	assert_memory_equal(err_text() + 300, ": iii", 5);
}

static void *other_thread(void *arg)
{
	err_say(1, "theirs");
	err_copy(arg);
	return NULL;
}

static void each_thread_has_its_own_until_handed_over(void **state)
{
	char words[ERR_TEXT_MAX];
	pthread_t id;

	(void)state;
	err_say(1, "ours");
	assert_int_equal(pthread_create(&id, NULL, other_thread, words), 0);
	assert_int_equal(pthread_join(id, NULL), 0);
	assert_words("ours");
	err_adopt(words);
	assert_words("theirs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(words_end_with_what_the_errno_means),
		TEST(complete_words_are_left_alone),
		TEST(outer_words_come_first),
		TEST(hints_come_last),
		TEST(success_passes_and_changes_no_words),
		TEST(long_words_are_cut_from_the_inside),
		TEST(each_thread_has_its_own_until_handed_over),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
