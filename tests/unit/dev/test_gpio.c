/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <libfdt.h>
#include <unistd.h>

#include "dev/device.h"
#include "dev/gpio.h"
#include "fake_kvm.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/fdtw.h"

/* Arm DDI0190B 3.2. */
enum {
	DATA = 0x3fc, /* all lines */
	DIR = 0x400,
	IS = 0x404,
	IBE = 0x408,
	IEV = 0x40c,
	IE = 0x410,
	RIS = 0x414,
	MIS = 0x418,
	IC = 0x41c,
	AFSEL = 0x420,
	ID = 0xfe0,
};

enum { POWER = 1 << 3 }; /* QEMU's */

enum { SPI = 7 };

static struct bus bus;
static struct device gpio;
static int vm_fd;

static int set_up(void **state)
{
	struct device_host host = { 0 };

	(void)state;
	fake_kvm_reset();
	host.vm_fd = vm_fd = fake_kvm_fd(FAKE_VM, 0);
	bus_init(&bus);
	return device_init(&gpio, &gpio_class, LAYOUT_GPIO, SPI, &host, &bus);
}

static int tear_down(void **state)
{
	(void)state;
	device_fini(&gpio);
	return close(vm_fd);
}

/* As Linux does: a register is a byte. */
static uint8_t get(unsigned reg)
{
	return (uint8_t)bus_read(&bus, LAYOUT_GPIO + reg, 1);
}

static void set(unsigned reg, uint8_t v)
{
	bus_write(&bus, LAYOUT_GPIO + reg, 1, v);
}

/* The lines of @mask. */
static unsigned data(uint8_t mask)
{
	return mask * 4u;
}

static bool irq(void)
{
	return fake_kvm.spis[SPI];
}

/* What Linux's drivers do to be told of both edges of the button. */
static void listen(void)
{
	set(DIR, 0);
	set(IEV, 0);
	set(IS, 0);
	set(IBE, POWER);
	set(IE, POWER);
}

static void after_a_reset_all_is_zero(void **state)
{
	static const unsigned regs[] = { DATA, DIR, IS,	 IBE, IEV,
					 IE,   RIS, MIS, IC,  AFSEL };

	(void)state;
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		assert_int_equal(get(regs[i]), 0);
	listen();
	set(AFSEL, 0xff);
	assert_true(gpio_press_power(&gpio));
	set(DIR, ~POWER);
	set(DATA, 0xff);
	set(IS, ~POWER);
	set(IEV, 0xff);
	assert_true(irq());
	device_reset(&gpio);
	assert_false(irq());
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		assert_int_equal(get(regs[i]), 0);
	set(DIR, 0xff);
	assert_int_equal(get(DATA), 0);
}

static void identification_is_a_pl061(void **state)
{
	static const uint8_t ids[] = { 0x61, 0x10, 0x04, 0x00,
				       0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(get(ID + 4 * i), ids[i]);
		set(ID + 4 * i, 0xff);
		assert_int_equal(get(ID + 4 * i), ids[i]);
		assert_int_equal(get(ID + 4 * i + 1), 0);
	}
	assert_int_equal(get(ID - 4), 0);
}

static void registers_keep_a_byte(void **state)
{
	static const unsigned regs[] = { DIR, IS, IBE, IEV, IE, AFSEL };

	(void)state;
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		for (unsigned len = 1; len <= 8; len *= 2) {
			gpa_t reg = LAYOUT_GPIO + regs[i];

			bus_write(&bus, reg, len, UINT64_MAX);
			assert_int_equal(bus_read(&bus, reg, len), 0xff);
			bus_write(&bus, reg, len, 0x100);
			assert_int_equal(bus_read(&bus, reg, len), 0);
		}
	}
}

static void read_only_registers_ignore_writes(void **state)
{
	(void)state;
	set(RIS, 0xff);
	set(MIS, 0xff);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(MIS), 0);
	assert_false(irq());
}

static void
outputs_are_written_and_read_by_the_mask_in_the_address(void **state)
{
	(void)state;
	set(DIR, 0xf0);
	set(data(0x3c), 0xff);
	assert_int_equal(get(DATA), 0x30);
	set(data(0x90), 0x80);
	assert_int_equal(get(DATA), 0xa0);
	assert_int_equal(get(data(0x80)), 0x80);
	assert_int_equal(get(data(0x5f)), 0);
	set(data(0), 0xff);
	assert_int_equal(get(data(0)), 0);
	assert_int_equal(get(DATA), 0xa0);
}

static void line_that_was_no_output_when_written_stays_low(void **state)
{
	(void)state;
	set(DATA, 0xff);
	assert_int_equal(get(DATA), 0);
	set(DIR, 0xff);
	assert_int_equal(get(DATA), 0);
	set(DATA, 0xff);
	set(DIR, 0);
	assert_int_equal(get(DATA), 0);
	set(DIR, 0x0f);
	assert_int_equal(get(DATA), 0x0f);
}

static void press_is_seen_once_then_the_release(void **state)
{
	(void)state;
	listen();
	assert_true(gpio_press_power(&gpio));
	assert_true(irq());
	assert_int_equal(get(RIS), POWER);
	assert_int_equal(get(MIS), POWER);
	set(IC, POWER);
	assert_false(irq());
	assert_int_equal(get(data(POWER)), POWER);
	assert_true(irq());
	set(IC, POWER);
	assert_false(irq());
	assert_int_equal(get(data(POWER)), 0);
	assert_false(irq());
}

static void button_stays_down_until_its_line_is_read(void **state)
{
	(void)state;
	listen();
	gpio_press_power(&gpio);
	set(IC, POWER);
	assert_int_equal(get(data((uint8_t)~POWER)), 0);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(DATA), POWER);
	assert_int_equal(get(RIS), POWER);
}

static void button_on_an_output_is_not_seen(void **state)
{
	(void)state;
	listen();
	gpio_press_power(&gpio);
	set(DIR, POWER);
	assert_int_equal(get(DATA), 0);
	set(DIR, 0);
	assert_int_equal(get(DATA), POWER);
}

static void read_without_a_press_changes_nothing(void **state)
{
	(void)state;
	listen();
	assert_int_equal(get(DATA), 0);
	assert_int_equal(get(RIS), 0);
}

static void press_that_nobody_listens_to_is_not_made(void **state)
{
	(void)state;
	assert_false(gpio_press_power(&gpio));
	listen();
	set(IE, (uint8_t)~POWER);
	assert_false(gpio_press_power(&gpio));
	set(IE, POWER);
	set(DIR, POWER);
	assert_false(gpio_press_power(&gpio));
	set(DIR, 0);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(DATA), 0);
	assert_false(irq());
}

static void only_the_awaited_edge_interrupts(void **state)
{
	(void)state;
	listen();
	set(IBE, 0);
	gpio_press_power(&gpio);
	assert_false(irq());
	get(DATA);
	assert_true(irq());
	set(IC, 0xff);
	set(IEV, POWER);
	gpio_press_power(&gpio);
	assert_true(irq());
	set(IC, 0xff);
	get(DATA);
	assert_false(irq());
}

/* Where nobody reads, the button is let go and pressed anew. */
static void each_press_makes_an_edge(void **state)
{
	(void)state;
	listen();
	set(IBE, 0);
	set(IEV, POWER);
	for (unsigned i = 0; i < 3; i++) {
		gpio_press_power(&gpio);
		assert_true(irq());
		set(IC, POWER);
		assert_false(irq());
	}
	assert_int_equal(get(DATA), POWER);
	assert_int_equal(get(DATA), 0);
}

static void edge_waits_for_its_mask_and_its_clear(void **state)
{
	(void)state;
	listen();
	gpio_press_power(&gpio);
	set(IE, 0);
	assert_false(irq());
	assert_int_equal(get(RIS), POWER);
	assert_int_equal(get(MIS), 0);
	set(IE, POWER);
	assert_true(irq());
	set(IC, (uint8_t)~POWER);
	assert_true(irq());
	set(IC, POWER);
	assert_false(irq());
}

static void level_lasts_as_long_as_the_button_is_down(void **state)
{
	(void)state;
	listen();
	set(IS, POWER);
	set(IEV, POWER);
	gpio_press_power(&gpio);
	set(IC, 0xff);
	assert_true(irq());
	assert_int_equal(get(DATA), POWER);
	assert_false(irq());
	assert_int_equal(get(RIS), 0);
	set(IEV, 0);
	assert_true(irq());
	gpio_press_power(&gpio);
	assert_false(irq());
}

static void levels_are_those_of_inputs(void **state)
{
	(void)state;
	set(IS, 0xff);
	assert_int_equal(get(RIS), 0xff);
	set(DIR, 0x0f);
	assert_int_equal(get(RIS), 0xf0);
	set(IEV, 0x30);
	assert_int_equal(get(RIS), 0xc0);
	set(IE, 0x7f);
	assert_int_equal(get(MIS), 0x40);
	assert_true(irq());
	set(IS, 0);
	assert_int_equal(get(RIS), 0);
	assert_false(irq());
}

static void edge_is_forgotten_where_the_level_counts(void **state)
{
	(void)state;
	listen();
	gpio_press_power(&gpio);
	set(IS, POWER);
	assert_int_equal(get(RIS), 0);
	get(DATA);
	set(IS, 0);
	assert_int_equal(get(RIS), 0);
}

/* Each address in each width, with the button down and all enabled. */
static void odd_accesses_do_nothing(void **state)
{
	(void)state;
	listen();
	set(DIR, (uint8_t)~POWER);
	gpio_press_power(&gpio);
	for (unsigned off = 0; off < LAYOUT_GPIO_SIZE; off++) {
		bool spare = off % 4 != 0 || (off > AFSEL && off < ID);
		unsigned room = LAYOUT_GPIO_SIZE - off;

		for (unsigned n = 1; spare && n <= 8 && n <= room; n *= 2) {
			bus_write(&bus, LAYOUT_GPIO + off, n, UINT64_MAX);
			assert_int_equal(bus_read(&bus, LAYOUT_GPIO + off, n),
					 0);
		}
	}
	assert_int_equal(get(IE), POWER);
	assert_int_equal(get(MIS), POWER);
	assert_int_equal(get(DATA), POWER);
}

static const void *property(const void *fdt, const char *path, const char *name)
{
	int len, node = fdt_path_offset(fdt, path);
	const void *p = fdt_getprop(fdt, node, name, &len);

	assert_non_null(p);
	return p;
}

static void tree_says_which_key_is_on_which_line(void **state)
{
	static const char path[] = "/gpio-keys/power-button";
	static uint8_t fdt[4096];
	const fdt32_t *gpios, *phandle, *code;
	struct fdtw w;
	size_t size;

	(void)state;
	fdtw_begin(&w, fdt, sizeof(fdt));
	gpio_class.fdt(&gpio, &w);
	assert_int_equal(fdtw_finish(&w, &size), 0);
	phandle = property(fdt, "/gpio@9030000", "phandle");
	gpios = property(fdt, path, "gpios");
	code = property(fdt, path, "linux,code");
	assert_int_equal(gpios[0], *phandle);
	assert_int_equal(1 << fdt32_to_cpu(gpios[1]), POWER);
	assert_int_equal(fdt32_to_cpu(gpios[2]), 0);
	assert_int_equal(fdt32_to_cpu(*code), 116);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(after_a_reset_all_is_zero),
		T(identification_is_a_pl061),
		T(registers_keep_a_byte),
		T(read_only_registers_ignore_writes),
		T(outputs_are_written_and_read_by_the_mask_in_the_address),
		T(line_that_was_no_output_when_written_stays_low),
		T(press_is_seen_once_then_the_release),
		T(button_stays_down_until_its_line_is_read),
		T(button_on_an_output_is_not_seen),
		T(read_without_a_press_changes_nothing),
		T(press_that_nobody_listens_to_is_not_made),
		T(only_the_awaited_edge_interrupts),
		T(each_press_makes_an_edge),
		T(edge_waits_for_its_mask_and_its_clear),
		T(level_lasts_as_long_as_the_button_is_down),
		T(levels_are_those_of_inputs),
		T(edge_is_forgotten_where_the_level_counts),
		T(odd_accesses_do_nothing),
		T(tree_says_which_key_is_on_which_line),
	};

	return cmocka_run_group_tests_name("gpio", tests, NULL, NULL);
}
