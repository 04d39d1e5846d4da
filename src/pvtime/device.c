/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device.c - provider "device": the PV_TIME device of the patch series that
 * stolen time came with, in August 2019.
 *
 * No released kernel has it; kernels built with one of the series do.  In
 * version 1 the kernel brings the memory of the records, maps it into the guest
 * at the address it is told, and shows it to us by reading an attribute.  In
 * versions 2 and 3 the memory is ours, in a slot of ours, and the kernel is told
 * where the region is.  Which one it is, its attributes tell.
 *
 * In all of them record i is that of the i-th vCPU that was created.
 *
 * Spec: Linux patches "arm64: Stolen time support", versions 1 to 3,
 * Documentation/virt/kvm/devices/arm-pv-time.txt.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "kvm/attr.h"
#include "kvm/uapi.h"
#include "kvm/vm.h"
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"
#include "util/err.h"

/* What version 1 has memory for, in every kernel. */
enum {
	V1_RECORDS = 512,
	V1_SIZE = V1_RECORDS * sizeof(struct pvtime_record),
};

struct device {
	int fd;
	bool v1;
};

static const char *missing(int vm_fd, int vcpu_fd)
{
	(void)vcpu_fd;
	if (kvm_device_there(vm_fd, KVM_DEV_TYPE_ARM_PV_TIME))
		return NULL;
	return "this host kernel has no PV_TIME device; only kernels with the "
	       "patch series of August 2019 have it";
}

static int start_v1(struct pvtime *pt, const struct device *dev)
{
	int rc;

	if (pt->region.memory)
		return err_say(EINVAL, "the kernel's device brings its own "
				       "memory, which cannot be inside RAM; "
				       "place it outside");
	if (pt->region.nr_records > V1_RECORDS)
		return err_say(EINVAL, "%u records: the kernel's device has %u",
			       pt->region.nr_records, V1_RECORDS);
	rc = kvm_attr_set(dev->fd, KVM_DEV_ARM_PV_TIME_PADDR, 0,
			  &pt->region.base);
	return rc < 0 ? err_set(-rc, "device's records at %#" PRIx64,
				pt->region.base)
		      : 0;
}

static int start_v2(struct pvtime *pt, const struct device *dev)
{
	const struct kvm_dev_arm_st_region region = {
		.gpa = pt->region.base,
		.size = pt->size,
	};
	int rc = pvtime_map(pt);

	if (rc < 0)
		return rc;
	rc = kvm_attr_set(dev->fd, KVM_DEV_ARM_PV_TIME_REGION, 0, &region);
	return rc < 0 ? err_set(-rc, "device's region at %#" PRIx64,
				pt->region.base)
		      : 0;
}

static int start(struct pvtime *pt)
{
	struct device *dev = malloc(sizeof(*dev));
	int fd;

	if (!dev)
		return err_set(ENOMEM, "device");
	pt->state = dev;
	dev->fd = -1;
	fd = kvm_device_create(pt->region.vm_fd, KVM_DEV_TYPE_ARM_PV_TIME,
			       "PV_TIME device");
	if (fd < 0)
		return fd;
	dev->fd = fd;
	dev->v1 = kvm_attr_has(fd, KVM_DEV_ARM_PV_TIME_STATE_SIZE, 0);
	return dev->v1 ? start_v1(pt, dev) : start_v2(pt, dev);
}

static void stop(struct pvtime *pt)
{
	struct device *dev = pt->state;

	if (dev && dev->fd >= 0)
		close(dev->fd);
	free(dev);
	pt->state = NULL;
}

/* The kernel knows its vCPUs. */
static int attach(struct pvtime *pt, unsigned index, int vcpu_fd,
		  uint64_t record)
{
	(void)pt;
	(void)index;
	(void)vcpu_fd;
	(void)record;
	return 0;
}

/*
 * A buffer, zero, that the kernel's state fits into, and how many records it has;
 * the caller frees it.
 */
static int state_buffer(const struct device *dev, struct pvtime_record **ret,
			uint64_t *ret_nr)
{
	uint64_t size = 0;
	int rc =
		kvm_attr_get(dev->fd, KVM_DEV_ARM_PV_TIME_STATE_SIZE, 0, &size);

	if (rc < 0)
		return err_set(-rc, "device's size of state");
	if (size > V1_SIZE)
		return err_say(EOVERFLOW,
			       "device's state: %" PRIu64 " bytes; room for %d",
			       size, V1_SIZE);
	*ret = calloc(1, V1_SIZE);
	if (!*ret)
		return err_set(ENOMEM, "%d bytes of state", V1_SIZE);
	*ret_nr = size / sizeof(**ret);
	return 0;
}

static int read_v1(const struct pvtime *pt, unsigned index, uint64_t *ret_ns)
{
	const struct device *dev = pt->state;
	struct pvtime_record *all;
	uint64_t nr;
	int rc = state_buffer(dev, &all, &nr);

	if (rc < 0)
		return rc;
	rc = kvm_attr_get(dev->fd, KVM_DEV_ARM_PV_TIME_STATE, 0, all);
	if (rc < 0)
		err_set(-rc, "device's state");
	else
		*ret_ns = index < nr ? all[index].stolen_ns : 0;
	free(all);
	return rc;
}

static int reset(struct pvtime *pt)
{
	const struct device *dev = pt->state;
	struct pvtime_record *zero;
	uint64_t nr;
	int rc;

	if (!dev->v1)
		return 0;
	rc = state_buffer(dev, &zero, &nr);
	if (rc < 0)
		return rc;
	rc = kvm_attr_set(dev->fd, KVM_DEV_ARM_PV_TIME_STATE, 0, zero);
	if (rc < 0)
		err_set(-rc, "device's state");
	free(zero);
	return rc;
}

const struct pvtime_provider pvtime_device = {
	.name = "device",
	.missing = missing,
	.start = start,
	.attach = attach,
	.read = read_v1,
	.reset = reset,
	.stop = stop,
};
