/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"
#include "util/net.h"

static struct net_config config = { .mode = NET_USER };
static struct net_link net;
static struct left before;
static char folder[] = "/tmp/test-net-XXXXXX", script[64];
static char *old_path;

/* -- a passt of ours -- */

/* What comes first in PATH is a script that does @commands. */
static void make_passt(const char *commands)
{
	FILE *f = fopen(script, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", commands);
	fclose(f);
	assert_int_equal(chmod(script, 0755), 0);
}

/* It starts, and what is sent to it comes back. */
#define ECHO_PASST "cat <&3 >&3 2>/dev/null & exit 0"

static int set_up(void **state)
{
	char path[4096];

	(void)state;
	alarm(60);
	strcpy(folder, "/tmp/test-net-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(script, sizeof(script), "%s/passt", folder);
	old_path = strdup(getenv("PATH"));
	snprintf(path, sizeof(path), "%s:%s", folder, old_path);
	setenv("PATH", path, 1);
	config.nr_forwards = 0;
	before = left_now();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	net_close(&net);
	assert_nothing_left(before);
	setenv("PATH", old_path, 1);
	free(old_path);
	unlink(script);
	rmdir(folder);
	return 0;
}

/* -- frames -- */

static uint8_t out[NET_HEADER_SIZE + NET_FRAME_MAX];

static int send_frame(unsigned seed, size_t size)
{
	struct iovec iov[] = { { out, 7 },
			       { out + 7, NET_HEADER_SIZE - 7 + 3 },
			       { out + NET_HEADER_SIZE + 3, size - 3 } };

	for (size_t i = 0; i < size; i++)
		out[NET_HEADER_SIZE + i] = (uint8_t)(seed + i * 3);
	return net_send(&net, iov, 3, size);
}

static void await(short events)
{
	struct pollfd fd = { .fd = net.fd, .events = events };

	assert_int_equal(poll(&fd, 1, 20000), 1);
}

static void assert_comes(unsigned seed, size_t size)
{
	struct net_frame f;
	int rc;

	while ((rc = net_receive(&net, &f)) == 0)
		await(POLLIN);
	assert_int_equal(rc, 1);
	assert_int_equal(f.size, size);
	assert_int_equal(f.header.flags, 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(f.data[i], (uint8_t)(seed + i * 3));
}

/* -- tests -- */

static void frames_go_and_come_whole(void **state)
{
	static const size_t sizes[] = { 14, 60, 1514, 65535, 65549, 61 };

	(void)state;
	make_passt(ECHO_PASST);
	assert_int_equal(net_open(&net, &config), 0);
	assert_false(net_can_offload(&net));
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(send_frame(i, sizes[i]), 0);
		assert_comes(i, sizes[i]);
	}
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(send_frame(i, 100 + i), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_comes(i, 100 + i);
}

/* More than fits: all that was taken arrives, each frame whole. */
static void a_slow_other_side_gets_whole_frames(void **state)
{
	unsigned n = 0, later;

	(void)state;
	make_passt("(sleep 0.5; exec cat <&3 >&3) 2>/dev/null & exit 0");
	assert_int_equal(net_open(&net, &config), 0);
	while (send_frame(n, 40000) == 0)
		n++;
	assert_in_range(n, 2, 1000);
	assert_int_equal(send_frame(n, 40000), -EAGAIN);
	for (later = n; later < n + 50; later++) {
		int rc;

		while ((rc = send_frame(later, 30000)) == -EAGAIN) {
			await(POLLOUT | POLLIN);
			if (later > n)
				break;
		}
		if (rc < 0)
			break;
	}
	for (unsigned i = 0; i < later; i++)
		assert_comes(i, i < n ? 40000 : 30000);
}

#define SLOW_PASST "(sleep 0.3; exec cat <&3 >&3) 2>/dev/null & exit 0"

/* As the device does, which has taken the buffers from the guest once. */
static void a_frame_that_could_not_go_goes_with_the_same_buffers(void **state)
{
	enum { SMALL = 1514 };
	struct iovec iov;
	unsigned n = 0;
	int rc;

	(void)state;
	make_passt(SLOW_PASST);
	assert_int_equal(net_open(&net, &config), 0);
	do {
		for (size_t i = 0; i < SMALL; i++)
			out[NET_HEADER_SIZE + i] = (uint8_t)(n + i * 3);
		iov = (struct iovec){ out, NET_HEADER_SIZE + SMALL };
		rc = net_send(&net, &iov, 1, SMALL);
		n += rc == 0;
	} while (rc == 0);
	assert_int_equal(rc, -EAGAIN);
	assert_int_equal(net_send(&net, &iov, 1, SMALL), -EAGAIN);
	while ((rc = net_send(&net, &iov, 1, SMALL)) == -EAGAIN)
		await(POLLOUT);
	assert_int_equal(rc, 0);
	for (unsigned i = 0; i <= n; i++)
		assert_comes(i, SMALL);
}

static void the_last_frames_end_goes_without_another_frame(void **state)
{
	unsigned n = 0;
	int rc;

	(void)state;
	make_passt(SLOW_PASST);
	assert_int_equal(net_open(&net, &config), 0);
	while (send_frame(n, 65000) == 0 && net_flush(&net) == 0)
		n++;
	assert_int_equal(net_flush(&net), -EAGAIN);
	while ((rc = net_flush(&net)) == -EAGAIN)
		await(POLLOUT);
	assert_int_equal(rc, 0);
	for (unsigned i = 0; i <= n; i++)
		assert_comes(i, 65000);
	assert_int_equal(net_flush(&net), 0);
}

static void what_passt_is_told(void **state)
{
	static const struct net_forward forwards[] = {
		{ false, "127.0.0.1", 2222, 22 },
		{ true, "::1", 53, 5353 },
	};
	char name[80], text[200] = "";
	FILE *f;

	(void)state;
	snprintf(name, sizeof(name), "%s/args", folder);
	make_passt("echo \"$@\" > ${0%/*}/args; [ -S /proc/self/fd/3 ]; "
		   "echo $? >> ${0%/*}/args");
	config.nr_forwards = 2;
	memcpy(config.forwards, forwards, sizeof(forwards));
	assert_int_equal(net_open(&net, &config), 0);
	f = fopen(name, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	unlink(name);
	assert_string_equal(text, "--quiet --fd 3 -t 127.0.0.1/2222:22 -u "
				  "::1/53:5353\n0\n");
}

static void its_own_words_say_why_it_does_not_start(void **state)
{
	(void)state;
	make_passt("echo 'Warned' >&2; echo 'Failed to bind port 5, exiting' "
		   ">&2; echo 'Failed to send 31 bytes to syslog' >&2; echo "
		   ">&2; exit 1");
	assert_int_equal(net_open(&net, &config), -EIO);
	assert_words("passt does not start: Failed to bind port 5, exiting");
	make_passt("exit 3");
	assert_int_equal(net_open(&net, &config), -EIO);
	assert_words("passt does not start: it does not say why");
	make_passt("kill -9 $$");
	assert_int_equal(net_open(&net, &config), -EIO);
	make_passt("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1");
	assert_int_equal(net_open(&net, &config), -EIO);
	assert_has_words("passt does not start: xxxx");
}

static void without_passt_the_package_is_named(void **state)
{
	(void)state;
	setenv("PATH", folder, 1);
	assert_int_equal(net_open(&net, &config), -ENOENT);
	assert_words("no 'passt' in PATH; install the package passt, or take "
		     "mode=tap or mode=none");
}

static void its_end_is_seen(void **state)
{
	struct net_frame f;
	int rc;

	(void)state;
	make_passt("exit 0");
	assert_int_equal(net_open(&net, &config), 0);
	while ((rc = net_receive(&net, &f)) == 0)
		await(POLLIN);
	assert_int_equal(rc, -ECONNRESET);
	assert_int_equal(send_frame(1, 60), -EPIPE);
}

static void a_length_that_cannot_be_is_nonsense(void **state)
{
	struct net_frame f;
	int rc;

	(void)state;
	make_passt("printf 'abcdefgh' >&3; exit 0");
	assert_int_equal(net_open(&net, &config), 0);
	while ((rc = net_receive(&net, &f)) == 0)
		await(POLLIN);
	assert_int_equal(rc, -EPROTO);
}

/* Half a length, half a frame, several at once. */
static void the_stream_may_come_in_any_pieces(void **state)
{
	struct net_frame f;

	(void)state;
	make_passt(
		"(printf '\\0\\0'; sleep 0.2; printf '\\0\\003ab'; sleep "
		"0.2; printf 'c\\0\\0\\0\\001d\\0\\0\\0\\0\\0\\0\\0\\002ef'; "
		"sleep 1) >&3 2>/dev/null & exit 0");
	assert_int_equal(net_open(&net, &config), 0);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const want[] = { "abc", "d", "", "ef" };

		while (net_receive(&net, &f) == 0)
			await(POLLIN);
		assert_int_equal(f.size, strlen(want[i]));
		assert_memory_equal(f.data, want[i], f.size);
	}
	assert_int_equal(net_receive(&net, &f), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(frames_go_and_come_whole),
		T(a_slow_other_side_gets_whole_frames),
		T(a_frame_that_could_not_go_goes_with_the_same_buffers),
		T(the_last_frames_end_goes_without_another_frame),
		T(what_passt_is_told),
		T(its_own_words_say_why_it_does_not_start),
		T(without_passt_the_package_is_named),
		T(its_end_is_seen),
		T(a_length_that_cannot_be_is_nonsense),
		T(the_stream_may_come_in_any_pieces),
	};

	return cmocka_run_group_tests_name("net_user", tests, NULL, NULL);
}
