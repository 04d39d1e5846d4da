/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat_table.h - one guest's figures as a table for people, once or again and
 * again.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the columns.
 * Threads: one at a time.
 */
#ifndef CMD_STAT_TABLE_H
#define CMD_STAT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "ctl/stat.h"

struct columns;

struct stat_table {
	struct columns *columns;
	FILE *out;
	bool again;		   /* it is printed again and again */
	bool terminal;		   /* where heads scroll away */
	bool kinds[VM_EXIT_KINDS]; /* that are counted */
	unsigned lines;		   /* since the last heads; 0: none yet */
};

/* A table like @s to @out; @again: with what changes from time to time. */
int stat_table_init(struct stat_table *t, FILE *out, const struct ctl_stat *s,
		    bool again, bool terminal);

/* A line for each vCPU; @last is what was printed before, NULL at first. */
int stat_table_print(struct stat_table *t, const struct ctl_stat *s,
		     const struct ctl_stat *last);

/* Fine on a zeroed *t, and twice. */
void stat_table_fini(struct stat_table *t);

#endif
