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

static void own_thread_has_run_and_goes_on_running(void **state)
{
	pid_t self = (pid_t)syscall(SYS_gettid);
	struct steal_times a, b;
	uint64_t start;

	(void)state;
	assert_int_equal(steal_read(self, &a), 0);
	assert_true(a.run_ns > 0);
	start = thread_ns();
	while (thread_ns() - start < 20000000)
		;
	sched_yield(); /* the kernel does its sums now */
	assert_int_equal(steal_read(self, &b), 0);
	assert_true(b.run_ns - a.run_ns >= 10000000);
	assert_true(b.wait_ns >= a.wait_ns);
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
		TEST(own_thread_has_run_and_goes_on_running),
		TEST(thread_that_is_not_ours_is_an_error_by_its_path),
	};

	return cmocka_run_group_tests_name("steal", tests, NULL, NULL);
}
