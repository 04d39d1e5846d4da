/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service.h - tells a service manager that the guest runs (Type=notify).
 *
 * Spec:    sd_notify(3): a datagram to the socket that $NOTIFY_SOCKET names.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    nothing.
 * Threads: main.
 */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

struct vm;

/* @vm, called @name, runs.  Does nothing where nobody wants to know. */
int service_ready(const struct vm *vm, const char *name);

#endif
