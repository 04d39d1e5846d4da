/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

#define BIT(name) (1u << KVM_ARM_VCPU_##name)

static struct left before;
static struct vm *vm;
static struct vm_config config;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	config = (struct vm_config){ .nr_cpus = 3,
				     .ram_size = 64 * MIB,
				     .pvtime = "auto" };
	vm = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	vm_free(vm);
	assert_nothing_left(before);
	return 0;
}

static void check_features(uint32_t want)
{
	assert_int_equal(vm_new(&config, &vm), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(fake_kvm.cpus[i].features, want);
		assert_int_equal(fake_kvm.cpus[i].finalized,
				 !!(want & BIT(SVE)));
	}
}

static void guest_gets_what_the_host_has(void **state)
{
	(void)state;
	check_features(BIT(PSCI_0_2) | BIT(SVE) | BIT(PTRAUTH_ADDRESS) |
		       BIT(PTRAUTH_GENERIC));
}

static void poor_host_gives_psci_alone(void **state)
{
	(void)state;
	fake_kvm.sve = fake_kvm.ptrauth = fake_kvm.pmu = false;
	check_features(BIT(PSCI_0_2));
}

static void pmu_is_given_on_wish_with_its_interrupt(void **state)
{
	(void)state;
	fake_kvm.sve = fake_kvm.ptrauth = false;
	config.pmu = true;
	check_features(BIT(PSCI_0_2) | BIT(PMU_V3));
	for (unsigned i = 0; i < 3; i++) {
		const uint64_t *irq =
			fake_kvm_attr(FAKE_VCPU, i, KVM_ARM_VCPU_PMU_V3_CTRL,
				      KVM_ARM_VCPU_PMU_V3_IRQ);

		assert_non_null(irq);
		assert_int_equal(*irq, 23);
		assert_non_null(fake_kvm_attr(FAKE_VCPU, i,
					      KVM_ARM_VCPU_PMU_V3_CTRL,
					      KVM_ARM_VCPU_PMU_V3_INIT));
	}
}

static void pmu_is_begun_after_the_interrupt_controller(void **state)
{
	size_t gic = 0, pmu = 0;

	(void)state;
	config.pmu = true;
	assert_int_equal(vm_new(&config, &vm), 0);
	for (size_t i = 0; i < fake_kvm.nr_attrs; i++) {
		const struct fake_attr *a = &fake_kvm.attrs[i];

		if (a->kind == FAKE_GICV3 &&
		    a->group == KVM_DEV_ARM_VGIC_GRP_CTRL)
			gic = i + 1;
		if (a->kind == FAKE_VCPU && !pmu &&
		    a->group == KVM_ARM_VCPU_PMU_V3_CTRL &&
		    a->attr == KVM_ARM_VCPU_PMU_V3_INIT)
			pmu = i + 1;
	}
	assert_true(gic > 0);
	assert_true(pmu > gic);
}

static void reset_is_a_new_init_of_all_and_a_new_counter(void **state)
{
	(void)state;
	assert_int_equal(vm_new(&config, &vm), 0);
	fake_kvm.cpus[0].on = false;
	fake_kvm.cpus[2].on = true;
	fake_kvm.cpus[0].counter = 12345;
	assert_int_equal(cpus_reset(vm), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(fake_kvm.cpus[i].inits, 2);
		assert_int_equal(fake_kvm.cpus[i].on, i == 0);
	}
	assert_int_equal(fake_kvm.cpus[0].counter, 0);
}

static void failure_of_a_reset_names_the_vcpu(void **state)
{
	(void)state;
	assert_int_equal(vm_new(&config, &vm), 0);
	fault_arm(2, EIO);
	assert_int_equal(cpus_reset(vm), -EIO);
	assert_has_words("initialise vCPU 1 with features ");
	fault_arm(4, EIO);
	assert_int_equal(cpus_reset(vm), -EIO);
	assert_words("virtual counter: Input/output error");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guest_gets_what_the_host_has),
		T(poor_host_gives_psci_alone),
		T(pmu_is_given_on_wish_with_its_interrupt),
		T(pmu_is_begun_after_the_interrupt_controller),
		T(reset_is_a_new_init_of_all_and_a_new_counter),
		T(failure_of_a_reset_names_the_vcpu),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("cpus", tests, NULL, NULL);
}
