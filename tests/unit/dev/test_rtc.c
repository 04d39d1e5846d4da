/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "dev/device.h"
#include "dev/rtc.h"
#include "fake_kvm.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/clock.h"
#include "util/err.h"

enum {
	DR = 0x00,
	MR = 0x04,
	LR = 0x08,
	CR = 0x0c,
	IMSC = 0x10,
	RIS = 0x14,
	MIS = 0x18,
	ICR = 0x1c,
};

enum { NOW = 1600000000 };

static struct bus bus;
static struct device rtc;
static int vm_fd;

static int set_up(void **state)
{
	struct device_host host = { 0 };

	(void)state;
	fake_kvm_reset();
	vm_fd = host.vm_fd = fake_kvm_fd(FAKE_VM, 0);
	clock_set_test(NOW, 0);
	bus_init(&bus);
	return device_init(&rtc, &rtc_class, LAYOUT_RTC, SPI_RTC, &host, &bus);
}

static int tear_down(void **state)
{
	(void)state;
	device_fini(&rtc);
	close(vm_fd);
	return 0;
}

static uint32_t get(unsigned reg)
{
	return (uint32_t)bus_read(&bus, LAYOUT_RTC + reg, 4);
}

static void set(unsigned reg, uint32_t v)
{
	bus_write(&bus, LAYOUT_RTC + reg, 4, v);
}

static void shows_the_hosts_time_as_it_goes_on(void **state)
{
	(void)state;
	assert_int_equal(get(DR), NOW);
	clock_set_test(NOW + 5, 0);
	assert_int_equal(get(DR), NOW + 5);
	assert_int_equal(get(LR), NOW + 5);
}

static void guest_sets_it_and_it_goes_on_from_there(void **state)
{
	(void)state;
	set(LR, 1000);
	assert_int_equal(get(DR), 1000);
	clock_set_test(NOW + 7, 0);
	assert_int_equal(get(DR), 1007);
}

static void seconds_wrap_at_32_bits(void **state)
{
	(void)state;
	set(LR, UINT32_MAX);
	clock_set_test(NOW + 1, 0);
	assert_int_equal(get(DR), 0);
	clock_set_test(UINT64_C(0x100000000) + NOW, 0);
	set(LR, 3);
	assert_int_equal(get(DR), 3);
}

static void keeps_its_time_over_a_reset(void **state)
{
	(void)state;
	set(LR, 1000);
	device_reset(&rtc);
	assert_int_equal(get(DR), 1000);
}

static void always_counts(void **state)
{
	(void)state;
	set(CR, 0);
	assert_int_equal(get(CR), 1);
	assert_int_equal(get(DR), NOW);
}

/* -- the alarm -- */

static bool line(void)
{
	return fake_kvm.spis[SPI_RTC];
}

/* For how long the host's timer is set; 0: it is not. */
static uint64_t timer_left(void)
{
	struct itimerspec t;

	assert_int_equal(timerfd_gettime(rtc_alarm_fd(&rtc), &t), 0);
	return (uint64_t)t.it_value.tv_sec;
}

/* Is the host's timer over?  Then main comes. */
static bool served(void)
{
	struct pollfd p = { .fd = rtc_alarm_fd(&rtc), .events = POLLIN };

	if (poll(&p, 1, 2000) != 1)
		return false;
	rtc_alarm(&rtc);
	return true;
}

/*
 * The test's clock is behind the host's, by which timers go: each is over at
 * once, and the moment is the test's to say.
 */
static void rings_at_its_moment_and_not_before(void **state)
{
	(void)state;
	set(IMSC, 1);
	set(MR, NOW + 5);
	assert_int_equal(get(MR), NOW + 5);
	assert_int_equal(get(RIS), 0);
	rtc_alarm(&rtc);
	assert_int_equal(get(RIS), 0);
	set(MR, NOW + 6);
	clock_set_test(NOW + 6, 0);
	assert_false(line());
	assert_true(served());
	assert_int_equal(get(RIS), 1);
	assert_int_equal(get(MIS), 1);
	assert_true(line());
	set(ICR, 1);
	assert_int_equal(get(RIS), 0);
	assert_false(line());
	rtc_alarm(&rtc); /* once */
	assert_false(line());
}

static void rings_at_once_where_it_is_time(void **state)
{
	(void)state;
	set(IMSC, 1);
	set(MR, NOW);
	assert_true(line());
	set(ICR, 0);
	assert_true(line());
}

static void goes_by_the_guests_time(void **state)
{
	(void)state;
	set(LR, 1000);
	set(IMSC, 1);
	set(MR, 1005);
	clock_set_test(NOW + 5, 0);
	assert_true(served());
	assert_true(line());
	/* Which it may set when the alarm is set. */
	set(ICR, 1);
	set(MR, 2000);
	set(LR, 1999);
	assert_false(line());
	clock_set_test(NOW + 6, 0);
	assert_true(served());
	assert_true(line());
}

static void masked_it_rings_for_those_who_look(void **state)
{
	(void)state;
	set(MR, NOW);
	assert_int_equal(get(RIS), 1);
	assert_int_equal(get(MIS), 0);
	assert_false(line());
	set(IMSC, 1);
	assert_true(line());
	set(IMSC, 2);
	assert_false(line());
	assert_int_equal(get(IMSC), 0);
}

static void what_is_past_comes_round_in_an_age(void **state)
{
	(void)state;
	set(IMSC, 1);
	set(MR, NOW - 1);
	assert_false(line());
	assert_true(timer_left() > 1u << 31);
}

static void a_reset_forgets_it(void **state)
{
	(void)state;
	set(IMSC, 1);
	set(MR, NOW);
	assert_true(line());
	device_reset(&rtc);
	assert_false(line());
	assert_int_equal(get(MR), 0);
	assert_int_equal(get(IMSC), 0);
	assert_int_equal(get(RIS), 0);
	set(MR, NOW - 1);
	device_reset(&rtc);
	assert_int_equal(timer_left(), 0);
	clock_set_test(NOW + (UINT64_C(1) << 32), 0);
	rtc_alarm(&rtc);
	assert_int_equal(get(RIS), 0);
}

static void identification_is_a_pl031(void **state)
{
	static const uint8_t ids[] = { 0x31, 0x10, 0x14, 0x00,
				       0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(get(0xfe0 + 4 * i), ids[i]);
	assert_int_equal(bus_read(&bus, LAYOUT_RTC + 0xfe1, 1), 0);
	assert_int_equal(get(0xfdc), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(shows_the_hosts_time_as_it_goes_on),
		T(guest_sets_it_and_it_goes_on_from_there),
		T(seconds_wrap_at_32_bits),
		T(keeps_its_time_over_a_reset),
		T(always_counts),
		T(rings_at_its_moment_and_not_before),
		T(rings_at_once_where_it_is_time),
		T(goes_by_the_guests_time),
		T(masked_it_rings_for_those_who_look),
		T(what_is_past_comes_round_in_an_age),
		T(a_reset_forgets_it),
		T(identification_is_a_pl031),
	};

	return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}
