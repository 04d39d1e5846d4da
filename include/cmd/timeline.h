/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeline.h - what happened to a guest's vCPUs, and when.
 *
 * Rows of samples, one every step, and marks beside them: lines of the console,
 * tests, boots.  A run may be long: when there are TIMELINE_ROWS rows every
 * other one is dropped and the step doubles.
 *
 * Units:   nanoseconds since the run began; totals since each vCPU began.
 * Errors:  0 or -ENOMEM, worded.
 * Owns:    its rows and the texts of its marks.
 * Threads: one at a time.
 */
#ifndef CMD_TIMELINE_H
#define CMD_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

enum { TIMELINE_ROWS = 4096, TIMELINE_MARKS = 256 };

/* Where a figure is not known. */
#define TIMELINE_NONE UINT64_MAX

struct timeline_cpu {
	uint64_t run_ns;  /* on a CPU, by the host's scheduler */
	uint64_t wait_ns; /* stolen, by the host's scheduler */
	uint64_t
		record_ns; /* stolen, by its record; a new kernel restarts it */
	uint64_t guest_ns; /* stolen, by /proc/stat; a new kernel restarts it */
	uint64_t exits;	   /* from the guest to the host */
};

struct timeline_row {
	uint64_t t_ns;
	struct timeline_cpu cpu[]; /* nr_cpus of them */
};

enum timeline_kind {
	MARK_CONSOLE, /* a line that tells how far the guest is */
	MARK_BOOT,    /* a kernel began */
	MARK_TEST,    /* from t_ns to end_ns */
	MARK_RIVAL,   /* the host was made to steal, from t_ns to end_ns */
	MARK_TROUBLE, /* a panic, an oops, a hang */
};

struct timeline_mark {
	enum timeline_kind kind;
	uint64_t t_ns, end_ns; /* equal where it has no length */
	char *text;	       /* owned; printable ASCII */
};

struct timeline {
	unsigned nr_cpus;
	uint64_t step_ns;
	unsigned nr_rows, nr_marks;
	char *rows; /* owned; by timeline_row() */
	struct timeline_mark marks[TIMELINE_MARKS];
};

int timeline_init(struct timeline *t, unsigned nr_cpus, uint64_t step_ns);

/* Row @i, oldest first. */
struct timeline_row *timeline_row(const struct timeline *t, unsigned i);

/*
 * A new row for time @t_ns, all of it TIMELINE_NONE; NULL while the latest is
 * younger than the step.
 */
struct timeline_row *timeline_add(struct timeline *t, uint64_t t_ns);

/*
 * A mark from @t_ns to @end_ns; its index, or -1 where there are enough marks
 * already: of the console at most half, and the last places are for boots and
 * trouble.  What is not printable ASCII in @text becomes a dot, what is long is
 * cut.
 */
int timeline_mark(struct timeline *t, enum timeline_kind kind, uint64_t t_ns,
		  uint64_t end_ns, const char *text);

/* Fine on a zeroed *t, and twice. */
void timeline_fini(struct timeline *t);

#endif
