/* SPDX-License-Identifier: BSD-2-Clause */
#include "lines.h"

#include "sys.h"

/* Have something in data: 1, or 0 at the file's end. */
static int more(struct lines *lines)
{
	long n;

	if (lines->at < lines->end)
		return 1;
	n = sys_read(lines->fd, lines->data, sizeof(lines->data));
	if (n <= 0)
		return (int)n;
	lines->at = 0;
	lines->end = (size_t)n;
	lines->total += (size_t)n;
	return lines->total > FILE_BYTES ? -EFBIG : 1;
}

int lines_open(struct lines *lines, const char *path)
{
	int rc;

	lines->at = lines->end = lines->total = 0;
	/* Who asks for a pipe or a terminal shall not make us wait for it. */
	lines->fd =
		sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (lines->fd < 0)
		return lines->fd;
	rc = more(lines);
	if (rc < 0)
		lines_close(lines);
	return rc < 0 ? rc : 0;
}

int lines_next(struct lines *lines, char line[LINE_CHARS + 1])
{
	size_t size = 0;
	int rc = more(lines);

	if (rc <= 0)
		return rc;
	do {
		char c = lines->data[lines->at++];

		if (c == '\n')
			break;
		/* A NUL would hide the rest of its line. */
		if (size < LINE_CHARS)
			line[size++] = c ? c : '?';
	} while ((rc = more(lines)) > 0);
	line[size] = 0;
	return rc < 0 ? rc : 1;
}

void lines_close(struct lines *lines)
{
	sys_close(lines->fd);
}
