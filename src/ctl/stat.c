/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/stat.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/path.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/json.h"
#include "util/util.h"

/* A key, and where its value is: a number of @size bytes, or a word. */
struct field {
	const char *key;
	size_t off, size;
	bool word;
};

#define MEMBER(type, member) \
#member, offsetof(type, member), sizeof(((type *)NULL)->member)
#define HEAD(member, word)                            \
	{                                             \
		MEMBER(struct ctl_stat, member), word \
	}
#define VCPU(member)                                   \
	{                                              \
		MEMBER(struct ctl_vcpu, member), false \
	}

/* In the order in which they are written; all must be there. */
static const struct field head[] = {
	HEAD(name, true),	    HEAD(pid, false),
	HEAD(provider, true),	    HEAD(state, true),
	HEAD(uptime_ns, false),	    HEAD(paused_ns, false),
	HEAD(pause_took_ns, false), HEAD(memory, false),
};
static const struct field vcpu[] = {
	VCPU(id),      VCPU(tid),	VCPU(stolen_ns),
	VCPU(held_ns), VCPU(record_ns), VCPU(run_ns),
	VCPU(idle_ns), VCPU(skew_ns),	VCPU(steal_permille),
};

enum { KEY_SIZE = 24 };

/* -- taking -- */

static int take_vcpu(struct vm *vm, unsigned i, struct ctl_vcpu *ret)
{
	struct vm_steal t = { 0 };
	int rc = vm_steal(vm, i, &t);

	/* A thread that has not begun has lost nothing yet. */
	if (rc < 0 && rc != -ESRCH)
		return rc;
	*ret = (struct ctl_vcpu){
		.id = i,
		.tid = t.tid,
		.stolen_ns = t.times.wait_ns + t.held_ns,
		.held_ns = t.held_ns,
		.record_ns = t.times.record_ns,
		.run_ns = t.times.run_ns,
		.idle_ns = vm_idle_ns(vm, i, &t),
		.skew_ns = t.times.skew_ns,
		.steal_permille = vm_hold_permille(vm, i),
	};
	vm_exits(vm, i, ret->exits);
	return 0;
}

const char *ctl_state(const struct vm *vm)
{
	if (vm_is_stopping(vm))
		return "stopping";
	return vm_is_paused(vm) ? "paused" : "running";
}

int ctl_stat_take(struct vm *vm, const char *name, struct ctl_stat *ret)
{
	struct ctl_stat s = {
		.pid = getpid(),
		.uptime_ns = vm_uptime_ns(vm),
		.paused_ns = vm_paused_ns(vm),
		.pause_took_ns = vm_pause_took_ns(vm),
		.memory = vm_ram_size(vm),
		.nr_vcpus = vm_nr_cpus(vm),
	};

	snprintf(s.name, sizeof(s.name), "%s", name);
	snprintf(s.provider, sizeof(s.provider), "%s", vm_provider(vm));
	snprintf(s.state, sizeof(s.state), "%s", ctl_state(vm));
	vm_count_pause(vm);
	s.vcpus = calloc(s.nr_vcpus, sizeof(*s.vcpus));
	if (!s.vcpus)
		return err_set(ENOMEM, "figures of %u vCPUs", s.nr_vcpus);
	for (unsigned i = 0; i < s.nr_vcpus; i++) {
		int rc = take_vcpu(vm, i, &s.vcpus[i]);

		if (rc < 0) {
			ctl_stat_fini(&s);
			return err_in(rc, "vCPU %u", i);
		}
	}
	*ret = s;
	return 0;
}

/* -- writing -- */

static uint64_t number_at(const char *at, size_t size)
{
	uint64_t wide;
	uint32_t narrow;

	if (size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

static void write_key(FILE *out, const char *key)
{
	json_string(out, key);
	fputc(':', out);
}

static void write_fields(FILE *out, const struct field *fields, size_t n,
			 const void *from)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = (const char *)from + fields[i].off;

		if (i > 0)
			fputc(',', out);
		write_key(out, fields[i].key);
		if (fields[i].word)
			json_string(out, at);
		else
			json_number(out, number_at(at, fields[i].size));
	}
}

static void write_vcpu(FILE *out, const struct ctl_vcpu *v)
{
	const char *comma = "";

	fputc('{', out);
	write_fields(out, vcpu, ARRAY_SIZE(vcpu), v);
	fputs(",\"exits\":{", out);
	for (size_t i = 0; i < VM_EXIT_KINDS; i++) {
		if (v->exits[i] == VM_UNCOUNTED)
			continue;
		fputs(comma, out);
		write_key(out, vm_exit_kinds[i]);
		json_number(out, v->exits[i]);
		comma = ",";
	}
	fputs("}}", out);
}

void ctl_stat_write(FILE *out, const struct ctl_stat *s)
{
	fputs("{\"version\":1,", out);
	write_fields(out, head, ARRAY_SIZE(head), s);
	fputs(",\"vcpus\":[", out);
	for (unsigned i = 0; i < s->nr_vcpus; i++) {
		if (i > 0)
			fputc(',', out);
		write_vcpu(out, &s->vcpus[i]);
	}
	fputs("]}", out);
}

/* -- reading -- */

/* What a line turned out to be; what it says is somebody's word, no more. */
struct reading {
	struct json json;
	struct ctl_stat s;
	bool wrong; /* good JSON, but not ours */
	bool has_vcpus;
	unsigned version;
	unsigned seen; /* of head, a bit each */
	char error[256];
};

/* Names of ours: nothing that would do anything to a terminal. */
static bool is_word(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && s[len] == '\0';
}

static void read_word(struct reading *r, char *to, size_t room)
{
	if (json_text(&r->json, to, room) >= room)
		r->wrong = true;
}

static void read_number(struct reading *r, char *to, size_t size)
{
	uint64_t v = json_u64(&r->json);
	uint32_t narrow = (uint32_t)v;

	if (size == sizeof(v)) {
		memcpy(to, &v, sizeof(v));
		return;
	}
	/* Some of them have a sign, but none is ever below 0. */
	if (v > INT_MAX)
		r->wrong = true;
	memcpy(to, &narrow, sizeof(narrow));
}

/* The value of @key, if that is one of @fields; each comes once. */
static bool read_field(struct reading *r, const char *key,
		       const struct field *fields, size_t n, void *into,
		       unsigned *seen)
{
	for (size_t i = 0; i < n; i++) {
		char *at = (char *)into + fields[i].off;

		if (strcmp(key, fields[i].key) != 0)
			continue;
		if (*seen & 1U << i)
			r->wrong = true;
		*seen |= 1U << i;
		if (fields[i].word)
			read_word(r, at, fields[i].size);
		else
			read_number(r, at, fields[i].size);
		return true;
	}
	return false;
}

static void read_exits(struct reading *r, struct ctl_vcpu *v)
{
	char key[KEY_SIZE];
	size_t i;

	json_object(&r->json);
	while (json_key(&r->json, key, sizeof(key))) {
		for (i = 0; i < VM_EXIT_KINDS; i++)
			if (strcmp(key, vm_exit_kinds[i]) == 0)
				break;
		if (i < VM_EXIT_KINDS)
			v->exits[i] = json_u64(&r->json);
		else
			json_skip(&r->json);
	}
}

static void read_vcpu(struct reading *r, struct ctl_vcpu *v)
{
	char key[KEY_SIZE];
	unsigned seen = 0;

	for (size_t i = 0; i < VM_EXIT_KINDS; i++)
		v->exits[i] = VM_UNCOUNTED;
	json_object(&r->json);
	while (json_key(&r->json, key, sizeof(key))) {
		if (strcmp(key, "exits") == 0)
			read_exits(r, v);
		else if (!read_field(r, key, vcpu, ARRAY_SIZE(vcpu), v, &seen))
			json_skip(&r->json);
	}
	if (seen != (1U << ARRAY_SIZE(vcpu)) - 1)
		r->wrong = true;
}

/* Room for one more; they come in the order of their ids. */
static int add_vcpu(struct ctl_stat *s)
{
	void *vcpus;

	if ((s->nr_vcpus & (s->nr_vcpus - 1)) == 0) {
		vcpus = reallocarray(s->vcpus,
				     s->nr_vcpus ? 2 * s->nr_vcpus : 1,
				     sizeof(*s->vcpus));
		if (!vcpus)
			return err_set(ENOMEM, "figures of vCPUs");
		s->vcpus = vcpus;
	}
	s->vcpus[s->nr_vcpus++] = (struct ctl_vcpu){ 0 };
	return 0;
}

static int read_vcpus(struct reading *r)
{
	struct ctl_stat *s = &r->s;
	int rc;

	r->wrong |= r->has_vcpus;
	r->has_vcpus = true;
	json_array(&r->json);
	while (json_element(&r->json)) {
		struct ctl_vcpu *v;

		if (r->wrong || s->nr_vcpus == LAYOUT_NR_CPUS) {
			r->wrong = true;
			json_skip(&r->json);
			continue;
		}
		rc = add_vcpu(s);
		if (rc < 0)
			return rc;
		v = &s->vcpus[s->nr_vcpus - 1];
		read_vcpu(r, v);
		if (s->nr_vcpus > 1 && v->id <= v[-1].id)
			r->wrong = true;
	}
	return 0;
}

static int read_all(struct reading *r)
{
	char key[KEY_SIZE];
	int rc = 0;

	json_object(&r->json);
	while (rc == 0 && json_key(&r->json, key, sizeof(key))) {
		if (strcmp(key, "version") == 0)
			read_number(r, (char *)&r->version, sizeof(r->version));
		else if (strcmp(key, "error") == 0)
			json_text(&r->json, r->error, sizeof(r->error));
		else if (strcmp(key, "vcpus") == 0)
			rc = read_vcpus(r);
		else if (!read_field(r, key, head, ARRAY_SIZE(head), &r->s,
				     &r->seen))
			json_skip(&r->json);
	}
	return rc;
}

/* What is wrong with it, if anything is. */
static int judge(struct reading *r)
{
	struct ctl_stat *s = &r->s;

	if (!json_end(&r->json))
		return err_say(EPROTO, "the answer is not JSON");
	if (r->error[0]) {
		for (char *c = r->error; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
		return err_say(EPROTO, "%s", r->error);
	}
	if (r->version != 1)
		return err_say(EPROTO,
			       "it speaks version %u, not 1, of the "
			       "protocol",
			       r->version);
	if (r->wrong || r->seen != (1U << ARRAY_SIZE(head)) - 1 ||
	    s->nr_vcpus == 0 || ctl_name(s->name) < 0 ||
	    !is_word(s->provider) || !is_word(s->state))
		return err_say(EPROTO, "the answer has not the figures that it "
				       "should have");
	return 0;
}

int ctl_stat_read(const char *line, struct ctl_stat *ret)
{
	struct reading r = { 0 };
	int rc;

	json_begin(&r.json, line);
	rc = read_all(&r);
	if (rc == 0)
		rc = judge(&r);
	if (rc < 0)
		ctl_stat_fini(&r.s);
	else
		*ret = r.s;
	return rc;
}

/* -- the rest -- */

static double share(uint64_t stolen_ns, uint64_t run_ns)
{
	double wanted = (double)stolen_ns + (double)run_ns;

	return wanted > 0 ? (double)stolen_ns / wanted : 0;
}

double ctl_vcpu_share(const struct ctl_vcpu *v)
{
	return share(v->stolen_ns, v->run_ns);
}

double ctl_stat_share(const struct ctl_stat *s)
{
	uint64_t stolen = 0, run = 0;

	for (unsigned i = 0; i < s->nr_vcpus; i++) {
		stolen += s->vcpus[i].stolen_ns;
		run += s->vcpus[i].run_ns;
	}
	return share(stolen, run);
}

void ctl_stat_fini(struct ctl_stat *s)
{
	free(s->vcpus);
	s->vcpus = NULL;
	s->nr_vcpus = 0;
}
