/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "cmd/machine.h"
#include "cmd/vsock.h"
#include "util/err.h"
#include "virtio/vsock.h"

static struct machine m;

static int set_up(void **state)
{
	(void)state;
	machine_init(&m);
	return 0;
}

static void a_guest_has_the_address_that_it_was_given(void **state)
{
	(void)state;
	assert_int_equal(vsock_option(&m, "4294967294"), 0);
	assert_int_equal(m.config.nr_virtio, 1);
	assert_ptr_equal(m.config.virtio[0].class, &virtio_vsock_class);
	assert_ptr_equal(m.config.virtio[0].config, &m.vsock);
	assert_int_equal(m.vsock.cid, UINT32_MAX - 1);
}

static void a_guest_has_one_address(void **state)
{
	(void)state;
	assert_int_equal(vsock_option(&m, "5"), 0);
	assert_int_equal(vsock_option(&m, "6"), -EINVAL);
	assert_words("'6': the guest has CID 5 already");
	assert_int_equal(m.config.nr_virtio, 1);
}

static void addresses_that_mean_something_else_are_refused(void **state)
{
	static const char *const bad[] = { "2",	  "0",	"-1", "4294967295",
					   "x",	  "",	"3 ", "4294967296",
					   "7,7", "0x", NULL };

	(void)state;
	for (unsigned i = 0; bad[i]; i++)
		assert_true(vsock_option(&m, bad[i]) < 0);
	assert_int_equal(m.config.nr_virtio, 0);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_guest_has_the_address_that_it_was_given),
		T(a_guest_has_one_address),
		T(addresses_that_mean_something_else_are_refused),
	};

	return cmocka_run_group_tests_name("vsock", tests, NULL, NULL);
}
