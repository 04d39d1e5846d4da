/* SPDX-License-Identifier: BSD-2-Clause */
/* pin.c - vCPUs that stay on one CPU of the host each. */
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "util/err.h"
#include "vm/parts.h"
#include "vm/vm.h"

int pin_check(const struct vm *vm)
{
	const struct vm_config *config = vm->config;
	cpu_set_t may;
	long there;

	if (!config->pins)
		return 0;
	if (config->nr_pins < vm->nr_cpus)
		return err_say(
			EINVAL,
			"--pin: %u CPUs for %u vCPUs; name one for each, "
			"or give fewer vCPUs with -c",
			config->nr_pins, vm->nr_cpus);
	if (sched_getaffinity(0, sizeof(may), &may) < 0)
		return err_set(errno, "--pin: the CPUs we may use");
	there = sysconf(_SC_NPROCESSORS_CONF); /* which costs file accesses */
	for (unsigned i = 0; i < vm->nr_cpus; i++) {
		unsigned cpu = config->pins[i];

		if (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &may))
			continue;
		if (there > 0 && cpu >= (unsigned)there)
			return err_say(EINVAL,
				       "--pin: CPU %u is not there; this host "
				       "has CPUs 0 to %ld",
				       cpu, there - 1);
		return err_say(EPERM,
			       "--pin: CPU %u is offline or not allowed to us "
			       "(taskset, cgroup cpuset); name another",
			       cpu);
	}
	return 0;
}

int pin_self(const struct vm *vm, unsigned index)
{
	cpu_set_t one;

	if (!vm->config->pins)
		return 0;
	CPU_ZERO(&one);
	CPU_SET(vm->config->pins[index], &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		return err_set(errno, "vCPU %u: pin to CPU %u", index,
			       vm->config->pins[index]);
	return 0;
}
