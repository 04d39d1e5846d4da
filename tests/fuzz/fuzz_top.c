/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_top.c - VMMs whose figures are what they like, a user who types that, and
 * a terminal of any size: what "top" shows is as wide and as high as it may be,
 * and does nothing to the terminal.
 *
 * The input's first bytes are the terminal; then come the figures, by turns of
 * two guests.  How these travel is fuzz_stat.c's.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/screen.h"
#include "cmd/top_book.h"
#include "cmd/top_view.h"
#include "fuzz.h"

enum { LOOK_BYTES = 4 };

/* Printable ASCII, blocks of the graph, and colours; no wider than @columns. */
static void check_line(const char *line, unsigned columns)
{
	unsigned width = 0;

	MUST(strlen(line) < TOP_LINE_MAX);
	while (*line) {
		if (strncmp(line, "\033[0", 3) == 0) {
			line += 2 + strspn(line + 2, "0123456789;");
			MUST(*line++ == 'm');
			continue;
		}
		if (strncmp(line, "\xe2\x96", 2) == 0) {
			MUST(line[2] >= '\x81' && line[2] <= '\x88');
			line += 2;
		} else {
			MUST(*line >= ' ' && *line <= '~');
		}
		line++;
		width++;
	}
	MUST(columns == 0 || width <= columns);
}

static void check_page(const struct top_book *book, const struct top_look *look)
{
	char line[TOP_LINE_MAX];
	struct top_page page;

	top_page(&page, book, look);
	MUST(look->rows == 0 || top_page_lines(&page) == look->rows);
	for (unsigned n = 0; n < top_page_lines(&page); n++) {
		top_page_line(&page, n, line);
		check_line(line, look->columns);
	}
}

/* What is left of the input. */
struct input {
	const uint8_t *data;
	size_t size;
};

static void take(struct input *in, void *to, size_t size)
{
	size_t n = in->size < size ? in->size : size;

	memcpy(to, in->data, n);
	in->data += n;
	in->size -= n;
}

static struct ctl_stat take_stat(struct input *in)
{
	struct ctl_stat s = { 0 };
	uint8_t nr_vcpus = 0;

	take(in, &nr_vcpus, 1);
	take(in, &s.pid, 1);
	take(in, s.state, CTL_WORD_MAX);
	take(in, &s.uptime_ns, sizeof(s.uptime_ns));
	take(in, &s.memory, sizeof(s.memory));
	s.nr_vcpus = nr_vcpus % 8;
	s.vcpus = calloc(s.nr_vcpus + 1, sizeof(*s.vcpus));
	MUST(s.vcpus);
	for (unsigned i = 0; i < s.nr_vcpus; i++)
		take(in, &s.vcpus[i], sizeof(s.vcpus[i]));
	return s;
}

static void type(const uint8_t *data, size_t size)
{
	struct keys keys = { 0 };

	for (size_t i = 0; i < size; i++) {
		int key = keys_feed(&keys, data[i]);

		MUST(key >= KEY_NONE && key <= KEY_END);
		MUST(key < 0x80 || key >= KEY_UP);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct top_look look = { .interval_ns = 1 };
	struct top_book book = { 0 };
	uint8_t bytes[LOOK_BYTES] = { 0 };

	type(data, size);
	take(&in, bytes, sizeof(bytes));
	look.rows = bytes[0] % 64;
	look.columns = bytes[1];
	look.scroll = bytes[2];
	look.sort = bytes[3] % TOP_SORTS;
	look.fold = bytes[3] & 0x10;
	look.help = bytes[3] & 0x20;
	look.colour = bytes[3] & 0x40;
	look.utf8 = bytes[3] & 0x80;
	MUST(top_add(&book, "one") == 0 && top_add(&book, "two") == 0);
	for (unsigned n = 0; in.size > 0; n++) {
		struct top_guest *g = top_find(&book, n % 2 ? "one" : "two");
		struct ctl_stat stat = take_stat(&in);

		if (n % 2 == 0)
			top_round(&book);
		MUST(top_answer(&book, g, &stat) == 0);
		g->state = n % 7 ? TOP_HERE : (enum top_state)(n % 5);
		top_sort(&book, (enum top_sort)look.sort);
		check_page(&book, &look);
	}
	top_fini(&book);
	return 0;
}
