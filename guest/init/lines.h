/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines.h - a file, line by line.
 *
 * Errors: a negative errno.
 * Owns:   the descriptor, until lines_close().
 */
#ifndef INIT_LINES_H
#define INIT_LINES_H

#include <stddef.h>

/* The channel is slow, and some files have no end. */
enum { LINE_CHARS = 400, FILE_BYTES = 256 * 1024 };

struct lines {
	int fd;
	size_t at, end; /* what of data is still to be had */
	size_t total;	/* bytes read so far */
	char data[4096];
};

/* Opens and reads the first part, which in /proc fixes what the rest of a file
 * that is one picture says. */
int lines_open(struct lines *lines, const char *path);

/* 1 and the next line, cut to LINE_CHARS; 0 at the file's end.  -EFBIG: it is
 * longer than FILE_BYTES. */
int lines_next(struct lines *lines, char line[LINE_CHARS + 1]);

void lines_close(struct lines *lines);

#endif
