/* The parser of hosts' answers: what it takes, what it refuses, and that no mutation of an answer gets through as another one. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "remote/remote.h"
#include "tests/test.h"

static const char *const words[] = { "-os", "=mem", "unit.*", "error", NULL };

static int parse(struct remote_answer *a, const char *text, struct error *err)
{
	return remote_answer_parse(a, "N0nce", text, strlen(text), words, err);
}

static void good(void)
{
	struct remote_answer a;
	struct error err = { 0 };

	CHECK_INT(
		parse(&a,
			"rubbish\n\nN0nce begin\nos=Debian = 12\nmem:AGI=\nunit.a@b.service=up\nos=second\nN0nce end\nmore=rubbish\n",
			&err),
		0);
	CHECK_INT(a.count, 4);
	CHECK_STR(remote_answer_get(&a, "os"), "Debian = 12");
	CHECK_STR(remote_answer_get(&a, "unit.a@b.service"), "up");
	CHECK_INT(a.lines[1].len, 2);
	CHECK(memcmp(a.lines[1].value, "\0b", 3) == 0);
	CHECK(remote_answer_get(&a, "error") == NULL);
	remote_answer_release(&a);
	CHECK_INT(a.count, 0);
	CHECK_INT(parse(&a, "N0nce begin\nos=\nmem:\nN0nce end", &err), 0);
	CHECK_STR(remote_answer_get(&a, "os"), "");
	CHECK_STR(remote_answer_get(&a, "mem"), "");
	remote_answer_release(&a);
	CHECK_INT(parse(&a, "N0nce begin\nN0nce end\n", &err), 0);
	CHECK_INT(a.count, 0);
	remote_answer_release(&a);
	CHECK_INT(remote_answer_parse(&a, "N0nce", "N0nce begin\nany=1\nN0nce end\n", 30, NULL, &err), 0);
	remote_answer_release(&a);
	CHECK_INT(err.kind, ERROR_NONE);
}

static void broken(void)
{
	static const struct {
		const char *text, *what;
	} table[] = {
		{ "", "gave no answer" },
		{ "os=1\n", "gave no answer" },
		{ "N0nce end\n", "gave no answer" },
		{ "N0nce begi", "gave no answer" },
		{ "N0nce begin\nos=1\n", "cut off after 1 lines" },
		{ "N0nce begin\nos=1\nN0nce en", "an invalid line" },
		{ "N0nce begin\nN0nce begin\nN0nce end\n", "begins twice" },
		{ "N0nce begin\nhost=1\nN0nce end\n", "an unexpected word: \"host\"" },
		{ "N0nce begin\nos2=1\nN0nce end\n", "an unexpected word" },
		{ "N0nce begin\nunit=1\nN0nce end\n", "an unexpected word" },
		{ "N0nce begin\nos\nN0nce end\n", "an invalid line" },
		{ "N0nce begin\n\nN0nce end\n", "an invalid line" },
		{ "N0nce begin\n=x\nN0nce end\n", "an invalid line" },
		{ "N0nce begin\nos =x\nN0nce end\n", "an invalid line" },
		{ "N0nce begin\nos=a\tb\nN0nce end\n", "control characters" },
		{ "N0nce begin\nos=a\r\nN0nce end\n", "control characters" },
		{ "N0nce begin\nos=\033[31m\nN0nce end\n", "control characters" },
		{ "N0nce begin\nmem:AG\nN0nce end\n", "base64" },
		{ "N0nce begin\nmem:A===\nN0nce end\n", "base64" },
		{ "N0nce begin\nmem:AGI= \nN0nce end\n", "base64" },
		{ "N0nce begin\nmem:A*I=\nN0nce end\n", "base64" },
		{ "N0nce  begin\nos=1\nN0nce end\n", "gave no answer" },
		{ "n0nce begin\nos=1\nn0nce end\n", "gave no answer" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct remote_answer a;
		struct error err = { 0 };

		CHECK_INT(parse(&a, table[i].text, &err), -1);
		CHECK_INT(err.kind, ERROR_PROTOCOL);
		if (!CHECK(strstr(err.what, table[i].what) != NULL))
			printf("# %zu: %s\n", i, err.what);
		CHECK(err.hint[0] != '\0');
		CHECK_INT(a.count, 0);
		CHECK(strpbrk(err.what, "\033\r\n") == NULL);
	}
}

static void limits(void)
{
	struct str text = STR_INIT;
	struct remote_answer a;
	struct error err = { 0 };
	char *big = xcalloc(1, (5 << 20) + 1);

	memset(big, 'x', 5 << 20);
	str_add(&text, "N0nce begin\nos=");
	str_addn(&text, big, 3 << 20);
	str_add(&text, "\nN0nce end\n");
	CHECK_INT(parse(&a, text.buf, &err), 0);
	CHECK_INT(a.lines[0].len, 3 << 20);
	remote_answer_release(&a);
	str_clear(&text);
	str_add(&text, "N0nce begin\nos=");
	str_addn(&text, big, 5 << 20);
	str_add(&text, "\nN0nce end\n");
	CHECK_INT(parse(&a, text.buf, &err), -1);
	CHECK(strstr(err.what, "4 MiB") != NULL);
	str_clear(&text);
	str_add(&text, "N0nce begin\n");
	for (int i = 0; i < 100001; i++)
		str_add(&text, "os=1\n");
	str_add(&text, "N0nce end\n");
	CHECK_INT(parse(&a, text.buf, &err), -1);
	CHECK(strstr(err.what, "too many lines") != NULL);
	str_clear(&text);
	str_add(&text, "N0nce begin\nunit.");
	str_addn(&text, big, 200);
	str_add(&text, "=1\nN0nce end\n");
	CHECK_INT(parse(&a, text.buf, &err), -1);
	free(big);
	str_release(&text);
}

/* Every cut, and 200000 changed bytes: no crash, and what is taken has only expected words. */
static void mutations(void)
{
	static const char text[] =
		"noise\nN0nce begin\nos=Debian\nmem:SGVsbG8=\nunit.kubelet=active\nerror=none\nN0nce end\n";
	uint32_t seed = 12345;
	unsigned taken = 0;

	for (size_t cut = 0; cut < sizeof(text) - 2; cut++) {
		struct remote_answer a;
		struct error err = { 0 };

		CHECK_INT(remote_answer_parse(&a, "N0nce", text, cut, words, &err), -1);
	}
	for (int round = 0; round < 200000; round++) {
		char copy[sizeof(text)];
		struct remote_answer a;
		struct error err = { 0 };

		memcpy(copy, text, sizeof(text));
		for (int k = 0; k < 1 + round % 3; k++) {
			seed = seed * 1664525u + 1013904223u;
			copy[(seed >> 8) % (sizeof(text) - 1)] = (char)(seed >> 24);
		}
		if (remote_answer_parse(&a, "N0nce", copy, sizeof(text) - 1, words, &err) != 0)
			continue;
		taken++;
		for (size_t i = 0; i < a.count; i++)
			CHECK(strcmp(a.lines[i].word, "os") == 0 || strcmp(a.lines[i].word, "mem") == 0 ||
				strcmp(a.lines[i].word, "error") == 0 || strncmp(a.lines[i].word, "unit.", 5) == 0);
		remote_answer_release(&a);
	}
	CHECK(taken > 1000 && taken < 199000);
}

/* Escapes, C1 in UTF-8, a direction override, a newline, a NUL and a bad byte, in base64 as say sends them. */
#define EVIL \
	"\x1b]0;t\x07\x1b[2J\xc2\x9b" \
	"a\xe2\x80\xae" \
	"b\nc\0d\xff"

static void evil(void)
{
	struct str text = STR_INIT;
	struct remote_answer a;
	struct error err = { 0 };
	static const char *const all[] = { "os", "mem", "unit.x", "error" };

	str_add(&text, "N0nce begin\n");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		str_addf(&text, "%s:", all[i]);
		str_add_base64(&text, EVIL, sizeof(EVIL) - 1);
		str_addc(&text, '\n');
	}
	str_add(&text, "N0nce end\n");
	CHECK_INT(parse(&a, text.buf, &err), 0);
	/* one line; bytes; lines; always one line */
	CHECK_STR(remote_answer_get(&a, "os"), "ab cd?");
	CHECK(a.lines[1].len == sizeof(EVIL) - 1 && memcmp(a.lines[1].value, EVIL, sizeof(EVIL)) == 0);
	CHECK_STR(remote_answer_get(&a, "unit.x"), "ab\ncd?");
	CHECK_STR(remote_answer_get(&a, "error"), "ab cd?");
	remote_answer_release(&a);
	CHECK_INT(remote_answer_parse(&a, "N0nce", text.buf, text.len, NULL, &err), 0);
	CHECK_STR(remote_answer_get(&a, "mem"), "ab\ncd?");
	remote_answer_release(&a);
	str_release(&text);
}

static const struct test tests[] = {
	{ "good answers", good },
	{ "values are safe for a terminal", evil },
	{ "broken answers", broken },
	{ "limits", limits },
	{ "mutations", mutations },
};
TEST_MAIN(tests)
