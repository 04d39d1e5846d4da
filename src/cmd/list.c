/* SPDX-License-Identifier: BSD-2-Clause */
/* list.c - command "list": the guests that this user runs. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "cmd/census.h"
#include "cmd/cmd.h"
#include "cmd/columns.h"
#include "util/err.h"
#include "util/json.h"
#include "util/log.h"
#include "util/util.h"

struct list_options {
	bool json, help;
};

static int set_json(void *into, const char *arg)
{
	(void)arg;
	((struct list_options *)into)->json = true;
	return 0;
}

static int set_help(void *into, const char *arg)
{
	(void)arg;
	((struct list_options *)into)->help = true;
	return 0;
}

static const struct option_desc options[] = {
	{ 0, "json", NULL, "all of it as one line of JSON, an array",
	  set_json },
	{ 'h', "help", NULL, "this text", set_help },
};

static void help(void)
{
	printf("usage: pvtime-vmm list [--json]\n"
	       "\n"
	       "List the guests that you run: what they are called, their "
	       "process, their size,\n"
	       "since when they run, and which part of the time that they "
	       "wanted to run the\n"
	       "host kept from them since then.\n"
	       "\n");
	options_print(options, ARRAY_SIZE(options));
}

/* -- for people -- */

static void add_row(struct columns *c, const struct census_guest *g)
{
	const struct ctl_stat *s = &g->stat;
	char uptime[COLUMNS_UPTIME_SIZE];

	columns_cell(c, "%s", g->name);
	if (g->pid)
		columns_cell(c, "%d", g->pid);
	else
		columns_cell(c, "-");
	if (g->rc < 0) {
		for (int i = 0; i < 3; i++)
			columns_cell(c, "-");
		columns_cell(c, "no answer");
		columns_cell(c, "-");
		return;
	}
	columns_cell(c, "%u", s->nr_vcpus);
	columns_size(c, s->memory);
	columns_cell(c, "%s", columns_uptime(uptime, s->uptime_ns));
	columns_cell(c, "%s", s->state);
	columns_share(c, ctl_stat_share(s));
}

static int print_table(const struct census *census)
{
	struct columns c;
	int rc;

	if (census->nr == 0) {
		printf("no guest runs\n");
		return 0;
	}
	rc = columns_init(&c);
	if (rc < 0)
		return rc;
	columns_add(&c, "name", true);
	columns_add(&c, "pid", false);
	columns_add(&c, "vCPUs", false);
	columns_add(&c, "memory", false);
	columns_add(&c, "uptime", false);
	columns_add(&c, "state", true);
	columns_add(&c, "stolen", false);
	for (unsigned i = 0; i < census->nr; i++)
		add_row(&c, &census->guests[i]);
	rc = columns_print(&c, stdout, true);
	columns_fini(&c);
	return rc;
}

/* -- for programs -- */

static void print_guest(const struct census_guest *g)
{
	const struct ctl_stat *s = &g->stat;

	printf("{\"name\":");
	json_string(stdout, g->name);
	printf(",\"pid\":%d", g->pid);
	if (g->rc < 0) {
		printf(",\"error\":");
		json_string(stdout, g->words ? g->words : "no answer");
		printf("}");
		return;
	}
	printf(",\"vcpus\":%u,\"memory\":%" PRIu64 ",\"uptime_ns\":%" PRIu64
	       ",\"state\":",
	       s->nr_vcpus, s->memory, s->uptime_ns);
	json_string(stdout, s->state);
	printf(",\"stolen_share\":%.6f}", ctl_stat_share(s));
}

static int print_json(const struct census *census)
{
	putchar('[');
	for (unsigned i = 0; i < census->nr; i++) {
		if (i > 0)
			putchar(',');
		print_guest(&census->guests[i]);
	}
	printf("]\n");
	return 0;
}

int list_main(int argc, char **argv)
{
	struct list_options o = { 0 };
	struct census census;
	int rc, first = options_parse(options, ARRAY_SIZE(options), &o, argc,
				      argv);

	if (first < 0)
		return EXIT_USAGE;
	if (o.help) {
		help();
		return EXIT_GOOD;
	}
	if (first < argc) {
		err_say(EINVAL, "list: '%s': takes no such word; see --help",
			argv[first]);
		return EXIT_USAGE;
	}
	rc = census_take(&census, NULL, 0);
	if (rc < 0)
		return EXIT_ERROR;
	rc = (o.json ? print_json : print_table)(&census);
	/* What is behind a "no answer". */
	for (unsigned i = 0; i < census.nr; i++)
		if (census.guests[i].words)
			log_warn("%s", census.guests[i].words);
	census_fini(&census);
	return rc < 0 ? EXIT_ERROR : EXIT_GOOD;
}
