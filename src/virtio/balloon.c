/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * balloon.c - virtio memory balloon: what the guest does not need goes back to
 * the host.
 *
 * That is what it reports as free, by itself, some seconds after it was freed;
 * and what it puts into the balloon because we want it to.  It may touch either
 * again at any time, and then it is memory as before.
 *
 * A report is given back to the driver only when the host has the pages: until
 * then the guest does not use them.  Giving pages back may take long, so it is
 * done by threads of ours.
 *
 * The two queues between, for statistics and hints, are there so that reports
 * have the number that the specification gives them, whatever a driver thinks of
 * queues that are not offered.  We neither want statistics nor hints.
 *
 * Pages are of 4 KiB here.  Where the host's are larger, only what comes in whole
 * host's pages goes back; reports always do.
 *
 * Spec: virtio 1.2, 5.5.  Left out: page poison, so a guest that wants its free
 *       pages to keep what is in them reports none.
 */
#include "virtio/balloon.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

#include "dev/device.h"
#include "mach/gmem.h"
#include "util/err.h"
#include "util/util.h"
#include "virtio/mmio.h"
#include "virtio/pool.h"
#include "virtio/queue.h"

enum { INFLATE, DEFLATE, STATS, HINTS, REPORTS, NR_QUEUES };

enum {
	PAGE_SHIFT = VIRTIO_BALLOON_PFN_SHIFT,
	/* Up to the last field that we have. */
	CONFIG_SIZE = offsetof(struct virtio_balloon_config, poison_val),
};

struct balloon {
	struct pool inflate, reports;

	/* under the device's lock */
	uint32_t wanted, actual; /* pages */
};

/* Pages one behind the other. */
struct run {
	uint64_t first, nr;
};

static void discard(struct virtio *v, const struct run *run)
{
	if (run->nr > 0)
		gmem_discard(v->mem, run->first << PAGE_SHIFT,
			     run->nr << PAGE_SHIFT);
}

/* The numbers in a buffer; one that is cut in two by the buffer's end is none. */
static void discard_listed(struct virtio *v, const struct iovec *buf,
			   struct run *run)
{
	const char *at = buf->iov_base;

	for (size_t left = buf->iov_len; left >= sizeof(__le32);
	     left -= sizeof(__le32), at += sizeof(__le32)) {
		uint32_t pfn;

		memcpy(&pfn, at, sizeof(pfn));
		pfn = le32toh(pfn);
		if (pfn != run->first + run->nr) {
			discard(v, run);
			*run = (struct run){ .first = pfn };
		}
		run->nr++;
	}
}

static const char *serve_inflate(struct virtio *v, struct queue_chain *c,
				 uint32_t *ret_len)
{
	struct run run = { 0 };

	(void)ret_len; /* 0 */
	for (unsigned i = 0; i < c->nr_read; i++)
		discard_listed(v, &c->bufs[i], &run);
	discard(v, &run);
	return NULL;
}

/* The buffers themselves are what is free. */
static const char *serve_report(struct virtio *v, struct queue_chain *c,
				uint32_t *ret_len)
{
	(void)ret_len; /* nothing was written */
	for (unsigned i = c->nr_read; i < c->nr; i++) {
		uint64_t off = (uint64_t)((uint8_t *)c->bufs[i].iov_base -
					  v->mem->host);

		gmem_discard(v->mem, v->mem->base + off, c->bufs[i].iov_len);
	}
	return NULL;
}

/* -- what the transport calls -- */

/* With nothing to be done for them. */
static void give_all(struct virtio *v, unsigned queue)
{
	unsigned n = virtio_waiting(v, queue);
	struct queue_chain c;

	if (n == 0)
		return;
	while (n-- > 0) {
		if (!virtio_take(v, queue, &c))
			return;
		virtio_give(v, queue, &c, 0);
	}
	virtio_tell(v, queue);
}

static void balloon_notify(struct virtio *v, unsigned queue)
{
	struct balloon *b = v->state;

	switch (queue) {
	case INFLATE:
		pool_notify(&b->inflate);
		break;
	case REPORTS:
		pool_notify(&b->reports);
		break;
	case STATS: /* giving the buffer back would ask for more */
		break;
	default:
		give_all(v, queue);
	}
}

static void balloon_stop(struct virtio *v)
{
	struct balloon *b = v->state;

	pool_drain(&b->inflate);
	pool_drain(&b->reports);
}

/* The next driver begins with all of its memory. */
static void balloon_reset(struct virtio *v)
{
	struct balloon *b = v->state;

	b->actual = 0;
}

static void balloon_get_config(struct virtio *v, void *ret)
{
	const struct balloon *b = v->state;
	struct virtio_balloon_config *c = ret;

	c->num_pages = htole32(b->wanted);
	c->actual = htole32(b->actual);
	c->free_page_hint_cmd_id = htole32(VIRTIO_BALLOON_CMD_ID_STOP);
}

static void balloon_set_config(struct virtio *v, uint64_t off, unsigned len,
			       uint64_t val)
{
	struct balloon *b = v->state;

	if (off == offsetof(struct virtio_balloon_config, actual) && len == 4)
		b->actual = (uint32_t)val;
}

static int balloon_init(struct virtio *v, const struct device_host *host)
{
	struct balloon *b = calloc(1, sizeof(*b));
	int rc;

	(void)host;
	v->state = b;
	if (!b)
		return err_set(ENOMEM, "state");
	v->offered |= UINT64_C(1) << VIRTIO_BALLOON_F_STATS_VQ |
		      UINT64_C(1) << VIRTIO_BALLOON_F_DEFLATE_ON_OOM |
		      UINT64_C(1) << VIRTIO_BALLOON_F_FREE_PAGE_HINT |
		      UINT64_C(1) << VIRTIO_BALLOON_F_REPORTING;
	rc = pool_init(&b->inflate, v, INFLATE, serve_inflate);
	return rc < 0 ? rc : pool_init(&b->reports, v, REPORTS, serve_report);
}

static void balloon_fini(struct virtio *v)
{
	struct balloon *b = v->state;

	if (!b)
		return;
	pool_fini(&b->inflate);
	pool_fini(&b->reports);
	free(b);
}

const struct virtio_class virtio_balloon_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-balloon"),
	.id = VIRTIO_ID_BALLOON,
	.nr_queues = NR_QUEUES,
	.config_size = CONFIG_SIZE,
	.init = balloon_init,
	.fini = balloon_fini,
	.reset = balloon_reset,
	.get_config = balloon_get_config,
	.set_config = balloon_set_config,
	.notify = balloon_notify,
	.stop = balloon_stop,
};

/* -- what the machine wants -- */

void balloon_set(struct device *d, uint64_t size)
{
	struct virtio *v = d->state;
	struct balloon *b = v->state;
	uint64_t pages = size >> PAGE_SHIFT;

	device_lock(d);
	b->wanted = pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
	virtio_config_changed(v);
	device_unlock(d);
}

uint64_t balloon_size(struct device *d)
{
	struct virtio *v = d->state;
	struct balloon *b = v->state;
	uint64_t size;

	device_lock(d);
	size = (uint64_t)b->actual << PAGE_SHIFT;
	device_unlock(d);
	return size;
}
