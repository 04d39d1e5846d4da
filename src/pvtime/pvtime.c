/* SPDX-License-Identifier: BSD-2-Clause */
#include "pvtime/pvtime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm/vcpu.h"
#include "pvtime/provider.h"
#include "util/err.h"
#include "util/fdtw.h"
#include "util/util.h"

_Static_assert(sizeof(struct pvtime_record) == 64, "DEN0057A 3.2.2");

/* In order of preference; pvtime_off, which always works, is not a choice. */
static const struct pvtime_provider *const providers[] = {
	&pvtime_kvm,
};

uint64_t pvtime_size(unsigned nr_records)
{
	return ROUND_UP(nr_records * sizeof(struct pvtime_record),
			PVTIME_ALIGN);
}

/* @want names no provider: say which there are. */
static int no_such(const char *want)
{
	char names[128] = "auto, on, off";
	size_t len = strlen(names);

	for (size_t i = 0; i < ARRAY_SIZE(providers); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
					", %s", providers[i]->name);
	return err_say(EINVAL, "'%s' is not one of %s", want, names);
}

int pvtime_known(const char *want)
{
	if (strcmp(want, "auto") == 0 || strcmp(want, "on") == 0 ||
	    strcmp(want, "off") == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++)
		if (strcmp(want, providers[i]->name) == 0)
			return 0;
	return no_such(want);
}

int pvtime_choose(const char *want, int vm_fd, const struct kvm_vcpu *first,
		  const struct pvtime_provider **ret_provider,
		  const char **ret_why)
{
	bool any = strcmp(want, "auto") == 0 || strcmp(want, "on") == 0;
	const char *why = NULL;

	if (strcmp(want, "off") == 0) {
		*ret_provider = &pvtime_off;
		*ret_why = "as asked";
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
		const char *missing;

		if (!any && strcmp(want, providers[i]->name) != 0)
			continue;
		missing = providers[i]->missing(vm_fd, first);
		if (!missing) {
			*ret_provider = providers[i];
			*ret_why = NULL;
			return 0;
		}
		why = why ? why : missing;
	}
	if (!why)
		return no_such(want);
	if (strcmp(want, "auto") != 0)
		return err_say(ENXIO, "stolen time is required: %s", why);
	*ret_provider = &pvtime_off;
	*ret_why = why;
	return 0;
}

int pvtime_is_on(const struct pvtime *pt)
{
	return pt->records != NULL;
}

const char *pvtime_provider_name(const struct pvtime *pt)
{
	return pt->provider->name;
}

int pvtime_init(struct pvtime *pt, const struct pvtime_provider *provider,
		int vm_fd, unsigned slot, gpa_t base, unsigned nr)
{
	uint64_t size = pvtime_size(nr);
	void *host;
	int rc;

	*pt = (struct pvtime){ .provider = provider, .vm_fd = vm_fd };
	if (provider == &pvtime_off)
		return 0;
	if (nr == 0 || base % PVTIME_ALIGN != 0)
		return err_say(EINVAL,
			       "stolen time: %u records at %#" PRIx64
			       ": need one or more, on a 64 KiB boundary",
			       nr, base);

	host = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (host == MAP_FAILED)
		return err_set(errno, "stolen time: map %" PRIu64 " bytes",
			       size);
	rc = kvm_slot_add(vm_fd, slot, base, size, host);
	if (rc < 0)
		goto out_unmap;

	pt->records = host;
	pt->base = base;
	pt->size = size;
	pt->nr_records = nr;
	pt->slot = slot;
	return 0;

out_unmap:
	munmap(host, size);
	return err_in(rc, "stolen time");
}

int pvtime_attach(const struct pvtime *pt, const struct kvm_vcpu *vcpu,
		  unsigned index)
{
	gpa_t record = pt->base + index * sizeof(struct pvtime_record);
	int rc;

	if (pt->records && index >= pt->nr_records)
		return err_say(EINVAL, "stolen time: no record %u among %u",
			       index, pt->nr_records);
	rc = pt->provider->attach(vcpu, record);
	return err_in(rc, "stolen time: vCPU %u", vcpu->id);
}

uint64_t pvtime_read(const struct pvtime *pt, unsigned index)
{
	if (index >= pt->nr_records)
		return 0;
	return __atomic_load_n(&pt->records[index].stolen_ns, __ATOMIC_RELAXED);
}

void pvtime_reset(struct pvtime *pt)
{
	if (pt->records)
		memset(pt->records, 0, pt->nr_records * sizeof(*pt->records));
}

void pvtime_fdt(const struct pvtime *pt, struct fdtw *w)
{
	if (!pt->records)
		return;
	fdtw_node(w, "pvtime@%" PRIx64, pt->base);
	fdtw_reg(w, pt->base, pt->size);
	fdtw_flag(w, "no-map");
	fdtw_end(w);
}

void pvtime_fini(struct pvtime *pt)
{
	if (!pt->records)
		return;
	kvm_slot_del(pt->vm_fd, pt->slot); /* the guest's view first, */
	munmap(pt->records, pt->size);	   /* then what it looked at */
	pt->records = NULL;
	pt->nr_records = 0;
}
