/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - what a boot test found, and how it is told: to people, as TAP, as
 * JUnit XML and as a page with pictures.
 *
 * Everything that comes from the guest is hostile text here: it is kept short
 * and escaped by whoever writes it.
 *
 * Units:   nanoseconds since the test began.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    as said below.
 * Threads: one at a time.
 */
#ifndef CMD_VERDICT_H
#define CMD_VERDICT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { VERDICT_TEXT_MAX = 512, VERDICT_TESTS_MAX = 64, VERDICT_TAIL = 40 };

enum test_state {
	TEST_WAITING, /* its turn did not come */
	TEST_RUNNING,
	TEST_OK,
	TEST_BAD,
	TEST_SKIPPED, /* it could not be told, or was not asked for: see why */
};

struct test_result {
	const char *name; /* one word, for --tests and programs; borrowed */
	const char *what; /* for people: "user space is reached"; borrowed */
	enum test_state state;
	unsigned boot; /* in which boot it ran, from 1; 0: in none */
	bool oops;     /* it failed for a fault of the kernel's own */
	uint64_t began_ns, took_ns;
	char why[VERDICT_TEXT_MAX]; /* what was seen; one line */
};

enum verdict_class {
	VERDICT_GOOD,
	VERDICT_BAD_TEST,    /* a test failed */
	VERDICT_WRONG_STEAL, /* of these one about stolen time */
	VERDICT_COMMAND,     /* of these a user's command alone */
	VERDICT_OOPS,	     /* the kernel went on after a fault of its own */
	VERDICT_PANIC,	     /* it did not */
	VERDICT_HANG,	     /* it did nothing more, with all the time it had */
	VERDICT_NO_OUTPUT,   /* and had never said a word */
	VERDICT_TIMEOUT,     /* --timeout */
	VERDICT_RESET,	     /* it reset unasked */
	VERDICT_OFF,	     /* it powered off unasked */
	VERDICT_NO_PVTIME,   /* stolen time is required and missing */
	VERDICT_NOT_STARTED, /* no machine or no kernel to start */
	VERDICT_INTERRUPTED, /* by a signal */
	VERDICT_FAILED,	     /* our error, or the host's */
};

struct verdict {
	/* what was tested; borrowed strings, "" where not known */
	const char *kernel, *params;
	unsigned nr_cpus;
	uint64_t ram_size;
	char release[128]; /* the kernel's own name for itself */
	char provider[16]; /* of stolen time */
	char host[128];	   /* the host's kernel */
	uint64_t wall_s;   /* when it began, since 1970 */

	struct test_result tests[VERDICT_TESTS_MAX];
	unsigned nr_tests;

	enum verdict_class class;
	char why[VERDICT_TEXT_MAX]; /* one line; "" where good */
	int signal;		    /* of VERDICT_INTERRUPTED */
	unsigned boots;		    /* kernels that began */
	uint64_t boot_ns; /* start to user space, first boot; 0: never */
	uint64_t took_ns;

	/* Of a hang: a line for each vCPU, where it is; owned, or NULL. */
	char *where;
	/* The console's last lines, newest last; owned, or NULL. */
	char *tail;
};

/* One word for programs, as "panic"; and the exit status, as in cmd.h. */
const char *verdict_word(enum verdict_class class);
int verdict_status(const struct verdict *v);

/*
 * A test's state once the run is over: one that ran then has failed by it, and
 * one that still waits has only where the verdict is not good.
 */
enum test_state verdict_state(const struct verdict *v,
			      const struct test_result *t);

/* What is to be said of @t then, as printable ASCII.  Returns @buf. */
const char *verdict_why(const struct verdict *v, const struct test_result *t,
			char buf[static VERDICT_TEXT_MAX]);

/* How many tests are in which of these states; and "12 ok, ... in 6.1 s". */
struct verdict_counts {
	unsigned ok, bad, skipped, not_run;
};

struct verdict_counts verdict_count(const struct verdict *v);
void verdict_counts_print(const struct verdict *v, FILE *out);

/* Fine on a zeroed *v, and twice. */
void verdict_fini(struct verdict *v);

#endif
