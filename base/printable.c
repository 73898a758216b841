/* Text from elsewhere, made safe for a terminal. */
#include "base/str.h"

#include <stdint.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at p (RFC 3629), 0 when there is none. *code: its code point. */
static size_t utf8(const unsigned char *p, size_t n, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = 1;
	uint32_t c = p[0];

	if (p[0] >= 0xf8 || (p[0] >= 0x80 && p[0] < 0xc0))
		return 0;
	if (p[0] >= 0xc0) {
		len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
		c &= 0x7fu >> len;
	}
	if (len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	*code = c;
	return (len > 1 && c < least[len]) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

/* Invisible ones that change how the rest is shown: controls of C0 and C1, of writing direction, separators of lines. */
static bool harmful(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || (c >= 0x80 && c < 0xa0) || c == 0x61c ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0xfeff;
}

/* Length of the escape sequence at p[0] == ESC, as far as it is there (ECMA-35, ECMA-48: CSI … final; OSC, DCS … BEL or ST). */
static size_t escape(const unsigned char *p, size_t n)
{
	size_t i = 2;

	if (n < 2)
		return n;
	if (p[1] == '[') {
		while (i < n && p[i] >= 0x20 && p[i] < 0x40)
			i++;
		return i < n && p[i] >= 0x40 && p[i] < 0x7f ? i + 1 : i;
	}
	if (p[1] == ']' || p[1] == 'P' || p[1] == '^' || p[1] == '_' || p[1] == 'X') {
		for (; i < n && p[i] != '\n'; i++) {
			if (p[i] == 0x07)
				return i + 1;
			if (p[i] == 0x1b)
				return i + 1 < n && p[i + 1] == '\\' ? i + 2 : i;
		}
		return i;
	}
	/* intermediate bytes, then a final one: "ESC ( B" is part of what tput sgr0 sends */
	for (i = 1; i < n && p[i] >= 0x20 && p[i] < 0x30; i++)
		;
	return i < n && p[i] >= 0x30 && p[i] < 0x7f ? i + 1 : i;
}

void str_add_printable(struct str *out, const char *data, size_t n)
{
	const unsigned char *p = (const unsigned char *)data;
	uint32_t code = 0;

	for (size_t i = 0; i < n;) {
		size_t len = utf8(p + i, n - i, &code);

		if (p[i] == 0x1b) {
			i += escape(p + i, n - i);
		} else if (p[i] == '\r') {
			/* a progress bar's return, or half of a line end */
			if (i + 1 < n && p[i + 1] != '\n')
				str_addc(out, '\n');
			i++;
		} else if (!len) {
			str_add(out, "?");
			i++;
		} else {
			if (!harmful(code))
				str_addn(out, data + i, len);
			i += len;
		}
	}
}

void str_add_line(struct str *out, const char *data, size_t n)
{
	size_t from = out->len;

	str_add_printable(out, data, n);
	for (size_t i = from; i < out->len; i++)
		if (out->buf[i] == '\n' || out->buf[i] == '\t')
			out->buf[i] = ' ';
}

void str_copy_line(char *out, size_t size, const char *text)
{
	struct str s = STR_INIT;
	size_t n;

	str_add_line(&s, text, strlen(text));
	n = s.len < size ? s.len : size - 1;
	while (n < s.len && n > 0 && ((unsigned char)s.buf[n] & 0xc0) == 0x80)
		n--;
	memcpy(out, s.buf, n);
	out[n] = '\0';
	str_release(&s);
}
