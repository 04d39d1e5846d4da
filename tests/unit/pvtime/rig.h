/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.h - what tests of src/pvtime stand on: a fake host with a VM and its
 * vCPUs, a region of records for them, and the question what is left over.
 */
#ifndef RIG_H
#define RIG_H

#include "check.h"

#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/vcpu.h"
#include "kvm/vm.h"
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"
#include "util/err.h"

#define RIG_BASE UINT64_C(0x90a0000)

enum { RIG_NR = 4, RIG_SLOT = 3, RIG_RAM_SLOT = 5 };

static struct {
	struct left before;
	int vm_fd;
	struct kvm_vcpu vcpus[RIG_NR];
	struct pvtime pt;
} rig;

/* Where records are that lie inside RAM. */
static uint8_t rig_ram[0x10000] __attribute__((aligned(0x10000)));

static inline int rig_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	rig.before = left_now();
	rig.vm_fd = fake_kvm_fd(FAKE_VM, 0);
	for (unsigned i = 0; i < RIG_NR; i++)
		if (kvm_vcpu_open(&rig.vcpus[i], rig.vm_fd, i, 4096) < 0)
			return -1;
	return 0;
}

static inline int rig_down(void **state)
{
	(void)state;
	fault_arm(0, 0);
	pvtime_fini(&rig.pt);
	for (unsigned i = 0; i < RIG_NR; i++)
		kvm_vcpu_close(&rig.vcpus[i]);
	kvm_slot_del(rig.vm_fd, RIG_RAM_SLOT);
	close(rig.vm_fd);
	assert_int_equal(fake_kvm_live_fds(), 0);
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_nothing_left(rig.before);
	return 0;
}

static inline struct pvtime_region rig_slot(void)
{
	return (struct pvtime_region){
		.vm_fd = rig.vm_fd,
		.base = RIG_BASE,
		.nr_records = RIG_NR,
		.slot = RIG_SLOT,
	};
}

/* The same inside RAM, which is there already. */
static inline struct pvtime_region rig_in_ram(void)
{
	struct pvtime_region region = rig_slot();

	memset(rig_ram, 0, sizeof(rig_ram));
	assert_int_equal(kvm_slot_add(rig.vm_fd, RIG_RAM_SLOT, RIG_BASE,
				      sizeof(rig_ram), rig_ram),
			 0);
	region.memory = rig_ram;
	return region;
}

static inline int rig_attach(void)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < RIG_NR; i++)
		rc = pvtime_attach(&rig.pt, i, rig.vcpus[i].fd);
	return rc;
}

/* Records by @provider for all vCPUs, in a slot of their own. */
static inline int rig_start(const struct pvtime_provider *provider)
{
	const struct pvtime_region region = rig_slot();
	int rc = pvtime_init(&rig.pt, provider, &region);

	return rc < 0 ? rc : rig_attach();
}

/* Record @i as the guest sees it. */
static inline struct pvtime_record *rig_record(unsigned i)
{
	return (struct pvtime_record *)fake_kvm.slots[RIG_SLOT].host + i;
}

static inline uint64_t rig_read(unsigned i)
{
	uint64_t ns = 0x5555;

	assert_int_equal(pvtime_read(&rig.pt, i, &ns), 0);
	return ns;
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_up, rig_down)

#endif
