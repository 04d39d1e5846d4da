/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "cmd/machine.h"
#include "cmd/network.h"
#include "util/err.h"
#include "util/net.h"
#include "util/util.h"
#include "virtio/net.h"

static struct net_config net;

static void a_mode_is_enough(void **state)
{
	(void)state;
	assert_int_equal(network_parse("mode=user", &net), 0);
	assert_int_equal(net.mode, NET_USER);
	assert_false(net.has_mac);
	assert_int_equal(net.nr_forwards, 0);
	assert_int_equal(network_parse("mode=tap", &net), 0);
	assert_int_equal(net.mode, NET_TAP);
	assert_string_equal(net.tap, "");
	assert_int_equal(network_parse("mode=none", &net), -ENODEV);
}

static void words_follow_in_any_order(void **state)
{
	static const uint8_t mac[] = { 0x02, 0xAb, 0xcD, 0, 9, 0xff };

	(void)state;
	assert_int_equal(
		network_parse("mac=02:Ab:cD:00:09:fF,tapif=pv-0,mode=tap",
			      &net),
		0);
	assert_int_equal(net.mode, NET_TAP);
	assert_true(net.has_mac);
	assert_memory_equal(net.mac, mac, sizeof(mac));
	assert_string_equal(net.tap, "pv-0");
}

static void assert_forward(unsigned i, bool udp, const char *host,
			   unsigned from, unsigned to)
{
	const struct net_forward *f = &net.forwards[i];

	assert_int_equal(f->udp, udp);
	assert_string_equal(f->host, host);
	assert_int_equal(f->host_port, from);
	assert_int_equal(f->guest_port, to);
}

static void ports_lead_into_the_guest(void **state)
{
	(void)state;
	assert_int_equal(network_parse("mode=user,port=2222:22,"
				       "hostfwd=tcp::80-:8080,"
				       "hostfwd=udp:10.1.2.3:53-:5353,"
				       "port=65535:1,"
				       "hostfwd=tcp:[fe80::1-2]:7-:8",
				       &net),
			 -EINVAL);
	assert_words("hostfwd: 'tcp:[fe80::1-2]:7-:8': 'fe80::1-2' is not an "
		     "address of this host");
	assert_int_equal(network_parse("mode=user,port=2222:22,"
				       "hostfwd=tcp::80-:8080,"
				       "hostfwd=udp:10.1.2.3:53-:5353,"
				       "port=65535:1,"
				       "hostfwd=tcp:[::1]:7-:8,"
				       "hostfwd=udp::80-:80",
				       &net),
			 0);
	assert_int_equal(net.nr_forwards, 6);
	assert_forward(0, false, "127.0.0.1", 2222, 22);
	assert_forward(1, false, "127.0.0.1", 80, 8080);
	assert_forward(2, true, "10.1.2.3", 53, 5353);
	assert_forward(3, false, "127.0.0.1", 65535, 1);
	assert_forward(4, false, "::1", 7, 8);
	assert_forward(5, true, "127.0.0.1", 80, 80);
}

static void what_is_no_network_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "say which: mode=user, mode=tap or mode=none" },
		{ "port=1:1", "say which: mode=user" },
		{ "mode=bridge",
		  "mode: 'bridge' is not one of user, tap, none" },
		{ "mode", "mode: '' is not one of" },
		{ "user", "'user' is not one of mode=user|tap|none, mac=" },
		{ "mode=user,mac=", "mac '': not six bytes as in 02:00" },
		{ "mode=user,mac=02:00:00:00:00", "not six bytes" },
		{ "mode=user,mac=02:00:00:00:00:1", "not six bytes" },
		{ "mode=user,mac=02:00:00:00:00:001", "not six bytes" },
		{ "mode=user,mac=02:00:00:00:00:0g", "not six bytes" },
		{ "mode=user,mac=02-00-00-00-00-01", "not six bytes" },
		{ "mode=user,mac=01:00:00:00:00:00",
		  "mac '01:00:00:00:00:00': a group's address; a card has one "
		  "whose first byte is even" },
		{ "mode=tap,mac=ff:ff:ff:ff:ff:ff", "a group's address" },
		{ "mode=tap,mac=00:00:00:00:00:00", "no address" },
		{ "mode=tap,tapif=", "tapif '': not the name of an interface" },
		{ "mode=tap,tapif=a234567890123456", "1 to 15 characters" },
		{ "mode=tap,tapif=a/b", "not the name of an interface" },
		{ "mode=tap,tapif=a%d", "not the name of an interface" },
		{ "mode=tap,port=1:1", "hostfwd is for mode=user" },
		{ "mode=user,tapif=x", "tapif is for mode=tap" },
		{ "mode=user,vhost=on", "vhost is for mode=tap" },
		{ "mode=tap,vhost=yes", "vhost: 'yes'" },
		{ "mode=none,port=1:1", "hostfwd is for mode=user" },
		{ "mode=user,port=", "port: '': write HOSTPORT:GUESTPORT" },
		{ "mode=user,port=22", "port: '22': write HOSTPORT:GUESTPORT" },
		{ "mode=user,port=0:22", "port: 0 is out of range 1 to 65535" },
		{ "mode=user,port=1:65536", "65536 is out of range" },
		{ "mode=user,port=x:1", "port: 'x' is not a whole number" },
		{ "mode=user,port=:1", "port: '' is not a whole number" },
		{ "mode=user,hostfwd=tcp:22-22",
		  "hostfwd: 'tcp:22-22': write tcp::HOSTPORT-:GUESTPORT" },
		{ "mode=user,hostfwd=tcp::22", "write tcp::HOSTPORT" },
		{ "mode=user,hostfwd=tcp:22-:22", "write tcp::HOSTPORT" },
		{ "mode=user,hostfwd=tcp::22-10.0.0.1:22",
		  "write tcp::HOSTPORT" },
		{ "mode=user,hostfwd=tcp:web:1-:2",
		  "'web' is not an address of this host" },
		{ "mode=user,hostfwd=udp::-:2", "'' is not a whole number" },
		{ "mode=user,port=5:6,hostfwd=tcp:10.0.0.1:5-:7",
		  "port 5 leads elsewhere already" },
	};
	char text[1024];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(network_parse(cases[i].text, &net) < 0);
		assert_has_words(cases[i].words);
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(network_parse(text, &net), -E2BIG);
	strcpy(text, "mode=user");
	for (unsigned i = 1; i <= 17; i++)
		sprintf(text + strlen(text), ",port=%u:1", i);
	assert_int_equal(network_parse(text, &net), -E2BIG);
	assert_has_words("port: no more than 16 ports");
}

static struct machine m;

static void a_machine_has_four_at_most(void **state)
{
	(void)state;
	machine_init(&m);
	assert_int_equal(network_option(&m, "mode=none"), 0);
	assert_int_equal(m.nr_networks, 0);
	for (unsigned i = 0; i < MACHINE_NETWORKS_MAX; i++)
		assert_int_equal(network_option(&m, "mode=user"), 0);
	assert_int_equal(network_option(&m, "mode=none"), 0);
	assert_int_equal(network_option(&m, "mode=user"), -E2BIG);
	assert_words("'mode=user': no more than 4 networks");
	assert_int_equal(m.config.nr_virtio, MACHINE_NETWORKS_MAX);
	assert_ptr_equal(m.config.virtio[1].config, &m.networks[1]);
}

/* What the card at @index of the guest called @name has. */
static const uint8_t *mac_of(const char *name, unsigned index)
{
	machine_init(&m);
	m.name = name;
	for (unsigned i = 0; i <= index; i++)
		assert_int_equal(network_option(&m, "mode=user"), 0);
	network_settle(&m);
	return m.networks[index].mac;
}

static void addresses_follow_from_the_name(void **state)
{
	/* For ever: guests remember them. */
	static const uint8_t web[] = { 0x02, 0x63, 0xef, 0x8e, 0x7e, 0xa5 };
	uint8_t first[NET_MAC_SIZE];

	(void)state;
	memcpy(first, mac_of("web", 0), sizeof(first));
	assert_memory_equal(first, web, sizeof(web));
	assert_memory_equal(mac_of("web", 0), first, sizeof(first));
	assert_memory_not_equal(mac_of("web", 1), first, sizeof(first));
	assert_memory_not_equal(mac_of("db", 0), first, sizeof(first));
	assert_memory_not_equal(mac_of(NULL, 0), first, sizeof(first));
	assert_int_equal(mac_of(NULL, 0)[0], 2);
}

static void an_address_that_is_given_stays(void **state)
{
	static const uint8_t mac[] = { 0x52, 0x54, 0, 1, 2, 3 };

	(void)state;
	machine_init(&m);
	assert_int_equal(
		network_option(&m, "mode=tap,vhost=off,mac=52:54:00:01:02:03"),
		0);
	network_settle(&m);
	assert_memory_equal(m.networks[0].mac, mac, sizeof(mac));
}

static const struct virtio_class *class_of(const char *text)
{
	machine_init(&m);
	assert_int_equal(network_option(&m, text), 0);
	return m.config.virtio[0].class;
}

static void the_kernel_does_it_where_it_is_asked_to(void **state)
{
	(void)state;
	assert_ptr_equal(class_of("mode=tap,vhost=on"),
			 &virtio_net_vhost_class);
	assert_ptr_equal(class_of("mode=tap,vhost=off"), &virtio_net_class);
	assert_ptr_equal(class_of("mode=tap"), net_vhost_is_here()
						       ? &virtio_net_vhost_class
						       : &virtio_net_class);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mode_is_enough),
		TEST(words_follow_in_any_order),
		TEST(ports_lead_into_the_guest),
		TEST(what_is_no_network_is_refused),
		TEST(a_machine_has_four_at_most),
		TEST(addresses_follow_from_the_name),
		TEST(an_address_that_is_given_stays),
		TEST(the_kernel_does_it_where_it_is_asked_to),
	};

	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
