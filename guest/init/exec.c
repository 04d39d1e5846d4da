/* SPDX-License-Identifier: BSD-2-Clause */
#include "exec.h"

#include <asm/ioctls.h>

#include "channel.h"
#include "console.h"
#include "sys.h"
#include "text.h"

#define PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { MEM_MAJOR = 1, NULL_MINOR = 3 };
enum {
	DATA_CHARS = 256,
	LAST_CHARS = 200,
	NR_WORDS = 128,
	NOT_STARTED = 127,
	X_OK = 1
};

static char path_variable[] = "PATH=" PATH;
static char home[] = "HOME=/", term[] = "TERM=linux";

static char *const environment[] = { path_variable, home, term, NULL };

/* A line as it comes. */
struct line {
	char text[LAST_CHARS + 1];
	unsigned size;
	bool blank;
};

static int null, from_command, to_us;
static uint64_t request; /* 0: no command runs */
static int child;	 /* 0: it has ended */
static int ended_with;	 /* its status, then */
static int unread;	 /* of its output, then */
static struct line now, last;

int exec_init(void)
{
	int ends[2], rc;

	null = device_open(MEM_MAJOR, NULL_MINOR, O_RDONLY | O_CLOEXEC);
	if (null < 0)
		return null;
	rc = (int)sys(__NR_pipe2, ends, O_CLOEXEC);
	if (rc < 0)
		return rc;
	from_command = ends[0];
	to_us = ends[1];
	return from_command;
}

/* Become the program @name, looked for as a shell would. */
static int find_and_become(const char *name, char **argv)
{
	const char *at = PATH;
	long rc = -ENOENT;

	if (text_find(name, "/"))
		return (int)sys(__NR_execve, name, argv, environment);
	while (rc == -ENOENT && *at) {
		char path[REQUEST_CHARS + sizeof(PATH)];
		size_t n = 0;

		while (*at && *at != ':')
			path[n++] = *at++;
		at += *at == ':';
		text_put(path + n, sizeof(path) - n, "/%s", name);
		rc = sys(__NR_execve, path, argv, environment);
	}
	return (int)rc;
}

static char shell[] = "/bin/sh";

static bool has_shell(void)
{
	return sys(__NR_faccessat, AT_FDCWD, shell, X_OK) == 0;
}

/* Never returns but for an error of *ret_what, which could not be run. */
static int become(char *command, const char **ret_what)
{
	static char dash_c[] = "-c";
	char *argv[NR_WORDS + 1] = { shell, dash_c, command };
	unsigned n = 0;

	*ret_what = shell;
	if (has_shell())
		return (int)sys(__NR_execve, shell, argv, environment);
	while (*command && n < NR_WORDS) {
		char *word = text_word(&command);

		if (*word)
			argv[n++] = word;
	}
	argv[n] = NULL;
	if (n == 0)
		return -ENOENT;
	*ret_what = argv[0];
	return *command ? -E2BIG : find_and_become(argv[0], argv);
}

/* In the child: @command, or else what a shell does that cannot run it. */
static _Noreturn void run(char *command)
{
	static const sigset_t none;
	char buf[ERROR_CHARS];
	const char *what;
	int rc;

	sys(__NR_setsid);
	sys(__NR_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGSET_SIZE);
	sys(__NR_dup3, null, 0, 0);
	sys(__NR_dup3, to_us, 1, 0);
	sys(__NR_dup3, to_us, 2, 0);
	rc = become(command, &what);
	console_say("%s: %s%s", what, text_error(buf, -rc),
		    has_shell() ? "" : " (and there is no /bin/sh)");
	sys_exit(NOT_STARTED);
}

void exec_start(uint64_t nr, char *args)
{
	int pid;

	if (request) {
		answer_bad(nr, "a command runs already");
		return;
	}
	pid = sys_fork();
	if (pid < 0) {
		answer_error(nr, "fork", pid);
		return;
	}
	if (pid == 0)
		run(args);
	request = nr;
	child = pid;
	now = last = (struct line){ .blank = true };
}

static void finish_line(void)
{
	if (!now.blank)
		last = now;
	now = (struct line){ .blank = true };
}

/* Return ends a line, too: programs rewrite a line that shows progress. */
static void note(char c)
{
	if (c == '\n' || c == '\r') {
		finish_line();
		return;
	}
	if (now.size < LAST_CHARS)
		now.text[now.size++] = text_printable(c);
	now.blank &= c == ' ' || c == '\t';
}

static void tell(void)
{
	int signal = ended_with & 0x7f, status = ended_with >> 8 & 0xff;

	finish_line();
	answer_ok(request, "%s %d%s%s", signal ? "signal" : "exit",
		  signal ? signal : status, last.size ? " " : "", last.text);
	request = 0;
}

void exec_ended(int pid, int status)
{
	if (!request || pid != child)
		return;
	child = 0;
	ended_with = status;
	/* What others print from now on is not waited for. */
	if (sys(__NR_ioctl, from_command, FIONREAD, &unread) < 0)
		unread = 0;
	if (unread == 0)
		tell();
}

/*
 * The console gets it with a mark before each line, so that nobody takes it for
 * the kernel's.
 */
static void pass_on(const char *data, long n)
{
	static bool within;	     /* a line */
	char marked[3 * DATA_CHARS]; /* were it all newlines */
	unsigned long size = 0;

	for (long i = 0; i < n; i++) {
		if (!within) {
			marked[size++] = '|';
			marked[size++] = ' ';
		}
		marked[size++] = data[i];
		within = data[i] != '\n';
	}
	console_write(marked, size);
}

void exec_pass(void)
{
	char data[DATA_CHARS]; /* a slow console shall not keep us for long */
	long n = sys_read(from_command, data, sizeof(data));

	if (n <= 0)
		return;
	pass_on(data, n);
	if (!request)
		return;
	for (long i = 0; i < n && (child || unread > 0); i++) {
		note(data[i]);
		unread -= !child;
	}
	if (!child && unread == 0)
		tell();
}
