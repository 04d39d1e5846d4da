/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"
#include "util/util.h"

/* File systems allocate by blocks of this size, or at least do not mind. */
enum { FILE_BLOCK = 4096 };

/* -- open -- */

static int no_open(int err, const char *path, bool read_only)
{
	int rc = err_set(err, "'%s'", path);

	switch (err) {
	case ENOENT:
		return err_hint(rc, "is the path right? 'truncate -s 4G FILE' "
				    "makes an empty disk");
	case EISDIR:
		return err_say(EISDIR,
			       "'%s': a directory; give an image of it "
			       "(mkfs.ext4 -d makes one)",
			       path);
	case EACCES:
	case EROFS:
	case EPERM:
	case ETXTBSY:
		return err_hint(rc, read_only ? "let this user read it"
					      : "add ',ro', or let this user "
						"write to it");
	case EBUSY:
		return err_hint(rc, "unmount it, or add ',ro'");
	case ENXIO: /* a socket, or nothing behind a device */
		return err_say(EINVAL, "'%s': not a disk image or block device",
			       path);
	default:
		return rc;
	}
}

/* O_EXCL is for block devices: not while they are mounted. */
static int open_flags(const struct disk_config *config)
{
	return O_CLOEXEC | O_NOCTTY |
	       (config->read_only ? O_RDONLY : O_RDWR | O_EXCL);
}

/* The size of it, or a negative errno. */
static int64_t size_of(int fd, const char *path)
{
	struct stat st;
	off_t size;

	if (fstat(fd, &st) < 0)
		return err_set(errno, "'%s': stat", path);
	if (S_ISDIR(st.st_mode))
		return no_open(EISDIR, path, true);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return no_open(ENXIO, path, true);
	size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return err_set(errno, "'%s': size", path);
	if (size == 0)
		return err_say(ENODATA,
			       "'%s': empty; 'truncate -s 4G' gives it a size",
			       path);
	return size;
}

/* By which blocks it works; a file is content with sectors. */
static void find_blocks(struct disk *d)
{
	unsigned physical = FILE_BLOCK;
	int logical = DISK_SECTOR;

	if (ioctl(d->fd, BLKSSZGET, &logical) < 0 || logical < DISK_SECTOR)
		logical = DISK_SECTOR;
	else if (ioctl(d->fd, BLKPBSZGET, &physical) < 0)
		physical = (unsigned)logical;
	d->block_size = (uint32_t)logical;
	d->physical_block_size =
		physical < d->block_size ? d->block_size : physical;
}

/* Behind its end a hole is no change, and tells whether it could be made. */
static bool makes_holes(const struct disk *d)
{
	struct stat st;

	if (fstat(d->fd, &st) == 0 && S_ISBLK(st.st_mode))
		return true; /* or it will say so when it is asked to */
	return fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)ROUND_UP(d->size, MIB), FILE_BLOCK) == 0;
}

static int check_format(const struct disk *d, const char *path)
{
	static const char qcow[4] = { 'Q', 'F', 'I', '\xfb' };
	char magic[4];

	if (d->size % d->block_size != 0)
		return err_say(EINVAL,
			       "'%s': %" PRIu64 " bytes are not whole sectors "
			       "of %u; 'truncate -s %%%u' rounds up",
			       path, d->size, d->block_size, d->block_size);
	if (pread(d->fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	    memcmp(magic, qcow, sizeof(magic)) == 0)
		return err_say(EINVAL,
			       "'%s': a qcow2 image; 'qemu-img convert -O raw' "
			       "makes a raw one",
			       path);
	return 0;
}

static int lock(const struct disk *d, const char *path)
{
	struct flock whole = {
		.l_type = d->config->read_only ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};

	if (fcntl(d->fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return err_say(EBUSY,
			       "'%s': another guest uses it; end that, or give "
			       "a copy, or add ',ro' to both",
			       path);
	/* Some network file systems have none; they are no worse disks. */
	log_warn("disk '%s': cannot be locked: see to it that no other guest "
		 "uses it",
		 path);
	return 0;
}

static int open_direct(struct disk *d, const char *path)
{
	d->direct_fd = open(path, (open_flags(d->config) & ~O_EXCL) | O_DIRECT);
	if (d->direct_fd < 0)
		return err_hint(err_set(errno, "'%s': direct", path),
				"its file system may not have that: leave "
				"',direct' out");
	return 0;
}

static int check_and_lock(struct disk *d, const char *path)
{
	int64_t size = size_of(d->fd, path);
	int rc;

	if (size < 0)
		return (int)size;
	d->size = (uint64_t)size;
	find_blocks(d);
	rc = check_format(d, path);
	if (rc == 0)
		rc = lock(d, path);
	if (rc == 0 && d->config->direct)
		rc = open_direct(d, path);
	if (rc == 0)
		d->can_discard = !d->config->read_only && makes_holes(d);
	return rc;
}

int disk_open(struct disk *d, const struct disk_config *config)
{
	char path[PATH_MAX];
	int rc;

	*d = (struct disk){ .config = config, .fd = -1, .direct_fd = -1 };
	if (config->path_len >= PATH_MAX)
		return err_set(ENAMETOOLONG, "a path of %d characters",
			       config->path_len);
	snprintf(path, sizeof(path), "%.*s", config->path_len, config->path);
	/* O_NONBLOCK: a pipe without a writer would hold us here for ever. */
	d->fd = open(path, open_flags(config) | O_NONBLOCK);
	if (d->fd < 0)
		return no_open(errno, path, config->read_only);
	rc = check_and_lock(d, path);
	if (rc < 0)
		disk_close(d);
	return rc;
}

void disk_close(struct disk *d)
{
	if (d->direct_fd >= 0)
		close(d->direct_fd);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = d->direct_fd = -1;
}

/* -- use -- */

/* The guest is told of each; whoever runs it of the first. */
static int failed(struct disk *d, int err, const char *what, uint64_t off)
{
	if (!atomic_exchange(&d->told, true))
		log_warn("disk '%.*s': %s at byte %" PRIu64 ": %s; the guest "
			 "is told; further errors are not logged",
			 d->config->path_len, d->config->path, what, off,
			 strerror(err));
	return -err;
}

/* Leave out the first @size bytes of what *@iov has. */
static void advance(struct iovec **iov, unsigned *n, uint64_t size)
{
	while (*n > 0 && size >= (*iov)->iov_len) {
		size -= (*iov)->iov_len;
		++*iov;
		--*n;
	}
	if (*n > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + size;
		(*iov)->iov_len -= size;
	}
}

typedef ssize_t transfer_fn(int fd, const struct iovec *iov, int n, off_t off);

static int transfer(struct disk *d, transfer_fn *call, const char *what,
		    struct iovec *iov, unsigned n, uint64_t off)
{
	int fd = d->direct_fd >= 0 ? d->direct_fd : d->fd;

	advance(&iov, &n, 0);
	while (n > 0) {
		ssize_t done = call(fd, iov, (int)n, (off_t)off);

		/*
		 * Past the cache goes only what is aligned, and how is for the
		 * kernel to say; the two ways see each other's data.
		 */
		if (done < 0 && errno == EINVAL && fd == d->direct_fd) {
			fd = d->fd;
			continue;
		}
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) /* 0: somebody has made the file shorter */
			return failed(d, done < 0 ? errno : EIO, what, off);
		off += (uint64_t)done;
		advance(&iov, &n, (uint64_t)done);
	}
	return 0;
}

int disk_read(struct disk *d, struct iovec *iov, unsigned n, uint64_t off)
{
	return transfer(d, preadv, "read", iov, n, off);
}

int disk_write(struct disk *d, struct iovec *iov, unsigned n, uint64_t off)
{
	return transfer(d, pwritev, "write", iov, n, off);
}

int disk_flush(struct disk *d)
{
	if (d->config->read_only)
		return 0;
	if (atomic_load(&d->lost))
		return -EIO;
	if (fdatasync(d->fd) == 0)
		return 0;
	atomic_store(&d->lost, true);
	return failed(d, errno, "flush", 0);
}

static int allocate(const struct disk *d, int mode, uint64_t off, uint64_t size)
{
	int rc;

	do {
		rc = fallocate(d->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)off,
			       (off_t)size);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

/* Not this way, for whichever reason; another may do. */
static bool cannot(int rc)
{
	return rc == -EOPNOTSUPP || rc == -EINVAL || rc == -ENOSYS ||
	       rc == -EPERM;
}

int disk_discard(struct disk *d, uint64_t off, uint64_t size)
{
	int rc = allocate(d, FALLOC_FL_PUNCH_HOLE, off, size);

	return rc < 0 && !cannot(rc) ? failed(d, -rc, "discard", off) : 0;
}

static int write_zeroes(struct disk *d, uint64_t off, uint64_t size)
{
	static const uint8_t zero[FILE_BLOCK]
		__attribute__((aligned(FILE_BLOCK)));
	int rc = 0;

	while (size > 0 && rc == 0) {
		struct iovec iov[64];
		uint64_t part = 0;
		unsigned n = 0;

		while (n < ARRAY_SIZE(iov) && part < size) {
			uint64_t left = size - part;

			iov[n].iov_base = (void *)zero;
			iov[n].iov_len =
				left < sizeof(zero) ? left : sizeof(zero);
			part += iov[n++].iov_len;
		}
		rc = disk_write(d, iov, n, off);
		off += part;
		size -= part;
	}
	return rc;
}

int disk_zero(struct disk *d, uint64_t off, uint64_t size, bool unmap)
{
	int rc = -EOPNOTSUPP;

	if (size == 0)
		return 0;
	if (unmap)
		rc = allocate(d, FALLOC_FL_PUNCH_HOLE, off, size);
	if (cannot(rc))
		rc = allocate(d, FALLOC_FL_ZERO_RANGE, off, size);
	if (cannot(rc))
		return write_zeroes(d, off, size);
	return rc < 0 ? failed(d, -rc, "write zeroes", off) : 0;
}
