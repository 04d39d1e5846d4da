/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/facts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kvm/attr.h"
#include "kvm/reg.h"
#include "kvm/sys.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "kvm/vm.h"
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"
#include "pvtime/steal.h"
#include "util/err.h"
#include "util/util.h"

/* A machine of one vCPU, as far as this host can make it. */
struct host {
	struct kvm_sys sys;
	int vm_fd; /* -1: none, and why */
	struct kvm_vcpu vcpu;
	int sys_rc, vcpu_rc;
	char why_no_sys[ERR_TEXT_MAX];
	char why_no_vcpu[ERR_TEXT_MAX];
};

static void yes(struct fact *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void no(struct fact *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void yes(struct fact *f, const char *fmt, ...)
{
	va_list ap;

	f->state = FACT_YES;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

static void no(struct fact *f, const char *fmt, ...)
{
	va_list ap;

	f->state = FACT_NO;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

static void unknown(struct fact *f, const char *why)
{
	no(f, "%s", why);
	f->state = FACT_UNKNOWN;
}

/* The answer to a yes-or-no question that needs no more words. */
static void either(struct fact *f, bool there, const char *good,
		   const char *bad)
{
	if (there)
		yes(f, "%s", good);
	else
		no(f, "%s", bad);
}

/* @rc: why a question could not be asked, where the answer may well be yes. */
static void unasked(struct fact *f, int rc)
{
	switch (-rc) {
	case EACCES:
	case EPERM:
	case EAGAIN:
	case EBUSY:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		f->state = FACT_UNKNOWN;
	}
}

static void access_to_kvm(const struct host *h, struct fact *f)
{
	either(f, h->sys.fd >= 0, "can be used", h->why_no_sys);
	unasked(f, h->sys_rc);
}

static void api(const struct host *h, struct fact *f)
{
	(void)h; /* kvm_sys_open() takes no other */
	yes(f, "version %d", KVM_API_VERSION);
}

static void machine(const struct host *h, struct fact *f)
{
	either(f, h->vcpu.run != NULL, "can be made", h->why_no_vcpu);
	unasked(f, h->vcpu_rc);
}

static void steal_time(const struct host *h, struct fact *f)
{
	if (!kvm_attr_has(h->vcpu.fd, KVM_ARM_VCPU_PVTIME_CTRL,
			  KVM_ARM_VCPU_PVTIME_IPA))
		no(f, "needs Linux 5.5 or later (before 5.14 also "
		      "CONFIG_SCHEDSTATS or delayacct)");
	else if (kvm_vm_cap(h->vm_fd, KVM_CAP_STEAL_TIME))
		yes(f, "and KVM_CAP_STEAL_TIME");
	else
		yes(f, "without KVM_CAP_STEAL_TIME: a host older than Linux "
		       "5.9, which may lose some stolen time");
}

static void statistics(const struct host *h, struct fact *f)
{
	struct steal_times t;
	int rc = steal_read(gettid(), &t);

	(void)h;
	if (rc == 0)
		yes(f, "run delay of each thread in /proc");
	else
		no(f,
		   "%s; is /proc mounted?  The kernel needs "
		   "CONFIG_SCHED_INFO",
		   err_text());
	unasked(f, rc);
}

static void filter(const struct host *h, struct fact *f)
{
	either(f,
	       kvm_attr_has(h->vm_fd, KVM_ARM_VM_SMCCC_CTRL,
			    KVM_ARM_VM_SMCCC_FILTER),
	       "records never go back (provider steady)",
	       "a record restarts when its CPU comes back online; needs Linux "
	       "6.4 or later");
}

static void device(const struct host *h, struct fact *f)
{
	either(f, kvm_device_there(h->vm_fd, KVM_DEV_TYPE_ARM_PV_TIME),
	       "of the series of August 2019",
	       "only kernels with the series of August 2019 have it");
}

static void bitmap(const struct host *h, struct fact *f)
{
	uint64_t v;

	either(f, kvm_reg_get(h->vcpu.fd, KVM_REG_ARM_STD_HYP_BMAP, &v) == 0,
	       "--pvtime off hides the discovery call as well",
	       "with --pvtime off a guest still sees the discovery call; "
	       "needs Linux 5.19 or later");
}

static void gic(const struct host *h, struct fact *f)
{
	bool v2 = kvm_device_there(h->vm_fd, KVM_DEV_TYPE_ARM_VGIC_V2);
	bool v3 = kvm_device_there(h->vm_fd, KVM_DEV_TYPE_ARM_VGIC_V3);
	bool its = kvm_device_there(h->vm_fd, KVM_DEV_TYPE_ARM_VGIC_ITS);

	if (v2 || v3)
		yes(f, "%s%s%s", v3 ? its ? "GICv3 with ITS" : "GICv3" : "",
		    v2 && v3 ? ", " : "", v2 ? "GICv2 (8 vCPUs)" : "");
	else
		no(f, "KVM has neither GICv2 nor GICv3 for guests on this CPU");
}

static void vcpus(const struct host *h, struct fact *f)
{
	yes(f, "up to %d in a guest", kvm_vm_cap(h->vm_fd, KVM_CAP_MAX_VCPUS));
}

static void ipa_size(const struct host *h, struct fact *f)
{
	int bits = kvm_sys_cap(&h->sys, KVM_CAP_ARM_VM_IPA_SIZE);

	if (bits)
		yes(f, "%d bits", bits);
	else
		no(f, "40 bits and no choice; needs Linux 4.20 or later");
}

static void page_size(const struct host *h, struct fact *f)
{
	(void)h;
	yes(f, "%ld KiB", sysconf(_SC_PAGESIZE) / 1024);
}

static void pmu(const struct host *h, struct fact *f)
{
	either(f, kvm_vm_cap(h->vm_fd, KVM_CAP_ARM_PMU_V3), "PMUv3, with --pmu",
	       "not on this CPU, or not by this kernel");
}

static void sve(const struct host *h, struct fact *f)
{
	either(f, kvm_vm_cap(h->vm_fd, KVM_CAP_ARM_SVE),
	       "as wide as this CPU's",
	       "not on this CPU, or not by this kernel");
}

static void ptrauth(const struct host *h, struct fact *f)
{
	either(f,
	       kvm_vm_cap(h->vm_fd, KVM_CAP_ARM_PTRAUTH_ADDRESS) &&
		       kvm_vm_cap(h->vm_fd, KVM_CAP_ARM_PTRAUTH_GENERIC),
	       "both kinds", "not on this CPU, or not by this kernel");
}

static void counter_offset(const struct host *h, struct fact *f)
{
	either(f, kvm_vm_cap(h->vm_fd, KVM_CAP_COUNTER_OFFSET),
	       "for both counters of a guest",
	       "only the virtual counter can be moved; needs Linux 6.4 or "
	       "later");
}

static void stats_fd(const struct host *h, struct fact *f)
{
	either(f, kvm_vm_cap(h->vm_fd, KVM_CAP_BINARY_STATS_FD), "can be read",
	       "needs Linux 5.14 or later");
}

static void best(const struct host *h, struct fact *f)
{
	const struct pvtime_provider *p;
	const char *why;

	/* "auto" cannot fail: it says "off" and why. */
	pvtime_choose("auto", h->vm_fd, h->vcpu.fd, &p, &why);
	either(f, p != &pvtime_off, p->name, why);
}

static const struct {
	const char *id, *name;
	bool needed;
	enum { OF_HOST, OF_KVM, OF_VM } of; /* who has to be asked */
	void (*ask)(const struct host *h, struct fact *f);
} table[] = {
	{ "kvm", "/dev/kvm", true, OF_HOST, access_to_kvm },
	{ "api", "KVM API", true, OF_KVM, api },
	{ "vm", "virtual machine", true, OF_KVM, machine },
	{ "provider", "stolen time, best by", true, OF_VM, best },
	{ "steal_time", "vCPU attribute", false, OF_VM, steal_time },
	{ "smccc_filter", "SMCCC filter", false, OF_VM, filter },
	{ "pv_time_device", "PV_TIME device", false, OF_VM, device },
	{ "hypercall_bitmap", "hypercall bitmap", false, OF_VM, bitmap },
	{ "sched_info", "scheduler statistics", true, OF_HOST, statistics },
	{ "stats_fd", "KVM statistics", false, OF_VM, stats_fd },
	{ "gic", "interrupt controller", true, OF_VM, gic },
	{ "vcpus", "vCPUs", false, OF_VM, vcpus },
	{ "ipa_size", "guest addresses", false, OF_VM, ipa_size },
	{ "page_size", "page size", false, OF_HOST, page_size },
	{ "counter_offset", "counter offset", false, OF_VM, counter_offset },
	{ "pmu", "PMU", false, OF_VM, pmu },
	{ "sve", "SVE", false, OF_VM, sve },
	{ "ptrauth", "pointer authentication", false, OF_VM, ptrauth },
};
const size_t facts_size = ARRAY_SIZE(table);

static int make_vcpu(struct host *h)
{
	struct kvm_target target;
	int rc = kvm_vm_create(&h->sys, 32);

	if (rc < 0)
		return rc;
	h->vm_fd = rc;
	rc = kvm_target_preferred(h->vm_fd, &target);
	if (rc == 0)
		rc = kvm_vcpu_open(&h->vcpu, h->vm_fd, 0, h->sys.run_size);
	if (rc < 0)
		return rc;
	target.features = 1u << KVM_ARM_VCPU_PSCI_0_2;
	rc = kvm_vcpu_init(&h->vcpu, &target, true);
	if (rc < 0)
		kvm_vcpu_close(&h->vcpu);
	return rc;
}

void facts_gather(const char *path, struct fact *ret_facts)
{
	struct host h = { .vm_fd = -1, .vcpu.fd = -1 };

	h.sys_rc = kvm_sys_open(&h.sys, path);
	if (h.sys_rc < 0)
		err_copy(h.why_no_sys);
	else
		h.vcpu_rc = make_vcpu(&h);
	if (h.vcpu_rc < 0)
		err_copy(h.why_no_vcpu);
	for (size_t i = 0; i < facts_size; i++) {
		struct fact *f = &ret_facts[i];

		*f = (struct fact){ .id = table[i].id,
				    .name = table[i].name,
				    .needed = table[i].needed };
		if (table[i].of >= OF_KVM && h.sys.fd < 0)
			unknown(f, "not known without /dev/kvm");
		else if (table[i].of >= OF_VM && !h.vcpu.run)
			unknown(f, "not known without a virtual machine");
		else
			table[i].ask(&h, f);
	}
	kvm_vcpu_close(&h.vcpu);
	if (h.vm_fd >= 0)
		close(h.vm_fd);
	kvm_sys_close(&h.sys);
}
