/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

#include <stdatomic.h>

#include "util/log.h"
#include "virtio/backend.h"

enum { SIZE = 8, NR_QUEUES = 2 };

static struct backend backend;
static struct left before;
static atomic_int nr_starts, nr_stops;
static atomic_int kick_fd; /* of the second queue */
static bool restarts;

static int begin(struct virtio *v, const struct backend_run *run)
{
	(void)v;
	usleep(20000);
	atomic_store(&kick_fd, run->rings[1].kick_fd);
	atomic_fetch_add(&nr_starts, 1);
	return 0;
}

/* Where @restarts: another vCPU begins anew before the first has its end. */
static int end(struct virtio *v, unsigned nr)
{
	assert_int_equal(nr, NR_QUEUES);
	if (restarts) {
		restarts = false;
		device_lock(v->d);
		backend_started(&backend);
		device_unlock(v->d);
	}
	atomic_fetch_add(&nr_stops, 1);
	return 0;
}

static const struct backend_ops ops = {
	.start = begin,
	.stop = end,
	.needs = 1,
};

static int test_init(struct virtio *v, const struct device_host *host)
{
	(void)host;
	return backend_init(&backend, v, &ops, -1);
}

static void test_fini(struct virtio *v)
{
	(void)v;
	backend_fini(&backend);
}

static void test_notify(struct virtio *v, unsigned queue)
{
	(void)v;
	backend_notify(&backend, queue);
}

static void test_started(struct virtio *v)
{
	(void)v;
	backend_started(&backend);
}

static void test_stop(struct virtio *v)
{
	(void)v;
	backend_stop(&backend);
}

static const struct virtio_class test_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-test"),
	.id = 77,
	.nr_queues = NR_QUEUES,
	.init = test_init,
	.fini = test_fini,
	.notify = test_notify,
	.started = test_started,
	.stop = test_stop,
};

static int set_up(void **state)
{
	(void)state;
	alarm(10);
	log_set_level(LOG_ERROR);
	nr_starts = nr_stops = 0;
	restarts = false;
	before = left_now();
	driver_init(&test_class);
	bring_up(NR_QUEUES, SIZE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	driver_fini();
	assert_nothing_left(before);
	return 0;
}

static void await_start(void)
{
	for (int i = 0; i < 20000 && atomic_load(&nr_starts) == 0; i++)
		usleep(250);
	assert_int_equal(nr_starts, 1);
}

static void a_start_amid_a_stop_is_stopped_as_well(void **state)
{
	(void)state;
	await_start();
	restarts = true;
	set(VIRTIO_MMIO_STATUS, 0);
	assert_false(backend.running);
	assert_int_equal(nr_starts, nr_stops);
}

static void each_queue_is_looked_into_once_it_runs(void **state)
{
	uint64_t count = 0;

	(void)state;
	await_start();
	for (int i = 0; i < 2000; i++) {
		if (read(kick_fd, &count, sizeof(count)) > 0)
			break;
		usleep(250);
	}
	assert_int_equal(count, 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_start_amid_a_stop_is_stopped_as_well),
		T(each_queue_is_looked_into_once_it_runs),
	};

	return cmocka_run_group_tests_name("backend", tests, NULL, NULL);
}
