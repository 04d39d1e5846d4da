/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "dev/device.h"
#include "dev/rtc.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/clock.h"
#include "util/err.h"

enum { DR = 0x00, MR = 0x04, LR = 0x08, CR = 0x0c, IMSC = 0x10, RIS = 0x14 };

enum { NOW = 1600000000 };

static struct bus bus;
static struct device rtc;

static int set_up(void **state)
{
	const struct device_host host = { .vm_fd = -1 };

	(void)state;
	clock_set_test(NOW, 0);
	bus_init(&bus);
	return device_init(&rtc, &rtc_class, LAYOUT_RTC, SPI_RTC, &host, &bus);
}

static int tear_down(void **state)
{
	(void)state;
	device_fini(&rtc);
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

static void always_counts_and_never_interrupts(void **state)
{
	(void)state;
	set(CR, 0);
	set(MR, NOW);
	set(IMSC, 1);
	assert_int_equal(get(CR), 1);
	assert_int_equal(get(MR), 0);
	assert_int_equal(get(IMSC), 0);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(DR), NOW);
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
		T(always_counts_and_never_interrupts),
		T(identification_is_a_pl031),
	};

	return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}
