/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steer.c - commands "pause", "resume", "reset", "stop" and "steal": say a word
 * to running guests' VMMs.
 *
 * Of several guests each is told, whatever becomes of the others.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "ctl/client.h"
#include "ctl/path.h"
#include "ctl/words.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/util.h"
#include "vm/vm.h"

struct steer_options {
	const char *on_pause; /* NULL: as the guest's run line says */
	const char *cpus;     /* NULL: all */
	const char *seconds;  /* NULL: for good */
	uint64_t timeout_ns;  /* 0: none */
	bool now, help;
};

/* -- options -- */

static int set_on_pause(void *into, const char *arg)
{
	static const char *const words[] = { "freeze", "steal", NULL };

	if (parse_word(arg, words) < 0)
		return -EINVAL;
	((struct steer_options *)into)->on_pause = arg;
	return 0;
}

static int set_now(void *into, const char *arg)
{
	(void)arg;
	((struct steer_options *)into)->now = true;
	return 0;
}

static int set_timeout(void *into, const char *arg)
{
	return parse_seconds(arg, &((struct steer_options *)into)->timeout_ns);
}

/* How many the guest has, its VMM knows. */
static int set_cpu(void *into, const char *arg)
{
	uint64_t mask[WORDS_CPUS_U64];

	((struct steer_options *)into)->cpus = arg;
	return words_cpus(arg, LAYOUT_NR_CPUS, mask);
}

static int set_for(void *into, const char *arg)
{
	uint64_t ns;

	((struct steer_options *)into)->seconds = arg;
	return parse_seconds(arg, &ns);
}

static int set_help(void *into, const char *arg)
{
	(void)arg;
	((struct steer_options *)into)->help = true;
	return 0;
}

#define HELP_OPTION                                      \
	{                                                \
		'h', "help", NULL, "this text", set_help \
	}

static const struct option_desc pause_options[] = {
	{ 0, "on-pause", "HOW",
	  "freeze: its clock stands still, and nothing is stolen; steal: its "
	  "clock goes on, and the pause was stolen (default: as its run line "
	  "says)",
	  set_on_pause },
	HELP_OPTION,
};

static const struct option_desc no_options[] = { HELP_OPTION };

static const struct option_desc stop_options[] = {
	{ 0, "now", NULL, "do not ask the guest: end it as it is", set_now },
	{ 0, "timeout", "S",
	  "wait for the end no longer than S seconds; the status is 124 then",
	  set_timeout },
	HELP_OPTION,
};

static const struct option_desc steal_options[] = {
	{ 0, "cpu", "LIST", "from these vCPUs only, as in 0,2-3 (default: all)",
	  set_cpu },
	{ 0, "for", "S", "for S seconds (default: until told otherwise)",
	  set_for },
	HELP_OPTION,
};

/* -- what all have in common -- */

struct steer {
	const char *name, *args, *what; /* for the help */
	const struct option_desc *options;
	size_t nr_options;
};

/*
 * The index of the first word in @argv that is no option; 0: nothing is left to
 * do but to return *ret_status.
 */
static int begin(const struct steer *s, struct steer_options *o, int argc,
		 char **argv, int *ret_status)
{
	int first = options_parse(s->options, s->nr_options, o, argc, argv);

	*ret_status = EXIT_USAGE;
	if (first < 0)
		return 0;
	if (o->help) {
		printf("usage: pvtime-vmm %s %s\n\n", s->name, s->args);
		print_folded(s->what, 0);
		printf("\n");
		options_print(s->options, s->nr_options);
		*ret_status = EXIT_GOOD;
		return 0;
	}
	if (first < argc)
		return first;
	err_say(EINVAL, "%s: which guest? 'pvtime-vmm list' tells their names",
		s->name);
	return 0;
}

/* What became of all guests; of the words, main() prints the last. */
struct outcome {
	int status;
	char words[ERR_TEXT_MAX];
};

static void note(struct outcome *all, int status)
{
	if (all->status != EXIT_GOOD)
		log_error("%s", all->words);
	if (all->status != EXIT_ERROR)
		all->status = status;
	err_copy(all->words);
}

static int conclude(const struct outcome *all)
{
	if (all->status != EXIT_GOOD)
		err_adopt(all->words);
	return all->status;
}

/* Say @words to @name over *c, which stays open if they were heeded. */
static int say(struct ctl_client *c, const char *name, const char *words)
{
	const char *reply;
	int rc = ctl_ask(c, name, words, &reply);

	if (rc == -ETIMEDOUT)
		err_hint(rc, "it may yet do what it was told");
	if (rc < 0)
		return rc;
	rc = err_in(ctl_client_done(reply), "'%s'", name);
	if (rc < 0)
		ctl_client_close(c);
	return rc;
}

static int check_names(char **names)
{
	for (; *names; names++)
		if (ctl_name(*names) < 0)
			return -EINVAL;
	return 0;
}

/* Say @words to all of @names, which NULL ends. */
static int say_to_all(const char *words, char **names)
{
	struct outcome all = { .status = EXIT_GOOD };
	struct ctl_client c;

	if (check_names(names) < 0)
		return EXIT_USAGE;
	for (; *names; names++) {
		if (say(&c, *names, words) < 0)
			note(&all, EXIT_ERROR);
		else
			ctl_client_close(&c);
	}
	return conclude(&all);
}

/* -- the commands -- */

int pause_main(int argc, char **argv)
{
	static const struct steer steer = {
		"pause", "[--on-pause freeze|steal] NAME...",
		"Stop all vCPUs of a running guest, until 'pvtime-vmm resume'.",
		pause_options, ARRAY_SIZE(pause_options)
	};
	struct steer_options o = { 0 };
	char words[32];
	int status, first = begin(&steer, &o, argc, argv, &status);

	if (first == 0)
		return status;
	snprintf(words, sizeof(words), "pause %s",
		 o.on_pause ? o.on_pause : "");
	return say_to_all(words, argv + first);
}

int resume_main(int argc, char **argv)
{
	static const struct steer steer = { "resume", "NAME...",
					    "Let a paused guest go on.",
					    no_options,
					    ARRAY_SIZE(no_options) };
	struct steer_options o = { 0 };
	int status, first = begin(&steer, &o, argc, argv, &status);

	return first ? say_to_all("resume", argv + first) : status;
}

int reset_main(int argc, char **argv)
{
	static const struct steer steer = {
		"reset", "NAME...",
		"Reset a guest, as the reset button of a machine does: it "
		"boots again, from the kernel that it began with.",
		no_options, ARRAY_SIZE(no_options)
	};
	struct steer_options o = { 0 };
	int status, first = begin(&steer, &o, argc, argv, &status);

	return first ? say_to_all("reset", argv + first) : status;
}

/* Usage errors are found here, the rest by the VMM. */
static int steal_words(const struct steer_options *o, char **args,
		       char words[static WORDS_LINE_MAX])
{
	unsigned permille;
	int len;

	if (!args[1] || args[2])
		return err_say(EINVAL, "steal: say NAME and a share, as in "
				       "'steal web 25%%'");
	if (ctl_name(args[0]) < 0)
		return -EINVAL;
	if (parse_share(args[1], VM_HOLD_MAX, &permille) < 0)
		return err_in(-EINVAL, "steal");
	len = snprintf(words, WORDS_LINE_MAX, "steal %s%s%s%s%s", args[1],
		       o->cpus ? " cpu " : "", o->cpus ? o->cpus : "",
		       o->seconds ? " for " : "", o->seconds ? o->seconds : "");
	if (len >= WORDS_LINE_MAX)
		return err_say(E2BIG, "steal: --cpu is too long");
	return 0;
}

int steal_main(int argc, char **argv)
{
	static const struct steer steer = {
		"steal", "NAME SHARE [--cpu LIST] [--for S]",
		"Take SHARE (25%, at most 99%, to a tenth) of the time that a "
		"guest's vCPUs want to run, and tell the guest that it was "
		"stolen.  What was said before about other vCPUs ends.  A "
		"SHARE of 0 ends it.",
		steal_options, ARRAY_SIZE(steal_options)
	};
	struct steer_options o = { 0 };
	char words[WORDS_LINE_MAX], *names[2] = { NULL };
	int status, first = begin(&steer, &o, argc, argv, &status);

	if (first == 0)
		return status;
	if (steal_words(&o, argv + first, words) < 0)
		return EXIT_USAGE;
	names[0] = argv[first];
	return say_to_all(words, names);
}

int balloon_main(int argc, char **argv)
{
	static const struct steer steer = {
		"balloon", "NAME SIZE",
		"Have a guest that was started with --balloon give up SIZE of "
		"its memory (plain MiB, or 512M, 2G), which is the host's then; "
		"0 gives all back.  It does so as far as it can.",
		no_options, ARRAY_SIZE(no_options)
	};
	struct steer_options o = { 0 };
	char words[WORDS_LINE_MAX], *names[2] = { NULL };
	int status, first = begin(&steer, &o, argc, argv, &status);
	uint64_t size;

	if (first == 0)
		return status;
	if (!argv[first + 1] || argv[first + 2]) {
		err_say(EINVAL, "balloon: say NAME and a size, as in 'balloon "
				"web 512M'");
		return EXIT_USAGE;
	}
	if (strcmp(argv[first + 1], "0") != 0 &&
	    parse_size(argv[first + 1], 1, UINT64_MAX, &size) < 0) {
		err_in(-EINVAL, "balloon");
		return EXIT_USAGE;
	}
	names[0] = argv[first];
	if (ctl_name(names[0]) < 0)
		return EXIT_USAGE;
	snprintf(words, sizeof(words), "balloon %.64s", argv[first + 1]);
	return say_to_all(words, names);
}

/* -- stop -- */

/* One that is to end; c.fd < 0: there is nothing to wait for. */
struct ending {
	const char *name;
	struct ctl_client c;
};

/*
 * Its VMM hung up: 0: because it has ended; 1: because it had no place for one
 * that is silent, and there is a new connection.
 */
static int again(struct ending *e)
{
	int pid = e->c.pid, rc;

	ctl_client_close(&e->c);
	rc = ctl_client_open(&e->c, e->name);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	if (e->c.pid == pid)
		return 1;
	ctl_client_close(&e->c); /* another one of that name */
	return 0;
}

/* Until @deadline; 0: none. */
static int await_end(struct ending *e, uint64_t deadline)
{
	const char *line;
	int rc;

	do {
		uint64_t now = clock_mono_ns(), left = UINT64_MAX;

		if (deadline)
			left = deadline > now ? deadline - now : 0;
		rc = ctl_client_receive(&e->c, left, &line);
		if (rc == -ECONNRESET)
			rc = again(e);
		else if (rc == 0)
			rc = 1; /* it says that it will hang up */
	} while (rc > 0);
	return rc;
}

static int stop_all(const struct steer_options *o, struct ending *all,
		    char **names)
{
	uint64_t deadline = o->timeout_ns ? clock_mono_ns() + o->timeout_ns : 0;
	struct outcome outcome = { .status = EXIT_GOOD };

	for (unsigned i = 0; names[i]; i++) {
		int rc = say(&all[i].c, names[i], o->now ? "stop now" : "stop");

		all[i].name = names[i];
		if (rc < 0 && rc != -ECONNRESET) /* it ended meanwhile */
			note(&outcome, EXIT_ERROR);
	}
	for (unsigned i = 0; names[i]; i++) {
		int rc = 0;

		if (all[i].c.fd >= 0)
			rc = await_end(&all[i], deadline);
		ctl_client_close(&all[i].c);
		if (rc == -ETIMEDOUT)
			err_say(ETIMEDOUT, "'%s': still runs after %g s",
				names[i], (double)o->timeout_ns / 1e9);
		if (rc < 0)
			note(&outcome,
			     rc == -ETIMEDOUT ? EXIT_TIMEOUT : EXIT_ERROR);
	}
	return conclude(&outcome);
}

int stop_main(int argc, char **argv)
{
	static const struct steer steer = {
		"stop", "[--now] [--timeout S] NAME...",
		"Press the power button of a guest and wait until it has "
		"ended.  If nobody in the guest listens, or after the time "
		"that run --grace gives it, it is ended as it is.",
		stop_options, ARRAY_SIZE(stop_options)
	};
	struct steer_options o = { 0 };
	int status, first = begin(&steer, &o, argc, argv, &status);
	struct ending *all;

	if (first == 0)
		return status;
	if (check_names(argv + first) < 0)
		return EXIT_USAGE;
	all = calloc((size_t)(argc - first), sizeof(*all));
	if (!all) {
		err_set(ENOMEM, "stop");
		return EXIT_ERROR;
	}
	status = stop_all(&o, all, argv + first);
	free(all);
	return status;
}
