/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio/queue.h"

#include <endian.h>
#include <linux/virtio_ring.h>
#include <stdatomic.h>

/*
 * The driver's memory, little-endian, one access each: neither we nor the
 * compiler may look twice, as there may be something else by then.
 */
static uint16_t load16(const __virtio16 *p)
{
	return le16toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

/* A table within a buffer may lie at any address. */
struct anywhere {
	uint64_t word;
} __attribute__((packed));

static uint64_t load64(const uint64_t *p)
{
	return le64toh(((const volatile struct anywhere *)p)->word);
}

static void store32(__virtio32 *p, uint32_t v)
{
	__atomic_store_n(p, htole32(v), __ATOMIC_RELAXED);
}

static bool is_power_of_2(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* @size bytes at @gpa, if they are memory and aligned as the rings must be. */
static void *part(const struct gmem *mem, gpa_t gpa, uint64_t size,
		  unsigned align)
{
	return gpa % align == 0 ? gmem_at(mem, gpa, size) : NULL;
}

void queue_start(struct queue *q, const struct gmem *mem)
{
	uint32_t n = q->size;

	q->fault = NULL;
	q->next_avail = q->next_used = 0;
	q->mem = mem;
	if (!is_power_of_2(n) || n > QUEUE_SIZE_MAX) {
		q->fault = "impossible size";
		return;
	}
	q->table = part(mem, q->desc, n * sizeof(struct vring_desc),
			VRING_DESC_ALIGN_SIZE);
	/* Each has an event index at its end, in use or not (2.7). */
	q->avail =
		part(mem, q->driver,
		     sizeof(struct vring_avail) + (n + 1) * sizeof(__virtio16),
		     VRING_AVAIL_ALIGN_SIZE);
	q->used = part(mem, q->device,
		       sizeof(struct vring_used) +
			       n * sizeof(struct vring_used_elem) +
			       sizeof(__virtio16),
		       VRING_USED_ALIGN_SIZE);
	if (!q->table || !q->avail || !q->used)
		q->fault = "ring misaligned or not in memory";
}

void queue_take_over(struct queue *q)
{
	q->next_used = load16(&q->used->idx);
	q->next_avail = q->next_used;
	/* They may have asked not to be notified. */
	__atomic_store_n(&q->used->flags, 0, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_seq_cst);
}

unsigned queue_waiting(struct queue *q)
{
	uint16_t n = (uint16_t)(load16(&q->avail->idx) - q->next_avail);

	/* What the index promises is there once the index is. */
	atomic_thread_fence(memory_order_acquire);
	if (n <= q->size)
		return n;
	q->fault = "more chains than entries";
	return 0;
}

/* A table of descriptors: the queue's, or one that a descriptor points at. */
struct table {
	const uint64_t *words; /* two to a descriptor */
	uint32_t size;
	bool indirect;
};

static const char *enter(const struct queue *q, gpa_t addr, uint32_t len,
			 uint16_t flags, struct table *t)
{
	if (!q->indirect)
		return "indirect descriptor, which was not agreed on";
	if (t->indirect || flags & VRING_DESC_F_NEXT)
		return "indirect descriptor where none may be";
	if (len == 0 || len % sizeof(struct vring_desc) != 0)
		return "indirect table of odd size";
	*t = (struct table){ gmem_at(q->mem, addr, len),
			     len / (uint32_t)sizeof(struct vring_desc), true };
	return t->words ? NULL : "indirect table not in memory";
}

static const char *add(const struct queue *q, gpa_t addr, uint32_t len,
		       uint16_t flags, struct queue_chain *c)
{
	struct iovec *buf = &c->bufs[c->nr];

	if (c->nr == QUEUE_SIZE_MAX)
		return "chain longer than a table can be";
	if (!(flags & VRING_DESC_F_WRITE) && c->nr > c->nr_read)
		return "buffer to read behind one to write";
	if (!(flags & VRING_DESC_F_WRITE))
		c->nr_read++;
	c->nr++;
	buf->iov_base = gmem_at(q->mem, addr, len);
	buf->iov_len = len;
	return buf->iov_base ? NULL : "buffer not in memory";
}

/* Follow the chain from @at; returns the fault, or NULL. */
static const char *follow(const struct queue *q, uint16_t at,
			  struct queue_chain *c)
{
	struct table t = { q->table, q->size, false };
	const char *fault;
	uint64_t total = 0;
	uint32_t steps = 0;
	uint16_t flags;

	c->nr_read = c->nr = 0;
	do {
		uint64_t addr, rest;
		uint32_t len;

		if (at >= t.size)
			return "descriptor outside of the table";
		if (steps++ == t.size)
			return "chain longer than the table";
		addr = load64(&t.words[2 * at]);
		rest = load64(&t.words[2 * at + 1]);
		len = (uint32_t)rest;
		flags = (uint16_t)(rest >> 32);
		at = (uint16_t)(rest >> 48);

		if (flags & VRING_DESC_F_INDIRECT) {
			fault = enter(q, addr, len, flags, &t);
			at = 0;
			steps = 0;
			flags = VRING_DESC_F_NEXT;
		} else {
			fault = add(q, addr, len, flags, c);
			total += len;
		}
		if (fault)
			return fault;
		if (total > UINT64_C(1) << 32)
			return "chain of more than 4 GiB";
	} while (flags & VRING_DESC_F_NEXT);
	return NULL;
}

bool queue_take(struct queue *q, struct queue_chain *ret_chain)
{
	uint16_t slot = q->next_avail++ & (uint16_t)(q->size - 1);

	ret_chain->head = load16(&q->avail->ring[slot]);
	q->fault = follow(q, ret_chain->head, ret_chain);
	return !q->fault;
}

void queue_untake(struct queue *q, unsigned n)
{
	q->next_avail = (uint16_t)(q->next_avail - n);
}

void queue_put(struct queue *q, uint16_t head, uint32_t len)
{
	uint16_t slot = q->next_used++ & (uint16_t)(q->size - 1);

	store32(&q->used->ring[slot].id, head);
	store32(&q->used->ring[slot].len, len);
}

void queue_show(struct queue *q)
{
	/* Who sees the index sees the entries, and what was written before. */
	__atomic_store_n(&q->used->idx, htole16(q->next_used),
			 __ATOMIC_RELEASE);
}

void queue_give(struct queue *q, uint16_t head, uint32_t len)
{
	queue_put(q, head, len);
	queue_show(q);
}

void queue_want_notice(struct queue *q, bool want)
{
	__atomic_store_n(&q->used->flags,
			 htole16(want ? 0 : VRING_USED_F_NO_NOTIFY),
			 __ATOMIC_RELAXED);
	/* As in queue_wants_interrupt(), the other way round. */
	if (want)
		atomic_thread_fence(memory_order_seq_cst);
}

bool queue_wants_interrupt(const struct queue *q)
{
	/*
	 * The driver allows interrupts, then looks at our index; we wrote the
	 * index, now look whether they are allowed.  Without a full barrier on
	 * both sides each could miss the other's news.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	return !(load16(&q->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
}
