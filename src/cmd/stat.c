/* SPDX-License-Identifier: BSD-2-Clause */
/* stat.c - command "stat": a running guest's stolen time, per vCPU. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "ctl/client.h"
#include "ctl/path.h"
#include "util/err.h"
#include "util/util.h"

struct stat_options {
	bool json, help;
};

static int set_json(void *into, const char *arg)
{
	(void)arg;
	((struct stat_options *)into)->json = true;
	return 0;
}

static int set_help(void *into, const char *arg)
{
	(void)arg;
	((struct stat_options *)into)->help = true;
	return 0;
}

static const struct option_desc options[] = {
	{ 0, "json", NULL, "the numbers as one line of JSON, in nanoseconds",
	  set_json },
	{ 'h', "help", NULL, "this text", set_help },
};

static void help(void)
{
	printf("usage: pvtime-vmm stat [options] NAME\n"
	       "\n"
	       "Show how much time the host took from each vCPU of the guest "
	       "that was started\n"
	       "with --name NAME: as the host's scheduler counts it, and as "
	       "the record says it\n"
	       "that the guest reads.  Seconds since the guest began.  The "
	       "guest is not stopped.\n"
	       "\n");
	options_print(options, ARRAY_SIZE(options));
}

/* The reply's form is server.h's; each vCPU's fields come in this order. */
static int print_table(const char *name, const char *reply)
{
	const char *vcpu = reply;
	unsigned id;
	int tid;
	uint64_t stolen, record, run;

	if (strncmp(reply, "{\"version\":1,", 13) != 0)
		return err_say(EPROTO, "'%s': not understood: %.80s", name,
			       reply);
	printf("vCPU   thread   stolen: host s  stolen: record s        ran "
	       "s\n");
	while ((vcpu = strstr(vcpu, "{\"id\":"))) {
		if (sscanf(vcpu,
			   "{\"id\":%u,\"tid\":%d,\"stolen_ns\":%" SCNu64
			   ",\"record_ns\":%" SCNu64 ",\"run_ns\":%" SCNu64,
			   &id, &tid, &stolen, &record, &run) != 5)
			return err_say(EPROTO, "'%s': not understood: %.80s",
				       name, vcpu);
		printf("%4u %8d %16.6f %17.6f %12.6f\n", id, tid,
		       (double)stolen / 1e9, (double)record / 1e9,
		       (double)run / 1e9);
		vcpu++;
	}
	return 0;
}

int stat_main(int argc, char **argv)
{
	struct stat_options o = { 0 };
	int rc, first = options_parse(options, ARRAY_SIZE(options), &o, argc,
				      argv);
	const char *name = argv[first < 0 ? 0 : first];
	char *reply;

	if (first < 0)
		return EXIT_USAGE;
	if (o.help) {
		help();
		return EXIT_GOOD;
	}
	if (first != argc - 1) {
		err_say(EINVAL, "stat: which guest? give one NAME, as in "
				"run --name NAME");
		return EXIT_USAGE;
	}
	if (ctl_name(name) < 0)
		return EXIT_USAGE;
	reply = malloc(CTL_REPLY_MAX);
	if (!reply) {
		err_set(ENOMEM, "reply");
		return EXIT_ERROR;
	}
	rc = ctl_ask(name, "stat", reply, CTL_REPLY_MAX);
	if (rc == 0 && o.json)
		puts(reply);
	else if (rc == 0)
		rc = print_table(name, reply);
	free(reply);
	return rc < 0 ? EXIT_ERROR : EXIT_GOOD;
}
