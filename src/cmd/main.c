/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - the table of commands, and the only place that prints errors. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"

static const struct command commands[] = {
	{ "run", "[options] [KERNEL]", "boot a guest, console on the terminal",
	  run_main },
	{ "test", "[options] [KERNEL]",
	  "does this kernel boot, and is its stolen time right?", test_main },
	{ "plot", "FILE.csv", "draw what run --record wrote, as SVG",
	  plot_main },
	{ "check", "[--json]", "can this host give its guests stolen time?",
	  check_main },
	{ "list", "[--json]", "this user's running guests", list_main },
	{ "stat", "[options] NAME", "a running guest's stolen time, per vCPU",
	  stat_main },
	{ "top", "[options] [NAME...]", "the same of all guests, live",
	  top_main },
	{ "pause", "[options] NAME...", "have guests stand still", pause_main },
	{ "resume", "NAME...", "have them go on", resume_main },
	{ "reset", "NAME...", "as if they had reset themselves", reset_main },
	{ "stop", "[options] NAME...", "ask them to power off, then insist",
	  stop_main },
	{ "steal", "NAME SHARE [options]",
	  "take a share of a guest's time from it", steal_main },
	{ "balloon", "NAME SIZE", "take memory from a guest, or give it back",
	  balloon_main },
	{ "dtb", "[options of run]",
	  "print the device tree that a run line would give", dtb_main },
};

static void help(void)
{
	printf("usage: pvtime-vmm COMMAND [options]\n"
	       "\n"
	       "Runs arm64 guests under KVM that know how much time the host "
	       "stole from them.\n"
	       "\n"
	       "The most commonly used commands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-8s  %s\n", commands[i].name, commands[i].what);
	printf("\n"
	       "'pvtime-vmm COMMAND --help' tells more of each.\n");
}

/*
 * A file we open must never become standard input, output or error, where a
 * guest's console would be written to it.
 */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return; /* no /dev/null: then there is no /dev/kvm */
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int usage(const char *fmt, const char *what)
{
	err_say(0, fmt, what);
	return EXIT_USAGE;
}

static int dispatch(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2)
		return usage("no command; see 'pvtime-vmm --help'%s", "");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help();
		return EXIT_GOOD;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("pvtime-vmm " VERSION "\n");
		return EXIT_GOOD;
	}
	command = find(argv[1]);
	if (!command)
		return usage("no command '%s'; see 'pvtime-vmm --help'",
			     argv[1]);
	return command->main(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int status;

	fill_standard_fds();
	status = dispatch(argc, argv);
	if (status != EXIT_GOOD && err_text()[0])
		log_error("%s", err_text());
	if (fflush(stdout) == EOF && status == EXIT_GOOD) {
		log_error("standard output: cannot be written");
		status = EXIT_ERROR;
	}
	return status;
}
