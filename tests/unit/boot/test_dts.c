/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dts.c - the device trees of reference command lines, compared whole.
 *
 * Each dts/NAME.dts begins with a comment that is the command line; the rest
 * is the tree it must give on a host that has everything, with the seeds zero.
 * Both sides go through the same dtc, so that only what they say counts.
 *
 * With UPDATE_DTS in the environment the files are written instead: what is
 * then to be seen in the version control's diff is to be judged.
 */
#include "check.h"

#include <dirent.h>
#include <libfdt.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include "cmd/machine.h"
#include "fake_kvm.h"
#include "util/err.h"
#include "util/log.h"
#include "vm/vm.h"

enum { INITRD = 3000000, TREE_MAX = 0x80000 };

static char top[PATH_MAX], dir[] = "/tmp/test_dts.XXXXXX";
static const char *const files[] = { "Image",	 "initrd",   "disk",
				     "ours.dtb", "ours.dts", "warnings",
				     "want.dtb", "want.dts", "want.err" };

static void write_file(const char *path, const void *buf, size_t size)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(buf, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
	static uint8_t kernel[4096];
	static const uint8_t initrd[INITRD];

	(void)state;
	log_set_level(LOG_ERROR);
	if (!getcwd(top, sizeof(top)) || !mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	make_image(kernel, 0x100000);
	write_file("Image", kernel, sizeof(kernel));
	write_file("initrd", initrd, sizeof(initrd));
	write_file("disk", initrd, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	return chdir(top) | rmdir(dir);
}

static bool shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static bool shell(const char *fmt, ...)
{
	char line[2 * PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fflush(stdout);
	rc = system(line);
	return WIFEXITED(rc) && WEXITSTATUS(rc) == 0;
}

/* They are different each time, which is what they are for. */
static void take_seed(void *fdt, const char *name, int size)
{
	static const uint8_t zero[64];
	int len, node = fdt_path_offset(fdt, "/chosen");
	const void *seed = fdt_getprop(fdt, node, name, &len);

	assert_non_null(seed);
	assert_int_equal(len, size);
	assert_memory_not_equal(seed, zero, (size_t)size);
	assert_int_equal(fdt_setprop_inplace(fdt, node, name, zero, size), 0);
}

/* Write the tree that @line, a command line, gives to ours.dtb. */
static void build(const char *line)
{
	static uint8_t fdt[TREE_MAX];
	const void *tree;
	struct machine m;
	struct vm *vm;
	wordexp_t words;
	size_t size;

	assert_int_equal(wordexp(line, &words, WRDE_NOCMD | WRDE_UNDEF), 0);
	assert_true(words.we_wordc >= 2);
	assert_string_equal(words.we_wordv[1], "run");
	fake_kvm_reset();
	machine_init(&m);
	if (machine_parse(&m, NULL, 0, (int)words.we_wordc - 1,
			  words.we_wordv + 1) < 0 ||
	    vm_new(&m.config, &vm) < 0) {
		print_error("%s: %s\n", line, err_text());
		fail();
	}
	tree = vm_fdt(vm, &size);
	assert_true(size <= sizeof(fdt));
	memcpy(fdt, tree, size);
	assert_int_equal(fdt_check_full(fdt, size), 0);
	take_seed(fdt, "kaslr-seed", 8);
	take_seed(fdt, "rng-seed", 32);
	write_file("ours.dtb", fdt, size);
	vm_free(vm);
	wordfree(&words);
}

/* The command line in the comment on the first line of @path. */
static void read_line(const char *path, char line[static 1024])
{
	FILE *f = fopen(path, "r");
	char *end;

	assert_non_null(f);
	assert_non_null(fgets(line, 1024, f));
	fclose(f);
	assert_memory_equal(line, "/* ", 3);
	end = strstr(line, " */\n");
	assert_non_null(end);
	*end = '\0';
	memmove(line, line + 3, strlen(line + 3) + 1);
}

static void check(const char *name)
{
	char path[PATH_MAX + NAME_MAX + 8], line[1024];

	snprintf(path, sizeof(path), "%s/dts/%s", top, name);
	read_line(path, line);
	build(line);
	assert_true(shell("dtc -I dtb -O dts -s -o ours.dts ours.dtb "
			  "2>warnings"));
	if (!shell("! grep . warnings >&2"))
		fail_msg("%s: dtc warns", name);
	if (getenv("UPDATE_DTS")) {
		char first[1024 + 16];

		snprintf(first, sizeof(first), "/* %s */\n", line);
		write_file(path, first, strlen(first));
		assert_true(shell("cat ours.dts >>'%s'", path));
		return;
	}
	assert_true(shell("dtc -I dts -O dtb -o want.dtb '%s' 2>want.err && "
			  "dtc -I dtb -O dts -s -o want.dts want.dtb "
			  "2>want.err",
			  path));
	if (!shell("diff -u want.dts ours.dts >&2"))
		fail_msg("%s: not the tree of: %s", name, line);
}

static void reference_lines_give_their_trees(void **state)
{
	char path[PATH_MAX + 8];
	unsigned n = 0;
	struct dirent *e;
	DIR *d;

	(void)state;
	snprintf(path, sizeof(path), "%s/dts", top);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (len < 4 || strcmp(e->d_name + len - 4, ".dts") != 0)
			continue;
		check(e->d_name);
		n++;
	}
	closedir(d);
	assert_true(n >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reference_lines_give_their_trees),
	};

	return cmocka_run_group_tests_name("dts", tests, set_up, tear_down);
}
