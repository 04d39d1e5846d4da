/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "dev/device.h"
#include "dev/uart.h"
#include "fake_kvm.h"
#include "mach/bus.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/loop.h"
#include "util/util.h"
#include "vm/console.h"

enum { FIFO = 32, LIMIT = CONSOLE_RING - CONSOLE_SLACK };

static struct left before;
static struct console c;
static struct device uart;
static struct bus bus;
static struct loop loop;
static int vm_fd, in[2], out[2]; /* [0] is the reader's end */

static unsigned nr_wakes, nr_bytes, nr_ends;
static int broken_by;

static void on_wake(void *ctx)
{
	assert_ptr_equal(ctx, &loop);
	nr_wakes++;
}

static void on_sent(void *ctx, enum console_line line, const uint8_t *buf,
		    size_t len)
{
	(void)ctx;
	(void)line;
	(void)buf;
	nr_bytes += (unsigned)len;
}

static void on_end(void *ctx)
{
	(void)ctx;
	nr_ends++;
}

static void on_broken(void *ctx, int err)
{
	(void)ctx;
	broken_by = err;
}

static const struct console_events events = {
	.wake = on_wake,
	.sent = on_sent,
	.end = on_end,
	.broken = on_broken,
};

static int set_up(void **state)
{
	const struct device_host host = { .console = &c.port };

	(void)state;
	alarm(60); /* whatever hangs */
	fake_kvm_reset();
	before = left_now();
	vm_fd = fake_kvm_fd(FAKE_VM, 0);
	nr_wakes = nr_bytes = nr_ends = 0;
	broken_by = 0;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	stdio_take(in[0], out[1]);
	in[0] = out[1] = -1;
	loop_init(&loop);
	bus_init(&bus);
	console_init(&c, &events, &loop, STDOUT_FILENO);
	assert_int_equal(device_init(&uart, &uart_class, LAYOUT_UART, SPI_UART,
				     &host, &bus),
			 0);
	uart.irq.vm_fd = vm_fd;
	/* The FIFO on, as every guest has it. */
	bus_write(&bus, LAYOUT_UART + 0x2c, 4, 0x70);
	console_start(&c, &uart, NULL, &loop, true);
	nr_wakes = 0;
	return 0;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int tear_down(void **state)
{
	(void)state;
	console_stop(&c);
	device_fini(&uart);
	console_fini(&c);
	stdio_give_back();
	close_end(&in[1]);
	close_end(&out[0]);
	close(vm_fd);
	assert_nothing_left(before);
	return 0;
}

static void put(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		c.port.put(&c.port, (uint8_t)('a' + nr_bytes % 26));
}

/* As main does: until nothing happens any more. */
static void turn(void)
{
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(loop_turn(&loop, 1), 0);
	console_serve(&c);
}

static void bytes_wait_for_main_and_wake_it_once(void **state)
{
	char got[8];

	(void)state;
	put(3);
	assert_int_equal(nr_wakes, 1);
	assert_int_equal(nr_bytes, 3);
	console_serve(&c);
	assert_int_equal(read(out[0], got, sizeof(got)), 3);
	assert_memory_equal(got, "abc", 3);
	put(1);
	assert_int_equal(nr_wakes, 2);
}

/* Read @n bytes, which continue the alphabet from the @from-th on. */
static void expect_bytes(unsigned from, unsigned n)
{
	static uint8_t got[65536];

	for (unsigned len = 0; len < n;) {
		ssize_t k = read(out[0], got + len, n - len);

		assert_true(k > 0);
		len += (unsigned)k;
	}
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(got[i], 'a' + (from + i) % 26);
}

static void reader_who_sleeps_gets_all_of_it_later(void **state)
{
	unsigned sent = 0, got = 0;

	(void)state;
	fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 4096);
	while (!console_is_full(&c)) {
		put(64);
		sent += 64;
		console_serve(&c);
	}
	assert_true(sent >= LIMIT);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; i < 10000 && got < sent; i++) {
		char piece[4096];
		ssize_t n = read(out[0], piece, sizeof(piece));

		for (ssize_t k = 0; k < n; k++)
			assert_int_equal(piece[k], 'a' + got++ % 26);
		turn();
	}
	assert_int_equal(got, sent);
}

static atomic_int waited;

static void *vcpu(void *arg)
{
	(void)arg;
	console_wait(&c);
	atomic_store(&waited, 1);
	return NULL;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static pthread_t vcpu_that_waits(void)
{
	pthread_t id;

	atomic_store(&waited, 0);
	put(CONSOLE_RING - 1);
	assert_true(console_is_full(&c));
	assert_int_equal(pthread_create(&id, NULL, vcpu, NULL), 0);
	nap();
	assert_int_equal(atomic_load(&waited), 0);
	return id;
}

static void vcpu_waits_while_the_ring_is_full_and_goes_on_after(void **state)
{
	pthread_t id = vcpu_that_waits();

	(void)state;
	console_serve(&c);
	assert_int_equal(pthread_join(id, NULL), 0);
	assert_false(console_is_full(&c));
	expect_bytes(0, CONSOLE_RING - 1);
}

static void vcpus_that_are_wanted_elsewhere_do_not_wait(void **state)
{
	pthread_t id = vcpu_that_waits();

	(void)state;
	console_release(&c);
	assert_int_equal(pthread_join(id, NULL), 0);
	console_wait(&c); /* nor does one that comes later */
}

/* They wait by what the ring holds, whatever others make of the flag. */
static void vcpu_that_comes_after_another_has_left_is_woken_too(void **state)
{
	pthread_t id = vcpu_that_waits();

	(void)state;
	console_release(&c);
	assert_int_equal(pthread_join(id, NULL), 0);
	console_hold(&c);
	atomic_store(&waited, 0);
	assert_int_equal(pthread_create(&id, NULL, vcpu, NULL), 0);
	nap();
	assert_int_equal(atomic_load(&waited), 0);
	console_serve(&c);
	assert_int_equal(pthread_join(id, NULL), 0);
}

static void what_is_left_comes_out_at_the_end(void **state)
{
	(void)state;
	put(100);
	console_stop(&c);
	expect_bytes(0, 100);
}

static void reader_who_went_away_is_told_once_and_holds_nobody(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close_end(&out[0]);
	put(10);
	console_serve(&c);
	assert_int_equal(broken_by, EPIPE);
	broken_by = 0;
	for (unsigned i = 0; i < 10; i++) {
		put(CONSOLE_RING - 1);
		console_serve(&c);
		console_wait(&c);
	}
	assert_int_equal(broken_by, 0);
	assert_false(console_is_full(&c));
	signal(SIGPIPE, SIG_DFL);
}

static unsigned guest_reads(uint8_t *to)
{
	unsigned n = 0;

	while (!(bus_read(&bus, LAYOUT_UART + 0x18, 4) & 0x10))
		to[n++] = (uint8_t)bus_read(&bus, LAYOUT_UART, 4);
	return n;
}

static void input_arrives_whole_in_pieces_that_fit_the_fifo(void **state)
{
	uint8_t sent[500], got[500 + FIFO];
	unsigned len = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i % 251); /* Ctrl-a is among them */
	assert_int_equal(write(in[1], sent, sizeof(sent)), sizeof(sent));
	for (unsigned i = 0; i < 100 && len < sizeof(sent); i++) {
		unsigned n;

		turn();
		n = guest_reads(got + len);
		assert_true(n <= FIFO);
		len += n;
	}
	assert_int_equal(len, sizeof(sent));
	assert_memory_equal(got, sent, sizeof(sent));
	assert_int_equal(nr_ends, 0);
}

static void input_goes_on_before_the_guest_reads_what_came_first(void **state)
{
	uint8_t got[FIFO];

	(void)state;
	for (const char *key = "keys"; *key; key++) {
		assert_int_equal(write(in[1], key, 1), 1);
		turn();
	}
	assert_int_equal(guest_reads(got), 4);
	assert_memory_equal(got, "keys", 4);
}

static void input_stays_with_its_writer_until_the_guest_reads(void **state)
{
	uint8_t block[4096] = { 0 };
	unsigned sent = 0;

	(void)state;
	fcntl(in[1], F_SETPIPE_SZ, 4096);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; i < 10; i++) {
		ssize_t n = write(in[1], block, sizeof(block));

		sent += n > 0 ? (unsigned)n : 0;
		turn();
	}
	/* The pipe, what was read at once, and the FIFO. */
	assert_true(sent <= 2 * 4096 + sizeof(c.in) + FIFO);
}

static void end_of_input_is_no_end_of_the_guest(void **state)
{
	uint8_t got[FIFO];

	(void)state;
	assert_int_equal(write(in[1], "bye", 3), 3);
	close_end(&in[1]);
	turn();
	assert_int_equal(guest_reads(got), 3);
	turn();
	assert_int_equal(nr_ends, 0);
	assert_int_equal(loop.nr, 0); /* nothing is polled for ever */
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bytes_wait_for_main_and_wake_it_once),
		T(reader_who_sleeps_gets_all_of_it_later),
		T(vcpu_waits_while_the_ring_is_full_and_goes_on_after),
		T(vcpus_that_are_wanted_elsewhere_do_not_wait),
		T(vcpu_that_comes_after_another_has_left_is_woken_too),
		T(what_is_left_comes_out_at_the_end),
		T(reader_who_went_away_is_told_once_and_holds_nobody),
		T(input_arrives_whole_in_pieces_that_fit_the_fifo),
		T(input_goes_on_before_the_guest_reads_what_came_first),
		T(input_stays_with_its_writer_until_the_guest_reads),
		T(end_of_input_is_no_end_of_the_guest),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
