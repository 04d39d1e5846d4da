/* SPDX-License-Identifier: BSD-2-Clause */
#include "kvm/attr.h"

#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "kvm/uapi.h"

static int call(int fd, unsigned long request, uint32_t group, uint64_t attr,
		const void *data)
{
	struct kvm_device_attr a = {
		.group = group,
		.attr = attr,
		.addr = (uintptr_t)data,
	};

	return ioctl(fd, request, &a) < 0 ? -errno : 0;
}

bool kvm_attr_has(int fd, uint32_t group, uint64_t attr)
{
	return call(fd, KVM_HAS_DEVICE_ATTR, group, attr, NULL) == 0;
}

int kvm_attr_set(int fd, uint32_t group, uint64_t attr, const void *data)
{
	return call(fd, KVM_SET_DEVICE_ATTR, group, attr, data);
}

int kvm_attr_get(int fd, uint32_t group, uint64_t attr, void *data)
{
	return call(fd, KVM_GET_DEVICE_ATTR, group, attr, data);
}
