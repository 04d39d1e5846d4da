/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "cmd/top_book.h"
#include "cmd/top_view.h"
#include "guests.h"
#include "util/util.h"

static struct top_book book;
static struct top_look look;
static struct top_page page;
static char text[65536];
static struct left before;

static void answer(struct top_guest *g, struct ctl_stat s)
{
	assert_int_equal(top_answer(&book, g, &s), 0);
}

/* Two guests of which one suffers, and one that says nothing any more. */
static int set_up(void **state)
{
	static const char *const names[] = { "build-7", "web", "db.example" };

	(void)state;
	before = left_now();
	look = (struct top_look){ .interval_ns = SECOND_NS };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(top_add(&book, names[i]), 0);
	for (unsigned t = 0; t < 12; t++) {
		struct ctl_stat s = idle_guest(4711, 2, 8000 + t);

		top_round(&book);
		for (unsigned i = 0; i <= t; i++) {
			busy_vcpu(&s, 0, 1, 40, i * 5, 0);
			busy_vcpu(&s, 1, 1, 75, 25, 24);
		}
		s.vcpus[1].steal_permille = 250;
		answer(book.guests[0], s);
		s = idle_guest(812, 1, 30 + t);
		s.memory = 0x60000000;
		strcpy(s.state, "paused");
		answer(book.guests[1], s);
		if (t > 3)
			continue;
		answer(book.guests[2], idle_guest(99, 1, 864000 * 2 + t));
	}
	book.guests[2]->state = TOP_SILENT;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	top_fini(&book);
	assert_nothing_left(before);
	return 0;
}

/* The page as text; each line keeps the promises that all of them make. */
static const char *draw(unsigned columns, unsigned rows)
{
	char line[TOP_LINE_MAX];

	look.columns = columns;
	look.rows = rows;
	top_page(&page, &book, &look);
	text[0] = '\0';
	for (unsigned n = 0; n < top_page_lines(&page); n++) {
		top_page_line(&page, n, line);
		strcat(strcat(text, line), "\n");
	}
	return text;
}

static void every_column_has_its_place_where_there_is_room(void **state)
{
	(void)state;
	assert_string_equal(
		draw(79, 11),
		"3 guests, 4 vCPUs, 1 without answer; by stolen time, every 1 s; ? helps\n"
		"GUEST          PID STATE     CPUS   MEM     UP   RUN% STOLEN%\n"
		"build-7       4711 running      2    1G  2h13m  115.0    41.0       *******%%%%\n"
		"  vCPU 0    idle   5.0%  held   0.0%             40.0    57.9       +***%%%####\n"
		"  vCPU 1    idle   0.0%  held  24.0% of  25.0%   75.0    25.0       ***********\n"
		"web            812 paused       1  1.5G    41s    0.0     0.0       ...........\n"
		"  vCPU 0    idle 100.0%  held   0.0%              0.0     0.0       ...........\n"
		"db.example      99 no answer    1    1G    20d      -       -       ...\n"
		"  vCPU 0                                            -       -       ...\n"
		"\n"
		"\n");
}

static void a_narrow_page_leaves_out_what_is_least_important(void **state)
{
	(void)state;
	assert_string_equal(draw(39, 10),
			    "3 guests, 4 vCPUs, 1 without answer; by\n"
			    "GUEST     STATE     CPUS   RUN% STOLEN%\n"
			    "build-7   running      2  115.0    41.0\n"
			    "  vCPU 0   idle   5.0%     40.0    57.9\n"
			    "  vCPU 1   idle   0.0%     75.0    25.0\n"
			    "web       paused       1    0.0     0.0\n"
			    "  vCPU 0   idle 100.0%      0.0     0.0\n"
			    "db.examp~ no answer    1      -       -\n"
			    "  vCPU 0                      -       -\n"
			    "\n");
	look.fold = true;
	assert_string_equal(draw(18, 5), "3 guests, 4 vCPUs,\n"
					 "GUEST      STOLEN%\n"
					 "build-7       41.0\n"
					 "web            0.0\n"
					 "db.example       -\n");
	assert_string_equal(draw(4, 3), "GUES\nbuil\nweb\n");
}

static void a_low_page_is_all_guests(void **state)
{
	(void)state;
	look.fold = true;
	assert_string_equal(draw(18, 3), "GUEST      STOLEN%\n"
					 "build-7       41.0\n"
					 "web            0.0\n");
	assert_string_equal(draw(18, 1), "build-7       41.0\n");
	/* help is asked for, and has a line where there are two */
	look.help = true;
	assert_string_equal(draw(18, 1), "build-7       41.0\n");
	assert_string_equal(draw(18, 2), "build-7       41.0\n"
					 "q ends  s sorts  v\n");
}

static void text_has_no_end_and_no_graph(void **state)
{
	(void)state;
	look.wall_s = 1767225599;
	assert_string_equal(
		draw(0, 0),
		"3 guests, 4 vCPUs, 1 without answer, 2025-12-31 23:59:59 UTC\n"
		"GUEST          PID STATE     CPUS   MEM     UP   RUN% STOLEN%\n"
		"build-7       4711 running      2    1G  2h13m  115.0    41.0\n"
		"  vCPU 0    idle   5.0%  held   0.0%             40.0    57.9\n"
		"  vCPU 1    idle   0.0%  held  24.0% of  25.0%   75.0    25.0\n"
		"web            812 paused       1  1.5G    41s    0.0     0.0\n"
		"  vCPU 0    idle 100.0%  held   0.0%              0.0     0.0\n"
		"db.example      99 no answer    1    1G    20d      -       -\n"
		"  vCPU 0                                            -       -\n");
}

static void no_guest_at_all_is_said(void **state)
{
	(void)state;
	top_fini(&book);
	assert_string_equal(
		draw(79, 5),
		"0 guests, 0 vCPUs; by stolen time, every 1 s; ? helps\n"
		"GUEST          PID STATE     CPUS   MEM     UP   RUN% STOLEN%\n"
		"no guest runs\n\n\n");
	assert_string_equal(
		draw(0, 0),
		"0 guests, 0 vCPUs; by stolen time, every 1 s\n"
		"GUEST          PID STATE     CPUS   MEM     UP   RUN% STOLEN%\n"
		"no guest runs\n");
}

static void help_is_at_the_bottom(void **state)
{
	(void)state;
	look.help = true;
	assert_string_equal(
		strstr(draw(79, 12), "\nq "),
		"\nq ends  s sorts  v folds vCPUs  + - interval  arrows PgUp PgDn scroll\n"
		"stolen, held (by us, \"of\" what we were told to): of the time wanted\n"
		"run, idle: of all time; at first, since the guest began\n"
		"graph: stolen% . <0.5 : <2 - <5 = <10 + <20 * <35 % <50 # more\n");
	look.rows = 11;
	assert_null(strstr(draw(79, 11), "graph:"));
}

static void scrolling_ends_where_the_list_does(void **state)
{
	(void)state;
	assert_non_null(strstr(draw(120, 5), "; 1-3 of 7;"));
	look.scroll = 2;
	assert_non_null(strstr(draw(120, 5), "; 3-5 of 7;"));
	assert_null(strstr(text, "build-7 "));
	look.scroll = UINT32_MAX;
	assert_non_null(strstr(draw(120, 5), "; 5-7 of 7;"));
	assert_int_equal(page.scroll, 4);
	look.fold = true;
	assert_null(strstr(draw(120, 5), " of 7"));
	assert_int_equal(page.scroll, 0);
}

static void the_title_says_what_the_order_is(void **state)
{
	(void)state;
	look.sort = TOP_BY_NAME;
	look.interval_ns = SECOND_NS / 2;
	assert_non_null(strstr(draw(79, 5), "; by name, every 0.5 s;"));
	look.sort = TOP_BY_CPU;
	assert_non_null(strstr(draw(79, 5), "; by CPU time, every 0.5 s;"));
}

static void a_guest_that_is_gone_or_not_clear_is_said_to_be(void **state)
{
	(void)state;
	top_sort(&book, TOP_BY_NAME);
	book.guests[0]->state = TOP_WRONG;
	book.guests[1]->state = TOP_NEW;
	book.guests[2]->state = TOP_ABSENT;
	look.fold = true;
	assert_string_equal(
		draw(0, 0),
		"2 guests, 3 vCPUs, 1 without answer; by stolen time, every 1 s\n"
		"GUEST          PID STATE     CPUS   MEM     UP   RUN% STOLEN%\n"
		"build-7       4711 not clear    2    1G  2h13m      -       -\n"
		"db.example      99 ...          1    1G    20d      -       -\n"
		"web              - no guest     -     -      -      -       -\n");
	look.fold = false;
	assert_null(strstr(strstr(draw(79, 9), "web"), "vCPU"));
}

static void a_graph_is_as_long_as_there_is_room(void **state)
{
	struct top_guest *g = top_find(&book, "web");

	(void)state;
	for (unsigned i = 0; i < TOP_PAST; i++)
		g->past[(book.round + 1 + i) % TOP_PAST] =
			(uint16_t)(i * 1000 / TOP_PAST);
	look.fold = true;
	assert_non_null(strstr(draw(160, 5),
			       " 0.0     0.0 .:-===++++++*********%%%%%%%%%"
			       "##############################\n"));
	/* the latest of them, where there is less */
	assert_non_null(strstr(draw(79, 5), " 0.0 #################\n"));
}

static void blocks_are_of_the_same_heights_as_letters(void **state)
{
	(void)state;
	look.utf8 = true;
	draw(79, 11);
	assert_non_null(strstr(text, " 57.9       ▅▆▆▆▇▇▇████\n"));
	assert_non_null(strstr(text, " 0.0       ▁▁▁▁▁▁▁▁▁▁▁\n"));
}

static void colours_tell_how_bad_it_is(void **state)
{
	(void)state;
	look.colour = true;
	assert_string_equal(
		draw(79, 5),
		"3 guests, 4 vCPUs, 1 without answer; by stolen time, every 1 s; 1-3 of 7; ? hel\n"
		"\033[0;7mGUEST          PID STATE     CPUS   MEM     UP   RUN% STOLEN%                  \033[0m\n"
		"\033[0;1mbuild-7\033[0m       4711 running      2    1G  2h13m  115.0"
		"\033[0;1;31m    41.0       *******%%%%\033[0m\n"
		"  vCPU 0    idle   5.0%  held   0.0%             40.0"
		"\033[0;1;31m    57.9\033[0;33m       +\033[0;1;31m***%%%####\033[0m\n"
		"  vCPU 1    idle   0.0%  held  24.0% of  25.0%   75.0"
		"\033[0;1;31m    25.0       ***********\033[0m\n");
}

static void sizes_and_times_fit_their_columns(void **state)
{
	static const struct {
		uint64_t memory, uptime_s;
		const char *want;
	} cases[] = {
		{ 0, 0, "    0B     0s " },
		{ 1023, 99, " 1023B    99s " },
		{ 64 << 10, 100, "   64K  1m40s " },
		{ 1 << 20, 5999, "    1M 99m59s " },
		{ 1536 << 20, 6000, "  1.5G  1h40m " },
		{ UINT64_C(10752) << 20, 359999, "   10G 99h59m " },
		{ UINT64_C(3) << 40, 360000, "    3T     4d " },
		{ UINT64_MAX, UINT64_MAX / SECOND_NS, "   15E 21350~ " },
	};
	struct top_guest *g = top_find(&book, "web");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		g->stat.memory = cases[i].memory;
		g->stat.uptime_ns = cases[i].uptime_s * SECOND_NS;
		if (!strstr(draw(79, 11), cases[i].want))
			print_error("%s", text);
		assert_non_null(strstr(text, cases[i].want));
	}
}

static void more_cpus_than_ten_are_run_in_whole_percents(void **state)
{
	(void)state;
	top_find(&book, "web")->now.run = 9999;
	assert_non_null(strstr(draw(79, 11), "   41s  999.9     0.0 "));
	top_find(&book, "web")->now.run = 512000;
	assert_non_null(strstr(draw(79, 11), "   41s  51200     0.0 "));
}

/* Of a line: printable, but for colours and blocks; its width. */
static unsigned measure(const char *line)
{
	unsigned width = 0;

	for (; *line && *line != '\n'; line++) {
		if (*line == '\033') {
			line += strspn(line + 1, "[0123456789;") + 1;
			assert_int_equal(*line, 'm');
			continue;
		}
		if (*line == '\xe2') {
			assert_int_equal(line[1], '\x96');
			line += 2;
		} else {
			assert_true(*line >= ' ' && *line <= '~');
		}
		width++;
	}
	return width;
}

static void no_line_is_ever_wider_than_the_page(void **state)
{
	(void)state;
	memset(book.guests[0]->name, 'w', CTL_NAME_MAX);
	strcpy(book.guests[1]->stat.state, "\033[2J\r\n\xff");
	for (unsigned mode = 0; mode < 16; mode++) {
		look.fold = mode & 1;
		look.help = mode & 2;
		look.colour = mode & 4;
		look.utf8 = mode & 8;
		for (unsigned columns = 1; columns < 300;
		     columns += columns < 100 ? 1 : 37) {
			for (unsigned rows = 1; rows < 20; rows++) {
				const char *line = draw(columns, rows);
				unsigned n = 0;

				for (; *line; n++) {
					unsigned width = measure(line);

					assert_true(width <= columns);
					line = strchr(line, '\n') + 1;
					assert_true(look.colour || width == 0 ||
						    line[-2] != ' ');
				}
				assert_int_equal(n, rows);
			}
		}
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_column_has_its_place_where_there_is_room),
		CASE(a_narrow_page_leaves_out_what_is_least_important),
		CASE(a_low_page_is_all_guests),
		CASE(text_has_no_end_and_no_graph),
		CASE(no_guest_at_all_is_said),
		CASE(help_is_at_the_bottom),
		CASE(scrolling_ends_where_the_list_does),
		CASE(the_title_says_what_the_order_is),
		CASE(a_guest_that_is_gone_or_not_clear_is_said_to_be),
		CASE(a_graph_is_as_long_as_there_is_room),
		CASE(blocks_are_of_the_same_heights_as_letters),
		CASE(colours_tell_how_bad_it_is),
		CASE(sizes_and_times_fit_their_columns),
		CASE(more_cpus_than_ten_are_run_in_whole_percents),
		CASE(no_line_is_ever_wider_than_the_page),
	};

	return cmocka_run_group_tests_name("top_view", tests, NULL, NULL);
}
