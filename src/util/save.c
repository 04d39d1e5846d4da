/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"

int save_all(int fd, const void *buf, size_t size)
{
	const char *p = buf;

	while (size > 0) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(errno, "write");
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

/* What is there stays what it is: a device, a pipe, somebody's link. */
static int write_as_is(const char *path, const void *buf, size_t size,
		       int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);
	int rc;

	if (fd < 0)
		return err_set(errno, "'%s'", path);
	rc = save_all(fd, buf, size);
	if (close(fd) < 0 && rc == 0)
		rc = err_set(errno, "close");
	return err_in(rc, "'%s'", path);
}

/* As open(2) would have made it. */
static mode_t masked(mode_t mode)
{
	mode_t mask = umask(0);

	umask(mask);
	return mode & ~mask;
}

static int write_and_rename(const char *path, mode_t mode, const void *buf,
			    size_t size)
{
	char *temp;
	int fd, rc;

	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		return err_set(ENOMEM, "'%s'", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0) {
		rc = err_set(errno, "'%s'", path);
		goto out_free;
	}
	rc = save_all(fd, buf, size);
	if (rc == 0 && fchmod(fd, mode) < 0)
		rc = err_set(errno, "mode");
	if (close(fd) < 0 && rc == 0) /* where network disks tell */
		rc = err_set(errno, "close");
	if (rc == 0 && rename(temp, path) < 0)
		rc = err_set(errno, "rename");
	if (rc < 0) {
		unlink(temp);
		rc = err_in(rc, "'%s'", path);
	}
out_free:
	free(temp);
	return rc;
}

/* The file cannot be replaced: its folder is not ours, or it is mounted. */
static bool is_fixed(int rc)
{
	return rc == -EACCES || rc == -EPERM || rc == -EROFS || rc == -EBUSY;
}

/* A file that is there, at the end of all links. */
static int replace(const char *path, mode_t mode, const void *buf, size_t size)
{
	struct stat st;
	char *real;
	int rc;

	/* Only a link has another name, which the user may not know. */
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		real = realpath(path, NULL);
	else
		real = strdup(path);
	if (!real)
		return err_set(errno, "'%s'", path);
	rc = write_and_rename(real, mode, buf, size);
	if (is_fixed(rc))
		rc = write_as_is(real, buf, size, O_TRUNC);
	free(real);
	return rc;
}

/* /dev/stdout and its like: names for what is open already. */
static bool is_open_file(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 ||
	       strncmp(path, "/proc/", 6) == 0;
}

int save_file(const char *path, mode_t mode, const void *buf, size_t size)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return write_and_rename(path, masked(mode), buf, size);
	if (!S_ISREG(st.st_mode) || is_open_file(path))
		return write_as_is(path, buf, size,
				   S_ISREG(st.st_mode) ? O_APPEND : 0);
	return replace(path, st.st_mode & 07777, buf, size);
}
