/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <libfdt.h>

#include "boot/fdt.h"
#include "dev/device.h"
#include "dev/gic.h"
#include "dev/uart.h"
#include "mach/layout.h"
#include "pvtime/provider.h"
#include "pvtime/pvtime.h"
#include "util/err.h"
#include "util/util.h"

enum { ROOM = 0x80000 };

static uint8_t tree[ROOM];
static uint64_t mpidrs[LAYOUT_NR_CPUS];
static struct gic gic;
static struct pvtime pt;
static struct fdt_machine m;
static size_t size;

static int set_up(void **state)
{
	(void)state;
	fault_arm(0, 0);
	for (unsigned i = 0; i < LAYOUT_NR_CPUS; i++)
		mpidrs[i] = UINT64_C(1) << 31 | (i >> 4) << 8 | (i & 15);
	gic = (struct gic){ .kind = GIC_V3, .nr_cpus = 2 };
	pt = (struct pvtime){ .provider = &pvtime_off };
	m = (struct fdt_machine){ .ram = LAYOUT_RAM,
				  .ram_size = 64 * MIB,
				  .mpidrs = mpidrs,
				  .nr_cpus = 2,
				  .gic = &gic,
				  .pvtime = &pt };
	return 0;
}

static void build(void)
{
	assert_int_equal(fdt_build(&m, tree, sizeof(tree), &size), 0);
	assert_int_equal(fdt_check_full(tree, sizeof(tree)), 0);
	assert_int_equal(fdt_totalsize(tree), size);
}

static const void *get(const char *path, const char *name, int *len)
{
	int node = fdt_path_offset(tree, path);

	return node < 0 ? NULL : fdt_getprop(tree, node, name, len);
}

static void largest_machine_fits_the_room_there_is(void **state)
{
	static char params[2048];

	(void)state;
	memset(params, 'p', sizeof(params) - 1);
	m.params = params;
	m.nr_cpus = gic.nr_cpus = LAYOUT_NR_CPUS;
	m.pmu = true;
	build();
	assert_true(size < ROOM / 4);
}

static void command_line_arrives_untouched(void **state)
{
	const char *text = " a=\"b c\" 'd'\\ \xc3\xa4 -- e ";
	int len;

	(void)state;
	m.params = text;
	build();
	assert_string_equal(get("/chosen", "bootargs", &len), text);
	assert_int_equal(len, strlen(text) + 1);
	m.params = NULL;
	build();
	assert_null(get("/chosen", "bootargs", &len));
	m.params = "";
	build();
	assert_string_equal(get("/chosen", "bootargs", &len), "");
}

static void initrd_is_told_by_its_first_byte_and_the_one_behind(void **state)
{
	static const uint8_t start[] = { 0, 0, 0, 1, 2, 3, 0, 0 };
	static const uint8_t end[] = { 0, 0, 0, 1, 2, 3, 0, 5 };
	int len;

	(void)state;
	m.initrd = 0x102030000;
	m.initrd_size = 5;
	build();
	assert_memory_equal(get("/chosen", "linux,initrd-start", &len), start,
			    8);
	assert_memory_equal(get("/chosen", "linux,initrd-end", &len), end, 8);
	m.initrd_size = 0;
	build();
	assert_null(get("/chosen", "linux,initrd-start", &len));
}

static void vcpus_are_named_by_their_affinity(void **state)
{
	static const uint8_t reg[] = { 0, 0, 0, 0x12, 0, 0x34, 0x56, 0x78 };
	int len;

	(void)state;
	mpidrs[1] = 0x12c1345678; /* with U, MT and reserved bits */
	build();
	assert_memory_equal(get("/cpus/cpu@1200345678", "reg", &len), reg, 8);
	assert_string_equal(get("/cpus/cpu@0", "enable-method", &len), "psci");
}

static void seeds_are_new_each_time(void **state)
{
	uint8_t kaslr[8], rng[32];
	int len;

	(void)state;
	build();
	memcpy(kaslr, get("/chosen", "kaslr-seed", &len), sizeof(kaslr));
	assert_int_equal(len, sizeof(kaslr));
	memcpy(rng, get("/chosen", "rng-seed", &len), sizeof(rng));
	assert_int_equal(len, sizeof(rng));
	build();
	assert_memory_not_equal(get("/chosen", "kaslr-seed", &len), kaslr, 8);
	assert_memory_not_equal(get("/chosen", "rng-seed", &len), rng, 32);
}

static void without_random_numbers_there_is_no_tree(void **state)
{
	(void)state;
	fault_arm(1, ENOSYS);
	assert_int_equal(fdt_build(&m, tree, sizeof(tree), &size), -ENOSYS);
	assert_words("random seeds: Function not implemented");
}

static void pmu_is_described_where_there_is_one(void **state)
{
	int len;

	(void)state;
	build();
	assert_null(get("/pmu", "compatible", &len));
	m.pmu = true;
	build();
	assert_string_equal(get("/pmu", "compatible", &len), "arm,armv8-pmuv3");
}

static void give_records(void)
{
	pt.provider = &pvtime_kvm;
	pt.region =
		(struct pvtime_region){ .base = 0x90a0000, .nr_records = 2 };
	pt.size = 0x10000;
}

static void no_memory_is_reserved_without_stolen_time(void **state)
{
	(void)state;
	build();
	assert_true(fdt_path_offset(tree, "/reserved-memory") < 0);
}

static void records_are_reserved(void **state)
{
	int len;

	(void)state;
	give_records();
	build();
	assert_non_null(get("/reserved-memory/pvtime@90a0000", "no-map", &len));
	assert_non_null(get("/reserved-memory", "ranges", &len));
	assert_int_equal(len, 0);
}

static struct device serials[2];

static void give_serials(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		serials[i].class = &uart_class;
		serials[i].window.base = i ? LAYOUT_CHANNEL : LAYOUT_UART;
		serials[i].window.size = LAYOUT_UART_SIZE;
		serials[i].irq.spi = i ? SPI_CHANNEL : SPI_UART;
	}
	m.devices = serials;
	m.nr_devices = n;
}

static void second_serial_line_is_told_from_the_first(void **state)
{
	static const uint8_t reg[] = { 0, 0, 0, 0, 9, 4, 0,    0,
				       0, 0, 0, 0, 0, 0, 0x10, 0 };
	static const uint8_t irq[] = { 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 4 };
	int len;

	(void)state;
	give_serials(2);
	build();
	assert_string_equal(get("/aliases", "serial0", &len),
			    "/serial@9000000");
	assert_string_equal(get("/aliases", "serial1", &len),
			    "/serial@9040000");
	assert_null(get("/aliases", "serial2", &len));
	assert_string_equal(get("/chosen", "stdout-path", &len),
			    "/serial@9000000");
	assert_memory_equal(get("/serial@9040000", "reg", &len), reg, 16);
	assert_int_equal(len, sizeof(reg));
	assert_memory_equal(get("/serial@9040000", "interrupts", &len), irq,
			    12);
	assert_string_equal(get("/serial@9040000", "compatible", &len),
			    "arm,pl011");
}

static void only_serial_line_needs_no_alias(void **state)
{
	int len;

	(void)state;
	give_serials(1);
	build();
	assert_true(fdt_path_offset(tree, "/aliases") < 0);
	assert_string_equal(get("/chosen", "stdout-path", &len),
			    "/serial@9000000");
	give_serials(0);
	build();
	assert_null(get("/chosen", "stdout-path", &len));
}

/* Whatever the room: all of the tree or none, and nothing beside it. */
static void small_room_is_refused_and_never_left(void **state)
{
	size_t need;

	(void)state;
	give_records();
	build();
	need = size;
	for (size_t room = 0; room <= need + 64; room++) {
		uint8_t *buf = malloc(room + 1);
		int rc;

		assert_non_null(buf);
		buf[room] = 0x5a;
		rc = fdt_build(&m, buf, room, &size);
		if (room < need) {
			assert_int_equal(rc, -ENOSPC);
			assert_has_words("device tree: more than ");
		} else if (rc == 0) {
			assert_int_equal(fdt_check_full(buf, room), 0);
		} else { /* libfdt wants some room of its own */
			assert_int_equal(rc, -ENOSPC);
			assert_true(room < need + 64);
		}
		assert_int_equal(buf[room], 0x5a);
		free(buf);
	}
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(largest_machine_fits_the_room_there_is),
		T(command_line_arrives_untouched),
		T(initrd_is_told_by_its_first_byte_and_the_one_behind),
		T(vcpus_are_named_by_their_affinity),
		T(seeds_are_new_each_time),
		T(without_random_numbers_there_is_no_tree),
		T(pmu_is_described_where_there_is_one),
		T(no_memory_is_reserved_without_stolen_time),
		T(records_are_reserved),
		T(second_serial_line_is_told_from_the_first),
		T(only_serial_line_needs_no_alias),
		T(small_room_is_refused_and_never_left),
	};

	return cmocka_run_group_tests_name("fdt", tests, NULL, NULL);
}
