/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"

#include <pthread.h>
#include <stdatomic.h>

#include "util/util.h"
#include "virtio/queue.h"

enum { SIZE = 8, NEXT = VRING_DESC_F_NEXT, WRITE = VRING_DESC_F_WRITE };

static struct queue q;
static struct queue_chain chain;

static void start(uint32_t size)
{
	q.size = size;
	q.desc = DESC(0);
	q.driver = DRIVER(0);
	q.device = DEVICE(0);
	queue_start(&q, &ram);
}

static int set_up(void **state)
{
	(void)state;
	ram_init();
	q = (struct queue){ 0 };
	start(SIZE);
	return q.fault ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	ram_fini();
	return 0;
}

static bool take(unsigned head)
{
	offer(0, q.size, head);
	assert_int_equal(queue_waiting(&q), 1);
	return queue_take(&q, &chain);
}

static void assert_fault(const char *words)
{
	assert_non_null(q.fault);
	assert_string_equal(q.fault, words);
}

static void a_chain_is_taken_as_the_driver_wrote_it(void **state)
{
	(void)state;
	desc(0, 5, BUFFERS, 16, NEXT, 2);
	desc(0, 2, BUFFERS + 0x1000, 1, NEXT, 7);
	desc(0, 7, BUFFERS + 0x800, 512, WRITE, 5);
	assert_true(take(5));
	assert_int_equal(chain.head, 5);
	assert_int_equal(chain.nr_read, 2);
	assert_int_equal(chain.nr, 3);
	assert_ptr_equal(chain.bufs[0].iov_base, at(BUFFERS));
	assert_ptr_equal(chain.bufs[1].iov_base, at(BUFFERS + 0x1000));
	assert_ptr_equal(chain.bufs[2].iov_base, at(BUFFERS + 0x800));
	assert_int_equal(chain.bufs[0].iov_len, 16);
	assert_int_equal(chain.bufs[1].iov_len, 1);
	assert_int_equal(chain.bufs[2].iov_len, 512);
	assert_null(q.fault);
}

static void nothing_waits_in_a_fresh_ring(void **state)
{
	(void)state;
	assert_true(queue_started(&q));
	assert_int_equal(queue_waiting(&q), 0);
	assert_null(q.fault);
}

/* Three at a time through eight entries, until both indices wrapped. */
static void chains_keep_their_order_as_indices_wrap_round(void **state)
{
	struct vring_used *used = used_ring(0);
	unsigned given = 0;

	(void)state;
	for (unsigned i = 0; i < SIZE; i++)
		desc(0, i, BUFFERS + i, 1, WRITE, 0);
	while (given < 0x10000 + 100) {
		for (unsigned i = 0; i < 3; i++)
			offer(0, SIZE, (given + i) * 5 % SIZE);
		assert_int_equal(queue_waiting(&q), 3);
		for (unsigned i = 0; i < 3; i++, given++) {
			uint16_t head = (uint16_t)(given * 5 % SIZE);

			assert_true(queue_take(&q, &chain));
			assert_int_equal(chain.head, head);
			queue_give(&q, chain.head, given);
			assert_int_equal(used->ring[given % SIZE].id, head);
			assert_int_equal(used->ring[given % SIZE].len, given);
			assert_int_equal(used->idx, (uint16_t)(given + 1));
		}
		assert_int_equal(queue_waiting(&q), 0);
	}
}

static void a_full_ring_waits_as_a_whole(void **state)
{
	(void)state;
	avail_ring(0)->idx = SIZE;
	assert_int_equal(queue_waiting(&q), SIZE);
	assert_null(q.fault);
}

static void
an_index_that_claims_more_than_the_ring_holds_is_a_fault(void **state)
{
	(void)state;
	avail_ring(0)->idx = SIZE + 1;
	assert_int_equal(queue_waiting(&q), 0);
	assert_fault("more chains than entries");
}

static void an_index_that_goes_backwards_is_a_fault(void **state)
{
	(void)state;
	avail_ring(0)->idx = (uint16_t)-1;
	assert_int_equal(queue_waiting(&q), 0);
	assert_fault("more chains than entries");
}

static void a_chain_may_be_as_long_as_the_table(void **state)
{
	(void)state;
	start(QUEUE_SIZE_MAX);
	assert_null(q.fault);
	for (unsigned i = 0; i < QUEUE_SIZE_MAX; i++)
		desc(0, i, BUFFERS, 1, i + 1 < QUEUE_SIZE_MAX ? NEXT : 0,
		     i + 1);
	assert_true(take(0));
	assert_int_equal(chain.nr, QUEUE_SIZE_MAX);
	assert_int_equal(chain.nr_read, QUEUE_SIZE_MAX);
}

static void a_chain_that_loops_is_a_fault(void **state)
{
	(void)state;
	desc(0, 3, BUFFERS, 1, NEXT, 4);
	desc(0, 4, BUFFERS, 1, NEXT, 3);
	for (uint32_t size = SIZE; size <= QUEUE_SIZE_MAX; size *= 2) {
		avail_ring(0)->idx = 0;
		start(size);
		assert_false(take(3));
		assert_fault("chain longer than the table");
	}
}

static void a_chain_that_begins_outside_the_table_is_a_fault(void **state)
{
	(void)state;
	assert_false(take(SIZE));
	assert_fault("descriptor outside of the table");
}

static void a_chain_that_leads_outside_the_table_is_a_fault(void **state)
{
	(void)state;
	desc(0, 0, BUFFERS, 1, NEXT, 0xffff);
	assert_false(take(0));
	assert_fault("descriptor outside of the table");
}

static void buffers_are_memory_as_a_whole_or_a_fault(void **state)
{
	static const struct {
		gpa_t addr;
		uint32_t len;
		bool good;
	} cases[] = {
		{ RAM, 1, true },
		{ RAM, (uint32_t)RAM_SIZE, true },
		{ RAM_END - 1, 1, true },
		{ RAM_END, 0, true },
		{ RAM - 1, 1, false },
		{ RAM - 1, 2, false },
		{ RAM, (uint32_t)RAM_SIZE + 1, false },
		{ RAM_END - 1, 2, false },
		{ RAM_END, 1, false },
		{ 0, 1, false },
		{ UINT64_MAX, 1, false },
		{ UINT64_MAX, UINT32_MAX, false },
		{ UINT64_MAX - UINT32_MAX + RAM, UINT32_MAX, false },
		{ RAM | UINT64_C(1) << 63, 1, false },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		desc(0, 0, cases[i].addr, cases[i].len, WRITE, 0);
		assert_int_equal(take(0), cases[i].good);
		if (cases[i].good)
			assert_ptr_equal(chain.bufs[0].iov_base,
					 at(cases[i].addr));
		else
			assert_fault("buffer not in memory");
	}
}

static void a_buffer_to_read_behind_one_to_write_is_a_fault(void **state)
{
	(void)state;
	desc(0, 0, BUFFERS, 1, NEXT | WRITE, 1);
	desc(0, 1, BUFFERS, 1, 0, 0);
	assert_false(take(0));
	assert_fault("buffer to read behind one to write");
}

/* Descriptor @i of a table at @table, which need not be aligned. */
static void entry(gpa_t table, unsigned i, gpa_t addr, uint32_t len,
		  unsigned flags, unsigned next)
{
	const struct vring_desc d = { addr, len, (__virtio16)flags,
				      (__virtio16)next };

	memcpy((char *)at(table) + i * sizeof(d), &d, sizeof(d));
}

static void an_indirect_descriptor_not_agreed_on_is_a_fault(void **state)
{
	(void)state;
	desc(0, 0, BUFFERS, 16, VRING_DESC_F_INDIRECT, 0);
	assert_false(take(0));
	assert_fault("indirect descriptor, which was not agreed on");
}

static void an_indirect_table_stands_for_its_chain(void **state)
{
	const gpa_t table = BUFFERS + 3;

	(void)state;
	q.indirect = true;
	entry(table, 0, BUFFERS + 0x1000, 16, NEXT, 2);
	entry(table, 2, BUFFERS + 0x2000, 512, NEXT | WRITE, 1);
	entry(table, 1, BUFFERS + 0x3000, 1, WRITE, 0);
	desc(0, 4, table, 3 * 16, VRING_DESC_F_INDIRECT, 0);
	assert_true(take(4));
	assert_int_equal(chain.head, 4);
	assert_int_equal(chain.nr, 3);
	assert_int_equal(chain.nr_read, 1);
	assert_ptr_equal(chain.bufs[1].iov_base, at(BUFFERS + 0x2000));

	/* Behind buffers of the ring's own table, too. */
	desc(0, 5, BUFFERS + 0x4000, 8, NEXT, 4);
	assert_true(take(5));
	assert_int_equal(chain.head, 5);
	assert_int_equal(chain.nr, 4);
	assert_int_equal(chain.bufs[0].iov_len, 8);
}

static void indirect_tables_that_break_the_rules_are_faults(void **state)
{
	const struct {
		gpa_t addr;
		uint32_t len;
		unsigned flags;
		const char *words;
	} cases[] = {
		{ BUFFERS, 0, 0, "indirect table of odd size" },
		{ BUFFERS, 15, 0, "indirect table of odd size" },
		{ BUFFERS, 33, 0, "indirect table of odd size" },
		{ RAM_END - 16, 32, 0, "indirect table not in memory" },
		{ 0, 16, 0, "indirect table not in memory" },
		{ BUFFERS, 16, NEXT, "indirect descriptor where none may be" },
	};

	(void)state;
	q.indirect = true;
	entry(BUFFERS, 0, BUFFERS, 1, 0, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		desc(0, 0, cases[i].addr, cases[i].len,
		     VRING_DESC_F_INDIRECT | cases[i].flags, 1);
		assert_false(take(0));
		assert_fault(cases[i].words);
	}
	desc(0, 0, BUFFERS, 32, VRING_DESC_F_INDIRECT, 0);
	entry(BUFFERS, 0, BUFFERS, 32, VRING_DESC_F_INDIRECT, 0);
	assert_false(take(0));
	assert_fault("indirect descriptor where none may be");
	entry(BUFFERS, 0, BUFFERS, 1, NEXT, 2);
	assert_false(take(0));
	assert_fault("descriptor outside of the table");
	entry(BUFFERS, 0, BUFFERS, 1, NEXT, 1);
	entry(BUFFERS, 1, BUFFERS, 1, NEXT, 0);
	assert_false(take(0));
	assert_fault("chain longer than the table");
}

static void an_indirect_chain_is_no_longer_than_any_other(void **state)
{
	(void)state;
	q.indirect = true;
	for (unsigned i = 0; i < QUEUE_SIZE_MAX + 1; i++)
		entry(BUFFERS, i, RAM, 1, i < QUEUE_SIZE_MAX - 1 ? NEXT : 0,
		      i + 1);
	desc(0, 0, BUFFERS, 16 * (QUEUE_SIZE_MAX + 1), VRING_DESC_F_INDIRECT,
	     0);
	assert_true(take(0));
	assert_int_equal(chain.nr, QUEUE_SIZE_MAX);
	entry(BUFFERS, QUEUE_SIZE_MAX - 1, RAM, 1, NEXT, QUEUE_SIZE_MAX);
	assert_false(take(0));
	assert_fault("chain longer than a table can be");
}

static void chains_have_4_gib_at_most(void **state)
{
	const uint32_t each = UINT32_C(1) << 26; /* 64 of these are 4 GiB */

	(void)state;
	start(64);
	for (unsigned i = 0; i < 64; i++)
		desc(0, i, RAM, each, i < 63 ? NEXT : 0, i + 1);
	assert_true(take(0));
	assert_int_equal(chain.nr, 64);
	desc(0, 63, RAM, each + 1, 0, 0);
	assert_false(take(0));
	assert_fault("chain of more than 4 GiB");
}

static void sizes_are_powers_of_two_up_to_the_most(void **state)
{
	static const uint32_t bad[] = { 0,	   3,
					SIZE + 1,  2 * QUEUE_SIZE_MAX,
					0x10000,   UINT32_C(1) << 31,
					UINT32_MAX };

	(void)state;
	for (uint32_t n = 1; n <= QUEUE_SIZE_MAX; n *= 2) {
		start(n);
		assert_null(q.fault);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		start(bad[i]);
		assert_fault("impossible size");
	}
}

static void parts_are_aligned_and_memory_to_their_last_byte(void **state)
{
	static const struct {
		gpa_t desc, driver, device;
		bool good;
	} cases[] = {
		{ RAM, DRIVER(0), DEVICE(0), true },
		{ DESC(0), RAM, DEVICE(0), true },
		{ DESC(0), DRIVER(0), RAM, true },
		{ RAM_END - 16 * SIZE, DRIVER(0), DEVICE(0), true },
		{ DESC(0), RAM_END - 6 - 2 * SIZE, DEVICE(0), true },
		{ DESC(0), DRIVER(0), RAM_END - 8 - 8 * SIZE, true },
		{ DESC(0) + 16, DRIVER(0) + 2, DEVICE(0) + 4, true },
		{ RAM_END - 16 * SIZE + 16, DRIVER(0), DEVICE(0), false },
		{ DESC(0), RAM_END - 4 - 2 * SIZE, DEVICE(0), false },
		{ DESC(0), DRIVER(0), RAM_END - 8 * SIZE, false },
		{ DESC(0) + 8, DRIVER(0), DEVICE(0), false },
		{ DESC(0), DRIVER(0) + 1, DEVICE(0), false },
		{ DESC(0), DRIVER(0), DEVICE(0) + 2, false },
		{ RAM - 16, DRIVER(0), DEVICE(0), false },
		{ DESC(0), 0, DEVICE(0), false },
		{ DESC(0), DRIVER(0), UINT64_MAX - 3, false },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		q.desc = cases[i].desc;
		q.driver = cases[i].driver;
		q.device = cases[i].device;
		queue_start(&q, &ram);
		if (cases[i].good)
			assert_null(q.fault);
		else
			assert_fault("ring misaligned or not in memory");
	}
}

static void a_new_start_forgets_faults_and_indices(void **state)
{
	(void)state;
	desc(0, 0, BUFFERS, 1, WRITE, 0);
	assert_true(take(0));
	queue_give(&q, 0, 1);
	avail_ring(0)->idx = 100;
	assert_int_equal(queue_waiting(&q), 0);
	assert_non_null(q.fault);

	avail_ring(0)->idx = 0;
	queue_start(&q, &ram);
	assert_null(q.fault);
	assert_true(take(0));
	queue_give(&q, 0, 1);
	assert_int_equal(used_ring(0)->idx, 1);
}

static void the_driver_can_do_without_interrupts(void **state)
{
	(void)state;
	assert_true(queue_wants_interrupt(&q));
	avail_ring(0)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	assert_false(queue_wants_interrupt(&q));
	avail_ring(0)->flags = (__virtio16)~VRING_AVAIL_F_NO_INTERRUPT;
	assert_true(queue_wants_interrupt(&q));
}

static atomic_bool enough;

/* Another CPU of the guest: writes the ring while the device reads it. */
static void *other_cpu(void *arg)
{
	struct vring_desc *d = at(DESC(0));

	(void)arg;
	for (unsigned n = 0; !atomic_load(&enough); n++) {
		__atomic_store_n(&d[0].len, n % 2 ? 16 : UINT32_MAX,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&d[0].addr, n % 3 ? BUFFERS : RAM_END - 1,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&d[0].next, n % 2 ? 1 : 0xffff,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&d[0].flags, n % 5 ? WRITE | NEXT : 0,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&avail_ring(0)->ring[0], n % 2 ? 0 : 0xffff,
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Whatever was read: what is handed out was checked. */
static void assert_chain_in_memory(void)
{
	assert_in_range(chain.nr, 1, 1);
	for (unsigned i = 0; i < chain.nr; i++) {
		uintptr_t first = (uintptr_t)chain.bufs[i].iov_base;
		uintptr_t lowest = (uintptr_t)ram.host;

		assert_true(first >= lowest);
		assert_true(first + chain.bufs[i].iov_len <= lowest + RAM_SIZE);
	}
}

static void
a_ring_that_changes_while_it_is_read_is_checked_as_read(void **state)
{
	unsigned good = 0, bad = 0;
	pthread_t thread;

	(void)state;
	start(1);
	assert_int_equal(pthread_create(&thread, NULL, other_cpu, NULL), 0);
	while (good < 5000 || bad < 5000) {
		avail_ring(0)->idx++;
		assert_int_equal(queue_waiting(&q), 1);
		if (!queue_take(&q, &chain)) {
			bad++;
			continue;
		}
		good++;
		assert_int_equal(chain.head, 0);
		assert_chain_in_memory();
	}
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_chain_is_taken_as_the_driver_wrote_it),
		T(nothing_waits_in_a_fresh_ring),
		T(chains_keep_their_order_as_indices_wrap_round),
		T(a_full_ring_waits_as_a_whole),
		T(an_index_that_claims_more_than_the_ring_holds_is_a_fault),
		T(an_index_that_goes_backwards_is_a_fault),
		T(a_chain_may_be_as_long_as_the_table),
		T(a_chain_that_loops_is_a_fault),
		T(a_chain_that_begins_outside_the_table_is_a_fault),
		T(a_chain_that_leads_outside_the_table_is_a_fault),
		T(buffers_are_memory_as_a_whole_or_a_fault),
		T(a_buffer_to_read_behind_one_to_write_is_a_fault),
		T(an_indirect_descriptor_not_agreed_on_is_a_fault),
		T(an_indirect_table_stands_for_its_chain),
		T(indirect_tables_that_break_the_rules_are_faults),
		T(an_indirect_chain_is_no_longer_than_any_other),
		T(chains_have_4_gib_at_most),
		T(sizes_are_powers_of_two_up_to_the_most),
		T(parts_are_aligned_and_memory_to_their_last_byte),
		T(a_new_start_forgets_faults_and_indices),
		T(the_driver_can_do_without_interrupts),
		T(a_ring_that_changes_while_it_is_read_is_checked_as_read),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
