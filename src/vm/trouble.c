/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/trouble.h"

#include <stddef.h>
#include <string.h>

#include "util/util.h"

const char *const trouble_names[TROUBLE_KINDS] = {
	[TROUBLE_NONE] = "none",	  [TROUBLE_WARNING] = "warning",
	[TROUBLE_STALL] = "stall",	  [TROUBLE_OOPS] = "oops",
	[TROUBLE_PANIC] = "kernel panic",
};

/* Lines begin with these, but for what may stand before. */
static const struct {
	const char *words;
	enum trouble kind;
} beginnings[] = {
	{ "Internal error: ", TROUBLE_OOPS },
	{ "Unable to handle kernel ", TROUBLE_OOPS },
	{ "kernel BUG at ", TROUBLE_OOPS },
	{ "Bad mode in ", TROUBLE_OOPS },
	{ "Unhandled 64-bit el1h ", TROUBLE_OOPS },
	{ "Insufficient stack space to handle exception", TROUBLE_OOPS },
	{ "BUG: KASAN: ", TROUBLE_OOPS },
	{ "BUG: KFENCE: ", TROUBLE_OOPS },
	{ "BUG: soft lockup ", TROUBLE_STALL },
	{ "BUG: workqueue lockup ", TROUBLE_STALL },
	{ "BUG: spinlock ", TROUBLE_STALL },
	{ "BUG: ", TROUBLE_OOPS },
	{ "BUG ", TROUBLE_OOPS }, /* of slabs, by their names */
	{ "Watchdog detected hard LOCKUP ", TROUBLE_STALL },
	{ "INFO: task ", TROUBLE_STALL }, /* "... blocked for more than" */
	{ "INFO: rcu_", TROUBLE_STALL },  /* "... detected stalls on" */
	{ "INFO: possible recursive locking", TROUBLE_WARNING },
	{ "INFO: trying to register non-static key", TROUBLE_WARNING },
	{ "INFO: suspicious RCU usage", TROUBLE_WARNING },
	{ "rcu_preempt kthread starved ", TROUBLE_STALL },
	{ "rcu_sched kthread starved ", TROUBLE_STALL },
	{ "WARNING: ", TROUBLE_WARNING },
	{ "UBSAN: ", TROUBLE_WARNING },
	{ "list_add corruption", TROUBLE_OOPS },
	{ "list_del corruption", TROUBLE_OOPS },
	{ "refcount_t: ", TROUBLE_WARNING },
	{ "Out of memory: Killed process ", TROUBLE_WARNING },
};

/*
 * Time stamps and the like in brackets, the level that a raw console shows as
 * <4>.
 */
const char *trouble_words(const char *line)
{
	while (*line == '[' || *line == '<') {
		const char *end = strchr(line, *line == '[' ? ']' : '>');

		if (!end)
			break;
		line = end + 1;
		line += strspn(line, " ");
	}
	return line;
}

#define PANIC "Kernel panic - not syncing"

const char *trouble_panic(const char *line)
{
	const char *at = strstr(line, "] " PANIC);

	if (at)
		return at + 2;
	line = trouble_words(line);
	return strncmp(line, PANIC, sizeof(PANIC) - 1) == 0 ? line : NULL;
}

const char *trouble_panic_end(const char *line)
{
	const char *at = strstr(line, "---[ end " PANIC);

	return at ? at + sizeof("---[ end ") - 1 : NULL;
}

/* The name of who speaks. */
static const char *skip_speaker(const char *line)
{
	static const char *const speakers[] = { "rcu: ", "watchdog: ",
						"NMI watchdog: " };

	for (size_t i = 0; i < ARRAY_SIZE(speakers); i++) {
		size_t len = strlen(speakers[i]);

		if (strncmp(line, speakers[i], len) == 0)
			line += len;
	}
	return line;
}

enum trouble trouble_in(const char *line)
{
	/* It may follow what somebody had begun: a prompt, a progress bar. */
	if (trouble_panic(line))
		return TROUBLE_PANIC;
	line = skip_speaker(trouble_words(line));
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (strncmp(line, beginnings[i].words,
			    strlen(beginnings[i].words)) == 0)
			return beginnings[i].kind;
	return TROUBLE_NONE;
}

/* Linux Documentation/admin-guide/tainted-kernels.rst; worst first. */
enum trouble trouble_taint(uint64_t bits, const char **ret_what)
{
	static const struct {
		unsigned bit;
		enum trouble kind;
		const char *what;
	} taints[] = {
		{ 7, TROUBLE_OOPS, "the kernel has died: an oops or a BUG" },
		{ 5, TROUBLE_OOPS, "a bad page was found" },
		{ 4, TROUBLE_OOPS, "a machine check was reported" },
		{ 14, TROUBLE_STALL, "a soft lockup occurred" },
		{ 9, TROUBLE_WARNING, "the kernel issued a warning" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(taints); i++) {
		if (!(bits >> taints[i].bit & 1))
			continue;
		*ret_what = taints[i].what;
		return taints[i].kind;
	}
	return TROUBLE_NONE;
}
