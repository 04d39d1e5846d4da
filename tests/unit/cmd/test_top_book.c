/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "cmd/top_book.h"
#include "guests.h"
#include "util/util.h"

static struct top_book book;
static struct left before;

static int set_up(void **state)
{
	(void)state;
	before = left_now();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	top_fini(&book);
	top_fini(&book);
	assert_nothing_left(before);
	return 0;
}

static struct top_guest *add(const char *name)
{
	assert_int_equal(top_add(&book, name), 0);
	return top_find(&book, name);
}

static void answer(struct top_guest *g, struct ctl_stat s)
{
	assert_int_equal(top_answer(&book, g, &s), 0);
	assert_null(s.vcpus); /* taken over */
}

#define assert_rates(r, s, h, n, i)              \
	do {                                     \
		assert_int_equal((r).stolen, s); \
		assert_int_equal((r).held, h);   \
		assert_int_equal((r).run, n);    \
		assert_int_equal((r).idle, i);   \
	} while (0)

static void guests_come_and_go_by_name(void **state)
{
	(void)state;
	add("b");
	add("a");
	assert_int_equal(book.nr, 2);
	assert_string_equal(book.guests[0]->name, "b");
	assert_int_equal(book.guests[0]->state, TOP_NEW);
	assert_int_equal(book.guests[0]->client.fd, -1);
	assert_null(top_find(&book, "c"));
	top_remove(&book, 0);
	assert_int_equal(book.nr, 1);
	assert_null(top_find(&book, "b"));
	assert_non_null(top_find(&book, "a"));
}

static void first_shares_are_since_the_guest_began(void **state)
{
	struct top_guest *g = add("a");
	struct ctl_stat s = idle_guest(100, 1, 10);

	(void)state;
	busy_vcpu(&s, 0, 10, 60, 20, 5);
	top_round(&book);
	answer(g, s);
	assert_int_equal(g->state, TOP_HERE);
	/* 20 of the 80 that it wanted; 60 and 20 of all. */
	assert_rates(g->vcpus[0].now, 250, 63, 600, 200);
	/* and are no part of the past */
	assert_int_equal(g->past[book.round], TOP_UNKNOWN);
	assert_int_equal(g->vcpus[0].past[book.round], TOP_UNKNOWN);
}

static void later_shares_are_of_the_time_in_between(void **state)
{
	struct top_guest *g = add("a");
	struct ctl_stat s = idle_guest(100, 2, 100);

	(void)state;
	busy_vcpu(&s, 0, 100, 90, 0, 0);
	top_round(&book);
	answer(g, s);
	s = idle_guest(100, 2, 102);
	busy_vcpu(&s, 0, 100, 90, 0, 0);
	busy_vcpu(&s, 0, 2, 50, 50, 25);
	busy_vcpu(&s, 1, 2, 10, 0, 0);
	top_round(&book);
	answer(g, s);
	assert_rates(g->vcpus[0].now, 500, 250, 500, 0);
	assert_rates(g->vcpus[1].now, 0, 0, 100, 900);
	/* Its run is a sum; its share is that of all that was wanted. */
	assert_int_equal(g->now.run, 600);
	assert_int_equal(g->now.stolen, 455);
	assert_int_equal(g->past[book.round], 455);
	assert_int_equal(g->vcpus[0].past[book.round], 500);
	assert_int_equal(g->vcpus[1].past[book.round], 0);
}

static void a_round_without_answer_is_a_gap_in_the_past(void **state)
{
	struct top_guest *g = add("a");
	unsigned gap;

	(void)state;
	answer(g, idle_guest(100, 1, 1));
	for (unsigned i = 2; i < 2 + TOP_PAST; i++) {
		top_round(&book);
		answer(g, idle_guest(100, 1, i));
	}
	for (unsigned i = 0; i < TOP_PAST; i++)
		assert_int_equal(g->past[i], 0);
	top_round(&book);
	gap = book.round;
	top_round(&book);
	answer(g, idle_guest(100, 1, 100));
	for (unsigned i = 0; i < TOP_PAST; i++) {
		assert_int_equal(g->past[i], i == gap ? TOP_UNKNOWN : 0);
		assert_int_equal(g->vcpus[0].past[i],
				 i == gap ? TOP_UNKNOWN : 0);
	}
}

/* Another process, other vCPUs, or less time: in each case another guest. */
static void a_guest_that_began_anew_has_no_past(void **state)
{
	static const struct {
		int pid;
		unsigned nr_vcpus, uptime_s;
	} others[] = { { 101, 1, 30 }, { 100, 2, 30 }, { 100, 1, 5 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct top_guest *g = add("a");
		struct ctl_stat s;

		for (unsigned t = 10; t < 12; t++) {
			top_round(&book);
			answer(g, idle_guest(100, 1, t));
		}
		assert_int_equal(g->past[book.round], 0);
		top_round(&book);
		s = idle_guest(others[i].pid, others[i].nr_vcpus,
			       others[i].uptime_s);
		busy_vcpu(&s, 0, others[i].uptime_s, 50, 50, 0);
		answer(g, s);
		for (unsigned n = 0; n < TOP_PAST; n++)
			assert_int_equal(g->past[n], TOP_UNKNOWN);
		assert_rates(g->vcpus[0].now, 500, 0, 500, 0);
		top_remove(&book, 0);
	}
}

static void impossible_figures_give_possible_shares(void **state)
{
	struct top_guest *g = add("a");
	struct ctl_stat s = idle_guest(100, 2, 10);

	(void)state;
	s.vcpus[0].run_ns = s.vcpus[0].stolen_ns = UINT64_MAX;
	s.vcpus[0].held_ns = s.vcpus[0].idle_ns = UINT64_MAX;
	s.vcpus[1].held_ns = UINT64_MAX;
	answer(g, s);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(g->vcpus[i].now.stolen <= 1000);
		assert_true(g->vcpus[i].now.held <= 1000);
		assert_true(g->vcpus[i].now.run <= 1000);
		assert_true(g->vcpus[i].now.idle <= 1000);
	}
	/* What only grows went down: nothing of it came to pass. */
	answer(g, idle_guest(100, 2, 20));
	assert_rates(g->vcpus[0].now, 0, 0, 0, 0);
	/* No time at all went by. */
	answer(g, idle_guest(100, 2, 20));
	assert_rates(g->now, 0, 0, 0, 0);
	/* No vCPUs. */
	answer(g, (struct ctl_stat){ .pid = 100, .uptime_ns = 1 });
	assert_rates(g->now, 0, 0, 0, 0);
}

static void order(enum top_sort by, const char *want)
{
	char is[64] = "";

	top_sort(&book, by);
	for (unsigned i = 0; i < book.nr; i++)
		strcat(is, book.guests[i]->name);
	assert_string_equal(is, want);
}

static void guests_are_sorted_by_what_the_user_asks_for(void **state)
{
	static const struct {
		const char *name;
		unsigned run, stolen;
	} guests[] = {
		{ "d", 90, 10 }, { "c", 10, 10 }, { "b", 50, 0 }, { "a", 50, 0 }
	};

	(void)state;
	order(TOP_BY_NAME, "");
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		struct ctl_stat s = idle_guest(1, 1, 1);

		busy_vcpu(&s, 0, 1, guests[i].run, guests[i].stolen, 0);
		answer(add(guests[i].name), s);
	}
	order(TOP_BY_STOLEN, "cdab");
	order(TOP_BY_CPU, "dabc");
	order(TOP_BY_NAME, "abcd");
	/* Who does not answer has no figures to be sorted by. */
	top_find(&book, "d")->state = TOP_SILENT;
	add("0");
	order(TOP_BY_STOLEN, "cab0d");
	order(TOP_BY_CPU, "abc0d");
	order(TOP_BY_NAME, "0abcd");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(guests_come_and_go_by_name),
		CASE(first_shares_are_since_the_guest_began),
		CASE(later_shares_are_of_the_time_in_between),
		CASE(a_round_without_answer_is_a_gap_in_the_past),
		CASE(a_guest_that_began_anew_has_no_past),
		CASE(impossible_figures_give_possible_shares),
		CASE(guests_are_sorted_by_what_the_user_asks_for),
	};

	return cmocka_run_group_tests_name("top_book", tests, NULL, NULL);
}
