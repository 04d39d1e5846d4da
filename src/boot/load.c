/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/load.h"

#include <errno.h>
#include <inttypes.h>
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

int load_init(struct load *load, const struct image *kernel, const char *initrd,
	      gpa_t ram, uint64_t ram_size)
{
	uint64_t reach = ram_size < INITRD_REACH ? ram_size : INITRD_REACH;
	uint64_t start = kernel->flat ? IMAGE_FLAT_OFFSET
				      : KERNEL_FRAME + kernel->text_offset;
	uint64_t end = start + kernel->mem_size; /* each below 2^53 */
	uint64_t top = ram_size;

	/*
	 * A flat program does not say how much memory it uses behind its last
	 * byte; some even insist that what we bring lies far above.
	 */
	if (kernel->flat)
		top = reach -= DTB_ROOM;
	*load = (struct load){
		.kernel = kernel,
		.initrd_path = initrd,
		.initrd_fd = -1,
		.dtb = kernel->flat ? ram + top : ram,
		.dtb_room = DTB_ROOM,
		.entry = ram + start,
		.initrd = ram + top,
	};
	if (start >= top || end > top)
		return err_in(too_large("kernel", end, ram_size), "'%s'",
			      kernel->path);
	if (initrd) {
		int fd = file_open(initrd, &load->initrd_size);

		if (fd < 0)
			return err_in(fd, "initrd");
		load->initrd_fd = fd;
		if (load->initrd_size > reach ||
		    ROUND_DOWN(reach - load->initrd_size, INITRD_ALIGN) < end) {
			load_fini(load);
			return err_in(too_large("with the kernel it",
						end + load->initrd_size,
						ram_size),
				      "initrd '%s'", initrd);
		}
		load->initrd = ram + ROUND_DOWN(reach - load->initrd_size,
						INITRD_ALIGN);
	}
	load->kernel_room = load->initrd - load->entry;
	return 0;
}

int load_into(const struct load *load, const struct gmem *mem)
{
	uint64_t room;
	void *dst;
	int rc;

	/* The only thing in its block, and small: no huge page for it. */
	if (load->kernel->flat)
		gmem_small_pages(mem, load->dtb, load->dtb_room);
	rc = image_load(load->kernel,
			gmem_at(mem, load->entry, load->kernel_room),
			load->kernel_room);
	if (rc < 0)
		return err_in(rc, "kernel");
	if (load->initrd_fd < 0)
		return 0;
	room = mem->base + mem->size - load->initrd;
	dst = gmem_at(mem, load->initrd, room);
	if (load->initrd_size < INITRD_MAPPED)
		rc = file_read(load->initrd_fd, dst, load->initrd_size, 0);
	else
		rc = file_place(load->initrd_fd, load->initrd_size, dst, room);
	return err_in(rc, "initrd '%s'", load->initrd_path);
}

void load_fini(struct load *load)
{
	if (load->initrd_fd >= 0)
		close(load->initrd_fd);
	load->initrd_fd = -1;
}
