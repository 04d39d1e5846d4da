/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_options.c - command lines that somebody made up: bytes with a NUL after
 * each word.  Whatever they are, the answer is a machine within its limits or
 * words that say why not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/machine.h"
#include "fuzz.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"

enum { WORDS = 64 };

static void check(const struct machine *m)
{
	const struct vm_config *c = &m->config;

	MUST(c->nr_cpus >= 1 && c->nr_cpus <= 65536);
	MUST(c->ram_size >= 64 * MIB && c->ram_size <= UINT64_C(1) << 52);
	MUST(c->ram_size % (64 * KIB) == 0);
	MUST(c->irqchip <= GIC_V3_ITS);
	MUST(c->pvtime);
	MUST(!c->params || strlen(c->params) <= 2047);
	MUST(!m->name || (strlen(m->name) <= 64 && !strchr(m->name, '/')));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "run";
	char *text = malloc(size + 1), *argv[WORDS + 2] = { name };
	struct machine m;
	int argc = 1, rc;

	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *word = text; argc <= WORDS && word < text + size;
	     word += strlen(word) + 1)
		argv[argc++] = word;
	err_say(1, "%s", "");
	log_set_level(LOG_INFO); /* an option's effect outlives the call */
	machine_init(&m);
	rc = machine_parse(&m, NULL, 0, argc, argv);
	MUST(rc <= 0);
	if (rc < 0)
		MUST(err_text()[0]);
	else
		check(&m);
	free(text);
	return 0;
}
