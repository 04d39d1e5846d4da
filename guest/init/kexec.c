/* SPDX-License-Identifier: BSD-2-Clause */
#include "kexec.h"

#include <linux/fs.h>
#include <linux/kexec.h>
#include <linux/mman.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/dt.h"
#include "lines.h"
#include "sys.h"
#include "text.h"

enum { MIB = 1 << 20, FRAME = 2 * MIB, LARGEST_PAGE = 64 * 1024 };
enum { TEXT_OFFSET_AT = 8, IMAGE_SIZE_AT = 16, MAGIC_AT = 56, HEADER = 64 };
enum { MAGIC = 0x644d5241 };

/* enter.S */
struct enter {
	uint32_t code[6];
	uint64_t dtb, kernel;
};

extern const struct enter enter __attribute__((visibility("hidden")));

/* Memory that the new kernel is loaded from, and where it goes. */
struct plan {
	const char *image; /* mapped */
	uint64_t image_size;
	char *dtb; /* mapped, MIB large */
	uint64_t dtb_size;
	uint64_t ram, kernel;
	uint64_t kernel_room; /* of the kernel and what it clears behind it */
};

static bool is_error(long rc)
{
	return rc < 0 && rc >= -4095;
}

/* Where the file at @path begins in memory, and its size. */
static long map(const char *path, uint64_t *ret_size)
{
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC);
	long at, size;

	if (fd < 0)
		return fd;
	size = sys(__NR_lseek, fd, 0, SEEK_END);
	at = size < HEADER ? -ENOEXEC
			   : sys(__NR_mmap, NULL, size, PROT_READ, MAP_PRIVATE,
				 fd, 0);
	sys_close(fd);
	*ret_size = (uint64_t)size;
	return at;
}

static uint64_t word_at(const struct plan *p, unsigned at)
{
	return *(const uint64_t *)(p->image + at);
}

static int take_image(struct plan *p, const char *path)
{
	uint64_t size;
	long at = map(path, &p->image_size);

	if (is_error(at))
		return (int)at;
	p->image = (const char *)at;
	size = word_at(p, IMAGE_SIZE_AT);
	if ((uint32_t)word_at(p, MAGIC_AT) != MAGIC || size < HEADER ||
	    size > UINT32_MAX)
		return -ENOEXEC;
	p->kernel_room =
		(size + LARGEST_PAGE - 1) / LARGEST_PAGE * LARGEST_PAGE;
	return 0;
}

static int take_dtb(struct plan *p)
{
	int fd = sys_open("/sys/firmware/fdt", O_RDONLY | O_CLOEXEC);
	long at, n;

	if (fd < 0)
		return fd;
	at = sys(__NR_mmap, NULL, MIB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (is_error(at)) {
		sys_close(fd);
		return (int)at;
	}
	p->dtb = (char *)at;
	while ((n = sys_read(fd, p->dtb + p->dtb_size, MIB - p->dtb_size)) > 0)
		p->dtb_size += (uint64_t)n;
	sys_close(fd);
	return (int)n;
}

/* Where what /proc/iomem calls @name begins; false: it is not there. */
static bool start_of(const char *name, uint64_t *ret)
{
	static struct lines lines;
	char line[LINE_CHARS + 1];
	bool found = false;

	if (lines_open(&lines, "/proc/iomem") < 0)
		return false;
	while (!found && lines_next(&lines, line) > 0) {
		const char *at = line;

		while (*at == ' ')
			at++;
		found = text_find(at, name) && text_number(&at, 16, ret);
	}
	lines_close(&lines);
	return found;
}

/* Would the kernel be put over the initrd? */
static bool covers_initrd(const struct plan *p)
{
	const void *start, *end;
	uint32_t start_size, end_size;
	dt_node chosen;
	struct dt dt;

	if (!dt_open(&dt, p->dtb) || !dt_find(&dt, "/chosen", &chosen))
		return false;
	start = dt_prop(&dt, chosen, "linux,initrd-start", &start_size);
	end = dt_prop(&dt, chosen, "linux,initrd-end", &end_size);
	return start && end &&
	       dt_cells(start, start_size) < p->kernel + p->kernel_room &&
	       dt_cells(end, end_size) > p->kernel;
}

static int place(struct plan *p)
{
	if (!start_of("System RAM", &p->ram) ||
	    !start_of("Kernel code", &p->kernel))
		return -ENXIO;
	p->kernel = p->kernel / FRAME * FRAME;
	p->kernel += word_at(p, TEXT_OFFSET_AT) % FRAME;
	if (p->kernel < p->ram + FRAME)
		return -ENXIO;
	return covers_initrd(p) ? -ENOMEM : 0;
}

static int load(const struct plan *p)
{
	struct enter code = enter;
	struct kexec_segment segments[] = {
		{ p->dtb, p->dtb_size, (void *)p->ram, MIB },
		{ &code, sizeof(code), (void *)(p->ram + MIB), LARGEST_PAGE },
		/* The file may go on, with a signature. */
		{ p->image,
		  p->image_size < p->kernel_room ? p->image_size
						 : p->kernel_room,
		  (void *)p->kernel, p->kernel_room },
	};

	code.dtb = p->ram;
	code.kernel = p->kernel;
	return (int)sys(__NR_kexec_load, p->ram + MIB, 3, segments,
			KEXEC_ARCH_AARCH64);
}

int kexec_prepare(const char *path, const char **ret_what)
{
	struct plan p = { 0 };
	int rc;

	*ret_what = "kernel";
	rc = take_image(&p, path);
	if (rc == 0) {
		*ret_what = "device tree";
		rc = take_dtb(&p);
	}
	if (rc == 0) {
		*ret_what = "place";
		rc = place(&p);
	}
	if (rc == 0) {
		*ret_what = "load";
		rc = load(&p);
	}
	if (p.image)
		sys(__NR_munmap, p.image, p.image_size);
	if (p.dtb)
		sys(__NR_munmap, p.dtb, MIB);
	return rc;
}
