/* SPDX-License-Identifier: BSD-2-Clause */
/* util.h - the few macros everybody uses. */
#ifndef UTIL_UTIL_H
#define UTIL_UTIL_H

#include <stddef.h>
#include <stdint.h>

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* @to must be a power of two. */
#define ROUND_DOWN(x, to) ((x) & ~((uint64_t)(to)-1))
#define ROUND_UP(x, to)	  ROUND_DOWN((uint64_t)(x) + (uint64_t)(to)-1, to)

/* The struct that @ptr's @member is a part of. */
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

#endif
