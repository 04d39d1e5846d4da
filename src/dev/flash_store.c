/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/flash_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mach/layout.h"
#include "util/err.h"
#include "util/file.h"
#include "util/log.h"
#include "util/util.h"

#define SIZE ((uint64_t)LAYOUT_FLASH_EACH)

/* The firmware, and zeroes behind it. */
static int read_firmware(struct flash_store *s, const char *path)
{
	uint64_t size;
	int fd = file_open(path, &size);
	int rc = fd;

	if (fd < 0)
		return rc;
	if (size > SIZE)
		rc = err_say(EFBIG,
			     "'%s': %" PRIu64 " bytes; the flash has room for "
			     "%" PRIu64 " MiB: give firmware for QEMU's virt",
			     path, size, SIZE / MIB);
	else
		rc = file_place(fd, size, s->map, SIZE);
	close(fd);
	return rc < 0 && size <= SIZE ? err_in(rc, "'%s'", path) : rc;
}

static int no_vars(int err, const char *path)
{
	int rc = err_set(err, "'%s'", path);

	if (err == EACCES || err == EROFS || err == EPERM)
		return err_hint(rc, "let this user write to it");
	if (err == EISDIR)
		return err_say(EISDIR, "'%s': a directory; give a file in it",
			       path);
	if (err == ENOENT)
		return err_hint(rc, "is the path right?");
	return rc;
}

static int lock_vars(int fd, const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return err_say(EBUSY,
			       "'%s': another guest uses it; end that, or give "
			       "a copy",
			       path);
	log_warn("'%s': cannot be locked: see to it that no other guest uses "
		 "it",
		 path);
	return 0;
}

/* A shorter one, as a new one, gets holes up to the bank's size. */
static int check_vars(int fd, const char *path)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_set(errno, "'%s': stat", path);
	if (!S_ISREG(st.st_mode))
		return err_say(EINVAL, "'%s': not a regular file", path);
	if ((uint64_t)st.st_size > SIZE)
		return err_say(EFBIG,
			       "'%s': %" PRIu64 " bytes; the flash has %" PRIu64
			       " MiB: give another file, or the name of a new "
			       "one",
			       path, (uint64_t)st.st_size, SIZE / MIB);
	rc = lock_vars(fd, path);
	if (rc == 0 && (uint64_t)st.st_size < SIZE &&
	    ftruncate(fd, (off_t)SIZE) < 0)
		return err_set(errno, "'%s': make it %" PRIu64 " MiB", path,
			       SIZE / MIB);
	return rc;
}

static int map_vars(struct flash_store *s, const char *path)
{
	int rc;

	if (path) {
		/* O_NONBLOCK: a pipe without a reader would hold us here. */
		s->fd = open(path,
			     O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY |
				     O_NONBLOCK,
			     0666);
		if (s->fd < 0)
			return no_vars(errno, path);
		rc = check_vars(s->fd, path);
		if (rc < 0)
			return rc;
	} else {
		s->fd = memfd_create("flash", MFD_CLOEXEC);
		if (s->fd < 0 || ftruncate(s->fd, (off_t)SIZE) < 0)
			return err_set(errno, "memory for variables");
	}
	if (mmap(s->map, SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, s->fd, 0) ==
	    MAP_FAILED)
		return err_set(errno, "'%s': map", path ? path : "variables");
	return 0;
}

static int make_room(struct flash_store *s)
{
	void *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*s = (struct flash_store){ .fd = -1 };
	if (map == MAP_FAILED)
		return err_set(errno, "room for a bank");
	s->map = map;
	return 0;
}

int flash_store_firmware(struct flash_store *s, const char *path)
{
	int rc = make_room(s);

	if (rc == 0)
		rc = read_firmware(s, path);
	if (rc < 0)
		flash_store_close(s);
	return rc;
}

int flash_store_vars(struct flash_store *s, const char *path)
{
	int rc = make_room(s);

	if (rc == 0)
		rc = map_vars(s, path);
	if (rc < 0)
		flash_store_close(s);
	return err_in(rc, "variables");
}

void flash_store_close(struct flash_store *s)
{
	if (s->map)
		munmap(s->map, SIZE);
	if (s->map && s->fd >= 0)
		close(s->fd);
	*s = (struct flash_store){ .fd = -1 };
}

int flash_store_write(struct flash_store *s, const uint8_t *from, uint64_t off,
		      uint64_t size)
{
	if (s->fd < 0)
		return -EROFS;
	while (size > 0) {
		ssize_t n = pwrite(s->fd, from, size, (off_t)off);
		int err = n < 0 ? errno : EIO;

		if (n < 0 && err == EINTR)
			continue;
		if (n <= 0) {
			if (!s->told)
				log_warn("flash: write of variables: %s; the "
					 "guest is told; further errors are "
					 "not logged",
					 strerror(err));
			s->told = true;
			return -err;
		}
		from += n;
		off += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return 0;
}
