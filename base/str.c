#include "base/str.h"

#include "base/alloc.h"
#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char str_empty[1];

void str_init(struct str *s)
{
	*s = (struct str)STR_INIT;
}

void str_release(struct str *s)
{
	if (s->cap)
		free(s->buf);
	str_init(s);
}

void str_wipe(struct str *s)
{
	if (s->cap)
		secret_wipe(s->buf, s->cap);
	str_release(s);
}

void str_clear(struct str *s)
{
	s->len = 0;
	if (s->cap)
		s->buf[0] = '\0';
}

void str_truncate(struct str *s, size_t len)
{
	if (len >= s->len)
		return;
	secret_wipe(s->buf + len, s->len - len);
	s->len = len;
}

static void grow(struct str *s, size_t more)
{
	size_t need = s->len + more + 1, cap = s->cap ? s->cap : 64;

	if (need < s->len)
		die_oom();
	if (need <= s->cap)
		return;
	while (cap < need)
		cap *= 2;
	/* by hand, not realloc: what the old memory held may be a secret */
	char *buf = xcalloc(cap, 1);
	if (s->len)
		memcpy(buf, s->buf, s->len);
	if (s->cap) {
		secret_wipe(s->buf, s->cap);
		free(s->buf);
	}
	s->buf = buf;
	s->cap = cap;
}

void str_addn(struct str *s, const void *data, size_t n)
{
	grow(s, n);
	if (n)
		memcpy(s->buf + s->len, data, n);
	s->len += n;
	s->buf[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
	str_addn(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	grow(s, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(s->buf + s->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	s->len += (size_t)n;
}

void str_add_quoted(struct str *s, const char *text)
{
	str_addc(s, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			str_add(s, "'\\''");
		else
			str_addc(s, *text);
	}
	str_addc(s, '\'');
}

char *str_detach(struct str *s)
{
	char *p = s->cap ? s->buf : xstrdup("");

	str_init(s);
	return p;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

#define MAX_WORD 64
#define FAR 9

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

int str_distance(const char *a, const char *b)
{
	int d[MAX_WORD + 1][MAX_WORD + 1];
	int n = (int)strnlen(a, MAX_WORD + 1), m = (int)strnlen(b, MAX_WORD + 1);

	if (n > MAX_WORD || m > MAX_WORD)
		return strcmp(a, b) ? FAR : 0;
	for (int i = 0; i <= n; i++)
		d[i][0] = i;
	for (int j = 0; j <= m; j++)
		d[0][j] = j;
	for (int i = 1; i <= n; i++)
		for (int j = 1; j <= m; j++) {
			int cost = a[i - 1] != b[j - 1];

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[n][m] < FAR ? d[n][m] : FAR;
}
