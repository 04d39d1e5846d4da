/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.h - what commands print with --json.
 *
 * Spec: RFC 8259 7 (strings).
 */
#ifndef CMD_JSON_H
#define CMD_JSON_H

/*
 * @s as a string, quotes and all, on standard output.  What is no printable
 * ASCII is written as \u00XX, so that any bytes give valid JSON.
 */
void json_string(const char *s);

#endif
