/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ends.h - what it means that a guest under test is no more.
 *
 * Errors:  none.
 * Threads: the judge's.
 */
#ifndef CMD_ENDS_H
#define CMD_ENDS_H

enum { ENDS_WORDS_MAX = 560 };

struct inbox_line;
struct judge;

/* The run came to its end, as j->view has it: does that end the test, too? */
void ends_by_itself(struct judge *j);

/* The kernel panicked, and has said the rest. */
void ends_by_panic(struct judge *j);

/* The console's last line that says anything, in *line; "" where none does. */
const char *ends_last_line(struct judge *j, struct inbox_line *line);

/*
 * The same as part of a sentence, with the worst that it said before; returns
 * @buf.
 */
const char *ends_last_words(struct judge *j, char buf[static ENDS_WORDS_MAX]);

#endif
