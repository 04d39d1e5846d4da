/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/symbols.h"

#include <ctype.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/err.h"
#include "util/file.h"
#include "util/util.h"

#define GIVE "give the System.map or vmlinux of the kernel's own build"

enum {
	PART_MAX = 0x4000000, /* read at once; Debian's kernels need a 16th */
	NAME_ROOM = 512,      /* Linux' own limit */
	LINE_MIN = sizeof("0 T x"),
};

/*
 * Data is kept as well, to tell where functions end.  Of several symbols at one
 * place the one that people know it by is of the highest class, then has the
 * fewest '_' in front, then is the first in the alphabet.
 */
enum class { DATA, MARKER, LOCAL, GLOBAL };

struct symbol {
	uint64_t at;
	uint32_t name; /* offset into names */
	enum class class;
};

struct source {
	int fd;
	uint64_t size;
};

/* The bytes of a part of the file, and a NUL behind; the caller frees them. */
static int get(const struct source *f, uint64_t size, uint64_t off, void *ret)
{
	char *buf;
	int rc;

	if (off > f->size || size > f->size - off)
		return err_say(ENOEXEC,
			       "truncated: has %" PRIu64
			       " bytes, and more at %#" PRIx64 "; copy it anew",
			       f->size, off);
	if (size > PART_MAX)
		return err_say(EFBIG, "%" PRIu64 " MiB of symbols; " GIVE,
			       size / MIB);
	buf = malloc(size + 1);
	if (!buf)
		return err_set(ENOMEM, "%" PRIu64 " bytes of symbols", size);
	rc = file_read(f->fd, buf, size, off);
	if (rc < 0) {
		free(buf);
		return rc;
	}
	buf[size] = '\0';
	*(char **)ret = buf;
	return 0;
}

static int make_room(struct symbols *s, size_t nr)
{
	s->list = calloc(nr, sizeof(*s->list));
	return s->list ? 0 : err_set(ENOMEM, "%zu symbols", nr);
}

static bool is_name(const char *name)
{
	size_t len = strnlen(name, NAME_ROOM);

	for (size_t i = 0; i < len; i++)
		if (!isascii(name[i]) || !isgraph(name[i]))
			return false;
	return len > 0 && len < NAME_ROOM;
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* Does the linker script make this name, of where something begins or ends? */
static bool is_marker(const char *name)
{
	return name[0] == '_' &&
	       (ends_in(name, "text") || ends_in(name, "_start") ||
		ends_in(name, "_begin") || ends_in(name, "_end"));
}

/*
 * A local label (".L1") or a mapping symbol ("$x", "$x.1"), which Linux' build
 * may have given a prefix ("__pi_$x").
 */
static bool is_assemblers(const char *name)
{
	return name[0] == '$' || strstr(name, ".L") || ends_in(name, "$x") ||
	       ends_in(name, "$d");
}

/* There is room; @name is an offset, and what is none of ours is left out. */
static void add(struct symbols *s, uint64_t at, size_t name, bool code,
		bool global)
{
	const char *text = s->names + name;
	enum class class = global ? GLOBAL : LOCAL;

	if (!is_name(text) || is_assemblers(text))
		return;
	if (is_marker(text))
		class = MARKER;
	if (!code)
		class = DATA;
	s->list[s->nr++] = (struct symbol){ at, (uint32_t)name, class };
}

/* -- System.map: lines of "ADDRESS TYPE NAME" -- */

/* One line, a string; false: it is none such. */
static bool add_line(struct symbols *s, const char *line)
{
	char *type;
	uint64_t at;

	if (line[0] == ' ') /* undefined, and so without an address */
		return true;
	if (!isxdigit((unsigned char)line[0]))
		return false;
	errno = 0;
	at = strtoull(line, &type, 16);
	if (errno || type[0] != ' ' || !isalpha((unsigned char)type[1]) ||
	    type[2] != ' ' || type[3] == '\0')
		return false;
	if (!strchr("Aa", type[1])) /* an absolute one is no place */
		add(s, at, (size_t)(type + 3 - s->names),
		    strchr("TtWw", type[1]), isupper((unsigned char)type[1]));
	return true;
}

/* In its place Debian ships one line that says where it is. */
static int check_stub(const char *text)
{
	char package[100];

	if (sscanf(text, "%*x B The real System.map is in the %99s", package) <
		    1 ||
	    !is_name(package))
		return 0;
	return err_say(ENOEXEC,
		       "holds no symbols: Debian has them in the "
		       "package %s; give the System.map or vmlinux of it",
		       package);
}

static int read_map(struct symbols *s, const struct source *f)
{
	const char *stop;
	char *line, *end;
	unsigned nr = 0;
	int rc;

	rc = get(f, f->size, 0, &s->names);
	if (rc == 0)
		rc = check_stub(s->names);
	if (rc == 0)
		rc = make_room(s, f->size / LINE_MIN + 1);
	if (rc < 0)
		return rc;
	stop = s->names + f->size;
	for (line = s->names; line < stop; line = end + 1) {
		end = memchr(line, '\n', (size_t)(stop - line));
		if (!end)
			end = s->names + f->size;
		*end = '\0';
		if (add_line(s, line))
			nr++;
		else if (nr == 0)
			return err_say(ENOEXEC, "neither a System.map nor a "
						"vmlinux; " GIVE);
		else
			return err_say(ENOEXEC,
				       "damaged: line %u is no "
				       "symbol; copy it anew",
				       nr + 1);
	}
	return 0;
}

/* -- vmlinux -- */

static int check_header(const Elf64_Ehdr *e)
{
	uint16_t type = le16toh(e->e_type);

	if (e->e_ident[EI_CLASS] != ELFCLASS64 ||
	    e->e_ident[EI_DATA] != ELFDATA2LSB ||
	    le16toh(e->e_machine) != EM_AARCH64 ||
	    (type != ET_EXEC && type != ET_DYN))
		return err_say(ENOEXEC, "an ELF file, but no little-endian "
					"arm64 vmlinux; " GIVE);
	if (le16toh(e->e_shnum) == 0 ||
	    le16toh(e->e_shentsize) != sizeof(Elf64_Shdr))
		return err_say(ENOEXEC, "stripped of its sections; " GIVE);
	return 0;
}

/* The flags of the section that symbol @sym is in; 0: in none. */
static uint64_t flags_of(const Elf64_Shdr *sections, unsigned nr,
			 const Elf64_Sym *sym)
{
	unsigned i = le16toh(sym->st_shndx);

	return i < nr ? le64toh(sections[i].sh_flags) : 0;
}

/* Section @tab of @nr is the symbol table. */
static int read_symtab(struct symbols *s, const struct source *f,
		       const Elf64_Shdr *sections, unsigned nr,
		       const Elf64_Shdr *tab)
{
	const Elf64_Shdr *str = sections + le32toh(tab->sh_link);
	uint64_t names_size,
		nr_syms = le64toh(tab->sh_size) / sizeof(Elf64_Sym);
	Elf64_Sym *syms;
	int rc;

	if (le32toh(tab->sh_link) >= nr)
		return err_say(ENOEXEC, "damaged: its symbols have no names; "
					"copy it anew");
	names_size = le64toh(str->sh_size);
	rc = get(f, names_size, le64toh(str->sh_offset), &s->names);
	if (rc < 0)
		return rc;
	rc = get(f, nr_syms * sizeof(*syms), le64toh(tab->sh_offset), &syms);
	if (rc < 0)
		return rc;
	rc = make_room(s, nr_syms + 1);
	for (uint64_t i = 0; i < nr_syms && rc == 0; i++) {
		const Elf64_Sym *sym = &syms[i];
		unsigned type = ELF64_ST_TYPE(sym->st_info);
		uint64_t flags = flags_of(sections, nr, sym);

		if (le32toh(sym->st_name) < names_size && flags & SHF_ALLOC &&
		    (type == STT_FUNC || type == STT_OBJECT ||
		     type == STT_NOTYPE))
			add(s, le64toh(sym->st_value), le32toh(sym->st_name),
			    flags & SHF_EXECINSTR && type != STT_OBJECT,
			    ELF64_ST_BIND(sym->st_info) != STB_LOCAL);
	}
	free(syms);
	return rc;
}

static int read_elf(struct symbols *s, const struct source *f,
		    const Elf64_Ehdr *e)
{
	unsigned nr = le16toh(e->e_shnum);
	Elf64_Shdr *sections;
	int rc = check_header(e);

	if (rc == 0)
		rc = get(f, nr * sizeof(*sections), le64toh(e->e_shoff),
			 &sections);
	if (rc < 0)
		return rc;
	rc = err_say(ENOEXEC, "stripped of its symbols; " GIVE);
	for (unsigned i = 0; i < nr; i++)
		if (le32toh(sections[i].sh_type) == SHT_SYMTAB) {
			rc = read_symtab(s, f, sections, nr, &sections[i]);
			break;
		}
	free(sections);
	return rc;
}

/* -- both -- */

static size_t underscores(const char *name)
{
	return strspn(name, "_");
}

/* By place; at one place the one to be found is the last. */
static int compare(const void *one, const void *other, void *names)
{
	const struct symbol *a = one, *b = other;
	const char *x = (const char *)names + a->name;
	const char *y = (const char *)names + b->name;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (underscores(x) != underscores(y))
		return underscores(x) > underscores(y) ? -1 : 1;
	return strcmp(y, x);
}

static int read_any(struct symbols *s, const struct source *f)
{
	Elf64_Ehdr head = { 0 };
	size_t i, len = f->size < sizeof(head) ? f->size : sizeof(head);
	int rc = file_read(f->fd, &head, len, 0);

	if (rc < 0)
		return rc;
	rc = memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 ? read_elf(s, f, &head)
							: read_map(s, f);
	if (rc < 0)
		return rc;
	for (i = 0; i < s->nr; i++)
		if (strcmp(s->names + s->list[i].name, "_text") == 0)
			break;
	if (i == s->nr)
		return err_say(ENOEXEC, "has no _text, where an arm64 kernel "
					"begins; " GIVE);
	s->text = s->list[i].at;
	qsort_r(s->list, s->nr, sizeof(*s->list), compare, s->names);
	return 0;
}

int symbols_open(struct symbols *s, const char *path)
{
	struct source f;
	int rc;

	*s = (struct symbols){ 0 };
	rc = f.fd = file_open(path, &f.size);
	if (rc < 0)
		return rc == -ENODATA ? -ENOEXEC : rc;
	rc = read_any(s, &f);
	close(f.fd);
	if (rc < 0)
		symbols_close(s);
	return err_in(rc, "'%s'", path);
}

bool symbols_find(const struct symbols *s, uint64_t offset,
		  const char **ret_name, uint64_t *ret_into)
{
	size_t low = 0, high = s->nr;
	uint64_t at;

	if (__builtin_add_overflow(s->text, offset, &at))
		return false;
	/* All before low are at or below; all from high on are above. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->list[mid].at <= at)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || s->list[low - 1].class == DATA)
		return false;
	*ret_name = s->names + s->list[low - 1].name;
	*ret_into = at - s->list[low - 1].at;
	return true;
}

void symbols_close(struct symbols *s)
{
	free(s->names);
	free(s->list);
	*s = (struct symbols){ 0 };
}
