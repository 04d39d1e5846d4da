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

#include "kvm/attr.h"
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
		.max_cpus = FAKE_CPUS,
		.ipa_bits = 48,
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
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (slot >= FAKE_SLOTS || size == 0 ||
	    (gpa | size | (uintptr_t)host) % page != 0)
		return EINVAL;
	for (unsigned i = 0; i < FAKE_SLOTS; i++) {
		const struct fake_slot *s = &fake_kvm.slots[i];

		if (s->size && (i == slot || (gpa < s->gpa + s->size &&
					      s->gpa < gpa + size)))
			return EEXIST;
	}
	return 0;
}

int kvm_slot_add(int vm_fd, unsigned slot, gpa_t gpa, uint64_t size, void *host)
{
	int err = refuse(vm_fd, FAKE_VM);

	if (!err)
		err = check_slot(slot, gpa, size, host);
	if (err)
		return err_set(err,
			       "memory slot %u: %" PRIu64 " bytes at %#" PRIx64,
			       slot, size, gpa);
	fake_kvm.slots[slot] = (struct fake_slot){ gpa, size, host };
	return 0;
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

static enum fake_kind device_kind(uint32_t type)
{
	switch (type) {
	case KVM_DEV_TYPE_ARM_VGIC_V2:
		return fake_kvm.gicv2 ? FAKE_GICV2 : FAKE_NONE;
	case KVM_DEV_TYPE_ARM_VGIC_V3:
		return fake_kvm.gicv3 ? FAKE_GICV3 : FAKE_NONE;
	case KVM_DEV_TYPE_ARM_VGIC_ITS:
		return fake_kvm.its ? FAKE_ITS : FAKE_NONE;
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
	return fake_kvm_fd(device_kind(type), 0);
}

bool kvm_device_there(int vm_fd, uint32_t type)
{
	return !refuse(vm_fd, FAKE_VM) && device_kind(type) != FAKE_NONE;
}

/* -- attr.h -- */

/* How many bytes an attribute's data have; -1: there is no such. */
static int data_size(enum fake_kind kind, uint32_t group, uint64_t attr)
{
	if (kind == FAKE_VCPU && group == KVM_ARM_VCPU_PVTIME_CTRL)
		return fake_kvm.pvtime && attr == KVM_ARM_VCPU_PVTIME_IPA ? 8
									  : -1;
	if (kind == FAKE_VCPU && group == KVM_ARM_VCPU_PMU_V3_CTRL)
		return !fake_kvm.pmu			 ? -1
		       : attr == KVM_ARM_VCPU_PMU_V3_IRQ ? 4
							 : 0;
	if (kind < FAKE_GICV2)
		return -1;
	switch (group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return 8;
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		return 0;
	case KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS:
		return kind == FAKE_GICV3 ? 8 : -1;
	case KVM_DEV_ARM_VGIC_GRP_REDIST_REGS:
		return kind == FAKE_GICV3 ? 4 : -1;
	case KVM_DEV_ARM_VGIC_GRP_CPU_REGS:
		return kind == FAKE_GICV2 ? 4 : -1;
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return kind == FAKE_ITS ? -1 : 4;
	default:
		return -1;
	}
}

bool kvm_attr_has(int fd, uint32_t group, uint64_t attr)
{
	return !fault_now() && data_size(kind_of(fd), group, attr) >= 0;
}

const uint64_t *fake_kvm_attr(enum fake_kind kind, unsigned id, uint32_t group,
			      uint64_t attr)
{
	for (size_t i = fake_kvm.nr_attrs; i-- > 0;) {
		const struct fake_attr *a = &fake_kvm.attrs[i];

		if (a->kind == kind && a->id == id && a->group == group &&
		    a->attr == attr)
			return &a->value;
	}
	return NULL;
}

static bool in_slot(gpa_t gpa)
{
	for (unsigned i = 0; i < FAKE_SLOTS; i++)
		if (gpa - fake_kvm.slots[i].gpa < fake_kvm.slots[i].size)
			return true;
	return false;
}

/* The kernel's checks, in its order. */
static int set_record(struct fake_cpu *cpu, gpa_t gpa)
{
	if (gpa % 64 != 0)
		return EINVAL;
	if (cpu->record)
		return EEXIST;
	if (!in_slot(gpa))
		return EINVAL;
	cpu->record = gpa;
	return 0;
}

static bool any_runs(void)
{
	bool any = false;

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < FAKE_CPUS; i++)
		any |= fake_kvm.cpus[i].running;
	pthread_mutex_unlock(&lock);
	return any;
}

static int set_attr(int fd, uint32_t group, uint64_t attr, const void *data)
{
	enum fake_kind kind = kind_of(fd);
	int size = data_size(kind, group, attr);
	struct fake_attr a = { kind, 0, group, attr, 0 };
	int err = 0;

	if (size < 0)
		return ENXIO;
	if (size > 0 && !data)
		return EFAULT;
	a.id = fds[fd].id;
	if (size > 0) /* little-endian on all our machines */
		memcpy(&a.value, data, (size_t)size);
	if (kind == FAKE_VCPU && group == KVM_ARM_VCPU_PVTIME_CTRL)
		err = set_record(&fake_kvm.cpus[a.id], a.value);
	else if (kind != FAKE_VCPU && any_runs())
		err = EBUSY; /* all vCPUs must be out of the guest */
	if (err)
		return err;
	if ((fake_kvm.nr_attrs & (fake_kvm.nr_attrs - 1)) == 0) /* is full */
		fake_kvm.attrs =
			realloc(fake_kvm.attrs,
				(2 * fake_kvm.nr_attrs + 1) * sizeof(a));
	if (!fake_kvm.attrs)
		abort();
	fake_kvm.attrs[fake_kvm.nr_attrs++] = a;
	return 0;
}

int kvm_attr_set(int fd, uint32_t group, uint64_t attr, const void *data)
{
	int err = fault_now();

	return -(err ? err : set_attr(fd, group, attr, data));
}

int kvm_attr_get(int fd, uint32_t group, uint64_t attr, void *data)
{
	enum fake_kind kind = kind_of(fd);
	int size = data_size(kind, group, attr), err = fault_now();
	const uint64_t *value;

	if (err || size <= 0)
		return -(err ? err : ENXIO);
	value = fake_kvm_attr(kind, fds[fd].id, group, attr);
	if (value)
		memcpy(data, value, (size_t)size);
	else /* as after reset, with bits that only the host may set */
		memset(data, 0xff, (size_t)size);
	return 0;
}

/* -- vcpu.h -- */

static struct fake_cpu *cpu_of(const struct kvm_vcpu *vcpu)
{
	return &fake_kvm.cpus[vcpu->id];
}

/* A vCPU's calls wait while it runs; ours must never have to. */
static int refuse_vcpu(const struct kvm_vcpu *vcpu)
{
	int err = refuse(vcpu->fd, FAKE_VCPU);

	if (err)
		return err;
	pthread_mutex_lock(&lock);
	err = cpu_of(vcpu)->running ? EBUSY : 0;
	pthread_mutex_unlock(&lock);
	return err;
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
	int err = refuse_vcpu(vcpu);

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
	cpu->pc = cpu->x0 = 0;
	return 0;
}

int kvm_vcpu_finalize(struct kvm_vcpu *vcpu, int feature)
{
	struct fake_cpu *cpu = cpu_of(vcpu);
	int err = refuse_vcpu(vcpu);

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
	int err = refuse_vcpu(vcpu);

	if (err)
		return err_set(err, "vCPU %u: inject external abort", vcpu->id);
	fake_kvm.nr_aborts++;
	return 0;
}

static uint64_t *reg_of(const struct kvm_vcpu *vcpu, uint64_t id)
{
	if (id == KVM_CORE_REG(regs.pc))
		return &cpu_of(vcpu)->pc;
	if (id == KVM_CORE_REG(regs.regs[0]))
		return &cpu_of(vcpu)->x0;
	if (id == KVM_REG_ARM_TIMER_CNT)
		return &cpu_of(vcpu)->counter;
	if (id == KVM_REG_ARM_STD_HYP_BMAP && fake_kvm.std_hyp)
		return &fake_kvm.hyp_calls;
	return NULL;
}

int kvm_reg_get(const struct kvm_vcpu *vcpu, uint64_t id, uint64_t *ret)
{
	int err = refuse_vcpu(vcpu);
	unsigned i = vcpu->id;

	if (err)
		return -err;
	/* As KVM numbers them: 16 to a cluster. */
	if (id == KVM_REG_MPIDR_EL1)
		*ret = 1u << 31 | (i >> 12 & 0xff) << 16 |
		       (i >> 4 & 0xff) << 8 | (i & 0xf);
	else if (reg_of(vcpu, id))
		*ret = *reg_of(vcpu, id);
	else
		return -ENOENT;
	return 0;
}

int kvm_reg_set(const struct kvm_vcpu *vcpu, uint64_t id, uint64_t v)
{
	int err = refuse_vcpu(vcpu);

	if (err)
		return -err;
	if (!reg_of(vcpu, id))
		return -ENOENT;
	*reg_of(vcpu, id) = v;
	return 0;
}

/* -- running -- */

void fake_kvm_script(unsigned id, struct fake_step *steps, size_t n)
{
	fake_kvm.cpus[id].steps = steps;
	fake_kvm.cpus[id].nr_steps = n;
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
		if (cpu->nr_steps == 0)
			return in_guest(vcpu, -1);
		cpu->nr_steps--;
		rc = do_step(vcpu, cpu->steps++);
	} while (rc == STAYS);
	return rc;
}

int kvm_vcpu_run(struct kvm_vcpu *vcpu)
{
	struct fake_cpu *cpu = cpu_of(vcpu);
	pid_t tid = (pid_t)syscall(SYS_gettid);
	int rc;

	pthread_mutex_lock(&lock);
	cpu->running = true;
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
