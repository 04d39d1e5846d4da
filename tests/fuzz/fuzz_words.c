/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_words.c - a client of the control socket that says anything, in pieces.
 *
 * The first byte is how long the pieces are; the rest is what the client says.
 * The machine is real, but for KVM.  Each answer is one line of JSON, and what
 * is refused has changed nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl/server.h"
#include "ctl/words.h"
#include "fake_kvm.h"
#include "fuzz.h"
#include "util/json.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/parts.h"
#include "vm/vm.h"

enum { CPUS = 3 };

static struct vm *vm;

/* The file of a kernel that is all header (Linux booting.rst, section 4). */
static const char *kernel(void)
{
	static const uint64_t header[8] = { [2] = 4096, [7] = 0x644d5241 };
	static char path[32];
	int fd;

	if (path[0])
		return path;
	fd = memfd_create("kernel", MFD_CLOEXEC);
	MUST(write(fd, header, sizeof(header)) == sizeof(header));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

struct state { /* compared whole */
	uint64_t paused, end, pc, permille[CPUS];
};

static struct state look(void)
{
	struct state s = { .paused = vm_is_paused(vm),
			   .end = vm->end,
			   .pc = fake_kvm.cpus[0].pc };

	for (unsigned i = 0; i < CPUS; i++)
		s.permille[i] = vm_hold_permille(vm, i);
	return s;
}

static void check(const char *line, size_t size, const struct state *before)
{
	struct state after = look();
	struct json j;

	MUST(size > 1 && strlen(line) == size);
	MUST(strchr(line, '\n') == line + size - 1);
	MUST(strncmp(line, "{\"version\":1,", 13) == 0);
	json_begin(&j, line);
	json_skip(&j);
	MUST(json_end(&j));
	if (strncmp(line + 13, "\"error\":", 8) == 0)
		MUST(memcmp(before, &after, sizeof(after)) == 0);
	for (unsigned i = 0; i < CPUS; i++)
		MUST(after.permille[i] <= VM_HOLD_MAX);
	fake_kvm.cpus[0].pc = 0; /* until a reset */
}

/* Answer what is pending.  False: it is hung up on. */
static bool answer(struct words *w, const struct ctl_setup *setup)
{
	while (words_pending(w)) {
		struct state before = look();
		size_t size, len = w->len;
		char *line = NULL;
		FILE *out = open_memstream(&line, &size);
		bool goes_on = words_answer(w, vm, setup, out);

		MUST(fclose(out) == 0);
		check(line, size, &before);
		free(line);
		MUST(w->len < len);
		if (!goes_on)
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vm_config config = { .kernel = kernel(),
					  .nr_cpus = CPUS,
					  .ram_size = 64 * MIB,
					  .pvtime = "auto" };
	const struct ctl_setup setup = { .name = "fuzz" };
	size_t piece, n;
	struct words w = { .len = 0 };

	if (size == 0)
		return 0;
	log_set_level(LOG_ERROR);
	fake_kvm_reset();
	MUST(vm_new(&config, &vm) == 0);
	piece = data[0] ? data[0] : 4096;
	for (data++, size--; size > 0; data += n, size -= n) {
		n = sizeof(w.text) - w.len;
		n = n < piece ? n : piece;
		n = n < size ? n : size;
		MUST(n > 0);
		memcpy(w.text + w.len, data, n);
		w.len += n;
		if (!answer(&w, &setup))
			break;
	}
	w.over = true;
	answer(&w, &setup);
	MUST(w.len == 0 || size > 0);
	vm_free(vm);
	return 0;
}
