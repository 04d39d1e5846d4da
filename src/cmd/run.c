/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c - command "run": boot a guest with its console on the terminal. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/machine.h"
#include "cmd/recorder.h"
#include "cmd/service.h"
#include "ctl/path.h"
#include "ctl/server.h"
#include "util/err.h"
#include "util/log.h"
#include "util/save.h"
#include "vm/vm.h"

/* How long a guest that is asked to power off has time for it. */
#define GRACE_NS UINT64_C(10000000000)

static void help(void)
{
	printf("usage: pvtime-vmm run [options] [KERNEL]\n"
	       "\n"
	       "Boot an arm64 guest under KVM, with its serial console on this "
	       "terminal\n"
	       "(Ctrl-a x ends it, Ctrl-a c helps).\n"
	       "\n"
	       "  pvtime-vmm run -k Image -i initrd.img -p 'quiet' -c 4 -m 1G\n");
	machine_print_options(NULL, 0);
	printf("\n"
	       "Exit status: 0 the guest powered off, 1 our error, 2 usage, 3 "
	       "the guest\n"
	       "crashed, 4 it reset (--no-reboot), 5 stolen time is required "
	       "and missing,\n"
	       "124 timed out, 128+n ended by signal n.\n");
}

/* End by @sig, as if we had never caught it. */
static int die(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	return 128 + sig;
}

static int status(const struct machine *m, const struct vm *vm, enum vm_end end)
{
	switch (end) {
	case VM_OFF:
		return EXIT_GOOD;
	case VM_RESET:
		err_say(0, "the guest reset");
		return EXIT_RESET;
	case VM_CRASHED:
		return EXIT_CRASHED;
	case VM_TIMEOUT:
		err_say(0, "timed out after %g s",
			(double)m->config.timeout_ns / 1e9);
		return EXIT_TIMEOUT;
	case VM_SIGNALLED:
		return 128 + vm_signal(vm);
	default:
		return EXIT_ERROR;
	}
}

static int dump(const struct machine *m, const struct vm *vm)
{
	const void *fdt;
	size_t size;

	if (!m->dump_dtb)
		return 0;
	fdt = vm_fdt(vm, &size);
	/* Its owner's alone: it has the guest's random seeds. */
	return err_hint(
		err_in(save_file(m->dump_dtb, 0600, fdt, size), "--dump-dtb"),
		"name a file that can be written");
}

/* A guest that runs, and how it can be found. */
struct run {
	struct machine m;
	struct vm *vm;
	struct ctl_server *server;
	char made_name[CTL_MADE_NAME_SIZE];
};

static int serve(struct run *r)
{
	const struct ctl_setup setup = {
		.name = r->m.name,
		.on_pause_steals = r->m.config.pause_steals,
		.grace_ns = r->m.config.grace_ns,
	};

	return ctl_server_new(r->vm, &setup, &r->server);
}

/* One that nobody named has no socket before it runs, and can do without. */
static void on_settled(void *ctx)
{
	struct run *r = ctx;

	if (!r->m.name) {
		ctl_name_make(r->made_name);
		r->m.name = r->made_name;
		if (serve(r) < 0)
			log_info("no control socket: %s", err_text());
	}
	if (service_ready(r->vm, r->m.name) < 0)
		log_warn("%s", err_text());
}

int run_main(int argc, char **argv)
{
	struct recorder *recorder = NULL;
	struct run r = { 0 };
	struct machine *m = &r.m;
	int rc;

	machine_init(m);
	m->config.grace_ns = GRACE_NS;
	m->config.settled = on_settled;
	m->config.settled_ctx = &r;
	if (machine_parse(m, NULL, 0, argc, argv) < 0)
		return EXIT_USAGE;
	if (m->help) {
		help();
		return EXIT_GOOD;
	}
	if (machine_find_kernel(m) < 0)
		return EXIT_USAGE;
	rc = vm_new(&m->config, &r.vm);
	if (rc < 0)
		return machine_failed(m, rc);
	vm_count_exits(r.vm);
	if (m->config.pause_steals && !vm_can_hold(r.vm))
		rc = err_say(
			ENOTSUP,
			"--on-pause steal: the guest has no record of "
			"stolen time that we could write to (provider %s); "
			"take freeze",
			vm_provider(r.vm));
	if (rc == 0 && m->name)
		rc = err_in(serve(&r), "--name");
	if (rc == 0)
		rc = dump(m, r.vm);
	if (rc == 0 && m->steal)
		rc = err_in(vm_hold(r.vm, m->steal, NULL, 0), "--steal");
	if (rc == 0 && m->record)
		rc = err_in(recorder_start(r.vm, m->record, m->record_every_ns,
					   &recorder),
			    "--record");
	rc = rc < 0 ? EXIT_ERROR : status(m, r.vm, vm_run(r.vm));
	recorder_stop(recorder);
	ctl_server_free(r.server);
	/*
	 * Not vm_free(): the process ends, and the kernel unmakes a VM whole
	 * faster than we could part by part.
	 */
	return rc > 128 ? die(rc - 128) : rc;
}
