/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * floor.c - the least a program must do to start a guest and to end with it.
 *
 * It makes only the KVM calls without which the guest could not start and use
 * its machine: RAM, vCPUs, interrupt controller; puts a flat image and a ready
 * device tree into RAM; runs.  It has no devices: a read of one is 0, a write
 * is gone.  What pvtime-vmm, or any VMM, costs beyond this is its own doing:
 * that is what tests/bench/run measures.
 *
 *	floor [-c CPUS] [-m MIB] [-t DTB] [-j] [-s] -k FLAT
 *
 * Without -j only vCPU 0 is entered: the floor for guests of one CPU.  With
 * -j each further vCPU has its thread, which enters KVM_RUN and waits there
 * for PSCI CPU_ON: no guest of several CPUs can be had for less, so this is
 * the floor to hold a VMM with -c 2 and more against.
 *
 * With -s the guest's CPUs have stolen-time records.  Having them costs a few
 * calls at the start, and KVM updates a record whenever its vCPU is entered:
 * no VMM can give a guest stolen time for less, so this is the floor for the
 * cost of an exit under a VMM that gives it.
 *
 * Exit status: 0 when the guest powered off, 1 for all else.  There are no
 * words for errors: strace says more than this could.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The machine of pvtime-vmm: same addresses, so same work for KVM. */
#define RAM_BASE    UINT64_C(0x40000000)
#define FLAT_OFFSET 0x80000
#define GICD_BASE   UINT64_C(0x08000000)
#define GICR_BASE   UINT64_C(0x080a0000)
#define STEAL_BASE  UINT64_C(0x090a0000)

#define CORE_REG(field)                                        \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
	 (offsetof(struct kvm_regs, field) / sizeof(uint32_t)))

enum { MAX_CPUS = 512, STACK_SIZE = 16384, STEAL_SIZE = 65536 };

static int run_size;

static int try(int rc)
{
	if (rc < 0)
		_exit(1);
	return rc;
}

static void load(const char *path, uint8_t *at, size_t room)
{
	int fd = try(open(path, O_RDONLY | O_CLOEXEC));

	if (try((int)read(fd, at, room)) == 0)
		_exit(1);
	close(fd);
}

static void device_attr(int fd, uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr a = {
		.group = group,
		.attr = attr,
		.addr = (uintptr_t)value,
	};

	try(ioctl(fd, KVM_SET_DEVICE_ATTR, &a));
}

static void *map_slot(int vm, unsigned slot, uint64_t base, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	try(ioctl(vm, KVM_SET_USER_MEMORY_REGION,
		  &(struct kvm_userspace_memory_region){
			  .slot = slot,
			  .guest_phys_addr = base,
			  .memory_size = size,
			  .userspace_addr = (uintptr_t)p }));
	return p;
}

static void make_records(int vm, const int *vcpu, int nr)
{
	map_slot(vm, 1, STEAL_BASE, STEAL_SIZE);
	for (int i = 0; i < nr; i++) {
		uint64_t record = STEAL_BASE + 64 * (uint64_t)i;

		device_attr(vcpu[i], KVM_ARM_VCPU_PVTIME_CTRL,
			    KVM_ARM_VCPU_PVTIME_IPA, &record);
	}
}

static void make_gic(int vm)
{
	struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint64_t gicd = GICD_BASE, gicr = GICR_BASE;

	try(ioctl(vm, KVM_CREATE_DEVICE, &gic));
	device_attr((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
		    KVM_VGIC_V3_ADDR_TYPE_DIST, &gicd);
	device_attr((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
		    KVM_VGIC_V3_ADDR_TYPE_REDIST, &gicr);
	device_attr((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
		    KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

static void set_reg(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	try(ioctl(vcpu, KVM_SET_ONE_REG, &reg));
}

/* Never returns: who sees the guest's end ends the process. */
static void *run(void *arg)
{
	int vcpu = (int)(intptr_t)arg;
	struct kvm_run *r = mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE,
				 MAP_SHARED, vcpu, 0);

	if (r == MAP_FAILED)
		_exit(1);
	for (;;) {
		try(ioctl(vcpu, KVM_RUN, 0));
		if (r->exit_reason == KVM_EXIT_MMIO)
			memset(r->mmio.data, 0, sizeof(r->mmio.data));
		else
			_exit(r->exit_reason != KVM_EXIT_SYSTEM_EVENT ||
			      r->system_event.type !=
				      KVM_SYSTEM_EVENT_SHUTDOWN);
	}
}

static void start_thread(int vcpu)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (pthread_create(&thread, &attr, run, (void *)(intptr_t)vcpu))
		_exit(1);
}

int main(int argc, char **argv)
{
	const char *flat = NULL, *dtb = NULL;
	size_t ram_size = 64;
	int vcpu[MAX_CPUS], nr = 1, kvm, vm, opt;
	bool threads = false, steal = false;
	uint8_t *ram;

	while ((opt = getopt(argc, argv, "c:m:k:t:js")) != -1)
		if (opt == 'c')
			nr = atoi(optarg);
		else if (opt == 'm')
			ram_size = (size_t)atoi(optarg);
		else if (opt == 'k')
			flat = optarg;
		else if (opt == 't')
			dtb = optarg;
		else if (opt == 'j')
			threads = true;
		else if (opt == 's')
			steal = true;
		else
			return 1;
	ram_size <<= 20;
	if (!flat || nr < 1 || nr > MAX_CPUS || ram_size <= FLAT_OFFSET)
		return 1;

	kvm = try(open("/dev/kvm", O_RDWR | O_CLOEXEC));
	vm = try(ioctl(kvm, KVM_CREATE_VM, 0));
	run_size = try(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));

	ram = map_slot(vm, 0, RAM_BASE, ram_size);
	/* Or else chance decides, by where the mapping came to lie, whether
	 * the kernel clears a huge page for the few bytes we put there. */
	madvise(ram, ram_size, MADV_NOHUGEPAGE);
	if (dtb)
		load(dtb, ram, FLAT_OFFSET);
	load(flat, ram + FLAT_OFFSET, ram_size - FLAT_OFFSET);

	for (int i = 0; i < nr; i++) {
		struct kvm_vcpu_init init = {
			.target = KVM_ARM_TARGET_GENERIC_V8,
			.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2,
		};

		if (i > 0)
			init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
		vcpu[i] = try(ioctl(vm, KVM_CREATE_VCPU, i));
		try(ioctl(vcpu[i], KVM_ARM_VCPU_INIT, &init));
	}
	if (steal)
		make_records(vm, vcpu, nr);
	make_gic(vm);
	set_reg(vcpu[0], CORE_REG(regs.pc), RAM_BASE + FLAT_OFFSET);
	set_reg(vcpu[0], CORE_REG(regs.regs[0]), RAM_BASE);

	for (int i = 1; threads && i < nr; i++)
		start_thread(vcpu[i]);
	run((void *)(intptr_t)vcpu[0]);
}
