/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - what unit tests have in common: cmocka and what it needs, and the
 * question whether anything is left over, files, standard input and output.
 */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fault.h"

/* What a process holds that no memory checker sees. */
struct left {
	unsigned fds, threads;
	uint64_t mapped;
};

struct left left_now(void);

/* Nothing but @before is held. */
#define assert_nothing_left(before) check_left(before, __FILE__, __LINE__)
void check_left(struct left before, const char *file, int line);

/* err_text() is, or holds, exactly this. */
#define assert_words(words)	assert_string_equal(err_text(), words)
#define assert_has_words(words) check_words(words, __FILE__, __LINE__)
void check_words(const char *words, const char *file, int line);

/*
 * Standard input and output are @in and @out (-1: nothing, in or out) until
 * they are given back, also where a test fails in between; takes both over.
 */
void stdio_take(int in, int out);
void stdio_give_back(void);

/*
 * Read from @fd, a terminal's other side, behind what is in @seen (a string in
 * @size bytes), until @text is in it.  False: it did not come within 20 s.
 */
bool see_text(int fd, char *seen, size_t size, const char *text);

/* A file of @size bytes of @buf, by a path that lives as long as its fd. */
int scratch_file(const void *buf, size_t size, char path[static 32]);

/*
 * Make the 64 bytes at @kernel the header of an arm64 Image that needs
 * @mem_size bytes of memory, at RAM + 2 MiB.
 */
void make_image(void *kernel, uint64_t mem_size);

#define TEST(fn) cmocka_unit_test(fn)

#endif
