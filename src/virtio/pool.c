/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c - see pool.h.
 *
 * Invariants, whenever the device's lock is free:
 *  1. nr_busy threads are in serve(); all others wait for an event, or are on
 *     their way there or from there, and look into the ring before they wait.
 *  2. If chains wait that may be taken, and a thread that is not busy exists,
 *     an event is on its way to one: each notification is an event, and whoever
 *     takes a chain and leaves others makes one.
 *  3. Once nr_drains or quit is set nothing is taken.
 */
#include "virtio/pool.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"
#include "virtio/mmio.h"
#include "virtio/queue.h"
#include "virtio/worker.h"

static void *worker(void *arg);

/* One more thread; with the lock, or before there are others. */
static int add_thread(struct pool *p)
{
	int rc = worker_start(&p->threads[p->nr_threads], worker, p);

	if (rc == 0)
		p->nr_threads++;
	return rc;
}

void pool_notify(struct pool *p)
{
	worker_wake(p->notify_fd);
}

/* With the lock: the next chain, if one may be taken, is the caller's. */
static bool take(struct pool *p, struct queue_chain *ret)
{
	unsigned n;

	if (p->quit || p->nr_drains > 0 || !virtio_works(p->v, p->queue))
		return false;
	n = virtio_waiting(p->v, p->queue);
	if (n == 0 || !virtio_take(p->v, p->queue, ret))
		return false;
	p->nr_busy++;
	if (p->nr_busy == p->nr_threads && p->nr_threads < POOL_MAX &&
	    add_thread(p) < 0)
		log_debug("%s", err_text()); /* those there are will do */
	if (n > 1 && p->nr_busy < p->nr_threads)
		worker_wake(p->notify_fd);
	return true;
}

/* With the lock: the caller is done with @c, in the way @fault if that is set. */
static void give(struct pool *p, const struct queue_chain *c, const char *fault,
		 uint32_t len)
{
	if (fault) {
		virtio_fault(p->v, p->queue, fault);
	} else {
		virtio_give(p->v, p->queue, c, len);
		virtio_tell(p->v, p->queue);
	}
	p->nr_busy--;
	if (p->nr_busy == 0)
		for (unsigned i = 0; i < p->nr_drains; i++)
			sem_post(&p->drained);
}

static void *worker(void *arg)
{
	struct pool *p = arg;
	struct device *d = p->v->d;

	prctl(PR_SET_NAME, d->class->name);
	device_lock(d);
	while (!p->quit) {
		struct queue_chain c;
		struct epoll_event event;
		const char *fault;
		uint32_t len = 0;

		if (take(p, &c)) {
			device_unlock(d);
			fault = p->serve(p->v, &c, &len);
			device_lock(d);
			give(p, &c, fault, len);
		} else {
			device_unlock(d);
			epoll_wait(p->epoll_fd, &event, 1, -1);
			device_lock(d);
		}
	}
	device_unlock(d);
	return NULL;
}

void pool_drain(struct pool *p)
{
	p->nr_drains++;
	while (p->nr_busy > 0) {
		device_unlock(p->v->d);
		/* A signal that is to stop this vCPU only makes us look. */
		sem_wait(&p->drained);
		device_lock(p->v->d);
	}
	/* What came meanwhile for another queue's end has nobody's attention. */
	if (--p->nr_drains == 0)
		worker_wake(p->notify_fd);
}

static int watch(const struct pool *p, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int pool_init(struct pool *p, struct virtio *v, unsigned queue,
	      pool_serve_fn *serve)
{
	int rc;

	*p = (struct pool){ .v = v, .queue = queue, .serve = serve };
	sem_init(&p->drained, 0, 0);
	p->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->notify_fd < 0 || p->quit_fd < 0 || p->epoll_fd < 0 ||
	    watch(p, p->notify_fd, EPOLLIN | EPOLLET) < 0 ||
	    watch(p, p->quit_fd, EPOLLIN) < 0)
		rc = err_set(errno, "events for input and output");
	else
		rc = add_thread(p);
	if (rc < 0)
		pool_fini(p);
	else
		virtio_notify_by(v, queue, p->notify_fd);
	return rc;
}

void pool_fini(struct pool *p)
{
	const int fds[] = { p->notify_fd, p->quit_fd, p->epoll_fd };

	if (!p->v)
		return;
	if (p->nr_threads > 0) {
		device_lock(p->v->d);
		p->quit = true;
		device_unlock(p->v->d);
		worker_wake(p->quit_fd);
	}
	/* None is added any more: a thread that saw no quit has the lock. */
	for (unsigned i = 0; i < p->nr_threads; i++)
		pthread_join(p->threads[i], NULL);
	for (unsigned i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	sem_destroy(&p->drained);
	*p = (struct pool){ 0 };
}
