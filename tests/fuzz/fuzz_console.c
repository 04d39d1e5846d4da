/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_console.c - a hostile guest at virtio's console.
 *
 * The input is a list of what the guest does (register accesses, writes into its
 * memory, chains around wrong values) and of what the host does meanwhile: input
 * comes, room comes, the size changes.
 *
 * Whatever happens: memory next to the guest's stays as it is; no call passes on
 * more than a burst; what the port has no room for is asked for again; and after
 * a reset nothing is held.
 */

#include "guest.h"

#include "virtio/console.h"

enum {
	RAM_SIZE = 0x20000,
	QUEUE = 0x4000, /* of each: descriptors, driver's, device's */
	SIZE = 16,
	BURST = 16384,
};

static size_t room, passed;
static bool wants_more;

static size_t on_write(struct console_port *port, const void *buf, size_t len)
{
	static volatile uint8_t sum;
	const uint8_t *bytes = buf;

	(void)port;
	MUST(len > 0);
	MUST(bytes >= mem.host && bytes + len <= mem.host + RAM_SIZE);
	len = len < room ? len : room;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + bytes[i]);
	room -= len;
	passed += len;
	return len;
}

static void on_room(struct console_port *port)
{
	(void)port;
}

static void on_more(struct console_port *port)
{
	(void)port;
	wants_more = true;
}

static struct console_port port = {
	.write = on_write,
	.room = on_room,
	.more = on_more,
};

/* -- what the guest can do -- */

static void bring_up(struct input *in)
{
	agree_on_features(in);
	memset(mem.host, 0, 2 * QUEUE);
	for (unsigned i = 0; i < 2; i++)
		set_queue(i, SIZE, QUEUE * i, QUEUE * i + 0x1000,
			  QUEUE * i + 0x2000);
	set(VIRTIO_MMIO_STATUS, WORKS);
}

/* A chain of up to four, some of it odd; offered at once. */
static void offer(struct input *in)
{
	unsigned how = (unsigned)next(in, 1), queue = how & 1;
	uint8_t *base = mem.host + QUEUE * queue;
	struct vring_desc *d = (void *)base;
	struct vring_avail *a = (void *)(base + 0x1000);
	unsigned n = (how >> 1 & 3) + 1, first = how >> 4;

	for (unsigned i = 0; i < n; i++) {
		bool last = i + 1 == n;

		d[(first + i) % SIZE] = (struct vring_desc){
			.addr = RAM + next(in, 2),
			.len = (__virtio32)next(in, how & 8 ? 4 : 2),
			.flags = (__virtio16)((queue ? 0 : VRING_DESC_F_WRITE) |
					      (last ? 0 : VRING_DESC_F_NEXT)),
			.next = (__virtio16)((first + i + 1) % SIZE),
		};
	}
	a->ring[a->idx % SIZE] = (__virtio16)first;
	a->idx++;
}

static void notify(struct input *in)
{
	room = next(in, 2);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, next(in, 1) & 1);
}

static void reset_and_look(struct input *in)
{
	reset(in);
	room = passed = BURST;
	virtio_console_go_on(&dev);
	MUST(room == BURST);
}

/* -- and the host -- */

static void room_comes(struct input *in)
{
	room = next(in, 2);
	passed = 0;
	wants_more = false;
	virtio_console_go_on(&dev);
	MUST(passed <= BURST);
	MUST(passed < BURST || wants_more);
}

static void input_comes(struct input *in)
{
	static const uint8_t keys[64] = "keys";
	size_t n = next(in, 1) % sizeof(keys);

	MUST(virtio_console_receive(&dev, keys, n) <= n);
}

static void size_changes(struct input *in)
{
	uint16_t columns = (uint16_t)next(in, 1);

	virtio_console_resize(&dev, columns, 25);
	MUST(bus_read(&bus, BASE + VIRTIO_MMIO_CONFIG, 2) == columns);
}

static void (*const deeds[])(struct input *) = {
	access_anyhow, write_memory,   bring_up,   offer,	offer,
	notify,	       reset_and_look, room_comes, input_comes, size_changes,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct device_host host;
	struct input in = { data, size };

	if (!mem.host)
		host = (struct device_host){ .vm_fd = guest_machine(RAM_SIZE),
					     .mem = &mem,
					     .console = &port };
	memset(mem.host, 0, RAM_SIZE);
	guest_begin(&virtio_console_class, &host);
	while (in.left > 0) {
		passed = 0;
		deeds[next(&in, 1) % ARRAY_SIZE(deeds)](&in);
		MUST(passed <= BURST); /* by the one access that passes on */
	}
	reset_and_look(&in);
	MUST(!fake_kvm.spis[SPI_VIRTIO]);
	device_fini(&dev);
	guest_check_edges();
	return 0;
}
