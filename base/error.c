#include "base/error.h"

#include "base/descriptors.h"

#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit_code;
} kinds[] = {
	[ERROR_NONE] = { "none", 0 },
	[ERROR_INTERNAL] = { "internal", 1 },
	[ERROR_USAGE] = { "usage", 2 },
	[ERROR_INVENTORY] = { "inventory", 3 },
	[ERROR_CONNECT] = { "connect", 4 },
	[ERROR_HOSTKEY] = { "host-key", 4 },
	[ERROR_AUTH] = { "auth", 4 },
	[ERROR_COMMAND] = { "command", 5 },
	[ERROR_NET] = { "net", 5 },
	[ERROR_REFUSED] = { "refused", 5 },
	[ERROR_UNREACHABLE] = { "unreachable", 5 },
	[ERROR_BLOCKED] = { "blocked", 4 },
	[ERROR_PKI] = { "pki", 5 },
	[ERROR_SYSTEM] = { "system", 5 },
	[ERROR_PROTOCOL] = { "protocol", 5 },
	[ERROR_TIMEOUT] = { "timeout", 5 },
	[ERROR_PREFLIGHT] = { "preflight", 6 },
	[ERROR_LOCKED] = { "locked", 7 },
	[ERROR_CANCELLED] = { "cancelled", 130 },
};

/* A text that was cut may end within a UTF-8 sequence: the bytes of that one go. */
static void trim(char *text)
{
	size_t n = strlen(text), back = 0;
	unsigned char lead;

	while (back < 4 && back < n && ((unsigned char)text[n - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back >= n)
		return;
	lead = (unsigned char)text[n - 1 - back];
	if ((lead >= 0xc0 && back < 1) || (lead >= 0xe0 && back < 2) || (lead >= 0xf0 && back < 3))
		text[n - 1 - back] = '\0';
}

/* Servers' and libraries' words are in it: who prints it need not think of what they hold. */
static void clean(char *text)
{
	struct str printable = STR_INIT;

	str_add_printable(&printable, text, strlen(text));
	/* never longer: a bad byte is one '?' */
	memcpy(text, printable.buf, printable.len);
	text[printable.len] = '\0';
	str_release(&printable);
}

__attribute__((format(printf, 3, 0))) static void format(char *out, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(out, size, fmt, ap) >= (int)size)
		trim(out);
	clean(out);
}

static void append(char *out, size_t size, const char *text)
{
	size_t n = strlen(out);

	if (snprintf(out + n, size - n, ": %s", text) >= (int)(size - n))
		trim(out);
}

__attribute__((format(printf, 3, 0))) static void set(
	struct error *err, enum error_kind kind, const char *fmt, va_list ap)
{
	/* err may be an argument of fmt: format first, then forget the rest */
	char what[sizeof(err->what)];

	format(what, sizeof(what), fmt, ap);
	err->kind = kind;
	memcpy(err->what, what, sizeof(what));
	err->hint[0] = '\0';
	err->detail[0] = '\0';
	err->code = CODE_NONE;
	err->about[0] = '\0';
}

int error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		set(err, kind, fmt, ap);
		va_end(ap);
	}
	return -1;
}

int error_errno(struct error *err, enum error_kind kind, int errnum, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set(err, kind, fmt, ap);
	va_end(ap);
	append(err->what, sizeof(err->what), strerror_r(errnum, text, sizeof(text)));
	if (errnum == EMFILE)
		error_hint(err,
			"this process may have %zu files open, and needs %d for each host that it is connected to: raise its hard limit ('ulimit -Hn', LimitNOFILE=), or take fewer hosts at a time",
			descriptors_allowed(), DESCRIPTORS_HOST);
	return -1;
}

int error_about(struct error *err, enum code code, const char *about)
{
	char what[sizeof(err->what)];

	if (!err)
		return -1;
	memcpy(what, err->what, sizeof(what));
	err->code = code;
	snprintf(err->about, sizeof(err->about), "%s", about ? about : "");
	trim(err->about);
	clean(err->about);
	snprintf(err->what, sizeof(err->what), "%s", code_words(code, what));
	return -1;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char what[sizeof(err->what)];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	format(what, sizeof(what), fmt, ap);
	va_end(ap);
	append(what, sizeof(what), err->what);
	memcpy(err->what, what, sizeof(what));
	return -1;
}

int error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (err && !err->hint[0]) {
		va_start(ap, fmt);
		format(err->hint, sizeof(err->hint), fmt, ap);
		va_end(ap);
	}
	return -1;
}

int error_detail(struct error *err, const char *text)
{
	const char *start = text, *line;
	size_t n;

	if (!err || !text)
		return -1;
	n = strlen(text);
	if (n >= sizeof(err->detail)) {
		start = text + n - sizeof(err->detail) + 1;
		line = strchr(start, '\n');
		if (line && line[1])
			start = line + 1;
		while (((unsigned char)*start & 0xc0) == 0x80)
			start++;
	}
	/* text may be err->detail itself */
	memmove(err->detail, start, strlen(start) + 1);
	clean(err->detail);
	return -1;
}

int error_refuse(struct error *err, enum error_kind kind, enum code code, const char *about, const char *fmt, ...)
{
	char what[sizeof(err->what)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	error_set(err, kind, "%s", what);
	return error_about(err, code, about);
}

const char *error_kind_name(enum error_kind kind)
{
	return kinds[kind].name;
}

int error_exit_code(enum error_kind kind)
{
	return kinds[kind].exit_code;
}
