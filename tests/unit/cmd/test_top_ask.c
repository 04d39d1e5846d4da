/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_top_ask.c - the test is each of the guests' VMMs, behind their sockets,
 * in a folder of its own: root's, /run, is everybody's.
 */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/top_ask.h"
#include "ctl/path.h"
#include "guests.h"
#include "util/err.h"
#include "util/util.h"

enum { VMMS = 3, NOBODY = 65534 };

static struct top_book book;
static struct top_asker asker;
static struct left before;
static char runtime_dir[] = "/tmp/test_top_ask.XXXXXX";
static uint64_t now_ns;

static struct vmm {
	char name[32];
	struct sockaddr_un addr;
	int door, client; /* -1: none */
} vmms[VMMS];

/* -- VMMs -- */

static void start(struct vmm *v)
{
	assert_int_equal(ctl_path(v->name, true, &v->addr), 0);
	v->door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(v->door, (void *)&v->addr, sizeof(v->addr)), 0);
	assert_int_equal(listen(v->door, 5), 0);
}

static void let_in(struct vmm *v)
{
	v->client = accept4(v->door, NULL, NULL, SOCK_CLOEXEC);
	assert_true(v->client >= 0);
}

static void turn_out(struct vmm *v)
{
	if (v->client >= 0)
		close(v->client);
	v->client = -1;
}

/* As one that is killed: its socket stays behind. */
static void die(struct vmm *v)
{
	turn_out(v);
	if (v->door >= 0)
		close(v->door);
	v->door = -1;
}

static void stop(struct vmm *v)
{
	die(v);
	unlink(v->addr.sun_path);
}

static bool is_asked(struct vmm *v)
{
	char words[64];
	ssize_t n = recv(v->client, words, sizeof(words), MSG_DONTWAIT);

	assert_true(n <= 0 || (n == 5 && memcmp(words, "stat\n", 5) == 0));
	return n == 5;
}

static void say(struct vmm *v, const char *words)
{
	assert_int_equal(send(v->client, words, strlen(words), MSG_NOSIGNAL),
			 strlen(words));
}

static void answer(struct vmm *v, unsigned uptime_s)
{
	struct ctl_stat s = idle_guest(getpid(), 2, uptime_s);
	FILE *out = fdopen(dup(v->client), "w");

	assert_non_null(out);
	strcpy(s.name, v->name);
	ctl_stat_write(out, &s);
	fputc('\n', out);
	assert_int_equal(fclose(out), 0);
	ctl_stat_fini(&s);
}

/* -- the asker -- */

static void round_begins(void)
{
	now_ns += SECOND_NS;
	assert_int_equal(top_ask_all(&asker, now_ns), 0);
}

/* Hear all that has been said. */
static int hear(void)
{
	struct pollfd *fds;
	unsigned nr;
	int heard;

	assert_int_equal(top_ask_watch(&asker, &fds, &nr), 0);
	assert_int_equal(nr, book.nr + 1);
	fds[0] = (struct pollfd){ .fd = -1 };
	poll(fds, nr, 0);
	heard = top_ask_hear(&asker, now_ns);
	assert_true(heard >= 0);
	return heard;
}

static struct top_guest *guest(unsigned i)
{
	return top_find(&book, vmms[i].name);
}

static enum top_state state_of(unsigned i)
{
	assert_non_null(guest(i));
	return guest(i)->state;
}

static void ask_for(unsigned nr)
{
	char *names[VMMS];

	for (unsigned i = 0; i < nr; i++)
		names[i] = vmms[i].name;
	assert_int_equal(top_ask_init(&asker, &book, names, nr), 0);
}

static int set_up(void **state)
{
	(void)state;
	before = left_now();
	now_ns = 1000 * SECOND_NS;
	for (int i = 0; i < VMMS; i++) {
		vmms[i] = (struct vmm){ .door = -1, .client = -1 };
		snprintf(vmms[i].name, sizeof(vmms[i].name), "unit-top-%d-%d",
			 (int)getpid(), i);
		start(&vmms[i]);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < VMMS; i++)
		stop(&vmms[i]);
	top_ask_fini(&asker);
	top_ask_fini(&asker);
	top_fini(&book);
	assert_nothing_left(before);
	return 0;
}

static void all_are_asked_at_once_over_lasting_connections(void **state)
{
	(void)state;
	ask_for(VMMS);
	for (unsigned t = 10; t < 13; t++) {
		round_begins();
		for (unsigned i = 0; i < VMMS; i++) {
			if (t == 10)
				let_in(&vmms[i]);
			assert_true(is_asked(&vmms[i]));
		}
		assert_int_equal(hear(), 0);
		assert_int_equal(top_ask_due(&asker, now_ns),
				 now_ns + TOP_PATIENCE_NS);
		for (unsigned i = 0; i < VMMS; i++)
			answer(&vmms[i], t);
		assert_int_equal(hear(), VMMS);
		assert_int_equal(top_ask_due(&asker, now_ns), 0);
		for (unsigned i = 0; i < VMMS; i++) {
			assert_int_equal(state_of(i), TOP_HERE);
			assert_int_equal(guest(i)->stat.uptime_ns,
					 t * SECOND_NS);
		}
	}
}

static void one_that_is_silent_holds_nobody_up(void **state)
{
	(void)state;
	ask_for(2);
	round_begins();
	let_in(&vmms[0]);
	let_in(&vmms[1]);
	assert_true(is_asked(&vmms[0]) && is_asked(&vmms[1]));
	answer(&vmms[1], 10);
	assert_int_equal(hear(), 1);
	assert_int_equal(state_of(1), TOP_HERE);
	assert_int_equal(state_of(0), TOP_NEW);
	/* It has a second. */
	assert_int_equal(top_ask_due(&asker, now_ns + TOP_PATIENCE_NS - 1),
			 now_ns + TOP_PATIENCE_NS);
	assert_int_equal(top_ask_due(&asker, now_ns + TOP_PATIENCE_NS), 0);
	assert_int_equal(state_of(0), TOP_SILENT);
	/* It is asked no more before it has answered, nor waited for. */
	round_begins();
	assert_false(is_asked(&vmms[0]));
	assert_true(is_asked(&vmms[1]));
	answer(&vmms[1], 11);
	hear();
	assert_int_equal(top_ask_due(&asker, now_ns), 0);
	answer(&vmms[0], 10);
	assert_int_equal(hear(), 1);
	assert_int_equal(state_of(0), TOP_HERE);
	round_begins();
	assert_true(is_asked(&vmms[0]));
}

static void an_answer_may_come_in_pieces(void **state)
{
	(void)state;
	ask_for(1);
	round_begins();
	let_in(&vmms[0]);
	assert_true(is_asked(&vmms[0]));
	say(&vmms[0], "{\"version\":1,");
	assert_int_equal(hear(), 0);
	say(&vmms[0], "\"error\":\"no\"}");
	assert_int_equal(hear(), 0);
	say(&vmms[0], "\n");
	assert_int_equal(hear(), 1);
	assert_int_equal(state_of(0), TOP_WRONG);
	/* It may do better next time. */
	round_begins();
	assert_true(is_asked(&vmms[0]));
	answer(&vmms[0], 1);
	hear();
	assert_int_equal(state_of(0), TOP_HERE);
}

static void who_talks_nonsense_is_hung_up_on(void **state)
{
	static char flood[CTL_REPLY_MAX + 1];
	size_t sent = 0;

	(void)state;
	ask_for(2);
	round_begins();
	let_in(&vmms[0]);
	let_in(&vmms[1]);
	/* Twice as many answers as questions; and one without an end. */
	answer(&vmms[0], 1);
	hear();
	answer(&vmms[0], 1);
	memset(flood, 'x', sizeof(flood));
	while (state_of(1) != TOP_WRONG && sent < sizeof(flood)) {
		ssize_t n = send(vmms[1].client, flood, sizeof(flood) - sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		hear();
	}
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(state_of(i), TOP_WRONG);
		assert_int_equal(guest(i)->client.fd, -1);
		turn_out(&vmms[i]);
	}
	round_begins();
	let_in(&vmms[0]);
	assert_true(is_asked(&vmms[0]));
}

static void a_guest_that_ends_and_comes_back_is_found_again(void **state)
{
	(void)state;
	ask_for(1);
	round_begins();
	let_in(&vmms[0]);
	answer(&vmms[0], 10);
	hear();
	stop(&vmms[0]);
	assert_int_equal(hear(), 1);
	assert_int_equal(state_of(0), TOP_ABSENT);
	round_begins();
	assert_int_equal(top_ask_due(&asker, now_ns), 0);
	assert_int_equal(state_of(0), TOP_ABSENT);
	start(&vmms[0]);
	round_begins();
	let_in(&vmms[0]);
	assert_true(is_asked(&vmms[0]));
	answer(&vmms[0], 1);
	hear();
	assert_int_equal(state_of(0), TOP_HERE);
}

static void one_that_turns_us_out_is_silent_and_asked_again(void **state)
{
	(void)state;
	ask_for(1);
	round_begins();
	let_in(&vmms[0]);
	turn_out(&vmms[0]);
	assert_int_equal(hear(), 1);
	assert_int_equal(state_of(0), TOP_SILENT);
	assert_int_equal(hear(), 0);
	let_in(&vmms[0]); /* whether it is there was looked after */
	turn_out(&vmms[0]);
	round_begins();
	let_in(&vmms[0]);
	assert_true(is_asked(&vmms[0]));
}

static void a_crowd_at_the_door_is_avoided_for_a_while(void **state)
{
	int crowd[6], nr = 0;

	(void)state;
	close(vmms[0].door);
	unlink(vmms[0].addr.sun_path);
	start(&vmms[0]);
	assert_int_equal(listen(vmms[0].door, 0), 0);
	for (; nr < 6; nr++) {
		crowd[nr] = socket(
			AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(crowd[nr], (void *)&vmms[0].addr,
			    sizeof(vmms[0].addr)) < 0)
			break;
	}
	assert_in_range(nr, 1, 5);
	ask_for(1);
	round_begins();
	assert_int_equal(state_of(0), TOP_SILENT);
	for (int i = 0; i <= nr; i++)
		close(crowd[i]);
	for (int i = 0; i < nr; i++)
		close(accept4(vmms[0].door, NULL, NULL, SOCK_CLOEXEC));
	round_begins();
	assert_int_equal(guest(0)->client.fd, -1);
	now_ns += 10 * SECOND_NS;
	round_begins();
	let_in(&vmms[0]);
	assert_true(is_asked(&vmms[0]));
}

static void without_names_it_is_all_guests_as_they_come_and_go(void **state)
{
	(void)state;
	stop(&vmms[2]);
	assert_int_equal(top_ask_init(&asker, &book, NULL, 0), 0);
	round_begins();
	assert_non_null(guest(0));
	assert_non_null(guest(1));
	assert_null(guest(2));
	start(&vmms[2]);
	stop(&vmms[0]);
	round_begins();
	assert_null(guest(0));
	assert_non_null(guest(2));
	/* One that is killed leaves its socket behind. */
	die(&vmms[1]);
	hear();
	round_begins();
	assert_null(guest(1));
	assert_int_equal(access(vmms[1].addr.sun_path, F_OK), -1);
}

/* Long after its last change the folder is not read again without need. */
static void a_folder_that_did_not_change_is_not_read(void **state)
{
	struct sockaddr_un addr = vmms[0].addr;
	struct timespec past[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	(void)state;
	*strrchr(addr.sun_path, '/') = '\0';
	assert_int_equal(utimensat(AT_FDCWD, addr.sun_path, past, 0), 0);
	assert_int_equal(top_ask_init(&asker, &book, NULL, 0), 0);
	round_begins();
	assert_true(asker.sure);
	while (book.nr > 0)
		top_remove(&book, 0);
	round_begins();
	assert_int_equal(book.nr, 0);
	assert_int_equal(utimensat(AT_FDCWD, addr.sun_path, NULL, 0), 0);
	round_begins();
	assert_int_equal(book.nr, VMMS);
	assert_false(asker.sure);
}

static void the_same_name_twice_is_one_guest(void **state)
{
	char *names[] = { vmms[0].name, vmms[0].name };

	(void)state;
	assert_int_equal(top_ask_init(&asker, &book, names, 2), 0);
	assert_int_equal(book.nr, 1);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_are_asked_at_once_over_lasting_connections),
		CASE(one_that_is_silent_holds_nobody_up),
		CASE(an_answer_may_come_in_pieces),
		CASE(who_talks_nonsense_is_hung_up_on),
		CASE(a_guest_that_ends_and_comes_back_is_found_again),
		CASE(one_that_turns_us_out_is_silent_and_asked_again),
		CASE(a_crowd_at_the_door_is_avoided_for_a_while),
		CASE(without_names_it_is_all_guests_as_they_come_and_go),
		CASE(a_folder_that_did_not_change_is_not_read),
		CASE(the_same_name_twice_is_one_guest),
	};
	bool root = geteuid() == 0;
	int rc;

	if (!mkdtemp(runtime_dir) ||
	    setenv("XDG_RUNTIME_DIR", runtime_dir, 1) < 0)
		return 1;
	if (root && (chown(runtime_dir, NOBODY, NOBODY) < 0 ||
		     seteuid(NOBODY) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0))
		return 1; /* dumpable: to see our own /proc/self/fd */
	rc = cmocka_run_group_tests_name("top_ask", tests, NULL, NULL);
	if (root && seteuid(0) < 0)
		return 1;
	strcat(strcpy(vmms[0].addr.sun_path, runtime_dir), "/pvtime-vmm");
	rmdir(vmms[0].addr.sun_path);
	rmdir(runtime_dir);
	return rc;
}
