#include "base/str.h"

#include <stdint.h>
#include <string.h>

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void str_add_base64(struct str *out, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v =
			(uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
		char four[4] = { base64_digits[v >> 18], base64_digits[v >> 12 & 63], base64_digits[v >> 6 & 63],
			base64_digits[v & 63] };

		if (i + 2 >= n)
			four[3] = '=';
		if (i + 1 >= n)
			four[2] = '=';
		str_addn(out, four, 4);
	}
}

int str_add_unbase64(struct str *out, const char *text, size_t n)
{
	size_t before = out->len;

	if (n % 4)
		return -1;
	for (size_t i = 0; i < n; i += 4) {
		size_t pad = i + 4 == n ? (text[i + 3] == '=') + (text[i + 3] == '=' && text[i + 2] == '=') : 0;
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			const char *digit = k < 4 - pad ? memchr(base64_digits, text[i + k], 64) : base64_digits;

			if (!digit)
				goto bad;
			v = v << 6 | (uint32_t)(digit - base64_digits);
		}
		/* bits beyond the last byte: two texts for one value would be possible */
		if (v & ((1u << (8 * pad)) - 1))
			goto bad;
		str_addn(out, (char[]){ (char)(v >> 16), (char)(v >> 8), (char)v }, 3 - pad);
	}
	return 0;
bad:
	str_truncate(out, before);
	return -1;
}

void str_add_hex(struct str *out, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		str_addn(out, (char[]){ "0123456789abcdef"[p[i] >> 4], "0123456789abcdef"[p[i] & 15] }, 2);
}
