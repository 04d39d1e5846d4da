/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h - the options that describe a machine, for all commands that make
 * one.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    what machine_defaults() had to look up; strings are argv's.
 * Threads: the main thread.
 */
#ifndef CMD_MACHINE_H
#define CMD_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "vm/vm.h"

struct machine {
	struct vm_config config;
	const char *dump_dtb; /* NULL: no */
	const char *name;     /* NULL: none */
	bool help;
	char own_kernel[128]; /* the host's, where none was given */
};

/* Print what each option does. */
void machine_print_options(void);

/* Fill *m from @argv, argv[0] being the command.  On error words say why. */
int machine_parse(struct machine *m, int argc, char **argv);

/* The host's own kernel where none was given.  -ENOENT: it is not there. */
int machine_find_kernel(struct machine *m);

/* The status for a command whose vm_new() failed with @rc. */
int machine_failed(const struct machine *m, int rc);

#endif
