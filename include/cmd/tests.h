/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests.h - what a boot test consists of.
 *
 * A test is a function and a line in tests.c's table.  It asks the guest by
 * judge.h, compares, and says by one of the three functions below what it saw:
 * last call wins, none at all means that it was cut short.
 *
 * Errors:  none but what judge.h's functions return.
 * Threads: the judge's.
 */
#ifndef CMD_TESTS_H
#define CMD_TESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct judge;
struct test_result;
struct verdict;

struct test_desc {
	const char *name, *what; /* as in struct test_result */
	bool standard; /* part of a test that names none; else by name, or all */
	bool steal;    /* about stolen time */
	void (*run)(struct judge *j, struct test_result *r);
};

/* In the order in which they run. */
extern const struct test_desc tests_table[];
extern const size_t tests_table_size;

/* Bits of the table's lines. */
typedef uint64_t tests_set;

/*
 * @list: names with commas between, "all", "standard"; "-name" takes one away
 * (from the standard ones, where the list begins with that).  -EINVAL.
 */
int tests_parse(const char *list, tests_set *ret);
tests_set tests_standard(void);
bool tests_has(tests_set set, const char *name);

/* Put @set, the user's commands and init (NULL: none) into v->tests. */
void tests_plan(struct verdict *v, tests_set set, const char *const *commands,
		unsigned nr_commands, const char *init);

/* Run v->tests, one after the other, as long as it is not over. */
void tests_run(struct judge *j);

/* No end came in between: good or bad by what the tests say. */
void tests_conclude(struct verdict *v);

void test_ok(struct test_result *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void test_bad(struct test_result *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void test_skip(struct test_result *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The tests, by file. */
void test_boot(struct judge *j, struct test_result *r); /* tests_boot.c */
void test_kexec(struct judge *j, struct test_result *r);
void test_reboot(struct judge *j, struct test_result *r);
void test_init(struct judge *j, struct test_result *r);
void test_command(struct judge *j, struct test_result *r);
void test_log(struct judge *j, struct test_result *r); /* tests_log.c */
void test_pvtime_log(struct judge *j, struct test_result *r);
void test_iomem(struct judge *j, struct test_result *r);
void test_cpus(struct judge *j, struct test_result *r); /* tests_cpus.c */
void test_hotplug(struct judge *j, struct test_result *r);
void test_steal(struct judge *j, struct test_result *r); /* tests_steal.c */
void test_records(struct judge *j, struct test_result *r);
void test_scheduler(struct judge *j, struct test_result *r);
void test_idle(struct judge *j, struct test_result *r);
void test_no_steal_acc(struct judge *j, struct test_result *r);

#endif
