/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <linux/virtio_console.h>

#include "driver.h"
#include "util/log.h"
#include "virtio/console.h"

enum { RX, TX, SIZE = 8, PORT_MAX = 65536 };

#define CONFIG_CHANGED VIRTIO_MMIO_INT_CONFIG

/* The host's side: takes what there is room for. */
static struct {
	struct console_port port;
	uint8_t got[PORT_MAX];
	size_t len, room;
	unsigned nr_room, nr_more;
} side;

static size_t on_write(struct console_port *port, const void *buf, size_t len)
{
	assert_ptr_equal(port, &side.port);
	len = len < side.room ? len : side.room;
	assert_true(side.len + len <= PORT_MAX);
	memcpy(side.got + side.len, buf, len);
	side.len += len;
	side.room -= len;
	return len;
}

static void on_room(struct console_port *port)
{
	(void)port;
	side.nr_room++;
}

static void on_more(struct console_port *port)
{
	(void)port;
	side.nr_more++;
}

static int set_up(void **state)
{
	struct device_host host = { .mem = &ram, .console = &side.port };

	(void)state;
	memset(&side, 0, sizeof(side));
	side.port.write = on_write;
	side.port.room = on_room;
	side.port.more = on_more;
	side.room = PORT_MAX;
	fake_kvm_reset();
	ram_init();
	vm_fd = host.vm_fd = fake_kvm_fd(FAKE_VM, 0);
	bus_init(&bus);
	return device_init(&dev, &virtio_console_class.device, WINDOW, SPI,
			   &host, &bus);
}

static int tear_down(void **state)
{
	(void)state;
	driver_fini();
	return 0;
}

static void up(void)
{
	bring_up_with(1 << VIRTIO_CONSOLE_F_SIZE, 2, SIZE);
}

static void say(unsigned head, const char *text)
{
	memcpy(at(BUFFERS + 0x1000 * head), text, strlen(text));
	desc(TX, head, BUFFERS + 0x1000 * head, (uint32_t)strlen(text), 0, 0);
	offer(TX, SIZE, head);
	notify(TX);
}

static void assert_said(const char *text)
{
	assert_int_equal(side.len, strlen(text));
	assert_memory_equal(side.got, text, side.len);
}

static void guest_finds_a_console_of_one_port(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 3);
	set(VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_not_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	set(VIRTIO_MMIO_QUEUE_SEL, 2);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	assert_true(get(VIRTIO_MMIO_DEVICE_FEATURES) &
		    1 << VIRTIO_CONSOLE_F_SIZE);
	assert_false(get(VIRTIO_MMIO_DEVICE_FEATURES) &
		     1 << VIRTIO_CONSOLE_F_MULTIPORT);
}

static void output_goes_out_in_order(void **state)
{
	(void)state;
	up();
	say(0, "one ");
	say(1, "two");
	assert_said("one two");
	assert_int_equal(used_ring(TX)->idx, 2);
	assert_true(line());
	assert_int_equal(side.nr_more, 0);
}

static void what_has_no_room_waits_and_is_not_lost(void **state)
{
	(void)state;
	up();
	side.room = 5;
	say(0, "0123456789");
	assert_said("01234");
	assert_int_equal(side.nr_more, 1);
	assert_int_equal(used_ring(TX)->idx, 0);
	assert_false(line());
	say(1, "more"); /* keeps its place */
	side.room = 100;
	virtio_console_go_on(&dev);
	assert_said("0123456789more");
	assert_int_equal(used_ring(TX)->idx, 2);
	virtio_console_go_on(&dev);
	assert_said("0123456789more");
}

static void one_call_passes_on_no_more_than_a_burst(void **state)
{
	(void)state;
	up();
	desc(TX, 0, BUFFERS, 40000, 0, 0);
	offer(TX, SIZE, 0);
	notify(TX);
	assert_int_equal(side.len, 16384);
	assert_int_equal(side.nr_more, 1);
	virtio_console_go_on(&dev);
	virtio_console_go_on(&dev);
	assert_int_equal(side.len, 40000);
	assert_int_equal(used_ring(TX)->idx, 1);
}

static void what_waits_ends_with_its_queue(void **state)
{
	(void)state;
	up();
	side.room = 1;
	say(0, "abc");
	set(VIRTIO_MMIO_STATUS, 0);
	side.room = 100;
	virtio_console_go_on(&dev);
	assert_said("a");
	memset(at(DESC(0)), 0, 0x20000);
	up();
	say(0, "xyz");
	assert_said("axyz");
}

static void input_fills_the_buffers_that_there_are(void **state)
{
	(void)state;
	assert_int_equal(
		virtio_console_receive(&dev, (const uint8_t *)"early", 5), 0);
	up();
	assert_int_equal(
		virtio_console_receive(&dev, (const uint8_t *)"early", 5), 0);
	desc(RX, 0, BUFFERS, 4, VRING_DESC_F_WRITE, 0);
	desc(RX, 1, BUFFERS + 0x1000, 64, VRING_DESC_F_WRITE, 0);
	offer(RX, SIZE, 0);
	notify(RX);
	assert_int_equal(side.nr_room, 1);
	assert_int_equal(
		virtio_console_receive(&dev, (const uint8_t *)"abcdef", 6), 4);
	assert_memory_equal(at(BUFFERS), "abcd\0", 5);
	assert_int_equal(used_ring(RX)->ring[0].len, 4);
	assert_true(line());
	offer(RX, SIZE, 1);
	assert_int_equal(virtio_console_receive(&dev, (const uint8_t *)"ef", 2),
			 2);
	assert_memory_equal(at(BUFFERS + 0x1000), "ef\0", 3);
	assert_int_equal(used_ring(RX)->ring[1].len, 2);
}

static void size_is_told_when_it_changes(void **state)
{
	(void)state;
	virtio_console_resize(&dev, 80, 25);
	assert_false(line());
	up();
	assert_int_equal(bus_read(&bus, WINDOW + 0x100, 2), 80);
	assert_int_equal(bus_read(&bus, WINDOW + 0x102, 2), 25);
	assert_int_equal(bus_read(&bus, WINDOW + 0x104, 4), 0);
	/* Linux asks only when it is told: once it speaks it can hear. */
	say(0, "x");
	assert_true(get(VIRTIO_MMIO_INTERRUPT_STATUS) & CONFIG_CHANGED);
	set(VIRTIO_MMIO_INTERRUPT_ACK, 3);
	say(1, "y");
	assert_false(get(VIRTIO_MMIO_INTERRUPT_STATUS) & CONFIG_CHANGED);
	set(VIRTIO_MMIO_INTERRUPT_ACK, 3);
	virtio_console_resize(&dev, 80, 25);
	assert_false(line());
	virtio_console_resize(&dev, 132, 43);
	assert_true(line());
	assert_int_equal(bus_read(&bus, WINDOW + 0x100, 2), 132);
}

static void bad_rings_are_faults(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	up();
	desc(TX, 0, RAM_END, 4, 0, 0);
	offer(TX, SIZE, 0);
	notify(TX);
	assert_true(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
	side.len = 0;
	virtio_console_go_on(&dev);
	assert_int_equal(side.len, 0);
	memset(at(DESC(0)), 0, 0x20000);
	up();
	desc(RX, 0, RAM_END, 4, VRING_DESC_F_WRITE, 0);
	offer(RX, SIZE, 0);
	assert_int_equal(virtio_console_receive(&dev, (const uint8_t *)"a", 1),
			 0);
	assert_true(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guest_finds_a_console_of_one_port),
		T(output_goes_out_in_order),
		T(what_has_no_room_waits_and_is_not_lost),
		T(one_call_passes_on_no_more_than_a_burst),
		T(what_waits_ends_with_its_queue),
		T(input_fills_the_buffers_that_there_are),
		T(size_is_told_when_it_changes),
		T(bad_rings_are_faults),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
