/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <libfdt.h>
#include <limits.h>

#include "util/fdtw.h"
#include "util/util.h"
#include "virtio/queue.h"

enum { SIZE = 4, NR_QUEUES = 2 };

static unsigned notified[NR_QUEUES];

/* A device that gives everything back, untouched. */
static void give_all_back(struct virtio *v, unsigned queue)
{
	unsigned n = virtio_waiting(v, queue);
	struct queue_chain c;

	notified[queue]++;
	for (; n > 0 && virtio_take(v, queue, &c); n--) {
		virtio_give(v, queue, &c, 0);
		virtio_tell(v, queue);
	}
}

static const struct virtio_class test_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-test"),
	.id = 77,
	.nr_queues = NR_QUEUES,
	.notify = give_all_back,
};

static int set_up(void **state)
{
	(void)state;
	memset(notified, 0, sizeof(notified));
	driver_init(&test_class);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	driver_fini();
	return 0;
}

/* One buffer into @queue, and tell the device. */
static void send(unsigned queue)
{
	desc(queue, 0, BUFFERS, 64, 0, 0);
	offer(queue, SIZE, 0);
	notify(queue);
}

/* A chain that leads nowhere. */
static void send_fault(unsigned queue)
{
	desc(queue, 0, 0, 64, 0, 0);
	offer(queue, SIZE, 0);
	notify(queue);
}

/* Nothing of what a driver did is left. */
static void assert_fresh(void)
{
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
	assert_false(line());
	for (unsigned i = 0; i < NR_QUEUES; i++) {
		set(VIRTIO_MMIO_QUEUE_SEL, i);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	}
	/* Features are not remembered either: */
	set(VIRTIO_MMIO_STATUS, FEATURES_OK);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
}

static void driver_finds_a_device_of_version_2(void **state)
{
	(void)state;
	assert_int_equal(get(0x000), 0x74726976);
	assert_int_equal(get(0x004), 2);
	assert_int_equal(get(0x008), 77);
	assert_int_equal(get(0x00c), 0x4d545650);
}

static void registers_are_words(void **state)
{
	static const unsigned lens[] = { 1, 2, 8 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(lens); i++) {
		assert_int_equal(bus_read(&bus, WINDOW, lens[i]), 0);
		bus_write(&bus, WINDOW + VIRTIO_MMIO_STATUS, lens[i], 1);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	}
	assert_int_equal(bus_read(&bus, WINDOW + 2, 4), 0);
	bus_write(&bus, WINDOW + VIRTIO_MMIO_STATUS + 2, 4, 1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
}

static void what_is_no_register_reads_as_zero(void **state)
{
	static const uint16_t full[] = {
		VIRTIO_MMIO_MAGIC_VALUE,   VIRTIO_MMIO_VERSION,
		VIRTIO_MMIO_DEVICE_ID,	   VIRTIO_MMIO_VENDOR_ID,
		VIRTIO_MMIO_QUEUE_NUM_MAX, VIRTIO_MMIO_SHM_LEN_LOW,
		VIRTIO_MMIO_SHM_LEN_HIGH,  VIRTIO_MMIO_SHM_BASE_LOW,
		VIRTIO_MMIO_SHM_BASE_HIGH,
	};
	unsigned n = 0;

	(void)state;
	for (uint16_t off = 0; off < LAYOUT_VIRTIO_EACH; off += 4) {
		if (n < ARRAY_SIZE(full) && off == full[n])
			n++;
		else
			assert_int_equal(get(off), 0);
	}
	assert_int_equal(n, ARRAY_SIZE(full));
	for (uint16_t off = 0x100; off < LAYOUT_VIRTIO_EACH; off += 4)
		set(off, UINT32_MAX);
	assert_fresh();
}

static void
a_shared_memory_region_that_is_not_there_has_length_minus_1(void **state)
{
	(void)state;
	set(VIRTIO_MMIO_SHM_SEL, 0);
	assert_int_equal(get(VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_SHM_BASE_LOW), UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_SHM_BASE_HIGH), UINT32_MAX);
}

static void version_1_is_all_that_is_offered(void **state)
{
	static const uint32_t sel[] = { 0, 1, 2, 3, 32, UINT32_MAX };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sel); i++) {
		set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, sel[i]);
		assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), sel[i] == 1);
	}
}

static void features_are_refused_unless_offered_and_of_version_1(void **state)
{
	const uint64_t good = UINT64_C(1) << 32;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		if (i == 32)
			continue;
		take_features(good | UINT64_C(1) << i);
		set(VIRTIO_MMIO_STATUS, FEATURES_OK);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	}
	take_features(0);
	set(VIRTIO_MMIO_STATUS, FEATURES_OK);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	take_features(good);
	set(VIRTIO_MMIO_STATUS, FEATURES_OK);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), FEATURES_OK);
}

static void features_of_words_that_are_not_there_are_not_others(void **state)
{
	(void)state;
	take_features(UINT64_C(1) << 32);
	for (uint32_t sel = 2; sel < 6; sel++) {
		set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, sel);
		set(VIRTIO_MMIO_DRIVER_FEATURES, 0);
	}
	set(VIRTIO_MMIO_STATUS, FEATURES_OK);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), FEATURES_OK);
}

static void device_works_only_with_features_settled(void **state)
{
	(void)state;
	set(VIRTIO_MMIO_STATUS, ACKNOWLEDGE | DRIVER_BIT | DRIVER_OK);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), ACKNOWLEDGE | DRIVER_BIT);
}

static void status_bits_go_only_all_together(void **state)
{
	(void)state;
	bring_up(0, SIZE);
	set(VIRTIO_MMIO_STATUS, FAILED);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | FAILED);
	set(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
}

static void only_the_device_can_say_that_it_needs_a_reset(void **state)
{
	(void)state;
	set(VIRTIO_MMIO_STATUS, ~UINT32_C(0));
	assert_int_equal(get(VIRTIO_MMIO_STATUS),
			 ACKNOWLEDGE | DRIVER_BIT | FAILED);
}

static void queues_that_are_not_there_have_no_entries(void **state)
{
	static const uint32_t sel[] = { NR_QUEUES, 100, UINT32_MAX };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sel); i++) {
		set_queue(0, SIZE);
		set(VIRTIO_MMIO_QUEUE_SEL, sel[i]);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
		set(VIRTIO_MMIO_QUEUE_READY, 1);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	}
	for (unsigned i = 0; i < NR_QUEUES; i++) {
		set(VIRTIO_MMIO_QUEUE_SEL, i);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX),
				 QUEUE_SIZE_MAX);
	}
}

static void each_queue_has_its_own_ring(void **state)
{
	(void)state;
	bring_up(NR_QUEUES, SIZE);
	send(1);
	assert_int_equal(used_ring(0)->idx, 0);
	assert_int_equal(used_ring(1)->idx, 1);
	assert_int_equal(notified[0], 0);
	assert_int_equal(notified[1], 1);
	send(0);
	assert_int_equal(used_ring(0)->idx, 1);
	assert_int_equal(used_ring(1)->idx, 1);
}

static void what_was_written_last_before_ready_counts(void **state)
{
	(void)state;
	bring_up(0, SIZE);
	set(VIRTIO_MMIO_QUEUE_SEL, 0);
	set(VIRTIO_MMIO_QUEUE_NUM, UINT32_MAX);
	set_pair(VIRTIO_MMIO_QUEUE_DESC_LOW, UINT64_MAX);
	set_pair(VIRTIO_MMIO_QUEUE_AVAIL_LOW, UINT64_MAX);
	set_pair(VIRTIO_MMIO_QUEUE_USED_LOW, UINT64_MAX);
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	set_queue(0, SIZE);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);
	send(0);
	assert_int_equal(used_ring(0)->idx, 1);
}

/* One half wrong, written first: the others do not mend it. */
static void each_half_of_each_address_counts(void **state)
{
	const struct {
		uint64_t off;
		uint32_t v;
	} halves[] = {
		{ VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)DESC(0) },
		{ VIRTIO_MMIO_QUEUE_DESC_HIGH, 0 },
		{ VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)DRIVER(0) },
		{ VIRTIO_MMIO_QUEUE_AVAIL_HIGH, 0 },
		{ VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)DEVICE(0) },
		{ VIRTIO_MMIO_QUEUE_USED_HIGH, 0 },
	};

	(void)state;
	for (unsigned bad = 0; bad < ARRAY_SIZE(halves); bad++) {
		set(VIRTIO_MMIO_STATUS, 0);
		set(VIRTIO_MMIO_QUEUE_NUM, SIZE);
		set(halves[bad].off, halves[bad].v + 1);
		for (unsigned i = 0; i < ARRAY_SIZE(halves); i++)
			if (i != bad)
				set(halves[i].off, halves[i].v);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
		set(VIRTIO_MMIO_QUEUE_READY, 1);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), NEEDS_RESET);
	}
}

static void a_ready_queue_stays_as_it_is(void **state)
{
	(void)state;
	bring_up(NR_QUEUES, SIZE);
	send(1);
	set(VIRTIO_MMIO_QUEUE_NUM, 1);
	set_pair(VIRTIO_MMIO_QUEUE_DESC_LOW, 0);
	set_pair(VIRTIO_MMIO_QUEUE_AVAIL_LOW, 0);
	set_pair(VIRTIO_MMIO_QUEUE_USED_LOW, 0);
	set(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 1);
	send(1);
	assert_int_equal(used_ring(1)->idx, 2);
	/* Nor was anything kept for later. */
	avail_ring(1)->idx = 0;
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	set(VIRTIO_MMIO_QUEUE_READY, 1);
	send(1);
	assert_int_equal(used_ring(1)->idx, 1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);
}

static void a_stopped_queue_is_left_alone(void **state)
{
	(void)state;
	bring_up(NR_QUEUES, SIZE);
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	send(1);
	assert_int_equal(notified[1], 0);
	assert_int_equal(used_ring(1)->idx, 0);
}

static void an_impossible_queue_spoils_the_device(void **state)
{
	(void)state;
	bring_up(1, SIZE);
	set_queue(1, 3);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | NEEDS_RESET);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS),
			 VIRTIO_MMIO_INT_CONFIG);
}

static void nobody_hears_of_a_fault_before_the_driver_is_there(void **state)
{
	(void)state;
	set_queue(0, 3);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), NEEDS_RESET);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_false(line());
}

static void notifications_before_all_is_set_up_do_nothing(void **state)
{
	(void)state;
	take_features(UINT64_C(1) << 32);
	set(VIRTIO_MMIO_STATUS, ACKNOWLEDGE | DRIVER_BIT | FEATURES_OK);
	set_queue(0, SIZE);
	send(0);
	assert_int_equal(notified[0], 0);
	set(VIRTIO_MMIO_STATUS, WORKS);
	notify(1);
	assert_int_equal(notified[1], 0);
	notify(NR_QUEUES);
	notify(UINT32_MAX);
	notify(0);
	assert_int_equal(notified[0], 1);
	assert_int_equal(used_ring(0)->idx, 1);
}

static void used_buffers_raise_the_line_until_acknowledged(void **state)
{
	(void)state;
	bring_up(NR_QUEUES, SIZE);
	assert_false(line());
	send(0);
	assert_true(line());
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS),
			 VIRTIO_MMIO_INT_VRING);
	set(VIRTIO_MMIO_INTERRUPT_ACK, (uint32_t)~VIRTIO_MMIO_INT_VRING);
	assert_true(line());
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	assert_false(line());
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	send(0);
	assert_true(line());
}

static void a_driver_that_wants_no_interrupts_gets_none(void **state)
{
	(void)state;
	bring_up(NR_QUEUES, SIZE);
	avail_ring(0)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	send(0);
	assert_int_equal(used_ring(0)->idx, 1);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_false(line());
}

static void a_fault_stops_the_device_until_its_reset(void **state)
{
	(void)state;
	bring_up(NR_QUEUES, SIZE);
	send_fault(0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | NEEDS_RESET);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS),
			 VIRTIO_MMIO_INT_CONFIG);
	assert_true(line());
	assert_int_equal(notified[0], 1);
	send(0);
	send(1);
	set(VIRTIO_MMIO_STATUS, WORKS);
	send(1);
	assert_int_equal(notified[0], 1);
	assert_int_equal(notified[1], 0);
	assert_int_equal(used_ring(0)->idx, 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | NEEDS_RESET);

	avail_ring(0)->idx = 0;
	bring_up(NR_QUEUES, SIZE);
	assert_false(line());
	send(0);
	assert_int_equal(used_ring(0)->idx, 1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);
}

static void a_ring_index_gone_wild_stops_the_device(void **state)
{
	(void)state;
	bring_up(NR_QUEUES, SIZE);
	avail_ring(1)->idx = 0x8000;
	notify(1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | NEEDS_RESET);
	assert_int_equal(used_ring(1)->idx, 0);
}

/* All that is written to standard error by @fn, in @buf. */
static void catch_stderr(void (*fn)(void), char *buf, size_t size)
{
	int old = dup(STDERR_FILENO), fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	fn();
	dup2(old, STDERR_FILENO);
	close(old);
	n = read(fds[0], buf, size - 1);
	close(fds[0]);
	assert_in_range(n, 0, (long)size - 1);
	buf[n] = '\0';
}

static void many_faults(void)
{
	for (unsigned i = 0; i < 100; i++) {
		avail_ring(0)->idx = 0;
		bring_up(1, SIZE);
		send_fault(0);
	}
}

static void the_first_fault_is_logged_and_no_other(void **state)
{
	char words[4096];

	(void)state;
	catch_stderr(many_faults, words, sizeof(words));
	assert_string_equal(
		words,
		"pvtime-vmm: warning: virtio-test@a000600: queue 0: buffer not "
		"in memory; it does nothing until its driver resets it; "
		"further faults are not logged\n");
}

static void use_everything(void)
{
	bring_up(NR_QUEUES, SIZE);
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	send(0);
	send_fault(1);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS),
			 VIRTIO_MMIO_INT_VRING | VIRTIO_MMIO_INT_CONFIG);
}

static void writing_zero_to_status_resets_all(void **state)
{
	(void)state;
	use_everything();
	set(VIRTIO_MMIO_STATUS, 0);
	assert_fresh();
}

static void reset_of_the_machine_resets_all(void **state)
{
	(void)state;
	use_everything();
	device_reset(&dev);
	assert_fresh();
}

static void tree_node_tells_window_and_interrupt(void **state)
{
	static const uint8_t irq[] = { 0, 0, 0, 0, 0, 0, 0, SPI, 0, 0, 0, 4 };
	static const uint8_t reg[] = { 0, 0, 0, 0, 0x0a, 0, 6, 0,
				       0, 0, 0, 0, 0,	 0, 2, 0 };
	char buf[1024];
	struct fdtw w;
	size_t size;
	int node, len;

	(void)state;
	fdtw_begin(&w, buf, sizeof(buf));
	dev.class->fdt(&dev, &w);
	assert_int_equal(fdtw_finish(&w, &size), 0);
	node = fdt_path_offset(buf, "/virtio@a000600");
	assert_true(node >= 0);
	assert_string_equal(fdt_getprop(buf, node, "compatible", NULL),
			    "virtio,mmio");
	assert_non_null(fdt_getprop(buf, node, "dma-coherent", NULL));
	assert_memory_equal(fdt_getprop(buf, node, "interrupts", &len), irq,
			    sizeof(irq));
	assert_int_equal(len, sizeof(irq));
	assert_memory_equal(fdt_getprop(buf, node, "reg", &len), reg,
			    sizeof(reg));
	assert_int_equal(len, sizeof(reg));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(driver_finds_a_device_of_version_2),
		T(registers_are_words),
		T(what_is_no_register_reads_as_zero),
		T(a_shared_memory_region_that_is_not_there_has_length_minus_1),
		T(version_1_is_all_that_is_offered),
		T(features_are_refused_unless_offered_and_of_version_1),
		T(features_of_words_that_are_not_there_are_not_others),
		T(device_works_only_with_features_settled),
		T(status_bits_go_only_all_together),
		T(only_the_device_can_say_that_it_needs_a_reset),
		T(queues_that_are_not_there_have_no_entries),
		T(each_queue_has_its_own_ring),
		T(what_was_written_last_before_ready_counts),
		T(each_half_of_each_address_counts),
		T(a_ready_queue_stays_as_it_is),
		T(a_stopped_queue_is_left_alone),
		T(an_impossible_queue_spoils_the_device),
		T(nobody_hears_of_a_fault_before_the_driver_is_there),
		T(notifications_before_all_is_set_up_do_nothing),
		T(used_buffers_raise_the_line_until_acknowledged),
		T(a_driver_that_wants_no_interrupts_gets_none),
		T(a_fault_stops_the_device_until_its_reset),
		T(a_ring_index_gone_wild_stops_the_device),
		T(the_first_fault_is_logged_and_no_other),
		T(writing_zero_to_status_resets_all),
		T(reset_of_the_machine_resets_all),
		T(tree_node_tells_window_and_interrupt),
	};

	return cmocka_run_group_tests_name("mmio", tests, NULL, NULL);
}
