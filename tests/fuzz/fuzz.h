/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz.h - what every target has. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What the fuzzer calls, with each of its inputs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise: without it the input is a finding. */
#define MUST(cond)                                              \
	do {                                                    \
		if (!(cond)) {                                  \
			fprintf(stderr, "not so: %s\n", #cond); \
			abort();                                \
		}                                               \
	} while (0)

#endif
