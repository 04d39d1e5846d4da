/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/path.h"
#include "ctl/server.h"
#include "fake_kvm.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/loop.h"
#include "util/util.h"
#include "vm/vm.h"

static struct vm *vm;
static struct vm_config config;
static struct ctl_server *server;
static struct left before;
static char name[32], runtime_dir[] = "/tmp/test_server.XXXXXX";
static struct sockaddr_un addr;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	config = (struct vm_config){ .nr_cpus = 2,
				     .ram_size = 64 * MIB,
				     .pvtime = "auto" };
	assert_int_equal(vm_new(&config, &vm), 0);
	snprintf(name, sizeof(name), "unit-test-%d", (int)getpid());
	assert_int_equal(ctl_path(name, true, &addr), 0);
	server = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ctl_server_free(server);
	vm_free(vm);
	assert_int_equal(access(addr.sun_path, F_OK), -1);
	assert_nothing_left(before);
	return 0;
}

static void serve(void)
{
	assert_int_equal(ctl_server_new(vm, name, &server), 0);
}

static int dial(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (void *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Go round the loop until nothing is to be done any more. */
static void turn(void)
{
	for (int i = 0; i < 50; i++)
		assert_int_equal(loop_turn(vm_loop(vm), clock_mono_ns() + 1),
				 0);
}

static void say(int fd, const char *words)
{
	assert_int_equal(send(fd, words, strlen(words), MSG_NOSIGNAL),
			 strlen(words));
	turn();
}

/* What has come, as a string; "" where nothing did, NULL at the end. */
static const char *heard(int fd)
{
	static char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return NULL;
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void stat_is_one_line_with_each_vcpu(void **state)
{
	char expected[400];
	int fd;

	(void)state;
	serve();
	fd = dial();
	say(fd, "stat\n");
	snprintf(expected, sizeof(expected),
		 "{\"version\":1,\"name\":\"%s\",\"pid\":%d,"
		 "\"provider\":\"steady\",\"vcpus\":["
		 "{\"id\":0,\"tid\":0,\"stolen_ns\":0,\"record_ns\":0,"
		 "\"run_ns\":0,\"skew_ns\":0},"
		 "{\"id\":1,\"tid\":0,\"stolen_ns\":0,\"record_ns\":0,"
		 "\"run_ns\":0,\"skew_ns\":0}]}\n",
		 name, (int)getpid());
	assert_string_equal(heard(fd), expected);
	close(fd);
	turn();
}

static void unknown_word_is_answered_and_the_next_one_too(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = dial();
	say(fd, "explode\n");
	assert_string_equal(heard(fd),
			    "{\"error\":\"unknown word; known: stat\"}\n");
	say(fd, "stat\n");
	assert_memory_equal(heard(fd), "{\"version\":1,", 13);
	close(fd);
	turn();
}

static void words_may_come_in_pieces_and_several_at_once(void **state)
{
	const char *text;
	int fd;

	(void)state;
	serve();
	fd = dial();
	say(fd, "st");
	assert_string_equal(heard(fd), "");
	say(fd, "at\nx\ny");
	text = heard(fd);
	assert_memory_equal(text, "{\"version\":1,", 13);
	assert_non_null(strstr(text, "}\n{\"error\""));
	say(fd, "\n");
	assert_memory_equal(heard(fd), "{\"error\"", 8);
	close(fd);
	turn();
}

static void endless_word_is_hung_up_on(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = dial();
	for (int i = 0; i < 63; i++)
		say(fd, "a");
	assert_null(heard(fd));
	close(fd);
}

static void silent_clients_keep_their_place_and_no_more(void **state)
{
	int fds[17];

	(void)state;
	serve();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial();
		turn();
	}
	assert_null(heard(fds[16]));
	assert_string_equal(heard(fds[0]), "");
	close(fds[0]);
	close(fds[16]);
	turn();
	fds[0] = dial();
	say(fds[0], "stat\n");
	assert_memory_equal(heard(fds[0]), "{\"version\":1,", 13);
	for (size_t i = 0; i < 16; i++)
		close(fds[i]);
	turn();
}

static void client_that_never_reads_is_hung_up_on(void **state)
{
	int fd, n = 0;

	(void)state;
	serve();
	fd = dial();
	while (n++ < 10000 && send(fd, "stat\n", 5, MSG_NOSIGNAL) == 5)
		turn();
	assert_true(n < 10000);
	close(fd);
	turn();
}

static void socket_is_its_owners_alone(void **state)
{
	struct stat st;

	(void)state;
	serve();
	*strrchr(addr.sun_path, '/') = '\0';
	assert_int_equal(stat(addr.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	addr.sun_path[strlen(addr.sun_path)] = '/';
}

static void name_in_use_is_refused_and_the_other_goes_on(void **state)
{
	struct ctl_server *second = NULL;
	int fd;

	(void)state;
	serve();
	assert_int_equal(ctl_server_new(vm, name, &second), -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(err_text(), "runs already; choose another"));
	turn();
	fd = dial();
	say(fd, "stat\n");
	assert_memory_equal(heard(fd), "{\"version\":1,", 13);
	close(fd);
	turn();
}

static void socket_of_a_killed_vmm_is_replaced(void **state)
{
	int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	(void)state;
	assert_int_equal(bind(dead, (void *)&addr, sizeof(addr)), 0);
	close(dead);
	serve();
	fd = dial();
	close(fd);
	turn();
}

static void nobody_there_is_told_by_the_client(void **state)
{
	char reply[64];

	(void)state;
	assert_int_equal(ctl_ask(name, "stat", reply, sizeof(reply)), -ENOENT);
	assert_non_null(strstr(err_text(), name));
	assert_non_null(strstr(err_text(), "start it with --name"));
}

static void every_failure_is_undone(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		int rc;

		fault_arm(n, ENOMEM);
		rc = ctl_server_new(vm, name, &server);
		fault_arm(0, 0);
		if (rc == 0)
			break;
		assert_true(err_text()[0] != '\0');
		assert_int_equal(vm_loop(vm)->nr, 0);
		assert_int_equal(access(addr.sun_path, F_OK), -1);
	}
}

static int home(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(runtime_dir));
	return setenv("XDG_RUNTIME_DIR", runtime_dir, 1);
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
		T(stat_is_one_line_with_each_vcpu),
		T(unknown_word_is_answered_and_the_next_one_too),
		T(words_may_come_in_pieces_and_several_at_once),
		T(endless_word_is_hung_up_on),
		T(silent_clients_keep_their_place_and_no_more),
		T(client_that_never_reads_is_hung_up_on),
		T(socket_is_its_owners_alone),
		T(name_in_use_is_refused_and_the_other_goes_on),
		T(socket_of_a_killed_vmm_is_replaced),
		T(nobody_there_is_told_by_the_client),
		T(every_failure_is_undone),
	};

	return cmocka_run_group_tests_name("server", tests, home, gone);
}
