/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.c - see share.h.
 *
 * virtiofsd comes as two programs: QEMU's, in C, to 7.2, and one in Rust.  They
 * take other options, and are told apart by where distributions have them.
 *
 * Either is given a listening socket.  Ours is in a folder that only we can
 * enter, has our connection waiting in it, and has lost its name before the
 * daemon sees it: nobody else can come first, and nothing stays behind.
 */
#include "util/share.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/err.h"
#include "util/util.h"

enum { CHILD_FD = 3, ARGS_MAX = 16, DAEMON_UNSET = 125 };

/* As <linux/mount.h> has it, which cannot be had together with <sys/mount.h>. */
struct attributes {
	uint64_t set, clear, propagation, userns_fd;
};
#define ATTRIBUTE_RDONLY 1

struct daemon {
	char path[PATH_MAX];
	bool c; /* QEMU's */
};

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

static bool in_path(struct daemon *d)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		int len = (int)strcspn(path, ":");

		/* Not the current folder: that is nobody's wish. */
		if (len > 0 &&
		    snprintf(d->path, sizeof(d->path), "%.*s/virtiofsd", len,
			     path) < (int)sizeof(d->path) &&
		    is_program(d->path))
			return true;
		path += len;
		path += *path == ':';
	}
	return false;
}

static int find(struct daemon *d)
{
	static const struct daemon places[] = {
		{ "/usr/libexec/virtiofsd", false },
		{ "/usr/lib/virtiofsd", false },
		{ "/usr/lib/qemu/virtiofsd", true },
	};

	d->c = false;
	if (in_path(d))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (is_program(places[i].path)) {
			*d = places[i];
			return 0;
		}
	return err_say(ENOENT,
		       "no virtiofsd in PATH, /usr/libexec or /usr/lib/qemu; "
		       "apt install virtiofsd (Debian 12: qemu-system-common)");
}

/* A socket that listens, with a connection to it; its name is gone. */
static int make_sockets(int ret_fds[2])
{
	const char *tmp = getenv("XDG_RUNTIME_DIR");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char dir[sizeof(a.sun_path) - 2];
	int rc = 0;

	if (!tmp || strlen(tmp) > sizeof(dir) - 32 || access(tmp, W_OK) < 0)
		tmp = "/tmp";
	snprintf(dir, sizeof(dir), "%s/pvtime-vmm-XXXXXX", tmp);
	if (!mkdtemp(dir))
		return err_set(errno, "folder for a socket in '%s'", tmp);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	ret_fds[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ret_fds[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ret_fds[0] < 0 || ret_fds[1] < 0 ||
	    bind(ret_fds[0], (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(ret_fds[0], 1) < 0 ||
	    connect(ret_fds[1], (struct sockaddr *)&a, sizeof(a)) < 0)
		rc = err_set(errno, "socket for virtiofsd");
	unlink(a.sun_path);
	rmdir(dir);
	if (rc < 0)
		for (int i = 0; i < 2; i++)
			if (ret_fds[i] >= 0)
				close(ret_fds[i]);
	return rc;
}

struct command {
	struct daemon daemon;
	const char *dir; /* real path */
	char source[PATH_MAX + 16];
	char sandbox[32];
	const char *argv[ARGS_MAX];
	bool bind_read_only; /* by us, as the daemon cannot */
};

/* QEMU's separates options by commas, and has a backslash for those that are
 * none. */
static void escape(char *to, const char *from)
{
	for (; *from; *to++ = *from++)
		if (*from == ',' || *from == '\\')
			*to++ = '\\';
	*to = '\0';
}

static int make_command(struct command *c, const struct share_config *config)
{
	const char *sandbox = config->sandbox;
	unsigned n = 0;

	c->argv[n++] = "virtiofsd";
	if (!c->daemon.c) {
		c->argv[n++] = "--fd=3";
		c->argv[n++] = "--shared-dir";
		c->argv[n++] = c->dir;
		c->argv[n++] = "--log-level=error";
		if (sandbox) {
			c->argv[n++] = "--sandbox";
			c->argv[n++] = sandbox;
		}
		if (config->read_only)
			c->argv[n++] = "--readonly";
		c->argv[n] = NULL;
		return 0;
	}
	if (sandbox && strcmp(sandbox, "none") == 0)
		return err_say(ENOTSUP,
			       "'%s' has no sandbox=none; take chroot, or "
			       "the virtiofsd in Rust (package virtiofsd)",
			       c->daemon.path);
	if (geteuid() != 0)
		return err_say(EPERM,
			       "'%s' works for root only; run as root, or "
			       "install the virtiofsd in Rust (package "
			       "virtiofsd)",
			       c->daemon.path);
	if (strlen(c->dir) > PATH_MAX / 2)
		return err_say(ENAMETOOLONG, "give a shorter path");
	strcpy(c->source, "source=");
	escape(c->source + strlen(c->source), c->dir);
	c->argv[n++] = "--fd=3";
	c->argv[n++] = "-f";
	c->argv[n++] = "-o";
	c->argv[n++] = c->source;
	c->argv[n++] = "-o";
	c->argv[n++] = "log_level=err";
	if (sandbox) {
		snprintf(c->sandbox, sizeof(c->sandbox), "sandbox=%s", sandbox);
		c->argv[n++] = "-o";
		c->argv[n++] = c->sandbox;
	}
	c->bind_read_only = config->read_only;
	c->argv[n] = NULL;
	return 0;
}

/* -- in the child: no memory of its own, no words -- */

/* The folder and all mounts in it, read-only in namespaces of the child's. */
static int make_read_only(const char *dir)
{
	const struct attributes ro = { .set = ATTRIBUTE_RDONLY };

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(dir, dir, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -1;
	return (int)syscall(SYS_mount_setattr, AT_FDCWD, dir,
			    0x8000 /* AT_RECURSIVE */, &ro, sizeof(ro));
}

static void say(const char *what)
{
	const char *why = strerrordesc_np(errno);

	if (write(2, "virtiofsd: ", 11) < 0 ||
	    write(2, what, strlen(what)) < 0 || write(2, ": ", 2) < 0 ||
	    write(2, why, strlen(why)) < 0 || write(2, "\n", 1) < 0)
		return; /* the exit status remains */
}

static _Noreturn void become(const struct command *c, int listener,
			     pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before that */
		_exit(DAEMON_UNSET);
	/* Ctrl-C on our terminal is for the guest. */
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (c->bind_read_only && make_read_only(c->dir) < 0) {
		say("ro");
		_exit(DAEMON_UNSET);
	}
	/* It has our standard error, as the guest has the rest. */
	dup2(null, 0);
	dup2(2, 1);
	if (listener == CHILD_FD)
		fcntl(listener, F_SETFD, 0);
	else
		dup2(listener, CHILD_FD);
	execv(c->daemon.path, (char *const *)c->argv);
	say(c->daemon.path);
	_exit(DAEMON_UNSET);
}

static int start(struct command *c, const struct share_config *config,
		 pid_t *ret_pid, int *ret_fd)
{
	int fds[2] = { -1, -1 }, rc = find(&c->daemon);
	pid_t pid, self = getpid();

	if (rc == 0)
		rc = make_command(c, config);
	if (rc == 0)
		rc = make_sockets(fds);
	if (rc < 0)
		return rc;
	pid = fork();
	if (pid == 0)
		become(c, fds[0], self);
	if (pid < 0)
		rc = err_set(errno, "start virtiofsd");
	close(fds[0]);
	if (rc < 0) {
		close(fds[1]);
		return rc;
	}
	*ret_pid = pid;
	*ret_fd = fds[1];
	return 0;
}

int share_start(const struct share_config *config, pid_t *ret_pid, int *ret_fd)
{
	char given[PATH_MAX], real[PATH_MAX];
	struct command c = { .dir = real };
	struct stat st;
	int rc = 0;

	if (config->dir_len >= PATH_MAX)
		return err_set(ENAMETOOLONG, "--share");
	memcpy(given, config->dir, (size_t)config->dir_len);
	given[config->dir_len] = '\0';
	if (!realpath(given, real) || stat(real, &st) < 0)
		rc = err_hint(err_set(errno, "folder"), "is the path right?");
	else if (!S_ISDIR(st.st_mode))
		rc = err_say(ENOTDIR, "not a folder; give the one that it is "
				      "in");
	if (rc == 0)
		rc = start(&c, config, ret_pid, ret_fd);
	return err_in(rc, "--share '%s'", given);
}

void share_end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
