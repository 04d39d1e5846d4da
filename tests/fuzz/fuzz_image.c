/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_image.c - kernel files that somebody made up.
 *
 * The first byte says what becomes of the others: the file as they are, or
 * first packed and wrapped, correctly, so that what is behind a checksum is
 * reached as well.  The second byte chooses how much room there is.  Whatever
 * the file, the room's neighbours must stay as they are, success must keep
 * the promises of image.h, and failure must have words and hold nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "boot/image.h"
#include "fuzz.h"
#include "util/err.h"

enum { ROOM = 0x10000, FRAME = 0x10000, FILE_MAX = 0x8000, ZBOOT = 64 };

static uint8_t file[FILE_MAX + 0x1000];

static size_t gzip(uint8_t *to, size_t room, const uint8_t *data, size_t size)
{
	z_stream z = { 0 };

	MUST(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, 0) == Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)data;
	z.avail_in = (uInt)size;
	z.next_out = to;
	z.avail_out = (uInt)room;
	MUST(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t zstd(uint8_t *to, size_t room, const uint8_t *data, size_t size)
{
	size_t n = ZSTD_compress(to, room, data, size, 1);

	MUST(!ZSTD_isError(n));
	return n;
}

/* Make the file; returns its size. */
static size_t make(unsigned how, const uint8_t *data, size_t size)
{
	static const char *const names[] = { "gzip", "zstd22" };
	uint8_t *to = file;
	uint32_t field[2] = { ZBOOT };
	size_t n;

	if (how % 5 == 0) {
		memcpy(file, data, size);
		return size;
	}
	if (how % 5 > 2) {
		memset(file, 0, ZBOOT);
		to += ZBOOT;
	}
	n = (how % 2 ? gzip : zstd)(to, sizeof(file) - ZBOOT, data, size);
	if (how % 5 > 2) {
		field[1] = (uint32_t)n;
		memcpy(file, "MZ\0\0zimg", 8);
		memcpy(file + 8, field, sizeof(field));
		strcpy((char *)file + 24, names[how % 2 == 0]);
		n += ZBOOT;
	}
	return n;
}

/* Three frames: the room in the middle one, the others to be left alone. */
static uint8_t *fresh_memory(void)
{
	static uint8_t *mem;

	if (!mem)
		mem = mmap(NULL, 3 * FRAME, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(mem != MAP_FAILED);
	MUST(mmap(mem + FRAME, ROOM, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		  0) == mem + FRAME);
	return mem + FRAME;
}

static void check(const char *path, unsigned how, size_t file_size)
{
	uint64_t room = ROOM - (uint64_t)(how & 7) * (ROOM / 8);
	uint8_t *mem = fresh_memory();
	uint8_t *dst = mem + ROOM - room;
	struct image img;
	int rc;

	err_say(1, "%s", "");
	rc = image_open(&img, path);
	if (rc < 0) {
		MUST(img.fd == -1);
		MUST(strncmp(err_text(), "'/proc/", 7) == 0);
		return;
	}
	MUST(img.text_offset < UINT64_C(1) << 52);
	MUST(img.mem_size < UINT64_C(1) << 52);
	MUST(img.payload + img.payload_size <= file_size);
	if (how & 8) /* no page-aligned place, and room for no whole page */
		dst += 4, room -= 4;
	err_say(1, "%s", "");
	rc = image_load(&img, dst, room);
	MUST(rc <= 0);
	if (rc < 0)
		MUST(strncmp(err_text(), "'/proc/", 7) == 0);
	else
		MUST(img.mem_size <= room);
	for (const uint8_t *p = mem; p < dst; p++)
		MUST(*p == 0);
	image_close(&img);
	image_close(&img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[32];
	size_t n;

	if (size < 3 || size > FILE_MAX)
		return 0;
	if (fd < 0) {
		fd = memfd_create("kernel", MFD_CLOEXEC);
		MUST(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	n = make(data[0], data + 2, size - 2);
	MUST(ftruncate(fd, 0) == 0);
	MUST(pwrite(fd, file, n, 0) == (ssize_t)n);
	check(path, data[1], n);
	return 0;
}
