/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c - command "run": boot a guest with its console on the terminal. */
#include <signal.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/machine.h"
#include "cmd/recorder.h"
#include "ctl/server.h"
#include "util/err.h"
#include "util/save.h"
#include "vm/vm.h"

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

int run_main(int argc, char **argv)
{
	struct machine m;
	struct ctl_server *server = NULL;
	struct recorder *recorder = NULL;
	struct vm *vm;
	int rc;

	machine_init(&m);
	if (machine_parse(&m, NULL, 0, argc, argv) < 0)
		return EXIT_USAGE;
	if (m.help) {
		help();
		return EXIT_GOOD;
	}
	if (machine_find_kernel(&m) < 0)
		return EXIT_USAGE;
	rc = vm_new(&m.config, &vm);
	if (rc < 0)
		return machine_failed(&m, rc);
	rc = 0;
	if (m.name)
		rc = err_in(ctl_server_new(vm, m.name, &server), "--name");
	if (rc == 0)
		rc = dump(&m, vm);
	if (rc == 0 && m.record)
		rc = err_in(recorder_start(vm, m.record, m.record_every_ns,
					   &recorder),
			    "--record");
	rc = rc < 0 ? EXIT_ERROR : status(&m, vm, vm_run(vm));
	recorder_stop(recorder);
	ctl_server_free(server);
	/*
	 * Not vm_free(): the process ends, and the kernel unmakes a VM whole
	 * faster than we could part by part.
	 */
	return rc > 128 ? die(rc - 128) : rc;
}
