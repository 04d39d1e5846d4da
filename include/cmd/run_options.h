/* SPDX-License-Identifier: BSD-2-Clause */
/* run_options.h - the options that "run" has and other commands have not. */
#ifndef CMD_RUN_OPTIONS_H
#define CMD_RUN_OPTIONS_H

#include <stddef.h>

struct option_desc;

/* They are of a struct machine; *ret_n of them. */
const struct option_desc *run_options(size_t *ret_n);

#endif
