/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/report.h"
#include "util/err.h"
#include "util/save.h"

static int try_file(const char *path, const char *option)
{
	int fd;

	if (!path || strcmp(path, "-") == 0 || access(path, F_OK) == 0)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_hint(
			err_in(err_set(errno, "'%s'", path), "%s", option),
			"name a file that can be written");
	close(fd);
	unlink(path);
	return 0;
}

int outputs_try(const struct outputs *o)
{
	int rc = try_file(o->tap, "--tap");

	if (rc == 0)
		rc = try_file(o->junit, "--junit");
	if (rc == 0)
		rc = try_file(o->page, "--report");
	return rc;
}

typedef int report_fn(const struct verdict *, FILE *);

static int write_report(const char *path, const char *option,
			const struct verdict *v, const struct timeline *t,
			report_fn *fn)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;
	int rc;

	if (!path)
		return 0;
	out = open_memstream(&text, &size);
	if (!out)
		return err_set(errno, "%s", option);
	rc = fn ? fn(v, out) : report_page(v, t, out);
	if (fclose(out) == EOF && rc == 0)
		rc = err_set(errno, "write");
	if (rc == 0)
		rc = strcmp(path, "-") == 0
			     ? save_all(STDOUT_FILENO, text, size)
			     : save_file(path, text, size);
	free(text);
	return err_in(rc, "%s", option);
}

int outputs_write(const struct outputs *o, const struct verdict *v,
		  const struct timeline *t)
{
	int tap, junit, page;

	fflush(stdout);
	tap = write_report(o->tap, "--tap", v, t, report_tap);
	junit = write_report(o->junit, "--junit", v, t, report_junit);
	page = write_report(o->page, "--report", v, t, NULL);
	return tap < 0 ? tap : junit < 0 ? junit : page;
}

int outputs_open_log(const struct outputs *o, int *ret_fd)
{
	if (!o->log) {
		*ret_fd = -1;
		return 0;
	}
	*ret_fd =
		open(o->log,
		     O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (*ret_fd < 0)
		return err_hint(err_in(err_set(errno, "'%s'", o->log), "--log"),
				"name a file that can be written");
	return 0;
}

FILE *outputs_human(const struct outputs *o)
{
	bool taken = (o->tap && strcmp(o->tap, "-") == 0) ||
		     (o->log && strcmp(o->log, "/dev/stdout") == 0);

	return taken ? stderr : stdout;
}
