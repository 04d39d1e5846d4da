/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * share.h - options for shared folders, other devices of other processes, RAM
 * and CPUs.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 */
#ifndef CMD_SHARE_H
#define CMD_SHARE_H

/* Of a struct machine. */
int share_option(void *machine, const char *arg);
int vhost_user_option(void *machine, const char *arg);
int pin_option(void *machine, const char *arg);
int hugepages_option(void *machine, const char *arg);
int mem_file_option(void *machine, const char *arg);

#endif
