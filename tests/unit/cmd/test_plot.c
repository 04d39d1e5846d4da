/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "cmd/lanes.h"
#include "cmd/pen.h"
#include "cmd/plot.h"
#include "cmd/timeline.h"
#include "util/err.h"

#define MS UINT64_C(1000000)

static struct timeline t;
static char *svg; /* the latest */

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(timeline_init(&t, 2, 10 * MS), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	timeline_fini(&t);
	free(svg);
	svg = NULL;
	return 0;
}

static void set_cpus(unsigned nr_cpus)
{
	timeline_fini(&t);
	assert_int_equal(timeline_init(&t, nr_cpus, 10 * MS), 0);
}

/* A row at @ms in which all that was stolen from each CPU is @stolen_ms. */
static struct timeline_row *add(unsigned ms, uint64_t stolen_ms)
{
	struct timeline_row *row = timeline_add(&t, ms * MS);

	assert_non_null(row);
	for (unsigned i = 0; i < t.nr_cpus; i++)
		row->cpu[i] = (struct timeline_cpu){
			.wait_ns = stolen_ms * MS,
			.record_ns = stolen_ms * MS,
			.guest_ns = stolen_ms * MS,
			.exits = ms,
		};
	return row;
}

/* Draw it, and have a parser read it where there is one. */
static void draw(void)
{
	size_t size;
	FILE *f;

	free(svg);
	f = open_memstream(&svg, &size);
	assert_int_equal(plot_svg(&t, f), 0);
	fclose(f);
	if (access("/usr/bin/xmllint", X_OK) < 0)
		return;
	f = popen("/usr/bin/xmllint --noout -", "w");
	assert_non_null(f);
	fputs(svg, f);
	assert_int_equal(pclose(f), 0);
}

static unsigned count(const char *what)
{
	unsigned n = 0;

	for (const char *s = svg; (s = strstr(s, what)); s++)
		n++;
	return n;
}

/* The "d" of the @n-th path of that class. */
static const char *path(const char *class, unsigned n)
{
	static char d[4096];
	char tag[64];
	const char *s = svg;

	snprintf(tag, sizeof(tag), "<path class=\"%s\" d=\"", class);
	do {
		s = strstr(s, tag);
		assert_non_null(s);
		s += strlen(tag);
	} while (n-- > 0);
	snprintf(d, sizeof(d), "%.*s", (int)strcspn(s, "\""), s);
	return d;
}

/* The first path of each class is the legend's. */
enum { CPU0 = 1 };

static unsigned letters(const char *s, char c)
{
	unsigned n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

static void a_run_without_samples_is_drawn_as_such(void **state)
{
	(void)state;
	draw();
	assert_non_null(strstr(svg, "no samples were taken"));
	assert_null(strstr(svg, "CPU 0"));
}

static void marks_need_no_samples(void **state)
{
	(void)state;
	timeline_mark(&t, MARK_TROUBLE, 3000 * MS, 0, "no machine");
	draw();
	assert_non_null(strstr(svg, "<title>3.00 s: no machine</title>"));
}

static void each_cpu_has_a_band_with_three_lines(void **state)
{
	(void)state;
	add(0, 0);
	add(1000, 400);
	draw();
	assert_non_null(strstr(svg, ">CPU 0</text>"));
	assert_non_null(strstr(svg, ">CPU 1</text>"));
	assert_null(strstr(svg, ">CPU 2</text>"));
	for (unsigned i = 0; i < 2; i++) {
		assert_string_equal(path("host", CPU0 + 2 * i),
				    path("record", CPU0 + 2 * i));
		assert_string_equal(path("host", CPU0 + 2 * i),
				    path("guest", CPU0 + 2 * i));
		assert_int_equal(letters(path("host", CPU0 + 2 * i), 'M'), 1);
	}
	assert_int_equal(count("host 400 ms</text>"), 2);
	assert_int_equal(count("record 400 ms</text>"), 2);
	assert_int_equal(count("guest 400 ms</text>"), 2);
	assert_non_null(strstr(svg, ">400 ms</text>"));
	assert_non_null(strstr(svg, ">0.6 s</text>"));
}

static void one_cpu_is_one_vcpu(void **state)
{
	(void)state;
	set_cpus(1);
	add(0, 0);
	draw();
	assert_non_null(strstr(svg, "Stolen time of 1 vCPU<"));
	assert_true(strstr(path("host", CPU0), "h.1") != NULL);
}

static void of_512_cpus_32_are_drawn_and_the_rest_is_counted(void **state)
{
	(void)state;
	set_cpus(512);
	for (unsigned i = 0; i < 50; i++)
		add(i * 10, i);
	draw();
	assert_non_null(strstr(svg, ">CPU 31</text>"));
	assert_null(strstr(svg, ">CPU 32</text>"));
	assert_non_null(strstr(svg, "; 480 more vCPUs are not shown"));
	assert_true(strlen(svg) < 300000);
}

static void a_gap_breaks_the_line(void **state)
{
	(void)state;
	add(0, 0);
	add(200, 10);
	add(400, 20)->cpu[0].wait_ns = TIMELINE_NONE;
	add(600, 30);
	add(800, 40);
	draw();
	assert_int_equal(letters(path("host", CPU0), 'M'), 2);
	assert_int_equal(letters(path("record", CPU0), 'M'), 1);
}

static void the_guests_figure_is_asked_for_now_and_then(void **state)
{
	(void)state;
	add(0, 0);
	add(200, 10);
	add(400, 20)->cpu[0].guest_ns = TIMELINE_NONE;
	add(600, 30)->cpu[0].guest_ns = TIMELINE_NONE;
	add(800, 40);
	draw();
	assert_int_equal(letters(path("guest", CPU0), 'M'), 1);
}

static void a_figure_that_is_never_known_has_no_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(i * 100, i)->cpu[0].guest_ns = TIMELINE_NONE;
	draw();
	assert_string_equal(path("guest", CPU0), "");
	assert_non_null(strstr(svg, "guest -</text>"));
}

static void a_record_that_restarts_is_a_new_line(void **state)
{
	(void)state;
	add(0, 0);
	add(200, 100);
	add(400, 200)->cpu[0].record_ns = 0;
	add(600, 300)->cpu[0].record_ns = 50 * MS;
	draw();
	assert_int_equal(letters(path("record", CPU0), 'M'), 2);
	assert_int_equal(letters(path("host", CPU0), 'M'), 1);
}

static void a_forged_record_does_not_flatten_the_others(void **state)
{
	(void)state;
	add(0, 0);
	add(500, 100)->cpu[0].record_ns = TIMELINE_NONE - 1;
	add(1000, 200)->cpu[0].record_ns = 3600000 * MS;
	draw();
	assert_non_null(strstr(svg, ">200 ms</text>"));
	for (const char *s = path("record", CPU0); *s; s++)
		assert_true(*s != '-' && *s != 'e' && *s != 'n');
	assert_non_null(strstr(svg, "record 3600 s</text>"));
}

static void exits_are_an_area_of_averages(void **state)
{
	(void)state;
	add(0, 0);
	add(500, 0);
	add(1000, 0)->cpu[0].exits = 12500;
	draw();
	assert_non_null(strstr(svg, "exits, at most 24000 a second"));
	assert_int_equal(letters(path("exits", 0), 'Z'), 1);
}

static void unknown_exits_are_left_out(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		add(i * 100, 0)->cpu[0].exits =
			i == 3 ? TIMELINE_NONE : i * 1000;
	draw();
	assert_int_equal(letters(path("exits", 0), 'M'), 2);
	for (unsigned i = 0; i < t.nr_rows; i++)
		timeline_row(&t, i)->cpu[0].exits = TIMELINE_NONE;
	draw();
	/* now the first is CPU 1's */
	assert_int_equal(count("class=\"exits\""), 1);
}

static void a_long_run_is_a_small_picture(void **state)
{
	(void)state;
	set_cpus(4);
	for (unsigned i = 0; i < 3 * TIMELINE_ROWS; i++)
		if (timeline_add(&t, i * 10 * MS)) {
			struct timeline_row *row =
				timeline_row(&t, t.nr_rows - 1);

			for (unsigned k = 0; k < 4; k++) {
				/* a guest that makes it as jagged as it can */
				row->cpu[k].record_ns = i % 3 * 1000 * MS;
				row->cpu[k].wait_ns = i * MS;
				row->cpu[k].exits = i * (uint64_t)i;
			}
		}
	draw();
	assert_true(strlen(svg) < 400000);
	/* What grows evenly is a line from here to there. */
	assert_int_equal(letters(path("host", CPU0), 'L'), 1);
}

static void hostile_text_is_escaped(void **state)
{
	(void)state;
	timeline_mark(&t, MARK_CONSOLE, 0, 0, "</text><script>\"'&\033[1m\377");
	draw();
	assert_null(strstr(svg, "<script"));
	assert_int_equal(count("&lt;/text&gt;&lt;script&gt;&quot;&#39;&amp;."),
			 2);
}

static void rivals_are_a_shade_and_trouble_a_red_line(void **state)
{
	(void)state;
	add(0, 0);
	add(1000, 1);
	timeline_mark(&t, MARK_RIVAL, 200 * MS, 400 * MS, "3 rivals");
	timeline_mark(&t, MARK_TROUBLE, 900 * MS, 0, "panic");
	timeline_mark(&t, MARK_BOOT, 0, 0, "boot 1");
	draw();
	assert_int_equal(count("class=\"shade\""), 1);
	assert_int_equal(count("class=\"atbad\""), 1);
	assert_int_equal(count("class=\"atboot\""), 1);
	assert_non_null(
		strstr(svg, "<title>200 ms to 400 ms: 3 rivals</title>"));
}

static void no_label_covers_another(void **state)
{
	struct lanes l = { .t = &t, .left = 76, .right = 800, .edge = 956 };
	unsigned with = 0;

	(void)state;
	/* As many as there can be, all at about the same time. */
	for (unsigned i = 0; timeline_mark(&t, MARK_CONSOLE, i * MS, 0,
					   "a line of the console") >= 0;
	     i++)
		;
	l.end_ns = 1000 * MS;
	lanes_pack(&l);
	for (unsigned i = 0; i < t.nr_marks; i++) {
		double x = lanes_x(&l, t.marks[i].t_ns);

		if (l.places[i].row < 0)
			continue;
		with++;
		for (unsigned k = 0; k < i; k++)
			if (l.places[k].row == l.places[i].row)
				assert_true(x - lanes_x(&l, t.marks[k].t_ns) >=
					    21 * LANES_LETTER);
	}
	assert_int_equal(with, 5);
	assert_int_equal(lanes_height(&l), 5 * 15 + 7);
	draw();
}

static void a_label_at_the_edge_is_written_backwards(void **state)
{
	struct lanes l = { .t = &t, .left = 76, .right = 800, .edge = 956 };

	(void)state;
	timeline_mark(&t, MARK_TROUBLE, 1000 * MS, 0,
		      "Kernel panic - not syncing: Attempted to kill init!");
	timeline_mark(&t, MARK_BOOT, 0, 0, "boot 1");
	l.end_ns = 1000 * MS;
	lanes_pack(&l);
	assert_true(l.places[0].back);
	assert_int_equal(l.places[0].row, 0);
	assert_false(l.places[1].back);
	assert_int_equal(l.places[1].row, 0);
}

static void the_pen_draws_turns_and_nothing_else(void **state)
{
	char *d;
	size_t size;
	struct pen pen = { .out = open_memstream(&d, &size) };

	(void)state;
	for (int i = 0; i <= 100; i++)
		pen_to(&pen, i, i <= 50 ? 0 : (i - 50) * 2);
	pen_up(&pen);
	pen_up(&pen);
	pen_to(&pen, 200, 5);
	pen_up(&pen);
	fclose(pen.out);
	assert_string_equal(d, "M0.0 0.0L50.0 0.0L100.0 100.0M200.0 5.0h.1");
	free(d);
}

static void a_full_disk_is_an_error(void **state)
{
	FILE *f = fopen("/dev/full", "we");

	(void)state;
	add(0, 0);
	assert_int_equal(plot_svg(&t, f), -ENOSPC);
	assert_has_words("write: ");
	fclose(f);
}

static void the_file_stands_alone(void **state)
{
	(void)state;
	add(0, 0);
	draw();
	assert_true(strncmp(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" ",
			    40) == 0);
	assert_non_null(strstr(svg, "prefers-color-scheme:dark"));
	assert_int_equal(count("http"), 1); /* nothing to fetch */
	assert_int_equal(count("<script"), 0);
	assert_int_equal(count("url("), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_run_without_samples_is_drawn_as_such),
		CASE(marks_need_no_samples),
		CASE(each_cpu_has_a_band_with_three_lines),
		CASE(one_cpu_is_one_vcpu),
		CASE(of_512_cpus_32_are_drawn_and_the_rest_is_counted),
		CASE(a_gap_breaks_the_line),
		CASE(the_guests_figure_is_asked_for_now_and_then),
		CASE(a_figure_that_is_never_known_has_no_line),
		CASE(a_record_that_restarts_is_a_new_line),
		CASE(a_forged_record_does_not_flatten_the_others),
		CASE(exits_are_an_area_of_averages),
		CASE(unknown_exits_are_left_out),
		CASE(a_long_run_is_a_small_picture),
		CASE(hostile_text_is_escaped),
		CASE(rivals_are_a_shade_and_trouble_a_red_line),
		CASE(no_label_covers_another),
		CASE(a_label_at_the_edge_is_written_backwards),
		CASE(the_pen_draws_turns_and_nothing_else),
		CASE(a_full_disk_is_an_error),
		CASE(the_file_stands_alone),
	};

	return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
