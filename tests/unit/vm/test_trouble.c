/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "vm/trouble.h"

struct line {
	const char *text;
	enum trouble kind;
};

static void check(const struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (trouble_in(lines[i].text) == lines[i].kind)
			continue;
		fail_msg("'%s' is taken as '%s'", lines[i].text,
			 trouble_names[trouble_in(lines[i].text)]);
	}
}

/* As kernels from 5.10 to 6.12 print them. */
static void kernels_words_are_known(void **state)
{
	static const struct line lines[] = {
		{ "Kernel panic - not syncing: No working init found.",
		  TROUBLE_PANIC },
		{ "Kernel panic - not syncing: VFS: Unable to mount root fs",
		  TROUBLE_PANIC },
		{ "Internal error: Oops: 0000000096000044 [#1] SMP",
		  TROUBLE_OOPS },
		{ "Unable to handle kernel NULL pointer dereference at "
		  "virtual address 0000000000000000",
		  TROUBLE_OOPS },
		{ "kernel BUG at mm/slub.c:4035!", TROUBLE_OOPS },
		{ "BUG: unable to handle page fault", TROUBLE_OOPS },
		{ "BUG: sleeping function called from invalid context at "
		  "kernel/locking/mutex.c:282",
		  TROUBLE_OOPS },
		{ "BUG: KASAN: slab-out-of-bounds in f+0x1/0x2", TROUBLE_OOPS },
		{ "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [x:1]",
		  TROUBLE_STALL },
		{ "BUG: soft lockup - CPU#1 stuck for 26s! [x:1]",
		  TROUBLE_STALL },
		{ "BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0",
		  TROUBLE_STALL },
		{ "watchdog: Watchdog detected hard LOCKUP on cpu 0",
		  TROUBLE_STALL },
		{ "INFO: task kworker/0:1:12 blocked for more than 120 "
		  "seconds.",
		  TROUBLE_STALL },
		{ "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
		  TROUBLE_STALL },
		{ "rcu: INFO: rcu_sched self-detected stall on CPU",
		  TROUBLE_STALL },
		{ "INFO: rcu_preempt self-detected stall on CPU",
		  TROUBLE_STALL },
		{ "rcu: rcu_preempt kthread starved for 5250 jiffies!",
		  TROUBLE_STALL },
		{ "WARNING: CPU: 1 PID: 1 at kernel/sched/core.c:1 f+0x1/0x2",
		  TROUBLE_WARNING },
		{ "WARNING: possible circular locking dependency detected",
		  TROUBLE_WARNING },
		{ "WARNING: suspicious RCU usage", TROUBLE_WARNING },
		{ "UBSAN: array-index-out-of-bounds in a.c:1:2",
		  TROUBLE_WARNING },
		{ "refcount_t: underflow; use-after-free.", TROUBLE_WARNING },
		{ "list_del corruption. prev->next should be 1, but was 2",
		  TROUBLE_OOPS },
	};

	(void)state;
	check(lines, sizeof(lines) / sizeof(lines[0]));
}

static void what_stands_before_them_is_passed_over(void **state)
{
	static const struct line lines[] = {
		{ "[    1.234567] Kernel panic - not syncing: x",
		  TROUBLE_PANIC },
		{ "[    1.234567][    T1] Kernel panic - not syncing: x",
		  TROUBLE_PANIC },
		{ "[    1.234567] [ T1] WARNING: x", TROUBLE_WARNING },
		{ "<4>[    1.234567] WARNING: x", TROUBLE_WARNING },
		{ "<0>Kernel panic - not syncing", TROUBLE_PANIC },
		{ "[ 1.0] rcu: INFO: rcu_preempt detected stalls",
		  TROUBLE_STALL },
		{ "[ 1.0] watchdog: BUG: soft lockup - CPU#0", TROUBLE_STALL },
		{ "[ 1.0] NMI watchdog: BUG: soft lockup - CPU#0",
		  TROUBLE_STALL },
	};

	(void)state;
	check(lines, sizeof(lines) / sizeof(lines[0]));
}

static void other_lines_are_none(void **state)
{
	static const struct line lines[] = {
		{ "", TROUBLE_NONE },
		{ "[", TROUBLE_NONE },
		{ "[]", TROUBLE_NONE },
		{ "<", TROUBLE_NONE },
		{ "[[[[[[", TROUBLE_NONE },
		{ "[1.0", TROUBLE_NONE },
		{ "[1.0] ", TROUBLE_NONE },
		{ "[1.0] Linux version 6.12", TROUBLE_NONE },
		{ "INFO: lockdep is turned off.", TROUBLE_NONE },
		{ "a Kernel panic - not syncing: x", TROUBLE_NONE },
		{ "# WARNING: x", TROUBLE_NONE },
		{ "---[ end Kernel panic - not syncing: x ]---", TROUBLE_NONE },
		{ "WARNING", TROUBLE_NONE },
		{ "Kernel panic", TROUBLE_NONE },
		{ "kernel panic - not syncing", TROUBLE_NONE },
		{ "[1.0] pvtime-init: WARNING: x", TROUBLE_NONE },
	};

	(void)state;
	check(lines, sizeof(lines) / sizeof(lines[0]));
}

static void words_are_what_is_left(void **state)
{
	(void)state;
	assert_string_equal(trouble_words("[    1.2] [T1] WARNING: [x] y"),
			    "WARNING: [x] y");
	assert_string_equal(trouble_words("plain"), "plain");
	assert_string_equal(trouble_words("[open"), "[open");
	assert_string_equal(trouble_words("[1.2] "), "");
}

static void each_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TROUBLE_KINDS; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(trouble_names[i],
						trouble_names[j]);
	assert_string_equal(trouble_names[TROUBLE_PANIC], "kernel panic");
}

static void taint_is_judged_by_its_worst_bit(void **state)
{
	static const struct {
		uint64_t bits;
		enum trouble kind;
		const char *word;
	} cases[] = {
		{ 1u << 7, TROUBLE_OOPS, "died" },
		{ 1u << 5, TROUBLE_OOPS, "page" },
		{ 1u << 4, TROUBLE_OOPS, "machine check" },
		{ 1u << 14, TROUBLE_STALL, "lockup" },
		{ 1u << 9, TROUBLE_WARNING, "warning" },
		{ 1u << 9 | 1u << 7, TROUBLE_OOPS, "died" },
		{ 1u << 9 | 1u << 14, TROUBLE_STALL, "lockup" },
		{ 1u << 12 | 1u << 9, TROUBLE_WARNING, "warning" },
		{ UINT64_MAX, TROUBLE_OOPS, "died" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *what = NULL;

		assert_int_equal(trouble_taint(cases[i].bits, &what),
				 cases[i].kind);
		assert_non_null(strstr(what, cases[i].word));
	}
}

/* Out-of-tree, unsigned or staging modules, live patches: no fault. */
static void taint_that_is_no_fault_is_none(void **state)
{
	static const unsigned harmless[] = { 0, 1, 10, 11, 12, 13, 15, 16, 18 };
	const char *what = "as it was";

	(void)state;
	assert_int_equal(trouble_taint(0, &what), TROUBLE_NONE);
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		assert_int_equal(
			trouble_taint(UINT64_C(1) << harmless[i], &what),
			TROUBLE_NONE);
	assert_string_equal(what, "as it was");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kernels_words_are_known),
		TEST(what_stands_before_them_is_passed_over),
		TEST(other_lines_are_none),
		TEST(words_are_what_is_left),
		TEST(each_kind_has_a_name_of_its_own),
		TEST(taint_is_judged_by_its_worst_bit),
		TEST(taint_that_is_no_fault_is_none),
	};

	return cmocka_run_group_tests_name("trouble", tests, NULL, NULL);
}
