/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "util/err.h"
#include "util/util.h"

static struct {
	const char *text;
	unsigned flags, sets;
} got;

static int set_text(void *into, const char *arg)
{
	assert_ptr_equal(into, &got);
	assert_non_null(arg);
	got.text = arg;
	got.sets++;
	return strcmp(arg, "bad") == 0 ? err_say(EINVAL, "bad is bad") : 0;
}

static int set_flag(void *into, const char *arg)
{
	assert_ptr_equal(into, &got);
	assert_null(arg);
	got.flags++;
	return 0;
}

static const struct option_desc table[] = {
	{ .help = "Some:" },
	{ 't', "text", "TEXT", "a text", set_text },
	{ 'f', "flag", NULL, "a flag", set_flag },
	{ .help = "Others:" },
	{ 0, "long-flag", NULL, "a flag without a letter", set_flag },
	{ 0, "a-long-option-name", "WITH-ARGUMENT",
	  "words enough to be folded, because a line of a terminal has no "
	  "more than eighty columns and this text is longer",
	  set_text },
};

static int set_up(void **state)
{
	(void)state;
	memset(&got, 0, sizeof(got));
	return 0;
}

static int parse(char *a, char *b, char *c)
{
	static char name[] = "cmd";
	char *argv[] = { name, a, b, c, NULL };
	int argc = 1 + !!a + (a && b) + (a && b && c);

	return options_parse(table, ARRAY_SIZE(table), &got, argc, argv);
}

#define PARSE(a, b, c) parse((char *)(a), (char *)(b), (char *)(c))

static void all_spellings_are_taken(void **state)
{
	static const char *const spellings[][2] = {
		{ "-t", "x" },	      { "-tx", NULL },	{ "--text", "x" },
		{ "--text=x", NULL }, { "--tex", "x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		set_up(NULL);
		assert_int_equal(PARSE(spellings[i][0], spellings[i][1], NULL),
				 2 + !!spellings[i][1]);
		assert_string_equal(got.text, "x");
	}
	assert_int_equal(PARSE("-f", "--flag", "--long-flag"), 4);
	assert_int_equal(got.flags, 3);
}

static void words_that_are_no_options_come_last_in_their_order(void **state)
{
	char word[] = "word", flag[] = "-f", more[] = "more";
	char *argv[] = { flag, word, flag, more, flag, NULL };

	(void)state;
	assert_int_equal(options_parse(table, ARRAY_SIZE(table), &got, 5, argv),
			 3);
	assert_int_equal(got.flags, 2);
	assert_ptr_equal(argv[3], word);
	assert_ptr_equal(argv[4], more);
	assert_int_equal(PARSE("--", "-f", NULL), 2);
	assert_int_equal(got.flags, 2);
	assert_int_equal(PARSE(NULL, NULL, NULL), 1);
}

static void refusals_name_the_option_as_the_user_wrote_it(void **state)
{
	static const struct {
		const char *a, *b, *words;
	} bad[] = {
		{ "--nonsense", NULL, "unknown option --nonsense; see --help" },
		{ "--nonsense=5", NULL,
		  "unknown option --nonsense=5; see --help" },
		{ "-z", NULL, "unknown option -z; see --help" },
		{ "-fz", NULL, "unknown option -z; see --help" },
		{ "-t", NULL, "option -t needs an argument" },
		{ "--text", NULL, "option --text needs an argument" },
		{ "--flag=1", NULL, "option --flag=1 takes no argument" },
		{ "-t", "bad", "--text: bad is bad" },
		{ "--text=bad", NULL, "--text: bad is bad" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(PARSE(bad[i].a, bad[i].b, NULL), -EINVAL);
		assert_words(bad[i].words);
	}
}

static void each_call_begins_anew(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-zf", NULL, NULL), -EINVAL);
	assert_int_equal(PARSE("-t", "x", NULL), 3);
	assert_int_equal(got.sets, 1);
	assert_int_equal(got.flags, 0);
}

static void help_is_aligned_and_folded(void **state)
{
	static const char want[] =
		"\n"
		"Some:\n"
		"  -t, --text TEXT           a text\n"
		"  -f, --flag                a flag\n"
		"\n"
		"Others:\n"
		"      --long-flag           a flag without a letter\n"
		"      --a-long-option-name WITH-ARGUMENT\n"
		"                            words enough to be folded, because "
		"a line of a\n"
		"                            terminal has no more than eighty "
		"columns and this\n"
		"                            text is longer\n";
	char text[2048] = "";
	int out = memfd_create("out", MFD_CLOEXEC);

	(void)state;
	stdio_take(-1, dup(out));
	options_print(table, ARRAY_SIZE(table));
	fflush(stdout);
	stdio_give_back();
	assert_true(pread(out, text, sizeof(text) - 1, 0) > 0);
	close(out);
	assert_string_equal(text, want);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_spellings_are_taken),
		T(words_that_are_no_options_come_last_in_their_order),
		T(refusals_name_the_option_as_the_user_wrote_it),
		T(each_call_begins_anew),
		T(help_is_aligned_and_folded),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
