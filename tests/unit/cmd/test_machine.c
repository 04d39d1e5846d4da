/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wordexp.h>

#include "cmd/cmd.h"
#include "cmd/machine.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/blk.h"

static struct machine m;
static wordexp_t words;
static char *argv[16];

static int set_up(void **state)
{
	(void)state;
	memset(&words, 0, sizeof(words));
	log_set_level(LOG_INFO);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wordfree(&words);
	return 0;
}

/* As the shell would hand over "pvtime-vmm run @line". */
static int parse(const char *line)
{
	char *argv0 = argv[0] = (char *)"run";

	wordfree(&words);
	words = (wordexp_t){ .we_offs = 1 };
	assert_int_equal(wordexp(line, &words, WRDE_NOCMD | WRDE_DOOFFS), 0);
	words.we_wordv[0] = argv0;
	err_say(1, "%s", "");
	machine_init(&m);
	return machine_parse(&m, NULL, 0, (int)words.we_wordc + 1,
			     words.we_wordv);
}

static void nothing_said_gives_the_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse(""), 0);
	assert_null(m.config.kernel);
	assert_null(m.config.initrd);
	assert_null(m.config.params);
	assert_int_equal(m.config.nr_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(m.config.ram_size, 512 * MIB);
	assert_int_equal(m.config.irqchip, GIC_AUTO);
	assert_string_equal(m.config.pvtime, "auto");
	assert_false(m.config.pvtime_in_ram);
	assert_false(m.config.pmu);
	assert_false(m.config.no_reboot);
	assert_int_equal(m.config.timeout_ns, 0);
	assert_null(m.dump_dtb);
	assert_null(m.name);
	assert_false(m.help);
}

static void firmware_stands_for_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(parse("-f F --firmware-vars V -d D"), 0);
	assert_string_equal(m.config.flash.firmware, "F");
	assert_string_equal(m.config.flash.vars, "V");
	assert_int_equal(machine_find_kernel(&m), 0);
	assert_null(m.config.kernel);
	assert_int_equal(parse("-f F -k K"), -EINVAL);
	assert_words("-f and -k: the firmware itself loads kernel, initrd and "
		     "parameters, from a disk; leave one out");
	assert_int_equal(parse("-f F K"), -EINVAL);
	assert_has_words("-f and -k: ");
	assert_int_equal(parse("-i I -f F"), -EINVAL);
	assert_has_words("-f and -i: ");
	assert_int_equal(parse("-p a -f F"), -EINVAL);
	assert_has_words("-f and -p: ");
	assert_int_equal(parse("--firmware-vars V"), -EINVAL);
	assert_words("--firmware-vars: there is no firmware; give it with -f");
}

static void each_option_says_what_it_means(void **state)
{
	(void)state;
	assert_int_equal(parse("-k K -i I -p 'a=\"b\" c' -c 4 -m 1024"), 0);
	assert_string_equal(m.config.kernel, "K");
	assert_string_equal(m.config.initrd, "I");
	assert_string_equal(m.config.params, "a=\"b\" c");
	assert_int_equal(m.config.nr_cpus, 4);
	assert_int_equal(m.config.ram_size, 1024 * MIB);
	assert_int_equal(parse("--kernel K --initrd=I --params p --cpus 65536 "
			       "--mem 2G --irqchip gicv2 --pmu --no-reboot "
			       "--timeout 1.5 --dump-dtb D --name vm-1.x_y"),
			 0);
	assert_int_equal(m.config.nr_cpus, 65536);
	assert_true(m.config.ram_size == 2 * GIB);
	assert_int_equal(m.config.irqchip, GIC_V2);
	assert_true(m.config.pmu);
	assert_true(m.config.no_reboot);
	assert_int_equal(m.config.timeout_ns, 1500000000);
	assert_string_equal(m.dump_dtb, "D");
	assert_string_equal(m.name, "vm-1.x_y");
	assert_int_equal(parse("--help"), 0);
	assert_true(m.help);
}

static void disks_are_as_many_as_are_named(void **state)
{
	char line[256] = "";

	(void)state;
	assert_int_equal(parse("-d a.img --disk b.img,ro"), 0);
	assert_int_equal(m.nr_disks, 2);
	assert_int_equal(m.config.nr_virtio, 2);
	assert_ptr_equal(m.config.virtio[1].class, &virtio_blk_class);
	assert_ptr_equal(m.config.virtio[1].config, &m.disks[1]);
	assert_int_equal(m.disks[0].path_len, 5);
	assert_memory_equal(m.disks[0].path, "a.img", 5);
	assert_false(m.disks[0].read_only);
	assert_memory_equal(m.disks[1].path, "b.img", 5);
	assert_true(m.disks[1].read_only);
	assert_int_equal(parse("-d x,rw"), -EINVAL);
	assert_has_words("--disk: 'rw' is not one of");
	for (unsigned i = 0; i < MACHINE_DISKS_MAX; i++)
		strcat(line, "-d x ");
	assert_int_equal(parse(line), 0);
	strcat(line, "-d y");
	assert_int_equal(parse(line), -E2BIG);
	assert_words("--disk: 'y': no more than 16 disks");
}

static void every_irqchip_is_known(void **state)
{
	(void)state;
	assert_int_equal(parse("--irqchip=gicv3-its"), 0);
	assert_int_equal(m.config.irqchip, GIC_V3_ITS);
	assert_int_equal(parse("--irqchip=gicv3"), 0);
	assert_int_equal(m.config.irqchip, GIC_V3);
	assert_int_equal(parse("--irqchip=auto"), 0);
	assert_int_equal(m.config.irqchip, GIC_AUTO);
}

static void no_pvtime_is_pvtime_off(void **state)
{
	(void)state;
	assert_int_equal(parse("--no-pvtime"), 0);
	assert_string_equal(m.config.pvtime, "off");
	assert_int_equal(parse("--no-pvtime --pvtime on"), 0);
	assert_string_equal(m.config.pvtime, "on");
}

static void every_provider_is_known(void **state)
{
	static const char *const names[] = { "auto", "on",     "steady",
					     "kvm",  "device", "off" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char line[32];

		snprintf(line, sizeof(line), "--pvtime %s", names[i]);
		assert_int_equal(parse(line), 0);
		assert_string_equal(m.config.pvtime, names[i]);
	}
}

static void records_have_their_slot_unless_ram_is_said(void **state)
{
	(void)state;
	assert_int_equal(parse("--pvtime-place ram"), 0);
	assert_true(m.config.pvtime_in_ram);
	assert_int_equal(parse("--pvtime-place=slot"), 0);
	assert_false(m.config.pvtime_in_ram);
	assert_int_equal(parse("--pvtime-place ram --pvtime-place slot"), 0);
	assert_false(m.config.pvtime_in_ram);
}

static void kernels_name_may_stand_alone(void **state)
{
	(void)state;
	assert_int_equal(parse("-c 2 Image"), 0);
	assert_string_equal(m.config.kernel, "Image");
}

static void lines_written_for_kvmtool_are_taken(void **state)
{
	(void)state;
	assert_int_equal(parse("--nodefaults --network mode=none "
			       "--loglevel=warning --irqchip=gicv3 --pmu "
			       "--kernel x.flat --cpus 8 --console serial "
			       "--mem 512 -n mode=none"),
			 0);
	assert_false(log_on(LOG_INFO));
	assert_true(log_on(LOG_WARNING));
}

static void memory_is_whole_pages_of_any_host(void **state)
{
	(void)state;
	assert_int_equal(parse("-m 67108865B"), 0);
	assert_int_equal(m.config.ram_size, 64 * MIB + 64 * KIB);
}

static void bad_input_is_answered_in_one_line_that_names_it(void **state)
{
	static const struct {
		const char *line, *words;
		int rc;
	} bad[] = {
		{ "-c 0", "--cpus: 0 is out of range 1 to 65536", -ERANGE },
		{ "-c -1", "--cpus: '-1' is not a whole number", -EINVAL },
		{ "-c two", "--cpus: 'two' is not a whole number", -EINVAL },
		{ "-c 2x", "--cpus: '2x' is not a whole number", -EINVAL },
		{ "-c ''", "--cpus: '' is not a whole number", -EINVAL },
		{ "-c 65537", "--cpus: 65537 is out of range 1 to 65536",
		  -ERANGE },
		{ "-c 99999999999999999999",
		  "--cpus: 99999999999999999999 is out of range 1 to 65536",
		  -ERANGE },
		{ "-c", "option -c needs an argument", -EINVAL },
		{ "-m 0", "--mem: '0' is out of range 64M to 4096T", -ERANGE },
		{ "-m 63", "--mem: '63' is out of range 64M to 4096T",
		  -ERANGE },
		{ "-m -5",
		  "--mem: '-5' is not a size; write 512M, 2G or plain "
		  "MiB",
		  -EINVAL },
		{ "-m 5X",
		  "--mem: '5X' is not a size; write 512M, 2G or plain "
		  "MiB",
		  -EINVAL },
		{ "-m 1GB",
		  "--mem: '1GB' is not a size; write 512M, 2G or "
		  "plain MiB",
		  -EINVAL },
		{ "-m 9999999T",
		  "--mem: '9999999T' is out of range 64M to 4096T", -ERANGE },
		{ "-m 99999999999999999999",
		  "--mem: '99999999999999999999' is out of range 64M to 4096T",
		  -ERANGE },
		{ "--irqchip gicv4",
		  "--irqchip: 'gicv4' is not one of auto, gicv2, gicv3, "
		  "gicv3-its",
		  -EINVAL },
		{ "--pvtime xen",
		  "--pvtime: 'xen' is not one of auto, on, steady, kvm, "
		  "device, off",
		  -EINVAL },
		{ "--pvtime ''",
		  "--pvtime: '' is not one of auto, on, steady, kvm, device, "
		  "off",
		  -EINVAL },
		{ "--pvtime-place rom",
		  "--pvtime-place: 'rom' is not one of slot, ram", -EINVAL },
		{ "--pvtime-place", "option --pvtime-place needs an argument",
		  -EINVAL },
		{ "--console hvc",
		  "--console: 'hvc' is not one of serial, virtio, none, "
		  "file=FILE, pty, pty=LINK",
		  -EINVAL },
		{ "--console pty --console serial",
		  "--console: 'serial': a guest has one console; say all of "
		  "it at once",
		  -EINVAL },
		{ "--network mode=lan",
		  "--network: mode: 'lan' is not one of user, tap, none",
		  -EINVAL },
		{ "--loglevel loud",
		  "--loglevel: 'loud' is not one of error, warning, info, "
		  "debug",
		  -EINVAL },
		{ "--timeout 0", "--timeout: 0 seconds is no time at all",
		  -ERANGE },
		{ "--timeout soon",
		  "--timeout: 'soon' is not a time in seconds", -EINVAL },
		{ "--timeout 99999999",
		  "--timeout: 99999999 seconds is more than a year", -ERANGE },
		{ "--name ../x",
		  "--name: '../x' is no name; use up to 64 letters, digits "
		  "and ._-, no dot first",
		  -EINVAL },
		{ "--name .x",
		  "--name: '.x' is no name; use up to 64 letters, digits and "
		  "._-, no dot first",
		  -EINVAL },
		{ "--name ''",
		  "--name: '' is no name; use up to 64 letters, digits and "
		  "._-, no dot first",
		  -EINVAL },
		{ "--frobnicate", "unknown option --frobnicate; see --help",
		  -EINVAL },
		{ "-X", "unknown option -X; see --help", -EINVAL },
		{ "--pmu=yes", "option --pmu=yes takes no argument", -EINVAL },
		{ "Image more",
		  "'more': the kernel is 'Image' already; see --help",
		  -EINVAL },
		{ "-k K Image",
		  "'Image': the kernel is 'K' already; see --help", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i].line), bad[i].rc);
		assert_words(bad[i].words);
		assert_null(strchr(err_text(), '\n'));
	}
}

static int parse_params(const char *text)
{
	char *args[] = { (char *)"run", (char *)"-p", (char *)text, NULL };

	machine_init(&m);
	return machine_parse(&m, NULL, 0, 3, args);
}

static void params_that_linux_would_not_read_are_refused(void **state)
{
	char text[2049];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[2047] = '\0';
	assert_int_equal(parse_params(text), 0);
	text[2047] = 'x';
	text[2048] = '\0';
	assert_int_equal(parse_params(text), -EINVAL);
	assert_words("--params: 2048 characters; arm64 Linux reads no more "
		     "than 2047 of them");
	assert_int_equal(parse_params("quiet\nroot=/dev/vda"), -EINVAL);
	assert_words("--params: control character 0x0a at place 6; write one "
		     "line");
	assert_int_equal(parse_params("\x7f"), -EINVAL);
	assert_words("--params: control character 0x7f at place 1; write one "
		     "line");
	assert_int_equal(parse_params(""), 0);
	assert_int_equal(parse_params("\xc3\xa4"), 0);
}

static void long_name_is_refused(void **state)
{
	char text[80] = "--name ";

	(void)state;
	memset(text + 7, 'n', 64);
	assert_int_equal(parse(text), 0);
	text[7 + 64] = 'n';
	assert_int_equal(parse(text), -EINVAL);
}

static void kernel_that_was_given_is_not_looked_for(void **state)
{
	(void)state;
	assert_int_equal(parse("/nowhere/Image"), 0);
	assert_int_equal(machine_find_kernel(&m), 0);
	assert_string_equal(m.config.kernel, "/nowhere/Image");
}

/* What comes out on standard error, where kvmtool's users look. */
static void failed_as(int rc, int want, const char *want_text)
{
	int err = memfd_create("err", MFD_CLOEXEC), saved = dup(2);
	char text[256] = "";

	fflush(stderr);
	dup2(err, 2);
	assert_int_equal(machine_failed(&m, rc), want);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	assert_true(pread(err, text, sizeof(text) - 1, 0) >= 0);
	close(err);
	assert_string_equal(text, want_text);
}

static void missing_kernel_is_told_in_kvmtools_words(void **state)
{
	(void)state;
	assert_int_equal(parse("-k /nowhere/Image"), 0);
	failed_as(-ENOENT, EXIT_ERROR,
		  "Fatal: Unable to open kernel /nowhere/Image\n");
	assert_int_equal(parse("-k /dev/null"), 0);
	failed_as(-EIO, EXIT_ERROR, "");
}

static void missing_stolen_time_has_its_own_status(void **state)
{
	(void)state;
	assert_int_equal(parse("-k /dev/null --pvtime on"), 0);
	failed_as(-ENXIO, EXIT_NO_PVTIME, "");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_said_gives_the_defaults),
		T(firmware_stands_for_the_kernel),
		T(each_option_says_what_it_means),
		T(disks_are_as_many_as_are_named),
		T(every_irqchip_is_known),
		T(no_pvtime_is_pvtime_off),
		T(every_provider_is_known),
		T(records_have_their_slot_unless_ram_is_said),
		T(kernels_name_may_stand_alone),
		T(lines_written_for_kvmtool_are_taken),
		T(memory_is_whole_pages_of_any_host),
		T(bad_input_is_answered_in_one_line_that_names_it),
		T(params_that_linux_would_not_read_are_refused),
		T(long_name_is_refused),
		T(kernel_that_was_given_is_not_looked_for),
		T(missing_kernel_is_told_in_kvmtools_words),
		T(missing_stolen_time_has_its_own_status),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
