/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_flash.c - a hostile guest at the flash.
 *
 * The input is a list of accesses: anywhere or near edges, of any width, with
 * any value or one that begins or confirms a command, and resets.  Whatever
 * happens: the firmware stays as it is, the file keeps its size, a bank has a
 * slot exactly where it shows its content, and chips are always ready.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/device.h"
#include "dev/flash.h"
#include "fake_kvm.h"
#include "fuzz.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/log.h"

enum { BANK = LAYOUT_FLASH_EACH, FIRMWARE_SIZE = 8192 };

static struct bus bus;
static struct device flash;
static struct device_host host;
static struct flash_config config;
static char paths[2][32];
static int files[2];
static uint8_t firmware[FIRMWARE_SIZE];

static void set_up(void)
{
	log_set_level(LOG_ERROR);
	fake_kvm_reset();
	memset(firmware, 0x5a, sizeof(firmware));
	for (int i = 0; i < 2; i++) {
		files[i] = memfd_create("flash", MFD_CLOEXEC);
		MUST(files[i] >= 0);
		snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d",
			 files[i]);
	}
	MUST(pwrite(files[0], firmware, sizeof(firmware), 0) ==
	     (ssize_t)sizeof(firmware));
	config = (struct flash_config){ paths[0], paths[1] };
	host = (struct device_host){ .vm_fd = fake_kvm_fd(FAKE_VM, 0),
				     .config = &config };
}

static uint64_t place(uint8_t how, uint32_t raw)
{
	static const uint32_t edges[] = { 0,
					  BANK,
					  2u * BANK,
					  BANK + 0x40000,
					  BANK + 0x1000,
					  BANK + 0x55 * 4 };
	uint64_t at = raw;

	if (how % 8 < 6)
		at = edges[how % 8] + (uint64_t)(raw % 64) - 32;
	return at % (2u * BANK);
}

static uint64_t value(uint8_t how, uint32_t raw)
{
	static const uint8_t cmds[] = { 0x10, 0x20, 0x40, 0x50, 0x60, 0x70,
					0x90, 0x98, 0xd0, 0xe8, 0xff, 0x01 };

	if (how >> 4 < sizeof(cmds))
		return cmds[how >> 4] * UINT64_C(0x0001000100010001);
	return raw * UINT64_C(0x100000001);
}

static void check(void)
{
	struct stat st;

	for (unsigned i = 0; i < 2; i++) {
		const struct fake_slot *s = &fake_kvm.slots[SLOT_FLASH + i];

		MUST(s->size == 0 || (s->size == BANK && s->read_only &&
				      s->gpa == i * (gpa_t)BANK));
	}
	MUST(fstat(files[1], &st) == 0 && st.st_size == BANK);
}

static void deed(const uint8_t *in)
{
	unsigned len = 1u << (in[0] >> 6);
	uint32_t a, b;
	uint64_t at;

	memcpy(&a, in + 2, sizeof(a));
	memcpy(&b, in + 6, sizeof(b));
	at = place(in[0], a);
	if ((in[0] & 0x38) == 0x38)
		device_reset(&flash);
	else if (in[0] & 8)
		bus_read(&bus, LAYOUT_FLASH + at, len);
	else
		bus_write(&bus, LAYOUT_FLASH + at, len, value(in[1], b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t now[FIRMWARE_SIZE];

	if (!host.config)
		set_up();
	bus_init(&bus);
	MUST(device_init(&flash, &flash_class, LAYOUT_FLASH, 0, &host, &bus) ==
	     0);
	for (size_t i = 0; i + 10 <= size && i < 10000; i += 10) {
		deed(data + i);
		check();
	}
	/* Out of whatever it was in. */
	bus_write(&bus, LAYOUT_FLASH + BANK, 4, 0xff);
	device_reset(&flash);
	MUST(fake_kvm_live_slots() == 2);
	bus_write(&bus, LAYOUT_FLASH + BANK, 4, 0x70);
	MUST((bus_read(&bus, LAYOUT_FLASH + BANK, 4) & 0x00800080) ==
	     0x00800080);
	device_fini(&flash);
	MUST(fake_kvm_live_slots() == 0);
	MUST(pread(files[0], now, sizeof(now), 0) == (ssize_t)sizeof(now));
	MUST(memcmp(now, firmware, sizeof(now)) == 0);
	return 0;
}
