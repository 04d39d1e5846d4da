/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd.h - the commands, their options and their exit statuses.
 *
 * A command is a function in a file of its own and a line in main.c's table.
 * It returns an exit status; where that is an error's, err_text() has the
 * words, and main() alone prints them.
 *
 * Threads: the main thread.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stddef.h>

/* The same in every command; the README's table. */
enum {
	EXIT_GOOD = 0,	/* the guest powered off */
	EXIT_ERROR = 1, /* ours */
	EXIT_USAGE = 2,
	EXIT_CRASHED = 3,   /* the guest */
	EXIT_RESET = 4,	    /* with --no-reboot */
	EXIT_NO_PVTIME = 5, /* required and missing */
	EXIT_BAD = 6,	    /* a verdict */
	EXIT_TIMEOUT = 124,
};

struct command {
	const char *name;
	const char *args; /* after the name, in the usage line */
	const char *what; /* one line for the list of commands */
	int (*main)(int argc, char **argv);
};

/* A kind of option: one line of a command's table. */
struct option_desc {
	char letter;	  /* 0: none */
	const char *name; /* without the dashes; NULL: a heading */
	const char *arg;  /* NULL: takes none */
	const char *help; /* a heading's text, where name is NULL */
	/* 0, or a negative errno with words; @arg is NULL where none taken */
	int (*set)(void *into, const char *arg);
};

/* What a command has at most, headings included. */
enum { OPTIONS_MAX = 48 };

/*
 * Take the options of @argv (argv[0] is the command's name) into @into by
 * @table of @n lines.  Moves the words that are no options to the end and
 * returns the index of the first, or a negative errno with words.
 */
int options_parse(const struct option_desc *table, size_t n, void *into,
		  int argc, char **argv);

/* Print @text from @column on, where the line is, folded before column 80. */
void print_folded(const char *text, int column);

/* Print @table to standard output, aligned and folded. */
void options_print(const struct option_desc *table, size_t n);

int run_main(int argc, char **argv);
int dtb_main(int argc, char **argv);
int check_main(int argc, char **argv);
int test_main(int argc, char **argv);
int plot_main(int argc, char **argv);
int stat_main(int argc, char **argv);
int list_main(int argc, char **argv);
int top_main(int argc, char **argv);
int pause_main(int argc, char **argv);
int resume_main(int argc, char **argv);
int reset_main(int argc, char **argv);
int stop_main(int argc, char **argv);
int steal_main(int argc, char **argv);
int balloon_main(int argc, char **argv);

#endif
