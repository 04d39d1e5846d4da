/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pvtime.c - what vm_new() makes of --pvtime and --pvtime-place: by whom,
 * where, what it says of it, and what it does where the host refuses.
 */
#include "check.h"

#include <errno.h>
#include <libfdt.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

enum { CPUS = 3, INITRD = 5000 };

#define RAM_SIZE (64 * MIB)
#define RAM_END	 (LAYOUT_RAM + RAM_SIZE)

static struct left before;
static struct vm *vm;
static struct vm_config config;
static uint8_t kernel[70000], initrd[INITRD];
static char kernel_path[32], initrd_path[32], said[1024];
static int kernel_fd, initrd_fd;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	make_image(kernel, sizeof(kernel));
	kernel_fd = scratch_file(kernel, sizeof(kernel), kernel_path);
	initrd_fd = scratch_file(initrd, sizeof(initrd), initrd_path);
	before = left_now();
	config = (struct vm_config){
		.kernel = kernel_path,
		.initrd = initrd_path,
		.nr_cpus = CPUS,
		.ram_size = RAM_SIZE,
		.pvtime = "auto",
	};
	vm = NULL;
	return 0;
}

static void drop(void)
{
	vm_free(vm);
	vm = NULL;
	assert_int_equal(fake_kvm_live_fds(), 0);
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_int_equal(fake_kvm.live_runs, 0);
	assert_nothing_left(before);
}

static int tear_down(void **state)
{
	(void)state;
	drop();
	close(kernel_fd);
	close(initrd_fd);
	return 0;
}

/* vm_new() with what it tells the user in said. */
static int make(void)
{
	int log = memfd_create("log", MFD_CLOEXEC), saved = dup(2), rc;
	ssize_t n;

	assert_true(log >= 0 && saved >= 0);
	dup2(log, 2);
	rc = vm_new(&config, &vm);
	dup2(saved, 2);
	close(saved);
	n = pread(log, said, sizeof(said) - 1, 0);
	assert_true(n >= 0);
	said[n] = '\0';
	close(log);
	return rc;
}

/* -- by whom -- */

static void best_host_gives_steady_records_and_no_reason(void **state)
{
	(void)state;
	assert_int_equal(make(), 0);
	assert_string_equal(vm_provider(vm), "steady");
	assert_string_equal(said, "pvtime-vmm: info: stolen time: on, provider "
				  "steady, 3 records at 0x90a0000\n");
	assert_int_equal(fake_kvm.nr_filters, 2);
	assert_int_equal(fake_kvm.slots[SLOT_PVTIME].gpa, LAYOUT_PVTIME);
	for (unsigned i = 0; i < CPUS; i++)
		assert_int_equal(fake_kvm.cpus[i].record,
				 LAYOUT_PVTIME + 64 * i);
}

static void host_without_the_filter_gives_the_kernels_and_says_why(void **state)
{
	(void)state;
	fake_kvm.filter = false;
	assert_int_equal(make(), 0);
	assert_string_equal(vm_provider(vm), "kvm");
	assert_string_equal(said,
			    "pvtime-vmm: info: stolen time: on, provider kvm, "
			    "3 records at 0x90a0000: this host kernel has no "
			    "SMCCC filter, so a record restarts when its CPU "
			    "comes back online; steady needs Linux 6.4 or "
			    "later\n");
	assert_int_equal(fake_kvm.nr_filters, 0);
	assert_int_equal(fake_kvm.cpus[2].record, LAYOUT_PVTIME + 128);
}

static void host_of_the_first_patches_gives_its_device(void **state)
{
	static const enum fake_pv_time forms[] = { FAKE_PV_TIME_V1,
						   FAKE_PV_TIME_V2 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		fake_kvm_reset();
		fake_kvm.pvtime = fake_kvm.filter = false;
		fake_kvm.pv_time = forms[i];
		assert_int_equal(make(), 0);
		assert_string_equal(vm_provider(vm), "device");
		assert_int_equal(fake_kvm.region, LAYOUT_PVTIME);
		drop();
	}
}

static void host_without_stolen_time_runs_without_and_says_why(void **state)
{
	(void)state;
	fake_kvm.pvtime = false;
	assert_int_equal(make(), 0);
	assert_string_equal(vm_provider(vm), "off");
	assert_string_equal(said,
			    "pvtime-vmm: info: stolen time: off: this host "
			    "kernel has no stolen time for guests; it needs "
			    "Linux 5.5 or later (before 5.14 also "
			    "CONFIG_SCHEDSTATS or delayacct)\n");
	assert_int_equal(fake_kvm_live_slots(), 1);
	assert_int_equal(fake_kvm.hyp_calls, 0);
}

static void user_who_wants_none_has_none(void **state)
{
	(void)state;
	config.pvtime = "off";
	assert_int_equal(make(), 0);
	assert_string_equal(vm_provider(vm), "off");
	assert_string_equal(said, "pvtime-vmm: info: stolen time: off: as "
				  "asked\n");
	assert_int_equal(fake_kvm_live_slots(), 1);
	assert_int_equal(fake_kvm.cpus[0].record, 0);
	assert_int_equal(fake_kvm.hyp_calls, 0);
}

static void what_is_required_and_missing_has_its_own_error(void **state)
{
	static const char *const wants[] = { "on", "kvm", "steady" };

	(void)state;
	fake_kvm.pvtime = false;
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++) {
		config.pvtime = wants[i];
		assert_int_equal(make(), -ENXIO);
		assert_words("stolen time is required: this host kernel has no "
			     "stolen time for guests; it needs Linux 5.5 or "
			     "later (before 5.14 also CONFIG_SCHEDSTATS or "
			     "delayacct)");
		assert_string_equal(said, "");
	}
}

/* -- hosts that promise and then refuse -- */

/* Which call of vm_new() has an error of these words? */
static unsigned call_of(const char *words)
{
	const char *want = config.pvtime;

	config.pvtime = "on";
	for (unsigned n = 1;; n++) {
		int rc;

		fake_kvm_reset();
		fault_arm(n, EFAULT);
		rc = make();
		if (!fault_met())
			fail_msg("no call has an error '%s'", words);
		drop();
		if (rc < 0 && strstr(err_text(), words)) {
			config.pvtime = want;
			return n;
		}
	}
}

static void auto_goes_on_where_the_first_record_is_refused(void **state)
{
	static const int errors[] = { EPERM, ENXIO };
	static const char *const whys[] = {
		"this VM may not have stolen time (a protected one?)",
		"this host kernel has no stolen time"
	};
	const unsigned n = call_of("vCPU 0: record at 0x90a0000");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_kvm_reset();
		fault_arm(n, errors[i]);
		assert_int_equal(make(), 0);
		assert_string_equal(vm_provider(vm), "off");
		assert_memory_equal(said,
				    "pvtime-vmm: info: stolen time: off: ", 36);
		assert_non_null(strstr(said, "vCPU 0: record at 0x90a0000: "));
		assert_non_null(strstr(said, whys[i]));
		assert_int_equal(fake_kvm_live_slots(), 1);
		assert_int_equal(fake_kvm.cpus[0].record, 0);
		assert_int_equal(fake_kvm.nr_filters, 0);
		assert_int_equal(fake_kvm.hyp_calls, 0);
		drop();
	}
}

static void auto_goes_on_inside_ram_too(void **state)
{
	unsigned n;

	(void)state;
	config.pvtime_in_ram = true;
	n = call_of("vCPU 0: record at");
	fake_kvm_reset();
	fault_arm(n, EPERM);
	assert_int_equal(make(), 0);
	assert_string_equal(vm_provider(vm), "off");
	assert_int_equal(fake_kvm.cpus[0].record, 0);
}

static void refused(const char *want, unsigned n, int err)
{
	config.pvtime = want;
	fake_kvm_reset();
	fault_arm(n, err);
	/* Required and missing, where the host says that it cannot. */
	assert_int_equal(make(), err == EPERM && strcmp(want, "auto") != 0
					 ? -ENXIO
					 : -err);
	assert_has_words("stolen time: vCPU ");
	assert_has_words("record at 0x90a0");
	drop();
}

static void any_other_error_is_an_error(void **state)
{
	static const int errors[] = { EINVAL, EEXIST, EFAULT,
				      EBUSY,  ENODEV, ENOMEM };
	const unsigned first = call_of("vCPU 0: record at 0x90a0000"),
		       second = call_of("vCPU 1: record at 0x90a0040");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		refused("auto", first, errors[i]);
		refused("auto", second, errors[i]);
	}
	/* All vCPUs or none. */
	refused("auto", second, EPERM);
	refused("auto", second, ENXIO);
}

static void required_and_refused_is_an_error_whatever_it_is(void **state)
{
	static const int errors[] = { ENXIO,  EPERM, EINVAL, EEXIST,
				      EFAULT, EBUSY, ENODEV, ENOMEM };
	const unsigned first = call_of("vCPU 0: record at 0x90a0000");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		refused("on", first, errors[i]);
		refused("steady", first, errors[i]);
	}
}

/* -- where -- */

static uint8_t *ram(gpa_t gpa)
{
	return (uint8_t *)fake_kvm.slots[SLOT_RAM].host + (gpa - LAYOUT_RAM);
}

static void records_in_ram_are_its_end_and_have_no_slot(void **state)
{
	static const uint8_t zero[0x10000];

	(void)state;
	config.pvtime_in_ram = true;
	assert_int_equal(make(), 0);
	assert_string_equal(said, "pvtime-vmm: info: stolen time: on, provider "
				  "steady, 3 records at 0x43ff0000\n");
	assert_int_equal(fake_kvm_live_slots(), 1);
	assert_int_equal(fake_kvm.slots[SLOT_RAM].size, RAM_SIZE);
	for (unsigned i = 0; i < CPUS; i++)
		assert_int_equal(fake_kvm.cpus[i].record,
				 RAM_END - 0x10000 + 64 * i);
	assert_memory_equal(ram(RAM_END - 0x10000), zero, sizeof(zero));
	assert_ptr_equal(vm->pvtime.records, ram(RAM_END - 0x10000));
}

static uint64_t cells(const void *fdt, int node, const char *name, int i)
{
	int len;
	const uint8_t *v = fdt_getprop(fdt, node, name, &len);

	assert_non_null(v);
	assert_true(len >= 8 * (i + 1));
	return fdt64_ld((const fdt64_t *)(const void *)(v + 8 * i));
}

static void tree_reserves_the_end_of_ram(void **state)
{
	const void *fdt;
	int node, len;
	size_t size;

	(void)state;
	config.pvtime_in_ram = true;
	assert_int_equal(make(), 0);
	fdt = vm_fdt(vm, &size);
	node = fdt_path_offset(fdt, "/memory@40000000");
	assert_true(node > 0);
	assert_int_equal(cells(fdt, node, "reg", 1), RAM_SIZE);
	node = fdt_path_offset(fdt, "/reserved-memory/pvtime@43ff0000");
	assert_true(node > 0);
	assert_int_equal(cells(fdt, node, "reg", 0), RAM_END - 0x10000);
	assert_int_equal(cells(fdt, node, "reg", 1), 0x10000);
	assert_non_null(fdt_getprop(fdt, node, "no-map", &len));
}

/* What lies at the end of RAM moves down, and only that. */
static void what_we_load_keeps_off_the_records(void **state)
{
	(void)state;
	assert_int_equal(make(), 0);
	assert_int_equal(vm->load.initrd, RAM_END - 0x10000);
	drop();
	config.pvtime_in_ram = true;
	assert_int_equal(make(), 0);
	assert_int_equal(vm->load.initrd, RAM_END - 0x20000);
	assert_int_equal(vm->load.dtb, LAYOUT_RAM);
	drop();
	/* A flat program has the tree there, and nothing must be in both. */
	config.initrd = NULL;
	memset(kernel, 'x', 64);
	assert_int_equal(pwrite(kernel_fd, kernel, 64, 0), 64);
	assert_int_equal(make(), 0);
	assert_int_equal(vm->load.dtb, RAM_END - 0x10000 - 0x80000);
}

static void kernel_that_needs_the_records_place_is_too_large(void **state)
{
	const uint64_t room = RAM_SIZE - 2 * MIB;

	(void)state;
	config.initrd = NULL;
	make_image(kernel, room);
	assert_int_equal(pwrite(kernel_fd, kernel, 64, 0), 64);
	assert_int_equal(make(), 0);
	drop();
	config.pvtime_in_ram = true;
	assert_int_equal(make(), -E2BIG);
	assert_has_words("give more with -m");
	make_image(kernel, room - 0x10000);
	assert_int_equal(pwrite(kernel_fd, kernel, 64, 0), 64);
	assert_int_equal(make(), 0);
}

static void device_with_memory_of_its_own_cannot_be_in_ram(void **state)
{
	(void)state;
	config.pvtime_in_ram = true;
	config.pvtime = "device";
	fake_kvm.pv_time = FAKE_PV_TIME_V1;
	assert_int_equal(make(), -EINVAL);
	assert_words("stolen time: the kernel's device brings its own memory, "
		     "which cannot be inside RAM; place it outside");
	fake_kvm.pv_time = FAKE_PV_TIME_V2;
	assert_int_equal(make(), 0);
	assert_int_equal(fake_kvm.region, RAM_END - 0x10000);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(best_host_gives_steady_records_and_no_reason),
		T(host_without_the_filter_gives_the_kernels_and_says_why),
		T(host_of_the_first_patches_gives_its_device),
		T(host_without_stolen_time_runs_without_and_says_why),
		T(user_who_wants_none_has_none),
		T(what_is_required_and_missing_has_its_own_error),
		T(auto_goes_on_where_the_first_record_is_refused),
		T(auto_goes_on_inside_ram_too),
		T(any_other_error_is_an_error),
		T(required_and_refused_is_an_error_whatever_it_is),
		T(records_in_ram_are_its_end_and_have_no_slot),
		T(tree_reserves_the_end_of_ram),
		T(what_we_load_keeps_off_the_records),
		T(kernel_that_needs_the_records_place_is_too_large),
		T(device_with_memory_of_its_own_cannot_be_in_ram),
	};

	return cmocka_run_group_tests_name("pvtime", tests, NULL, NULL);
}
