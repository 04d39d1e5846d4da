/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * minivmm.c - stolen time in somebody else's VMM.
 *
 * A VMM that has no more than it needs to boot a flat arm64 program: memory,
 * vCPUs, a console that only writes, a device tree.  The lines marked with
 * "stolen time" are all that libpvtime adds to it.
 *
 *	minivmm GUEST [VCPUS]
 *
 * Built by: cc minivmm.c $(pkg-config --cflags --libs --static pvtime)
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <pvtime/pvtime.h>

enum { CPUS_MAX = 8, DTB_SIZE = 0x10000, UART_EMPTY = 0x90 };

#define RAM	 UINT64_C(0x40000000)
#define RAM_SIZE UINT64_C(0x4000000)
#define ENTRY	 UINT64_C(0x80000) /* of the guest, in RAM */
#define RECORDS	 UINT64_C(0x10000) /* outside of RAM and devices */
#define UART	 UINT64_C(0x9000000)
#define REG(r)                                                 \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
	 KVM_REG_ARM_CORE_REG(regs.r))

static struct pvtime pvtime; /* stolen time */
static int vcpu_fds[CPUS_MAX];
static size_t run_size;

static void check(int rc, const char *what)
{
	if (rc < 0)
		err(1, "%s", what);
}

static void check_pvtime(int rc) /* stolen time */
{
	if (rc < 0)
		errx(1, "%s", pvtime_error());
}

static void set_reg(int vcpu_fd, uint64_t id, uint64_t v)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&v };

	check(ioctl(vcpu_fd, KVM_SET_ONE_REG, &reg), "register");
}

static void tell_times(unsigned id) /* stolen time */
{
	struct pvtime_sample s;

	check_pvtime(pvtime_sample(&pvtime, id, (int)syscall(SYS_gettid), &s));
	printf("vCPU %u: ran %.3f s, stolen %.3f s, its record %.3f s\n", id,
	       (double)s.run_ns / 1e9, (double)s.wait_ns / 1e9,
	       (double)s.record_ns / 1e9);
}

static void *run_vcpu(void *arg)
{
	unsigned id = (unsigned)(uintptr_t)arg;
	struct kvm_run *run = mmap(NULL, run_size, PROT_READ | PROT_WRITE,
				   MAP_SHARED, vcpu_fds[id], 0);

	check(run == MAP_FAILED ? -1 : 0, "map vCPU");
	for (;;) {
		if (ioctl(vcpu_fds[id], KVM_RUN, 0) < 0) {
			if (errno != EINTR) /* of the timer, without a GIC */
				err(1, "run vCPU %u", id);
			continue;
		}
		switch (run->exit_reason) {
		case KVM_EXIT_MMIO:
			if (!run->mmio.is_write) /* PL011: all is sent */
				run->mmio.data[0] = UART_EMPTY;
			else if (run->mmio.phys_addr == UART)
				putchar(run->mmio.data[0]);
			break;
		case KVM_EXIT_HYPERCALL: /* stolen time */
			check_pvtime(pvtime_call(&pvtime, id, vcpu_fds[id],
						 run->hypercall.nr));
			break;
		case KVM_EXIT_SYSTEM_EVENT: /* off, or a reset */
			tell_times(id);
			exit(run->system_event.type !=
			     KVM_SYSTEM_EVENT_SHUTDOWN);
		default:
			errx(1, "vCPU %u: exit %u", id, run->exit_reason);
		}
	}
}

static void build_tree(void *fdt, unsigned nr_cpus)
{
	const fdt64_t ram[] = { cpu_to_fdt64(RAM), cpu_to_fdt64(RAM_SIZE) };
	const fdt64_t uart[] = { cpu_to_fdt64(UART), cpu_to_fdt64(0x1000) };

	fdt_create(fdt, DTB_SIZE);
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_property_u32(fdt, "#address-cells", 2);
	fdt_property_u32(fdt, "#size-cells", 2);
	fdt_begin_node(fdt, "chosen");
	fdt_property_string(fdt, "stdout-path", "/pl011@9000000");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "memory@40000000");
	fdt_property_string(fdt, "device_type", "memory");
	fdt_property(fdt, "reg", ram, sizeof(ram));
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "reserved-memory"); /* stolen time */
	fdt_property_u32(fdt, "#address-cells", 2);
	fdt_property_u32(fdt, "#size-cells", 2);
	fdt_property(fdt, "ranges", NULL, 0);
	check_pvtime(pvtime_fdt(&pvtime, fdt));
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "psci");
	fdt_property_string(fdt, "compatible", "arm,psci-1.0");
	fdt_property_string(fdt, "method", "hvc");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "pl011@9000000");
	fdt_property_string(fdt, "compatible", "arm,pl011");
	fdt_property(fdt, "reg", uart, sizeof(uart));
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "cpus");
	fdt_property_u32(fdt, "#address-cells", 1);
	fdt_property_u32(fdt, "#size-cells", 0);
	for (unsigned i = 0; i < nr_cpus; i++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu@%u", i);
		fdt_begin_node(fdt, name);
		fdt_property_string(fdt, "device_type", "cpu");
		fdt_property_string(fdt, "enable-method", "psci");
		fdt_property_u32(fdt, "reg", i); /* KVM: 16 to a cluster */
		fdt_end_node(fdt);
	}
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	check(fdt_finish(fdt), "device tree");
}

int main(int argc, char **argv)
{
	unsigned nr_cpus = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int guest = open(argc > 1 ? argv[1] : "", O_RDONLY | O_CLOEXEC);
	struct kvm_vcpu_init init = { 0 };
	struct kvm_userspace_memory_region slot = { .slot = 0,
						    .guest_phys_addr = RAM,
						    .memory_size = RAM_SIZE };
	uint8_t *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct pvtime_provider *provider; /* stolen time */
	struct pvtime_region region;
	const char *why;
	pthread_t thread;
	int vm;

	check(kvm, "/dev/kvm");
	check(guest, "guest");
	check(ram == MAP_FAILED || nr_cpus < 1 || nr_cpus > CPUS_MAX ? -1 : 0,
	      "memory, or number of vCPUs");
	check(vm = ioctl(kvm, KVM_CREATE_VM, 0), "create VM");
	slot.userspace_addr = (uintptr_t)ram;
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "memory slot");
	check((int)read(guest, ram + ENTRY, RAM_SIZE - ENTRY), "guest");
	check(ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init), "CPU model");
	run_size = (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	for (unsigned i = 0; i < nr_cpus; i++) {
		init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
		if (i > 0)
			init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
		check(vcpu_fds[i] = ioctl(vm, KVM_CREATE_VCPU, i), "vCPU");
		check(ioctl(vcpu_fds[i], KVM_ARM_VCPU_INIT, &init), "vCPU");
	}

	/* stolen time: who gives it on this host, where, and to whom */
	check_pvtime(pvtime_choose("auto", vm, vcpu_fds[0], &provider, &why));
	region = (struct pvtime_region){
		.vm_fd = vm, .slot = 1, .base = RECORDS, .nr_records = nr_cpus
	};
	check_pvtime(pvtime_init(&pvtime, provider, &region));
	for (unsigned i = 0; i < nr_cpus; i++)
		check_pvtime(pvtime_attach(&pvtime, i, vcpu_fds[i]));
	printf("stolen time: %s%s%s\n", pvtime_name(&pvtime), why ? ": " : "",
	       why ? why : "");

	build_tree(ram, nr_cpus);
	set_reg(vcpu_fds[0], REG(pc), RAM + ENTRY);
	set_reg(vcpu_fds[0], REG(regs[0]), RAM);
	for (unsigned i = 1; i < nr_cpus; i++)
		pthread_create(&thread, NULL, run_vcpu, (void *)(uintptr_t)i);
	run_vcpu((void *)0);
}
