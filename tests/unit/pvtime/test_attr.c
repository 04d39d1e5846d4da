/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "rig.h"
#include "util/util.h"

static void host_is_asked_for_the_attribute_and_not_changed(void **state)
{
	(void)state;
	assert_null(pvtime_attr_missing(rig.vcpus[0].fd));
	fake_kvm.pvtime = false;
	assert_string_equal(pvtime_attr_missing(rig.vcpus[0].fd),
			    "this host kernel has no stolen time for guests; "
			    "it needs Linux 5.5 or later (before 5.14 also "
			    "CONFIG_SCHEDSTATS or delayacct)");
	assert_int_equal(fake_kvm.nr_attrs, 0);
}

static void address_goes_to_the_attribute_of_the_documents(void **state)
{
	const uint64_t *set;

	(void)state;
	rig_in_ram();
	assert_int_equal(pvtime_attr_set(rig.vcpus[2].fd, RIG_BASE + 0x80), 0);
	set = fake_kvm_attr(FAKE_VCPU, 2, 2, 0);
	assert_non_null(set);
	assert_int_equal(*set, RIG_BASE + 0x80);
	assert_int_equal(fake_kvm.nr_attrs, 1);
}

static void each_refusal_says_what_it_means(void **state)
{
	static const struct {
		int err;
		const char *words;
	} cases[] = {
		{ EEXIST, "record at 0x90a0040: there is one already; attach a "
			  "vCPU once in its life, and not again after a "
			  "reset" },
		{ EINVAL, "record at 0x90a0040: not 64-byte aligned, or in no "
			  "writable memory slot" },
		{ ENXIO, "record at 0x90a0040: this host kernel has no stolen "
			 "time" },
		{ EPERM, "record at 0x90a0040: this VM may not have stolen "
			 "time (a protected one?)" },
		{ EFAULT, "record at 0x90a0040: Bad address" },
		{ EBUSY, "record at 0x90a0040: Device or resource busy" },
		{ ENODEV, "record at 0x90a0040: No such device" },
		{ ENOMEM, "record at 0x90a0040: Cannot allocate memory" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fault_arm(1, cases[i].err);
		assert_int_equal(
			pvtime_attr_set(rig.vcpus[1].fd, RIG_BASE + 0x40),
			-cases[i].err);
		assert_words(cases[i].words);
	}
}

/* The same from the fake itself, which checks as the kernel does. */
static void kernels_own_checks_come_back(void **state)
{
	int fd = rig.vcpus[0].fd;

	(void)state;
	assert_int_equal(pvtime_attr_set(fd, RIG_BASE), -EINVAL);
	rig_in_ram();
	assert_int_equal(pvtime_attr_set(fd, RIG_BASE + 8), -EINVAL);
	assert_int_equal(pvtime_attr_set(fd, RIG_BASE), 0);
	assert_int_equal(pvtime_attr_set(fd, RIG_BASE), -EEXIST);
	fake_kvm.pvtime = false;
	assert_int_equal(pvtime_attr_set(fd, RIG_BASE), -ENXIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(host_is_asked_for_the_attribute_and_not_changed),
		RIG_TEST(address_goes_to_the_attribute_of_the_documents),
		RIG_TEST(each_refusal_says_what_it_means),
		RIG_TEST(kernels_own_checks_come_back),
	};

	return cmocka_run_group_tests_name("attr", tests, NULL, NULL);
}
