/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge.h - sits over a guest: asks it, waits for it, sees when it is lost.
 *
 * The judge is a thread of its own, so that a test is written from top to bottom
 * as a person would do it: ask, wait, look, compare.  The main thread runs the
 * machine meanwhile; what must be done there is passed on to it.
 *
 * When is a guest lost?  It is given a time without a sign of life (a byte on
 * the console or on the channel).  Of that time only what was its own counts:
 * while the host lets a vCPU wait, the clock goes as much slower as the vCPU
 * that waits most.  So a busy host makes a test longer and never makes a
 * working guest look hung.
 *
 * A kernel that hangs without a word is started once more, with an early console:
 * that is slow, but what it dies of before it has its real one is seen then.
 *
 * Every function that waits returns -ECANCELED once it is over: the guest has
 * ended or is lost, and the verdict says why.  The caller returns at once then.
 *
 * Units:   nanoseconds of clock_mono_ns().
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the thread, and what it has gathered.
 * Threads: judge_start() and judge_join(): main; the rest: the judge's own.
 */
#ifndef CMD_JUDGE_H
#define CMD_JUDGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/agent.h"
#include "ctl/inbox.h"
#include "vm/rivals.h"
#include "vm/vm.h"

struct contention;
struct progress;
struct symbols;
struct timeline;
struct verdict;

enum { JUDGE_COMMANDS_MAX = 16 };

/* What is to be done; borrowed, as are its strings. */
struct judge_plan {
	struct vm_config *config;  /* params change from boot to boot */
	const char *params_early;  /* of a boot with an early console */
	const char *params_no_acc; /* of a boot with no-steal-acc */
	bool reboot_no_acc;	   /* the reboot that is tested is such a one */
	const char *init;	   /* what becomes process 1 at last; or NULL */
	const char *kexec_path;	   /* the kernel's in the guest */
	uint64_t hang_ns;	   /* 0: never */
	const struct symbols *symbols; /* NULL: none */
};

/* What main is asked to do; see judge.c. */
enum judge_wish { WISH_NOTHING, WISH_LOOK, WISH_RESTART, WISH_STOP };

struct judge {
	struct vm *vm;
	struct inbox *in;
	struct verdict *v;
	struct timeline *timeline;
	struct progress *progress;
	const struct judge_plan *plan;

	pthread_t thread;
	int wish_fd; /* eventfd; owned */
	_Atomic enum judge_wish wish;
	int wish_rc;
	struct vm_place *places; /* owned; of WISH_LOOK */

	struct inbox_view view;
	struct agent agent;
	struct agent_answer answer;
	unsigned asked;		     /* number of the latest request */
	char out[AGENT_ASK_MAX + 1]; /* of it, what the UART has not taken */
	size_t out_len;
	unsigned hellos;
	unsigned boot; /* in which boot we are, from 1 */
	struct rivals rivals;
	const char *doing; /* for the line at the bottom */
	char *log;	   /* owned; the kernel's, as far as we have it */
	size_t log_len;
	bool may_off;	    /* the guest was told to power off */
	bool no_acc;	    /* this boot is with no-steal-acc */
	uint64_t *guest_ns; /* owned; stolen, by /proc/stat; or NONE */

	uint64_t began_ns;
	uint64_t nr_lines;   /* of the console, seen */
	uint64_t console_ns; /* when its last byte was noticed */
	uint64_t panic_ns;   /* when it panicked; 0: it has not */
	uint64_t sampled_ns;
	uint64_t *waits; /* owned; of each vCPU, when last sampled */
	uint64_t own_ns; /* the guest's own time since its last sign of life */
	uint64_t signs;	 /* of life, as last seen */
	uint64_t own_total_ns; /* the guest's own time, since it began */
	uint64_t answered_ns;  /* of it, when its init last answered */
	struct contention *contention; /* owned; of tests_steal.c */
	bool early;		       /* this boot is with an early console */
	bool over;
};

/* Begin; the machine does not run yet.  All of @j's borrowed fields are set. */
int judge_start(struct judge *j);

/* The run has ended with @end; wait for the thread.  *j->v is complete. */
void judge_join(struct judge *j, enum vm_end end);

/* -- for tests: see tests.h -- */

/* Nanoseconds since the test began. */
uint64_t judge_now(const struct judge *j);

/* Wait for @ns, with all that happens meanwhile. */
int judge_sleep(struct judge *j, uint64_t ns);

/* Wait until the console has been silent for a moment, but not for ever. */
int judge_await_quiet(struct judge *j);

/*
 * Ask the guest and wait for its answer, in j->answer.  1: it could not do it;
 * answer.text says why.
 */
int judge_ask(struct judge *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The same for what takes the guest as long as it takes: as long as it answers
 * in between it is alive.
 */
int judge_ask_long(struct judge *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Wait for the next kernel to reach user space; *ret_ns: how long that took. */
int judge_await_boot(struct judge *j, uint64_t *ret_ns);

/*
 * Let the guest boot anew with @params.  @by_guest: it is asked to; else, and
 * where it cannot, the machine is reset as by its button.
 */
int judge_reboot(struct judge *j, const char *params, bool by_guest);

/* A new kernel is about to come: what was asked of the old one is void. */
void judge_forget(struct judge *j);

/* Wait for the end of the run, which may come now. */
int judge_await_end(struct judge *j);

/* It is over: @class is an enum verdict_class.  The first call counts. */
void judge_end(struct judge *j, int class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
