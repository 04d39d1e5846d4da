/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * served.h - guests that run, for tests of commands that ask for them: each in
 * a process of its own, on the fake KVM, with a control socket in a folder that
 * is this test's alone.  And the commands, in a process of their own as well.
 */
#ifndef SERVED_H
#define SERVED_H

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/path.h"
#include "ctl/server.h"
#include "ctl/stat.h"
#include "fake_kvm.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/vm.h"

static struct {
	char home[32];
	pid_t pids[8]; /* of what runs */
	unsigned nr;
} served;

/* -- before all tests, and behind them -- */

/* Root's folder is everybody's. */
static inline int served_begin(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		assert_int_equal(seteuid(65534), 0);
		prctl(PR_SET_DUMPABLE, 1); /* its own /proc again */
	}
	strcpy(served.home, "/tmp/served.XXXXXX");
	assert_non_null(mkdtemp(served.home));
	return setenv("XDG_RUNTIME_DIR", served.home, 1);
}

static inline int served_end(void **state)
{
	char command[64];
	int rc;

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", served.home);
	rc = system(command);
	if (getuid() == 0 && seteuid(0) < 0) /* the leak checker's wish */
		return -1;
	return rc;
}

/* What runs in a process of its own ends with the test, however that does. */
static inline void served_child(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err_adopt("");
}

/* -- guests -- */

static inline int served_up(void **state)
{
	(void)state;
	alarm(60);
	log_set_level(LOG_ERROR);
	served.nr = 0;
	return 0;
}

static inline void served_kill(pid_t pid)
{
	int status;

	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static inline int served_down(void **state)
{
	(void)state;
	while (served.nr > 0)
		served_kill(served.pids[--served.nr]);
	return 0;
}

static inline int served_run(const char *name, unsigned nr_cpus)
{
	const struct ctl_setup setup = { .name = name };
	struct vm_config config = { .nr_cpus = nr_cpus,
				    .ram_size = 64 * MIB,
				    .pvtime = "auto" };
	struct ctl_server *server;
	uint8_t kernel[70000];
	char path[32];
	struct vm *vm;

	memset(kernel, 0xd5, sizeof(kernel));
	make_image(kernel, sizeof(kernel));
	scratch_file(kernel, sizeof(kernel), path);
	config.kernel = path;
	fake_kvm_reset();
	stdio_take(-1, -1);
	if (vm_new(&config, &vm) < 0 || ctl_server_new(vm, &setup, &server) < 0)
		return 1;
	fake_kvm.cpus[0].exits = 1234;
	vm_count_exits(vm);
	vm_run(vm);
	ctl_server_free(server);
	return 0;
}

/* A guest @name runs, with all its vCPUs; its VMM's process. */
static inline pid_t served_guest(const char *name, unsigned nr_cpus)
{
	pid_t pid = fork();
	struct ctl_client c;
	const char *line;
	struct ctl_stat s;
	bool runs = false;

	assert_true(pid >= 0);
	if (pid == 0) {
		served_child();
		_exit(served_run(name, nr_cpus));
	}
	served.pids[served.nr++] = pid;
	while (!runs) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		if (ctl_ask(&c, name, "stat", &line) < 0)
			continue;
		assert_int_equal(ctl_stat_read(line, &s), 0);
		runs = s.vcpus[nr_cpus - 1].tid != 0;
		ctl_stat_fini(&s);
		ctl_client_close(&c);
	}
	return pid;
}

/* Whoever asks @name is answered with @line, or with nothing: NULL. */
static inline pid_t served_answer(const char *name, const char *line)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;
	struct sockaddr_un addr;
	char asked[64];
	pid_t pid;

	assert_int_equal(ctl_path(name, true, &addr), 0);
	unlink(addr.sun_path);
	assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 8), 0);
	pid = fork();
	if (pid == 0) {
		served_child();
		signal(SIGPIPE, SIG_IGN);
		while (line && (client = accept(fd, NULL, NULL)) >= 0) {
			if (read(client, asked, sizeof(asked)) > 0 &&
			    write(client, line, strlen(line)) < 0)
				continue;
			close(client);
		}
		pause();
		_exit(0);
	}
	close(fd);
	served.pids[served.nr++] = pid;
	return pid;
}

/* -- commands -- */

typedef int command_fn(int argc, char **argv);

/* A command in a process of its own, and what it says. */
struct said {
	pid_t pid;
	int fd, err_fd;
	char out[1 << 17], err[4096];
};

static inline void said_begin(struct said *s, command_fn *fn, char **argv)
{
	int argc = 0, status;

	while (argv[argc])
		argc++;
	s->fd = memfd_create("out", MFD_CLOEXEC);
	s->err_fd = memfd_create("err", MFD_CLOEXEC);
	assert_true(s->fd >= 0 && s->err_fd >= 0);
	fflush(stdout);
	s->pid = fork();
	if (s->pid == 0) {
		served_child();
		dup2(s->fd, STDOUT_FILENO);
		dup2(s->err_fd, STDERR_FILENO);
		status = fn(argc, argv);
		fflush(stdout);
		fputs(err_text(), stderr);
		_exit(status);
	}
}

/* What it has said so far. */
static inline const char *said_now(struct said *s)
{
	ssize_t n = pread(s->fd, s->out, sizeof(s->out) - 1, 0);

	s->out[n < 0 ? 0 : n] = '\0';
	n = pread(s->err_fd, s->err, sizeof(s->err) - 1, 0);
	s->err[n < 0 ? 0 : n] = '\0';
	return s->out;
}

/* Its exit status; minus the signal that killed it. */
static inline int said_end(struct said *s)
{
	int status;

	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	said_now(s);
	close(s->fd);
	close(s->err_fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* All of it; @... are the words, the last of them NULL. */
#define said_all(s, fn, ...) \
	(said_begin((s), (fn), (char *[]){ __VA_ARGS__, NULL }), said_end(s))

/* Wait until it has said @text. */
static inline void said_await(struct said *s, const char *text)
{
	while (!strstr(said_now(s), text))
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

#define SERVED_TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, served_up, served_down)

#endif
