/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks.h - the checks, in the order in which they are reported.
 *
 * A check's number is its place here, under every VMM; what cannot be done is
 * reported as skipped.  X(id, what is true, the rule that says so).
 *
 * Rules, where Arm's documents and Linux' are meant by a word:
 *	PSCI		Arm DEN0022
 *	SMCCC		Arm DEN0028
 *	pvtime		Arm DEN0057A, as Linux virt/kvm/arm/pvtime.rst has it
 *	Linux		what arch/arm64/kernel/paravirt.c and the accounting
 *			built on it take for granted
 *	KVM		what Linux' KVM does and guests have come to expect
 */
#ifndef CONFORMANCE_CHECKS_H
#define CONFORMANCE_CHECKS_H

/* clang-format off */
#define CHECKS(X)							\
	X(PSCI, "PSCI 1.0 or later answers",				\
	  "Linux: SMCCC is found through PSCI 1.0")			\
	X(SMCCC, "SMCCC 1.1 or later answers",				\
	  "pvtime: is probed by SMCCC 1.1")				\
	X(ARCH, "ARCH_FEATURES knows PV_TIME_FEATURES or says no",	\
	  "SMCCC: SUCCESS (0) or NOT_SUPPORTED (-1)")			\
	X(SELF, "PV_TIME_FEATURES knows itself or says no",		\
	  "pvtime: SUCCESS (0) or NOT_SUPPORTED (-1)")			\
	X(ST, "PV_TIME_FEATURES knows PV_TIME_ST or says no",		\
	  "pvtime: SUCCESS (0) or NOT_SUPPORTED (-1)")			\
	X(OFFERED, "stolen time is offered",				\
	  "asked for by the word require")				\
	X(AGREE, "the steps of discovery agree with PV_TIME_ST",	\
	  "pvtime: a call said to be there works, and no other")	\
	X(UNKNOWN, "PV_TIME_FEATURES says no to unknown functions",	\
	  "pvtime: NOT_SUPPORTED (-1) unless it is implemented")	\
	X(NEAR, "PV_TIME_FEATURES says no to its neighbours",		\
	  "pvtime: NOT_SUPPORTED (-1) unless it is implemented")	\
	X(FEATURES32, "PV_TIME_FEATURES says no to 32-bit forms",	\
	  "pvtime: there is no SMC32/HVC32 form")			\
	X(CALL_NEAR, "neighbouring function numbers are refused",	\
	  "SMCCC: unknown function: NOT_SUPPORTED (-1)")		\
	X(CALL32, "32-bit forms are refused",				\
	  "pvtime: there is no SMC32/HVC32 form")			\
	X(CALL_YIELDING, "yielding forms are refused",			\
	  "SMCCC: unknown function: NOT_SUPPORTED (-1)")		\
	X(UPPER_X0, "the function is in w0, not x0",			\
	  "SMCCC: the function identifier is 32 bits, in W0")		\
	X(UPPER_X1, "PV_TIME_FEATURES' argument is in w1, not x1",	\
	  "pvtime: the argument is a uint32")				\
	X(NO_ARGS, "PV_TIME_ST has no arguments",			\
	  "pvtime: PV_TIME_ST takes none")				\
	X(KEEP_X4, "calls keep x4 to x17",				\
	  "SMCCC 1.1: x4 to x17 are preserved")				\
	X(KEEP_X18, "calls keep x18 to x30 and the stack pointer",	\
	  "SMCCC: x18 to x30 and SP_ELx are preserved")			\
	X(CPUS, "every CPU of the tree starts",				\
	  "PSCI: CPU_ON, with its context identifier in x0")		\
	X(SAME, "discovery says the same on every CPU",			\
	  "Linux: discovers on one CPU, for all")			\
	X(EACH, "PV_TIME_ST answers on every CPU or on none",		\
	  "Linux: a CPU without a record does not come up")		\
	X(NO_NODE, "without stolen time the tree reserves no record",	\
	  "off is off in every respect")				\
	X(ALIGNED, "records are at multiples of 64",			\
	  "Linux: vcpu.rst, KVM_ARM_VCPU_PVTIME_IPA is 64-byte aligned")\
	X(PHYSICAL, "records are at guest-physical addresses",		\
	  "pvtime: the IPA of the record")				\
	X(DISTINCT, "each CPU has a record of its own",			\
	  "pvtime: a structure for each vCPU, of 64 bytes")		\
	X(STABLE, "asked again, a CPU is told the same address",	\
	  "KVM: set once for a vCPU's life")				\
	X(OUTSIDE, "records are not where the tree has usable memory",	\
	  "pvtime: in a region that is reserved")			\
	X(RESERVED, "records are where the tree reserves them",		\
	  "the node of the region tells where the records are")		\
	X(DEVICES, "records are in no device's window",			\
	  "pvtime: in Normal memory")					\
	X(READABLE, "records can be read",				\
	  "pvtime: Normal memory, given to the guest")			\
	X(REVISION, "the revision is 0",				\
	  "pvtime: revision must be 0 for version 1.0")			\
	X(ATTRIBUTES, "the attributes are 0",				\
	  "pvtime: attributes must be 0")				\
	X(PADDING, "the 48 bytes of padding are 0",			\
	  "KVM: PV_TIME_ST writes all 64 bytes anew")			\
	X(START, "stolen time starts near 0",				\
	  "Linux: a kernel that boots takes all there is for its own")	\
	X(OWN, "a busy CPU's record never decreases",			\
	  "Linux: a decrease is taken for time without end")		\
	X(SIBLING, "a busy CPU's record never decreases for others",	\
	  "pvtime: one 64-bit access; Linux: reads from other CPUs")	\
	X(HONEST, "no more is stolen than a CPU was away",		\
	  "pvtime: ns that the vCPU was involuntarily not running")	\
	X(GROWS, "what a CPU loses to its siblings is stolen",		\
	  "pvtime: ns that the vCPU was involuntarily not running")	\
	X(SHARED, "all CPUs read the same record",			\
	  "pvtime: inner shareable; Linux: reads from other CPUs")	\
	X(IDLE, "an idle CPU is not stolen from",			\
	  "pvtime: to wait for an interrupt is voluntary")		\
	X(OFF, "a CPU that is off is not stolen from",			\
	  "pvtime: to be off is voluntary")				\
	X(BACK, "off and on, a CPU has its record where it was",	\
	  "KVM: set once for a vCPU's life")				\
	X(GOES_ON, "off, on and asked again, it goes on or starts from 0",\
	  "KVM: PV_TIME_ST restarts; or the record just goes on")	\
	X(OTHERS, "off and on, a CPU leaves other CPUs' records alone",	\
	  "pvtime: a structure for each vCPU")				\
	X(MEMORY, "records take loads that only memory takes",		\
	  "pvtime: Normal memory, inner and outer write-back")		\
	X(RESET, "a reset starts records from 0",			\
	  "Linux: a kernel that boots takes all there is for its own")	\
	X(WRITE, "a guest that writes its record harms no other",	\
	  "pvtime: a structure for each vCPU")				\
	X(WIDE, "stolen time counts in 64 bits",			\
	  "pvtime: stolen time is 8 bytes")				\
	X(ANEW, "discovered and asked anew, the record is made anew",	\
	  "KVM: PV_TIME_ST writes all 64 bytes anew")			\
	X(BY_SMC, "SMC gives the same answers as HVC, or none",		\
	  "SMCCC: one function has one meaning by SMC and HVC")
/* clang-format on */

#define CHECK_ENUM(id, name, rule) CHECK_##id,
enum check { CHECK_NONE, CHECKS(CHECK_ENUM) CHECK_END };
#undef CHECK_ENUM

#endif
