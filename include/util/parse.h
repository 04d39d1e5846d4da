/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse.h - numbers and sizes as a user writes them.
 *
 * Each takes the whole string or refuses it; the words of a refusal name the
 * string and what was expected, the caller puts the option in front.
 *
 * Units:   sizes in bytes, times in nanoseconds.
 * Errors:  -EINVAL: not of that form; -ERANGE: outside @min..@max.
 * Threads: any.
 */
#ifndef UTIL_PARSE_H
#define UTIL_PARSE_H

#include <stdint.h>

/* A decimal or 0x number from @min to @max. */
int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);

/*
 * A size: digits and one of B K M G T (either case, 1024-based); without a
 * letter MiB, as kvmtool takes -m.  In range @min..@max bytes.
 */
int parse_size(const char *s, uint64_t min, uint64_t max, uint64_t *ret);

/* A time in seconds, "90" or "1.5", above zero, at most a year. */
int parse_seconds(const char *s, uint64_t *ret_ns);

/*
 * A share in percent to a tenth, "25", "25%" or "12.5%", of at most @max
 * thousandths; in thousandths.
 */
int parse_share(const char *s, unsigned max, unsigned *ret_permille);

/* The index of @s in the NULL-ended @words, or -EINVAL naming all of them. */
int parse_word(const char *s, const char *const *words);

#endif
