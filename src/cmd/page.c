/* SPDX-License-Identifier: BSD-2-Clause */
/* page.c - a verdict as one HTML file. */
#include <string.h>
#include <time.h>

#include "cmd/plot.h"
#include "cmd/report.h"
#include "cmd/text.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"

static const char head[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
	"'none'; style-src 'unsafe-inline'; img-src data:\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, "
	"initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n";

static const char style[] =
	"<style>\n"
	":root{--paper:#fff;--back:#f6f8fa;--ink:#1f2328;--soft:#59636e;"
	"--line:#d1d9e0;--good:#1a7f37;--bad:#c4211d;--on:#fff;"
	"--badrow:#fff0ee;color-scheme:light dark}\n"
	"@media (prefers-color-scheme:dark){:root{--paper:#0d1117;"
	"--back:#161b22;--ink:#e6edf3;--soft:#9aa5b1;--line:#30363d;"
	"--good:#56d364;--bad:#ff7b72;--on:#0d1117;--badrow:#2d1417}}\n"
	"*{box-sizing:border-box}"
	"body{margin:0;background:var(--back);color:var(--ink);"
	"font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,"
	"'Liberation Sans',sans-serif}"
	"header,main,footer{max-width:66rem;margin:0 auto;padding:0 1rem}"
	"header{padding-top:1.5rem}"
	"h1{margin:0;font-size:1.15rem;line-height:1.4;font-weight:600;"
	"overflow-wrap:anywhere}"
	".class{display:inline-block;margin-right:.6rem;padding:.05rem .6rem;"
	"border-radius:.3rem;background:var(--bad);color:var(--on);"
	"text-transform:uppercase;letter-spacing:.04em}"
	".good .class{background:var(--good)}"
	"header p{margin:.4rem 0 0;color:var(--soft)}"
	"section{margin:1.25rem 0;padding:.9rem 1rem 1rem;"
	"background:var(--paper);border:1px solid var(--line);"
	"border-radius:.5rem}"
	"h2{margin:0 0 .6rem;font-size:.95rem;font-weight:600}\n"
	"dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min("
	"18rem,100%),1fr));gap:.6rem 1.5rem;margin:0}"
	"dt{color:var(--soft);font-size:.8rem}"
	"dd{margin:0;overflow-wrap:anywhere}"
	"dl .wide{grid-column:1/-1}\n"
	"table{width:100%;border-collapse:collapse}"
	"th{padding:.2rem .8rem .3rem 0;text-align:left;color:var(--soft);"
	"font-size:.8rem;font-weight:400;border-bottom:1px solid var(--line)}"
	"td{padding:.4rem .8rem .4rem 0;vertical-align:baseline;"
	"border-bottom:1px solid var(--line);overflow-wrap:anywhere}"
	"tr:last-child td{border-bottom:0}"
	"td:first-child,th:first-child{padding-left:.5rem}"
	"th:last-child{width:100%}"
	".num{text-align:right;white-space:nowrap;"
	"font-variant-numeric:tabular-nums}"
	".state{font-weight:600;white-space:nowrap}"
	".name{white-space:nowrap}"
	".ok .state{color:var(--good)}"
	"tr.bad .state{color:var(--bad)}"
	"tr.bad td{background:var(--badrow)}"
	".dim td{color:var(--soft)}"
	".what{color:var(--soft)}"
	"small{font-size:.85rem}\n"
	"code,pre,.name{font-family:ui-monospace,SFMono-Regular,Menlo,"
	"'DejaVu Sans Mono','Liberation Mono',monospace;font-size:.85em}"
	"pre{margin:0;line-height:1.45;white-space:pre-wrap;"
	"overflow-wrap:anywhere}"
	".plot{overflow-x:auto}"
	".plot svg{display:block;width:100%;min-width:46rem;height:auto}"
	"footer{padding-bottom:2rem;color:var(--soft);font-size:.8rem}\n"
	"@media (max-width:44rem){"
	"thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;"
	"overflow:hidden}"
	"tr{display:grid;grid-template-columns:4.8rem 1fr auto;align-items:baseline;"
	"padding:.4rem 0;border-bottom:1px solid var(--line)}"
	"tr:last-child{border-bottom:0}"
	"td,td:first-child{padding:.05rem .5rem;border:0}"
	".boot{display:none}"
	".seen{grid-column:2/-1}"
	"tr.bad{background:var(--badrow)}}\n"
	"@media print{body{background:none;font-size:11px}"
	"section{break-inside:avoid;border-color:#ccc}"
	".class,tr.bad td{-webkit-print-color-adjust:exact;"
	"print-color-adjust:exact}"
	".plot svg{min-width:0}}\n"
	"</style>\n";

static void put(FILE *out, const char *s)
{
	text_markup(out, s, strlen(s));
}

static void put_head(const struct verdict *v, FILE *out)
{
	bool good = v->class == VERDICT_GOOD;

	fputs(head, out);
	fprintf(out, "<title>%s: ", verdict_word(v->class));
	put(out, v->release[0] ? v->release : v->kernel);
	fprintf(out, " - pvtime-vmm test</title>\n");
	fputs(style, out);
	fprintf(out,
		"</head>\n<body>\n<header class=\"%s\">\n"
		"<h1><span class=\"class\">%s</span>",
		good ? "good" : "bad", verdict_word(v->class));
	put(out, v->why[0] ? v->why : good ? "all is as it should be" : "");
	fprintf(out, "</h1>\n<p>");
	put(out, v->release[0] ? v->release : v->kernel);
	fprintf(out, ": ");
	verdict_counts_print(v, out);
	fprintf(out, "</p>\n</header>\n<main>\n");
}

static void put_fact(FILE *out, const char *name, const char *value, bool wide)
{
	if (!*value)
		return;
	fprintf(out, "<div%s><dt>%s</dt><dd>", wide ? " class=\"wide\"" : "",
		name);
	put(out, value);
	fprintf(out, "</dd></div>\n");
}

static void put_facts(const struct verdict *v, FILE *out)
{
	time_t wall = (time_t)v->wall_s;
	char text[64], took[TEXT_TIME_MAX];
	struct tm tm;

	fprintf(out, "<section>\n<h2>What was tested</h2>\n<dl>\n");
	put_fact(out, "Kernel", v->kernel, false);
	put_fact(out, "Release", v->release, false);
	snprintf(text, sizeof(text), "%u vCPU%s, %llu MiB", v->nr_cpus,
		 v->nr_cpus == 1 ? "" : "s",
		 (unsigned long long)(v->ram_size >> 20));
	put_fact(out, "Machine", text, false);
	put_fact(out, "Stolen time", v->provider, false);
	put_fact(out, "Host", v->host, false);
	if (gmtime_r(&wall, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) > 0)
		put_fact(out, "Begun", text, false);
	if (v->boot_ns > 0)
		put_fact(out, "Start to user space",
			 text_time(took, v->boot_ns), false);
	put_fact(out, "In all", text_time(took, v->took_ns), false);
	snprintf(text, sizeof(text), "%u", v->boots);
	put_fact(out, "Kernels begun", text, false);
	snprintf(text, sizeof(text), "%d", verdict_status(v));
	put_fact(out, "Exit status", text, false);
	put_fact(out, "Kernel command line", v->params, true);
	fprintf(out, "</dl>\n</section>\n");
}

static void put_test(const struct verdict *v, const struct test_result *t,
		     FILE *out)
{
	static const struct {
		const char *class, *word;
	} looks[] = {
		[TEST_WAITING] = { "dim", "not run" },
		[TEST_OK] = { "ok", "ok" },
		[TEST_BAD] = { "bad", "FAIL" },
		[TEST_SKIPPED] = { "dim", "skipped" },
	};
	enum test_state state = verdict_state(v, t);
	char why[VERDICT_TEXT_MAX], took[TEXT_TIME_MAX];

	fprintf(out,
		"<tr class=\"%s\"><td class=\"state\">%s</td>"
		"<td class=\"name\">",
		looks[state].class, looks[state].word);
	put(out, t->name);
	fprintf(out, "</td><td class=\"num boot\">");
	if (t->boot > 0)
		fprintf(out, "%u", t->boot);
	fprintf(out, "</td><td class=\"num\">");
	if (t->took_ns > 0)
		fprintf(out, "%s", text_time(took, t->took_ns));
	fprintf(out, "</td><td class=\"seen\">");
	put(out, t->what);
	verdict_why(v, t, why);
	if (*why && state != TEST_WAITING) {
		fprintf(out, "<br><small class=\"what\">");
		put(out, why);
		fprintf(out, "</small>");
	}
	fprintf(out, "</td></tr>\n");
}

static void put_tests(const struct verdict *v, FILE *out)
{
	if (v->nr_tests == 0)
		return;
	fprintf(out, "<section>\n<h2>Tests</h2>\n<table>\n"
		     "<thead><tr><th scope=\"col\">Result</th>"
		     "<th scope=\"col\">Test</th>"
		     "<th scope=\"col\" class=\"num\">Boot</th>"
		     "<th scope=\"col\" class=\"num\">Time</th>"
		     "<th scope=\"col\">What was seen</th></tr></thead>\n"
		     "<tbody>\n");
	for (unsigned i = 0; i < v->nr_tests; i++)
		put_test(v, &v->tests[i], out);
	fprintf(out, "</tbody>\n</table>\n</section>\n");
}

static void put_text(const char *title, const char *text, FILE *out)
{
	if (!text || !*text)
		return;
	fprintf(out, "<section>\n<h2>%s</h2>\n<pre>", title);
	put(out, text);
	fprintf(out, "</pre>\n</section>\n");
}

int report_page(const struct verdict *v, const struct timeline *t, FILE *out)
{
	int rc;

	put_head(v, out);
	put_text("Where each vCPU is", v->where, out);
	/* Who reads of trouble wants to see what came before it. */
	if (v->class != VERDICT_GOOD)
		put_text("The console's last lines", v->tail, out);
	put_tests(v, out);
	fprintf(out, "<section>\n<h2>Time</h2>\n<div class=\"plot\" "
		     "tabindex=\"0\">\n");
	rc = plot_svg(t, out);
	if (rc < 0)
		return rc;
	fprintf(out, "</div>\n</section>\n");
	put_facts(v, out);
	if (v->class == VERDICT_GOOD)
		put_text("The console's last lines", v->tail, out);
	fprintf(out, "</main>\n<footer>pvtime-vmm " VERSION
		     " test</footer>\n</body>\n</html>\n");
	return text_done(out);
}
