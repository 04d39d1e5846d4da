/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "mach/irq.h"
#include "util/err.h"
#include "util/log.h"

static int vm_fd;
static struct irq_line irq;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	vm_fd = fake_kvm_fd(FAKE_VM, 0);
	irq_init(&irq, vm_fd, 9);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return close(vm_fd);
}

static void line_is_low_until_raised(void **state)
{
	(void)state;
	irq_set(&irq, false);
	assert_int_equal(fake_kvm.nr_spi_calls, 0);
	irq_set(&irq, true);
	assert_true(fake_kvm.spis[9]);
	irq_set(&irq, false);
	assert_false(fake_kvm.spis[9]);
}

static void kvm_is_called_for_changes_only(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		irq_set(&irq, true);
	assert_int_equal(fake_kvm.nr_spi_calls, 1);
	for (unsigned i = 0; i < 3; i++)
		irq_set(&irq, false);
	assert_int_equal(fake_kvm.nr_spi_calls, 2);
}

static void line_that_kvm_refuses_does_not_stop_the_device(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	fault_arm(1, EIO);
	irq_set(&irq, true);
	assert_false(fake_kvm.spis[9]);
	irq_set(&irq, false);
	irq_set(&irq, true);
	assert_true(fake_kvm.spis[9]);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(line_is_low_until_raised),
		T(kvm_is_called_for_changes_only),
		T(line_that_kvm_refuses_does_not_stop_the_device),
	};

	return cmocka_run_group_tests_name("irq", tests, NULL, NULL);
}
