/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_csv.c - files that "plot" is given, and the pictures of them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/csv.h"
#include "cmd/plot.h"
#include "cmd/timeline.h"
#include "fuzz.h"

#define HEAD "time_ns,cpu,run_ns,stolen_ns,record_ns,guest_ns,exits\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(sizeof(HEAD) + size), *svg = NULL;
	struct timeline t;
	size_t svg_size;
	FILE *out;

	memcpy(text, HEAD, sizeof(HEAD) - 1);
	memcpy(text + sizeof(HEAD) - 1, data, size);
	text[sizeof(HEAD) - 1 + size] = '\0';
	if (csv_read(text, sizeof(HEAD) - 1 + size, &t) == 0) {
		out = open_memstream(&svg, &svg_size);
		if (plot_svg(&t, out) < 0)
			abort();
		fclose(out);
		free(svg);
		timeline_fini(&t);
	}
	free(text);
	return 0;
}
