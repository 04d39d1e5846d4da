/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/service.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/err.h"
#include "vm/vm.h"

/* The length of *ret; or a negative errno. */
static int address(const char *path, struct sockaddr_un *ret)
{
	size_t len = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || len < 2 ||
	    len >= sizeof(ret->sun_path))
		return err_say(EINVAL, "NOTIFY_SOCKET='%s': no such socket",
			       path);
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, path, len);
	if (path[0] == '@') /* of no folder */
		ret->sun_path[0] = '\0';
	else
		len++;
	return (int)(offsetof(struct sockaddr_un, sun_path) + len);
}

int service_ready(const struct vm *vm, const char *name)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr;
	char text[256];
	int fd, len, rc = 0;

	if (!path || !path[0])
		return 0;
	len = address(path, &addr);
	if (len < 0)
		return len;
	snprintf(text, sizeof(text),
		 "READY=1\nSTATUS=guest %s: %u vCPUs, stolen time: %s\n", name,
		 vm_nr_cpus(vm), vm_provider(vm));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL,
			     (const void *)&addr, (socklen_t)len) < 0)
		rc = err_set(errno, "NOTIFY_SOCKET");
	if (fd >= 0)
		close(fd);
	return rc;
}
