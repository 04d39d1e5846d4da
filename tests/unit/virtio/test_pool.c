/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "util/log.h"
#include "virtio/pool.h"
#include "virtio/queue.h"

enum { SIZE = 32, NR_QUEUES = 2 };

static struct pool pool;
static struct left before;
static atomic_int hold, held, nr_served;
static bool slow_stop;
static atomic_int stopping, nr_amiss; /* amiss: taken while it stops */
static const char *fault;
static sigset_t signals; /* blocked in the thread that served last */

/* Writes one byte, once nobody holds it back any more. */
static const char *serve(struct virtio *v, struct queue_chain *c,
			 uint32_t *ret_len)
{
	(void)v;
	pthread_sigmask(SIG_SETMASK, NULL, &signals);
	atomic_fetch_add(&held, 1);
	atomic_fetch_add(&nr_amiss, atomic_load(&stopping));
	while (atomic_load(&hold))
		usleep(200);
	*(uint8_t *)c->bufs[0].iov_base = 0x77;
	*ret_len = 1;
	atomic_fetch_add(&nr_served, 1);
	return fault;
}

static int test_init(struct virtio *v, const struct device_host *host)
{
	(void)host;
	return pool_init(&pool, v, 0, serve);
}

static void test_fini(struct virtio *v)
{
	(void)v;
	pool_fini(&pool);
	pool_fini(&pool);
}

static void test_notify(struct virtio *v, unsigned queue)
{
	(void)v;
	assert_int_equal(queue, 0);
	pool_notify(&pool);
}

/* Of a device whose other parts take their time to end. */
static void test_stop(struct virtio *v)
{
	pool_drain(&pool);
	if (!slow_stop)
		return;
	stopping = 1;
	device_unlock(v->d);
	pool_notify(&pool);
	usleep(50000);
	device_lock(v->d);
	stopping = 0;
}

static const struct virtio_class test_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-test"),
	.id = 77,
	.nr_queues = NR_QUEUES,
	.init = test_init,
	.fini = test_fini,
	.notify = test_notify,
	.stop = test_stop,
};

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	log_set_level(LOG_ERROR);
	hold = held = nr_served = stopping = nr_amiss = 0;
	fault = NULL;
	slow_stop = false;
	before = left_now();
	driver_init(&test_class);
	bring_up(NR_QUEUES, SIZE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hold = 0;
	driver_fini();
	assert_nothing_left(before);
	return 0;
}

static void await(atomic_int *what, int n)
{
	for (int i = 0; i < 20000 && atomic_load(what) != n; i++)
		usleep(250);
	assert_int_equal(atomic_load(what), n);
}

static void await_used(uint16_t n)
{
	for (int i = 0; i < 20000 && __atomic_load_n(&used_ring(0)->idx,
						     __ATOMIC_ACQUIRE) != n;
	     i++)
		usleep(250);
	assert_int_equal(used_ring(0)->idx, n);
}

static void send(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		desc(0, i, BUFFERS + i, 1, VRING_DESC_F_WRITE, 0);
		offer(0, SIZE, i);
	}
	notify(0);
}

static void threads_are_one_more_than_was_ever_needed(void **state)
{
	(void)state;
	assert_int_equal(pool.nr_threads, 1);
	for (unsigned i = 0; i < 20; i++) {
		send(1);
		await_used((uint16_t)(i + 1));
	}
	assert_int_equal(pool.nr_threads, 2);
	hold = 1;
	send(5);
	await(&held, 25);
	assert_int_equal(pool.nr_threads, 6);
	hold = 0;
	await_used(25);
}

static void there_are_no_more_than_the_most(void **state)
{
	(void)state;
	hold = 1;
	send(SIZE);
	await(&held, POOL_MAX);
	usleep(20000);
	assert_int_equal(held, POOL_MAX);
	assert_int_equal(pool.nr_threads, POOL_MAX);
	hold = 0;
	await_used(SIZE);
	for (unsigned i = 0; i < SIZE; i++)
		assert_int_equal(*(uint8_t *)at(BUFFERS + i), 0x77);
}

static void without_more_threads_those_there_are_do_it(void **state)
{
	unsigned tried;

	(void)state;
	/* The first call of all is for a second thread. */
	fault_arm(1, EAGAIN);
	send(1);
	await_used(1);
	tried = fault_calls();
	assert_true(fault_met());
	fault_arm(0, 0);
	assert_in_range(tried, 1, 4);
	assert_int_equal(pool.nr_threads, 1);
	send(SIZE - 1);
	await_used(SIZE);
}

static void signals_are_not_for_these_threads(void **state)
{
	(void)state;
	send(1);
	await_used(1);
	assert_true(sigismember(&signals, SIGINT));
	assert_true(sigismember(&signals, SIGTERM));
	assert_true(sigismember(&signals, SIGRTMIN));
	pthread_sigmask(SIG_SETMASK, NULL, &signals);
	assert_false(sigismember(&signals, SIGINT));
}

static void a_chain_at_fault_stops_the_device(void **state)
{
	(void)state;
	fault = "of no use";
	send(1);
	for (int i = 0; i < 20000 && get(VIRTIO_MMIO_STATUS) == WORKS; i++)
		usleep(250);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS | NEEDS_RESET);
	assert_int_equal(used_ring(0)->idx, 0);
	send(1);
	usleep(10000);
	assert_int_equal(nr_served, 1);
}

static atomic_int drained;

static void *stop_other_queue(void *arg)
{
	(void)arg;
	set(VIRTIO_MMIO_QUEUE_SEL, 1);
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	atomic_store(&drained, 1);
	return NULL;
}

/* The end of another queue holds this one up, and no more than that. */
static void what_comes_during_a_drain_is_done_after_it(void **state)
{
	pthread_t thread;

	(void)state;
	drained = 0;
	hold = 1;
	send(1);
	await(&held, 1);
	assert_int_equal(pthread_create(&thread, NULL, stop_other_queue, NULL),
			 0);
	for (unsigned n = 0; n == 0; usleep(250)) {
		device_lock(&dev);
		n = pool.nr_drains;
		device_unlock(&dev);
	}
	send(3);
	usleep(20000);
	assert_int_equal(held, 1);
	assert_int_equal(drained, 0);
	hold = 0;
	pthread_join(thread, NULL);
	await_used(4);
}

static void offer_quietly(void)
{
	desc(0, 0, BUFFERS, 1, VRING_DESC_F_WRITE, 0);
	offer(0, SIZE, 0);
}

/* What has ended stays so until all of the device has. */
static void nothing_is_taken_while_the_device_is_reset(void **state)
{
	(void)state;
	slow_stop = true;
	offer_quietly();
	set(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(nr_amiss, 0);
}

static void what_comes_while_another_queue_ends_is_done_after_it(void **state)
{
	(void)state;
	slow_stop = true;
	offer_quietly();
	set(VIRTIO_MMIO_QUEUE_SEL, 1);
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	await_used(1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(threads_are_one_more_than_was_ever_needed),
		T(there_are_no_more_than_the_most),
		T(without_more_threads_those_there_are_do_it),
		T(signals_are_not_for_these_threads),
		T(a_chain_at_fault_stops_the_device),
		T(what_comes_during_a_drain_is_done_after_it),
		T(nothing_is_taken_while_the_device_is_reset),
		T(what_comes_while_another_queue_ends_is_done_after_it),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
