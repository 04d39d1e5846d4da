/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"
#include "util/util.h"

static void best_is_first_and_off_is_last(void **state)
{
	static const char *const names[] = { "steady", "kvm", "device", "off" };

	(void)state;
	assert_int_equal(pvtime_table_size, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < pvtime_table_size; i++)
		assert_string_equal(pvtime_table[i]->name, names[i]);
}

static void each_can_be_asked_for_started_and_attached(void **state)
{
	(void)state;
	for (size_t i = 0; i < pvtime_table_size; i++) {
		assert_non_null(pvtime_table[i]->missing);
		assert_non_null(pvtime_table[i]->start);
		assert_non_null(pvtime_table[i]->attach);
		assert_int_equal(pvtime_known(pvtime_table[i]->name), 0);
	}
}

/* So a guest's own count never falls; none but the first can promise that. */
static void
only_the_best_goes_on_when_the_address_is_asked_for_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < pvtime_table_size; i++)
		assert_int_equal(pvtime_table[i]->goes_on, i == 0);
	assert_false(pvtime_goes_on(&rig.pt));
	assert_int_equal(rig_start(pvtime_table[0]), 0);
	assert_true(pvtime_goes_on(&rig.pt));
	pvtime_fini(&rig.pt);
	assert_false(pvtime_goes_on(&rig.pt));
}

/* "auto" takes the first that works, so there must always be one. */
static void last_one_works_on_a_host_that_has_nothing(void **state)
{
	size_t last = pvtime_table_size - 1;

	(void)state;
	fake_kvm.pvtime = fake_kvm.filter = fake_kvm.std_hyp = false;
	for (size_t i = 0; i < pvtime_table_size; i++) {
		const char *why =
			pvtime_table[i]->missing(rig.vm_fd, rig.vcpus[0].fd);

		assert_true(i == last ? !why : why && *why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(best_is_first_and_off_is_last),
		RIG_TEST(each_can_be_asked_for_started_and_attached),
		RIG_TEST(
			only_the_best_goes_on_when_the_address_is_asked_for_again),
		RIG_TEST(last_one_works_on_a_host_that_has_nothing),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
