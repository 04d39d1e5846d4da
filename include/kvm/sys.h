/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys.h - /dev/kvm: is there a KVM we can use, and what can it do?
 *
 * Spec:    Linux Documentation/virt/kvm/api.rst 4.1, 4.4, 4.5.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the file descriptor.
 * Threads: any, once open.
 */
#ifndef KVM_SYS_H
#define KVM_SYS_H

#include <stddef.h>

struct kvm_sys {
	int fd;		 /* owned; -1 when closed */
	size_t run_size; /* bytes of a vCPU's mapping */
};

/*
 * Open @path, normally "/dev/kvm".  -ENOENT, -EACCES, ... with what the user
 * can do about it; -ENOTSUP: it is no KVM, or one of another API version.
 */
int kvm_sys_open(struct kvm_sys *sys, const char *path);
void kvm_sys_close(struct kvm_sys *sys);

/* The value of capability @cap; 0 where the host does not know it. */
int kvm_sys_cap(const struct kvm_sys *sys, unsigned cap);

#endif
