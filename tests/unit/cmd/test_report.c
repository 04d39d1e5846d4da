/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "cmd/report.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "util/err.h"

#define EVIL \
	"</td></pre>]]><script>\"'&# \\\033[31m\001\377\355\240\200\342\200\256"

static struct verdict v;
static struct timeline t;
static char *text; /* the latest report */
static size_t size;

static int set_up(void **state)
{
	static const enum test_state states[] = { TEST_OK, TEST_BAD,
						  TEST_SKIPPED };
	static const char *const names[] = { "user-space", "steal", "kexec" };

	(void)state;
	v = (struct verdict){
		.kernel = "Image",
		.params = "quiet",
		.nr_cpus = 2,
		.ram_size = 512 << 20,
		.provider = "steady",
		.release = "6.1.0",
		.host = "Linux 6.12.6",
		.wall_s = 1732297142,
		.class = VERDICT_WRONG_STEAL,
		.why = "steal: twice of what it should be",
		.took_ns = 2200000000,
		.nr_tests = 3,
	};
	for (int i = 0; i < 3; i++) {
		v.tests[i].name = names[i];
		v.tests[i].what = "this is so";
		v.tests[i].state = states[i];
	}
	v.tests[0].took_ns = 812000000;
	strcpy(v.tests[0].why, "after 0.81 s");
	strcpy(v.tests[1].why, "twice of what it should be");
	strcpy(v.tests[2].why, "not built in");
	return timeline_init(&t, 2, 1000000);
}

static int tear_down(void **state)
{
	(void)state;
	verdict_fini(&v);
	timeline_fini(&t);
	free(text);
	text = NULL;
	return 0;
}

/* The run ended for another reason than a test. */
static void cut_short(enum verdict_class class, enum test_state second,
		      enum test_state third)
{
	v.class = class;
	strcpy(v.why, "Kernel panic - not syncing");
	v.tests[1].state = second;
	v.tests[2].state = third;
	v.tests[1].why[0] = v.tests[2].why[0] = '\0';
	v.where = strdup("vCPU 0 \"here\"\nvCPU 1 there\n");
	v.tail = strdup("one\ntwo\n");
}

static void make_hostile(void)
{
	cut_short(VERDICT_HANG, TEST_RUNNING, TEST_WAITING);
	free(v.where);
	free(v.tail);
	v.where = strdup(EVIL "\n" EVIL);
	v.tail = strdup(EVIL "\n" EVIL);
	v.kernel = v.params = EVIL;
	strcpy(v.release, EVIL);
	strcpy(v.why, EVIL);
	strcpy(v.tests[0].why, EVIL);
	v.tests[0].what = EVIL;
	timeline_mark(&t, MARK_CONSOLE, 1, 1, EVIL);
}

static void write_by(int (*report)(const struct verdict *, FILE *))
{
	FILE *f;

	free(text);
	f = open_memstream(&text, &size);
	assert_int_equal(report(&v, f), 0);
	fclose(f);
}

static int page(const struct verdict *of, FILE *f)
{
	return report_page(of, &t, f);
}

static bool there_is(const char *program)
{
	return access(program, X_OK) == 0;
}

/* Status of @command with @input as $1, a file. */
static int judge(const char *command, const char *input, size_t n)
{
	char path[] = "/tmp/reportXXXXXX", line[512];
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, input, n), n);
	close(fd);
	snprintf(line, sizeof(line), command, path);
	rc = system(line);
	unlink(path);
	assert_true(WIFEXITED(rc));
	return WEXITSTATUS(rc);
}

/* -- TAP -- */

static void tap_is_as_the_specification_has_it(void **state)
{
	(void)state;
	write_by(report_tap);
	assert_string_equal(
		text, "TAP version 14\n"
		      "1..3\n"
		      "# kernel Image\n"
		      "# release 6.1.0\n"
		      "# 2 vCPUs, 512 MiB, stolen time: steady\n"
		      "ok 1 - user-space: this is so\n"
		      "not ok 2 - steal: this is so\n"
		      "  ---\n"
		      "  message: \"twice of what it should be\"\n"
		      "  class: failed\n"
		      "  took_ms: 0\n"
		      "  ...\n"
		      "ok 3 - kexec: this is so # SKIP not built in\n"
		      "# verdict wrong-steal: steal: twice of what it should "
		      "be\n");
}

static void tap_tells_what_a_crash_cut_short(void **state)
{
	(void)state;
	cut_short(VERDICT_PANIC, TEST_RUNNING, TEST_WAITING);
	write_by(report_tap);
	assert_non_null(strstr(text,
			       "not ok 2 - steal: this is so\n"
			       "  ---\n"
			       "  message: \"Kernel panic - not syncing\"\n"
			       "  class: panic\n"
			       "  took_ms: 0\n"
			       "  where:\n"
			       "    - \"vCPU 0 \\\"here\\\"\"\n"
			       "    - \"vCPU 1 there\"\n"
			       "  ...\n"
			       "not ok 3 - kexec: this is so\n"
			       "  ---\n"
			       "  message: \"not run: Kernel panic - not "
			       "syncing\"\n"
			       "  class: not-run\n"));
}

static void tap_bails_out_where_no_test_ran(void **state)
{
	(void)state;
	cut_short(VERDICT_NOT_STARTED, TEST_WAITING, TEST_SKIPPED);
	v.tests[0].state = TEST_WAITING;
	write_by(report_tap);
	assert_non_null(strstr(
		text, "\nBail out! not-started: Kernel panic - not syncing\n"));
	assert_null(strstr(text, "ok 1"));
	v.nr_tests = 0;
	write_by(report_tap);
	assert_null(strstr(text, "1.."));
	assert_non_null(strstr(text, "Bail out!"));
}

static void tap_fails_where_only_the_run_did(void **state)
{
	(void)state;
	cut_short(VERDICT_RESET, TEST_OK, TEST_SKIPPED);
	write_by(report_tap);
	assert_non_null(strstr(text, "\n1..4\n"));
	assert_non_null(strstr(text, "not ok 4 - verdict: the run as a whole\n"
				     "  ---\n"
				     "  message: \"Kernel panic - not "
				     "syncing\"\n"
				     "  class: reset\n"));
}

static void hostile_text_stays_in_its_line_of_tap(void **state)
{
	(void)state;
	make_hostile();
	write_by(report_tap);
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	assert_non_null(strstr(text, "ok 1 - user-space: </td></pre>]]>"
				     "<script>\"'&\\# \\\\..."));
}

/*
 * Perl's harness, which takes version 14 from 3.48 on.  What it has no quarrel
 * with is not all: it must also come to the same end.
 */
static bool prove(void)
{
	return judge("v=14; perl -MTAP::Parser -e 'exit(TAP::Parser->VERSION "
		     ">= 3.48)' && v=13; /usr/bin/prove -Q -e \"sed "
		     "1s/14/$v/\" %s > /dev/null 2>&1",
		     text, size) == 0;
}

static void perls_harness_agrees_with_the_exit_status(void **state)
{
	static const enum test_state ends[] = { TEST_OK, TEST_RUNNING,
						TEST_WAITING, TEST_SKIPPED };

	(void)state;
	if (!there_is("/usr/bin/prove"))
		skip();
	write_by(report_tap);
	assert_false(prove());
	v.class = VERDICT_GOOD;
	v.why[0] = '\0';
	v.tests[1].state = TEST_OK;
	write_by(report_tap);
	assert_true(prove());
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		verdict_fini(&v);
		cut_short(VERDICT_PANIC, ends[i], ends[i]);
		write_by(report_tap);
		assert_false(prove());
	}
}

static void perls_harness_takes_hostile_text(void **state)
{
	(void)state;
	if (!there_is("/usr/bin/prove"))
		skip();
	make_hostile();
	v.class = VERDICT_GOOD;
	v.tests[1].state = TEST_SKIPPED;
	strcpy(v.tests[1].why, EVIL);
	write_by(report_tap);
	assert_true(prove());
}

/* -- JUnit -- */

/* What Ant's, Jenkins' and GitLab's readers have in common. */
static const char dtd[] =
	"<!ELEMENT testsuites (testsuite*)>"
	"<!ATTLIST testsuites name CDATA #IMPLIED tests CDATA #IMPLIED "
	"failures CDATA #IMPLIED errors CDATA #IMPLIED time CDATA #IMPLIED>"
	"<!ELEMENT testsuite (properties?, testcase*, system-out?, "
	"system-err?)>"
	"<!ATTLIST testsuite name CDATA #REQUIRED tests CDATA #REQUIRED "
	"failures CDATA #REQUIRED errors CDATA #REQUIRED skipped CDATA "
	"#IMPLIED time CDATA #REQUIRED timestamp NMTOKEN #REQUIRED hostname "
	"NMTOKEN #REQUIRED>"
	"<!ELEMENT properties (property*)>"
	"<!ELEMENT property EMPTY>"
	"<!ATTLIST property name CDATA #REQUIRED value CDATA #REQUIRED>"
	"<!ELEMENT testcase ((skipped | error | failure)?, system-out?, "
	"system-err?)>"
	"<!ATTLIST testcase name CDATA #REQUIRED classname CDATA #REQUIRED "
	"time NMTOKEN #REQUIRED>"
	"<!ELEMENT skipped (#PCDATA)>"
	"<!ATTLIST skipped message CDATA #IMPLIED>"
	"<!ELEMENT error (#PCDATA)>"
	"<!ATTLIST error message CDATA #IMPLIED type CDATA #REQUIRED>"
	"<!ELEMENT failure (#PCDATA)>"
	"<!ATTLIST failure message CDATA #IMPLIED type CDATA #REQUIRED>"
	"<!ELEMENT system-out (#PCDATA)>"
	"<!ELEMENT system-err (#PCDATA)>";

static void write_junit(void)
{
	char path[] = "/tmp/dtdXXXXXX", command[256];
	int fd;

	write_by(report_junit);
	if (!there_is("/usr/bin/xmllint"))
		return;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, dtd, sizeof(dtd) - 1), sizeof(dtd) - 1);
	close(fd);
	snprintf(command, sizeof(command),
		 "/usr/bin/xmllint --noout --dtdvalid %s %%s", path);
	assert_int_equal(judge(command, text, size), 0);
	unlink(path);
}

static void junit_tells_failures_and_skips(void **state)
{
	(void)state;
	write_junit();
	assert_non_null(strstr(text, "<testsuites name=\"pvtime-vmm test\" "
				     "tests=\"3\" failures=\"1\" errors=\"0\" "
				     "time=\"2.200\">"));
	assert_non_null(strstr(text, " skipped=\"1\" "
				     "timestamp=\"2024-11-22T17:39:02\""));
	assert_non_null(strstr(text, "name=\"user-space\" time=\"0.812\">\n"
				     "      <system-out>this is so: after 0.81 "
				     "s</system-out>"));
	assert_non_null(strstr(text, "<failure type=\"failed\" "
				     "message=\"twice of what it should be\">"
				     "this is so: twice of what it should be"
				     "</failure>"));
	assert_non_null(strstr(text, "<skipped message=\"not built in\"/>"));
	assert_non_null(strstr(text, "\"exit-status\" value=\"6\""));
}

static void junit_tells_a_crash_as_an_error_with_the_last_words(void **state)
{
	(void)state;
	cut_short(VERDICT_PANIC, TEST_RUNNING, TEST_WAITING);
	write_junit();
	assert_non_null(strstr(text, "failures=\"0\" errors=\"1\""));
	assert_non_null(strstr(text, "<error type=\"panic\" message=\"Kernel "
				     "panic - not syncing\">Kernel panic - "
				     "not syncing\n\nwhere:\nvCPU 0 "));
	assert_non_null(strstr(text, "\n\nconsole:\none\ntwo\n</error>"));
	assert_non_null(strstr(text, "<skipped message=\"not run: Kernel panic "
				     "- not syncing\"/>"));
	assert_non_null(strstr(text, "<system-out>one\ntwo\n</system-out>"));
}

static void junit_fails_where_only_the_run_did(void **state)
{
	(void)state;
	cut_short(VERDICT_OFF, TEST_OK, TEST_WAITING);
	write_junit();
	assert_non_null(
		strstr(text, "tests=\"4\" failures=\"0\" errors=\"1\""));
	assert_non_null(strstr(text, "name=\"verdict\" time=\"2.200\">\n"
				     "      <error type=\"off\""));
}

static void junit_of_a_good_run_has_no_error(void **state)
{
	(void)state;
	v.class = VERDICT_GOOD;
	v.tests[1].state = TEST_WAITING;
	write_junit();
	assert_non_null(
		strstr(text, "tests=\"3\" failures=\"0\" errors=\"0\""));
	assert_null(strstr(text, "<error"));
	assert_null(strstr(text, "<failure"));
}

static void hostile_text_is_valid_xml(void **state)
{
	(void)state;
	make_hostile();
	write_junit();
	assert_null(strstr(text, "<script"));
	assert_null(strchr(text, '\033'));
}

/* -- the page -- */

static void the_page_has_it_all(void **state)
{
	(void)state;
	v.tail = strdup("one\ntwo\n");
	write_by(page);
	assert_non_null(strstr(text, "<html lang=\"en\">"));
	assert_non_null(strstr(text, "content=\"default-src 'none'; style-src "
				     "'unsafe-inline'; img-src data:\""));
	assert_non_null(strstr(text, ">wrong-steal</span>steal: twice of what "
				     "it should be</h1>"));
	assert_non_null(strstr(text, "<td class=\"state\">FAIL</td>"
				     "<td class=\"name\">steal</td>"));
	assert_non_null(strstr(text, "<svg "));
	assert_non_null(strstr(text, "<pre>one\ntwo\n</pre>"));
	assert_non_null(strstr(text, "<dd>2024-11-22 17:39:02 UTC</dd>"));
	assert_non_null(strstr(text, "</body>\n</html>\n"));
}

static void hostile_text_does_not_leave_its_place_in_the_page(void **state)
{
	unsigned cells = 0;

	(void)state;
	make_hostile();
	write_by(page);
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "]]>"));
	assert_null(strchr(text, '\033'));
	for (const char *s = text; (s = strstr(s, "</td>")); s++)
		cells++;
	assert_int_equal(cells, 3 * 5);
}

static void nothing_of_the_page_is_elsewhere(void **state)
{
	(void)state;
	write_by(page);
	assert_null(strstr(text, "src="));
	assert_null(strstr(text, "href"));
	assert_null(strstr(text, "url("));
	assert_null(strstr(text, "@import"));
}

static void a_page_of_nothing_is_a_page(void **state)
{
	(void)state;
	v = (struct verdict){ .kernel = "",
			      .params = "",
			      .class = VERDICT_FAILED };
	write_by(page);
	assert_null(strstr(text, "<table"));
	assert_null(strstr(text, "<pre>"));
	assert_non_null(strstr(text, "no samples were taken"));
}

static void a_full_disk_is_an_error(void **state)
{
	int (*const reports[])(const struct verdict *,
			       FILE *) = { report_tap, report_junit, page };

	(void)state;
	for (int i = 0; i < 3; i++) {
		FILE *f = fopen("/dev/full", "we");

		assert_true(reports[i](&v, f) < 0);
		assert_has_words("write: ");
		fclose(f);
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(tap_is_as_the_specification_has_it),
		CASE(tap_tells_what_a_crash_cut_short),
		CASE(tap_bails_out_where_no_test_ran),
		CASE(tap_fails_where_only_the_run_did),
		CASE(hostile_text_stays_in_its_line_of_tap),
		CASE(perls_harness_agrees_with_the_exit_status),
		CASE(perls_harness_takes_hostile_text),
		CASE(junit_tells_failures_and_skips),
		CASE(junit_tells_a_crash_as_an_error_with_the_last_words),
		CASE(junit_fails_where_only_the_run_did),
		CASE(junit_of_a_good_run_has_no_error),
		CASE(hostile_text_is_valid_xml),
		CASE(the_page_has_it_all),
		CASE(hostile_text_does_not_leave_its_place_in_the_page),
		CASE(nothing_of_the_page_is_elsewhere),
		CASE(a_page_of_nothing_is_a_page),
		CASE(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
