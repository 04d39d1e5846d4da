/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/net.h"

#include <stdlib.h>
#include <unistd.h>

int net_open(struct net_link *l, const struct net_config *config)
{
	int rc;

	*l = (struct net_link){
		.kind = config->mode == NET_TAP ? &net_tap : &net_user,
		.fd = -1,
	};
	rc = l->kind->open(l, config);
	if (rc < 0)
		net_close(l);
	return rc;
}

void net_close(struct net_link *l)
{
	if (!l->kind)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l->in);
	free(l->out);
	*l = (struct net_link){ 0 };
}

bool net_can_offload(const struct net_link *l)
{
	return l->kind->offload;
}

void net_offload(struct net_link *l, unsigned flags)
{
	if (l->kind->offload)
		l->kind->offload(l, flags);
}

int net_send(struct net_link *l, struct iovec *iov, unsigned n, size_t size)
{
	return l->kind->send(l, iov, n, size);
}

int net_flush(struct net_link *l)
{
	return l->kind->flush ? l->kind->flush(l) : 0;
}

int net_receive(struct net_link *l, struct net_frame *ret)
{
	return l->kind->receive(l, ret);
}

unsigned net_skip(struct iovec **iov, unsigned n, size_t size)
{
	while (n > 0 && (*iov)->iov_len <= size) {
		size -= (*iov)->iov_len;
		(*iov)++;
		n--;
	}
	if (n > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + size;
		(*iov)->iov_len -= size;
	}
	return n;
}
