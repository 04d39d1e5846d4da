/* SPDX-License-Identifier: BSD-2-Clause */
/* fdt.c - the region in the device tree; apart, as it alone needs libfdt. */
#include <inttypes.h>

#include "pvtime/pvtime.h"
#include "util/fdtw.h"

int pvtime_fdt(const struct pvtime *pt, void *fdt)
{
	struct fdtw w;

	if (!pvtime_is_on(pt))
		return 0;
	fdtw_join(&w, fdt);
	fdtw_node(&w, "pvtime@%" PRIx64, pt->region.base);
	fdtw_reg(&w, pt->region.base, pt->size);
	fdtw_flag(&w, "no-map");
	fdtw_end(&w);
	return fdtw_error(&w);
}
