/* SPDX-License-Identifier: BSD-2-Clause */
/* exits.c - how often vCPUs leave the guest, as KVM counts it. */
#include <errno.h>
#include <stdlib.h>

#include "kvm/stats.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

const char *const vm_exit_kinds[VM_EXIT_KINDS] = {
	"all", "hvc", "wfe", "wfi", "mmio_user", "mmio_kernel", "signal",
};

/* The same as KVM calls them. */
static const char *const names[VM_EXIT_KINDS] = {
	"exits",	  "hvc_exit_stat",    "wfe_exit_stat", "wfi_exit_stat",
	"mmio_exit_user", "mmio_exit_kernel", "signal_exits",
};

_Static_assert(VM_UNCOUNTED == KVM_STATS_NONE, "one is passed on as the other");

void vm_count_exits(struct vm *vm)
{
	if (vm->exits)
		return;
	vm->exits = calloc(vm->nr_cpus, sizeof(*vm->exits));
	if (!vm->exits)
		return; /* no figure is worth the run */
	for (unsigned i = 0; i < vm->nr_cpus; i++)
		vm->exits[i].fd = -1;
	for (unsigned i = 0; i < vm->nr_cpus; i++) {
		if (kvm_stats_open(&vm->exits[i], vm->vcpus[i].fd) == 0)
			continue;
		log_debug("exits are not counted: %s", err_text());
		exits_fini(vm); /* descriptors are worth more elsewhere */
		return;
	}
}

/* Where the counters are is only asked when somebody wants to know. */
static int read_exits(struct kvm_stats *s, uint64_t ret[])
{
	int rc = 0;

	if (s->fd < 0)
		return -ENOTTY;
	if (s->nr == 0)
		rc = kvm_stats_find(s, names, ARRAY_SIZE(names));
	return rc < 0 ? rc : kvm_stats_read(s, ret);
}

void vm_exits(const struct vm *vm, unsigned index,
	      uint64_t ret[static VM_EXIT_KINDS])
{
	if (vm->exits && read_exits(&vm->exits[index], ret) == 0)
		return;
	for (size_t i = 0; i < VM_EXIT_KINDS; i++)
		ret[i] = VM_UNCOUNTED;
}

void exits_fini(struct vm *vm)
{
	for (unsigned i = 0; vm->exits && i < vm->nr_cpus; i++)
		kvm_stats_close(&vm->exits[i]);
	free(vm->exits);
	vm->exits = NULL;
}
