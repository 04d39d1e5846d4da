/* SPDX-License-Identifier: BSD-2-Clause */
/* disk.h - disks as a user writes them: FILE[,ro][,direct][,serial=TEXT]. */
#ifndef CMD_DISK_H
#define CMD_DISK_H

struct disk_config;

/* Of a struct machine: one more.  It points into @arg. */
int disk_option(void *machine, const char *arg);

/* *ret points into @text.  -EINVAL: not of that form. */
int disk_parse(const char *text, struct disk_config *ret);

#endif
