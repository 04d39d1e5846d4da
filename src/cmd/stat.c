/* SPDX-License-Identifier: BSD-2-Clause */
/* stat.c - command "stat": running guests' stolen time, per vCPU. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/census.h"
#include "cmd/cmd.h"
#include "cmd/columns.h"
#include "cmd/metrics.h"
#include "cmd/stat_table.h"
#include "ctl/client.h"
#include "ctl/path.h"
#include "ctl/stat.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/parse.h"
#include "util/save.h"
#include "util/util.h"

struct stat_options {
	uint64_t interval_ns; /* 0: once */
	uint64_t count;	      /* of samples; 0: no end */
	const char *output;   /* NULL: standard output */
	bool json, prometheus, help;
};

/* -- options -- */

static int set_interval(void *into, const char *arg)
{
	return parse_seconds(arg, &((struct stat_options *)into)->interval_ns);
}

static int set_count(void *into, const char *arg)
{
	return parse_u64(arg, 1, UINT64_MAX,
			 &((struct stat_options *)into)->count);
}

static int set_json(void *into, const char *arg)
{
	(void)arg;
	((struct stat_options *)into)->json = true;
	return 0;
}

static int set_prometheus(void *into, const char *arg)
{
	(void)arg;
	((struct stat_options *)into)->prometheus = true;
	return 0;
}

static int set_output(void *into, const char *arg)
{
	((struct stat_options *)into)->output = arg;
	return 0;
}

static int set_help(void *into, const char *arg)
{
	(void)arg;
	((struct stat_options *)into)->help = true;
	return 0;
}

static const struct option_desc options[] = {
	{ 0, "interval", "S",
	  "again every S seconds, with what was stolen since the time before, "
	  "until the guest ends",
	  set_interval },
	{ 0, "count", "N", "N times, with --interval", set_count },
	{ 0, "json", NULL,
	  "each time one line of JSON, in nanoseconds, as the guest's VMM "
	  "says it",
	  set_json },
	{ 0, "prometheus", NULL,
	  "as Prometheus reads it: of each NAME, or of all guests that you run",
	  set_prometheus },
	{ 0, "output", "FILE",
	  "with --prometheus: into FILE, each time whole or not at all, as "
	  "node_exporter's textfile collector needs it",
	  set_output },
	{ 'h', "help", NULL, "this text", set_help },
};

static void help(void)
{
	printf("usage: pvtime-vmm stat [options] NAME\n"
	       "       pvtime-vmm stat --prometheus [options] [NAME...]\n"
	       "\n"
	       "Show how much time the host took from each vCPU of the guest "
	       "NAME, in seconds\n"
	       "since it began: \"stolen\" as the host counts it, \"record\" "
	       "as the guest is told.\n"
	       "\"share\" is the part of the time that the vCPU wanted to run "
	       "and could not: since\n"
	       "the guest began, or with --interval since the line before.  "
	       "The guest is not\n"
	       "stopped.\n"
	       "\n");
	options_print(options, ARRAY_SIZE(options));
}

static int check_names(const struct stat_options *o, char *const *names,
		       unsigned nr)
{
	if (!o->prometheus && nr != 1)
		return err_say(EINVAL, "stat: which guest? give one NAME; "
				       "'pvtime-vmm list' tells them");
	for (unsigned i = 0; i < nr; i++) {
		if (ctl_name(names[i]) < 0)
			return -EINVAL;
		for (unsigned k = 0; k < i; k++)
			if (strcmp(names[i], names[k]) == 0)
				return err_say(EINVAL, "stat: '%s' twice",
					       names[i]);
	}
	return 0;
}

static int check(const struct stat_options *o, char *const *names, unsigned nr)
{
	if (o->count && !o->interval_ns)
		return err_say(EINVAL, "--count: give an --interval, too");
	if (o->output && !o->prometheus)
		return err_say(EINVAL, "--output: only with --prometheus");
	if (o->json && o->prometheus)
		return err_say(EINVAL, "--json and --prometheus: choose one");
	return check_names(o, names, nr);
}

/* -- again and again -- */

/* What takes a sample: 1: there is no more; 0, or a negative errno. */
typedef int sample_fn(void *ctx);

static int flush(void)
{
	return fflush(stdout) == EOF ? err_set(errno, "standard output") : 0;
}

/* Wait until @at; or a signal that is to end us. */
static int wait_until(uint64_t at, const sigset_t *signals)
{
	int sig;

	do {
		uint64_t now = clock_mono_ns(), ns = at > now ? at - now : 0;
		const struct timespec left = {
			.tv_sec = (time_t)(ns / 1000000000),
			.tv_nsec = (long)(ns % 1000000000),
		};

		sig = sigtimedwait(signals, NULL, &left);
	} while (sig < 0 && errno == EINTR);
	return sig < 0 ? 0 : sig;
}

/* Nobody ends us amid a sample: what is printed or saved is whole. */
static int repeat(const struct stat_options *o, sample_fn *sample, void *ctx)
{
	uint64_t next = clock_mono_ns(), now;
	sigset_t signals;
	int rc, sig;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (uint64_t n = 1;; n++) {
		rc = sample(ctx);
		if (rc == 0)
			rc = flush();
		if (rc < 0)
			return EXIT_ERROR;
		if (rc > 0 || n == o->count)
			return EXIT_GOOD;
		next += o->interval_ns;
		now = clock_mono_ns();
		if (next < now) /* the host was too slow for that */
			next = now;
		sig = wait_until(next, &signals);
		if (sig > 0) {
			err_adopt("");
			return 128 + sig;
		}
	}
}

static int run(const struct stat_options *o, sample_fn *sample, void *ctx)
{
	if (o->interval_ns)
		return repeat(o, sample, ctx);
	return sample(ctx) < 0 ? EXIT_ERROR : EXIT_GOOD;
}

/* -- one guest -- */

struct watch {
	const struct stat_options *o;
	const char *name;
	bool begun;
	struct ctl_stat last;
	struct stat_table table;
};

static int print_first(struct watch *w, const struct ctl_stat *s)
{
	char uptime[COLUMNS_UPTIME_SIZE];

	printf("guest %s: %s, up %s, stolen time: %s\n", s->name, s->state,
	       columns_uptime(uptime, s->uptime_ns), s->provider);
	return stat_table_init(&w->table, stdout, s, w->o->interval_ns > 0,
			       isatty(STDOUT_FILENO));
}

static int print(struct watch *w, const struct ctl_stat *s, const char *line)
{
	int rc = 0;

	if (w->o->json)
		return puts(line) == EOF ? err_set(errno, "standard output")
					 : 0;
	if (!w->begun)
		rc = print_first(w, s);
	return rc < 0 ? rc
		      : stat_table_print(&w->table, s,
					 w->begun ? &w->last : NULL);
}

static int watch(void *ctx)
{
	struct watch *w = ctx;
	struct ctl_client client;
	struct ctl_stat s;
	const char *line;
	int rc = ctl_ask(&client, w->name, "stat", &line);

	/* With the process its figures end, whoever has its name now. */
	if (w->begun && (rc == -ENOENT || rc == -ECONNRESET))
		return 1;
	if (rc < 0)
		return rc;
	rc = err_in(ctl_stat_read(line, &s), "'%s'", w->name);
	if (rc < 0)
		goto out_close;
	if (w->begun && s.pid != w->last.pid)
		rc = 1;
	else
		rc = print(w, &s, line);
	ctl_stat_fini(&w->last);
	w->last = s;
	w->begun = true;
out_close:
	ctl_client_close(&client);
	return rc;
}

static int watch_main(const struct stat_options *o, const char *name)
{
	struct watch w = { .o = o, .name = name };
	int status = run(o, watch, &w);

	stat_table_fini(&w.table);
	ctl_stat_fini(&w.last);
	return status;
}

/* -- Prometheus -- */

struct scrape {
	const struct stat_options *o;
	char *const *names;
	unsigned nr;
	bool begun;
};

static int save(const struct stat_options *o, const struct census *c)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int rc = 0;

	if (!out)
		return err_set(ENOMEM, "metrics");
	metrics_write(out, c);
	if (fclose(out) == EOF)
		rc = err_set(ENOMEM, "metrics");
	else if (o->output)
		rc = err_in(save_file(o->output, 0644, text, size), "--output");
	else if (fwrite(text, 1, size, stdout) != size)
		rc = err_set(errno, "standard output");
	free(text);
	return rc;
}

static int scrape(void *ctx)
{
	struct scrape *s = ctx;
	unsigned nr_ended = 0;
	struct census c;
	int rc = census_take(&c, s->names, s->nr);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < c.nr; i++) {
		const struct census_guest *g = &c.guests[i];

		if (g->rc != -ENOENT && g->rc != -ECONNRESET)
			continue;
		nr_ended++;
		/* That one never ran: a name mistyped. */
		if (!s->begun && rc == 0)
			rc = err_say(-g->rc, "%s", g->words ? g->words : "");
	}
	if (rc == 0)
		rc = save(s->o, &c);
	if (rc == 0 && s->nr > 0 && nr_ended == s->nr)
		rc = 1;
	s->begun = true;
	census_fini(&c);
	return rc;
}

int stat_main(int argc, char **argv)
{
	struct stat_options o = { 0 };
	int first = options_parse(options, ARRAY_SIZE(options), &o, argc, argv);
	struct scrape s = { .o = &o };

	if (first < 0)
		return EXIT_USAGE;
	if (o.help) {
		help();
		return EXIT_GOOD;
	}
	s.names = argv + first;
	s.nr = (unsigned)(argc - first);
	if (check(&o, s.names, s.nr) < 0)
		return EXIT_USAGE;
	return o.prometheus ? run(&o, scrape, &s) : watch_main(&o, s.names[0]);
}
