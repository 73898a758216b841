/* Each known failure is recognised by what the programs print, and by nothing else; the document lists them all. */
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cluster/signatures.h"
#include "tests/test.h"
#include "tests/unit/fake_logs.h"

#include <time.h>

#define HITS 16

/* In the order of the document; NULL behind the last one. */
static const struct signature *at(size_t i)
{
	for (size_t t = 0; t < signature_table_count; i -= signature_tables[t++]->count)
		if (i < signature_tables[t]->count)
			return &signature_tables[t]->list[i];
	return NULL;
}

static size_t match_text(const char *source, const char *text, size_t len, struct signature_hit *hits)
{
	const struct signature_source s = { source, text, len };

	return signatures_match(&s, 1, hits, HITS);
}

static void test_every_sample(void)
{
	struct signature_hit hits[HITS];

	for (size_t i = 0; i < fake_failure_count; i++) {
		const struct fake_line *f = &fake_failures[i];
		size_t n = match_text(f->source, f->line, strlen(f->line), hits);

		if (!CHECK_INT(n, 1) || !CHECK_STR(hits[0].signature->name, f->signature))
			for (size_t k = 0; k < n || k == 0; k++)
				printf("# %s: %s: %s\n", f->signature, n ? hits[k].signature->name : "nothing",
					f->line);
		else
			CHECK(hits[0].cause[0] && hits[0].remedy[0] && hits[0].line[0] && !strchr(hits[0].cause, '$'));
	}
}

static bool has_sample(const struct signature *s)
{
	for (size_t i = 0; i < fake_failure_count; i++)
		if (strcmp(fake_failures[i].signature, s->name) == 0)
			return true;
	return false;
}

static unsigned captures(const char *pattern)
{
	unsigned n = 0;

	for (; (pattern = strstr(pattern, "{}")) != NULL; pattern++)
		n++;
	return n;
}

static bool wants(const struct signature *s, const char *capture)
{
	return strstr(s->cause, capture) || strstr(s->remedy, capture);
}

static void check_texts(const struct signature *s)
{
	size_t longest = strlen(s->cause) + strlen(s->remedy) + 2;

	CHECK(s->cause[0] && s->remedy[0] && s->where && !(s->where & ~(unsigned)IN_ANY));
	CHECK(strlen(s->cause) < 192 && strlen(s->remedy) < 256);
	/* the document is a table */
	CHECK(!strchr(s->cause, '|') && !strchr(s->remedy, '|'));
	CHECK(!strchr(s->cause, '!') && !strchr(s->remedy, '!') && s->cause[strlen(s->cause) - 1] != '.');
	/* both fit into a hint, with words of some length in them */
	if (!CHECK(longest + (wants(s, "$1") ? 64 : 0) < sizeof(((struct error *)0)->hint)))
		printf("# %s: %zu\n", s->name, longest);
	for (size_t i = 0; i < 7 && s->patterns[i]; i++) {
		unsigned need = wants(s, "$2") ? 2 : wants(s, "$1") ? 1 : 0;

		/* a short pattern is in innocent lines too */
		if (!CHECK(strlen(s->patterns[i]) >= 9 && s->patterns[i][0] != '*' && s->patterns[i][0] != '{' &&
			    captures(s->patterns[i]) >= need && captures(s->patterns[i]) <= 2))
			printf("# %s: %s\n", s->name, s->patterns[i]);
	}
}

static void test_table(void)
{
	size_t n = 0;

	for (const struct signature *s; (s = at(n)) != NULL; n++) {
		if (!CHECK(has_sample(s)))
			printf("# %s\n", s->name);
		check_texts(s);
		for (size_t k = 0; k < n; k++)
			CHECK(strcmp(at(k)->name, s->name) != 0);
	}
	printf("# %zu signatures\n", n);
	CHECK(n >= 40);
}

static void test_innocents(void)
{
	struct signature_hit hits[HITS];

	for (size_t i = 0; i < fake_innocent_count; i++) {
		const struct fake_line *f = &fake_innocents[i];

		if (!CHECK_INT(match_text(f->source, f->line, strlen(f->line), hits), 0))
			printf("# %s: %s\n", hits[0].signature->name, f->line);
	}
}

static void test_words(void)
{
	static const char expired[] = "x509: certificate has expired or is not yet valid: current time A is after B";
	static const char lookup[] = "\"err\\\": dial tcp: lookup registry.k8s.io on 127.0.0.53:53: no such host\"";
	static const char blank[] = "unknown flag: -- and nothing";
	struct signature_hit hits[HITS];

	if (CHECK_INT(match_text("kubelet", expired, strlen(expired), hits), 1))
		CHECK_STR(hits[0].cause, "a certificate has expired on B (the host's clock says A)");
	if (CHECK_INT(match_text("job", lookup, strlen(lookup), hits), 1)) {
		CHECK(strstr(hits[0].cause, "the name registry.k8s.io"));
		CHECK_STR(hits[0].source, "job");
		CHECK(!strchr(hits[0].line, '\\'));
	}
	CHECK_INT(match_text("kubelet", blank, strlen(blank), hits), 0);
	/* of another source: not looked for */
	CHECK_INT(match_text("keepalived", lookup, strlen(lookup), hits), 0);
	CHECK_INT(match_text("unheard-of", lookup, strlen(lookup), hits), 0);
}

static void test_order(void)
{
	static const char job[] = "[kubelet-check] The kubelet is not healthy after 4m0s\n";
	static const char pods[] = "apply request took too long\nslow fdatasync\nslow fdatasync, again\n\nbye\n";
	static const char kubelet[] =
		"running with swap on is not supported\nunknown flag: --a\nx\nunknown flag: --b\n";
	const struct signature_source s[] = { { "job", job, sizeof(job) - 1 }, { "pods", pods, sizeof(pods) - 1 },
		{ "kubelet", kubelet, sizeof(kubelet) - 1 } };
	struct signature_hit hits[HITS];

	if (CHECK_INT(signatures_match(s, 3, hits, HITS), 4)) {
		CHECK_STR(hits[0].signature->name, "unknown-flag");
		CHECK_STR(hits[0].line, "unknown flag: --b");
		CHECK_INT(hits[0].age, 0);
		CHECK_STR(hits[1].signature->name, "swap-on");
		CHECK_STR(hits[2].signature->name, "etcd-slow-disk");
		CHECK_STR(hits[2].line, "slow fdatasync, again");
		CHECK_STR(hits[3].signature->name, "kubelet-unhealthy");
	}
	/* the best ones stay when there is room for few */
	if (CHECK_INT(signatures_match(s, 3, hits, 2), 2)) {
		CHECK_STR(hits[0].signature->name, "unknown-flag");
		CHECK_STR(hits[1].signature->name, "swap-on");
	}
	CHECK_INT(signatures_match(s, 3, hits, 0), 0);
	CHECK_INT(signatures_match(NULL, 0, hits, HITS), 0);
}

static bool printable(const char *text)
{
	struct str clean = STR_INIT;
	bool same;

	str_add_printable(&clean, text, strlen(text));
	same = strcmp(clean.buf, text) == 0 && !strchr(text, '\n') && !strchr(text, '\t');
	str_release(&clean);
	return same;
}

static void test_printable(void)
{
	struct signature_hit hits[HITS];
	struct str text = STR_INIT;

	/* far right in a long line of characters of several bytes; the word has an escape sequence in it */
	for (int i = 0; i < 150; i++)
		str_add(&text, "äö€");
	str_add(&text, " unknown flag: --\033[2Jevil\xff\t\033]0;title\007 ");
	for (int i = 0; i < 100; i++)
		str_add(&text, "€");
	if (CHECK_INT(match_text("kubelet", text.buf, text.len, hits), 0))
		CHECK(true); /* beyond SIGNATURE_LINE */
	str_clear(&text);
	for (int i = 0; i < 90; i++)
		str_add(&text, "äö€");
	str_add(&text, " unknown flag: --\033[2Jevil\xff\t\033]0;title\007 ");
	for (int i = 0; i < 100; i++)
		str_add(&text, "€");
	if (CHECK_INT(match_text("kubelet", text.buf, text.len, hits), 1)) {
		CHECK(printable(hits[0].line) && printable(hits[0].cause) && printable(hits[0].remedy));
		CHECK(strstr(hits[0].line, "unknown flag: --evil?"));
		CHECK(strstr(hits[0].cause, "--evil?"));
	}
	str_release(&text);
}

/* ---- what a host may send to hurt ---------------------------------------------------------------------------------- */

/* Of this process alone: the machine may be busy with others. */
static int64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes no time worth mentioning, stays within its memory (see make asan), and what it finds is fit to print. */
static void survive(const char *what, const char *text, size_t len)
{
	struct signature_source s[6];
	struct signature_hit hits[HITS];
	int64_t start = cpu_ms();
	size_t n;

	for (unsigned i = 0; i < 6; i++)
		s[i] = (struct signature_source){ signature_where_name(1u << i), text, len };
	n = signatures_match(s, 6, hits, HITS);
	if (!CHECK(cpu_ms() - start < TEST_SOON_MS))
		printf("# %s: %lld ms\n", what, (long long)(cpu_ms() - start));
	for (size_t i = 0; i < n; i++)
		CHECK(printable(hits[i].line) && printable(hits[i].cause) && printable(hits[i].remedy));
}

static void fill(char *out, size_t size, const char *with)
{
	size_t n = strlen(with);

	for (size_t i = 0; i < size; i++)
		out[i] = with[i % n];
}

static void test_hostile(void)
{
	static const char *const with[] = { "a", "\n", "\\", "dial tcp: lookup ",
		"failed to do request: ", "failed to do request: dial tcp x", "listen tcp a", "\033[", "\xf0\x9f",
		"unknown flag: --\n", "x509: certificate is valid for ", "lookup a on b", "{}*{}$1$2%s%n\n",
		"[ERROR Port-]: Port" };
	size_t size = 32 << 10;
	char *text = malloc(size);
	unsigned seed = 7;

	if (!text)
		exit(2);
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		fill(text, size, with[i]);
		survive(with[i], text, size);
	}
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < size; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] = (char)(seed >> 16);
		}
		survive("garbage", text, size - (size_t)round);
	}
	/* the samples, with bytes of them changed */
	for (size_t i = 0; i < fake_failure_count; i++) {
		size_t n = strlen(fake_failures[i].line);

		memcpy(text, fake_failures[i].line, n);
		for (int k = 0; k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			text[(seed >> 16) % n] = (char)(seed >> 24);
		}
		survive(fake_failures[i].signature, text, n);
	}
	free(text);
}

/* More than is looked at: the end counts. */
static void test_long(void)
{
	struct signature_hit hits[HITS];
	struct str text = STR_INIT;

	str_add(&text, "running with swap on is not supported\n");
	while (text.len < 3 * SIGNATURE_TEXT)
		str_add(&text, "nothing of interest\n");
	CHECK_INT(match_text("kubelet", text.buf, text.len, hits), 0);
	str_add(&text, "running with swap on is not supported");
	CHECK_INT(match_text("kubelet", text.buf, text.len, hits), 1);
	str_release(&text);
}

/* ---- the document -------------------------------------------------------------------------------------------------- */

static void row_of(const struct signature *s, struct str *out)
{
	static const char *const ranks[] = { "condition", "symptom", "likely", "cause" };
	bool first = true;

	str_addf(out, "\n| `%s` | %s | ", s->name, ranks[s->rank]);
	for (unsigned bit = 1; bit < IN_ANY; bit <<= 1)
		if (s->where & bit && s->where != IN_ANY) {
			str_addf(out, "%s%s", first ? "" : ", ", signature_where_name(bit));
			first = false;
		}
	str_addf(out, "%s | %s | %s |", s->where == IN_ANY ? "any" : "", s->cause, s->remedy);
}

/* docs/signatures.md has exactly one row for each, as the table says it. SIGNATURES_WRITE=1 prints the rows. */
static void test_document(void)
{
	struct str doc = STR_INIT, row = STR_INIT;
	struct error err = { 0 };
	size_t rows = 0, n = 0;

	if (!CHECK_INT(file_read("docs/signatures.md", 1 << 20, &doc, &err), 0))
		printf("# %s\n", err.what);
	for (const struct signature *s; (s = at(n)) != NULL; n++) {
		str_clear(&row);
		row_of(s, &row);
		if (getenv("SIGNATURES_WRITE"))
			printf("%s\n", row.buf + 1);
		else if (!CHECK(strstr(doc.buf, row.buf)))
			printf("#%s\n", row.buf);
	}
	for (const char *p = doc.buf; (p = strstr(p, "\n| `")) != NULL; p++)
		rows++;
	CHECK_INT(rows, n);
	str_release(&doc);
	str_release(&row);
}

static const struct test tests[] = {
	{ "each sample has its signature and no other", test_every_sample },
	{ "each signature has a sample, and texts that fit", test_table },
	{ "lines of a good start have none", test_innocents },
	{ "words are captured", test_words },
	{ "causes come first, then what is new", test_order },
	{ "what is found is printable", test_printable },
	{ "hostile text costs nothing", test_hostile },
	{ "the end of a long text counts", test_long },
	{ "document", test_document },
};
TEST_MAIN(tests)
