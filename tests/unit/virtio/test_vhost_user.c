/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_backend.h"
#include "ring.h"

#include <errno.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "util/err.h"
#include "util/util.h"
#include "virtio/backend.h"
#include "virtio/vhost_user.h"

static struct vhost_user user;
static struct backend_run run;
static struct left before;
static uint8_t config[60];

static void begin(uint32_t bad_request, enum way way)
{
	int fds[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	vhost_user_take(&user, fds[0]);
	/* A busy machine is not silence. */
	user.patience_ms =
		way == HONEST || way == CLOSES || way == HALF ? 20000 : 40;
	fake_begin(fds[1], bad_request, way);
}

static void end(void)
{
	vhost_user_close(&user);
	vhost_user_close(&user);
	fake_end();
}

static int set_up(void **state)
{
	(void)state;
	alarm(120);
	before = left_now();
	ram_init();
	ram.fd = memfd_create("ram", MFD_CLOEXEC);
	ram.kept = 0x10000;
	run = (struct backend_run){ .features = UINT64_C(1) << 32, .nr = 2 };
	for (unsigned i = 0; i < 2; i++)
		run.rings[i] = (struct backend_ring){
			true,
			64,
			DESC(i),
			DRIVER(i),
			DEVICE(i),
			eventfd(0, EFD_CLOEXEC),
			eventfd(0, EFD_CLOEXEC),
			eventfd(0, EFD_CLOEXEC),
		};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		close(run.rings[i].kick_fd);
		close(run.rings[i].call_fd);
		close(run.rings[i].err_fd);
	}
	close(ram.fd);
	ram_fini();
	assert_nothing_left(before);
	return 0;
}

/* All that we ever do with one. */
static int life(void)
{
	int rc = vhost_user_greet(&user);

	if (rc == 0)
		rc = vhost_user_config(&user, config, sizeof(config));
	if (rc == 0)
		rc = vhost_user_start(&user, &ram, &run);
	return rc < 0 ? rc : vhost_user_stop(&user, 2);
}

static bool same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_ino == sb.st_ino;
}

static uint64_t word64(const struct told *t, unsigned i)
{
	return t->payload[i] | (uint64_t)t->payload[i + 1] << 32;
}

static void it_learns_what_it_must_know(void **state)
{
	const struct told *t;

	(void)state;
	begin(0, HONEST);
	assert_int_equal(life(), 0);
	assert_int_equal(user.nr_queues, 2);
	assert_int_equal(user.protocol, PROTOCOL_ALL);
	assert_int_equal(config[0], 12);
	assert_int_equal(config[59], 71);

	t = fake_told(2, 0); /* SET_FEATURES: the driver's and the protocol's */
	assert_int_equal(word64(t, 0), UINT64_C(1) << 32 | 1u << 30);
	t = fake_told(5, 0); /* SET_MEM_TABLE */
	assert_int_equal(t->payload[0], 1);
	assert_int_equal(word64(t, 2), RAM);
	assert_int_equal(word64(t, 4), RAM_SIZE - 0x10000);
	assert_int_equal(word64(t, 6), (uintptr_t)ram.host);
	assert_int_equal(word64(t, 8), 0);
	assert_true(same_file(t->fd, ram.fd));
	for (unsigned i = 0; i < 2; i++) {
		t = fake_told(8, i); /* SET_VRING_NUM */
		assert_int_equal(word64(t, 0), i | UINT64_C(64) << 32);
		t = fake_told(9, i); /* SET_VRING_ADDR */
		assert_int_equal(t->payload[0], i);
		assert_int_equal(word64(t, 2), (uintptr_t)at(DESC(i)));
		assert_int_equal(word64(t, 4), (uintptr_t)at(DEVICE(i)));
		assert_int_equal(word64(t, 6), (uintptr_t)at(DRIVER(i)));
		assert_true(fake_told(12, i)->fd >= 0);
		assert_true(fake_told(13, i)->fd >= 0);
		assert_int_equal(word64(fake_told(18, i), 0),
				 i | UINT64_C(1) << 32);
		assert_int_equal(fake_told(11, i)->payload[0], i);
	}
	end();
}

static void a_plain_one_is_asked_for_no_more_than_it_has(void **state)
{
	(void)state;
	begin(0, HONEST);
	fake.features = UINT64_C(1) << 32;
	assert_int_equal(vhost_user_greet(&user), 0);
	assert_int_equal(user.nr_queues, UINT_MAX);
	assert_int_equal(vhost_user_start(&user, &ram, &run), 0);
	assert_int_equal(vhost_user_stop(&user, 2), 0);
	assert_null(fake_told(15, 0));
	assert_null(fake_told(18, 0));
	assert_int_equal(vhost_user_config(&user, config, 8), -ENOTSUP);
	end();

	begin(0, HONEST);
	fake.features = 1u << 30;
	assert_int_equal(vhost_user_greet(&user), -ENOTSUP);
	assert_has_words("VERSION_1");
	end();
}

static void queues_that_the_driver_does_not_use_are_not_told_of(void **state)
{
	(void)state;
	begin(0, HONEST);
	run.rings[0].used = false;
	assert_int_equal(life(), 0);
	assert_int_equal(fake_told(8, 0)->payload[0], 1);
	assert_null(fake_told(8, 1));
	end();
}

static void whatever_it_breaks_we_give_up_in_time(void **state)
{
	static const uint32_t requests[] = { 1,	 2,  3,	 5,  8,	 9,  10, 11,
					     12, 13, 14, 15, 17, 18, 24 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(requests); i++)
		for (enum way way = CLOSES; way < NR_WAYS; way++) {
			uint32_t r = requests[i];
			int rc;

			/* Another number there is an answer, too. */
			if (way == REFUSES && (r == 1 || r == 15 || r == 17))
				continue;
			begin(r, way);
			rc = life();
			if (rc >= 0)
				fail_msg("request %u, way %d: %d", r, way, rc);
			if (way == SILENT)
				assert_int_equal(rc, -ETIMEDOUT);
			if (way == CLOSES || way == HALF)
				assert_int_equal(rc, -ECONNRESET);
			assert_has_words("back-end");
			end();
		}
}

/* A byte now and then keeps nobody waiting for ever. */
static void *trickle(void *arg)
{
	int fd = *(int *)arg;

	while (send(fd, "\1", 1, MSG_NOSIGNAL) == 1)
		usleep(30000);
	return NULL;
}

static void one_that_trickles_is_given_up(void **state)
{
	pthread_t thread;
	int fds[2];

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	vhost_user_take(&user, fds[0]);
	user.patience_ms = 100;
	assert_int_equal(pthread_create(&thread, NULL, trickle, &fds[1]), 0);
	assert_int_equal(vhost_user_greet(&user), -ETIMEDOUT);
	vhost_user_close(&user);
	pthread_join(thread, NULL);
	close(fds[1]);
}

static void one_that_does_not_read_is_given_up(void **state)
{
	int fds[2], size = 1, rc = 0;

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	vhost_user_take(&user, fds[0]);
	user.patience_ms = 20;
	for (unsigned i = 0; i < 10000 && rc == 0; i++)
		rc = vhost_user_start(&user, &ram, &run);
	assert_int_equal(rc, -ETIMEDOUT);
	vhost_user_close(&user);
	close(fds[1]);
}

static void sockets_that_are_not_there(void **state)
{
	char path[200];

	(void)state;
	assert_int_equal(vhost_user_connect(&user, "/nonexistent"), -ENOENT);
	assert_has_words("start the back-end first");
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(vhost_user_connect(&user, path), -ENAMETOOLONG);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_learns_what_it_must_know),
		T(a_plain_one_is_asked_for_no_more_than_it_has),
		T(queues_that_the_driver_does_not_use_are_not_told_of),
		T(whatever_it_breaks_we_give_up_in_time),
		T(one_that_trickles_is_given_up),
		T(one_that_does_not_read_is_given_up),
		T(sockets_that_are_not_there),
	};

	return cmocka_run_group_tests_name("vhost_user", tests, NULL, NULL);
}
