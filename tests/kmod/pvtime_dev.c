/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * pvtime_dev.c - the KVM device for stolen time, on kernels that have none.
 *
 * KVM_DEV_TYPE_ARM_PV_TIME was how a VMM asked for stolen time in the first
 * versions of the series that brought it to KVM; what was merged is an
 * attribute of the vCPU, and only the device's number is left.  This module
 * gives an unmodified kernel that device, so that a VMM which knows it can be
 * tested on a real KVM.  It is for tests: load it where nothing is at stake.
 *
 *	form=1	as in version 1: groups PADDR, STATE_SIZE and STATE; the
 *		records are the kernel's memory
 *	form=2	as in versions 2 and 3 (default): group REGION; the records are
 *		the VMM's memory
 *
 * Setting the address hands out records to the vCPUs that exist, by writing
 * what the vCPU attribute would write; counting, hypercalls and zeroing are
 * KVM's own from there on.  Which means what a guest of 2019 did not see:
 *
 * - PV_TIME_ST is 0xc5000021, not 0xc5000022, and it zeroes the record.
 * - A vCPU made after the address was set has no record.
 * - With form 1 the memory is in the guest as a memory slot, the last one
 *   there is: the guest may write to it, and where it overlaps memory of the
 *   VMM, setting the address fails with EEXIST.
 * - With form 1 a second device of a VM shares the memory of the first, and
 *   an address within a page places the records there, as it did, but STATE
 *   still begins with the page, as it did.
 *
 * None of KVM's functions for this are there for modules, so they are looked
 * up by name.
 *
 * Unloading: refused while a VM has the device; otherwise to be done when
 * nobody is about to make one, for KVM takes no reference between finding a
 * device's operations and calling them.
 *
 * Spec: the series' Documentation/virtual/kvm/arm/pvtime.txt, August 2019.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

enum {
	PV_TIME_PADDR = 0,
	PV_TIME_STATE_SIZE = 1,
	PV_TIME_STATE = 2,
	PV_TIME_REGION = 0,
	PV_TIME_ST = 0, /* the attribute, of every group */
};

#define RECORD	    64
#define STATE_SPACE PAGE_ALIGN(512 * RECORD) /* KVM has no more vCPUs */
#define UNSET	    (~(u64)0)

#ifdef KVM_SET_USER_MEMORY_REGION2 /* 6.8 */
#define kvm_memory_region kvm_userspace_memory_region2
#else
#define kvm_memory_region kvm_userspace_memory_region
#endif

/* What the devices of one VM share; under kvm->lock once it is shared. */
struct pvtime {
	refcount_t devices;
	struct {
		u64 gpa;
		u64 size;
	} region;
	void *state;	   /* form 1: the records */
	unsigned long hva; /* of them in the VMM, or 0 */
};

static unsigned int form = 2;
module_param(form, uint, 0444);
MODULE_PARM_DESC(form, "1: version 1 of the interface; 2: versions 2 and 3");

/* KVM's, found by name. */
static int (*register_ops)(const struct kvm_device_ops *ops, u32 type);
static void (*unregister_ops)(u32 type);
static int (*set_memory_region)(struct kvm *kvm,
				const struct kvm_memory_region *mem);

/* Give the vCPUs of @kvm their records, as far as these lie in the region. */
static void pvtime_attach(struct kvm *kvm, u64 gpa, u64 size)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		if (i < size / RECORD)
			WRITE_ONCE(vcpu->arch.steal.base, gpa + i * RECORD);
}

/* -- the device's life -- */

static struct pvtime *pvtime_new(void)
{
	struct pvtime *pt = kzalloc(sizeof(*pt), GFP_KERNEL_ACCOUNT);

	if (!pt)
		return NULL;
	refcount_set(&pt->devices, 1);
	pt->region.gpa = UNSET;
	if (form == 1) {
		pt->state = vmalloc_user(STATE_SPACE);
		if (!pt->state) {
			kfree(pt);
			return NULL;
		}
	}
	return pt;
}

static int pvtime_create(struct kvm_device *dev, u32 type)
{
	struct pvtime *pt = NULL;
	struct kvm_device *other;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	list_for_each_entry(other, &dev->kvm->devices, vm_node)
		if (other->ops == dev->ops)
			pt = other->private;
	if (pt) {
		refcount_inc(&pt->devices);
	} else {
		pt = pvtime_new();
		if (!pt) {
			module_put(THIS_MODULE);
			return -ENOMEM;
		}
	}
	dev->private = pt;
	return 0;
}

/*
 * The VM ends, its vCPUs are gone already; or the device's file was not to be
 * had.  Who ends it need not be the VMM: then the mapping goes with the VMM.
 */
static void pvtime_destroy(struct kvm_device *dev)
{
	struct pvtime *pt = dev->private;

	if (refcount_dec_and_test(&pt->devices)) {
		if (pt->hva && current->mm == dev->kvm->mm)
			vm_munmap(pt->hva, STATE_SPACE);
		vfree(pt->state);
		kfree(pt);
	}
	kfree(dev);
	module_put(THIS_MODULE);
}

/* -- form 2 -- */

static int region_set_attr(struct kvm_device *dev, struct kvm_device_attr *attr)
{
	struct pvtime *pt = dev->private;
	typeof(pt->region) region;
	int rc = 0;

	if (attr->group != PV_TIME_REGION)
		return -ENXIO;
	if (copy_from_user(&region, u64_to_user_ptr(attr->addr),
			   sizeof(region)))
		return -EFAULT;
	if (!PAGE_ALIGNED(region.gpa) || !PAGE_ALIGNED(region.size))
		return -EINVAL;
	if (attr->attr != PV_TIME_ST)
		return -ENXIO;
	mutex_lock(&dev->kvm->lock);
	if (pt->region.gpa != UNSET) {
		rc = -EEXIST;
	} else {
		pt->region = region;
		pvtime_attach(dev->kvm, region.gpa, region.size);
	}
	mutex_unlock(&dev->kvm->lock);
	return rc;
}

static int region_get_attr(struct kvm_device *dev, struct kvm_device_attr *attr)
{
	struct pvtime *pt = dev->private;
	typeof(pt->region) region;

	if (attr->group != PV_TIME_REGION || attr->attr != PV_TIME_ST)
		return -ENXIO;
	mutex_lock(&dev->kvm->lock);
	region = pt->region;
	mutex_unlock(&dev->kvm->lock);
	if (copy_to_user(u64_to_user_ptr(attr->addr), &region, sizeof(region)))
		return -EFAULT;
	return 0;
}

static int region_has_attr(struct kvm_device *dev, struct kvm_device_attr *attr)
{
	if (attr->group != PV_TIME_REGION || attr->attr != PV_TIME_ST)
		return -ENXIO;
	return 0;
}

static const struct kvm_device_ops region_ops = {
	.name = "pvtime-region",
	.create = pvtime_create,
	.destroy = pvtime_destroy,
	.set_attr = region_set_attr,
	.get_attr = region_get_attr,
	.has_attr = region_has_attr,
};

/* -- form 1 -- */

static int state_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, file->private_data, vma->vm_pgoff);
}

/* It holds the module: a mapping may outlive the device, see destroy. */
static const struct file_operations state_fops = {
	.owner = THIS_MODULE,
	.mmap = state_mmap,
};

/*
 * Put the records into the guest at @gpa, or rather its page.  KVM reaches a
 * guest's memory, its own writes to it included, through the addresses of the
 * VMM, so they are mapped there first.
 */
static int state_map(struct kvm *kvm, struct pvtime *pt, u64 gpa)
{
	struct kvm_memory_region slot = {
		.slot = KVM_USER_MEM_SLOTS - 1,
		.guest_phys_addr = gpa & PAGE_MASK,
		.memory_size = STATE_SPACE,
	};
	struct file *file;
	unsigned long hva;
	int rc;

	file = anon_inode_getfile("pvtime-state", &state_fops, pt->state,
				  O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	hva = vm_mmap(file, 0, STATE_SPACE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      0);
	fput(file);
	if (IS_ERR_VALUE(hva))
		return (int)hva;
	slot.userspace_addr = hva;
	mutex_lock(&kvm->slots_lock);
	rc = set_memory_region(kvm, &slot);
	mutex_unlock(&kvm->slots_lock);
	if (rc)
		vm_munmap(hva, STATE_SPACE);
	else
		pt->hva = hva;
	return rc;
}

static int state_set_paddr(struct kvm_device *dev, struct kvm_device_attr *attr)
{
	struct pvtime *pt = dev->private;
	u64 gpa;
	int rc = -EEXIST;

	if (get_user(gpa, (u64 __user *)u64_to_user_ptr(attr->addr)))
		return -EFAULT;
	if (!IS_ALIGNED(gpa, RECORD))
		return -EINVAL;
	if (attr->attr != PV_TIME_ST)
		return -ENXIO;
	mutex_lock(&dev->kvm->lock);
	if (pt->region.gpa == UNSET) {
		rc = state_map(dev->kvm, pt, gpa);
		if (!rc) {
			pt->region.gpa = gpa;
			pvtime_attach(dev->kvm, gpa, STATE_SPACE);
		}
	}
	mutex_unlock(&dev->kvm->lock);
	return rc;
}

static u32 state_size(struct kvm *kvm)
{
	return RECORD * atomic_read(&kvm->online_vcpus);
}

static int state_set_attr(struct kvm_device *dev, struct kvm_device_attr *attr)
{
	struct pvtime *pt = dev->private;

	if (attr->group == PV_TIME_PADDR)
		return state_set_paddr(dev, attr);
	if (attr->attr != PV_TIME_ST)
		return -ENXIO;
	switch (attr->group) {
	case PV_TIME_STATE_SIZE:
		return -EPERM;
	case PV_TIME_STATE:
		if (copy_from_user(pt->state, u64_to_user_ptr(attr->addr),
				   state_size(dev->kvm)))
			return -EFAULT;
		return 0;
	}
	return -ENXIO;
}

static int state_get_attr(struct kvm_device *dev, struct kvm_device_attr *attr)
{
	void __user *to = u64_to_user_ptr(attr->addr);
	struct pvtime *pt = dev->private;

	if (attr->attr != PV_TIME_ST)
		return -ENXIO;
	switch (attr->group) {
	case PV_TIME_PADDR:
		return put_user(READ_ONCE(pt->region.gpa), (u64 __user *)to);
	case PV_TIME_STATE_SIZE: /* a u32 in 8 bytes, as it was */
		return put_user(state_size(dev->kvm), (u64 __user *)to);
	case PV_TIME_STATE:
		if (copy_to_user(to, pt->state, state_size(dev->kvm)))
			return -EFAULT;
		return 0;
	}
	return -ENXIO;
}

static int state_has_attr(struct kvm_device *dev, struct kvm_device_attr *attr)
{
	if (attr->group > PV_TIME_STATE || attr->attr != PV_TIME_ST)
		return -ENXIO;
	return 0;
}

static const struct kvm_device_ops state_ops = {
	.name = "pvtime-state",
	.create = pvtime_create,
	.destroy = pvtime_destroy,
	.set_attr = state_set_attr,
	.get_attr = state_get_attr,
	.has_attr = state_has_attr,
};

/* -- the module -- */

static int find_symbols(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long (*lookup)(const char *name);
	int rc;

	/* A probe may be put on any function, and says where it is. */
	rc = register_kprobe(&probe);
	if (rc)
		return rc;
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);

	register_ops = (void *)lookup("kvm_register_device_ops");
	unregister_ops = (void *)lookup("kvm_unregister_device_ops");
	/* The one that wants slots_lock held; newer kernels drop the __. */
	set_memory_region = (void *)lookup("__kvm_set_memory_region");
	if (!set_memory_region)
		set_memory_region = (void *)lookup("kvm_set_memory_region");
	return register_ops && unregister_ops && set_memory_region ? 0
								   : -ENOENT;
}

static int __init pvtime_dev_init(void)
{
	int rc;

	if (form != 1 && form != 2)
		return -EINVAL;
	rc = find_symbols();
	if (rc)
		return rc;
	return register_ops(form == 1 ? &state_ops : &region_ops,
			    KVM_DEV_TYPE_ARM_PV_TIME);
}

static void __exit pvtime_dev_exit(void)
{
	unregister_ops(KVM_DEV_TYPE_ARM_PV_TIME);
	/* Whoever gave the last reference back may not have returned yet. */
	synchronize_rcu_tasks();
}

module_init(pvtime_dev_init);
module_exit(pvtime_dev_exit);
MODULE_DESCRIPTION("KVM_DEV_TYPE_ARM_PV_TIME, for tests");
MODULE_LICENSE("Dual BSD/GPL");
