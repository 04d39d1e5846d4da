/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/csv.h"
#include "cmd/report.h"
#include "util/err.h"
#include "util/save.h"
#include "util/util.h"

typedef int write_fn(const struct verdict *, const struct timeline *, FILE *);

static int write_tap(const struct verdict *v, const struct timeline *t,
		     FILE *out)
{
	(void)t;
	return report_tap(v, out);
}

static int write_junit(const struct verdict *v, const struct timeline *t,
		       FILE *out)
{
	(void)t;
	return report_junit(v, out);
}

static int write_record(const struct verdict *v, const struct timeline *t,
			FILE *out)
{
	(void)v;
	csv_write(out, t);
	return 0;
}

static const struct {
	const char *option;
	size_t path; /* in struct outputs */
	write_fn *write;
} files[] = {
	{ "--tap", offsetof(struct outputs, tap), write_tap },
	{ "--junit", offsetof(struct outputs, junit), write_junit },
	{ "--report", offsetof(struct outputs, page), report_page },
	{ "--record", offsetof(struct outputs, record), write_record },
};

/* The path of line @i of the table; NULL: it was not asked for. */
static const char *path_of(const struct outputs *o, size_t i)
{
	return *(const char *const *)((const char *)o + files[i].path);
}

static bool is_stdout(const char *path)
{
	return path &&
	       (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0);
}

static int no_file(const char *path, int err)
{
	return err_hint(err_set(err, "'%s'", path),
			"name a file that can be written");
}

static int try_file(const char *path)
{
	struct stat st;
	int fd;

	if (!path || is_stdout(path))
		return 0;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return no_file(path, EISDIR);
		return access(path, W_OK) < 0 ? no_file(path, errno) : 0;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return no_file(path, errno);
	close(fd);
	unlink(path);
	return 0;
}

/* Two in one file: the second would be all that is left, or a mixture. */
static int same_file(const struct outputs *o, size_t n)
{
	const char *path = path_of(o, n), *other = o->log;
	const char *option = "--log";

	for (size_t i = 0; path && i <= n; i++) {
		if (other && (strcmp(path, other) == 0 ||
			      (is_stdout(path) && is_stdout(other))))
			return err_say(EINVAL,
				       "%s and %s: both to '%s'; name "
				       "two files",
				       option, files[n].option, path);
		other = path_of(o, i);
		option = files[i].option;
	}
	return 0;
}

int outputs_try(const struct outputs *o)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files) && rc == 0; i++) {
		rc = same_file(o, i);
		if (rc == 0)
			rc = err_in(try_file(path_of(o, i)), "%s",
				    files[i].option);
	}
	return rc;
}

static int write_file(const char *path, write_fn *write,
		      const struct verdict *v, const struct timeline *t)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int rc;

	if (!out)
		return err_set(errno, "'%s'", path);
	rc = write(v, t, out);
	if (fclose(out) == EOF && rc == 0)
		rc = err_set(errno, "'%s'", path);
	if (rc == 0)
		rc = is_stdout(path) ? save_all(STDOUT_FILENO, text, size)
				     : save_file(path, 0666, text, size);
	free(text);
	return rc;
}

int outputs_write(const struct outputs *o, const struct verdict *v,
		  const struct timeline *t)
{
	int rc = 0;

	fflush(stdout);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *path = path_of(o, i);

		if (path && write_file(path, files[i].write, v, t) < 0)
			rc = err_in(-EIO, "%s", files[i].option);
	}
	return rc;
}

int outputs_open_log(const struct outputs *o, int *ret_fd)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY;
	int fd = -1;

	if (o->log) {
		fd = is_stdout(o->log) ? dup(STDOUT_FILENO)
				       : open(o->log, flags, 0666);
		if (fd < 0)
			return err_in(no_file(o->log, errno), "--log");
	}
	*ret_fd = fd;
	return 0;
}

FILE *outputs_human(const struct outputs *o)
{
	bool taken = is_stdout(o->log);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		taken |= is_stdout(path_of(o, i));
	return taken ? stderr : stdout;
}
