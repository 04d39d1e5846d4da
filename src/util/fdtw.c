/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/fdtw.h"

#include <errno.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/err.h"

/* Nothing in our trees has longer lists. */
enum { MAX_CELLS = 64 };

static void keep(struct fdtw *w, int rc)
{
	if (w->err == 0 && rc < 0)
		w->err = rc;
}

void fdtw_begin(struct fdtw *w, void *buf, size_t size)
{
	*w = (struct fdtw){ .buf = buf, .size = size };
	/*
	 * libfdt would search all names so far for each property, which costs
	 * more than the rest of a tree; repeated names cost a few bytes.
	 */
	keep(w, fdt_create_with_flags(buf, (int)size,
				      FDT_CREATE_FLAG_NO_NAME_DEDUP));
	keep(w, w->err ? 0 : fdt_finish_reservemap(buf));
	fdtw_node(w, "%s", "");
}

void fdtw_join(struct fdtw *w, void *buf)
{
	*w = (struct fdtw){ .buf = buf, .size = fdt_totalsize(buf) };
}

int fdtw_error(const struct fdtw *w)
{
	if (w->err == -FDT_ERR_NOSPACE)
		return err_say(ENOSPC, "device tree: more than %zu bytes",
			       w->size);
	if (w->err)
		return err_say(EINVAL, "device tree: %s", fdt_strerror(w->err));
	return 0;
}

void fdtw_keep(struct fdtw *w, int rc)
{
	keep(w, rc == -ENOSPC ? -FDT_ERR_NOSPACE
			      : (rc < 0 ? -FDT_ERR_BADSTATE : 0));
}

int fdtw_finish(struct fdtw *w, size_t *ret_size)
{
	int rc;

	fdtw_end(w);
	keep(w, w->err ? 0 : fdt_finish(w->buf));
	rc = fdtw_error(w);
	if (rc < 0)
		return rc;
	*ret_size = fdt_totalsize(w->buf);
	return 0;
}

void fdtw_node(struct fdtw *w, const char *fmt, ...)
{
	char name[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	if (w->err == 0)
		keep(w, fdt_begin_node(w->buf, name));
}

void fdtw_end(struct fdtw *w)
{
	if (w->err == 0)
		keep(w, fdt_end_node(w->buf));
}

void fdtw_bytes(struct fdtw *w, const char *name, const void *p, size_t len)
{
	if (w->err == 0)
		keep(w, fdt_property(w->buf, name, p, (int)len));
}

void fdtw_flag(struct fdtw *w, const char *name)
{
	fdtw_bytes(w, name, NULL, 0);
}

void fdtw_u32(struct fdtw *w, const char *name, uint32_t v)
{
	fdtw_cells(w, name, &v, 1);
}

void fdtw_u64(struct fdtw *w, const char *name, uint64_t v)
{
	fdt64_t be = cpu_to_fdt64(v);

	fdtw_bytes(w, name, &be, sizeof(be));
}

void fdtw_str(struct fdtw *w, const char *name, const char *s)
{
	fdtw_bytes(w, name, s, strlen(s) + 1);
}

void fdtw_cells(struct fdtw *w, const char *name, const uint32_t *v, size_t n)
{
	fdt32_t be[MAX_CELLS];

	if (n > MAX_CELLS) {
		keep(w, -FDT_ERR_BADVALUE);
		return;
	}
	for (size_t i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(v[i]);
	fdtw_bytes(w, name, be, n * sizeof(be[0]));
}

void fdtw_regs(struct fdtw *w, const char *name, const uint64_t *v, size_t n)
{
	fdt64_t be[MAX_CELLS / 2];

	if (2 * n > MAX_CELLS / 2) {
		keep(w, -FDT_ERR_BADVALUE);
		return;
	}
	for (size_t i = 0; i < 2 * n; i++)
		be[i] = cpu_to_fdt64(v[i]);
	fdtw_bytes(w, name, be, 2 * n * sizeof(be[0]));
}

void fdtw_reg(struct fdtw *w, uint64_t base, uint64_t size)
{
	fdtw_regs(w, "reg", (const uint64_t[]){ base, size }, 1);
}
