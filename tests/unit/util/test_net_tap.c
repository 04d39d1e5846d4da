/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"
#include "util/net.h"

static struct net_config config = { .mode = NET_TAP, .tap = "pv0" };
static struct net_link net;
static struct left before;

/* -- the kernel's side: what net_tap.c calls is here -- */

static int open_errno, iff_errno;
static int outside;
static struct ifreq asked;
static int header_size;
static unsigned long offload;
static short flags;

int open(const char *path, int how, ...)
{
	int ends[2];

	if (strcmp(path, "/dev/net/tun") != 0)
		return (int)syscall(SYS_openat, AT_FDCWD, path, how, 0600);
	errno = open_errno;
	if (errno)
		return -1;
	assert_int_equal(how, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	assert_int_equal(
		socketpair(AF_UNIX,
			   SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			   ends),
		0);
	outside = ends[1];
	return ends[0];
}

int ioctl(int fd, unsigned long request, ...)
{
	struct ifreq *ifr;
	va_list ap;
	void *arg;

	(void)fd;
	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	ifr = arg;
	switch (request) {
	case TUNSETIFF:
		asked = *ifr;
		if (!*ifr->ifr_name)
			strcpy(ifr->ifr_name, "tap7");
		errno = iff_errno;
		return errno ? -1 : 0;
	case TUNSETVNETHDRSZ:
		header_size = *(int *)arg;
		return 0;
	case TUNSETVNETLE:
		return *(int *)arg == 1 ? 0 : -1;
	case TUNSETOFFLOAD:
		offload = (unsigned long)arg;
		return 0;
	case SIOCGIFFLAGS:
		ifr->ifr_flags = flags;
		return 0;
	case SIOCSIFFLAGS:
		flags = ifr->ifr_flags;
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

static int set_up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	open_errno = iff_errno = 0;
	outside = -1;
	flags = IFF_BROADCAST;
	offload = 99;
	before = left_now();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	net_close(&net);
	if (outside >= 0)
		close(outside);
	assert_nothing_left(before);
	return 0;
}

/* -- tests -- */

static void a_tap_device_is_opened_for_frames_with_headers(void **state)
{
	(void)state;
	assert_int_equal(net_open(&net, &config), 0);
	assert_string_equal(asked.ifr_name, "pv0");
	assert_int_equal(asked.ifr_flags, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	assert_int_equal(header_size, 12);
	assert_int_equal(offload, 0);
	assert_int_equal(flags, IFF_BROADCAST | IFF_UP);
	assert_true(net_can_offload(&net));
}

static void frames_have_their_header_in_front(void **state)
{
	uint8_t bytes[100] = { 1, 3 }, got[100];
	struct iovec iov[] = { { bytes, 12 }, { bytes + 12, 60 } };
	struct net_frame f;

	(void)state;
	assert_int_equal(net_open(&net, &config), 0);
	assert_int_equal(net_receive(&net, &f), 0);
	assert_int_equal(net_send(&net, iov, 2, 60), 0);
	assert_int_equal(recv(outside, got, sizeof(got), 0), 72);
	assert_memory_equal(got, bytes, 72);

	bytes[12] = 0x77;
	assert_int_equal(send(outside, bytes, 80, 0), 80);
	assert_int_equal(net_receive(&net, &f), 1);
	assert_int_equal(f.header.flags, 1);
	assert_int_equal(f.header.gso_type, 3);
	assert_int_equal(f.size, 68);
	assert_int_equal(f.data[0], 0x77);
	assert_int_equal(send(outside, bytes, 11, 0), 11);
	assert_int_equal(net_receive(&net, &f), 0);
}

static void offloads_are_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(net_open(&net, &config), 0);
	net_offload(&net, NET_CSUM | NET_TSO6);
	assert_int_equal(offload, TUN_F_CSUM | TUN_F_TSO6);
	net_offload(&net, NET_CSUM | NET_TSO4 | NET_TSO6 | NET_TSO_ECN);
	assert_int_equal(offload,
			 TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
	net_offload(&net, 0);
	assert_int_equal(offload, 0);
}

static void assert_refused(int err, const char *words)
{
	assert_int_equal(net_open(&net, &config), -err);
	assert_has_words(words);
	if (outside >= 0)
		close(outside);
	outside = -1;
}

static void what_is_in_the_way_is_told(void **state)
{
	struct net_config any = { .mode = NET_TAP };

	(void)state;
	open_errno = ENOENT;
	assert_refused(ENOENT,
		       "/dev/net/tun: No such file or directory; this "
		       "host's kernel has no tap devices yet: 'modprobe "
		       "tun' as root, or take mode=user");
	open_errno = EACCES;
	assert_refused(EACCES, "/dev/net/tun: Permission denied; take "
			       "mode=user");
	open_errno = 0;
	iff_errno = EPERM;
	assert_refused(EPERM, "tap device 'pv0': Operation not permitted; as "
			      "root: 'ip tuntap add pv0 mode tap user USER' "
			      "and 'ip link set pv0 up', then tapif=pv0; or "
			      "take mode=user");
	assert_int_equal(net_open(&net, &any), -EPERM);
	assert_has_words("a new tap device: Operation not permitted; as root: "
			 "'ip tuntap add NAME mode tap user USER'");
	close(outside);
	iff_errno = EBUSY;
	assert_refused(EBUSY, "tap device 'pv0': another program uses it");
	iff_errno = EINVAL;
	assert_refused(EINVAL, "'pv0' is an interface, but no tap device");
	iff_errno = ENOMEM;
	assert_refused(ENOMEM, "tap device 'pv0': Cannot allocate memory");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_tap_device_is_opened_for_frames_with_headers),
		T(frames_have_their_header_in_front),
		T(offloads_are_the_kernels),
		T(what_is_in_the_way_is_told),
	};

	return cmocka_run_group_tests_name("net_tap", tests, NULL, NULL);
}
