/* SPDX-License-Identifier: BSD-2-Clause */
#include "mach/gmem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mach/gmem.h"
#include "util/err.h"
#include "util/util.h"

uint64_t gmem_file_page(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC
		       ? (uint64_t)fs.f_bsize
		       : 0;
}

static int whole_pages(int fd, uint64_t size, const char *what)
{
	uint64_t page = gmem_file_page(fd);

	if (page == 0 || size % page == 0)
		return 0;
	return err_say(EINVAL,
		       "%s: %" PRIu64 " KiB of guest memory are not whole "
		       "pages of %" PRIu64 " KiB; give a multiple with -m",
		       what, size / KIB, page / KIB);
}

static int resize(int fd, uint64_t size, const char *what)
{
	int rc = whole_pages(fd, size, what);

	if (rc == 0 && ftruncate(fd, (off_t)size) < 0)
		rc = err_set(errno, "%s: %" PRIu64 " MiB", what, size / MIB);
	return rc;
}

static int open_nameless(bool huge, uint64_t size)
{
	const char *what = huge ? "--hugepages" : "shared guest memory";
	int fd = memfd_create("guest-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING |
						   (huge ? MFD_HUGETLB : 0));
	int rc;

	if (fd < 0) {
		rc = err_set(errno, "%s", what);
		return huge ? err_hint(rc, "this host's kernel has none") : rc;
	}
	rc = resize(fd, size, what);
	if (rc == 0 && fcntl(fd, F_ADD_SEALS,
			     F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		rc = err_set(errno, "%s: seal", what);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

/* A guest that finds no room later would be killed in the middle of things. */
static int check_room(int fd, uint64_t size)
{
	struct statvfs fs;
	uint64_t room;

	if (fstatvfs(fd, &fs) < 0)
		return err_set(errno, "file system");
	if (fs.f_blocks == 0) /* it does not say */
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_bsize;
	if (room >= size)
		return 0;
	return err_say(ENOSPC,
		       "%" PRIu64 " MiB are free where it is, of %" PRIu64
		       "; give less with -m, or another place",
		       room / MIB, size / MIB);
}

static int lock(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return err_say(EBUSY, "another guest uses it; end that one, "
				      "or give each its own");
	return err_set(errno, "lock");
}

static int make_ours(int fd, bool huge, uint64_t size)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_set(errno, "stat");
	if (!S_ISREG(st.st_mode))
		return err_say(EINVAL, "not a regular file; name another one");
	if (huge && gmem_file_page(fd) == 0)
		return err_say(EINVAL, "--hugepages: it has none; name a file "
				       "on a hugetlbfs");
	rc = lock(fd);
	if (rc < 0)
		return rc;
	/* All it had is gone: RAM begins as zeros. */
	rc = resize(fd, 0, "empty it");
	if (rc == 0)
		rc = check_room(fd, size);
	return rc < 0 ? rc : resize(fd, size, "make it");
}

static int open_named(const char *path, bool huge, uint64_t size)
{
	int fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		     0600);
	int rc;

	if (fd < 0 && errno == EISDIR)
		return err_say(
			EISDIR,
			"--mem-file '%s': a directory; name a file in it",
			path);
	if (fd < 0)
		return err_hint(err_set(errno, "--mem-file '%s'", path),
				"name a file that can be written");
	rc = make_ours(fd, huge, size);
	if (rc < 0) {
		close(fd);
		return err_in(rc, "--mem-file '%s'", path);
	}
	return fd;
}

int gmem_file_open(const struct gmem_config *config, uint64_t size)
{
	return config->path ? open_named(config->path, config->huge, size)
			    : open_nameless(config->huge, size);
}

int gmem_file_refused(int fd, uint64_t size)
{
	uint64_t page = gmem_file_page(fd);
	int err = errno;

	if (err == ENOMEM && page > 0)
		return err_say(ENOMEM,
			       "the host has too few free huge pages for "
			       "%" PRIu64 " MiB; echo %" PRIu64
			       " > /proc/sys/vm/nr_hugepages (and more where "
			       "others use some)",
			       size / MIB, size / page);
	return err_hint(err_set(err, "%" PRIu64 " MiB", size / MIB),
			"give less with -m");
}

int gmem_file_clear(int fd, uint64_t size)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      (off_t)size) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return err_set(errno, "clear");
	/* A file system without holes.  The file is the user's: not sealed. */
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_set(errno, "clear");
	return 0;
}

int gmem_file_discard(int fd, uint64_t off, uint64_t size)
{
	if (gmem_file_page(fd) > 0)
		return 0;
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)off, (off_t)size);
}
