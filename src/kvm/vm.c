/* SPDX-License-Identifier: BSD-2-Clause */
#include "kvm/vm.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/ioctl.h>

#include "kvm/sys.h"
#include "kvm/uapi.h"
#include "util/err.h"

int kvm_vm_create(const struct kvm_sys *sys, unsigned ipa_bits)
{
	int fd;

	/* Large hosts are slow to find memory for a VM: a signal may hit. */
	do {
		fd = ioctl(sys->fd, KVM_CREATE_VM,
			   KVM_VM_TYPE_ARM_IPA_SIZE((unsigned long)ipa_bits));
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return err_set(errno, "create VM with %u-bit addresses",
			       ipa_bits);
	return fd;
}

int kvm_vm_cap(int vm_fd, unsigned cap)
{
	int v = ioctl(vm_fd, KVM_CHECK_EXTENSION, cap);

	return v < 0 ? 0 : v;
}

int kvm_vm_enable_cap(int vm_fd, unsigned cap)
{
	struct kvm_enable_cap en = { .cap = cap };

	if (ioctl(vm_fd, KVM_ENABLE_CAP, &en) < 0)
		return err_set(errno, "enable KVM capability %u", cap);
	return 0;
}

static int add_slot(int vm_fd, unsigned slot, uint32_t flags, gpa_t gpa,
		    uint64_t size, void *host)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		return err_set(errno,
			       "memory slot %u: %" PRIu64 " bytes at %#" PRIx64,
			       slot, size, gpa);
	return 0;
}

int kvm_slot_add(int vm_fd, unsigned slot, gpa_t gpa, uint64_t size, void *host)
{
	return add_slot(vm_fd, slot, 0, gpa, size, host);
}

int kvm_slot_add_ro(int vm_fd, unsigned slot, gpa_t gpa, uint64_t size,
		    void *host)
{
	return add_slot(vm_fd, slot, KVM_MEM_READONLY, gpa, size, host);
}

void kvm_slot_del(int vm_fd, unsigned slot)
{
	struct kvm_userspace_memory_region r = { .slot = slot };

	ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &r);
}

int kvm_spi_set(int vm_fd, unsigned spi, bool level)
{
	struct kvm_irq_level line = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT |
		       (spi + 32) << KVM_ARM_IRQ_NUM_SHIFT,
		.level = level,
	};

	if (ioctl(vm_fd, KVM_IRQ_LINE, &line) < 0)
		return err_set(errno, "SPI %u", spi);
	return 0;
}

int kvm_ioeventfd(int vm_fd, gpa_t gpa, unsigned len, uint64_t match, int fd)
{
	struct kvm_ioeventfd io = {
		.datamatch = match,
		.addr = gpa,
		.len = len,
		.fd = fd,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	if (ioctl(vm_fd, KVM_IOEVENTFD, &io) < 0)
		return err_set(errno, "eventfd for writes to %#" PRIx64, gpa);
	return 0;
}

int kvm_device_create(int vm_fd, uint32_t type, const char *name)
{
	struct kvm_create_device dev = { .type = type };

	if (ioctl(vm_fd, KVM_CREATE_DEVICE, &dev) < 0)
		return err_set(errno, "create %s", name);
	return (int)dev.fd;
}

bool kvm_device_there(int vm_fd, uint32_t type)
{
	struct kvm_create_device dev = {
		.type = type,
		.flags = KVM_CREATE_DEVICE_TEST,
	};

	return ioctl(vm_fd, KVM_CREATE_DEVICE, &dev) == 0;
}
