/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/disk.h"
#include "ctl/path.h"
#include "pvtime/pvtime.h"
#include "util/err.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/util.h"
#include "virtio/rng.h"

#define RAM_MIN	    (64 * MIB)
#define RAM_MAX	    (UINT64_C(1) << 52) /* the largest address there is */
#define RAM_DEFAULT (512 * MIB)

enum {
	CPUS_MAX = 65536,  /* above it is a mistake, not a wish */
	PARAMS_MAX = 2047, /* arm64 Linux's COMMAND_LINE_SIZE - 1 */
};

static int set_kernel(void *into, const char *arg)
{
	((struct machine *)into)->config.kernel = arg;
	return 0;
}

static int set_initrd(void *into, const char *arg)
{
	((struct machine *)into)->config.initrd = arg;
	return 0;
}

static int set_params(void *into, const char *arg)
{
	size_t len = strlen(arg);

	if (len > PARAMS_MAX)
		return err_say(EINVAL,
			       "%zu characters; arm64 Linux reads no more than "
			       "%d of them",
			       len, PARAMS_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)arg[i] < ' ' || arg[i] == 0x7f)
			return err_say(EINVAL,
				       "control character 0x%02x at place %zu; "
				       "write one line",
				       (unsigned char)arg[i], i + 1);
	((struct machine *)into)->config.params = arg;
	return 0;
}

static int set_cpus(void *into, const char *arg)
{
	uint64_t n;
	int rc = parse_u64(arg, 1, CPUS_MAX, &n);

	if (rc == 0)
		((struct machine *)into)->config.nr_cpus = (unsigned)n;
	return rc;
}

static int set_mem(void *into, const char *arg)
{
	uint64_t size;
	int rc = parse_size(arg, RAM_MIN, RAM_MAX, &size);

	/* Whole pages, whatever the host's size of them is. */
	if (rc == 0)
		((struct machine *)into)->config.ram_size =
			ROUND_UP(size, 64 * KIB);
	return rc;
}

static int set_pvtime(void *into, const char *arg)
{
	int rc = pvtime_known(arg);

	if (rc == 0)
		((struct machine *)into)->config.pvtime = arg;
	return rc;
}

static int set_no_pvtime(void *into, const char *arg)
{
	(void)arg;
	return set_pvtime(into, "off");
}

static int set_pvtime_place(void *into, const char *arg)
{
	static const char *const words[] = { "slot", "ram", NULL };
	int place = parse_word(arg, words);

	if (place < 0)
		return place;
	((struct machine *)into)->config.pvtime_in_ram = place == 1;
	return 0;
}

static int set_irqchip(void *into, const char *arg)
{
	int kind = parse_word(arg, gic_names);

	if (kind < 0)
		return kind;
	((struct machine *)into)->config.irqchip = (enum gic_kind)kind;
	return 0;
}

static int set_pmu(void *into, const char *arg)
{
	(void)arg;
	((struct machine *)into)->config.pmu = true;
	return 0;
}

static int set_rng(void *into, const char *arg)
{
	return machine_add(into, &virtio_rng_class, NULL, arg);
}

static int set_no_reboot(void *into, const char *arg)
{
	(void)arg;
	((struct machine *)into)->config.no_reboot = true;
	return 0;
}

static int set_timeout(void *into, const char *arg)
{
	return parse_seconds(arg, &((struct machine *)into)->config.timeout_ns);
}

static int set_dump_dtb(void *into, const char *arg)
{
	((struct machine *)into)->dump_dtb = arg;
	return 0;
}

static int set_name(void *into, const char *arg)
{
	int rc = ctl_name(arg);

	if (rc == 0)
		((struct machine *)into)->name = arg;
	return rc;
}

static int set_record(void *into, const char *arg)
{
	((struct machine *)into)->record = arg;
	return 0;
}

static int set_record_every(void *into, const char *arg)
{
	return parse_seconds(arg, &((struct machine *)into)->record_every_ns);
}

static int set_on_pause(void *into, const char *arg)
{
	static const char *const words[] = { "freeze", "steal", NULL };
	int how = parse_word(arg, words);

	if (how < 0)
		return how;
	((struct machine *)into)->config.pause_steals = how == 1;
	return 0;
}

static int set_steal(void *into, const char *arg)
{
	return parse_share(arg, VM_HOLD_MAX, &((struct machine *)into)->steal);
}

/* 0: not a moment. */
static int set_grace(void *into, const char *arg)
{
	uint64_t *grace = &((struct machine *)into)->config.grace_ns;

	if (strcmp(arg, "0") == 0) {
		*grace = 0;
		return 0;
	}
	return parse_seconds(arg, grace);
}

static int set_console(void *into, const char *arg)
{
	static const char *const words[] = { "serial", NULL };
	int rc = parse_word(arg, words);

	(void)into;
	return rc < 0 ? rc : 0;
}

static int set_network(void *into, const char *arg)
{
	static const char *const words[] = { "mode=none", NULL };
	int rc = parse_word(arg, words);

	(void)into;
	return rc < 0 ? rc : 0;
}

/* kvmtool's way to say: only what I ask for.  We never add anything. */
static int set_nodefaults(void *into, const char *arg)
{
	(void)into;
	(void)arg;
	return 0;
}

static int set_loglevel(void *into, const char *arg)
{
	static const char *const words[] = { "error", "warning", "info",
					     "debug", NULL };
	int level = parse_word(arg, words);

	(void)into;
	if (level < 0)
		return level;
	log_set_level((enum log_level)level);
	return 0;
}

static int set_help(void *into, const char *arg)
{
	(void)arg;
	((struct machine *)into)->help = true;
	return 0;
}

static const struct option_desc common[] = {
	{ .help = "What to boot:" },
	{ 'k', "kernel", "FILE",
	  "arm64 Linux Image, plain, gzip or EFI zboot; or a flat program. "
	  "Without it the host's own kernel",
	  set_kernel },
	{ 'i', "initrd", "FILE", "initial RAM disk", set_initrd },
	{ 'p', "params", "TEXT",
	  "kernel command line, passed on as it is ('test' adds to it)",
	  set_params },

	{ .help = "The machine:" },
	{ 'c', "cpus", "N",
	  "number of vCPUs (default: as many as the host has CPUs; of 'test': "
	  "2)",
	  set_cpus },
	{ 'm', "mem", "SIZE",
	  "guest memory: plain MiB, or with a letter: 512M, 2G (default 512M)",
	  set_mem },
	{ 'd', "disk", "FILE",
	  "raw image or block device as a virtio disk; FILE,ro read-only, "
	  "FILE,direct past the host's cache, FILE,serial=TEXT; may be repeated",
	  disk_option },
	{ 0, "pvtime", "MODE",
	  "stolen time: auto (default: the best the host has), on (required), "
	  "off, or a provider, best first: steady, kvm, device",
	  set_pvtime },
	{ 0, "pvtime-place", "WHERE",
	  "its records: in a slot of their own (default), or cut out of ram",
	  set_pvtime_place },
	{ 0, "no-pvtime", NULL, "the same as --pvtime off", set_no_pvtime },
	{ 0, "irqchip", "KIND",
	  "auto (default: the best the host has), gicv2, gicv3, gicv3-its",
	  set_irqchip },
	{ 0, "pmu", NULL, "give the guest a performance monitoring unit",
	  set_pmu },
	{ 0, "rng", NULL,
	  "give the guest a virtio entropy device, filled by this host",
	  set_rng },
};

static const struct option_desc run_options[] = {
	{ 0, "console", "KIND", "serial (default): a PL011 on this terminal",
	  set_console },
	{ 'n', "network", "MODE", "mode=none (default): no network",
	  set_network },
	{ 0, "nodefaults", NULL, "accepted: there are no hidden devices",
	  set_nodefaults },

	{ .help = "The run:" },
	{ 0, "name", "NAME",
	  "what 'pvtime-vmm list', stat, stop and others shall call the guest "
	  "(default: guest-PID)",
	  set_name },
	{ 0, "no-reboot", NULL, "a reset ends the run, with status 4",
	  set_no_reboot },
	{ 0, "on-pause", "HOW",
	  "what a pause is to the guest: freeze (default): its clock stands "
	  "still; steal: its clock goes on, and the pause was stolen",
	  set_on_pause },
	{ 0, "steal", "SHARE",
	  "take SHARE (25%) of the time that its vCPUs want to run; see "
	  "'pvtime-vmm steal'",
	  set_steal },
	{ 0, "grace", "S",
	  "how long a guest that is asked to power off, by 'stop', SIGTERM or "
	  "SIGINT, has time for it (default 10)",
	  set_grace },
	{ 0, "record", "FILE",
	  "write each vCPU's times to FILE as they grow (CSV; see "
	  "'pvtime-vmm plot')",
	  set_record },
	{ 0, "record-every", "S", "how often: every S seconds (default 0.1)",
	  set_record_every },
	{ 0, "dump-dtb", "FILE", "write the guest's device tree to FILE",
	  set_dump_dtb },
};

static const struct option_desc last[] = {
	{ 0, "timeout", "S",
	  "end the run after S seconds, with status 124 (default of 'test': 600)",
	  set_timeout },
	{ 0, "loglevel", "LEVEL",
	  "error, warning (default of 'test'), info (default) or debug",
	  set_loglevel },
	{ 'h', "help", NULL, "this text", set_help },
};

/* Common ones, a command's own, the last ones: as one table. */
struct table {
	struct option_desc lines[OPTIONS_MAX];
	size_t n;
};

static void add(struct table *t, const struct option_desc *lines, size_t n)
{
	memcpy(t->lines + t->n, lines, n * sizeof(*lines));
	t->n += n;
}

static void make_table(struct table *t, const struct option_desc *own, size_t n)
{
	t->n = 0;
	add(t, common, ARRAY_SIZE(common));
	if (own)
		add(t, own, n);
	else
		add(t, run_options, ARRAY_SIZE(run_options));
	add(t, last, ARRAY_SIZE(last));
}

void machine_print_options(const struct option_desc *own, size_t n)
{
	struct table t;

	make_table(&t, own, n);
	options_print(t.lines, t.n);
}

void machine_init(struct machine *m)
{
	*m = (struct machine){
		.config = {
			.ram_size = RAM_DEFAULT,
			.pvtime = "auto",
		},
		.record_every_ns = 100000000,
	};
}

int machine_parse(struct machine *m, const struct option_desc *own, size_t n,
		  int argc, char **argv)
{
	struct table t;
	int first;

	make_table(&t, own, n);
	first = options_parse(t.lines, t.n, m, argc, argv);
	if (first < 0)
		return first;
	/* As kvmtool: the kernel's name may stand alone. */
	if (first < argc && !m->config.kernel)
		m->config.kernel = argv[first++];
	if (first < argc)
		return err_say(EINVAL,
			       "'%s': the kernel is '%s' already; see --help",
			       argv[first], m->config.kernel);
	if (m->config.nr_cpus == 0) { /* asking the host costs file accesses */
		long online = sysconf(_SC_NPROCESSORS_ONLN);

		m->config.nr_cpus = online > 0 ? (unsigned)online : 1;
	}
	return 0;
}

int machine_add(struct machine *m, const struct virtio_class *class,
		const void *config, const char *arg)
{
	struct vm_config *vm = &m->config;

	if (vm->nr_virtio == LAYOUT_NR_VIRTIO)
		return err_say(E2BIG, "%s%s%sno more than %d virtio devices",
			       arg ? "'" : "", arg ? arg : "", arg ? "': " : "",
			       LAYOUT_NR_VIRTIO);
	vm->virtio[vm->nr_virtio++] = (struct vm_virtio){ class, config };
	return 0;
}

int machine_find_kernel(struct machine *m)
{
	struct utsname host;

	if (m->config.kernel)
		return 0;
	uname(&host);
	snprintf(m->own_kernel, sizeof(m->own_kernel), "/boot/vmlinuz-%s",
		 host.release);
	if (access(m->own_kernel, F_OK) < 0)
		return err_say(ENOENT,
			       "no kernel: give one with -k (the "
			       "host's own, '%s', is not there)",
			       m->own_kernel);
	m->config.kernel = m->own_kernel;
	return 0;
}

int machine_failed(const struct machine *m, int rc)
{
	const char *kernel = m->config.kernel;

	/*
	 * The words that scripts written for kvmtool look for, and from which
	 * they conclude that nothing else is wrong.
	 */
	if ((rc == -ENOENT || rc == -EACCES) && kernel &&
	    access(kernel, R_OK) < 0)
		fprintf(stderr, "Fatal: Unable to open kernel %s\n", kernel);
	return rc == -ENXIO ? EXIT_NO_PVTIME : EXIT_ERROR;
}
