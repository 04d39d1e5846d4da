/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c - tables of options to getopt_long(3) and to help texts. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "util/err.h"

enum { FIRST_VALUE = 256, HELP_COLUMN = 28, WIDTH = 80 };

/* getopt's view of @table; a value is FIRST_VALUE + the line's index. */
static void convert(const struct option_desc *table, size_t n, char *letters,
		    struct option *longs)
{
	*letters++ = ':'; /* tell a missing argument from an unknown option */
	for (size_t i = 0; i < n; i++) {
		if (!table[i].name)
			continue;
		*longs++ = (struct option){
			.name = table[i].name,
			.has_arg =
				table[i].arg ? required_argument : no_argument,
			.val = FIRST_VALUE + (int)i,
		};
		if (!table[i].letter)
			continue;
		*letters++ = table[i].letter;
		if (table[i].arg)
			*letters++ = ':';
	}
	*letters = '\0';
	*longs = (struct option){ 0 };
}

static const struct option_desc *find(const struct option_desc *table, size_t n,
				      int value)
{
	if (value >= FIRST_VALUE)
		return &table[value - FIRST_VALUE];
	for (size_t i = 0; i < n; i++)
		if (table[i].name && table[i].letter == value)
			return &table[i];
	return NULL;
}

/* The word that getopt has just refused, as the user wrote it. */
static int refused(char **argv, int why)
{
	const char *word = argv[optind - 1];

	if (optopt > 0 && optopt < FIRST_VALUE && strncmp(word, "--", 2) != 0) {
		if (why == ':')
			return err_say(EINVAL, "option -%c needs an argument",
				       optopt);
		return err_say(EINVAL, "unknown option -%c; see --help",
			       optopt);
	}
	if (why == ':')
		return err_say(EINVAL, "option %s needs an argument", word);
	if (optopt >= FIRST_VALUE)
		return err_say(EINVAL, "option %s takes no argument", word);
	return err_say(EINVAL, "unknown option %s; see --help", word);
}

int options_parse(const struct option_desc *table, size_t n, void *into,
		  int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 2];
	int value, rc;

	if (n > OPTIONS_MAX)
		return err_say(E2BIG, "%zu options", n);
	convert(table, n, letters, longs);
	opterr = 0;
	optind = 0; /* begin anew, whoever used it before */
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_desc *o;

		if (value == '?' || value == ':')
			return refused(argv, value);
		o = find(table, n, value);
		rc = o->set(into, o->arg ? optarg : NULL);
		if (rc < 0)
			return err_in(rc, "--%s", o->name);
	}
	return optind;
}

/* Words of @text in lines that begin at column @column. */
void print_folded(const char *text, int column)
{
	int at = column;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > column && at + 1 + len > WIDTH)
			at = printf("\n%*s", column, "") - 1;
		else if (at > column)
			at += printf(" ");
		at += printf("%.*s", len, text);
		text += len;
		text += strspn(text, " ");
	}
	printf("\n");
}

void options_print(const struct option_desc *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct option_desc *o = &table[i];
		int at;

		if (!o->name) {
			printf("\n%s\n", o->help);
			continue;
		}
		if (o->letter)
			at = printf("  -%c, --%s", o->letter, o->name);
		else
			at = printf("      --%s", o->name);
		if (o->arg)
			at += printf(" %s", o->arg);
		if (at + 2 > HELP_COLUMN) {
			printf("\n");
			at = 0;
		}
		printf("%*s", HELP_COLUMN - at, "");
		print_folded(o->help, HELP_COLUMN);
	}
}
