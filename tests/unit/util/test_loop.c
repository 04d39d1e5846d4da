/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/err.h"
#include "util/loop.h"

static struct loop loop;
static int a[2], b[2]; /* pipes; what is written to [1] makes [0] ready */
static unsigned nr_a, nr_b;
static short last;

static int set_up(void **state)
{
	(void)state;
	loop_init(&loop);
	nr_a = nr_b = 0;
	return pipe2(a, O_CLOEXEC) | pipe2(b, O_CLOEXEC);
}

static int tear_down(void **state)
{
	(void)state;
	return close(a[0]) | close(a[1]) | close(b[0]) | close(b[1]);
}

static void count(void *ctx, short revents)
{
	(*(unsigned *)ctx)++;
	last = revents;
}

static void ready(const int pipe[2])
{
	assert_int_equal(write(pipe[1], "x", 1), 1);
}

static void callback_is_called_for_its_own_descriptor(void **state)
{
	(void)state;
	assert_int_equal(loop_add(&loop, a[0], POLLIN, count, &nr_a), 0);
	assert_int_equal(loop_add(&loop, b[0], POLLIN, count, &nr_b), 0);
	ready(b);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_a, 0);
	assert_int_equal(nr_b, 1);
	assert_int_equal(last, POLLIN);
	ready(a);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_a, 1);
	assert_int_equal(nr_b, 2);
}

static void descriptor_that_is_taken_out_is_not_asked_any_more(void **state)
{
	(void)state;
	loop_add(&loop, a[0], POLLIN, count, &nr_a);
	loop_add(&loop, b[0], POLLIN, count, &nr_b);
	loop_del(&loop, a[0]);
	loop_del(&loop, a[0]); /* need not be there */
	ready(a);
	ready(b);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_a, 0);
	assert_int_equal(nr_b, 1);
}

static void drop_other(void *ctx, short revents)
{
	(void)revents;
	nr_a++;
	loop_del(&loop, *(int *)ctx);
}

/* Both are ready: the first to be called takes the other out. */
static void callback_may_take_out_another_that_is_ready(void **state)
{
	(void)state;
	loop_add(&loop, a[0], POLLIN, drop_other, &b[0]);
	loop_add(&loop, b[0], POLLIN, drop_other, &a[0]);
	ready(a);
	ready(b);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_a, 1);
	assert_int_equal(loop.nr, 1);
}

static void replace_self(void *ctx, short revents)
{
	(void)ctx;
	(void)revents;
	nr_a++;
	loop_del(&loop, a[0]);
	loop_add(&loop, b[0], POLLIN, count, &nr_b);
}

static void callback_may_take_itself_out_and_add_another(void **state)
{
	(void)state;
	loop_add(&loop, a[0], POLLIN, replace_self, NULL);
	ready(a);
	ready(b);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_b, 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_a, 1);
	assert_int_equal(nr_b, 1);
}

static void give_on(void *ctx, short revents)
{
	(void)ctx;
	(void)revents;
	loop_del(&loop, b[0]);
	loop_add(&loop, b[0], POLLIN, count, &nr_b);
}

/* What was ready was another's, closed and opened again meanwhile. */
static void
callback_is_not_called_for_whom_its_descriptor_had_before(void **state)
{
	unsigned nr_before = 0;

	(void)state;
	loop_add(&loop, a[0], POLLIN, give_on, NULL);
	loop_add(&loop, b[0], POLLIN, count, &nr_before);
	ready(a);
	ready(b);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_before, 0);
	assert_int_equal(nr_b, 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_before, 0);
	assert_int_equal(nr_b, 1);
}

static void writer_that_went_away_is_told(void **state)
{
	(void)state;
	loop_add(&loop, a[0], POLLIN, count, &nr_a);
	close(a[1]);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_a, 1);
	assert_true(last & POLLHUP);
	a[1] = dup(a[0]);
}

static void turn_ends_at_its_deadline(void **state)
{
	uint64_t start = clock_mono_ns();

	(void)state;
	loop_add(&loop, a[0], POLLIN, count, &nr_a);
	assert_int_equal(loop_turn(&loop, start + 20000000), 0);
	assert_true(clock_mono_ns() >= start + 20000000);
	assert_int_equal(loop_turn(&loop, 1), 0); /* long past */
	assert_int_equal(nr_a, 0);
}

static void woken(int sig)
{
	(void)sig;
}

static void signal_ends_a_turn_without_an_error(void **state)
{
	const struct sigaction sa = { .sa_handler = woken };

	(void)state;
	loop_add(&loop, a[0], POLLIN, count, &nr_a);
	sigaction(SIGALRM, &sa, NULL);
	ualarm(10000, 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(nr_a, 0);
}

static void full_loop_refuses_more(void **state)
{
	(void)state;
	for (int i = 0; i < LOOP_WATCHES_MAX; i++)
		assert_int_equal(
			loop_add(&loop, 1000 + i, POLLIN, count, &nr_a), 0);
	assert_int_equal(loop_add(&loop, a[0], POLLIN, count, &nr_a), -ENOSPC);
	assert_words("more than 32 descriptors to watch");
	loop_del(&loop, 1000);
	assert_int_equal(loop_add(&loop, a[0], POLLIN, count, &nr_a), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(callback_is_called_for_its_own_descriptor),
		T(descriptor_that_is_taken_out_is_not_asked_any_more),
		T(callback_may_take_out_another_that_is_ready),
		T(callback_may_take_itself_out_and_add_another),
		T(callback_is_not_called_for_whom_its_descriptor_had_before),
		T(writer_that_went_away_is_told),
		T(turn_ends_at_its_deadline),
		T(signal_ends_a_turn_without_an_error),
		T(full_loop_refuses_more),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
