/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem.c - what the compiler may call even without a C library.
 */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int c, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	const char *s = from;
	char *d = to;

	while (n--)
		*d++ = *s++;
	return to;
}

void *memset(void *to, int c, size_t n)
{
	char *d = to;

	while (n--)
		*d++ = (char)c;
	return to;
}
