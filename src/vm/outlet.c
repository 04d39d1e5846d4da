/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"
#include "vm/vm.h"

static const char folder[] = "/dev/pts/";

void outlet_init(struct outlet *o)
{
	*o = (struct outlet){ .fd = -1, .in_fd = -1, .opens_fd = -1 };
}

static int open_file(struct outlet *o, const char *path)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK;

	o->fd = open(path, flags | O_CLOEXEC, 0600);
	if (o->fd < 0 && errno == ENXIO)
		return err_set(ENXIO, "console: '%s': nobody reads from it",
			       path);
	return o->fd < 0 ? err_set(errno, "console: '%s'", path) : 0;
}

/* Nobody's yet: bytes as they are, and known to be closed. */
static int settle(const char *name)
{
	int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t;
	int rc = 0;

	if (fd < 0)
		return -1;
	if (tcgetattr(fd, &t) == 0) {
		cfmakeraw(&t);
		rc = tcsetattr(fd, TCSANOW, &t);
	} else {
		rc = -1;
	}
	close(fd);
	return rc;
}

static int open_pty(struct outlet *o)
{
	o->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (o->fd < 0 || grantpt(o->fd) < 0 || unlockpt(o->fd) < 0 ||
	    ptsname_r(o->fd, o->name, sizeof(o->name)) != 0 ||
	    settle(o->name) < 0)
		return -1;
	/* Each is watched for itself. */
	o->in_fd = fcntl(o->fd, F_DUPFD_CLOEXEC, 0);
	o->opens_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (o->in_fd < 0 || o->opens_fd < 0)
		return -1;
	return inotify_add_watch(o->opens_fd, o->name, IN_OPEN);
}

/* Is @link one, into the folder of terminals?  Then *ret has where to. */
static bool read_link(const char *link, char ret[static PATH_MAX])
{
	ssize_t n = readlink(link, ret, PATH_MAX - 1);

	if (n < 0)
		return false;
	ret[n] = '\0';
	return strncmp(ret, folder, sizeof(folder) - 1) == 0;
}

static int make_link(struct outlet *o, const char *link)
{
	char to[PATH_MAX];

	if (read_link(link, to))
		unlink(link);
	if (symlink(o->name, link) < 0)
		return err_hint(err_set(errno, "console: link '%s'", link),
				"name one that is free, in a folder of yours");
	o->link = link;
	return 0;
}

static int make_pty(struct outlet *o, const char *link)
{
	int rc = open_pty(o) < 0 ? err_set(errno, "console: a terminal (pty)")
				 : 0;

	if (rc == 0 && link)
		rc = make_link(o, link);
	if (rc < 0)
		outlet_close(o);
	else
		log_info("console: %s", o->name);
	return rc;
}

void outlet_opened(const struct outlet *o)
{
	char events[1024];

	while (read(o->opens_fd, events, sizeof(events)) > 0)
		;
}

void outlet_close(struct outlet *o)
{
	const int fds[] = { o->fd, o->in_fd, o->opens_fd };
	char to[PATH_MAX];

	if (o->link && read_link(o->link, to) && strcmp(to, o->name) == 0)
		unlink(o->link);
	for (unsigned i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	outlet_init(o);
}

bool outlet_is_plain(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int outlet_again(int fd)
{
	char path[32];
	int own = -1;

	if (isatty(fd)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	return own < 0 ? fd : own;
}

int outlet_open(struct outlet *o, const struct vm_config *config)
{
	switch (config->console) {
	case VM_CONSOLE_FILE:
		return open_file(o, config->console_path);
	case VM_CONSOLE_PTY:
		return make_pty(o, config->console_path);
	default:
		return 0;
	}
}
