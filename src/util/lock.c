/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/lock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void lock_wait(struct lock *lock)
{
	/*
	 * Whoever comes here takes the lock as 2, even if nobody else waits: one
	 * needless wake-up later is cheaper than counting waiters.
	 */
	while (atomic_exchange_explicit(&lock->state, 2,
					memory_order_acquire) != 0)
		syscall(SYS_futex, &lock->state, FUTEX_WAIT_PRIVATE, 2, NULL);
}

void lock_wake(struct lock *lock)
{
	syscall(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, 1);
}
