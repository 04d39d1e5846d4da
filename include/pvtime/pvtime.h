/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvtime.h - stolen time, host side: where the records are, who fills them.
 *
 * The guest has one 64-byte record per vCPU in guest-physical memory that
 * holds nothing else.  Somebody, the provider, adds to a record the time that
 * its vCPU thread could have run but did not; the guest gets the record's
 * address by a hypercall.  This is the order of calls for any VMM:
 *
 *	pvtime_choose()    once the first vCPU is created and initialised
 *	pvtime_init()      makes the region and its memory slot
 *	pvtime_attach()    each vCPU, before any of them runs
 *	pvtime_fdt()       while the device tree is written
 *	pvtime_read()      whenever the host wants to know
 *	pvtime_reset()     the guest starts anew, on the same vCPUs
 *	pvtime_fini()      after the last vCPU stopped
 *
 * Rules that KVM does not check for us (kept here, relied on everywhere):
 *  1. One thread per vCPU, for its life: KVM adds differences of that
 *     thread's run delay, another thread's would make the record jump back.
 *  2. The slot is there before the address is set, and is not read-only.
 *  3. The address is set once per vCPU descriptor; it outlives a new
 *     KVM_ARM_VCPU_INIT, so a reset leaves it alone.
 *  4. From then on the record is written each time the vCPU is loaded, asked
 *     for or not: the region must not lie in memory the guest may use.
 *
 * Spec:    Arm DEN0057A 3; Linux Documentation/virt/kvm/arm/pvtime.rst (the
 *          record), virt/kvm/devices/vcpu.rst 3.1 (the attribute).
 * Units:   addresses, sizes: bytes.  Stolen time: nanoseconds since the guest
 *          last asked for the address; KVM restarts it at 0 each time.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the region's host mapping and its slot.  Borrows descriptors.
 * Threads: the builder's, before any vCPU runs; pvtime_read() from any.
 */
#ifndef PVTIME_PVTIME_H
#define PVTIME_PVTIME_H

#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

struct fdtw;
struct kvm_vcpu;
struct pvtime_provider;

/* As the guest sees it, little-endian; only the first 16 bytes have meaning. */
struct pvtime_record {
	uint32_t revision;   /* 0 */
	uint32_t attributes; /* 0 */
	uint64_t stolen_ns;  /* the provider stores it with one access */
	uint8_t padding[48];
};

/*
 * Host pages are up to 64 KiB and slots are made of whole pages; guest pages
 * are up to 64 KiB too, and none may mix records with anything else.
 */
#define PVTIME_ALIGN UINT64_C(0x10000)

/* The size of the region for @nr_records, a multiple of PVTIME_ALIGN. */
uint64_t pvtime_size(unsigned nr_records);

struct pvtime {
	const struct pvtime_provider *provider;
	int vm_fd;		       /* borrowed */
	struct pvtime_record *records; /* owned; NULL while off */
	gpa_t base;		       /* of record 0 */
	uint64_t size;		       /* of the region */
	unsigned nr_records;
	unsigned slot;
};

/* 0 where @want is a word that pvtime_choose() takes, else -EINVAL. */
int pvtime_known(const char *want);

/*
 * Which provider does what @want says?  "auto": the first that works here, or
 * "off" with a reason; "on": the first that works, or an error; "off"; or a
 * provider's own name.  Asks the host through @vm_fd and @first.
 *
 * Fills in *ret_provider, and *ret_why, a constant text that says why stolen
 * time is off, or NULL where it is on.  -ENXIO: required, but this host cannot
 * (words say what is missing); -EINVAL: no such provider (words name all).
 */
int pvtime_choose(const char *want, int vm_fd, const struct kvm_vcpu *first,
		  const struct pvtime_provider **ret_provider,
		  const char **ret_why);

/* Is stolen time given to the guest?  And by whom: "kvm", ..., or "off". */
int pvtime_is_on(const struct pvtime *pt);
const char *pvtime_provider_name(const struct pvtime *pt);

/*
 * Give the guest @nr zeroed records at @base, in memory slot @slot; with the
 * provider "off", nothing.  -EINVAL: @base not 64 KiB aligned, or no records;
 * else as mmap(2) or kvm_slot_add().  On error nothing is held and *pt is as
 * pvtime_fini() leaves it.
 */
int pvtime_init(struct pvtime *pt, const struct pvtime_provider *provider,
		int vm_fd, unsigned slot, gpa_t base, unsigned nr);

/*
 * Record @index belongs to @vcpu from now on.  -EINVAL: there is no such
 * record.  -EEXIST: the vCPU has one already.  Else as the host says.
 */
int pvtime_attach(const struct pvtime *pt, const struct kvm_vcpu *vcpu,
		  unsigned index);

/* Nanoseconds in record @index; 0 while off.  The guest may have forged it. */
uint64_t pvtime_read(const struct pvtime *pt, unsigned index);

/* All records are as at the start; addresses stay.  No vCPU may be running. */
void pvtime_reset(struct pvtime *pt);

/*
 * The region, as a child of /reserved-memory that the kernel must not map;
 * nothing while off.  The caller has the /reserved-memory node open.
 */
void pvtime_fdt(const struct pvtime *pt, struct fdtw *w);

/* Undo pvtime_init().  Fine on a zeroed *pt, and twice. */
void pvtime_fini(struct pvtime *pt);

#endif
