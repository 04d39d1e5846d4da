/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c - does the device of pvtime_dev.c keep what its interface promised?
 *
 *	probe FORM	1: PADDR, STATE_SIZE, STATE; 2: REGION
 *
 * Every attribute and error, in the order in which they were checked, and what
 * a guest sees: addresses, a record zeroed when it is asked for, and a growth
 * that is that of the scheduler's number.  TAP; exit status 1 if a test fails,
 * 77 if there is no such device.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>

enum {
	PADDR = 0,
	STATE_SIZE = 1,
	STATE = 2,
	REGION = 0,
	ST = 0,	 /* the attribute, of every group */
	LPT = 1, /* not one */

	RECORD = 64,
	NR_VCPUS = 2,
};

#define UNSET		 UINT64_MAX
#define PV_TIME_FEATURES 0xc5000020
#define PV_TIME_ST	 0xc5000021

/* The guest: 64 KiB of RAM, nothing where it speaks to us, and the records. */
#define RAM_BASE     0x40000000
#define RECORDS_BASE 0x50000000
#define MMIO_BASE    0x10000000
#define SLOT_SIZE    0x10000

/* What STATE takes and gives, for two vCPUs. */
#define STATE_BYTES ((size_t)NR_VCPUS * RECORD)

struct region {
	uint64_t gpa;
	uint64_t size;
};

struct record {
	uint32_t revision;
	uint32_t attributes;
	uint64_t stolen_ns;
	uint8_t padding[48];
};

/* vCPUs by the order of creation, which is that of the records. */
struct vm {
	int fd;
	struct kvm_run *run[NR_VCPUS];
	int vcpu[NR_VCPUS];
	struct record *records; /* form 2 */
};

static unsigned count, failed;
static int kvm;

static _Noreturn void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* -- TAP -- */

__attribute__((format(printf, 2, 3))) static void check(bool ok,
							const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u - ", ok ? "" : "not ", ++count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	failed += !ok;
}

/* @rc is what a system call returned just now, @want 0 or the errno. */
static void gives(int rc, int want, const char *what)
{
	int got = rc < 0 ? errno : 0;

	check(got == want, "%s: %s", what, want ? strerror(want) : "done");
	if (got != want)
		printf("# %s\n", got ? strerror(got) : "done");
}

static void equals(uint64_t got, uint64_t want, const char *what)
{
	check(got == want, "%s: %#" PRIx64, what, want);
	if (got != want)
		printf("# %#" PRIx64 "\n", got);
}

/* -- KVM -- */

static int create_device(struct vm *vm, uint32_t flags)
{
	struct kvm_create_device d = {
		.type = KVM_DEV_TYPE_ARM_PV_TIME,
		.flags = flags,
	};

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &d) < 0)
		return -1;
	return flags & KVM_CREATE_DEVICE_TEST ? 0 : (int)d.fd;
}

static int attr(int fd, unsigned long op, uint32_t group, uint64_t nr,
		void *data)
{
	struct kvm_device_attr a = {
		.group = group,
		.attr = nr,
		.addr = (uintptr_t)data,
	};

	return ioctl(fd, op, &a);
}

static int has(int dev, uint32_t group, uint64_t nr)
{
	return attr(dev, KVM_HAS_DEVICE_ATTR, group, nr, NULL);
}

static int set(int dev, uint32_t group, uint64_t nr, const void *data)
{
	return attr(dev, KVM_SET_DEVICE_ATTR, group, nr, (void *)data);
}

static int get(int dev, uint32_t group, uint64_t nr, void *data)
{
	return attr(dev, KVM_GET_DEVICE_ATTR, group, nr, data);
}

static int set_region(int dev, uint64_t nr, uint64_t gpa, uint64_t size)
{
	const struct region r = { gpa, size };

	return set(dev, REGION, nr, &r);
}

static int set_paddr(int dev, uint64_t nr, uint64_t gpa)
{
	return set(dev, PADDR, nr, &gpa);
}

/* What KVM itself has as the address of a vCPU's record. */
static uint64_t address_of(int vcpu)
{
	uint64_t ipa = 0;

	if (get(vcpu, KVM_ARM_VCPU_PVTIME_CTRL, KVM_ARM_VCPU_PVTIME_IPA, &ipa))
		die("vCPU attribute");
	return ipa;
}

static void set_reg(int vcpu, uint64_t offset, uint64_t value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
		      offset,
		.addr = (uintptr_t)&value,
	};

	if (ioctl(vcpu, KVM_SET_ONE_REG, &reg))
		die("KVM_SET_ONE_REG");
}

static void *map_slot(struct vm *vm, uint32_t slot, uint64_t gpa)
{
	/* Aligned as far as the largest page, of which it is a multiple. */
	void *p = aligned_alloc(SLOT_SIZE, SLOT_SIZE);
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = SLOT_SIZE,
		.userspace_addr = (uintptr_t)p,
	};

	if (!p)
		die("memory");
	memset(p, 0xff, SLOT_SIZE);
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r))
		die("KVM_SET_USER_MEMORY_REGION");
	return p;
}

/* -- the guest -- */

extern const char guest[], guest_end[];

/* Asks us for a function and an address; tells what the hypervisor answers to
 * the one, and what it then finds at the other; again. */
__asm__(".pushsection .rodata\n"
	"	.globl	guest, guest_end\n"
	"	.balign	4\n"
	"guest:	ldr	x0, [x9]\n"
	"	ldr	x4, [x9, #8]\n"
	"	mov	x1, #0x21\n"
	"	movk	x1, #0xc500, lsl #16\n"
	"	hvc	#0\n"
	"	str	x0, [x9]\n"
	"	ldr	x5, [x4]\n"
	"	str	x5, [x9, #8]\n"
	"	b	guest\n"
	"guest_end:\n"
	"	.popsection\n");

static void new_vcpu(struct vm *vm, unsigned i, unsigned long id)
{
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_vcpu_init init;

	vm->vcpu[i] = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	if (vm->vcpu[i] < 0)
		die("KVM_CREATE_VCPU");
	vm->run[i] = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, vm->vcpu[i], 0);
	if (vm->run[i] == MAP_FAILED)
		die("vCPU mmap");
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		die("KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (ioctl(vm->vcpu[i], KVM_ARM_VCPU_INIT, &init))
		die("KVM_ARM_VCPU_INIT");
	set_reg(vm->vcpu[i], KVM_REG_ARM_CORE_REG(regs.pc), RAM_BASE);
	set_reg(vm->vcpu[i], KVM_REG_ARM_CORE_REG(regs.regs[9]), MMIO_BASE);
}

/* Two vCPUs: the first has the number 1, for records do not go by numbers. */
static void new_vm(struct vm *vm)
{
	vm->fd = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die("KVM_CREATE_VM");
	memcpy(map_slot(vm, 0, RAM_BASE), guest, (size_t)(guest_end - guest));
	new_vcpu(vm, 0, 1);
	new_vcpu(vm, 1, 0);
}

/* Run vCPU @i until it reads or writes at @offset: exchange @value. */
static void exchange(struct vm *vm, unsigned i, uint64_t offset, bool write,
		     uint64_t *value)
{
	struct kvm_run *run = vm->run[i];

	while (ioctl(vm->vcpu[i], KVM_RUN, 0)) {
		if (errno != EINTR)
			die("KVM_RUN");
	}
	if (run->exit_reason != KVM_EXIT_MMIO ||
	    run->mmio.phys_addr != MMIO_BASE + offset ||
	    run->mmio.is_write != write || run->mmio.len != sizeof(*value)) {
		errno = EPROTO;
		die("guest");
	}
	if (write)
		memcpy(value, run->mmio.data, sizeof(*value));
	else
		memcpy(run->mmio.data, value, sizeof(*value));
}

/* What vCPU @i is told by @function, and then, if not NULL, sees at @gpa. */
static uint64_t ask(struct vm *vm, unsigned i, uint64_t function, uint64_t gpa,
		    uint64_t *ret_seen)
{
	uint64_t answer, seen;

	exchange(vm, i, 0, false, &function);
	exchange(vm, i, 8, false, &gpa);
	exchange(vm, i, 0, true, &answer);
	exchange(vm, i, 8, true, &seen);
	if (ret_seen)
		*ret_seen = seen;
	return answer;
}

static uint64_t call(struct vm *vm, unsigned i, uint64_t function)
{
	return ask(vm, i, function, RAM_BASE, NULL);
}

/* -- steal -- */

static uint64_t run_delay(void)
{
	FILE *f = fopen("/proc/thread-self/schedstat", "r");
	uint64_t ns;

	if (!f || fscanf(f, "%*u %" SCNu64, &ns) != 1)
		die("schedstat");
	fclose(f);
	return ns;
}

/* Compete with a busy process for one CPU until 50 ms have been lost to it. */
static void lose_time(void)
{
	uint64_t until = run_delay() + 50 * 1000 * 1000;
	cpu_set_t cpu, all;
	pid_t pid;

	if (sched_getaffinity(0, sizeof(all), &all))
		die("sched_getaffinity");
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		die("sched_setaffinity");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			__asm__ volatile("");
	}
	while (run_delay() < until)
		;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0); /* it had our VM open as well */
	if (sched_setaffinity(0, sizeof(all), &all))
		die("sched_setaffinity");
}

static struct record record_of(struct vm *vm, int dev, unsigned i)
{
	struct record r[NR_VCPUS];

	if (vm->records)
		return vm->records[i];
	if (get(dev, STATE, ST, r))
		die("STATE");
	return r[i];
}

/*
 * The record says how much the scheduler had counted when the vCPU entered, so
 * what it gains lies between what we see inside and outside of two entries.
 */
static void check_growth(struct vm *vm, int dev, unsigned i)
{
	uint64_t before = run_delay(), least, most, was;

	call(vm, i, PV_TIME_ST);
	was = record_of(vm, dev, i).stolen_ns;
	least = run_delay();
	lose_time();
	least = run_delay() - least;
	call(vm, i, PV_TIME_FEATURES);
	was = record_of(vm, dev, i).stolen_ns - was;
	most = run_delay() - before;
	check(was >= least && was <= most,
	      "vCPU %u: what it lost is in its record", i);
	printf("# %" PRIu64 " ns, of %" PRIu64 " to %" PRIu64 "\n", was, least,
	       most);
}

/* Ask for the record of vCPU @i, filled with ones before: it is zeroed. */
static void check_zeroed(struct vm *vm, int dev, unsigned i, uint64_t gpa)
{
	static const uint8_t zero[48];
	struct record r;

	equals(call(vm, i, PV_TIME_ST), gpa, "PV_TIME_ST");
	r = record_of(vm, dev, i);
	check(r.revision == 0 && r.attributes == 0 &&
		      memcmp(r.padding, zero, sizeof(zero)) == 0,
	      "vCPU %u: the record is zero", i);
}

/* What KVM does when it has made a device but cannot give us a file of it. */
static void check_no_file(struct vm *vm)
{
	struct rlimit was, none = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &was))
		die("getrlimit");
	none.rlim_max = was.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &none))
		die("setrlimit");
	gives(create_device(vm, 0), EMFILE, "create without a descriptor");
	if (setrlimit(RLIMIT_NOFILE, &was))
		die("setrlimit");
}

static void check_without(struct vm *vm)
{
	for (unsigned i = 0; i < NR_VCPUS; i++) {
		equals(address_of(vm->vcpu[i]), UNSET, "no address");
		equals(call(vm, i, PV_TIME_ST), UNSET, "PV_TIME_ST");
		equals(call(vm, i, PV_TIME_FEATURES), UNSET,
		       "PV_TIME_FEATURES");
	}
}

/* -- form 2 -- */

static void check_region_errors(int dev, void *bad)
{
	const uint64_t gpa = RECORDS_BASE, page = (uint64_t)getpagesize();
	struct region r = { 1, 1 };

	gives(has(dev, REGION, ST), 0, "has REGION");
	gives(has(dev, REGION, LPT), ENXIO, "has REGION, attribute 1");
	gives(has(dev, STATE_SIZE, ST), ENXIO, "has group 1");
	gives(has(dev, STATE, ST), ENXIO, "has group 2");

	gives(get(dev, REGION, ST, &r), 0, "get before set");
	equals(r.gpa, UNSET, "address before set");
	gives(get(dev, REGION, LPT, &r), ENXIO, "get attribute 1");
	gives(get(dev, STATE, ST, &r), ENXIO, "get group 2");
	gives(get(dev, REGION, ST, bad), EFAULT, "get, bad pointer");

	gives(set(dev, STATE, ST, bad), ENXIO, "set group 2, bad pointer");
	gives(set(dev, REGION, LPT, bad), EFAULT,
	      "set attribute 1, bad pointer");
	gives(set_region(dev, LPT, gpa + RECORD, page), EINVAL,
	      "set attribute 1, crooked address");
	gives(set_region(dev, LPT, gpa, page - 1), EINVAL,
	      "set attribute 1, crooked size");
	gives(set_region(dev, LPT, gpa, page), ENXIO, "set attribute 1");
	gives(set_region(dev, ST, gpa + page / 2, page), EINVAL,
	      "set, crooked address");
	gives(set_region(dev, ST, gpa, page / 2), EINVAL, "set, crooked size");
}

static void check_region(struct vm *vm, int dev, void *bad)
{
	const uint64_t gpa = RECORDS_BASE, page = (uint64_t)getpagesize();
	struct region r = { 0 };
	int other;

	vm->records = map_slot(vm, 1, gpa);
	check_without(vm);
	check_region_errors(dev, bad);
	check_without(vm);

	gives(set_region(dev, ST, gpa, SLOT_SIZE), 0, "set");
	gives(set_region(dev, ST, gpa, SLOT_SIZE), EEXIST, "set again");
	gives(set_region(dev, ST, gpa + 1, SLOT_SIZE), EINVAL,
	      "set again, crooked address");
	gives(set_region(dev, LPT, gpa, SLOT_SIZE), ENXIO,
	      "set again, attribute 1");
	gives(get(dev, REGION, ST, &r), 0, "get");
	check(r.gpa == gpa && r.size == SLOT_SIZE, "as it was set");

	other = create_device(vm, 0);
	gives(other, 0, "a second device");
	gives(set_region(other, ST, gpa, page), EEXIST, "set by a second");
	close(other);

	for (unsigned i = 0; i < NR_VCPUS; i++) {
		equals(address_of(vm->vcpu[i]), gpa + i * RECORD, "address");
		equals(call(vm, i, PV_TIME_FEATURES), 0, "PV_TIME_FEATURES");
		memset(&vm->records[i], 0xff, RECORD);
		check_zeroed(vm, dev, i, gpa + i * RECORD);
	}
	for (unsigned i = 0; i < NR_VCPUS; i++)
		check_growth(vm, dev, i);
}

/* A region of one page, and one vCPU more than it has records for. */
static void check_short_region(void)
{
	const uint64_t page = (uint64_t)getpagesize();
	unsigned fit = (unsigned)(page / RECORD);
	struct vm vm = { 0 };
	int dev, vcpu, last = -1;

	vm.fd = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm.fd < 0)
		die("KVM_CREATE_VM");
	map_slot(&vm, 0, RECORDS_BASE);
	for (unsigned long i = 0;; i++) {
		vcpu = ioctl(vm.fd, KVM_CREATE_VCPU, i);
		if (vcpu < 0)
			die("KVM_CREATE_VCPU");
		if (i == fit)
			break;
		last = vcpu;
	}
	dev = create_device(&vm, 0);
	gives(set_region(dev, ST, RECORDS_BASE, page), 0, "set one page");
	equals(address_of(last), RECORDS_BASE + page - RECORD,
	       "address of the last that fits");
	equals(address_of(vcpu), UNSET, "none for the next");
}

/* The same seen by a guest: no page, no records. */
static void check_empty_region(void)
{
	struct vm vm = { 0 };
	int dev;

	new_vm(&vm);
	dev = create_device(&vm, 0);
	gives(set_region(dev, ST, RECORDS_BASE, 0), 0, "set no page");
	check_without(&vm);
}

/* -- form 1 -- */

static void check_paddr_errors(int dev, void *bad)
{
	const uint64_t gpa = RECORDS_BASE;
	uint64_t was = 1;

	gives(get(dev, PADDR, ST, &was), 0, "get PADDR before set");
	equals(was, UNSET, "PADDR before set");
	gives(get(dev, PADDR, LPT, &was), ENXIO, "get PADDR, attribute 1");
	gives(get(dev, PADDR, ST, bad), EFAULT, "get PADDR, bad pointer");

	gives(set(dev, PADDR, LPT, bad), EFAULT,
	      "set PADDR, attribute 1, bad pointer");
	gives(set_paddr(dev, LPT, gpa + 8), EINVAL,
	      "set PADDR, attribute 1, crooked address");
	gives(set_paddr(dev, LPT, gpa), ENXIO, "set PADDR, attribute 1");
	gives(set_paddr(dev, ST, gpa + RECORD / 2), EINVAL,
	      "set PADDR, crooked address");
	gives(set_paddr(dev, ST, RAM_BASE), EEXIST, "set PADDR, over RAM");
}

static void check_state(int dev, void *bad)
{
	static const uint8_t zero[STATE_BYTES + 1];
	uint8_t state[STATE_BYTES + 1], pattern[STATE_BYTES];
	uint64_t size = UINT64_MAX;

	gives(get(dev, STATE_SIZE, ST, &size), 0, "get STATE_SIZE");
	equals(size, STATE_BYTES, "STATE_SIZE, all 8 bytes of it");
	gives(get(dev, STATE_SIZE, LPT, &size), ENXIO,
	      "get STATE_SIZE, attribute 1");
	gives(get(dev, STATE_SIZE, ST, bad), EFAULT,
	      "get STATE_SIZE, bad pointer");
	gives(set(dev, STATE_SIZE, ST, &size), EPERM, "set STATE_SIZE");

	memset(state, 0, sizeof(state));
	memset(state, 0xff, STATE_BYTES);
	gives(get(dev, STATE, ST, state), 0, "get STATE before PADDR");
	check(memcmp(state, zero, sizeof(state)) == 0, "which is zero");
	gives(get(dev, STATE, LPT, state), ENXIO, "get STATE, attribute 1");
	gives(get(dev, STATE, ST, bad), EFAULT, "get STATE, bad pointer");
	gives(set(dev, STATE, LPT, state), ENXIO, "set STATE, attribute 1");
	gives(set(dev, STATE, ST, bad), EFAULT, "set STATE, bad pointer");

	for (size_t i = 0; i < STATE_BYTES; i++)
		pattern[i] = (uint8_t)(i + 1);
	gives(set(dev, STATE, ST, pattern), 0, "set STATE");
	memset(state, 0xff, sizeof(state));
	gives(get(dev, STATE, ST, state), 0, "get STATE");
	check(memcmp(state, pattern, STATE_BYTES) == 0, "as it was set");
	check(state[STATE_BYTES] == 0xff, "and no byte more");
}

/* What STATE holds and what the guest sees are the same memory. */
static void check_shared(struct vm *vm, int dev)
{
	struct record r[NR_VCPUS];
	uint64_t seen, want;

	memset(r, 0xff, sizeof(r));
	for (unsigned i = 0; i < NR_VCPUS; i++)
		memset(r[i].padding, (int)(0x10 + i), sizeof(r[i].padding));
	gives(set(dev, STATE, ST, r), 0, "set STATE with PADDR set");
	for (unsigned i = 0; i < NR_VCPUS; i++) {
		const uint64_t gpa = RECORDS_BASE + i * RECORD;

		memset(&want, (int)(0x10 + i), sizeof(want));
		ask(vm, 1 - i, PV_TIME_FEATURES, gpa + 16, &seen);
		equals(seen, want, "the guest sees it");
	}
	for (unsigned i = 0; i < NR_VCPUS; i++) {
		check_zeroed(vm, dev, i, RECORDS_BASE + i * RECORD);
		if (i == 0)
			check(record_of(vm, dev, 1).padding[0] == 0x11,
			      "and the other's is not");
	}
}

/* The records are mapped in the VMM as long as there is the VM. */
static bool is_mapped(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	bool found = false;
	char line[256];

	if (!f)
		die("maps");
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, "pvtime-state") != NULL;
	fclose(f);
	return found;
}

/* A VMM that restores sets STATE, and counting goes on from there. */
static void check_restored(struct vm *vm, int dev)
{
	const uint64_t had = 1ull << 50;
	struct record r[NR_VCPUS] = { { .stolen_ns = had } };
	uint64_t now;

	gives(set(dev, STATE, ST, r), 0, "set STATE, as to restore");
	call(vm, 0, PV_TIME_FEATURES);
	now = record_of(vm, dev, 0).stolen_ns;
	check(now >= had && now - had <= run_delay(), "it goes on from there");
	printf("# by %" PRIu64 " ns\n", now - had);
}

static void check_paddr(struct vm *vm, int dev, void *bad)
{
	uint64_t gpa = 0;
	int other;

	for (uint32_t group = PADDR; group <= STATE; group++) {
		gives(has(dev, group, ST), 0, "has a group");
		gives(has(dev, group, LPT), ENXIO, "has its attribute 1");
	}
	gives(has(dev, STATE + 1, ST), ENXIO, "has group 3");
	gives(get(dev, STATE + 1, ST, &gpa), ENXIO, "get group 3");
	gives(set(dev, STATE + 1, ST, &gpa), ENXIO, "set group 3");
	check_paddr_errors(dev, bad);
	check_state(dev, bad);
	check_without(vm);

	gives(set_paddr(dev, ST, RECORDS_BASE), 0, "set PADDR");
	gives(set_paddr(dev, ST, RECORDS_BASE), EEXIST, "set PADDR again");
	gives(set_paddr(dev, ST, RECORDS_BASE + 8), EINVAL,
	      "set PADDR again, crooked address");
	gives(set_paddr(dev, LPT, RECORDS_BASE), ENXIO,
	      "set PADDR again, attribute 1");
	gives(get(dev, PADDR, ST, &gpa), 0, "get PADDR");
	equals(gpa, RECORDS_BASE, "as it was set");

	other = create_device(vm, 0);
	gives(other, 0, "a second device");
	gives(set_paddr(other, ST, RECORDS_BASE), EEXIST, "set by a second");
	close(other);

	for (unsigned i = 0; i < NR_VCPUS; i++) {
		equals(address_of(vm->vcpu[i]), RECORDS_BASE + i * RECORD,
		       "address");
		equals(call(vm, i, PV_TIME_FEATURES), 0, "PV_TIME_FEATURES");
	}
	check_shared(vm, dev);
	for (unsigned i = 0; i < NR_VCPUS; i++)
		check_growth(vm, dev, i);
	check_restored(vm, dev);
}

/* The address need not be that of a page. */
static void check_within_page(void)
{
	const uint64_t gpa = RECORDS_BASE + 3 * RECORD;
	struct vm vm = { 0 };
	int dev;

	new_vm(&vm);
	dev = create_device(&vm, 0);
	gives(set_paddr(dev, ST, gpa), 0, "set PADDR within a page");
	for (unsigned i = 0; i < NR_VCPUS; i++)
		equals(call(&vm, i, PV_TIME_ST), gpa + i * RECORD,
		       "PV_TIME_ST");
}

static void end_vm(struct vm *vm)
{
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	for (unsigned i = 0; i < NR_VCPUS; i++) {
		munmap(vm->run[i], (size_t)size);
		close(vm->vcpu[i]);
	}
	close(vm->fd);
}

int main(int argc, char **argv)
{
	/* No page of ours is there: the first of all is nobody's. */
	void *bad = (void *)8;
	struct vm vm = { 0 };
	int dev, form;

	form = argc == 2 ? atoi(argv[1]) : 0;
	if (form != 1 && form != 2) {
		fputs("usage: probe 1|2\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0); /* should it come to hang */
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		die("/dev/kvm");
	new_vm(&vm);
	if (create_device(&vm, KVM_CREATE_DEVICE_TEST) && errno == ENODEV) {
		puts("1..0 # SKIP no PV_TIME device");
		return 77;
	}
	gives(create_device(&vm, KVM_CREATE_DEVICE_TEST), 0, "try to create");
	dev = create_device(&vm, 0);
	gives(dev, 0, "create");
	gives((int)syscall(SYS_delete_module, "pvtime_dev", O_NONBLOCK), EAGAIN,
	      "unload what is in use");
	check_no_file(&vm);
	if (form == 2) {
		check_region(&vm, dev, bad);
		end_vm(&vm);
		check_short_region();
		check_empty_region();
	} else {
		check_paddr(&vm, dev, bad);
		check(is_mapped(), "the records are mapped here");
		end_vm(&vm);
		check(is_mapped(), "and are while a device is there");
		close(dev);
		check(!is_mapped(), "not when the VM is gone");
		check_within_page();
	}
	printf("1..%u\n", count);
	return failed > 0;
}
