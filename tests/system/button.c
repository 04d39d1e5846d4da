// SPDX-License-Identifier: BSD-2-Clause
/*
 * button [deaf] - runs in a Linux guest: powers off when the power button is
 * pressed, line 3 of the first GPIO chip; deaf: only says so.  For kernels without
 * the driver of GPIO keys.
 *
 * Spec: Linux Documentation/userspace-api/gpio/chardev.rst.
 */
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <unistd.h>

enum { LINE = 3 };

int main(int argc, char **argv)
{
	struct gpio_v2_line_request request = {
		.offsets = { LINE },
		.num_lines = 1,
		.consumer = "button",
		.config.flags =
			GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING,
	};
	struct gpio_v2_line_event event;
	int chip = open("/dev/gpiochip0", O_RDWR | O_CLOEXEC);

	if (chip < 0 || ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) {
		perror("button");
		return 1;
	}
	printf("button: listening\n");
	fflush(stdout);
	while (read(request.fd, &event, sizeof(event)) == sizeof(event)) {
		printf("button: pressed\n");
		fflush(stdout);
		if (argc < 2 || strcmp(argv[1], "deaf") != 0)
			reboot(RB_POWER_OFF);
	}
	return 1;
}
