/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <errno.h>
#include <time.h>

enum { CPUS = 2 };

static struct vm_place places[CPUS];
static int rc;
static unsigned looks;
static bool went_on;

static void look(void)
{
	rc = vm_look(rig.vm, places);
	looks++;
}

/* What a guest has in its registers; the first vCPU sets them for itself. */
static void set_registers(void)
{
	struct fake_cpu *cpu = &fake_kvm.cpus[0];

	cpu->pc = 0x1001;
	cpu->x[30] = 0x1002;
	cpu->pstate = 0x1003;
	cpu->sctlr = 0x1004;
	cpu->ttbr0 = 0x1005;
	cpu->ttbr1 = 0x1006;
	cpu->tcr = 0x1007;
	rig_call_main();
}

static void goes_on(void)
{
	went_on = true;
}

static void each_vcpu_is_looked_at_and_goes_on(void **state)
{
	struct fake_step steps[] = { CALL(set_registers), UNTIL_CALLED,
				     CALL(goes_on), OFF };

	(void)state;
	went_on = false;
	rig_new();
	rig_main_does(look);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(rc, 0);
	assert_false(places[0].off);
	assert_int_equal(places[0].pc, 0x1001);
	assert_int_equal(places[0].lr, 0x1002);
	assert_int_equal(places[0].pstate, 0x1003);
	assert_int_equal(places[0].tables.sctlr, 0x1004);
	assert_int_equal(places[0].tables.ttbr0, 0x1005);
	assert_int_equal(places[0].tables.ttbr1, 0x1006);
	assert_int_equal(places[0].tables.tcr, 0x1007);
	assert_true(places[1].off);
	assert_true(went_on);
}

static void guest_can_be_looked_at_as_often_as_wanted(void **state)
{
	enum { TIMES = 50 };
	static struct fake_step steps[2 * TIMES + 1];

	(void)state;
	for (unsigned i = 0; i < TIMES; i++) {
		steps[2 * i] = (struct fake_step)CALL(rig_call_main);
		steps[2 * i + 1] = (struct fake_step)UNTIL_CALLED;
	}
	steps[2 * TIMES] = (struct fake_step)OFF;
	looks = 0;
	rig_new();
	rig_main_does(look);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(looks, TIMES);
}

/* Main is still busy when the guest reports that it ends. */
static void look_late(void)
{
	enum vm_event event = EVENT_NONE;

	while (event == EVENT_NONE) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		pthread_mutex_lock(&rig.vm->lock);
		event = rig.vm->event;
		pthread_mutex_unlock(&rig.vm->lock);
	}
	look();
}

static void guest_that_ends_meanwhile_ends(void **state)
{
	struct fake_step steps[] = { CALL(rig_call_main), OFF, CALL(goes_on) };

	(void)state;
	went_on = false;
	rig_new();
	rig_main_does(look_late);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(rc, -EBUSY);
	assert_words("the guest ends");
	assert_false(went_on);
}

static void guest_that_resets_meanwhile_resets(void **state)
{
	struct fake_step steps[] = { CALL(rig_call_main), RESET, OFF };

	(void)state;
	rig_new();
	rig_main_does(look_late);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_int_equal(rc, -EBUSY);
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
}

static unsigned fail_at;

static void look_and_fail(void)
{
	fault_arm(fail_at, EIO);
	look();
	fault_arm(0, 0);
}

static void register_that_cannot_be_read_is_an_error_and_no_more(void **state)
{
	enum { CALLS = 8 }; /* power and seven registers */

	(void)state;
	rig.config.nr_cpus = 1;
	for (fail_at = 1; fail_at <= CALLS; fail_at++) {
		struct fake_step steps[] = { CALL(rig_call_main), UNTIL_CALLED,
					     OFF };

		rig_new();
		rig_main_does(look_and_fail);
		assert_int_equal(RIG_RUN(steps), VM_OFF);
		assert_int_equal(rc, -EIO);
		assert_words("vCPU 0: registers: Input/output error");
		rig_free();
	}
}

/* -- in the kernel? -- */

static void check_in_kernel(const struct vm_place *p, uint64_t start)
{
	uint64_t offset = 0x5555;

	assert_true(vm_in_kernel(rig.vm, p, start, &offset));
	assert_int_equal(offset, 0);
	assert_true(vm_in_kernel(rig.vm, p, start + 0x12344, &offset));
	assert_int_equal(offset, 0x12344);
	assert_false(vm_in_kernel(rig.vm, p, start - 4, &offset));
	assert_int_equal(offset, 0x12344);
}

static void kernels_addresses_are_known_before_it_has_tables(void **state)
{
	const struct vm_place p = { .off = false };
	uint64_t offset;

	(void)state;
	rig_new();
	rig.vm->kernel.mem_size = 0; /* an old kernel does not say */
	check_in_kernel(&p, RIG_ENTRY);
	/* Without an initrd all that follows may be the kernel's. */
	assert_true(
		vm_in_kernel(rig.vm, &p, LAYOUT_RAM + 64 * MIB - 4, &offset));
	assert_false(vm_in_kernel(rig.vm, &p, LAYOUT_RAM + 64 * MIB, &offset));
	assert_false(vm_in_kernel(rig.vm, &p, 0, &offset));
	assert_false(vm_in_kernel(rig.vm, &p, UINT64_MAX, &offset));
	assert_false(vm_in_kernel(rig.vm, &p, LAYOUT_UART, &offset));
}

static void initrd_is_not_the_kernel(void **state)
{
	const struct vm_place p = { .off = false };
	uint64_t offset;

	(void)state;
	rig.config.initrd = rig.kernel_path;
	rig_new();
	rig.vm->kernel.mem_size = 0; /* an old kernel does not say */
	assert_false(vm_in_kernel(rig.vm, &p, LAYOUT_RAM + 64 * MIB - 0x20000,
				  &offset));
	assert_true(vm_in_kernel(rig.vm, &p,
				 LAYOUT_RAM + 64 * MIB - 0x20000 - 4, &offset));
}

/* 39-bit addresses, 4 KiB pages: the kernel's first GiB is the RAM's. */
/* Modules may lie right behind it. */
static void kernel_ends_where_it_says(void **state)
{
	const struct vm_place p = { .off = false };
	uint64_t offset, size = 0x10000;

	(void)state;
	rig_new();
	rig.vm->kernel.mem_size = size;
	assert_true(vm_in_kernel(rig.vm, &p, RIG_ENTRY + size - 4, &offset));
	assert_int_equal(offset, size - 4);
	assert_false(vm_in_kernel(rig.vm, &p, RIG_ENTRY + size, &offset));
}

static void kernels_addresses_are_known_by_its_tables(void **state)
{
	const struct vm_place p = {
		.tables = {
			.sctlr = 1,
			.ttbr1 = LAYOUT_RAM + 0x1000000,
			.tcr = UINT64_C(25) | UINT64_C(25) << 16 |
			       UINT64_C(2) << 30,
		},
	};
	uint64_t table[1] = { LAYOUT_RAM | 0x701 }, offset;

	(void)state;
	rig_new();
	rig.vm->kernel.mem_size = 0; /* an old kernel does not say */
	memcpy((uint8_t *)fake_kvm.slots[SLOT_RAM].host + 0x1000000, table,
	       sizeof(table));
	check_in_kernel(&p, 0xffffff8000200000);
	assert_false(vm_in_kernel(rig.vm, &p, 0xffffff8040200000, &offset));
	assert_false(vm_in_kernel(rig.vm, &p, RIG_ENTRY, &offset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(each_vcpu_is_looked_at_and_goes_on),
		RIG_TEST(guest_can_be_looked_at_as_often_as_wanted),
		RIG_TEST(guest_that_ends_meanwhile_ends),
		RIG_TEST(guest_that_resets_meanwhile_resets),
		RIG_TEST(register_that_cannot_be_read_is_an_error_and_no_more),
		RIG_TEST(kernels_addresses_are_known_before_it_has_tables),
		RIG_TEST(initrd_is_not_the_kernel),
		RIG_TEST(kernel_ends_where_it_says),
		RIG_TEST(kernels_addresses_are_known_by_its_tables),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}
