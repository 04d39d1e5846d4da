/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h - the options that describe a machine, for all commands that make
 * one.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    what machine_defaults() had to look up; strings are argv's.
 * Threads: the main thread.
 */
#ifndef CMD_MACHINE_H
#define CMD_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/disk.h"
#include "util/net.h"
#include "virtio/outside.h"
#include "virtio/vsock.h"
#include "vm/vm.h"

struct option_desc;
struct virtio_class;

enum { MACHINE_DISKS_MAX = 16, MACHINE_NETWORKS_MAX = 4 };
enum { MACHINE_OUTSIDE_MAX = 8 };

struct machine {
	struct vm_config config; /* its devices' configs follow */
	struct disk_config disks[MACHINE_DISKS_MAX];
	unsigned nr_disks;
	struct net_config networks[MACHINE_NETWORKS_MAX];
	unsigned nr_networks;
	struct outside_config outside[MACHINE_OUTSIDE_MAX];
	unsigned nr_outside;
	uint16_t pins[LAYOUT_NR_CPUS];
	struct vsock_config vsock; /* cid 0: none */
	bool has_balloon;	   /* was said */
	bool has_console;	   /* was said */
	const char *dump_dtb;	   /* NULL: no */
	const char *name;	   /* NULL: none */
	const char *record;	   /* file; NULL: no */
	unsigned steal;		   /* thousandths */
	uint64_t record_every_ns;
	bool help;
	char own_kernel[128]; /* the host's, where none was given */
};

/*
 * A command has the options of every machine and @n of its @own, or, where these
 * are NULL, those of "run".  They are given *m: a struct with more in it begins
 * with a struct machine.
 */
void machine_print_options(const struct option_desc *own, size_t n);

/* Nothing chosen yet. */
void machine_init(struct machine *m);

/* Fill *m from @argv, argv[0] being the command.  On error words say why. */
int machine_parse(struct machine *m, const struct option_desc *own, size_t n,
		  int argc, char **argv);

/* One more virtio device, with a config of *m.  -E2BIG: no room for @arg's. */
int machine_add(struct machine *m, const struct virtio_class *class,
		const void *config, const char *arg);

/* The host's own kernel where none was given.  -ENOENT: it is not there. */
int machine_find_kernel(struct machine *m);

/* The status for a command whose vm_new() failed with @rc. */
int machine_failed(const struct machine *m, int rc);

#endif
