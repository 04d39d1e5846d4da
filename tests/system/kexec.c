/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kexec.c - start another kernel in place of the one that runs.
 *
 *	kexec IMAGE
 *		in an arm64 guest of pvtime-vmm whose command line has
 *		retain_initrd; IMAGE is the kernel that runs, or one of no more
 *		memory.  Does not return.
 *
 * By kexec_load(2), since Debian's kernels have no kexec_file_load(2).  The new
 * kernel has the place, device tree, command line and initrd of the old one:
 *
 *	RAM + 0		the device tree, as the machine had it at its start
 *	RAM + 1 MiB	a few instructions that enter the kernel
 *	Kernel code	the kernel; 2 MiB or more from where RAM starts
 *	somewhere else	the initrd, which is there still
 *
 * Spec: Linux Documentation/arch/arm64/booting.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MIB = 1 << 20, IMAGE_SIZE_AT = 16, IMAGE_MAGIC_AT = 56 };

/* Enters the kernel as the boot protocol wants it. */
static struct {
	uint32_t code[6];
	uint64_t dtb, kernel;
} enter = {
	.code = {
		0x580000c0, /* ldr x0, dtb */
		0x580000e4, /* ldr x4, kernel */
		0xaa1f03e1, /* mov x1, xzr */
		0xaa1f03e2, /* mov x2, xzr */
		0xaa1f03e3, /* mov x3, xzr */
		0xd61f0080, /* br x4 */
	},
};

static void die(const char *what)
{
	fprintf(stderr, "kexec: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const void *read_all(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = MIB, size = 0;
	char *data = NULL;
	ssize_t n;

	if (fd < 0)
		die(path);
	do {
		room *= 2;
		data = realloc(data, room);
		if (!data)
			die(path);
		while ((n = read(fd, data + size, room - size)) > 0)
			size += (size_t)n;
	} while (n == 0 && size == room);
	if (n < 0)
		die(path);
	close(fd);
	*ret_size = size;
	return data;
}

/* Where in physical memory what /proc/iomem calls @name starts. */
static uint64_t start_of(const char *name)
{
	FILE *f = fopen("/proc/iomem", "re");
	char line[128];
	uint64_t start = 0;

	if (!f)
		die("/proc/iomem");
	while (!start && fgets(line, sizeof(line), f))
		if (strstr(line, name))
			start = strtoull(line, NULL, 16);
	fclose(f);
	if (!start) {
		errno = ENOENT;
		die(name);
	}
	return start;
}

static uint64_t le64_at(const void *data, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)data + offset, sizeof(value));
	return value;
}

int main(int argc, char **argv)
{
	size_t image_size, dtb_size;
	const void *image, *dtb;
	uint64_t ram, kernel;

	if (argc != 2) {
		fprintf(stderr, "usage: kexec IMAGE\n");
		return 2;
	}
	image = read_all(argv[1], &image_size);
	dtb = read_all("/sys/firmware/fdt", &dtb_size);
	ram = start_of("System RAM");
	kernel = start_of("Kernel code") / (2 * MIB) * (2 * MIB);
	errno = EINVAL;
	if (image_size < 64 ||
	    memcmp((const char *)image + IMAGE_MAGIC_AT, "ARM\x64", 4) != 0)
		die(argv[1]);
	if (kernel < ram + 2 * MIB || dtb_size > MIB)
		die("the kernel's place");
	enter.dtb = ram;
	enter.kernel = kernel;

	struct kexec_segment segments[] = {
		{ dtb, dtb_size, (void *)ram, MIB },
		{ &enter, sizeof(enter), (void *)(ram + MIB), 64 * 1024 },
		{ image, image_size, (void *)kernel,
		  (le64_at(image, IMAGE_SIZE_AT) + 0xffff) &
			  ~UINT64_C(0xffff) },
	};

	if (syscall(SYS_kexec_load, ram + MIB, 3, segments,
		    KEXEC_ARCH_AARCH64) < 0)
		die("load");
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	die("reboot");
}
