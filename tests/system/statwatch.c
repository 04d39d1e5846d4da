/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statwatch.c - watch a Linux guest's /proc/stat for counters that fall.
 *
 *	statwatch MS
 *		look every MS milliseconds; a line for each counter that is
 *		less than at the look before:
 *
 *			fall SECONDS LINE FIELD BEFORE NOW
 *
 *		Each line of its input is a step: look, and say which counters
 *		are less than they have ever been, how many looks there were
 *		and how many counters there are:
 *
 *			below SECONDS LINE FIELD HIGHEST NOW
 *			step SECONDS LOOKS COUNTERS TEXT
 *
 *		Ends with its input.
 *
 * SECONDS are since the guest's boot.  FIELD counts from 1: the 4th of a cpu
 * line is idle, the 8th is steal.  A CPU that is off has no line; its counters
 * are compared again when it is back.
 *
 * Spec: Linux Documentation/filesystems/proc.rst 1.7.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 32, FIELDS = 512, TEXT = 1 << 16 };

struct line {
	char name[16];
	uint64_t now[FIELDS], highest[FIELDS];
	unsigned nr_fields;
};

static struct line lines[LINES];
static unsigned nr_lines;
static unsigned long nr_looks;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double uptime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* No counters: the time of the boot, and how many processes do what now. */
static bool may_fall(const char *name)
{
	return strcmp(name, "btime") == 0 || strncmp(name, "procs_", 6) == 0;
}

static struct line *line_of(const char *name)
{
	for (unsigned i = 0; i < nr_lines; i++)
		if (strcmp(lines[i].name, name) == 0)
			return &lines[i];
	if (nr_lines == LINES || strlen(name) >= sizeof(lines->name)) {
		fprintf(stderr, "statwatch: no room for '%s'\n", name);
		exit(1);
	}
	strcpy(lines[nr_lines].name, name);
	return &lines[nr_lines++];
}

static void compare(struct line *line, unsigned i, uint64_t value)
{
	if (value < line->now[i])
		printf("fall %.2f %s %u %" PRIu64 " %" PRIu64 "\n", uptime(),
		       line->name, i + 1, line->now[i], value);
	line->now[i] = value;
	if (value > line->highest[i])
		line->highest[i] = value;
}

static void look_at(char *text)
{
	char *name = strsep(&text, " "), *end;
	struct line *line;
	unsigned i;

	if (!text || may_fall(name))
		return;
	line = line_of(name);
	for (i = 0; i < FIELDS; i++, text = end) {
		uint64_t value = strtoull(text, &end, 10);

		if (end == text)
			break;
		compare(line, i, value);
	}
	line->nr_fields = i;
}

/* By one read, so that the numbers are as much of one moment as they can be. */
static void look(int fd)
{
	static char text[TEXT];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *rest = text, *one;

	if (n <= 0)
		die("/proc/stat");
	text[n] = '\0';
	while ((one = strsep(&rest, "\n")))
		look_at(one);
	nr_looks++;
}

static void step(const char *text)
{
	unsigned counters = 0;

	for (const struct line *l = lines; l < lines + nr_lines; l++) {
		counters += l->nr_fields;
		for (unsigned i = 0; i < l->nr_fields; i++)
			if (l->now[i] < l->highest[i])
				printf("below %.2f %s %u %" PRIu64 " %" PRIu64
				       "\n",
				       uptime(), l->name, i + 1, l->highest[i],
				       l->now[i]);
	}
	printf("step %.2f %lu %u %s", uptime(), nr_looks, counters, text);
}

int main(int argc, char **argv)
{
	int ms = argc == 2 ? atoi(argv[1]) : 0;
	int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char text[80];

	if (ms <= 0) {
		fprintf(stderr, "usage: statwatch MS\n");
		return 2;
	}
	if (fd < 0)
		die("/proc/stat");
	/* Nothing may be read ahead: poll(2) would not see it. */
	setvbuf(stdin, NULL, _IONBF, 0);
	for (;;) {
		bool stepping = poll(&input, 1, ms) > 0;

		if (stepping && !fgets(text, sizeof(text), stdin))
			return 0;
		look(fd);
		if (stepping)
			step(text);
		fflush(stdout);
	}
}
