/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_kvm.h - include/kvm/ without a kernel: what a test can set, script and
 * look at.
 *
 * The fake keeps the rules of the real thing that our code relies on, with its
 * error numbers and words, and remembers what it was told.  Descriptors are
 * real ones (of empty files), so close(2) works on them; a vCPU in
 * kvm_vcpu_run() blocks in a real system call, so signals work on it.  Each
 * call goes through fault_now().
 *
 * Threads: as include/kvm/ says; tests look while no vCPU thread runs, or at
 *          what vCPUs do not change.
 */
#ifndef FAKE_KVM_H
#define FAKE_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fault.h"

enum {
	FAKE_CPUS = 512,
	FAKE_SPIS = 64,
	FAKE_SLOTS = 8,
	FAKE_FILTERS = 8,
	FAKE_EVENTFDS = 32,
};

enum fake_kind { /* of a descriptor */
		 FAKE_NONE,
		 FAKE_SYS,
		 FAKE_VM,
		 FAKE_VCPU,
		 FAKE_GICV2,
		 FAKE_GICV3,
		 FAKE_ITS,
		 FAKE_PV_TIME,
		 FAKE_STATS,
};

/* Which form of the PV_TIME device a host has. */
enum fake_pv_time { FAKE_NO_PV_TIME, FAKE_PV_TIME_V1, FAKE_PV_TIME_V2 };

/* One kvm_attr_set() that succeeded. */
struct fake_attr {
	enum fake_kind kind;
	unsigned id; /* of a vCPU */
	uint32_t group;
	uint64_t attr;
	uint64_t value; /* the first 8 bytes; 0 where it has no data */
};

/* What a vCPU does next; kvm_vcpu_run() returns for each but the last three. */
enum fake_what {
	FAKE_WRITE, /* @len bytes of @value to @addr */
	FAKE_READ,  /* @len bytes from @addr, to be found in @value */
	FAKE_EVENT, /* system event @value */
	FAKE_EXIT,  /* exit reason @value, and nothing else */
	FAKE_HVC,   /* call @value with @addr in x1; where no filter sends it
		     * to us, the kernel answers -1 and the guest goes on */
	FAKE_FAIL,  /* KVM_RUN fails with errno @value */
	FAKE_WAIT,  /* stay in the guest until a signal comes */
	FAKE_IRQ,   /* stay there until SPI @value is high, then go on */
	FAKE_CALL,  /* the test's own @call, on the vCPU's thread, then go on */
};

struct fake_step {
	enum fake_what what;
	uint64_t addr, value;
	unsigned len;
	void (*call)(void);
};

typedef void fake_program(unsigned id, struct fake_step *step);

struct fake_cpu {
	/*
	 * Steps that are left; then those of a program, which is called for
	 * each, on the vCPU's thread, and finds the one before in *step.
	 * Without either a vCPU blocks like a stopped CPU.
	 */
	struct fake_step *steps;
	size_t nr_steps;
	fake_program *program;
	struct fake_step own;

	unsigned inits, runs;
	uint32_t features; /* of the last init, POWER_OFF apart */
	bool on, finalized;
	uint64_t pc, x[31], pstate, counter;
	uint64_t sctlr, ttbr0, ttbr1, tcr;
	uint64_t record;  /* 0: no stolen time */
	pid_t tid;	  /* who ran it first */
	bool strange_tid; /* and somebody else did later */
	bool running;
	uint64_t exits;		   /* its one statistic; a test's to set */
	struct fake_step *reading; /* its data arrive with the next run */
};

/* Calls that the SMCCC filter sends to us. */
struct fake_filter {
	uint32_t base, nr;
};

/* Writes of @match to @gpa go to @fd. */
struct fake_eventfd {
	uint64_t gpa, match;
	unsigned len;
	int fd;
};

struct fake_slot {
	uint64_t gpa, size; /* size 0: free */
	void *host;
	bool read_only;
};

struct fake_kvm {
	/* The host; fake_kvm_reset() makes it one that has everything. */
	bool gicv2, gicv3, its, sve, ptrauth, pmu, nisv, pvtime, std_hyp;
	bool filter, stats;	   /* of SMCCC calls; of vCPUs */
	enum fake_pv_time pv_time; /* none */
	unsigned max_cpus, ipa_bits;
	uint64_t page; /* at first this machine's */

	/* What it is told, in order, and holds now. */
	struct fake_attr *attrs;
	size_t nr_attrs;
	struct fake_slot slots[FAKE_SLOTS];
	unsigned live_runs; /* mappings of struct kvm_run */
	unsigned vm_bits;   /* of the last VM */
	uint64_t hyp_calls; /* KVM_REG_ARM_STD_HYP_BMAP */
	struct fake_filter filters[FAKE_FILTERS];
	unsigned nr_filters;
	bool ran;		       /* any vCPU of the last VM */
	uint64_t region, region_size;  /* of PV_TIME; 0: not set */
	uint64_t states[FAKE_CPUS][8]; /* its version 1 has the records */
	bool no_ioeventfd;
	struct fake_eventfd eventfds[FAKE_EVENTFDS];
	unsigned nr_eventfds;
	bool spis[FAKE_SPIS];
	unsigned nr_spi_calls, nr_aborts;
	struct fake_cpu cpus[FAKE_CPUS];
};

extern struct fake_kvm fake_kvm;

/* A new host; no fault; nothing was ever told.  Each test begins with it. */
void fake_kvm_reset(void);

/* How many of its descriptors are still open; how many slots are taken. */
unsigned fake_kvm_live_fds(void);
unsigned fake_kvm_live_slots(void);

/* A descriptor of that kind, for code that is handed one; close(2) it. */
int fake_kvm_fd(enum fake_kind kind, unsigned id);

/* What @fd is; and *ret_id, of which vCPU. */
enum fake_kind fake_kvm_kind(int fd, unsigned *ret_id);

/* Is any vCPU in the guest? */
bool fake_kvm_runs(void);

/* vCPU @id shall do these steps; they stay the test's. */
void fake_kvm_script(unsigned id, struct fake_step *steps, size_t n);

/* And then as @program says. */
void fake_kvm_program(unsigned id, fake_program *program);

/* The value last set, or NULL if it never was. */
const uint64_t *fake_kvm_attr(enum fake_kind kind, unsigned id, uint32_t group,
			      uint64_t attr);

#endif
