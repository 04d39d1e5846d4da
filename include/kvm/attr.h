/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attr.h - device attributes, on a VM's, a vCPU's or a device's descriptor.
 *
 * Spec:    Linux Documentation/virt/kvm/api.rst 4.80 and virt/kvm/devices/.
 * Errors:  0 or a negative errno; the caller, who knows what the attribute
 *          is called, words it.
 * Owns:    nothing.  @data is what the attribute's document says.
 * Threads: any.
 */
#ifndef KVM_ATTR_H
#define KVM_ATTR_H

#include <stdbool.h>
#include <stdint.h>

bool kvm_attr_has(int fd, uint32_t group, uint64_t attr);
int kvm_attr_set(int fd, uint32_t group, uint64_t attr, const void *data);
int kvm_attr_get(int fd, uint32_t group, uint64_t attr, void *data);

#endif
