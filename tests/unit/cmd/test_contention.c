/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <errno.h>

#include "vm/rivals.h"

/* -- what is made of figures -- */

static union {
	struct contention c;
	uint8_t room[sizeof(struct contention) +
		     2 * sizeof(struct contention_cpu)];
} figures;

static struct verdict v2 = { .nr_cpus = 2 };
static const struct judge j2 = { .v = &v2 };
static char words[256];

/* Of each CPU the host stole 200 ms in a second, and all say so. */
static struct contention *exact_figures(void)
{
	struct contention *c = &figures.c;

	*c = (struct contention){ .window_ns = 1000 * MS,
				  .guest_ns = 1000 * MS };
	for (unsigned i = 0; i < 2; i++)
		c->cpus[i] = (struct contention_cpu){ .guest_ns = 200 * MS,
						      .low_ns = 199 * MS,
						      .high_ns = 201 * MS };
	return c;
}

static bool agrees(const struct contention *c)
{
	return contention_agrees(&j2, c, words, sizeof(words));
}

static bool exact(const struct contention *c)
{
	return contention_exact(&j2, c, words, sizeof(words));
}

static void guest_may_differ_by_its_ticks_and_no_more(void **state)
{
	struct contention *c = exact_figures();

	(void)state;
	assert_true(agrees(c));
	assert_string_equal(words, "of 2 CPUs the host stole 398 to 402 ms, "
				   "the guest says 400 ms");
	c->cpus[1].guest_ns = 231 * MS;
	assert_true(agrees(c));
	c->cpus[1].guest_ns++;
	assert_false(agrees(c));
	assert_string_equal(words,
			    "CPU 1 says 231 ms were stolen, the host stole "
			    "199 to 201 ms of it");
	c->cpus[1].guest_ns = 169 * MS;
	assert_true(agrees(c));
	c->cpus[1].guest_ns--;
	assert_false(agrees(c));
}

static void one_cpu_does_not_make_up_for_another(void **state)
{
	struct contention *c = exact_figures();

	(void)state;
	c->cpus[0].guest_ns += 50 * MS;
	c->cpus[1].guest_ns -= 50 * MS;
	assert_false(agrees(c));
}

static void count_that_fell_does_not_agree(void **state)
{
	struct contention *c = exact_figures();

	(void)state;
	c->cpus[0].guest_ns = -(200 * MS);
	assert_false(agrees(c));
	c->cpus[0].low_ns = c->cpus[0].high_ns = 0;
	assert_false(agrees(c));
}

/* What a guest counts is whatever it likes. */
static void absurd_counts_do_not_agree(void **state)
{
	static const uint64_t absurd[] = { UINT64_MAX / 2, UINT64_MAX / 2 + 1,
					   UINT64_MAX / 2 + 2,
					   UINT64_MAX - 100 * MS };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
		struct contention *c = exact_figures();

		c->cpus[0].guest_ns = absurd[i];
		assert_false(agrees(c));
	}
}

static void record_may_be_off_by_what_is_in_flight_and_no_more(void **state)
{
	struct contention *c = exact_figures();

	(void)state;
	c->cpus[0].gap_ns = 500;
	c->cpus[1].gap_ns = -(int64_t)MS;
	assert_true(exact(c));
	assert_string_equal(words, "2 of them, off by 1.000000 ms at most");
	c->cpus[1].gap_ns = (int64_t)MS;
	assert_true(exact(c));
	c->cpus[1].gap_ns++;
	assert_false(exact(c));
	assert_string_equal(words, "vCPU 1: the record grew by 1.000 ms less "
				   "than the host stole");
	c->cpus[1].gap_ns = -1 - (int64_t)MS;
	assert_false(exact(c));
}

/* What a guest writes into its record, too. */
static void absurd_records_are_not_exact(void **state)
{
	static const int64_t absurd[] = { INT64_MAX, INT64_MIN + 1, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
		struct contention *c = exact_figures();

		c->cpus[0].gap_ns = absurd[i];
		assert_false(exact(c));
	}
}

static void each_cpu_must_have_lost_enough(void **state)
{
	struct contention *c = exact_figures();

	(void)state;
	assert_true(contention_is_enough(&j2, c));
	assert_int_equal(contention_stolen(&j2, c), 398 * MS);
	c->cpus[1].low_ns = 80 * MS;
	assert_true(contention_is_enough(&j2, c));
	c->cpus[1].low_ns--;
	assert_false(contention_is_enough(&j2, c));
}

/* -- guests that are wrong -- */

static void right_guest_is_good(void **state)
{
	(void)state;
	rig_judge("boot,steal,records,scheduler,idle,hotplug");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("steal", TEST_OK, "of 2 CPUs the host stole");
	rig_check_test("records", TEST_OK, "2 of them, off by");
	rig_check_test("scheduler", TEST_OK, "busy tasks were spared ");
	rig_check_test("hotplug", TEST_OK, "1 of them, and steal goes on");
}

static void guest_that_counts_half_is_wrong(void **state)
{
	(void)state;
	guest.miscounts = 0.5;
	rig_judge("boot,steal,records");
	rig_check(VERDICT_WRONG_STEAL, "steal: CPU 0 says 1");
	rig_check_test("records", TEST_OK, "");
}

static void record_that_misses_a_part_is_wrong(void **state)
{
	(void)state;
	guest.misrecords = 0.02;
	rig_judge("boot,steal,records");
	rig_check(VERDICT_WRONG_STEAL, "records: vCPU 0: the record grew by");
	rig_check_test("steal", TEST_OK, "");
}

static void record_of_no_meaning_is_wrong(void **state)
{
	(void)state;
	guest.scribbles = true;
	rig_judge("boot,records");
	rig_check(VERDICT_WRONG_STEAL, "records: vCPU 0: the record grew by");
}

static void scheduler_that_spares_half_is_neither_right_nor_wrong(void **state)
{
	(void)state;
	guest.mischarges = 0.5;
	rig_judge("boot,scheduler");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("scheduler", TEST_SKIPPED,
		       "cannot be told: tasks were spared ");
}

/* A slow kernel, or much that interrupts: tasks lack more than was stolen. */
static void what_the_guests_kernel_takes_is_not_mistaken_for_it(void **state)
{
	(void)state;
	guest.kernel_takes = 0.05;
	rig_judge("boot,scheduler,no-steal-acc");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("scheduler", TEST_OK, "busy tasks were spared ");
	rig_check_test("no-steal-acc", TEST_OK, "tasks are charged for it");
}

static void kernel_that_spares_nothing_need_not(void **state)
{
	(void)state;
	guest.mischarges = 1;
	rig_judge("boot,scheduler");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("scheduler", TEST_SKIPPED,
		       "CONFIG_PARAVIRT_TIME_ACCOUNTING");
}

static void kernel_without_stolen_time_is_not_praised(void **state)
{
	(void)state;
	guest.miscounts = 1;
	guest.mischarges = 1;
	rig_judge("boot,steal,scheduler");
	rig_check(VERDICT_WRONG_STEAL, "steal: CPU 0 says 0 ms");
	assert_int_not_equal(rig_result("scheduler")->state, TEST_OK);
}

static void idle_guest_that_counts_is_wrong(void **state)
{
	(void)state;
	guest.idle_ns = 40 * MS;
	rig_judge("boot,idle");
	rig_check(VERDICT_WRONG_STEAL, "idle: CPU 0 says 40 ms");
}

static void guest_that_counts_what_it_is_not_given_is_wrong(void **state)
{
	(void)state;
	rig.config.pvtime = "off";
	guest.idle_ns = 10 * MS;
	rig_judge("boot,idle");
	rig_check(VERDICT_WRONG_STEAL, "it is given none, and counts");
}

static void count_that_falls_when_a_cpu_was_off_is_wrong(void **state)
{
	(void)state;
	guest.forgets = true;
	rig_judge("boot,steal,hotplug");
	rig_check(VERDICT_WRONG_STEAL, "hotplug: steal of CPU 1 fell from ");
	rig_check_test("steal", TEST_OK, "");
}

static void provider_that_restarts_records_is_not_blamed(void **state)
{
	(void)state;
	fake_kvm.filter = false; /* then it is "kvm" */
	guest.forgets = true;
	rig_judge("boot,hotplug");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("hotplug", TEST_OK, "with provider kvm steal starts");
}

static void scheduler_must_not_spare_tasks_with_no_steal_acc(void **state)
{
	(void)state;
	guest.spares_always = true;
	rig_judge("boot,no-steal-acc");
	rig_check(VERDICT_WRONG_STEAL, "the scheduler still spares tasks");
}

/* -- hosts that cannot -- */

static void host_that_steals_nothing_leaves_it_open(void **state)
{
	(void)state;
	guest.undisturbed = true;
	rig_judge("boot,steal,records,scheduler");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("steal", TEST_SKIPPED,
		       "the host could not be made to steal (it stole 0 ms");
	rig_check_test("records", TEST_SKIPPED, "");
	rig_check_test("scheduler", TEST_SKIPPED, "");
}

static bool refuses_rivals;
static unsigned started, stopped;

/* In place of src/vm/rivals.c, which has tests of its own. */
int rivals_init(struct rivals *r, const struct vm *vm)
{
	*r = (struct rivals){ .vm = vm };
	started = stopped = 0;
	return 0;
}

int rivals_start(struct rivals *r, unsigned index)
{
	(void)r;
	if (refuses_rivals)
		return err_set(EPERM, "vCPU %u: stay on one CPU", index);
	started++;
	return 0;
}

void rivals_stop(struct rivals *r, unsigned index)
{
	(void)r;
	(void)index;
	stopped++;
}

void rivals_fini(struct rivals *r)
{
	(void)r;
}

static void host_that_refuses_rivals_is_told_by_its_own_words(void **state)
{
	(void)state;
	refuses_rivals = true;
	rig_judge("boot,steal,idle");
	refuses_rivals = false;
	rig_check_test("steal", TEST_SKIPPED,
		       "vCPU 0: stay on one CPU: Operation not permitted");
	rig_check(VERDICT_GOOD, "");
	assert_false(guest.busy);
}

static void rivals_are_gone_and_the_guest_rests_afterwards(void **state)
{
	(void)state;
	rig_judge("boot,steal");
	rig_check(VERDICT_GOOD, "");
	assert_int_equal(started, 2);
	assert_int_equal(stopped, 2);
	assert_false(guest.busy);
}

static bool is_busy(unsigned nr, const char *request)
{
	if (strncmp(request, "busy", 4) == 0)
		guest_event(KVM_SYSTEM_EVENT_SHUTDOWN);
	(void)nr;
	return false;
}

static void guest_that_ends_meanwhile_has_no_rivals(void **state)
{
	(void)state;
	guest.asked = is_busy;
	rig_judge("boot,steal");
	rig_check(VERDICT_OFF, "");
	assert_true(stopped >= started);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(guest_may_differ_by_its_ticks_and_no_more),
		TEST(one_cpu_does_not_make_up_for_another),
		TEST(count_that_fell_does_not_agree),
		TEST(absurd_counts_do_not_agree),
		TEST(record_may_be_off_by_what_is_in_flight_and_no_more),
		TEST(absurd_records_are_not_exact),
		TEST(each_cpu_must_have_lost_enough),
		RIG_TEST(right_guest_is_good),
		RIG_TEST(guest_that_counts_half_is_wrong),
		RIG_TEST(record_that_misses_a_part_is_wrong),
		RIG_TEST(record_of_no_meaning_is_wrong),
		RIG_TEST(scheduler_that_spares_half_is_neither_right_nor_wrong),
		RIG_TEST(what_the_guests_kernel_takes_is_not_mistaken_for_it),
		RIG_TEST(kernel_that_spares_nothing_need_not),
		RIG_TEST(kernel_without_stolen_time_is_not_praised),
		RIG_TEST(idle_guest_that_counts_is_wrong),
		RIG_TEST(guest_that_counts_what_it_is_not_given_is_wrong),
		RIG_TEST(count_that_falls_when_a_cpu_was_off_is_wrong),
		RIG_TEST(provider_that_restarts_records_is_not_blamed),
		RIG_TEST(scheduler_must_not_spare_tasks_with_no_steal_acc),
		RIG_TEST(host_that_steals_nothing_leaves_it_open),
		RIG_TEST(host_that_refuses_rivals_is_told_by_its_own_words),
		RIG_TEST(rivals_are_gone_and_the_guest_rests_afterwards),
		RIG_TEST(guest_that_ends_meanwhile_has_no_rivals),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("contention", tests, NULL, NULL);
}
