/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - the providers there are. */
#include "pvtime/provider.h"

#include "util/util.h"

const struct pvtime_provider *const pvtime_table[] = {
	&pvtime_steady,
	&pvtime_kvm,
	&pvtime_device,
	&pvtime_off,
};
const size_t pvtime_table_size = ARRAY_SIZE(pvtime_table);
