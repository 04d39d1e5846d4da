/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_backend.h - a vhost-user back-end in a thread, for tests: it keeps a list
 * of what it was told, and breaks the protocol in one place if asked to.
 */
#ifndef TESTS_FAKE_BACKEND_H
#define TESTS_FAKE_BACKEND_H

#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum way {
	HONEST,
	CLOSES,
	SILENT,
	OTHER_REQUEST,
	OTHER_VERSION,
	NO_REPLY_FLAG,
	TOO_LONG,
	TOO_SHORT,
	HALF,	 /* of the payload, and the end */
	REFUSES, /* an acknowledgement that is none; wrong contents */
	NR_WAYS,
};

struct told {
	uint32_t request, flags, size;
	uint32_t payload[80];
	int fd; /* owned; -1: none came */
};

enum { TOLD_MAX = 128, PROTOCOL_ALL = 0x209 };

static struct fake_backend {
	int fd;
	pthread_t thread;
	uint64_t features, protocol, nr_queues;
	uint32_t bad_request; /* that it answers in @way */
	enum way way;
	struct told told[TOLD_MAX];
	atomic_uint nr_told;
	/* In the order of their rings. */
	atomic_int kick_fds[2], call_fds[2], err_fds[2];
} fake;

static inline bool fake_read(struct told *t)
{
	struct iovec iov = { t, 12 };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	t->fd = -1;
	if (recvmsg(fake.fd, &h, MSG_WAITALL | MSG_CMSG_CLOEXEC) != 12)
		return false;
	if (CMSG_FIRSTHDR(&h))
		memcpy(&t->fd, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof(int));
	return t->size <= sizeof(t->payload) &&
	       (t->size == 0 || recv(fake.fd, t->payload, t->size,
				     MSG_WAITALL) == (ssize_t)t->size);
}

/* False: it is over. */
static inline bool fake_send(const struct told *t, const void *payload,
			     uint32_t size)
{
	uint32_t m[3 + 80] = { t->request, 5, size };
	enum way way = t->request == fake.bad_request ? fake.way : HONEST;

	memcpy(&m[3], payload, size);
	if (way == CLOSES)
		return false;
	if (way == SILENT)
		return true;
	m[0] += way == OTHER_REQUEST;
	m[1] = way == OTHER_VERSION ? 6 : way == NO_REPLY_FLAG ? 1 : 5;
	if (way == TOO_LONG)
		m[2] = 0xffffffff;
	if (way == TOO_SHORT)
		m[2] = size -= 4;
	if (way == REFUSES)
		m[3] ^= 1;
	size += 12;
	if (way == HALF)
		size -= 4;
	return send(fake.fd, m, size, MSG_NOSIGNAL) == (ssize_t)size &&
	       way != HALF;
}

static inline bool fake_answer(const struct told *t)
{
	uint64_t number = 0;
	uint32_t words[80] = { 0 };

	switch (t->request) {
	case 1:
		return fake_send(t, &fake.features, 8);
	case 15:
		return fake_send(t, &fake.protocol, 8);
	case 17:
		return fake_send(t, &fake.nr_queues, 8);
	case 11:
		words[0] = t->payload[0];
		return fake_send(t, words, 8);
	case 24:
		memcpy(words, t->payload, t->size);
		for (unsigned i = 12; i < t->size; i++)
			((uint8_t *)words)[i] = (uint8_t)i;
		return fake_send(t, words, t->size);
	default:
		return !(t->flags & 8) || fake_send(t, &number, 8);
	}
}

static inline void *fake_main(void *arg)
{
	(void)arg;
	for (;;) {
		unsigned n = atomic_load(&fake.nr_told);
		struct told *t = &fake.told[n];

		if (n == TOLD_MAX || !fake_read(t))
			break;
		if (t->request == 12)
			atomic_store(&fake.kick_fds[t->payload[0] & 1], t->fd);
		if (t->request == 13)
			atomic_store(&fake.call_fds[t->payload[0] & 1], t->fd);
		if (t->request == 14)
			atomic_store(&fake.err_fds[t->payload[0] & 1], t->fd);
		atomic_store(&fake.nr_told, n + 1);
		if (!fake_answer(t))
			break;
	}
	shutdown(fake.fd, SHUT_RDWR);
	return NULL;
}

/* One that can do everything, on @fd, which becomes its own. */
static inline void fake_begin(int fd, uint32_t bad_request, enum way way)
{
	memset(&fake, 0, sizeof(fake));
	fake.fd = fd;
	fake.features = UINT64_C(0x17fffffff);
	fake.protocol = PROTOCOL_ALL | 0x8000;
	fake.nr_queues = 2;
	fake.bad_request = bad_request;
	fake.way = way;
	assert_int_equal(pthread_create(&fake.thread, NULL, fake_main, NULL),
			 0);
}

/* Our end must be closed, or the back-end ends now. */
static inline void fake_end(void)
{
	shutdown(fake.fd, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	for (unsigned i = 0; i < fake.nr_told; i++)
		if (fake.told[i].fd >= 0)
			close(fake.told[i].fd);
	close(fake.fd);
}

/* The @n-th message of @request that came; NULL: there is none. */
static inline const struct told *fake_told(uint32_t request, unsigned n)
{
	for (unsigned i = 0; i < fake.nr_told; i++)
		if (fake.told[i].request == request && n-- == 0)
			return &fake.told[i];
	return NULL;
}

#endif
