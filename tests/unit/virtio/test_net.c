/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "util/err.h"
#include "util/log.h"
#include "util/net.h"
#include "util/util.h"
#include "virtio/net.h"

enum {
	RX,
	TX,
	SIZE = 64,
	NEXT = VRING_DESC_F_NEXT,
	WRITE = VRING_DESC_F_WRITE,
	HEADER = 12,
	MERGE = 1 << VIRTIO_NET_F_MRG_RXBUF,
	PENDING = 0xaa,
	CONFIG = VIRTIO_MMIO_CONFIG,
};

#define ROOM(i)	 (BUFFERS + 0x800 * (uint64_t)(i))
#define FRAME(i) (BUFFERS + 0x100000 + 0x20000 * (uint64_t)(i))

static struct net_config config = { .mac = { 2, 1, 2, 3, 4, 5 } };
static struct left before;

/* -- the other side: instead of passt and tap devices, datagrams -- */

static int outside; /* our end */
static atomic_uint offloads;
static atomic_bool stuck; /* it takes nothing */
static atomic_int refusals;
static atomic_uint looks; /* for frames */
static int open_errno;
static struct virtio_net_hdr_v1 next_header;

static int fake_open(struct net_link *l, const struct net_config *c)
{
	int ends[2];

	(void)c;
	if (open_errno)
		return err_set(open_errno, "no network");
	l->in = malloc(NET_FRAME_MAX);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	l->fd = ends[0];
	outside = ends[1];
	return 0;
}

static int fake_send(struct net_link *l, struct iovec *iov, unsigned n,
		     size_t size)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };

	if (atomic_load(&stuck)) {
		atomic_fetch_add(&refusals, 1);
		usleep(1000);
		return -EAGAIN;
	}
	(void)size;
	return sendmsg(l->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno
								     : 0;
}

static int fake_receive(struct net_link *l, struct net_frame *ret)
{
	ssize_t n;

	atomic_fetch_add(&looks, 1);
	n = recv(l->fd, l->in, NET_FRAME_MAX, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	ret->header = next_header;
	ret->data = l->in;
	ret->size = (size_t)n;
	return 1;
}

static void fake_offload(struct net_link *l, unsigned flags)
{
	(void)l;
	atomic_store(&offloads, flags);
}

/* In place of those of util/: they are in files of their own. */
const struct net_kind net_user = {
	.open = fake_open,
	.send = fake_send,
	.receive = fake_receive,
};

const struct net_kind net_tap = {
	.open = fake_open,
	.send = fake_send,
	.receive = fake_receive,
	.offload = fake_offload,
};

/* -- set up -- */

static void make_card(enum net_mode mode)
{
	config.mode = mode;
	driver_init_for(&virtio_net_class, &config);
}

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	log_set_level(LOG_ERROR);
	stuck = false;
	refusals = 0;
	open_errno = 0;
	next_header = (struct virtio_net_hdr_v1){ 0 };
	before = left_now();
	make_card(NET_USER);
	bring_up_with(MERGE, 2, SIZE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stuck = false;
	driver_fini();
	if (outside >= 0)
		close(outside);
	assert_nothing_left(before);
	return 0;
}

static void again(enum net_mode mode)
{
	driver_fini();
	close(outside);
	make_card(mode);
}

/* Rings as they are after a reset by a driver that begins anew. */
static void bring_up_again(uint64_t features)
{
	for (unsigned i = 0; i < 2; i++) {
		memset(avail_ring(i), 0, 0x1000);
		memset(used_ring(i), 0, 0x1000);
	}
	bring_up_with(features, 2, SIZE);
}

/* -- the driver's side -- */

static uint16_t used_index(unsigned queue)
{
	return __atomic_load_n(&used_ring(queue)->idx, __ATOMIC_ACQUIRE);
}

static void await_used(unsigned queue, uint16_t n)
{
	for (int i = 0; i < 20000 && used_index(queue) != n; i++)
		usleep(250);
	assert_int_equal(used_index(queue), n);
}

static void await_status(uint32_t status)
{
	for (int i = 0; i < 20000 && get(VIRTIO_MMIO_STATUS) != status; i++)
		usleep(250);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), status);
}

/* Room for @size bytes as chain @i. */
static void give_room(unsigned i, uint32_t size)
{
	memset(at(ROOM(i)), PENDING, size);
	desc(RX, i, ROOM(i), size, WRITE, 0);
	offer(RX, SIZE, i);
}

static uint32_t used_len(unsigned queue, unsigned n)
{
	return used_ring(queue)->ring[n % SIZE].len;
}

/* Byte @n of the frame that is made of @seed. */
static uint8_t byte_of(unsigned seed, size_t n)
{
	return (uint8_t)(seed * 31 + n * 7 + n / 256);
}

static void make_frame(uint8_t *at, unsigned seed, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = byte_of(seed, i);
}

/* A frame from outside. */
static void come(unsigned seed, size_t size)
{
	static uint8_t frame[NET_FRAME_MAX];

	make_frame(frame, seed, size);
	assert_int_equal(send(outside, frame, size, MSG_NOSIGNAL), size);
}

/* The same, and it has been dealt with: there was a look for another one. */
static void come_and_go(unsigned seed, size_t size)
{
	unsigned then;

	usleep(1000); /* so that it is asleep, most often */
	then = atomic_load(&looks);
	come(seed, size);
	for (int i = 0; i < 20000 && atomic_load(&looks) < then + 2; i++)
		usleep(250);
	usleep(1000);
}

/* What arrives outside is a header of zeroes and that frame. */
static void assert_went(unsigned seed, size_t size)
{
	static uint8_t frame[HEADER + NET_FRAME_MAX];
	static uint8_t want[NET_FRAME_MAX];

	assert_int_equal(recv(outside, frame, sizeof(frame), 0), HEADER + size);
	make_frame(want, seed, size);
	assert_memory_equal(frame + HEADER, want, size);
}

/* The driver sends a frame of @size bytes as chain @i, at once. */
static void go(unsigned i, unsigned seed, size_t size)
{
	memset(at(FRAME(i)), 0, HEADER);
	make_frame(at(FRAME(i) + HEADER), seed, size);
	desc(TX, i, FRAME(i), (uint32_t)(HEADER + size), 0, 0);
	offer(TX, SIZE, i);
}

/* -- tests -- */

static void guest_finds_a_card_with_its_address(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 1);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(bus_read(&bus, WINDOW + CONFIG + i, 1),
				 config.mac[i]);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 6, 2),
			 VIRTIO_NET_S_LINK_UP);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 8, 2), 0);
	set(VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 256);
	set(VIRTIO_MMIO_QUEUE_SEL, 2);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
}

static void features_are_those_of_the_other_side(void **state)
{
	const uint32_t always = 1u << VIRTIO_NET_F_MAC |
				1u << VIRTIO_NET_F_STATUS | MERGE | 1u << 28;

	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), always);
	again(NET_TAP);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES),
			 always | 1u << VIRTIO_NET_F_CSUM |
				 1u << VIRTIO_NET_F_GUEST_CSUM |
				 1u << VIRTIO_NET_F_GUEST_TSO4 |
				 1u << VIRTIO_NET_F_GUEST_TSO6 |
				 1u << VIRTIO_NET_F_GUEST_ECN |
				 1u << VIRTIO_NET_F_HOST_TSO4 |
				 1u << VIRTIO_NET_F_HOST_TSO6 |
				 1u << VIRTIO_NET_F_HOST_ECN);
}

static void what_the_guest_sends_goes_out(void **state)
{
	(void)state;
	go(0, 5, 60);
	notify(TX);
	assert_went(5, 60);
	await_used(TX, 1);
	assert_int_equal(used_len(TX, 0), 0);
	await_line();
}

static void a_frame_may_be_cut_up_anyhow(void **state)
{
	(void)state;
	memset(at(FRAME(0)), 0, HEADER);
	make_frame(at(FRAME(0) + HEADER), 9, 2000);
	desc(TX, 0, FRAME(0), 5, NEXT, 1);
	desc(TX, 1, FRAME(0) + 5, 0, NEXT, 2);
	desc(TX, 2, FRAME(0) + 5, 7, NEXT, 3);
	desc(TX, 3, FRAME(0) + 12, 1, NEXT, 4);
	desc(TX, 4, FRAME(0) + 13, 1999, 0, 0);
	offer(TX, SIZE, 0);
	notify(TX);
	assert_went(9, 2000);
	await_used(TX, 1);
}

/* More than are taken at a time, in the order in which they were offered. */
static void many_frames_stay_in_order(void **state)
{
	uint16_t n = 0;

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < 50; i++) {
			go(i, round + i, 60 + i);
			if (i % 7 == round % 7)
				notify(TX);
		}
		notify(TX);
		for (unsigned i = 0; i < 50; i++)
			assert_went(round + i, 60 + i);
		n = (uint16_t)(n + 50);
		await_used(TX, n);
	}
}

/* Too short, too long, without anything: lost, and the card goes on. */
static void what_is_no_frame_is_lost(void **state)
{
	static const uint32_t sizes[] = { 0, 11, 12, 25, HEADER + 65554 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		desc(TX, i, FRAME(i), sizes[i], 0, 0);
		offer(TX, SIZE, i);
	}
	desc(TX, 20, FRAME(20), 100, WRITE, 0);
	offer(TX, SIZE, 20);
	go(21, 3, 14);
	notify(TX);
	assert_went(3, 14);
	await_used(TX, ARRAY_SIZE(sizes) + 2);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);
}

static void what_comes_is_in_the_guests_memory(void **state)
{
	struct virtio_net_hdr_v1 *h = at(ROOM(0));
	uint8_t want[100];

	(void)state;
	give_room(0, 1526);
	give_room(1, 1526);
	come(4, sizeof(want));
	await_used(RX, 1);
	assert_int_equal(used_len(RX, 0), HEADER + sizeof(want));
	assert_int_equal(h->num_buffers, 1);
	assert_int_equal(h->flags, 0);
	assert_int_equal(h->gso_type, 0);
	make_frame(want, 4, sizeof(want));
	assert_memory_equal(h + 1, want, sizeof(want));
	assert_int_equal(*(uint8_t *)at(ROOM(0) + HEADER + sizeof(want)),
			 PENDING);
	assert_int_equal(*(uint8_t *)at(ROOM(1)), PENDING);
	await_line();
}

static void a_large_frame_takes_as_many_buffers_as_it_needs(void **state)
{
	enum { EACH = 1536, LEN = 65535 };
	const unsigned n = (HEADER + LEN + EACH - 1) / EACH;
	struct virtio_net_hdr_v1 *h = at(ROOM(0));
	size_t at_byte = 0;

	(void)state;
	for (unsigned i = 0; i < n + 3; i++)
		give_room(i, EACH);
	come(8, LEN);
	await_used(RX, (uint16_t)n);
	assert_int_equal(h->num_buffers, n);
	for (unsigned i = 0; i < n; i++) {
		uint32_t len = used_len(RX, i);
		unsigned skip = i == 0 ? HEADER : 0;
		const uint8_t *p = at(ROOM(i) + skip);

		assert_int_equal(used_ring(RX)->ring[i].id, i);
		assert_int_equal(len,
				 i < n - 1 ? EACH : HEADER + LEN - i * EACH);
		for (unsigned j = 0; j < len - skip; j++)
			assert_int_equal(p[j], byte_of(8, at_byte++));
	}
	assert_int_equal(at_byte, LEN);

	/* What was not needed is there for the next one. */
	come(9, 50);
	await_used(RX, (uint16_t)(n + 1));
	assert_int_equal(used_ring(RX)->ring[n].id, n);
}

/* A driver that wants each frame in one chain gets only what fits. */
static void without_merging_a_frame_has_one_chain(void **state)
{
	(void)state;
	bring_up_again(0);
	give_room(0, 500);
	give_room(1, 1526);
	come(1, 489); /* a byte too much for the first */
	come(2, 488);
	come(3, 600);
	await_used(RX, 2);
	assert_int_equal(used_len(RX, 0), 500);
	assert_int_equal(used_len(RX, 1), HEADER + 600);
	assert_int_equal(((struct virtio_net_hdr_v1 *)at(ROOM(0)))->num_buffers,
			 1);
}

/* Nothing is lost while a guest is a little slow. */
static void without_room_the_other_side_waits(void **state)
{
	uint8_t want[300];

	(void)state;
	come(1, 300);
	come(2, 300);
	usleep(50000);
	assert_int_equal(used_index(RX), 0);
	assert_int_equal(used_ring(RX)->flags, 0);
	give_room(0, 100);
	notify(RX);
	usleep(50000);
	assert_int_equal(used_index(RX), 0); /* not in part */
	for (unsigned i = 1; i < 7; i++)
		give_room(i, 100);
	notify(RX);
	await_used(RX, 4);
	give_room(7, 100);
	notify(RX);
	await_used(RX, 8);
	assert_int_equal(used_ring(RX)->flags, VRING_USED_F_NO_NOTIFY);
	make_frame(want, 2, 300);
	assert_memory_equal(at(ROOM(4) + HEADER), want, 100 - HEADER);
}

/* A guest that takes nothing for long does not hold up others for ever. */
static void a_guest_that_stands_still_loses_frames(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		come(i, 60);
	usleep(1500000);
	give_room(0, 1526);
	give_room(1, 1526);
	notify(RX);
	come(77, 60);
	await_used(RX, 1);
	assert_int_equal(*(uint8_t *)at(ROOM(0) + HEADER), byte_of(77, 0));
	come(78, 60);
	await_used(RX, 2);
}

static void without_a_driver_frames_are_lost(void **state)
{
	(void)state;
	set(VIRTIO_MMIO_STATUS, 0);
	come_and_go(1, 60);
	bring_up_again(MERGE);
	give_room(0, 1526);
	come(2, 60);
	await_used(RX, 1);
	assert_int_equal(*(uint8_t *)at(ROOM(0) + HEADER), byte_of(2, 0));
}

static void offloads_are_what_the_driver_takes(void **state)
{
	const uint64_t some = MERGE | 1u << VIRTIO_NET_F_GUEST_CSUM |
			      1u << VIRTIO_NET_F_GUEST_TSO4;

	(void)state;
	again(NET_TAP);
	bring_up_again(some);
	for (unsigned i = 0; i < 4; i++)
		give_room(i, 1526);
	come(1, 60);
	await_used(RX, 1);
	assert_int_equal(offloads, NET_CSUM | NET_TSO4);
	next_header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	next_header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	next_header.csum_start = 34;
	come(2, 60);
	await_used(RX, 2);
	assert_int_equal(((struct virtio_net_hdr_v1 *)at(ROOM(1)))->gso_type,
			 VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(((struct virtio_net_hdr_v1 *)at(ROOM(1)))->csum_start,
			 34);

	/* What came before that was agreed on is not passed on. */
	next_header.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	come_and_go(3, 60);
	assert_int_equal(used_index(RX), 2);
	bring_up_again(MERGE | 1u << VIRTIO_NET_F_GUEST_TSO4);
	give_room(0, 1526);
	next_header.gso_type = 0;
	come_and_go(4, 60);
	assert_int_equal(used_index(RX), 0);
	assert_int_equal(offloads, 0);
	next_header.flags = 0;
	come(5, 60);
	await_used(RX, 1);
}

static void when_the_other_side_ends_the_link_is_down(void **state)
{
	(void)state;
	set(VIRTIO_MMIO_INTERRUPT_ACK, 3);
	close(outside);
	outside = -1;
	for (int i = 0; i < 20000 && !(get(VIRTIO_MMIO_INTERRUPT_STATUS) & 2);
	     i++)
		usleep(250);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 2);
	assert_int_equal(bus_read(&bus, WINDOW + CONFIG + 6, 2), 0);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG_GENERATION), 1);
	go(0, 1, 60);
	notify(TX);
	await_used(TX, 1);
}

static void kvm_can_notify_without_a_vcpu(void **state)
{
	uint64_t one = 1;

	(void)state;
	assert_int_equal(fake_kvm.nr_eventfds, 2);
	go(0, 5, 60);
	assert_int_equal(write(fake_kvm.eventfds[1].fd, &one, 8), 8);
	assert_went(5, 60);
}

static void faults_stop_the_device_until_it_is_reset(void **state)
{
	(void)state;
	desc(TX, 0, RAM_END, 100, 0, 0);
	offer(TX, SIZE, 0);
	notify(TX);
	await_status(WORKS | NEEDS_RESET);
	bring_up_again(MERGE);
	give_room(0, 10);
	desc(RX, 1, RAM_END - 4, 100, WRITE, 0);
	offer(RX, SIZE, 1);
	come(1, 60);
	await_status(WORKS | NEEDS_RESET);
	assert_int_equal(used_index(RX), 0);
	bring_up_again(MERGE);
	give_room(0, 1526);
	come(1, 60);
	await_used(RX, 1);
}

static atomic_bool done;

static void *do_reset(void *how)
{
	if (how)
		device_reset(&dev);
	else
		set(VIRTIO_MMIO_STATUS, 0);
	atomic_store(&done, true);
	return NULL;
}

/* Frames that cannot go do not hold up a reset, and are not sent later. */
static void a_reset_ends_what_cannot_go(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		pthread_t thread;

		bring_up_again(MERGE);
		stuck = true;
		refusals = 0;
		go(0, 1, 60);
		go(1, 2, 60);
		notify(TX);
		while (atomic_load(&refusals) < 3)
			usleep(250);
		atomic_store(&done, false);
		assert_int_equal(pthread_create(&thread, NULL, do_reset,
						i ? &thread : NULL),
				 0);
		pthread_join(thread, NULL);
		assert_true(done);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
		stuck = false;
		usleep(20000);
		bring_up_again(MERGE);
		go(0, 3, 60);
		notify(TX);
		assert_went(3, 60);
	}
}

/* Also while both directions are busy; the guest's memory is its own then. */
static void resets_come_at_any_time(void **state)
{
	static uint8_t then[0x40000];

	(void)state;
	for (unsigned r = 0; r < 200; r++) {
		for (unsigned i = 0; i < 16; i++)
			give_room(i, 1526);
		for (unsigned i = 0; i < 8; i++) {
			go(i, i, 60);
			come(i, 700);
		}
		notify(TX);
		usleep(r % 10 * 20);
		set(VIRTIO_MMIO_STATUS, 0);
		memcpy(then, at(RAM), sizeof(then));
		come(1, 60);
		usleep(100);
		assert_memory_equal(then, at(RAM), sizeof(then));
		while (recv(outside, then, sizeof(then), MSG_DONTWAIT) > 0)
			;
		bring_up_again(MERGE);
	}
}

/* The queue that it waits for is no more then. */
static void a_reset_comes_while_there_is_no_room(void **state)
{
	uint64_t one = 1;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		come(1, 60);
		usleep(20000);
		set(VIRTIO_MMIO_STATUS, 0);
		assert_int_equal(write(fake_kvm.eventfds[0].fd, &one, 8), 8);
		usleep(20000);
		bring_up_again(MERGE);
		give_room(0, 1526);
		come(2, 60);
		await_used(RX, 1);
	}
}

static void a_network_that_is_not_there_is_told(void **state)
{
	struct device_host host = { .mem = &ram, .config = &config };
	struct device d;
	struct bus b;

	(void)state;
	host.vm_fd = vm_fd;
	bus_init(&b);
	open_errno = EPERM;
	assert_int_equal(device_init(&d, &virtio_net_class.device, WINDOW, SPI,
				     &host, &b),
			 -EPERM);
	assert_words("virtio-net: no network: Operation not permitted");
}

static void each_failure_on_the_way_is_undone(void **state)
{
	struct device_host host = { .mem = &ram, .config = &config };
	struct device d;
	struct bus b;
	unsigned n;
	int first = outside;

	(void)state;
	host.vm_fd = vm_fd;
	for (n = 1;; n++) {
		struct left now = left_now();
		int rc;

		bus_init(&b);
		fault_arm(n, EMFILE);
		rc = device_init(&d, &virtio_net_class.device, WINDOW, SPI,
				 &host, &b);
		if (!fault_met())
			break;
		fault_arm(0, 0);
		/* KVM's help is a help, and no more. */
		if (rc == 0)
			device_fini(&d);
		else
			assert_int_equal(rc, -EMFILE);
		close(outside);
		assert_nothing_left(now);
	}
	device_fini(&d);
	fault_arm(0, 0);
	close(outside);
	outside = first;
	assert_in_range(n, 6, 20);
}

static atomic_bool enough;

/* Another CPU of the guest: writes the rings while they are read. */
static void *other_cpu(void *arg)
{
	struct vring_desc *tx = at(DESC(TX)), *rx = at(DESC(RX));

	(void)arg;
	for (unsigned n = 0; !atomic_load(&enough); n++) {
		__atomic_store_n(&tx->len, n % 5 ? 100 : n, __ATOMIC_RELAXED);
		__atomic_store_n(&rx->len, n % 3 ? 1526 : n % 200,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&rx->flags, n % 64 ? WRITE : NEXT | WRITE,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&tx->addr, n % 999 ? FRAME(0) : RAM_END,
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

static void what_changes_while_it_is_read_spoils_the_card_at_most(void **state)
{
	static uint8_t frame[HEADER + NET_FRAME_MAX];
	pthread_t thread;

	(void)state;
	atomic_store(&enough, false);
	assert_int_equal(pthread_create(&thread, NULL, other_cpu, NULL), 0);
	for (unsigned i = 0; i < 2000; i++) {
		desc(RX, 0, ROOM(0), 1526, WRITE, 0);
		offer(RX, SIZE, 0);
		go(0, i, 88);
		notify(TX);
		send(outside, frame, 60, MSG_NOSIGNAL | MSG_DONTWAIT);
		while (recv(outside, frame, sizeof(frame), MSG_DONTWAIT) > 0)
			;
		if (i % 16 == 0)
			usleep(100);
		if (get(VIRTIO_MMIO_STATUS) != WORKS || i % 32 == 31)
			bring_up_again(MERGE);
	}
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guest_finds_a_card_with_its_address),
		T(features_are_those_of_the_other_side),
		T(what_the_guest_sends_goes_out),
		T(a_frame_may_be_cut_up_anyhow),
		T(many_frames_stay_in_order),
		T(what_is_no_frame_is_lost),
		T(what_comes_is_in_the_guests_memory),
		T(a_large_frame_takes_as_many_buffers_as_it_needs),
		T(without_merging_a_frame_has_one_chain),
		T(without_room_the_other_side_waits),
		T(a_guest_that_stands_still_loses_frames),
		T(without_a_driver_frames_are_lost),
		T(offloads_are_what_the_driver_takes),
		T(when_the_other_side_ends_the_link_is_down),
		T(kvm_can_notify_without_a_vcpu),
		T(faults_stop_the_device_until_it_is_reset),
		T(a_reset_ends_what_cannot_go),
		T(resets_come_at_any_time),
		T(a_reset_comes_while_there_is_no_room),
		T(a_network_that_is_not_there_is_told),
		T(each_failure_on_the_way_is_undone),
		T(what_changes_while_it_is_read_spoils_the_card_at_most),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
