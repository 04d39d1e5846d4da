/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/run_options.h"

#include <string.h>

#include "cmd/cmd.h"
#include "cmd/console.h"
#include "cmd/machine.h"
#include "cmd/network.h"
#include "ctl/path.h"
#include "util/parse.h"
#include "util/util.h"

static int set_watchdog(void *into, const char *arg)
{
	(void)arg;
	((struct machine *)into)->config.watchdog = true;
	return 0;
}

static int set_no_reboot(void *into, const char *arg)
{
	(void)arg;
	((struct machine *)into)->config.no_reboot = true;
	return 0;
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

/* kvmtool's way to say: only what I ask for.  We never add anything. */
static int set_nodefaults(void *into, const char *arg)
{
	(void)into;
	(void)arg;
	return 0;
}

static int set_firmware(void *into, const char *arg)
{
	((struct machine *)into)->config.flash.firmware = arg;
	return 0;
}

static int set_firmware_vars(void *into, const char *arg)
{
	((struct machine *)into)->config.flash.vars = arg;
	return 0;
}

static const struct option_desc options[] = {
	{ 'f', "firmware", "FILE",
	  "start with this firmware for QEMU's virt board instead of a kernel; "
	  "it boots what is on the disks",
	  set_firmware },
	{ 0, "firmware-vars", "FILE",
	  "keep what the firmware stores in FILE; it is made where there is none",
	  set_firmware_vars },
	{ 0, "console", "KIND[,WHERE]",
	  "serial (default): a PL011; virtio: hvc0 as well; none. On this "
	  "terminal, or WHERE: file=FILE, pty, pty=LINK",
	  console_option },
	{ 'n', "network", "MODE",
	  "a virtio network card: mode=user, by passt and without privilege, "
	  "port=HOSTPORT:GUESTPORT leads in; mode=tap,tapif=NAME, "
	  "vhost=auto|on|off; mac=ADDRESS; mode=none (default); may be repeated",
	  network_option },
	{ 0, "watchdog", NULL,
	  "give the guest an SP805 watchdog, which resets it", set_watchdog },
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

const struct option_desc *run_options(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(options);
	return options;
}
