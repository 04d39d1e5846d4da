/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/census.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/folder.h"
#include "util/clock.h"
#include "util/err.h"

/* Who takes longer does not answer. */
#define PATIENCE_NS UINT64_C(1000000000)

/* It did not work out; the words are needed when all have been asked. */
static void failed(struct census_guest *g, int rc)
{
	g->rc = rc;
	g->words = strdup(err_text());
}

static void ask(struct census_guest *g, struct ctl_client *client)
{
	int rc = ctl_client_open(client, g->name);

	if (rc == 0) {
		g->pid = client->pid;
		rc = err_in(ctl_client_send(client, "stat"), "'%s'", g->name);
	}
	if (rc < 0)
		failed(g, rc);
}

static void listen_to(struct census_guest *g, struct ctl_client *client,
		      uint64_t deadline)
{
	uint64_t now = clock_mono_ns();
	const char *line;
	int rc = ctl_client_receive(client, deadline > now ? deadline - now : 0,
				    &line);

	if (rc == 0)
		rc = ctl_stat_read(line, &g->stat);
	if (rc < 0)
		failed(g, err_in(rc, "'%s'", g->name));
}

static int ask_all(struct census *c)
{
	struct ctl_client *clients = calloc(c->nr, sizeof(*clients));
	uint64_t deadline;

	if (!clients)
		return err_set(ENOMEM, "guests");
	for (unsigned i = 0; i < c->nr; i++)
		ask(&c->guests[i], &clients[i]);
	deadline = clock_mono_ns() + PATIENCE_NS;
	for (unsigned i = 0; i < c->nr; i++) {
		if (c->guests[i].rc == 0)
			listen_to(&c->guests[i], &clients[i], deadline);
		ctl_client_close(&clients[i]);
	}
	free(clients);
	return 0;
}

static bool has_ended(const struct census_guest *g)
{
	return g->rc == -ENOENT || g->rc == -ECONNRESET;
}

static void free_guest(struct census_guest *g)
{
	ctl_stat_fini(&g->stat);
	free(g->words);
}

static void leave_out_ended(struct census *c)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < c->nr; i++) {
		if (has_ended(&c->guests[i]))
			free_guest(&c->guests[i]);
		else
			c->guests[nr++] = c->guests[i];
	}
	c->nr = nr;
}

static int make(struct census *c, unsigned nr)
{
	*c = (struct census){ 0 };
	if (nr == 0)
		return 0;
	c->guests = calloc(nr, sizeof(*c->guests));
	if (!c->guests)
		return err_set(ENOMEM, "guests");
	c->nr = nr;
	return 0;
}

int census_take(struct census *c, char *const *names, unsigned nr)
{
	struct ctl_folder folder = { 0 };
	int rc = nr ? 0 : ctl_folder_read(&folder);

	if (rc == 0)
		rc = make(c, nr ? nr : folder.nr);
	for (unsigned i = 0; rc == 0 && i < c->nr; i++)
		snprintf(c->guests[i].name, sizeof(c->guests[i].name), "%s",
			 nr ? names[i] : folder.names[i]);
	if (rc == 0 && c->nr > 0)
		rc = ask_all(c);
	if (rc == 0 && nr == 0)
		leave_out_ended(c);
	ctl_folder_fini(&folder);
	if (rc < 0)
		census_fini(c);
	return rc;
}

void census_fini(struct census *c)
{
	for (unsigned i = 0; i < c->nr; i++)
		free_guest(&c->guests[i]);
	free(c->guests);
	*c = (struct census){ 0 };
}
