/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/path.h"
#include "ctl/server.h"
#include "fake_kvm.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
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
	alarm(60); /* whatever hangs */
	log_set_level(LOG_ERROR);
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

static int serve_at(struct ctl_server **ret)
{
	const struct ctl_setup setup = { .name = name };

	return ctl_server_new(vm, &setup, ret);
}

static void serve(void)
{
	assert_int_equal(serve_at(&server), 0);
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
	struct loop *loop = vm_loop(vm);
	int n = 0;

	while (poll(loop->fds, loop->nr, 0) > 0) {
		assert_int_equal(loop_turn(loop, 1), 0);
		assert_true(n++ < 100000); /* it is not busy for ever */
	}
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
	static char text[8192];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return NULL;
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

#define VERSION_1		"{\"version\":1,"
#define assert_heard(fd, begin) check_heard(heard(fd), begin)

static void check_heard(const char *text, const char *begin)
{
	assert_non_null(text);
	if (strncmp(text, begin, strlen(begin)) != 0)
		assert_string_equal(text, begin);
}

/* A client that asks is answered: whatever others do. */
static void assert_serves(void)
{
	int fd = dial();

	say(fd, "version\n");
	assert_heard(fd, VERSION_1 "\"program\"");
	close(fd);
	turn();
}

/* -- words -- */

static void line_is_answered_by_a_line_and_so_is_the_next(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = dial();
	say(fd, "explode\n");
	assert_heard(fd, VERSION_1 "\"error\":\"'explode' is no word; ");
	say(fd, "version\r\n");
	assert_heard(fd, VERSION_1 "\"program\":");
	say(fd, "stat\n");
	assert_heard(fd, VERSION_1 "\"name\":\"unit-test-");
	close(fd);
	turn();
}

static void words_act_on_the_machine(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = dial();
	say(fd, "pause\n");
	assert_heard(fd, VERSION_1 "\"ok\":true,\"state\":\"paused\"}\n");
	assert_true(vm_is_paused(vm));
	say(fd, "resume\n");
	assert_false(vm_is_paused(vm));
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
	say(fd, "vers");
	assert_string_equal(heard(fd), "");
	say(fd, "ion\nx\ny");
	text = heard(fd);
	check_heard(text, VERSION_1 "\"program\"");
	text = strchr(text, '\n');
	check_heard(text, "\n" VERSION_1 "\"error\"");
	assert_string_equal(strchr(text + 1, '\n'), "\n");
	say(fd, "\n");
	assert_heard(fd, VERSION_1 "\"error\":\"'y' ");
	close(fd);
	turn();
}

static void who_says_no_more_gets_all_answers_and_the_end(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = dial();
	assert_int_equal(send(fd, "version\nversion\n", 16, 0), 16);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turn();
	check_heard(strchr(heard(fd), '\n'), "\n" VERSION_1 "\"program\"");
	assert_null(heard(fd));
	close(fd);
}

/* -- clients that do not behave -- */

static void half_a_line_is_told_and_hung_up_on(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = dial();
	say(fd, "pau");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turn();
	assert_heard(fd, VERSION_1 "\"error\":\"half a line");
	assert_null(heard(fd));
	assert_false(vm_is_paused(vm));
	close(fd);
	assert_serves();
}

static void megabytes_without_a_newline_are_told_and_hung_up_on(void **state)
{
	static char flood[1 << 16];
	size_t sent = 0;
	ssize_t n;
	int fd;

	(void)state;
	serve();
	fd = dial();
	memset(flood, 'a', sizeof(flood));
	do {
		n = send(fd, flood, sizeof(flood), MSG_NOSIGNAL | MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		turn();
	} while (n > 0 && sent < 64 * MIB);
	assert_true(sent > 2 * MIB && sent < 10 * MIB);
	assert_heard(fd, VERSION_1 "\"error\":\"more than 4095 bytes");
	assert_null(heard(fd));
	close(fd);
	assert_serves();
}

/* It may be a file of some megabytes: its sender gets to hear what is wrong. */
static void who_says_too_much_can_say_it_all(void **state)
{
	static char much[1 << 16];
	int fd;

	(void)state;
	serve();
	fd = dial();
	for (size_t i = 0; i < 3 * MIB; i += sizeof(much)) {
		assert_int_equal(send(fd, much, sizeof(much), 0), sizeof(much));
		turn();
	}
	shutdown(fd, SHUT_WR);
	turn();
	assert_heard(fd, VERSION_1 "\"error\":\"more than 4095 bytes");
	assert_null(heard(fd));
	assert_int_equal(vm_loop(vm)->nr, 1);
	close(fd);
}

static void garbage_is_told_and_hung_up_on(void **state)
{
	static const char *const garbage[] = { "\x16\x03\x01\x02\n",
					       "pause\t\n", "\xff\xff\n" };

	(void)state;
	serve();
	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		int fd = dial();

		say(fd, garbage[i]);
		assert_heard(fd, VERSION_1 "\"error\":\"byte 0x");
		assert_null(heard(fd));
		close(fd);
	}
	assert_false(vm_is_paused(vm));
	assert_serves();
}

static void who_hangs_up_at_any_moment_is_forgotten(void **state)
{
	static const char *const said[] = { "", "sta", "version\n",
					    "stat\nstat\nst", "\1\n" };

	(void)state;
	serve();
	for (size_t i = 0; i < 2 * ARRAY_SIZE(said); i++) {
		const char *words = said[i / 2];
		int fd = dial();

		if (i % 2)
			turn();
		assert_int_equal(send(fd, words, strlen(words), 0),
				 strlen(words));
		close(fd);
		turn();
		assert_int_equal(vm_loop(vm)->nr, 1);
	}
	assert_serves();
}

static void two_hundred_that_hang_leave_room_for_one_that_asks(void **state)
{
	int fds[200];

	(void)state;
	serve();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial();
		if (i >= 100) /* they need not come one by one */
			turn();
	}
	assert_serves();
	assert_int_equal(vm_loop(vm)->nr, 1 + CTL_CLIENTS - 1);
	assert_heard(fds[0], VERSION_1 "\"error\":\"too many clients");
	assert_null(heard(fds[0]));
	assert_string_equal(heard(fds[199]), "");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	turn();
	assert_int_equal(vm_loop(vm)->nr, 1);
}

static void who_asked_of_late_keeps_its_place(void **state)
{
	int fds[CTL_CLIENTS], one_more;

	(void)state;
	serve();
	for (size_t i = 0; i < CTL_CLIENTS; i++) {
		fds[i] = dial();
		turn();
	}
	say(fds[0], "version\n");
	assert_heard(fds[0], VERSION_1);
	one_more = dial();
	turn();
	assert_string_equal(heard(fds[0]), "");
	assert_heard(fds[1], VERSION_1 "\"error\":\"too many clients");
	for (size_t i = 0; i < CTL_CLIENTS; i++)
		close(fds[i]);
	close(one_more);
	turn();
}

/* -- replies that do not fit the socket -- */

/* From now on the machine has 512 vCPUs. */
static void grow(void)
{
	vm_free(vm);
	config.nr_cpus = 512;
	assert_int_equal(vm_new(&config, &vm), 0);
}

/* A client whose replies have room for little on their way. */
static int dial_narrow(void)
{
	struct loop *loop = vm_loop(vm);
	int fd = dial(), size = 8192;

	turn();
	assert_int_equal(setsockopt(loop->fds[loop->nr - 1].fd, SOL_SOCKET,
				    SO_SNDBUF, &size, sizeof(size)),
			 0);
	return fd;
}

/* Take a line from @fd, a little at a time; how often it had to be asked. */
static unsigned take_line(int fd, FILE *out)
{
	unsigned turns = 0;
	char c[1000], *end;
	ssize_t n;

	do {
		n = recv(fd, c, sizeof(c), MSG_PEEK | MSG_DONTWAIT);
		assert_true(n > 0);
		end = memchr(c, '\n', (size_t)n);
		if (end)
			n = end + 1 - c;
		assert_int_equal(recv(fd, c, (size_t)n, MSG_DONTWAIT), n);
		assert_int_equal(fwrite(c, 1, (size_t)n, out), n);
		turns++;
		turn();
	} while (!end);
	return turns;
}

static void large_replies_come_as_they_are_taken(void **state)
{
	int fd;

	(void)state;
	grow();
	serve();
	fd = dial_narrow();
	for (int i = 0; i < 5; i++)
		say(fd, "stat\n");
	for (int i = 0; i < 5; i++) {
		unsigned vcpus = 0;
		char *line;
		size_t size;
		FILE *out = open_memstream(&line, &size);

		assert_true(take_line(fd, out) > 20);
		fclose(out);
		for (char *at = line; (at = strstr(at, "{\"id\":")); at++)
			vcpus++;
		assert_int_equal(vcpus, 512);
		assert_memory_equal(line, VERSION_1 "\"name\"", 19);
		assert_string_equal(line + size - 4, "}]}\n");
		free(line);
	}
	assert_string_equal(heard(fd), "");
	close(fd);
	turn();
}

static void who_does_not_read_its_reply_holds_up_nobody(void **state)
{
	int slow[CTL_CLIENTS];

	(void)state;
	grow();
	serve();
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
		slow[i] = dial_narrow();
		say(slow[i], "stat\n"); /* ends: nobody waits for it */
	}
	assert_serves();
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
		close(slow[i]);
	turn();
	assert_int_equal(vm_loop(vm)->nr, 1);
}

static void reply_that_is_broken_off_has_no_other_words_in_it(void **state)
{
	int slow, others[CTL_CLIENTS];
	const char *text;

	(void)state;
	grow();
	serve();
	slow = dial_narrow();
	say(slow, "stat\n");
	for (size_t i = 0; i < ARRAY_SIZE(others) - 1; i++) {
		others[i] = dial();
		turn();
	}
	assert_heard(slow, VERSION_1 "\"name\""); /* there is room again */
	others[CTL_CLIENTS - 1] = dial();
	turn();
	while ((text = heard(slow)))
		assert_null(strstr(text, "error"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		close(others[i]);
	close(slow);
	turn();
}

static void who_does_not_read_is_not_listened_to_either(void **state)
{
	unsigned n = 0;
	int fd;

	(void)state;
	serve();
	fd = dial();
	while (n < 1000000 && send(fd, "stat\n", 5, MSG_DONTWAIT) == 5) {
		if (n++ % 100 == 0)
			turn();
	}
	assert_true(n < 1000000);
	assert_serves();
	close(fd);
	turn();
}

static void one_with_many_lines_takes_turns_with_others(void **state)
{
	unsigned answers = 0;
	int busy, other;

	(void)state;
	serve();
	busy = dial();
	other = dial();
	turn();
	for (int i = 0; i < 100; i++)
		assert_int_equal(send(busy, "version\n", 8, 0), 8);
	assert_int_equal(send(other, "version\n", 8, 0), 8);
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(vm_loop(vm), 1), 0);
	assert_heard(other, VERSION_1 "\"program\"");
	for (const char *c = heard(busy); *c; c++)
		answers += *c == '\n';
	assert_int_equal(answers, 3);
	turn();
	close(busy);
	close(other);
	turn();
}

/* -- when descriptors are rare -- */

/* From now on there are none but those that we hold now. */
static struct rlimit no_more_descriptors(void)
{
	struct rlimit old, now;
	int fd = dup(0);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	close(fd);
	now = old;
	now.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	return old;
}

static void client_is_served_when_there_is_no_descriptor_left(void **state)
{
	struct rlimit old;
	int a, b;

	(void)state;
	serve();
	a = dial();
	b = dial();
	old = no_more_descriptors();
	say(a, "version\n"); /* by the spare one */
	assert_heard(a, VERSION_1 "\"error\":\"too many clients");
	say(b, "version\n"); /* by that of the one before */
	assert_heard(b, VERSION_1 "\"program\"");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(a);
	close(b);
	turn();
	assert_serves();
}

static void spare_descriptor_is_there_again_for_the_next(void **state)
{
	struct rlimit old;
	int fds[3];

	(void)state;
	serve();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	old = no_more_descriptors();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		assert_int_equal(connect(fds[i], (void *)&addr, sizeof(addr)),
				 0);
		say(fds[i], "version\n");
		assert_heard(fds[i], VERSION_1 "\"program\"");
		shutdown(fds[i], SHUT_RDWR);
		turn();
		assert_int_equal(dup(0), -1); /* nobody else can take it */
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	assert_serves();
}

/* -- the socket -- */

static void socket_is_its_owners_alone(void **state)
{
	mode_t mask = umask(0);
	struct stat st;

	(void)state;
	serve();
	umask(mask);
	assert_int_equal(stat(addr.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	*strrchr(addr.sun_path, '/') = '\0';
	assert_int_equal(stat(addr.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	addr.sun_path[strlen(addr.sun_path)] = '/';
}

static void name_in_use_is_refused_and_the_other_goes_on(void **state)
{
	struct ctl_server *second = NULL;

	(void)state;
	serve();
	assert_int_equal(serve_at(&second), -EADDRINUSE);
	assert_null(second);
	assert_has_words("runs already; choose another");
	turn();
	assert_serves();
}

static void socket_of_a_killed_vmm_is_replaced(void **state)
{
	int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(dead, (void *)&addr, sizeof(addr)), 0);
	close(dead);
	serve();
	assert_serves();
}

static void client_sees_the_end_of_the_machine(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = dial();
	turn();
	ctl_server_free(server);
	server = NULL;
	assert_null(heard(fd));
	close(fd);
}

/* Each descriptor in turn is one too many. */
static void every_failure_is_undone(void **state)
{
	(void)state;
	for (unsigned n = 0;; n++) {
		struct rlimit old, now;
		int rc, fd = dup(0);

		close(fd);
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
		now = old;
		now.rlim_cur = (rlim_t)fd + n;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
		rc = serve_at(&server);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		if (rc == 0) {
			assert_true(n >= 3);
			break;
		}
		assert_int_equal(rc, -EMFILE);
		assert_has_words("Too many open files");
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
		T(line_is_answered_by_a_line_and_so_is_the_next),
		T(words_act_on_the_machine),
		T(words_may_come_in_pieces_and_several_at_once),
		T(who_says_no_more_gets_all_answers_and_the_end),
		T(half_a_line_is_told_and_hung_up_on),
		T(megabytes_without_a_newline_are_told_and_hung_up_on),
		T(who_says_too_much_can_say_it_all),
		T(garbage_is_told_and_hung_up_on),
		T(who_hangs_up_at_any_moment_is_forgotten),
		T(two_hundred_that_hang_leave_room_for_one_that_asks),
		T(who_asked_of_late_keeps_its_place),
		T(large_replies_come_as_they_are_taken),
		T(who_does_not_read_its_reply_holds_up_nobody),
		T(reply_that_is_broken_off_has_no_other_words_in_it),
		T(who_does_not_read_is_not_listened_to_either),
		T(one_with_many_lines_takes_turns_with_others),
		T(client_is_served_when_there_is_no_descriptor_left),
		T(spare_descriptor_is_there_again_for_the_next),
		T(socket_is_its_owners_alone),
		T(name_in_use_is_refused_and_the_other_goes_on),
		T(socket_of_a_killed_vmm_is_replaced),
		T(client_sees_the_end_of_the_machine),
		T(every_failure_is_undone),
	};

	return cmocka_run_group_tests_name("server", tests, home, gone);
}
