/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_kvm.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kvm/reg.h"
#include "kvm/stats.h"
#include "kvm/sys.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "kvm/vm.h"
#include "util/err.h"

enum { FDS_MAX = 2048, RUN_SIZE = 0x3000 };

struct fake_kvm fake_kvm;

/* A number may be used anew: the file behind it tells which one is meant. */
static struct {
	enum fake_kind kind;
	unsigned id;
	ino_t file;
} fds[FDS_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void fake_kvm_reset(void)
{
	free(fake_kvm.attrs);
	memset(fds, 0, sizeof(fds));
	fake_kvm = (struct fake_kvm){
		.gicv2 = true,
		.gicv3 = true,
		.its = true,
		.sve = true,
		.ptrauth = true,
		.pmu = true,
		.nisv = true,
		.pvtime = true,
		.std_hyp = true,
		.filter = true,
		.stats = true,
		.max_cpus = FAKE_CPUS,
		.ipa_bits = 48,
		.page = (uint64_t)sysconf(_SC_PAGESIZE),
		.hyp_calls = 1u << KVM_REG_ARM_STD_HYP_BIT_PV_TIME,
	};
	fault_arm(0, 0);
}

/* -- descriptors -- */

static enum fake_kind kind_of(int fd)
{
	struct stat st;

	if (fd < 0 || fd >= FDS_MAX || fds[fd].kind == FAKE_NONE)
		return FAKE_NONE;
	if (fstat(fd, &st) < 0 || st.st_ino != fds[fd].file)
		return FAKE_NONE;
	return fds[fd].kind;
}

enum fake_kind fake_kvm_kind(int fd, unsigned *ret_id)
{
	enum fake_kind kind = kind_of(fd);

	*ret_id = kind == FAKE_NONE ? 0 : fds[fd].id;
	return kind;
}

int fake_kvm_fd(enum fake_kind kind, unsigned id)
{
	int fd = memfd_create("fake kvm", MFD_CLOEXEC);
	struct stat st;

	if (fd < 0 || fd >= FDS_MAX || fstat(fd, &st) < 0)
		abort();
	pthread_mutex_lock(&lock);
	fds[fd].kind = kind;
	fds[fd].id = id;
	fds[fd].file = st.st_ino;
	pthread_mutex_unlock(&lock);
	return fd;
}

unsigned fake_kvm_live_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < FDS_MAX; fd++)
		n += kind_of(fd) != FAKE_NONE;
	return n;
}

/* The error with which a call on @fd fails at once, or 0. */
static int refuse(int fd, enum fake_kind kind)
{
	int err = fault_now();

	if (err)
		return err;
	return kind_of(fd) == kind ? 0 : EBADF;
}

/* -- sys.h -- */

int kvm_sys_open(struct kvm_sys *sys, const char *path)
{
	int err = fault_now();

	*sys = (struct kvm_sys){ .fd = -1 };
	if (err)
		return err_set(err, "'%s'", path);
	sys->fd = fake_kvm_fd(FAKE_SYS, 0);
	sys->run_size = RUN_SIZE;
	return 0;
}

void kvm_sys_close(struct kvm_sys *sys)
{
	if (sys->fd >= 0)
		close(sys->fd);
	sys->fd = -1;
}

static int capability(unsigned cap)
{
	switch (cap) {
	case KVM_CAP_MAX_VCPUS:
		return (int)fake_kvm.max_cpus;
	case KVM_CAP_ARM_VM_IPA_SIZE:
		return (int)fake_kvm.ipa_bits;
	case KVM_CAP_ARM_SVE:
		return fake_kvm.sve;
	case KVM_CAP_ARM_PTRAUTH_ADDRESS:
	case KVM_CAP_ARM_PTRAUTH_GENERIC:
		return fake_kvm.ptrauth;
	case KVM_CAP_ARM_PMU_V3:
		return fake_kvm.pmu;
	case KVM_CAP_STEAL_TIME:
		return fake_kvm.pvtime;
	default:
		return 0;
	}
}

int kvm_sys_cap(const struct kvm_sys *sys, unsigned cap)
{
	return refuse(sys->fd, FAKE_SYS) ? 0 : capability(cap);
}

/* -- vm.h -- */

int kvm_vm_create(const struct kvm_sys *sys, unsigned ipa_bits)
{
	int err = refuse(sys->fd, FAKE_SYS);

	if (!err && (ipa_bits < 32 || ipa_bits > fake_kvm.ipa_bits))
		err = EINVAL;
	if (err)
		return err_set(err, "create VM with %u-bit addresses",
			       ipa_bits);
	fake_kvm.vm_bits = ipa_bits;
	fake_kvm.nr_filters = 0;
	fake_kvm.ran = false;
	return fake_kvm_fd(FAKE_VM, 0);
}

int kvm_vm_cap(int vm_fd, unsigned cap)
{
	return refuse(vm_fd, FAKE_VM) ? 0 : capability(cap);
}

int kvm_vm_enable_cap(int vm_fd, unsigned cap)
{
	int err = refuse(vm_fd, FAKE_VM);

	if (!err && (cap != KVM_CAP_ARM_NISV_TO_USER || !fake_kvm.nisv))
		err = EINVAL;
	return err ? err_set(err, "enable KVM capability %u", cap) : 0;
}

static int check_slot(unsigned slot, gpa_t gpa, uint64_t size, void *host)
{
	uint64_t page = fake_kvm.page, real = (uint64_t)sysconf(_SC_PAGESIZE);

	if (slot >= FAKE_SLOTS || size == 0 || (gpa | size) % page != 0 ||
	    (uintptr_t)host % real != 0)
		return EINVAL;
	for (unsigned i = 0; i < FAKE_SLOTS; i++) {
		const struct fake_slot *s = &fake_kvm.slots[i];

		if (s->size && (i == slot || (gpa < s->gpa + s->size &&
					      s->gpa < gpa + size)))
			return EEXIST;
	}
	return 0;
}

static int add_slot(int vm_fd, unsigned slot, bool read_only, gpa_t gpa,
		    uint64_t size, void *host)
{
	int err = refuse(vm_fd, FAKE_VM);

	if (!err)
		err = check_slot(slot, gpa, size, host);
	if (err)
		return err_set(err,
			       "memory slot %u: %" PRIu64 " bytes at %#" PRIx64,
			       slot, size, gpa);
	fake_kvm.slots[slot] = (struct fake_slot){ gpa, size, host, read_only };
	return 0;
}

int kvm_slot_add(int vm_fd, unsigned slot, gpa_t gpa, uint64_t size, void *host)
{
	return add_slot(vm_fd, slot, false, gpa, size, host);
}

int kvm_slot_add_ro(int vm_fd, unsigned slot, gpa_t gpa, uint64_t size,
		    void *host)
{
	return add_slot(vm_fd, slot, true, gpa, size, host);
}

void kvm_slot_del(int vm_fd, unsigned slot)
{
	if (kind_of(vm_fd) == FAKE_VM && slot < FAKE_SLOTS)
		fake_kvm.slots[slot].size = 0;
}

unsigned fake_kvm_live_slots(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_SLOTS; i++)
		n += fake_kvm.slots[i].size != 0;
	return n;
}

int kvm_spi_set(int vm_fd, unsigned spi, bool level)
{
	int err = refuse(vm_fd, FAKE_VM);

	if (!err && spi >= FAKE_SPIS)
		err = EINVAL;
	if (err)
		return err_set(err, "SPI %u", spi);
	pthread_mutex_lock(&lock);
	fake_kvm.spis[spi] = level;
	fake_kvm.nr_spi_calls++;
	pthread_mutex_unlock(&lock);
	return 0;
}

static bool spi_is_high(unsigned spi)
{
	bool level;

	pthread_mutex_lock(&lock);
	level = fake_kvm.spis[spi];
	pthread_mutex_unlock(&lock);
	return level;
}

int kvm_ioeventfd(int vm_fd, gpa_t gpa, unsigned len, uint64_t match, int fd)
{
	int err = refuse(vm_fd, FAKE_VM);

	if (!err && fake_kvm.no_ioeventfd)
		err = ENOTTY;
	if (!err && fake_kvm.nr_eventfds == FAKE_EVENTFDS)
		err = ENOSPC;
	if (err)
		return err_set(err, "eventfd for writes to %#" PRIx64, gpa);
	fake_kvm.eventfds[fake_kvm.nr_eventfds++] =
		(struct fake_eventfd){ gpa, match, len, fd };
	return 0;
}

static enum fake_kind device_kind(uint32_t type)
{
	switch (type) {
	case KVM_DEV_TYPE_ARM_VGIC_V2:
		return fake_kvm.gicv2 ? FAKE_GICV2 : FAKE_NONE;
	case KVM_DEV_TYPE_ARM_VGIC_V3:
		return fake_kvm.gicv3 ? FAKE_GICV3 : FAKE_NONE;
	case KVM_DEV_TYPE_ARM_VGIC_ITS:
		return fake_kvm.its ? FAKE_ITS : FAKE_NONE;
	case KVM_DEV_TYPE_ARM_PV_TIME:
		return fake_kvm.pv_time ? FAKE_PV_TIME : FAKE_NONE;
	default:
		return FAKE_NONE;
	}
}

int kvm_device_create(int vm_fd, uint32_t type, const char *name)
{
	int err = refuse(vm_fd, FAKE_VM);

	if (!err && device_kind(type) == FAKE_NONE)
		err = ENODEV;
	if (err)
		return err_set(err, "create %s", name);
	if (device_kind(type) == FAKE_PV_TIME)
		fake_kvm.region = fake_kvm.region_size = 0;
	return fake_kvm_fd(device_kind(type), 0);
}

bool kvm_device_there(int vm_fd, uint32_t type)
{
	return !refuse(vm_fd, FAKE_VM) && device_kind(type) != FAKE_NONE;
}

/* -- vcpu.h -- */

static struct fake_cpu *cpu_of(const struct kvm_vcpu *vcpu)
{
	return &fake_kvm.cpus[vcpu->id];
}

/* A vCPU's calls wait while it runs; ours must never have to. */
static int refuse_vcpu(int fd)
{
	int err = refuse(fd, FAKE_VCPU);

	if (err)
		return err;
	pthread_mutex_lock(&lock);
	err = fake_kvm.cpus[fds[fd].id].running ? EBUSY : 0;
	pthread_mutex_unlock(&lock);
	return err;
}

bool fake_kvm_runs(void)
{
	bool any = false;

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < FAKE_CPUS; i++)
		any |= fake_kvm.cpus[i].running;
	pthread_mutex_unlock(&lock);
	return any;
}

int kvm_target_preferred(int vm_fd, struct kvm_target *ret_target)
{
	int err = refuse(vm_fd, FAKE_VM);

	if (err)
		return err_set(err, "preferred vCPU target");
	*ret_target =
		(struct kvm_target){ .target = KVM_ARM_TARGET_GENERIC_V8 };
	return 0;
}

int kvm_vcpu_open(struct kvm_vcpu *vcpu, int vm_fd, unsigned id,
		  size_t run_size)
{
	int err = refuse(vm_fd, FAKE_VM);

	*vcpu = (struct kvm_vcpu){ .fd = -1, .id = id, .run_size = run_size };
	if (!err && id >= fake_kvm.max_cpus)
		err = EINVAL;
	if (err)
		return err_set(err, "create vCPU %u", id);
	/* A new one; what the test wants of it is older. */
	fake_kvm.cpus[id] = (struct fake_cpu){
		.steps = fake_kvm.cpus[id].steps,
		.nr_steps = fake_kvm.cpus[id].nr_steps,
		.program = fake_kvm.cpus[id].program,
	};
	vcpu->fd = fake_kvm_fd(FAKE_VCPU, id);
	vcpu->run = mmap(NULL, run_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		err = err_set(errno, "map vCPU %u", id);
		kvm_vcpu_close(vcpu);
		return err;
	}
	fake_kvm.live_runs++;
	return 0;
}

void kvm_vcpu_close(struct kvm_vcpu *vcpu)
{
	if (vcpu->run) {
		munmap(vcpu->run, vcpu->run_size);
		fake_kvm.live_runs--;
	}
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	vcpu->run = NULL;
	vcpu->fd = -1;
}

int kvm_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm_target *target,
		  bool on)
{
	struct fake_cpu *cpu = cpu_of(vcpu);
	int err = refuse_vcpu(vcpu->fd);

	/* Features are settled by the first init. */
	if (!err && cpu->inits > 0 && target->features != cpu->features)
		err = EINVAL;
	if (err)
		return err_set(err, "initialise vCPU %u with features %#x",
			       vcpu->id,
			       target->features |
				       (on ? 0 : 1u << KVM_ARM_VCPU_POWER_OFF));
	cpu->inits++;
	cpu->features = target->features;
	cpu->on = on;
	cpu->pc = cpu->pstate = 0;
	cpu->sctlr = cpu->ttbr0 = cpu->ttbr1 = cpu->tcr = 0;
	memset(cpu->x, 0, sizeof(cpu->x));
	return 0;
}

int kvm_vcpu_finalize(struct kvm_vcpu *vcpu, int feature)
{
	struct fake_cpu *cpu = cpu_of(vcpu);
	int err = refuse_vcpu(vcpu->fd);

	if (!err && (feature != KVM_ARM_VCPU_SVE || cpu->finalized ||
		     !(cpu->features & 1u << feature)))
		err = EPERM;
	if (err)
		return err_set(err, "finalize vCPU %u feature %d", vcpu->id,
			       feature);
	cpu->finalized = true;
	return 0;
}

int kvm_vcpu_abort(struct kvm_vcpu *vcpu)
{
	int err = refuse_vcpu(vcpu->fd);

	if (err)
		return err_set(err, "vCPU %u: inject external abort", vcpu->id);
	fake_kvm.nr_aborts++;
	return 0;
}

/* -- reg.h -- */

/* What there is of it: a real one has more, and our code asks for no more. */
static uint64_t *reg_of(unsigned i, uint64_t id)
{
	struct fake_cpu *cpu = &fake_kvm.cpus[i];

	for (unsigned x = 0; x < 31; x++)
		if (id == KVM_CORE_REG(regs.regs[x]))
			return &cpu->x[x];
	if (id == KVM_CORE_REG(regs.pc))
		return &cpu->pc;
	if (id == KVM_CORE_REG(regs.pstate))
		return &cpu->pstate;
	if (id == ARM64_SYS_REG(3, 0, 1, 0, 0))
		return &cpu->sctlr;
	if (id == ARM64_SYS_REG(3, 0, 2, 0, 0))
		return &cpu->ttbr0;
	if (id == ARM64_SYS_REG(3, 0, 2, 0, 1))
		return &cpu->ttbr1;
	if (id == ARM64_SYS_REG(3, 0, 2, 0, 2))
		return &cpu->tcr;
	if (id == KVM_REG_ARM_TIMER_CNT)
		return &cpu->counter;
	if (id == KVM_REG_ARM_STD_HYP_BMAP && fake_kvm.std_hyp)
		return &fake_kvm.hyp_calls;
	return NULL;
}

int kvm_reg_get(int vcpu_fd, uint64_t id, uint64_t *ret)
{
	int err = refuse_vcpu(vcpu_fd);
	unsigned i;

	if (err)
		return -err;
	i = fds[vcpu_fd].id;
	/* As KVM numbers them: 16 to a cluster. */
	if (id == KVM_REG_MPIDR_EL1)
		*ret = 1u << 31 | (i >> 12 & 0xff) << 16 |
		       (i >> 4 & 0xff) << 8 | (i & 0xf);
	else if (reg_of(i, id))
		*ret = *reg_of(i, id);
	else
		return -ENOENT;
	return 0;
}

int kvm_reg_set(int vcpu_fd, uint64_t id, uint64_t v)
{
	int err = refuse_vcpu(vcpu_fd);
	uint64_t *reg;

	if (err)
		return -err;
	reg = reg_of(fds[vcpu_fd].id, id);
	if (!reg)
		return -ENOENT;
	/* The calls a guest has are settled when it starts. */
	if (reg == &fake_kvm.hyp_calls && *reg != v && fake_kvm.ran)
		return -EBUSY;
	*reg = v;
	return 0;
}

int kvm_power_off(int vcpu_fd)
{
	int err = refuse_vcpu(vcpu_fd);

	if (err)
		return -err;
	fake_kvm.cpus[fds[vcpu_fd].id].on = false;
	return 0;
}

int kvm_is_off(int vcpu_fd)
{
	int err = refuse_vcpu(vcpu_fd);

	return err ? -err : !fake_kvm.cpus[fds[vcpu_fd].id].on;
}

/* -- stats.h -- */

int kvm_stats_open(struct kvm_stats *s, int fd)
{
	int err = refuse(fd, FAKE_VCPU);

	*s = (struct kvm_stats){ .fd = -1 };
	if (!err && !fake_kvm.stats)
		err = ENOTTY;
	if (err)
		return err_set(err, "KVM statistics");
	s->fd = fake_kvm_fd(FAKE_STATS, fds[fd].id);
	return 0;
}

int kvm_stats_find(struct kvm_stats *s, const char *const names[], unsigned nr)
{
	int err = refuse(s->fd, FAKE_STATS);

	s->nr = nr;
	for (unsigned i = 0; i < nr; i++)
		s->off[i] = strcmp(names[i], "exits") ? KVM_STATS_NONE : 0;
	if (!err)
		return 0;
	kvm_stats_close(s);
	return err_set(err, "KVM statistics");
}

int kvm_stats_read(const struct kvm_stats *s, uint64_t ret_values[])
{
	int err = refuse(s->fd, FAKE_STATS);

	if (err)
		return err_set(err, "KVM statistics");
	for (unsigned i = 0; i < s->nr; i++)
		ret_values[i] = s->off[i] ? KVM_STATS_NONE
					  : fake_kvm.cpus[fds[s->fd].id].exits;
	return 0;
}

void kvm_stats_close(struct kvm_stats *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* -- running -- */

void fake_kvm_script(unsigned id, struct fake_step *steps, size_t n)
{
	fake_kvm.cpus[id].steps = steps;
	fake_kvm.cpus[id].nr_steps = n;
}

void fake_kvm_program(unsigned id, fake_program *program)
{
	fake_kvm.cpus[id].program = program;
}

void kvm_vcpu_stop(struct kvm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

void kvm_vcpu_go(struct kvm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
}

static bool stopped(const struct kvm_vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_SEQ_CST);
}

enum { STAYS = 1 }; /* the guest goes on with its next step */

/*
 * In the guest until a signal comes, or @irq (negative: none) is high.  As in
 * the kernel no signal can be lost: one that came before is told by
 * immediate_exit, a later one by ppoll(2).
 */
static int in_guest(struct kvm_vcpu *vcpu, int irq)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	sigset_t all, old;
	int rc = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	if (stopped(vcpu))
		rc = -1;
	while (rc == 0 && (irq < 0 || !spi_is_high((unsigned)irq)))
		rc = ppoll(NULL, 0, irq < 0 ? NULL : &ms, &old);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return STAYS;
	vcpu->run->exit_reason = KVM_EXIT_INTR;
	return -EINTR;
}

/* Is call @nr for us?  As SMCCC has it, its number is 32 bits wide. */
static bool is_filtered(uint32_t nr)
{
	for (unsigned i = 0; i < fake_kvm.nr_filters; i++)
		if (nr - fake_kvm.filters[i].base < fake_kvm.filters[i].nr)
			return true;
	return false;
}

static int hvc(struct kvm_vcpu *vcpu, const struct fake_step *step)
{
	struct fake_cpu *cpu = cpu_of(vcpu);

	cpu->x[0] = step->value;
	cpu->x[1] = step->addr;
	if (!is_filtered((uint32_t)step->value)) {
		memset(cpu->x, 0, sizeof(cpu->x));
		cpu->x[0] = UINT64_MAX;
		return STAYS;
	}
	vcpu->run->exit_reason = KVM_EXIT_HYPERCALL;
	memset(&vcpu->run->hypercall, 0, sizeof(vcpu->run->hypercall));
	vcpu->run->hypercall.nr = (uint32_t)step->value;
	return 0;
}

static int do_step(struct kvm_vcpu *vcpu, struct fake_step *step)
{
	struct kvm_run *run = vcpu->run;

	switch (step->what) {
	case FAKE_WRITE:
	case FAKE_READ:
		run->exit_reason = KVM_EXIT_MMIO;
		run->mmio.phys_addr = step->addr;
		run->mmio.len = step->len;
		run->mmio.is_write = step->what == FAKE_WRITE;
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
		if (step->what == FAKE_WRITE)
			memcpy(run->mmio.data, &step->value, step->len);
		else
			cpu_of(vcpu)->reading = step;
		return 0;
	case FAKE_EVENT:
		run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
		run->system_event.type = (uint32_t)step->value;
		return 0;
	case FAKE_EXIT:
		run->exit_reason = (uint32_t)step->value;
		return 0;
	case FAKE_HVC:
		return hvc(vcpu, step);
	case FAKE_FAIL:
		return err_set((int)step->value, "run vCPU %u", vcpu->id);
	case FAKE_CALL:
		step->call();
		return STAYS;
	case FAKE_WAIT:
		return in_guest(vcpu, -1);
	case FAKE_IRQ:
		return in_guest(vcpu, (int)step->value);
	}
	abort();
}

static struct fake_step *next_step(const struct kvm_vcpu *vcpu)
{
	static struct fake_step stay = { .what = FAKE_WAIT };
	struct fake_cpu *cpu = cpu_of(vcpu);

	if (cpu->nr_steps > 0) {
		cpu->nr_steps--;
		return cpu->steps++;
	}
	if (!cpu->program)
		return &stay;
	cpu->program(vcpu->id, &cpu->own);
	return &cpu->own;
}

static int run(struct kvm_vcpu *vcpu)
{
	struct fake_cpu *cpu = cpu_of(vcpu);
	int rc, err = fault_now();

	/* First of all an access of before is completed. */
	if (cpu->reading) {
		cpu->reading->value = 0;
		memcpy(&cpu->reading->value, vcpu->run->mmio.data,
		       cpu->reading->len);
		cpu->reading = NULL;
	}
	if (err && err != EINTR)
		return err_set(err, "run vCPU %u", vcpu->id);
	do {
		if (err || stopped(vcpu)) {
			vcpu->run->exit_reason = KVM_EXIT_INTR;
			return -EINTR;
		}
		rc = do_step(vcpu, next_step(vcpu));
	} while (rc == STAYS);
	return rc;
}

int kvm_vcpu_run(struct kvm_vcpu *vcpu)
{
	struct fake_cpu *cpu = cpu_of(vcpu);
	pid_t tid = (pid_t)syscall(SYS_gettid);
	int rc;

	pthread_mutex_lock(&lock);
	cpu->running = fake_kvm.ran = true;
	cpu->runs++;
	if (!cpu->tid)
		cpu->tid = tid;
	cpu->strange_tid |= cpu->tid != tid;
	pthread_mutex_unlock(&lock);
	rc = run(vcpu);
	pthread_mutex_lock(&lock);
	cpu->running = false;
	pthread_mutex_unlock(&lock);
	return rc;
}
