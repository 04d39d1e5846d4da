/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.c - makes and unmakes a machine.  vm_new() is the list of its parts in
 * the order in which they need each other; vm_free() is the same backwards.
 */
#include "vm/vm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/fdt.h"
#include "dev/uart.h"
#include "dev/watchdog.h"
#include "kvm/reg.h"
#include "kvm/uapi.h"
#include "kvm/vm.h"
#include "mach/layout.h"
#include "pvtime/provider.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/console.h"
#include "virtio/mmio.h"
#include "vm/console.h"
#include "vm/panic.h"
#include "vm/parts.h"

/* Also says why, where the address space is too small for the RAM. */
static int create_vm(struct vm *vm)
{
	unsigned bits = layout_ipa_bits(vm->ram_size, vm->nr_cpus);
	unsigned host_bits;
	int rc = kvm_vm_create(&vm->sys, bits);

	if (rc >= 0) {
		vm->fd = rc;
		return 0;
	}
	host_bits = (unsigned)kvm_sys_cap(&vm->sys, KVM_CAP_ARM_VM_IPA_SIZE);
	if (host_bits == 0 || bits <= host_bits)
		return rc;
	if (layout_max_ram(host_bits, vm->nr_cpus) == 0)
		return err_say(
			E2BIG,
			"%u vCPUs: this host's KVM has only %u-bit guest "
			"addresses, room for %d; give fewer with -c",
			vm->nr_cpus, host_bits, LAYOUT_NR_LOW_REDIST);
	return err_say(E2BIG,
		       "%" PRIu64 " MiB of guest memory: this host's KVM has "
		       "room for %" PRIu64 " MiB; give less with -m",
		       vm->ram_size / MIB,
		       layout_max_ram(host_bits, vm->nr_cpus) / MIB);
}

/* What both the host's KVM and our address map have room for. */
static unsigned max_cpus(const struct vm *vm)
{
	int host = kvm_sys_cap(&vm->sys, KVM_CAP_MAX_VCPUS);

	return host > 0 && host < LAYOUT_NR_CPUS ? (unsigned)host
						 : LAYOUT_NR_CPUS;
}

static unsigned lower(unsigned nr, unsigned most, const char *by)
{
	if (nr <= most)
		return nr;
	log_warn("%u vCPUs are more than %s can have: %u", nr, by, most);
	return most;
}

static int choose_gic(struct vm *vm)
{
	int rc = gic_choose(vm->fd, vm->config->irqchip, &vm->gic_kind);

	if (rc < 0)
		return rc;
	vm->nr_cpus = lower(vm->nr_cpus, gic_max_cpus(vm->fd, vm->gic_kind),
			    gic_names[vm->gic_kind]);
	return 0;
}

/*
 * Older hosts cannot tell us of accesses that the CPU does not describe: there
 * they end the VM, which is the host's limit and not worth refusing to run.
 */
static void ask_for_nisv(struct vm *vm)
{
	if (kvm_vm_enable_cap(vm->fd, KVM_CAP_ARM_NISV_TO_USER) < 0)
		log_debug("%s", err_text());
}

/* What RAM loses at its end to the records, if they are to be there. */
static uint64_t pvtime_ram(const struct vm *vm)
{
	return vm->config->pvtime_in_ram ? pvtime_size(vm->nr_cpus) : 0;
}

/* Records by @provider for all vCPUs, or nothing; *ret_attached of them. */
static int give_records(struct vm *vm, const struct pvtime_provider *provider,
			unsigned *ret_attached)
{
	struct pvtime_region region = {
		.vm_fd = vm->fd,
		.base = LAYOUT_PVTIME,
		.nr_records = vm->nr_cpus,
		.slot = SLOT_PVTIME,
	};
	uint64_t size = pvtime_ram(vm);
	unsigned i = 0;
	int rc;

	if (size > 0) {
		region.base = LAYOUT_RAM + vm->ram_size - size;
		region.memory = gmem_at(&vm->mem, region.base, size);
	}
	rc = pvtime_init(&vm->pvtime, provider, &region);
	while (rc == 0 && i < vm->nr_cpus) {
		rc = pvtime_attach(&vm->pvtime, i, vm->vcpus[i].fd);
		i += rc == 0;
	}
	if (rc < 0)
		pvtime_fini(&vm->pvtime);
	*ret_attached = i;
	return rc;
}

static int init_pvtime(struct vm *vm)
{
	const struct pvtime_provider *provider;
	char words[ERR_TEXT_MAX];
	unsigned attached;
	const char *why;
	int rc = pvtime_choose(vm->config->pvtime, vm->fd, vm->vcpus[0].fd,
			       &provider, &why);

	if (rc < 0)
		return rc;
	rc = give_records(vm, provider, &attached);
	/* A host that promises and then refuses (protected VMs): go without. */
	if ((rc == -EPERM || rc == -ENXIO) && attached == 0) {
		if (strcmp(vm->config->pvtime, "auto") != 0)
			return -ENXIO;
		err_copy(words);
		why = strstr(words, "vCPU"); /* the line has the rest */
		rc = give_records(vm, &pvtime_off, &attached);
	}
	if (rc < 0)
		return rc;
	if (pvtime_is_on(&vm->pvtime))
		log_info("stolen time: on, provider %s, %u records at %#" PRIx64
			 "%s%s",
			 pvtime_name(&vm->pvtime), vm->nr_cpus,
			 vm->pvtime.region.base, why ? ": " : "",
			 why ? why : "");
	else
		log_info("stolen time: off: %s", why ? why : words);
	return 0;
}

/* The host's side of a serial line. */
static struct console_port *
port_of(struct vm *vm, const struct device_class *class, gpa_t base)
{
	if (base == LAYOUT_CHANNEL)
		return vm->config->channel;
	if (class == &virtio_console_class.device)
		return &vm->console->virtio;
	return &vm->console->port;
}

/* @config: as its class says. */
static int add_device(struct vm *vm, const struct device_class *class,
		      gpa_t base, unsigned spi, const void *config)
{
	const struct device_host host = {
		.vm_fd = vm->fd,
		.mem = &vm->mem,
		.console = port_of(vm, class, base),
		.config = config,
	};
	int rc = device_init(&vm->devices[vm->nr_devices], class, base, spi,
			     &host, &vm->bus);

	if (rc == 0)
		vm->nr_devices++;
	return rc;
}

/* They follow the board's devices, in the order of their windows. */
static int add_virtio(struct vm *vm)
{
	int rc = 0;

	for (unsigned i = 0; i < vm->config->nr_virtio && rc == 0; i++) {
		const struct vm_virtio *v = &vm->config->virtio[i];

		rc = add_device(vm, &v->class->device,
				LAYOUT_VIRTIO + i * LAYOUT_VIRTIO_EACH,
				SPI_VIRTIO + i, v->config);
	}
	return rc;
}

static int init_devices(struct vm *vm)
{
	int rc = 0;

	bus_init(&vm->bus);
	vm->devices =
		calloc(device_table_size + 3 /* channel, watchdog, flash */ +
			       vm->config->nr_virtio,
		       sizeof(*vm->devices));
	if (!vm->devices)
		return err_set(ENOMEM, "devices");
	for (size_t i = 0; i < device_table_size && rc == 0; i++) {
		const struct device_place *p = &device_table[i];

		rc = add_device(vm, p->class, p->base, p->spi, NULL);
	}
	if (rc == 0 && vm->config->channel)
		rc = add_device(vm, &uart_class, LAYOUT_CHANNEL, SPI_CHANNEL,
				NULL);
	if (rc == 0 && vm->config->watchdog)
		rc = add_device(vm, &watchdog_class, LAYOUT_WATCHDOG,
				SPI_WATCHDOG, NULL);
	if (rc == 0)
		rc = add_virtio(vm);
	/* Last, as what is used most is found soonest so. */
	if (rc == 0 && vm->config->flash.firmware)
		rc = add_device(vm, &flash_class, LAYOUT_FLASH, 0,
				&vm->config->flash);
	return rc;
}

/* The device tree goes straight into guest memory. */
static int build_fdt(struct vm *vm)
{
	const struct fdt_machine m = {
		.ram = LAYOUT_RAM,
		.ram_size = vm->ram_size,
		.mpidrs = vm->mpidrs,
		.nr_cpus = vm->nr_cpus,
		.pmu = vm->config->pmu,
		.params = vm->config->params,
		.initrd = vm->load.initrd,
		.initrd_size = vm->load.initrd_size,
		.gic = &vm->gic,
		.pvtime = &vm->pvtime,
		.devices = vm->devices,
		.nr_devices = vm->nr_devices,
	};

	return fdt_build(&m, gmem_at(&vm->mem, vm->load.dtb, vm->load.dtb_room),
			 vm->load.dtb_room, &vm->fdt_size);
}

int vm_boot(struct vm *vm)
{
	const struct kvm_vcpu *boot = &vm->vcpus[0];
	gpa_t entry =
		vm->config->flash.firmware ? LAYOUT_FLASH : vm->load.entry;
	int rc = 0;

	/* The kernel first: it decides how large the pages are. */
	if (vm->config->kernel)
		rc = load_into(&vm->load, &vm->mem);
	if (rc == 0)
		rc = build_fdt(vm);
	if (rc < 0)
		return rc;
	rc = kvm_reg_set(boot->fd, KVM_CORE_REG(regs.pc), entry);
	if (rc == 0)
		rc = kvm_reg_set(boot->fd, KVM_CORE_REG(regs.regs[0]),
				 vm->load.dtb);
	return rc < 0 ? err_set(-rc, "vCPU 0: entry registers") : 0;
}

/* -ENXIO is kept for one thing, see vm_new(). */
static int not_enxio(int rc)
{
	return rc == -ENXIO ? -EIO : rc;
}

static int init_ram(struct vm *vm)
{
	struct gmem_config as = vm->config->ram;
	int rc;

	for (unsigned i = 0; i < vm->config->nr_virtio; i++)
		as.shared |= vm->config->virtio[i].class->shares_ram;
	rc = gmem_init_as(&vm->mem, vm->fd, SLOT_RAM, LAYOUT_RAM, vm->ram_size,
			  &as);
	vm->mem.kept = pvtime_ram(vm);
	vm->kernel.copy = vm->mem.shared;
	return rc;
}

/* Up to the vCPUs, without which the host cannot be asked for stolen time. */
static int make_vcpus(struct vm *vm)
{
	const struct vm_config *config = vm->config;
	const struct load_initrd initrd = { config->initrd, config->extra,
					    config->extra_size };
	int rc = kvm_sys_open(&vm->sys, "/dev/kvm");

	if (rc < 0)
		return rc;
	vm->nr_cpus = lower(config->nr_cpus, max_cpus(vm), "this host");
	vm->ram_size = config->ram_size;
	rc = create_vm(vm);
	if (rc == 0)
		rc = choose_gic(vm);
	if (rc == 0)
		rc = pin_check(vm);
	/*
	 * Not earlier: kvm-unit-tests learns whether this host can make a
	 * machine by asking for it with a kernel that is not there.
	 */
	if (rc == 0 && config->kernel)
		rc = err_in(image_open(&vm->kernel, config->kernel), "kernel");
	if (rc == 0)
		rc = load_init(&vm->load, &vm->kernel, &initrd, LAYOUT_RAM,
			       vm->ram_size - pvtime_ram(vm));
	if (rc < 0)
		return rc;
	ask_for_nisv(vm);
	rc = init_ram(vm);
	/* What its devices want may not be there: better known soon. */
	if (rc == 0)
		rc = init_devices(vm);
	return rc < 0 ? rc : cpus_init(vm);
}

static int make_rest(struct vm *vm)
{
	int rc = gic_init(&vm->gic, vm->fd, vm->gic_kind, vm->nr_cpus,
			  layout_high_redist(vm->ram_size));

	if (rc == 0)
		rc = cpus_init_pmu(vm);
	return rc < 0 ? rc : vm_boot(vm);
}

static int make(struct vm *vm)
{
	int rc = not_enxio(make_vcpus(vm));

	if (rc == 0)
		rc = init_pvtime(vm);
	return rc < 0 ? rc : not_enxio(make_rest(vm));
}

int vm_new(const struct vm_config *config, struct vm **ret_vm)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int rc;

	if (!vm)
		return err_set(ENOMEM, "machine");
	vm->config = config;
	vm->kernel.fd = vm->sys.fd = vm->fd = -1;
	vm->load.initrd_fd = vm->gic.fd = vm->gic.its_fd = -1;
	vm->wake_fd = vm->signal_fd = vm->hold_fd = -1;
	loop_init(&vm->loop);
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->changed, NULL);
	pthread_cond_init(&vm->parked, NULL);
	rc = run_init(vm);
	if (rc == 0)
		rc = make(vm);
	if (rc < 0) {
		vm_free(vm);
		return rc;
	}
	*ret_vm = vm;
	return 0;
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->hold_fd >= 0)
		close(vm->hold_fd);
	while (vm->nr_devices > 0)
		device_fini(&vm->devices[--vm->nr_devices]);
	free(vm->devices);
	gic_fini(&vm->gic);
	pvtime_fini(&vm->pvtime);
	cpus_fini(vm);
	gmem_fini(&vm->mem);
	load_fini(&vm->load);
	if (vm->fd >= 0)
		close(vm->fd);
	kvm_sys_close(&vm->sys);
	image_close(&vm->kernel);
	run_fini(vm);
	exits_fini(vm);
	pthread_cond_destroy(&vm->changed);
	pthread_cond_destroy(&vm->parked);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

const void *vm_fdt(const struct vm *vm, size_t *ret_size)
{
	*ret_size = vm->fdt_size;
	return gmem_at(&vm->mem, vm->load.dtb, vm->fdt_size);
}

uint64_t vm_ram_size(const struct vm *vm)
{
	return vm->ram_size;
}

unsigned vm_nr_cpus(const struct vm *vm)
{
	return vm->nr_cpus;
}

const char *vm_provider(const struct vm *vm)
{
	return pvtime_name(&vm->pvtime);
}

bool vm_has_pvtime(const struct vm *vm)
{
	return pvtime_is_on(&vm->pvtime);
}

bool vm_pvtime_goes_on(const struct vm *vm)
{
	return pvtime_goes_on(&vm->pvtime);
}

void vm_records(const struct vm *vm, uint64_t *ret_base, uint64_t *ret_size)
{
	*ret_base = vm->pvtime.region.base;
	*ret_size = pvtime_size(vm->nr_cpus);
}

int vm_steal(const struct vm *vm, unsigned index, struct vm_steal *ret)
{
	uint64_t held, before = 0;
	pid_t tid = 0;
	int rc;

	if (vm->threads && index < vm->nr_cpus)
		tid = atomic_load(&vm->threads[index].tid);
	if (tid == 0)
		return err_say(ESRCH, "vCPU %u does not run yet", index);
	/* Of one moment with the record, unless it is held again and again. */
	held = atomic_load(&vm->threads[index].held_ns);
	for (int i = 0; i < 4 && (i == 0 || held != before); i++) {
		before = held;
		rc = pvtime_sample(&vm->pvtime, index, tid, &ret->times);
		if (rc < 0)
			return rc;
		held = atomic_load(&vm->threads[index].held_ns);
	}
	ret->tid = tid;
	ret->age_ns =
		clock_mono_ns() - atomic_load(&vm->threads[index].began_ns);
	ret->held_ns = before;
	return 0;
}

uint64_t vm_idle_ns(struct vm *vm, unsigned index, const struct vm_steal *steal)
{
	struct vcpu_thread *t = &vm->threads[index];
	uint64_t busy = steal->times.run_ns + steal->times.wait_ns +
			steal->held_ns + vm_frozen_ns(vm);

	if (steal->age_ns > busy && steal->age_ns - busy > t->idle_ns)
		t->idle_ns = steal->age_ns - busy;
	return t->idle_ns;
}

struct device *vm_watchdog(const struct vm *vm)
{
	for (unsigned i = 0; i < vm->nr_devices; i++)
		if (vm->devices[i].class == &watchdog_class)
			return &vm->devices[i];
	return NULL;
}

struct device *vm_serial(struct vm *vm, unsigned index)
{
	for (unsigned i = 0; i < vm->nr_devices; i++)
		if (vm->devices[i].class == &uart_class && index-- == 0)
			return &vm->devices[i];
	return NULL;
}
