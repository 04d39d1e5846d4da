/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flash.c - two banks of NOR flash, each two 16-bit chips side by side, that
 * speak Intel's command set: firmware, which cannot be written to, and the
 * variables it keeps.
 *
 * While a bank shows its content it is a memory slot that can only be read: the
 * guest runs from it at full speed, and only its writes, which are
 * commands, come here.  In every other mode there is no slot, and reads come
 * here, too.
 *
 *	array --70--> status   (also what follows a program or an erase)
 *	      --90--> id       --98--> query
 *	      --40 word--> status    --20 D0--> status    --60 xx--> status
 *	      --E8 count-1 word... D0--> status
 *	anything --FF, F0, or what is no command--> array
 *
 * A command is the low byte of what is written; both chips do the same.  Each
 * is done at once, so the chips are always ready.
 *
 * Spec: Intel StrataFlash Embedded Memory (P30) datasheet, commands and status;
 * JEDEC JEP137, JESD68 (CFI query); Linux
 * Documentation/devicetree/bindings/mtd/mtd-physmap.yaml.
 * Left out: locks of single blocks (accepted, without effect), suspending,
 * protection registers.
 */
#include "dev/flash.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dev/device.h"
#include "dev/flash_store.h"
#include "kvm/vm.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/fdtw.h"
#include "util/log.h"
#include "util/util.h"

#define BANK_SIZE ((uint64_t)LAYOUT_FLASH_EACH)

enum {
	NR_BANKS = LAYOUT_FLASH_SIZE / LAYOUT_FLASH_EACH,
	NR_CHIPS = 2,	/* side by side in a word */
	WORD = 4,	/* bytes of both */
	BLOCK_LOG = 18, /* what is erased at once */
	BLOCK = 1 << BLOCK_LOG,
	BUFFER_LOG = 12, /* what is programmed at once, at most */
	BUFFER = 1 << BUFFER_LOG,
};

enum {
	CMD_PROGRAM_ALT = 0x10,
	CMD_ERASE = 0x20,
	CMD_PROGRAM = 0x40,
	CMD_CLEAR_STATUS = 0x50,
	CMD_LOCK = 0x60,
	CMD_STATUS = 0x70,
	CMD_ID = 0x90,
	CMD_QUERY = 0x98,
	CMD_CONFIRM = 0xd0,
	CMD_BUFFER = 0xe8,
};

enum {
	STATUS_LOCKED = 0x02,
	STATUS_NO_PROGRAM = 0x10,
	STATUS_NO_ERASE = 0x20,
	STATUS_BAD_ORDER = STATUS_NO_PROGRAM | STATUS_NO_ERASE,
	STATUS_READY = 0x80,
};

enum { ID_MAKER = 0x89, ID_CHIP = 0x18 };

/* What the guest reads. */
enum shows { SHOWS_ARRAY, SHOWS_STATUS, SHOWS_ID, SHOWS_QUERY };

/* What its next write is. */
enum next {
	NEXT_COMMAND,
	NEXT_WORD,    /* to be programmed */
	NEXT_ERASE,   /* CMD_CONFIRM for it */
	NEXT_LOCK,    /* which of the lock commands */
	NEXT_COUNT,   /* of words, less one, that go into the buffer */
	NEXT_DATA,    /* one of these */
	NEXT_PROGRAM, /* CMD_CONFIRM for them */
};

struct bank {
	gpa_t base;
	unsigned slot;
	struct flash_store store;
	bool has_slot;
	bool told; /* of a slot that could not be added */
	enum shows shows;
	enum next next;
	uint8_t status;
	/* A buffer: @content of BUFFER bytes at @at, if any data came. */
	unsigned words; /* that are still to come */
	bool has_at, astray;
	uint64_t at;
	uint8_t *content; /* owned */
};

struct flash {
	int vm_fd; /* borrowed */
	struct bank banks[NR_BANKS];
};

/* What each chip answers, from word 0x10 on; JESD68.01. */
/* clang-format off */
static const uint8_t query[] = {
	[0x00] = 'Q', 'R', 'Y', 1, 0, 0x31, 0, 0, 0, 0, 0,
	/* Volts from 4.5 to 5.5; microseconds and milliseconds as 2^n. */
	[0x0b] = 0x45, 0x55, 0, 0, 7, 7, 10, 0, 4, 4, 4, 0,
	/* Its size as 2^n; by 16 bits; the buffer as 2^n; one kind of block. */
	[0x17] = 25, 2, 0, BUFFER_LOG - 1, 0, 1,
	/* Their number less 1, and their size / 256. */
	[0x1d] = (LAYOUT_FLASH_EACH / BLOCK - 1) & 0xff,
	(LAYOUT_FLASH_EACH / BLOCK - 1) >> 8,
	BLOCK / NR_CHIPS / 256 & 0xff,
	BLOCK / NR_CHIPS / 256 >> 8,
	/* Intel's own part, version 1.0, without any extras; 3.3 volts. */
	[0x21] = 'P', 'R', 'I', '1', '0', 0, 0, 0, 0, 0, 0, 0, 0x33, 0, 0, 0,
};
/* clang-format on */
_Static_assert(1 << 25 == LAYOUT_FLASH_EACH / NR_CHIPS, "not a chip's size");

/* -- what the guest reads -- */

static int add_slot(struct flash *f, struct bank *b)
{
	int rc = kvm_slot_add_ro(f->vm_fd, b->slot, b->base, BANK_SIZE,
				 b->store.map);

	b->has_slot = rc == 0;
	return rc;
}

static void show(struct flash *f, struct bank *b, enum shows shows)
{
	b->shows = shows;
	if (shows == SHOWS_ARRAY && !b->has_slot) {
		/* Without it reads come here, which is as good, but slow. */
		if (add_slot(f, b) < 0 && !b->told) {
			b->told = true;
			log_warn("flash: %s", err_text());
		}
	} else if (shows != SHOWS_ARRAY && b->has_slot) {
		kvm_slot_del(f->vm_fd, b->slot);
		b->has_slot = false;
	}
}

/* What each of the chips has on its 16 lines at word @index. */
static uint16_t on_lines(const struct bank *b, uint64_t index)
{
	if (b->shows == SHOWS_STATUS)
		return b->status;
	if (b->shows == SHOWS_QUERY)
		return index - 0x10 < sizeof(query) ? query[index - 0x10] : 0;
	/* Each block has its own, the third word says: not locked. */
	index %= BLOCK / WORD;
	return index == 0 ? ID_MAKER : index == 1 ? ID_CHIP : 0;
}

static uint64_t flash_read(struct device *d, uint64_t off, unsigned len)
{
	struct flash *f = d->state;
	const struct bank *b = &f->banks[off / BANK_SIZE];
	uint8_t bytes[8] = { 0 };
	uint64_t v;

	off %= BANK_SIZE;
	/* Another vCPU may have made it memory since this one stumbled. */
	for (unsigned i = 0; i < len && off + i < BANK_SIZE; i++)
		if (b->shows == SHOWS_ARRAY)
			bytes[i] = b->store.map[off + i];
		else
			bytes[i] = (uint8_t)(on_lines(b, (off + i) / WORD) >>
					     8 * ((off + i) % 2));
	memcpy(&v, bytes, sizeof(v));
	return le64toh(v);
}

/* -- what it writes -- */

/* False, and @error in the status, which only the guest clears: not done. */
static bool store(struct bank *b, const uint8_t *from, uint64_t off,
		  uint64_t size, uint8_t error)
{
	int rc = flash_store_write(&b->store, from, off, size);

	if (rc == -EROFS)
		error |= STATUS_LOCKED;
	if (rc < 0)
		b->status |= error;
	return rc == 0;
}

static void erase(struct bank *b, uint64_t off)
{
	uint8_t blank[16 * KIB];

	memset(blank, 0xff, sizeof(blank));
	off = ROUND_DOWN(off, BLOCK);
	for (uint64_t at = 0; at < BLOCK; at += sizeof(blank))
		if (!store(b, blank, off + at, sizeof(blank), STATUS_NO_ERASE))
			return;
}

/* Programming only ever makes zeroes of ones. */
static void program(struct bank *b, uint64_t off, unsigned len, uint64_t v)
{
	uint8_t bytes[8];

	v = htole64(v);
	memcpy(bytes, &v, sizeof(bytes));
	if (len > BANK_SIZE - off)
		len = (unsigned)(BANK_SIZE - off);
	for (unsigned i = 0; i < len; i++)
		bytes[i] &= b->store.map[off + i];
	store(b, bytes, off, len, STATUS_NO_PROGRAM);
}

static void begin_buffer(struct bank *b, uint64_t v)
{
	b->words = (v & 0xffff) + 1;
	b->has_at = false;
	/* Too many: none of them is taken, and what follows is no command. */
	b->astray = b->words > BUFFER / WORD;
	b->next = b->astray ? NEXT_PROGRAM : NEXT_DATA;
}

/* All of it must lie in one stretch of the buffer's size. */
static void fill_buffer(struct bank *b, uint64_t off, unsigned len, uint64_t v)
{
	unsigned words = (len + WORD - 1) / WORD;

	if (!b->has_at) {
		b->has_at = true;
		b->at = ROUND_DOWN(off, BUFFER);
		memset(b->content, 0xff, BUFFER);
	}
	if (off < b->at || off - b->at > BUFFER - len)
		b->astray = true;
	else
		for (unsigned i = 0; i < len; i++)
			b->content[off - b->at + i] = (uint8_t)(v >> 8 * i);
	b->words -= words < b->words ? words : b->words;
	if (b->words == 0)
		b->next = NEXT_PROGRAM;
}

static void end_buffer(struct bank *b)
{
	if (b->astray) {
		b->status |= STATUS_BAD_ORDER;
		return;
	}
	for (unsigned i = 0; i < BUFFER; i++)
		b->content[i] &= b->store.map[b->at + i];
	store(b, b->content, b->at, BUFFER, STATUS_NO_PROGRAM);
}

static void begin(struct flash *f, struct bank *b, uint8_t cmd)
{
	switch (cmd) {
	case CMD_PROGRAM:
	case CMD_PROGRAM_ALT:
		b->next = NEXT_WORD;
		break;
	case CMD_ERASE:
		b->next = NEXT_ERASE;
		break;
	case CMD_LOCK:
		b->next = NEXT_LOCK;
		break;
	case CMD_BUFFER:
		b->next = NEXT_COUNT;
		break;
	case CMD_CLEAR_STATUS:
		b->status = STATUS_READY;
		return;
	case CMD_STATUS:
		break;
	case CMD_ID:
		show(f, b, SHOWS_ID);
		return;
	case CMD_QUERY:
		show(f, b, SHOWS_QUERY);
		return;
	default:
		show(f, b, SHOWS_ARRAY);
		return;
	}
	show(f, b, SHOWS_STATUS);
}

static void flash_write(struct device *d, uint64_t off, unsigned len,
			uint64_t v)
{
	struct flash *f = d->state;
	struct bank *b = &f->banks[off / BANK_SIZE];
	enum next next = b->next;
	uint8_t cmd = v & 0xff;

	off %= BANK_SIZE;
	b->next = NEXT_COMMAND;
	switch (next) {
	case NEXT_COMMAND:
		begin(f, b, cmd);
		break;
	case NEXT_WORD:
		program(b, off, len, v);
		break;
	case NEXT_ERASE:
		if (cmd == CMD_CONFIRM)
			erase(b, off);
		else
			b->status |= STATUS_BAD_ORDER;
		break;
	case NEXT_LOCK:
		break;
	case NEXT_COUNT:
		begin_buffer(b, v);
		break;
	case NEXT_DATA:
		b->next = NEXT_DATA;
		fill_buffer(b, off, len, v);
		break;
	case NEXT_PROGRAM:
		if (cmd == CMD_CONFIRM)
			end_buffer(b);
		else
			b->status |= STATUS_BAD_ORDER;
		break;
	}
}

/* -- the device -- */

static void flash_destroy(struct device *d)
{
	struct flash *f = d->state;

	for (unsigned i = 0; f && i < NR_BANKS; i++) {
		struct bank *b = &f->banks[i];

		if (b->has_slot)
			kvm_slot_del(f->vm_fd, b->slot);
		flash_store_close(&b->store);
		free(b->content);
	}
	free(f);
	d->state = NULL;
}

static int init_bank(struct bank *b, unsigned i)
{
	*b = (struct bank){
		.base = LAYOUT_FLASH + i * BANK_SIZE,
		.slot = SLOT_FLASH + i,
		.status = STATUS_READY,
		.content = malloc(BUFFER),
	};
	return b->content ? 0 : err_set(ENOMEM, "buffer");
}

static int flash_create(struct device *d, const struct device_host *host)
{
	const struct flash_config *config = host->config;
	struct flash *f = calloc(1, sizeof(*f));
	int rc = 0;

	if (!f)
		return err_set(ENOMEM, "state");
	d->state = f;
	f->vm_fd = host->vm_fd;
	for (unsigned i = 0; i < NR_BANKS && rc == 0; i++)
		rc = init_bank(&f->banks[i], i);
	if (rc == 0)
		rc = flash_store_firmware(&f->banks[0].store, config->firmware);
	if (rc == 0)
		rc = flash_store_vars(&f->banks[1].store, config->vars);
	for (unsigned i = 0; i < NR_BANKS && rc == 0; i++)
		rc = add_slot(f, &f->banks[i]);
	return rc;
}

/* What was programmed stays. */
static void flash_reset(struct device *d)
{
	struct flash *f = d->state;

	for (unsigned i = 0; i < NR_BANKS; i++) {
		f->banks[i].status = STATUS_READY;
		f->banks[i].next = NEXT_COMMAND;
		show(f, &f->banks[i], SHOWS_ARRAY);
	}
}

static void flash_fdt(const struct device *d, struct fdtw *w)
{
	uint64_t regs[2 * NR_BANKS];

	for (unsigned i = 0; i < NR_BANKS; i++) {
		regs[2 * i] = d->window.base + i * BANK_SIZE;
		regs[2 * i + 1] = BANK_SIZE;
	}
	fdtw_node(w, "flash@%" PRIx64, d->window.base);
	fdtw_str(w, "compatible", "cfi-flash");
	fdtw_regs(w, "reg", regs, NR_BANKS);
	fdtw_u32(w, "bank-width", WORD);
	fdtw_end(w);
}

const struct device_class flash_class = {
	.name = "firmware",
	.mmio_size = LAYOUT_FLASH_SIZE,
	.create = flash_create,
	.destroy = flash_destroy,
	.reset = flash_reset,
	.read = flash_read,
	.write = flash_write,
	.fdt = flash_fdt,
};
