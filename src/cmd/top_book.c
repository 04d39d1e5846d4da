/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/top_book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/err.h"

enum { WHOLE = 1000 }; /* permille */

static void forget_past(uint16_t past[static TOP_PAST])
{
	for (unsigned i = 0; i < TOP_PAST; i++)
		past[i] = TOP_UNKNOWN;
}

int top_add(struct top_book *book, const char *name)
{
	struct top_guest **more, *g = calloc(1, sizeof(*g));

	if (!g)
		return err_set(ENOMEM, "guest '%s'", name);
	more = realloc(book->guests, (book->nr + 1) * sizeof(*more));
	if (!more) {
		free(g);
		return err_set(ENOMEM, "guest '%s'", name);
	}
	strncpy(g->name, name, CTL_NAME_MAX);
	g->client.fd = -1;
	forget_past(g->past);
	book->guests = more;
	book->guests[book->nr++] = g;
	return 0;
}

struct top_guest *top_find(const struct top_book *book, const char *name)
{
	for (unsigned i = 0; i < book->nr; i++)
		if (strcmp(book->guests[i]->name, name) == 0)
			return book->guests[i];
	return NULL;
}

void top_remove(struct top_book *book, unsigned index)
{
	struct top_guest *g = book->guests[index];

	ctl_client_close(&g->client);
	ctl_stat_fini(&g->stat);
	free(g->vcpus);
	free(g);
	book->nr--;
	memmove(&book->guests[index], &book->guests[index + 1],
		(book->nr - index) * sizeof(struct top_guest *));
}

void top_round(struct top_book *book)
{
	book->round = (book->round + 1) % TOP_PAST;
	for (unsigned i = 0; i < book->nr; i++) {
		struct top_guest *g = book->guests[i];

		g->past[book->round] = TOP_UNKNOWN;
		for (unsigned v = 0; v < g->stat.nr_vcpus; v++)
			g->vcpus[v].past[book->round] = TOP_UNKNOWN;
	}
}

/* Part @x of all; what a peer made up is not below nothing nor above all. */
static unsigned permille(double x)
{
	if (!(x > 0))
		return 0;
	return x < 1 ? (unsigned)(x * WHOLE + 0.5) : WHOLE;
}

static unsigned part_of(uint64_t part_ns, uint64_t span_ns)
{
	return span_ns > 0 ? permille((double)part_ns / (double)span_ns) : 0;
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* What came to pass on a vCPU between two answers, @was NULL: ever. */
static struct ctl_vcpu between(const struct ctl_vcpu *is,
			       const struct ctl_vcpu *was)
{
	static const struct ctl_vcpu zero;

	if (!was)
		was = &zero;
	return (struct ctl_vcpu){
		.stolen_ns = since(is->stolen_ns, was->stolen_ns),
		.held_ns = since(is->held_ns, was->held_ns),
		.run_ns = since(is->run_ns, was->run_ns),
		.idle_ns = since(is->idle_ns, was->idle_ns),
	};
}

static struct top_rates rates(const struct ctl_vcpu *d, uint64_t span_ns)
{
	/* As if nothing but us had kept it from running. */
	struct ctl_vcpu ours = {
		.stolen_ns = d->held_ns,
		.run_ns = d->run_ns + since(d->stolen_ns, d->held_ns),
	};

	return (struct top_rates){
		.stolen = permille(ctl_vcpu_share(d)),
		.held = permille(ctl_vcpu_share(&ours)),
		.run = part_of(d->run_ns, span_ns),
		.idle = part_of(d->idle_ns, span_ns),
	};
}

/* Does @is come after @was in one guest's life? */
static bool goes_on(const struct ctl_stat *was, const struct ctl_stat *is)
{
	return was->vcpus && was->pid == is->pid &&
	       was->nr_vcpus == is->nr_vcpus && was->uptime_ns <= is->uptime_ns;
}

static int begin(struct top_guest *g, const struct ctl_stat *stat)
{
	struct top_vcpu *vcpus = calloc(stat->nr_vcpus, sizeof(*vcpus));

	if (!vcpus && stat->nr_vcpus > 0)
		return err_set(ENOMEM, "guest '%s'", g->name);
	for (unsigned v = 0; v < stat->nr_vcpus; v++)
		forget_past(vcpus[v].past);
	forget_past(g->past);
	free(g->vcpus);
	ctl_stat_fini(&g->stat);
	g->vcpus = vcpus;
	g->stat = (struct ctl_stat){ 0 };
	return 0;
}

int top_answer(const struct top_book *book, struct top_guest *g,
	       struct ctl_stat *stat)
{
	bool old = goes_on(&g->stat, stat);
	uint64_t span_ns = since(stat->uptime_ns, old ? g->stat.uptime_ns : 0);
	struct ctl_vcpu all = { 0 };
	unsigned run = 0;
	int rc = old ? 0 : begin(g, stat);

	if (rc < 0) {
		ctl_stat_fini(stat);
		return rc;
	}
	for (unsigned v = 0; v < stat->nr_vcpus; v++) {
		struct top_vcpu *vcpu = &g->vcpus[v];
		struct ctl_vcpu d = between(&stat->vcpus[v],
					    old ? &g->stat.vcpus[v] : NULL);

		vcpu->now = rates(&d, span_ns);
		if (old)
			vcpu->past[book->round] = (uint16_t)vcpu->now.stolen;
		all.stolen_ns += d.stolen_ns;
		all.held_ns += d.held_ns;
		all.run_ns += d.run_ns;
		run += vcpu->now.run;
	}
	g->now = rates(&all, span_ns);
	g->now.run = run;
	if (old)
		g->past[book->round] = (uint16_t)g->now.stolen;
	ctl_stat_fini(&g->stat);
	g->stat = *stat;
	*stat = (struct ctl_stat){ 0 };
	g->state = TOP_HERE;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct top_guest *x = *(struct top_guest *const *)a;
	const struct top_guest *y = *(struct top_guest *const *)b;

	return strcmp(x->name, y->name);
}

/* The more, the earlier; who does not answer is below zero. */
static int by_figure(const struct top_guest *x, long x_figure,
		     const struct top_guest *y, long y_figure)
{
	if (x->state != TOP_HERE)
		x_figure = -1;
	if (y->state != TOP_HERE)
		y_figure = -1;
	if (x_figure != y_figure)
		return x_figure > y_figure ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_stolen(const void *a, const void *b)
{
	const struct top_guest *x = *(struct top_guest *const *)a;
	const struct top_guest *y = *(struct top_guest *const *)b;

	return by_figure(x, x->now.stolen, y, y->now.stolen);
}

static int by_cpu(const void *a, const void *b)
{
	const struct top_guest *x = *(struct top_guest *const *)a;
	const struct top_guest *y = *(struct top_guest *const *)b;

	return by_figure(x, x->now.run, y, y->now.run);
}

void top_sort(struct top_book *book, enum top_sort by)
{
	static int (*const compare[TOP_SORTS])(const void *, const void *) = {
		[TOP_BY_STOLEN] = by_stolen,
		[TOP_BY_NAME] = by_name,
		[TOP_BY_CPU] = by_cpu,
	};

	if (book->nr > 1)
		qsort(book->guests, book->nr, sizeof(struct top_guest *),
		      compare[by]);
}

void top_fini(struct top_book *book)
{
	while (book->nr > 0)
		top_remove(book, book->nr - 1);
	free(book->guests);
	*book = (struct top_book){ 0 };
}
