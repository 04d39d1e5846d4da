/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/inbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/clock.h"
#include "util/util.h"

static void take(struct inbox *in)
{
	pthread_mutex_lock(&in->lock);
}

static void give(struct inbox *in)
{
	pthread_mutex_unlock(&in->lock);
}

static void tell(struct inbox *in)
{
	in->changes++;
	pthread_cond_signal(&in->changed);
}

/* -- what vCPU threads put in -- */

static void keep_line(struct inbox *in)
{
	struct inbox_line *line = &in->lines[in->nr_lines % INBOX_LINES];
	enum trouble kind;

	in->line[in->line_len] = '\0';
	line->t_ns = clock_mono_ns();
	memcpy(line->text, in->line, in->line_len + 1);
	in->nr_lines++;
	in->line_len = 0;
	kind = trouble_in(line->text);
	if (kind != TROUBLE_NONE && in->trouble[kind].text[0] == '\0')
		in->trouble[kind] = *line;
	tell(in);
}

static void on_console(void *ctx, uint8_t byte)
{
	struct inbox *in = ctx;

	take(in);
	in->console_bytes++;
	if (byte == '\n')
		keep_line(in);
	else if (byte >= ' ' && byte < 0x7f &&
		 in->line_len < INBOX_LINE_MAX - 1)
		in->line[in->line_len++] = (char)byte;
	give(in);
}

static void on_channel(struct console_port *port, uint8_t byte)
{
	struct inbox *in = container_of(port, struct inbox, channel);

	take(in);
	in->channel_bytes++;
	if (in->nr_bytes < INBOX_CHANNEL)
		in->bytes[(in->first + in->nr_bytes++) % INBOX_CHANNEL] =
			(char)byte;
	else
		in->overrun = true;
	if (byte == '\n' || in->overrun)
		tell(in);
	give(in);
}

static void on_room(struct console_port *port)
{
	struct inbox *in = container_of(port, struct inbox, channel);

	take(in);
	in->room = true;
	tell(in);
	give(in);
}

/* -- what the main thread puts in -- */

static bool on_reset(void *ctx)
{
	struct inbox *in = ctx;
	bool again;

	take(in);
	again = in->may_reset && !in->trouble[TROUBLE_PANIC].text[0];
	in->may_reset = false;
	in->resets += again;
	tell(in);
	give(in);
	return again;
}

void inbox_done(struct inbox *in)
{
	take(in);
	in->done++;
	tell(in);
	give(in);
}

void inbox_end(struct inbox *in, enum vm_end end)
{
	take(in);
	in->end = end;
	if (end == VM_FAILED || end == VM_CRASHED)
		err_copy(in->words);
	tell(in);
	give(in);
}

/* -- the judge's side -- */

int inbox_init(struct inbox *in, int console_fd)
{
	pthread_condattr_t attr;

	*in = (struct inbox){
		.channel = { .put = on_channel, .room = on_room },
		.watch = {
			.console_fd = console_fd,
			.byte = on_console,
			.reset = on_reset,
			.ctx = in,
		},
		.room = true,
	};
	pthread_mutex_init(&in->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&in->changed, &attr);
	pthread_condattr_destroy(&attr);
	in->bytes = malloc(INBOX_CHANNEL);
	if (!in->bytes) {
		inbox_fini(in);
		return err_set(ENOMEM, "inbox");
	}
	return 0;
}

void inbox_fini(struct inbox *in)
{
	free(in->bytes);
	pthread_cond_destroy(&in->changed);
	pthread_mutex_destroy(&in->lock);
}

void inbox_wait(struct inbox *in, uint64_t deadline_ns, struct inbox_view *view)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline_ns / 1000000000),
		.tv_nsec = (long)(deadline_ns % 1000000000),
	};
	int rc = 0;

	take(in);
	while (rc == 0 && in->changes == view->changes)
		rc = pthread_cond_timedwait(&in->changed, &in->lock, &until);
	*view = (struct inbox_view){
		.changes = in->changes,
		.nr_lines = in->nr_lines,
		.console_bytes = in->console_bytes,
		.channel_bytes = in->channel_bytes,
		.overrun = in->overrun,
		.room = in->room,
		.resets = in->resets,
		.done = in->done,
		.end = in->end,
	};
	give(in);
}

size_t inbox_take(struct inbox *in, char *buf, size_t size)
{
	size_t n = 0;

	take(in);
	for (; n < size && in->nr_bytes > 0; n++) {
		buf[n] = in->bytes[in->first];
		in->first = (in->first + 1) % INBOX_CHANNEL;
		in->nr_bytes--;
	}
	give(in);
	return n;
}

bool inbox_line(struct inbox *in, uint64_t n, struct inbox_line *ret)
{
	bool there;

	take(in);
	there = n < in->nr_lines && in->nr_lines - n <= INBOX_LINES;
	if (there)
		*ret = in->lines[n % INBOX_LINES];
	give(in);
	return there;
}

void inbox_rest(struct inbox *in, char buf[static INBOX_LINE_MAX])
{
	take(in);
	memcpy(buf, in->line, in->line_len);
	buf[in->line_len] = '\0';
	give(in);
}

bool inbox_trouble(struct inbox *in, enum trouble kind, struct inbox_line *ret)
{
	bool there;

	take(in);
	there = in->trouble[kind].text[0] != '\0';
	if (there)
		*ret = in->trouble[kind];
	give(in);
	return there;
}

void inbox_allow_reset(struct inbox *in, bool may)
{
	take(in);
	in->may_reset = may;
	give(in);
}

bool inbox_use_room(struct inbox *in)
{
	bool room;

	take(in);
	room = in->room;
	in->room = false;
	give(in);
	return room;
}

void inbox_keep_room(struct inbox *in)
{
	take(in);
	in->room = true;
	give(in);
}
