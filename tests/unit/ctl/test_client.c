/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/path.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/util.h"

#define MS UINT64_C(1000000)

static char name[32], runtime_dir[] = "/tmp/test_client.XXXXXX";
static struct sockaddr_un addr;
static int listener, peer;
static struct ctl_client client;
static struct left before;

static int set_up(void **state)
{
	(void)state;
	alarm(60); /* whatever hangs */
	before = left_now();
	client = (struct ctl_client){ .fd = -1 };
	peer = -1;
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (void *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 0), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ctl_client_close(&client);
	ctl_client_close(&client);
	if (peer >= 0)
		close(peer);
	if (listener >= 0)
		close(listener);
	unlink(addr.sun_path);
	assert_nothing_left(before);
	return 0;
}

/* A client, and at its other end @peer. */
static void open_both(void)
{
	assert_int_equal(ctl_client_open(&client, name), 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer >= 0);
}

static void peer_says(const char *bytes)
{
	assert_int_equal(send(peer, bytes, strlen(bytes), MSG_NOSIGNAL),
			 strlen(bytes));
}

static void assert_received(const char *expected)
{
	const char *line;

	assert_int_equal(ctl_client_receive(&client, 10000 * MS, &line), 0);
	assert_string_equal(line, expected);
}

static int receive(uint64_t patience_ns)
{
	const char *line;

	return ctl_client_receive(&client, patience_ns, &line);
}

/* -- opening -- */

static void nobody_there_is_told(void **state)
{
	(void)state;
	assert_int_equal(ctl_client_open(&client, "nobody"), -ENOENT);
	assert_words("'nobody': no guest of that name runs; 'pvtime-vmm list' "
		     "tells which do");
	assert_int_equal(client.fd, -1);
}

static void socket_that_a_killed_vmm_left_is_nobodys(void **state)
{
	(void)state;
	close(listener);
	listener = -1;
	assert_int_equal(ctl_client_open(&client, name), -ENOENT);
}

static void vmm_is_known_by_its_pid(void **state)
{
	(void)state;
	open_both();
	assert_int_equal(client.pid, getpid());
}

static void crowd_at_the_door_is_not_waited_for_long(void **state)
{
	uint64_t began = clock_mono_ns();
	int crowd[4], rc = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
		crowd[i] = socket(
			AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		rc = connect(crowd[i], (void *)&addr, sizeof(addr));
	}
	assert_int_equal(rc, -1);
	assert_int_equal(ctl_client_open(&client, name), -ETIMEDOUT);
	assert_has_words("too many wait for it already");
	assert_true(clock_mono_ns() - began < 20000 * MS);
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		close(crowd[i]);
}

/* -- a line each -- */

static void words_are_sent_as_a_line(void **state)
{
	char line[32];

	(void)state;
	open_both();
	assert_int_equal(ctl_client_send(&client, "stop now"), 0);
	assert_int_equal(recv(peer, line, sizeof(line), 0), 9);
	assert_memory_equal(line, "stop now\n", 9);
}

static void reply_is_a_line_without_its_newline(void **state)
{
	(void)state;
	open_both();
	peer_says("{}\n");
	assert_received("{}");
	peer_says("[]\n");
	assert_received("[]");
}

static void lines_that_come_at_once_are_received_one_by_one(void **state)
{
	(void)state;
	open_both();
	peer_says("one\ntwo\n\nth");
	assert_received("one");
	assert_received("two");
	assert_received("");
	assert_int_equal(receive(0), -ETIMEDOUT);
	peer_says("ree\n");
	assert_received("three");
}

static void silent_vmm_is_waited_for_as_long_as_was_said(void **state)
{
	uint64_t began = clock_mono_ns();
	char expected[100];

	(void)state;
	assert_int_equal(ctl_client_open(&client, name), 0);
	assert_int_equal(receive(50 * MS), -ETIMEDOUT);
	assert_true(clock_mono_ns() - began >= 50 * MS);
	snprintf(expected, sizeof(expected),
		 "process %d does not answer; is it stopped (SIGSTOP), or the "
		 "host overloaded?",
		 (int)getpid());
	assert_words(expected);
}

static void what_the_vmm_does_not_take_is_not_waited_for(void **state)
{
	unsigned n = 0;
	int rc;

	(void)state;
	open_both();
	do
		rc = ctl_client_send(&client, "stat");
	while (rc == 0 && n++ < 1000000);
	assert_int_equal(rc, -ETIMEDOUT);
}

static void end_of_the_guest_is_told(void **state)
{
	(void)state;
	open_both();
	peer_says("half");
	close(peer);
	peer = -1;
	assert_int_equal(receive(10000 * MS), -ECONNRESET);
	assert_words("the guest has ended");
	assert_int_equal(ctl_client_send(&client, "stat"), 0);
	assert_int_equal(receive(10000 * MS), -ECONNRESET);
}

static void why_it_hung_up_is_the_answer_to_what_comes_too_late(void **state)
{
	(void)state;
	open_both();
	peer_says("{\"version\":1,\"error\":\"too many\"}\n");
	close(peer);
	peer = -1;
	assert_int_equal(ctl_client_send(&client, "stat"), 0);
	assert_received("{\"version\":1,\"error\":\"too many\"}");
	assert_int_equal(receive(10000 * MS), -ECONNRESET);
}

/* It may hang up without having read all: what it said before counts. */
static void last_words_are_received(void **state)
{
	(void)state;
	open_both();
	assert_int_equal(ctl_client_send(&client, "stat"), 0);
	peer_says("{\"bye\":1}\n");
	close(peer);
	peer = -1;
	assert_received("{\"bye\":1}");
	assert_int_equal(receive(10000 * MS), -ECONNRESET);
}

/* -- long replies -- */

static size_t long_size; /* of a line, with its newline */

static void *say_long(void *ctx)
{
	char *line = malloc(long_size);
	ssize_t n = 0;

	(void)ctx;
	memset(line, 'x', long_size);
	line[long_size - 1] = '\n';
	for (size_t i = 0; n >= 0 && i < long_size; i += (size_t)n)
		n = send(peer, line + i, long_size - i, MSG_NOSIGNAL);
	free(line);
	return NULL;
}

static void longest_reply_is_received_and_no_longer_one(void **state)
{
	const char *line = NULL;

	(void)state;
	open_both();
	for (unsigned more = 0; more < 2; more++) {
		pthread_t thread;
		int rc;

		long_size = CTL_REPLY_MAX + more;
		assert_int_equal(pthread_create(&thread, NULL, say_long, NULL),
				 0);
		rc = ctl_client_receive(&client, 20000 * MS, &line);
		if (more) {
			assert_int_equal(rc, -EMSGSIZE);
			ctl_client_close(&client);
		} else {
			assert_int_equal(rc, 0);
			assert_int_equal(strlen(line), CTL_REPLY_MAX - 1);
		}
		pthread_join(thread, NULL);
	}
}

/* -- all at one go -- */

static void *answer_one(void *reply)
{
	char line[64];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (recv(fd, line, sizeof(line), 0) > 0 && reply)
		send(fd, reply, strlen(reply), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static int ask(const char *reply, const char **ret_line)
{
	pthread_t thread;
	int rc;

	assert_int_equal(
		pthread_create(&thread, NULL, answer_one, (void *)reply), 0);
	rc = ctl_ask(&client, name, "stat", ret_line);
	pthread_join(thread, NULL);
	return rc;
}

static void question_is_answered(void **state)
{
	const char *line;

	(void)state;
	assert_int_equal(ask("{\"version\":1}\n", &line), 0);
	assert_string_equal(line, "{\"version\":1}");
}

static void question_that_is_not_answered_is_an_error_by_name(void **state)
{
	char expected[100];
	const char *line;

	(void)state;
	assert_int_equal(ask(NULL, &line), -ECONNRESET);
	snprintf(expected, sizeof(expected), "'%s': the guest has ended", name);
	assert_words(expected);
	assert_int_equal(client.fd, -1);
	assert_int_equal(ctl_ask(&client, "nobody", "stat", &line), -ENOENT);
}

static void reply_to_a_word_that_acts_is_understood(void **state)
{
	static const char *const good[] = {
		"{\"version\":1,\"ok\":true,\"state\":\"running\"}",
		" { \"new\" : [ { \"error\" : 1 } ] , \"version\" : 1 } ",
	};
	static const char *const strange[] = { "",
					       "{}",
					       "ok",
					       "{\"version\":2,\"ok\":true}",
					       "{\"version\":\"1\"}",
					       "{\"version\":1",
					       "{\"error\":\"x\"}",
					       "[1]",
					       "{\"version\":1,\"error\":1}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(ctl_client_done(good[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		assert_int_equal(ctl_client_done(strange[i]), -EPROTO);
		assert_has_words("not understood");
	}
}

static void
refusal_is_told_in_its_words_and_no_terminal_obeys_them(void **state)
{
	(void)state;
	assert_int_equal(
		ctl_client_done("{\"version\":1,\"error\":\"not 'now'\"}"),
		-EPROTO);
	assert_words("not 'now'");
	assert_int_equal(ctl_client_done("{\"version\":1,\"error\":"
					 "\"a\\u001b[2J\\nb\\u007f\"}"),
			 -EPROTO);
	assert_words("a?[2J?b?");
}

static int home(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(runtime_dir));
	setenv("XDG_RUNTIME_DIR", runtime_dir, 1);
	snprintf(name, sizeof(name), "unit-test-%d", (int)getpid());
	return ctl_path(name, true, &addr);
}

static int gone(void **state)
{
	char dir[64];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/pvtime-vmm", runtime_dir);
	rmdir(dir);
	return rmdir(runtime_dir);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nobody_there_is_told),
		T(socket_that_a_killed_vmm_left_is_nobodys),
		T(vmm_is_known_by_its_pid),
		T(crowd_at_the_door_is_not_waited_for_long),
		T(words_are_sent_as_a_line),
		T(reply_is_a_line_without_its_newline),
		T(lines_that_come_at_once_are_received_one_by_one),
		T(silent_vmm_is_waited_for_as_long_as_was_said),
		T(what_the_vmm_does_not_take_is_not_waited_for),
		T(end_of_the_guest_is_told),
		T(why_it_hung_up_is_the_answer_to_what_comes_too_late),
		T(last_words_are_received),
		T(longest_reply_is_received_and_no_longer_one),
		T(question_is_answered),
		T(question_that_is_not_answered_is_an_error_by_name),
		T(reply_to_a_word_that_acts_is_understood),
		T(refusal_is_told_in_its_words_and_no_terminal_obeys_them),
	};

	return cmocka_run_group_tests_name("client", tests, home, gone);
}
