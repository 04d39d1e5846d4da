/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/recorder.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "cmd/csv.h"
#include "cmd/timeline.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/loop.h"
#include "vm/vm.h"

struct recorder {
	struct vm *vm;
	const char *path; /* borrowed */
	FILE *out;	  /* NULL: it could be written no more */
	int timer;
	uint64_t began_ns;
	struct timeline_row *row; /* room for one */
};

static void write_row(struct recorder *r)
{
	unsigned n = vm_nr_cpus(r->vm);

	if (!r->out)
		return;
	vm_count_pause(r->vm);
	r->row->t_ns = clock_mono_ns() - r->began_ns;
	memset(r->row->cpu, 0xff, n * sizeof(r->row->cpu[0]));
	for (unsigned i = 0; i < n; i++) {
		struct timeline_cpu *c = &r->row->cpu[i];
		uint64_t exits[VM_EXIT_KINDS];
		struct vm_steal s;

		if (vm_steal(r->vm, i, &s) < 0)
			continue;
		c->run_ns = s.times.run_ns;
		c->wait_ns = s.times.wait_ns + s.held_ns;
		c->record_ns = s.times.record_ns;
		vm_exits(r->vm, i, exits);
		c->exits = exits[0];
	}
	csv_row(r->out, r->row, n);
	/* Who reads along sees whole lines, and a crash loses none. */
	if (fflush(r->out) == 0)
		return;
	log_warn("--record '%s': %s; it ends here", r->path, strerror(errno));
	fclose(r->out);
	r->out = NULL;
}

static void on_timer(void *ctx, short revents)
{
	struct recorder *r = ctx;
	uint64_t n;

	(void)revents;
	if (read(r->timer, &n, sizeof(n)) == sizeof(n))
		write_row(r);
}

static int start_timer(struct recorder *r, uint64_t step_ns)
{
	const struct timespec step = {
		.tv_sec = (time_t)(step_ns / 1000000000),
		.tv_nsec = (long)(step_ns % 1000000000),
	};
	const struct itimerspec every = { .it_interval = step,
					  .it_value = step };

	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r->timer < 0 || timerfd_settime(r->timer, 0, &every, NULL) < 0)
		return err_set(errno, "timer");
	return loop_add(vm_loop(r->vm), r->timer, POLLIN, on_timer, r);
}

int recorder_start(struct vm *vm, const char *path, uint64_t step_ns,
		   struct recorder **ret)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int rc = 0;

	if (!r)
		return err_set(ENOMEM, "recorder");
	*r = (struct recorder){
		.vm = vm, .path = path, .timer = -1, .began_ns = clock_mono_ns()
	};
	r->row = calloc(1, sizeof(*r->row) +
				   vm_nr_cpus(vm) * sizeof(r->row->cpu[0]));
	if (!r->row)
		rc = err_set(ENOMEM, "recorder");
	if (rc == 0 && !(r->out = fopen(path, "we")))
		rc = err_hint(err_set(errno, "'%s'", path),
			      "name a file that can be written");
	if (rc == 0)
		rc = start_timer(r, step_ns);
	if (rc < 0) {
		recorder_stop(r);
		return rc;
	}
	csv_head(r->out);
	*ret = r;
	return 0;
}

void recorder_stop(struct recorder *r)
{
	if (!r)
		return;
	if (r->timer >= 0) {
		loop_del(vm_loop(r->vm), r->timer);
		close(r->timer);
	}
	if (r->out)
		fclose(r->out);
	free(r->row);
	free(r);
}
