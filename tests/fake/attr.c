/* SPDX-License-Identifier: BSD-2-Clause */
/* attr.c - the fake's attributes: of VM, vCPUs, GIC, ITS and PV_TIME. */
#include "fake_kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/attr.h"
#include "kvm/uapi.h"
#include "kvm/vm.h"

enum { NO_SUCH = -1 }; /* attribute */

/* -- PV_TIME, of patches that never were in a release -- */

static bool in_slot(gpa_t gpa)
{
	for (unsigned i = 0; i < FAKE_SLOTS; i++)
		if (gpa - fake_kvm.slots[i].gpa < fake_kvm.slots[i].size)
			return true;
	return false;
}

static size_t states_size(void)
{
	return fake_kvm.live_runs * sizeof(fake_kvm.states[0]);
}

static int pv_time_size(uint32_t group, uint64_t attr)
{
	if (attr != 0)
		return NO_SUCH;
	if (fake_kvm.pv_time == FAKE_PV_TIME_V2)
		return group == KVM_DEV_ARM_PV_TIME_REGION
			       ? (int)sizeof(struct kvm_dev_arm_st_region)
			       : NO_SUCH;
	switch (group) {
	case KVM_DEV_ARM_PV_TIME_PADDR:
	case KVM_DEV_ARM_PV_TIME_STATE_SIZE:
		return 8;
	case KVM_DEV_ARM_PV_TIME_STATE:
		return (int)states_size();
	default:
		return NO_SUCH;
	}
}

/* The kernel's checks, in its order. */
static int set_pv_time(uint32_t group, const void *data)
{
	struct kvm_dev_arm_st_region region = { 0 };
	bool v1 = fake_kvm.pv_time == FAKE_PV_TIME_V1;
	uint64_t page = v1 ? 64 : fake_kvm.page;

	if (group == KVM_DEV_ARM_PV_TIME_STATE_SIZE)
		return EPERM;
	if (group == KVM_DEV_ARM_PV_TIME_STATE) {
		memcpy(fake_kvm.states, data, states_size());
		return 0;
	}
	memcpy(&region, data, v1 ? sizeof(region.gpa) : sizeof(region));
	if ((region.gpa | region.size) % page != 0)
		return EINVAL;
	if (fake_kvm.region)
		return EEXIST;
	if (!v1 && !in_slot(region.gpa))
		return EINVAL;
	fake_kvm.region = region.gpa;
	fake_kvm.region_size = region.size;
	return 0;
}

static int get_pv_time(uint32_t group, void *data)
{
	const uint64_t size = states_size();

	switch (group) {
	case KVM_DEV_ARM_PV_TIME_STATE_SIZE:
		memcpy(data, &size, sizeof(size));
		return 0;
	case KVM_DEV_ARM_PV_TIME_STATE:
		memcpy(data, fake_kvm.states, size);
		return 0;
	default:
		return ENOTSUP; /* our code knows where it put them */
	}
}

/* -- the filter of calls -- */

static bool overlap(uint64_t a, uint64_t a_nr, uint64_t b, uint64_t b_nr)
{
	return a < b + b_nr && b < a + a_nr;
}

static int set_filter(const struct kvm_smccc_filter *f)
{
	static const uint8_t no_pad[sizeof(f->pad)];

	if (fake_kvm.ran)
		return EBUSY;
	if (f->nr_functions == 0 || f->base + f->nr_functions < f->base ||
	    f->action > KVM_SMCCC_FILTER_FWD_TO_USER ||
	    memcmp(f->pad, no_pad, sizeof(no_pad)) != 0)
		return EINVAL;
	/* Arm's own calls, by which a guest learns what there is. */
	if (overlap(f->base, f->nr_functions, 0x80000000, 0x10000) ||
	    overlap(f->base, f->nr_functions, 0xc0000000, 0x10000))
		return EEXIST;
	for (unsigned i = 0; i < fake_kvm.nr_filters; i++)
		if (overlap(f->base, f->nr_functions, fake_kvm.filters[i].base,
			    fake_kvm.filters[i].nr))
			return EEXIST;
	if (f->action != KVM_SMCCC_FILTER_FWD_TO_USER ||
	    fake_kvm.nr_filters == FAKE_FILTERS)
		abort(); /* nothing of ours does that */
	fake_kvm.filters[fake_kvm.nr_filters++] =
		(struct fake_filter){ f->base, f->nr_functions };
	return 0;
}

/* -- vCPUs -- */

/* The kernel's checks, in its order. */
static int set_record(struct fake_cpu *cpu, gpa_t gpa)
{
	if (gpa % 64 != 0)
		return EINVAL;
	if (cpu->record)
		return EEXIST;
	if (!in_slot(gpa))
		return EINVAL;
	cpu->record = gpa;
	return 0;
}

/* -- all of them -- */

static int vcpu_size(uint32_t group, uint64_t attr)
{
	if (group == KVM_ARM_VCPU_PVTIME_CTRL)
		return fake_kvm.pvtime && attr == KVM_ARM_VCPU_PVTIME_IPA
			       ? 8
			       : NO_SUCH;
	if (group == KVM_ARM_VCPU_PMU_V3_CTRL && fake_kvm.pmu)
		return attr == KVM_ARM_VCPU_PMU_V3_IRQ ? 4 : 0;
	return NO_SUCH;
}

static int gic_size(enum fake_kind kind, uint32_t group)
{
	switch (group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return 8;
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		return 0;
	case KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS:
		return kind == FAKE_GICV3 ? 8 : NO_SUCH;
	case KVM_DEV_ARM_VGIC_GRP_REDIST_REGS:
		return kind == FAKE_GICV3 ? 4 : NO_SUCH;
	case KVM_DEV_ARM_VGIC_GRP_CPU_REGS:
		return kind == FAKE_GICV2 ? 4 : NO_SUCH;
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return kind == FAKE_ITS ? NO_SUCH : 4;
	default:
		return NO_SUCH;
	}
}

/* How many bytes an attribute's data have; NO_SUCH: there is none. */
static int data_size(enum fake_kind kind, uint32_t group, uint64_t attr)
{
	switch (kind) {
	case FAKE_VM:
		return fake_kvm.filter && group == KVM_ARM_VM_SMCCC_CTRL &&
				       attr == KVM_ARM_VM_SMCCC_FILTER
			       ? (int)sizeof(struct kvm_smccc_filter)
			       : NO_SUCH;
	case FAKE_VCPU:
		return vcpu_size(group, attr);
	case FAKE_PV_TIME:
		return pv_time_size(group, attr);
	case FAKE_GICV2:
	case FAKE_GICV3:
	case FAKE_ITS:
		return gic_size(kind, group);
	case FAKE_NONE:
	case FAKE_SYS:
	case FAKE_STATS:
		break;
	}
	return NO_SUCH;
}

bool kvm_attr_has(int fd, uint32_t group, uint64_t attr)
{
	unsigned id;

	return !fault_now() &&
	       data_size(fake_kvm_kind(fd, &id), group, attr) >= 0;
}

const uint64_t *fake_kvm_attr(enum fake_kind kind, unsigned id, uint32_t group,
			      uint64_t attr)
{
	for (size_t i = fake_kvm.nr_attrs; i-- > 0;) {
		const struct fake_attr *a = &fake_kvm.attrs[i];

		if (a->kind == kind && a->id == id && a->group == group &&
		    a->attr == attr)
			return &a->value;
	}
	return NULL;
}

static void remember(const struct fake_attr *a)
{
	if ((fake_kvm.nr_attrs & (fake_kvm.nr_attrs - 1)) == 0) /* is full */
		fake_kvm.attrs =
			realloc(fake_kvm.attrs,
				(2 * fake_kvm.nr_attrs + 1) * sizeof(*a));
	if (!fake_kvm.attrs)
		abort();
	fake_kvm.attrs[fake_kvm.nr_attrs++] = *a;
}

static int set_attr(int fd, uint32_t group, uint64_t attr, const void *data)
{
	struct fake_attr a = { .group = group, .attr = attr };
	int size, err = 0;

	a.kind = fake_kvm_kind(fd, &a.id);
	size = data_size(a.kind, group, attr);
	if (size < 0)
		return ENXIO;
	if (size > 0 && !data)
		return EFAULT;
	if (size > 0) /* little-endian on all our machines */
		memcpy(&a.value, data, size < 8 ? (size_t)size : 8);
	if (a.kind == FAKE_VM)
		err = set_filter(data);
	else if (a.kind == FAKE_PV_TIME)
		err = set_pv_time(group, data);
	else if (a.kind == FAKE_VCPU && group == KVM_ARM_VCPU_PVTIME_CTRL)
		err = set_record(&fake_kvm.cpus[a.id], a.value);
	else if (a.kind != FAKE_VCPU && fake_kvm_runs())
		err = EBUSY; /* all vCPUs must be out of the guest */
	if (!err)
		remember(&a);
	return err;
}

int kvm_attr_set(int fd, uint32_t group, uint64_t attr, const void *data)
{
	int err = fault_now();

	return -(err ? err : set_attr(fd, group, attr, data));
}

int kvm_attr_get(int fd, uint32_t group, uint64_t attr, void *data)
{
	int err = fault_now(), size;
	const uint64_t *value;
	enum fake_kind kind;
	unsigned id;

	kind = fake_kvm_kind(fd, &id);
	size = data_size(kind, group, attr);
	if (err || size <= 0 || kind == FAKE_VM)
		return -(err ? err : ENXIO);
	if (kind == FAKE_PV_TIME)
		return -get_pv_time(group, data);
	value = fake_kvm_attr(kind, id, group, attr);
	if (value)
		memcpy(data, value, (size_t)size);
	else /* as after reset, with bits that only the host may set */
		memset(data, 0xff, (size_t)size);
	return 0;
}
