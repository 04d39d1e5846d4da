/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "ctl/agent.h"
#include "util/err.h"

static struct agent agent;
static struct agent_answer answer;

static int set_up(void **state)
{
	(void)state;
	agent_init(&agent);
	agent_expect(&answer, 7);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	agent_forget(&answer);
	agent_forget(&answer);
	return 0;
}

/* Feed @text, which ends with the one newline that it has. */
static struct agent_line hear(const char *text)
{
	struct agent_line line = { 0 };
	bool whole = false;

	for (; *text; text++) {
		assert_false(whole);
		whole = agent_feed(&agent, *text, &line);
	}
	assert_true(whole);
	return line;
}

static void check_line(const char *said, enum agent_word word, unsigned number,
		       const char *text)
{
	struct agent_line line = hear(said);

	assert_int_equal(line.word, word);
	assert_int_equal(line.number, number);
	assert_string_equal(line.text, text);
}

/* -- lines -- */

static void each_word_of_the_protocol_is_known(void **state)
{
	(void)state;
	check_line("hello 1 6.12.0-arm64\n", AGENT_HELLO, 0, "6.12.0-arm64");
	check_line("12 + cpu0 1 2 3\n", AGENT_DATA, 12, "cpu0 1 2 3");
	check_line("13 ok 4711\n", AGENT_OK, 13, "4711");
	check_line("4294967295 bad open: error 2\n", AGENT_BAD, 4294967295,
		   "open: error 2");
}

static void text_may_be_missing(void **state)
{
	(void)state;
	check_line("1 +\n", AGENT_DATA, 1, "");
	check_line("1 + \n", AGENT_DATA, 1, "");
	check_line("1 ok\n", AGENT_OK, 1, "");
	check_line("1 bad\n", AGENT_BAD, 1, "");
	check_line("hello 1\n", AGENT_HELLO, 0, "");
}

static void data_are_kept_as_they_are_behind_one_blank(void **state)
{
	(void)state;
	check_line("1 +   40000000-43ffffff : %s%n  \n", AGENT_DATA, 1,
		   "  40000000-43ffffff : %s%n  ");
	check_line("1 + 2 ok\n", AGENT_DATA, 1, "2 ok");
}

static void another_protocol_is_told_by_its_number(void **state)
{
	(void)state;
	check_line("hello 2 6.12\n", AGENT_OTHER, 0, "2 6.12");
	check_line("hello 10 6.12\n", AGENT_OTHER, 0, "10 6.12");
	check_line("hello\n", AGENT_OTHER, 0, "");
	check_line("hello  1 6.12\n", AGENT_OTHER, 0, " 1 6.12");
}

static void all_else_is_noise(void **state)
{
	static const char *const noise[] = {
		"\n",
		" 1 ok\n",
		"1\n",
		"1 \n",
		"1ok\n",
		"1  ok\n",
		"1 okay\n",
		"1 ++\n",
		"-1 ok\n",
		"+1 ok\n",
		"0x1 ok\n",
		"4294967296 ok\n",
		"4294967297 ok\n",
		"18446744073709551617 ok\n",
		"99999999999999999999999999999999 ok\n",
		"ok\n",
		"helloo 1\n",
		"Hello 1\n",
		"Debian GNU/Linux 12 ttyAMA1\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		assert_int_equal(hear(noise[i]).word, AGENT_NOISE);
}

static void what_is_not_printable_is_left_out(void **state)
{
	(void)state;
	check_line("\r1\x1b \tok\x80 \xff\x7f"
		   "fine\r\n",
		   AGENT_OK, 1, "fine");
}

static void zero_bytes_are_left_out_too(void **state)
{
	static const char said[] = "1 o\0k fi\0ne\n";
	struct agent_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(said) - 2; i++)
		assert_false(agent_feed(&agent, said[i], &line));
	assert_true(agent_feed(&agent, '\n', &line));
	assert_int_equal(line.word, AGENT_OK);
	assert_string_equal(line.text, "fine");
}

static void endless_line_is_cut_and_the_next_one_is_whole(void **state)
{
	struct agent_line line;

	(void)state;
	agent_feed(&agent, '1', &line);
	agent_feed(&agent, ' ', &line);
	agent_feed(&agent, '+', &line);
	agent_feed(&agent, ' ', &line);
	for (unsigned i = 0; i < 100000; i++)
		assert_false(agent_feed(&agent, 'x', &line));
	assert_true(agent_feed(&agent, '\n', &line));
	assert_int_equal(line.word, AGENT_DATA);
	assert_int_equal(strlen(line.text), AGENT_LINE_MAX - 1 - 4);
	check_line("2 ok\n", AGENT_OK, 2, "");
}

static void half_a_line_is_forgotten_with_its_kernel(void **state)
{
	struct agent_line line;

	(void)state;
	for (const char *c = "17 + as far as"; *c; c++)
		agent_feed(&agent, *c, &line);
	agent_init(&agent);
	check_line("hello 1 new\n", AGENT_HELLO, 0, "new");
}

/* -- requests -- */

static void request_is_a_line_behind_its_number(void **state)
{
	char buf[AGENT_ASK_MAX];

	(void)state;
	assert_int_equal(agent_request(buf, 4294967295, "exec echo '%d'~"), 27);
	assert_string_equal(buf, "4294967295 exec echo '%d'~\n");
}

static void longest_request_is_the_last_that_is_taken(void **state)
{
	char buf[AGENT_ASK_MAX], words[2 * AGENT_ASK_MAX];

	(void)state;
	memset(words, 'w', sizeof(words));
	words[AGENT_ASK_MAX - 4] = '\0';
	assert_int_equal(agent_request(buf, 1, words), AGENT_ASK_MAX - 1);
	assert_int_equal(buf[AGENT_ASK_MAX - 2], '\n');
	words[AGENT_ASK_MAX - 4] = 'w';
	words[AGENT_ASK_MAX - 3] = '\0';
	assert_int_equal(agent_request(buf, 1, words), -E2BIG);
	assert_words("1021 characters are too many; at most 1008");
	/* What it says is true of every request there can be. */
	words[1008] = '\0';
	assert_true(agent_request(buf, 4294967295, words) > 0);
	words[1008] = 'w';
	words[2 * AGENT_ASK_MAX - 1] = '\0';
	assert_int_equal(agent_request(buf, 1, words), -E2BIG);
}

static void request_cannot_be_two(void **state)
{
	static const char *const words[] = { "exec a\n2 off", "exec a\r",
					     "exec\ta", "exec \x7f",
					     "exec \xc3\xa4" };
	char buf[AGENT_ASK_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(agent_request(buf, 1, words[i]), -EINVAL);
	assert_words("character 0xc3; write ASCII in one line");
}

/* -- answers -- */

static int take(const char *said)
{
	struct agent_line line = hear(said);

	return agent_answer(&answer, &line);
}

static void answer_is_its_lines_and_the_last_word(void **state)
{
	(void)state;
	assert_int_equal(take("7 + one\n"), 0);
	assert_int_equal(take("7 +\n"), 0);
	assert_int_equal(take("7 + three\n"), 0);
	assert_false(answer.done);
	assert_int_equal(take("7 ok 99\n"), 0);
	assert_true(answer.done);
	assert_true(answer.ok);
	assert_string_equal(answer.text, "99");
	assert_string_equal(answer.data, "one\n\nthree\n");
	assert_int_equal(answer.size, strlen(answer.data));
}

static void refusal_says_why(void **state)
{
	(void)state;
	assert_int_equal(take("7 bad open: error 2\n"), 0);
	assert_true(answer.done);
	assert_false(answer.ok);
	assert_string_equal(answer.text, "open: error 2");
	assert_null(answer.data);
}

static void answers_to_others_and_noise_are_not_mixed_in(void **state)
{
	(void)state;
	assert_int_equal(take("6 + old\n"), 0);
	assert_int_equal(take("8 ok\n"), 0);
	assert_int_equal(take("hello 1 x\n"), 0);
	assert_int_equal(take("7 what\n"), 0);
	assert_false(answer.done);
	assert_int_equal(answer.size, 0);
	assert_int_equal(take("7 ok\n"), 0);
	/* and nothing comes after its end */
	assert_int_equal(take("7 + late\n"), 0);
	assert_int_equal(take("7 ok late\n"), 0);
	assert_int_equal(take("8 bad late\n"), 0);
	assert_true(answer.ok);
	assert_string_equal(answer.text, "");
	assert_int_equal(answer.size, 0);
}

static void what_was_promised_may_be_taken_back(void **state)
{
	(void)state;
	take("7 ok\n");
	assert_true(answer.done && answer.ok);
	take("7 bad /init: error 8\n");
	assert_true(answer.done && !answer.ok);
	assert_string_equal(answer.text, "/init: error 8");
}

static void next_answer_begins_with_nothing(void **state)
{
	(void)state;
	take("7 + much\n");
	take("7 bad so\n");
	agent_expect(&answer, 8);
	assert_false(answer.done);
	assert_false(answer.ok);
	assert_string_equal(answer.text, "");
	assert_int_equal(answer.size, 0);
	assert_string_equal(answer.data, "");
	assert_int_equal(take("8 + new\n"), 0);
	assert_string_equal(answer.data, "new\n");
}

static void too_much_is_refused_and_what_was_before_is_kept(void **state)
{
	static char said[AGENT_LINE_MAX + 1];
	size_t size;
	unsigned n = 0;
	int rc;

	(void)state;
	memset(said, 'x', sizeof(said) - 2);
	memcpy(said, "7 + ", 4);
	said[AGENT_LINE_MAX - 1] = '\n';
	said[AGENT_LINE_MAX] = '\0';
	do {
		size = answer.size;
		rc = take(said);
		n++;
	} while (rc == 0);
	assert_int_equal(rc, -E2BIG);
	assert_words("the guest answers with more than 524288 bytes");
	assert_int_equal(answer.size, size);
	assert_int_equal(strlen(answer.data), size);
	assert_true(size > AGENT_DATA_MAX - AGENT_LINE_MAX);
	assert_int_equal(n, size / (AGENT_LINE_MAX - 4) + 1);
	/* So it stays, and the end can still be told. */
	assert_int_equal(take(said), -E2BIG);
	assert_int_equal(take("7 ok\n"), 0);
	assert_true(answer.done);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_word_of_the_protocol_is_known),
		T(text_may_be_missing),
		T(data_are_kept_as_they_are_behind_one_blank),
		T(another_protocol_is_told_by_its_number),
		T(all_else_is_noise),
		T(what_is_not_printable_is_left_out),
		T(zero_bytes_are_left_out_too),
		T(endless_line_is_cut_and_the_next_one_is_whole),
		T(half_a_line_is_forgotten_with_its_kernel),
		T(request_is_a_line_behind_its_number),
		T(longest_request_is_the_last_that_is_taken),
		T(request_cannot_be_two),
		T(answer_is_its_lines_and_the_last_word),
		T(refusal_says_why),
		T(answers_to_others_and_noise_are_not_mixed_in),
		T(what_was_promised_may_be_taken_back),
		T(next_answer_begins_with_nothing),
		T(too_much_is_refused_and_what_was_before_is_kept),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
