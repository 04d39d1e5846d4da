/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_vhost_user.c - a hostile back-end.
 *
 * The input is what it sends, whatever it is asked: all of it is there before we
 * ask, and then its end.  Now and then a header that would be right is put in
 * front, so that much of it gets somewhere.
 *
 * Whatever comes: we return, at the latest when its end is reached, with a
 * negative errno and words or with values that were really received.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "mach/gmem.h"
#include "util/err.h"
#include "virtio/backend.h"
#include "virtio/vhost_user.h"

enum { RAM_SIZE = 0x10000, SENT_MAX = 16384, CONFIG_SIZE = 60 };

/* What is asked for, in this order, and how long the answer is. */
static const uint32_t asked[][2] = {
	{ 1, 8 },  { 15, 8 }, { 16, 0 }, { 17, 8 }, { 3, 8 },  { 24, 72 },
	{ 2, 8 },  { 5, 8 },  { 8, 8 },	 { 10, 8 }, { 9, 8 },  { 14, 8 },
	{ 13, 8 }, { 12, 8 }, { 18, 8 }, { 8, 8 },  { 10, 8 }, { 9, 8 },
	{ 14, 8 }, { 13, 8 }, { 12, 8 }, { 18, 8 }, { 11, 8 }, { 11, 8 },
};

/* The input's bytes, with headers where its next bit says so. */
static size_t compose(uint8_t out[static SENT_MAX], const uint8_t *data,
		      size_t size)
{
	size_t n = 0, at = 0;

	for (unsigned i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		uint32_t head[3] = { asked[i][0], 5, asked[i][1] };
		size_t len = asked[i][1];

		if (at == size || n + 200 > SENT_MAX)
			break;
		if (data[at++] & 1) { /* a right header, zeros, some bytes */
			memcpy(out + n, head, sizeof(head));
			memset(out + n + 12, 0, len);
			if (asked[i][0] == 24)
				out[n + 16] = CONFIG_SIZE;
			if (asked[i][0] == 1)
				memset(out + n + 12, 0xff, len);
			if (asked[i][0] == 15)
				memset(out + n + 12, data[at - 1], len);
			n += 12 + len;
			if (len && at < size && data[at - 1] & 2) {
				out[n - 1 - data[at - 1] / 4 % len] ^= data[at];
				at++;
			}
		} else {
			len = size - at < 40 ? size - at : 40;
			memcpy(out + n, data + at, len);
			n += len;
			at += len;
		}
	}
	return n;
}

static void live(struct vhost_user *u)
{
	static uint8_t bytes[RAM_SIZE];
	const struct gmem ram = { .host = bytes,
				  .base = 0x40000000,
				  .size = sizeof(bytes),
				  .fd = 2 };
	struct backend_run run = { .features = UINT64_MAX, .nr = 2 };
	uint8_t config[CONFIG_SIZE + 1] = { [CONFIG_SIZE] = 0x5a };
	int rc;

	for (unsigned i = 0; i < run.nr; i++)
		run.rings[i] = (struct backend_ring){
			.used = true,
			.size = 64,
			.desc = ram.base,
			.driver = ram.base + 0x1000,
			.device = ram.base + 0x2000,
			.kick_fd = 2,
			.call_fd = 2,
			.err_fd = 2,
		};
	rc = vhost_user_greet(u);
	if (rc == 0)
		rc = vhost_user_config(u, config, CONFIG_SIZE);
	MUST(config[CONFIG_SIZE] == 0x5a);
	if (rc == 0)
		rc = vhost_user_start(u, &ram, &run);
	if (rc == 0)
		rc = vhost_user_stop(u, 2);
	MUST(rc <= 0);
	MUST(rc == 0 || err_text()[0]);
	for (unsigned i = 0; i < RAM_SIZE; i++)
		MUST(bytes[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t sent[SENT_MAX];
	size_t n = compose(sent, data, size);
	struct vhost_user u;
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	MUST(n == 0 || send(fds[1], sent, n, 0) == (ssize_t)n);
	shutdown(fds[1], SHUT_WR); /* it still listens */
	vhost_user_take(&u, fds[0]);
	u.patience_ms = 1000;
	live(&u);
	vhost_user_close(&u);
	close(fds[1]);
	return 0;
}
