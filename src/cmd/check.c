/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - command "check": can this host give its guests stolen time? */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/cmd.h"
#include "cmd/conform.h"
#include "cmd/facts.h"
#include "pvtime/pvtime.h"
#include "util/err.h"
#include "util/json.h"
#include "util/util.h"

struct check_options {
	const char *provider;
	bool json, help;
};

static int set_pvtime(void *into, const char *arg)
{
	int rc = pvtime_known(arg);

	if (rc == 0)
		((struct check_options *)into)->provider = arg;
	return rc;
}

static int set_json(void *into, const char *arg)
{
	(void)arg;
	((struct check_options *)into)->json = true;
	return 0;
}

static int set_help(void *into, const char *arg)
{
	(void)arg;
	((struct check_options *)into)->help = true;
	return 0;
}

static const struct option_desc options[] = {
	{ 0, "pvtime", "MODE",
	  "check stolen time by this provider: steady, kvm or device; without "
	  "it the best that the host has",
	  set_pvtime },
	{ 0, "json", NULL, "all of it as one line of JSON", set_json },
	{ 'h', "help", NULL, "this text", set_help },
};

static void help(void)
{
	printf("usage: pvtime-vmm check [options]\n"
	       "\n"
	       "Can this host give its guests stolen time?  Tells what its KVM "
	       "has, and what\n"
	       "would bring what is missing; then boots a guest that asks for "
	       "its stolen time\n"
	       "as Arm's specification says, and checks every answer.  Needs "
	       "/dev/kvm, not root.\n"
	       "\n");
	options_print(options, ARRAY_SIZE(options));
	printf("\n"
	       "Exit status: 0 it can, 6 it cannot or the guest found a fault, "
	       "1 that is not\n"
	       "known, or our error, 2 usage.\n");
}

struct outcome {
	struct fact *facts;
	struct conform guest;
	int status;		    /* the command's */
	char verdict[ERR_TEXT_MAX]; /* in one sentence */
};

/* The first fact that is needed and missing, or NULL. */
static const struct fact *obstacle(const struct outcome *o)
{
	for (size_t i = 0; i < facts_size; i++)
		if (o->facts[i].needed && o->facts[i].state != FACT_YES)
			return &o->facts[i];
	return NULL;
}

static void verdict(struct outcome *o, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void verdict(struct outcome *o, int status, const char *fmt, ...)
{
	va_list ap;

	o->status = status;
	va_start(ap, fmt);
	vsnprintf(o->verdict, sizeof(o->verdict), fmt, ap);
	va_end(ap);
}

static void judge(struct outcome *o)
{
	const struct fact *f = obstacle(o);
	const struct conform *c = &o->guest;

	if (f && f->state == FACT_UNKNOWN)
		verdict(o, EXIT_ERROR, "%s", f->text);
	else if (f)
		verdict(o, EXIT_BAD,
			"this host cannot give its guests stolen time: %s",
			f->text);
	else if (c->words[0])
		verdict(o, EXIT_BAD, "the conformance guest %s: %s",
			c->ran ? "came to no good end" : "did not run",
			c->words);
	else if (!conform_is_good(c))
		verdict(o, EXIT_BAD,
			"%u of %u checks of the conformance guest failed",
			c->tap.failed, c->tap.nr);
	else if (strcmp(c->provider, "off") == 0)
		verdict(o, EXIT_BAD, "the guest was given no stolen time");
	else if (conform_not_seen(c))
		verdict(o, EXIT_ERROR,
			"that stolen time grows was not seen: %s; is this "
			"host overloaded?  Try again",
			conform_not_seen(c));
	else
		verdict(o, EXIT_GOOD,
			"this host gives its guests stolen time, by provider "
			"%s",
			c->provider);
}

/* -- for people -- */

/* Where a fact's text begins. */
enum { TEXT_COLUMN = 31 };

static void print_facts(const struct outcome *o)
{
	for (size_t i = 0; i < facts_size; i++) {
		const struct fact *f = &o->facts[i];
		const char *mark = f->state == FACT_YES	 ? "yes"
				   : f->state != FACT_NO ? "?  "
				   : f->needed		 ? "NO "
							 : "no ";

		printf("  %s  %-22s  ", mark, f->name);
		print_folded(f->text, TEXT_COLUMN);
	}
}

static void print_guest(const struct conform *c)
{
	const struct tap *tap = &c->tap;

	if (tap->nr == 0)
		return;
	printf("\nconformance guest, provider %s: %u checks, %u failed, %u "
	       "skipped, %.1f s\n",
	       c->provider, tap->nr, tap->failed, tap->skipped,
	       (double)c->took_ns / 1e9);
	for (unsigned i = 0; i < tap->nr; i++) {
		const struct tap_check *k = &tap->checks[i];

		if (!k->ok || k->skipped)
			printf("  %s  %2u %s%s%s\n",
			       k->ok ? "skipped" : "FAILED ", k->number,
			       k->name, k->why[0] ? ": " : "", k->why);
	}
}

static void print_host(const struct outcome *o)
{
	struct utsname host;

	uname(&host);
	printf("%s %s %s\n\n", host.sysname, host.release, host.machine);
	print_facts(o);
	fflush(stdout); /* the rest takes a while, and another process */
}

static void print_verdict(const struct outcome *o)
{
	print_guest(&o->guest);
	printf("\n%s: %s\n",
	       o->status == EXIT_GOOD  ? "good"
	       : o->status == EXIT_BAD ? "BAD"
				       : "not known",
	       o->verdict);
}

/* -- for programs -- */

static void print_json(const struct outcome *o)
{
	const struct conform *c = &o->guest;
	static const char *const there[] = { "false", "true", "null" };
	struct utsname host;

	uname(&host);
	printf("{\"version\":1,\"kernel\":");
	json_string(stdout, host.release);
	printf(",\"good\":%s,\"verdict\":", o->status == EXIT_GOOD  ? "true"
					    : o->status == EXIT_BAD ? "false"
								    : "null");
	json_string(stdout, o->verdict);
	printf(",\"facts\":[");
	for (size_t i = 0; i < facts_size; i++) {
		const struct fact *f = &o->facts[i];

		printf("%s{\"id\":\"%s\",\"needed\":%s,\"there\":%s,\"text\":",
		       i ? "," : "", f->id, f->needed ? "true" : "false",
		       there[f->state]);
		json_string(stdout, f->text);
		printf("}");
	}
	printf("],\"provider\":");
	json_string(stdout, c->provider);
	printf(",\"took_ns\":%llu,\"checks\":[",
	       (unsigned long long)c->took_ns);
	for (unsigned i = 0; i < c->tap.nr; i++) {
		const struct tap_check *k = &c->tap.checks[i];

		printf("%s{\"number\":%u,\"ok\":%s,\"skipped\":%s,\"name\":",
		       i ? "," : "", k->number, k->ok ? "true" : "false",
		       k->skipped ? "true" : "false");
		json_string(stdout, k->name);
		printf(",\"why\":");
		json_string(stdout, k->why);
		printf("}");
	}
	printf("]}\n");
}

int check_main(int argc, char **argv)
{
	struct check_options opt = { .provider = "auto" };
	struct outcome o = { 0 };
	int rc, first = options_parse(options, ARRAY_SIZE(options), &opt, argc,
				      argv);

	if (first < 0)
		return EXIT_USAGE;
	if (opt.help) {
		help();
		return EXIT_GOOD;
	}
	if (first < argc) {
		err_say(EINVAL, "check: '%s': takes no such word; see --help",
			argv[first]);
		return EXIT_USAGE;
	}
	o.facts = calloc(facts_size, sizeof(*o.facts));
	if (!o.facts) {
		err_set(ENOMEM, "facts");
		return EXIT_ERROR;
	}
	facts_gather("/dev/kvm", o.facts);
	if (!opt.json)
		print_host(&o);
	rc = obstacle(&o) ? 0 : conform_run(opt.provider, &o.guest);
	if (rc == 0) {
		judge(&o);
		(opt.json ? print_json : print_verdict)(&o);
	}
	conform_fini(&o.guest);
	free(o.facts);
	if (rc < 0)
		return EXIT_ERROR;
	err_adopt(""); /* the verdict is said, on standard output */
	return o.status;
}
