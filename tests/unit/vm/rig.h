/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.h - what tests of a running machine stand on: a kernel of no meaning, a
 * config for it, what vCPU 0 does, and a callback of main's loop that a vCPU's
 * step can call for.
 */
#ifndef RIG_H
#define RIG_H

#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "kvm/vm.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

#define OFF                                                            \
	{                                                              \
		.what = FAKE_EVENT, .value = KVM_SYSTEM_EVENT_SHUTDOWN \
	}
#define RESET                                                       \
	{                                                           \
		.what = FAKE_EVENT, .value = KVM_SYSTEM_EVENT_RESET \
	}
#define WAIT                      \
	{                         \
		.what = FAKE_WAIT \
	}
#define CALL(fn)                               \
	{                                      \
		.what = FAKE_CALL, .call = fn, \
	}

enum { RIG_SPI = 60, RIG_KERNEL = 70000, RIG_ENTRY = LAYOUT_RAM + 0x200000 };

static struct {
	struct left before;
	struct vm *vm;
	struct vm_config config;
	uint8_t kernel[RIG_KERNEL];
	char kernel_path[32];
	int kernel_fd;

	int main_fd; /* eventfd */
	void (*main)(void);
	pthread_mutex_t lock; /* for: */
	unsigned asked, done; /* calls of main, since the machine was made */
} rig;

static inline int rig_up(void **state)
{
	(void)state;
	alarm(60); /* whatever hangs */
	fake_kvm_reset();
	memset(rig.kernel, 0xd5, sizeof(rig.kernel));
	make_image(rig.kernel, sizeof(rig.kernel));
	rig.kernel_fd =
		scratch_file(rig.kernel, sizeof(rig.kernel), rig.kernel_path);
	rig.before = left_now();
	rig.config = (struct vm_config){ .kernel = rig.kernel_path,
					 .nr_cpus = 2,
					 .ram_size = 64 * MIB,
					 .pvtime = "auto" };
	rig.main_fd = -1;
	pthread_mutex_init(&rig.lock, NULL);
	rig.asked = rig.done = 0;
	err_say(1, "%s", "");
	return 0;
}

static inline void rig_free(void)
{
	if (rig.main_fd >= 0) {
		loop_del(vm_loop(rig.vm), rig.main_fd);
		close(rig.main_fd);
		rig.main_fd = -1;
	}
	vm_free(rig.vm);
	rig.vm = NULL;
	assert_int_equal(fake_kvm_live_fds(), 0);
	assert_int_equal(fake_kvm.live_runs, 0);
	assert_nothing_left(rig.before);
}

static inline int rig_down(void **state)
{
	(void)state;
	fault_arm(0, 0);
	stdio_give_back();
	rig_free();
	close(rig.kernel_fd);
	return 0;
}

static inline void rig_new(void)
{
	assert_int_equal(vm_new(&rig.config, &rig.vm), 0);
}

static inline void rig_called(void *ctx, short revents)
{
	uint64_t n;

	(void)ctx;
	(void)revents;
	assert_int_equal(read(rig.main_fd, &n, sizeof(n)), sizeof(n));
	rig.main();
	/* A vCPU that went on meanwhile may have asked again. */
	pthread_mutex_lock(&rig.lock);
	rig.done += (unsigned)n;
	kvm_spi_set(rig.vm->fd, RIG_SPI, rig.done == rig.asked);
	pthread_mutex_unlock(&rig.lock);
}

/*
 * A step: @fn given to rig_main_does() is called by main, soon.  With
 * UNTIL_CALLED as the next step the vCPU is in the guest meanwhile, and goes on
 * afterwards, whether it had to leave or not.
 */
static inline void rig_call_main(void)
{
	uint64_t one = 1;

	pthread_mutex_lock(&rig.lock);
	rig.asked++;
	kvm_spi_set(rig.vm->fd, RIG_SPI, false);
	pthread_mutex_unlock(&rig.lock);
	if (write(rig.main_fd, &one, sizeof(one)) < 0)
		abort();
}

#define UNTIL_CALLED                               \
	{                                          \
		.what = FAKE_IRQ, .value = RIG_SPI \
	}

static inline void rig_main_does(void (*fn)(void))
{
	rig.main = fn;
	rig.main_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(rig.main_fd >= 0);
	assert_int_equal(loop_add(vm_loop(rig.vm), rig.main_fd, POLLIN,
				  rig_called, NULL),
			 0);
}

/* vCPU 0 does @steps; rig_new() made the machine. */
static inline enum vm_end rig_run(struct fake_step *steps, size_t n)
{
	enum vm_end end;

	fake_kvm_script(0, steps, n);
	stdio_take(-1, -1);
	end = vm_run(rig.vm);
	stdio_give_back();
	return end;
}

#define RIG_RUN(steps) rig_run(steps, ARRAY_SIZE(steps))
#define RIG_TEST(fn)   cmocka_unit_test_setup_teardown(fn, rig_up, rig_down)

#endif
