/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "boot/image.h"
#include "boot/unpack.h"
#include "util/err.h"

enum {
	KERNEL = 300000,       /* bytes of our kernel: several input buffers */
	KERNEL_MEM = 0x100000, /* and what its header asks for */
	ROOM = 0x400000,
	FILE_MAX = 0x200000,
};

static char path[64];
static struct image img;
static uint8_t *mem;	       /* ROOM zeroed bytes: the guest's memory */
static uint8_t kernel[KERNEL]; /* an arm64 Image */
static uint8_t file[FILE_MAX]; /* a file being made */
static uint8_t more[FILE_MAX]; /* a part of it */

static void put16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static void put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

/* Noise, so that packing it does not make it small; the same each time. */
static void noise(uint8_t *p, size_t size)
{
	uint32_t x = 1;

	for (size_t i = 0; i < size; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)(x >> 24);
	}
}

static int set_up(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/test_image.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	mem = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return -1;

	noise(kernel, KERNEL);
	memset(kernel, 0, 64);
	put32(kernel, 0x14000010); /* b . + 64 */
	put64(kernel + 16, KERNEL_MEM);
	put64(kernel + 24, 0xa);
	memcpy(kernel + 56, "ARM\x64", 4);
	img.fd = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	image_close(&img);
	munmap(mem, ROOM);
	return unlink(path);
}

static void write_file(const void *data, size_t size)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static size_t gzip(uint8_t *to, const void *data, size_t size)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, 0), Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)data;
	z.avail_in = (uInt)size;
	z.next_out = to;
	z.avail_out = FILE_MAX / 2;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

/* As the kernel's build does: from a pipe, so without a size in the header. */
static size_t zstd(uint8_t *to, const void *data, size_t size)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	ZSTD_inBuffer in = { data, size, 0 };
	ZSTD_outBuffer out = { to, FILE_MAX / 2, 0 };

	ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, 0);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, 20);
	while (ZSTD_compressStream2(z, &out, &in, ZSTD_e_end) > 0)
		assert_true(out.pos < out.size);
	ZSTD_freeCCtx(z);
	return out.pos;
}

typedef size_t (*packer)(uint8_t *to, const void *data, size_t size);

static const struct packing {
	packer pack;
	enum image_packing packing;
	const char *name, *zboot_name;
} packings[] = {
	{ gzip, IMAGE_GZIP, "gzip", "gzip" },
	{ zstd, IMAGE_ZSTD, "zstd", "zstd22" },
};

#define FOR_EACH_PACKING(p) \
	for (const struct packing *p = packings; p < packings + 2; p++)

enum { ZBOOT_PAYLOAD = 0x1000 };

/* A zboot file: header, payload, and 100 bytes behind it, where code is. */
static size_t zboot(const char *name, packer pack, const void *data,
		    size_t size)
{
	size_t packed;

	memset(file, 0, ZBOOT_PAYLOAD);
	packed = pack(file + ZBOOT_PAYLOAD, data, size);
	memcpy(file, "MZ\0\0zimg", 8);
	put32(file + 8, ZBOOT_PAYLOAD);
	put32(file + 12, (uint32_t)packed);
	strcpy((char *)file + 24, name);
	put32(file + 60, 64);
	memset(file + ZBOOT_PAYLOAD + packed, 0x77, 100);
	return ZBOOT_PAYLOAD + packed + 100;
}

static void open_good(void)
{
	if (image_open(&img, path) < 0)
		print_error("%s\n", err_text());
	assert_true(img.fd >= 0);
	assert_ptr_equal(img.path, path);
}

static void assert_words(const char *words)
{
	char text[300];

	snprintf(text, sizeof(text), "'%s': %s", path, words);
	assert_string_equal(err_text(), text);
}

/* The file is no kernel, for a reason that is, or begins with, @words. */
static void open_bad(const char *words)
{
	char text[300];

	assert_int_equal(image_open(&img, path), -ENOEXEC);
	assert_int_equal(img.fd, -1);
	snprintf(text, sizeof(text), "'%s': %s", path, words);
	if (strncmp(err_text(), text, strlen(text)) != 0)
		assert_string_equal(err_text(), text);
}

static void load_good(const void *data, size_t size)
{
	if (image_load(&img, mem, ROOM) < 0)
		print_error("%s\n", err_text());
	assert_memory_equal(mem, data, size);
	for (size_t i = size; i < ROOM; i++)
		assert_int_equal(mem[i], 0);
}

static void clear_mem(void)
{
	assert_ptr_equal(mmap(mem, ROOM, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 mem);
}

static void a_raw_image_tells_its_needs(void **state)
{
	(void)state;
	write_file(kernel, KERNEL);
	open_good();
	assert_int_equal(img.packing, IMAGE_PLAIN);
	assert_false(img.flat);
	assert_int_equal(img.text_offset, 0);
	assert_int_equal(img.mem_size, KERNEL_MEM);
	load_good(kernel, KERNEL);
	clear_mem();
	load_good(kernel, KERNEL);
}

static void any_text_offset_is_honoured(void **state)
{
	(void)state;
	put64(kernel + 8, 0x123450);
	put64(kernel + 24, 0xf); /* big-endian, 64K pages, anywhere */
	write_file(kernel, KERNEL);
	open_good();
	assert_int_equal(img.text_offset, 0x123450);
	assert_int_equal(image_load(&img, mem + 0x450, ROOM - 0x450), 0);
	assert_memory_equal(mem + 0x450, kernel, KERNEL);
}

static void a_file_longer_than_image_size_counts(void **state)
{
	(void)state;
	put64(kernel + 16, 4096);
	write_file(kernel, KERNEL);
	open_good();
	assert_int_equal(img.mem_size, KERNEL);
}

static void an_old_kernel_goes_to_512k_and_tells_no_size(void **state)
{
	(void)state;
	put64(kernel + 8, 0x1234567800000000); /* was big-endian then */
	put64(kernel + 16, 0);
	write_file(kernel, KERNEL);
	open_good();
	assert_int_equal(img.text_offset, 0x80000);
	assert_int_equal(img.mem_size, 0);
	load_good(kernel, KERNEL);
}

static void absurd_headers_are_refused(void **state)
{
	static const struct {
		unsigned at;
		uint64_t v;
	} bad[] = {
		{ 8, 2 },
		{ 8, UINT64_MAX - 3 },
		{ 8, UINT64_C(1) << 52 },
		{ 16, UINT64_MAX },
		{ 16, UINT64_C(1) << 52 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t old[8];

		memcpy(old, kernel + bad[i].at, 8);
		put64(kernel + bad[i].at, bad[i].v);
		write_file(kernel, KERNEL);
		open_bad("damaged: asks for ");
		memcpy(kernel + bad[i].at, old, 8);
	}
}

/* Give the kernel a PE header whose second section ends at @end. */
static void add_pe(uint32_t end)
{
	memcpy(kernel, "MZ", 2);
	put32(kernel + 60, 64);
	memset(kernel + 64, 0, 400);
	memcpy(kernel + 64, "PE\0\0", 4);
	put16(kernel + 64 + 6, 2);
	put16(kernel + 64 + 20, 160);
	put32(kernel + 64 + 24 + 160 + 16, 1000);
	put32(kernel + 64 + 24 + 160 + 20, 4096);
	put32(kernel + 64 + 24 + 160 + 40 + 16, end - 5096);
	put32(kernel + 64 + 24 + 160 + 40 + 20, 5096);
}

static void an_image_that_is_an_efi_program_too_is_raw(void **state)
{
	(void)state;
	add_pe(KERNEL);
	write_file(kernel, KERNEL);
	open_good();
	load_good(kernel, KERNEL);
}

static void an_efi_image_cut_short_is_told(void **state)
{
	(void)state;
	add_pe(KERNEL);
	write_file(kernel, KERNEL - 1);
	open_bad("truncated: has 299999 of 300000 bytes");
	write_file(kernel, 64);
	open_good(); /* nothing says that there should be more */
}

static void odd_pe_headers_do_no_harm(void **state)
{
	static const uint32_t odd[] = {
		0, 2, 1000, 1004, 1023, 1024, UINT32_MAX
	};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		add_pe(KERNEL);
		memcpy(kernel + 1004, "PE\0\0", 4); /* cut off at 1024 */
		put32(kernel + 60, odd[i]);
		write_file(kernel, KERNEL);
		open_good();
		image_close(&img);
	}
	add_pe(KERNEL);
	put16(kernel + 64 + 6, 0xffff);	 /* sections */
	put16(kernel + 64 + 20, 0xffff); /* bytes before them */
	write_file(kernel, KERNEL);
	open_good();
}

static void a_headerless_file_is_flat(void **state)
{
	static const uint8_t code[] = { 2, 0, 0, 0xd4 }; /* hvc #0 */

	(void)state;
	write_file(code, sizeof(code));
	open_good();
	assert_true(img.flat);
	assert_int_equal(img.text_offset, IMAGE_FLAT_OFFSET);
	assert_int_equal(img.mem_size, sizeof(code));
	load_good(code, sizeof(code));
}

/* A private mapping follows its file where nobody has written to it. */
static void a_flat_program_is_mapped_where_that_is_cheaper(void **state)
{
	static const struct {
		size_t size;
		bool mapped;
	} cases[] = { { 0x8000, false }, { 0xffff, false }, { 0x10000, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = cases[i].size;
		FILE *f;

		noise(file, size);
		write_file(file, size);
		open_good();
		assert_true(img.flat);
		assert_int_equal(image_load(&img, mem, ROOM), 0);
		f = fopen(path, "r+");
		assert_non_null(f);
		assert_int_equal(fputc(file[0] ^ 1, f), file[0] ^ 1);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(mem[0], file[0] ^ cases[i].mapped);
		assert_memory_equal(mem + 1, file + 1, size - 1);
		assert_int_equal(mem[size], 0);
		clear_mem();
		image_close(&img);
	}
}

static void a_packed_kernel_is_as_the_raw_one(void **state)
{
	(void)state;
	put64(kernel + 8, 0x10000);
	FOR_EACH_PACKING(p)
	{
		write_file(file, p->pack(file, kernel, KERNEL));
		open_good();
		assert_int_equal(img.packing, p->packing);
		assert_false(img.flat);
		assert_int_equal(img.text_offset, 0x10000);
		assert_int_equal(img.mem_size, KERNEL_MEM);
		load_good(kernel, KERNEL);
		clear_mem();
		load_good(kernel, KERNEL);
		clear_mem();
		image_close(&img);
	}
}

static void a_packed_flat_program_tells_no_size(void **state)
{
	static const uint8_t code[] = { 2, 0, 0, 0xd4 };

	(void)state;
	FOR_EACH_PACKING(p)
	{
		write_file(file, p->pack(file, code, sizeof(code)));
		open_good();
		assert_true(img.flat);
		assert_int_equal(img.text_offset, IMAGE_FLAT_OFFSET);
		assert_int_equal(img.mem_size, 0);
		load_good(code, sizeof(code));
		clear_mem();
		image_close(&img);
	}
}

static void a_zboot_kernel_is_unpacked(void **state)
{
	(void)state;
	FOR_EACH_PACKING(p)
	{
		write_file(file, zboot(p->zboot_name, p->pack, kernel, KERNEL));
		open_good();
		assert_int_equal(img.packing, p->packing);
		assert_int_equal(img.payload, ZBOOT_PAYLOAD);
		assert_int_equal(img.mem_size, KERNEL_MEM);
		load_good(kernel, KERNEL);
		clear_mem();
		image_close(&img);
	}
	write_file(file, zboot("zstd", zstd, kernel, KERNEL));
	open_good();
}

static void a_zboot_kernel_cut_short_is_told(void **state)
{
	size_t size = zboot("gzip", gzip, kernel, KERNEL);

	(void)state;
	write_file(file, size - 101);
	open_bad("zboot: truncated: has ");
	write_file(file, 64);
	open_bad("zboot: truncated: has 64 of ");
	write_file(file, 63);
	open_bad("an EFI program, but no arm64 kernel");
	put32(file + 8, UINT32_MAX);
	put32(file + 12, UINT32_MAX);
	write_file(file, size);
	open_bad("zboot: truncated: has ");
}

static void a_zboot_packing_we_lack_has_a_remedy(void **state)
{
	size_t size = zboot("lzma", gzip, kernel, KERNEL);

	(void)state;
	write_file(file, size);
	open_bad("zboot: packed with 'lzma', and only gzip and zstd are "
		 "opened; give arch/arm64/boot/Image, or build the kernel "
		 "with CONFIG_KERNEL_GZIP");
	strcpy((char *)file + 24, "\033[2J"); /* nothing for a terminal */
	write_file(file, size);
	open_bad("zboot: packed with '?[2J', and ");
	memset(file + 24, 'q', 32); /* no end */
	write_file(file, size);
	open_bad("zboot: packed with 'qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq', and ");
}

static void a_zboot_without_an_arm64_kernel_is_refused(void **state)
{
	(void)state;
	memset(kernel + 56, 0, 4);
	write_file(file, zboot("gzip", gzip, kernel, KERNEL));
	open_bad("zboot: no arm64 kernel in it");
	write_file(file, zboot("gzip", gzip, "MZ...", 5));
	open_bad("inside gzip: an EFI program, but no arm64 kernel");
	put32(file + 12, 0); /* no payload at all */
	write_file(file, ZBOOT_PAYLOAD);
	open_bad("gzip: truncated, goes on after byte 4096");
}

static void what_is_packed_twice_is_refused(void **state)
{
	size_t size = gzip(more, kernel, KERNEL);

	(void)state;
	FOR_EACH_PACKING(p)
	{
		char words[80];

		snprintf(words, sizeof(words),
			 "inside %s: packed once more; unpack it once",
			 p->name);
		write_file(file, p->pack(file, more, size));
		open_bad(words);
	}
}

/* Cut so that the second magic lies in one input buffer, or across two. */
static void streams_in_a_row_are_one_kernel(void **state)
{
	(void)state;
	FOR_EACH_PACKING(p)
	{
		unsigned seen = 0; /* one bit a place around 64 KiB */

		for (size_t cut = 65450; cut < 65540; cut++) {
			size_t n = p->pack(file, kernel, cut);

			if (n < 65530 || n > 65537)
				continue;
			seen |= 1u << (n - 65530);
			n += p->pack(file + n, kernel + cut, KERNEL - cut);
			write_file(file, n);
			open_good();
			assert_int_equal(image_load(&img, mem, ROOM), 0);
			assert_memory_equal(mem, kernel, KERNEL);
			clear_mem();
			image_close(&img);
		}
		assert_int_equal(seen, 0xff);
	}
}

static void garbage_behind_a_stream_is_ignored(void **state)
{
	static const char garbage[] = "\0\0\0\0garbage";

	(void)state;
	FOR_EACH_PACKING(p)
	{
		for (size_t len = 1; len < sizeof(garbage); len += 9) {
			size_t n = p->pack(file, kernel, KERNEL);

			memcpy(file + n, garbage, len);
			write_file(file, n + len);
			open_good();
			load_good(kernel, KERNEL);
			clear_mem();
			image_close(&img);
		}
	}
}

static void truncated_streams_are_told_at_any_length(void **state)
{
	char words[80];

	(void)state;
	FOR_EACH_PACKING(p)
	{
		size_t n = p->pack(file, kernel, KERNEL);

		for (size_t cut = n - 1; cut > 5; cut -= 1 + cut / 9) {
			write_file(file, cut);
			snprintf(words, sizeof(words),
				 "%s: truncated, goes on after byte %zu"
				 "; copy it anew",
				 p->name, cut);
			if (image_open(&img, path) == 0) {
				assert_int_equal(image_load(&img, mem, ROOM),
						 -ENOEXEC);
				image_close(&img);
			}
			assert_words(words);
		}
	}
}

static void corrupt_streams_are_told_with_a_place(void **state)
{
	char words[80];

	(void)state;
	FOR_EACH_PACKING(p)
	{
		size_t n = p->pack(file, kernel, KERNEL);
		unsigned long at;
		const char *text;

		file[n - 6] ^= 1; /* in the sum, or what it is about */
		write_file(file, n);
		open_good();
		assert_int_equal(image_load(&img, mem, ROOM), -ENOEXEC);
		image_close(&img);
		snprintf(words, sizeof(words), "%s: corrupt data at byte ",
			 p->name);
		text = strstr(err_text(), words);
		assert_non_null(text);
		at = strtoul(text + strlen(words), NULL, 10);
		assert_in_range(at, n - 0x20000, n);

		memset(file + 4, 0xff, 60);
		write_file(file, n);
		open_bad(p->name);
	}
}

static void more_than_the_room_is_refused_with_a_remedy(void **state)
{
	static const uint8_t tiny[4] = { 2, 0, 0, 0xd4 };

	(void)state;
	put64(kernel + 16, 0);
	FOR_EACH_PACKING(p)
	{
		write_file(file, p->pack(file, kernel, KERNEL));
		open_good();
		for (size_t room = KERNEL - 1; room > 0; room /= 5)
			assert_int_equal(image_load(&img, mem, room), -E2BIG);
		assert_words("needs more than 0 MiB of guest memory; give "
			     "more with -m");
		assert_int_equal(image_load(&img, mem, 0), -E2BIG);
		assert_int_equal(image_load(&img, mem, KERNEL), 0);
		assert_memory_equal(mem, kernel, KERNEL);
		assert_int_equal(mem[KERNEL], 0);
		clear_mem();
		image_close(&img);
	}
	write_file(tiny, 4);
	open_good();
	assert_int_equal(image_load(&img, mem, 3), -E2BIG);
	assert_int_equal(mem[0], 0);
}

static void nothing_is_written_beyond_the_room(void **state)
{
	(void)state;
	put64(kernel + 16, 0);
	FOR_EACH_PACKING(p)
	{
		memset(mem, 0xee, ROOM);
		write_file(file, p->pack(file, kernel, KERNEL));
		open_good();
		assert_int_equal(image_load(&img, mem + 16, 1000), -E2BIG);
		image_close(&img);
		assert_int_equal(mem[15], 0xee);
		for (size_t i = 1016; i < ROOM; i++)
			assert_int_equal(mem[i], 0xee);
	}
}

static void image_size_must_fit_too(void **state)
{
	(void)state;
	put64(kernel + 16, 0x300000);
	write_file(kernel, KERNEL);
	open_good();
	assert_int_equal(image_load(&img, mem, 0x2fffff), -E2BIG);
	assert_words("needs more than 2 MiB of guest memory; give more with "
		     "-m");
	assert_int_equal(image_load(&img, mem, 0x300000), 0);
}

/* A window of 256 MiB, in a frame header made by hand. */
static void a_zstd_window_beyond_reason_is_refused(void **state)
{
	static const uint8_t frame[] = { 0x28,	  0xb5, 0x2f, 0xfd, 0,
					 18 << 3, 1,	0,    0 };

	(void)state;
	write_file(frame, sizeof(frame));
	open_bad("zstd: needs a window of more than 128 MiB; pack it without "
		 "--long");
}

static void mistakes_have_their_own_words(void **state)
{
	static const struct {
		unsigned at, len;
		const char *magic, *words;
	} bad[] = {
		{ 0, 4, "\177ELF", "an ELF file" },
		{ 0x202, 4, "HdrS", "an x86 kernel" },
		{ 56, 4, "RSC\x05", "a RISC-V kernel" },
		{ 36, 4, "\x18\x28\x6f\x01", "a 32-bit Arm kernel" },
		{ 0, 6, "\xfd\x37zXZ\0", "packed with xz; " },
		{ 0, 4, "BZh9", "packed with bzip2; " },
		{ 0, 4, "\x04\x22\x4d\x18", "packed with lz4; " },
		{ 0, 4, "\x02\x21\x4c\x18", "packed with lz4; " },
		{ 0, 4, "\x89LZO", "packed with lzop; " },
		{ 0, 5, "\x5d\0\0\x80\0", "packed with lzma; " },
		{ 0, 5, "\x5d\0\0\0\x04", "packed with lzma; " },
		{ 0, 6, "070701", "a cpio archive; " },
		{ 0, 4, "\xd0\x0d\xfe\xed", "a device tree" },
		{ 0, 4, "\x27\x05\x19\x56", "a U-Boot image" },
		{ 0, 8, "ANDROID!", "an Android boot image" },
		{ 0, 2, "MZ", "an EFI program" },
		{ 0, 4, "\xff\xff\0\0", "not a kernel: " }, /* udf #65535 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char words[80];

		noise(file, 2000);
		memcpy(file + bad[i].at, bad[i].magic, bad[i].len);
		write_file(file, 2000);
		open_bad(bad[i].words);
		snprintf(words, sizeof(words), "inside gzip: %s", bad[i].words);
		write_file(more, gzip(more, file, 2000));
		open_bad(words);
	}
}

static void no_code_is_no_flat_program(void **state)
{
	(void)state;
	write_file("#!/bin/sh\necho hello\n", 21);
	open_bad("a text file, not a kernel");
	write_file("\xff\xff\xff", 3);
	open_bad("not a kernel: begins with no header and with no instr");
	memset(file, 0, 4096);
	write_file(file, 4096);
	open_bad("not a kernel: begins with no header and with no instr");
	write_file(more, gzip(more, "", 0));
	open_bad("inside gzip: not a kernel: begins with no header");
	write_file("", 0);
	open_bad("the file is empty");
}

static void what_cannot_be_opened_is_named(void **state)
{
	(void)state;
	assert_int_equal(image_open(&img, "/nowhere/Image"), -ENOENT);
	assert_string_equal(
		err_text(),
		"'/nowhere/Image': No such file or directory; is the path right?");
	assert_int_equal(img.fd, -1);
	assert_int_equal(image_open(&img, "/tmp"), -EISDIR);
	assert_int_equal(img.fd, -1);
	image_close(&img);
	image_close(&img);
}

static void a_file_that_shrinks_meanwhile_is_told(void **state)
{
	(void)state;
	FOR_EACH_PACKING(p)
	{
		size_t n = p->pack(file, kernel, KERNEL);

		write_file(file, n);
		open_good();
		assert_int_equal(truncate(path, 1000), 0);
		assert_int_equal(image_load(&img, mem, ROOM), -ENODATA);
		assert_non_null(strstr(err_text(), "the file ends at byte "));
		image_close(&img);
	}
}

static void refused_files_leave_no_descriptor(void **state)
{
	int next = dup(0);

	(void)state;
	close(next);
	write_file("text\n", 5);
	open_bad("a text file");
	write_file("\x1f\x8b", 2);
	open_bad("gzip: truncated");
	assert_int_equal(dup(0), next);
	close(next);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_raw_image_tells_its_needs),
		TEST(any_text_offset_is_honoured),
		TEST(a_file_longer_than_image_size_counts),
		TEST(an_old_kernel_goes_to_512k_and_tells_no_size),
		TEST(absurd_headers_are_refused),
		TEST(an_image_that_is_an_efi_program_too_is_raw),
		TEST(an_efi_image_cut_short_is_told),
		TEST(odd_pe_headers_do_no_harm),
		TEST(a_headerless_file_is_flat),
		TEST(a_packed_kernel_is_as_the_raw_one),
		TEST(a_flat_program_is_mapped_where_that_is_cheaper),
		TEST(a_packed_flat_program_tells_no_size),
		TEST(a_zboot_kernel_is_unpacked),
		TEST(a_zboot_kernel_cut_short_is_told),
		TEST(a_zboot_packing_we_lack_has_a_remedy),
		TEST(a_zboot_without_an_arm64_kernel_is_refused),
		TEST(what_is_packed_twice_is_refused),
		TEST(streams_in_a_row_are_one_kernel),
		TEST(garbage_behind_a_stream_is_ignored),
		TEST(truncated_streams_are_told_at_any_length),
		TEST(corrupt_streams_are_told_with_a_place),
		TEST(more_than_the_room_is_refused_with_a_remedy),
		TEST(nothing_is_written_beyond_the_room),
		TEST(image_size_must_fit_too),
		TEST(a_zstd_window_beyond_reason_is_refused),
		TEST(mistakes_have_their_own_words),
		TEST(no_code_is_no_flat_program),
		TEST(what_cannot_be_opened_is_named),
		TEST(a_file_that_shrinks_meanwhile_is_told),
		TEST(refused_files_leave_no_descriptor),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
