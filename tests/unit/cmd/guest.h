/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h - a guest under test, for tests of who judges it: guest/init's part
 * of the talk, played by vCPU 0 of a machine on the fake KVM, register by
 * register of its two serial lines.
 *
 * Its host steals as much as it is told to: steal_read() is ours.  So what the
 * scheduler, the records and /proc/stat say is made up, and agrees unless a test
 * wants it otherwise.
 */
#ifndef GUEST_H
#define GUEST_H

#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "cmd/contention.h"
#include "cmd/judge.h"
#include "cmd/progress.h"
#include "cmd/tests.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "mach/layout.h"
#include "pvtime/steal.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/vm.h"

#define MS UINT64_C(1000000)

enum {
	UARTDR = 0x00,
	UARTFR = 0x18,
	UARTLCR_H = 0x2c,
	UARTIMSC = 0x38,
	FR_RXFE = 1 << 4,
	GUEST_CPUS = 4,
	GUEST_OUT = 1 << 16,
	GUEST_KERNEL = 70000,
};

enum guest_phase {
	PHASE_NEW,
	PHASE_ENABLE,
	PHASE_OTHER,
	PHASE_LOOK,
	PHASE_TAKE,
	PHASE_WAIT
};

static struct {
	/* What is special about it; all zero: it is good. */
	void (*boots)(void); /* instead of guest_boots() */
	/* Instead of its answer to @words: true. */
	bool (*asked)(unsigned nr, const char *words);
	double miscounts;  /* so much of what is stolen /proc/stat leaves out */
	double mischarges; /* so much of it tasks are charged for */
	double kernel_takes; /* so much of what its CPUs run, not tasks */
	double misrecords;   /* so much of it its records leave out */
	uint64_t idle_ns;    /* so much it counts whenever it is looked at */
	bool forgets;	     /* CPU 1 begins anew when it was off */
	bool starves;	     /* its host runs nothing but others */
	bool undisturbed;    /* its host cannot be made to steal */
	bool scribbles;	     /* into its records */
	bool spares_always;  /* tasks, with no-steal-acc too */

	/* Where it is. */
	unsigned inits, nr_boots;
	enum guest_phase phase;
	bool hung;
	uint16_t out[GUEST_OUT]; /* bytes; 0x100: on the channel */
	size_t out_at, out_len;
	struct fake_step then; /* when all that is out; len 1: there is one */
	unsigned then_ms;      /* after so long */
	char line[2 * AGENT_ASK_MAX];
	size_t line_len;
	unsigned asked_for_log;

	/* What was stolen of it. */
	pthread_mutex_t lock;
	bool busy;
	uint64_t since_ns;    /* it is so */
	unsigned busy_looks;  /* since then */
	uint64_t contends_ns; /* its host does since then; 0: not yet */
	uint64_t stolen_ns[GUEST_CPUS]; /* before */
	uint64_t booted_ns[GUEST_CPUS]; /* and of this when it booted */
	uint64_t off_ns;		/* and when CPU 1 went off */
	uint64_t looks;

	/* Of its judge, which asks for what was stolen now and then. */
	atomic_bool holds_judge; /* then it is kept for a while */
	atomic_bool has_judge;	 /* it is, now */
	uint64_t judge_cpu_ns;
} guest;

static struct {
	struct left before;
	uint8_t kernel[GUEST_KERNEL];
	char kernel_path[32];
	int kernel_fd;
	struct vm_config config;
	struct judge_plan plan;
	const char *commands[4];
	unsigned nr_commands;

	struct vm *vm;
	struct inbox inbox;
	struct timeline timeline;
	struct progress progress;
	struct verdict v;
	struct judge j;
	FILE *out;
	enum vm_end end;
} rig;

static inline void guest_sleep(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000,
				      .tv_nsec = (long)(ms % 1000 * MS) },
		  NULL);
}

/*
 * Go on when the judge will not look for a while: so it sees all that happens
 * meanwhile at once, as one who has to wait for a CPU.
 */
static inline void guest_hold_judge(void)
{
	atomic_store(&guest.holds_judge, true);
	while (!atomic_load(&guest.has_judge))
		guest_sleep(1);
}

/* -- what is stolen -- */

/*
 * Half of the time since it was looked at twice while it is busy, up to a point;
 * of each CPU another part.
 */
static inline uint64_t guest_stolen(unsigned cpu, uint64_t now)
{
	uint64_t more = guest.contends_ns ? (now - guest.contends_ns) / 2 : 0;

	if (guest.starves)
		return now;
	if (guest.undisturbed)
		return 0;
	more = more < 300 * MS ? more : 300 * MS;
	return guest.stolen_ns[cpu] + more / (cpu + 1);
}

static inline uint64_t guest_part(uint64_t ns, double left_out)
{
	return ns - (uint64_t)((double)ns * left_out);
}

/* In place of src/pvtime/steal.c; KVM's part of the records, too. */
int steal_read(pid_t tid, struct steal_times *ret)
{
	uint8_t *records = fake_kvm.slots[SLOT_PVTIME].host;
	uint64_t ns, record;
	struct timespec ts;
	unsigned cpu = 0;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	guest.judge_cpu_ns =
		(uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
	if (atomic_load(&guest.holds_judge)) {
		atomic_store(&guest.has_judge, true);
		guest_sleep(200);
		atomic_store(&guest.holds_judge, false);
	}
	*ret = (struct steal_times){ 0 };
	while (cpu < GUEST_CPUS && fake_kvm.cpus[cpu].tid != tid)
		cpu++;
	if (cpu == GUEST_CPUS)
		return 0;
	pthread_mutex_lock(&guest.lock);
	ns = guest_stolen(cpu, clock_mono_ns());
	record = guest_part(ns, guest.misrecords);
	if (fake_kvm.slots[SLOT_PVTIME].size)
		memcpy(records + 64 * cpu + 8, &record, sizeof(record));
	if (guest.scribbles) /* the first and last of what there is */
		memset(records + 64 * cpu + 8, guest.busy ? 0x80 : 0x7f, 8);
	pthread_mutex_unlock(&guest.lock);
	ret->run_ns = 1000 * MS;
	ret->wait_ns = ns;
	return 0;
}

static inline void guest_set_busy(bool busy)
{
	uint64_t now = clock_mono_ns();

	pthread_mutex_lock(&guest.lock);
	for (unsigned i = 0; i < GUEST_CPUS; i++)
		guest.stolen_ns[i] = guest_stolen(i, now);
	guest.busy = busy;
	guest.since_ns = now;
	guest.busy_looks = 0;
	guest.contends_ns = 0;
	pthread_mutex_unlock(&guest.lock);
}

/* -- what it says -- */

static inline void guest_put(const char *text, unsigned flag)
{
	for (; *text; text++) {
		if (guest.out_len == GUEST_OUT)
			abort();
		guest.out[guest.out_len++] = (uint16_t)((uint8_t)*text | flag);
	}
}

static inline void print(const char *text)
{
	guest_put(text, 0);
}

static inline void say(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static inline void say(const char *fmt, ...)
{
	char text[2 * AGENT_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	guest_put(text, 0x100);
}

static inline void guest_then(struct fake_step step)
{
	guest.then = step;
	guest.then.len = 1;
	guest.then_ms = 0;
}

static inline void guest_event(unsigned event)
{
	guest_then((struct fake_step){ .what = FAKE_EVENT, .value = event });
}

static inline void guest_hang(void)
{
	guest.hung = true;
}

static inline void guest_boots(void)
{
	print("[    0.000000] Booting Linux on physical CPU 0x0\r\n"
	      "[    0.000000] arm-pv: using stolen time PV\r\n"
	      "[    0.300000] Run /pvtime-init as init process\r\n");
	say("hello 1 6.12.0-test\n");
}

/* A kernel begins, by reset or by the one before it. */
static inline void guest_begin(void)
{
	uint64_t now;

	if (guest.nr_boots++ > 0)
		guest_sleep(50); /* no kernel is there at once */
	guest.inits = fake_kvm.cpus[0].inits;
	guest.phase = PHASE_NEW;
	guest.hung = false;
	guest.out_at = guest.out_len = guest.line_len = 0;
	guest.then.len = 0;
	guest.asked_for_log = 0;
	guest_set_busy(false);
	now = clock_mono_ns();
	for (unsigned i = 0; i < GUEST_CPUS; i++)
		guest.booted_ns[i] = guest_stolen(i, now);
	guest.off_ns = 0;
	(guest.boots ? guest.boots : guest_boots)();
}

/* Is @word in its device tree, so among its parameters? */
static inline bool guest_was_told(const char *word)
{
	return memmem(fake_kvm.slots[SLOT_RAM].host, 0x10000, word,
		      strlen(word));
}

static inline void guest_stat(unsigned nr)
{
	bool spares = guest.spares_always || !guest_was_told("no-steal-acc");
	uint64_t now = clock_mono_ns();

	pthread_mutex_lock(&guest.lock);
	if (guest.busy && ++guest.busy_looks == 2)
		guest.contends_ns = now;
	pthread_mutex_unlock(&guest.lock);
	guest.looks++;
	for (unsigned i = 0; i < rig.config.nr_cpus; i++) {
		uint64_t ns = guest_stolen(i, now) - guest.booted_ns[i];

		if (i == 1)
			ns -= guest.off_ns;
		ns = guest_part(ns, guest.miscounts);
		ns += guest.looks * guest.idle_ns;
		say("%u + cpu%u 1 2 3 4 5 6 7 %llu 0 0\n", nr, i,
		    (unsigned long long)(ns / (10 * MS)));
	}
	for (unsigned i = 0; guest.busy && i < rig.config.nr_cpus; i++) {
		uint64_t all = now - guest.since_ns;
		uint64_t ns = guest_stolen(i, now) - guest.stolen_ns[i];

		all -= all - guest_part(all - ns, guest.kernel_takes) - ns;
		ns = spares ? guest_part(ns, guest.mischarges) : 0;
		say("%u + busy%u %llu\n", nr, i,
		    (unsigned long long)(all - ns));
	}
	say("%u ok %llu\n", nr, (unsigned long long)now);
}

static inline bool guest_file(unsigned nr, const char *path)
{
	if (strcmp(path, "/proc/sys/kernel/tainted") == 0)
		say("%u + 0\n", nr);
	else if (strcmp(path, "/sys/devices/system/cpu/online") == 0)
		say("%u + 0-%u\n", nr, rig.config.nr_cpus - 1);
	else if (strcmp(path, "/sys/devices/system/cpu/cpu1/online") == 0)
		say("%u + 1\n", nr);
	else if (strcmp(path, "/proc/iomem") == 0)
		say("%u + 09000000-09000fff : pl011@9000000\n"
		    "%u + 090a0000-090affff : reserved\n"
		    "%u + 40000000-43ffffff : System RAM\n"
		    "%u +   40200000-402fffff : Kernel code\n",
		    nr, nr, nr, nr);
	else
		return false;
	return true;
}

static inline void guest_answer(unsigned nr, const char *words)
{
	if (strncmp(words, "read ", 5) == 0) {
		if (!guest_file(nr, words + 5)) {
			say("%u bad open: error 2\n", nr);
			return;
		}
	} else if (strcmp(words, "stat") == 0) {
		guest_stat(nr);
		return;
	} else if (strncmp(words, "busy ", 5) == 0) {
		guest_set_busy(true);
	} else if (strcmp(words, "rest") == 0) {
		guest_set_busy(false);
	} else if (strncmp(words, "write /sys/devices/system/cpu/cpu1/", 35) ==
			   0 &&
		   guest.forgets) {
		guest.off_ns =
			guest_stolen(1, clock_mono_ns()) - guest.booted_ns[1];
	} else if (strcmp(words, "log 4 stolen time") == 0) {
		if (guest.asked_for_log++ == 0 &&
		    fake_kvm.slots[SLOT_PVTIME].size)
			say("%u + 6 100 arm-pv: using stolen time PV\n", nr);
	} else if (strncmp(words, "exec ", 5) == 0) {
		say("%u ok exit 0 done\n", nr);
		return;
	} else if (strncmp(words, "kexec ", 6) == 0) {
		guest_then((struct fake_step){ .what = FAKE_CALL,
					       .call = guest_begin });
	} else if (strcmp(words, "reboot") == 0) {
		guest_event(KVM_SYSTEM_EVENT_RESET);
		guest.then_ms = 50;
	} else if (strncmp(words, "init ", 5) == 0) {
		guest_event(KVM_SYSTEM_EVENT_SHUTDOWN);
		guest.then_ms = 50;
	}
	say("%u ok\n", nr);
}

static inline void guest_hear(char c)
{
	char *words;
	unsigned nr;

	if (c != '\n') {
		if (guest.line_len < sizeof(guest.line) - 1)
			guest.line[guest.line_len++] = c;
		return;
	}
	guest.line[guest.line_len] = '\0';
	guest.line_len = 0;
	nr = (unsigned)strtoul(guest.line, &words, 10);
	if (*words != ' ')
		return;
	if (!guest.asked || !guest.asked(nr, words + 1))
		guest_answer(nr, words + 1);
}

/* -- its processor -- */

static inline struct fake_step guest_access(enum fake_what what, uint64_t addr,
					    uint64_t value)
{
	return (struct fake_step){
		.what = what, .addr = addr, .value = value, .len = 2
	};
}

/* The next byte out, what comes then, or what is there to be heard. */
static inline struct fake_step guest_next(bool heard_all)
{
	uint16_t c;

	guest.phase = PHASE_OTHER;
	if (guest.out_at < guest.out_len) {
		c = guest.out[guest.out_at++];
		if (guest.out_at == guest.out_len)
			guest.out_at = guest.out_len = 0;
		return guest_access(FAKE_WRITE,
				    c & 0x100 ? LAYOUT_CHANNEL : LAYOUT_UART,
				    c & 0xff);
	}
	if (guest.then.len) {
		guest.then.len = 0;
		guest_sleep(guest.then_ms);
		return guest.then;
	}
	if (guest.hung)
		return (struct fake_step){ .what = FAKE_WAIT };
	if (heard_all)
		return (struct fake_step){ .what = FAKE_IRQ,
					   .value = SPI_CHANNEL };
	guest.phase = PHASE_LOOK;
	return guest_access(FAKE_READ, LAYOUT_CHANNEL + UARTFR, 0);
}

static inline void guest_program(unsigned id, struct fake_step *step)
{
	bool heard_all = false;

	(void)id;
	if (guest.inits != fake_kvm.cpus[0].inits)
		guest_begin();
	switch (guest.phase) {
	case PHASE_NEW:
		guest.phase = PHASE_ENABLE;
		*step = guest_access(FAKE_WRITE, LAYOUT_CHANNEL + UARTLCR_H,
				     0x70);
		return;
	case PHASE_ENABLE:
		guest.phase = PHASE_OTHER;
		*step = guest_access(FAKE_WRITE, LAYOUT_CHANNEL + UARTIMSC,
				     0x50);
		return;
	case PHASE_LOOK:
		heard_all = step->value & FR_RXFE;
		if (heard_all)
			break;
		guest.phase = PHASE_TAKE;
		*step = guest_access(FAKE_READ, LAYOUT_CHANNEL + UARTDR, 0);
		return;
	case PHASE_TAKE:
		guest_hear((char)step->value);
		break;
	default:
		break;
	}
	*step = guest_next(heard_all);
}

/* -- the machine and its judge -- */

static inline int rig_up(void **state)
{
	(void)state;
	alarm(100); /* whatever hangs */
	fake_kvm_reset();
	make_image(rig.kernel, sizeof(rig.kernel));
	rig.kernel_fd =
		scratch_file(rig.kernel, sizeof(rig.kernel), rig.kernel_path);
	memset(&guest, 0, sizeof(guest));
	pthread_mutex_init(&guest.lock, NULL);
	guest.since_ns = clock_mono_ns();
	rig.before = left_now();
	rig.config = (struct vm_config){
		.kernel = rig.kernel_path,
		.params = "plain",
		.nr_cpus = 2,
		.ram_size = 64 * MIB,
		.pvtime = "auto",
		.timeout_ns = 30000 * MS,
		.watch = &rig.inbox.watch,
		.channel = &rig.inbox.channel,
	};
	rig.plan = (struct judge_plan){ .config = &rig.config,
					.params_early = "plain earlycon",
					.params_no_acc = "plain no-steal-acc",
					.kexec_path = "/kernel",
					.hang_ns = 20000 * MS };
	rig.nr_commands = 0;
	rig.v = (struct verdict){ .kernel = "Image", .params = "" };
	err_say(1, "%s", "");
	return 0;
}

static inline int rig_down(void **state)
{
	(void)state;
	fault_arm(0, 0);
	verdict_fini(&rig.v);
	timeline_fini(&rig.timeline);
	assert_int_equal(fake_kvm_live_fds(), 0);
	assert_nothing_left(rig.before);
	pthread_mutex_destroy(&guest.lock);
	close(rig.kernel_fd);
	return 0;
}

static inline void rig_plan(const char *tests)
{
	tests_set set;

	assert_int_equal(tests_parse(tests, &set), 0);
	tests_plan(&rig.v, set, rig.commands, rig.nr_commands, rig.plan.init);
	rig.plan.reboot_no_acc = tests_has(set, "no-steal-acc");
}

static inline void rig_make(void)
{
	inbox_init(&rig.inbox, -1);
	fake_kvm_program(0, guest_program);
	assert_int_equal(vm_new(&rig.config, &rig.vm), 0);
	rig.v.nr_cpus = vm_nr_cpus(rig.vm);
	snprintf(rig.v.provider, sizeof(rig.v.provider), "%s",
		 vm_provider(rig.vm));
	assert_int_equal(timeline_init(&rig.timeline, rig.v.nr_cpus, 100 * MS),
			 0);
	rig.out = fopen("/dev/null", "we");
	progress_init(&rig.progress, rig.out);
	rig.j = (struct judge){ .vm = rig.vm,
				.in = &rig.inbox,
				.v = &rig.v,
				.timeline = &rig.timeline,
				.progress = &rig.progress,
				.plan = &rig.plan };
}

static inline void rig_unmake(void)
{
	fclose(rig.out);
	vm_free(rig.vm);
	rig.vm = NULL;
	inbox_fini(&rig.inbox);
}

/* The guest is judged by @tests; what comes of it is in rig.v. */
static inline void rig_judge(const char *tests)
{
	rig_plan(tests);
	rig_make();
	assert_int_equal(judge_start(&rig.j), 0);
	rig.end = vm_run(rig.vm);
	judge_join(&rig.j, rig.end);
	rig_unmake();
}

static inline const struct test_result *rig_result(const char *name)
{
	for (unsigned i = 0; i < rig.v.nr_tests; i++)
		if (strcmp(rig.v.tests[i].name, name) == 0)
			return &rig.v.tests[i];
	fail_msg("no test %s", name);
	return NULL;
}

static inline void rig_check(enum verdict_class class, const char *why)
{
	if (rig.v.class != class || !strstr(rig.v.why, why))
		fail_msg("%s: %s", verdict_word(rig.v.class), rig.v.why);
}

static inline void rig_check_test(const char *name, enum test_state state,
				  const char *why)
{
	const struct test_result *r = rig_result(name);

	if (verdict_state(&rig.v, r) != state || !strstr(r->why, why))
		fail_msg("%s: %d, not %d: %s", name, r->state, state, r->why);
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_up, rig_down)

#endif
