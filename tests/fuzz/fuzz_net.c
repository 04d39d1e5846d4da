/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_net.c - a hostile guest at a network card.
 *
 * The input is a list of what the guest does: register accesses, writes into
 * its memory, and, so that much of it gets somewhere, chains that are right but
 * for a few values, directly or by indirect tables; and of what comes from
 * outside: frames of any size, and the end.  The card works in threads of its
 * own, under the guest's hands.
 *
 * Whatever happens: memory next to the guest's stays as it is, nothing goes out
 * that is no frame, and a reset returns with nothing in flight.
 */
#include "guest.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/net.h"
#include "virtio/net.h"

enum {
	RX,
	TX,
	RAM_SIZE = 0x20000,
	QUEUE = 0x4000, /* of each: */
	DESC = 0x1000,
	AVAIL = 0x2000,
	USED = 0x3000,
	TABLE = 0xa000, /* indirect ones */
	SIZE = 64,
};

static int outside = -1; /* our end of the cable */
static bool headers;	 /* as a tap device's */

/* -- the other side: a cable of datagrams -- */

static int fake_open(struct net_link *l, const struct net_config *c)
{
	int ends[2];

	(void)c;
	l->in = malloc(NET_FRAME_MAX);
	MUST(l->in &&
	     socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	l->fd = ends[0];
	outside = ends[1];
	return 0;
}

static int fake_send(struct net_link *l, struct iovec *iov, unsigned n,
		     size_t size)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
	size_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += iov[i].iov_len;
	MUST(sum == NET_HEADER_SIZE + size && n <= NET_BUFFERS_MAX);
	MUST(size >= NET_FRAME_MIN && size <= NET_FRAME_MAX);
	return sendmsg(l->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno
								     : 0;
}

static int fake_receive(struct net_link *l, struct net_frame *ret)
{
	ssize_t n = recv(l->fd, l->in, NET_FRAME_MAX, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	*ret = (struct net_frame){ .data = l->in, .size = (size_t)n };
	if (headers) {
		ret->header.flags = l->in[0] & 1;
		ret->header.gso_type = l->in[0] & 6;
	}
	return 1;
}

static void fake_offload(struct net_link *l, unsigned flags)
{
	(void)l;
	MUST(flags < 16);
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

/* -- what the guest can do -- */

/* As a driver does, with the features that the input says. */
static void bring_up(struct input *in)
{
	agree_on_features(in);
	memset(mem.host + DESC, 0, TABLE - DESC);
	for (unsigned i = 0; i < NET_CARD_QUEUES; i++)
		set_queue(i, SIZE, QUEUE * i + DESC, QUEUE * i + AVAIL,
			  QUEUE * i + USED);
	set(VIRTIO_MMIO_STATUS, WORKS);
}

static void put_in_ring(unsigned queue, uint16_t head)
{
	struct vring_avail *a = (void *)(mem.host + QUEUE * queue + AVAIL);

	a->ring[a->idx % SIZE] = head;
	a->idx++;
}

/* A chain of two buffers, some of it odd; offered at once. */
static void chain(struct input *in)
{
	unsigned odd = (unsigned)next(in, 1), i = odd >> 4 & 7;
	unsigned queue = odd >> 7;
	bool table = odd & 1;
	struct vring_desc *own = (void *)(mem.host + QUEUE * queue + DESC);
	struct vring_desc *d =
		table ? (void *)(mem.host + TABLE + 32 * i) : own + 2 * i;
	unsigned write = queue == RX ? VRING_DESC_F_WRITE : 0;

	if (odd & 2)
		write ^= VRING_DESC_F_WRITE;
	d[0] = (struct vring_desc){ RAM + next(in, 2),
				    odd & 4 ? (__virtio32)next(in, 4) : 12,
				    (__virtio16)(VRING_DESC_F_NEXT | write),
				    (__virtio16)(table ? 1 : 2 * i + 1) };
	d[1] = (struct vring_desc){ RAM + next(in, 2),
				    odd & 8 ? (__virtio32)next(in, 2) : 1514,
				    (__virtio16)write, 0 };
	if (table)
		own[2 * i] = (struct vring_desc){ RAM + TABLE + 32 * i, 32,
						  VRING_DESC_F_INDIRECT, 0 };
	put_in_ring(queue, (__virtio16)(2 * i));
}

static void offer(struct input *in)
{
	unsigned n = (unsigned)next(in, 1), queue = n & 1;
	struct vring_avail *a = (void *)(mem.host + QUEUE * queue + AVAIL);

	if (n >= 0xfe)
		a->idx = (__virtio16)next(in, 2);
	else
		put_in_ring(queue, (uint16_t)(n >> 1));
}

static void notify(struct input *in)
{
	unsigned n = (unsigned)next(in, 1);

	set(VIRTIO_MMIO_QUEUE_NOTIFY, n % 3);
	if (n & 0x80)
		usleep(n);
}

/* From outside: a frame, or, now and then, the end. */
static void come(struct input *in)
{
	static uint8_t frame[NET_FRAME_MAX];
	size_t size = next(in, 2);

	frame[0] = (uint8_t)next(in, 1);
	if (size == 0 && frame[0] == 0)
		shutdown(outside, SHUT_RDWR);
	if (size > 0)
		send(outside, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (frame[0] & 0x80)
		usleep(30);
}

/* What went out; a cable that nobody reads fills up. */
static void drain(struct input *in)
{
	static uint8_t frame[NET_HEADER_SIZE + NET_FRAME_MAX];

	(void)in;
	while (recv(outside, frame, sizeof(frame), MSG_DONTWAIT) > 0)
		;
}

static void (*const deeds[])(struct input *) = {
	access_anyhow, write_memory, bring_up, chain, chain, chain, chain,
	offer,	       notify,	     notify,   come,  come,  drain, reset,
};

/* -- the machine around it -- */

/* Once all is said and nothing is in flight, no byte changes any more. */
static void check_rest(void)
{
	static uint8_t then[RAM_SIZE];

	memcpy(then, mem.host, RAM_SIZE);
	send(outside, then, 60, MSG_DONTWAIT | MSG_NOSIGNAL);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, TX);
	MUST(memcmp(then, mem.host, RAM_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct net_config config = { .mac = { 2 } };
	static struct device_host host;
	struct input in = { data, size };

	if (!mem.host)
		host = (struct device_host){ .vm_fd = guest_machine(RAM_SIZE),
					     .mem = &mem,
					     .config = &config };
	memset(mem.host, 0, RAM_SIZE);
	headers = next(&in, 1) & 1;
	config.mode = headers ? NET_TAP : NET_USER;
	guest_begin(&virtio_net_class, &host);
	while (in.left > 0)
		deeds[next(&in, 1) % ARRAY_SIZE(deeds)](&in);
	reset(&in);
	MUST(!(fake_kvm.spis[SPI_VIRTIO] &&
	       !get(VIRTIO_MMIO_INTERRUPT_STATUS)));
	check_rest();
	device_fini(&dev);
	close(outside);
	guest_check_edges();
	return 0;
}
