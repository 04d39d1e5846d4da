/* SPDX-License-Identifier: BSD-2-Clause */
/* flash.h - two banks of NOR flash: firmware and its variables; see flash.c. */
#ifndef DEV_FLASH_H
#define DEV_FLASH_H

struct device_class;

/* The device's config. */
struct flash_config {
	const char *firmware; /* the file that bank 0 shows; borrowed */
	const char *vars;     /* the file that keeps bank 1; NULL: none does */
};

extern const struct device_class flash_class;

#endif
