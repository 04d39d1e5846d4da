/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <libfdt.h>
#include <limits.h>

#include "util/fdtw.h"
#include "util/util.h"
#include "virtio/queue.h"

enum {
	SIZE = 4,
	NR_QUEUES = 2,
	OFFERED_LOW = 1 << VIRTIO_RING_F_INDIRECT_DESC | 1 << 5,
	CONFIG = VIRTIO_MMIO_CONFIG,
};

static unsigned notified[NR_QUEUES], nr_inits, nr_finis, nr_stops, nr_resets;
static uint8_t config[10];

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

static int test_init(struct virtio *v, const struct device_host *host)
{
	assert_int_equal(host->vm_fd, vm_fd);
	v->offered |= 1 << 5;
	nr_inits++;
	virtio_notify_by(v, 1, 1000);
	return 0;
}

static void test_fini(struct virtio *v)
{
	(void)v;
	nr_finis++;
}

static void test_reset(struct virtio *v)
{
	(void)v;
	assert_int_equal(nr_stops, ++nr_resets);
}

static void test_stop(struct virtio *v)
{
	(void)v;
	nr_stops++;
}

static void get_config(struct virtio *v, void *ret)
{
	(void)v;
	memcpy(ret, config, sizeof(config));
}

static void set_config(struct virtio *v, uint64_t off, unsigned len,
		       uint64_t val)
{
	(void)v;
	memcpy(config + off, &val, len);
}

static const struct virtio_class test_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-test"),
	.id = 77,
	.nr_queues = NR_QUEUES,
	.config_size = sizeof(config),
	.init = test_init,
	.fini = test_fini,
	.reset = test_reset,
	.get_config = get_config,
	.set_config = set_config,
	.notify = give_all_back,
	.stop = test_stop,
};

static int set_up(void **state)
{
	(void)state;
	memset(notified, 0, sizeof(notified));
	memset(config, 0, sizeof(config));
	nr_inits = nr_finis = nr_stops = nr_resets = 0;
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
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), OFFERED_LOW);
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
		VIRTIO_MMIO_MAGIC_VALUE,     VIRTIO_MMIO_VERSION,
		VIRTIO_MMIO_DEVICE_ID,	     VIRTIO_MMIO_VENDOR_ID,
		VIRTIO_MMIO_DEVICE_FEATURES, VIRTIO_MMIO_QUEUE_NUM_MAX,
		VIRTIO_MMIO_SHM_LEN_LOW,     VIRTIO_MMIO_SHM_LEN_HIGH,
		VIRTIO_MMIO_SHM_BASE_LOW,    VIRTIO_MMIO_SHM_BASE_HIGH,
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
	for (uint16_t off = CONFIG + sizeof(config); off < LAYOUT_VIRTIO_EACH;
	     off += 4)
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

static void the_class_and_the_transport_offer_features(void **state)
{
	static const uint32_t sel[] = { 2, 3, 32, UINT32_MAX };

	(void)state;
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), OFFERED_LOW);
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), 1);
	for (unsigned i = 0; i < ARRAY_SIZE(sel); i++) {
		set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, sel[i]);
		assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
	}
}

static void features_are_refused_unless_offered_and_of_version_1(void **state)
{
	const uint64_t good = UINT64_C(1) << 32, offered = good | OFFERED_LOW;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		if (offered >> i & 1)
			continue;
		take_features(good | UINT64_C(1) << i);
		set(VIRTIO_MMIO_STATUS, FEATURES_OK);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	}
	take_features(OFFERED_LOW);
	set(VIRTIO_MMIO_STATUS, FEATURES_OK);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	take_features(offered);
	set(VIRTIO_MMIO_STATUS, FEATURES_OK);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), FEATURES_OK);
}

static void configuration_is_read_in_any_width_and_not_beyond(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(config); i++)
		config[i] = (uint8_t)(i + 1);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG, 1), 1);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 9, 1), 10);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 8, 2), 0x0a09);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 4, 4), 0x08070605);
	assert_true(bus_read(&bus, WINDOW + CONFIG, 8) ==
		    UINT64_C(0x0807060504030201));
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 9, 2), 0);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 8, 4), 0);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 10, 1), 0);
	assert_int_equal(get(LAYOUT_VIRTIO_EACH - 4), 0);
}

static void what_the_driver_configures_has_a_new_generation(void **state)
{
	uint32_t first = get(VIRTIO_MMIO_CONFIG_GENERATION);

	(void)state;
	bus_write(&bus, WINDOW + CONFIG + 9, 1, 0x77);
	assert_int_equal(config[9], 0x77);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG_GENERATION), first + 1);
	bus_write(&bus, WINDOW + CONFIG + 9, 2, 0x5555);
	bus_write(&bus, WINDOW + CONFIG + 10, 1, 0x55);
	assert_int_equal(config[9], 0x77);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG_GENERATION), first + 1);
}

static void kvm_is_asked_to_pass_notifications_on(void **state)
{
	(void)state;
	assert_int_equal(nr_inits, 1);
	assert_int_equal(fake_kvm.nr_eventfds, 1);
	assert_true(fake_kvm.eventfds[0].gpa ==
		    WINDOW + VIRTIO_MMIO_QUEUE_NOTIFY);
	assert_int_equal(fake_kvm.eventfds[0].len, 4);
	assert_int_equal(fake_kvm.eventfds[0].match, 1);
	assert_int_equal(fake_kvm.eventfds[0].fd, 1000);
}

static void the_class_stops_its_work_before_a_queue_or_all_end(void **state)
{
	(void)state;
	bring_up(NR_QUEUES, SIZE);
	assert_int_equal(nr_stops, 1);
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(nr_stops, 2);
	nr_resets = 2;
	set(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(nr_stops, 3);
	device_reset(&dev);
	assert_int_equal(nr_stops, 4);
	assert_int_equal(nr_resets, 4);
	assert_int_equal(nr_finis, 0);
	device_fini(&dev);
	assert_int_equal(nr_finis, 1);
}

static void buffers_may_be_told_of_in_a_table_of_their_own(void **state)
{
	struct vring_desc *d = at(BUFFERS + 8); /* at no special place */

	(void)state;
	memcpy(d, &(struct vring_desc){ .addr = BUFFERS + 0x100, .len = 64 },
	       sizeof(*d));
	desc(0, 0, BUFFERS + 8, 16, VRING_DESC_F_INDIRECT, 0);
	bring_up_with(1 << VIRTIO_RING_F_INDIRECT_DESC, NR_QUEUES, SIZE);
	offer(0, SIZE, 0);
	notify(0);
	assert_int_equal(used_ring(0)->idx, 1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);

	avail_ring(0)->idx = 0;
	bring_up(NR_QUEUES, SIZE);
	offer(0, SIZE, 0);
	notify(0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | NEEDS_RESET);
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
		T(the_class_and_the_transport_offer_features),
		T(features_are_refused_unless_offered_and_of_version_1),
		T(configuration_is_read_in_any_width_and_not_beyond),
		T(what_the_driver_configures_has_a_new_generation),
		T(kvm_is_asked_to_pass_notifications_on),
		T(the_class_stops_its_work_before_a_queue_or_all_end),
		T(buffers_may_be_told_of_in_a_table_of_their_own),
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
