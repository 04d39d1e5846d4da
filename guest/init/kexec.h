/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kexec.h - load another kernel in place of the one that runs.
 *
 * By kexec_load(2), since Debian's kernels have no kexec_file_load(2).  The new
 * kernel has the place, device tree, command line and initrd of the old one,
 * which must have been told to keep it (retain_initrd):
 *
 *	RAM + 0		the device tree, as the machine had it at its start
 *	RAM + 1 MiB	enter.S
 *	Kernel code	the kernel; 2 MiB or more from where RAM starts
 *	somewhere else	the initrd, which is there still
 *
 * Spec:  Linux Documentation/arch/arm64/booting.rst.
 * Units: bytes.
 */
#ifndef INIT_KEXEC_H
#define INIT_KEXEC_H

/* 0, or what cannot be done (@ret_what) and a negative errno for why. */
int kexec_prepare(const char *path, const char **ret_what);

#endif
