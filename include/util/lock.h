/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - a mutex that costs a few instructions where nobody else wants it.
 *
 * Each access of a guest to a device takes one.  The C library's would be a
 * hundred instructions of the two hundred that we spend on such an access, and
 * the measure of that (make bench) leaves no room for them.  A zeroed lock is
 * free; a thread that must wait sleeps.
 *
 * Errors:  none.
 * Threads: any.
 */
#ifndef UTIL_LOCK_H
#define UTIL_LOCK_H

#include <stdatomic.h>

struct lock {
	atomic_int state; /* 0 free, 1 taken, 2 taken and somebody waits */
};

/* The slow halves of the two below. */
void lock_wait(struct lock *lock);
void lock_wake(struct lock *lock);

static inline void lock_take(struct lock *lock)
{
	int is = 0;

	if (!atomic_compare_exchange_strong_explicit(&lock->state, &is, 1,
						     memory_order_acquire,
						     memory_order_relaxed))
		lock_wait(lock);
}

static inline void lock_give(struct lock *lock)
{
	if (atomic_exchange_explicit(&lock->state, 0, memory_order_release) !=
	    1)
		lock_wake(lock);
}

#endif
