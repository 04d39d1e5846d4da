/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_sys.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

struct fake_sys fake_sys;

/* The linker calls these by --wrap. */
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_open(const char *path, int flags, ...);
void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd,
		  off_t off);
int __wrap_munmap(void *addr, size_t size);
int __wrap_close(int fd);

void fake_sys_reset(int (*answer)(unsigned nr, unsigned long request,
				  void *arg))
{
	fake_sys = (struct fake_sys){ .answer = answer };
}

const void *fake_sys_only(int fd, unsigned long request)
{
	assert_int_equal(fake_sys.nr_ioctls, 1);
	assert_int_equal(fake_sys.ioctls[0].fd, fd);
	assert_int_equal(fake_sys.ioctls[0].request, request);
	return fake_sys.ioctls[0].data;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct sys_ioctl *call = &fake_sys.ioctls[fake_sys.nr_ioctls];
	va_list ap;

	assert_true(fake_sys.nr_ioctls < SYS_CALLS);
	va_start(ap, request);
	*call = (struct sys_ioctl){
		fd, request, va_arg(ap, unsigned long), { 0 }
	};
	va_end(ap);
	if (_IOC_SIZE(request) > 0) {
		assert_true(_IOC_SIZE(request) <= SYS_DATA);
		memcpy(call->data, (void *)call->arg, _IOC_SIZE(request));
	}
	fake_sys.nr_ioctls++;
	if (!fake_sys.answer)
		return 0;
	return fake_sys.answer(fake_sys.nr_ioctls, request, (void *)call->arg);
}

int __wrap_open(const char *path, int flags, ...)
{
	snprintf(fake_sys.path, sizeof(fake_sys.path), "%s", path);
	fake_sys.open_flags = flags;
	errno = fake_sys.open_errno;
	return fake_sys.open_rc;
}

void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd,
		  off_t off)
{
	assert_null(addr);
	assert_int_equal(off, 0);
	fake_sys.map_size = size;
	fake_sys.map_prot = prot;
	fake_sys.map_flags = flags;
	fake_sys.map_fd = fd;
	errno = ENOMEM;
	return fake_sys.map;
}

int __wrap_munmap(void *addr, size_t size)
{
	fake_sys.unmap = addr;
	fake_sys.unmap_size = size;
	return 0;
}

int __wrap_close(int fd)
{
	assert_true(fake_sys.nr_closed < SYS_CALLS);
	fake_sys.closed[fake_sys.nr_closed++] = fd;
	errno = EBADF; /* must not hide the errno of before */
	return 0;
}
