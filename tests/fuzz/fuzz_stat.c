/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_stat.c - what a control socket may answer; what is understood of it is
 * the same when it is written and read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/stat.h"
#include "fuzz.h"
#include "mach/layout.h"

#define VCPU                                                                  \
	"{\"id\":0,\"tid\":43,\"stolen_ns\":7,\"held_ns\":2,\"record_ns\":6," \
	"\"run_ns\":9,\"idle_ns\":1,\"skew_ns\":0,\"steal_permille\":250,"    \
	"\"exits\":{\"all\":5}"
#define LINE                                                                                     \
	"{\"version\":1,\"name\":\"web\",\"pid\":42,\"provider\":\"kvm\","                       \
	"\"state\":\"paused\",\"uptime_ns\":9,\"paused_ns\":3,\"pause_took_ns\":2,\"memory\":4," \
	"\"vcpus\":[" VCPU "}]}"

static char *write_line(const struct ctl_stat *s)
{
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	ctl_stat_write(out, s);
	if (fclose(out) != 0)
		abort();
	return line;
}

static void read_and_write(const char *text)
{
	struct ctl_stat s;
	char *first, *second;

	if (ctl_stat_read(text, &s) < 0)
		return;
	if (s.nr_vcpus == 0 || s.nr_vcpus > LAYOUT_NR_CPUS ||
	    ctl_stat_share(&s) < 0 || ctl_stat_share(&s) > 1)
		abort();
	first = write_line(&s);
	ctl_stat_fini(&s);
	if (ctl_stat_read(first, &s) < 0)
		abort();
	second = write_line(&s);
	ctl_stat_fini(&s);
	if (strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
}

/* As it is; and in place of some bytes of a good line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + sizeof(LINE));
	size_t at, cut, len;

	memcpy(text, data, size);
	text[size] = '\0';
	read_and_write(text);
	if (size >= 2) {
		at = (data[0] | (size_t)data[1] << 8) % sizeof(LINE);
		cut = data[1] >> 4;
		if (cut > sizeof(LINE) - 1 - at)
			cut = sizeof(LINE) - 1 - at;
		len = size - 2;
		memcpy(text, LINE, at);
		memcpy(text + at, data + 2, len);
		memcpy(text + at + len, &LINE[at + cut],
		       sizeof(LINE) - at - cut);
		read_and_write(text);
	}
	free(text);
	return 0;
}
