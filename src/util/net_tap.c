/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_tap.c - a tap device: an interface of this host's kernel whose cable ends
 * in the guest.
 *
 * One frame a system call, with a header that tells which checksum is still to
 * be made and into which segments it is still to be cut: a frame that stays in
 * this host needs neither.  What the guest writes there the kernel checks.
 *
 * Spec: Linux Documentation/networking/tuntap.rst, and <linux/if_tun.h>.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"
#include "util/net.h"

enum { BUFFER_SIZE = NET_HEADER_SIZE + NET_FRAME_MAX };

static int open_tun(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return err_hint(err_set(errno, "/dev/net/tun"),
				"this host's kernel has no tap devices yet: "
				"'modprobe tun' as root, or take mode=user");
	return err_hint(err_set(errno, "/dev/net/tun"), "take mode=user");
}

static int refused(int err, const char *name)
{
	const char *shown = *name ? name : "NAME";

	if (err == EPERM && !*name)
		err_set(err, "a new tap device");
	else
		err_set(err, "tap device '%s'", name);
	switch (err) {
	case EPERM:
		return err_hint(-err,
				"as root: 'ip tuntap add %s mode tap user "
				"USER' and 'ip link set %s up', then tapif=%s; "
				"or take mode=user",
				shown, shown, shown);
	case EBUSY:
		return err_say(err,
			       "tap device '%s': another program uses it; "
			       "each guest needs one of its own",
			       name);
	case EINVAL:
		return err_say(err,
			       "'%s' is an interface, but no tap device with "
			       "one queue; make one: 'ip tuntap add NAME mode "
			       "tap'",
			       name);
	default:
		return -err;
	}
}

/* Without privilege it stays as it is. */
static void bring_up(struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, ifr) < 0) {
		log_debug("tap device '%s': %s", ifr->ifr_name,
			  strerror(errno));
	} else if (!(ifr->ifr_flags & IFF_UP)) {
		ifr->ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, ifr) < 0)
			log_warn("tap device '%s' is down, and only root can "
				 "change that: 'ip link set %s up'",
				 ifr->ifr_name, ifr->ifr_name);
	}
	if (fd >= 0)
		close(fd);
}

static int tap_open(struct net_link *l, const struct net_config *config)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int size = NET_HEADER_SIZE, little = 1;

	l->in = malloc(BUFFER_SIZE);
	if (!l->in)
		return err_set(ENOMEM, "buffer");
	l->fd = open_tun();
	if (l->fd < 0)
		return l->fd;
	memcpy(ifr.ifr_name, config->tap, sizeof(config->tap));
	if (ioctl(l->fd, TUNSETIFF, &ifr) < 0)
		return refused(errno, config->tap);
	if (ioctl(l->fd, TUNSETVNETHDRSZ, &size) < 0 ||
	    ioctl(l->fd, TUNSETVNETLE, &little) < 0 ||
	    ioctl(l->fd, TUNSETOFFLOAD, 0) < 0)
		return err_set(errno, "tap device '%s': headers", ifr.ifr_name);
	bring_up(&ifr);
	if (!config->tap[0])
		log_info("network: tap device '%s'", ifr.ifr_name);
	return 0;
}

static void tap_offload(struct net_link *l, unsigned flags)
{
	unsigned long f = 0;

	f |= flags & NET_CSUM ? TUN_F_CSUM : 0;
	f |= flags & NET_TSO4 ? TUN_F_TSO4 : 0;
	f |= flags & NET_TSO6 ? TUN_F_TSO6 : 0;
	f |= flags & NET_TSO_ECN ? TUN_F_TSO_ECN : 0;
	if (ioctl(l->fd, TUNSETOFFLOAD, f) < 0)
		log_debug("tap device: offloads %#x: %s", flags,
			  strerror(errno));
}

static int tap_send(struct net_link *l, struct iovec *iov, unsigned n,
		    size_t size)
{
	(void)size;
	return writev(l->fd, iov, (int)n) < 0 ? -errno : 0;
}

static int tap_receive(struct net_link *l, struct net_frame *ret)
{
	ssize_t n = read(l->fd, l->in, BUFFER_SIZE);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n < NET_HEADER_SIZE)
		return 0;
	memcpy(&ret->header, l->in, sizeof(ret->header));
	ret->data = l->in + NET_HEADER_SIZE;
	ret->size = (size_t)n - NET_HEADER_SIZE;
	return 1;
}

const struct net_kind net_tap = {
	.open = tap_open,
	.send = tap_send,
	.receive = tap_receive,
	.offload = tap_offload,
};
