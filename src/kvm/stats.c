/* SPDX-License-Identifier: BSD-2-Clause */
#include "kvm/stats.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm/uapi.h"
#include "util/err.h"
#include "util/file.h"

/* Several times what any host has. */
enum { TABLE_MAX = 0x4000, VALUES_MAX = 0x1000 };

/* Where the values of the counter @name begin; KVM_STATS_NONE: nowhere. */
static uint64_t find(const struct kvm_stats_header *head, const uint8_t *table,
		     const char *name)
{
	const size_t step = sizeof(struct kvm_stats_desc) + head->name_size;
	struct kvm_stats_desc desc;

	for (uint32_t i = 0; i < head->num_desc; i++) {
		const uint8_t *at = table + i * step;

		memcpy(&desc, at, sizeof(desc));
		/* More than one value is a histogram. */
		if (desc.size == 1 && strncmp((const char *)at + sizeof(desc),
					      name, head->name_size) == 0)
			return (uint64_t)head->data_offset + desc.offset;
	}
	return KVM_STATS_NONE;
}

/* Make the offsets such that one read has them all. */
static int gather(struct kvm_stats *s)
{
	uint64_t end = 0;

	s->base = UINT64_MAX;
	for (unsigned i = 0; i < s->nr; i++) {
		if (s->off[i] == KVM_STATS_NONE)
			continue;
		if (s->base > s->off[i])
			s->base = s->off[i];
		if (end < s->off[i] + sizeof(uint64_t))
			end = s->off[i] + sizeof(uint64_t);
	}
	if (end == 0)
		return 0;
	s->size = end - s->base;
	for (unsigned i = 0; i < s->nr; i++)
		if (s->off[i] != KVM_STATS_NONE)
			s->off[i] -= s->base;
	if (s->size > VALUES_MAX)
		return err_say(EPROTO, "counters far apart");
	return 0;
}

static int learn(struct kvm_stats *s, const char *const names[])
{
	uint8_t table[TABLE_MAX];
	struct kvm_stats_header head;
	uint64_t size;
	int rc = file_read(s->fd, &head, sizeof(head), 0);

	if (rc < 0)
		return rc;
	size = head.num_desc *
	       ((uint64_t)sizeof(struct kvm_stats_desc) + head.name_size);
	if (size > TABLE_MAX)
		return err_say(EPROTO, "%u counters with names of %u bytes",
			       head.num_desc, head.name_size);
	rc = file_read(s->fd, table, size, head.desc_offset);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < s->nr; i++)
		s->off[i] = find(&head, table, names[i]);
	return gather(s);
}

int kvm_stats_open(struct kvm_stats *s, int fd)
{
	*s = (struct kvm_stats){ .fd = ioctl(fd, KVM_GET_STATS_FD, NULL) };
	/* arm64's answer to a call that it does not know is EINVAL. */
	if (s->fd < 0 && (errno == ENOTTY || errno == EINVAL))
		return err_say(ENOTTY, "KVM statistics: this host has none; "
				       "Linux 5.14 and later do");
	return s->fd < 0 ? err_set(errno, "KVM statistics") : 0;
}

int kvm_stats_find(struct kvm_stats *s, const char *const names[], unsigned nr)
{
	int rc;

	s->nr = nr;
	rc = learn(s, names);
	if (rc < 0)
		kvm_stats_close(s);
	return err_in(rc, "KVM statistics");
}

int kvm_stats_read(const struct kvm_stats *s, uint64_t ret_values[])
{
	uint8_t values[VALUES_MAX];
	int rc = file_read(s->fd, values, s->size, s->base);

	if (rc < 0)
		return err_in(rc, "KVM statistics");
	for (unsigned i = 0; i < s->nr; i++) {
		ret_values[i] = KVM_STATS_NONE;
		if (s->off[i] != KVM_STATS_NONE)
			memcpy(&ret_values[i], values + s->off[i],
			       sizeof(ret_values[i]));
	}
	return 0;
}

void kvm_stats_close(struct kvm_stats *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
