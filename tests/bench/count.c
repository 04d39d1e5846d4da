/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count.c - what commands cost from start to exit, side by side.
 *
 *	count [-i] [-m] [-l SECONDS] ROUNDS LABEL CMD [ARG...] [, LABEL ...]
 *
 * The commands run in turn, A B C A B C ..., so that whatever changes on the
 * machine meanwhile changes for all of them.  One line for each:
 *
 *	LABEL MEDIAN MIN MAX LOST RSS PRIVATE
 *
 * MEDIAN, MIN, MAX: nanoseconds from before the process is made to after its
 * end; in a host whose clock counts instructions (tests/host/run --icount)
 * these are instructions.  With -i they are what the processor's own counter
 * has, from exec(2) to the end, in all threads.
 * LOST: rounds that did not end within the limit (-l, 20 s) and do not count.
 * RSS, PRIVATE: with -m, in one more run, else "-": peak KiB resident, and of
 * these what is the process's alone because it was written to, its guest's
 * memory included.
 *
 * Input, output and errors of the commands are /dev/null.  A command that
 * cannot be started or does not end with status 0 ends everything with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 8, MAX_ROUNDS = 1000 };

struct command {
	const char *label;
	char **argv;
	unsigned nr; /* rounds that count */
	unsigned lost;
	uint64_t cost[MAX_ROUNDS];
	uint64_t rss, private; /* KiB */
};

extern char **environ;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "count: %s: %s\n", what, why);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void check_status(const struct command *c, int status)
{
	char words[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFEXITED(status))
		snprintf(words, sizeof(words), "exit status %d",
			 WEXITSTATUS(status));
	else
		snprintf(words, sizeof(words), "signal %d", WTERMSIG(status));
	die(c->label, words);
}

/* A counter of the instructions of all that we start from here on. */
static int open_counter(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			      PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("instruction counter", strerror(errno));
	return fd;
}

/*
 * Wait until the kernel has had time to tidy up after the run before, and
 * until it has just had a clock tick.  What a tick brings with it (the earlier
 * runs' memory is freed in its wake) is a tenth of a short run: so each begins
 * at the same distance from the next one.
 */
static void settle(void)
{
	struct timespec t = { .tv_nsec = 12000000 }, first;

	nanosleep(&t, NULL);
	clock_gettime(CLOCK_MONOTONIC_COARSE, &first);
	do {
		clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	} while (t.tv_sec == first.tv_sec && t.tv_nsec == first.tv_nsec);
}

/* Run @c once and note what it cost. */
static void measure(struct command *c, const posix_spawn_file_actions_t *null,
		    const posix_spawnattr_t *attr, bool instructions, int limit)
{
	struct timespec patience = { .tv_sec = limit };
	int status, rc, counter = instructions ? open_counter() : -1;
	sigset_t child;
	uint64_t cost;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	settle();
	cost = now();
	rc = posix_spawn(&pid, c->argv[0], null, attr, c->argv, environ);
	if (rc)
		die(c->argv[0], strerror(rc));
	/* A signal may be an older child's: only waitpid() knows. */
	while ((rc = waitpid(pid, &status, WNOHANG)) == 0)
		if (sigtimedwait(&child, NULL, &patience) < 0 &&
		    errno == EAGAIN)
			break;
	if (rc == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		c->lost++;
	} else {
		cost = now() - cost;
		if (counter >= 0 &&
		    read(counter, &cost, sizeof(cost)) != sizeof(cost))
			die("instruction counter", strerror(errno));
		check_status(c, status);
		c->cost[c->nr++] = cost;
	}
	if (counter >= 0)
		close(counter);
}

/* Raise @c's peaks to what its process @pid has now. */
static void look_at_memory(struct command *c, pid_t pid)
{
	char path[64], line[256];
	uint64_t kib;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "re");
	if (!f)
		return; /* it is on its way out */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Rss: %" SCNu64, &kib) == 1) {
			if (kib > c->rss)
				c->rss = kib;
		} else if (sscanf(line, "Private_Dirty: %" SCNu64, &kib) == 1) {
			if (kib > c->private)
				c->private = kib;
		}
	fclose(f);
}

/*
 * Run @c once more and look at its memory before each of its system calls:
 * a process can give memory back in no other way, so no peak is missed.
 */
static void measure_memory(struct command *c)
{
	const long options =
		PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	pid_t pid = fork(), tid;
	int status;

	if (pid < 0)
		die("fork", strerror(errno));
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		for (int fd = 0; fd <= 2; fd++)
			dup2(null, fd);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(c->argv[0], c->argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		die(c->argv[0], "cannot be started");
	ptrace(PTRACE_SETOPTIONS, pid, NULL, options);
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		int sig = 0;

		if (!WIFSTOPPED(status)) {
			if (tid != pid)
				continue;
			check_status(c, status);
			return;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			look_at_memory(c, pid);
		else if (WSTOPSIG(status) != SIGTRAP &&
			 WSTOPSIG(status) != SIGSTOP)
			sig = WSTOPSIG(status);
		ptrace(PTRACE_SYSCALL, tid, NULL, sig);
	}
	die(c->label, "lost while looking at its memory");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void report(struct command *c, bool memory)
{
	unsigned mid = c->nr / 2;

	if (c->nr == 0)
		die(c->label, "no round ended in time");
	qsort(c->cost, c->nr, sizeof(c->cost[0]), compare);
	printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %u", c->label,
	       c->cost[mid], c->cost[0], c->cost[c->nr - 1], c->lost);
	if (memory)
		printf(" %" PRIu64 " %" PRIu64 "\n", c->rss, c->private);
	else
		printf(" - -\n");
}

/* Cut @argv into commands at each ",".  Returns how many. */
static unsigned parse(char **argv, struct command *ret_commands)
{
	unsigned nr = 0;

	while (*argv) {
		if (nr == MAX_COMMANDS)
			die("command line", "too many commands");
		if (!argv[1])
			die(argv[0], "a label without a command");
		ret_commands[nr].label = argv[0];
		ret_commands[nr++].argv = ++argv;
		while (*argv && strcmp(*argv, ","))
			argv++;
		if (*argv)
			*argv++ = NULL;
	}
	return nr;
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	bool instructions = false, memory = false;
	posix_spawn_file_actions_t null;
	int opt, limit = 20, rounds;
	posix_spawnattr_t attr;
	sigset_t child, none;
	unsigned nr;

	while ((opt = getopt(argc, argv, "+iml:")) != -1)
		if (opt == 'i')
			instructions = true;
		else if (opt == 'm')
			memory = true;
		else if (opt == 'l')
			limit = atoi(optarg);
		else
			return 2;
	rounds = optind < argc ? atoi(argv[optind]) : 0;
	if (rounds < 1 || rounds > MAX_ROUNDS || limit < 1)
		die("command line", "no rounds or no limit");
	nr = parse(argv + optind + 1, commands);

	sigemptyset(&none);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&null);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&null, fd, "/dev/null", O_RDWR,
						 0);
	for (unsigned i = 0; i < nr && memory; i++)
		measure_memory(&commands[i]);
	sigprocmask(SIG_BLOCK, &child, NULL);
	for (int r = 0; r < rounds; r++)
		for (unsigned i = 0; i < nr; i++)
			measure(&commands[i], &null, &attr, instructions,
				limit);
	for (unsigned i = 0; i < nr; i++)
		report(&commands[i], memory);
	return 0;
}
