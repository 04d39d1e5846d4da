/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * irq.h - a device's level-triggered interrupt line into the GIC.
 *
 * Errors:  none; a line that KVM does not take is logged, the device goes on.
 * Owns:    nothing.
 * Threads: whoever holds the device's lock.
 */
#ifndef MACH_IRQ_H
#define MACH_IRQ_H

#include <stdbool.h>

struct irq_line {
	int vm_fd;    /* borrowed */
	unsigned spi; /* 0 is INTID 32 */
	bool level;   /* as KVM has it */
};

/* The line is low to begin with. */
void irq_init(struct irq_line *irq, int vm_fd, unsigned spi);

/* Costs a system call only where @level changes. */
void irq_set(struct irq_line *irq, bool level);

#endif
