/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <unistd.h>

#include "dev/device.h"
#include "dev/uart.h"
#include "fake_kvm.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/err.h"

/* Arm DDI0183G table 3-1. */
enum {
	DR = 0x00,
	RSR = 0x04,
	FR = 0x18,
	ILPR = 0x20,
	IBRD = 0x24,
	FBRD = 0x28,
	LCR_H = 0x2c,
	CR = 0x30,
	IFLS = 0x34,
	IMSC = 0x38,
	RIS = 0x3c,
	MIS = 0x40,
	ICR = 0x44,
	DMACR = 0x48,
};

enum { FEN = 0x10, RXFE = 0x10, RXFF = 0x40, TXFE = 0x80, TXFF = 0x20 };
enum { RX = 0x10, TX = 0x20, RT = 0x40, BE = 0x200 };

enum { SPI = 7 };

static struct bus bus;
static struct device uart;
static int vm_fd;
static char sent[64];
static unsigned nr_sent, nr_room;

static void put(struct console_port *port, uint8_t byte)
{
	(void)port;
	sent[nr_sent++ % sizeof(sent)] = (char)byte;
}

static void room(struct console_port *port)
{
	(void)port;
	nr_room++;
}

static struct console_port port = { .put = put, .room = room };

static int set_up(void **state)
{
	struct device_host host = { .console = &port };

	(void)state;
	fake_kvm_reset();
	host.vm_fd = vm_fd = fake_kvm_fd(FAKE_VM, 0);
	bus_init(&bus);
	nr_sent = nr_room = 0;
	return device_init(&uart, &uart_class, LAYOUT_UART, SPI, &host, &bus);
}

static int tear_down(void **state)
{
	(void)state;
	device_fini(&uart);
	return close(vm_fd);
}

static uint32_t get(unsigned reg)
{
	return (uint32_t)bus_read(&bus, LAYOUT_UART + reg, 4);
}

static void set(unsigned reg, uint32_t v)
{
	bus_write(&bus, LAYOUT_UART + reg, 4, v);
}

/* Up to 64 bytes 1, 2, 3, ... come in; returns how many fit. */
static size_t receive(size_t n)
{
	uint8_t bytes[64];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	return uart_receive(&uart, bytes, n);
}

static void reset_values_are_the_manuals(void **state)
{
	static const uint16_t values[][2] = {
		{ DR, 0 },	{ RSR, 0 },  { FR, RXFE | TXFE }, { ILPR, 0 },
		{ IBRD, 0 },	{ FBRD, 0 }, { LCR_H, 0 },	  { CR, 0x300 },
		{ IFLS, 0x12 }, { IMSC, 0 }, { RIS, 0 },	  { MIS, 0 },
		{ DMACR, 0 },	{ 0x4c, 0 }, { 0xfdc, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_int_equal(get(values[i][0]), values[i][1]);
}

static void identification_is_a_pl011_r1p5(void **state)
{
	static const uint8_t ids[] = { 0x11, 0x10, 0x34, 0x00,
				       0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(get(0xfe0 + 4 * i), ids[i]);
		assert_int_equal(bus_read(&bus, LAYOUT_UART + 0xfe1 + 4 * i, 1),
				 0);
	}
}

static void registers_keep_the_bits_that_exist(void **state)
{
	static const uint16_t masks[][2] = {
		{ ILPR, 0xff },	 { IBRD, 0xffff }, { FBRD, 0x3f },
		{ LCR_H, 0xff }, { CR, 0xff87 },   { IFLS, 0x3f },
		{ IMSC, 0x7ff }, { DMACR, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		set(masks[i][0], UINT32_MAX);
		assert_int_equal(get(masks[i][0]), masks[i][1]);
		set(masks[i][0], 0);
		assert_int_equal(get(masks[i][0]), 0);
	}
}

static void read_only_registers_ignore_writes(void **state)
{
	(void)state;
	set(FR, 0);
	set(RIS, UINT32_MAX);
	set(MIS, UINT32_MAX);
	set(0xfe0, UINT32_MAX);
	assert_int_equal(get(FR), RXFE | TXFE);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(0xfe0), 0x11);
}

static void written_byte_is_sent_at_once(void **state)
{
	(void)state;
	set(DR, 'h');
	bus_write(&bus, LAYOUT_UART, 1, 'i');
	assert_int_equal(nr_sent, 2);
	assert_memory_equal(sent, "hi", 2);
	assert_int_equal(get(FR) & (TXFE | TXFF), TXFE);
}

static void port_that_was_never_enabled_sends_too(void **state)
{
	(void)state;
	set(CR, 0);
	set(DR, 'x');
	assert_int_equal(nr_sent, 1);
}

static void received_bytes_come_in_order_through_the_fifo(void **state)
{
	(void)state;
	set(LCR_H, FEN);
	assert_int_equal(receive(64), 32);
	assert_int_equal(get(FR), RXFF | TXFE);
	assert_int_equal(receive(1), 0);
	for (unsigned i = 1; i <= 32; i++)
		assert_int_equal(get(DR), i);
	assert_int_equal(get(FR), RXFE | TXFE);
	assert_int_equal(get(DR), 0);
}

static void fifo_goes_round_its_end(void **state)
{
	(void)state;
	set(LCR_H, FEN);
	for (unsigned round = 0; round < 10; round++) {
		assert_int_equal(receive(23), 23);
		for (unsigned i = 1; i <= 23; i++)
			assert_int_equal(get(DR), i);
	}
}

static void without_fifo_one_byte_fits(void **state)
{
	(void)state;
	assert_int_equal(receive(2), 1);
	assert_int_equal(get(FR), RXFF | TXFE);
	assert_int_equal(get(RIS), RX | RT);
	assert_int_equal(get(DR), 1);
	assert_int_equal(get(RIS), 0);
}

static void receive_interrupt_comes_at_the_chosen_level(void **state)
{
	static const uint8_t bytes[] = { 4, 8, 16, 24, 28 };

	(void)state;
	set(LCR_H, FEN);
	for (unsigned level = 0; level < 5; level++) {
		set(IFLS, level << 3);
		receive(bytes[level] - 1u);
		assert_int_equal(get(RIS), RT);
		receive(1);
		assert_int_equal(get(RIS), RX | RT);
		get(DR);
		assert_int_equal(get(RIS), RT);
		while (!(get(FR) & RXFE))
			get(DR);
		assert_int_equal(get(RIS), 0);
	}
}

static void receive_interrupts_cannot_be_cleared_while_bytes_wait(void **state)
{
	(void)state;
	set(LCR_H, FEN);
	set(IMSC, RX | RT);
	receive(1);
	set(ICR, 0x7ff);
	assert_int_equal(get(MIS), RT);
	assert_true(fake_kvm.spis[SPI]);
	get(DR);
	assert_int_equal(get(MIS), 0);
	assert_false(fake_kvm.spis[SPI]);
}

static void
transmit_interrupt_is_set_by_sending_and_cleared_by_icr(void **state)
{
	(void)state;
	set(IMSC, TX);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(fake_kvm.nr_spi_calls, 0);
	set(DR, 'x');
	assert_int_equal(get(RIS), TX);
	assert_true(fake_kvm.spis[SPI]);
	set(ICR, RX); /* of another one */
	assert_true(fake_kvm.spis[SPI]);
	set(ICR, TX);
	assert_int_equal(get(RIS), 0);
	assert_false(fake_kvm.spis[SPI]);
}

static void masked_interrupt_is_raw_only_until_unmasked(void **state)
{
	(void)state;
	set(DR, 'x');
	assert_int_equal(get(RIS), TX);
	assert_int_equal(get(MIS), 0);
	assert_false(fake_kvm.spis[SPI]);
	set(IMSC, TX);
	assert_int_equal(get(MIS), TX);
	assert_true(fake_kvm.spis[SPI]);
	set(IMSC, 0);
	assert_false(fake_kvm.spis[SPI]);
}

static void line_costs_a_call_only_where_it_changes(void **state)
{
	(void)state;
	set(IMSC, TX);
	for (unsigned i = 0; i < 20; i++)
		set(DR, 'x');
	assert_int_equal(fake_kvm.nr_spi_calls, 1);
	set(ICR, TX);
	set(ICR, TX);
	assert_int_equal(fake_kvm.nr_spi_calls, 2);
}

static void break_comes_through_the_fifo_with_its_flag(void **state)
{
	(void)state;
	set(LCR_H, FEN);
	receive(1);
	uart_break(&uart);
	assert_int_equal(get(RIS), RT | BE);
	assert_int_equal(get(DR), 1);
	assert_int_equal(get(DR), 0x400);
	assert_int_equal(get(RIS), BE);
	set(ICR, BE);
	assert_int_equal(get(RIS), 0);
}

static void break_that_does_not_fit_is_lost_without_a_trace(void **state)
{
	(void)state;
	receive(1);
	uart_break(&uart);
	assert_int_equal(get(RIS), RX | RT);
	assert_int_equal(get(DR), 1);
	assert_int_equal(get(FR) & RXFE, RXFE);
}

static void room_is_told_when_the_fifo_is_empty(void **state)
{
	(void)state;
	set(LCR_H, FEN);
	nr_room = 0;
	receive(2);
	get(DR);
	assert_int_equal(nr_room, 0);
	get(DR);
	assert_int_equal(nr_room, 1);
	get(DR);
	assert_int_equal(nr_room, 1);
}

static void change_of_depth_keeps_what_fits_and_tells_of_room(void **state)
{
	(void)state;
	set(LCR_H, FEN);
	receive(20);
	nr_room = 0;
	set(LCR_H, 0);
	assert_int_equal(get(FR) & RXFE, 0);
	assert_true(nr_room > 0);
	assert_int_equal(get(DR), 1);
	assert_int_equal(get(FR), RXFE | TXFE);
}

static void what_came_before_the_driver_is_kept(void **state)
{
	(void)state;
	receive(1);
	set(LCR_H, FEN);
	assert_int_equal(get(DR), 1);
}

static void same_depth_again_keeps_what_was_received(void **state)
{
	(void)state;
	set(LCR_H, FEN);
	receive(3);
	set(LCR_H, FEN | 0x60);
	assert_int_equal(get(DR), 1);
	assert_int_equal(get(DR), 2);
	assert_int_equal(get(DR), 3);
}

static void reset_forgets_all_and_lowers_the_line(void **state)
{
	(void)state;
	set(LCR_H, FEN);
	set(IMSC, RT | TX);
	set(IBRD, 5);
	set(DR, 'x');
	receive(5);
	assert_true(fake_kvm.spis[SPI]);
	nr_room = 0;
	device_reset(&uart);
	assert_false(fake_kvm.spis[SPI]);
	reset_values_are_the_manuals(state);
	assert_true(nr_room > 0);
	set(DR, 'y');
	assert_int_equal(nr_sent, 2);
}

static void without_a_port_output_vanishes(void **state)
{
	const struct device_host host = { .vm_fd = vm_fd };

	device_fini(&uart);
	bus_init(&bus);
	assert_int_equal(
		device_init(&uart, &uart_class, LAYOUT_UART, SPI, &host, &bus),
		0);
	set(DR, 'x');
	receive(1);
	get(DR);
	set(LCR_H, FEN);
	device_reset(&uart);
	assert_int_equal(nr_sent + nr_room, 0);
	(void)state;
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(reset_values_are_the_manuals),
		T(identification_is_a_pl011_r1p5),
		T(registers_keep_the_bits_that_exist),
		T(read_only_registers_ignore_writes),
		T(written_byte_is_sent_at_once),
		T(port_that_was_never_enabled_sends_too),
		T(received_bytes_come_in_order_through_the_fifo),
		T(fifo_goes_round_its_end),
		T(without_fifo_one_byte_fits),
		T(receive_interrupt_comes_at_the_chosen_level),
		T(receive_interrupts_cannot_be_cleared_while_bytes_wait),
		T(transmit_interrupt_is_set_by_sending_and_cleared_by_icr),
		T(masked_interrupt_is_raw_only_until_unmasked),
		T(line_costs_a_call_only_where_it_changes),
		T(break_comes_through_the_fifo_with_its_flag),
		T(break_that_does_not_fit_is_lost_without_a_trace),
		T(room_is_told_when_the_fifo_is_empty),
		T(change_of_depth_keeps_what_fits_and_tells_of_room),
		T(what_came_before_the_driver_is_kept),
		T(same_depth_again_keeps_what_was_received),
		T(reset_forgets_all_and_lowers_the_line),
		T(without_a_port_output_vanishes),
	};

	return cmocka_run_group_tests_name("uart", tests, NULL, NULL);
}
