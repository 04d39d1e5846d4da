/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <libfdt.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/vm.h"

enum { ENTRY = LAYOUT_RAM + 0x200000, KERNEL = 70000, INITRD = 5000 };

static struct left before;
static struct vm *vm;
static struct vm_config config;
static uint8_t kernel[KERNEL], initrd[INITRD];
static char kernel_path[32], initrd_path[32];
static int kernel_fd, initrd_fd;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(i * 7 + i / 251 + 1);
	make_image(kernel, sizeof(kernel));
	memset(initrd, 'i', sizeof(initrd));
	kernel_fd = scratch_file(kernel, sizeof(kernel), kernel_path);
	initrd_fd = scratch_file(initrd, sizeof(initrd), initrd_path);
	before = left_now();
	config = (struct vm_config){
		.kernel = kernel_path,
		.initrd = initrd_path,
		.nr_cpus = 3,
		.ram_size = 64 * MIB,
		.pvtime = "auto",
	};
	vm = NULL;
	return 0;
}

static void check_nothing_held(void)
{
	assert_int_equal(fake_kvm_live_fds(), 0);
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_int_equal(fake_kvm.live_runs, 0);
	assert_nothing_left(before);
}

static int tear_down(void **state)
{
	(void)state;
	vm_free(vm);
	check_nothing_held();
	close(kernel_fd);
	close(initrd_fd);
	return 0;
}

static const uint8_t *ram(gpa_t gpa)
{
	return (uint8_t *)fake_kvm.slots[SLOT_RAM].host + (gpa - LAYOUT_RAM);
}

static void machine_is_what_the_config_says(void **state)
{
	size_t size;
	const void *fdt;

	(void)state;
	assert_int_equal(vm_new(&config, &vm), 0);
	assert_int_equal(vm_nr_cpus(vm), 3);
	assert_int_equal(fake_kvm.slots[SLOT_RAM].gpa, LAYOUT_RAM);
	assert_int_equal(fake_kvm.slots[SLOT_RAM].size, 64 * MIB);
	assert_memory_equal(ram(ENTRY), kernel, sizeof(kernel));
	assert_memory_equal(ram(LAYOUT_RAM + 64 * MIB - 0x10000), initrd,
			    sizeof(initrd));
	fdt = vm_fdt(vm, &size);
	assert_ptr_equal(fdt, ram(LAYOUT_RAM));
	assert_int_equal(fdt_totalsize(fdt), size);
}

static void first_vcpu_starts_at_the_kernel_and_the_others_are_off(void **state)
{
	(void)state;
	assert_int_equal(vm_new(&config, &vm), 0);
	assert_int_equal(fake_kvm.cpus[0].pc, ENTRY);
	assert_int_equal(fake_kvm.cpus[0].x[0], LAYOUT_RAM);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(fake_kvm.cpus[i].inits, i < 3);
		assert_int_equal(fake_kvm.cpus[i].on, i == 0);
		assert_int_equal(fake_kvm.cpus[i].runs, 0);
	}
}

static void no_times_before_the_first_run(void **state)
{
	struct vm_steal t;

	(void)state;
	assert_int_equal(vm_new(&config, &vm), 0);
	assert_int_equal(vm_steal(vm, 0, &t), -ESRCH);
	assert_words("vCPU 0 does not run yet");
}

static void too_many_vcpus_are_lowered_to_what_there_is(void **state)
{
	static const struct {
		unsigned wish, host, want;
		enum gic_kind kind;
	} cases[] = {
		{ 9, 4, 4, GIC_AUTO },	   { 9, 512, 8, GIC_V2 },
		{ 5, 512, 5, GIC_V2 },	   { 65536, 512, 512, GIC_V3 },
		{ 512, 512, 512, GIC_V3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_kvm_reset();
		config.nr_cpus = cases[i].wish;
		config.irqchip = cases[i].kind;
		fake_kvm.max_cpus = cases[i].host;
		assert_int_equal(vm_new(&config, &vm), 0);
		assert_int_equal(vm_nr_cpus(vm), cases[i].want);
		vm_free(vm);
		vm = NULL;
		check_nothing_held();
	}
}

static void guest_addresses_are_as_wide_as_memory_needs(void **state)
{
	(void)state;
	assert_int_equal(vm_new(&config, &vm), 0);
	assert_int_equal(fake_kvm.vm_bits, 32);
}

static void more_memory_than_the_host_has_addresses_for_is_refused(void **state)
{
	(void)state;
	fake_kvm.ipa_bits = 36;
	config.ram_size = 64 * GIB;
	assert_int_equal(vm_new(&config, &vm), -E2BIG);
	assert_words("65536 MiB of guest memory: this host's KVM has room for "
		     "64512 MiB; give less with -m");
}

static void kernel_and_initrd_that_cannot_be_read_are_named(void **state)
{
	(void)state;
	config.kernel = "/nowhere/Image";
	assert_int_equal(vm_new(&config, &vm), -ENOENT);
	assert_words(
		"kernel: '/nowhere/Image': No such file or directory; is the path right?");
	check_nothing_held();

	config.kernel = kernel_path;
	config.initrd = "/";
	assert_int_equal(vm_new(&config, &vm), -EISDIR);
	assert_words("initrd: '/': a directory; give a file in it");
	check_nothing_held();
}

static void host_without_the_asked_parts_is_told_so(void **state)
{
	(void)state;
	fake_kvm.gicv2 = false;
	config.irqchip = GIC_V2;
	assert_int_equal(vm_new(&config, &vm), -ENODEV);
	assert_words("this host's KVM has no gicv2 for guests; leave --irqchip "
		     "out to get what it has");
	check_nothing_held();

	config.irqchip = GIC_AUTO;
	config.pmu = true;
	fake_kvm.pmu = false;
	assert_int_equal(vm_new(&config, &vm), -ENODEV);
	assert_words("this host's KVM has no PMU for guests; leave --pmu out");
}

static void machine_without_a_kernel_has_a_tree(void **state)
{
	size_t size;

	(void)state;
	config.kernel = config.initrd = NULL;
	assert_int_equal(vm_new(&config, &vm), 0);
	assert_int_equal(fdt_check_header(vm_fdt(vm, &size)), 0);
}

/*
 * Fail every call of vm_new() in turn.  What the kernel cannot do it may do
 * without; all else must end in that error, in words; and neither may
 * leave anything behind.  Returns the number of calls.
 */
static unsigned sweep(int err)
{
	for (unsigned n = 1;; n++) {
		int rc;

		vm = NULL;
		fake_kvm_reset();
		err_say(1, "%s", "");
		fault_arm(n, err);
		rc = vm_new(&config, &vm);
		if (rc < 0) {
			assert_true(fault_met());
			assert_null(vm);
			assert_true(err_text()[0] != '\0');
		} else {
			vm_free(vm);
			vm = NULL;
		}
		/* -EIO: refused, when something had changed already. */
		if (rc != 0 && rc != -err && rc != -ENODEV && rc != -ENXIO &&
		    rc != -EIO) {
			print_error("call %u: %d, %s\n", n, rc, err_text());
			assert_int_equal(rc, -err);
		}
		check_nothing_held();
		if (!fault_met())
			return n - 1;
	}
}

static void firmware_starts_at_address_0_with_a_tree(void **state)
{
	(void)state;
	config.kernel = config.initrd = NULL;
	config.flash.firmware = kernel_path;
	assert_int_equal(vm_new(&config, &vm), 0);
	assert_int_equal(fake_kvm.cpus[0].pc, 0);
	assert_int_equal(fake_kvm.cpus[0].x[0], LAYOUT_RAM);
	assert_int_equal(fake_kvm.slots[SLOT_FLASH].gpa, 0);
	assert_memory_equal(fake_kvm.slots[SLOT_FLASH].host, kernel,
			    sizeof(kernel));
	assert_int_equal(fake_kvm.slots[SLOT_FLASH + 1].gpa, LAYOUT_FLASH_EACH);
	assert_int_equal(fdt_check_header(ram(LAYOUT_RAM)), 0);
	assert_true(fdt_path_offset(ram(LAYOUT_RAM), "/flash@0") > 0);
	/* None of what would be the kernel's. */
	assert_int_equal(*ram(ENTRY), 0);
}

static void every_failure_is_undone(void **state)
{
	static const int errors[] = { ENOMEM, EIO, EINVAL, EBUSY, EPERM };
	static const enum gic_kind kinds[] = { GIC_AUTO, GIC_V2, GIC_V3 };

	(void)state;
	log_set_level(LOG_ERROR);
	for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			config.irqchip = kinds[k];
			config.pmu = k == 1;
			config.pvtime = k == 2 ? "off" : "on";
			assert_true(sweep(errors[e]) > 30);
		}
	}
	log_set_level(LOG_INFO);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(machine_is_what_the_config_says),
		T(first_vcpu_starts_at_the_kernel_and_the_others_are_off),
		T(no_times_before_the_first_run),
		T(too_many_vcpus_are_lowered_to_what_there_is),
		T(guest_addresses_are_as_wide_as_memory_needs),
		T(more_memory_than_the_host_has_addresses_for_is_refused),
		T(kernel_and_initrd_that_cannot_be_read_are_named),
		T(host_without_the_asked_parts_is_told_so),
		T(machine_without_a_kernel_has_a_tree),
		T(firmware_starts_at_address_0_with_a_tree),
		T(every_failure_is_undone),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
