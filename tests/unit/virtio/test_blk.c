/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "util/disk.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/blk.h"

enum {
	SIZE = 64,
	SECTORS = 2048,
	NEXT = VRING_DESC_F_NEXT,
	WRITE = VRING_DESC_F_WRITE,
	IN = VIRTIO_BLK_T_IN,
	OUT = VIRTIO_BLK_T_OUT,
	OK = VIRTIO_BLK_S_OK,
	IOERR = VIRTIO_BLK_S_IOERR,
	UNSUPP = VIRTIO_BLK_S_UNSUPP,
	PENDING = 0xaa,
	FLUSH = 1 << VIRTIO_BLK_F_FLUSH,
	WCE = 1 << VIRTIO_BLK_F_CONFIG_WCE,
	CONFIG = VIRTIO_MMIO_CONFIG,
};

#define HEADER(i) (BUFFERS + 32 * (uint64_t)(i))
#define STATUS(i) (HEADER(i) + 16)
#define DATA	  (BUFFERS + 0x10000)

static char path[32];
static int image;
static struct disk_config config;
static bool can_discard;
static struct left before;

/* -- the host's side: what disk.c calls is here -- */

static atomic_int nr_syncs, sync_errno, read_errno, hold_reads, held;

int fdatasync(int fd)
{
	(void)fd;
	atomic_fetch_add(&nr_syncs, 1);
	errno = atomic_load(&sync_errno);
	return errno ? -1 : 0;
}

/* No more than a page at a time, so that there is always more to do. */
ssize_t preadv(int fd, const struct iovec *iov, int n, off_t off)
{
	struct iovec part = iov[0];

	(void)n;
	if (atomic_load(&hold_reads)) {
		atomic_fetch_add(&held, 1);
		while (atomic_load(&hold_reads))
			usleep(200);
	}
	errno = atomic_load(&read_errno);
	if (errno)
		return -1;
	part.iov_len = part.iov_len < 4096 ? part.iov_len : 4096;
	return syscall(SYS_preadv, fd, &part, 1, off, 0);
}

static void make_disk(bool read_only, const char *serial)
{
	static uint8_t bytes[SECTORS * DISK_SECTOR];
	struct disk disk;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i / DISK_SECTOR * 7 + 1);
	image = scratch_file(bytes, sizeof(bytes), path);
	config = (struct disk_config){ .path = path,
				       .path_len = (int)strlen(path),
				       .read_only = read_only };
	snprintf(config.serial, sizeof(config.serial), "%s", serial);
	assert_int_equal(disk_open(&disk, &config), 0);
	can_discard = disk.can_discard;
	disk_close(&disk);
	driver_init_for(&virtio_blk_class, &config);
}

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	log_set_level(LOG_ERROR);
	nr_syncs = sync_errno = read_errno = hold_reads = held = 0;
	before = left_now();
	make_disk(false, "pv-1");
	bring_up_with(FLUSH, 1, SIZE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hold_reads = 0;
	driver_fini();
	close(image);
	assert_nothing_left(before);
	return 0;
}

/* Another disk instead. */
static void again(bool read_only, const char *serial)
{
	driver_fini();
	close(image);
	make_disk(read_only, serial);
}

/* -- the driver's side -- */

static void head(unsigned i, uint32_t type, uint64_t sector)
{
	const struct virtio_blk_outhdr h = { .type = htole32(type),
					     .sector = htole64(sector) };

	memcpy(at(HEADER(i)), &h, sizeof(h));
	*(uint8_t *)at(STATUS(i)) = PENDING;
}

/* Request @i, of three descriptors: @len bytes at @data. */
static void prepare(unsigned i, uint32_t type, uint64_t sector, gpa_t data,
		    uint32_t len)
{
	unsigned d = 3 * i;
	unsigned in = type == IN || type == VIRTIO_BLK_T_GET_ID ? WRITE : 0;

	head(i, type, sector);
	desc(0, d, HEADER(i), 16, NEXT, d + 1);
	desc(0, d + 1, data, len, NEXT | in, d + 2);
	desc(0, d + 2, STATUS(i), 1, WRITE, 0);
}

static uint16_t used_index(void)
{
	return __atomic_load_n(&used_ring(0)->idx, __ATOMIC_ACQUIRE);
}

/* Until @n requests of all are back. */
static void await_used(uint16_t n)
{
	for (int i = 0; i < 20000 && used_index() != n; i++)
		usleep(250);
	assert_int_equal(used_index(), n);
}

/* Until the device says so itself. */
static void await_status(uint32_t status)
{
	for (int i = 0; i < 20000 && get(VIRTIO_MMIO_STATUS) != status; i++)
		usleep(250);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), status);
}

static uint8_t status(unsigned i)
{
	return *(uint8_t *)at(STATUS(i));
}

/* The chain that begins at descriptor @head is served. */
static void send_chain(unsigned first)
{
	uint16_t n = (uint16_t)(used_index() + 1);

	offer(0, SIZE, first);
	notify(0);
	await_used(n);
}

static uint8_t request(uint32_t type, uint64_t sector, gpa_t data, uint32_t len)
{
	prepare(0, type, sector, data, len);
	send_chain(0);
	return status(0);
}

static uint32_t used_len(void)
{
	return used_ring(0)->ring[(used_index() - 1) % SIZE].len;
}

static uint8_t on_disk(uint64_t off)
{
	uint8_t byte;

	assert_int_equal(pread(image, &byte, 1, (off_t)off), 1);
	return byte;
}

static bool all_are(const uint8_t *p, uint8_t byte, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != byte)
			return false;
	return true;
}

static uint8_t original(uint64_t sector)
{
	return (uint8_t)(sector * 7 + 1);
}

/* -- tests -- */

static uint64_t config_field(size_t off, unsigned len)
{
	return bus_read(&bus, WINDOW + CONFIG + off, len);
}

#define FIELD(name)                                            \
	config_field(offsetof(struct virtio_blk_config, name), \
		     sizeof(((struct virtio_blk_config *)0)->name))

static void guest_finds_a_disk_of_its_size(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 2);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 256);
	assert_int_equal(FIELD(capacity), SECTORS);
	assert_int_equal(get(CONFIG), SECTORS);
	assert_int_equal(FIELD(seg_max), 254);
	assert_int_equal(FIELD(blk_size), 512);
	assert_int_equal(FIELD(physical_block_exp), 3);
	assert_int_equal(FIELD(max_discard_sectors), 1 << 22);
	assert_int_equal(FIELD(max_discard_seg), 16);
	assert_int_equal(FIELD(discard_sector_alignment), 8);
	assert_int_equal(FIELD(max_write_zeroes_sectors), 1 << 18);
	assert_int_equal(FIELD(max_write_zeroes_seg), 16);
	assert_int_equal(config_field(60, 4), 0);
}

static void features_are_those_of_the_disk(void **state)
{
	const uint32_t always = 1u << VIRTIO_BLK_F_SEG_MAX |
				1u << VIRTIO_BLK_F_BLK_SIZE |
				1u << VIRTIO_BLK_F_TOPOLOGY | 1u << 28;
	uint32_t writable =
		always | FLUSH | WCE | 1u << VIRTIO_BLK_F_WRITE_ZEROES;

	(void)state;
	if (can_discard)
		writable |= 1u << VIRTIO_BLK_F_DISCARD;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), writable);
	assert_int_equal(FIELD(write_zeroes_may_unmap), can_discard);
	again(true, "");
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES),
			 always | 1u << VIRTIO_BLK_F_RO);
	assert_int_equal(FIELD(max_discard_sectors), 0);
}

static void sectors_are_read_into_the_guests_memory(void **state)
{
	(void)state;
	assert_int_equal(request(IN, 5, DATA, 20 * 512), OK);
	for (unsigned i = 0; i < 20; i++)
		assert_true(all_are(at(DATA + 512 * i), original(5 + i), 512));
	assert_true(all_are(at(DATA + 20 * 512), 0, 512));
	assert_int_equal(used_len(), 20 * 512 + 1);
	await_line();
}

static void sectors_are_written_from_it(void **state)
{
	(void)state;
	memset(at(DATA), 0x5a, 1024);
	assert_int_equal(request(OUT, 9, DATA, 1024), OK);
	assert_int_equal(on_disk(9 * 512 - 1), original(8));
	assert_int_equal(on_disk(9 * 512), 0x5a);
	assert_int_equal(on_disk(11 * 512 - 1), 0x5a);
	assert_int_equal(on_disk(11 * 512), original(11));
	assert_int_equal(used_len(), 1);
}

/* The header in three pieces, data in odd ones, the status behind data. */
static void a_request_may_be_cut_up_anyhow(void **state)
{
	uint8_t *data = at(DATA);

	(void)state;
	head(0, IN, 100);
	desc(0, 0, HEADER(0), 3, NEXT, 1);
	desc(0, 1, HEADER(0) + 3, 0, NEXT, 2);
	desc(0, 2, HEADER(0) + 3, 12, NEXT, 3);
	desc(0, 3, HEADER(0) + 15, 1, NEXT, 4);
	desc(0, 4, DATA, 100, NEXT | WRITE, 5);
	desc(0, 5, DATA + 100, 413, NEXT | WRITE, 6);
	desc(0, 6, DATA + 600, 0, WRITE, 0);
	data[512] = PENDING;
	send_chain(0);
	assert_true(all_are(data, original(100), 512));
	assert_int_equal(data[512], OK);
	assert_int_equal(used_len(), 513);

	head(1, OUT, 200);
	memset(at(HEADER(1) + 16), 0x11, 512);
	desc(0, 0, HEADER(1), 16 + 512, NEXT, 1);
	desc(0, 1, DATA, 1, WRITE, 0);
	send_chain(0);
	assert_int_equal(data[0], OK);
	assert_int_equal(on_disk(200 * 512), 0x11);
	assert_int_equal(on_disk(201 * 512 - 1), 0x11);
}

static void chains_without_header_or_status_stop_the_device(void **state)
{
	(void)state;
	head(0, IN, 0);
	desc(0, 0, HEADER(0), 15, NEXT, 1);
	desc(0, 1, STATUS(0), 1, WRITE, 0);
	offer(0, SIZE, 0);
	notify(0);
	await_status(WORKS | NEEDS_RESET);
	assert_int_equal(used_index(), 0);
	assert_int_equal(status(0), PENDING);

	avail_ring(0)->idx = 0;
	bring_up_with(FLUSH, 1, SIZE);
	desc(0, 0, HEADER(0), 16, NEXT, 1);
	desc(0, 1, STATUS(0), 1, 0, 0); /* not to be written */
	offer(0, SIZE, 0);
	notify(0);
	await_status(WORKS | NEEDS_RESET);
	assert_int_equal(status(0), PENDING);

	avail_ring(0)->idx = 0;
	bring_up_with(FLUSH, 1, SIZE);
	assert_int_equal(request(IN, 0, DATA, 512), OK);
}

static void what_is_not_on_the_disk_is_an_error(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t len;
		uint8_t status;
	} cases[] = {
		{ SECTORS - 1, 512, OK },
		{ SECTORS, 0, OK },
		{ SECTORS, 512, IOERR },
		{ SECTORS - 1, 1024, IOERR },
		{ SECTORS + 1, 0, IOERR },
		{ UINT64_MAX, 512, IOERR },
		{ UINT64_MAX - 1, 1024, IOERR },
		{ UINT64_C(1) << 55, 512, IOERR }, /* byte 0, modulo 2^64 */
		{ UINT64_C(1) << 54, 512, IOERR },
		{ 0, 511, IOERR },
		{ 0, 513, IOERR },
	};
	struct stat st;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			request(IN, cases[i].sector, DATA, cases[i].len),
			cases[i].status);
		assert_int_equal(used_len(), cases[i].status == OK
						     ? cases[i].len + 1
						     : cases[i].len == 0);
		assert_int_equal(
			request(OUT, cases[i].sector, DATA, cases[i].len),
			cases[i].status);
	}
	assert_int_equal(fstat(image, &st), 0);
	assert_int_equal(st.st_size, SECTORS * 512);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);
}

static void unknown_requests_are_refused(void **state)
{
	static const uint32_t types[] = { 2,  3,  5,	      6,	 10,
					  14, 15, 0x80000000, UINT32_MAX };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		assert_int_equal(request(types[i], 0, DATA, 512), UNSUPP);
}

static void a_read_only_disk_stays_as_it_is(void **state)
{
	struct virtio_blk_discard_write_zeroes range = { .num_sectors = 8 };

	(void)state;
	again(true, "");
	bring_up(1, SIZE);
	assert_int_equal(request(IN, 3, DATA, 512), OK);
	assert_int_equal(request(OUT, 3, DATA + 512, 512), IOERR);
	memcpy(at(DATA), &range, sizeof(range));
	assert_int_equal(request(VIRTIO_BLK_T_DISCARD, 0, DATA, 16), IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, DATA, 16),
			 IOERR);
	assert_int_equal(on_disk(3 * 512), original(3));
	assert_int_equal(on_disk(0), original(0));
}

static void a_flush_reaches_the_disk(void **state)
{
	(void)state;
	assert_int_equal(request(OUT, 0, DATA, 512), OK);
	assert_int_equal(nr_syncs, 0);
	prepare(0, VIRTIO_BLK_T_FLUSH, 0, DATA, 0);
	send_chain(0);
	assert_int_equal(status(0), OK);
	assert_int_equal(nr_syncs, 1);
}

static void after_a_failed_flush_none_succeeds(void **state)
{
	(void)state;
	sync_errno = EIO;
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, DATA, 0), IOERR);
	sync_errno = 0;
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, DATA, 0), IOERR);
	assert_int_equal(request(OUT, 0, DATA, 512), OK);
}

static void without_a_cache_each_write_is_settled(void **state)
{
	struct virtio_blk_discard_write_zeroes range = { .num_sectors = 8 };

	(void)state;
	bring_up(1, SIZE);
	assert_int_equal(FIELD(wce), 0);
	assert_int_equal(request(IN, 0, DATA, 512), OK);
	assert_int_equal(nr_syncs, 0);
	assert_int_equal(request(OUT, 0, DATA, 512), OK);
	assert_int_equal(nr_syncs, 1);
	memcpy(at(DATA), &range, sizeof(range));
	assert_int_equal(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, DATA, 16), OK);
	assert_int_equal(nr_syncs, 2);
	sync_errno = EIO;
	assert_int_equal(request(OUT, 0, DATA, 512), IOERR);
}

static void set_wce(uint8_t v)
{
	bus_write(&bus,
		  WINDOW + CONFIG + offsetof(struct virtio_blk_config, wce), 1,
		  v);
}

static void the_driver_can_turn_the_cache_off(void **state)
{
	(void)state;
	bring_up_with(FLUSH | WCE, 1, SIZE);
	assert_int_equal(FIELD(wce), 1);
	assert_int_equal(request(OUT, 0, DATA, 512), OK);
	assert_int_equal(nr_syncs, 0);
	set_wce(0);
	assert_int_equal(FIELD(wce), 0);
	assert_int_equal(request(OUT, 0, DATA, 512), OK);
	assert_int_equal(nr_syncs, 1);
	set_wce(1);
	assert_int_equal(request(OUT, 0, DATA, 512), OK);
	assert_int_equal(nr_syncs, 1);

	/* It is on again after a reset, and not to be had unasked. */
	set_wce(0);
	avail_ring(0)->idx = 0;
	used_ring(0)->idx = 0;
	bring_up_with(FLUSH, 1, SIZE);
	assert_int_equal(FIELD(wce), 1);
	set_wce(0);
	assert_int_equal(FIELD(wce), 1);
	bus_write(&bus, WINDOW + CONFIG, 8, 1);
	assert_int_equal(FIELD(capacity), SECTORS);
}

static void the_serial_number_is_its_name(void **state)
{
	char want[20] = "pv-1";

	(void)state;
	memset(at(DATA), 0xff, 64);
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, DATA, 20), OK);
	assert_memory_equal(at(DATA), want, 20);
	assert_int_equal(used_len(), 21);
	assert_true(all_are(at(DATA + 20), 0xff, 20));
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, DATA + 64, 3), OK);
	assert_memory_equal(at(DATA + 64), "pv-\0", 4);
	again(false, "12345678901234567890");
	bring_up_with(FLUSH, 1, SIZE);
	avail_ring(0)->idx = 0;
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, DATA, 64), OK);
	assert_memory_equal(at(DATA), "12345678901234567890", 20);
	assert_int_equal(used_len(), 20);
}

static uint8_t range(uint32_t type, uint64_t sector, uint32_t nr,
		     uint32_t flags)
{
	const struct virtio_blk_discard_write_zeroes r = { htole64(sector),
							   htole32(nr),
							   htole32(flags) };

	memcpy(at(DATA), &r, sizeof(r));
	return request(type, 0, DATA, sizeof(r));
}

static void discarded_sectors_take_no_place(void **state)
{
	struct stat st;
	blkcnt_t had;

	(void)state;
	assert_int_equal(fstat(image, &st), 0);
	had = st.st_blocks;
	assert_int_equal(range(VIRTIO_BLK_T_DISCARD, 128, 1024, 0), OK);
	assert_int_equal(fstat(image, &st), 0);
	if (can_discard)
		assert_true(st.st_blocks <= had - 1024);
	assert_int_equal(st.st_size, SECTORS * 512);
	assert_int_equal(on_disk(127 * 512), original(127));
	assert_int_equal(on_disk(1152 * 512), original(1152));
}

static void zeroed_sectors_are_zero(void **state)
{
	(void)state;
	for (uint32_t unmap = 0; unmap < 2; unmap++) {
		uint64_t first = 8 + 800 * unmap;

		/* Whole blocks and parts of them. */
		assert_int_equal(
			range(VIRTIO_BLK_T_WRITE_ZEROES, first + 3, 700, unmap),
			OK);
		assert_int_equal(on_disk((first + 3) * 512 - 1),
				 original(first + 2));
		for (uint64_t i = 3; i < 703; i++)
			assert_int_equal(on_disk((first + i) * 512 + 11), 0);
		assert_int_equal(on_disk((first + 703) * 512),
				 original(first + 703));
	}
}

static void ranges_that_break_the_rules_are_refused(void **state)
{
	const uint32_t zero = VIRTIO_BLK_T_WRITE_ZEROES,
		       discard = VIRTIO_BLK_T_DISCARD;

	(void)state;
	assert_int_equal(range(discard, SECTORS - 1, 2, 0), IOERR);
	assert_int_equal(range(discard, UINT64_MAX, 1, 0), IOERR);
	assert_int_equal(range(discard, 0, UINT32_MAX, 0), IOERR);
	assert_int_equal(range(discard, 0, 1, 1), UNSUPP);
	assert_int_equal(range(zero, 0, 1, 2), UNSUPP);
	assert_int_equal(range(zero, 0, (1 << 18) + 1, 0), IOERR);
	assert_int_equal(range(zero, SECTORS, 1, 0), IOERR);
	assert_int_equal(range(zero, 5, 0, 0), OK);
	assert_int_equal(request(zero, 0, DATA, 0), IOERR);
	assert_int_equal(request(zero, 0, DATA, 15), IOERR);
	assert_int_equal(request(zero, 0, DATA, 17), IOERR);
	assert_int_equal(request(discard, 0, DATA, 17 * 16), IOERR);
	for (unsigned i = 0; i < SECTORS; i++)
		assert_int_equal(on_disk(i * 512), original(i));
}

static void several_ranges_fit_into_a_request(void **state)
{
	struct virtio_blk_discard_write_zeroes *r = at(DATA);

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		r[i] = (struct virtio_blk_discard_write_zeroes){
			htole64(20 * i), htole32(1), 0
		};
	assert_int_equal(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, DATA, 16 * 16),
			 OK);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(on_disk(20 * i * 512), 0);
		assert_int_equal(on_disk((20 * i + 1) * 512),
				 original(20 * i + 1));
	}
}

static void an_error_of_the_host_is_the_guests_to_know(void **state)
{
	(void)state;
	read_errno = EIO;
	assert_int_equal(request(IN, 0, DATA, 512), IOERR);
	assert_int_equal(used_len(), 0);
	read_errno = 0;
	assert_int_equal(request(IN, 0, DATA, 512), OK);
	assert_int_equal(ftruncate(image, 512), 0);
	assert_int_equal(request(IN, 0, DATA, 1024), IOERR);
}

static void many_requests_are_in_flight(void **state)
{
	enum { N = 16 };

	(void)state;
	hold_reads = 1;
	for (unsigned i = 0; i < N; i++) {
		prepare(i, IN, 10 * i, DATA + 512 * i, 512);
		offer(0, SIZE, 3 * i);
	}
	notify(0);
	for (int i = 0; i < 20000 && atomic_load(&held) < N; i++)
		usleep(250);
	assert_int_equal(held, N);
	assert_int_equal(used_index(), 0);
	hold_reads = 0;
	await_used(N);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(status(i), OK);
		assert_true(all_are(at(DATA + 512 * i), original(10 * i), 512));
	}
}

/* Round and round, with more waiting than threads there are. */
static void no_notification_is_lost(void **state)
{
	enum { AT_ONCE = 20, ROUNDS = 150 };

	(void)state;
	for (unsigned r = 0; r < ROUNDS; r++) {
		uint16_t n = (uint16_t)(used_index() + AT_ONCE);

		for (unsigned i = 0; i < AT_ONCE; i++) {
			prepare(i, IN, i + r, DATA + 512 * i, 512);
			offer(0, SIZE, 3 * i);
			if (i % 3 == r % 3)
				notify(0);
		}
		notify(0);
		await_used(n);
		for (unsigned i = 0; i < AT_ONCE; i++)
			assert_true(all_are(at(DATA + 512 * i), original(i + r),
					    512));
	}
}

static void kvm_can_notify_without_a_vcpu(void **state)
{
	uint64_t one = 1;

	(void)state;
	assert_int_equal(fake_kvm.nr_eventfds, 1);
	prepare(0, IN, 1, DATA, 512);
	offer(0, SIZE, 0);
	assert_int_equal(write(fake_kvm.eventfds[0].fd, &one, 8), 8);
	await_used(1);
	assert_int_equal(status(0), OK);
}

static atomic_bool reset_done;

static void *do_reset(void *how)
{
	if (how)
		device_reset(&dev);
	else
		set(VIRTIO_MMIO_STATUS, 0);
	atomic_store(&reset_done, true);
	return NULL;
}

/* The guest's memory is its own again once the reset is through. */
static void a_reset_waits_for_what_is_in_flight(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		pthread_t thread;

		avail_ring(0)->idx = 0;
		used_ring(0)->idx = 0;
		bring_up_with(FLUSH, 1, SIZE);
		atomic_store(&reset_done, false);
		hold_reads = 1;
		held = 0;
		prepare(0, IN, 1, DATA, 512);
		prepare(1, IN, 1, DATA, 512);
		offer(0, SIZE, 0);
		notify(0);
		while (atomic_load(&held) < 1)
			usleep(250);
		assert_int_equal(pthread_create(&thread, NULL, do_reset,
						i ? &thread : NULL),
				 0);
		usleep(20000);
		assert_false(atomic_load(&reset_done));
		offer(0, SIZE, 3); /* is not taken any more */
		notify(0);
		hold_reads = 0;
		pthread_join(thread, NULL);
		assert_int_equal(used_index(), 1);
		assert_int_equal(status(1), PENDING);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	}
}

static void each_failure_on_the_way_is_undone(void **state)
{
	struct disk_config other = config;
	struct device_host host = { .mem = &ram, .config = &other };
	static char name[32];
	static uint8_t bytes[8 * DISK_SECTOR];
	struct device d;
	struct bus b;
	unsigned n;
	int fd = scratch_file(bytes, sizeof(bytes), name);

	(void)state;
	host.vm_fd = vm_fd;
	other.path = name;
	other.path_len = (int)strlen(name);
	for (n = 1;; n++) {
		struct left now = left_now();
		int rc;

		bus_init(&b);
		fault_arm(n, EMFILE);
		rc = device_init(&d, &virtio_blk_class.device, WINDOW, SPI,
				 &host, &b);
		if (!fault_met())
			break;
		fault_arm(0, 0);
		/* KVM's help is a help, and no more. */
		if (rc == 0)
			device_fini(&d);
		else
			assert_int_equal(rc, -EMFILE);
		assert_nothing_left(now);
	}
	device_fini(&d);
	fault_arm(0, 0);
	close(fd);
	assert_in_range(n, 4, 20);
}

static atomic_bool enough;

/* Another CPU of the guest: writes header and ring while they are read. */
static void *other_cpu(void *arg)
{
	struct virtio_blk_outhdr *h = at(HEADER(0));
	struct vring_desc *d = at(DESC(0));

	(void)arg;
	for (unsigned n = 0; !atomic_load(&enough); n++) {
		__atomic_store_n(&h->type, n % 7 ? n % 15 : UINT32_MAX,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&h->sector, n % 5 ? n % 3000 : UINT64_MAX,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&d[1].len, n % 3 ? 512 * (n % 64) : n,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&d[1].flags, n % 2 ? NEXT : NEXT | WRITE,
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

static void what_changes_while_it_is_read_spoils_the_disk_at_most(void **state)
{
	struct stat st;
	pthread_t thread;

	(void)state;
	prepare(0, IN, 0, DATA, 512);
	atomic_store(&enough, false);
	assert_int_equal(pthread_create(&thread, NULL, other_cpu, NULL), 0);
	for (unsigned i = 0; i < 3000; i++) {
		offer(0, SIZE, 0);
		notify(0);
		for (int j = 0;
		     j < 20000 && used_index() != avail_ring(0)->idx &&
		     get(VIRTIO_MMIO_STATUS) == WORKS;
		     j++)
			usleep(20);
		if (get(VIRTIO_MMIO_STATUS) != WORKS) {
			avail_ring(0)->idx = 0;
			used_ring(0)->idx = 0;
			bring_up_with(FLUSH, 1, SIZE);
		}
	}
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
	assert_int_equal(fstat(image, &st), 0);
	assert_int_equal(st.st_size, SECTORS * 512);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guest_finds_a_disk_of_its_size),
		T(features_are_those_of_the_disk),
		T(sectors_are_read_into_the_guests_memory),
		T(sectors_are_written_from_it),
		T(a_request_may_be_cut_up_anyhow),
		T(chains_without_header_or_status_stop_the_device),
		T(what_is_not_on_the_disk_is_an_error),
		T(unknown_requests_are_refused),
		T(a_read_only_disk_stays_as_it_is),
		T(a_flush_reaches_the_disk),
		T(after_a_failed_flush_none_succeeds),
		T(without_a_cache_each_write_is_settled),
		T(the_driver_can_turn_the_cache_off),
		T(the_serial_number_is_its_name),
		T(discarded_sectors_take_no_place),
		T(zeroed_sectors_are_zero),
		T(ranges_that_break_the_rules_are_refused),
		T(several_ranges_fit_into_a_request),
		T(an_error_of_the_host_is_the_guests_to_know),
		T(many_requests_are_in_flight),
		T(no_notification_is_lost),
		T(kvm_can_notify_without_a_vcpu),
		T(a_reset_waits_for_what_is_in_flight),
		T(each_failure_on_the_way_is_undone),
		T(what_changes_while_it_is_read_spoils_the_disk_at_most),
	};

	return cmocka_run_group_tests_name("blk", tests, NULL, NULL);
}
