/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/unpack.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <zlib.h>

/* For ZSTD_d_stableOutBuffer, see unpack_zstd(). */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include "util/err.h"
#include "util/file.h"

enum {
	IN_MAX = 64 * 1024,   /* read at once */
	OUT_MAX = 1 << 30,    /* unpacked at once: zlib counts in 32 bits */
	GZIP_ONLY = 16,	      /* added to inflateInit2()'s window size */
	ZSTD_WINDOW_LOG = 27, /* 128 MiB: zstd -22 --ultra, used by zboot */
};

/* The packed bytes, read piece by piece. */
struct source {
	int fd;		  /* borrowed */
	uint64_t at, end; /* in the file, not yet read */
	size_t pos, len;  /* in buf, not yet used */
	uint8_t buf[IN_MAX];
};

static void source_init(struct source *s, int fd, uint64_t off, uint64_t size)
{
	s->fd = fd;
	s->at = off;
	s->end = off + size;
	s->pos = s->len = 0;
}

/* Have @want unused bytes in the buffer, or all there are. */
static int source_fill(struct source *s, size_t want)
{
	size_t have = s->len - s->pos, more = IN_MAX - have;
	int rc;

	if (have >= want || s->at == s->end)
		return 0;
	if (more > s->end - s->at)
		more = s->end - s->at;
	memmove(s->buf, s->buf + s->pos, have);
	rc = file_read(s->fd, s->buf + have, more, s->at);
	if (rc < 0)
		return rc;
	s->at += more;
	s->pos = 0;
	s->len = have + more;
	return 0;
}

/* Where in the file the next unused byte is. */
static uint64_t source_where(const struct source *s)
{
	return s->at - (s->len - s->pos);
}

static int truncated(const char *format, const struct source *s)
{
	return err_say(ENOEXEC,
		       "%s: truncated, goes on after byte %" PRIu64
		       "; copy it anew",
		       format, source_where(s));
}

static int corrupt(const char *format, const struct source *s, const char *why)
{
	return err_say(ENOEXEC,
		       "%s: corrupt data at byte %" PRIu64
		       " (%s); copy it anew",
		       format, source_where(s), why);
}

static int too_big(const char *format, uint64_t room)
{
	return err_say(E2BIG, "%s: unpacks to more than %" PRIu64 " bytes",
		       format, room);
}

/* One, if another gzip member follows; then @z is ready for it. */
static int gzip_goes_on(struct source *s, z_stream *z)
{
	int rc = source_fill(s, 2);

	if (rc < 0)
		return rc;
	return s->len - s->pos >= 2 && s->buf[s->pos] == 0x1f &&
	       s->buf[s->pos + 1] == 0x8b && inflateReset(z) == Z_OK;
}

/*
 * One call of inflate(), towards @dst or, when that is full, towards a byte
 * beside it that tells "just full" from "too big".  Counts up *@done.
 */
static int gzip_step(struct source *s, z_stream *z, uint8_t *dst, uint64_t room,
		     uint64_t *done)
{
	uint64_t left = room - *done;
	uint8_t spill;
	uInt out = left == 0 ? 1 : left < OUT_MAX ? (uInt)left : OUT_MAX;
	int ret;

	z->next_in = s->buf + s->pos;
	z->avail_in = (uInt)(s->len - s->pos);
	z->next_out = left == 0 ? &spill : dst + *done;
	z->avail_out = out;
	ret = inflate(z, Z_NO_FLUSH);
	s->pos = s->len - z->avail_in;
	*done += out - z->avail_out;
	return ret;
}

static int64_t gzip_run(struct source *s, z_stream *z, uint8_t *dst,
			uint64_t room, bool head_only)
{
	uint64_t done = 0;
	int rc;

	for (;;) {
		if (head_only && done == room)
			return (int64_t)done;
		rc = source_fill(s, 1);
		if (rc < 0)
			return err_in(rc, "gzip");
		rc = gzip_step(s, z, dst, room, &done);
		if (done > room)
			return too_big("gzip", room);
		switch (rc) {
		case Z_OK:
			break;
		case Z_STREAM_END:
			rc = gzip_goes_on(s, z);
			if (rc < 0)
				return err_in(rc, "gzip");
			if (rc == 0)
				return (int64_t)done;
			break;
		case Z_BUF_ERROR: /* it wants input, and there is none */
			return truncated("gzip", s);
		case Z_MEM_ERROR:
			return err_set(ENOMEM, "gzip");
		default:
			return corrupt("gzip", s, z->msg ? z->msg : zError(rc));
		}
	}
}

int64_t unpack_gzip(int fd, uint64_t off, uint64_t size, void *dst,
		    uint64_t room, bool head_only)
{
	z_stream z = { 0 };
	struct source s;
	int64_t rc;

	source_init(&s, fd, off, size);
	if (inflateInit2(&z, GZIP_ONLY + MAX_WBITS) != Z_OK)
		return err_set(ENOMEM, "gzip");
	rc = gzip_run(&s, &z, dst, room, head_only);
	inflateEnd(&z);
	return rc;
}

/* Word zstd's error @ret. */
static int zstd_error(const struct source *s, size_t ret, uint64_t room)
{
	switch (ZSTD_getErrorCode(ret)) {
	case ZSTD_error_dstSize_tooSmall:
		return too_big("zstd", room);
	case ZSTD_error_memory_allocation:
		return err_set(ENOMEM, "zstd");
	case ZSTD_error_frameParameter_windowTooLarge:
		return err_say(ENOEXEC,
			       "zstd: needs a window of more than %d MiB; "
			       "pack it without --long",
			       1 << (ZSTD_WINDOW_LOG - 20));
	default:
		return corrupt("zstd", s, ZSTD_getErrorName(ret));
	}
}

/* One, if another zstd frame, skippable or not, follows. */
static int zstd_goes_on(struct source *s)
{
	uint32_t magic;
	int rc = source_fill(s, sizeof(magic));

	if (rc < 0 || s->len - s->pos < sizeof(magic))
		return rc;
	memcpy(&magic, s->buf + s->pos, sizeof(magic));
	magic = le32toh(magic);
	return magic == ZSTD_MAGICNUMBER ||
	       (magic & ZSTD_MAGIC_SKIPPABLE_MASK) ==
		       ZSTD_MAGIC_SKIPPABLE_START;
}

static int64_t zstd_run(struct source *s, ZSTD_DCtx *z, uint8_t *dst,
			uint64_t room, bool head_only)
{
	ZSTD_outBuffer out = { .dst = dst, .size = room };
	ZSTD_inBuffer in = { .src = s->buf };
	size_t ret, was;
	bool stuck;
	int rc;

	for (;;) {
		if (head_only && out.pos == room)
			return (int64_t)out.pos;
		rc = source_fill(s, 1);
		if (rc < 0)
			return err_in(rc, "zstd");
		in.pos = s->pos;
		in.size = s->len;
		was = out.pos;
		ret = ZSTD_decompressStream(z, &out, &in);
		stuck = in.pos == s->pos && out.pos == was;
		s->pos = in.pos;
		if (ZSTD_isError(ret))
			return zstd_error(s, ret, room);
		if (ret == 0) {
			rc = zstd_goes_on(s);
			if (rc < 0)
				return err_in(rc, "zstd");
			if (rc == 0)
				return (int64_t)out.pos;
		} else if (stuck) {
			return truncated("zstd", s);
		}
	}
}

int64_t unpack_zstd(int fd, uint64_t off, uint64_t size, void *dst,
		    uint64_t room, bool head_only)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();
	struct source s;
	int64_t rc;

	/*
	 * Into a buffer that stays in place zstd unpacks directly, and looks
	 * back there.  Otherwise it would keep a window of its own, which for
	 * a zboot kernel is a second copy of all of it.  Only a head has to
	 * come by way of a window: a block is not cut in two in place.
	 */
	source_init(&s, fd, off, size);
	if (!z ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax,
						ZSTD_WINDOW_LOG)) ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_stableOutBuffer,
						!head_only)))
		rc = err_set(ENOMEM, "zstd");
	else
		rc = zstd_run(&s, z, dst, room, head_only);
	ZSTD_freeDCtx(z);
	return rc;
}
