/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio/lane.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/err.h"
#include "util/util.h"
#include "virtio/mmio.h"
#include "virtio/worker.h"

void lane_init(struct lane *lane)
{
	*lane = (struct lane){ .notify_fd = -1, .control_fd = -1 };
}

int lane_start(struct lane *lane, struct virtio *v, unsigned queue,
	       void *(*fn)(void *arg), void *arg)
{
	int rc;

	lane->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	lane->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lane->notify_fd < 0 || lane->control_fd < 0)
		return err_set(errno, "events of queue %u", queue);
	rc = worker_start(&lane->thread, fn, arg);
	if (rc < 0)
		return rc;
	lane->has_thread = true;
	virtio_notify_by(v, queue, lane->notify_fd);
	return 0;
}

void lane_notify(struct lane *lane)
{
	worker_wake(lane->notify_fd);
}

void lane_control(struct lane *lane)
{
	worker_wake(lane->control_fd);
}

void lane_end(struct lane *lane)
{
	if (lane->has_thread) {
		lane_control(lane);
		pthread_join(lane->thread, NULL);
	}
	if (lane->notify_fd >= 0)
		close(lane->notify_fd);
	if (lane->control_fd >= 0)
		close(lane->control_fd);
	lane_init(lane);
}

bool lane_await(const struct lane *lane, int fd, short events, bool notice,
		int ms)
{
	struct pollfd fds[] = {
		{ .fd = lane->control_fd, .events = POLLIN },
		{ .fd = notice ? lane->notify_fd : -1, .events = POLLIN },
		{ .fd = fd, .events = events },
	};
	uint64_t n;

	if (poll(fds, ARRAY_SIZE(fds), ms) == 0)
		return false;
	/* Whoever waits looks at everything: how often does not matter. */
	for (int i = 0; i < 2; i++)
		if (fds[i].revents && read(fds[i].fd, &n, sizeof(n)) < 0)
			break;
	return true;
}
