/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <libfdt.h>

#include "util/err.h"
#include "util/fdtw.h"

static uint8_t buf[4096];
static struct fdtw w;
static size_t size;

static int set_up(void **state)
{
	(void)state;
	fdtw_begin(&w, buf, sizeof(buf));
	return 0;
}

static void finish(void)
{
	assert_int_equal(fdtw_finish(&w, &size), 0);
	assert_int_equal(fdt_check_full(buf, sizeof(buf)), 0);
	assert_int_equal(fdt_totalsize(buf), size);
}

static void expect_prop(const char *path, const char *name, const void *want,
			int want_len)
{
	int len, node = fdt_path_offset(buf, path);
	const void *is = fdt_getprop(buf, node, name, &len);

	assert_non_null(is);
	assert_int_equal(len, want_len);
	if (want_len > 0)
		assert_memory_equal(is, want, (size_t)want_len);
}

static void empty_tree_is_a_tree(void **state)
{
	(void)state;
	finish();
	assert_true(fdt_first_subnode(buf, 0) < 0);
}

static void values_are_big_endian(void **state)
{
	static const uint32_t cells[] = { 1, 0x89abcdef };
	static const uint64_t regs[] = { 0x1000, 0x20, UINT64_C(5) << 32, 1 };

	(void)state;
	fdtw_node(&w, "n@%x", 0x10);
	fdtw_u32(&w, "u32", 0x12345678);
	fdtw_u64(&w, "u64", 0x123456789abcdef0);
	fdtw_str(&w, "str", "text");
	fdtw_strs(&w, "strs", "a\0bc");
	fdtw_bytes(&w, "bytes", "\x01\x02\x03", 3);
	fdtw_flag(&w, "flag");
	fdtw_cells(&w, "cells", cells, 2);
	fdtw_regs(&w, "regs", regs, 2);
	fdtw_reg(&w, 0x9000000, 0x1000);
	fdtw_end(&w);
	finish();
	expect_prop("/n@10", "u32", "\x12\x34\x56\x78", 4);
	expect_prop("/n@10", "u64", "\x12\x34\x56\x78\x9a\xbc\xde\xf0", 8);
	expect_prop("/n@10", "str", "text", 5);
	expect_prop("/n@10", "strs", "a\0bc", 5);
	expect_prop("/n@10", "bytes", "\x01\x02\x03", 3);
	expect_prop("/n@10", "flag", NULL, 0);
	expect_prop("/n@10", "cells", "\0\0\0\1\x89\xab\xcd\xef", 8);
	expect_prop("/n@10", "regs",
		    "\0\0\0\0\0\0\x10\0"
		    "\0\0\0\0\0\0\0\x20"
		    "\0\0\0\5\0\0\0\0"
		    "\0\0\0\0\0\0\0\1",
		    32);
	expect_prop("/n@10", "reg", "\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\x10\0", 16);
}

static void nodes_lie_within_each_other(void **state)
{
	(void)state;
	fdtw_node(&w, "a");
	fdtw_node(&w, "b");
	fdtw_end(&w);
	fdtw_node(&w, "c");
	fdtw_end(&w);
	fdtw_end(&w);
	fdtw_node(&w, "d");
	fdtw_end(&w);
	finish();
	assert_true(fdt_path_offset(buf, "/a/b") > 0);
	assert_true(fdt_path_offset(buf, "/a/c") > 0);
	assert_true(fdt_path_offset(buf, "/d") > 0);
}

static void first_error_stays_and_later_calls_do_nothing(void **state)
{
	static uint8_t large[8192];

	(void)state;
	fdtw_bytes(&w, "large", large, sizeof(large));
	memset(buf, 0xcc, sizeof(buf));
	fdtw_node(&w, "n");
	fdtw_u32(&w, "x", 1);
	fdtw_end(&w);
	for (size_t i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0xcc);
	size = 77;
	assert_int_equal(fdtw_finish(&w, &size), -ENOSPC);
	assert_words("device tree: more than 4096 bytes");
	assert_int_equal(size, 77);
}

static void list_that_is_too_long_is_an_error(void **state)
{
	static const uint32_t cells[65];
	static const uint64_t regs[2 * 33];

	(void)state;
	fdtw_cells(&w, "cells", cells, 65);
	assert_int_equal(fdtw_finish(&w, &size), -EINVAL);
	assert_has_words("device tree: ");
	set_up(NULL);
	fdtw_regs(&w, "regs", regs, 33);
	assert_int_equal(fdtw_finish(&w, &size), -EINVAL);
	set_up(NULL);
	fdtw_cells(&w, "cells", cells, 64);
	fdtw_regs(&w, "regs", regs, 16);
	finish();
}

static void buffer_for_no_tree_at_all_is_an_error(void **state)
{
	(void)state;
	for (size_t n = 0; n < 64; n++) {
		memset(buf, 0xcc, sizeof(buf));
		fdtw_begin(&w, buf, n);
		fdtw_u32(&w, "x", 1);
		assert_int_equal(fdtw_finish(&w, &size), -ENOSPC);
		assert_int_equal(buf[n], 0xcc);
	}
}

static void others_tree_can_be_joined(void **state)
{
	struct fdtw joined;

	(void)state;
	fdtw_node(&w, "n");
	fdtw_join(&joined, buf);
	assert_int_equal(joined.size, sizeof(buf));
	fdtw_node(&joined, "m");
	fdtw_u32(&joined, "x", 1);
	fdtw_end(&joined);
	assert_int_equal(fdtw_error(&joined), 0);
	fdtw_keep(&w, fdtw_error(&joined));
	fdtw_end(&w);
	finish();
	expect_prop("/n/m", "x", "\0\0\0\1", 4);
}

static void error_of_who_joined_sticks(void **state)
{
	static uint8_t large[8192];
	struct fdtw joined;

	(void)state;
	fdtw_join(&joined, buf);
	fdtw_node(&joined, "m");
	fdtw_bytes(&joined, "large", large, sizeof(large));
	fdtw_end(&joined);
	assert_int_equal(fdtw_error(&joined), -ENOSPC);
	assert_words("device tree: more than 4096 bytes");
	fdtw_keep(&w, -ENOSPC);
	assert_int_equal(fdtw_finish(&w, &size), -ENOSPC);
	assert_words("device tree: more than 4096 bytes");
	set_up(NULL);
	fdtw_keep(&w, -EINVAL);
	assert_int_equal(fdtw_finish(&w, &size), -EINVAL);
	assert_has_words("device tree: ");
	/* The first one stays. */
	set_up(NULL);
	fdtw_keep(&w, -ENOSPC);
	fdtw_keep(&w, -EINVAL);
	assert_int_equal(fdtw_finish(&w, &size), -ENOSPC);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(empty_tree_is_a_tree),
		T(values_are_big_endian),
		T(nodes_lie_within_each_other),
		T(first_error_stays_and_later_calls_do_nothing),
		T(list_that_is_too_long_is_an_error),
		T(others_tree_can_be_joined),
		T(error_of_who_joined_sticks),
		T(buffer_for_no_tree_at_all_is_an_error),
	};

	return cmocka_run_group_tests_name("fdtw", tests, NULL, NULL);
}
