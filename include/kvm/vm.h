/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.h - one virtual machine's file descriptor: slots, interrupts, devices.
 *
 * Spec:    Linux Documentation/virt/kvm/api.rst 4.2 (create), 4.25 (IRQ line),
 *          4.35 (slots), 4.37 (enable cap), 4.59 (ioeventfd), 4.79 (devices).
 * Units:   bytes; IPA sizes in bits.
 * Errors:  0, a file descriptor, or a negative errno with err_text().
 * Owns:    nothing; descriptors that are returned are the caller's.
 * Threads: any.
 */
#ifndef KVM_VM_H
#define KVM_VM_H

#include <stdbool.h>
#include <stdint.h>

struct kvm_sys;

typedef uint64_t gpa_t; /* guest-physical address, an IPA */

/* Create a VM whose IPA space has @ipa_bits (32 to what the host offers). */
int kvm_vm_create(const struct kvm_sys *sys, unsigned ipa_bits);

/* The value of capability @cap for this VM; 0 where it has none. */
int kvm_vm_cap(int vm_fd, unsigned cap);
int kvm_vm_enable_cap(int vm_fd, unsigned cap);

/*
 * Make @size bytes at @host the guest's memory at @gpa.  All three are
 * multiples of the host page.  -EEXIST: overlaps another slot.
 */
int kvm_slot_add(int vm_fd, unsigned slot, gpa_t gpa, uint64_t size,
		 void *host);

/* The same, but the guest's writes there come to us as MMIO. */
int kvm_slot_add_ro(int vm_fd, unsigned slot, gpa_t gpa, uint64_t size,
		    void *host);
void kvm_slot_del(int vm_fd, unsigned slot);

/* Set the level of shared peripheral interrupt @spi (0 is INTID 32). */
int kvm_spi_set(int vm_fd, unsigned spi, bool level);

/*
 * From now on the guest's writing @match, in @len bytes, to @gpa adds 1 to
 * eventfd @fd and does not come to us.
 */
int kvm_ioeventfd(int vm_fd, gpa_t gpa, unsigned len, uint64_t match, int fd);

/* Create an in-kernel device of KVM_DEV_TYPE_... @type; its fd. */
int kvm_device_create(int vm_fd, uint32_t type, const char *name);

/* Could kvm_device_create() make a @type?  Creates nothing. */
bool kvm_device_there(int vm_fd, uint32_t type);

#endif
