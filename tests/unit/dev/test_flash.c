/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/device.h"
#include "dev/flash.h"
#include "fake_kvm.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"

enum {
	BANK = LAYOUT_FLASH_EACH,
	BLOCK = 256 * 1024,
	VARS = BANK, /* where they begin */
	FIRMWARE_SIZE = 5000,
	READY = 0x00800080,
};

static struct bus bus;
static struct device flash;
static struct device_host host;
static uint8_t firmware[FIRMWARE_SIZE];
static char firmware_path[32], vars_path[] = "/tmp/test_flash.XXXXXX";
static int firmware_fd, vars_fd;
static struct flash_config config;

static int start(void)
{
	bus_init(&bus);
	return device_init(&flash, &flash_class, LAYOUT_FLASH, 0, &host, &bus);
}

static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	fake_kvm_reset();
	memset(firmware, 0xa5, sizeof(firmware));
	firmware_fd = scratch_file(firmware, FIRMWARE_SIZE, firmware_path);
	memcpy(vars_path + sizeof(vars_path) - 7, "XXXXXX", 6);
	vars_fd = mkstemp(vars_path);
	config = (struct flash_config){ firmware_path, vars_path };
	host = (struct device_host){ .vm_fd = fake_kvm_fd(FAKE_VM, 0),
				     .config = &config };
	return vars_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_fini(&flash);
	close(host.vm_fd);
	close(firmware_fd);
	close(vars_fd);
	unlink(vars_path);
	return 0;
}

static uint32_t get(uint64_t at)
{
	return (uint32_t)bus_read(&bus, at, 4);
}

/* A command is for both chips. */
static void set(uint64_t at, uint32_t v)
{
	bus_write(&bus, at, 4, v);
}

static void command(uint64_t at, uint32_t cmd)
{
	set(at, cmd | cmd << 16);
}

static const struct fake_slot *slot(unsigned bank)
{
	return &fake_kvm.slots[SLOT_FLASH + bank];
}

/* In the file. */
static uint32_t stored(uint64_t off)
{
	uint32_t v = 0;

	assert_int_equal(pread(vars_fd, &v, 4, (off_t)off), 4);
	return v;
}

static void erase(uint64_t at)
{
	command(at, 0x20);
	command(at, 0xd0);
}

static void banks_are_memory_that_can_only_be_read(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(slot(i)->gpa, i * BANK);
		assert_int_equal(slot(i)->size, BANK);
		assert_true(slot(i)->read_only);
	}
	assert_memory_equal(slot(0)->host, firmware, FIRMWARE_SIZE);
	assert_int_equal(((uint8_t *)slot(0)->host)[FIRMWARE_SIZE], 0);
	/* A vCPU may come a moment after the slot. */
	assert_int_equal(get(4), 0xa5a5a5a5);
	assert_int_equal(bus_read(&bus, 0, 8), UINT64_C(0xa5a5a5a5a5a5a5a5));
	assert_int_equal(get(BANK - 4), 0);
}

static void other_modes_have_no_memory(void **state)
{
	static const uint32_t cmds[] = { 0x70, 0x90, 0x98, 0x20,
					 0x40, 0x10, 0x60, 0xe8 };

	(void)state;
	assert_int_equal(start(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		command(VARS, cmds[i]);
		assert_int_equal(slot(1)->size, 0);
		assert_int_equal(slot(0)->size, BANK);
		/* The word after a setup command is no command. */
		device_reset(&flash);
		assert_int_equal(slot(1)->size, BANK);
		assert_true(slot(1)->read_only);
	}
	command(0, 0x98);
	assert_int_equal(slot(0)->size, 0);
	command(0, 0xff);
	assert_int_equal(slot(0)->size, BANK);
}

static void what_is_no_command_shows_the_content(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	for (uint32_t cmd = 0; cmd < 256; cmd++) {
		static const uint8_t known[] = { 0x10, 0x20, 0x40, 0x50, 0x60,
						 0x70, 0x90, 0x98, 0xe8 };

		if (memchr(known, (int)cmd, sizeof(known)))
			continue;
		command(VARS, 0x70);
		command(VARS, cmd);
		assert_int_equal(slot(1)->size, BANK);
	}
}

/* As drivers look at it, by words, half words and bytes. */
static void query_describes_the_chips(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	command(VARS + 0x55 * 4, 0x98);
	assert_int_equal(get(VARS + 0x10 * 4), 'Q' | 'Q' << 16);
	assert_int_equal(get(VARS + 0x11 * 4), 'R' | 'R' << 16);
	assert_int_equal(get(VARS + 0x12 * 4), 'Y' | 'Y' << 16);
	assert_int_equal(bus_read(&bus, VARS + 0x40, 2), 'Q');
	assert_int_equal(bus_read(&bus, VARS + 0x42, 2), 'Q');
	assert_int_equal(bus_read(&bus, VARS + 0x40, 1), 'Q');
	assert_int_equal(bus_read(&bus, VARS + 0x41, 1), 0);
	assert_int_equal(get(VARS + 0x13 * 4), 0x00010001); /* Intel's set */
	assert_int_equal(get(VARS + 0x27 * 4), 25 | 25 << 16);
	assert_int_equal(get(VARS + 0x2a * 4), 11 | 11 << 16);
	assert_int_equal(get(VARS + 0x2c * 4), 0x00010001);
	assert_int_equal(get(VARS + 0x2d * 4), 0x00ff00ff);
	assert_int_equal(get(VARS + 0x2e * 4), 0);
	assert_int_equal(get(VARS + 0x2f * 4), 0);
	assert_int_equal(get(VARS + 0x30 * 4), 0x00020002);
	assert_int_equal(get(VARS + 0x31 * 4), 'P' | 'P' << 16);
	assert_int_equal(get(VARS + 0x34 * 4), '1' | '1' << 16);
	assert_int_equal(get(VARS + 0x0f * 4), 0);
	assert_int_equal(get(VARS + BANK - 4), 0);
}

static void each_block_has_an_identity_and_is_not_locked(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	command(VARS, 0x90);
	assert_int_equal(get(VARS), 0x00890089);
	assert_int_equal(get(VARS + 4), 0x00180018);
	assert_int_equal(get(VARS + 3 * BLOCK + 8), 0);
	command(VARS, 0x60);
	command(VARS, 0xd0);
	assert_int_equal(get(VARS), READY);
}

static void a_block_is_erased_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	erase(VARS + BLOCK + 100);
	assert_int_equal(get(VARS), READY);
	assert_int_equal(stored(BLOCK - 4), 0);
	assert_int_equal(stored(BLOCK), UINT32_MAX);
	assert_int_equal(stored(2 * BLOCK - 4), UINT32_MAX);
	assert_int_equal(stored(2 * BLOCK), 0);
	command(VARS, 0xff);
	assert_int_equal(get(VARS + BLOCK), UINT32_MAX);
}

static void programming_makes_zeroes_of_ones(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	erase(VARS);
	command(VARS, 0x40);
	set(VARS + 8, 0x12345678);
	assert_int_equal(get(VARS), READY);
	assert_int_equal(stored(8), 0x12345678);
	command(VARS, 0x10);
	set(VARS + 8, 0xff00ff00);
	assert_int_equal(stored(8), 0x12005600);
	command(VARS, 0x40);
	bus_write(&bus, VARS + 13, 1, 0x42);
	assert_int_equal(stored(12), 0xffff42ff);
	/* Only from an erased block can they come back. */
	command(VARS, 0x40);
	set(VARS + 8, UINT32_MAX);
	assert_int_equal(stored(8), 0x12005600);
}

static void a_buffer_is_programmed_at_once(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	erase(VARS);
	command(VARS + 64, 0xe8);
	assert_int_equal(get(VARS + 64), READY);
	command(VARS + 64, 2); /* three words */
	set(VARS + 64, 1);
	set(VARS + 72, 3);
	set(VARS + 68, 2);
	assert_int_equal(stored(64), UINT32_MAX);
	command(VARS + 64, 0xd0);
	assert_int_equal(get(VARS), READY);
	assert_int_equal(stored(60), UINT32_MAX);
	assert_int_equal(stored(64), 1);
	assert_int_equal(stored(68), 2);
	assert_int_equal(stored(72), 3);
	assert_int_equal(stored(76), UINT32_MAX);
}

static void a_buffer_is_as_large_as_the_query_says(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	erase(VARS);
	command(VARS, 0xe8);
	command(VARS, 1023);
	for (uint32_t i = 0; i < 1024; i++)
		set(VARS + 4 * i, i);
	command(VARS, 0xd0);
	assert_int_equal(get(VARS), READY);
	for (uint32_t i = 0; i < 1024; i++)
		assert_int_equal(stored(4 * i), i);
	command(VARS, 0xe8);
	command(VARS, 1024);
	command(VARS, 0xd0);
	assert_int_equal(get(VARS), READY | 0x00300030);
}

static void a_crooked_sequence_is_told_and_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	erase(VARS);
	command(VARS, 0x20);
	command(VARS, 0xff);
	assert_int_equal(get(VARS), READY | 0x00300030);
	command(VARS, 0x50); /* only this clears it */
	assert_int_equal(get(VARS), READY);
	/* Words of two buffers; and no confirmation. */
	command(VARS, 0xe8);
	command(VARS, 1);
	set(VARS + 4092, 0);
	set(VARS + 4096, 0);
	command(VARS, 0xd0);
	assert_int_equal(get(VARS), READY | 0x00300030);
	command(VARS, 0x50);
	command(VARS, 0xe8);
	command(VARS, 0);
	set(VARS, 0);
	command(VARS, 0xff);
	assert_int_equal(get(VARS), READY | 0x00300030);
	assert_int_equal(stored(0), UINT32_MAX);
	assert_int_equal(stored(4092), UINT32_MAX);
	assert_int_equal(stored(4096), UINT32_MAX);
}

static void firmware_cannot_be_changed(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	erase(0);
	assert_int_equal(get(0), READY | 0x00220022);
	command(0, 0x50);
	command(0, 0x40);
	set(0, 0);
	assert_int_equal(get(0), READY | 0x00120012);
	command(0, 0xff);
	assert_memory_equal(slot(0)->host, firmware, FIRMWARE_SIZE);
}

/* Of what lies in both banks only one is written; nothing goes over the end. */
static void the_ends_are_ends(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(start(), 0);
	erase(VARS + BANK - 4);
	command(VARS, 0x40);
	bus_write(&bus, VARS + BANK - 8, 8, 1);
	assert_int_equal(stored(BANK - 8), 1);
	command(0, 0x40);
	bus_write(&bus, BANK - 4, 8, 0);
	command(0, 0x70);
	assert_int_equal(bus_read(&bus, BANK - 4, 8), READY | 0x00120012);
	assert_int_equal(fstat(vars_fd, &st), 0);
	assert_int_equal(st.st_size, BANK);
}

static void a_full_disk_is_the_guests_to_know(void **state)
{
	struct rlimit old, small;

	(void)state;
	assert_int_equal(start(), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = BLOCK;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	erase(VARS + BLOCK);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(get(VARS), READY | 0x00200020);
	command(VARS, 0x50);
	erase(VARS + BLOCK);
	assert_int_equal(get(VARS), READY);
}

static void a_slot_that_cannot_come_back_is_read_by_us(void **state)
{
	(void)state;
	assert_int_equal(start(), 0);
	command(0, 0x70);
	fault_arm(1, ENOMEM);
	command(0, 0xff);
	fault_arm(0, 0);
	assert_int_equal(slot(0)->size, 0);
	assert_int_equal(get(4), 0xa5a5a5a5);
	command(0, 0xff);
	assert_int_equal(slot(0)->size, BANK);
}

static void variables_outlive_reset_and_machine(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(start(), 0);
	erase(VARS);
	command(VARS, 0x40);
	set(VARS, 77);
	device_reset(&flash);
	assert_int_equal(get(VARS), 77);
	assert_int_equal(slot(1)->size, BANK);
	device_fini(&flash);
	assert_int_equal(start(), 0);
	assert_int_equal(get(VARS), 77);
	assert_int_equal(fstat(vars_fd, &st), 0);
	assert_true(st.st_blocks * 512 <= 2 * BLOCK);
}

static void without_a_file_they_live_as_long_as_the_machine(void **state)
{
	(void)state;
	config.vars = NULL;
	assert_int_equal(start(), 0);
	erase(VARS);
	device_reset(&flash);
	assert_int_equal(get(VARS), UINT32_MAX);
	device_fini(&flash);
	assert_int_equal(start(), 0);
	assert_int_equal(get(VARS), 0);
}

static void a_file_is_made_where_there_is_none(void **state)
{
	struct stat st;

	(void)state;
	unlink(vars_path);
	assert_int_equal(start(), 0);
	assert_int_equal(stat(vars_path, &st), 0);
	assert_int_equal(st.st_size, BANK);
	assert_int_equal(st.st_blocks, 0);
}

static void bad_files_are_refused_by_name(void **state)
{
	(void)state;
	config.firmware = "/none";
	assert_int_equal(start(), -ENOENT);
	assert_words("firmware: '/none': No such file or directory; is the "
		     "path right?");
	config.firmware = "/tmp";
	assert_int_equal(start(), -EISDIR);
	config.firmware = firmware_path;
	assert_int_equal(ftruncate(firmware_fd, BANK + 1), 0);
	assert_int_equal(start(), -EFBIG);
	assert_has_words("67108865 bytes; the flash has room for 64 MiB");
	assert_int_equal(ftruncate(firmware_fd, BANK), 0);

	config.vars = "/tmp";
	assert_int_equal(start(), -EISDIR);
	assert_has_words("firmware: variables: '/tmp': a directory");
	config.vars = "/dev/null";
	assert_int_equal(start(), -EINVAL);
	assert_has_words("'/dev/null': not a regular file");
	config.vars = "/none/vars";
	assert_int_equal(start(), -ENOENT);
	config.vars = vars_path;
	assert_int_equal(ftruncate(vars_fd, BANK + 1), 0);
	assert_int_equal(start(), -EFBIG);
	assert_has_words("67108865 bytes; the flash has 64 MiB");
	assert_int_equal(fake_kvm_live_slots(), 0);
}

static void variables_are_one_guests(void **state)
{
	struct device other;
	struct bus others;

	(void)state;
	assert_int_equal(start(), 0);
	bus_init(&others);
	assert_int_equal(device_init(&other, &flash_class, LAYOUT_FLASH, 0,
				     &host, &others),
			 -EBUSY);
	assert_has_words("another guest uses it");
}

static void every_failure_is_undone(void **state)
{
	unsigned did_without = 0;
	bool met = true;

	(void)state;
	for (unsigned n = 1; met; n++) {
		struct left before = left_now();
		int rc;

		fault_arm(n, ENOMEM);
		rc = start();
		met = fault_met();
		fault_arm(0, 0);
		/* A file that cannot be mapped is read. */
		if (met && rc == 0)
			did_without++;
		else
			assert_int_equal(rc, met ? -ENOMEM : 0);
		device_fini(&flash);
		assert_int_equal(fake_kvm_live_slots(), 0);
		assert_nothing_left(before);
		assert_true(n < 50);
	}
	assert_int_equal(did_without, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(banks_are_memory_that_can_only_be_read),
		T(other_modes_have_no_memory),
		T(what_is_no_command_shows_the_content),
		T(query_describes_the_chips),
		T(each_block_has_an_identity_and_is_not_locked),
		T(a_block_is_erased_and_nothing_else),
		T(programming_makes_zeroes_of_ones),
		T(a_buffer_is_programmed_at_once),
		T(a_buffer_is_as_large_as_the_query_says),
		T(a_crooked_sequence_is_told_and_changes_nothing),
		T(firmware_cannot_be_changed),
		T(the_ends_are_ends),
		T(a_full_disk_is_the_guests_to_know),
		T(a_slot_that_cannot_come_back_is_read_by_us),
		T(variables_outlive_reset_and_machine),
		T(without_a_file_they_live_as_long_as_the_machine),
		T(a_file_is_made_where_there_is_none),
		T(bad_files_are_refused_by_name),
		T(variables_are_one_guests),
		T(every_failure_is_undone),
	};

	return cmocka_run_group_tests_name("flash", tests, NULL, NULL);
}
