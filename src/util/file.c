/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"

int file_open(const char *path, uint64_t *ret_size)
{
	struct stat st;
	int fd, rc;

	/* O_NONBLOCK: a pipe without a writer would hold us here for ever. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENXIO) /* a socket */
		return err_say(EINVAL,
			       "'%s': not a regular file; give a copy in one",
			       path);
	if (fd < 0) {
		rc = err_set(errno, "'%s'", path);
		if (rc == -EACCES)
			err_hint(rc, "let this user read it, or give a copy");
		else if (rc == -ENOENT)
			err_hint(rc, "is the path right?");
		return rc;
	}

	if (fstat(fd, &st) < 0)
		rc = err_set(errno, "'%s': stat", path);
	else if (S_ISDIR(st.st_mode))
		rc = err_say(EISDIR, "'%s': a directory; give a file in it",
			     path);
	else if (!S_ISREG(st.st_mode))
		rc = err_say(EINVAL,
			     "'%s': not a regular file; give a copy in one",
			     path);
	else if (st.st_size == 0)
		rc = err_say(ENODATA, "'%s': the file is empty; copy it anew",
			     path);
	else
		rc = 0;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	*ret_size = (uint64_t)st.st_size;
	return fd;
}

int file_read(int fd, void *buf, uint64_t size, uint64_t off)
{
	char *to = buf;
	ssize_t n;

	for (; size > 0; size -= (uint64_t)n, off += (uint64_t)n, to += n) {
		n = pread(fd, to, size, (off_t)off);
		if (n == 0)
			return err_say(ENODATA,
				       "the file ends at byte %" PRIu64
				       ", %" PRIu64 " bytes early",
				       off, size);
		if (n < 0 && errno != EINTR)
			return err_set(errno, "read at byte %" PRIu64, off);
		if (n < 0)
			n = 0;
	}
	return 0;
}

int file_place(int fd, uint64_t size, void *dst, uint64_t room)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (size > room)
		return err_say(E2BIG,
			       "%" PRIu64 " bytes do not fit into %" PRIu64,
			       size, room);

	/*
	 * A refused mapping leaves memory as it was, or a hole, in which
	 * reading fails in an orderly way: so reading is always a fair try.
	 */
	if ((uintptr_t)dst % page == 0 && (size - 1) / page < room / page &&
	    mmap(dst, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
		 0) != MAP_FAILED)
		return 0;
	return file_read(fd, dst, size, 0);
}
