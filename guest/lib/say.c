/* SPDX-License-Identifier: BSD-2-Clause */
#include "say.h"

#include <stdbool.h>
#include <stdint.h>

#include "uart.h"

static void put_number(uint64_t v, unsigned base)
{
	char digits[20];
	unsigned n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		uart_put(digits[--n]);
}

static void put_integer(char how, bool is_long, va_list *ap)
{
	uint64_t v = is_long ? va_arg(*ap, unsigned long)
			     : va_arg(*ap, unsigned int);

	if (how == 'd') {
		int64_t s = is_long ? (int64_t)v : (int32_t)v;

		if (s < 0) {
			uart_put('-');
			v = -(uint64_t)s;
		}
	}
	put_number(v, how == 'x' ? 16 : 10);
}

void say_args(const char *fmt, va_list args)
{
	va_list ap;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		bool is_long;

		if (*fmt != '%') {
			uart_put(*fmt);
			continue;
		}
		is_long = *++fmt == 'l';
		fmt += is_long;
		if (*fmt == 'c')
			uart_put((char)va_arg(ap, int));
		else if (*fmt == 's')
			for (const char *s = va_arg(ap, const char *); *s; s++)
				uart_put(*s);
		else if (*fmt == '%')
			uart_put('%');
		else
			put_integer(*fmt, is_long, &ap);
	}
	va_end(ap);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_args(fmt, ap);
	va_end(ap);
}
