/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "rig.h"
#include "util/util.h"

/* -- the region -- */

static void region_is_whole_64_kib_pages_for_any_number_of_records(void **state)
{
	(void)state;
	assert_int_equal(pvtime_size(1), 0x10000);
	assert_int_equal(pvtime_size(1024), 0x10000);
	assert_int_equal(pvtime_size(1025), 0x20000);
	assert_int_equal(pvtime_size(65536), 0x400000);
}

static void records_are_64_bytes_apart_and_zero(void **state)
{
	static const uint8_t zero[0x10000];

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	assert_true(pvtime_is_on(&rig.pt));
	assert_string_equal(pvtime_name(&rig.pt), "kvm");
	for (unsigned i = 0; i < RIG_NR; i++) {
		assert_int_equal(fake_kvm.cpus[i].record, RIG_BASE + 64 * i);
		assert_int_equal(rig_read(i), 0);
	}
	assert_int_equal(fake_kvm.slots[RIG_SLOT].gpa, RIG_BASE);
	assert_int_equal(fake_kvm.slots[RIG_SLOT].size, 0x10000);
	assert_memory_equal(fake_kvm.slots[RIG_SLOT].host, zero, sizeof(zero));
}

static void slot_is_whole_pages_of_any_host(void **state)
{
	static const uint64_t pages[] = { 0x1000, 0x4000, 0x10000 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		rig_down(NULL);
		rig_up(NULL);
		fake_kvm.page = pages[i];
		if (pages[i] < (uint64_t)sysconf(_SC_PAGESIZE))
			continue;
		assert_int_equal(rig_start(&pvtime_kvm), 0);
	}
}

static void region_inside_ram_needs_no_slot_and_is_left_there(void **state)
{
	const struct pvtime_region region = rig_in_ram();

	(void)state;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_kvm, &region), 0);
	assert_int_equal(rig_attach(), 0);
	assert_true(pvtime_is_on(&rig.pt));
	assert_int_equal(fake_kvm_live_slots(), 1);
	assert_int_equal(fake_kvm.cpus[3].record, RIG_BASE + 192);
	rig_ram[64 * 3 + 8] = 5;
	assert_int_equal(rig_read(3), 5);
	pvtime_fini(&rig.pt);
	assert_int_equal(fake_kvm_live_slots(), 1);
	assert_int_equal(rig_ram[64 * 3 + 8], 5);
}

static void host_reads_what_the_provider_stored(void **state)
{
	uint8_t *region;
	uint64_t v = 0x1122334455667788;

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	region = fake_kvm.slots[RIG_SLOT].host;
	memcpy(region + 64 * 2 + 8, &v, 8);
	assert_true(rig_read(2) == v);
	assert_int_equal(rig_read(1), 0);
	assert_int_equal(rig_read(3), 0);
}

static void what_the_vmm_took_is_added_to_one_record(void **state)
{
	uint64_t v = 1000;

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	assert_true(pvtime_can_add(&rig.pt));
	memcpy((uint8_t *)fake_kvm.slots[RIG_SLOT].host + 64 * 2 + 8, &v, 8);
	assert_int_equal(pvtime_add(&rig.pt, 2, 234), 0);
	assert_int_equal(rig_read(2), 1234);
	assert_int_equal(rig_read(1), 0);
	assert_int_equal(rig_read(3), 0);
}

static void nothing_is_added_where_there_is_no_record(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_off), 0);
	assert_false(pvtime_can_add(&rig.pt));
	assert_int_equal(pvtime_add(&rig.pt, 0, 1), -ENOTSUP);
	pvtime_fini(&rig.pt);
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	assert_int_equal(pvtime_add(&rig.pt, RIG_NR, 1), -ENOTSUP);
	assert_has_words("no record 4");
}

static void record_that_is_not_there_has_no_time(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	memset(fake_kvm.slots[RIG_SLOT].host, 0xff, 0x10000);
	assert_int_equal(rig_read(RIG_NR), 0);
	assert_int_equal(rig_read(UINT32_MAX), 0);
}

static void reset_zeroes_all_records_and_keeps_their_addresses(void **state)
{
	uint8_t *region, zero[64 * RIG_NR] = { 0 };
	size_t told;

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	region = fake_kvm.slots[RIG_SLOT].host;
	memset(region, 0xaa, sizeof(zero));
	told = fake_kvm.nr_attrs;
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	assert_memory_equal(region, zero, sizeof(zero));
	assert_int_equal(fake_kvm.nr_attrs, told);
}

static void base_and_number_that_cannot_be_are_refused(void **state)
{
	static const struct {
		uint64_t base;
		unsigned nr;
		const char *words;
	} bad[] = {
		{ RIG_BASE + 0x1000, 1,
		  "stolen time: 1 records at 0x90a1000: need 1 to 65536, on a "
		  "64 KiB boundary" },
		{ RIG_BASE + 1, 4, "4 records at 0x90a0001" },
		{ RIG_BASE, 0, "0 records at 0x90a0000" },
		{ RIG_BASE, 65537, "65537 records at 0x90a0000" },
		{ RIG_BASE, UINT32_MAX, "4294967295 records at 0x90a0000" },
		{ 0xffffffffffff0000, 1, "1 records at 0xffffffffffff0000" },
		{ 0xfffffffffffe0000, 1025, "at 0xfffffffffffe0000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pvtime_region region = rig_slot();

		region.base = bad[i].base;
		region.nr_records = bad[i].nr;
		fault_arm(0, 0);
		assert_int_equal(pvtime_init(&rig.pt, &pvtime_kvm, &region),
				 -EINVAL);
		assert_has_words(bad[i].words);
		assert_int_equal(fault_calls(), 0);
		assert_false(pvtime_is_on(&rig.pt));
		assert_string_equal(pvtime_name(&rig.pt), "off");
	}
}

static void most_records_there_can_be_are_given(void **state)
{
	struct pvtime_region region = rig_slot();

	(void)state;
	region.nr_records = 65536;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_steady, &region), 0);
	assert_int_equal(fake_kvm.slots[RIG_SLOT].size, 0x400000);
	((struct pvtime_record *)fake_kvm.slots[RIG_SLOT].host)[65535]
		.stolen_ns = 3;
	assert_int_equal(rig_read(65535), 3);
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	assert_int_equal(rig_read(65535), 0);
}

static void taken_slot_is_an_error_that_names_it(void **state)
{
	const struct pvtime_region region = rig_slot();
	struct pvtime other;

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	assert_int_equal(pvtime_init(&other, &pvtime_kvm, &region), -EEXIST);
	assert_words("stolen time: memory slot 3: 65536 bytes at 0x90a0000: "
		     "File exists");
	assert_string_equal(pvtime_error(), err_text());
	assert_false(pvtime_is_on(&other));
}

static void crooked_memory_is_refused(void **state)
{
	struct pvtime_region region = rig_in_ram();

	(void)state;
	region.memory = (uint8_t *)region.memory + 8;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_kvm, &region), -EINVAL);
	assert_has_words("stolen time: memory at 0x");
	assert_has_words(": not 64-byte aligned");
	assert_false(pvtime_is_on(&rig.pt));
}

static void vcpu_without_a_record_is_refused(void **state)
{
	struct pvtime_region region = rig_slot();

	(void)state;
	region.nr_records = 2;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_kvm, &region), 0);
	assert_int_equal(pvtime_attach(&rig.pt, 2, rig.vcpus[2].fd), -EINVAL);
	assert_words("stolen time: no record 2 among 2");
	assert_int_equal(fake_kvm.cpus[2].record, 0);
}

static void what_is_finished_is_off_and_may_be_finished_again(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_steady), 0);
	pvtime_fini(&rig.pt);
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_null(rig.pt.state);
	assert_false(pvtime_is_on(&rig.pt));
	assert_string_equal(pvtime_name(&rig.pt), "off");
	assert_int_equal(rig_read(0), 0);
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	assert_int_equal(pvtime_call(&rig.pt, 0, rig.vcpus[0].fd, 0xc5000021),
			 -ENOENT);
	pvtime_fini(&rig.pt);
}

/* -- which provider -- */

static const struct pvtime_provider *chosen;
static const char *why;

static int choose(const char *want)
{
	chosen = NULL;
	why = "never said";
	return pvtime_choose(want, rig.vm_fd, rig.vcpus[0].fd, &chosen, &why);
}

/* Hosts from the newest to one of before 5.5, and two of 2019's patches. */
static const struct {
	bool pvtime, filter;
	enum fake_pv_time pv_time;
	const struct pvtime_provider *best;
	const char *why; /* has these words; NULL: nothing is missing */
} hosts[] = {
	{ true, true, FAKE_NO_PV_TIME, &pvtime_steady, NULL },
	{ true, true, FAKE_PV_TIME_V2, &pvtime_steady, NULL },
	{ true, false, FAKE_NO_PV_TIME, &pvtime_kvm,
	  "no SMCCC filter, so a record restarts when its CPU comes back "
	  "online; steady needs Linux 6.4" },
	{ true, false, FAKE_PV_TIME_V1, &pvtime_kvm, "no SMCCC filter" },
	{ false, false, FAKE_PV_TIME_V1, &pvtime_device,
	  "no stolen time for guests; it needs Linux 5.5" },
	{ false, true, FAKE_PV_TIME_V2, &pvtime_device,
	  "no stolen time for guests; it needs Linux 5.5" },
	{ false, false, FAKE_NO_PV_TIME, &pvtime_off,
	  "no stolen time for guests; it needs Linux 5.5" },
	{ false, true, FAKE_NO_PV_TIME, &pvtime_off,
	  "no stolen time for guests; it needs Linux 5.5" },
};

enum { HOSTS = ARRAY_SIZE(hosts) };

static void be_host(size_t i)
{
	fake_kvm.pvtime = hosts[i].pvtime;
	fake_kvm.filter = hosts[i].filter;
	fake_kvm.pv_time = hosts[i].pv_time;
}

static void auto_takes_the_best_there_is_and_says_why_no_better(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOSTS; i++) {
		be_host(i);
		assert_int_equal(choose("auto"), 0);
		assert_ptr_equal(chosen, hosts[i].best);
		if (hosts[i].why)
			assert_non_null(strstr(why, hosts[i].why));
		else
			assert_null(why);
	}
}

static void on_takes_the_best_there_is_but_not_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOSTS; i++) {
		be_host(i);
		if (hosts[i].best == &pvtime_off) {
			assert_int_equal(choose("on"), -ENXIO);
			assert_has_words("stolen time is required: this host "
					 "kernel has no stolen time for "
					 "guests; it needs Linux 5.5");
			assert_null(chosen);
			continue;
		}
		assert_int_equal(choose("on"), 0);
		assert_ptr_equal(chosen, hosts[i].best);
	}
}

static void name_takes_that_one_or_is_an_error_that_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOSTS * pvtime_table_size; i++) {
		const struct pvtime_provider *p =
			pvtime_table[i % pvtime_table_size];
		const char *missing;

		be_host(i / pvtime_table_size);
		missing = p->missing(rig.vm_fd, rig.vcpus[0].fd);
		if (!missing) {
			assert_int_equal(choose(p->name), 0);
			assert_ptr_equal(chosen, p);
			if (p == &pvtime_off)
				assert_string_equal(why, "as asked");
			else
				assert_null(why);
			continue;
		}
		assert_int_equal(choose(p->name), -ENXIO);
		assert_has_words("stolen time is required: ");
		assert_has_words(missing);
		assert_null(chosen);
	}
}

static void choosing_changes_nothing_on_the_host(void **state)
{
	static const char *const wants[] = { "auto", "on",     "steady",
					     "kvm",  "device", "off" };
	unsigned fds = fake_kvm_live_fds();

	(void)state;
	fake_kvm.pv_time = FAKE_PV_TIME_V1;
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++)
		assert_int_equal(choose(wants[i]), 0);
	assert_int_equal(fake_kvm.nr_attrs, 0);
	assert_int_equal(fake_kvm.nr_filters, 0);
	assert_int_equal(fake_kvm.hyp_calls, 1);
	assert_int_equal(fake_kvm_live_fds(), fds);
	assert_int_equal(fake_kvm_live_slots(), 0);
}

static void off_asks_nobody(void **state)
{
	(void)state;
	fault_arm(0, 0);
	assert_int_equal(choose("off"), 0);
	assert_ptr_equal(chosen, &pvtime_off);
	assert_int_equal(fault_calls(), 0);
}

static void unknown_provider_is_answered_with_all_there_are(void **state)
{
	static const char *const unknown[] = { "xen", "", "AUTO", "kvm " };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		char words[96];

		snprintf(words, sizeof(words),
			 "'%s' is not one of auto, on, steady, kvm, device, "
			 "off",
			 unknown[i]);
		assert_int_equal(pvtime_known(unknown[i]), -EINVAL);
		assert_words(words);
		assert_int_equal(choose(unknown[i]), -EINVAL);
		assert_words(words);
		assert_null(chosen);
	}
}

static void each_word_that_choose_takes_is_known(void **state)
{
	static const char *const words[] = { "auto", "on",     "steady",
					     "kvm",  "device", "off" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(pvtime_known(words[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(
			region_is_whole_64_kib_pages_for_any_number_of_records),
		RIG_TEST(records_are_64_bytes_apart_and_zero),
		RIG_TEST(slot_is_whole_pages_of_any_host),
		RIG_TEST(region_inside_ram_needs_no_slot_and_is_left_there),
		RIG_TEST(host_reads_what_the_provider_stored),
		RIG_TEST(what_the_vmm_took_is_added_to_one_record),
		RIG_TEST(nothing_is_added_where_there_is_no_record),
		RIG_TEST(record_that_is_not_there_has_no_time),
		RIG_TEST(reset_zeroes_all_records_and_keeps_their_addresses),
		RIG_TEST(base_and_number_that_cannot_be_are_refused),
		RIG_TEST(most_records_there_can_be_are_given),
		RIG_TEST(taken_slot_is_an_error_that_names_it),
		RIG_TEST(crooked_memory_is_refused),
		RIG_TEST(vcpu_without_a_record_is_refused),
		RIG_TEST(what_is_finished_is_off_and_may_be_finished_again),
		RIG_TEST(auto_takes_the_best_there_is_and_says_why_no_better),
		RIG_TEST(on_takes_the_best_there_is_but_not_off),
		RIG_TEST(name_takes_that_one_or_is_an_error_that_says_why),
		RIG_TEST(choosing_changes_nothing_on_the_host),
		RIG_TEST(off_asks_nobody),
		RIG_TEST(unknown_provider_is_answered_with_all_there_are),
		RIG_TEST(each_word_that_choose_takes_is_known),
	};

	return cmocka_run_group_tests_name("pvtime", tests, NULL, NULL);
}
