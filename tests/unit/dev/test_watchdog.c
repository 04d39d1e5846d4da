/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "dev/device.h"
#include "dev/watchdog.h"
#include "fake_kvm.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/err.h"

enum {
	LOAD = 0x00,
	VALUE = 0x04,
	CONTROL = 0x08,
	INTCLR = 0x0c,
	RIS = 0x10,
	MIS = 0x14,
	LOCK = 0xc00,
	INTEN = 1,
	RESEN = 2,
	MS = 24000,
	SOON = 2 * MS,
	LONG = 20000 * MS,
};

static struct bus bus;
static struct device dog;
static struct device_host host;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	host.vm_fd = fake_kvm_fd(FAKE_VM, 0);
	bus_init(&bus);
	return device_init(&dog, &watchdog_class, LAYOUT_WATCHDOG, SPI_WATCHDOG,
			   &host, &bus);
}

static int tear_down(void **state)
{
	(void)state;
	device_fini(&dog);
	close(host.vm_fd);
	return 0;
}

static uint32_t get(unsigned reg)
{
	return (uint32_t)bus_read(&bus, LAYOUT_WATCHDOG + reg, 4);
}

static void set(unsigned reg, uint32_t v)
{
	bus_write(&bus, LAYOUT_WATCHDOG + reg, 4, v);
}

/* Does its time run out within @ms? */
static bool runs_out(int ms)
{
	struct pollfd p = { .fd = watchdog_fd(&dog), .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static bool irq(void)
{
	return fake_kvm.spis[SPI_WATCHDOG];
}

static void off_it_does_nothing(void **state)
{
	(void)state;
	assert_int_equal(get(LOAD), UINT32_MAX);
	assert_int_equal(get(VALUE), UINT32_MAX);
	assert_int_equal(get(CONTROL), 0);
	set(LOAD, SOON);
	assert_false(runs_out(20));
	assert_false(watchdog_expired(&dog));
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(0xfe0), 0x05);
	assert_int_equal(get(0xfe4), 0x18);
	assert_int_equal(get(0xffc), 0xb1);
	assert_int_equal(get(0xf00), 0);
}

static void first_it_interrupts_and_then_it_bites(void **state)
{
	(void)state;
	set(LOAD, SOON);
	set(CONTROL, INTEN | RESEN);
	assert_true(runs_out(5000));
	assert_false(watchdog_expired(&dog));
	assert_true(irq());
	assert_int_equal(get(RIS), 1);
	assert_int_equal(get(MIS), 1);
	assert_true(runs_out(5000));
	assert_true(watchdog_expired(&dog));
	assert_false(runs_out(20));
}

static void who_clears_the_interrupt_is_safe(void **state)
{
	(void)state;
	set(LOAD, SOON);
	set(CONTROL, INTEN | RESEN);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(runs_out(5000));
		assert_false(watchdog_expired(&dog));
		assert_true(irq());
		set(INTCLR, 1);
		assert_false(irq());
		assert_int_equal(get(RIS), 0);
	}
}

/* Once, however long nobody cares; until it learns to bite. */
static void without_teeth_it_only_interrupts(void **state)
{
	(void)state;
	set(LOAD, SOON);
	set(CONTROL, INTEN);
	assert_true(runs_out(5000));
	assert_false(watchdog_expired(&dog));
	assert_false(runs_out(20));
	set(CONTROL, INTEN | RESEN);
	assert_true(runs_out(5000));
	assert_true(watchdog_expired(&dog));
}

static void a_load_of_zero_runs_out_at_once(void **state)
{
	(void)state;
	set(CONTROL, INTEN);
	set(LOAD, 0);
	assert_true(runs_out(5000));
	assert_false(watchdog_expired(&dog));
	assert_int_equal(get(MIS), 1);
	set(CONTROL, 0);
	assert_false(irq());
	assert_int_equal(get(RIS), 1);
}

static void the_value_falls(void **state)
{
	uint32_t first, then;

	(void)state;
	set(LOAD, LONG);
	set(CONTROL, INTEN | RESEN);
	first = get(VALUE);
	usleep(2000);
	then = get(VALUE);
	assert_true(first <= LONG && then <= first - 2 * MS);
	assert_true(then > LONG / 2);
	/* A timer that came too late for the guest's own clearing. */
	set(LOAD, 1);
	assert_true(runs_out(5000));
	set(LOAD, LONG);
	assert_false(watchdog_expired(&dog));
	assert_false(irq());
}

static void locked_it_hears_nothing(void **state)
{
	(void)state;
	assert_int_equal(get(LOCK), 0);
	set(LOCK, 1);
	assert_int_equal(get(LOCK), 1);
	set(CONTROL, INTEN);
	set(LOAD, 5);
	assert_int_equal(get(CONTROL), 0);
	assert_int_equal(get(LOAD), UINT32_MAX);
	set(LOCK, 0x1acce551);
	assert_int_equal(get(LOCK), 0);
	set(LOAD, 5);
	assert_int_equal(get(LOAD), 5);
}

static void held_its_time_stands_still(void **state)
{
	uint32_t v;

	(void)state;
	set(LOAD, LONG);
	set(CONTROL, INTEN | RESEN);
	watchdog_hold(&dog, true);
	watchdog_hold(&dog, true);
	v = get(VALUE);
	usleep(2000);
	assert_int_equal(get(VALUE), v);
	watchdog_hold(&dog, false);
	usleep(1000);
	assert_true(get(VALUE) < v && get(VALUE) > v / 2);
	watchdog_hold(&dog, true);
	set(LOAD, SOON);
	assert_false(runs_out(20));
	watchdog_hold(&dog, false);
	assert_true(runs_out(5000));
	/* Off it stays off. */
	set(CONTROL, 0);
	watchdog_hold(&dog, true);
	watchdog_hold(&dog, false);
	assert_false(runs_out(20));
}

static void reset_calls_it_off(void **state)
{
	(void)state;
	set(LOAD, SOON);
	set(CONTROL, INTEN | RESEN);
	assert_true(runs_out(5000));
	assert_false(watchdog_expired(&dog));
	set(LOCK, 0);
	device_reset(&dog);
	assert_false(irq());
	assert_false(runs_out(20));
	assert_int_equal(get(CONTROL), 0);
	assert_int_equal(get(LOAD), UINT32_MAX);
	assert_int_equal(get(LOCK), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(off_it_does_nothing),
		T(first_it_interrupts_and_then_it_bites),
		T(who_clears_the_interrupt_is_safe),
		T(without_teeth_it_only_interrupts),
		T(a_load_of_zero_runs_out_at_once),
		T(the_value_falls),
		T(locked_it_hears_nothing),
		T(held_its_time_stands_still),
		T(reset_calls_it_off),
	};

	return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
