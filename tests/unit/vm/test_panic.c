/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "vm/panic.h"

static struct panic p;

static int set_up(void **state)
{
	(void)state;
	memset(&p, 0xaa, sizeof(p));
	panic_init(&p);
	return 0;
}

/* How often was it over? */
static unsigned feed(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += panic_feed(&p, (const uint8_t *)text, 1);
	return n;
}

static void ordinary_lines_are_no_panic(void **state)
{
	(void)state;
	assert_int_equal(feed("[    0.0] Booting Linux\r\n\n# dmesg\n"), 0);
	assert_string_equal(p.reason, "");
}

static void panic_has_a_reason_once_its_line_is_whole(void **state)
{
	(void)state;
	assert_int_equal(feed("[ 1.0] Kernel panic - not syncing: VFS: no "
			      "root"),
			 0);
	assert_string_equal(p.reason, "");
	assert_int_equal(feed("\r\n"), 0);
	assert_string_equal(p.reason,
			    "Kernel panic - not syncing: VFS: no root");
}

static void panic_behind_an_unfinished_line_is_seen(void **state)
{
	(void)state;
	assert_int_equal(feed("/ # [   21.5] Kernel panic - not syncing: x\n"),
			 0);
	assert_string_equal(p.reason, "Kernel panic - not syncing: x");
	assert_int_equal(feed("50% [   21.6] ---[ end Kernel panic - not "
			      "syncing: x ]---\n"),
			 1);
}

static void panic_in_the_midst_of_much_is_seen(void **state)
{
	static const char text[] = "a\nKernel panic - not syncing: x\nb\n"
				   "---[ end Kernel panic - not syncing: x\nc";

	(void)state;
	assert_true(panic_feed(&p, (const uint8_t *)text, sizeof(text) - 1));
	assert_string_equal(p.reason, "Kernel panic - not syncing: x");
	assert_false(panic_feed(&p, (const uint8_t *)"\n", 1));
}

static void panic_is_over_with_its_last_line(void **state)
{
	(void)state;
	assert_int_equal(feed("Kernel panic - not syncing: first\n"
			      "CPU: 0 PID: 1\n"),
			 0);
	assert_int_equal(feed("---[ end Kernel panic - not syncing: x ]---\n"),
			 1);
	assert_string_equal(p.reason, "Kernel panic - not syncing: first");
}

static void last_line_alone_gives_the_reason_too(void **state)
{
	(void)state;
	assert_int_equal(feed("---[ end Kernel panic - not syncing: x ]---\n"),
			 1);
	assert_string_equal(p.reason, "Kernel panic - not syncing: x ]---");
}

static void end_of_an_oops_is_not_the_end_of_a_panic(void **state)
{
	(void)state;
	assert_int_equal(feed("Kernel panic - not syncing: y\n"
			      "---[ end trace 0000000000000000 ]---\n"),
			 0);
}

static void escape_codes_and_bytes_that_are_no_text_are_left_out(void **state)
{
	(void)state;
	feed("\x01Kernel pa\x01nic - not sync\xc3ing: z\n");
	assert_string_equal(p.reason, "Kernel panic - not syncing: z");
}

static void endless_line_is_cut_and_the_next_is_seen(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10 * PANIC_LINE_MAX; i++)
		assert_false(panic_feed(&p, (const uint8_t *)"x", 1));
	assert_int_equal(feed("Kernel panic - not syncing: far\n"), 0);
	assert_string_equal(p.reason, "");
	feed("Kernel panic - not syncing: near\n");
	assert_string_equal(p.reason, "Kernel panic - not syncing: near");
}

static void new_guest_has_not_panicked(void **state)
{
	(void)state;
	feed("Kernel panic - not syncing: old\nhalf a li");
	panic_init(&p);
	assert_string_equal(p.reason, "");
	feed("ne\nKernel panic - not syncing: new\n");
	assert_string_equal(p.reason, "Kernel panic - not syncing: new");
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ordinary_lines_are_no_panic),
		T(panic_has_a_reason_once_its_line_is_whole),
		T(panic_behind_an_unfinished_line_is_seen),
		T(panic_in_the_midst_of_much_is_seen),
		T(panic_is_over_with_its_last_line),
		T(last_line_alone_gives_the_reason_too),
		T(end_of_an_oops_is_not_the_end_of_a_panic),
		T(escape_codes_and_bytes_that_are_no_text_are_left_out),
		T(endless_line_is_cut_and_the_next_is_seen),
		T(new_guest_has_not_panicked),
	};

	return cmocka_run_group_tests_name("panic", tests, NULL, NULL);
}
