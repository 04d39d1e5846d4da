/* SPDX-License-Identifier: BSD-2-Clause */
#include "verbs.h"

#include "busy.h"
#include "channel.h"
#include "exec.h"
#include "files.h"
#include "kmsg.h"
#include "leave.h"
#include "text.h"

static void ping(uint64_t nr, char *args)
{
	(void)args;
	answer_done(nr);
}

static const struct verb {
	const char *name;
	void (*run)(uint64_t nr, char *args);
} verbs[] = {
	{ "ping", ping },	  { "read", files_read },
	{ "write", files_write }, { "stat", files_stat },
	{ "busy", busy_start },	  { "rest", busy_rest },
	{ "log", kmsg_log },	  { "exec", exec_start },
	{ "kexec", leave_kexec }, { "reboot", leave_reboot },
	{ "off", leave_off },	  { "init", leave_init },
};

enum { NR_VERBS = sizeof(verbs) / sizeof(verbs[0]) };

void verbs_do(char *line)
{
	char *args = line, *name;
	const char *number = text_word(&args);
	uint64_t nr;

	if (!text_number(&number, 10, &nr) || *number || nr == 0)
		return;
	name = text_word(&args);
	for (const struct verb *v = verbs; v < verbs + NR_VERBS; v++) {
		if (text_same(name, v->name)) {
			v->run(nr, args);
			return;
		}
	}
	answer_bad(nr, "unknown verb");
}
