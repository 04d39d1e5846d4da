/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network.h - the option -n, --network: a network card for the guest.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    nothing.
 * Threads: the main thread.
 */
#ifndef CMD_NETWORK_H
#define CMD_NETWORK_H

struct machine;
struct net_config;

/* Fill *ret from @text, "mode=user,port=2222:22"; -ENODEV: it is "mode=none". */
int network_parse(const char *text, struct net_config *ret);

/* As an option's set function: one more network of the struct machine. */
int network_option(void *machine, const char *arg);

/* All options are known: an address for each that was given none. */
void network_settle(struct machine *m);

#endif
