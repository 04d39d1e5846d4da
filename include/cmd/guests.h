/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guests.h - the guests that are built in: images of guest/, as constants.
 */
#ifndef CMD_GUESTS_H
#define CMD_GUESTS_H

#include <stddef.h>

/* The check without which all others prove little: its name. */
#define GUEST_GROWTH "what a CPU loses to its siblings is stolen"

extern const unsigned char guest_conformance[];
extern const size_t guest_conformance_size;

/* A Linux program: process 1 of guests under test. */
extern const unsigned char guest_init[];
extern const size_t guest_init_size;

#endif
