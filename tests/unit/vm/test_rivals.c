/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "vm/rivals.h"

enum { MS = 1000000, CPUS = 3 };

static struct rivals rivals;
static cpu_set_t allowed;

/* What the first vCPU saw, which does all of this while the machine runs. */
static int rc[CPUS];
static unsigned nr_rivals[4];
static cpu_set_t where[CPUS], where_after[CPUS], rival_where;
static char words[ERR_TEXT_MAX];

static int set_up(void **state)
{
	int err = rig_up(state);

	rig.config.nr_cpus = CPUS;
	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	return err;
}

static int tear_down(void **state)
{
	rivals_fini(&rivals);
	rivals_fini(&rivals);
	return rig_down(state);
}

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * MS }, NULL);
}

/* How many threads of ours are rivals, and where one of them is. */
static unsigned count(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir))) {
		char path[320], name[16] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 e->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) &&
		    strcmp(name, "rival\n") == 0) {
			sched_getaffinity(atoi(e->d_name), sizeof(rival_where),
					  &rival_where);
			n++;
		}
		fclose(f);
	}
	if (dir)
		closedir(dir);
	return n;
}

/* It gives itself its name a moment after it was begun. */
static unsigned count_up_to(unsigned n)
{
	for (unsigned i = 0; i < 5000 && count() < n; i++)
		pause_ms(1);
	return count();
}

/* A thread that was joined may be seen for a moment still. */
static unsigned count_down_to(unsigned n)
{
	for (unsigned i = 0; i < 5000 && count() > n; i++)
		pause_ms(1);
	return count();
}

static void wait_for_all(void)
{
	struct vm_steal s;

	for (unsigned i = 0; i < CPUS; i++)
		while (vm_steal(rig.vm, i, &s) < 0)
			pause_ms(1);
}

static void see(cpu_set_t *ret)
{
	struct vm_steal s;

	for (unsigned i = 0; i < CPUS; i++)
		if (vm_steal(rig.vm, i, &s) == 0)
			sched_getaffinity(s.tid, sizeof(ret[i]), &ret[i]);
}

/* The @n-th CPU that we may use, alone. */
static cpu_set_t only(unsigned n)
{
	cpu_set_t set;
	int cpu = 0;

	CPU_ZERO(&set);
	for (;; cpu++)
		if (CPU_ISSET(cpu, &allowed) && n-- == 0)
			break;
	CPU_SET(cpu, &set);
	return set;
}

#define assert_cpus(got, want)                       \
	do {                                         \
		cpu_set_t want_ = want;              \
		assert_true(CPU_EQUAL(got, &want_)); \
	} while (0)

static void give_one(void)
{
	wait_for_all();
	rc[0] = rivals_start(&rivals, 1);
	rc[1] = rivals_start(&rivals, 1); /* it has one */
	nr_rivals[0] = count_up_to(1);
	see(where);
	rivals_stop(&rivals, 1);
	rivals_stop(&rivals, 1);
	nr_rivals[1] = count_down_to(0);
	see(where_after);
}

static void rival_and_its_vcpu_share_one_cpu_while_it_is_there(void **state)
{
	struct fake_step steps[] = { CALL(give_one), OFF };

	(void)state;
	rig_new();
	assert_int_equal(rivals_init(&rivals, rig.vm), 0);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(rc[0], 0);
	assert_int_equal(rc[1], 0);
	assert_int_equal(nr_rivals[0], 1);
	assert_int_equal(nr_rivals[1], 0);
	assert_cpus(&where[1], only(1 % (unsigned)CPU_COUNT(&allowed)));
	assert_cpus(&rival_where, where[1]);
	assert_cpus(&where[0], allowed);
	for (unsigned i = 0; i < CPUS; i++)
		assert_cpus(&where_after[i], allowed);
}

static void give_all(void)
{
	wait_for_all();
	for (unsigned i = 0; i < CPUS; i++)
		rc[i] = rivals_start(&rivals, i);
	nr_rivals[0] = count_up_to(CPUS);
	see(where);
	rivals_fini(&rivals);
	nr_rivals[1] = count_down_to(0);
	see(where_after);
}

static void vcpus_take_turns_at_the_cpus_that_there_are(void **state)
{
	struct fake_step steps[] = { CALL(give_all), OFF };

	(void)state;
	rig_new();
	assert_int_equal(rivals_init(&rivals, rig.vm), 0);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(nr_rivals[0], CPUS);
	assert_int_equal(nr_rivals[1], 0);
	for (unsigned i = 0; i < CPUS; i++) {
		assert_int_equal(rc[i], 0);
		assert_cpus(&where[i], only(i % (unsigned)CPU_COUNT(&allowed)));
		assert_cpus(&where_after[i], allowed);
	}
}

static void cpus_that_we_may_not_use_are_left_alone(void **state)
{
	struct fake_step steps[] = { CALL(give_all), OFF };
	const cpu_set_t all = allowed;
	cpu_set_t last = only((unsigned)CPU_COUNT(&allowed) - 1);

	(void)state;
	assert_int_equal(sched_setaffinity(0, sizeof(last), &last), 0);
	allowed = last;
	rig_new();
	assert_int_equal(rivals_init(&rivals, rig.vm), 0);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	for (unsigned i = 0; i < CPUS; i++) {
		assert_int_equal(rc[i], 0);
		assert_cpus(&where[i], last);
		assert_cpus(&where_after[i], last);
	}
}

/* -- does it take time? -- */

static struct vm_steal before, after;

static void be_busy(unsigned id, struct fake_step *step)
{
	(void)id;
	*step = (struct fake_step){ .what = FAKE_READ,
				    .addr = LAYOUT_UART + 0x18,
				    .len = 4 };
}

static void take_time(void)
{
	wait_for_all();
	rc[0] = rivals_start(&rivals, 1);
	vm_steal(rig.vm, 1, &before);
	for (unsigned i = 0; i < 200; i++) {
		pause_ms(50);
		vm_steal(rig.vm, 1, &after);
		if (after.times.wait_ns - before.times.wait_ns > 100 * MS)
			break;
	}
	rivals_stop(&rivals, 1);
}

static void busy_vcpu_waits_for_its_rival(void **state)
{
	struct fake_step steps[] = { CALL(take_time), OFF };

	(void)state;
	fake_kvm_program(1, be_busy);
	rig_new();
	assert_int_equal(rivals_init(&rivals, rig.vm), 0);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(rc[0], 0);
	assert_true(after.times.wait_ns - before.times.wait_ns > 100 * MS);
}

/* -- failures -- */

static void machine_that_does_not_run_has_no_rivals(void **state)
{
	(void)state;
	rig_new();
	assert_int_equal(rivals_init(&rivals, rig.vm), 0);
	assert_int_equal(rivals_start(&rivals, 2), -ESRCH);
	assert_words("vCPU 2 does not run yet");
	rivals_stop(&rivals, 2);
	assert_int_equal(count_down_to(0), 0);
}

static void fail_to_give_one(void)
{
	wait_for_all();
	fault_arm_mine(1, EAGAIN);
	rc[0] = rivals_start(&rivals, 1);
	err_copy(words);
	nr_rivals[0] = count_down_to(0);
	see(where);
	fault_arm(0, 0);
	rc[1] = rivals_start(&rivals, 1);
	nr_rivals[1] = count_up_to(1);
}

static void vcpu_is_free_again_where_there_is_no_thread(void **state)
{
	struct fake_step steps[] = { CALL(fail_to_give_one), OFF };

	(void)state;
	rig_new();
	assert_int_equal(rivals_init(&rivals, rig.vm), 0);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(rc[0], -EAGAIN);
	assert_string_equal(words, "rival of vCPU 1: thread: Resource "
				   "temporarily unavailable");
	assert_int_equal(nr_rivals[0], 0);
	for (unsigned i = 0; i < CPUS; i++)
		assert_cpus(&where[i], allowed);
	/* The second attempt went well, and outlives the machine's run. */
	assert_int_equal(rc[1], 0);
	assert_int_equal(nr_rivals[1], 1);
	assert_int_equal(count(), 1);
	rivals_fini(&rivals);
	assert_int_equal(count_down_to(0), 0);
}

static void nothing_is_undone_where_nothing_was_done(void **state)
{
	struct rivals none = { 0 };

	(void)state;
	rivals_fini(&none);
	rivals_fini(&none);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rival_and_its_vcpu_share_one_cpu_while_it_is_there),
		T(vcpus_take_turns_at_the_cpus_that_there_are),
		T(cpus_that_we_may_not_use_are_left_alone),
		T(busy_vcpu_waits_for_its_rival),
		T(machine_that_does_not_run_has_no_rivals),
		T(vcpu_is_free_again_where_there_is_no_thread),
		T(nothing_is_undone_where_nothing_was_done),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("rivals", tests, NULL, NULL);
}
