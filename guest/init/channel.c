/* SPDX-License-Identifier: BSD-2-Clause */
#include "channel.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/utsname.h>

#include "console.h"
#include "lines.h"
#include "sys.h"
#include "text.h"

/* Linux's numbers for PL011s: Documentation/admin-guide/devices.txt. */
enum { AMBA_MAJOR = 204, AMBA_MINOR = 64 + 1 };

enum { PROTOCOL = 1 };

static int channel;
static char line[REQUEST_CHARS + 1];
static size_t line_size; /* more than REQUEST_CHARS: to be thrown away */

/* Bytes as they are, and none of what came before we did. */
static int make_raw(int fd)
{
	static const struct termios raw = {
		.c_iflag = IGNBRK | IGNPAR,
		.c_cflag = B115200 | CS8 | CREAD | CLOCAL,
		.c_cc[VMIN] = 1,
	};

	return (int)sys(__NR_ioctl, fd, TCSETSF, &raw);
}

/* A command that leads a session and opens the line would else take it as its
 * terminal, and when it ends the kernel would hang up. */
static int make_ours(int fd)
{
	sys(__NR_setsid);
	return (int)sys(__NR_ioctl, fd, TIOCSCTTY, 0);
}

int channel_open(void)
{
	int rc;

	/* Until it is set up it might wait for a carrier. */
	channel = device_open(AMBA_MAJOR, AMBA_MINOR,
			      O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (channel < 0)
		return channel;
	rc = make_raw(channel);
	if (rc == 0)
		rc = make_ours(channel);
	if (rc == 0)
		rc = (int)sys(__NR_fcntl, channel, F_SETFL, O_RDWR);
	return rc < 0 ? rc : channel;
}

int channel_read(void (*request)(char *line))
{
	char data[512];
	long n = sys_read(channel, data, sizeof(data));

	if (n <= 0)
		return n == 0 ? -EIO : (int)n;
	for (long i = 0; i < n; i++) {
		if (data[i] != '\n') {
			if (line_size < REQUEST_CHARS)
				line[line_size] = data[i];
			if (line_size <= REQUEST_CHARS)
				line_size++;
			continue;
		}
		if (line_size <= REQUEST_CHARS) {
			line[line_size] = 0;
			request(line);
		}
		line_size = 0;
	}
	return 0;
}

/*
 * A whole line with one call, so that nothing comes between; what others had
 * begun there ends before it.
 */
static void say(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text[i] = text_printable(text[i]);
	text[size++] = '\n';
	sys_write(channel, "\n", 1);
	while (size > 0) {
		long n = sys_write(channel, text, size);

		if (n <= 0)
			return; /* the next read tells that it is dead */
		text += n;
		size -= (size_t)n;
	}
}

static void say_args(uint64_t nr, const char *kind, const char *fmt,
		     va_list args)
{
	char text[32 + LINE_CHARS + 1]; /* the newline comes where NUL was */
	size_t n = text_put(text, 32, "%lu %s", nr, kind);

	text[n++] = ' ';
	n += text_put_args(text + n, LINE_CHARS + 1, fmt, args);
	say(text, n);
}

void channel_hello(void)
{
	struct new_utsname name;
	char text[128];

	if (sys(__NR_uname, &name) < 0)
		name.release[0] = 0;
	say(text, text_put(text, sizeof(text) - 1, "hello %d %s", PROTOCOL,
			   name.release));
}

void channel_drain(void)
{
	terminal_drain(channel);
}

void channel_leave(void)
{
	channel_drain();
	sys(__NR_ioctl, channel, TIOCNOTTY);
}

void answer(uint64_t nr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_args(nr, "+", fmt, ap);
	va_end(ap);
}

void answer_ok(uint64_t nr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_args(nr, "ok", fmt, ap);
	va_end(ap);
}

void answer_done(uint64_t nr)
{
	char text[32];

	say(text, text_put(text, sizeof(text) - 1, "%lu ok", nr));
}

void answer_bad(uint64_t nr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_args(nr, "bad", fmt, ap);
	va_end(ap);
}

void answer_error(uint64_t nr, const char *what, long errno_or_less)
{
	char buf[ERROR_CHARS];

	answer_bad(nr, "%s: %s", what, text_error(buf, (int)-errno_or_less));
}
