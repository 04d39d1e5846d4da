/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake_sys.h"
#include "kvm/stats.h"
#include "kvm/uapi.h"
#include "util/err.h"
#include "util/util.h"

/* The file of a host: a header, descriptors, an id, values. */
enum { FD = 43, NAME = 48, NR = 5, DESCS = 64, VALUES = 1024 };

static const struct {
	const char *name;
	uint16_t size;
	uint32_t off;
} counters[NR] = {
	{ "halt_wait_ns", 1, 0 },
	{ "halt_hist", 32, 8 },
	{ "hvc_exit_stat", 1, 8 + 32 * 8 },
	{ "exits", 1, 16 + 32 * 8 },
	{ "exits_and_more", 1, 24 + 32 * 8 },
};

static struct kvm_stats s;
static struct kvm_stats_header head;
static uint64_t values[NR + 31];
static int file, err;

static int answer(unsigned nr, unsigned long request, void *arg)
{
	(void)nr;
	(void)request;
	(void)arg;
	errno = err;
	return err ? -1 : file;
}

static void put(const void *data, size_t size, uint64_t off)
{
	assert_int_equal(pwrite(file, data, size, (off_t)off), size);
}

static int set_up(void **state)
{
	(void)state;
	fake_sys_reset(answer);
	err = 0;
	file = memfd_create("stats", MFD_CLOEXEC);
	assert_true(file >= 0);
	head = (struct kvm_stats_header){
		.name_size = NAME,
		.num_desc = NR,
		.id_offset = sizeof(head),
		.desc_offset = DESCS,
		.data_offset = VALUES,
	};
	put(&head, sizeof(head), 0);
	for (unsigned i = 0; i < NR; i++) {
		const struct kvm_stats_desc desc = {
			.size = counters[i].size,
			.offset = counters[i].off,
		};
		uint64_t at = DESCS + i * (sizeof(desc) + NAME);

		put(&desc, sizeof(desc), at);
		put(counters[i].name, strlen(counters[i].name) + 1,
		    at + sizeof(desc));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = 1000 + i;
	put(values, sizeof(values), VALUES);
	return 0;
}

/* close(2) is not the real one. */
static int tear_down(void **state)
{
	(void)state;
	syscall(SYS_close, file);
	return 0;
}

static int open_and_find(const char *const *names, unsigned nr)
{
	assert_int_equal(kvm_stats_open(&s, FD), 0);
	return kvm_stats_find(&s, names, nr);
}

static void counters_are_found_by_name_and_read_in_order(void **state)
{
	static const char *const names[] = { "exits", "halt_wait_ns",
					     "hvc_exit_stat" };
	uint64_t got[3];

	(void)state;
	assert_int_equal(open_and_find(names, 3), 0);
	fake_sys_only(FD, KVM_GET_STATS_FD);
	assert_int_equal(fake_sys.ioctls[0].arg, 0);
	assert_int_equal(kvm_stats_read(&s, got), 0);
	assert_int_equal(got[0], 1034);
	assert_int_equal(got[1], 1000);
	assert_int_equal(got[2], 1033);
	values[34] = 77;
	put(values, sizeof(values), VALUES);
	assert_int_equal(kvm_stats_read(&s, got), 0);
	assert_int_equal(got[0], 77);
	assert_int_equal(got[1], 1000);
	kvm_stats_close(&s);
	kvm_stats_close(&s);
	assert_int_equal(fake_sys.nr_closed, 1);
	assert_int_equal(fake_sys.closed[0], file);
}

static void one_counter_is_eight_bytes_wherever_it_is(void **state)
{
	static const char *const name = "exits_and_more";
	uint64_t got;

	(void)state;
	assert_int_equal(open_and_find(&name, 1), 0);
	assert_int_equal(s.size, 8);
	assert_int_equal(kvm_stats_read(&s, &got), 0);
	assert_int_equal(got, 1035);
}

static void what_the_host_does_not_count_is_none(void **state)
{
	static const char *const names[] = { "exit", "exits", "halt_hist",
					     "exits_" };
	uint64_t got[4];

	(void)state;
	assert_int_equal(open_and_find(names, 4), 0);
	assert_int_equal(kvm_stats_read(&s, got), 0);
	assert_int_equal(got[0], KVM_STATS_NONE);
	assert_int_equal(got[1], 1034);
	assert_int_equal(got[2], KVM_STATS_NONE);
	assert_int_equal(got[3], KVM_STATS_NONE);
	assert_int_equal(open_and_find(names, 1), 0);
	assert_int_equal(kvm_stats_read(&s, got), 0);
	assert_int_equal(got[0], KVM_STATS_NONE);
}

static void host_without_them_is_told(void **state)
{
	static const int none[] = { ENOTTY, EINVAL };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		err = none[i];
		assert_int_equal(kvm_stats_open(&s, FD), -ENOTTY);
		assert_words("KVM statistics: this host has none; Linux 5.14 "
			     "and later do");
		assert_int_equal(s.fd, -1);
	}
	err = EMFILE;
	assert_int_equal(kvm_stats_open(&s, FD), -EMFILE);
	assert_words("KVM statistics: Too many open files");
	kvm_stats_close(&s);
	assert_int_equal(fake_sys.nr_closed, 0);
}

static void a_file_that_is_no_such_is_closed_again(void **state)
{
	static const char *const names[] = { "exits", "halt_wait_ns" };
	const struct kvm_stats_desc far = { .size = 1, .offset = 0x10000 };

	(void)state;
	put(&far, sizeof(far), DESCS);
	assert_int_equal(open_and_find(names, 2), -EPROTO);
	assert_words("KVM statistics: counters far apart");
	assert_int_equal(s.fd, -1);
	assert_int_equal(fake_sys.closed[0], file);
	head.num_desc = UINT32_MAX;
	head.name_size = UINT32_MAX;
	put(&head, sizeof(head), 0);
	assert_int_equal(open_and_find(names, 2), -EPROTO);
	assert_has_words("KVM statistics: 4294967295 counters with names of ");
	head.num_desc = NR;
	head.name_size = NAME;
	head.desc_offset = 0x100000;
	put(&head, sizeof(head), 0);
	assert_int_equal(open_and_find(names, 2), -ENODATA);
	assert_int_equal(ftruncate(file, 10), 0);
	assert_int_equal(open_and_find(names, 2), -ENODATA);
	assert_has_words("KVM statistics: the file ends at byte ");
	assert_int_equal(fake_sys.nr_closed, 4);
}

static void values_that_cannot_be_read_are_told(void **state)
{
	static const char *const name = "exits";
	uint64_t got = 1;

	(void)state;
	assert_int_equal(open_and_find(&name, 1), 0);
	assert_int_equal(ftruncate(file, VALUES), 0);
	assert_int_equal(kvm_stats_read(&s, &got), -ENODATA);
	assert_has_words("KVM statistics: ");
	assert_int_equal(got, 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(counters_are_found_by_name_and_read_in_order),
		T(one_counter_is_eight_bytes_wherever_it_is),
		T(what_the_host_does_not_count_is_none),
		T(host_without_them_is_told),
		T(a_file_that_is_no_such_is_closed_again),
		T(values_that_cannot_be_read_are_told),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
