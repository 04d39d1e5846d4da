/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "cmd/facts.h"
#include "fake_kvm.h"
#include "util/err.h"

static struct left before;
static struct fact *facts;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	facts = calloc(facts_size, sizeof(*facts));
	return facts ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(facts);
	assert_int_equal(fake_kvm_live_fds(), 0);
	assert_int_equal(fake_kvm.live_runs, 0);
	assert_nothing_left(before);
	return 0;
}

static const struct fact *fact(const char *id)
{
	for (size_t i = 0; i < facts_size; i++)
		if (strcmp(facts[i].id, id) == 0)
			return &facts[i];
	fail_msg("no fact '%s'", id);
	return NULL;
}

static void is(const char *id, enum fact_state state, const char *words)
{
	const struct fact *f = fact(id);

	if (f->state != state || !strstr(f->text, words))
		fail_msg("%s: %d, %s", id, f->state, f->text);
}

static void host_with_everything_is_told_so(void **state)
{
	(void)state;
	facts_gather("/dev/kvm", facts);
	for (size_t i = 0; i < facts_size; i++) {
		assert_true(facts[i].text[0] != '\0');
		assert_true(facts[i].name[0] != '\0');
		if (facts[i].needed)
			assert_int_equal(facts[i].state, FACT_YES);
	}
	is("provider", FACT_YES, "steady");
	is("steal_time", FACT_YES, "and KVM_CAP_STEAL_TIME");
	is("smccc_filter", FACT_YES, "never go back");
	is("pv_time_device", FACT_NO, "August 2019");
	is("hypercall_bitmap", FACT_YES, "hides");
	is("gic", FACT_YES, "GICv3 with ITS, GICv2 (8 vCPUs)");
	is("vcpus", FACT_YES, "up to 512");
	is("ipa_size", FACT_YES, "48 bits");
	is("pmu", FACT_YES, "--pmu");
	is("sve", FACT_YES, "");
	is("ptrauth", FACT_YES, "both");
	is("sched_info", FACT_YES, "");
	is("page_size", FACT_YES, "KiB");
}

static void each_thing_that_is_missing_is_told_with_its_remedy(void **state)
{
	(void)state;
	fake_kvm.filter = fake_kvm.std_hyp = false;
	fake_kvm.pmu = fake_kvm.sve = fake_kvm.ptrauth = false;
	fake_kvm.gicv3 = false;
	facts_gather("/dev/kvm", facts);
	is("provider", FACT_YES, "kvm");
	is("smccc_filter", FACT_NO, "needs Linux 6.4 or later");
	is("hypercall_bitmap", FACT_NO, "needs Linux 5.19 or later");
	is("counter_offset", FACT_NO, "needs Linux 6.4 or later");
	is("stats_fd", FACT_NO, "needs Linux 5.14 or later");
	is("gic", FACT_YES, "GICv2 (8 vCPUs)");
	is("pmu", FACT_NO, "not on this CPU");
	is("sve", FACT_NO, "not on this CPU");
	is("ptrauth", FACT_NO, "not on this CPU");
}

static void stolen_time_by_the_device_alone_is_enough(void **state)
{
	(void)state;
	fake_kvm.pvtime = false;
	fake_kvm.pv_time = FAKE_PV_TIME_V1;
	facts_gather("/dev/kvm", facts);
	is("provider", FACT_YES, "device");
	is("steal_time", FACT_NO, "needs Linux 5.5");
	assert_false(fact("steal_time")->needed);
	is("pv_time_device", FACT_YES, "August 2019");
}

static void host_without_any_stolen_time_says_what_it_needs(void **state)
{
	(void)state;
	fake_kvm.pvtime = false;
	facts_gather("/dev/kvm", facts);
	is("provider", FACT_NO, "it needs Linux 5.5");
	assert_true(fact("provider")->needed);
}

static void host_without_an_interrupt_controller_says_so(void **state)
{
	(void)state;
	fake_kvm.gicv2 = fake_kvm.gicv3 = false;
	facts_gather("/dev/kvm", facts);
	is("gic", FACT_NO, "neither GICv2 nor GICv3");
}

static void without_kvm_the_rest_is_not_known(void **state)
{
	(void)state;
	fault_arm(1, ENOENT);
	facts_gather("/dev/kvm", facts);
	is("kvm", FACT_NO, "'/dev/kvm': No such file or directory");
	is("api", FACT_UNKNOWN, "without /dev/kvm");
	is("provider", FACT_UNKNOWN, "without /dev/kvm");
	is("sched_info", FACT_YES, "");
	is("page_size", FACT_YES, "");
}

static void kvm_that_may_not_be_opened_may_well_be_there(void **state)
{
	static const int errors[] = { EACCES, EPERM, EMFILE, ENOMEM };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		fault_arm(1, errors[i]);
		facts_gather("/dev/kvm", facts);
		is("kvm", FACT_UNKNOWN, strerror(errors[i]));
	}
}

/* Fail every call in turn: there is always an answer, and nothing is left. */
static void every_failure_is_an_answer(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		fake_kvm_reset();
		fault_arm(n, ENOMEM);
		facts_gather("/dev/kvm", facts);
		for (size_t i = 0; i < facts_size; i++)
			assert_true(facts[i].text[0] != '\0');
		assert_int_equal(fake_kvm_live_fds(), 0);
		assert_int_equal(fake_kvm.live_runs, 0);
		if (!fault_met())
			break;
	}
}

static void machine_that_cannot_be_made_says_why(void **state)
{
	(void)state;
	fault_arm(2, ENOMEM);
	facts_gather("/dev/kvm", facts);
	is("kvm", FACT_YES, "can be used");
	is("api", FACT_YES, "12");
	is("vm", FACT_UNKNOWN, "create VM with 32-bit addresses: Cannot al");
	fault_arm(2, EIO);
	facts_gather("/dev/kvm", facts);
	is("vm", FACT_NO, "create VM with 32-bit addresses: Input/output");
	is("provider", FACT_UNKNOWN, "without a virtual machine");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(host_with_everything_is_told_so),
		T(each_thing_that_is_missing_is_told_with_its_remedy),
		T(stolen_time_by_the_device_alone_is_enough),
		T(host_without_any_stolen_time_says_what_it_needs),
		T(host_without_an_interrupt_controller_says_so),
		T(without_kvm_the_rest_is_not_known),
		T(kvm_that_may_not_be_opened_may_well_be_there),
		T(every_failure_is_an_answer),
		T(machine_that_cannot_be_made_says_why),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
