/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap.c - "tap NAME UID": make a tap device that stays and is UID's, as "ip
 * tuntap add NAME mode tap user UID" does; busybox has no such thing.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (argc != 3)
		return 2;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", argv[1]);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0 ||
	    ioctl(fd, TUNSETOWNER, (unsigned long)atoi(argv[2])) < 0 ||
	    ioctl(fd, TUNSETPERSIST, 1UL) < 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
