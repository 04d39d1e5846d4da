/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/judge.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cmd/ends.h"
#include "cmd/hang.h"
#include "cmd/kernel_log.h"
#include "cmd/progress.h"
#include "cmd/tests.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "dev/uart.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/loop.h"

#define MS UINT64_C(1000000)

enum {
	STEP_MS = 100, /* of samples, and of everything that is looked at */
	/* A panicked kernel has said all after, and is listened to at most. */
	LAST_WORDS_MS = 500,
	LAST_WORDS_MOST_MS = 30000,
	/* How often a guest that works on something is asked whether it lives. */
	PING_MS = 1000,
	/* A console is silent after, and is waited for at most. */
	QUIET_MS = 300,
	QUIET_MOST_MS = 10000,
};

uint64_t judge_now(const struct judge *j)
{
	return clock_mono_ns() - j->began_ns;
}

/* -- the end -- */

void judge_end(struct judge *j, int class, const char *fmt, ...)
{
	va_list ap;

	if (j->over)
		return;
	j->over = true;
	j->v->class = (enum verdict_class) class;
	va_start(ap, fmt);
	vsnprintf(j->v->why, sizeof(j->v->why), fmt, ap);
	va_end(ap);
	timeline_mark(j->timeline, MARK_TROUBLE, judge_now(j), judge_now(j),
		      j->v->why);
}

/* -- what main does for us -- */

static void grant(void *ctx, short revents)
{
	struct judge *j = ctx;
	uint64_t n;

	(void)revents;
	if (read(j->wish_fd, &n, sizeof(n)) < 0)
		return;
	switch (atomic_exchange(&j->wish, WISH_NOTHING)) {
	case WISH_NOTHING:
		return;
	case WISH_LOOK:
		j->wish_rc = vm_look(j->vm, j->places);
		break;
	case WISH_RESTART:
		j->wish_rc = vm_restart(j->vm);
		break;
	case WISH_STOP:
		vm_stop(j->vm);
		break;
	}
	inbox_done(j->in);
}

/* Ask main, and wait until it is done or the run has ended. */
static int wish(struct judge *j, enum judge_wish what)
{
	unsigned done = j->view.done;
	uint64_t one = 1;

	j->wish_rc = -ECANCELED;
	atomic_store(&j->wish, what);
	if (write(j->wish_fd, &one, sizeof(one)) < 0)
		return err_set(errno, "eventfd");
	while (j->view.done == done && j->view.end == VM_NONE)
		inbox_wait(j->in, clock_mono_ns() + STEP_MS * MS, &j->view);
	return j->wish_rc;
}

/* -- what the guest says -- */

static void said(struct judge *j, const struct agent_line *line)
{
	switch (line->word) {
	case AGENT_HELLO:
		j->hellos++;
		snprintf(j->v->release, sizeof(j->v->release), "%s",
			 line->text);
		break;
	case AGENT_OTHER:
		judge_end(j, VERDICT_FAILED,
			  "the guest's init speaks protocol '%s'", line->text);
		break;
	default:
		if (line->word != AGENT_NOISE &&
		    line->number >= j->answer.number &&
		    line->number <= j->asked)
			j->answered_ns = j->own_total_ns;
		if (agent_answer(&j->answer, line) < 0)
			judge_end(j, VERDICT_FAILED, "%s", err_text());
	}
}

static void hear(struct judge *j)
{
	char buf[512];
	struct agent_line line;
	size_t n;

	while ((n = inbox_take(j->in, buf, sizeof(buf))) > 0)
		for (size_t i = 0; i < n; i++)
			if (agent_feed(&j->agent, buf[i], &line))
				said(j, &line);
	if (j->view.overrun)
		judge_end(j, VERDICT_FAILED,
			  "the guest floods the channel to its init");
}

/* What is left to be said to the guest, as far as its UART takes it. */
static void speak(struct judge *j)
{
	size_t n;

	if (j->out_len == 0 || !inbox_use_room(j->in))
		return;
	n = uart_receive(vm_serial(j->vm, 1), (uint8_t *)j->out, j->out_len);
	j->out_len -= n;
	memmove(j->out, j->out + n, j->out_len);
	if (j->out_len == 0)
		inbox_keep_room(j->in);
}

static void read_console(struct judge *j)
{
	struct inbox_line line;

	for (; j->nr_lines < j->view.nr_lines; j->nr_lines++) {
		uint64_t t;
		enum trouble kind;

		if (!inbox_line(j->in, j->nr_lines, &line))
			continue; /* it came too fast; the log has it */
		t = line.t_ns - j->began_ns;
		kind = trouble_in(line.text);
		if (kind != TROUBLE_NONE)
			timeline_mark(j->timeline, MARK_TROUBLE, t, t,
				      line.text);
		else if (kernel_log_milestone(line.text))
			timeline_mark(j->timeline, MARK_CONSOLE, t, t,
				      line.text);
	}
	if (!j->panic_ns && inbox_trouble(j->in, TROUBLE_PANIC, &line))
		j->panic_ns = clock_mono_ns();
}

/* -- one step -- */

static void show(struct judge *j)
{
	struct inbox_line line = { 0 };

	progress_now(j->progress, j->doing, ends_last_line(j, &line),
		     judge_now(j));
}

/* The guest gives no sign of life any more. */
static void lost(struct judge *j)
{
	if (j->signs == 0 && !j->early) {
		j->early = true;
		j->own_ns = 0;
		j->doing = "the boot with earlycon";
		j->plan->config->params = j->plan->params_early;
		wish(j, WISH_RESTART); /* where it fails, the run ends */
		return;
	}
	if (wish(j, WISH_LOOK) != -ECANCELED)
		hang_end(j);
}

/*
 * Wait until something happens, at most until @until, and take note of all that
 * did.
 */
static int turn(struct judge *j, uint64_t until)
{
	uint64_t now = clock_mono_ns();
	uint64_t step = now + STEP_MS * MS;
	uint64_t bytes = j->view.console_bytes;

	speak(j);
	inbox_wait(j->in, until < step ? until : step, &j->view);
	hear(j);
	read_console(j);
	now = clock_mono_ns();
	if (j->view.console_bytes != bytes)
		j->console_ns = now;
	if (now - j->sampled_ns >= STEP_MS * MS) {
		hang_watch(j, now);
		show(j);
	}
	if (j->view.end != VM_NONE)
		ends_by_itself(j);
	else if (j->panic_ns)
		ends_by_panic(j);
	else if (hang_is(j))
		lost(j);
	return j->over || j->view.end != VM_NONE ? -ECANCELED : 0;
}

int judge_sleep(struct judge *j, uint64_t ns)
{
	uint64_t until = clock_mono_ns() + ns;
	int rc = 0;

	while (rc == 0 && clock_mono_ns() < until) {
		rc = turn(j, until);
		j->own_ns = 0; /* nothing is wanted of it */
	}
	return rc;
}

int judge_await_quiet(struct judge *j)
{
	uint64_t now = clock_mono_ns(), until = now + QUIET_MOST_MS * MS;
	int rc = 0;

	while (rc == 0 && now < until && now - j->console_ns < QUIET_MS * MS) {
		rc = turn(j, j->console_ns + QUIET_MS * MS);
		now = clock_mono_ns();
	}
	return rc;
}

/* -- ask and answer -- */

static int request(struct judge *j, const char *words)
{
	char line[AGENT_ASK_MAX];
	int len = agent_request(line, ++j->asked, words);
	size_t at = 0;

	if (len < 0)
		return len;
	/*
	 * Nothing waits there but a ping that nobody took: it is overtaken, but
	 * what the UART has of it must not become the request's beginning.
	 */
	if (j->out_len > 0)
		j->out[at++] = '\n';
	memcpy(j->out + at, line, (size_t)len);
	j->out_len = at + (size_t)len;
	return 0;
}

static int await_answer(struct judge *j, bool ping)
{
	uint64_t next = clock_mono_ns() + PING_MS * MS;
	int rc = 0;

	while (rc == 0 && !j->answer.done) {
		rc = turn(j, ping ? next : UINT64_MAX);
		if (rc == 0 && hang_is_mute(j)) {
			lost(j);
			rc = j->over ? -ECANCELED : 0;
		}
		if (!ping || clock_mono_ns() < next)
			continue;
		next = clock_mono_ns() + PING_MS * MS;
		if (j->out_len == 0)
			rc = rc < 0 ? rc : request(j, "ping");
	}
	/* It may have come together with the end, which may be as it should. */
	if (j->over || !j->answer.done)
		return rc;
	return j->answer.ok ? 0 : 1;
}

static int ask(struct judge *j, bool ping, const char *fmt, va_list ap)
{
	char words[AGENT_ASK_MAX];
	int rc;

	if (j->over)
		return -ECANCELED;
	vsnprintf(words, sizeof(words), fmt, ap);
	rc = request(j, words);
	if (rc < 0) {
		judge_end(j, VERDICT_FAILED, "%s", err_text());
		return -ECANCELED;
	}
	agent_expect(&j->answer, j->asked);
	j->answered_ns = j->own_total_ns;
	return await_answer(j, ping);
}

int judge_ask(struct judge *j, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = ask(j, false, fmt, ap);
	va_end(ap);
	return rc;
}

int judge_ask_long(struct judge *j, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = ask(j, true, fmt, ap);
	va_end(ap);
	return rc;
}

/* -- boots -- */

int judge_await_boot(struct judge *j, uint64_t *ret_ns)
{
	uint64_t began = judge_now(j);
	int rc = 0;

	timeline_mark(j->timeline, MARK_BOOT, began, began, "boot");
	j->v->boots = ++j->boot;
	while (rc == 0 && j->hellos < j->boot)
		rc = turn(j, UINT64_MAX);
	*ret_ns = judge_now(j) - began;
	return rc;
}

void judge_forget(struct judge *j)
{
	j->out_len = 0;
	j->log_len = 0;
}

int judge_reboot(struct judge *j, const char *params, bool by_guest)
{
	unsigned resets = j->view.resets;
	int rc = 0;

	j->plan->config->params = params;
	if (by_guest) {
		inbox_allow_reset(j->in, true);
		rc = judge_ask(j, "reboot");
		while (rc == 0 && j->view.resets == resets)
			rc = turn(j, UINT64_MAX);
		inbox_allow_reset(j->in, false);
	}
	if (!by_guest && wish(j, WISH_RESTART) < 0)
		return judge_await_end(j); /* for that reason */
	hear(j);			   /* what the old kernel had said */
	if (rc == 0)
		judge_forget(j);
	return rc < 0 ? -ECANCELED : rc;
}

int judge_await_end(struct judge *j)
{
	int rc = 0;

	while (rc == 0)
		rc = turn(j, UINT64_MAX);
	return rc;
}

/* -- the thread -- */

/* The verdict on a kernel that panics is told at once; its last words follow. */
static void hear_out(struct judge *j)
{
	uint64_t until = j->panic_ns + LAST_WORDS_MOST_MS * MS;
	uint64_t now = clock_mono_ns();

	j->own_ns = 0;
	while (j->view.end == VM_NONE && now < until &&
	       j->own_ns < LAST_WORDS_MS * MS) {
		inbox_wait(j->in, now + STEP_MS * MS, &j->view);
		read_console(j);
		now = clock_mono_ns();
		if (now - j->sampled_ns >= STEP_MS * MS)
			hang_watch(j, now);
	}
}

static void *judge_main(void *arg)
{
	struct judge *j = arg;

	prctl(PR_SET_NAME, "judge");
	tests_run(j);
	rivals_fini(&j->rivals);
	if (j->panic_ns)
		hear_out(j);
	if (!j->over)
		tests_conclude(j->v);
	j->v->took_ns = judge_now(j);
	if (j->view.end == VM_NONE)
		wish(j, WISH_STOP);
	return NULL;
}

static int make(struct judge *j)
{
	unsigned n = vm_nr_cpus(j->vm);
	int rc = rivals_init(&j->rivals, j->vm);

	if (rc < 0)
		return rc;
	j->waits = calloc(n, sizeof(*j->waits));
	j->places = calloc(n, sizeof(*j->places));
	j->guest_ns = malloc(n * sizeof(*j->guest_ns));
	if (!j->waits || !j->places || !j->guest_ns)
		return err_set(ENOMEM, "judge of %u vCPUs", n);
	for (unsigned i = 0; i < n; i++)
		j->guest_ns[i] = TIMELINE_NONE;
	j->wish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->wish_fd < 0)
		return err_set(errno, "eventfd");
	return loop_add(vm_loop(j->vm), j->wish_fd, POLLIN, grant, j);
}

static void unmake(struct judge *j)
{
	rivals_fini(&j->rivals);
	if (j->wish_fd >= 0) {
		loop_del(vm_loop(j->vm), j->wish_fd);
		close(j->wish_fd);
	}
	free(j->waits);
	free(j->places);
	free(j->guest_ns);
	free(j->contention);
	free(j->log);
	agent_forget(&j->answer);
}

int judge_start(struct judge *j)
{
	sigset_t all, old;
	int rc;

	j->wish_fd = -1;
	j->doing = "boot";
	j->began_ns = j->sampled_ns = clock_mono_ns();
	agent_init(&j->agent);
	rc = make(j);
	if (rc == 0) {
		/* They are the main thread's. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		rc = pthread_create(&j->thread, NULL, judge_main, j);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		if (rc > 0)
			rc = err_set(rc, "thread of the judge");
	}
	if (rc < 0)
		unmake(j);
	return rc;
}

void judge_join(struct judge *j, enum vm_end end)
{
	inbox_end(j->in, end);
	pthread_join(j->thread, NULL);
	unmake(j);
}
