/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.c - a report made of invented figures, written by what writes the real
 * ones: something to look at where no guest can run.
 *
 * sample good|panic|many|empty - print the page to standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/report.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"

#define MS UINT64_C(1000000)

enum { STEP_MS = 20, END_MS = 6100, RIVAL_MS = 2400, RIVAL_END_MS = 4400 };

static struct verdict v = {
	.kernel = "/boot/vmlinuz-6.1.0-28-cloud-arm64",
	.params = "console=ttyAMA0 retain_initrd panic=-1 rdinit=/pvtime-init",
	.release = "6.1.0-28-cloud-arm64",
	.provider = "steady",
	.host = "Linux 6.12.6 aarch64",
	.ram_size = 1024 << 20,
	.wall_s = 1732297142,
	.boots = 2,
	.boot_ns = 812 * MS,
	.took_ns = END_MS * MS,
};

static struct timeline t;

static const struct {
	const char *name, *what, *why;
	unsigned began_ms, took_ms;
} tests[] = {
	{ "user-space", "user space is reached", "init spoke after 0.81 s", 0,
	  812 },
	{ "used", "the kernel log says that stolen time is used",
	  "arm-pv: using stolen time PV", 812, 3 },
	{ "records", "there is one record for each CPU", "4 of 4", 815, 2 },
	{ "cpus", "all CPUs come up", "4 of 4 are online", 820, 15 },
	{ "idle", "an idle guest is robbed of nothing",
	  "0.4 ms in 1.0 s on the worst CPU", 900, 1050 },
	{ "steal", "what is stolen is counted, and right",
	  "host 2.004 s, records 2.003 s, /proc/stat 2.00 s", 2350, 2100 },
	{ "offline", "a CPU goes off and on, and its stolen time stays",
	  "cpu3: 497 ms before, 497 ms after", 4500, 300 },
	{ "kexec", "a kernel started by another one has stolen time",
	  "CONFIG_KEXEC is not set", 0, 0 },
	{ "reboot", "after a reboot it is there again",
	  "records restarted, up again after 0.79 s", 4850, 800 },
	{ "log", "the kernel log has no warning, oops, lockup or stall",
	  "412 messages, none of them", 5700, 20 },
	{ "exec", "make <test> && echo \"done\"", "exit status 0: done", 5750,
	  330 },
};

static const struct {
	unsigned at_ms;
	enum timeline_kind kind;
	const char *text;
} marks[] = {
	{ 0, MARK_BOOT, "boot 1" },
	{ 31, MARK_CONSOLE, "Booting Linux on physical CPU 0x0000000000" },
	{ 96, MARK_CONSOLE, "arm-pv: using stolen time PV" },
	{ 180, MARK_CONSOLE, "smp: Brought up 1 node, 4 CPUs" },
	{ 520, MARK_CONSOLE, "Unpacking initramfs..." },
	{ 790, MARK_CONSOLE, "Run /pvtime-init as init process" },
	{ 4852, MARK_CONSOLE, "reboot: Restarting system" },
	{ 4860, MARK_BOOT, "boot 2" },
	{ 5650, MARK_CONSOLE, "Run /pvtime-init as init process" },
};

static void put_row(unsigned ms, unsigned nr_cpus)
{
	struct timeline_row *row = timeline_add(&t, ms * MS);
	unsigned robbed = ms < RIVAL_MS	      ? 0
			  : ms > RIVAL_END_MS ? RIVAL_END_MS - RIVAL_MS
					      : ms - RIVAL_MS;

	for (unsigned cpu = 0; row && cpu < nr_cpus; cpu++) {
		struct timeline_cpu *c = &row->cpu[cpu];
		uint64_t stolen = robbed * MS / (2 + cpu % 3) + ms * MS / 400;

		c->run_ns = ms * MS - stolen;
		c->wait_ns = stolen;
		c->exits = ms * (ms < 900 ? 9 : 2) + cpu * ms / 3 + robbed * 4 +
			   (ms % 160 ? 0 : 90);
		if (ms < 100)
			continue;
		c->record_ns = stolen - MS / 5;
		if (ms >= 820 && ms % 100 == 0)
			c->guest_ns = stolen / (10 * MS) * 10 * MS;
		if (ms > 4860)
			c->record_ns = (ms - 4860) * MS / 400;
		if (ms > 4860 && c->guest_ns != TIMELINE_NONE)
			c->guest_ns = 0;
	}
}

static void put_tests(unsigned end_ms)
{
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		struct test_result *r = &v.tests[v.nr_tests++];

		*r = (struct test_result){ .name = tests[i].name,
					   .what = tests[i].what,
					   .began_ns = tests[i].began_ms * MS,
					   .boot = tests[i].began_ms > 4800
							   ? 2
							   : 1 };
		if (tests[i].took_ms == 0)
			r->state = TEST_SKIPPED;
		else if (tests[i].began_ms > end_ms)
			r->state = TEST_WAITING;
		else if (tests[i].began_ms + tests[i].took_ms > end_ms)
			r->state = TEST_RUNNING;
		else
			r->state = TEST_OK;
		if (r->state == TEST_OK || r->state == TEST_SKIPPED)
			strcpy(r->why, tests[i].why);
		if (r->state == TEST_OK)
			r->took_ns = tests[i].took_ms * MS;
		if (r->state == TEST_RUNNING)
			r->took_ns = (end_ms - tests[i].began_ms) * MS;
		if (r->took_ns > 0)
			timeline_mark(&t, MARK_TEST, r->began_ns,
				      r->began_ns + r->took_ns, r->name);
	}
}

static void die_early(unsigned end_ms)
{
	v.class = VERDICT_PANIC;
	v.boots = 1;
	v.took_ns = end_ms * MS;
	strcpy(v.why, "Kernel panic - not syncing: Attempted to kill init! "
		      "exitcode=0x0000000b");
	timeline_mark(&t, MARK_TROUBLE, end_ms * MS, 0, v.why);
	v.where = strdup("vCPU 0 at ffffffc008c4a1b0 panic+0x31c\n"
			 "vCPU 1 at ffffffc008c5f4a8 cpu_do_idle+0x8\n"
			 "vCPU 2 at ffffffc008c5f4a8 cpu_do_idle+0x8\n"
			 "vCPU 3 at ffffffc008c5f4a8 cpu_do_idle+0x8\n");
}

int main(int argc, char **argv)
{
	const char *kind = argc == 2 ? argv[1] : "good";
	unsigned end_ms = strcmp(kind, "panic") == 0 ? 3100 : END_MS;
	int rc;

	v.nr_cpus = strcmp(kind, "many") == 0 ? 512 : 4;
	if (timeline_init(&t, v.nr_cpus, STEP_MS * MS) < 0)
		return 1;
	v.tail = strdup("[    0.790214] Run /pvtime-init as init process\n"
			"[    0.812001] \033[1;31mpvtime-init\033[0m: hello, "
			"<b>r\303\244tsel</b> & \377\376\n"
			"[    3.100414] a line that is so long that no page "
			"shows it whole, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
	if (strcmp(kind, "empty") == 0) {
		v.class = VERDICT_NO_OUTPUT;
		strcpy(v.why, "the guest never said a word in 10.0 s");
		goto print;
	}
	for (unsigned ms = 0; ms <= end_ms; ms += STEP_MS)
		put_row(ms, v.nr_cpus);
	for (unsigned i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (marks[i].at_ms < end_ms)
			timeline_mark(&t, marks[i].kind, marks[i].at_ms * MS, 0,
				      marks[i].text);
	timeline_mark(&t, MARK_RIVAL, RIVAL_MS * MS,
		      (end_ms < RIVAL_END_MS ? end_ms : RIVAL_END_MS) * MS,
		      "3 rivals on each CPU");
	put_tests(end_ms);
	if (end_ms < END_MS)
		die_early(end_ms);
print:
	rc = report_page(&v, &t, stdout);
	timeline_fini(&t);
	verdict_fini(&v);
	return rc < 0;
}
