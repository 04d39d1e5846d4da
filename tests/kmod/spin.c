/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * spin.c - a driver that takes a lock which it has, with interrupts off.
 *
 * For guests: whoever loads it loses the CPU for good.  The CPU is then found
 * in the kernel's own code, which has a name in System.map.
 */
#include <linux/module.h>
#include <linux/spinlock.h>

static DEFINE_RAW_SPINLOCK(lock);

static int spin_init(void)
{
	raw_spin_lock_irq(&lock);
	raw_spin_lock_irq(&lock);
	return 0;
}

static void spin_exit(void)
{
}

module_init(spin_init);
module_exit(spin_exit);
MODULE_DESCRIPTION("A deadlock, for tests");
MODULE_LICENSE("Dual BSD/GPL");
