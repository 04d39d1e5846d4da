/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <elf.h>
#include <errno.h>
#include <unistd.h>

#include "boot/symbols.h"
#include "util/err.h"
#include "util/util.h"

#define TEXT UINT64_C(0xffff800080000000)

static struct left before;
static struct symbols s;
static char path[32];
static int fd;

static int set_up(void **state)
{
	(void)state;
	before = left_now();
	fd = -1;
	return 0;
}

static int tear_down(void **state)
{
	const char *name;
	uint64_t into;

	(void)state;
	symbols_close(&s);
	symbols_close(&s);
	assert_false(symbols_find(&s, 0, &name, &into));
	if (fd >= 0)
		close(fd);
	assert_nothing_left(before);
	return 0;
}

static int open_bytes(const void *data, size_t size)
{
	if (fd >= 0)
		close(fd);
	fd = scratch_file(data, size, path);
	return symbols_open(&s, path);
}

static int open_text(const char *text)
{
	return open_bytes(text, strlen(text));
}

/* It is refused with the words that follow the path. */
#define assert_refused(rc, want, words) \
	check_refused(rc, want, words, __FILE__, __LINE__)
static void check_refused(int rc, int want, const char *words, const char *file,
			  int line)
{
	char all[300];

	snprintf(all, sizeof(all), "'%s': %s", path, words);
	if (rc != want || strcmp(err_text(), all) != 0) {
		print_error("%d, \"%s\"\n", rc, err_text());
		_fail(file, line);
	}
	if (s.names || s.list || s.nr)
		_fail(file, line);
}

#define GIVE "; give the System.map or vmlinux of the kernel's own build"

#define assert_at(offset, name, into) \
	check_at(offset, name, into, __FILE__, __LINE__)
static void check_at(uint64_t offset, const char *name, uint64_t into,
		     const char *file, int line)
{
	const char *got = "nothing";
	uint64_t got_into = 0;

	if (symbols_find(&s, offset, &got, &got_into) == (name != NULL) &&
	    (!name || (strcmp(got, name) == 0 && got_into == into)))
		return;
	print_error("%#llx: %s+%#llx\n", (unsigned long long)offset, got,
		    (unsigned long long)got_into);
	_fail(file, line);
}

#define assert_nothing_at(offset) assert_at(offset, NULL, 0)

/* As a kernel's build sorts it, shortened. */
static const char map[] = "0000000000000200 A PECOFF_FILE_ALIGNMENT\n"
			  "ffff800080000000 t __efistub__text\n"
			  "ffff800080000000 T _text\n"
			  "ffff800080010000 T __irqentry_text_start\n"
			  "ffff800080010000 T _stext\n"
			  "ffff800080010000 t gic_handle_irq\n"
			  "ffff8000800101d0 T __do_softirq\n"
			  "ffff8000800101d0 T __softirqentry_text_start\n"
			  "ffff800080010300 T __memcpy\n"
			  "ffff800080010300 T __pi_memcpy\n"
			  "ffff800080010300 W memcpy\n"
			  "ffff800080010400 t local_alias\n"
			  "ffff800080010400 T seen_by_all\n"
			  "ffff800080010500 t put_u64\n"
			  "ffff800080010500 t put_ulong\n"
			  "ffff800080010510 t __pi_$x\n"
			  "ffff800080010520 t $x.12\n"
			  "ffff800080010530 t .L12\n"
			  "ffff800080010540 t __kvm_nvhe_.L14472\002B1\n"
			  "ffff800080010550 A absolute\n"
			  "ffff800080020000 D _etext\n"
			  "ffff800080030000 r rodata\n"
			  "ffff800080040000 T _sinittext\n"
			  "ffff800080040000 t start_kernel\n"
			  "ffff800080050000 B _end\n";

static void assert_all_of_the_map(void)
{
	assert_at(0, "_text", 0);
	assert_at(0xffff, "_text", 0xffff);
	assert_at(0x10000, "gic_handle_irq", 0);
	assert_at(0x101cf, "gic_handle_irq", 0x1cf);
	assert_at(0x101d0, "__do_softirq", 0);
	assert_at(0x10304, "memcpy", 4);
	assert_at(0x10400, "seen_by_all", 0);
	assert_at(0x10500, "put_u64", 0);
	assert_at(0x1ffff, "put_u64", 0xfaff);
	assert_nothing_at(0x20000);
	assert_nothing_at(0x30010);
	assert_nothing_at(0x3ffff);
	assert_at(0x40004, "start_kernel", 4);
	assert_nothing_at(0x50000);
	assert_nothing_at(UINT64_C(0x100000000));
	assert_nothing_at(UINT64_MAX - TEXT);
	assert_nothing_at(UINT64_MAX - TEXT + 1);
	assert_nothing_at(UINT64_MAX);
}

static void map_tells_the_function_nearest_below(void **state)
{
	(void)state;
	assert_int_equal(open_text(map), 0);
	assert_all_of_the_map();
}

static void order_of_lines_does_not_matter(void **state)
{
	const char *from = map + sizeof(map) - 1, *line;
	char turned[sizeof(map)] = "";

	(void)state;
	while (from > map) {
		for (line = from - 1; line > map && line[-1] != '\n';)
			line--;
		strncat(turned, line, (size_t)(from - line));
		from = line;
	}
	assert_int_equal(open_text(turned), 0);
	assert_all_of_the_map();
}

static void other_lines_that_nm_prints_do_no_harm(void **state)
{
	(void)state;
	assert_int_equal(open_text("                 U undefined\n"
				   "                 w perhaps\n"
				   "10000 T _text\n"
				   "10010 T last_without_newline"),
			 0);
	assert_at(0x11, "last_without_newline", 1);
}

static void names_that_cannot_be_shown_are_no_names(void **state)
{
	char text[2000] = "0 T _text\n10 T one\n20 T ";

	(void)state;
	memset(text + strlen(text), 'n', 512);
	strcat(text, "\n30 T \033[2J\n40 T two words\n50 T "
		     "\xc3\xa4\n60 T ");
	memset(text + strlen(text), 'm', 511);
	assert_int_equal(open_text(text), 0);
	assert_at(0x10, "one", 0);
	assert_at(0x5f, "one", 0x4f);
	assert_at(0x6f, strrchr(text, ' ') + 1, 0xf);
}

static void debians_placeholder_has_its_remedy(void **state)
{
	(void)state;
	assert_refused(open_text("ffffffffffffffff B The real System.map is "
				 "in the linux-image-6.12.1-arm64-dbg "
				 "package\n"),
		       -ENOEXEC,
		       "holds no symbols: Debian has them in the package "
		       "linux-image-6.12.1-arm64-dbg; give the System.map or "
		       "vmlinux of it");
	/* no name, so none to be shown; but an honest line */
	assert_refused(open_text("ffffffffffffffff B The real System.map is "
				 "in the \033[2J"),
		       -ENOEXEC,
		       "has no _text, where an arm64 kernel begins" GIVE);
}

static void what_is_no_map_is_told(void **state)
{
	static const char *const bad[] = {
		"\n",
		"CONFIG_ARM64=y\n",
		"T _text\n",
		"0\n",
		"0 T\n",
		"0 T \n",
		"0  T _text\n",
		"0 1 _text\n",
		"0T _text\n",
		"-1 T _text\n",
		"10000000000000000 T _text\n",
		"MZ\0\0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(open_text(bad[i]), -ENOEXEC,
			       "neither a System.map nor a vmlinux" GIVE);
	assert_refused(open_text("0 T _text\n 1 T a\nffff\n2 T b\n"), -ENOEXEC,
		       "damaged: line 3 is no symbol; copy it anew");
	assert_refused(open_text("0 T _stext\n1 T _etext\n"), -ENOEXEC,
		       "has no _text, where an arm64 kernel begins" GIVE);
	assert_refused(open_text(""), -ENOEXEC,
		       "the file is empty; copy it anew");
	assert_int_equal(symbols_open(&s, "/nowhere/System.map"), -ENOENT);
	assert_words("'/nowhere/System.map': No such file or directory; is "
		     "the path right?");
}

static void a_map_larger_than_any_is_not_read(void **state)
{
	(void)state;
	fd = scratch_file("", 0, path);
	assert_int_equal(ftruncate(fd, 0x4000001), 0);
	assert_refused(symbols_open(&s, path), -EFBIG,
		       "64 MiB of symbols" GIVE);
}

/* -- vmlinux -- */

enum { CODE = 1, DATA, NOTES, SYMTAB, STRTAB, NR_SECTIONS };

static struct {
	Elf64_Ehdr head;
	Elf64_Shdr sections[NR_SECTIONS];
	Elf64_Sym syms[40];
	char names[1000];
} elf;

/* Another symbol; returns it. */
static Elf64_Sym *sym(uint64_t offset, unsigned type, unsigned bind,
		      unsigned section, const char *name)
{
	Elf64_Shdr *tab = &elf.sections[SYMTAB], *str = &elf.sections[STRTAB];
	Elf64_Sym *new = &elf.syms[tab->sh_size / sizeof(*new)];

	*new = (Elf64_Sym){
		.st_name = (Elf64_Word)str->sh_size,
		.st_info = (unsigned char)ELF64_ST_INFO(bind, type),
		.st_shndx = (Elf64_Section)section,
		.st_value = TEXT + offset,
	};
	tab->sh_size += sizeof(*new);
	strcpy(elf.names + str->sh_size, name);
	str->sh_size += strlen(name) + 1;
	return new;
}

static void make_elf(void)
{
	memset(&elf, 0, sizeof(elf));
	elf.head = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_DYN,
		.e_machine = EM_AARCH64,
		.e_shoff = offsetof(__typeof__(elf), sections),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = NR_SECTIONS,
	};
	elf.sections[CODE].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	elf.sections[DATA].sh_flags = SHF_ALLOC | SHF_WRITE;
	elf.sections[SYMTAB] = (Elf64_Shdr){
		.sh_type = SHT_SYMTAB,
		.sh_link = STRTAB,
		.sh_offset = offsetof(__typeof__(elf), syms),
		.sh_entsize = sizeof(Elf64_Sym),
	};
	elf.sections[STRTAB] = (Elf64_Shdr){
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(__typeof__(elf), names),
	};
	sym(0, 0, 0, SHN_UNDEF, "");
	sym(0, STT_NOTYPE, STB_GLOBAL, CODE, "_text");
}

/* The symbols of which nm would print the map. */
static void put_the_map_in(void)
{
	sym(0, STT_FILE, STB_LOCAL, SHN_ABS, "head.S");
	sym(0x10000, STT_SECTION, STB_LOCAL, CODE, "");
	sym(0x10000, STT_NOTYPE, STB_LOCAL, CODE, "$x");
	sym(0x10000, STT_FUNC, STB_LOCAL, CODE, "gic_handle_irq");
	sym(0x10010, STT_NOTYPE, STB_LOCAL, CODE, "$d.1");
	sym(0x10020, STT_NOTYPE, STB_LOCAL, CODE, ".Lloop");
	sym(0x10030, STT_NOTYPE, STB_LOCAL, SHN_ABS, "absolute");
	sym(0x10040, STT_NOTYPE, STB_GLOBAL, SHN_UNDEF, "undefined");
	sym(0x10050, STT_FUNC, STB_GLOBAL, NOTES, "not_in_memory");
	sym(0x10060, STT_TLS, STB_GLOBAL, CODE, "of_a_thread");
	sym(0x10070, STT_FUNC, STB_GLOBAL, 0x1234, "nowhere");
	sym(0x10000, STT_NOTYPE, STB_GLOBAL, CODE, "__irqentry_text_start");
	sym(0x10000, STT_NOTYPE, STB_GLOBAL, CODE, "_stext");
	sym(0x101d0, STT_NOTYPE, STB_GLOBAL, CODE, "__softirqentry_text_start");
	sym(0x101d0, STT_FUNC, STB_GLOBAL, CODE, "__do_softirq");
	sym(0x10300, STT_FUNC, STB_WEAK, CODE, "memcpy");
	sym(0x10300, STT_FUNC, STB_GLOBAL, CODE, "__memcpy");
	sym(0x10400, STT_FUNC, STB_GLOBAL, CODE, "seen_by_all");
	sym(0x10400, STT_FUNC, STB_LOCAL, CODE, "local_alias");
	sym(0x10500, STT_FUNC, STB_LOCAL, CODE, "put_ulong");
	sym(0x10500, STT_FUNC, STB_LOCAL, CODE, "put_u64");
	sym(0x20000, STT_NOTYPE, STB_GLOBAL, DATA, "_etext");
	sym(0x30000, STT_OBJECT, STB_LOCAL, DATA, "rodata");
	sym(0x40000, STT_NOTYPE, STB_LOCAL, CODE, "start_kernel");
	sym(0x50000, STT_NOTYPE, STB_GLOBAL, DATA, "_end");
}

static int open_elf(void)
{
	return open_bytes(&elf, sizeof(elf));
}

static void vmlinux_tells_the_same_as_its_map(void **state)
{
	(void)state;
	make_elf();
	put_the_map_in();
	assert_int_equal(open_elf(), 0);
	assert_all_of_the_map();
	symbols_close(&s);
	elf.head.e_type = ET_EXEC;
	assert_int_equal(open_elf(), 0);
	assert_at(0x40004, "start_kernel", 4);
}

static void data_among_code_is_data(void **state)
{
	(void)state;
	make_elf();
	sym(0x100, STT_OBJECT, STB_GLOBAL, CODE, "table");
	assert_int_equal(open_elf(), 0);
	assert_at(0xff, "_text", 0xff);
	assert_nothing_at(0x100);
}

static void other_elf_files_are_told(void **state)
{
	static const struct {
		size_t at;
		uint8_t v;
		const char *words;
	} bad[] = {
		{ EI_CLASS, ELFCLASS32, NULL },
		{ EI_DATA, ELFDATA2MSB, NULL },
		{ offsetof(Elf64_Ehdr, e_machine), EM_X86_64, NULL },
		{ offsetof(Elf64_Ehdr, e_type), ET_REL, NULL },
		{ offsetof(Elf64_Ehdr, e_shnum), 0,
		  "stripped of its sections" },
		{ offsetof(Elf64_Ehdr, e_shentsize), 63,
		  "stripped of its sections" },
		{ offsetof(__typeof__(elf), sections[SYMTAB].sh_type),
		  SHT_DYNSYM, "stripped of its symbols" },
		{ offsetof(__typeof__(elf), sections[SYMTAB].sh_size),
		  sizeof(Elf64_Sym),
		  "has no _text, where an arm64 kernel begins" },
	};
	char words[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		make_elf();
		((uint8_t *)&elf)[bad[i].at] = bad[i].v;
		snprintf(words, sizeof(words), "%s" GIVE,
			 bad[i].words ? bad[i].words
				      : "an ELF file, but no little-endian "
					"arm64 vmlinux");
		assert_refused(open_elf(), -ENOEXEC, words);
	}
}

static void damage_is_told_wherever_it_is(void **state)
{
	static uint64_t *const fields[] = {
		&elf.head.e_shoff,
		&elf.sections[SYMTAB].sh_offset,
		&elf.sections[SYMTAB].sh_size,
		&elf.sections[STRTAB].sh_offset,
		&elf.sections[STRTAB].sh_size,
	};
	static const uint64_t bad[] = { sizeof(elf) + 1, UINT64_MAX,
					UINT64_MAX - 100 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (size_t j = 0; j < ARRAY_SIZE(bad); j++) {
			make_elf();
			*fields[i] = bad[j];
			assert_int_equal(open_elf(), -ENOEXEC);
			assert_has_words("truncated: has ");
		}
	make_elf();
	elf.sections[SYMTAB].sh_link = NR_SECTIONS;
	assert_refused(open_elf(), -ENOEXEC,
		       "damaged: its symbols have no names; copy it anew");
	make_elf();
	sym(0x100, STT_FUNC, STB_GLOBAL, CODE, "name")->st_name = 0xffffff;
	sym(0x200, STT_FUNC, STB_GLOBAL, CODE, "endless");
	elf.sections[STRTAB].sh_size -= 4;
	assert_int_equal(open_elf(), 0);
	assert_at(0x100, "_text", 0x100);
	assert_at(0x200, "endl", 0);
}

static void a_vmlinux_cut_anywhere_is_refused(void **state)
{
	const size_t end = offsetof(__typeof__(elf), names) + 20;

	(void)state;
	make_elf();
	elf.sections[STRTAB].sh_size = 20;
	for (size_t size = 4; size < end; size++)
		assert_int_equal(open_bytes(&elf, size), -ENOEXEC);
	assert_int_equal(open_bytes(&elf, end), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(map_tells_the_function_nearest_below),
		T(order_of_lines_does_not_matter),
		T(other_lines_that_nm_prints_do_no_harm),
		T(names_that_cannot_be_shown_are_no_names),
		T(debians_placeholder_has_its_remedy),
		T(what_is_no_map_is_told),
		T(a_map_larger_than_any_is_not_read),
		T(vmlinux_tells_the_same_as_its_map),
		T(data_among_code_is_data),
		T(other_elf_files_are_told),
		T(damage_is_told_wherever_it_is),
		T(a_vmlinux_cut_anywhere_is_refused),
	};

	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
