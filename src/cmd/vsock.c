/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/vsock.h"

#include <errno.h>

#include "cmd/machine.h"
#include "util/err.h"
#include "util/parse.h"
#include "virtio/vsock.h"

int vsock_option(void *machine, const char *arg)
{
	struct machine *m = machine;
	uint64_t cid;
	int rc = parse_u64(arg, VSOCK_CID_MIN, VSOCK_CID_MAX, &cid);

	if (rc < 0)
		return rc;
	if (m->vsock.cid)
		return err_say(EINVAL, "'%s': the guest has CID %u already",
			       arg, m->vsock.cid);
	m->vsock.cid = (uint32_t)cid;
	return machine_add(m, &virtio_vsock_class, &m->vsock, arg);
}
