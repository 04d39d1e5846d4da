/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/rivals.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "util/err.h"
#include "vm/vm.h"

/* An endless loop needs no more. */
enum { STACK_SIZE = 128 * 1024 };

static void *spin(void *arg)
{
	struct rival *rival = arg;

	prctl(PR_SET_NAME, "rival");
	while (!atomic_load_explicit(&rival->stop, memory_order_relaxed))
		;
	return NULL;
}

int rivals_init(struct rivals *r, const struct vm *vm)
{
	*r = (struct rivals){ .vm = vm };
	if (sched_getaffinity(0, sizeof(r->allowed), &r->allowed) < 0)
		return err_set(errno, "CPUs of this process");
	r->nr_allowed = CPU_COUNT(&r->allowed);
	r->of = calloc(vm_nr_cpus(vm), sizeof(*r->of));
	return r->of ? 0 : err_set(ENOMEM, "rivals");
}

/* The @n-th CPU that we may use. */
static void choose(const struct rivals *r, int n, cpu_set_t *ret)
{
	int cpu = -1;

	CPU_ZERO(ret);
	while (n >= 0)
		n -= CPU_ISSET(++cpu, &r->allowed) != 0;
	CPU_SET(cpu, ret);
}

static int start(struct rival *rival, const cpu_set_t *where)
{
	pthread_attr_t attr;
	int rc;

	atomic_store(&rival->stop, false);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setaffinity_np(&attr, sizeof(*where), where);
	rc = pthread_create(&rival->id, &attr, spin, rival);
	pthread_attr_destroy(&attr);
	return rc ? err_set(rc, "thread") : 0;
}

int rivals_start(struct rivals *r, unsigned index)
{
	struct rival *rival = &r->of[index];
	struct vm_steal vcpu;
	cpu_set_t where;
	int rc;

	if (rival->runs)
		return 0;
	choose(r, (int)(index % (unsigned)r->nr_allowed), &where);
	rc = vm_steal(r->vm, index, &vcpu);
	if (rc < 0)
		return rc;
	if (sched_setaffinity(vcpu.tid, sizeof(where), &where) < 0)
		return err_set(errno, "vCPU %u: stay on one CPU", index);
	rc = start(rival, &where);
	if (rc < 0)
		sched_setaffinity(vcpu.tid, sizeof(r->allowed), &r->allowed);
	rival->runs = rc == 0;
	return err_in(rc, "rival of vCPU %u", index);
}

void rivals_stop(struct rivals *r, unsigned index)
{
	struct rival *rival = &r->of[index];
	struct vm_steal vcpu;

	if (!rival->runs)
		return;
	atomic_store(&rival->stop, true);
	pthread_join(rival->id, NULL);
	rival->runs = false;
	/* A vCPU whose thread has ended needs no CPU any more. */
	if (vm_steal(r->vm, index, &vcpu) == 0)
		sched_setaffinity(vcpu.tid, sizeof(r->allowed), &r->allowed);
}

void rivals_fini(struct rivals *r)
{
	if (!r->of)
		return;
	for (unsigned i = 0; i < vm_nr_cpus(r->vm); i++)
		rivals_stop(r, i);
	free(r->of);
	r->of = NULL;
}
