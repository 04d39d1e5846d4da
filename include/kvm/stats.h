/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.h - what KVM counts for a VM or a vCPU, such as its exits.
 *
 * KVM tells once where each counter is; from then on one pread(2) fetches all
 * that were asked for, and disturbs nobody.  Hosts differ in what they count:
 * each vCPU of arm64 has "exits", and of these "hvc_exit_stat",
 * "wfe_exit_stat", "wfi_exit_stat", "mmio_exit_user", "mmio_exit_kernel" and
 * "signal_exits"; "halt_wait_ns" is time that it slept.
 *
 * Spec:    Linux Documentation/virt/kvm/api.rst 4.133 (KVM_GET_STATS_FD).
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    a descriptor for each VM or vCPU: many vCPUs need as many.
 * Threads: any, also while the vCPU runs, but for kvm_stats_open().
 */
#ifndef KVM_STATS_H
#define KVM_STATS_H

#include <stdint.h>

enum { KVM_STATS_MAX = 8 };

/* The value of a counter that the host does not have. */
#define KVM_STATS_NONE UINT64_MAX

struct kvm_stats {
	int fd; /* owned; -1 when closed */
	unsigned nr;
	uint64_t base;		     /* where in the file the first is */
	uint64_t size;		     /* from there to the end of the last */
	uint64_t off[KVM_STATS_MAX]; /* from base; or KVM_STATS_NONE */
};

/*
 * Open the counters of the VM or vCPU @fd, which is to be closed later than this.
 * It waits while a vCPU runs, which may be for ever.  -ENOTTY: the host, older
 * than 5.14, has no such file at all.
 */
int kvm_stats_open(struct kvm_stats *s, int fd);

/*
 * Find those with these @nr names (up to KVM_STATS_MAX), which the host need not
 * have.  On error *s is closed.
 */
int kvm_stats_find(struct kvm_stats *s, const char *const names[], unsigned nr);

/* Their values now, in the order of the names. */
int kvm_stats_read(const struct kvm_stats *s, uint64_t ret_values[]);

/* Fine on a closed *s. */
void kvm_stats_close(struct kvm_stats *s);

#endif
