/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.h - the console, devices by number, and the machine's end.
 *
 * An initramfs may hold nothing but this program, so no device has a name we
 * could rely on: each that is needed is named for as long as it takes to open.
 */
#ifndef INIT_CONSOLE_H
#define INIT_CONSOLE_H

enum { CONSOLE_FD = 1 };

/*
 * Open the character device @major:@minor.  A negative errno: as mknod(2) and
 * open(2); -ENXIO or -ENODEV where the kernel has no such device.
 */
int device_open(unsigned major, unsigned minor, int flags);

/* See that descriptors 0 to 2 are open: to the console as a rule, which the
 * kernel has opened if it found /dev/console, else to nothing. */
void console_open(void);

/* All of @data; what the console does not take is lost. */
void console_write(const char *data, unsigned long size);

/* A line "pvtime-init: ..." as text_put() has it. */
void console_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Wait until what was written to the terminal @fd has left the machine. */
void terminal_drain(int fd);

/* End as reboot(2) has it; power off if that is refused. */
_Noreturn void machine_end(unsigned how);

#endif
