/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "dev/gic.h"
#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "mach/layout.h"
#include "util/err.h"

#define DIST   KVM_DEV_ARM_VGIC_GRP_DIST_REGS
#define REDIST KVM_DEV_ARM_VGIC_GRP_REDIST_REGS
#define CPU    KVM_DEV_ARM_VGIC_GRP_CPU_REGS
#define SYSREG KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS

enum { CPUS = 18, IRQS = 96 };

static struct left before;
static int vm_fd;
static struct gic gic;
static struct kvm_vcpu vcpus[CPUS];

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	vm_fd = fake_kvm_fd(FAKE_VM, 0);
	for (unsigned i = 0; i < CPUS; i++)
		if (kvm_vcpu_open(&vcpus[i], vm_fd, i, 4096) < 0)
			return -1;
	gic = (struct gic){ .fd = -1, .its_fd = -1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	gic_fini(&gic);
	for (unsigned i = 0; i < CPUS; i++)
		kvm_vcpu_close(&vcpus[i]);
	close(vm_fd);
	assert_nothing_left(before);
	return 0;
}

/* Make a GIC and reset it; what is told from then on is the reset's. */
static size_t made_and_reset(enum gic_kind kind, unsigned cpus)
{
	size_t told;

	assert_int_equal(gic_init(&gic, vm_fd, kind, cpus, 0), 0);
	told = fake_kvm.nr_attrs;
	assert_int_equal(gic_reset(&gic, vcpus), 0);
	return told;
}

/* @n INTIDs from @first on, in frame @frame of @group. */
static void expect_idle(enum fake_kind kind, uint32_t group, uint64_t frame,
			unsigned first, unsigned n, uint32_t igroup)
{
	for (unsigned i = first; i < first + n; i++) {
		const unsigned word = i / 32 * 4;
		const struct {
			uint64_t reg;
			uint32_t want;
		} regs[] = {
			{ 0x080 + word, igroup }, { 0x180 + word, UINT32_MAX },
			{ 0x200 + word, 0 },	  { 0x380 + word, UINT32_MAX },
			{ 0x400 + i / 4 * 4, 0 }, { 0xc00 + i / 16 * 4, 0 },
		};

		for (unsigned r = 0; r < 6; r++) {
			const uint64_t *v = fake_kvm_attr(kind, 0, group,
							  frame + regs[r].reg);

			if (r == 5 && i < 16)
				continue; /* SGIs have no choice */
			assert_non_null(v);
			assert_int_equal(*v, regs[r].want);
		}
	}
}

static void expect_reg(enum fake_kind kind, uint32_t group, uint64_t attr,
		       uint64_t want)
{
	const uint64_t *v = fake_kvm_attr(kind, 0, group, attr);

	assert_non_null(v);
	assert_true(*v == want);
}

/* Affinity as KVM numbers vCPUs: 16 to a cluster. */
static uint64_t affinity(unsigned i)
{
	return (uint64_t)(i / 16) << 40 | (uint64_t)(i % 16) << 32;
}

static void gicv3_is_idle_after_reset(void **state)
{
	(void)state;
	made_and_reset(GIC_V3, CPUS);
	expect_reg(FAKE_GICV3, DIST, 0, 0);
	expect_idle(FAKE_GICV3, DIST, 0, 32, IRQS - 32, UINT32_MAX);
	for (unsigned i = 32; i < IRQS; i++) {
		expect_reg(FAKE_GICV3, DIST, 0x6000 + 8 * i, 0);
		expect_reg(FAKE_GICV3, DIST, 0x6004 + 8 * i, 0);
	}
}

static void each_vcpu_of_a_gicv3_is_put_back(void **state)
{
	static const uint16_t sysregs[] = {
		0xc230, /* PMR */ 0xc643,   /* BPR0 */
		0xc663, /* BPR1 */ 0xc644,  /* AP0R0 */
		0xc648, /* AP1R0 */ 0xc666, /* IGRPEN0 */
		0xc667,			    /* IGRPEN1 */
	};

	(void)state;
	made_and_reset(GIC_V3, CPUS);
	for (unsigned i = 0; i < CPUS; i++) {
		const uint64_t cpu = affinity(i);

		expect_reg(FAKE_GICV3, REDIST, cpu, 0);
		for (unsigned reg = 0x70; reg < 0x80; reg += 4)
			expect_reg(FAKE_GICV3, REDIST, cpu | reg, 0);
		expect_idle(FAKE_GICV3, REDIST, cpu | 0x10000, 0, 32,
			    UINT32_MAX);
		for (unsigned r = 0; r < 7; r++)
			expect_reg(FAKE_GICV3, SYSREG, cpu | sysregs[r], 0);
		/* ICC_CTLR_EL1: the host's bits stay, the guest's go. */
		expect_reg(FAKE_GICV3, SYSREG, cpu | 0xc664, ~UINT64_C(3));
	}
}

static void lpis_are_off_before_their_tables_are_touched(void **state)
{
	size_t i = made_and_reset(GIC_V3, 1);
	size_t ctlr = 0, table = 0;

	(void)state;
	for (; i < fake_kvm.nr_attrs; i++) {
		const struct fake_attr *a = &fake_kvm.attrs[i];

		if (a->group != REDIST)
			continue;
		if (a->attr == 0)
			ctlr = i;
		if (a->attr == 0x70)
			table = i;
	}
	assert_true(ctlr > 0);
	assert_true(table > ctlr);
}

static void gicv2_is_idle_after_reset(void **state)
{
	(void)state;
	made_and_reset(GIC_V2, 8);
	expect_reg(FAKE_GICV2, DIST, 0, 0);
	expect_idle(FAKE_GICV2, DIST, 0, 32, IRQS - 32, 0);
	for (unsigned i = 32; i < IRQS; i += 4)
		expect_reg(FAKE_GICV2, DIST, 0x800 + i, 0);
	for (uint64_t i = 0; i < 8; i++) {
		const uint64_t cpu = i << 32;

		expect_idle(FAKE_GICV2, DIST, cpu, 0, 32, 0);
		expect_reg(FAKE_GICV2, CPU, cpu | 0x00, 0);
		expect_reg(FAKE_GICV2, CPU, cpu | 0x04, 0);
		expect_reg(FAKE_GICV2, CPU, cpu | 0x08, 0);
		expect_reg(FAKE_GICV2, CPU, cpu | 0x1c, 0);
		expect_reg(FAKE_GICV2, CPU, cpu | 0xd0, 0);
	}
}

static void its_is_reset_first_and_by_kvm(void **state)
{
	size_t i = made_and_reset(GIC_V3_ITS, 1);

	(void)state;
	assert_int_equal(fake_kvm.attrs[i].kind, FAKE_ITS);
	assert_int_equal(fake_kvm.attrs[i].group, KVM_DEV_ARM_VGIC_GRP_CTRL);
	assert_int_equal(fake_kvm.attrs[i].attr, KVM_DEV_ARM_ITS_CTRL_RESET);
	for (i++; i < fake_kvm.nr_attrs; i++)
		assert_int_equal(fake_kvm.attrs[i].kind, FAKE_GICV3);
}

static void sweep(enum gic_kind kind, const char *name)
{
	assert_int_equal(gic_init(&gic, vm_fd, kind, 2, 0), 0);
	for (unsigned n = 1;; n++) {
		int rc;

		err_say(1, "%s", "");
		fault_arm(n, EIO);
		rc = gic_reset(&gic, vcpus);
		if (!fault_met())
			break;
		assert_int_equal(rc, -EIO);
		assert_has_words(name);
		assert_has_words("Input/output error");
	}
	fault_arm(0, 0);
	gic_fini(&gic);
}

static void every_failure_is_reported(void **state)
{
	(void)state;
	sweep(GIC_V2, "gicv2: reset register ");
	sweep(GIC_V3, "gicv3: reset");
	sweep(GIC_V3_ITS, "reset");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(gicv3_is_idle_after_reset),
		T(each_vcpu_of_a_gicv3_is_put_back),
		T(lpis_are_off_before_their_tables_are_touched),
		T(gicv2_is_idle_after_reset),
		T(its_is_reset_first_and_by_kvm),
		T(every_failure_is_reported),
	};

	return cmocka_run_group_tests_name("gic_reset", tests, NULL, NULL);
}
