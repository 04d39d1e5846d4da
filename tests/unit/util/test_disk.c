/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/disk.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"

enum { SIZE = 1 << 20, NOBODY = 65534 };

static char dir[] = "/tmp/test_disk.XXXXXX", top[4096];
static struct disk disk;
static struct disk_config config;
static struct left before;

/* File systems without holes, locks or both. */
static int allocate_errno, lock_errno;

int fallocate(int fd, int mode, off_t off, off_t len)
{
	(void)fd;
	(void)mode;
	(void)off;
	(void)len;
	errno = allocate_errno ? allocate_errno : EOPNOTSUPP;
	return -1;
}

int fcntl(int fd, int cmd, ...)
{
	static int (*real)(int, int, ...);
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (cmd == F_OFD_SETLK && lock_errno) {
		errno = lock_errno;
		return -1;
	}
	if (!real)
		real = fcntl64;
	return real(fd, cmd, arg);
}

static int enter(void **state)
{
	(void)state;
	return !getcwd(top, sizeof(top)) || !mkdtemp(dir) || chdir(dir) < 0;
}

static int leave(void **state)
{
	(void)state;
	return chdir(top) | rmdir(dir);
}

static void make_file(const char *name, uint64_t size)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	for (uint64_t off = 0; off < size && off < SIZE; off += 512) {
		uint8_t sector[512];

		memset(sector, (int)(off / 512 + 1), sizeof(sector));
		assert_true(pwrite(fd, sector, sizeof(sector), (off_t)off) > 0);
	}
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	allocate_errno = lock_errno = 0;
	before = left_now();
	make_file("image", SIZE);
	disk.fd = disk.direct_fd = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	disk_close(&disk);
	disk_close(&disk);
	assert_nothing_left(before);
	return unlink("image");
}

static int open_as(struct disk *d, struct disk_config *c, const char *path,
		   bool read_only)
{
	*c = (struct disk_config){ .path = path,
				   .path_len = (int)strlen(path),
				   .read_only = read_only };
	return disk_open(d, c);
}

static int open_it(const char *path)
{
	return open_as(&disk, &config, path, false);
}

/* Nothing is held of what cannot be a disk. */
static void assert_refused(const char *path, int rc, const char *words)
{
	for (int read_only = 0; read_only < 2; read_only++) {
		assert_int_equal(open_as(&disk, &config, path, read_only), rc);
		assert_has_words(words);
		assert_nothing_left(before);
	}
}

static void an_image_is_opened_with_its_size(void **state)
{
	(void)state;
	assert_int_equal(open_it("image"), 0);
	assert_int_equal(disk.size, SIZE);
	assert_int_equal(disk.block_size, 512);
	assert_int_equal(disk.physical_block_size, 4096);
	assert_int_equal(disk.direct_fd, -1);
	assert_int_equal(fcntl(disk.fd, F_GETFD, NULL) & FD_CLOEXEC,
			 FD_CLOEXEC);
}

static void a_path_ends_where_its_length_says(void **state)
{
	(void)state;
	config = (struct disk_config){ .path = "image,ro", .path_len = 5 };
	assert_int_equal(disk_open(&disk, &config), 0);
}

static void what_is_no_disk_is_refused_with_a_remedy(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "sock" };
	char path[5000];
	int fd;

	(void)state;
	assert_refused("none", -ENOENT,
		       "'none': No such file or directory; is the path right?");
	assert_refused(".", -EISDIR, "'.': a directory; give an image of it");
	assert_refused("/dev/null", -EINVAL,
		       "'/dev/null': not a disk image or block device");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_refused("fifo", -EINVAL, "'fifo': not a disk image");
	unlink("fifo");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	assert_refused("sock", -EINVAL, "'sock': not a disk image");
	unlink("sock");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_refused(path, -ENAMETOOLONG,
		       "a path of 4999 characters: File name too long");
}

static void a_size_must_be_whole_sectors(void **state)
{
	(void)state;
	make_file("image", 0);
	assert_refused("image", -ENODATA,
		       "'image': empty; 'truncate -s 4G' gives it a size");
	make_file("image", 1000);
	assert_refused("image", -EINVAL,
		       "'image': 1000 bytes are not whole sectors of 512; "
		       "'truncate -s %512' rounds up");
	make_file("image", 512);
	assert_int_equal(open_it("image"), 0);
}

static void a_qcow2_image_is_told_from_a_raw_one(void **state)
{
	int fd = open("image", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, "QFI\xfb", 4), 4);
	close(fd);
	assert_refused("image", -EINVAL,
		       "'image': a qcow2 image; 'qemu-img convert -O raw'");
}

static void rights_that_are_missing_are_told_with_a_remedy(void **state)
{
	bool root = geteuid() == 0;

	(void)state;
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(chmod("image", 0444), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(open_it("image"), -EACCES);
	assert_has_words("Permission denied; add ',ro', or let this user");
	assert_int_equal(open_as(&disk, &config, "image", true), 0);
	disk_close(&disk);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod("image", 0), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(open_as(&disk, &config, "image", true), -EACCES);
	assert_has_words("Permission denied; let this user read it");
	if (root)
		assert_int_equal(seteuid(0), 0);
}

static void a_writer_is_alone_and_readers_are_many(void **state)
{
	struct disk_config configs[2];
	struct disk other[2];

	(void)state;
	assert_int_equal(open_it("image"), 0);
	for (int read_only = 0; read_only < 2; read_only++) {
		assert_int_equal(
			open_as(&other[0], &configs[0], "./image", read_only),
			-EBUSY);
		assert_words("'./image': another guest uses it; end that, or "
			     "give a copy, or add ',ro' to both");
	}
	disk_close(&disk);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(open_as(&other[i], &configs[i], "image", true),
				 0);
	assert_int_equal(open_it("image"), -EBUSY);
	for (unsigned i = 0; i < 2; i++)
		disk_close(&other[i]);
	assert_int_equal(open_it("image"), 0);
}

static void a_file_system_without_locks_will_do(void **state)
{
	(void)state;
	lock_errno = ENOLCK;
	assert_int_equal(open_it("image"), 0);
}

/* Sectors from @first on, in two buffers; are they those with their numbers? */
static void assert_reads(uint64_t first, bool numbered)
{
	uint8_t bytes[3 * 512];
	struct iovec iov[] = {
		{ bytes, 100 },
		{ bytes, 0 },
		{ bytes + 100, sizeof(bytes) - 100 },
	};

	assert_int_equal(disk_read(&disk, iov, 3, first * 512), 0);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i],
				 numbered ? (uint8_t)(first + i / 512 + 1) : 0);
}

static void data_are_where_they_were_put(void **state)
{
	uint8_t bytes[1024];
	struct iovec iov = { bytes, sizeof(bytes) };

	(void)state;
	assert_int_equal(open_it("image"), 0);
	assert_reads(0, true);
	assert_reads(SIZE / 512 - 3, true);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(disk_write(&disk, &iov, 1, 10 * 512), 0);
	iov = (struct iovec){ bytes, 512 };
	assert_int_equal(disk_write(&disk, &iov, 1, 12 * 512), 0);
	assert_int_equal(disk_flush(&disk), 0);
	assert_reads(10, false);
	assert_reads(7, true);
	assert_reads(13, true);
}

static void a_file_that_became_shorter_is_an_error(void **state)
{
	uint8_t bytes[512];
	struct iovec iov = { bytes, sizeof(bytes) };

	(void)state;
	assert_int_equal(open_it("image"), 0);
	assert_int_equal(truncate("image", 700), 0);
	assert_int_equal(disk_read(&disk, &iov, 1, 512), -EIO);
}

/* Also where nothing is aligned as the kernel would want it. */
static void direct_access_takes_any_request(void **state)
{
	static uint8_t aligned[8192] __attribute__((aligned(4096)));
	struct iovec iov = { aligned, sizeof(aligned) };

	(void)state;
	config = (struct disk_config){ .path = "image",
				       .path_len = 5,
				       .direct = true };
	if (disk_open(&disk, &config) == -EINVAL) {
		assert_has_words("'image': direct: Invalid argument; its file "
				 "system may not have that: leave ',direct' "
				 "out");
		assert_nothing_left(before);
		skip();
	}
	assert_true(disk.direct_fd >= 0);
	assert_reads(5, true);
	memset(aligned, 0, sizeof(aligned));
	assert_int_equal(disk_write(&disk, &iov, 1, 8192), 0);
	assert_reads(16, false);
	assert_reads(13, true);
	iov = (struct iovec){ aligned + 1, 512 };
	assert_int_equal(disk_write(&disk, &iov, 1, 33 * 512), 0);
	iov = (struct iovec){ aligned, 8192 };
	assert_int_equal(disk_read(&disk, &iov, 1, 32 * 512), 0);
	assert_int_equal(aligned[511], 33);
	assert_int_equal(aligned[512], 0);
	assert_int_equal(aligned[1024], 35);
}

static void
without_holes_zeroes_are_written_and_discards_do_nothing(void **state)
{
	(void)state;
	assert_int_equal(open_it("image"), 0);
	assert_false(disk.can_discard);
	assert_int_equal(disk_discard(&disk, 0, SIZE), 0);
	assert_reads(0, true);
	assert_int_equal(disk_zero(&disk, 3 * 512, 1000 * 512, true), 0);
	assert_reads(0, true);
	assert_reads(3, false);
	assert_reads(1000, false);
	assert_reads(1003, true);
	assert_int_equal(disk_zero(&disk, 0, 0, false), 0);
	assert_reads(0, true);
}

static void a_full_host_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(open_it("image"), 0);
	allocate_errno = ENOSPC;
	assert_int_equal(disk_zero(&disk, 0, 512, false), -ENOSPC);
	assert_int_equal(disk_discard(&disk, 0, 512), -ENOSPC);
	assert_reads(0, true);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_image_is_opened_with_its_size),
		T(a_path_ends_where_its_length_says),
		T(what_is_no_disk_is_refused_with_a_remedy),
		T(a_size_must_be_whole_sectors),
		T(a_qcow2_image_is_told_from_a_raw_one),
		T(rights_that_are_missing_are_told_with_a_remedy),
		T(a_writer_is_alone_and_readers_are_many),
		T(a_file_system_without_locks_will_do),
		T(data_are_where_they_were_put),
		T(a_file_that_became_shorter_is_an_error),
		T(direct_access_takes_any_request),
		T(without_holes_zeroes_are_written_and_discards_do_nothing),
		T(a_full_host_is_an_error),
	};

	return cmocka_run_group_tests_name("disk", tests, enter, leave);
}
