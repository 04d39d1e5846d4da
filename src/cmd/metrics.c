/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/census.h"
#include "util/util.h"

#define PREFIX "pvtime_"

enum unit { PLAIN, NANOSECONDS, PERMILLE };

struct family {
	const char *name, *type, *help;
	enum unit unit;
	/* Its value for each guest, or for each vCPU; VM_UNCOUNTED: none. */
	uint64_t (*of_guest)(const struct ctl_stat *s);
	uint64_t (*of_vcpu)(const struct ctl_vcpu *v);
};

struct writer {
	FILE *out;
	const struct family *begun;
};

/* -- samples -- */

/* A label's value, quotes and all. */
static void quoted(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

/* Its first lines, once: all samples of a family come behind each other. */
static void begin(struct writer *w, const struct family *f)
{
	if (w->begun == f)
		return;
	w->begun = f;
	fprintf(w->out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n",
		f->name, f->help, f->name, f->type);
}

static void number(FILE *out, enum unit unit, uint64_t v)
{
	if (unit == NANOSECONDS)
		fprintf(out, " %" PRIu64 ".%09" PRIu64 "\n", v / 1000000000,
			v % 1000000000);
	else if (unit == PERMILLE)
		fprintf(out, " %" PRIu64 ".%03" PRIu64 "\n", v / 1000,
			v % 1000);
	else
		fprintf(out, " %" PRIu64 "\n", v);
}

/*
 * One sample, unless there is none; of a vCPU unless that is NULL, with the
 * label @key unless that is.
 */
static void sample(struct writer *w, const struct family *f,
		   const struct census_guest *g, const struct ctl_vcpu *v,
		   const char *key, const char *word, uint64_t value)
{
	if (value == VM_UNCOUNTED)
		return;
	begin(w, f);
	fprintf(w->out, PREFIX "%s{guest=", f->name);
	quoted(w->out, g->name);
	if (v)
		fprintf(w->out, ",vcpu=\"%u\"", v->id);
	if (key) {
		fprintf(w->out, ",%s=", key);
		quoted(w->out, word);
	}
	fputc('}', w->out);
	number(w->out, f->unit, value);
}

/* -- families of one value -- */

static uint64_t vcpus(const struct ctl_stat *s)
{
	return s->nr_vcpus;
}

static uint64_t memory(const struct ctl_stat *s)
{
	return s->memory;
}

static uint64_t uptime(const struct ctl_stat *s)
{
	return s->uptime_ns;
}

static uint64_t paused(const struct ctl_stat *s)
{
	return strcmp(s->state, "paused") == 0;
}

static uint64_t paused_time(const struct ctl_stat *s)
{
	return s->paused_ns;
}

static uint64_t stolen(const struct ctl_vcpu *v)
{
	return v->stolen_ns;
}

static uint64_t held(const struct ctl_vcpu *v)
{
	return v->held_ns;
}

static uint64_t run(const struct ctl_vcpu *v)
{
	return v->run_ns;
}

static uint64_t idle(const struct ctl_vcpu *v)
{
	return v->idle_ns;
}

static uint64_t record(const struct ctl_vcpu *v)
{
	return v->record_ns;
}

static uint64_t steal(const struct ctl_vcpu *v)
{
	return v->steal_permille;
}

static uint64_t exits(const struct ctl_vcpu *v)
{
	return v->exits[0];
}

static const struct family families[] = {
	{ "guest_vcpus", "gauge", "Virtual CPUs.", PLAIN, vcpus, NULL },
	{ "guest_memory_bytes", "gauge", "Memory that the guest has.", PLAIN,
	  memory, NULL },
	{ "guest_uptime_seconds", "gauge", "Time since the guest was started.",
	  NANOSECONDS, uptime, NULL },
	{ "guest_paused", "gauge", "1 while the guest is paused, else 0.",
	  PLAIN, paused, NULL },
	{ "guest_paused_seconds_total", "counter",
	  "Time that the guest was paused.", NANOSECONDS, paused_time, NULL },
	{ "vcpu_stolen_seconds_total", "counter",
	  "Time that the vCPU wanted to run and was kept from it.", NANOSECONDS,
	  NULL, stolen },
	{ "vcpu_held_seconds_total", "counter",
	  "Of the stolen time, that which the VMM itself took.", NANOSECONDS,
	  NULL, held },
	{ "vcpu_run_seconds_total", "counter",
	  "Time that the vCPU was on a CPU.", NANOSECONDS, NULL, run },
	{ "vcpu_idle_seconds_total", "counter",
	  "Time that the vCPU did not want to run.", NANOSECONDS, NULL, idle },
	{ "vcpu_record_seconds", "gauge",
	  "Stolen time as the guest is told; it restarts with its kernel.",
	  NANOSECONDS, NULL, record },
	{ "vcpu_steal_ratio", "gauge",
	  "The share that the VMM itself is asked to take now.", PERMILLE, NULL,
	  steal },
	{ "vcpu_exits_total", "counter", "Exits from the guest.", PLAIN, NULL,
	  exits },
};

/* -- those that are special -- */

static const struct family nr_guests = {
	.name = "guests",
	.type = "gauge",
	.help = "Guests that run, or that were asked for by name.",
};

static const struct family up = {
	.name = "guest_up",
	.type = "gauge",
	.help = "1 if the guest's VMM answers, else 0.",
};

static const struct family info = {
	.name = "guest_info",
	.type = "gauge",
	.help = "Always 1; the label says who provides the stolen time.",
};

/* Not with the sum of all, so that a sum over the family makes sense. */
static const struct family kinds = {
	.name = "vcpu_exits_by_kind_total",
	.type = "counter",
	.help = "Exits from the guest, of the kinds that KVM tells apart.",
};

static void write_values(struct writer *w, const struct family *f,
			 const struct census_guest *g)
{
	const struct ctl_stat *s = &g->stat;

	if (f == &up)
		sample(w, f, g, NULL, NULL, NULL, g->rc == 0);
	if (g->rc < 0)
		return;
	if (f == &info)
		sample(w, f, g, NULL, "provider", s->provider, 1);
	if (f->of_guest)
		sample(w, f, g, NULL, NULL, NULL, f->of_guest(s));
	for (unsigned i = 0; f->of_vcpu && i < s->nr_vcpus; i++)
		sample(w, f, g, &s->vcpus[i], NULL, NULL,
		       f->of_vcpu(&s->vcpus[i]));
	for (unsigned i = 0; f == &kinds && i < s->nr_vcpus; i++)
		for (size_t k = 1; k < VM_EXIT_KINDS; k++)
			sample(w, f, g, &s->vcpus[i], "kind", vm_exit_kinds[k],
			       s->vcpus[i].exits[k]);
}

static void write_family(struct writer *w, const struct family *f,
			 const struct census *c)
{
	for (unsigned i = 0; i < c->nr; i++)
		write_values(w, f, &c->guests[i]);
}

void metrics_write(FILE *out, const struct census *c)
{
	struct writer w = { .out = out };

	begin(&w, &nr_guests);
	fprintf(out, PREFIX "%s %u\n", nr_guests.name, c->nr);
	write_family(&w, &up, c);
	write_family(&w, &info, c);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		write_family(&w, &families[i], c);
	write_family(&w, &kinds, c);
}
