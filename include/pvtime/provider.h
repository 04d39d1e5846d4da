/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * provider.h - what one way of filling the records has to do.
 *
 * A provider is one constant of this type in a file of its own and one line in
 * table.c, whose order is that of preference.
 *
 * Errors:  0 or a negative errno, worded.
 * Threads: as pvtime.h says of the function that calls.
 */
#ifndef PVTIME_PROVIDER_H
#define PVTIME_PROVIDER_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

struct pvtime;

struct pvtime_provider {
	const char *name; /* as --pvtime takes it */

	/*
	 * Can this host?  NULL, or in a few constant words why not and what
	 * would change it.  Leaves no trace.
	 */
	const char *(*missing)(int vm_fd, int vcpu_fd);

	/* Make the region by pvtime_map(), or otherwise; and pt->state. */
	int (*start)(struct pvtime *pt);

	/* vCPU @index, whose record is at @record. */
	int (*attach)(struct pvtime *pt, unsigned index, int vcpu_fd,
		      uint64_t record);

	/* See pvtime_goes_on(). */
	bool goes_on;

	/* The rest may be NULL: there is nothing to do. */

	/* See pvtime_call(). */
	int (*call)(struct pvtime *pt, unsigned index, int vcpu_fd,
		    uint64_t function);

	/* Where pt->records is NULL. */
	int (*read)(const struct pvtime *pt, unsigned index, uint64_t *ret_ns);

	/* After the records were zeroed. */
	int (*reset)(struct pvtime *pt);

	/* Before the region goes.  Frees pt->state, which may be NULL. */
	void (*stop)(struct pvtime *pt);
};

/* In order of preference; the last one works everywhere. */
extern const struct pvtime_provider *const pvtime_table[];
extern const size_t pvtime_table_size;

extern const struct pvtime_provider pvtime_steady;
extern const struct pvtime_provider pvtime_kvm;
extern const struct pvtime_provider pvtime_device;
extern const struct pvtime_provider pvtime_off;

/* What providers share. */

/* The memory of pt->region, and its slot where it needs one. */
int pvtime_map(struct pvtime *pt);

/* KVM's vCPU attribute: is there one, and set it to @record. */
const char *pvtime_attr_missing(int vcpu_fd);
int pvtime_attr_set(int vcpu_fd, uint64_t record);

#endif
