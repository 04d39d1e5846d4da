/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend.c - see backend.h.
 *
 * Invariants, whenever the device's lock is free:
 *  1. Only the thread changes running, and it is true from before start() until
 *     after stop() or dead().
 *  2. If wanted and running differ, the thread is about to look or work_fd has
 *     an event.
 *  3. Whoever waits for the stop is counted in nr_waiting, and is woken when
 *     running becomes false.
 */
#include "virtio/backend.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mach/gmem.h"
#include "util/err.h"
#include "util/log.h"
#include "virtio/mmio.h"
#include "virtio/queue.h"
#include "virtio/worker.h"

/* What an event is of; a queue's number follows the first two. */
enum {
	TAG_CALL = 0,
	TAG_ERR = 0x100,
	TAG_WORK = 0x200,
	TAG_ALIVE = 0x300,
	TAG_KICK = 0x400
};

/* Whoever else has the eventfd may have read it before us. */
static void quiet(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

/* Is all of the ring where others may look?  That it is in memory is known. */
static bool is_lent(const struct gmem *mem, const struct queue *q)
{
	gpa_t end = mem->base + gmem_lent(mem);

	return q->desc + 16 * (uint64_t)q->size <= end &&
	       q->driver + 6 + 2 * (uint64_t)q->size <= end &&
	       q->device + 6 + 8 * (uint64_t)q->size <= end;
}

/* False: it cannot be started like that. */
static bool describe(const struct backend *b, struct backend_run *ret)
{
	const struct virtio *v = b->v;

	*ret = (struct backend_run){ .features = v->s.features, .nr = b->nr };
	for (unsigned i = 0; i < b->nr; i++) {
		const struct queue *q = &v->queues[i];

		ret->rings[i] = (struct backend_ring){
			.used = queue_started(q) && !q->fault &&
				is_lent(v->mem, q),
			.size = q->size,
			.desc = q->desc,
			.driver = q->driver,
			.device = q->device,
			.kick_fd = b->kick_fds[i],
			.call_fd = b->call_fds[i],
			.err_fd = b->err_fds[i],
		};
		if (i < b->ops->needs && !ret->rings[i].used)
			return false;
	}
	return true;
}

static void not_running(struct backend *b)
{
	b->running = false;
	for (; b->nr_waiting > 0; b->nr_waiting--)
		sem_post(&b->stopped);
}

static int watch(const struct backend *b, int fd, uint32_t tag)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLRDHUP,
		.data.u64 = (uint64_t)(uint32_t)fd << 32 | tag,
	};

	return epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void refuse(struct backend *b, unsigned queue)
{
	if (b->refusing && virtio_works(b->v, queue))
		b->ops->refuse(b->v, queue);
}

/* With the lock: it is dead, and the driver waits, or will. */
static void refuse_all(struct backend *b)
{
	if (!b->ops->refuse) {
		virtio_fault(b->v, 0, b->why);
		return;
	}
	b->refusing = true;
	for (unsigned i = 0; i < b->nr; i++) {
		if (!virtio_works(b->v, i))
			continue;
		queue_take_over(&b->v->queues[i]);
		refuse(b, i);
	}
}

/* With the lock. */
static void bury(struct backend *b, const char *why)
{
	struct virtio *v = b->v;
	struct device *d = v->d;
	bool ready;

	if (!b->dead) {
		snprintf(b->why, sizeof(b->why), "%s", why);
		b->dead = true;
		if (b->ops->refuse)
			log_warn("%s@%" PRIx64 ": %s; whatever the guest asks "
				 "of it fails from now on",
				 d->class->name, d->window.base, b->why);
		if (b->ops->dead) {
			device_unlock(d);
			b->ops->dead(v);
			device_lock(d);
		}
		/* What it was notified of is ours now. */
		for (unsigned i = 0; i < b->nr && b->ops->refuse; i++)
			watch(b, b->kick_fds[i], TAG_KICK + i);
	}
	ready = b->wanted;
	b->wanted = false;
	not_running(b);
	if (ready)
		refuse_all(b);
}

/* What the driver said before may have met deaf ears. */
static void kick_all(const struct backend *b)
{
	for (unsigned i = 0; i < b->nr; i++)
		worker_wake(b->kick_fds[i]);
}

/* With the lock: as the device wants it.  False: it is that way. */
static bool follow(struct backend *b)
{
	struct device *d = b->v->d;
	bool start = b->wanted;
	struct backend_run run;
	int rc;

	if (start == b->running)
		return false;
	if (start && b->dead) {
		b->wanted = false;
		refuse_all(b);
		return true;
	}
	if (start && !describe(b, &run)) {
		b->wanted = false;
		virtio_fault(b->v, 0, "a driver without all queues");
		return true;
	}
	if (start)
		b->running = true;
	device_unlock(d);
	rc = start ? b->ops->start(b->v, &run) : b->ops->stop(b->v, b->nr);
	device_lock(d);
	if (rc < 0)
		bury(b, err_text());
	else if (start)
		kick_all(b);
	else
		not_running(b);
	return true;
}

/* With the lock. */
static void called(struct backend *b, unsigned queue)
{
	quiet(b->call_fds[queue]);
	if (virtio_works(b->v, queue))
		virtio_raise(b->v);
}

static void handle(struct backend *b, uint32_t tag)
{
	device_lock(b->v->d);
	if (tag == TAG_WORK) {
		quiet(b->work_fd);
	} else if (tag >= TAG_KICK) {
		quiet(b->kick_fds[tag - TAG_KICK]);
		refuse(b, tag - TAG_KICK);
	} else if (tag == TAG_ALIVE) {
		bury(b, "its back-end has ended");
	} else if (tag >= TAG_ERR) {
		quiet(b->err_fds[tag - TAG_ERR]);
		if (b->running)
			virtio_fault(b->v, tag - TAG_ERR,
				     "its back-end cannot use this queue");
	} else {
		called(b, tag);
	}
	device_unlock(b->v->d);
}

static void *worker(void *arg)
{
	struct backend *b = arg;
	struct device *d = b->v->d;
	struct epoll_event event;
	bool quit;

	prctl(PR_SET_NAME, d->class->name);
	for (;;) {
		device_lock(d);
		while (follow(b))
			;
		quit = b->quit;
		device_unlock(d);
		if (quit)
			return NULL;
		if (epoll_wait(b->epoll_fd, &event, 1, -1) != 1)
			continue;
		/* Its end does not pass: do not come back for it. */
		if ((uint32_t)event.data.u64 == TAG_ALIVE)
			epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL,
				  (int)(event.data.u64 >> 32), NULL);
		handle(b, (uint32_t)event.data.u64);
	}
}

void backend_started(struct backend *b)
{
	b->wanted = true;
	worker_wake(b->work_fd);
}

void backend_notify(struct backend *b, unsigned queue)
{
	worker_wake(b->kick_fds[queue]);
}

void backend_stop(struct backend *b)
{
	b->wanted = b->refusing = false;
	while (b->running) {
		worker_wake(b->work_fd);
		b->nr_waiting++;
		device_unlock(b->v->d);
		/* A signal that is to stop this vCPU does not end the wait. */
		while (sem_wait(&b->stopped) < 0)
			;
		device_lock(b->v->d);
		/* Another vCPU may have started it again: we wait on. */
		b->wanted = b->refusing = false;
	}
}

/* An eventfd that @tag's events come from; -1: none. */
static int add_event(const struct backend *b, uint32_t tag)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd >= 0 && watch(b, fd, tag) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static int make_events(struct backend *b, int alive_fd)
{
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (b->epoll_fd < 0)
		return -1;
	b->work_fd = add_event(b, TAG_WORK);
	if (b->work_fd < 0)
		return -1;
	for (unsigned i = 0; i < b->nr; i++) {
		b->kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (b->kick_fds[i] < 0)
			return -1;
		b->call_fds[i] = add_event(b, TAG_CALL + i);
		if (b->call_fds[i] < 0)
			return -1;
		b->err_fds[i] = add_event(b, TAG_ERR + i);
		if (b->err_fds[i] < 0)
			return -1;
	}
	return alive_fd < 0 ? 0 : watch(b, alive_fd, TAG_ALIVE);
}

int backend_init(struct backend *b, struct virtio *v,
		 const struct backend_ops *ops, int alive_fd)
{
	int rc;

	*b = (struct backend){ .v = v, .ops = ops, .nr = v->class->nr_queues };
	b->work_fd = b->epoll_fd = -1;
	for (unsigned i = 0; i < BACKEND_QUEUES_MAX; i++)
		b->kick_fds[i] = b->call_fds[i] = b->err_fds[i] = -1;
	sem_init(&b->stopped, 0, 0);
	if (make_events(b, alive_fd) < 0)
		rc = err_set(errno, "events of a back-end");
	else
		rc = worker_start(&b->thread, worker, b);
	b->has_thread = rc == 0;
	if (rc < 0) {
		backend_fini(b);
		return rc;
	}
	for (unsigned i = 0; i < b->nr; i++)
		virtio_notify_by(v, i, b->kick_fds[i]);
	return 0;
}

static void drop(int fd)
{
	if (fd >= 0)
		close(fd);
}

void backend_fini(struct backend *b)
{
	if (!b->v)
		return;
	if (b->has_thread) {
		device_lock(b->v->d);
		b->wanted = false;
		b->quit = true; /* after it has stopped */
		worker_wake(b->work_fd);
		device_unlock(b->v->d);
		pthread_join(b->thread, NULL);
	}
	for (unsigned i = 0; i < BACKEND_QUEUES_MAX; i++) {
		drop(b->kick_fds[i]);
		drop(b->call_fds[i]);
		drop(b->err_fds[i]);
	}
	drop(b->work_fd);
	drop(b->epoll_fd);
	sem_destroy(&b->stopped);
	*b = (struct backend){ 0 };
}
