/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blk.c - virtio block device: a disk (util/disk.h) for the guest.
 *
 * A request is a chain: a header of 16 bytes and data to read, then room for
 * data and, as the very last byte, for its status; how they are spread over
 * buffers is the driver's affair.  Data go between the guest's memory and the
 * host's file without a copy.  What is decided on is copied first: the driver
 * may change its memory at any time.
 *
 * A request that cannot be done has a status that says so.  One without a
 * header or a place for the status is a fault of the driver.
 *
 * Written data may wait in the host's cache only while the driver can ask for
 * them to be flushed and has not turned that off.
 *
 * Spec: virtio 1.2, 5.2.  Left out: several queues, secure erase, zones,
 *       lifetime; and the legacy interface.
 */
#include "virtio/blk.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "util/disk.h"
#include "util/err.h"
#include "util/util.h"
#include "virtio/mmio.h"
#include "virtio/pool.h"
#include "virtio/queue.h"

enum {
	SECTOR_SHIFT = 9,
	/* What one request may ask for, in segments and in sectors of each. */
	SEGMENTS_MAX = 16,
	DISCARD_MAX = 1 << 22,
	ZEROES_MAX = 1 << 18,
	/* Up to the last field that we have. */
	CONFIG_SIZE =
		offsetof(struct virtio_blk_config, write_zeroes_may_unmap) + 4,
};

struct blk {
	struct disk disk;
	atomic_bool writeback; /* as the driver set it, or true */
	struct pool pool;
};

static struct disk *disk_of(const struct virtio *v)
{
	return &((struct blk *)v->state)->disk;
}

/* Buffers that are used up from the front. */
struct span {
	struct iovec *iov;
	unsigned n;
};

/* Copy up to @size bytes out of @s, and leave them out of it. */
static size_t take(struct span *s, void *buf, size_t size)
{
	size_t done = 0;

	while (s->n > 0 && done < size) {
		size_t n = size - done < s->iov->iov_len ? size - done
							 : s->iov->iov_len;

		memcpy((char *)buf + done, s->iov->iov_base, n);
		done += n;
		s->iov->iov_base = (char *)s->iov->iov_base + n;
		s->iov->iov_len -= n;
		if (s->iov->iov_len == 0) {
			s->iov++;
			s->n--;
		}
	}
	return done;
}

/* The last byte of @s, left out of it from now on; NULL: it has none. */
static uint8_t *take_last(struct span *s)
{
	for (; s->n > 0; s->n--) {
		struct iovec *last = &s->iov[s->n - 1];

		if (last->iov_len > 0)
			return (uint8_t *)last->iov_base + --last->iov_len;
	}
	return NULL;
}

static uint64_t length(const struct span *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->n; i++)
		sum += s->iov[i].iov_len;
	return sum;
}

/* Are @size bytes from @sector on, whole sectors, on the disk?  And where? */
static bool place(const struct disk *disk, uint64_t sector, uint64_t size,
		  uint64_t *ret_off)
{
	uint64_t sectors = disk->size >> SECTOR_SHIFT;

	if (size % DISK_SECTOR != 0 || sector > sectors ||
	    size >> SECTOR_SHIFT > sectors - sector)
		return false;
	*ret_off = sector << SECTOR_SHIFT;
	return true;
}

static uint8_t status_of(int rc)
{
	return (uint8_t)(rc < 0 ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
}

static bool is_writeback(const struct virtio *v)
{
	const struct blk *blk = v->state;

	return virtio_has(v, VIRTIO_BLK_F_FLUSH) &&
	       atomic_load_explicit(&blk->writeback, memory_order_relaxed);
}

/*
 * What was written before the driver turned the cache off is not for it to
 * worry about any more either: so all of the file, not just these bytes.
 */
static int settle(struct virtio *v, struct disk *disk)
{
	return is_writeback(v) ? 0 : disk_flush(disk);
}

static uint8_t read_data(struct virtio *v, uint64_t sector, struct span *in)
{
	struct disk *disk = disk_of(v);
	uint64_t off;

	if (!place(disk, sector, length(in), &off))
		return VIRTIO_BLK_S_IOERR;
	return status_of(disk_read(disk, in->iov, in->n, off));
}

static uint8_t write_data(struct virtio *v, uint64_t sector, struct span *out)
{
	struct disk *disk = disk_of(v);
	uint64_t off;
	int rc;

	if (disk->config->read_only || !place(disk, sector, length(out), &off))
		return VIRTIO_BLK_S_IOERR;
	rc = disk_write(disk, out->iov, out->n, off);
	return status_of(rc < 0 ? rc : settle(v, disk));
}

static uint8_t one_range(struct virtio *v, uint32_t type,
			 const struct virtio_blk_discard_write_zeroes *range)
{
	struct disk *disk = disk_of(v);
	uint32_t sectors = le32toh(range->num_sectors);
	uint32_t flags = le32toh(range->flags);
	uint64_t off, size = (uint64_t)sectors << SECTOR_SHIFT;
	bool zero = type == VIRTIO_BLK_T_WRITE_ZEROES;
	int rc;

	if (flags & ~(zero ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0u))
		return VIRTIO_BLK_S_UNSUPP;
	if (disk->config->read_only ||
	    sectors > (zero ? ZEROES_MAX : DISCARD_MAX) ||
	    !place(disk, le64toh(range->sector), size, &off))
		return VIRTIO_BLK_S_IOERR;
	if (size == 0)
		return VIRTIO_BLK_S_OK;
	if (!zero)
		return status_of(disk_discard(disk, off, size));
	rc = disk_zero(disk, off, size, flags);
	return status_of(rc < 0 ? rc : settle(v, disk));
}

static uint8_t ranges(struct virtio *v, uint32_t type, struct span *out)
{
	struct virtio_blk_discard_write_zeroes range[SEGMENTS_MAX];
	uint64_t size = length(out);
	uint8_t status = VIRTIO_BLK_S_OK;

	if (size == 0 || size > sizeof(range) || size % sizeof(range[0]) != 0)
		return VIRTIO_BLK_S_IOERR;
	take(out, range, sizeof(range));
	for (uint64_t i = 0; i < size / sizeof(range[0]) && status == 0; i++)
		status = one_range(v, type, &range[i]);
	return status;
}

static uint8_t get_id(struct virtio *v, const struct span *in,
		      uint64_t *ret_size)
{
	const struct disk *disk = disk_of(v);
	char id[VIRTIO_BLK_ID_BYTES] = { 0 };
	size_t done = 0;

	memcpy(id, disk->config->serial, strlen(disk->config->serial));
	for (unsigned i = 0; i < in->n && done < sizeof(id); i++) {
		size_t left = sizeof(id) - done, n = in->iov[i].iov_len;

		n = n < left ? n : left;
		memcpy(in->iov[i].iov_base, id + done, n);
		done += n;
	}
	*ret_size = done;
	return VIRTIO_BLK_S_OK;
}

/* Returns the status; *ret_size bytes of @in were written. */
static uint8_t perform(struct virtio *v, const struct virtio_blk_outhdr *head,
		       struct span *out, struct span *in, uint64_t *ret_size)
{
	uint32_t type = le32toh(head->type);
	uint64_t sector = le64toh(head->sector), size = length(in);
	uint8_t status;

	*ret_size = 0;
	switch (type) {
	case VIRTIO_BLK_T_IN:
		status = read_data(v, sector, in);
		*ret_size = status == VIRTIO_BLK_S_OK ? size : 0;
		return status;
	case VIRTIO_BLK_T_OUT:
		return write_data(v, sector, out);
	case VIRTIO_BLK_T_FLUSH:
		return status_of(disk_flush(disk_of(v)));
	case VIRTIO_BLK_T_GET_ID:
		return get_id(v, in, ret_size);
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return ranges(v, type, out);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

static const char *serve(struct virtio *v, struct queue_chain *c,
			 uint32_t *ret_len)
{
	struct span out = { c->bufs, c->nr_read };
	struct span in = { c->bufs + c->nr_read, c->nr - c->nr_read };
	struct virtio_blk_outhdr head;
	uint64_t room, size;
	uint8_t *status;

	if (take(&out, &head, sizeof(head)) < sizeof(head))
		return "a request without a header";
	status = take_last(&in);
	if (!status)
		return "a request without room for its status";
	room = length(&in);
	*status = perform(v, &head, &out, &in, &size);
	/* Only what is written without a gap counts. */
	if (size == room)
		size++;
	*ret_len = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
	return NULL;
}

/* -- what the transport calls -- */

static void blk_notify(struct virtio *v, unsigned queue)
{
	struct blk *blk = v->state;

	(void)queue;
	pool_notify(&blk->pool);
}

static void blk_stop(struct virtio *v)
{
	struct blk *blk = v->state;

	pool_drain(&blk->pool);
}

static void blk_reset(struct virtio *v)
{
	struct blk *blk = v->state;

	atomic_store(&blk->writeback, true);
}

static unsigned log2_of(uint32_t n)
{
	return 31 - (unsigned)__builtin_clz(n);
}

static void blk_get_config(struct virtio *v, void *ret)
{
	const struct disk *disk = disk_of(v);
	struct virtio_blk_config *c = ret;

	c->capacity = htole64(disk->size >> SECTOR_SHIFT);
	c->seg_max = htole32(QUEUE_SIZE_MAX - 2); /* header and status */
	c->blk_size = htole32(disk->block_size);
	c->physical_block_exp =
		(uint8_t)log2_of(disk->physical_block_size / disk->block_size);
	c->wce = is_writeback(v);
	if (disk->config->read_only)
		return;
	c->max_discard_sectors = htole32(DISCARD_MAX);
	c->max_discard_seg = htole32(SEGMENTS_MAX);
	c->discard_sector_alignment =
		htole32(disk->physical_block_size >> SECTOR_SHIFT);
	c->max_write_zeroes_sectors = htole32(ZEROES_MAX);
	c->max_write_zeroes_seg = htole32(SEGMENTS_MAX);
	c->write_zeroes_may_unmap = disk->can_discard;
}

static void blk_set_config(struct virtio *v, uint64_t off, unsigned len,
			   uint64_t val)
{
	struct blk *blk = v->state;

	if (off == offsetof(struct virtio_blk_config, wce) && len == 1 &&
	    virtio_has(v, VIRTIO_BLK_F_CONFIG_WCE))
		atomic_store(&blk->writeback, val & 1);
}

static uint64_t features(const struct disk *disk)
{
	uint64_t f = UINT64_C(1) << VIRTIO_BLK_F_SEG_MAX |
		     UINT64_C(1) << VIRTIO_BLK_F_BLK_SIZE |
		     UINT64_C(1) << VIRTIO_BLK_F_TOPOLOGY;

	if (disk->config->read_only)
		return f | UINT64_C(1) << VIRTIO_BLK_F_RO;
	if (disk->can_discard)
		f |= UINT64_C(1) << VIRTIO_BLK_F_DISCARD;
	return f | UINT64_C(1) << VIRTIO_BLK_F_FLUSH |
	       UINT64_C(1) << VIRTIO_BLK_F_CONFIG_WCE |
	       UINT64_C(1) << VIRTIO_BLK_F_WRITE_ZEROES;
}

static int blk_init(struct virtio *v, const struct device_host *host)
{
	struct blk *blk = calloc(1, sizeof(*blk));
	int rc;

	if (!blk)
		return err_set(ENOMEM, "state");
	rc = disk_open(&blk->disk, host->config);
	if (rc < 0) {
		free(blk);
		return rc;
	}
	v->state = blk;
	blk->writeback = true;
	v->offered |= features(&blk->disk);
	return pool_init(&blk->pool, v, 0, serve);
}

static void blk_fini(struct virtio *v)
{
	struct blk *blk = v->state;

	if (!blk)
		return;
	pool_fini(&blk->pool);
	disk_close(&blk->disk);
	free(blk);
}

const struct virtio_class virtio_blk_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-blk"),
	.id = VIRTIO_ID_BLOCK,
	.nr_queues = 1,
	.config_size = CONFIG_SIZE,
	.init = blk_init,
	.fini = blk_fini,
	.reset = blk_reset,
	.get_config = blk_get_config,
	.set_config = blk_set_config,
	.notify = blk_notify,
	.stop = blk_stop,
};
