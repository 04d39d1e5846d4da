/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char text[ERR_TEXT_MAX];

int err_set(int err, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(text))
		snprintf(text + len, sizeof(text) - (size_t)len, ": %s",
			 strerror(err));
	return -err;
}

int err_say(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return -err;
}

int err_in(int rc, const char *fmt, ...)
{
	char inner[ERR_TEXT_MAX];
	va_list ap;
	int len;

	if (rc >= 0)
		return rc;
	err_copy(inner);
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len + 2 < sizeof(text)) {
		char *at = text + len + 2;
		/* What does not fit is cut: the outer words matter more. */
		size_t n = strnlen(inner, sizeof(text) - (size_t)len - 3);

		memcpy(text + len, ": ", 2);
		memcpy(at, inner, n);
		at[n] = '\0';
	}
	return rc;
}

int err_hint(int rc, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	if (rc >= 0 || len + 3 > sizeof(text))
		return rc;
	memcpy(text + len, "; ", 3);
	va_start(ap, fmt);
	vsnprintf(text + len + 2, sizeof(text) - len - 2, fmt, ap);
	va_end(ap);
	return rc;
}

const char *err_text(void)
{
	return text;
}

void err_copy(char buf[static ERR_TEXT_MAX])
{
	memcpy(buf, text, sizeof(text));
}

void err_adopt(const char *words)
{
	snprintf(text, sizeof(text), "%s", words);
}
