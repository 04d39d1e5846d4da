/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk.c - a guest that writes numbers to its disk, each flushed before it is
 * said.
 *
 * Number n fills the sector n % SECTORS.  It goes on from the highest number
 * that it finds there, and for ever: whoever ends it can compare the last
 * number that it said with what the image holds.
 *
 *	disk: SECTORS-OF-THE-DISK sectors, from NUMBER on
 *	NUMBER
 *	...
 *
 * One request at a time, by polling the used ring: what is tested here is what
 * "flushed" means, with as many flushes as can be.
 *
 * Spec: virtio 1.2, 2.7, 3.1.1, 4.2.2, 5.2.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/dt.h"
#include "lib/mmu.h"
#include "lib/say.h"
#include "lib/uart.h"

enum { SECTORS = 64, SECTOR = 512, WORDS = SECTOR / 4, RING = 4 };

/* Registers. */
enum {
	DEVICE_ID = 0x008,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	QUEUE_SEL = 0x030,
	QUEUE_NUM = 0x038,
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	STATUS = 0x070,
	QUEUE_DESC = 0x080,
	QUEUE_DRIVER = 0x090,
	QUEUE_DEVICE = 0x0a0,
	CAPACITY = 0x100,
};

enum { IS_BLOCK = 2, F_FLUSH = 1 << 9, VERSION_1 = 1 }; /* of the high half */
enum { NEXT = 1, WRITE = 2 };
enum { IN = 0, OUT = 1, FLUSH = 4 };

static struct {
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} desc[RING] __attribute__((aligned(16)));
	struct {
		uint16_t flags, idx, ring[RING];
	} avail __attribute__((aligned(16)));
	volatile struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[RING];
	} used __attribute__((aligned(16)));
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} head;
	uint32_t data[WORDS];
	volatile uint8_t status;
} shared __attribute__((aligned(16)));

static uint64_t regs;

extern uint8_t _start[] __attribute__((visibility("hidden")));
extern uint8_t image_end[] __attribute__((visibility("hidden")));

void main(const void *dtb);

static uint32_t get(uint64_t off)
{
	return *(volatile uint32_t *)(regs + off);
}

static void set(uint64_t off, uint32_t v)
{
	*(volatile uint32_t *)(regs + off) = v;
}

static void set_address(uint64_t off, const volatile void *p)
{
	set(off, (uint32_t)(uint64_t)p);
	set(off + 4, (uint32_t)((uint64_t)p >> 32));
}

static void barrier(void)
{
	__asm__ volatile("dmb osh" : : : "memory");
}

/* The first disk of the tree, its page mapped. */
static bool find_disk(const struct dt *dt)
{
	dt_node node;
	uint64_t size;

	if (!dt_find(dt, "/", &node) || !dt_child(dt, node, &node))
		return false;
	do {
		if (!dt_compatible(dt, node, "virtio,mmio") ||
		    !dt_reg(dt, node, 0, &regs, &size))
			continue;
		if (!mmu_map(regs, size, MMU_DEVICE))
			return false;
		if (get(DEVICE_ID) == IS_BLOCK)
			return true;
	} while (dt_next(dt, node, &node));
	return false;
}

static bool start(void)
{
	set(STATUS, 0);
	set(STATUS, 1 | 2);
	set(DRIVER_FEATURES_SEL, 0);
	set(DRIVER_FEATURES, F_FLUSH);
	set(DRIVER_FEATURES_SEL, 1);
	set(DRIVER_FEATURES, VERSION_1);
	set(STATUS, 1 | 2 | 8);
	set(QUEUE_SEL, 0);
	set(QUEUE_NUM, RING);
	set_address(QUEUE_DESC, shared.desc);
	set_address(QUEUE_DRIVER, &shared.avail);
	set_address(QUEUE_DEVICE, &shared.used);
	set(QUEUE_READY, 1);
	set(STATUS, 1 | 2 | 8 | 4);
	return get(STATUS) == (1 | 2 | 8 | 4);
}

static void describe(unsigned i, const volatile void *p, uint32_t len,
		     uint16_t flags)
{
	shared.desc[i].addr = (uint64_t)p;
	shared.desc[i].len = len;
	shared.desc[i].flags = flags;
	shared.desc[i].next = (uint16_t)(i + 1);
}

/* The data are shared.data.  False: the device says that it went wrong. */
static bool request(uint32_t type, uint64_t sector)
{
	uint16_t flags = NEXT | (type == IN ? WRITE : 0);
	unsigned n = 0;

	shared.head.type = type;
	shared.head.sector = sector;
	shared.status = 0xff;
	describe(n++, &shared.head, sizeof(shared.head), NEXT);
	if (type != FLUSH)
		describe(n++, shared.data, sizeof(shared.data), flags);
	describe(n++, &shared.status, 1, WRITE);
	shared.avail.ring[shared.avail.idx % RING] = 0;
	barrier();
	shared.avail.idx++;
	barrier();
	set(QUEUE_NOTIFY, 0);
	while (shared.used.idx != shared.avail.idx)
		__asm__ volatile("yield");
	barrier();
	return shared.status == 0;
}

/* The highest number on the disk; false: it cannot be read. */
static bool find_last(uint32_t *ret_n)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < SECTORS; i++) {
		if (!request(IN, i))
			return false;
		if (shared.data[0] > n)
			n = shared.data[0];
	}
	*ret_n = n;
	return true;
}

static bool write_number(uint32_t n)
{
	for (unsigned i = 0; i < WORDS; i++)
		shared.data[i] = n;
	return request(OUT, n % SECTORS) && request(FLUSH, 0);
}

static void map_image(void)
{
	mmu_map((uint64_t)_start, (uint64_t)(image_end - _start), MMU_CODE);
	mmu_map(uart_base(), 4096, MMU_DEVICE);
}

void main(const void *dtb)
{
	struct dt dt;
	uint32_t n;

	if (!dt_open(&dt, dtb) || !uart_init(&dt))
		return;
	map_image();
	mmu_map((uint64_t)dtb, dt_cells((const uint8_t *)dtb + 4, 4), MMU_DATA);
	mmu_on();
	if (!find_disk(&dt) || !start() || !find_last(&n)) {
		say("disk: none\n");
		return;
	}
	say("disk: %u sectors, from %u on\n", get(CAPACITY), n);
	while (write_number(++n))
		say("%u\n", n);
	say("disk: error at %u\n", n);
}
