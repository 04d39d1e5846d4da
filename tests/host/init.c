/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init.c - the first process of the emulated host: runs one command.
 *
 * Everything travels by semihosting: the emulator opens, reads and writes
 * files of the machine it runs on when a program executes HLT #0xf000, so no
 * disk, network or driver is needed, and output is neither mangled by a
 * terminal nor slowed down by a serial port.  tests/host/run starts the
 * emulator with what it wants used as open file descriptors, and they are
 * opened again here as /proc/self/fd/N: nothing has a name that could clash
 * with another run or be left behind.
 *
 * The job is the file /.job, strings that each end in NUL:
 *
 *	out FD, err FD	where the command's output goes
 *	in FD EOF	its input (else /dev/null): a file that grows until
 *			the file EOF is not empty.  It is polled: a read that
 *			waits would stop the whole machine
 *	get FD PATH	copy PATH there when the command has ended
 *	status FD	where to write "got FD" for each such copy and, last,
 *			"exit N"; without it the host has died
 *	exec		the rest is the command
 *
 * Spec: Arm semihosting 2.0.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SYS_OPEN = 0x01,
	SYS_CLOSE = 0x02,
	SYS_WRITE = 0x05,
	SYS_READ = 0x06,
	SYS_FLEN = 0x0c,
	SYS_ERRNO = 0x13,
	SYS_EXIT = 0x18,

	OPEN_RB = 1,
	OPEN_WB = 5,
	STOPPED_APPLICATION_EXIT = 0x20026,

	NR_GETS = 64,
	INPUT_POLL_MS = 20,
	STATUS_OURS = 125, /* as env(1) has it: not the command's status */
};

struct get {
	const char *fd, *path;
};

/* The job as read, and files of the outer machine: handles, -1 if none. */
static char job[1 << 16];
static long out = -1, err = -1, status = -1, in = -1, in_eof = -1;
static struct get gets[NR_GETS];
static unsigned nr_gets;
static char **command;

/*
 * One semihosting call; @block is its parameter block.  The emulator walks
 * the page tables and cannot take a fault, which is why main() locks all
 * memory and nothing here comes from the heap.
 */
static long semihost(long op, const uint64_t *block)
{
	register long x0 __asm__("x0") = op;
	register const uint64_t *x1 __asm__("x1") = block;

	__asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
	return x0;
}

static long outer_open(const char *fd, uint64_t mode)
{
	char path[64];
	int len = snprintf(path, sizeof(path), "/proc/self/fd/%s", fd);
	const uint64_t block[] = { (uintptr_t)path, mode, len };

	return semihost(SYS_OPEN, block);
}

static void outer_close(long file)
{
	const uint64_t block[] = { file };

	semihost(SYS_CLOSE, block);
}

static bool outer_write(long to, const char *data, size_t size)
{
	while (size > 0) {
		const uint64_t block[] = { to, (uintptr_t)data, size };
		size_t left = semihost(SYS_WRITE, block);

		if (left >= size && semihost(SYS_ERRNO, block) != EINTR)
			return false; /* nobody reads, or the disk is full */
		if (left < size) {
			data += size - left;
			size = left;
		}
	}
	return true;
}

static size_t outer_read(long from, char *data, size_t size)
{
	const uint64_t block[] = { from, (uintptr_t)data, size };
	size_t left = semihost(SYS_READ, block);

	return left > size ? 0 : size - left;
}

static long outer_size(long file)
{
	const uint64_t block[] = { file };

	return semihost(SYS_FLEN, block);
}

static _Noreturn void leave(int code)
{
	const uint64_t block[] = { STOPPED_APPLICATION_EXIT, 0 };
	char line[32];
	int len = snprintf(line, sizeof(line), "exit %d\n", code);

	outer_write(status, line, len);
	for (;;)
		semihost(SYS_EXIT, block);
}

/* Say why on the command's error output. */
__attribute__((format(printf, 1, 2))) static void complain(const char *fmt, ...)
{
	char line[512] = "host: ";
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line + 6, sizeof(line) - 7, fmt, ap) + 6;
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	outer_write(err, line, len);
}

static void read_job(void)
{
	static char *argv[4096];
	int fd = open("/.job", O_RDONLY | O_CLOEXEC);
	size_t size = 0, argc = 0;
	char *word = job, *end;
	ssize_t n;

	while (size < sizeof(job) &&
	       (n = read(fd, job + size, sizeof(job) - size)) > 0)
		size += n;
	close(fd);
	unlink("/.job");
	end = job + size;
	if (size == 0 || size == sizeof(job) || end[-1] != '\0')
		return;

#define NEXT() (word += strlen(word) + 1)
	for (; word < end && strcmp(word, "exec") != 0; NEXT()) {
		if (strcmp(word, "out") == 0) {
			out = outer_open(NEXT(), OPEN_WB);
		} else if (strcmp(word, "err") == 0) {
			err = outer_open(NEXT(), OPEN_WB);
		} else if (strcmp(word, "status") == 0) {
			status = outer_open(NEXT(), OPEN_WB);
		} else if (strcmp(word, "in") == 0) {
			in = outer_open(NEXT(), OPEN_RB);
			in_eof = outer_open(NEXT(), OPEN_RB);
		} else if (strcmp(word, "get") == 0 && nr_gets < NR_GETS) {
			gets[nr_gets].fd = NEXT();
			gets[nr_gets++].path = NEXT();
		}
	}
	if (word < end)
		NEXT();
	for (; word < end && argc < sizeof(argv) / sizeof(*argv) - 1; NEXT())
		argv[argc++] = word;
#undef NEXT
	if (argc > 0 && word >= end)
		command = argv;
}

/*
 * The kernel's own first file system cannot be left by pivot_root(2), with which
 * programs shut themselves in: have a mount over it as other machines do.
 */
static void settle(void)
{
	mkdir("/.root", 0755);
	if (mount("/", "/.root", NULL, MS_BIND, NULL) < 0 ||
	    chdir("/.root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
	    chroot(".") < 0)
		complain("root: %s", strerror(errno));
}

/* What a program expects of a machine.  /tmp and /run are plain folders, for
 * a mount there would hide files that were put there. */
static void furnish(void)
{
	static const struct {
		const char *type, *where, *options;
	} mounts[] = {
		{ "proc", "/proc", NULL },
		{ "sysfs", "/sys", NULL },
		{ "devtmpfs", "/dev", "mode=755" },
		{ "devpts", "/dev/pts", "ptmxmode=666" },
	};
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	for (unsigned i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0,
			  mounts[i].options) < 0)
			complain("mount %s: %s", mounts[i].where,
				 strerror(errno));
	}
	chmod("/tmp", 01777); /* whatever the archives made of it */
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");

	sethostname("host", 4);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		complain("lo: %s", strerror(errno));
	close(fd);
}

/*
 * Have a machine, which does nothing, for as long as the host lives.
 *
 * With the first VM the kernel patches its scheduler to tell KVM when a vCPU's
 * thread loses its CPU, and with the last one it patches that out again.  QEMU
 * before 8.1 keeps what it has translated of the old code if another CPU's code
 * is patched in the very moment of its translation: then KVM is not told, and
 * that thread goes on with another one's registers, or its guest with another
 * guest's.  With one machine that is always there nothing is patched.
 */
static void keep_machine(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		return; /* the command finds that out by itself */
	if (ioctl(kvm, KVM_CREATE_VM, 0) < 0)
		complain("a machine: %s", strerror(errno));
	close(kvm);
}

static _Noreturn void child(const int fds[3])
{
	static char *env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		"/sbin:/bin",
		"HOME=/root",
		"PWD=/host",
		"SHELL=/bin/sh",
		NULL,
	};
	sigset_t none;
	int why;

	setsid();
	for (int i = 0; i < 3; i++)
		dup2(fds[i], i);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	environ = env;
	execvp(command[0], command);

	why = errno;
	if (why == ENOENT && access(command[0], X_OK) == 0)
		dprintf(2, "host: %s: its interpreter or loader is missing\n",
			command[0]);
	else
		dprintf(2, "host: %s: %s\n", command[0], strerror(why));
	_exit(why == ENOENT ? 127 : 126);
}

/*
 * Pass on what is in pipe *@fd, and close it when either end is done with.
 * One full pipe at most, so that a flood cannot keep us from the rest.
 */
static void pass_on(int *fd, long to)
{
	static char buf[1 << 16];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n == 0 || (n > 0 && !outer_write(to, buf, n))) {
		close(*fd);
		*fd = -1;
	}
}

/*
 * Hand the outer input to pipe *@fd and close it at the end.  Returns whether
 * the pipe is full; if not, there is no more input for now.
 */
static bool feed(int *fd)
{
	static char buf[1 << 16];
	static size_t from, to;
	ssize_t n;

	for (;;) {
		if (from == to) {
			/* In this order, or the last bytes could be missed. */
			bool ended = outer_size(in_eof) > 0;

			from = 0;
			to = outer_read(in, buf, sizeof(buf));
			if (to == 0 && !ended)
				return false;
			if (to == 0)
				break;
		}
		n = write(*fd, buf + from, to - from);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0)
			break; /* nobody reads it */
		from += n;
	}
	close(*fd);
	*fd = -1;
	return false;
}

/* Run the command to its end; returns its status as a shell would. */
static int run(void)
{
	int i[2] = { -1, -1 }, o[2], e[2], fds[3];
	bool full = false, ended = false;
	int chld, wstatus = 0;
	sigset_t set;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	chld = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (pipe2(o, O_CLOEXEC) < 0 || pipe2(e, O_CLOEXEC) < 0 ||
	    (in >= 0 && pipe2(i, O_CLOEXEC) < 0)) {
		complain("pipe: %s", strerror(errno));
		return STATUS_OURS;
	}
	fds[0] = in >= 0 ? i[0] : open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[1] = o[1];
	fds[2] = e[1];
	pid = fork();
	if (pid == 0)
		child(fds);
	for (int k = 0; k < 3; k++)
		close(fds[k]);
	if (pid < 0) {
		complain("fork: %s", strerror(errno));
		return STATUS_OURS;
	}
	fcntl(o[0], F_SETFL, O_NONBLOCK);
	fcntl(e[0], F_SETFL, O_NONBLOCK);
	if (in >= 0)
		fcntl(i[1], F_SETFL, O_NONBLOCK);

	while (!ended) {
		struct signalfd_siginfo info;
		struct pollfd polls[] = {
			{ .fd = o[0], .events = POLLIN },
			{ .fd = e[0], .events = POLLIN },
			{ .fd = chld, .events = POLLIN },
			{ .fd = full ? i[1] : -1, .events = POLLOUT },
		};
		pid_t who;
		int ws;

		poll(polls, sizeof(polls) / sizeof(*polls),
		     i[1] >= 0 && !full ? INPUT_POLL_MS : -1);
		while (read(chld, &info, sizeof(info)) > 0)
			;
		while ((who = waitpid(-1, &ws, WNOHANG)) > 0) {
			if (who == pid) {
				wstatus = ws;
				ended = true;
			}
		}
		/* After the wait: so all that a dead command wrote goes out. */
		if (o[0] >= 0)
			pass_on(&o[0], out);
		if (e[0] >= 0)
			pass_on(&e[0], err);
		if (i[1] >= 0)
			full = feed(&i[1]);
	}
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus)
				    : WEXITSTATUS(wstatus);
}

/* Copy what was asked for to the outer machine; returns whether all came. */
static bool bring_back(void)
{
	static char buf[1 << 16];
	bool all = true;

	for (unsigned i = 0; i < nr_gets; i++) {
		int fd = open(gets[i].path, O_RDONLY | O_CLOEXEC);
		long to = outer_open(gets[i].fd, OPEN_WB);
		ssize_t n = fd;
		int len;

		while (n >= 0 && (n = read(fd, buf, sizeof(buf))) > 0) {
			if (!outer_write(to, buf, n)) {
				errno = EIO;
				n = -1;
			}
		}
		if (n == 0) {
			len = snprintf(buf, sizeof(buf), "got %s\n",
				       gets[i].fd);
			outer_write(status, buf, len);
		} else {
			complain("%s: %s", gets[i].path, strerror(errno));
			all = false;
		}
		outer_close(to);
		close(fd);
	}
	return all;
}

int main(void)
{
	int code;

	mlockall(MCL_CURRENT | MCL_FUTURE);
	read_job();
	settle();
	furnish();
	keep_machine();
	chdir("/host");
	if (!command)
		leave(STATUS_OURS);
	code = run();
	if (!bring_back() && code == 0)
		code = STATUS_OURS;
	leave(code);
}
