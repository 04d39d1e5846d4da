/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/path.h"
#include "ctl/stat.h"
#include "util/err.h"

#define ENDING ".sock"

/* For somebody who looks or makes a socket at the same time. */
enum { PATIENCE_MS = 500 };

/* Put the folder's path in place of a socket's. */
static int folder_path(struct sockaddr_un *ret)
{
	int rc = ctl_path("x", false, ret);

	if (rc == 0)
		*strrchr(ret->sun_path, '/') = '\0';
	return rc;
}

int ctl_folder_lock(unsigned patience_ms)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct sockaddr_un folder;
	int fd, rc = folder_path(&folder);

	if (rc < 0)
		return rc;
	fd = open(folder.sun_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(errno, "'%s'", folder.sun_path);
	while ((rc = flock(fd, LOCK_EX | LOCK_NB)) < 0 &&
	       (errno == EINTR || errno == EWOULDBLOCK) && patience_ms-- > 0)
		nanosleep(&nap, NULL);
	if (rc == 0)
		return fd;
	rc = err_hint(err_set(errno, "'%s': lock", folder.sun_path),
		      "who holds it? fuser(1) tells");
	close(fd);
	return rc;
}

int ctl_folder_served(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = 1; /* also one that is too busy for us, or not for us */

	if (fd < 0)
		return err_set(errno, "'%s'", addr->sun_path);
	if (connect(fd, (const void *)addr, sizeof(*addr)) < 0 &&
	    (errno == ECONNREFUSED || errno == ENOENT))
		rc = 0;
	close(fd);
	return rc;
}

/* Who makes a socket has the folder locked until it is served. */
static int remove_stale(const struct sockaddr_un *addr)
{
	int rc, lock = ctl_folder_lock(PATIENCE_MS);

	if (lock < 0) /* the next one may find time for it */
		return lock == -EWOULDBLOCK ? 0 : lock;
	rc = ctl_folder_served(addr);
	if (rc == 0 && unlink(addr->sun_path) < 0 && errno != ENOENT)
		rc = err_set(errno, "'%s'", addr->sun_path);
	close(lock);
	return rc;
}

/* 1: @name is the name of a guest that runs. */
static int look_at(const char *name)
{
	struct sockaddr_un addr;
	struct stat st;
	int rc;

	/* Of no guest: the name is too long, or no socket has it. */
	if (ctl_path(name, false, &addr) < 0 || lstat(addr.sun_path, &st) < 0 ||
	    !S_ISSOCK(st.st_mode))
		return 0;
	rc = ctl_folder_served(&addr);
	return rc == 0 ? remove_stale(&addr) : rc;
}

/* The name that is in @file's; false: there is none. */
static bool name_of(const char *file, char ret[static CTL_NAME_MAX + 1])
{
	size_t len = strlen(file), ending = sizeof(ENDING) - 1;

	if (len <= ending || len - ending > CTL_NAME_MAX ||
	    strcmp(file + len - ending, ENDING) != 0)
		return false;
	memcpy(ret, file, len - ending);
	ret[len - ending] = '\0';
	return ctl_name(ret) == 0;
}

static int add(struct ctl_folder *f, const char *name)
{
	char **names = f->names;

	/* Room for a power of two. */
	if ((f->nr & (f->nr - 1)) == 0) {
		names = reallocarray(names, f->nr ? 2 * f->nr : 1,
				     sizeof(*names));
		if (!names)
			return err_set(ENOMEM, "names of guests");
		f->names = names;
	}
	names[f->nr] = strdup(name);
	if (!names[f->nr])
		return err_set(ENOMEM, "names of guests");
	f->nr++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int ctl_folder_read(struct ctl_folder *ret)
{
	struct ctl_folder f = { 0 };
	char name[CTL_NAME_MAX + 1];
	struct sockaddr_un folder;
	struct dirent *entry;
	DIR *dir;
	int rc = folder_path(&folder);

	*ret = f;
	if (rc < 0)
		return rc;
	dir = opendir(folder.sun_path);
	if (!dir)
		return errno == ENOENT
			       ? 0
			       : err_set(errno, "'%s'", folder.sun_path);
	while (rc >= 0 && (entry = readdir(dir))) {
		if (!name_of(entry->d_name, name))
			continue;
		rc = look_at(name);
		if (rc > 0)
			rc = add(&f, name);
	}
	closedir(dir);
	if (rc < 0) {
		ctl_folder_fini(&f);
		return rc;
	}
	if (f.nr > 0)
		qsort(f.names, f.nr, sizeof(*f.names), by_name);
	*ret = f;
	return 0;
}

void ctl_folder_fini(struct ctl_folder *f)
{
	while (f->nr > 0)
		free(f->names[--f->nr]);
	free(f->names);
	*f = (struct ctl_folder){ 0 };
}
