/* JSON trees: strict reading, order kept, limits. */
#include "tests/test.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#include <math.h>
#include <sys/resource.h>

static struct json *parse(const char *text)
{
	struct error e = { 0 };
	struct json *j = json_parse(text, strlen(text), &e);

	if (!CHECK(j != NULL))
		printf("# %s\n", e.what);
	return j;
}

static void writes(const struct json *j, const char *want)
{
	struct str s = STR_INIT;

	json_write(j, &s);
	CHECK_STR(s.buf, want);
	str_release(&s);
}

static void round_trip(void)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"null",
		"true",
		"-9223372036854775808",
		"9223372036854775807",
		"0.1",
		"\"\"",
		"\"ü€🐧\"",
		"{\"z\":1,\"a\":2,\"m\":[1,2,{\"y\":null,\"b\":false}]}",
		"\"\\u001b[31m\"",
		"\"a\\\"b\\\\c\\n\"",
		"{\"\":{\"\":0}}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json *j = parse(texts[i]);
		struct str s = STR_INIT;

		json_write(j, &s);
		/* jansson may write control characters in capitals */
		CHECK(strcasecmp(s.buf, texts[i]) == 0);
		str_release(&s);
		json_free(j);
	}
}

static void refused(void)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"[1,]",
		"{\"a\":1,}",
		"{a:1}",
		"'a'",
		"{} {}",
		"{}x",
		"[1 2]",
		"01",
		"+1",
		"nul",
		"NaN",
		"{\"a\":1,\"a\":2}",
		"\"\xff\"",
		"\"\xed\xa0\x80\"",
		"\"\xc0\xaf\"",
		"\"\\ud800\"",
		"\"\\u0000\"",
		"\"\x01\"",
		"\"abc",
		"9223372036854775808",
		"1e999",
		"]]]]",
		"// x\n{}",
		"\xef\xbb\xbf{}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error e = { 0 };
		struct json *j = json_parse(bad[i], strlen(bad[i]), &e);

		if (!CHECK(j == NULL))
			printf("# for %s\n", bad[i]);
		CHECK_INT(e.kind, ERROR_PROTOCOL);
		CHECK(strncmp(e.what, "bad JSON at line ", 17) == 0);
		json_free(j);
	}
	CHECK(json_parse("{}\0", 3, NULL) == NULL);
	CHECK(json_parse("{\"a\":1}", 6, NULL) == NULL);
}

static void errors_are_printable(void)
{
	static const char text[] = "{\"a\": \x1b[2J\x07";
	struct error e = { 0 };

	CHECK(json_parse(text, sizeof(text) - 1, &e) == NULL);
	for (char *p = e.what; *p; p++)
		CHECK((unsigned char)*p >= 0x20);
}

static void nested(char open, char close, int depth, bool good)
{
	struct str s = STR_INIT;
	struct error e = { 0 };
	struct json *j;

	for (int i = 0; i < depth; i++)
		str_addf(&s, open == '{' && i + 1 < depth ? "{\"a\":" : "%c", open);
	for (int i = 0; i < depth && close; i++)
		str_addc(&s, close);
	j = json_parse(s.buf, s.len, &e);
	if (!CHECK((j != NULL) == good))
		printf("# %d of %c: %s\n", depth, open, e.what);
	json_free(j);
	str_release(&s);
}

static void nesting(void)
{
	struct json *j;

	nested('[', ']', 200, true);
	nested('[', ']', 201, false);
	nested('{', '}', 200, true);
	nested('{', '}', 201, false);
	nested('[', 0, 10000000, false);
	/* brackets in strings and side by side are not depth */
	struct str s = STR_INIT;
	str_add(&s, "[\"\\\"");
	for (int i = 0; i < 500; i++)
		str_add(&s, "[{");
	str_add(&s, "\\\\\"");
	for (int i = 0; i < 500; i++)
		str_add(&s, ",[{}]");
	str_add(&s, "]");
	j = parse(s.buf);
	CHECK_INT(json_size(j), 501);
	json_free(j);
	str_release(&s);
}

/* What a parsed answer takes at most, whatever is in it: 32 MiB of one kind of value after the other. */
static void memory(void)
{
	static const char *const kinds[] = { "{}", "[]", "{\"a\":1}", "[[1]]", "\"\"", "1", "{\"a\":{\"b\":{}}}" };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	const long limit_kb = 4000 << 10;
#else
	const long limit_kb = 256 << 10;
#endif
	struct rusage usage;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (int full = 0; full < 2; full++) {
			size_t max = full ? 32u << 20 : 1000000, values = 0;
			struct error e = { 0 };
			struct str s = STR_INIT;
			struct json *j;

			str_add(&s, "[");
			for (const char *p = kinds[i]; *p; p++)
				values += *p == '{' || *p == '[' || *p == ',';
			for (size_t n = 1; full ? s.len + 40 < max : (n + 1) * (values + 1) < max; n++)
				str_addf(&s, "%s,", kinds[i]);
			str_addf(&s, "%s]", kinds[i]);
			j = json_parse(s.buf, s.len, &e);
			CHECK((j == NULL) == full);
			CHECK(!full || strstr(e.what, "more than 1000000 values"));
			json_free(j);
			str_release(&s);
		}
	getrusage(RUSAGE_SELF, &usage);
	if (!CHECK(usage.ru_maxrss < limit_kb))
		printf("# %ld KiB\n", usage.ru_maxrss);
}

static void paths(void)
{
	struct json *j =
		parse("{\"metadata\":{\"name\":\"cp1\",\"labels\":{\"kubernetes.io/os\":\"linux\",\"a\\\\b\":\"c\"}},"
		      "\"items\":[{\"n\":1},{\"n\":2}],\"t\":true,\"x\":null,\"r\":1.5,\"0\":\"zero\"}");

	CHECK_STR(json_get_str(j, "metadata.name", NULL), "cp1");
	CHECK_STR(json_get_str(j, "metadata.labels.kubernetes\\.io/os", NULL), "linux");
	CHECK_STR(json_get_str(j, "metadata.labels.a\\\\b", NULL), "c");
	CHECK_STR(json_get_str(j, "metadata.labels.kubernetes.io/os", "none"), "none");
	CHECK_STR(json_get_str(j, "0", NULL), "zero");
	CHECK_INT(json_get_int(j, "items.1.n", 0), 2);
	CHECK_INT(json_get_int(j, "items.2.n", -7), -7);
	CHECK_INT(json_get_int(j, "items.-1.n", -7), -7);
	CHECK_INT(json_get_int(j, "items.1x.n", -7), -7);
	CHECK_INT(json_get_int(j, "items..n", -7), -7);
	CHECK_INT(json_get_int(j, "items.99999999999999999999.n", -7), -7);
	CHECK(json_get_bool(j, "t", false));
	/* another type is as good as missing */
	CHECK_INT(json_get_int(j, "metadata.name", 5), 5);
	CHECK_STR(json_get_str(j, "t", "d"), "d");
	CHECK(json_get_bool(j, "x", true));
	CHECK(!json_get(j, "metadata.name.deeper"));
	CHECK(!json_get(NULL, "a"));
	CHECK(!json_get(j, ""));
	CHECK_INT(json_size(json_get(j, "items")), 2);
	CHECK_INT(json_size(json_get(j, "t")), 0);
	CHECK_INT(json_size(NULL), 0);
	CHECK_INT(json_get_int(json_at(json_get(j, "items"), 0), "n", 0), 1);
	CHECK(!json_at(json_get(j, "items"), 2));
	CHECK(json_is_array(json_get(j, "items")) && json_is_object(j) && json_is_string(json_get(j, "0")));
	CHECK(!json_is_array(NULL) && !json_is_object(NULL) && !json_is_string(NULL));
	json_free(j);
	json_free(NULL);
}

static void building(void)
{
	struct json *j = json_object(), *list;

	json_set_str(j, "kind", "Node");
	json_set_str(j, "none", NULL);
	json_set_int(j, "n", 1);
	json_set_bool(j, "b", false);
	json_set(j, "r", json_real(0.5));
	json_set(j, "nan", json_real(NAN));
	list = json_set(j, "list", json_array());
	json_add(list, json_string("a"));
	json_add(list, json_null());
	json_add(list, json_bool(true));
	/* replacing keeps the place */
	json_set_int(j, "kind", 2);
	writes(j, "{\"kind\":2,\"none\":null,\"n\":1,\"b\":false,\"r\":0.5,\"nan\":null,\"list\":[\"a\",null,true]}");
	struct json *copy = json_copy(j);
	json_set_str(j, "kind", "changed");
	json_add(list, json_int(9));
	writes(copy,
		"{\"kind\":2,\"none\":null,\"n\":1,\"b\":false,\"r\":0.5,\"nan\":null,\"list\":[\"a\",null,true]}");
	json_free(copy);
	json_free(j);
}

static void bytes_that_are_not_utf8(void)
{
	struct json *j = json_object(), *back;
	struct str s = STR_INIT;

	json_set_str(j, "v",
		"a\xff"
		"b");
	json_set_str(j, "k\xfe", "x");
	json_set_str(j, "last", "there");
	writes(j, "{\"v\":\"a?b\",\"k?\":\"x\",\"last\":\"there\"}");
	json_write(j, &s);
	back = parse(s.buf);
	CHECK_INT(json_size(back), 3);
	json_free(back);
	json_free(j);
	str_release(&s);
}

static void pretty(void)
{
	struct json *j = parse("{\"a\":[1,2],\"b\":{}}");
	struct str s = STR_INIT;

	json_write_pretty(j, &s);
	CHECK_STR(s.buf, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}\n");
	json_free(j);
	str_release(&s);
}

static void merging(void)
{
	struct json *dst = parse("{\"a\":1,\"o\":{\"x\":1,\"y\":{\"z\":1}},\"l\":[1,2]}");
	struct json *src =
		parse("{\"o\":{\"y\":{\"w\":2},\"x\":null},\"l\":[3],\"a\":{\"now\":\"object\"},\"new\":true}");

	json_merge(dst, src);
	writes(dst, "{\"a\":{\"now\":\"object\"},\"o\":{\"x\":null,\"y\":{\"z\":1,\"w\":2}},\"l\":[3],\"new\":true}");
	/* nothing is shared with src */
	struct json *more = parse("{\"a\":{\"now\":\"changed\"}}");
	json_merge(dst, more);
	CHECK_STR(json_get_str(dst, "a.now", NULL), "changed");
	CHECK_STR(json_get_str(src, "a.now", NULL), "object");
	json_free(src);
	json_free(more);
	json_free(dst);
}

static void collect(const char *key, const struct json *value, void *ctx)
{
	str_addf(ctx, "%s=%s;", key, json_is_string(value) ? "text" : "other");
}

static void each(void)
{
	struct json *j = parse("{\"z\":\"1\",\"a\":2,\"m\":\"3\"}");
	struct str s = STR_INIT;

	json_each(j, collect, &s);
	CHECK_STR(s.buf, "z=text;a=other;m=text;");
	json_free(j);
	str_release(&s);
}

static const struct test tests[] = {
	{ "round trip", round_trip },
	{ "refused", refused },
	{ "errors are printable", errors_are_printable },
	{ "nesting", nesting },
	{ "memory is bounded", memory },
	{ "paths", paths },
	{ "building", building },
	{ "bytes that are not UTF-8", bytes_that_are_not_utf8 },
	{ "pretty", pretty },
	{ "merging", merging },
	{ "each", each },
};
TEST_MAIN(tests)
