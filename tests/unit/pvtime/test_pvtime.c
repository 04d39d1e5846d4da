/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <libfdt.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"
#include "util/err.h"
#include "util/fdtw.h"

#define BASE UINT64_C(0x90a0000)

enum { SLOT = 3, NR = 4 };

static struct left before;
static int vm_fd;
static struct kvm_vcpu vcpus[NR];
static struct pvtime pt;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	vm_fd = fake_kvm_fd(FAKE_VM, 0);
	for (unsigned i = 0; i < NR; i++)
		if (kvm_vcpu_open(&vcpus[i], vm_fd, i, 4096) < 0)
			return -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pvtime_fini(&pt);
	for (unsigned i = 0; i < NR; i++)
		kvm_vcpu_close(&vcpus[i]);
	close(vm_fd);
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_nothing_left(before);
	return 0;
}

static int build(unsigned nr)
{
	int rc = pvtime_init(&pt, &pvtime_kvm, vm_fd, SLOT, BASE, nr);

	for (unsigned i = 0; rc == 0 && i < nr; i++)
		rc = pvtime_attach(&pt, &vcpus[i], i);
	return rc;
}

static void region_is_whole_64_kib_pages_for_any_number_of_records(void **state)
{
	(void)state;
	assert_int_equal(pvtime_size(1), 0x10000);
	assert_int_equal(pvtime_size(1024), 0x10000);
	assert_int_equal(pvtime_size(1025), 0x20000);
}

static void records_are_64_bytes_apart_and_zero(void **state)
{
	(void)state;
	assert_int_equal(build(NR), 0);
	assert_true(pvtime_is_on(&pt));
	assert_string_equal(pvtime_provider_name(&pt), "kvm");
	for (unsigned i = 0; i < NR; i++) {
		assert_int_equal(fake_kvm.cpus[i].record, BASE + 64 * i);
		assert_int_equal(pvtime_read(&pt, i), 0);
	}
	assert_int_equal(fake_kvm.slots[SLOT].gpa, BASE);
	assert_int_equal(fake_kvm.slots[SLOT].size, 0x10000);
}

static void host_reads_what_the_provider_stored(void **state)
{
	uint8_t *region;
	uint64_t v = 0x1122334455667788;

	(void)state;
	assert_int_equal(build(NR), 0);
	region = fake_kvm.slots[SLOT].host;
	memcpy(region + 64 * 2 + 8, &v, 8);
	assert_true(pvtime_read(&pt, 2) == v);
	assert_int_equal(pvtime_read(&pt, 1), 0);
	assert_int_equal(pvtime_read(&pt, 3), 0);
	assert_int_equal(pvtime_read(&pt, NR), 0);
}

static void reset_zeroes_all_records_and_keeps_their_addresses(void **state)
{
	uint8_t *region, zero[64 * NR] = { 0 };
	size_t told;

	(void)state;
	assert_int_equal(build(NR), 0);
	region = fake_kvm.slots[SLOT].host;
	memset(region, 0xaa, sizeof(zero));
	told = fake_kvm.nr_attrs;
	pvtime_reset(&pt);
	assert_memory_equal(region, zero, sizeof(zero));
	assert_int_equal(fake_kvm.nr_attrs, told);
}

static void crooked_base_is_refused_by_its_address(void **state)
{
	(void)state;
	fault_arm(0, 0);
	assert_int_equal(
		pvtime_init(&pt, &pvtime_kvm, vm_fd, SLOT, BASE + 0x1000, 1),
		-EINVAL);
	assert_words("stolen time: 1 records at 0x90a1000: need one or more, "
		     "on a 64 KiB boundary");
	assert_int_equal(fault_calls(), 0);
	assert_false(pvtime_is_on(&pt));
}

static void region_without_records_is_refused(void **state)
{
	(void)state;
	assert_int_equal(pvtime_init(&pt, &pvtime_kvm, vm_fd, SLOT, BASE, 0),
			 -EINVAL);
	assert_has_words("0 records at 0x90a0000");
}

static void taken_slot_is_an_error_that_names_it(void **state)
{
	struct pvtime other;

	(void)state;
	assert_int_equal(build(1), 0);
	assert_int_equal(pvtime_init(&other, &pvtime_kvm, vm_fd, SLOT, BASE, 1),
			 -EEXIST);
	assert_words("stolen time: memory slot 3: 65536 bytes at 0x90a0000: "
		     "File exists");
	assert_false(pvtime_is_on(&other));
}

static void second_attach_is_refused_and_names_the_vcpu(void **state)
{
	(void)state;
	assert_int_equal(build(2), 0);
	assert_int_equal(pvtime_attach(&pt, &vcpus[1], 1), -EEXIST);
	assert_words("stolen time: vCPU 1: has a record already");
}

static void vcpu_without_a_record_is_refused(void **state)
{
	(void)state;
	assert_int_equal(build(2), 0);
	assert_int_equal(pvtime_attach(&pt, &vcpus[2], 2), -EINVAL);
	assert_words("stolen time: no record 2 among 2");
	assert_int_equal(fake_kvm.cpus[2].record, 0);
}

static void slot_is_there_before_an_address_is_set_and_gone_after(void **state)
{
	(void)state;
	assert_int_equal(build(1), 0);
	pvtime_fini(&pt);
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_false(pvtime_is_on(&pt));
	assert_int_equal(pvtime_read(&pt, 0), 0);
	pvtime_fini(&pt);
}

static void every_failure_is_undone(void **state)
{
	static const int errors[] = { ENOMEM, EINVAL, EIO };

	(void)state;
	for (size_t e = 0; e < 3; e++) {
		for (unsigned n = 1;; n++) {
			struct left now;
			int rc;

			tear_down(NULL);
			set_up(NULL);
			now = left_now();
			fault_arm(n, errors[e]);
			rc = build(NR);
			if (!fault_met()) {
				assert_int_equal(rc, 0);
				assert_int_equal(n, 2 + NR + 1);
				break;
			}
			assert_int_equal(rc, -errors[e]);
			assert_has_words("stolen time: ");
			assert_has_words(strerror(errors[e]));
			pvtime_fini(&pt);
			assert_int_equal(fake_kvm_live_slots(), 0);
			assert_nothing_left(now);
		}
	}
}

static const struct pvtime_provider *chosen;
static const char *why;

static int choose(const char *want)
{
	chosen = NULL;
	why = "never said";
	return pvtime_choose(want, vm_fd, &vcpus[0], &chosen, &why);
}

static void auto_and_on_and_its_name_take_the_kernels_provider(void **state)
{
	static const char *const wants[] = { "auto", "on", "kvm" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(choose(wants[i]), 0);
		assert_ptr_equal(chosen, &pvtime_kvm);
		assert_null(why);
	}
}

static void auto_goes_on_without_stolen_time_and_says_why(void **state)
{
	(void)state;
	fake_kvm.pvtime = false;
	assert_int_equal(choose("auto"), 0);
	assert_ptr_equal(chosen, &pvtime_off);
	assert_non_null(strstr(why, "needs Linux 5.5 or later"));
}

static void required_and_missing_is_an_error_that_says_why(void **state)
{
	static const char *const wants[] = { "on", "kvm" };

	(void)state;
	fake_kvm.pvtime = false;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(choose(wants[i]), -ENXIO);
		assert_has_words("stolen time is required: this host kernel "
				 "has no stolen time for guests; it needs "
				 "Linux 5.5");
		assert_null(chosen);
	}
}

static void off_asks_nobody(void **state)
{
	(void)state;
	fault_arm(0, 0);
	assert_int_equal(choose("off"), 0);
	assert_ptr_equal(chosen, &pvtime_off);
	assert_string_equal(why, "as asked");
	assert_int_equal(fault_calls(), 0);
}

static void unknown_provider_is_answered_with_all_there_are(void **state)
{
	(void)state;
	assert_int_equal(choose("xen"), -EINVAL);
	assert_words("'xen' is not one of auto, on, off, kvm");
	assert_int_equal(choose(""), -EINVAL);
	assert_words("'' is not one of auto, on, off, kvm");
}

static void off_makes_no_region(void **state)
{
	(void)state;
	assert_int_equal(pvtime_init(&pt, &pvtime_off, vm_fd, SLOT, BASE, 1),
			 0);
	assert_false(pvtime_is_on(&pt));
	assert_string_equal(pvtime_provider_name(&pt), "off");
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_int_equal(pvtime_attach(&pt, &vcpus[0], 0), 0);
	assert_int_equal(fake_kvm.cpus[0].record, 0);
	assert_int_equal(pvtime_read(&pt, 0), 0);
	pvtime_reset(&pt);
}

static uint8_t tree[4096];

static void write_tree(void)
{
	struct fdtw w;
	size_t size;

	fdtw_begin(&w, tree, sizeof(tree));
	pvtime_fdt(&pt, &w);
	assert_int_equal(fdtw_finish(&w, &size), 0);
}

static void node_tells_the_region_and_forbids_its_mapping(void **state)
{
	static const uint8_t reg[] = { 0, 0, 0, 0, 9, 0x0a, 0, 0,
				       0, 0, 0, 0, 0, 1,    0, 0 };
	const void *prop;
	int node, len;

	(void)state;
	assert_int_equal(build(NR), 0);
	write_tree();
	node = fdt_path_offset(tree, "/pvtime@90a0000");
	assert_true(node > 0);
	prop = fdt_getprop(tree, node, "reg", &len);
	assert_int_equal(len, sizeof(reg));
	assert_memory_equal(prop, reg, sizeof(reg));
	assert_non_null(fdt_getprop(tree, node, "no-map", &len));
	assert_int_equal(len, 0);
}

static void off_writes_no_node(void **state)
{
	(void)state;
	assert_int_equal(pvtime_init(&pt, &pvtime_off, vm_fd, SLOT, BASE, 1),
			 0);
	write_tree();
	assert_true(fdt_first_subnode(tree, 0) < 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(region_is_whole_64_kib_pages_for_any_number_of_records),
		T(records_are_64_bytes_apart_and_zero),
		T(host_reads_what_the_provider_stored),
		T(reset_zeroes_all_records_and_keeps_their_addresses),
		T(crooked_base_is_refused_by_its_address),
		T(region_without_records_is_refused),
		T(taken_slot_is_an_error_that_names_it),
		T(second_attach_is_refused_and_names_the_vcpu),
		T(vcpu_without_a_record_is_refused),
		T(slot_is_there_before_an_address_is_set_and_gone_after),
		T(every_failure_is_undone),
		T(auto_and_on_and_its_name_take_the_kernels_provider),
		T(auto_goes_on_without_stolen_time_and_says_why),
		T(required_and_missing_is_an_error_that_says_why),
		T(off_asks_nobody),
		T(unknown_provider_is_answered_with_all_there_are),
		T(off_makes_no_region),
		T(node_tells_the_region_and_forbids_its_mapping),
		T(off_writes_no_node),
	};

	return cmocka_run_group_tests_name("pvtime", tests, NULL, NULL);
}
