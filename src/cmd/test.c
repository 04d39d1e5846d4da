/* SPDX-License-Identifier: BSD-2-Clause */
/* test.c - command "test": a boot test of a kernel, with a verdict. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "boot/cpio.h"
#include "boot/image.h"
#include "boot/symbols.h"
#include "cmd/cmd.h"
#include "cmd/guests.h"
#include "cmd/judge.h"
#include "cmd/machine.h"
#include "cmd/outputs.h"
#include "cmd/progress.h"
#include "cmd/tests.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/util.h"

/* In the guest's first file system. */
#define INIT_NAME   "pvtime-init"
#define KERNEL_NAME "pvtime-kernel"

enum { CPUS_DEFAULT = 2, HANG_DEFAULT_S = 30, TIMEOUT_DEFAULT_S = 600 };

/* What arm64 Linux reads of its command line, and room for our part of it. */
enum { PARAMS_ROOM = 2048 };

struct test_options {
	struct machine m; /* first: see machine.h */
	tests_set tests;
	const char *commands[JUDGE_COMMANDS_MAX];
	unsigned nr_commands;
	const char *init, *symbols;
	struct outputs out;
	uint64_t hang_ns;
};

static int set_tests(void *into, const char *arg)
{
	return tests_parse(arg, &((struct test_options *)into)->tests);
}

/* Can the guest be asked to @verb @arg?  Else @hint says what to do. */
static int check_request(const char *verb, const char *arg, const char *hint)
{
	char unused[AGENT_ASK_MAX], line[AGENT_ASK_MAX];

	if (snprintf(line, sizeof(line), "%s %s", verb, arg) >=
	    (int)sizeof(line))
		return err_say(E2BIG, "%zu characters; %s", strlen(arg), hint);
	return agent_request(unused, UINT32_MAX, line);
}

static int set_exec(void *into, const char *arg)
{
	struct test_options *o = into;
	int rc;

	if (o->nr_commands == JUDGE_COMMANDS_MAX)
		return err_say(E2BIG,
			       "more than %d commands; put them into a "
			       "script in the initrd",
			       JUDGE_COMMANDS_MAX);
	if (!*arg)
		return err_say(EINVAL, "an empty command");
	rc = check_request("exec", arg, "put it into a script in the initrd");
	if (rc < 0)
		return rc;
	o->commands[o->nr_commands++] = arg;
	return 0;
}

static int set_init(void *into, const char *arg)
{
	int rc = check_request("init", arg, "choose a shorter path");

	if (*arg != '/')
		return err_say(EINVAL,
			       "'%s': give its whole path in the "
			       "initrd, as /init",
			       arg);
	if (rc < 0)
		return rc;
	((struct test_options *)into)->init = arg;
	return 0;
}

static int set_hang(void *into, const char *arg)
{
	struct test_options *o = into;

	if (strcmp(arg, "0") == 0) {
		o->hang_ns = 0;
		return 0;
	}
	return parse_seconds(arg, &o->hang_ns);
}

#define SET_STRING(name, field)                             \
	static int set_##name(void *into, const char *arg)  \
	{                                                   \
		((struct test_options *)into)->field = arg; \
		return 0;                                   \
	}
SET_STRING(symbols, symbols)
SET_STRING(log, out.log)
SET_STRING(tap, out.tap)
SET_STRING(junit, out.junit)
SET_STRING(report, out.page)
SET_STRING(record, out.record)

static const struct option_desc options[] = {
	{ .help = "The test:" },
	{ 0, "tests", "LIST",
	  "of those below, with commas between; all; standard (default); "
	  "-NAME leaves one out",
	  set_tests },
	{ 0, "exec", "CMD",
	  "run CMD in the guest, by its shell if there is one; its exit status "
	  "is part of the verdict; may be given several times",
	  set_exec },
	{ 0, "init", "PATH",
	  "at last this program of the initrd becomes process 1; the guest "
	  "must then power off",
	  set_init },
	{ 0, "hang", "S",
	  "a guest is lost after S seconds of its own without a sign of life "
	  "(default 30; 0: never)",
	  set_hang },
	{ 0, "symbols", "FILE",
	  "the kernel's System.map or vmlinux: names for where it hangs",
	  set_symbols },

	{ .help = "The verdict:" },
	{ 0, "tap", "FILE", "write it as TAP 14; -: to standard output",
	  set_tap },
	{ 0, "junit", "FILE", "write it as JUnit XML", set_junit },
	{ 0, "report", "FILE", "write it as a page with a picture (HTML)",
	  set_report },
	{ 0, "record", "FILE", "write its figures (CSV; see 'pvtime-vmm plot')",
	  set_record },
	{ 0, "log", "FILE", "write all of the guest's console", set_log },

	{ .help = "The run:" },
};

static void help(void)
{
	printf("usage: pvtime-vmm test [options] [KERNEL]\n"
	       "\n"
	       "Boot an arm64 kernel and tell whether it works and its stolen "
	       "time is right.\n"
	       "Needs a kernel only; what runs in the guest is built in.\n"
	       "\n"
	       "  pvtime-vmm test -k Image --tests all --tap - --log "
	       "console.txt\n");
	machine_print_options(options, ARRAY_SIZE(options));
	printf("\nTests (* standard):\n");
	for (size_t i = 0; i < tests_table_size; i++)
		printf("  %c %-13s %s\n", tests_table[i].standard ? '*' : ' ',
		       tests_table[i].name, tests_table[i].what);
	printf("\n"
	       "Exit status: 0 good, 1 it did not start, or our error, 2 "
	       "usage, 3 the kernel\n"
	       "panicked, 5 stolen time is required and missing, 6 a test "
	       "failed, 124 it hung or\n"
	       "timed out, 128+n ended by signal n.\n");
}

/* -- what the guest is given -- */

/* The kernel as it is in memory, for the guest to start by kexec. */
static int add_kernel(struct cpio *archive, const char *path)
{
	struct image image;
	uint64_t size;
	char *data;
	int rc = image_open(&image, path);

	if (rc < 0)
		return err_in(rc, "kernel");
	size = ROUND_UP(image.mem_size, 64 * KIB);
	data = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (data == MAP_FAILED) {
		rc = err_set(errno, "kernel");
		goto out_close;
	}
	rc = err_in(image_load(&image, data, size), "kernel");
	while (rc == 0 && size > 0 && data[size - 1] == 0)
		size--; /* it clears that itself */
	if (rc == 0)
		rc = cpio_add_file(archive, KERNEL_NAME, 0400, data, size);
	munmap(data, ROUND_UP(image.mem_size, 64 * KIB));
out_close:
	image_close(&image);
	return rc;
}

static int make_archive(struct cpio *archive, const struct test_options *o)
{
	int rc = cpio_add_file(archive, INIT_NAME, 0500, guest_init,
			       guest_init_size);

	if (rc == 0 && tests_has(o->tests, "kexec"))
		rc = add_kernel(archive, o->m.config.kernel);
	return rc < 0 ? rc : cpio_finish(archive);
}

/* Where @params end, as far as they are the kernel's: "--" begins init's. */
static size_t kernels_own(const char *params)
{
	const char *at = params;

	while (*at) {
		size_t len = strcspn(at, " ");

		if (len == 2 && strncmp(at, "--", 2) == 0)
			break;
		at += len;
		at += strspn(at, " ");
	}
	return (size_t)(at - params);
}

static int make_params(const struct test_options *o, const char *more,
		       char buf[static PARAMS_ROOM])
{
	const char *users = o->m.config.params ? o->m.config.params : "";
	int own = (int)kernels_own(users);
	int n = snprintf(buf, PARAMS_ROOM,
			 "%.*s%srdinit=/" INIT_NAME "%s%s%s%s", own, users,
			 own > 0 && users[own - 1] != ' ' ? " " : "",
			 tests_has(o->tests, "kexec") ? " retain_initrd" : "",
			 more, users[own] ? " " : "", users + own);

	if (n >= PARAMS_ROOM)
		return err_say(E2BIG,
			       "--params: %zu characters leave no room "
			       "for those of the test",
			       strlen(users));
	return 0;
}

/* -- the run -- */

struct test {
	const struct test_options *options;
	struct vm_config config;
	char params[PARAMS_ROOM], params_early[PARAMS_ROOM];
	char params_no_acc[PARAMS_ROOM];
	struct cpio archive;
	struct symbols symbols;
	struct inbox inbox;
	struct timeline timeline;
	struct progress progress;
	struct verdict verdict;
	int log_fd;
};

/* The console's last lines, for who wonders what went wrong. */
static char *tail_of(struct inbox *in, uint64_t nr_lines)
{
	uint64_t n = nr_lines > VERDICT_TAIL ? nr_lines - VERDICT_TAIL : 0;
	struct inbox_line line;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (; n < nr_lines; n++)
		if (inbox_line(in, n, &line))
			fprintf(out, "%s\n", line.text);
	inbox_rest(in, line.text);
	if (line.text[0])
		fprintf(out, "%s\n", line.text);
	fclose(out);
	return text;
}

static int run(struct test *t, struct vm *vm)
{
	const struct test_options *o = t->options;
	const struct judge_plan plan = {
		.config = &t->config,
		.params_early = t->params_early,
		.params_no_acc = t->params_no_acc,
		.reboot_no_acc = tests_has(o->tests, "no-steal-acc"),
		.init = o->init,
		.kexec_path = "/" KERNEL_NAME,
		.hang_ns = o->hang_ns,
		.symbols = o->symbols ? &t->symbols : NULL,
	};
	struct judge j = {
		.vm = vm,
		.in = &t->inbox,
		.v = &t->verdict,
		.timeline = &t->timeline,
		.progress = &t->progress,
		.plan = &plan,
	};
	int rc = timeline_init(&t->timeline, vm_nr_cpus(vm), 100000000);

	vm_count_exits(vm);
	if (rc == 0)
		rc = judge_start(&j);
	if (rc < 0)
		return rc;
	judge_join(&j, vm_run(vm));
	inbox_wait(&t->inbox, 0, &j.view);
	t->verdict.tail = tail_of(&t->inbox, j.view.nr_lines);
	return 0;
}

static int prepare(struct test *t)
{
	const struct test_options *o = t->options;
	int rc = make_params(o, "", t->params);

	if (rc == 0)
		rc = make_params(o, " earlycon", t->params_early);
	if (rc == 0)
		rc = make_params(o, " no-steal-acc", t->params_no_acc);
	if (rc == 0 && o->symbols)
		rc = err_in(symbols_open(&t->symbols, o->symbols), "--symbols");
	if (rc == 0)
		rc = outputs_try(&o->out);
	return rc < 0 ? rc : outputs_open_log(&o->out, &t->log_fd);
}

static void fail(struct test *t, enum verdict_class class)
{
	t->verdict.class = class;
	snprintf(t->verdict.why, sizeof(t->verdict.why), "%s", err_text());
}

static int make(struct test *t, struct vm **ret_vm)
{
	int rc = make_archive(&t->archive, t->options);

	if (rc < 0)
		return rc == -ENXIO ? -EIO : rc; /* see vm_new() */
	t->config.extra = t->archive.data;
	t->config.extra_size = t->archive.size;
	t->config.params = t->params;
	t->config.watch = &t->inbox.watch;
	t->config.channel = &t->inbox.channel;
	return vm_new(&t->config, ret_vm);
}

static void make_and_run(struct test *t)
{
	struct verdict *v = &t->verdict;
	struct vm *vm;
	int rc;

	if (inbox_init(&t->inbox, t->log_fd) < 0) {
		fail(t, VERDICT_FAILED);
		return;
	}
	rc = make(t, &vm);
	if (rc < 0) {
		fail(t, rc == -ENXIO ? VERDICT_NO_PVTIME : VERDICT_NOT_STARTED);
		goto out_fini;
	}
	v->nr_cpus = vm_nr_cpus(vm);
	snprintf(v->provider, sizeof(v->provider), "%s", vm_provider(vm));
	progress_begin(&t->progress, v);
	if (run(t, vm) < 0)
		fail(t, VERDICT_FAILED);
	vm_free(vm);
out_fini:
	inbox_fini(&t->inbox);
}

static void begin_verdict(struct test *t)
{
	const struct test_options *o = t->options;
	struct verdict *v = &t->verdict;
	struct utsname host;

	*v = (struct verdict){
		.kernel = o->m.config.kernel,
		.params = o->m.config.params ? o->m.config.params : "",
		.nr_cpus = o->m.config.nr_cpus,
		.ram_size = o->m.config.ram_size,
		.wall_s = clock_wall_s(),
	};
	uname(&host);
	snprintf(v->host, sizeof(v->host), "%s", host.release);
	tests_plan(v, o->tests, o->commands, o->nr_commands, o->init);
}

static int test(const struct test_options *o)
{
	struct test t = { .options = o, .config = o->m.config, .log_fd = -1 };
	int rc = prepare(&t), status;

	if (rc < 0) {
		status = EXIT_ERROR;
		goto out_fini;
	}
	begin_verdict(&t);
	progress_init(&t.progress, outputs_human(&o->out));
	make_and_run(&t);
	err_say(0, "%s", ""); /* all words are in the verdict */
	status = verdict_status(&t.verdict);
	/* First the files: nobody may be there any more to read the rest. */
	if (outputs_write(&o->out, &t.verdict, &t.timeline) < 0 &&
	    status == EXIT_GOOD)
		status = EXIT_ERROR;
	progress_end(&t.progress, &t.verdict);
	verdict_fini(&t.verdict);
	timeline_fini(&t.timeline);
out_fini:
	symbols_close(&t.symbols);
	cpio_fini(&t.archive);
	if (t.log_fd >= 0)
		close(t.log_fd);
	return status;
}

/* Counting exits takes a descriptor for each vCPU. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int test_main(int argc, char **argv)
{
	struct test_options o = {
		.tests = tests_standard(),
		.hang_ns = HANG_DEFAULT_S * UINT64_C(1000000000),
	};

	machine_init(&o.m);
	o.m.config.nr_cpus = CPUS_DEFAULT;
	o.m.config.timeout_ns = TIMEOUT_DEFAULT_S * UINT64_C(1000000000);
	log_set_level(LOG_WARNING); /* the verdict says the rest */
	if (machine_parse(&o.m, options, ARRAY_SIZE(options), argc, argv) < 0)
		return EXIT_USAGE;
	if (o.m.help) {
		help();
		return EXIT_GOOD;
	}
	if (machine_find_kernel(&o.m) < 0)
		return EXIT_USAGE;
	raise_limit();
	return test(&o);
}
