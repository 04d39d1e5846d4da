/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "util/lock.h"

enum { THREADS = 4, TIMES = 5000 };

static struct lock lock;
static volatile unsigned counter;

static void *count(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < TIMES; i++) {
		unsigned was;

		lock_take(&lock);
		was = counter;
		sched_yield(); /* the others shall try */
		counter = was + 1;
		lock_give(&lock);
	}
	return NULL;
}

static void one_thread_at_a_time_has_it(void **state)
{
	pthread_t ids[THREADS];

	(void)state;
	counter = 0;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, count, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	assert_int_equal(counter, THREADS * TIMES);
	assert_int_equal(atomic_load(&lock.state), 0);
}

static atomic_int nr_through;

static void *go_through(void *arg)
{
	(void)arg;
	lock_take(&lock);
	atomic_fetch_add(&nr_through, 1);
	lock_give(&lock);
	return NULL;
}

static void all_who_wait_are_woken_in_the_end(void **state)
{
	pthread_t ids[THREADS];

	(void)state;
	lock_take(&lock);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&ids[i], NULL, go_through, NULL), 0);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	assert_int_equal(atomic_load(&nr_through), 0);
	lock_give(&lock);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	assert_int_equal(atomic_load(&nr_through), THREADS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_thread_at_a_time_has_it),
		TEST(all_who_wait_are_woken_in_the_end),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
