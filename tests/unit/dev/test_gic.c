/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <libfdt.h>
#include <unistd.h>

#include "dev/gic.h"
#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "util/err.h"
#include "util/fdtw.h"

#define HIGH UINT64_C(0x4000000000)

static struct left before;
static int vm_fd;
static struct gic gic;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	vm_fd = fake_kvm_fd(FAKE_VM, 0);
	gic = (struct gic){ .fd = -1, .its_fd = -1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	gic_fini(&gic);
	gic_fini(&gic);
	close(vm_fd);
	assert_nothing_left(before);
	return 0;
}

/* -- which -- */

static enum gic_kind choose(enum gic_kind want)
{
	enum gic_kind kind = GIC_AUTO;

	assert_int_equal(gic_choose(vm_fd, want, &kind), 0);
	return kind;
}

static void best_of_the_host_is_taken(void **state)
{
	(void)state;
	assert_int_equal(choose(GIC_AUTO), GIC_V3_ITS);
	fake_kvm.its = false;
	assert_int_equal(choose(GIC_AUTO), GIC_V3);
	fake_kvm.gicv3 = false;
	assert_int_equal(choose(GIC_AUTO), GIC_V2);
}

static void wish_is_taken_where_the_host_has_it(void **state)
{
	(void)state;
	assert_int_equal(choose(GIC_V2), GIC_V2);
	assert_int_equal(choose(GIC_V3), GIC_V3);
	assert_int_equal(choose(GIC_V3_ITS), GIC_V3_ITS);
}

static void wish_that_the_host_has_not_is_refused(void **state)
{
	enum gic_kind kind = GIC_AUTO;

	(void)state;
	fake_kvm.its = false;
	assert_int_equal(gic_choose(vm_fd, GIC_V3_ITS, &kind), -ENODEV);
	assert_words("this host's KVM has no gicv3-its for guests; leave "
		     "--irqchip out to get what it has");
	fake_kvm.gicv3 = fake_kvm.gicv2 = false;
	assert_int_equal(gic_choose(vm_fd, GIC_AUTO, &kind), -ENODEV);
	assert_words("this host's KVM has no interrupt controller for guests");
	assert_int_equal(kind, GIC_AUTO);
}

static void vcpus_are_limited_by_kind_and_host(void **state)
{
	(void)state;
	assert_int_equal(gic_max_cpus(vm_fd, GIC_V2), 8);
	assert_int_equal(gic_max_cpus(vm_fd, GIC_V3), 512);
	fake_kvm.max_cpus = 1000;
	assert_int_equal(gic_max_cpus(vm_fd, GIC_V3), 512);
	fake_kvm.max_cpus = 5;
	assert_int_equal(gic_max_cpus(vm_fd, GIC_V2), 5);
	assert_int_equal(gic_max_cpus(vm_fd, GIC_V3_ITS), 5);
	fake_kvm.max_cpus = 0; /* a host that cannot say */
	assert_int_equal(gic_max_cpus(vm_fd, GIC_V3), 1);
}

/* -- making it: what KVM is told, in which order -- */

#define ADDR   KVM_DEV_ARM_VGIC_GRP_ADDR
#define IRQS   KVM_DEV_ARM_VGIC_GRP_NR_IRQS
#define CTRL   KVM_DEV_ARM_VGIC_GRP_CTRL
#define INIT   KVM_DEV_ARM_VGIC_CTRL_INIT
#define REGION KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION

static void expect_told(const struct fake_attr *want, size_t n)
{
	assert_int_equal(fake_kvm.nr_attrs, n);
	for (size_t i = 0; i < n; i++) {
		const struct fake_attr *is = &fake_kvm.attrs[i];

		assert_int_equal(is->kind, want[i].kind);
		assert_int_equal(is->group, want[i].group);
		assert_int_equal(is->attr, want[i].attr);
		assert_true(is->value == want[i].value);
	}
}

#define EXPECT_TOLD(want) expect_told(want, sizeof(want) / sizeof(want[0]))

static void gicv2_is_told_interrupts_then_places_then_init(void **state)
{
	static const struct fake_attr want[] = {
		{ FAKE_GICV2, 0, IRQS, 0, 96 },
		{ FAKE_GICV2, 0, ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, 0x8000000 },
		{ FAKE_GICV2, 0, ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, 0x8010000 },
		{ FAKE_GICV2, 0, CTRL, INIT, 0 },
	};

	(void)state;
	assert_int_equal(gic_init(&gic, vm_fd, GIC_V2, 2, HIGH), 0);
	EXPECT_TOLD(want);
}

static void gicv3_with_few_vcpus_has_one_place_for_redistributors(void **state)
{
	static const struct fake_attr want[] = {
		{ FAKE_GICV3, 0, IRQS, 0, 96 },
		{ FAKE_GICV3, 0, ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, 0x8000000 },
		{ FAKE_GICV3, 0, ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
		  0x80a0000 },
		{ FAKE_GICV3, 0, CTRL, INIT, 0 },
	};

	(void)state;
	assert_int_equal(gic_init(&gic, vm_fd, GIC_V3, 123, HIGH), 0);
	EXPECT_TOLD(want);
}

static void gicv3_with_many_vcpus_has_two_regions(void **state)
{
	static const struct fake_attr want[] = {
		{ FAKE_GICV3, 0, IRQS, 0, 96 },
		{ FAKE_GICV3, 0, ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, 0x8000000 },
		{ FAKE_GICV3, 0, ADDR, REGION,
		  UINT64_C(123) << 52 | 0x80a0000 },
		{ FAKE_GICV3, 0, ADDR, REGION, UINT64_C(1) << 52 | HIGH | 1 },
		{ FAKE_GICV3, 0, CTRL, INIT, 0 },
	};

	(void)state;
	assert_int_equal(gic_init(&gic, vm_fd, GIC_V3, 124, HIGH), 0);
	EXPECT_TOLD(want);
}

static void its_comes_after_its_gic_is_whole(void **state)
{
	static const struct fake_attr want[] = {
		{ FAKE_GICV3, 0, IRQS, 0, 96 },
		{ FAKE_GICV3, 0, ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, 0x8000000 },
		{ FAKE_GICV3, 0, ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
		  0x80a0000 },
		{ FAKE_GICV3, 0, CTRL, INIT, 0 },
		{ FAKE_ITS, 0, ADDR, KVM_VGIC_ITS_ADDR_TYPE, 0x8080000 },
		{ FAKE_ITS, 0, CTRL, INIT, 0 },
	};

	(void)state;
	assert_int_equal(gic_init(&gic, vm_fd, GIC_V3_ITS, 1, HIGH), 0);
	EXPECT_TOLD(want);
	assert_int_equal(fake_kvm_live_fds(), 3);
}

static void every_failure_is_undone(void **state)
{
	static const struct {
		enum gic_kind kind;
		const char *name;
		unsigned cpus, calls;
	} cases[] = {
		{ GIC_V2, "gicv2", 8, 5 },
		{ GIC_V3, "gicv3", 123, 5 },
		{ GIC_V3, "gicv3", 124, 6 },
		{ GIC_V3_ITS, "gicv3-its", 1, 8 },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (unsigned n = 1; n <= cases[i].calls; n++) {
			fault_arm(n, EIO);
			assert_int_equal(gic_init(&gic, vm_fd, cases[i].kind,
						  cases[i].cpus, HIGH),
					 -EIO);
			assert_has_words(cases[i].name);
			assert_has_words("Input/output error");
			assert_int_equal(gic.fd, -1);
			assert_int_equal(gic.its_fd, -1);
			assert_int_equal(fake_kvm_live_fds(), 1);
		}
		fault_arm(cases[i].calls + 1, EIO);
		assert_int_equal(gic_init(&gic, vm_fd, cases[i].kind,
					  cases[i].cpus, HIGH),
				 0);
		assert_false(fault_met());
		gic_fini(&gic);
	}
}

/* -- its node -- */

static uint8_t tree[4096];

static int write_tree(enum gic_kind kind, unsigned cpus)
{
	struct fdtw w;
	size_t size;

	assert_int_equal(gic_init(&gic, vm_fd, kind, cpus, HIGH), 0);
	fdtw_begin(&w, tree, sizeof(tree));
	gic_fdt(&gic, &w);
	assert_int_equal(fdtw_finish(&w, &size), 0);
	gic_fini(&gic);
	return fdt_path_offset(tree, "/interrupt-controller@8000000");
}

static void expect_regs(int node, const uint64_t *want, unsigned n)
{
	int len;
	const uint8_t *regs = fdt_getprop(tree, node, "reg", &len);

	assert_int_equal(len, 8 * n);
	for (unsigned i = 0; i < n; i++)
		assert_true(fdt64_ld((const void *)(regs + 8 * i)) == want[i]);
}

static bool is_a(int node, const char *what)
{
	return fdt_node_check_compatible(tree, node, what) == 0;
}

static void nodes_describe_what_was_made(void **state)
{
	static const uint64_t v2[] = { 0x8000000, 0x1000, 0x8010000, 0x2000 };
	static const uint64_t few[] = { 0x8000000, 0x10000, 0x80a0000,
					0x60000 };
	static const uint64_t many[] = { 0x8000000, 0x10000, 0x80a0000,
					 0xf60000,  HIGH,    0x40000 };
	static const uint64_t its[] = { 0x8080000, 0x20000 };
	int node;

	(void)state;
	node = write_tree(GIC_V2, 3);
	assert_true(is_a(node, "arm,cortex-a15-gic"));
	expect_regs(node, v2, 4);

	node = write_tree(GIC_V3, 3);
	assert_true(is_a(node, "arm,gic-v3"));
	expect_regs(node, few, 4);
	assert_true(fdt_first_subnode(tree, node) < 0);

	node = write_tree(GIC_V3, 125);
	expect_regs(node, many, 6);

	node = write_tree(GIC_V3_ITS, 3);
	node = fdt_first_subnode(tree, node);
	assert_true(is_a(node, "arm,gic-v3-its"));
	expect_regs(node, its, 2);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(best_of_the_host_is_taken),
		T(wish_is_taken_where_the_host_has_it),
		T(wish_that_the_host_has_not_is_refused),
		T(vcpus_are_limited_by_kind_and_host),
		T(gicv2_is_told_interrupts_then_places_then_init),
		T(gicv3_with_few_vcpus_has_one_place_for_redistributors),
		T(gicv3_with_many_vcpus_has_two_regions),
		T(its_comes_after_its_gic_is_whole),
		T(every_failure_is_undone),
		T(nodes_describe_what_was_made),
	};

	return cmocka_run_group_tests_name("gic", tests, NULL, NULL);
}
