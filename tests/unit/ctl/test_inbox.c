/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "ctl/inbox.h"
#include "util/clock.h"
#include "util/err.h"

enum { MS = 1000000 };

static struct inbox in;
static struct inbox_view view;

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	inbox_init(&in, 5);
	view = (struct inbox_view){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	inbox_fini(&in);
	return 0;
}

static void print(const char *text)
{
	for (; *text; text++)
		in.watch.byte(in.watch.ctx, (uint8_t)*text);
}

static void say(const char *text)
{
	for (; *text; text++)
		in.channel.put(&in.channel, (uint8_t)*text);
}

/* Whatever has happened, at once. */
static void look(void)
{
	inbox_wait(&in, 0, &view);
}

static void check_line(uint64_t n, const char *text)
{
	struct inbox_line line;

	assert_true(inbox_line(&in, n, &line));
	assert_string_equal(line.text, text);
}

/* -- the console -- */

static void console_goes_where_it_was_told(void **state)
{
	(void)state;
	assert_int_equal(in.watch.console_fd, 5);
	assert_ptr_equal(in.watch.ctx, &in);
}

static void lines_come_whole_and_in_order(void **state)
{
	char rest[INBOX_LINE_MAX];

	(void)state;
	print("[    0.000000] Booting Linux\r\n\x1b[1mtwo\n\nthr");
	look();
	assert_int_equal(view.nr_lines, 3);
	check_line(0, "[    0.000000] Booting Linux");
	check_line(1, "[1mtwo");
	check_line(2, "");
	assert_false(inbox_line(&in, 3, &(struct inbox_line){ 0 }));
	inbox_rest(&in, rest);
	assert_string_equal(rest, "thr");
	print("ee\n");
	inbox_rest(&in, rest);
	assert_string_equal(rest, "");
	check_line(3, "three");
}

static void lines_know_when_they_came(void **state)
{
	uint64_t before = clock_mono_ns();
	struct inbox_line line;

	(void)state;
	print("now\n");
	assert_true(inbox_line(&in, 0, &line));
	assert_true(line.t_ns >= before && line.t_ns <= clock_mono_ns());
}

static void long_line_is_cut(void **state)
{
	char rest[INBOX_LINE_MAX];
	struct inbox_line line;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		print("x");
	inbox_rest(&in, rest);
	assert_int_equal(strlen(rest), INBOX_LINE_MAX - 1);
	print("\nnext\n");
	assert_true(inbox_line(&in, 0, &line));
	assert_int_equal(strlen(line.text), INBOX_LINE_MAX - 1);
	check_line(1, "next");
}

static void latest_lines_are_kept_and_no_others(void **state)
{
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "line %u\n", i);
		print(text);
	}
	look();
	assert_int_equal(view.nr_lines, 1000);
	for (unsigned i = 0; i < 1001; i++) {
		struct inbox_line line;
		bool there = inbox_line(&in, i, &line);

		assert_int_equal(there, i >= 1000 - INBOX_LINES && i < 1000);
		snprintf(text, sizeof(text), "line %u", i);
		if (there)
			assert_string_equal(line.text, text);
	}
	assert_false(inbox_line(&in, UINT64_MAX, &(struct inbox_line){ 0 }));
}

static void first_trouble_of_each_kind_is_kept(void **state)
{
	struct inbox_line line;

	(void)state;
	for (enum trouble t = 0; t < TROUBLE_KINDS; t++)
		assert_false(inbox_trouble(&in, t, &line));
	print("[    1.0] WARNING: CPU: 0 first\n[    2.0] WARNING: second\n");
	print("[    3.0] Kernel panic - not syncing: one\n");
	for (unsigned i = 0; i < 2 * INBOX_LINES; i++)
		print("[    4.0] Kernel panic - not syncing: two\n");
	assert_true(inbox_trouble(&in, TROUBLE_WARNING, &line));
	assert_string_equal(line.text, "[    1.0] WARNING: CPU: 0 first");
	assert_true(inbox_trouble(&in, TROUBLE_PANIC, &line));
	assert_string_equal(line.text,
			    "[    3.0] Kernel panic - not syncing: one");
	assert_false(inbox_trouble(&in, TROUBLE_OOPS, &line));
	assert_false(inbox_trouble(&in, TROUBLE_NONE, &line));
}

static void half_a_line_is_no_trouble_yet(void **state)
{
	struct inbox_line line;

	(void)state;
	print("Kernel panic - not syncing: he");
	assert_false(inbox_trouble(&in, TROUBLE_PANIC, &line));
	print("lp\n");
	assert_true(inbox_trouble(&in, TROUBLE_PANIC, &line));
}

/* -- the channel -- */

static void channel_is_taken_in_pieces(void **state)
{
	char buf[4];

	(void)state;
	say("hello 1\n\xff");
	assert_int_equal(inbox_take(&in, buf, 4), 4);
	assert_memory_equal(buf, "hell", 4);
	say("+");
	assert_int_equal(inbox_take(&in, buf, 4), 4);
	assert_memory_equal(buf, "o 1\n", 4);
	assert_int_equal(inbox_take(&in, buf, 4), 2);
	assert_memory_equal(buf, "\xff+", 2);
	assert_int_equal(inbox_take(&in, buf, 4), 0);
	look();
	assert_int_equal(view.channel_bytes, 10);
}

static void flood_is_marked_and_the_first_of_it_is_there(void **state)
{
	static char buf[INBOX_CHANNEL + 1];

	(void)state;
	for (unsigned i = 0; i < INBOX_CHANNEL; i++)
		say("x");
	look();
	assert_false(view.overrun);
	say("y");
	look();
	assert_true(view.overrun);
	assert_int_equal(view.channel_bytes, INBOX_CHANNEL + 1);
	assert_int_equal(inbox_take(&in, buf, sizeof(buf)), INBOX_CHANNEL);
	for (unsigned i = 0; i < INBOX_CHANNEL; i++)
		assert_int_equal(buf[i], 'x');
	look();
	assert_true(view.overrun); /* nobody knows what was lost */
}

/* -- may the UART take more -- */

static void room_is_used_up_until_the_guest_reads_or_took_all(void **state)
{
	(void)state;
	assert_true(inbox_use_room(&in));
	assert_false(inbox_use_room(&in));
	in.channel.room(&in.channel);
	look();
	assert_true(view.room);
	assert_true(inbox_use_room(&in));
	assert_false(inbox_use_room(&in));
	inbox_keep_room(&in);
	assert_true(inbox_use_room(&in));
}

/* -- the machine -- */

static void reset_is_refused_unless_it_was_asked_for_and_once(void **state)
{
	(void)state;
	assert_false(in.watch.reset(in.watch.ctx));
	inbox_allow_reset(&in, true);
	assert_true(in.watch.reset(in.watch.ctx));
	assert_false(in.watch.reset(in.watch.ctx));
	inbox_allow_reset(&in, true);
	inbox_allow_reset(&in, false);
	assert_false(in.watch.reset(in.watch.ctx));
	look();
	assert_int_equal(view.resets, 1);
}

static void reset_after_a_panic_is_none_that_was_asked_for(void **state)
{
	(void)state;
	inbox_allow_reset(&in, true);
	print("Kernel panic - not syncing: x\n");
	assert_false(in.watch.reset(in.watch.ctx));
}

/*
 * "ok" to the request to reboot and the reset come one right after the other;
 * who looks late must still find both.
 */
static void what_the_guest_said_before_its_reset_is_not_lost(void **state)
{
	char buf[16];

	(void)state;
	inbox_allow_reset(&in, true);
	say("9 ok\n");
	assert_true(in.watch.reset(in.watch.ctx));
	assert_int_equal(inbox_take(&in, buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "9 ok\n", 5);
}

static void end_is_told_with_the_words_of_a_failure(void **state)
{
	(void)state;
	err_say(1, "%s", "of before");
	inbox_end(&in, VM_OFF);
	look();
	assert_int_equal(view.end, VM_OFF);
	assert_string_equal(in.words, "");
	err_say(1, "%s", "run vCPU 0: Bad address");
	inbox_end(&in, VM_FAILED);
	assert_string_equal(in.words, "run vCPU 0: Bad address");
}

/* -- waiting -- */

static void nothing_new_is_waited_for_until_the_deadline(void **state)
{
	uint64_t began = clock_mono_ns();

	(void)state;
	inbox_wait(&in, began + 30 * MS, &view);
	assert_true(clock_mono_ns() >= began + 30 * MS);
	inbox_wait(&in, 0, &view); /* long over */
	assert_true(clock_mono_ns() < began + 20000ull * MS);
}

static void *later(void *fn)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20 * MS }, NULL);
	((void (*)(void))fn)();
	return NULL;
}

static void do_line(void)
{
	print("a line\n");
}

static void do_answer(void)
{
	say("1 ok\n");
}

static void do_room(void)
{
	in.channel.room(&in.channel);
}

static void do_reset(void)
{
	in.watch.reset(in.watch.ctx);
}

static void do_done(void)
{
	inbox_done(&in);
}

static void do_end(void)
{
	inbox_end(&in, VM_TIMEOUT);
}

static void do_flood(void)
{
	for (unsigned i = 0; i <= INBOX_CHANNEL; i++)
		say("x");
}

static void each_thing_that_happens_ends_the_wait(void **state)
{
	static void (*const things[])(void) = { do_line,  do_answer, do_room,
						do_reset, do_done,   do_end,
						do_flood };

	(void)state;
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		uint64_t deadline = clock_mono_ns() + 30000ull * MS;
		pthread_t other;

		look();
		assert_int_equal(
			pthread_create(&other, NULL, later, (void *)things[i]),
			0);
		inbox_wait(&in, deadline, &view);
		assert_true(clock_mono_ns() < deadline);
		pthread_join(other, NULL);
	}
	look();
	assert_int_equal(view.end, VM_TIMEOUT);
	assert_int_equal(view.done, 1);
	assert_int_equal(view.console_bytes, 7);
	assert_true(view.room && view.overrun);
}

static void what_happened_before_is_not_waited_for(void **state)
{
	uint64_t began = clock_mono_ns();

	(void)state;
	print("a line\n");
	inbox_wait(&in, began + 30000ull * MS, &view);
	assert_true(clock_mono_ns() < began + 20000ull * MS);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(console_goes_where_it_was_told),
		T(lines_come_whole_and_in_order),
		T(lines_know_when_they_came),
		T(long_line_is_cut),
		T(latest_lines_are_kept_and_no_others),
		T(first_trouble_of_each_kind_is_kept),
		T(half_a_line_is_no_trouble_yet),
		T(channel_is_taken_in_pieces),
		T(flood_is_marked_and_the_first_of_it_is_there),
		T(room_is_used_up_until_the_guest_reads_or_took_all),
		T(reset_is_refused_unless_it_was_asked_for_and_once),
		T(reset_after_a_panic_is_none_that_was_asked_for),
		T(what_the_guest_said_before_its_reset_is_not_lost),
		T(end_is_told_with_the_words_of_a_failure),
		T(nothing_new_is_waited_for_until_the_deadline),
		T(each_thing_that_happens_ends_the_wait),
		T(what_happened_before_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
