/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>

#include "fake_sys.h"
#include "kvm/sys.h"
#include "kvm/uapi.h"
#include "util/err.h"

enum { FD = 40 };

static struct kvm_sys sys;
static int version, map_size, cap;

static int answer(unsigned nr, unsigned long request, void *arg)
{
	(void)nr;
	(void)arg;
	errno = ENOTTY;
	switch (request) {
	case KVM_GET_API_VERSION:
		return version;
	case KVM_GET_VCPU_MMAP_SIZE:
		return map_size;
	default:
		return cap;
	}
}

static int set_up(void **state)
{
	(void)state;
	fake_sys_reset(answer);
	fake_sys.open_rc = FD;
	version = KVM_API_VERSION;
	map_size = 0x3000;
	return 0;
}

static void opens_the_device_it_is_given(void **state)
{
	(void)state;
	assert_int_equal(kvm_sys_open(&sys, "/dev/kvm"), 0);
	assert_string_equal(fake_sys.path, "/dev/kvm");
	assert_int_equal(fake_sys.open_flags, O_RDWR | O_CLOEXEC);
	assert_int_equal(sys.fd, FD);
	assert_int_equal(sys.run_size, 0x3000);
	assert_int_equal(fake_sys.ioctls[0].fd, FD);
	assert_int_equal(fake_sys.ioctls[0].arg, 0);
	kvm_sys_close(&sys);
	kvm_sys_close(&sys);
	assert_int_equal(fake_sys.nr_closed, 1);
	assert_int_equal(fake_sys.closed[0], FD);
	assert_int_equal(sys.fd, -1);
}

static void each_way_not_to_open_has_its_remedy(void **state)
{
	static const struct {
		int err, rc;
		const char *words;
	} cases[] = {
		{ ENOENT, -ENOENT,
		  "'/dev/kvm': No such file or directory; this kernel offers "
		  "no KVM here: it needs CONFIG_KVM and a CPU started at "
		  "EL2" },
		{ ENODEV, -ENODEV,
		  "'/dev/kvm': no KVM behind it; modprobe kvm, or this CPU was "
		  "not started at EL2" },
		{ ENXIO, -ENODEV,
		  "'/dev/kvm': no KVM behind it; modprobe kvm, or this CPU was "
		  "not started at EL2" },
		{ EACCES, -EACCES,
		  "'/dev/kvm': Permission denied; as root: usermod -aG kvm "
		  "USER, then log in anew" },
		{ EPERM, -EPERM,
		  "'/dev/kvm': Operation not permitted; as root: usermod -aG "
		  "kvm USER, then log in anew" },
		{ EMFILE, -EMFILE, "'/dev/kvm': Too many open files" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_sys_reset(answer);
		fake_sys.open_rc = -1;
		fake_sys.open_errno = cases[i].err;
		assert_int_equal(kvm_sys_open(&sys, "/dev/kvm"), cases[i].rc);
		assert_words(cases[i].words);
		assert_int_equal(fake_sys.nr_ioctls, 0);
		assert_int_equal(fake_sys.nr_closed, 0);
		kvm_sys_close(&sys);
		assert_int_equal(fake_sys.nr_closed, 0);
	}
}

static void what_is_no_kvm_is_closed_again(void **state)
{
	(void)state;
	version = -1;
	assert_int_equal(kvm_sys_open(&sys, "/dev/null"), -ENOTSUP);
	assert_words("'/dev/null': not a KVM of API version 12");
	assert_int_equal(fake_sys.closed[0], FD);
	assert_int_equal(sys.fd, -1);
	version = 13;
	assert_int_equal(kvm_sys_open(&sys, "/dev/kvm"), -ENOTSUP);
}

static void vcpu_mapping_must_hold_the_structure(void **state)
{
	(void)state;
	map_size = -1;
	assert_int_equal(kvm_sys_open(&sys, "/dev/kvm"), -ENOTTY);
	assert_int_equal(fake_sys.closed[0], FD);
	map_size = (int)sizeof(struct kvm_run) - 1;
	assert_int_equal(kvm_sys_open(&sys, "/dev/kvm"), -ENOTSUP);
	assert_has_words("'/dev/kvm': vCPU mapping of ");
	map_size++;
	fake_sys_reset(answer);
	fake_sys.open_rc = FD;
	assert_int_equal(kvm_sys_open(&sys, "/dev/kvm"), 0);
}

static void capability_that_is_not_known_is_zero(void **state)
{
	(void)state;
	sys.fd = FD;
	cap = 512;
	assert_int_equal(kvm_sys_cap(&sys, KVM_CAP_MAX_VCPUS), 512);
	fake_sys_only(FD, KVM_CHECK_EXTENSION);
	assert_int_equal(fake_sys.ioctls[0].arg, KVM_CAP_MAX_VCPUS);
	cap = -1;
	assert_int_equal(kvm_sys_cap(&sys, 9999), 0);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(opens_the_device_it_is_given),
		T(each_way_not_to_open_has_its_remedy),
		T(what_is_no_kvm_is_closed_again),
		T(vcpu_mapping_must_hold_the_structure),
		T(capability_that_is_not_known_is_zero),
	};

	return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
