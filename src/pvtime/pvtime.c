/* SPDX-License-Identifier: BSD-2-Clause */
#include "pvtime/pvtime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm/vm.h"
#include "pvtime/provider.h"
#include "util/err.h"
#include "util/util.h"

_Static_assert(sizeof(struct pvtime_record) == 64, "DEN0057A 3.2.2");

/* So that no address overflows: far more than any KVM has vCPUs. */
enum { NR_RECORDS_MAX = 1 << 16 };

uint64_t pvtime_size(unsigned nr_records)
{
	return ROUND_UP(nr_records * sizeof(struct pvtime_record),
			PVTIME_ALIGN);
}

/* -- which provider -- */

/* NULL: there is none of that name. */
static const struct pvtime_provider *find(const char *name)
{
	for (size_t i = 0; i < pvtime_table_size; i++)
		if (strcmp(name, pvtime_table[i]->name) == 0)
			return pvtime_table[i];
	return NULL;
}

int pvtime_known(const char *want)
{
	char names[128] = "auto, on";
	size_t len = strlen(names);

	if (strcmp(want, "auto") == 0 || strcmp(want, "on") == 0 || find(want))
		return 0;
	for (size_t i = 0; i < pvtime_table_size && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
					", %s", pvtime_table[i]->name);
	return err_say(EINVAL, "'%s' is not one of %s", want, names);
}

static int required(const char *why)
{
	return err_say(ENXIO, "stolen time is required: %s", why);
}

int pvtime_choose(const char *want, int vm_fd, int vcpu_fd,
		  const struct pvtime_provider **ret_provider,
		  const char **ret_why)
{
	const struct pvtime_provider *provider = find(want);
	bool on = strcmp(want, "on") == 0;
	const char *why = NULL;
	int rc = pvtime_known(want);

	if (rc < 0)
		return rc;
	if (provider) {
		why = provider->missing(vm_fd, vcpu_fd);
		if (why)
			return required(why);
		if (provider == &pvtime_off)
			why = "as asked";
	}
	for (size_t i = 0; !provider; i++) {
		const char *missing = pvtime_table[i]->missing(vm_fd, vcpu_fd);

		/* Why the best is not there tells most. */
		if (!missing)
			provider = pvtime_table[i];
		else if (!why)
			why = missing;
	}
	if (on && provider == &pvtime_off)
		return required(why);
	*ret_provider = provider;
	*ret_why = why;
	return 0;
}

bool pvtime_is_on(const struct pvtime *pt)
{
	return pt->size > 0;
}

bool pvtime_goes_on(const struct pvtime *pt)
{
	return pt->provider && pt->provider->goes_on;
}

const char *pvtime_name(const struct pvtime *pt)
{
	return pvtime_is_on(pt) ? pt->provider->name : pvtime_off.name;
}

/* -- the region -- */

int pvtime_map(struct pvtime *pt)
{
	const struct pvtime_region *r = &pt->region;
	void *host;
	int rc;

	if (r->memory) {
		pt->records = r->memory;
		return 0;
	}
	host = mmap(NULL, pt->size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (host == MAP_FAILED)
		return err_set(errno, "map %" PRIu64 " bytes", pt->size);
	rc = kvm_slot_add(r->vm_fd, r->slot, r->base, pt->size, host);
	if (rc < 0)
		munmap(host, pt->size);
	else
		pt->records = host;
	return rc;
}

static void unmap(struct pvtime *pt)
{
	if (!pt->records || pt->region.memory)
		return;
	/* The guest's view first, then what it looked at. */
	kvm_slot_del(pt->region.vm_fd, pt->region.slot);
	munmap(pt->records, pt->size);
}

static int check(const struct pvtime_region *r)
{
	if ((uintptr_t)r->memory % sizeof(struct pvtime_record) != 0)
		return err_say(EINVAL, "memory at %p: not 64-byte aligned",
			       r->memory);
	if (r->nr_records > 0 && r->nr_records <= NR_RECORDS_MAX &&
	    r->base % PVTIME_ALIGN == 0 &&
	    r->base <= UINT64_MAX - pvtime_size(r->nr_records))
		return 0;
	return err_say(EINVAL,
		       "%u records at %#" PRIx64
		       ": need 1 to %u, on a 64 KiB boundary",
		       r->nr_records, r->base, NR_RECORDS_MAX);
}

int pvtime_init(struct pvtime *pt, const struct pvtime_provider *provider,
		const struct pvtime_region *region)
{
	int rc;

	*pt = (struct pvtime){ .provider = provider, .region = *region };
	if (provider == &pvtime_off)
		return 0;
	rc = check(region);
	if (rc == 0) {
		pt->size = pvtime_size(region->nr_records);
		rc = provider->start(pt);
	}
	if (rc < 0)
		pvtime_fini(pt);
	return err_in(rc, "stolen time");
}

int pvtime_attach(struct pvtime *pt, unsigned index, int vcpu_fd)
{
	uint64_t record =
		pt->region.base + index * sizeof(struct pvtime_record);
	int rc;

	if (index >= pt->region.nr_records)
		return err_say(EINVAL, "stolen time: no record %u among %u",
			       index, pt->region.nr_records);
	rc = pt->provider->attach(pt, index, vcpu_fd, record);
	return err_in(rc, "stolen time: vCPU %u", index);
}

/* -- while the guest runs -- */

int pvtime_call(struct pvtime *pt, unsigned index, int vcpu_fd,
		uint64_t function)
{
	int rc;

	if (!pt->provider || !pt->provider->call ||
	    index >= pt->region.nr_records)
		rc = -ENOENT;
	else
		rc = pt->provider->call(pt, index, vcpu_fd, function);
	if (rc == -ENOENT)
		return err_say(ENOENT,
			       "vCPU %u: unexpected hypercall %#" PRIx64, index,
			       function);
	return err_in(rc, "stolen time: vCPU %u: call %#" PRIx64, index,
		      function);
}

int pvtime_read(const struct pvtime *pt, unsigned index, uint64_t *ret_ns)
{
	if (!pvtime_is_on(pt) || index >= pt->region.nr_records)
		*ret_ns = 0;
	else if (pt->records)
		*ret_ns = __atomic_load_n(&pt->records[index].stolen_ns,
					  __ATOMIC_RELAXED);
	else
		return err_in(pt->provider->read(pt, index, ret_ns),
			      "stolen time: read");
	return 0;
}

bool pvtime_can_add(const struct pvtime *pt)
{
	return pt->records != NULL;
}

int pvtime_add(struct pvtime *pt, unsigned index, uint64_t ns)
{
	if (!pt->records || index >= pt->region.nr_records)
		return err_say(
			ENOTSUP,
			"stolen time: no record %u that we could write to",
			index);
	/* KVM writes to it on the vCPU's thread alone, and only in KVM_RUN. */
	__atomic_fetch_add(&pt->records[index].stolen_ns, ns, __ATOMIC_RELAXED);
	return 0;
}

int pvtime_reset(struct pvtime *pt)
{
	if (pt->records)
		memset(pt->records, 0,
		       pt->region.nr_records * sizeof(*pt->records));
	if (!pvtime_is_on(pt) || !pt->provider->reset)
		return 0;
	return err_in(pt->provider->reset(pt), "stolen time: reset");
}

void pvtime_fini(struct pvtime *pt)
{
	if (pt->provider && pt->provider->stop)
		pt->provider->stop(pt);
	unmap(pt);
	*pt = (struct pvtime){ 0 };
}

const char *pvtime_error(void)
{
	return err_text();
}
