/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_tap.c - whatever a guest prints, its report stays within bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "util/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tap tap;
	unsigned failed = 0, skipped = 0;
	size_t half = size / 2;

	tap_init(&tap);
	if (tap_feed(&tap, (const char *)data, half) == 0)
		tap_feed(&tap, (const char *)data + half, size - half);
	for (unsigned i = 0; i < tap.nr; i++) {
		const struct tap_check *c = &tap.checks[i];

		failed += !c->ok;
		skipped += c->skipped;
		if (strlen(c->name) >= TAP_NAME_MAX ||
		    strlen(c->why) >= TAP_NAME_MAX)
			abort();
		for (const char *s = c->name; *s; s++)
			if (*s < ' ' || *s > '~')
				abort();
	}
	if (tap.nr > TAP_CHECKS_MAX || failed != tap.failed ||
	    skipped != tap.skipped || (tap_is_good(&tap) && failed > 0) ||
	    (tap_is_complete(&tap) && tap.nr != tap.planned))
		abort();
	tap_fini(&tap);
	return 0;
}
