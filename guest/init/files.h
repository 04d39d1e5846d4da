/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files.h - the verbs read, write and stat.
 */
#ifndef INIT_FILES_H
#define INIT_FILES_H

#include <stdint.h>

void files_read(uint64_t nr, char *args);
void files_write(uint64_t nr, char *args);
void files_stat(uint64_t nr, char *args);

#endif
