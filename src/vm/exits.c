/* SPDX-License-Identifier: BSD-2-Clause */
/* exits.c - how often vCPUs leave the guest, as KVM counts it. */
#include <stdlib.h>

#include "kvm/stats.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

void vm_count_exits(struct vm *vm)
{
	static const char *const names[] = { "exits" };

	vm->exits = calloc(vm->nr_cpus, sizeof(*vm->exits));
	if (!vm->exits)
		return; /* no figure is worth the run */
	for (unsigned i = 0; i < vm->nr_cpus; i++)
		vm->exits[i].fd = -1;
	for (unsigned i = 0; i < vm->nr_cpus; i++) {
		if (kvm_stats_open(&vm->exits[i], vm->vcpus[i].fd, names,
				   ARRAY_SIZE(names)) == 0)
			continue;
		log_debug("exits are not counted: %s", err_text());
		exits_fini(vm); /* descriptors are worth more elsewhere */
		return;
	}
}

uint64_t vm_exits(const struct vm *vm, unsigned index)
{
	uint64_t n;

	if (!vm->exits || vm->exits[index].fd < 0 ||
	    kvm_stats_read(&vm->exits[index], &n) < 0)
		return KVM_STATS_NONE;
	return n;
}

void exits_fini(struct vm *vm)
{
	for (unsigned i = 0; vm->exits && i < vm->nr_cpus; i++)
		kvm_stats_close(&vm->exits[i]);
	free(vm->exits);
	vm->exits = NULL;
}
