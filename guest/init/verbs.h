/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verbs.h - what the host may ask for.
 */
#ifndef INIT_VERBS_H
#define INIT_VERBS_H

/* Do what @line says and answer, now or later.  A line that begins with no
 * number cannot be answered. */
void verbs_do(char *line);

#endif
