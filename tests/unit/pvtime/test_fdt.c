/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fdt.c - the node, in a tree that somebody else writes with libfdt. */
#include <errno.h>
#include <libfdt.h>

#include "rig.h"

static uint8_t tree[4096];

/* As pvtime.h says it has to be: /reserved-memory is open. */
static void begin(size_t size)
{
	assert_int_equal(fdt_create(tree, (int)size), 0);
	assert_int_equal(fdt_finish_reservemap(tree), 0);
	assert_int_equal(fdt_begin_node(tree, ""), 0);
	assert_int_equal(fdt_begin_node(tree, "reserved-memory"), 0);
}

static void end(void)
{
	assert_int_equal(fdt_end_node(tree), 0);
	assert_int_equal(fdt_end_node(tree), 0);
	assert_int_equal(fdt_finish(tree), 0);
	assert_int_equal(fdt_check_full(tree, sizeof(tree)), 0);
}

static void node_tells_the_region_and_forbids_its_mapping(void **state)
{
	static const uint8_t reg[] = { 0, 0, 0, 0, 9, 0x0a, 0, 0,
				       0, 0, 0, 0, 0, 1,    0, 0 };
	const void *prop;
	int node, len;

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	begin(sizeof(tree));
	assert_int_equal(pvtime_fdt(&rig.pt, tree), 0);
	/* Others may go on after it. */
	assert_int_equal(fdt_begin_node(tree, "next"), 0);
	assert_int_equal(fdt_end_node(tree), 0);
	end();
	assert_true(fdt_path_offset(tree, "/reserved-memory/next") > 0);
	node = fdt_path_offset(tree, "/reserved-memory/pvtime@90a0000");
	assert_true(node > 0);
	prop = fdt_getprop(tree, node, "reg", &len);
	assert_int_equal(len, sizeof(reg));
	assert_memory_equal(prop, reg, sizeof(reg));
	assert_non_null(fdt_getprop(tree, node, "no-map", &len));
	assert_int_equal(len, 0);
}

static void region_may_be_anywhere_and_large(void **state)
{
	static const uint8_t reg[] = { 0, 0xf, 0xed, 0xcb, 0xa9, 0x87, 0, 0,
				       0, 0,   0,    0,	   0,	 2,    0, 0 };
	struct pvtime_region region = rig_slot();
	int node, len;

	(void)state;
	region.base = 0xfedcba9870000;
	region.nr_records = 1025;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_kvm, &region), 0);
	begin(sizeof(tree));
	assert_int_equal(pvtime_fdt(&rig.pt, tree), 0);
	end();
	node = fdt_path_offset(tree, "/reserved-memory/pvtime@fedcba9870000");
	assert_true(node > 0);
	assert_memory_equal(fdt_getprop(tree, node, "reg", &len), reg,
			    sizeof(reg));
}

static void region_of_the_kernels_memory_is_told_too(void **state)
{
	(void)state;
	fake_kvm.pv_time = FAKE_PV_TIME_V1;
	assert_int_equal(rig_start(&pvtime_device), 0);
	begin(sizeof(tree));
	assert_int_equal(pvtime_fdt(&rig.pt, tree), 0);
	end();
	assert_true(fdt_path_offset(tree, "/reserved-memory/pvtime@90a0000") >
		    0);
}

static void off_writes_nothing(void **state)
{
	int node;

	(void)state;
	assert_int_equal(rig_start(&pvtime_off), 0);
	begin(sizeof(tree));
	assert_int_equal(pvtime_fdt(&rig.pt, tree), 0);
	end();
	node = fdt_path_offset(tree, "/reserved-memory");
	assert_true(node > 0);
	assert_true(fdt_first_subnode(tree, node) < 0);
	assert_int_equal(pvtime_fdt(&(struct pvtime){ 0 }, NULL), 0);
}

static void full_tree_is_an_error_at_any_place(void **state)
{
	size_t room = 96;
	unsigned full = 0;
	int rc;

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	do {
		memset(tree, 0x5a, sizeof(tree));
		begin(room);
		rc = pvtime_fdt(&rig.pt, tree);
		assert_int_equal(tree[room], 0x5a);
		if (rc != 0) {
			char words[64];

			assert_int_equal(rc, -ENOSPC);
			snprintf(words, sizeof(words),
				 "device tree: more than %zu bytes", room);
			assert_words(words);
			full++;
		}
		room += 4;
	} while (rc != 0);
	assert_in_range(full, 10, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(node_tells_the_region_and_forbids_its_mapping),
		RIG_TEST(region_may_be_anywhere_and_large),
		RIG_TEST(region_of_the_kernels_memory_is_told_too),
		RIG_TEST(off_writes_nothing),
		RIG_TEST(full_tree_is_an_error_at_any_place),
	};

	return cmocka_run_group_tests_name("fdt", tests, NULL, NULL);
}
