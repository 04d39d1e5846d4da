/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mounts.h - /proc, /sys and /dev.
 */
#ifndef INIT_MOUNTS_H
#define INIT_MOUNTS_H

/* Mount each, in a folder made for it if there is none.  What cannot be mounted
 * is missed by who asks for its files. */
void mounts_make(void);

/* Leave the root as it was before. */
void mounts_undo(void);

#endif
