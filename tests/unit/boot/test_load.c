/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "boot/image.h"
#include "boot/load.h"
#include "fake_kvm.h"
#include "mach/gmem.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/util.h"

#define RAM LAYOUT_RAM

static struct left before;
static struct image kernel;
static struct load load;
static char path[32];
static int file;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	file = scratch_file("ramdisk", 7, path);
	kernel = (struct image){ .path = "Image",
				 .fd = -1,
				 .text_offset = 0x80000,
				 .mem_size = 30 * MIB };
	load = (struct load){ .initrd_fd = -1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	load_fini(&load);
	load_fini(&load);
	close(file);
	assert_nothing_left(before);
	return 0;
}

/* An initrd of @size bytes: no more than a hole in a file. */
static void initrd_of(uint64_t size)
{
	assert_int_equal(ftruncate(file, (off_t)size), 0);
}

static int init(const char *initrd, uint64_t ram_size)
{
	const struct load_initrd from = { .path = initrd };

	load_fini(&load);
	return load_init(&load, &kernel, &from, RAM, ram_size);
}

static void kernel_goes_to_its_offset_in_the_second_frame(void **state)
{
	(void)state;
	assert_int_equal(init(NULL, 64 * MIB), 0);
	assert_int_equal(load.dtb, RAM);
	assert_int_equal(load.dtb_room, 0x80000);
	assert_int_equal(load.entry, RAM + 2 * MIB + 0x80000);
	assert_int_equal(load.entry + load.kernel_room, RAM + 64 * MIB);
	assert_int_equal(load.initrd_size, 0);
}

static void flat_program_has_all_behind_it_but_the_tree_at_the_end(void **state)
{
	(void)state;
	kernel = (struct image){
		.path = "flat", .fd = -1, .flat = true, .mem_size = 16
	};
	initrd_of(1 * MIB);
	assert_int_equal(init(path, 64 * MIB), 0);
	assert_int_equal(load.entry, RAM + 0x80000);
	assert_int_equal(load.dtb, RAM + 64 * MIB - 0x80000);
	assert_int_equal(load.initrd, RAM + 63 * MIB - 0x80000);
	assert_int_equal(load.entry + load.kernel_room, load.initrd);
	assert_int_equal(init(NULL, 64 * MIB), 0);
	assert_int_equal(load.entry + load.kernel_room, load.dtb);
	assert_int_equal(init(NULL, 100 * GIB), 0);
	assert_true(load.dtb == RAM + 32 * GIB - 0x80000);
	kernel.mem_size = 63 * MIB;
	assert_int_equal(init(NULL, 64 * MIB), 0);
	kernel.mem_size++;
	assert_int_equal(init(NULL, 64 * MIB), -E2BIG);
}

static void initrd_goes_as_high_as_a_mapping_can(void **state)
{
	(void)state;
	initrd_of(1 * MIB + 1);
	assert_int_equal(init(path, 64 * MIB), 0);
	assert_int_equal(load.initrd, RAM + 63 * MIB - 0x10000);
	assert_int_equal(load.initrd_size, 1 * MIB + 1);
	assert_int_equal(load.entry + load.kernel_room, load.initrd);
	initrd_of(1 * MIB);
	assert_int_equal(init(path, 64 * MIB), 0);
	assert_int_equal(load.initrd, RAM + 63 * MIB);
}

static void initrd_stays_where_linux_looks_for_it(void **state)
{
	(void)state;
	initrd_of(512 * MIB);
	assert_int_equal(init(path, 100 * GIB), 0);
	assert_true(load.initrd == RAM + 32 * GIB - 512 * MIB);
}

static void kernel_that_just_fits_is_taken_and_no_larger_one(void **state)
{
	(void)state;
	kernel.mem_size = 62 * MIB - 0x80000;
	assert_int_equal(init(NULL, 64 * MIB), 0);
	kernel.mem_size++;
	assert_int_equal(init(NULL, 64 * MIB), -E2BIG);
	assert_words("'Image': kernel needs 65 MiB, of 64 MiB of guest memory; "
		     "give more with -m");
}

static void kernel_of_unknown_size_needs_its_first_byte(void **state)
{
	(void)state;
	kernel.mem_size = 0;
	kernel.text_offset = 62 * MIB - 1;
	assert_int_equal(init(NULL, 64 * MIB), 0);
	kernel.text_offset++;
	assert_int_equal(init(NULL, 64 * MIB), -E2BIG);
}

static void absurd_kernels_do_not_wrap_around(void **state)
{
	(void)state;
	kernel.text_offset = (UINT64_C(1) << 52) - 1;
	kernel.mem_size = (UINT64_C(1) << 52) - 1;
	assert_int_equal(init(NULL, 64 * MIB), -E2BIG);
	assert_int_equal(init(NULL, UINT64_C(1) << 52), -E2BIG);
}

static void initrd_that_just_fits_is_taken_and_no_larger_one(void **state)
{
	const uint64_t room = 64 * MIB - 0x280000 - 30 * MIB;
	char words[160];

	(void)state;
	initrd_of(room);
	assert_int_equal(init(path, 64 * MIB), 0);
	assert_int_equal(load.initrd, RAM + 0x280000 + 30 * MIB);
	initrd_of(room + 1);
	assert_int_equal(init(path, 64 * MIB), -E2BIG);
	snprintf(words, sizeof(words),
		 "initrd '%s': with the kernel it needs 65 MiB, of 64 MiB of "
		 "guest memory; give more with -m",
		 path);
	assert_words(words);
	assert_int_equal(load.initrd_fd, -1);
	kernel.mem_size++; /* there is room, but not on a boundary */
	initrd_of(room - 0x8000);
	assert_int_equal(init(path, 64 * MIB), -E2BIG);
	initrd_of(100 * GIB);
	assert_int_equal(init(path, 64 * MIB), -E2BIG);
	assert_int_equal(load.initrd_fd, -1);
}

static void initrd_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	assert_int_equal(init("/nowhere/initrd", 64 * MIB), -ENOENT);
	assert_words(
		"initrd: '/nowhere/initrd': No such file or directory; is the path right?");
	initrd_of(0);
	assert_int_equal(init(path, 64 * MIB), -ENODATA);
	assert_has_words("the file is empty");
}

/* -- an archive of ours behind it -- */

static int init_with(const char *initrd, const void *extra, uint64_t size)
{
	const struct load_initrd from = { initrd, extra, size };

	load_fini(&load);
	return load_init(&load, &kernel, &from, RAM, 64 * MIB);
}

static void archive_alone_is_an_initrd(void **state)
{
	(void)state;
	assert_int_equal(init_with(NULL, "archive", 8), 0);
	assert_int_equal(load.initrd_fd, -1);
	assert_int_equal(load.initrd_size, 8);
	assert_int_equal(load.initrd, RAM + 64 * MIB - 0x10000);
	assert_int_equal(load.entry + load.kernel_room, load.initrd);
}

static void archive_begins_at_a_multiple_of_four(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= 9; size++) {
		initrd_of(size);
		assert_int_equal(init_with(path, "archive", 8), 0);
		assert_int_equal(load.initrd_size, (size + 3) / 4 * 4 + 8);
	}
	/* Without one the file is what it is. */
	initrd_of(7);
	assert_int_equal(init_with(path, NULL, 0), 0);
	assert_int_equal(load.initrd_size, 7);
}

static void both_must_fit(void **state)
{
	const uint64_t room = 64 * MIB - 0x280000 - 30 * MIB;

	(void)state;
	initrd_of(room - 8);
	assert_int_equal(init_with(path, "archive", 8), 0);
	assert_int_equal(init_with(path, "archive!", 9), -E2BIG);
	assert_int_equal(init_with(NULL, "archive", room + 1), -E2BIG);
	assert_words("initrd 'built in': with the kernel it needs 65 MiB, of "
		     "64 MiB of guest memory; give more with -m");
}

/* -- into memory -- */

static void both_arrive_as_often_as_wanted(void **state)
{
	uint8_t flat[5000];
	char kernel_path[32];
	int vm_fd = fake_kvm_fd(FAKE_VM, 0), kernel_fd;
	struct gmem mem;

	(void)state;
	memset(flat, 0xd5, sizeof(flat));
	kernel_fd = scratch_file(flat, sizeof(flat), kernel_path);
	assert_int_equal(image_open(&kernel, kernel_path), 0);
	assert_int_equal(gmem_init(&mem, vm_fd, 0, RAM, 64 * MIB), 0);
	/* Small ones are read, large ones mapped. */
	for (uint64_t size = 7; size <= 5 * MIB; size += 5 * MIB - 7) {
		initrd_of(size);
		assert_int_equal(pwrite(file, "end", 3, (off_t)size - 3), 3);
		assert_int_equal(init(path, 64 * MIB), 0);
		for (unsigned i = 0; i < 3; i++) {
			const char *end;

			assert_int_equal(gmem_clear(&mem), 0);
			assert_int_equal(load_into(&load, &mem), 0);
			assert_memory_equal(gmem_at(&mem, load.entry, 5000),
					    flat, sizeof(flat));
			end = gmem_at(&mem, load.initrd + size - 3, 3);
			assert_memory_equal(end, "end", 3);
		}
	}
	initrd_of(3); /* it shrinks behind our back */
	load.file_size = 7;
	assert_int_equal(load_into(&load, &mem), -ENODATA);
	assert_has_words("initrd '/proc/self/fd/");
	gmem_fini(&mem);
	image_close(&kernel);
	close(kernel_fd);
	close(vm_fd);
}

/* Read or mapped, aligned or not; and as new after each reset. */
static void archive_follows_the_file_as_often_as_wanted(void **state)
{
	static const uint64_t sizes[] = { 1,	      7,	   8,
					  4095,	      4096,	   2 * MIB - 1,
					  2 * MIB,    2 * MIB + 1, 5 * MIB - 2,
					  5 * MIB + 3 };
	static const char archive[] = "070701 and so on";
	static const char zero[4];
	uint8_t flat[5000];
	char kernel_path[32];
	int vm_fd = fake_kvm_fd(FAKE_VM, 0);
	int kernel_fd;
	struct gmem mem;

	(void)state;
	memset(flat, 0xd5, sizeof(flat));
	kernel_fd = scratch_file(flat, sizeof(flat), kernel_path);
	assert_int_equal(image_open(&kernel, kernel_path), 0);
	assert_int_equal(gmem_init(&mem, vm_fd, 0, RAM, 64 * MIB), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t size = sizes[i], gap = -size % 4;

		initrd_of(0);
		initrd_of(size);
		assert_int_equal(pwrite(file, "x", 1, (off_t)size - 1), 1);
		assert_int_equal(init_with(path, archive, sizeof(archive)), 0);
		for (unsigned k = 0; k < 3; k++) {
			char *at;

			assert_int_equal(gmem_clear(&mem), 0);
			assert_int_equal(load_into(&load, &mem), 0);
			at = gmem_at(&mem, load.initrd, load.initrd_size);
			assert_int_equal(at[size - 1], 'x');
			assert_memory_equal(at + size, zero, gap);
			at += size + gap;
			assert_memory_equal(at, archive, sizeof(archive));
			/* What the guest does to it is forgotten. */
			memset(at - 1, 'y', sizeof(archive));
		}
	}
	/* The user's file is as it was. */
	assert_int_equal(lseek(file, 0, SEEK_END),
			 sizes[ARRAY_SIZE(sizes) - 1]);
	assert_int_equal(init_with(NULL, archive, sizeof(archive)), 0);
	assert_int_equal(gmem_clear(&mem), 0);
	assert_int_equal(load_into(&load, &mem), 0);
	assert_memory_equal(gmem_at(&mem, load.initrd, sizeof(archive)),
			    archive, sizeof(archive));
	gmem_fini(&mem);
	image_close(&kernel);
	close(kernel_fd);
	close(vm_fd);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(kernel_goes_to_its_offset_in_the_second_frame),
		T(flat_program_has_all_behind_it_but_the_tree_at_the_end),
		T(initrd_goes_as_high_as_a_mapping_can),
		T(initrd_stays_where_linux_looks_for_it),
		T(kernel_that_just_fits_is_taken_and_no_larger_one),
		T(kernel_of_unknown_size_needs_its_first_byte),
		T(absurd_kernels_do_not_wrap_around),
		T(initrd_that_just_fits_is_taken_and_no_larger_one),
		T(initrd_that_cannot_be_read_is_named),
		T(archive_alone_is_an_initrd),
		T(archive_begins_at_a_multiple_of_four),
		T(both_must_fit),
		T(both_arrive_as_often_as_wanted),
		T(archive_follows_the_file_as_often_as_wanted),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
