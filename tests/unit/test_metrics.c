/* One metric out of Prometheus' text: what is malformed is never half of a statement, and other metrics are passed over. */
#include "base/str.h"
#include "cluster/metrics.h"
#include "tests/test.h"

static const struct {
	const char *line;
	int rc;
	size_t labels;
	const char *a; /* the label a */
	double value;
} lines[] = {
	{ "m 1", 1, 0, "", 1 },
	{ "m{} 1", 1, 0, "", 1 },
	{ "m{a=\"x\"} 1", 1, 1, "x", 1 },
	{ "m{a=\"x\",b=\"y\"} 2.5e3 1700000000000", 1, 2, "x", 2500 },
	{ "m { a = \"x\" , b=\"\" , } +Inf", 1, 2, "x", __builtin_inf() },
	{ "m{a=\"q\\\"b\\\\s\\nn\"} 0", 1, 1, "q\"b\\s\nn", 0 },
	{ "m{a=\"}, b=1\"} 1", 1, 1, "}, b=1", 1 },
	/* others */
	{ "", 0, 0, "", 0 },
	{ "# HELP m text", 0, 0, "", 0 },
	{ "mm 1", 0, 0, "", 0 },
	{ "m", 0, 0, "", 0 },
	{ "m_total{a=\"x\"} 1", 0, 0, "", 0 },
	/* malformed */
	{ "m ", -1, 0, "", 0 },
	{ "m x", -1, 0, "", 0 },
	{ "m 1 2 3", -1, 0, "", 0 },
	{ "m 1x", -1, 0, "", 0 },
	{ "m{a=\"x\" 1", -1, 0, "", 0 },
	{ "m{a=\"x} 1", -1, 0, "", 0 },
	{ "m{a=x} 1", -1, 0, "", 0 },
	{ "m{a} 1", -1, 0, "", 0 },
	{ "m{=\"x\"} 1", -1, 0, "", 0 },
	{ "m{1a=\"x\"} 1", -1, 0, "", 0 },
	{ "m{a=\"x\"b=\"y\"} 1", -1, 0, "", 0 },
	{ "m{a=\"\\t\"} 1", -1, 0, "", 0 },
	{ "m{a=\"x\\", -1, 0, "", 0 },
	{ "m{a=\"x\"}", -1, 0, "", 0 },
	{ "m{", -1, 0, "", 0 },
	{ "m{,} 1", -1, 0, "", 0 },
};

static void test_lines(void)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		/* without an end of its own */
		size_t n = strlen(lines[i].line);
		char *text = malloc(n ? n : 1);
		struct metric m = { .count = 0 };
		int before = test_failures;

		memcpy(text, lines[i].line, n);
		if (CHECK_INT(metric_line(text, n, "m", &m), lines[i].rc) && lines[i].rc == 1) {
			CHECK_INT(m.count, lines[i].labels);
			CHECK_STR(metric_label(&m, "a"), lines[i].a);
			CHECK(m.value >= lines[i].value && m.value <= lines[i].value);
			CHECK_STR(metric_label(&m, "none"), "");
		}
		if (test_failures > before)
			printf("# %s\n", lines[i].line);
		free(text);
	}
}

static void test_bounds(void)
{
	struct str line = STR_INIT;
	struct metric m;

	for (int i = 0; i <= METRIC_LABELS; i++) {
		str_clear(&line);
		str_add(&line, "m{");
		for (int k = 0; k < i; k++)
			str_addf(&line, "l%d=\"\",", k);
		str_add(&line, "} 1");
		CHECK_INT(metric_line(line.buf, line.len, "m", &m), 1);
	}
	str_clear(&line);
	str_add(&line, "m{x=\"\",");
	for (int k = 0; k < METRIC_LABELS; k++)
		str_addf(&line, "l%d=\"\",", k);
	str_add(&line, "} 1");
	CHECK_INT(metric_line(line.buf, line.len, "m", &m), -1);
	for (int size = METRIC_VALUE - 2; size <= METRIC_VALUE; size++) {
		str_clear(&line);
		str_addf(&line, "m{a=\"%0*d\"} 1", size, 0);
		CHECK_INT(metric_line(line.buf, line.len, "m", &m), size < METRIC_VALUE ? 1 : -1);
	}
	for (int size = METRIC_NAME - 2; size <= METRIC_NAME; size++) {
		str_clear(&line);
		str_addf(&line, "m{a%0*d=\"x\"} 1", size - 1, 0);
		CHECK_INT(metric_line(line.buf, line.len, "m", &m), size < METRIC_NAME ? 1 : -1);
	}
	str_release(&line);
}

static void count(const struct metric *m, void *ctx)
{
	*(double *)ctx += m->value;
}

static void test_text(void)
{
	static const char text[] = "# TYPE m gauge\nm{a=\"1\"} 1\nn 7\nm{a=\"2\"} 2\nm{a= 3\n\nm{a=\"3\"} 4";
	double sum = 0;

	CHECK_INT(metrics_each(text, strlen(text), "m", count, &sum), 1);
	CHECK_INT((long long)sum, 7);
	CHECK_INT(metrics_each("", 0, "m", count, &sum), 0);
}

static const struct test tests[] = {
	{ "lines", test_lines },
	{ "what is larger than its place", test_bounds },
	{ "a text of many", test_text },
};
TEST_MAIN(tests)
