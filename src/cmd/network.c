/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/machine.h"
#include "ctl/path.h"
#include "util/err.h"
#include "util/net.h"
#include "util/parse.h"
#include "virtio/net.h"

enum { TEXT_MAX = 512 };

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int set_mac(struct net_config *n, const char *text)
{
	uint8_t mac[NET_MAC_SIZE], any = 0;
	bool good = strlen(text) == 3 * NET_MAC_SIZE - 1;

	for (unsigned i = 0; good && i < NET_MAC_SIZE; i++) {
		const char *at = text + 3 * i;
		int high = hex(at[0]), low = hex(at[1]);

		good = high >= 0 && low >= 0 && (at[2] == ':' || at[2] == '\0');
		mac[i] = (uint8_t)(16 * high + low);
		any |= mac[i];
	}
	if (!good)
		return err_say(
			EINVAL,
			"mac '%s': not six bytes as in 02:00:00:00:00:01",
			text);
	if (mac[0] & 1 || !any)
		return err_say(EINVAL,
			       "mac '%s': %s; a card has one whose first byte "
			       "is even, as in 02:00:00:00:00:01",
			       text, any ? "a group's address" : "no address");
	memcpy(n->mac, mac, sizeof(mac));
	n->has_mac = true;
	return 0;
}

static int set_tap(struct net_config *n, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= sizeof(n->tap) || strpbrk(text, "/ %"))
		return err_say(EINVAL,
			       "tapif '%s': not the name of an interface, 1 to "
			       "%zu characters",
			       text, sizeof(n->tap) - 1);
	memcpy(n->tap, text, len + 1);
	return 0;
}

static int set_vhost(struct net_config *n, const char *text)
{
	static const char *const words[] = { [NET_VHOST_AUTO] = "auto",
					     [NET_VHOST_ON] = "on",
					     [NET_VHOST_OFF] = "off",
					     NULL };
	int vhost = parse_word(text, words);

	if (vhost < 0)
		return err_in(vhost, "vhost");
	n->vhost = (enum net_vhost)vhost;
	return 0;
}

static int set_port(uint16_t *port, const char *text)
{
	uint64_t v;
	int rc = parse_u64(text, 1, UINT16_MAX, &v);

	if (rc == 0)
		*port = (uint16_t)v;
	return err_in(rc, "port");
}

/* Cut @text in two at the last @c; NULL: there is none. */
static char *cut(char *text, char c)
{
	char *at = strrchr(text, c);

	if (at)
		*at++ = '\0';
	return at;
}

/* The host's address, in brackets or not; this host alone if there is none. */
static int set_host(struct net_forward *f, char *text)
{
	uint8_t addr[sizeof(struct in6_addr)];
	size_t len = strlen(text);

	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	}
	if (!*text)
		text = (char *)"127.0.0.1";
	if (inet_pton(AF_INET, text, addr) != 1 &&
	    inet_pton(AF_INET6, text, addr) != 1)
		return err_say(EINVAL, "'%s' is not an address of this host",
			       text);
	snprintf(f->host, sizeof(f->host), "%s", text);
	return 0;
}

/* [tcp|udp:[HOSTADDR]:]HOSTPORT-:GUESTPORT, as QEMU has it. */
static int parse_long(struct net_forward *f, char *text)
{
	char *guest = cut(text, '-'), *port = cut(text, ':');
	int rc;

	if (!guest || !port || guest[0] != ':')
		return err_say(EINVAL, "write tcp::HOSTPORT-:GUESTPORT");
	rc = set_host(f, text);
	if (rc == 0)
		rc = set_port(&f->host_port, port);
	return rc < 0 ? rc : set_port(&f->guest_port, guest + 1);
}

/* HOSTPORT:GUESTPORT. */
static int parse_short(struct net_forward *f, char *text)
{
	char *guest = cut(text, ':');
	int rc;

	if (!guest)
		return err_say(EINVAL, "write HOSTPORT:GUESTPORT");
	rc = set_host(f, (char[]){ "" });
	if (rc == 0)
		rc = set_port(&f->host_port, text);
	return rc < 0 ? rc : set_port(&f->guest_port, guest);
}

static int add_forward(struct net_config *n, const char *text)
{
	struct net_forward f = { .udp = strncmp(text, "udp:", 4) == 0 };
	char copy[TEXT_MAX];
	int rc;

	if (n->nr_forwards == NET_FORWARDS_MAX)
		return err_say(E2BIG, "no more than %d ports",
			       NET_FORWARDS_MAX);
	snprintf(copy, sizeof(copy), "%s", text);
	if (f.udp || strncmp(text, "tcp:", 4) == 0)
		rc = parse_long(&f, copy + 4);
	else
		rc = parse_short(&f, copy);
	if (rc < 0)
		return err_in(rc, "'%s'", text);
	for (unsigned i = 0; i < n->nr_forwards; i++)
		if (n->forwards[i].udp == f.udp &&
		    n->forwards[i].host_port == f.host_port)
			return err_say(EINVAL,
				       "'%s': port %u leads elsewhere already",
				       text, f.host_port);
	n->forwards[n->nr_forwards++] = f;
	return 0;
}

/* What has been said of one so far. */
struct words {
	struct net_config n;
	int mode;		/* -1: not yet */
	const char *user, *tap; /* the first that only such a one has */
};

static int set_mode(struct words *w, const char *text)
{
	static const char *const modes[] = {
		[NET_USER] = "user", [NET_TAP] = "tap", "none", NULL
	};
	int mode = parse_word(text, modes);

	if (mode < 0)
		return err_in(mode, "mode");
	w->mode = mode;
	return 0;
}

static int set_word(struct words *w, const char *word, const char *value)
{
	if (strcmp(word, "mode") == 0)
		return set_mode(w, value);
	if (strcmp(word, "mac") == 0 || strcmp(word, "guest_mac") == 0)
		return set_mac(&w->n, value);
	if (strcmp(word, "hostfwd") == 0 || strcmp(word, "port") == 0) {
		w->user = "hostfwd";
		return err_in(add_forward(&w->n, value), "%s", word);
	}
	if (strcmp(word, "tapif") == 0) {
		w->tap = "tapif";
		return set_tap(&w->n, value);
	}
	if (strcmp(word, "vhost") == 0) {
		w->tap = "vhost";
		return set_vhost(&w->n, value);
	}
	return err_say(EINVAL,
		       "'%s' is not one of mode=user|tap|none, mac=ADDRESS, "
		       "port=HOSTPORT:GUESTPORT, hostfwd=..., tapif=NAME, "
		       "vhost=auto|on|off",
		       word);
}

static int check(const struct words *w)
{
	if (w->mode < 0)
		return err_say(EINVAL, "say which: mode=user, mode=tap or "
				       "mode=none");
	if (w->user && w->mode != NET_USER)
		return err_say(EINVAL, "%s is for mode=user", w->user);
	if (w->tap && w->mode != NET_TAP)
		return err_say(EINVAL, "%s is for mode=tap", w->tap);
	return w->mode == NET_USER || w->mode == NET_TAP ? 0 : -ENODEV;
}

int network_parse(const char *text, struct net_config *ret)
{
	struct words w = { .mode = -1 };
	char copy[TEXT_MAX], *save = NULL;
	int rc = 0;

	if (strlen(text) >= sizeof(copy))
		return err_say(E2BIG, "more than %d characters", TEXT_MAX - 1);
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, ",", &save); word && rc == 0;
	     word = strtok_r(NULL, ",", &save)) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		rc = set_word(&w, word, value ? value : "");
	}
	if (rc == 0)
		rc = check(&w);
	w.n.mode = (enum net_mode)w.mode;
	if (rc == 0)
		*ret = w.n;
	return rc;
}

/* Which device it is.  Whether the kernel can is asked of nobody who says so. */
static const struct virtio_class *class_of(const struct net_config *n)
{
	bool vhost = n->mode == NET_TAP && n->vhost != NET_VHOST_OFF;

	if (vhost && (n->vhost == NET_VHOST_ON || net_vhost_is_here()))
		return &virtio_net_vhost_class;
	return &virtio_net_class;
}

int network_option(void *machine, const char *arg)
{
	struct machine *m = machine;
	struct net_config *n = &m->networks[m->nr_networks];
	struct net_config parsed;
	int rc = network_parse(arg, &parsed);

	if (rc == -ENODEV)
		return 0;
	if (rc == 0 && m->nr_networks == MACHINE_NETWORKS_MAX)
		return err_say(E2BIG, "'%s': no more than %d networks", arg,
			       MACHINE_NETWORKS_MAX);
	if (rc < 0)
		return rc;
	*n = parsed;
	rc = machine_add(m, class_of(n), n, arg);
	m->nr_networks += rc == 0;
	return rc;
}

/* FNV-1a: spread well, and the same for ever. */
static uint64_t hash(const char *text, unsigned index)
{
	const uint64_t prime = UINT64_C(0x100000001b3);
	uint64_t h = (UINT64_C(0xcbf29ce484222325) ^ index) * prime;

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * prime;
	return h;
}

void network_settle(struct machine *m)
{
	char made[CTL_MADE_NAME_SIZE];
	const char *name = m->name;

	if (!name && m->nr_networks > 0) {
		ctl_name_make(made);
		name = made;
	}
	for (unsigned i = 0; i < m->nr_networks; i++) {
		struct net_config *n = &m->networks[i];
		uint64_t h = n->has_mac ? 0 : hash(name, i);

		if (n->has_mac)
			continue;
		n->mac[0] = 0x02; /* given by no manufacturer */
		for (unsigned j = 1; j < NET_MAC_SIZE; j++)
			n->mac[j] = (uint8_t)(h >> 8 * j);
	}
}
