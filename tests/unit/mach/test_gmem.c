/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "mach/gmem.h"
#include "util/err.h"
#include "util/util.h"

#define BASE UINT64_C(0x40000000)
#define SIZE (64 * MIB)

static struct left before;
static int vm_fd;
static struct gmem mem;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	vm_fd = fake_kvm_fd(FAKE_VM, 0);
	return gmem_init(&mem, vm_fd, 1, BASE, SIZE);
}

static int tear_down(void **state)
{
	(void)state;
	gmem_fini(&mem);
	gmem_fini(&mem);
	assert_int_equal(fake_kvm_live_slots(), 0);
	close(vm_fd);
	assert_nothing_left(before);
	return 0;
}

static void ram_is_one_zeroed_slot_that_blocks_can_map(void **state)
{
	static const uint8_t zero[4096];

	(void)state;
	assert_int_equal(fake_kvm.slots[1].gpa, BASE);
	assert_int_equal(fake_kvm.slots[1].size, SIZE);
	assert_ptr_equal(fake_kvm.slots[1].host, mem.host);
	assert_int_equal((uintptr_t)mem.host % (2 * MIB), BASE % (2 * MIB));
	assert_memory_equal(mem.host, zero, sizeof(zero));
	assert_memory_equal(mem.host + SIZE - 4096, zero, sizeof(zero));
}

static void ranges_within_ram_are_found_to_the_last_byte(void **state)
{
	(void)state;
	assert_ptr_equal(gmem_at(&mem, BASE, SIZE), mem.host);
	assert_ptr_equal(gmem_at(&mem, BASE, 1), mem.host);
	assert_ptr_equal(gmem_at(&mem, BASE + SIZE - 1, 1),
			 mem.host + SIZE - 1);
	assert_ptr_equal(gmem_at(&mem, BASE + SIZE - 8, 8),
			 mem.host + SIZE - 8);
	assert_ptr_equal(gmem_at(&mem, BASE + SIZE, 0), mem.host + SIZE);
}

static void ranges_that_leave_ram_are_not_found(void **state)
{
	static const struct {
		gpa_t gpa;
		uint64_t size;
	} bad[] = {
		{ BASE - 1, 1 },
		{ BASE - 1, 2 },
		{ 0, 1 },
		{ BASE + SIZE, 1 },
		{ BASE + SIZE - 1, 2 },
		{ BASE + SIZE + 1, 0 },
		{ BASE, SIZE + 1 },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, 2 },
		/* the end wraps around to within */
		{ BASE, UINT64_MAX },
		{ BASE + 8, UINT64_MAX - 4 },
		{ BASE + SIZE - 8, UINT64_MAX - BASE },
		{ UINT64_MAX - 7, 8 + BASE + 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(gmem_at(&mem, bad[i].gpa, bad[i].size));
}

static void clear_makes_all_of_it_zero_at_the_same_place(void **state)
{
	uint8_t *host = mem.host;

	(void)state;
	mem.host[0] = mem.host[SIZE / 2] = mem.host[SIZE - 1] = 1;
	assert_int_equal(gmem_clear(&mem), 0);
	assert_ptr_equal(mem.host, host);
	assert_int_equal(mem.host[0] | mem.host[SIZE / 2] | mem.host[SIZE - 1],
			 0);
	assert_int_equal(fake_kvm_live_slots(), 1);
}

static void clear_gives_the_pages_back(void **state)
{
	unsigned char there;

	(void)state;
	mem.host[5 * MIB] = 1;
	assert_int_equal(gmem_clear(&mem), 0);
	assert_int_equal(mincore(mem.host + 5 * MIB, 1, &there), 0);
	assert_int_equal(there & 1, 0);
}

static void small_pages_keep_what_is_there(void **state)
{
	(void)state;
	mem.host[4 * MIB] = 7;
	gmem_small_pages(&mem);
	assert_int_equal(mem.host[4 * MIB], 7);
}

static void clear_that_fails_says_so(void **state)
{
	(void)state;
	fault_arm(1, ENOMEM);
	assert_int_equal(gmem_clear(&mem), -ENOMEM);
	assert_words("guest memory: clear: Cannot allocate memory");
	fault_arm(0, 0);
}

static void memory_that_is_not_to_be_had_gives_a_hint(void **state)
{
	struct gmem other;

	(void)state;
	fault_arm(1, ENOMEM);
	assert_int_equal(gmem_init(&other, vm_fd, 2, 4 * GIB, GIB), -ENOMEM);
	assert_words("guest memory of 1024 MiB: Cannot allocate memory; "
		     "give less with -m");
	gmem_fini(&other);
}

static void slot_that_overlaps_is_undone(void **state)
{
	struct left now = left_now();
	struct gmem other;

	(void)state;
	assert_int_equal(
		gmem_init(&other, vm_fd, 2, BASE + SIZE - 0x10000, SIZE),
		-EEXIST);
	assert_words("guest memory: memory slot 2: 67108864 bytes at "
		     "0x43ff0000: File exists");
	gmem_fini(&other);
	assert_nothing_left(now);
	assert_int_equal(fake_kvm_live_slots(), 1);
}

static void size_that_wraps_around_is_refused(void **state)
{
	struct gmem other;

	(void)state;
	assert_int_equal(gmem_init(&other, vm_fd, 2, 0, UINT64_MAX - 0xffff),
			 -EOVERFLOW);
	assert_has_words("guest memory: ");
	gmem_fini(&other);
}

/* -- RAM that is a file -- */

static void as(const struct gmem_config *config)
{
	gmem_fini(&mem);
	assert_int_equal(gmem_init_as(&mem, vm_fd, 1, BASE, SIZE, config), 0);
}

static void shared_ram_is_a_sealed_file(void **state)
{
	const struct gmem_config config = { .shared = true };
	uint8_t byte;

	(void)state;
	as(&config);
	assert_true(mem.shared);
	assert_int_equal((uintptr_t)mem.host % (2 * MIB), 0);
	mem.host[3 * MIB + 5] = 77;
	assert_int_equal(pread(mem.fd, &byte, 1, 3 * MIB + 5), 1);
	assert_int_equal(byte, 77);
	assert_int_equal(ftruncate(mem.fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(mem.fd, 2 * SIZE), -1);
	assert_int_equal(gmem_lent(&mem), SIZE);
	mem.kept = 64 * KIB;
	assert_int_equal(gmem_lent(&mem), SIZE - 64 * KIB);
}

static void shared_ram_is_cleared_for_all_who_see_it(void **state)
{
	const struct gmem_config config = { .shared = true };
	uint8_t *host, byte = 1;
	struct stat st;

	(void)state;
	as(&config);
	host = mem.host;
	memset(host, 1, 8 * MIB);
	assert_int_equal(gmem_clear(&mem), 0);
	assert_ptr_equal(mem.host, host);
	assert_int_equal(host[0] | host[8 * MIB - 1], 0);
	assert_int_equal(pread(mem.fd, &byte, 1, 5), 1);
	assert_int_equal(byte, 0);
	host[9] = 4;
	assert_int_equal(pread(mem.fd, &byte, 1, 9), 1);
	assert_int_equal(byte, 4);
	assert_int_equal(fstat(mem.fd, &st), 0);
	assert_true(st.st_blocks * 512 < (int64_t)MIB);
	assert_int_equal(fake_kvm_live_slots(), 1);
}

static void a_file_of_the_users_is_emptied_locked_and_kept(void **state)
{
	char path[] = "/tmp/gmem-XXXXXX";
	const struct gmem_config config = { .path = path };
	int fd = mkstemp(path);
	struct gmem second;
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "old things", 10), 10);
	close(fd);
	as(&config);
	assert_int_equal(mem.host[0], 0);
	mem.host[1] = 9;
	assert_int_equal(gmem_init_as(&second, vm_fd, 2, BASE, SIZE, &config),
			 -EBUSY);
	assert_has_words("another guest uses it");
	gmem_fini(&mem);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, SIZE);
	assert_int_equal(read(fd, &second, 2), 2);
	assert_int_equal(((uint8_t *)&second)[1], 9);
	close(fd);
	unlink(path);
}

static void what_cannot_be_ram_is_refused(void **state)
{
	static const struct {
		struct gmem_config config;
		int rc;
		const char *words;
	} bad[] = {
		{ { .path = "/tmp" }, -EISDIR, "a directory" },
		{ { .path = "/dev/null" }, -EINVAL, "not a regular file" },
		{ { .path = "/none/ram" }, -ENOENT, "that can be written" },
	};

	(void)state;
	gmem_fini(&mem);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(gmem_init_as(&mem, vm_fd, 1, BASE, SIZE,
					      &bad[i].config),
				 bad[i].rc);
		assert_has_words(bad[i].words);
		assert_has_words("--mem-file");
	}
}

static void huge_pages_are_there_or_refused_in_words(void **state)
{
	const struct gmem_config config = { .huge = true };
	int rc;

	(void)state;
	gmem_fini(&mem);
	rc = gmem_init_as(&mem, vm_fd, 1, BASE, SIZE, &config);
	if (rc == 0) {
		assert_true(mem.shared);
		return;
	}
	if (rc == -ENOMEM)
		assert_has_words("> /proc/sys/vm/nr_hugepages");
	else
		assert_has_words("--hugepages");
}

static void nothing_is_left_when_a_call_fails(void **state)
{
	const struct gmem_config config = { .shared = true };
	struct gmem m;
	int rc = -1;

	(void)state;
	for (unsigned n = 1; rc < 0; n++) {
		struct left left = left_now();

		fault_arm(n, ENOMEM);
		rc = gmem_init_as(&m, vm_fd, 2, BASE + SIZE, SIZE, &config);
		fault_arm(0, 0);
		if (rc < 0)
			assert_nothing_left(left);
	}
	gmem_fini(&m);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ram_is_one_zeroed_slot_that_blocks_can_map),
		T(ranges_within_ram_are_found_to_the_last_byte),
		T(ranges_that_leave_ram_are_not_found),
		T(clear_makes_all_of_it_zero_at_the_same_place),
		T(clear_gives_the_pages_back),
		T(shared_ram_is_a_sealed_file),
		T(shared_ram_is_cleared_for_all_who_see_it),
		T(a_file_of_the_users_is_emptied_locked_and_kept),
		T(what_cannot_be_ram_is_refused),
		T(huge_pages_are_there_or_refused_in_words),
		T(nothing_is_left_when_a_call_fails),
		T(small_pages_keep_what_is_there),
		T(clear_that_fails_says_so),
		T(memory_that_is_not_to_be_had_gives_a_hint),
		T(slot_that_overlaps_is_undone),
		T(size_that_wraps_around_is_refused),
	};

	return cmocka_run_group_tests_name("gmem", tests, NULL, NULL);
}
