/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/cpio.h"
#include "util/err.h"

static struct cpio c;

static int tear_down(void **state)
{
	(void)state;
	cpio_fini(&c);
	cpio_fini(&c);
	assert_null(c.data);
	return 0;
}

/* As buffer-format.rst has it, written out. */
static void two_entries_are_these_bytes(void **state)
{
	static const char want[] =
		"070701" /* a folder */
		"00000001"
		"000041ED"
		"00000000"
		"00000000"
		"00000001"
		"00000000"
		"00000000"
		"00000000"
		"00000000"
		"00000000"
		"00000000"
		"00000004"
		"00000000"
		"dev\0\0\0"
		"070701" /* a file */
		"0000001E"
		"000081C0"
		"00000000"
		"00000000"
		"00000001"
		"00000000"
		"00000005"
		"00000000"
		"00000000"
		"00000000"
		"00000000"
		"00000005"
		"00000000"
		"init\0\0"
		"\0abc\n\0\0\0"
		"070701" /* the end */
		"0000003D"
		"00000000"
		"00000000"
		"00000000"
		"00000001"
		"00000000"
		"00000000"
		"00000000"
		"00000000"
		"00000000"
		"00000000"
		"0000000B"
		"00000000"
		"TRAILER!!!\0\0\0"; /* and the literal's own NUL */

	(void)state;
	assert_int_equal(cpio_add_dir(&c, "dev", 0755), 0);
	assert_int_equal(cpio_add_file(&c, "init", 0700, "\0abc\n", 5), 0);
	assert_int_equal(cpio_finish(&c), 0);
	assert_int_equal(c.size, sizeof(want));
	assert_memory_equal(c.data, want, sizeof(want));
}

static void every_length_of_name_and_data_ends_at_a_multiple_of_4(void **state)
{
	static const char x[] = "xxxxx";
	static const size_t names[] = { 0, 112, 116, 116, 116, 116 };
	static const size_t datas[] = { 0, 4, 4, 4, 4, 8 };
	size_t want = 0;

	(void)state;
	for (size_t name = 1; name <= 5; name++)
		for (size_t data = 0; data <= 5; data++) {
			assert_int_equal(
				cpio_add_file(&c, x + 5 - name, 0644, x, data),
				0);
			want += names[name] + datas[data];
			assert_int_equal(c.size, want);
		}
}

static void bits_beside_the_permissions_are_ours(void **state)
{
	(void)state;
	assert_int_equal(cpio_add_file(&c, "f", 0170000 | 04711, "", 0), 0);
	assert_memory_equal(c.data + 14, "000089C9", 8);
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const bad[] = {
		"",    "/",    "/init", "a//b", "a/",	  ".",	   "..",
		"./a", "../a", "a/.",	"a/..", "a/../b", "a/./b", "TRAILER!!!",
	};
	static char longest[4097];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cpio_add_file(&c, bad[i], 0644, "x", 1),
				 -EINVAL);
		assert_int_equal(cpio_add_dir(&c, bad[i], 0755), -EINVAL);
	}
	assert_words("'TRAILER!!!': no name for an initramfs");
	memset(longest, 'n', 4096);
	assert_int_equal(cpio_add_dir(&c, longest, 0755), -EINVAL);
	assert_int_equal(c.size, 0);
	longest[4095] = '\0';
	assert_int_equal(cpio_add_dir(&c, longest, 0755), 0);
	assert_int_equal(cpio_add_dir(&c, ".a/...", 0755), 0);
}

static void a_file_of_4_gib_is_refused_untouched(void **state)
{
	(void)state;
	assert_int_equal(cpio_add_file(&c, "init", 0755, "", 0), 0);
	assert_int_equal(cpio_add_file(&c, "big", 0644, "", 1ull << 32),
			 -E2BIG);
	assert_words("'big': 4294967296 bytes; a file in an initramfs has "
		     "less than 4 GiB");
	assert_int_equal(c.size, 116);
}

/* Write the archive and have cpio(1) unpack it in a folder of its own. */
static int unpack(char dir[static 32])
{
	char command[200], path[40];
	FILE *f;

	strcpy(dir, "/tmp/test_cpio.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.cpio", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(c.data, 1, c.size, f), c.size);
	assert_int_equal(fclose(f), 0);
	snprintf(command, sizeof(command), "cd %s && cpio -im --quiet <a.cpio",
		 dir);
	return system(command);
}

static void check_file(const char *dir, const char *name, const void *data,
		       size_t size)
{
	char path[80], *got = malloc(size + 1);
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(got);
	assert_int_equal(fread(got, 1, size + 1, f), size);
	assert_memory_equal(got, data, size);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0750);
	assert_int_equal(st.st_mtime, 0);
	fclose(f);
	free(got);
}

static void cpio_unpacks_it(void **state)
{
	static char big[1000001];
	char dir[32], command[60];

	(void)state;
	if (system("command -v cpio >/dev/null") != 0)
		skip();
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	assert_int_equal(cpio_add_dir(&c, "sbin", 0755), 0);
	assert_int_equal(cpio_add_file(&c, "sbin/big", 0750, big, sizeof(big)),
			 0);
	assert_int_equal(cpio_add_file(&c, "empty", 0750, NULL, 0), 0);
	assert_int_equal(cpio_add_file(&c, "one", 0750, "1", 1), 0);
	assert_int_equal(cpio_finish(&c), 0);
	assert_int_equal(unpack(dir), 0);
	check_file(dir, "sbin/big", big, sizeof(big));
	check_file(dir, "empty", "", 0);
	check_file(dir, "one", "1", 1);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

#define T(fn) cmocka_unit_test_teardown(fn, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(two_entries_are_these_bytes),
		T(every_length_of_name_and_data_ends_at_a_multiple_of_4),
		T(bits_beside_the_permissions_are_ours),
		T(what_is_no_name_is_refused),
		T(a_file_of_4_gib_is_refused_untouched),
		T(cpio_unpacks_it),
	};

	return cmocka_run_group_tests_name("cpio", tests, NULL, NULL);
}
