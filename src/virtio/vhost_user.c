/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio/vhost_user.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mach/gmem.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/util.h"
#include "virtio/backend.h"

enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	SET_VRING_ERR = 14,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
	GET_CONFIG = 24,
};

enum {
	FLAG_VERSION = 1,
	FLAG_VERSION_MASK = 3,
	FLAG_REPLY = 4,
	FLAG_NEED_REPLY = 8,
	CONFIG_MAX = 256,
};

/* Features that are the protocol's, not the device's. */
#define HAS_PROTOCOL (UINT64_C(1) << 30)
#define VERSION_1    (UINT64_C(1) << 32)

#define PROTOCOL_MQ	   (UINT64_C(1) << 0)
#define PROTOCOL_REPLY_ACK (UINT64_C(1) << 3)
#define PROTOCOL_CONFIG	   (UINT64_C(1) << 9)

struct state {
	uint32_t index, value;
};

struct address {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

struct region {
	uint64_t gpa, size, here, offset;
};

struct table {
	uint32_t nr, padding;
	struct region regions[1];
};

struct config {
	uint32_t offset, size, flags;
	uint8_t bytes[CONFIG_MAX];
};

struct message {
	uint32_t request, flags, size;
	union {
		uint64_t number;
		struct state state;
		struct address address;
		struct table table;
		struct config config;
	} p;
} __attribute__((packed));

enum { HEAD_SIZE = offsetof(struct message, p) };

/* -- bytes -- */

static int gone(void)
{
	return err_say(ECONNRESET, "the back-end has ended");
}

/* Wait until @events, or @deadline_ns. */
static int wait_for(const struct vhost_user *u, short events,
		    uint64_t deadline_ns)
{
	struct pollfd p = { .fd = u->fd, .events = events };

	for (;;) {
		uint64_t now = clock_mono_ns();
		int ms = deadline_ns > now
				 ? (int)((deadline_ns - now) / 1000000) + 1
				 : 0;
		int n = poll(&p, 1, ms);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_set(errno, "wait for the back-end");
		if (n == 0 && ms == 0)
			return err_say(ETIMEDOUT,
				       "the back-end does not answer for %d s",
				       u->patience_ms / 1000);
	}
}

static uint64_t deadline(const struct vhost_user *u)
{
	return clock_mono_ns() + (uint64_t)u->patience_ms * 1000000;
}

/* @m's head and payload, and @fd if that is not -1, at one go. */
static int send_message(struct vhost_user *u, const struct message *m, int fd)
{
	struct iovec iov = { (void *)m, HEAD_SIZE + m->size };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	uint64_t until = deadline(u);
	ssize_t n;
	int rc;

	if (fd >= 0) {
		h.msg_control = &control;
		h.msg_controllen = sizeof(control.room);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(int));
	}
	while (iov.iov_len > 0) {
		n = sendmsg(u->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			rc = wait_for(u, POLLOUT, until);
			if (rc < 0)
				return rc;
		} else if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			return gone();
		} else if (n < 0 && errno != EINTR) {
			return err_set(errno, "tell the back-end");
		} else if (n > 0) {
			iov.iov_base = (char *)iov.iov_base + n;
			iov.iov_len -= (size_t)n;
			h.msg_control = NULL; /* it went with the first byte */
			h.msg_controllen = 0;
		}
	}
	return 0;
}

/* Exactly @size bytes.  Descriptors that come along the kernel drops. */
static int receive(struct vhost_user *u, void *buf, size_t size, uint64_t until)
{
	char *to = buf;

	while (size > 0) {
		ssize_t n = recv(u->fd, to, size, MSG_DONTWAIT);
		int rc = 0;

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return gone();
		if (n < 0 && errno == EAGAIN)
			rc = wait_for(u, POLLIN, until);
		else if (n < 0 && errno != EINTR)
			rc = err_set(errno, "hear from the back-end");
		if (rc < 0)
			return rc;
		if (n > 0) {
			to += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* -- messages -- */

/* The answer to @m, in its place; as long as @m->size says. */
static int answer(struct vhost_user *u, struct message *m)
{
	uint64_t until = deadline(u);
	struct message got;
	int rc = receive(u, &got, HEAD_SIZE, until);

	if (rc < 0)
		return rc;
	if (got.request != m->request ||
	    (got.flags & FLAG_VERSION_MASK) != FLAG_VERSION ||
	    !(got.flags & FLAG_REPLY) || got.size != m->size)
		return err_say(EPROTO,
			       "the back-end answers message %u by message %u, "
			       "flags %#x, of %u bytes",
			       m->request, got.request, got.flags, got.size);
	return receive(u, &m->p, m->size, until);
}

/* Send what needs no answer; and have it told how it went, where that can be. */
static int tell_with(struct vhost_user *u, struct message *m, int fd)
{
	uint32_t request = m->request;
	int rc;

	m->flags = FLAG_VERSION;
	if (u->protocol & PROTOCOL_REPLY_ACK)
		m->flags |= FLAG_NEED_REPLY;
	rc = send_message(u, m, fd);
	if (rc < 0 || !(m->flags & FLAG_NEED_REPLY))
		return rc;
	m->size = sizeof(m->p.number);
	rc = answer(u, m);
	if (rc == 0 && m->p.number != 0)
		rc = err_say(EIO, "the back-end refuses message %u", request);
	return rc;
}

static int tell_number(struct vhost_user *u, enum request request,
		       uint64_t number, int fd)
{
	struct message m = { .request = request, .size = sizeof(m.p.number) };

	m.p.number = number;
	return tell_with(u, &m, fd);
}

static int tell_state(struct vhost_user *u, enum request request,
		      uint32_t index, uint32_t value)
{
	struct message m = { .request = request, .size = sizeof(m.p.state) };

	m.p.state = (struct state){ index, value };
	return tell_with(u, &m, -1);
}

static int ask_number(struct vhost_user *u, enum request request, uint64_t *ret)
{
	struct message m = { .request = request, .flags = FLAG_VERSION };
	int rc = send_message(u, &m, -1);

	m.size = sizeof(m.p.number);
	if (rc == 0)
		rc = answer(u, &m);
	if (rc == 0)
		*ret = m.p.number;
	return rc;
}

int vhost_user_config(struct vhost_user *u, void *buf, size_t size)
{
	struct message m = { .request = GET_CONFIG, .flags = FLAG_VERSION };
	int rc;

	if (!(u->protocol & PROTOCOL_CONFIG))
		return err_say(ENOTSUP,
			       "the back-end does not tell of its device "
			       "(protocol feature CONFIG)");
	m.size = (uint32_t)(offsetof(struct config, bytes) + size);
	m.p.config.size = (uint32_t)size;
	rc = send_message(u, &m, -1);
	if (rc == 0)
		rc = answer(u, &m);
	if (rc < 0)
		return rc;
	if (m.p.config.offset != 0 || m.p.config.size != size)
		return err_say(EPROTO,
			       "the back-end tells of %u bytes at %u of its "
			       "configuration, not of %zu",
			       m.p.config.size, m.p.config.offset, size);
	memcpy(buf, m.p.config.bytes, size);
	return 0;
}

static int greet_protocol(struct vhost_user *u)
{
	const uint64_t ours =
		PROTOCOL_MQ | PROTOCOL_REPLY_ACK | PROTOCOL_CONFIG;
	uint64_t protocol, n;
	int rc = ask_number(u, GET_PROTOCOL_FEATURES, &protocol);

	if (rc == 0)
		rc = tell_number(u, SET_PROTOCOL_FEATURES, protocol & ours, -1);
	if (rc < 0)
		return rc;
	u->protocol = protocol & ours;
	if (!(u->protocol & PROTOCOL_MQ))
		return 0;
	rc = ask_number(u, GET_QUEUE_NUM, &n);
	if (rc == 0)
		u->nr_queues = n < UINT_MAX ? (unsigned)n : UINT_MAX;
	return rc;
}

int vhost_user_greet(struct vhost_user *u)
{
	struct message owner = { .request = SET_OWNER };
	int rc = ask_number(u, GET_FEATURES, &u->features);

	if (rc == 0 && !(u->features & VERSION_1))
		rc = err_say(ENOTSUP, "the back-end is of before virtio 1.0 "
				      "(feature VERSION_1); take a newer one");
	if (rc == 0 && u->features & HAS_PROTOCOL)
		rc = greet_protocol(u);
	return rc < 0 ? rc : tell_with(u, &owner, -1);
}

/* -- work -- */

/* RAM is one file, mapped whole. */
static int tell_memory(struct vhost_user *u, const struct gmem *mem)
{
	struct message m = { .request = SET_MEM_TABLE,
			     .size = sizeof(m.p.table) };

	m.p.table = (struct table){
		.nr = 1,
		.regions = { { mem->base, gmem_lent(mem),
			       (uint64_t)(uintptr_t)mem->host, 0 } },
	};
	return tell_with(u, &m, mem->fd);
}

/* Rings are told by where we have them; it knows where that is in the table. */
static uint64_t here(const struct gmem *mem, gpa_t gpa)
{
	return (uint64_t)(uintptr_t)gmem_at(mem, gpa, 1);
}

static int start_ring(struct vhost_user *u, const struct gmem *mem,
		      uint32_t index, const struct backend_ring *ring)
{
	struct message m = { .request = SET_VRING_ADDR,
			     .size = sizeof(m.p.address) };
	int rc = tell_state(u, SET_VRING_NUM, index, ring->size);

	m.p.address = (struct address){ .index = index,
					.desc = here(mem, ring->desc),
					.used = here(mem, ring->device),
					.avail = here(mem, ring->driver) };
	if (rc == 0)
		rc = tell_state(u, SET_VRING_BASE, index, 0);
	if (rc == 0)
		rc = tell_with(u, &m, -1);
	if (rc == 0)
		rc = tell_number(u, SET_VRING_ERR, index, ring->err_fd);
	if (rc == 0)
		rc = tell_number(u, SET_VRING_CALL, index, ring->call_fd);
	if (rc == 0)
		rc = tell_number(u, SET_VRING_KICK, index, ring->kick_fd);
	if (rc == 0 && u->features & HAS_PROTOCOL)
		rc = tell_state(u, SET_VRING_ENABLE, index, 1);
	return rc;
}

int vhost_user_start(struct vhost_user *u, const struct gmem *mem,
		     const struct backend_run *run)
{
	uint64_t features = run->features | (u->features & HAS_PROTOCOL);
	int rc = tell_number(u, SET_FEATURES, features, -1);

	if (rc == 0)
		rc = tell_memory(u, mem);
	for (uint32_t i = 0; i < run->nr && rc == 0; i++)
		if (run->rings[i].used)
			rc = start_ring(u, mem, i, &run->rings[i]);
	return rc;
}

int vhost_user_stop(struct vhost_user *u, unsigned nr)
{
	int rc = 0;

	for (uint32_t i = 0; i < nr && rc == 0; i++) {
		struct message m = { .request = GET_VRING_BASE,
				     .flags = FLAG_VERSION,
				     .size = sizeof(m.p.state) };

		m.p.state.index = i;
		rc = send_message(u, &m, -1);
		if (rc == 0)
			rc = answer(u, &m);
		if (rc == 0 && m.p.state.index != i)
			rc = err_say(EPROTO,
				     "the back-end stops queue %u, not %u",
				     m.p.state.index, i);
	}
	return rc;
}

/* -- the socket -- */

void vhost_user_take(struct vhost_user *u, int fd)
{
	*u = (struct vhost_user){ .fd = fd,
				  .patience_ms = VHOST_USER_PATIENCE_MS,
				  .nr_queues = UINT_MAX };
}

int vhost_user_connect(struct vhost_user *u, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, rc;

	u->fd = -1;
	if (strlen(path) >= sizeof(a.sun_path))
		return err_say(ENAMETOOLONG,
			       "'%s': a socket's path has no more than %zu "
			       "bytes; give a shorter one",
			       path, sizeof(a.sun_path) - 1);
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(errno, "socket");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		rc = err_hint(err_set(errno, "'%s'", path),
			      "start the back-end first, listening there");
		close(fd);
		return rc;
	}
	vhost_user_take(u, fd);
	return 0;
}

void vhost_user_close(struct vhost_user *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
}
