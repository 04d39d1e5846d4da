/* SPDX-License-Identifier: BSD-2-Clause */
#include "mounts.h"

#include <linux/mount.h>
#include <stdbool.h>

#include "sys.h"

enum { UMOUNT_DETACH = 2 }; /* MNT_DETACH, which no header for us has */

static struct {
	char path[8], type[12];
	bool made, mounted;
} mounts[] = {
	{ .path = "/proc", .type = "proc" },
	{ .path = "/sys", .type = "sysfs" },
	{ .path = "/dev", .type = "devtmpfs" },
};

enum { NR_MOUNTS = sizeof(mounts) / sizeof(mounts[0]) };

void mounts_make(void)
{
	for (unsigned i = 0; i < NR_MOUNTS; i++) {
		const char *path = mounts[i].path, *type = mounts[i].type;

		mounts[i].made = !sys(__NR_mkdirat, AT_FDCWD, path, 0755);
		mounts[i].mounted = !sys(__NR_mount, type, path, type, 0, NULL);
	}
}

void mounts_undo(void)
{
	for (unsigned i = NR_MOUNTS; i-- > 0;) {
		if (mounts[i].mounted)
			sys(__NR_umount2, mounts[i].path, UMOUNT_DETACH);
		if (mounts[i].made)
			sys(__NR_unlinkat, AT_FDCWD, mounts[i].path,
			    AT_REMOVEDIR);
	}
}
