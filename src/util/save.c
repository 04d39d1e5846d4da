/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

static int write_as_is(const char *path, const void *buf, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int rc;

	if (fd < 0)
		return err_set(errno, "'%s'", path);
	rc = save_all(fd, buf, size);
	close(fd);
	return err_in(rc, "'%s'", path);
}

static int write_and_rename(const char *path, const void *buf, size_t size)
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

int save_file(const char *path, const void *buf, size_t size)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return write_as_is(path, buf, size);
	return write_and_rename(path, buf, size);
}
