/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "fake_sys.h"
#include "kvm/sys.h"
#include "kvm/uapi.h"
#include "kvm/vm.h"
#include "util/err.h"

enum { FD = 41 };

static int rc, err, nr_eintr;

static int answer(unsigned nr, unsigned long request, void *arg)
{
	errno = err;
	if (nr <= (unsigned)nr_eintr) {
		errno = EINTR;
		return -1;
	}
	if (request == KVM_CREATE_DEVICE && rc == 0)
		((struct kvm_create_device *)arg)->fd = 77;
	return rc;
}

static int set_up(void **state)
{
	(void)state;
	fake_sys_reset(answer);
	rc = err = nr_eintr = 0;
	return 0;
}

static void fails(int with)
{
	rc = -1;
	err = with;
}

static void vm_is_created_with_its_address_bits(void **state)
{
	const struct kvm_sys sys = { .fd = FD };

	(void)state;
	rc = 50;
	assert_int_equal(kvm_vm_create(&sys, 40), 50);
	fake_sys_only(FD, KVM_CREATE_VM);
	assert_int_equal(fake_sys.ioctls[0].arg, 40);
	set_up(NULL);
	rc = 50;
	nr_eintr = 3;
	assert_int_equal(kvm_vm_create(&sys, 40), 50);
	assert_int_equal(fake_sys.nr_ioctls, 4);
	set_up(NULL);
	fails(EINVAL);
	assert_int_equal(kvm_vm_create(&sys, 52), -EINVAL);
	assert_words("create VM with 52-bit addresses: Invalid argument");
}

static void capabilities_are_asked_and_enabled(void **state)
{
	const struct kvm_enable_cap *en;

	(void)state;
	rc = 5;
	assert_int_equal(kvm_vm_cap(FD, 9), 5);
	fake_sys_only(FD, KVM_CHECK_EXTENSION);
	assert_int_equal(fake_sys.ioctls[0].arg, 9);
	fails(EINVAL);
	assert_int_equal(kvm_vm_cap(FD, 9), 0);

	set_up(NULL);
	assert_int_equal(kvm_vm_enable_cap(FD, 177), 0);
	en = fake_sys_only(FD, KVM_ENABLE_CAP);
	assert_int_equal(en->cap, 177);
	assert_int_equal(en->flags, 0);
	assert_int_equal(en->args[0], 0);
	fails(EINVAL);
	assert_int_equal(kvm_vm_enable_cap(FD, 177), -EINVAL);
	assert_words("enable KVM capability 177: Invalid argument");
}

static void slot_is_added_writable_or_not_and_deleted_by_size_zero(void **state)
{
	const struct kvm_userspace_memory_region *r;
	static char host[16];

	(void)state;
	assert_int_equal(kvm_slot_add(FD, 3, 0x40000000, 0x10000, host), 0);
	r = fake_sys_only(FD, KVM_SET_USER_MEMORY_REGION);
	assert_int_equal(r->slot, 3);
	assert_int_equal(r->flags, 0);
	assert_int_equal(r->guest_phys_addr, 0x40000000);
	assert_int_equal(r->memory_size, 0x10000);
	assert_true(r->userspace_addr == (uintptr_t)host);
	set_up(NULL);
	assert_int_equal(kvm_slot_add_ro(FD, 4, 0, 0x20000, host), 0);
	r = fake_sys_only(FD, KVM_SET_USER_MEMORY_REGION);
	assert_int_equal(r->slot, 4);
	assert_int_equal(r->flags, KVM_MEM_READONLY);
	assert_int_equal(r->memory_size, 0x20000);
	set_up(NULL);
	kvm_slot_del(FD, 3);
	r = fake_sys_only(FD, KVM_SET_USER_MEMORY_REGION);
	assert_int_equal(r->slot, 3);
	assert_int_equal(r->memory_size, 0);
	fails(EEXIST);
	assert_int_equal(kvm_slot_add(FD, 3, 0x40000000, 0x10000, host),
			 -EEXIST);
	assert_words("memory slot 3: 65536 bytes at 0x40000000: File exists");
}

static void spi_is_told_by_type_and_number(void **state)
{
	const struct kvm_irq_level *l;

	(void)state;
	assert_int_equal(kvm_spi_set(FD, 1, true), 0);
	l = fake_sys_only(FD, KVM_IRQ_LINE);
	assert_int_equal(l->irq, 1u << 24 | 33);
	assert_int_equal(l->level, 1);
	set_up(NULL);
	assert_int_equal(kvm_spi_set(FD, 0, false), 0);
	l = fake_sys_only(FD, KVM_IRQ_LINE);
	assert_int_equal(l->irq, 1u << 24 | 32);
	assert_int_equal(l->level, 0);
	fails(ENXIO);
	assert_int_equal(kvm_spi_set(FD, 7, false), -ENXIO);
	assert_words("SPI 7: No such device or address");
}

static void eventfd_is_for_one_value_at_one_address(void **state)
{
	const struct kvm_ioeventfd *io;

	(void)state;
	assert_int_equal(kvm_ioeventfd(FD, 0xa000050, 4, 3, 9), 0);
	io = fake_sys_only(FD, KVM_IOEVENTFD);
	assert_int_equal(io->addr, 0xa000050);
	assert_int_equal(io->len, 4);
	assert_int_equal(io->datamatch, 3);
	assert_int_equal(io->fd, 9);
	assert_int_equal(io->flags, KVM_IOEVENTFD_FLAG_DATAMATCH);
	set_up(NULL);
	fails(ENOSPC);
	assert_int_equal(kvm_ioeventfd(FD, 0xa000050, 4, 3, 9), -ENOSPC);
	assert_words("eventfd for writes to 0xa000050: No space left on "
		     "device");
}

static void device_is_created_or_only_asked_for(void **state)
{
	const struct kvm_create_device *dev;

	(void)state;
	assert_int_equal(kvm_device_create(FD, KVM_DEV_TYPE_ARM_VGIC_V3, "x"),
			 77);
	dev = fake_sys_only(FD, KVM_CREATE_DEVICE);
	assert_int_equal(dev->type, KVM_DEV_TYPE_ARM_VGIC_V3);
	assert_int_equal(dev->flags, 0);
	set_up(NULL);
	assert_true(kvm_device_there(FD, KVM_DEV_TYPE_ARM_VGIC_ITS));
	dev = fake_sys_only(FD, KVM_CREATE_DEVICE);
	assert_int_equal(dev->type, KVM_DEV_TYPE_ARM_VGIC_ITS);
	assert_int_equal(dev->flags, KVM_CREATE_DEVICE_TEST);
	fails(ENODEV);
	assert_false(kvm_device_there(FD, KVM_DEV_TYPE_ARM_VGIC_ITS));
	assert_int_equal(
		kvm_device_create(FD, KVM_DEV_TYPE_ARM_VGIC_ITS, "ITS"),
		-ENODEV);
	assert_words("create ITS: No such device");
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(vm_is_created_with_its_address_bits),
		T(capabilities_are_asked_and_enabled),
		T(slot_is_added_writable_or_not_and_deleted_by_size_zero),
		T(spi_is_told_by_type_and_number),
		T(eventfd_is_for_one_value_at_one_address),
		T(device_is_created_or_only_asked_for),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
