/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.h - asks a running guest's VMM; see server.h for the words.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.  -ENOENT: no
 *          guest of that name; -ETIMEDOUT: its VMM does not answer.
 * Owns:    nothing.
 * Threads: any.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <stddef.h>

enum { CTL_REPLY_MAX = 128 * 1024 };

/* Send @word to the guest @name; its line, without the newline, in @reply. */
int ctl_ask(const char *name, const char *word, char *reply, size_t size);

#endif
