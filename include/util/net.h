/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net.h - the host's end of a guest's network card: where its frames go, and
 * where those for it come from.
 *
 * Two kinds: a tap device of this host's kernel, whose other side is an
 * interface like others; and passt(1), a process of its own that makes the
 * guest's connections by sockets of the user it runs as, so without privilege.
 * Either ends with this process, however that ends.
 *
 * A tap device can leave checksums and segmentation to whoever needs them done:
 * each frame has a header for that.  To and from passt headers say nothing.
 *
 * Units:   bytes.
 * Errors:  net_open(): 0 or a negative errno with err_text().
 * Owns:    descriptors and buffers.  Borrows the config.
 * Threads: one that sends and one that receives, at the same time.
 */
#ifndef UTIL_NET_H
#define UTIL_NET_H

#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
	NET_MAC_SIZE = 6,
	NET_HEADER_SIZE = sizeof(struct virtio_net_hdr_v1),
	NET_FRAME_MIN = 14,	    /* two addresses and a type */
	NET_FRAME_MAX = 65535 + 18, /* of the largest packet, with a VLAN tag */
	NET_BUFFERS_MAX = 256,	    /* that a frame may be spread over */
	NET_FORWARDS_MAX = 16,
};

enum net_mode { NET_USER, NET_TAP };

/* Is the host's kernel to move a tap device's frames by itself? */
enum net_vhost { NET_VHOST_AUTO, NET_VHOST_ON, NET_VHOST_OFF };

/* A port of this host that leads into the guest. */
struct net_forward {
	bool udp;
	char host[INET6_ADDRSTRLEN]; /* the address that listens */
	uint16_t host_port, guest_port;
};

/* What a user says of one. */
struct net_config {
	enum net_mode mode;
	uint8_t mac[NET_MAC_SIZE]; /* the guest's */
	bool has_mac;		   /* or one is still to be chosen */
	char tap[IFNAMSIZ];	   /* "": a new one */
	enum net_vhost vhost;
	unsigned nr_forwards;
	struct net_forward forwards[NET_FORWARDS_MAX];
};

/* What the guest's side can take, or leave to us. */
enum {
	NET_CSUM = 1 << 0,
	NET_TSO4 = 1 << 1,
	NET_TSO6 = 1 << 2,
	NET_TSO_ECN = 1 << 3,
};

struct net_frame {
	struct virtio_net_hdr_v1 header;
	const uint8_t *data; /* until the next one is received */
	size_t size;
};

struct net_link;

struct net_kind {
	int (*open)(struct net_link *l, const struct net_config *config);
	int (*send)(struct net_link *l, struct iovec *iov, unsigned n,
		    size_t size);
	int (*receive)(struct net_link *l, struct net_frame *ret);
	/* NULL: nothing is ever kept. */
	int (*flush)(struct net_link *l);
	/* NULL: headers say nothing. */
	void (*offload)(struct net_link *l, unsigned flags);
};

struct net_link {
	const struct net_kind *kind; /* NULL: closed */
	int fd;			     /* owned; readable: frames wait */

	/* of the thread that receives: not yet used bytes */
	uint8_t *in; /* owned */
	size_t in_at, in_end;

	/* of the thread that sends: the rest of a frame of which some is out */
	uint8_t *out; /* owned */
	size_t out_at, out_end;
};

/* As its kind says; with remedies. */
int net_open(struct net_link *l, const struct net_config *config);

/* Fine on a zeroed *l. */
void net_close(struct net_link *l);

/* Do headers say something? */
bool net_can_offload(const struct net_link *l);

/* What the guest's side takes from now on: NET_CSUM and so on. */
void net_offload(struct net_link *l, unsigned flags);

/*
 * Send a frame of @size bytes behind its header, NET_HEADER_SIZE bytes; @iov
 * holds both.  Never waits.  -EAGAIN: it cannot go now, wait for POLLOUT; other
 * errors: it is lost.  0: it is on its way, but maybe not to its end, see
 * net_flush().
 */
int net_send(struct net_link *l, struct iovec *iov, unsigned n, size_t size);

/* Send what is kept of the last frame.  -EAGAIN: wait for POLLOUT, come again. */
int net_flush(struct net_link *l);

/*
 * The next frame.  1: here it is.  0: there is none, wait for POLLIN.  Below: the
 * other side is gone.
 */
int net_receive(struct net_link *l, struct net_frame *ret);

/* Leave @size bytes out of @iov, from its front; how many buffers are left. */
unsigned net_skip(struct iovec **iov, unsigned n, size_t size);

extern const struct net_kind net_user, net_tap;

#endif
