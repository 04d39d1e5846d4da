/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_fdt.c - device trees of machines that somebody made up, in buffers of
 * any size: a whole tree that libfdt's own check accepts or an error in words,
 * and never a byte beside the buffer.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/fdt.h"
#include "dev/device.h"
#include "dev/gic.h"
#include "fuzz.h"
#include "mach/layout.h"
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"
#include "util/err.h"

/* What the input is taken for. */
struct input {
	uint64_t ram, ram_size, initrd, initrd_size, pvtime, high_redist;
	uint64_t mpidr, device;
	uint32_t room;
	uint16_t nr_cpus;
	uint8_t kind, flags;
};

enum { PMU = 1, PARAMS = 2, PVTIME = 4, DEVICES_SHIFT = 4 };

static void build(const struct input *in, const char *params)
{
	static uint64_t mpidrs[LAYOUT_NR_CPUS];
	const size_t room = in->room % 0x90000;
	const unsigned nr_cpus = in->nr_cpus % (LAYOUT_NR_CPUS + 1);
	const unsigned nr_devices = (in->flags >> DEVICES_SHIFT) % 8;
	const struct gic gic = {
		.kind = (enum gic_kind)(GIC_V2 + in->kind % 3),
		.nr_cpus = nr_cpus,
		.high_redist = in->high_redist,
	};
	const struct pvtime pvtime = {
		.provider = &pvtime_kvm,
		.region.base = in->pvtime,
		.size = in->flags & PVTIME ? PVTIME_ALIGN : 0,
	};
	struct device devices[8] = { 0 };
	const struct fdt_machine m = {
		.ram = in->ram,
		.ram_size = in->ram_size,
		.mpidrs = mpidrs,
		.nr_cpus = nr_cpus,
		.pmu = in->flags & PMU,
		.params = in->flags & PARAMS ? params : NULL,
		.initrd = in->initrd,
		.initrd_size = in->initrd_size,
		.gic = &gic,
		.pvtime = &pvtime,
		.devices = devices,
		.nr_devices = nr_devices,
	};
	size_t size = room + 1;
	void *buf = malloc(room);
	int rc;

	MUST(buf);
	for (unsigned i = 0; i < nr_cpus; i++)
		mpidrs[i] = in->mpidr * (i + 1);
	for (unsigned i = 0; i < nr_devices; i++) {
		devices[i].class = device_table[i % device_table_size].class;
		devices[i].window.base = in->device * (i + 1);
		devices[i].window.size = in->device >> i;
	}
	err_say(1, "%s", "");
	rc = fdt_build(&m, buf, room, &size);
	if (rc < 0) {
		MUST(rc == -ENOSPC);
		MUST(err_text()[0]);
		MUST(size == room + 1);
	} else {
		MUST(size <= room);
		MUST(fdt_check_full(buf, room) == 0);
		MUST(fdt_totalsize(buf) == size);
	}
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;
	char *params;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	size -= sizeof(in);
	params = malloc(size + 1);
	MUST(params);
	memcpy(params, data + sizeof(in), size);
	params[size] = '\0';
	build(&in, params);
	free(params);
	return 0;
}
