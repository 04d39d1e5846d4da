/* SPDX-License-Identifier: BSD-2-Clause */
#include "mach/irq.h"

#include "kvm/vm.h"
#include "util/err.h"
#include "util/log.h"

void irq_init(struct irq_line *irq, int vm_fd, unsigned spi)
{
	*irq = (struct irq_line){ .vm_fd = vm_fd, .spi = spi };
}

void irq_set(struct irq_line *irq, bool level)
{
	if (irq->level == level)
		return;
	irq->level = level;
	if (kvm_spi_set(irq->vm_fd, irq->spi, level) < 0)
		log_warn("%s", err_text());
}
