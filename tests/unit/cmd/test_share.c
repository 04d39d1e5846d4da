/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "cmd/machine.h"
#include "cmd/share.h"
#include "util/err.h"
#include "util/util.h"
#include "virtio/outside.h"

static struct machine m;

static int set_up(void **state)
{
	(void)state;
	machine_init(&m);
	return 0;
}

static void a_folder_has_a_tag_and_words(void **state)
{
	static const struct {
		const char *arg, *tag, *sandbox;
		int dir_len;
		bool ro;
	} good[] = {
		{ "/srv/work", "work", NULL, 9, false },
		{ "/srv/work//", "work", NULL, 11, false },
		{ "work", "work", NULL, 4, false },
		{ "/,ro", "share", NULL, 1, true },
		{ ".", "share", NULL, 1, false },
		{ "a/..,tag=x", "x", NULL, 4, false },
		{ "d,sandbox=chroot,ro,tag=t t", "t t", "chroot", 1, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const struct outside_config *c = &m.outside[0];

		machine_init(&m);
		assert_int_equal(share_option(&m, good[i].arg), 0);
		assert_int_equal(m.nr_outside, 1);
		assert_int_equal(m.config.nr_virtio, 1);
		assert_ptr_equal(m.config.virtio[0].class, &virtio_fs_class);
		assert_ptr_equal(m.config.virtio[0].config, c);
		assert_null(c->socket);
		assert_string_equal(c->tag, good[i].tag);
		assert_int_equal(c->share.dir_len, good[i].dir_len);
		assert_int_equal(c->share.read_only, good[i].ro);
		if (good[i].sandbox)
			assert_string_equal(c->share.sandbox, good[i].sandbox);
		else
			assert_null(c->share.sandbox);
	}
}

static void bad_folders_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "", "no folder" },
		{ ",ro", "no folder" },
		{ "a,", "'' is not one of ro" },
		{ "a,rw", "'rw' is not one of ro" },
		{ "a,tag=", "must have 1 to 36 bytes" },
		{ "a,tag=0123456789012345678901234567890123456",
		  "must have 1 to 36 bytes" },
		{ "/0123456789012345678901234567890123456",
		  "give another with tag=TEXT" },
		{ "a,sandbox=no", "not one of namespace" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(share_option(&m, bad[i][0]), -EINVAL);
		assert_has_words(bad[i][1]);
		assert_int_equal(m.config.nr_virtio, 0);
	}
	assert_int_equal(share_option(&m, "/a/b"), 0);
	assert_int_equal(share_option(&m, "/c/b"), -EEXIST);
	assert_has_words("another folder's");
	assert_int_equal(share_option(&m, "/c/b,tag=c"), 0);
	for (unsigned i = 2; i < MACHINE_OUTSIDE_MAX; i++)
		assert_int_equal(vhost_user_option(&m, "net,socket=/s"), 0);
	assert_int_equal(share_option(&m, "/more"), -E2BIG);
}

static void sockets_of_three_kinds(void **state)
{
	(void)state;
	assert_int_equal(vhost_user_option(&m, "fs,socket=/a"), 0);
	assert_int_equal(vhost_user_option(&m, "fs,tag=b,socket=/b"), 0);
	assert_int_equal(vhost_user_option(&m, "blk,socket=/c"), 0);
	assert_int_equal(vhost_user_option(&m, "net,socket=/d"), 0);
	assert_string_equal(m.outside[0].tag, "share");
	assert_string_equal(m.outside[1].tag, "b");
	assert_string_equal(m.outside[2].socket, "/c");
	assert_ptr_equal(m.config.virtio[2].class, &outside_blk_class);
	assert_ptr_equal(m.config.virtio[3].class, &outside_net_class);
}

static void bad_sockets_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "gpu,socket=/a", "'gpu' is not one of fs, blk, net" },
		{ "blk", "no socket=PATH" },
		{ "blk,socket=", "is not one of socket=PATH" },
		{ "blk,tag=a,socket=/a", "is not one of socket=PATH" },
		{ "fs,socket=/a,tag=b", "must be the last" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(vhost_user_option(&m, bad[i][0]), -EINVAL);
		assert_has_words(bad[i][1]);
	}
}

static void lists_of_cpus(void **state)
{
	static const char *const bad[] = { "",	  ",",	  "a",	   "1-",   "-1",
					   "3-1", "1,,2", "1-2-3", "65536" };

	(void)state;
	assert_int_equal(pin_option(&m, "0-2,7,7"), 0);
	assert_int_equal(m.config.nr_pins, 5);
	assert_ptr_equal(m.config.pins, m.pins);
	assert_int_equal(m.pins[0], 0);
	assert_int_equal(m.pins[2], 2);
	assert_int_equal(m.pins[3], 7);
	assert_int_equal(m.pins[4], 7);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(pin_option(&m, bad[i]) < 0);
		assert_has_words("a list is like 0-3,6");
	}
	assert_int_equal(pin_option(&m, "0-512"), -E2BIG);
}

static void kinds_of_memory(void **state)
{
	(void)state;
	assert_false(m.config.ram.huge);
	assert_int_equal(hugepages_option(&m, NULL), 0);
	assert_int_equal(mem_file_option(&m, "/ram"), 0);
	assert_true(m.config.ram.huge);
	assert_string_equal(m.config.ram.path, "/ram");
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_folder_has_a_tag_and_words),
		T(bad_folders_are_refused),
		T(sockets_of_three_kinds),
		T(bad_sockets_are_refused),
		T(lists_of_cpus),
		T(kinds_of_memory),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
