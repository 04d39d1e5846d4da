/* SPDX-License-Identifier: BSD-2-Clause */
/* dtb.c - command "dtb": print the device tree that a run line would give. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/machine.h"
#include "util/err.h"
#include "util/log.h"
#include "util/save.h"

static void help(void)
{
	printf("usage: pvtime-vmm dtb [options of run] > FILE\n"
	       "\n"
	       "Write the device tree that 'pvtime-vmm run' with the same "
	       "options would give\n"
	       "its guest, as a dtb, to standard output.  It asks this host's "
	       "KVM, so it needs\n"
	       "/dev/kvm; a kernel is needed only where it is given.\n"
	       "\n"
	       "  pvtime-vmm dtb -c 4 -m 1G | dtc -I dtb -O dts\n"
	       "\n"
	       "For the options see 'pvtime-vmm run --help'.\n");
}

int dtb_main(int argc, char **argv)
{
	struct machine m;
	const void *fdt;
	struct vm *vm;
	size_t size;
	int rc;

	/* Nothing will run, so nothing is to be said about how. */
	log_set_level(LOG_WARNING);
	machine_init(&m);
	if (machine_parse(&m, NULL, 0, argc, argv) < 0)
		return EXIT_USAGE;
	if (m.help) {
		help();
		return EXIT_GOOD;
	}
	if (isatty(STDOUT_FILENO)) {
		err_say(EINVAL, "dtb: will not write a binary to a terminal; "
				"add | dtc -I dtb -O dts");
		return EXIT_USAGE;
	}
	rc = vm_new(&m.config, &vm);
	if (rc < 0)
		return machine_failed(&m, rc);
	fdt = vm_fdt(vm, &size);
	rc = err_in(save_all(STDOUT_FILENO, fdt, size), "device tree");
	vm_free(vm);
	return rc < 0 ? EXIT_ERROR : EXIT_GOOD;
}
