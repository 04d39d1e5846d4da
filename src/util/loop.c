/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/loop.h"

#include <errno.h>
#include <time.h>

#include "util/clock.h"
#include "util/err.h"

void loop_init(struct loop *loop)
{
	loop->nr = 0;
}

int loop_add(struct loop *loop, int fd, short events, loop_fn *fn, void *ctx)
{
	if (loop->nr == LOOP_WATCHES_MAX)
		return err_say(ENOSPC, "more than %d descriptors to watch",
			       LOOP_WATCHES_MAX);
	loop->fds[loop->nr] = (struct pollfd){ .fd = fd, .events = events };
	loop->watches[loop->nr].fn = fn;
	loop->watches[loop->nr].ctx = ctx;
	loop->nr++;
	return 0;
}

void loop_del(struct loop *loop, int fd)
{
	for (unsigned i = 0; i < loop->nr; i++) {
		if (loop->fds[i].fd != fd)
			continue;
		loop->nr--;
		loop->fds[i] = loop->fds[loop->nr];
		loop->watches[i] = loop->watches[loop->nr];
		return;
	}
}

int loop_turn(struct loop *loop, uint64_t deadline_ns)
{
	struct timespec ts, *wait = NULL;
	struct loop now;
	int n;

	if (deadline_ns) {
		uint64_t t = clock_mono_ns();
		uint64_t left = deadline_ns > t ? deadline_ns - t : 0;

		ts = (struct timespec){ .tv_sec = (time_t)(left / 1000000000),
					.tv_nsec = (long)(left % 1000000000) };
		wait = &ts;
	}
	n = ppoll(loop->fds, loop->nr, wait, NULL);
	if (n < 0 && errno != EINTR)
		return err_set(errno, "poll");

	/*
	 * Callbacks change the list: go by a copy, ask the list each time.  The
	 * descriptor alone will not do: it may be another's by now.
	 */
	now = *loop;
	for (unsigned i = 0; i < now.nr && n > 0; i++) {
		if (!now.fds[i].revents)
			continue;
		for (unsigned j = 0; j < loop->nr; j++) {
			if (loop->fds[j].fd != now.fds[i].fd ||
			    loop->watches[j].ctx != now.watches[i].ctx)
				continue;
			now.watches[i].fn(now.watches[i].ctx,
					  now.fds[i].revents);
			break;
		}
	}
	return 0;
}
