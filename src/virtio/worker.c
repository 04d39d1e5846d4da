/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio/worker.h"

#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "util/err.h"

/* As much as a vCPU's thread has; the C library needs half of it. */
enum { STACK_SIZE = 256 * 1024 };

int worker_start(pthread_t *ret_thread, void *(*fn)(void *), void *arg)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int err;

	/* It inherits them blocked. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	err = pthread_create(ret_thread, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err ? err_set(err, "a thread for a device") : 0;
}

void worker_wake(int event_fd)
{
	uint64_t one = 1;

	/* Cannot fail: the counter is far from its end. */
	if (write(event_fd, &one, sizeof(one)) < 0)
		return;
}
