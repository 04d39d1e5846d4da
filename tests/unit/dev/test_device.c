/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "dev/device.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/err.h"

static struct bus bus;
static struct device device;
static const struct device_host host = { .vm_fd = -1 };
static int create_rc;
static unsigned nr_creates, nr_destroys;
static bool was_locked;

static int create(struct device *d, const struct device_host *h)
{
	assert_ptr_equal(d, &device);
	assert_ptr_equal(h, &host);
	nr_creates++;
	return create_rc < 0 ? err_set(-create_rc, "no luck") : 0;
}

static void destroy(struct device *d)
{
	assert_ptr_equal(d, &device);
	nr_destroys++;
}

static void look_at_lock(struct device *d)
{
	was_locked = atomic_load(&d->lock.state) != 0;
}

static uint64_t read_off(struct device *d, uint64_t off, unsigned len)
{
	(void)len;
	look_at_lock(d);
	return off;
}

static void write_off(struct device *d, uint64_t off, unsigned len, uint64_t v)
{
	(void)off;
	(void)len;
	(void)v;
	look_at_lock(d);
}

static const struct device_class class = {
	.name = "toy",
	.mmio_size = 0x100,
	.create = create,
	.destroy = destroy,
	.reset = look_at_lock,
	.read = read_off,
	.write = write_off,
};

static int set_up(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	bus_init(&bus);
	create_rc = 0;
	nr_creates = nr_destroys = 0;
	was_locked = false;
	return 0;
}

static int init(void)
{
	return device_init(&device, &class, 0x1000, 5, &host, &bus);
}

static void device_answers_in_its_window_under_its_lock(void **state)
{
	(void)state;
	assert_int_equal(init(), 0);
	assert_int_equal(bus_read(&bus, 0x10fc, 4), 0xfc);
	assert_true(was_locked);
	was_locked = false;
	bus_write(&bus, 0x1000, 4, 0);
	assert_true(was_locked);
	was_locked = false;
	device_reset(&device);
	assert_true(was_locked);
	assert_int_equal(bus_read(&bus, 0x1100, 4), 0);
	device_fini(&device);
	assert_int_equal(nr_destroys, 1);
	device_fini(&device);
	assert_int_equal(nr_destroys, 1);
}

static void failed_create_is_undone_and_named(void **state)
{
	(void)state;
	create_rc = -EIO;
	assert_int_equal(init(), -EIO);
	assert_words("toy: no luck: Input/output error");
	assert_int_equal(nr_destroys, 1);
	assert_int_equal(bus.nr_windows, 0);
	device_fini(&device);
	assert_int_equal(nr_destroys, 1);
}

static void taken_window_is_undone_and_named(void **state)
{
	static struct bus_window other = { .base = 0x10ff, .size = 1 };

	(void)state;
	assert_int_equal(bus_add(&bus, &other), 0);
	assert_int_equal(init(), -EEXIST);
	assert_words("toy: bus: window at 0x1000 overlaps the one at 0x10ff");
	assert_int_equal(nr_creates, 1);
	assert_int_equal(nr_destroys, 1);
}

static void zeroed_device_needs_no_end(void **state)
{
	(void)state;
	device_fini(&device);
	assert_int_equal(nr_destroys, 0);
}

/* vm_run() takes the console's UART to be the first. */
static void board_has_its_devices_where_the_map_says(void **state)
{
	(void)state;
	assert_int_equal(device_table_size, 3);
	assert_string_equal(device_table[0].class->name, "uart");
	assert_int_equal(device_table[0].base, LAYOUT_UART);
	assert_int_equal(device_table[0].spi, SPI_UART);
	assert_int_equal(device_table[0].class->mmio_size, LAYOUT_UART_SIZE);
	assert_string_equal(device_table[1].class->name, "rtc");
	assert_int_equal(device_table[1].base, LAYOUT_RTC);
	assert_int_equal(device_table[1].class->mmio_size, LAYOUT_RTC_SIZE);
	assert_string_equal(device_table[2].class->name, "gpio");
	assert_int_equal(device_table[2].base, LAYOUT_GPIO);
	assert_int_equal(device_table[2].spi, SPI_GPIO);
	assert_int_equal(device_table[2].class->mmio_size, LAYOUT_GPIO_SIZE);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(device_answers_in_its_window_under_its_lock),
		T(failed_create_is_undone_and_named),
		T(taken_window_is_undone_and_named),
		T(zeroed_device_needs_no_end),
		T(board_has_its_devices_where_the_map_says),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
