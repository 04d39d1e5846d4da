/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define PREFIX "pvtime-vmm: "

static enum log_level max_level = LOG_INFO;

void log_set_level(enum log_level level)
{
	max_level = level;
}

bool log_on(enum log_level level)
{
	return level <= max_level;
}

static void line(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const names[] = { "error: ", "warning: ", "info: ",
					     "debug: " };
	char buf[1024];
	size_t len, room = sizeof(buf) - 1; /* for the newline */
	int n;

	if (!log_on(level))
		return;
	len = (size_t)snprintf(buf, room, PREFIX "%s", names[level]);
	n = vsnprintf(buf + len, room - len, fmt, ap);
	if (n > 0)
		len += (size_t)n < room - len ? (size_t)n : room - len - 1;
	buf[len++] = '\n';
	if (write(STDERR_FILENO, buf, len) < 0)
		return; /* nowhere left to complain */
}

#define LOG_FN(fn, level)             \
	void fn(const char *fmt, ...) \
	{                             \
		va_list ap;           \
                                      \
		va_start(ap, fmt);    \
		line(level, fmt, ap); \
		va_end(ap);           \
	}

LOG_FN(log_error, LOG_ERROR)
LOG_FN(log_warn, LOG_WARNING)
LOG_FN(log_info, LOG_INFO)
LOG_FN(log_debug, LOG_DEBUG)
