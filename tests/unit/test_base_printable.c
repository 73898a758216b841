/* Text from hosts must not reach the terminal with anything in it that acts on the terminal. */
#include "tests/test.h"

#include "base/str.h"

#include <stdint.h>

static void shows(const char *data, size_t n, const char *want)
{
	struct str out = STR_INIT;

	str_add_printable(&out, data, n);
	CHECK_STR(out.buf, want);
	str_release(&out);
}
#define SHOWS(literal, want) shows(literal, sizeof(literal) - 1, want)

static void plain_text(void)
{
	SHOWS("", "");
	SHOWS("two\nlines\tand a tab", "two\nlines\tand a tab");
	SHOWS("grün 日本 €  🐧", "grün 日本 €  🐧");
	SHOWS("line\r\nline\r\n", "line\nline\n");
	SHOWS("10%\r20%\r", "10%\n20%");
}

static void escapes(void)
{
	SHOWS("\x1b[1;31mred\x1b[0m", "red");
	SHOWS("\x1b[2J\x1b[Hgone?", "gone?");
	SHOWS("\x1b]0;title\x07text", "text");
	SHOWS("\x1b]8;;http://evil/\x1b\\link\x1b]8;;\x1b\\", "link");
	SHOWS("\x1bPq#0;2\x1b\\x", "x");
	SHOWS("\x1b(B\x1b[mdone", "done");
	SHOWS("\x1b"
	      "c reset",
		" reset");
	/* cut off: nothing is left over, nothing beyond the line is eaten */
	SHOWS("a\x1b", "a");
	SHOWS("a\x1b[", "a");
	SHOWS("a\x1b[12", "a");
	SHOWS("a\x1b]0;never ended\nnext", "a\nnext");
	SHOWS("\x1b[\x1b[31mx", "x");
	SHOWS("\x1b]0;a\x1b]0;b\x07y", "y");
	SHOWS("\x1b\x1b\x1b[Az", "z");
	SHOWS("\x1b[31\nm", "\nm");
}

static void controls(void)
{
	SHOWS("a\0b", "ab");
	SHOWS("be\x07ll \x08 \x7f.", "bell  .");
	SHOWS("\xc2\x9b"
	      "31m",
		"31m"); /* C1 CSI in UTF-8 */
	SHOWS("\x9b"
	      "31m",
		"?31m"); /* and in eight bits */
	SHOWS("a\xe2\x80\xae"
	      "b",
		"ab"); /* right-to-left override */
	SHOWS("a\xd8\x9c"
	      "b",
		"ab"); /* Arabic letter mark */
	SHOWS("a\xe2\x81\xa6"
	      "b",
		"ab"); /* isolate */
	SHOWS("a\xe2\x80\xa8"
	      "b",
		"ab"); /* line separator */
	SHOWS("\xef\xbb\xbf"
	      "bom",
		"bom");
}

static void bad_utf8(void)
{
	SHOWS("\xff\xfe", "??");
	SHOWS("\x80", "?");
	SHOWS("\xc0\xaf", "??"); /* overlong slash */
	SHOWS("\xe0\x80\xaf", "???");
	SHOWS("\xc1\x9b", "??");           /* overlong escape */
	SHOWS("\xed\xa0\x80", "???");      /* surrogate */
	SHOWS("\xf4\x90\x80\x80", "????"); /* beyond U+10FFFF */
	SHOWS("\xf8\x88\x80\x80\x80", "?????");
	SHOWS("ab\xe2\x82", "ab??"); /* cut */
	SHOWS("\xe2\x1b[31m", "?");  /* an escape inside a sequence is still one */
	SHOWS("\xf0\x9f\n", "??\n");
}

/* A second, independent opinion on what may come out. */
static const char *fault(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((p[i] < 0x20 && p[i] != '\n' && p[i] != '\t') || p[i] == 0x7f)
			return "control character";
		if (p[i] == 0xc2 && i + 1 < n && p[i + 1] < 0xa0)
			return "C1 control character";
		if (p[i] >= 0xf5 || p[i] == 0xc0 || p[i] == 0xc1)
			return "impossible byte";
	}
	return NULL;
}

static void any_bytes(void)
{
	static const char spice[] = "\x1b[]P\\m;?(\x07\r\n\x9b\xc2\xe2\x80\xae\xf0\xff"
				    "0aB";
	uint32_t x = 1;

	for (int round = 0; round < 20000; round++) {
		char in[24];
		struct str out = STR_INIT, again = STR_INIT;

		for (size_t i = 0; i < sizeof(in); i++) {
			x = x * 1664525u + 1013904223u;
			in[i] = x >> 31 ? spice[(x >> 16) % (sizeof(spice) - 1)] : (char)(x >> 16);
		}
		str_add_printable(&out, in, x >> 8 & 15);
		CHECK_STR(fault((unsigned char *)out.buf, out.len), NULL);
		/* what is clean stays unchanged */
		str_add_printable(&again, out.buf, out.len);
		CHECK_STR(again.buf, out.buf);
		str_release(&out);
		str_release(&again);
	}
}

static const struct test tests[] = {
	{ "plain text", plain_text },
	{ "escape sequences", escapes },
	{ "control characters", controls },
	{ "invalid UTF-8", bad_utf8 },
	{ "any bytes", any_bytes },
};
TEST_MAIN(tests)
