/* SPDX-License-Identifier: BSD-2-Clause */
#include "kvm/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm/uapi.h"
#include "util/err.h"

static int no_open(int err, const char *path)
{
	int rc = err_set(err, "'%s'", path);

	if (err == ENOENT)
		return err_hint(rc, "this kernel offers no KVM here: it needs "
				    "CONFIG_KVM and a CPU started at EL2");
	if (err == ENXIO || err == ENODEV)
		return err_say(ENODEV,
			       "'%s': no KVM behind it; modprobe kvm, "
			       "or this CPU was not started at EL2",
			       path);
	if (err == EACCES || err == EPERM)
		return err_hint(rc, "as root: usermod -aG kvm USER, then log "
				    "in anew");
	return rc;
}

int kvm_sys_open(struct kvm_sys *sys, const char *path)
{
	int version, size, rc;

	*sys = (struct kvm_sys){ .fd = open(path, O_RDWR | O_CLOEXEC) };
	if (sys->fd < 0)
		return no_open(errno, path);

	version = ioctl(sys->fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION) {
		rc = err_say(ENOTSUP, "'%s': not a KVM of API version %d", path,
			     KVM_API_VERSION);
		goto out_close;
	}
	size = ioctl(sys->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run)) {
		rc = err_set(size < 0 ? errno : ENOTSUP,
			     "'%s': vCPU mapping of %d bytes", path, size);
		goto out_close;
	}
	sys->run_size = (size_t)size;
	return 0;

out_close:
	kvm_sys_close(sys);
	return rc;
}

void kvm_sys_close(struct kvm_sys *sys)
{
	if (sys->fd >= 0)
		close(sys->fd);
	sys->fd = -1;
}

int kvm_sys_cap(const struct kvm_sys *sys, unsigned cap)
{
	int v = ioctl(sys->fd, KVM_CHECK_EXTENSION, cap);

	return v < 0 ? 0 : v;
}
