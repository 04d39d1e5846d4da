/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net.h - virtio network devices: by threads of ours, see net.c, or by the host's
 * kernel, see net_vhost.c; to the guest both are the same card.
 *
 * Spec:    virtio 1.2, 5.1.
 * Errors:  a class's init: 0 or a negative errno with err_text().
 * Threads: any.
 */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_config;
struct net_link;
struct virtio_class;

/* Their config: struct net_config; the latter's has a tap device. */
extern const struct virtio_class virtio_net_class, virtio_net_vhost_class;

/* Can this process have the host's kernel do it? */
bool net_vhost_is_here(void);

/* -- for both -- */

enum {
	NET_CARD_QUEUES = 2, /* to the guest, and from it */
	NET_CARD_CONFIG_SIZE =
		offsetof(struct virtio_net_config, max_virtqueue_pairs),
};

/* The card's features, and those of a link that can offload. */
uint64_t net_card_features(const struct net_link *link);

/* The card's configuration, into a zeroed @ret. */
void net_card_config(const struct net_config *config, bool is_up, void *ret);

/* What a driver with @features takes: NET_CSUM and so on of util/net.h. */
unsigned net_card_offloads(uint64_t features);

#endif
