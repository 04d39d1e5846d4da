/* SPDX-License-Identifier: BSD-2-Clause */
/* plot_cmd.c - command "plot": a picture of what "run --record" wrote. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/csv.h"
#include "cmd/plot.h"
#include "cmd/timeline.h"
#include "util/err.h"
#include "util/file.h"
#include "util/util.h"

/* Days of recording; more than this is not a picture any more. */
#define SIZE_MAX_READ (1 * GIB)

struct plot_options {
	bool help;
};

static int set_help(void *into, const char *arg)
{
	(void)arg;
	((struct plot_options *)into)->help = true;
	return 0;
}

static const struct option_desc options[] = {
	{ 'h', "help", NULL, "this text", set_help },
};

static void help(void)
{
	printf("usage: pvtime-vmm plot FILE.csv > FILE.svg\n"
	       "\n"
	       "Draw what 'run --record' or 'test --record' wrote: how much "
	       "time each vCPU lost,\n"
	       "by the host, by its record and, after 'test', by "
	       "the guest's own\n"
	       "count.  Any browser shows it.\n"
	       "\n");
	options_print(options, ARRAY_SIZE(options));
}

static int read_file(const char *path, char **ret_text, size_t *ret_size)
{
	uint64_t size;
	char *text;
	int fd = file_open(path, &size), rc = 0;

	if (fd < 0)
		return fd;
	if (size > SIZE_MAX_READ)
		rc = err_say(EFBIG, "'%s': more than 1 GiB; record less often",
			     path);
	text = rc == 0 ? malloc(size + 1) : NULL;
	if (rc == 0 && !text)
		rc = err_set(ENOMEM, "'%s'", path);
	if (rc == 0)
		rc = err_in(file_read(fd, text, size, 0), "'%s'", path);
	close(fd);
	if (rc < 0) {
		free(text);
		return rc;
	}
	text[size] = '\0';
	*ret_text = text;
	*ret_size = size;
	return 0;
}

static int draw(const char *path)
{
	struct timeline t;
	size_t size;
	char *text;
	int rc = read_file(path, &text, &size);

	if (rc < 0)
		return rc;
	rc = err_in(csv_read(text, size, &t), "'%s'", path);
	free(text);
	if (rc == 0) {
		rc = err_in(plot_svg(&t, stdout), "standard output");
		timeline_fini(&t);
	}
	return rc;
}

int plot_main(int argc, char **argv)
{
	struct plot_options o = { 0 };
	int first = options_parse(options, ARRAY_SIZE(options), &o, argc, argv);

	if (first < 0)
		return EXIT_USAGE;
	if (o.help) {
		help();
		return EXIT_GOOD;
	}
	if (first != argc - 1) {
		err_say(EINVAL, "plot: which file? give one that 'run "
				"--record' wrote");
		return EXIT_USAGE;
	}
	return draw(argv[first]) < 0 ? EXIT_ERROR : EXIT_GOOD;
}
