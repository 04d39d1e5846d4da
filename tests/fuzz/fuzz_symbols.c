/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_symbols.c - symbol files that somebody made up.
 *
 * The first byte says whether the others are the file, or what is behind the
 * right beginning of a System.map or of a vmlinux.  Whatever the file, it is
 * refused in words and nothing is held, or what it says of a place can be
 * printed and agrees with what it says of the place where that begins.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot/symbols.h"
#include "fuzz.h"
#include "util/err.h"

enum { AS_IT_IS, MAP, VMLINUX, NR_KINDS };

enum { CODE = 1, SYMTAB, STRTAB, NR_SECTIONS };

/* The beginning of a vmlinux; names and symbols follow as there is input. */
static const struct begin {
	Elf64_Ehdr head;
	Elf64_Shdr sections[NR_SECTIONS];
	char names[8];
	Elf64_Sym text;
} begin = {
	.head = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_DYN,
		.e_machine = EM_AARCH64,
		.e_shoff = offsetof(struct begin, sections),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = NR_SECTIONS,
	},
	.sections = {
		[CODE] = { .sh_flags = SHF_ALLOC | SHF_EXECINSTR },
		[SYMTAB] = { .sh_type = SHT_SYMTAB,
			     .sh_link = STRTAB,
			     .sh_offset = offsetof(struct begin, text) },
		[STRTAB] = { .sh_offset = offsetof(struct begin, names) },
	},
	.names = "_text",
	.text = { .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE),
		  .st_shndx = CODE },
};

static int make_file(unsigned kind, const uint8_t *data, size_t size)
{
	static const char text[] = "ffff800080000000 T _text\n";
	struct begin b = begin;
	const void *first = kind == MAP ? (const void *)text : &b;
	size_t first_size = kind == MAP ? strlen(text) : sizeof(b);
	int fd = memfd_create("symbols", MFD_CLOEXEC);

	MUST(fd >= 0);
	b.sections[SYMTAB].sh_size = sizeof(b.text) + size;
	b.sections[STRTAB].sh_size =
		sizeof(b) - offsetof(struct begin, names) + size;
	if (kind != AS_IT_IS)
		MUST(write(fd, first, first_size) == (ssize_t)first_size);
	MUST(write(fd, data, size) == (ssize_t)size);
	return fd;
}

static void look(const struct symbols *s, uint64_t offset)
{
	const char *name = NULL, *again = NULL;
	uint64_t into = 1, into_again = 1;

	if (!symbols_find(s, offset, &name, &into)) {
		MUST(!name && into == 1);
		return;
	}
	MUST(name[0] && strlen(name) < 512);
	for (const char *c = name; *c; c++)
		MUST(isascii(*c) && isgraph(*c));
	MUST(into <= offset);
	MUST(symbols_find(s, offset - into, &again, &into_again));
	MUST(again == name && into_again == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symbols s;
	char path[32];
	uint64_t at;
	int fd, rc;

	if (size == 0)
		return 0;
	fd = make_file(data[0] % NR_KINDS, data + 1, size - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err_say(1, "%s", "");
	rc = symbols_open(&s, path);
	if (rc < 0) {
		MUST(rc == -ENOEXEC || rc == -EFBIG);
		MUST(strncmp(err_text(), "'/proc/self/fd/", 15) == 0);
		MUST(!s.names && !s.list);
	} else {
		look(&s, 0);
		look(&s, UINT64_MAX);
		for (size_t i = 0; i + sizeof(at) <= size; i += sizeof(at)) {
			memcpy(&at, data + i, sizeof(at));
			look(&s, at);
			look(&s, at % 0x1000);
			look(&s, at - s.text);
		}
	}
	symbols_close(&s);
	close(fd);
	return 0;
}
