/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deny.c - run a command on a kernel that refuses an ioctl.
 *
 *	deny REQUEST ERRNO CMD [ARG...]
 *
 * ioctl(fd, REQUEST) fails with ERRNO in CMD, whatever fd is: a host without
 * what that call is for.  Numbers as strtoul(3) takes them.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct seccomp_data, name)

int main(int argc, char **argv)
{
	unsigned request = argc > 3 ? (unsigned)strtoul(argv[1], NULL, 0) : 0;
	unsigned err = argc > 3 ? (unsigned)strtoul(argv[2], NULL, 0) : 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		/* Requests have 32 bits; arm64's are little-endian. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, request, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (argc < 4) {
		fprintf(stderr, "usage: deny REQUEST ERRNO CMD [ARG...]\n");
		return 2;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("deny: seccomp");
		return 125;
	}
	execv(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
