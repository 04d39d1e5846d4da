/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

static uint16_t pins[2];
static atomic_int seen;

/* A CPU that we may use; vCPUs may share one. */
static uint16_t some_cpu(void)
{
	cpu_set_t may;
	uint16_t cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(may), &may), 0);
	while (!CPU_ISSET(cpu, &may))
		cpu++;
	return cpu;
}

static void pin_to(uint16_t a, uint16_t b, unsigned n)
{
	pins[0] = a;
	pins[1] = b;
	rig.config.pins = pins;
	rig.config.nr_pins = n;
}

static void look(void)
{
	cpu_set_t own;

	if (sched_getaffinity(0, sizeof(own), &own) == 0 &&
	    CPU_COUNT(&own) == 1 && CPU_ISSET(pins[0], &own))
		atomic_store(&seen, 1);
}

static void a_vcpu_is_where_it_shall_be(void **state)
{
	struct fake_step steps[] = { CALL(look), OFF };
	cpu_set_t then, now;

	(void)state;
	log_set_level(LOG_ERROR);
	pin_to(some_cpu(), some_cpu(), 2);
	assert_int_equal(sched_getaffinity(0, sizeof(then), &then), 0);
	rig_new();
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(atomic_load(&seen), 1);
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_true(CPU_EQUAL(&then, &now));
}

static void cpus_that_cannot_be_are_named(void **state)
{
	(void)state;
	pin_to(some_cpu(), 60000, 2);
	assert_int_equal(vm_new(&rig.config, &rig.vm), -EINVAL);
	assert_has_words("CPU 60000 is not there");
	pin_to(some_cpu(), 0, 1);
	assert_int_equal(vm_new(&rig.config, &rig.vm), -EINVAL);
	assert_has_words("1 CPUs for 2 vCPUs");
}

static void cpus_that_are_forbidden_are_named(void **state)
{
	cpu_set_t then, one;
	uint16_t cpu = some_cpu();
	long there = sysconf(_SC_NPROCESSORS_CONF);

	(void)state;
	if (there < 2)
		skip();
	assert_int_equal(sched_getaffinity(0, sizeof(then), &then), 0);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	pin_to(cpu, cpu == 0 ? 1 : 0, 2);
	assert_int_equal(vm_new(&rig.config, &rig.vm), -EPERM);
	assert_has_words("not allowed to us");
	assert_int_equal(sched_setaffinity(0, sizeof(then), &then), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, rig_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_vcpu_is_where_it_shall_be),
		T(cpus_that_cannot_be_are_named),
		T(cpus_that_are_forbidden_are_named),
	};

	return cmocka_run_group_tests_name("pin", tests, NULL, NULL);
}
