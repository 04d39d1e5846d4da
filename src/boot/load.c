/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/load.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "boot/image.h"
#include "mach/gmem.h"
#include "util/err.h"
#include "util/file.h"
#include "util/util.h"

#define DTB_ROOM     IMAGE_FLAT_OFFSET
#define KERNEL_FRAME (2 * MIB)
#define INITRD_ALIGN (64 * KIB) /* the largest host page: it can be mapped */
#define INITRD_REACH (32 * GIB)

/*
 * From this size on an initrd is mapped, and costs no memory of its own until
 * the guest writes to it.  A smaller one would only break up a huge page.
 */
#define INITRD_MAPPED (2 * MIB)

static int too_large(const char *what, uint64_t size, uint64_t ram_size)
{
	return err_say(E2BIG,
		       "%s needs %" PRIu64 " MiB, of %" PRIu64
		       " MiB of guest memory; give more with -m",
		       what, ROUND_UP(size, MIB) / MIB, ram_size / MIB);
}

/* Linux finds a further archive at the next multiple of four bytes. */
enum { ARCHIVE_ALIGN = 4 };

/* Its bytes in all, and the file opened. */
static int open_initrd(struct load *load)
{
	const struct load_initrd *from = &load->from;
	int fd;

	if (from->path) {
		fd = file_open(from->path, &load->file_size);
		if (fd < 0)
			return err_in(fd, "initrd");
		load->initrd_fd = fd;
	}
	load->initrd_size = load->file_size;
	if (from->extra)
		load->initrd_size = ROUND_UP(load->file_size, ARCHIVE_ALIGN) +
				    from->extra_size;
	return 0;
}

/* Below @reach of RAM at @ram, above the kernel, which goes to @end. */
static int place_initrd(struct load *load, gpa_t ram, uint64_t reach,
			uint64_t end, uint64_t ram_size)
{
	const char *path = load->from.path;

	if (load->initrd_size > reach ||
	    ROUND_DOWN(reach - load->initrd_size, INITRD_ALIGN) < end)
		return err_in(too_large("with the kernel it",
					end + load->initrd_size, ram_size),
			      "initrd '%s'", path ? path : "built in");
	load->initrd =
		ram + ROUND_DOWN(reach - load->initrd_size, INITRD_ALIGN);
	return 0;
}

int load_init(struct load *load, const struct image *kernel,
	      const struct load_initrd *initrd, gpa_t ram, uint64_t ram_size)
{
	uint64_t reach = ram_size < INITRD_REACH ? ram_size : INITRD_REACH;
	uint64_t start = kernel->flat ? IMAGE_FLAT_OFFSET
				      : KERNEL_FRAME + kernel->text_offset;
	uint64_t end = start + kernel->mem_size; /* each below 2^53 */
	uint64_t top = ram_size;
	int rc;

	/*
	 * A flat program does not say how much memory it uses behind its last
	 * byte; some even insist that what we bring lies far above.
	 */
	if (kernel->flat)
		top = reach -= DTB_ROOM;
	*load = (struct load){
		.kernel = kernel,
		.from = *initrd,
		.initrd_fd = -1,
		.dtb = kernel->flat ? ram + top : ram,
		.dtb_room = DTB_ROOM,
		.entry = ram + start,
		.initrd = ram + top,
	};
	if (start >= top || end > top)
		return err_in(too_large("kernel", end, ram_size), "'%s'",
			      kernel->path);
	rc = open_initrd(load);
	if (rc == 0 && load->initrd_size > 0)
		rc = place_initrd(load, ram, reach, end, ram_size);
	if (rc < 0) {
		load_fini(load);
		return rc;
	}
	load->kernel_room = load->initrd - load->entry;
	return 0;
}

int load_into(const struct load *load, const struct gmem *mem)
{
	uint64_t room;
	void *dst;
	int rc;

	/* A flat program is small: no huge pages to clear for it and its tree. */
	if (load->kernel->flat)
		gmem_small_pages(mem);
	rc = image_load(load->kernel,
			gmem_at(mem, load->entry, load->kernel_room),
			load->kernel_room);
	if (rc < 0)
		return err_in(rc, "kernel");
	if (load->initrd_size == 0)
		return 0;
	room = mem->base + mem->size - load->initrd;
	dst = gmem_at(mem, load->initrd, room);
	if (load->initrd_fd < 0)
		rc = 0;
	else if (load->file_size < INITRD_MAPPED || mem->shared)
		rc = file_read(load->initrd_fd, dst, load->file_size, 0);
	else
		rc = file_place(load->initrd_fd, load->file_size, dst, room);
	if (rc == 0 && load->from.extra)
		memcpy((char *)dst + load->initrd_size - load->from.extra_size,
		       load->from.extra, load->from.extra_size);
	return err_in(rc, "initrd '%s'", load->from.path);
}

void load_fini(struct load *load)
{
	if (load->initrd_fd >= 0)
		close(load->initrd_fd);
	load->initrd_fd = -1;
}
