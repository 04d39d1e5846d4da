/* SPDX-License-Identifier: BSD-2-Clause */
/* console.h - the console as a user writes it: KIND, WHERE or KIND,WHERE. */
#ifndef CMD_CONSOLE_H
#define CMD_CONSOLE_H

#include <stdbool.h>

#include "vm/vm.h"

struct console_choice {
	bool virtio; /* as well as the PL011 */
	enum vm_console where;
	const char *path; /* into the text; NULL: none */
};

/* Of a struct machine: its console. */
int console_option(void *machine, const char *arg);

/* -EINVAL: not of that form. */
int console_parse(const char *text, struct console_choice *ret);

#endif
