/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"

int ctl_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	if (len == 0 || name[len] || name[0] == '.' || len > 64)
		return err_say(EINVAL,
			       "'%s' is no name; use up to 64 letters, digits "
			       "and ._-, no dot first",
			       name);
	return 0;
}

void ctl_name_make(char buf[static CTL_MADE_NAME_SIZE])
{
	snprintf(buf, CTL_MADE_NAME_SIZE, "guest-%d", (int)getpid());
}

int ctl_path(const char *name, bool make, struct sockaddr_un *ret_addr)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *base = getenv("XDG_RUNTIME_DIR");
	char user[32], dir[sizeof(addr.sun_path)];
	uid_t uid = geteuid();
	struct stat st;
	int len;

	if (uid == 0) {
		base = "/run";
	} else if (!base || base[0] != '/') {
		snprintf(user, sizeof(user), "/run/user/%u", (unsigned)uid);
		base = user;
	}
	snprintf(dir, sizeof(dir), "%s/pvtime-vmm", base);
	len = snprintf(addr.sun_path, sizeof(addr.sun_path),
		       "%s/pvtime-vmm/%s.sock", base, name);
	if (len >= (int)sizeof(addr.sun_path))
		return err_say(ENAMETOOLONG,
			       "'%s/pvtime-vmm/%s.sock': too long for a socket",
			       base, name);
	if (make && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_hint(err_set(errno, "'%s'", dir),
				"set XDG_RUNTIME_DIR to a folder of yours");
	/* Somebody else's, they could put their socket in the place of ours. */
	if (make && (lstat(dir, &st) < 0 || !S_ISDIR(st.st_mode) ||
		     st.st_uid != uid || (st.st_mode & 077)))
		return err_say(
			EPERM,
			"'%s': not a folder of this user alone; remove "
			"it, or set XDG_RUNTIME_DIR to a folder of yours",
			dir);
	*ret_addr = addr;
	return 0;
}
