/* What all commands print in the same way. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 80

static bool color_out, color_err;

void cli_color_setup(bool never)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	bool allowed = !never && (!no || !*no) && term && strcmp(term, "dumb") != 0;

	color_out = allowed && isatty(STDOUT_FILENO);
	color_err = allowed && isatty(STDERR_FILENO);
}

const char *cli_color(FILE *f, enum cli_color color)
{
	static const char *const codes[] = { "\033[0m", "\033[31m", "\033[32m", "\033[33m", "\033[1m", "\033[2m" };

	return (f == stdout && color_out) || (f == stderr && color_err) ? codes[color] : "";
}

void cli_indented(FILE *f, const char *indent, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		fprintf(f, "%s%.*s\n", n ? indent : "", (int)n, text);
		text += n;
		text += *text == '\n';
	}
}

static int columns(const char *text, size_t n)
{
	int cols = 0;

	for (size_t i = 0; i < n; i++)
		cols += (text[i] & 0xc0) != 0x80;
	return cols;
}

void cli_wrap(struct str *out, const char *text, int at, int indent)
{
	for (bool first = true; *text; first = false) {
		size_t n = strcspn(text, " ");
		int cols = columns(text, n);

		if (!first && at + 1 + cols > WIDTH) {
			str_addf(out, "\n%*s", indent, "");
			at = indent;
		} else if (!first) {
			str_addc(out, ' ');
			at++;
		}
		str_addn(out, text, n);
		at += cols;
		text += n + strspn(text + n, " ");
	}
	str_addc(out, '\n');
}

void cli_error_print(FILE *f, const struct error *err)
{
	fprintf(f, "%serror:%s %s%s%s%s%s\n", cli_color(f, CLI_RED), cli_color(f, CLI_PLAIN), err->host,
		*err->host ? ": " : "", err->step, *err->step ? ": " : "", err->what);
	cli_indented(f, "  ", err->detail);
	if (*err->hint)
		fprintf(f, "  %shint:%s %s\n", cli_color(f, CLI_BOLD), cli_color(f, CLI_PLAIN), err->hint);
}

int cli_fail(const struct error *err)
{
	fflush(stdout);
	cli_error_print(stderr, err);
	return error_exit_code(err->kind);
}

char *cli_duration(int64_t ms, char *out, size_t size)
{
	long s = (long)(ms / 1000);

	if (ms < 60000)
		snprintf(out, size, "%ld.%ld s", s, (long)(ms % 1000) / 100);
	else if (s < 3600)
		snprintf(out, size, "%ldm%02lds", s / 60, s % 60);
	else
		snprintf(out, size, "%ldh%02ldm", s / 3600, s / 60 % 60);
	return out;
}

void cli_json_print(struct json *j)
{
	struct str text = STR_INIT;

	json_write_pretty(j, &text);
	fwrite(text.buf, 1, text.len, stdout);
	str_release(&text);
	json_free(j);
}

struct json *cli_error_json(const struct error *err)
{
	struct json *j = json_object();

	json_set_str(j, "kind", error_kind_name(err->kind));
	if (*err->host)
		json_set_str(j, "host", err->host);
	if (*err->step)
		json_set_str(j, "step", err->step);
	json_set_str(j, "what", err->what);
	if (*err->hint)
		json_set_str(j, "hint", err->hint);
	if (*err->detail)
		json_set_str(j, "detail", err->detail);
	return j;
}

int cli_finish(int status)
{
	struct error err = { 0 };

	/* a reader that went away is not a failure of what was done */
	if (fflush(stdout) == 0 || errno == EPIPE)
		return status;
	error_errno(&err, ERROR_SYSTEM, errno, "cannot write to stdout");
	cli_error_print(stderr, &err);
	return status ? status : error_exit_code(err.kind);
}
