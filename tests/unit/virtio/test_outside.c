/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "fake_backend.h"

#include <errno.h>
#include <linux/fuse.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_fs.h>
#include <sys/mman.h>
#include <sys/un.h>

#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/outside.h"

enum { SIZE = 64, NEXT = VRING_DESC_F_NEXT, WRITE = VRING_DESC_F_WRITE };

#define REQUEST (BUFFERS + 0x100)
#define REPLY	(BUFFERS + 0x200)

static struct left before;
static struct outside_config config;
static char dir[32], path[48];
static int listener;
static pthread_t acceptor;
static uint32_t bad_request;
static enum way bad_way;

/* Connections are taken by the fake back-end, one. */
static void *accept_one(void *arg)
{
	(void)arg;
	fake_begin(accept4(listener, NULL, NULL, SOCK_CLOEXEC), bad_request,
		   bad_way);
	return NULL;
}

static void listen_there(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(dir, "/tmp/outside-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	strcpy(a.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(pthread_create(&acceptor, NULL, accept_one, NULL), 0);
}

static void make(const struct virtio_class *class)
{
	listen_there();
	config = (struct outside_config){ .socket = path, .tag = "stuff" };
	driver_init_for(class, &config);
	pthread_join(acceptor, NULL);
	ram.fd = memfd_create("ram", MFD_CLOEXEC);
}

static int set_up(void **state)
{
	(void)state;
	alarm(60);
	log_set_level(LOG_ERROR);
	bad_request = 0;
	before = left_now();
	make(&virtio_fs_class);
	return 0;
}

static void unmake(void)
{
	close(ram.fd);
	driver_fini();
	fake_end();
	close(listener);
	unlink(path);
	rmdir(dir);
}

static int tear_down(void **state)
{
	(void)state;
	unmake();
	assert_nothing_left(before);
	return 0;
}

static void remake(const struct virtio_class *class)
{
	unmake();
	make(class);
}

/* Until @fd, which the back-end is sent, is there. */
static int wait_fd(atomic_int *fd)
{
	while (atomic_load(fd) <= 0)
		usleep(500);
	return atomic_load(fd);
}

static void wait_request(uint32_t request, unsigned n)
{
	while (!fake_told(request, n))
		usleep(500);
}

static void wait_line(void)
{
	while (!line())
		usleep(500);
}

static void ring(int fd)
{
	uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static void a_folder_has_its_tag(void **state)
{
	char tag[36] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 36; i++)
		tag[i] = (char)bus_read(&bus, WINDOW + VIRTIO_MMIO_CONFIG + i,
					1);
	assert_memory_equal(tag, "stuff\0", 6);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 36), 1);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 26);
}

static void only_what_needs_nothing_of_us_is_offered(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), 1u << 28);
	remake(&outside_blk_class);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES),
			 1u << 28 | 1u << 29 | 0x6676);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 0x0f0e0d0c);
	remake(&outside_net_class);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES),
			 1u << 28 | 1u << 29 | 0xff83);
}

static void the_driver_and_the_backend_reach_each_other(void **state)
{
	uint64_t count = 0;

	(void)state;
	bring_up(2, SIZE);
	wait_request(18, 1);
	/* Once because it runs, and once because it is asked to. */
	for (int i = 0; i < 2; i++) {
		while (read(wait_fd(&fake.kick_fds[1]), &count, sizeof(count)) <
		       0)
			usleep(500);
		assert_int_equal(count, 1);
		if (i == 0)
			notify(1);
	}
	ring(wait_fd(&fake.call_fds[1]));
	wait_line();
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	set(VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_false(line());
}

static void a_reset_stops_it_first_and_it_starts_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		bring_up(2, SIZE);
		wait_request(18, 2 * i + 1);
		set(VIRTIO_MMIO_STATUS, 0);
		assert_non_null(fake_told(11, 2 * i + 1));
	}
	/* At once, before it has come far. */
	bring_up(2, SIZE);
	set(VIRTIO_MMIO_STATUS, 0);
	device_reset(&dev);
}

static void a_queue_it_cannot_use_is_a_fault(void **state)
{
	(void)state;
	bring_up(2, SIZE);
	wait_request(18, 1);
	ring(wait_fd(&fake.err_fds[0]));
	wait_line();
	assert_true(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
}

/* A request with room for its answer, in the ring of queue 1. */
static void ask(unsigned i, uint64_t unique)
{
	struct fuse_in_header *in = at(REQUEST + 64 * i);
	struct fuse_out_header *out = at(REPLY + 64 * i);

	*in = (struct fuse_in_header){ .len = sizeof(*in), .unique = unique };
	*out = (struct fuse_out_header){ 0 };
	desc(1, 2 * i, REQUEST + 64 * i, sizeof(*in), NEXT, 2 * i + 1);
	desc(1, 2 * i + 1, REPLY + 64 * i, 64, WRITE, 0);
	offer(1, SIZE, 2 * i);
}

static void expect_refused(unsigned i, uint64_t unique, unsigned used)
{
	const struct fuse_out_header *out = at(REPLY + 64 * i);
	volatile struct vring_used *u = used_ring(1);

	while (u->idx != used)
		usleep(500);
	assert_int_equal(out->error, -ENOTCONN);
	assert_int_equal(out->unique, unique);
	assert_int_equal(out->len, sizeof(*out));
	assert_int_equal(u->ring[used - 1].id, 2 * i);
	assert_int_equal(u->ring[used - 1].len, sizeof(*out));
	wait_line();
	set(VIRTIO_MMIO_INTERRUPT_ACK, 1);
}

static void a_folder_whose_daemon_dies_answers_with_errors(void **state)
{
	(void)state;
	bring_up(2, SIZE);
	wait_request(18, 1);
	/* One that it has answered, one that it has not, one later. */
	ask(0, 70);
	used_ring(1)->ring[0].id = 0;
	used_ring(1)->idx = 1;
	used_ring(1)->flags = VRING_USED_F_NO_NOTIFY;
	ask(1, 71);
	shutdown(fake.fd, SHUT_RDWR);
	expect_refused(1, 71, 2);
	assert_int_equal(used_ring(1)->flags, 0);
	ask(2, 72);
	notify(1);
	expect_refused(2, 72, 3);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), WORKS);

	/* And when the guest boots again. */
	set(VIRTIO_MMIO_STATUS, 0);
	memset(avail_ring(1), 0, 4);
	memset(used_ring(1), 0, 4);
	bring_up(2, SIZE);
	ask(0, 80);
	notify(1);
	expect_refused(0, 80, 1);
}

static void a_disk_whose_daemon_dies_is_at_fault(void **state)
{
	(void)state;
	remake(&outside_blk_class);
	bring_up(1, SIZE);
	wait_request(18, 0);
	shutdown(fake.fd, SHUT_RDWR);
	wait_line();
	assert_true(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
	set(VIRTIO_MMIO_STATUS, 0);
	set(VIRTIO_MMIO_STATUS, ACKNOWLEDGE | DRIVER_BIT);
	take_features(UINT64_C(1) << VIRTIO_F_VERSION_1);
	set(VIRTIO_MMIO_STATUS, WORKS);
	wait_line();
	assert_true(get(VIRTIO_MMIO_STATUS) & NEEDS_RESET);
}

static void one_that_chatters_is_dead(void **state)
{
	(void)state;
	bring_up(2, SIZE);
	wait_request(18, 1);
	assert_int_equal(send(fake.fd, "hello", 5, MSG_NOSIGNAL), 5);
	ask(0, 5);
	notify(1);
	expect_refused(0, 5, 1);
}

static void a_stop_that_is_not_answered_ends_it(void **state)
{
	(void)state;
	bad_request = 11;
	bad_way = CLOSES;
	remake(&virtio_fs_class);
	bring_up(2, SIZE);
	wait_request(18, 1);
	set(VIRTIO_MMIO_STATUS, 0); /* and comes back */
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_folder_has_its_tag),
		T(only_what_needs_nothing_of_us_is_offered),
		T(the_driver_and_the_backend_reach_each_other),
		T(a_reset_stops_it_first_and_it_starts_again),
		T(a_queue_it_cannot_use_is_a_fault),
		T(a_folder_whose_daemon_dies_answers_with_errors),
		T(a_disk_whose_daemon_dies_is_at_fault),
		T(one_that_chatters_is_dead),
		T(a_stop_that_is_not_answered_ends_it),
	};

	return cmocka_run_group_tests_name("outside", tests, NULL, NULL);
}
