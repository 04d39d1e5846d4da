/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map.c - nothing overlaps in any machine.
 *
 * A machine's map is computed here from layout.h and by load_init() for a
 * million random machines and checked; and for a sample of them it is compared
 * with what vm_new() makes of the same machine, so that what was checked is
 * what there is.
 */
#include "check.h"

#include <inttypes.h>
#include <libfdt.h>
#include <unistd.h>

#include "boot/image.h"
#include "boot/load.h"
#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/rng.h"
#include "vm/parts.h"
#include "vm/vm.h"

enum { MACHINES = 1000000, REAL_MACHINES = 400, IPA_BITS = 52 };

/* An emulator of user programs keeps a table of all memory that is mapped. */
#ifdef __SANITIZE_ADDRESS__ /* and has no sanitizer */
enum { REAL_RAM_BITS = 41 };
#else
enum { REAL_RAM_BITS = 29 };
#endif

/* Machine @i is made of this and @i alone, and can be had again by it. */
static const uint64_t seed = 0x5eed0000d1ce;

struct machine {
	unsigned index, cpus, nr_virtio;
	enum gic_kind gic;
	uint64_t ram_size, page; /* the host's */
	bool in_ram;		 /* stolen time's records */
	struct image kernel;
	uint64_t initrd_size; /* 0: none */
};

/* -- random machines -- */

static uint64_t noise_state;

/* splitmix64: any state, also the next number, is a good one. */
static uint64_t noise(void)
{
	uint64_t z = noise_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
	return noise() % n;
}

/* Any order of magnitude is as likely as any other. */
static uint64_t of_bits(unsigned least, unsigned most)
{
	unsigned bits = least + (unsigned)below(most - least + 1);
	uint64_t top = UINT64_C(1) << bits;

	return top | (noise() & (top - 1));
}

static uint64_t some_ram(unsigned most_bits, unsigned cpus)
{
	uint64_t most = layout_max_ram(IPA_BITS, cpus);
	uint64_t size = ROUND_UP(of_bits(26, most_bits), 64 * KIB);

	return size < most ? size : most;
}

/* Sizes up to @most_bits for files, and to @ram_bits for RAM. */
static struct machine some_machine(unsigned index, unsigned file_bits,
				   unsigned ram_bits)
{
	static const enum gic_kind gics[] = { GIC_V2, GIC_V3, GIC_V3_ITS };
	struct machine m = { .index = index };

	noise_state = seed + index;
	m.gic = gics[below(3)];
	m.cpus = 1 + (unsigned)below(m.gic == GIC_V2 ? 8 : LAYOUT_NR_CPUS);
	m.nr_virtio = (unsigned)below(LAYOUT_NR_VIRTIO + 1);
	m.page = UINT64_C(0x1000) << 2 * below(3);
	m.in_ram = below(2);
	m.ram_size = some_ram(ram_bits, m.cpus);
	m.kernel.path = "kernel";
	m.kernel.fd = -1;
	m.kernel.flat = below(4) == 0;
	m.kernel.mem_size = below(8) ? of_bits(12, file_bits) : 0;
	if (!m.kernel.flat)
		m.kernel.text_offset = below(2 * MIB) & ~UINT64_C(0xfff);
	if (below(4) == 0)
		m.initrd_size = of_bits(0, file_bits);
	return m;
}

/* -- its map -- */

struct area {
	const char *name;
	uint64_t base, size;
};

struct map {
	struct area areas[16], inside[4]; /* of RAM */
	unsigned nr_areas, nr_inside, bits;
	struct area records;
	struct load load;
};

static void put(struct map *map, const char *name, uint64_t base, uint64_t size)
{
	assert_true(map->nr_areas < ARRAY_SIZE(map->areas));
	map->areas[map->nr_areas++] = (struct area){ name, base, size };
}

static void put_inside(struct map *map, const char *name, uint64_t base,
		       uint64_t size)
{
	if (size == 0)
		return;
	assert_true(map->nr_inside < ARRAY_SIZE(map->inside));
	map->inside[map->nr_inside++] = (struct area){ name, base, size };
}

static void put_gic(struct map *map, const struct machine *m)
{
	unsigned low =
		m->cpus < LAYOUT_NR_LOW_REDIST ? m->cpus : LAYOUT_NR_LOW_REDIST;

	put(map, "GIC distributor", LAYOUT_GIC_DIST, LAYOUT_GIC_DIST_SIZE);
	if (m->gic == GIC_V2) {
		put(map, "GIC CPU interface", LAYOUT_GICV2_CPU,
		    LAYOUT_GICV2_CPU_SIZE);
		return;
	}
	put(map, "redistributors", LAYOUT_GIC_REDIST,
	    (uint64_t)low * LAYOUT_REDIST_EACH);
	if (m->cpus > low)
		put(map, "high redistributors", layout_high_redist(m->ram_size),
		    (uint64_t)(m->cpus - low) * LAYOUT_REDIST_EACH);
	if (m->gic == GIC_V3_ITS)
		put(map, "ITS", LAYOUT_GIC_ITS, LAYOUT_GIC_ITS_SIZE);
}

static int initrd_fd;
static char initrd_path[32];

/* false: the RAM is too small for all that. */
static bool make_map(const struct machine *m, struct map *map)
{
	uint64_t size = pvtime_size(m->cpus);
	uint64_t usable = m->ram_size - (m->in_ram ? size : 0);
	const struct load_initrd initrd = { .path = m->initrd_size ? initrd_path
								   : NULL };

	*map = (struct map){ .bits = layout_ipa_bits(m->ram_size, m->cpus) };
	if (m->initrd_size)
		assert_int_equal(ftruncate(initrd_fd, (off_t)m->initrd_size),
				 0);
	if (load_init(&map->load, &m->kernel, &initrd, LAYOUT_RAM, usable) < 0)
		return false;
	load_fini(&map->load);
	map->records = (struct area){
		"records", m->in_ram ? LAYOUT_RAM + usable : LAYOUT_PVTIME, size
	};
	put_gic(map, m);
	put(map, "UART", LAYOUT_UART, LAYOUT_UART_SIZE);
	put(map, "RTC", LAYOUT_RTC, LAYOUT_RTC_SIZE);
	put(map, "virtio", LAYOUT_VIRTIO, m->nr_virtio * LAYOUT_VIRTIO_EACH);
	put(map, "RAM", LAYOUT_RAM, m->ram_size);
	if (m->in_ram)
		put_inside(map, "records", map->records.base, size);
	else
		put(map, "records", map->records.base, size);
	put_inside(map, "device tree", map->load.dtb, map->load.dtb_room);
	put_inside(map, "kernel", map->load.entry, m->kernel.mem_size);
	put_inside(map, "initrd", map->load.initrd, m->initrd_size);
	return true;
}

/* -- what must hold -- */

static void print_areas(const struct area *areas, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		print_error("\t%#14" PRIx64 " to %#14" PRIx64 " %s\n",
			    areas[i].base, areas[i].base + areas[i].size,
			    areas[i].name);
}

static void not_so(const struct machine *m, const struct map *map,
		   const char *what)
{
	print_error("machine %u of seed %#" PRIx64 ": %s\n"
		    "%u vCPUs, %s, %#" PRIx64 " of RAM, %u-bit addresses, "
		    "host pages of %#" PRIx64 "\n",
		    m->index, seed, what, m->cpus, gic_names[m->gic],
		    m->ram_size, map->bits, m->page);
	print_areas(map->areas, map->nr_areas);
	print_areas(map->inside, map->nr_inside);
	fail();
}

#define HOLDS(m, map, cond)                    \
	do {                                   \
		if (!(cond))                   \
			not_so(m, map, #cond); \
	} while (0)

static bool apart(const struct area *a, const struct area *b)
{
	return a->base + a->size <= b->base || b->base + b->size <= a->base;
}

static bool whole(const struct area *a, uint64_t unit)
{
	return (a->base | a->size) % unit == 0;
}

static void check_apart(const struct machine *m, const struct map *map,
			const struct area *areas, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++) {
		HOLDS(m, map, areas[i].base + areas[i].size >= areas[i].base);
		for (unsigned j = 0; j < i; j++)
			HOLDS(m, map, apart(&areas[i], &areas[j]));
	}
}

static void check(const struct machine *m, const struct map *map)
{
	const struct area ram = { "RAM", LAYOUT_RAM, m->ram_size };
	uint64_t end = UINT64_C(1) << map->bits;

	check_apart(m, map, map->areas, map->nr_areas);
	check_apart(m, map, map->inside, map->nr_inside);
	HOLDS(m, map, map->bits <= IPA_BITS);
	for (unsigned i = 0; i < map->nr_areas; i++)
		HOLDS(m, map, map->areas[i].base + map->areas[i].size <= end);
	for (unsigned i = 0; i < map->nr_inside; i++) {
		const struct area *a = &map->inside[i];

		HOLDS(m, map, a->base >= ram.base);
		HOLDS(m, map, a->base + a->size <= ram.base + ram.size);
	}
	/* Slots are whole pages of this host. */
	HOLDS(m, map, whole(&ram, m->page));
	HOLDS(m, map, whole(&map->records, m->page));
	/* Guests' pages may be the largest there are. */
	HOLDS(m, map, whole(&map->records, 64 * KIB));
	HOLDS(m, map, map->records.size >= m->cpus * 64);
	/* The whole room that the kernel may unpack into is its own. */
	HOLDS(m, map,
	      map->load.entry + map->load.kernel_room <= map->load.initrd);
}

static void nothing_overlaps_in_a_million_machines(void **state)
{
	unsigned fit = 0;

	(void)state;
	for (unsigned i = 0; i < MACHINES; i++) {
		struct machine m = some_machine(i, 30, 51);
		struct map map;

		if (!make_map(&m, &map))
			continue;
		check(&m, &map);
		fit++;
	}
	/* Some kernels are larger than some RAM, but not so many. */
	assert_true(fit > MACHINES / 4 * 3);
}

/* -- and what vm_new() makes -- */

static int kernel_fd;
static char kernel_path[32];

/* Its kernel as a file: no more than a header, or not even that. */
static void write_kernel(struct machine *m)
{
	uint8_t first[64];

	if (m->kernel.flat) {
		memset(first, 0xd5, sizeof(first));
		if (m->kernel.mem_size < sizeof(first))
			m->kernel.mem_size = sizeof(first);
		assert_int_equal(
			ftruncate(kernel_fd, (off_t)m->kernel.mem_size), 0);
	} else {
		if (m->kernel.mem_size == 0)
			m->kernel.mem_size = 4096;
		make_image(first, m->kernel.mem_size);
		memcpy(first + 8, &m->kernel.text_offset, 8);
		assert_int_equal(ftruncate(kernel_fd, sizeof(first)), 0);
	}
	assert_int_equal(pwrite(kernel_fd, first, sizeof(first), 0),
			 sizeof(first));
}

static const struct area *find(const struct map *map, const char *name)
{
	for (unsigned i = 0; i < map->nr_areas; i++)
		if (strcmp(map->areas[i].name, name) == 0)
			return &map->areas[i];
	return NULL;
}

static void compare_slots(const struct machine *m, const struct map *map)
{
	const struct fake_slot *slots = fake_kvm.slots;

	HOLDS(m, map, slots[SLOT_RAM].gpa == LAYOUT_RAM);
	HOLDS(m, map, slots[SLOT_RAM].size == m->ram_size);
	HOLDS(m, map, fake_kvm_live_slots() == (m->in_ram ? 1 : 2));
	if (!m->in_ram) {
		HOLDS(m, map, slots[SLOT_PVTIME].gpa == map->records.base);
		HOLDS(m, map, slots[SLOT_PVTIME].size == map->records.size);
	}
	for (unsigned i = 0; i < m->cpus; i++)
		HOLDS(m, map,
		      fake_kvm.cpus[i].record == map->records.base + 64 * i);
}

static void compare_gic(const struct machine *m, const struct map *map)
{
	const struct area *high = find(map, "high redistributors");
	const enum fake_kind kind = m->gic == GIC_V2 ? FAKE_GICV2 : FAKE_GICV3;
	const uint64_t *dist =
		fake_kvm_attr(kind, 0, KVM_DEV_ARM_VGIC_GRP_ADDR,
			      m->gic == GIC_V2 ? KVM_VGIC_V2_ADDR_TYPE_DIST
					       : KVM_VGIC_V3_ADDR_TYPE_DIST);
	const uint64_t *region = /* the last that was told */
		fake_kvm_attr(kind, 0, KVM_DEV_ARM_VGIC_GRP_ADDR,
			      KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION);

	HOLDS(m, map, dist && *dist == LAYOUT_GIC_DIST);
	HOLDS(m, map, !high == !region);
	if (high) {
		HOLDS(m, map,
		      (*region & UINT64_C(0xfffffffff0000)) == high->base);
		HOLDS(m, map,
		      (*region >> 52) * LAYOUT_REDIST_EACH == high->size);
	}
}

static void compare_tree(const struct machine *m, const struct map *map,
			 const struct vm *vm)
{
	char path[64];
	size_t size;
	const void *fdt = vm_fdt(vm, &size);

	snprintf(path, sizeof(path), "/reserved-memory/pvtime@%" PRIx64,
		 map->records.base);
	HOLDS(m, map, fdt_path_offset(fdt, path) > 0);
	HOLDS(m, map, size <= map->load.dtb_room);
}

static void compare(const struct machine *m, const struct map *map,
		    const struct vm *vm)
{
	HOLDS(m, map, fake_kvm.vm_bits == map->bits);
	HOLDS(m, map, vm->load.dtb == map->load.dtb);
	HOLDS(m, map, vm->load.entry == map->load.entry);
	HOLDS(m, map, vm->load.kernel_room == map->load.kernel_room);
	HOLDS(m, map, vm->load.initrd == map->load.initrd);
	HOLDS(m, map, vm->devices[0].window.base == LAYOUT_UART);
	HOLDS(m, map, vm->devices[0].window.size <= LAYOUT_UART_SIZE);
	HOLDS(m, map, vm->devices[1].window.base == LAYOUT_RTC);
	HOLDS(m, map, vm->devices[1].window.size <= LAYOUT_RTC_SIZE);
	HOLDS(m, map, vm->devices[2].window.base == LAYOUT_GPIO);
	HOLDS(m, map, vm->devices[2].window.size <= LAYOUT_GPIO_SIZE);
	HOLDS(m, map, vm->nr_devices == 3 + m->nr_virtio);
	for (unsigned i = 3; i < vm->nr_devices; i++) {
		const struct bus_window *w = &vm->devices[i].window;

		HOLDS(m, map,
		      w->base == LAYOUT_VIRTIO + (i - 3) * LAYOUT_VIRTIO_EACH);
		HOLDS(m, map, w->size == LAYOUT_VIRTIO_EACH);
	}
	compare_slots(m, map);
	compare_gic(m, map);
	compare_tree(m, map, vm);
}

static void machines_are_made_by_that_map(void **state)
{
	unsigned fit = 0;

	(void)state;
	for (unsigned i = 0; i < REAL_MACHINES; i++) {
		struct machine m = some_machine(i, 24, REAL_RAM_BITS);
		struct vm_config config = {
			.kernel = kernel_path,
			.initrd = m.initrd_size ? initrd_path : NULL,
			.nr_cpus = m.cpus,
			.ram_size = m.ram_size,
			.irqchip = m.gic,
			.nr_virtio = m.nr_virtio,
			.pvtime = "on",
			.pvtime_in_ram = m.in_ram,
		};
		struct map map;
		struct vm *vm;
		bool fits;
		int rc;

		for (unsigned n = 0; n < m.nr_virtio; n++)
			config.virtio[n].class = &virtio_rng_class;
		write_kernel(&m);
		fits = make_map(&m, &map);
		fake_kvm_reset();
		fake_kvm.ipa_bits = IPA_BITS;
		if (m.page > fake_kvm.page)
			fake_kvm.page = m.page;
		rc = vm_new(&config, &vm);
		if (fits != (rc == 0)) {
			print_error("%s\n", err_text());
			not_so(&m, &map, "fits");
		}
		if (!fits)
			continue;
		check(&m, &map);
		compare(&m, &map, vm);
		vm_free(vm);
		fit++;
	}
	assert_true(fit > REAL_MACHINES / 4 * 3);
}

static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	initrd_fd = scratch_file("", 0, initrd_path);
	kernel_fd = scratch_file("", 0, kernel_path);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return close(initrd_fd) | close(kernel_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_overlaps_in_a_million_machines),
		TEST(machines_are_made_by_that_map),
	};

	return cmocka_run_group_tests_name("map", tests, set_up, tear_down);
}
