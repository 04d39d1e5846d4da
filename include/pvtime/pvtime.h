/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvtime.h - stolen time for arm64 guests under KVM, the VMM's side.
 *
 * The guest has one 64-byte record per vCPU in guest-physical memory that
 * holds nothing else.  Somebody, the provider, adds to a record the time that
 * its vCPU's thread was ready to run and had to wait; the guest learns the
 * record's address by a hypercall.  This library is all that a VMM needs for
 * it, and asks for no more than descriptors and addresses:
 *
 *	pvtime_choose()  when the first vCPU is created and initialised: which
 *	                 provider does this host allow?
 *	pvtime_init()    makes the region of records and its memory slot
 *	pvtime_attach()  each vCPU, before it runs; the first before any runs
 *	pvtime_fdt()     while the device tree is written
 *	pvtime_call()    when KVM_RUN returned 0 with KVM_EXIT_HYPERCALL
 *	pvtime_sample()  whenever the host wants to know
 *	pvtime_add()     when the VMM kept a vCPU from running (a pause)
 *	pvtime_reset()   the guest starts anew, on the same vCPUs
 *	pvtime_fini()    after the last vCPU has stopped
 *
 * Four providers, best first:
 *
 *	steady  as kvm, but the guest's calls come to us by KVM's SMCCC filter,
 *	        so that a record never goes back while one kernel reads it
 *	        (Linux 6.4 or later).  The calls 0xc5000020, 0xc5000021 and PSCI's
 *	        CPU_OFF, 0x84000002, are taken for it: a VMM that filters one of
 *	        them itself asks for kvm
 *	kvm     KVM fills the records and answers the guest (Linux 5.5 or
 *	        later).  It zeroes a record each time its vCPU asks for the
 *	        address, and Linux asks again when a CPU comes back online
 *	device  the PV_TIME device of the patch series of August 2019; its first
 *	        version has the records in memory of the kernel
 *	off     the guest's discovery says no
 *
 * Rules that a VMM must keep, most of which nobody checks:
 *  1. One thread per vCPU, for its life: KVM adds differences of that thread's
 *     run delay, and another thread's would make the record jump.
 *  2. The region's slot is there before pvtime_attach(), is writable, and stays
 *     as long as vCPUs run.
 *  3. An address is set once per vCPU descriptor.  It outlives a new
 *     KVM_ARM_VCPU_INIT: after a reset of the guest do not attach again.
 *  4. From then on the record is written each time the vCPU is loaded, whether
 *     or not the guest asked for it: the region must be no memory that the
 *     guest may use for something else.
 *  5. KVM_ARM_VCPU_PSCI_0_2 is among the vCPUs' features, and the device tree
 *     has a PSCI node with method "hvc": without them Linux does not look.
 *
 * Snapshots: with kvm, bring the memory yourself (struct pvtime_region), save it
 * after the last vCPU has stopped, and restore it before pvtime_attach(), at the
 * same address; what the guest was told before is not asked for again.  steady
 * and device keep more than that, and have no way to save it yet.
 *
 * Spec:    Arm DEN0057A 3; Linux Documentation/virt/kvm/arm/pvtime.rst (the
 *          record), virt/kvm/devices/vcpu.rst 3.1 (the attribute),
 *          virt/kvm/devices/vm.rst 5 (the filter).
 * Units:   addresses and sizes: bytes.  Times: nanoseconds.
 * Errors:  0 or a negative errno; pvtime_error() has the words.
 * Owns:    a region that it made, and its slot.  Borrows descriptors.
 * Threads: one for set-up, reset and fini, while no vCPU runs;
 *          pvtime_call() from the vCPU's own thread; pvtime_read() and
 *          pvtime_sample() from any; pvtime_add() as it says.
 */
#ifndef PVTIME_PVTIME_H
#define PVTIME_PVTIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As the guest sees it, little-endian; only the first 16 bytes have meaning. */
struct pvtime_record {
	uint32_t revision;   /* 0 */
	uint32_t attributes; /* 0 */
	uint64_t stolen_ns;  /* the provider stores it with one access */
	uint8_t padding[48]; /* 0 */
};

/*
 * Host pages are up to 64 KiB and slots are made of whole pages; guest pages
 * are up to 64 KiB too, and none may mix records with anything else.
 */
#define PVTIME_ALIGN UINT64_C(0x10000)

/* The size of a region for @nr_records, a multiple of PVTIME_ALIGN. */
uint64_t pvtime_size(unsigned nr_records);

struct pvtime_provider;

/* Where the records are. */
struct pvtime_region {
	int vm_fd;	     /* borrowed */
	uint64_t base;	     /* IPA of record 0, on a PVTIME_ALIGN boundary */
	unsigned nr_records; /* one for each vCPU that there can ever be */

	/*
	 * NULL: outside of all RAM; memory is made, and given to the guest in
	 * memory slot @slot.  Else: inside a slot that there is already; this
	 * is the host's view of it, pvtime_size() bytes, zero but for what a
	 * snapshot brings, 64-byte aligned, borrowed.
	 */
	void *memory;
	unsigned slot;
};

/* To be read; only these functions write to it. */
struct pvtime {
	const struct pvtime_provider *provider; /* NULL: not initialised */
	struct pvtime_region region;
	uint64_t size;		       /* of the region; 0: off */
	struct pvtime_record *records; /* NULL: off, or the kernel's memory */
	void *state;		       /* owned, the provider's own */
};

/* 0 where @want is a word that pvtime_choose() takes, else -EINVAL. */
int pvtime_known(const char *want);

/*
 * Which provider does what @want says?  "auto": the best that works here, or
 * "off"; "on": the best that works, or an error; or one provider's name.
 * Asks the host through @vm_fd and the first vCPU's @vcpu_fd, and changes
 * nothing there.
 *
 * Fills in *ret_provider, and *ret_why: in a few constant words why not a better
 * one, or NULL where there is none.  -ENXIO: required, but this host cannot
 * (the words say what is missing); -EINVAL: no such provider.
 */
int pvtime_choose(const char *want, int vm_fd, int vcpu_fd,
		  const struct pvtime_provider **ret_provider,
		  const char **ret_why);

/*
 * Give the guest zeroed records.  -EINVAL: a base or a number that cannot be;
 * else as mmap(2), KVM_SET_USER_MEMORY_REGION or, for the provider "device",
 * KVM_CREATE_DEVICE.  On error nothing is held and *pt is off.
 */
int pvtime_init(struct pvtime *pt, const struct pvtime_provider *provider,
		const struct pvtime_region *region);

/*
 * Record @index belongs to the vCPU @vcpu_fd from now on.  With the provider
 * "device" the kernel does not ask us: vCPUs must be created in the order of
 * their records, and before pvtime_init().  "off" acts on record 0's vCPU, for
 * all.  -EINVAL: there is no such record.  -EEXIST: the vCPU has one already.
 * -EPERM, -ENXIO: this VM cannot have stolen time (a protected one); nothing has
 * changed: a guest that can do without gets pvtime_fini(), and all of it again
 * with the provider "off".
 */
int pvtime_attach(struct pvtime *pt, unsigned index, int vcpu_fd);

/*
 * vCPU @index, whose KVM_RUN has just returned, made the hypercall @function
 * (kvm_run.hypercall.nr).  0: done, run it on; it may be off now.  -ENOENT: not
 * a call of ours, nothing has changed.  Once for each exit: a KVM_RUN that ends
 * by a signal leaves the last one's words in kvm_run.
 */
int pvtime_call(struct pvtime *pt, unsigned index, int vcpu_fd,
		uint64_t function);

/*
 * The region in the device tree that @fdt is writing by libfdt's sequential
 * functions, with the node /reserved-memory open in it:
 *
 *	pvtime@BASE {
 *		reg = <BASE SIZE>;	// two cells each
 *		no-map;
 *	};
 *
 * Nothing while off.  -ENOSPC: the tree's buffer is full.
 */
int pvtime_fdt(const struct pvtime *pt, void *fdt);

/* Is stolen time given to the guest?  And by whom: "kvm", ..., or "off". */
bool pvtime_is_on(const struct pvtime *pt);
const char *pvtime_name(const struct pvtime *pt);

/*
 * Does a record go on when a kernel asks for its address again, as Linux does
 * for a CPU that was off?  Else it restarts, and the guest's own count, which
 * does not know that, falls.
 */
bool pvtime_goes_on(const struct pvtime *pt);

/*
 * What record @index says: 0 while off.  The guest may have forged it.  Fails
 * only where the records are the kernel's (first version of the device).
 */
int pvtime_read(const struct pvtime *pt, unsigned index, uint64_t *ret_ns);

/* A vCPU's time, as the host's scheduler knows it and as the guest is told. */
struct pvtime_sample {
	/*
	 * Of the vCPU's thread since it began, on a CPU and ready but not on
	 * one.  They only grow, whatever the guest does: resets, asking again,
	 * writing to its record.  The second is what was stolen.
	 */
	uint64_t run_ns, wait_ns;
	/*
	 * The record, which restarts when a new kernel asks for it.  It was
	 * read between two looks at the scheduler's count, which differed by
	 * @skew_ns: 0 nearly always, and then both belong to one moment.  While
	 * the thread is outside KVM_RUN the record lags behind.
	 */
	uint64_t record_ns, skew_ns;
};

/*
 * The VMM itself kept vCPU @index from running for @ns: its record grows by as
 * much.  While the vCPU is outside KVM_RUN and cannot enter it: from its own
 * thread, or with that stopped.  -ENOTSUP: there is no record, or it is in memory
 * of the kernel; pvtime_can_add() says so beforehand.
 */
int pvtime_add(struct pvtime *pt, unsigned index, uint64_t ns);
bool pvtime_can_add(const struct pvtime *pt);

/*
 * Look at record @index and its vCPU's thread @tid (gettid(2)) of this process,
 * without stopping anything.  -ENOENT, -ESRCH: no such thread, no /proc, or a
 * kernel without CONFIG_SCHED_INFO.
 */
int pvtime_sample(const struct pvtime *pt, unsigned index, pid_t tid,
		  struct pvtime_sample *ret);

/*
 * The guest was reset: all records are as at the start; addresses stay.  Fails
 * only where the records are the kernel's.
 */
int pvtime_reset(struct pvtime *pt);

/* Undo pvtime_init().  Fine on a zeroed *pt, and twice. */
void pvtime_fini(struct pvtime *pt);

/* The words of this thread's last error; valid until its next. */
const char *pvtime_error(void);

#ifdef __cplusplus
}
#endif

#endif
