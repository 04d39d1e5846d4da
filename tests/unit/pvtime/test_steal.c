/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pvtime/steal.h"
#include "util/err.h"

static uint64_t thread_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Run for @ns. */
static void burn(uint64_t ns)
{
	uint64_t start = thread_ns();

	while (thread_ns() - start < ns)
		;
	sched_yield(); /* the kernel does its sums now */
}

static void
times_of_the_own_thread_are_what_it_ran_and_what_it_waited(void **state)
{
	const uint64_t ms = 1000000;
	pid_t self = (pid_t)syscall(SYS_gettid);
	uint64_t before, after;
	struct steal_times t, old;
	unsigned n = 0;

	(void)state;
	assert_int_equal(steal_read(self, &old), 0);
	/* Until one of both is by far the larger. */
	do {
		burn(20 * ms);
		before = thread_ns();
		assert_int_equal(steal_read(self, &t), 0);
		after = thread_ns();
	} while (t.run_ns < t.wait_ns + 50 * ms &&
		 t.wait_ns < t.run_ns + 50 * ms && n++ < 100);
	assert_in_range(t.run_ns, before < 20 * ms ? 0 : before - 20 * ms,
			after);
	assert_true(t.wait_ns >= old.wait_ns);
}

static void thread_that_is_not_ours_is_an_error_by_its_path(void **state)
{
	struct steal_times t = { 1, 2 };

	(void)state;
	assert_int_equal(steal_read(-1, &t), -ENOENT);
	assert_words("'/proc/self/task/-1/schedstat': "
		     "No such file or directory");
	assert_true(t.run_ns == 1 && t.wait_ns == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(times_of_the_own_thread_are_what_it_ran_and_what_it_waited),
		TEST(thread_that_is_not_ours_is_an_error_by_its_path),
	};

	return cmocka_run_group_tests_name("steal", tests, NULL, NULL);
}
