/* SPDX-License-Identifier: BSD-2-Clause */
#include "kmsg.h"

#include "channel.h"
#include "console.h"
#include "sys.h"
#include "text.h"

enum { MEM_MAJOR = 1, KMSG_MINOR = 11 };
enum { RECORD_SIZE = 8192 }; /* the longest of any kernel */
enum { ANSWER_BYTES = 256 * 1024, LINE_EXTRA = 24 };
enum { LEVELS = 8 }; /* a priority is this times the facility + level */

static int kmsg;      /* or the error that there was */
static uint64_t next; /* number of the record that comes next */

struct record {
	uint64_t priority, number, usec;
	const char *message;
};

void kmsg_open(void)
{
	kmsg = device_open(MEM_MAJOR, KMSG_MINOR,
			   O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* PRIORITY,NUMBER,USEC,...;MESSAGE; what follows its line is not for us. */
static bool parse(char *text, struct record *ret)
{
	const char *at = text, *end;

	if (!text_number(&at, 10, &ret->priority) || *at++ != ',' ||
	    !text_number(&at, 10, &ret->number) || *at++ != ',' ||
	    !text_number(&at, 10, &ret->usec))
		return false;
	at = text_find(at, ";");
	end = text_find(text, "\n");
	if (!at || !end || end < at)
		return false;
	text[end - text] = 0;
	ret->message = at + 1;
	return true;
}

/* 1 and the next record; 0: that was all. */
static int next_record(struct record *ret)
{
	static char text[RECORD_SIZE + 1];
	long n;

	do {
		/* The numbers tell how many were lost. */
		do {
			n = sys_read(kmsg, text, RECORD_SIZE);
		} while (n == -EPIPE);
		if (n == -EAGAIN || n == 0)
			return 0;
		if (n < 0)
			return (int)n;
		text[n] = 0;
	} while (!parse(text, ret));
	return 1;
}

void kmsg_log(uint64_t nr, char *args)
{
	const char *text = args;
	uint64_t level, lost = 0, told = 0;
	struct record r;
	int rc = 0;

	if (!text_number(&text, 10, &level) || level >= LEVELS ||
	    (*text && *text++ != ' ')) {
		answer_bad(nr, "no level from 0 to %d", LEVELS - 1);
		return;
	}
	if (kmsg < 0) {
		answer_error(nr, "kmsg", kmsg);
		return;
	}
	while (told < ANSWER_BYTES && (rc = next_record(&r)) > 0) {
		lost += r.number - next;
		next = r.number + 1;
		if (r.priority >= LEVELS ||
		    (r.priority > level &&
		     !(*text && text_find(r.message, text))))
			continue;
		answer(nr, "%lu %lu %s", r.priority, r.usec, r.message);
		told += text_size(r.message) + LINE_EXTRA;
	}
	if (rc < 0)
		answer_error(nr, "kmsg", rc);
	else
		answer_ok(nr, "%lu", lost);
}
