/* SPDX-License-Identifier: BSD-2-Clause */
#include "busy.h"

#include <linux/mman.h>
#include <linux/prctl.h>
#include <stdbool.h>

#include "channel.h"
#include "clock.h"
#include "sys.h"
#include "text.h"

/* The loops that begin, and as many that have not ended yet. */
enum { NR_CPUS = 512, NR_LOOPS = 2 * NR_CPUS, CPUS_A_WORD = 64 };

struct cpus {
	uint64_t word[NR_CPUS / CPUS_A_WORD];
};

static struct loop {
	int pid; /* 0: none */
	unsigned cpu;
	bool begins, ends;
	bool timed;
	uint64_t ns; /* if timed */
} loops[NR_LOOPS];

static volatile bool *on_cpu; /* of each loop: shared with them */
static uint64_t waiting;      /* request that is not answered; 0: none */

static bool has(const struct cpus *cpus, unsigned cpu)
{
	return cpus->word[cpu / CPUS_A_WORD] >> cpu % CPUS_A_WORD & 1;
}

static void add(struct cpus *cpus, unsigned cpu)
{
	cpus->word[cpu / CPUS_A_WORD] |= UINT64_C(1) << cpu % CPUS_A_WORD;
}

/* "0-2,5"; false: it is no such list. */
static bool parse(const char *list, struct cpus *ret_cpus)
{
	struct cpus cpus = { { 0 } };
	uint64_t first, last;

	do {
		if (!text_number(&list, 10, &first))
			return false;
		last = first;
		if (*list == '-') {
			list++;
			if (!text_number(&list, 10, &last))
				return false;
		}
		if (last < first || last >= NR_CPUS)
			return false;
		while (first <= last)
			add(&cpus, (unsigned)first++);
	} while (*list++ == ',');
	if (list[-1])
		return false;
	*ret_cpus = cpus;
	return true;
}

int busy_init(void)
{
	long at = sys(__NR_mmap, NULL, NR_LOOPS, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at < 0 && at >= -4095)
		return (int)at;
	on_cpu = (volatile bool *)at;
	return 0;
}

/* The child; it tells why it cannot by its exit status. */
static _Noreturn void loop(unsigned i, unsigned cpu, int parent)
{
	struct cpus only = { { 0 } };
	unsigned now;
	long rc;

	sys(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (sys(__NR_getppid) != parent)
		sys_exit(0);
	add(&only, cpu);
	rc = sys(__NR_sched_setaffinity, 0, sizeof(only), &only);
	if (rc < 0)
		sys_exit((int)-rc);
	if (sys(__NR_getcpu, &now) < 0 || now != cpu)
		sys_exit(EAGAIN);
	on_cpu[i] = true;
	sys(__NR_kill, parent, SIGCHLD); /* look! */
	for (;;)
		__asm__ volatile("");
}

static void keep_to(const struct cpus *cpus)
{
	sys(__NR_sched_setaffinity, 0, sizeof(*cpus), cpus);
}

static void keep_to_first(const struct cpus *cpus)
{
	struct cpus first = { { 0 } };
	unsigned cpu = 0;

	while (!has(cpus, cpu)) /* a list has at least one */
		cpu++;
	add(&first, cpu);
	keep_to(&first);
}

static void keep_to_none(void)
{
	struct cpus all;

	for (unsigned i = 0; i < NR_CPUS / CPUS_A_WORD; i++)
		all.word[i] = ~UINT64_C(0);
	keep_to(&all);
}

static void end_loops(void)
{
	for (struct loop *l = loops; l < loops + NR_LOOPS; l++) {
		if (l->pid && !l->ends)
			sys(__NR_kill, l->pid, SIGKILL);
		l->ends = true;
		l->begins = false;
	}
}

static int begin_loop(unsigned cpu)
{
	int parent = (int)sys(__NR_getpid), pid;
	unsigned i = 0;

	while (i < NR_LOOPS && loops[i].pid)
		i++;
	if (i == NR_LOOPS)
		return -EAGAIN; /* two of each that do not end */
	on_cpu[i] = false;
	pid = sys_fork();
	if (pid < 0)
		return pid;
	if (pid == 0)
		loop(i, cpu, parent);
	loops[i] = (struct loop){ .pid = pid, .cpu = cpu, .begins = true };
	return 0;
}

/* Request @nr is the one that waits. */
static void wait_for(uint64_t nr)
{
	if (waiting)
		answer_bad(waiting, "overtaken by %lu", nr);
	waiting = nr;
}

void busy_start(uint64_t nr, char *args)
{
	struct cpus cpus;
	int rc = 0;

	if (!parse(args, &cpus)) {
		answer_bad(nr, "no list of CPUs");
		return;
	}
	wait_for(nr);
	end_loops();
	for (unsigned cpu = 0; cpu < NR_CPUS && rc == 0; cpu++)
		if (has(&cpus, cpu))
			rc = begin_loop(cpu);
	if (rc == 0) {
		keep_to_first(&cpus);
	} else {
		end_loops();
		keep_to_none();
		waiting = 0;
		answer_error(nr, "fork", rc);
	}
}

void busy_rest(uint64_t nr, char *args)
{
	(void)args;
	wait_for(nr);
	end_loops();
	keep_to_none();
	busy_settle();
}

void busy_ended(int pid, int status)
{
	for (struct loop *l = loops; l < loops + NR_LOOPS; l++) {
		if (l->pid != pid)
			continue;
		l->pid = 0;
		if (l->begins && waiting) {
			answer_bad(waiting, "cpu %u: error %d", l->cpu,
				   status >> 8 & 0xff);
			waiting = 0;
			end_loops();
			keep_to_none();
		}
		return;
	}
}

void busy_settle(void)
{
	for (unsigned i = 0; waiting && i < NR_LOOPS; i++) {
		struct loop *l = &loops[i];

		if (l->pid && l->begins && on_cpu[i])
			l->begins = false;
		if (l->pid && (l->begins || l->ends))
			return;
	}
	if (waiting)
		answer_done(waiting);
	waiting = 0;
}

void busy_look(void)
{
	enum { CPU_TIME = 2 }; /* of a process, in the number of a clock */

	for (struct loop *l = loops; l < loops + NR_LOOPS; l++)
		l->timed = l->pid && !l->ends && !l->begins &&
			   clock_read((int)(~(unsigned)l->pid << 3 | CPU_TIME),
				      &l->ns);
}

void busy_tell(uint64_t nr)
{
	for (struct loop *l = loops; l < loops + NR_LOOPS; l++)
		if (l->timed)
			answer(nr, "busy%u %lu", l->cpu, l->ns);
}
