/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_errors.c - each error that a kernel may give at each step, for each
 * provider: its own words, no two steps the same ones, and nothing left over.
 */
#include <dlfcn.h>
#include <errno.h>

#include "rig.h"
#include "util/util.h"

/* -- memory that is not to be had -- */

static bool count_memory;

/* The C library's (or a sanitizer's), as one of fault.h's calls. */
void *malloc(size_t size)
{
	static void *(*real)(size_t);

	if (count_memory && fault_now()) {
		errno = ENOMEM;
		return NULL;
	}
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "malloc");
	return real(size);
}

void *calloc(size_t nr, size_t size)
{
	static void *(*real)(size_t, size_t);

	if (count_memory && fault_now()) {
		errno = ENOMEM;
		return NULL;
	}
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "calloc");
	return real(nr, size);
}

/* -- all that can be done with records -- */

static const struct way {
	const char *name;
	const struct pvtime_provider *provider;
	enum fake_pv_time pv_time;
	bool in_ram;
	unsigned unseen;    /* errors that are as good as an answer */
	unsigned steps;	    /* that can fail */
	unsigned allocates; /* and for lack of memory, so many more */
} ways[] = {
	/* map, slot; records, filter twice; 5 + 4 answers; CPU_OFF */
	{ "steady", &pvtime_steady, FAKE_NO_PV_TIME, false, 0,
	  2 + RIG_NR + 2 + 5 + 4 + 1, 1 },
	{ "steady in RAM", &pvtime_steady, FAKE_NO_PV_TIME, true, 0,
	  RIG_NR + 2 + 5 + 4 + 1, 1 },
	/* map, slot; records */
	{ "kvm", &pvtime_kvm, FAKE_NO_PV_TIME, false, 0, 2 + RIG_NR, 0 },
	{ "kvm in RAM", &pvtime_kvm, FAKE_NO_PV_TIME, true, 0, RIG_NR, 0 },
	/* create, address; size and state, got and set; is it version 1? */
	{ "device v1", &pvtime_device, FAKE_PV_TIME_V1, false, 1, 2 + 2 + 2,
	  3 },
	/* create, map, slot, region; is it version 1? */
	{ "device v2", &pvtime_device, FAKE_PV_TIME_V2, false, 1, 4, 1 },
	{ "device v2 in RAM", &pvtime_device, FAKE_PV_TIME_V2, true, 1, 2, 1 },
	/* the register; does the host know it? */
	{ "off", &pvtime_off, FAKE_NO_PV_TIME, false, 1, 1, 0 },
	{ "off in RAM", &pvtime_off, FAKE_NO_PV_TIME, true, 1, 1, 0 },
};

static int call_all(void)
{
	static const uint64_t calls[] = { 0xc5000020, 0xc5000021, 0x84000002 };
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls) && rc == 0; i++) {
		rc = pvtime_call(&rig.pt, 1, rig.vcpus[1].fd, calls[i]);
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc;
}

/*
 * From the beginning to the end, with call @fail_at failing; what was made is
 * to be finished.
 */
static int live(const struct way *way, unsigned fail_at, int err)
{
	const struct pvtime_region region =
		way->in_ram ? rig_in_ram() : rig_slot();
	uint64_t ns;
	int rc;

	fake_kvm.pv_time = way->pv_time;
	err_say(1, "%s", "");
	count_memory = err == ENOMEM;
	fault_arm(fail_at, err);
	rc = pvtime_init(&rig.pt, way->provider, &region);
	assert_true(rc == 0 || !pvtime_is_on(&rig.pt));
	if (rc == 0)
		rc = rig_attach();
	if (rc == 0)
		rc = call_all();
	if (rc == 0)
		rc = pvtime_read(&rig.pt, 1, &ns);
	if (rc == 0)
		rc = pvtime_reset(&rig.pt);
	count_memory = false;
	return rc;
}

static void check_way(const struct way *way, int err)
{
	char words[32][ERR_TEXT_MAX];
	unsigned steps = 0, unseen = 0;

	for (unsigned n = 1;; n++) {
		int rc;

		assert_int_equal(rig_up(NULL), 0);
		rc = live(way, n, err);
		if (!fault_met()) {
			assert_int_equal(rc, 0);
			break;
		}
		if (rc == 0) {
			unseen++;
			rig_down(NULL);
			continue;
		}
		/* These two mean that nothing has changed: not so any more. */
		if (strstr(err_text(), "SMCCC filter") &&
		    (err == EPERM || err == ENXIO))
			assert_int_equal(rc, -EIO);
		else
			assert_int_equal(rc, -err);
		assert_memory_equal(err_text(), "stolen time: ", 13);
		assert_true(steps < ARRAY_SIZE(words));
		err_copy(words[steps]);
		for (unsigned i = 0; i < steps; i++)
			if (strcmp(words[i], words[steps]) == 0)
				fail_msg("%s: two steps: %s", way->name,
					 words[i]);
		steps++;
		rig_down(NULL);
	}
	rig_down(NULL);
	if (steps != way->steps + (err == ENOMEM ? way->allocates : 0) ||
	    unseen != way->unseen)
		fail_msg("%s, %s: %u steps and %u unseen", way->name,
			 strerror(err), steps, unseen);
}

static void
each_error_at_each_step_has_its_words_and_leaves_nothing(void **state)
{
	static const int errors[] = { ENXIO,  EPERM, EINVAL, EEXIST,
				      EFAULT, EBUSY, ENODEV, ENOMEM };

	(void)state;
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++)
		for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
			check_way(&ways[w], errors[e]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_error_at_each_step_has_its_words_and_leaves_nothing),
	};

	return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
