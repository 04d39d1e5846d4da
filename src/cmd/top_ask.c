/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/top_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/top_book.h"
#include "ctl/folder.h"
#include "ctl/path.h"
#include "util/err.h"

/* A door with a crowd before it held us up: let it be for a while. */
#define CROWD_NS UINT64_C(10000000000)

enum { MTIME_STEP_S = 2 }; /* as coarse as any file system's */

int top_ask_init(struct top_asker *a, struct top_book *book, char *const *names,
		 unsigned nr)
{
	int rc = 0;

	*a = (struct top_asker){ .book = book, .named = nr > 0 };
	for (unsigned i = 0; rc == 0 && i < nr; i++)
		if (!top_find(book, names[i]))
			rc = top_add(book, names[i]);
	return rc;
}

void top_ask_fini(struct top_asker *a)
{
	free(a->fds);
	*a = (struct top_asker){ 0 };
}

/* Has anything come to the folder of sockets, or gone, since we looked? */
static int has_changed(struct top_asker *a, bool *ret_changed)
{
	struct sockaddr_un addr;
	struct stat st;
	int rc = ctl_path("top", false, &addr);

	if (rc < 0)
		return rc;
	*strrchr(addr.sun_path, '/') = '\0';
	if (stat(addr.sun_path, &st) < 0)
		st.st_mtim = (struct timespec){ 0 };
	*ret_changed = !a->sure || st.st_mtim.tv_sec != a->folder.tv_sec ||
		       st.st_mtim.tv_nsec != a->folder.tv_nsec;
	a->folder = st.st_mtim;
	a->sure = st.st_mtim.tv_sec + MTIME_STEP_S < time(NULL);
	return 0;
}

static bool has(const struct ctl_folder *f, const char *name)
{
	for (unsigned i = 0; i < f->nr; i++)
		if (strcmp(f->names[i], name) == 0)
			return true;
	return false;
}

static int look_around(struct top_asker *a)
{
	struct ctl_folder f = { 0 };
	bool changed;
	int rc = has_changed(a, &changed);

	if (rc < 0 || !changed)
		return rc;
	rc = ctl_folder_read(&f);
	if (rc < 0)
		return rc;
	for (unsigned i = a->book->nr; i > 0; i--)
		if (!has(&f, a->book->guests[i - 1]->name))
			top_remove(a->book, i - 1);
	for (unsigned i = 0; rc == 0 && i < f.nr; i++)
		if (!top_find(a->book, f.names[i]))
			rc = top_add(a->book, f.names[i]);
	ctl_folder_fini(&f);
	return rc;
}

/* The connection is of no use any more. */
static void hang_up(struct top_asker *a, struct top_guest *g,
		    enum top_state state)
{
	ctl_client_close(&g->client);
	g->asked_ns = 0;
	g->state = state;
	a->sure = false; /* it may have left its socket behind */
}

static bool call(struct top_asker *a, struct top_guest *g, uint64_t now_ns)
{
	int rc;

	if (now_ns < g->again_ns)
		return false;
	rc = ctl_client_open(&g->client, g->name);
	if (rc == 0)
		return true;
	if (rc == -ETIMEDOUT)
		g->again_ns = now_ns + CROWD_NS;
	hang_up(a, g, rc == -ENOENT ? TOP_ABSENT : TOP_SILENT);
	return false;
}

static void ask(struct top_asker *a, struct top_guest *g, uint64_t now_ns)
{
	if (g->asked_ns > 0) /* it still thinks about the last one */
		return;
	if (g->client.fd < 0 && !call(a, g, now_ns))
		return;
	if (ctl_client_send(&g->client, "stat") < 0)
		hang_up(a, g, TOP_SILENT);
	else
		g->asked_ns = now_ns;
}

int top_ask_all(struct top_asker *a, uint64_t now_ns)
{
	int rc = a->named ? 0 : look_around(a);

	if (rc < 0)
		return rc;
	top_round(a->book);
	for (unsigned i = 0; i < a->book->nr; i++)
		ask(a, a->book->guests[i], now_ns);
	return 0;
}

uint64_t top_ask_due(struct top_asker *a, uint64_t now_ns)
{
	uint64_t latest = 0;

	for (unsigned i = 0; i < a->book->nr; i++) {
		struct top_guest *g = a->book->guests[i];

		if (g->asked_ns == 0 || g->state == TOP_SILENT)
			continue;
		if (g->asked_ns + TOP_PATIENCE_NS <= now_ns)
			g->state = TOP_SILENT;
		else if (g->asked_ns + TOP_PATIENCE_NS > latest)
			latest = g->asked_ns + TOP_PATIENCE_NS;
	}
	return latest;
}

int top_ask_watch(struct top_asker *a, struct pollfd **ret_fds,
		  unsigned *ret_nr)
{
	unsigned nr = a->book->nr + 1;

	if (nr > a->room) {
		struct pollfd *more = realloc(a->fds, 2 * nr * sizeof(*more));

		if (!more)
			return err_set(ENOMEM, "%u guests", nr);
		a->fds = more;
		a->room = 2 * nr;
	}
	for (unsigned i = 1; i < nr; i++)
		a->fds[i] = (struct pollfd){
			.fd = a->book->guests[i - 1]->client.fd,
			.events = POLLIN,
		};
	*ret_fds = a->fds;
	*ret_nr = nr;
	return 0;
}

/* Its VMM has ended, or will have us as a client no more. */
static void lost(struct top_asker *a, struct top_guest *g, uint64_t now_ns)
{
	hang_up(a, g, TOP_SILENT);
	if (call(a, g, now_ns))
		hang_up(a, g, TOP_SILENT); /* the next round's */
}

static int hear(struct top_asker *a, struct top_guest *g, uint64_t now_ns)
{
	struct ctl_stat stat = { 0 };
	const char *line;
	int rc = ctl_client_receive(&g->client, 0, &line);

	if (rc == -ETIMEDOUT)
		return 0; /* the rest is still to come */
	if (rc == -EMSGSIZE || (rc == 0 && g->asked_ns == 0)) {
		hang_up(a, g, TOP_WRONG);
		return 1;
	}
	if (rc < 0) {
		lost(a, g, now_ns);
		return 1;
	}
	g->asked_ns = 0;
	rc = ctl_stat_read(line, &stat);
	if (rc == 0)
		rc = top_answer(a->book, g, &stat);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		g->state = TOP_WRONG;
	return 1;
}

int top_ask_hear(struct top_asker *a, uint64_t now_ns)
{
	int heard = 0;

	for (unsigned i = 0; i < a->book->nr; i++) {
		int rc = a->fds[i + 1].revents
				 ? hear(a, a->book->guests[i], now_ns)
				 : 0;

		if (rc < 0)
			return rc;
		heard += rc;
	}
	return heard;
}
