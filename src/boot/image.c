/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/image.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "boot/unpack.h"
#include "util/err.h"
#include "util/file.h"
#include "util/util.h"

enum {
	HEAD_MAX = 1024,  /* holds every header and magic we look at */
	HEADER_SIZE = 64, /* of an arm64 Image, and of zboot's own part */
};

/* The arm64 Image header (booting.rst 4), little-endian. */
enum {
	ARM64_TEXT_OFFSET = 8,
	ARM64_IMAGE_SIZE = 16,
	ARM64_MAGIC = 56, /* "ARM\x64" */
};

/* Where a kernel from before 3.17 goes: it has 0 for its size. */
#define OLD_TEXT_OFFSET 0x80000u

/*
 * From this size on a flat program is mapped: faulting in sixteen pages costs
 * what a mapping does.
 */
#define FLAT_MAPPED (64 * KIB)

/* No arm64 guest has more address bits than these. */
enum { ADDRESS_BITS = 52 };

/* The EFI zboot header, after "MZ". */
enum {
	ZBOOT_MAGIC = 4,    /* "zimg" */
	ZBOOT_OFFSET = 8,   /* u32, of the payload */
	ZBOOT_SIZE = 12,    /* u32, without zstd's appended size */
	ZBOOT_PACKING = 24, /* a C string, up to byte 56 */
	ZBOOT_PACKING_END = 56,
};

/* The PE headers, as far as they say how long a file is. */
enum {
	DOS_PE_OFFSET = 60,    /* u32, of "PE\0\0" */
	PE_NR_SECTIONS = 6,    /* u16 */
	PE_OPTIONAL_SIZE = 20, /* u16, of what precedes the sections */
	PE_HEADER_SIZE = 24,
	SECTION_RAW_SIZE = 16,	 /* u32 */
	SECTION_RAW_OFFSET = 20, /* u32 */
	SECTION_SIZE = 40,
};

enum kind { KIND_ARM64, KIND_ZBOOT, KIND_GZIP, KIND_ZSTD, KIND_FLAT };

/* What people give by mistake, or in a form we do not open. */
static const struct lookalike {
	unsigned at, len;
	const char *magic;
	const char *words;
} lookalikes[] = {
	{ 0, 4, "\177ELF",
	  "an ELF file, no kernel image; give arch/arm64/boot/Image" },
	{ 0x202, 4, "HdrS", "an x86 kernel (bzImage); give an arm64 one" },
	{ 56, 4, "RSC\x05", "a RISC-V kernel; give an arm64 one" },
	{ 36, 4, "\x18\x28\x6f\x01",
	  "a 32-bit Arm kernel (zImage); give an arm64 one" },
	{ 0, 6, "\xfd\x37zXZ\0", "packed with xz; unpack it with unxz" },
	{ 0, 3, "BZh", "packed with bzip2; unpack it with bunzip2" },
	{ 0, 4, "\x04\x22\x4d\x18", "packed with lz4; unpack it with unlz4" },
	{ 0, 4, "\x02\x21\x4c\x18", "packed with lz4; unpack it with unlz4" },
	{ 0, 4, "\x89LZO", "packed with lzop; unpack it with lzop -d" },
	{ 0, 4, "\x5d\0\0\x80", "packed with lzma; unpack it with unlzma" },
	{ 0, 4, "\x5d\0\0\0", "packed with lzma; unpack it with unlzma" },
	{ 0, 5, "07070", "a cpio archive; an initrd is given with -i" },
	{ 0, 4, "\xd0\x0d\xfe\xed",
	  "a device tree or FIT image; give the kernel Image itself" },
	{ 0, 4, "\x27\x05\x19\x56",
	  "a U-Boot image; give the kernel Image it was made from" },
	{ 0, 8, "ANDROID!",
	  "an Android boot image; give the kernel Image out of it" },
	{ 0, 2, "MZ", "an EFI program, but no arm64 kernel" },
};

static uint16_t le16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static bool has(const uint8_t *head, size_t len, size_t at, const char *magic,
		size_t magic_len)
{
	return len >= at + magic_len &&
	       memcmp(head + at, magic, magic_len) == 0;
}

static bool is_graphic(uint8_t c)
{
	return c >= ' ' && c < 0x7f;
}

static bool is_text(const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_graphic(head[i]) && (head[i] < '\t' || head[i] > '\r'))
			return false;
	return len > 0;
}

/* What begins with these @len bytes?  A kind, or -ENOEXEC: no kernel. */
static int kind_of(const uint8_t *head, size_t len)
{
	const struct lookalike *l = lookalikes;

	if (len >= HEADER_SIZE && has(head, len, ARM64_MAGIC, "ARM\x64", 4))
		return KIND_ARM64;
	if (len >= HEADER_SIZE && has(head, len, 0, "MZ", 2) &&
	    has(head, len, ZBOOT_MAGIC, "zimg", 4))
		return KIND_ZBOOT;
	if (has(head, len, 0, "\x1f\x8b", 2))
		return KIND_GZIP;
	if (has(head, len, 0, "\x28\xb5\x2f\xfd", 4))
		return KIND_ZSTD;
	for (; l < lookalikes + ARRAY_SIZE(lookalikes); l++)
		if (has(head, len, l->at, l->magic, l->len))
			return err_say(ENOEXEC, "%s", l->words);
	if (is_text(head, len))
		return err_say(ENOEXEC, "a text file, not a kernel; give an "
					"arm64 Image");
	/* Words below 0x10000 are permanently undefined instructions. */
	if (len < 4 || le32(head) <= 0xffff)
		return err_say(ENOEXEC, "not a kernel: begins with no header "
					"and with no instruction; give an "
					"arm64 Image");
	return KIND_FLAT;
}

/* How long the file is by its PE section table; 0 if it has none to tell. */
static uint64_t pe_file_size(const uint8_t *head, size_t len)
{
	uint64_t end, max = 0;
	size_t pe, at;

	pe = le32(head + DOS_PE_OFFSET);
	if (!has(head, len, 0, "MZ", 2) || pe > len - PE_HEADER_SIZE ||
	    !has(head, len, pe, "PE\0\0", 4))
		return 0;
	at = pe + PE_HEADER_SIZE + le16(head + pe + PE_OPTIONAL_SIZE);
	for (unsigned nr = le16(head + pe + PE_NR_SECTIONS);
	     nr > 0 && at + SECTION_SIZE <= len; nr--, at += SECTION_SIZE) {
		end = (uint64_t)le32(head + at + SECTION_RAW_OFFSET) +
		      le32(head + at + SECTION_RAW_SIZE);
		if (max < end)
			max = end;
	}
	return max;
}

static int check_raw(const uint8_t *head, size_t len, uint64_t file_size)
{
	uint64_t size = pe_file_size(head, len);

	if (size > file_size)
		return err_say(ENOEXEC,
			       "truncated: has %" PRIu64 " of %" PRIu64
			       " bytes; copy it anew",
			       file_size, size);
	return 0;
}

static int learn_zboot(struct image *img, const uint8_t *head,
		       uint64_t file_size)
{
	char packing[ZBOOT_PACKING_END - ZBOOT_PACKING + 1] = { 0 };

	memcpy(packing, head + ZBOOT_PACKING, sizeof(packing) - 1);
	img->payload = le32(head + ZBOOT_OFFSET);
	img->payload_size = le32(head + ZBOOT_SIZE);
	if (img->payload + img->payload_size > file_size)
		return err_say(ENOEXEC,
			       "zboot: truncated: has %" PRIu64 " of %" PRIu64
			       " bytes; copy it anew",
			       file_size, img->payload + img->payload_size);

	/* The kernel's build writes its method's name: gzip, zstd22. */
	if (strcmp(packing, "gzip") == 0) {
		img->packing = IMAGE_GZIP;
		return 0;
	}
	if (strcmp(packing, "zstd") == 0 || strcmp(packing, "zstd22") == 0) {
		img->packing = IMAGE_ZSTD;
		return 0;
	}
	for (char *p = packing; *p; p++)
		if (!is_graphic((uint8_t)*p))
			*p = '?';
	return err_say(ENOEXEC,
		       "zboot: packed with '%s', and only gzip and zstd are "
		       "opened; give arch/arm64/boot/Image, or build the "
		       "kernel with CONFIG_KERNEL_GZIP",
		       packing);
}

static int64_t unpack(const struct image *img, void *dst, uint64_t room,
		      bool head_only)
{
	return (img->packing == IMAGE_GZIP ? unpack_gzip : unpack_zstd)(
		img->fd, img->payload, img->payload_size, dst, room, head_only);
}

/* Look into what is packed, at @head; returns as kind_of(). */
static int kind_inside(const struct image *img, uint8_t head[HEAD_MAX])
{
	const char *packer = img->packing == IMAGE_GZIP ? "gzip" : "zstd";
	int64_t len;
	int kind;

	len = unpack(img, head, HEAD_MAX, true);
	if (len < 0)
		return (int)len;
	kind = kind_of(head, (size_t)len);
	if (kind < 0)
		return err_in(kind, "inside %s", packer);
	if (kind != KIND_ARM64 && kind != KIND_FLAT)
		return err_say(ENOEXEC,
			       "inside %s: packed once more; unpack it once",
			       packer);
	return kind;
}

/* Set where the kernel goes and how much memory it needs. */
static int learn_place(struct image *img, int kind, const uint8_t *head)
{
	/* The least it takes; a packed kernel tells only by its header. */
	uint64_t size = img->packing == IMAGE_PLAIN ? img->payload_size : 0;

	img->flat = kind == KIND_FLAT;
	if (img->flat) {
		img->text_offset = IMAGE_FLAT_OFFSET;
		img->mem_size = size;
	} else if (le64(head + ARM64_IMAGE_SIZE) == 0) {
		img->text_offset = OLD_TEXT_OFFSET;
		img->mem_size = 0;
	} else {
		img->text_offset = le64(head + ARM64_TEXT_OFFSET);
		img->mem_size = le64(head + ARM64_IMAGE_SIZE);
		if (img->mem_size < size)
			img->mem_size = size;
	}
	if (img->text_offset % 4 != 0 || img->text_offset >> ADDRESS_BITS ||
	    img->mem_size >> ADDRESS_BITS)
		return err_say(ENOEXEC,
			       "damaged: asks for %#" PRIx64
			       " bytes of memory at offset %#" PRIx64
			       "; copy it anew",
			       img->mem_size, img->text_offset);
	return 0;
}

/* All of image_open() that follows the opening. */
static int learn(struct image *img, uint64_t file_size)
{
	uint8_t head[HEAD_MAX];
	size_t len = file_size < HEAD_MAX ? (size_t)file_size : HEAD_MAX;
	int kind, rc;

	img->payload_size = file_size;
	rc = file_read(img->fd, head, len, 0);
	if (rc < 0)
		return rc;
	rc = kind = kind_of(head, len);
	if (kind == KIND_ARM64)
		rc = check_raw(head, len, file_size);
	else if (kind == KIND_ZBOOT)
		rc = learn_zboot(img, head, file_size);
	else if (kind == KIND_GZIP)
		img->packing = IMAGE_GZIP;
	else if (kind == KIND_ZSTD)
		img->packing = IMAGE_ZSTD;
	if (rc < 0)
		return rc;

	if (img->packing != IMAGE_PLAIN) {
		rc = kind_inside(img, head);
		if (rc == KIND_FLAT && kind == KIND_ZBOOT)
			return err_say(ENOEXEC, "zboot: no arm64 kernel in "
						"it; give one for arm64");
		if (rc < 0)
			return rc;
		kind = rc;
	}
	return learn_place(img, kind, head);
}

int image_open(struct image *img, const char *path)
{
	uint64_t size;
	int rc;

	*img = (struct image){ .path = path, .fd = -1 };
	rc = file_open(path, &size);
	if (rc < 0)
		return rc == -ENODATA ? -ENOEXEC : rc;
	img->fd = rc;
	rc = learn(img, size);
	if (rc < 0)
		image_close(img);
	return err_in(rc, "'%s'", path);
}

int image_load(const struct image *img, void *dst, uint64_t room)
{
	int64_t rc;

	if (img->mem_size > room)
		rc = -E2BIG;
	else if (img->packing != IMAGE_PLAIN)
		rc = unpack(img, dst, room, false);
	else if (img->payload_size > room)
		rc = -E2BIG;
	else if (img->flat && img->payload_size >= FLAT_MAPPED && !img->copy)
		rc = file_place(img->fd, img->payload_size, dst, room);
	else
		/*
		 * Read, though Linux could be mapped: it patches nearly every
		 * page of itself while it boots (relocation, alternatives,
		 * ftrace), so each would be faulted in twice and copied after
		 * all, and the guest would run from small pages for ever.
		 * Mapped, a Debian kernel's boot costs 11 % more instructions.
		 */
		rc = file_read(img->fd, dst, img->payload_size, 0);
	if (rc == -E2BIG)
		return err_say(E2BIG,
			       "'%s': needs more than %" PRIu64
			       " MiB of guest memory; give more with -m",
			       img->path, room >> 20);
	return err_in(rc < 0 ? (int)rc : 0, "'%s'", img->path);
}

void image_close(struct image *img)
{
	if (img->fd >= 0)
		close(img->fd);
	img->fd = -1;
}
