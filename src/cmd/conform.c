/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/conform.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/guests.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/save.h"
#include "util/util.h"
#include "vm/vm.h"

enum { CPUS = 2, LIMIT_S = 60 };

/* What the guest's process tells us besides its console. */
struct told {
	int rc; /* why there was no machine, or it failed */
	char provider[16];
	char words[ERR_TEXT_MAX];
};

/* The lowest CPU we may use, for all threads to come. */
static int stay_on_one_cpu(void)
{
	cpu_set_t cpus, one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return err_set(errno, "CPUs of this process");
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &cpus))
			continue;
		CPU_SET(i, &one);
		break;
	}
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		return err_set(errno, "stay on one CPU");
	return 0;
}

/* The image as a file, by a path that lives as long as the descriptor. */
static int image_file(char path[static 32])
{
	int fd = memfd_create("conformance", MFD_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(errno, "conformance guest");
	rc = save_all(fd, guest_conformance, guest_conformance_size);
	if (rc < 0) {
		close(fd);
		return err_in(rc, "conformance guest");
	}
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static int run_guest(const char *provider, struct told *told)
{
	char path[32];
	const struct vm_config config = {
		.kernel = path,
		.params = "reset shared",
		.nr_cpus = CPUS,
		.ram_size = 64 * MIB,
		.pvtime = provider,
		.timeout_ns = LIMIT_S * UINT64_C(1000000000),
	};
	enum vm_end end;
	struct vm *vm;
	int rc = image_file(path);

	if (rc >= 0)
		rc = stay_on_one_cpu();
	if (rc == 0)
		rc = vm_new(&config, &vm);
	if (rc < 0) {
		told->rc = rc;
		return rc;
	}
	snprintf(told->provider, sizeof(told->provider), "%s", vm_provider(vm));
	end = vm_run(vm);
	if (end == VM_FAILED)
		return told->rc = -EIO; /* worded */
	if (end == VM_TIMEOUT)
		return err_say(ETIMEDOUT, "the guest did not end within %d s",
			       LIMIT_S);
	if (end == VM_SIGNALLED)
		return err_say(EINTR, "ended by signal %d", vm_signal(vm));
	return end == VM_OFF ? 0 : -EIO; /* worded */
}

static _Noreturn void child(int out, pid_t parent, const char *provider,
			    struct told *told)
{
	int in = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it is gone already */
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	log_set_level(LOG_ERROR);
	if (run_guest(provider, told) < 0)
		err_copy(told->words);
	_exit(0);
}

static int read_console(int fd, struct tap *tap)
{
	char buf[4096];
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n > 0)
			rc = tap_feed(tap, buf, (size_t)n);
		else if (errno != EINTR)
			rc = err_set(errno, "the guest's console");
	}
	return rc;
}

static int start(const char *provider, struct told *told, pid_t *ret_pid)
{
	pid_t self = getpid();
	int ends[2];

	signal(SIGCHLD,
	       SIG_DFL); /* ignored, it would take the child's status */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(errno, "pipe");
	*ret_pid = fork();
	if (*ret_pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_set(errno, "a process for the guest");
	}
	if (*ret_pid == 0)
		child(ends[1], self, provider, told);
	close(ends[1]);
	return ends[0];
}

int conform_run(const char *provider, struct conform *ret)
{
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t began = clock_mono_ns();
	int fd, status = 0, rc;
	pid_t pid = 0;

	*ret = (struct conform){ 0 };
	if (told == MAP_FAILED)
		return err_set(errno, "conformance guest");
	fd = start(provider, told, &pid);
	if (fd < 0) {
		rc = fd;
		goto out_unmap;
	}
	rc = read_console(fd, &ret->tap);
	close(fd); /* where we gave up: its console ends, and so does it */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	ret->took_ns = clock_mono_ns() - began;
	memcpy(ret->provider, told->provider, sizeof(ret->provider));
	memcpy(ret->words, told->words, sizeof(ret->words));
	ret->ran = told->rc == 0;
	if (rc == 0 && !ret->ran && told->rc != -ENXIO) {
		rc = told->rc;
		err_adopt(told->words);
	}
	if (rc < 0)
		conform_fini(ret);
	else if (WIFSIGNALED(status))
		snprintf(ret->words, sizeof(ret->words),
			 "the VMM was killed by signal %d", WTERMSIG(status));
	else if (ret->tap.bail[0])
		memcpy(ret->words, ret->tap.bail, sizeof(ret->tap.bail));
	else if (!ret->words[0] && !tap_is_complete(&ret->tap))
		snprintf(ret->words, sizeof(ret->words),
			 "the guest ended after %u checks, before the last",
			 ret->tap.nr);
out_unmap:
	munmap(told, sizeof(*told));
	return err_in(rc, "conformance guest");
}

bool conform_is_good(const struct conform *c)
{
	return !c->words[0] && tap_is_good(&c->tap);
}

const char *conform_not_seen(const struct conform *c)
{
	for (unsigned i = 0; i < c->tap.nr; i++) {
		const struct tap_check *k = &c->tap.checks[i];

		/* What it saw may follow. */
		if (strncmp(k->name, GUEST_GROWTH, strlen(GUEST_GROWTH)) == 0)
			return k->skipped ? k->why : NULL;
	}
	return "the guest does not check it";
}

void conform_fini(struct conform *c)
{
	tap_fini(&c->tap);
}
