/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#include <asm/ioctls.h>
#include <linux/kdev_t.h>
#include <linux/reboot.h>
#include <linux/stat.h>

#include "sys.h"
#include "text.h"

enum { TTY_AUX_MAJOR = 5, CONSOLE_MINOR = 1 };
enum { MEM_MAJOR = 1, NULL_MINOR = 3 };

int device_open(unsigned major, unsigned minor, int flags)
{
	static const char path[] = "/.pvtime-init";
	int rc;

	rc = (int)sys(__NR_mknodat, AT_FDCWD, path, S_IFCHR | 0600,
		      MKDEV(major, minor));
	if (rc < 0)
		return rc;
	rc = sys_open(path, flags);
	sys(__NR_unlinkat, AT_FDCWD, path, 0);
	return rc;
}

void console_open(void)
{
	int fd;

	while ((fd = device_open(TTY_AUX_MAJOR, CONSOLE_MINOR,
				 O_RDWR | O_NOCTTY)) >= 0 ||
	       (fd = device_open(MEM_MAJOR, NULL_MINOR, O_RDWR)) >= 0) {
		if (fd > 2) {
			sys_close(fd);
			break;
		}
	}
}

void console_write(const char *data, unsigned long size)
{
	while (size > 0) {
		long n = sys_write(CONSOLE_FD, data, size);

		if (n <= 0)
			return;
		data += n;
		size -= (unsigned long)n;
	}
}

void console_say(const char *fmt, ...)
{
	static const char us[] = "pvtime-init: ";
	char line[256];
	va_list ap;
	size_t n;

	n = text_put(line, sizeof(line), "%s", us);
	va_start(ap, fmt);
	n += text_put_args(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	console_write(line, n);
}

void terminal_drain(int fd)
{
	sys(__NR_ioctl, fd, TCSBRK, 1);
}

_Noreturn void machine_end(unsigned how)
{
	long rc;

	terminal_drain(CONSOLE_FD);
	rc = sys(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, how);
	console_say("reboot: error %d", (int)-rc);
	terminal_drain(CONSOLE_FD);
	sys(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	    LINUX_REBOOT_CMD_POWER_OFF);
	for (;;)
		sys(__NR_ppoll, NULL, 0, NULL, NULL);
}
