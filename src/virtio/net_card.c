/* SPDX-License-Identifier: BSD-2-Clause */
#include <endian.h>
#include <string.h>

#include "util/net.h"
#include "virtio/net.h"

#define BIT(n) (UINT64_C(1) << (n))

uint64_t net_card_features(const struct net_link *link)
{
	uint64_t f = BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) |
		     BIT(VIRTIO_NET_F_MRG_RXBUF);

	if (!net_can_offload(link))
		return f;
	return f | BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM) |
	       BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6) |
	       BIT(VIRTIO_NET_F_GUEST_ECN) | BIT(VIRTIO_NET_F_HOST_TSO4) |
	       BIT(VIRTIO_NET_F_HOST_TSO6) | BIT(VIRTIO_NET_F_HOST_ECN);
}

void net_card_config(const struct net_config *config, bool is_up, void *ret)
{
	struct virtio_net_config *c = ret;

	memcpy(c->mac, config->mac, sizeof(c->mac));
	c->status = htole16(is_up ? VIRTIO_NET_S_LINK_UP : 0);
}

unsigned net_card_offloads(uint64_t features)
{
	unsigned flags = NET_CSUM;

	if (!(features & BIT(VIRTIO_NET_F_GUEST_CSUM)))
		return 0;
	flags |= features & BIT(VIRTIO_NET_F_GUEST_TSO4) ? NET_TSO4 : 0;
	flags |= features & BIT(VIRTIO_NET_F_GUEST_TSO6) ? NET_TSO6 : 0;
	flags |= features & BIT(VIRTIO_NET_F_GUEST_ECN) ? NET_TSO_ECN : 0;
	return flags;
}
