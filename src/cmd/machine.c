/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/disk.h"
#include "cmd/run_options.h"
#include "cmd/network.h"
#include "cmd/share.h"
#include "cmd/vsock.h"
#include "ctl/path.h"
#include "pvtime/pvtime.h"
#include "util/err.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/util.h"
#include "virtio/balloon.h"
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

static int set_balloon(void *into, const char *arg)
{
	struct machine *m = into;

	if (m->has_balloon)
		return 0;
	m->has_balloon = true;
	return machine_add(m, &virtio_balloon_class, NULL, arg);
}

static int set_rng(void *into, const char *arg)
{
	return machine_add(into, &virtio_rng_class, NULL, arg);
}

static int set_timeout(void *into, const char *arg)
{
	return parse_seconds(arg, &((struct machine *)into)->config.timeout_ns);
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
	{ 0, "share", "DIR",
	  "a folder of this host's as a virtio file system, by virtiofsd; "
	  "DIR,tag=TEXT (default: its name), DIR,ro, "
	  "DIR,sandbox=namespace|chroot|none; may be repeated",
	  share_option },
	{ 0, "vhost-user", "KIND",
	  "a device of another process: fs, blk or net,socket=PATH; "
	  "fs,tag=TEXT,socket=PATH; may be repeated",
	  vhost_user_option },
	{ 0, "hugepages", NULL, "guest memory in huge pages of the host's",
	  hugepages_option },
	{ 0, "mem-file", "FILE",
	  "guest memory is FILE, which is made, or emptied first, and stays",
	  mem_file_option },
	{ 0, "pin", "LIST",
	  "vCPU n on the n-th host CPU of LIST (0-3,6) and nowhere else",
	  pin_option },
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
	{ 0, "vsock", "CID",
	  "sockets between the guest, at address CID (3 or more), and this "
	  "host",
	  vsock_option },
	{ 0, "balloon", NULL,
	  "give free memory back to the host, and more with 'pvtime-vmm "
	  "balloon'",
	  set_balloon },
	{ 0, "rng", NULL,
	  "give the guest a virtio entropy device, filled by this host",
	  set_rng },
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
	if (!own)
		own = run_options(&n);
	add(t, own, n);
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

/* It is the firmware that finds a kernel, and what belongs to it. */
static int check_firmware(const struct vm_config *config)
{
	const char *other = config->kernel   ? "-k"
			    : config->initrd ? "-i"
			    : config->params ? "-p"
					     : NULL;

	if (config->flash.firmware && other)
		return err_say(EINVAL,
			       "-f and %s: the firmware itself loads kernel, "
			       "initrd and parameters, from a disk; leave one "
			       "out",
			       other);
	if (config->flash.vars && !config->flash.firmware)
		return err_say(EINVAL, "--firmware-vars: there is no firmware; "
				       "give it with -f");
	return 0;
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
	if (check_firmware(&m->config) < 0)
		return -EINVAL;
	if (m->config.nr_cpus == 0) { /* asking the host costs file accesses */
		long online = sysconf(_SC_NPROCESSORS_ONLN);

		m->config.nr_cpus = online > 0 ? (unsigned)online : 1;
	}
	network_settle(m);
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

	if (m->config.kernel || m->config.flash.firmware)
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
