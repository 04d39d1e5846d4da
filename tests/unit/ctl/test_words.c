/* SPDX-License-Identifier: BSD-2-Clause */
#include "../vm/rig.h"

#include <errno.h>

#include "ctl/server.h"
#include "ctl/words.h"
#include "util/clock.h"

#define RUNNING	 "{\"version\":1,\"ok\":true,\"state\":\"running\"}\n"
#define PAUSED	 "{\"version\":1,\"ok\":true,\"state\":\"paused\"}\n"
#define STOPPING "{\"version\":1,\"ok\":true,\"state\":\"stopping\"}\n"

static struct words words;
static struct ctl_setup setup;
static char *reply;
static bool goes_on;

static int set_up(void **state)
{
	words.len = 0;
	words.over = false;
	setup = (struct ctl_setup){ .name = "web", .grace_ns = 0 };
	rig_up(state);
	rig.before = left_now();
	rig_new();
	return 0;
}

static int tear_down(void **state)
{
	free(reply);
	reply = NULL;
	return rig_down(state);
}

static void add(const void *bytes, size_t n)
{
	assert_true(n <= sizeof(words.text) - words.len);
	memcpy(words.text + words.len, bytes, n);
	words.len += n;
}

/* The answer to what is pending. */
static const char *answer(void)
{
	size_t size;
	FILE *out;

	free(reply);
	out = open_memstream(&reply, &size);
	assert_true(words_pending(&words));
	goes_on = words_answer(&words, rig.vm, &setup, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(reply), size);
	assert_ptr_equal(strchr(reply, '\n'), reply + size - 1);
	return reply;
}

/* The answer to one good line. */
static const char *said(const char *line)
{
	add(line, strlen(line));
	add("\n", 1);
	answer();
	assert_true(goes_on);
	assert_int_equal(words.len, 0);
	return reply;
}

#define assert_refused(line, why)       \
	assert_string_equal(said(line), \
			    "{\"version\":1,\"error\":\"" why "\"}\n")

#define KNOWN "version, stat, pause, resume, reset, stop, steal, balloon"

/* -- words that tell -- */

static void version_tells_the_words(void **state)
{
	(void)state;
	assert_string_equal(
		said("version"),
		"{\"version\":1,\"program\":\"" VERSION "\","
		"\"words\":[\"version\",\"stat\",\"pause\","
		"\"resume\",\"reset\",\"stop\",\"steal\",\"balloon\"]}\n");
}

static void stat_tells_of_each_vcpu_by_the_guests_name(void **state)
{
	(void)state;
	said("stat");
	assert_memory_equal(reply, "{\"version\":1,\"name\":\"web\"", 25);
	assert_non_null(strstr(reply, "{\"id\":0,"));
	assert_non_null(strstr(reply, "{\"id\":1,"));
	assert_null(strstr(reply, "{\"id\":2,"));
}

/* -- words that act -- */

static void pause_lasts_until_resume(void **state)
{
	(void)state;
	assert_string_equal(said("pause"), PAUSED);
	assert_true(vm_is_paused(rig.vm));
	assert_string_equal(said("resume"), RUNNING);
	assert_false(vm_is_paused(rig.vm));
	assert_string_equal(said("pause steal"), PAUSED);
	assert_string_equal(said("resume"), RUNNING);
}

static void pause_is_what_it_says_else_what_the_run_line_said(void **state)
{
	static const struct {
		bool run_line;
		const char *line;
		bool steals;
	} cases[] = {
		{ false, "pause", false },
		{ true, "pause", true },
		{ false, "pause freeze", false },
		{ true, "pause freeze", false },
		{ false, "pause steal", true },
		{ true, "pause steal", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setup.on_pause_steals = cases[i].run_line;
		assert_string_equal(said(cases[i].line), PAUSED);
		assert_int_equal(rig.vm->pause.steals, cases[i].steals);
		assert_string_equal(said("resume"), RUNNING);
	}
}

static void pause_twice_and_resume_of_what_runs_are_refused(void **state)
{
	(void)state;
	assert_refused("resume", "resume: the guest is not paused");
	said("pause");
	assert_refused("pause", "pause: the guest is paused already");
	assert_true(vm_is_paused(rig.vm));
	said("resume");
}

static void pause_of_another_kind_is_refused(void **state)
{
	(void)state;
	assert_refused("pause fast",
		       "pause: 'fast' is not one of freeze, steal");
	assert_refused("pause freeze steal",
		       "too many words; say 'pause [freeze|steal]'");
	assert_false(vm_is_paused(rig.vm));
}

static void reset_boots_again_and_leaves_a_pause(void **state)
{
	(void)state;
	fake_kvm.cpus[0].pc = 0;
	assert_string_equal(said("reset"), RUNNING);
	assert_int_equal(fake_kvm.cpus[0].pc, RIG_ENTRY);
	said("pause");
	assert_string_equal(said("reset"), PAUSED);
	assert_true(vm_is_paused(rig.vm));
}

static void stop_ends_a_guest_that_does_not_listen(void **state)
{
	(void)state;
	setup.grace_ns = UINT64_C(3600000000000);
	assert_refused("stop then", "stop: 'then' is not one of now");
	assert_int_equal(rig.vm->end, VM_NONE);
	assert_string_equal(said("stop"), STOPPING);
	assert_int_equal(rig.vm->end, VM_OFF);
}

static void stop_now_ends_any_guest(void **state)
{
	(void)state;
	assert_string_equal(said("stop now"), STOPPING);
	assert_int_equal(rig.vm->end, VM_OFF);
}

/* -- steal -- */

static void steal_is_of_all_vcpus_and_0_ends_it(void **state)
{
	(void)state;
	assert_string_equal(said("steal 25"), RUNNING);
	assert_int_equal(vm_hold_permille(rig.vm, 0), 250);
	assert_int_equal(vm_hold_permille(rig.vm, 1), 250);
	said("steal 12.5%");
	assert_int_equal(vm_hold_permille(rig.vm, 1), 125);
	said("steal 99%");
	assert_int_equal(vm_hold_permille(rig.vm, 0), 990);
	said("steal 0");
	assert_int_equal(vm_hold_permille(rig.vm, 0), 0);
}

static void steal_is_of_the_vcpus_that_it_names(void **state)
{
	(void)state;
	assert_string_equal(said("steal 25% cpu 1"), RUNNING);
	assert_int_equal(vm_hold_permille(rig.vm, 0), 0);
	assert_int_equal(vm_hold_permille(rig.vm, 1), 250);
}

static void balloon_is_for_guests_that_have_one(void **state)
{
	(void)state;
	assert_refused("balloon", "balloon: how much? say 'balloon 512M'");
	assert_refused(
		"balloon x",
		"balloon: 'x' is not a size; write 512M, 2G or plain MiB");
	assert_refused("balloon 5M 6M", "too many words; say 'balloon SIZE'");
	assert_refused("balloon 5M", "balloon: the guest has none; start it "
				     "with --balloon");
}

static void steal_ends_by_itself(void **state)
{
	uint64_t began = clock_mono_ns();

	(void)state;
	assert_string_equal(said("steal 25% for 0.05 cpu 0-1"), RUNNING);
	assert_int_equal(vm_hold_permille(rig.vm, 1), 250);
	assert_int_equal(loop_turn(vm_loop(rig.vm), began + 20000000000), 0);
	assert_int_equal(vm_hold_permille(rig.vm, 1), 0);
	assert_true(clock_mono_ns() - began >= 50000000);
}

static void steal_that_is_wrong_anywhere_changes_nothing(void **state)
{
	(void)state;
	said("steal 50");
	assert_refused("steal", "steal: how much? say 'steal 25%'");
	assert_refused("steal all",
		       "steal: 'all' is not a share; write 25% or 12.5%");
	assert_refused("steal 99.1", "steal: 99.1 is above 99%");
	assert_refused("steal -1",
		       "steal: '-1' is not a share; write 25% or 12.5%");
	assert_refused("steal 1 cpu", "steal: nothing behind 'cpu'");
	assert_refused("steal 1 cpu 0 for", "steal: nothing behind 'for'");
	assert_refused("steal 1 cpu 0 cpu 1", "steal: twice 'cpu'");
	assert_refused("steal 1 cpu 2", "steal: cpu: '2': the last one is 1");
	assert_refused("steal 1 cpu 1-",
		       "steal: cpu: '1-' is no list of CPUs; write 0,2-3");
	assert_refused("steal 1 for 0",
		       "steal: for: 0 seconds is no time at all");
	assert_refused("steal 1 by 2", "steal: 'by' is not one of cpu, for");
	assert_refused("steal 1 cpu 0 for 1 x",
		       "too many words; say 'steal PERCENT [cpu LIST] "
		       "[for SECONDS]'");
	assert_int_equal(vm_hold_permille(rig.vm, 0), 500);
	assert_int_equal(vm_hold_permille(rig.vm, 1), 500);
}

static void what_the_machine_cannot_is_refused_in_its_words(void **state)
{
	(void)state;
	rig_free();
	rig.config.pvtime = "off";
	rig_new();
	said("steal 25%");
	assert_non_null(strstr(reply, "\"error\":\"steal: the guest has no "
				      "record of stolen time"));
	said("pause steal");
	assert_non_null(strstr(reply, "\"error\":\"pause: the guest has no "
				      "record of stolen time"));
	assert_false(vm_is_paused(rig.vm));
}

/* -- lists of CPUs -- */

static void lists_of_cpus_are_bits(void **state)
{
	static const struct {
		const char *list;
		uint64_t low, high; /* of 512 */
	} good[] = {
		{ "0", 1, 0 },
		{ "0,2-3", 13, 0 },
		{ "3,1,1,0-1", 11, 0 },
		{ "0-511", UINT64_MAX, UINT64_MAX },
		{ "00063-63,511", UINT64_C(1) << 63, UINT64_C(1) << 63 },
	};
	uint64_t mask[WORDS_CPUS_U64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(words_cpus(good[i].list, 512, mask), 0);
		assert_true(mask[0] == good[i].low);
		assert_true(mask[WORDS_CPUS_U64 - 1] == good[i].high);
	}
}

static void what_is_no_list_of_cpus_is_refused(void **state)
{
	static const char *const bad[] = { "",	   ",",	  "0,",	  ",0", "0-",
					   "-1",   "2-1", "0x1",  "a",	"0 1",
					   "1--2", "+1",  "1-2-3" };
	static const char *const high[] = { "4", "0-4", "3,4294967296",
					    "18446744073709551616" };
	uint64_t mask[WORDS_CPUS_U64] = { 77 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(words_cpus(bad[i], 4, mask), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(high); i++)
		assert_int_equal(words_cpus(high[i], 4, mask), -ERANGE);
	assert_words("'18446744073709551616': the last one is 3");
	assert_int_equal(mask[0], 77);
}

/* -- lines -- */

static void
words_are_apart_by_any_spaces_and_a_line_may_end_as_in_dos(void **state)
{
	(void)state;
	assert_string_equal(said("  pause   freeze  "), PAUSED);
	assert_string_equal(said("resume\r"), RUNNING);
}

static void unknown_word_is_refused_and_the_known_ones_told(void **state)
{
	(void)state;
	assert_refused("explode", "'explode' is no word; known: " KNOWN);
	assert_refused("", "'' is no word; known: " KNOWN);
	assert_refused("   ", "'' is no word; known: " KNOWN);
	assert_refused("a b c d e f g h", "'a' is no word; known: " KNOWN);
	assert_refused("STAT", "'STAT' is no word; known: " KNOWN);
	assert_refused("\\\"'", "'\\\\\\\"'' is no word; known: " KNOWN);
	assert_refused("stat now", "too many words; say 'stat'");
}

static void half_a_line_waits_for_the_rest(void **state)
{
	(void)state;
	assert_false(words_pending(&words));
	add("res", 3);
	assert_false(words_pending(&words));
	add("et", 2);
	assert_false(words_pending(&words));
	assert_string_equal(said(""), RUNNING);
}

static void lines_that_come_at_once_are_answered_one_by_one(void **state)
{
	(void)state;
	add("pause\nresume\nres", 16);
	assert_string_equal(answer(), PAUSED);
	assert_string_equal(answer(), RUNNING);
	assert_false(words_pending(&words));
	assert_int_equal(words.len, 3);
}

static void line_without_an_end_is_refused_for_good(void **state)
{
	(void)state;
	add("pause", 5);
	words.over = true;
	assert_string_equal(answer(), "{\"version\":1,\"error\":\"half a line; "
				      "end it with a newline\"}\n");
	assert_false(goes_on);
	assert_false(words_pending(&words));
	assert_false(vm_is_paused(rig.vm));
}

static void endless_line_is_refused_for_good(void **state)
{
	char line[WORDS_LINE_MAX];

	(void)state;
	memset(line, 'a', sizeof(line));
	add(line, sizeof(line) - 1);
	assert_false(words_pending(&words));
	add("a", 1);
	assert_string_equal(answer(), "{\"version\":1,\"error\":\"more than "
				      "4095 bytes without a newline\"}\n");
	assert_false(goes_on);
	assert_false(words_pending(&words));
}

static void line_that_just_fits_is_taken(void **state)
{
	char line[WORDS_LINE_MAX];

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "pause", 5);
	line[sizeof(line) - 1] = '\n';
	add(line, sizeof(line));
	assert_string_equal(answer(), PAUSED);
}

static void what_is_no_text_is_refused_for_good(void **state)
{
	static const char *const bytes[] = { "\1",   "\t",   "\x7f",
					     "\x80", "\xff", "\r\r" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		add("pause ", 6);
		add(bytes[i], strlen(bytes[i]));
		add("\n", 1);
		answer();
		assert_false(goes_on);
		assert_memory_equal(reply, "{\"version\":1,\"error\":\"byte 0x",
				    29);
	}
	add("pause\0\n", 7);
	assert_string_equal(answer(), "{\"version\":1,\"error\":\"byte 0x00; "
				      "say words, in ASCII\"}\n");
	assert_false(goes_on);
	assert_false(vm_is_paused(rig.vm));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(version_tells_the_words),
		T(stat_tells_of_each_vcpu_by_the_guests_name),
		T(pause_lasts_until_resume),
		T(pause_is_what_it_says_else_what_the_run_line_said),
		T(pause_twice_and_resume_of_what_runs_are_refused),
		T(pause_of_another_kind_is_refused),
		T(reset_boots_again_and_leaves_a_pause),
		T(stop_ends_a_guest_that_does_not_listen),
		T(stop_now_ends_any_guest),
		T(steal_is_of_all_vcpus_and_0_ends_it),
		T(steal_is_of_the_vcpus_that_it_names),
		T(balloon_is_for_guests_that_have_one),
		T(steal_ends_by_itself),
		T(steal_that_is_wrong_anywhere_changes_nothing),
		T(what_the_machine_cannot_is_refused_in_its_words),
		T(lists_of_cpus_are_bits),
		T(what_is_no_list_of_cpus_is_refused),
		T(words_are_apart_by_any_spaces_and_a_line_may_end_as_in_dos),
		T(unknown_word_is_refused_and_the_known_ones_told),
		T(half_a_line_waits_for_the_rest),
		T(lines_that_come_at_once_are_answered_one_by_one),
		T(line_without_an_end_is_refused_for_good),
		T(endless_line_is_refused_for_good),
		T(line_that_just_fits_is_taken),
		T(what_is_no_text_is_refused_for_good),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
