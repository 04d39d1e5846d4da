/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <sys/mman.h>

#include "fake_sys.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "util/err.h"

enum { VM = 41, FD = 43, ID = 5, RUN = 0x3000 };

static uint64_t run_page[RUN / 8];
static struct kvm_vcpu vcpu;
static int rc, err;

static int answer(unsigned nr, unsigned long request, void *arg)
{
	errno = err;
	(void)nr;
	if (rc < 0)
		return rc;
	if (request == KVM_ARM_PREFERRED_TARGET)
		((struct kvm_vcpu_init *)arg)->target = 9;
	return rc;
}

static int set_up(void **state)
{
	(void)state;
	fake_sys_reset(answer);
	fake_sys.map = run_page;
	rc = err = 0;
	memset(run_page, 0, sizeof(run_page));
	vcpu = (struct kvm_vcpu){
		.fd = FD, .id = ID, .run_size = RUN, .run = (void *)run_page
	};
	return 0;
}

static void fails(int with)
{
	rc = -1;
	err = with;
}

static void vcpu_is_created_and_mapped(void **state)
{
	(void)state;
	rc = FD;
	assert_int_equal(kvm_vcpu_open(&vcpu, VM, ID, RUN), 0);
	fake_sys_only(VM, KVM_CREATE_VCPU);
	assert_int_equal(fake_sys.ioctls[0].arg, ID);
	assert_int_equal(vcpu.fd, FD);
	assert_int_equal(vcpu.id, ID);
	assert_ptr_equal(vcpu.run, run_page);
	assert_int_equal(fake_sys.map_fd, FD);
	assert_int_equal(fake_sys.map_size, RUN);
	assert_int_equal(fake_sys.map_prot, PROT_READ | PROT_WRITE);
	assert_int_equal(fake_sys.map_flags, MAP_SHARED);
	kvm_vcpu_close(&vcpu);
	assert_ptr_equal(fake_sys.unmap, run_page);
	assert_int_equal(fake_sys.unmap_size, RUN);
	kvm_vcpu_close(&vcpu);
	assert_int_equal(fake_sys.nr_closed, 1);
	assert_int_equal(fake_sys.closed[0], FD);
	assert_null(vcpu.run);
}

static void vcpu_that_cannot_be_had_is_named(void **state)
{
	(void)state;
	fails(EINVAL);
	assert_int_equal(kvm_vcpu_open(&vcpu, VM, ID, RUN), -EINVAL);
	assert_words("create vCPU 5: Invalid argument");
	assert_int_equal(fake_sys.nr_closed, 0);
	kvm_vcpu_close(&vcpu);
	assert_int_equal(fake_sys.nr_closed, 0);
	set_up(NULL);
	rc = FD;
	fake_sys.map = MAP_FAILED;
	assert_int_equal(kvm_vcpu_open(&vcpu, VM, ID, RUN), -ENOMEM);
	assert_words("map vCPU 5: Cannot allocate memory");
	assert_int_equal(fake_sys.closed[0], FD);
	assert_int_equal(vcpu.fd, -1);
	assert_null(fake_sys.unmap);
}

static void target_is_the_hosts_without_features(void **state)
{
	struct kvm_target target = { 1, 2 };

	(void)state;
	assert_int_equal(kvm_target_preferred(VM, &target), 0);
	fake_sys_only(VM, KVM_ARM_PREFERRED_TARGET);
	assert_int_equal(target.target, 9);
	assert_int_equal(target.features, 0);
	fails(ENODEV);
	target.target = 1;
	assert_int_equal(kvm_target_preferred(VM, &target), -ENODEV);
	assert_words("preferred vCPU target: No such device");
	assert_int_equal(target.target, 1);
}

static void init_says_on_or_off_beside_the_features(void **state)
{
	const struct kvm_target target = { 9, 0x14 };
	const struct kvm_vcpu_init *init;

	(void)state;
	assert_int_equal(kvm_vcpu_init(&vcpu, &target, true), 0);
	init = fake_sys_only(FD, KVM_ARM_VCPU_INIT);
	assert_int_equal(init->target, 9);
	assert_int_equal(init->features[0], 0x14);
	assert_int_equal(init->features[1], 0);
	set_up(NULL);
	assert_int_equal(kvm_vcpu_init(&vcpu, &target, false), 0);
	init = fake_sys_only(FD, KVM_ARM_VCPU_INIT);
	assert_int_equal(init->features[0], 0x15);
	fails(EINVAL);
	assert_int_equal(kvm_vcpu_init(&vcpu, &target, false), -EINVAL);
	assert_words("initialise vCPU 5 with features 0x15: Invalid argument");
}

static void finalize_hands_over_the_feature(void **state)
{
	const int *feature;

	(void)state;
	assert_int_equal(kvm_vcpu_finalize(&vcpu, KVM_ARM_VCPU_SVE), 0);
	feature = fake_sys_only(FD, KVM_ARM_VCPU_FINALIZE);
	assert_int_equal(*feature, KVM_ARM_VCPU_SVE);
	fails(EPERM);
	assert_int_equal(kvm_vcpu_finalize(&vcpu, 4), -EPERM);
	assert_words("finalize vCPU 5 feature 4: Operation not permitted");
}

static void run_tells_signals_from_failures(void **state)
{
	(void)state;
	err_say(1, "before");
	assert_int_equal(kvm_vcpu_run(&vcpu), 0);
	fake_sys_only(FD, KVM_RUN);
	assert_int_equal(fake_sys.ioctls[0].arg, 0);
	fails(EINTR);
	assert_int_equal(kvm_vcpu_run(&vcpu), -EINTR);
	fails(EAGAIN);
	assert_int_equal(kvm_vcpu_run(&vcpu), -EINTR);
	assert_words("before");
	fails(EFAULT);
	assert_int_equal(kvm_vcpu_run(&vcpu), -EFAULT);
	assert_words("run vCPU 5: Bad address");
}

static void stop_holds_until_go(void **state)
{
	(void)state;
	kvm_vcpu_stop(&vcpu);
	assert_int_equal(vcpu.run->immediate_exit, 1);
	kvm_vcpu_stop(&vcpu);
	assert_int_equal(vcpu.run->immediate_exit, 1);
	kvm_vcpu_go(&vcpu);
	assert_int_equal(vcpu.run->immediate_exit, 0);
	assert_int_equal(fake_sys.nr_ioctls, 0);
}

static void abort_is_an_external_one_and_nothing_else(void **state)
{
	struct kvm_vcpu_events want = { .exception.ext_dabt_pending = 1 };

	(void)state;
	assert_int_equal(kvm_vcpu_abort(&vcpu), 0);
	assert_memory_equal(fake_sys_only(FD, KVM_SET_VCPU_EVENTS), &want,
			    sizeof(want));
	fails(EINVAL);
	assert_int_equal(kvm_vcpu_abort(&vcpu), -EINVAL);
	assert_words("vCPU 5: inject external abort: Invalid argument");
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(vcpu_is_created_and_mapped),
		T(vcpu_that_cannot_be_had_is_named),
		T(target_is_the_hosts_without_features),
		T(init_says_on_or_off_beside_the_features),
		T(finalize_hands_over_the_feature),
		T(run_tells_signals_from_failures),
		T(stop_holds_until_go),
		T(abort_is_an_external_one_and_nothing_else),
	};

	return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}
