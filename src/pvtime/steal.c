/* SPDX-License-Identifier: BSD-2-Clause */
#include "pvtime/steal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "util/err.h"

int steal_read(pid_t tid, struct steal_times *ret)
{
	char path[64], buf[80];
	struct steal_times t;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(errno, "'%s'", path);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n < 0)
		return err_set(errno, "'%s'", path);
	buf[n] = '\0';
	if (sscanf(buf, "%" SCNu64 " %" SCNu64, &t.run_ns, &t.wait_ns) != 2)
		return err_say(EPROTO, "'%s': two numbers expected", path);
	*ret = t;
	return 0;
}
