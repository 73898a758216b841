/* Scripts that run on servers: what is sent, and how its end is judged. */
#include "base/error.h"
#include "base/secret.h"
#include "base/str.h"
#include "remote/remote.h"

#include <string.h>

enum {
	SCRIPT_OUT_MAX = 8 << 20, /* base64 of the 4 MiB that the parser takes, and room */
	SCRIPT_TAIL = 2048,
};

/*
 * Commands' own output goes to stderr, so that only say and say64 write answers (descriptor 3). A value with anything but printable
 * ASCII goes as base64 by itself.
 */
static const char prelude[] = "exec 3>&1 1>&2\n"
			      "say64() { printf '%s:%s\\n' \"$1\" \"$(base64 | tr -d '\\n')\" >&3; }\n"
			      "say() {\n"
			      "\tcase $2 in\n"
			      "\t*[!\\ -~]*) printf '%s' \"$2\" | say64 \"$1\" ;;\n"
			      "\t*) printf '%s=%s\\n' \"$1\" \"$2\" >&3 ;;\n"
			      "\tesac\n"
			      "}\n";

static bool valid_name(const char *name)
{
	if (!(*name >= 'a' && *name <= 'z') && *name != '_')
		return false;
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

void remote_script_text(
	struct str *out, const char *nonce, const char *script, const struct remote_param *params, size_t param_count)
{
	size_t len = strlen(script);

	/* all of it is one subshell: a shell reads that to its end before it runs any of it, so a text cut on the way does nothing */
	str_addf(out, "LC_ALL=C\nexport LC_ALL\nprintf '\\n%%s begin\\n' %s\n(\n%s", nonce, prelude);
	for (size_t i = 0; i < param_count; i++) {
		if (!valid_name(params[i].name))
			continue;
		str_addf(out, "%s=", params[i].name);
		str_add_quoted(out, params[i].value ? params[i].value : "");
		str_addc(out, '\n');
	}
	str_addn(out, script, len);
	if (len > 0 && script[len - 1] != '\n')
		str_addc(out, '\n');
	str_addf(out, ")\nkw_status=$?\nprintf '%%s end\\n' %s\nexit $kw_status\n", nonce);
}

/* The end of stderr, for the error, while it streams on. */
struct tail {
	remote_output_fn *next;
	void *ctx;
	char buf[SCRIPT_TAIL];
	size_t len;
};

static void take_tail(const char *data, size_t len, void *ctx)
{
	struct tail *t = ctx;
	const char *end = data + len;
	size_t keep;

	if (t->next)
		t->next(data, len, t->ctx);
	if (len > sizeof(t->buf))
		len = sizeof(t->buf);
	keep = t->len + len > sizeof(t->buf) ? sizeof(t->buf) - len : t->len;
	memmove(t->buf, t->buf + t->len - keep, keep);
	memcpy(t->buf + keep, end - len, len);
	t->len = keep + len;
}

/* The script's own words for what went wrong. */
static int failure(
	const char *name, int status, const struct remote_answer *a, const struct tail *tail, struct error *err)
{
	const char *what = remote_answer_get(a, "error"), *hint = remote_answer_get(a, "hint");
	struct str text = STR_INIT;

	if (what)
		error_set(err, ERROR_COMMAND, "%s", what);
	else
		error_set(err, ERROR_COMMAND, "%s: exit status %d", name, status);
	if (hint)
		error_hint(err, "%s", hint);
	str_add_printable(&text, tail->buf, tail->len);
	if (text.len > 0)
		error_detail(err, text.buf);
	str_release(&text);
	return -1;
}

int remote_script(struct remote *r, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, remote_output_fn *on_stderr,
	void *ctx, int64_t timeout_ms, struct error *err)
{
	struct str text = STR_INIT, out = STR_INIT;
	struct tail tail = { .next = on_stderr, .ctx = ctx };
	struct remote_answer own = { 0 };
	struct error parse = { 0 };
	char nonce[25];
	int status = 0, rc;

	for (size_t i = 0; i < param_count; i++)
		if (!valid_name(params[i].name))
			return error_set(
				err, ERROR_INTERNAL, "%s: '%s' is not the name of a parameter", name, params[i].name);
	secret_random_word(nonce, sizeof(nonce) - 1);
	remote_script_text(&text, nonce, script, params, param_count);
	const struct remote_exec x = { .input = text.buf,
		.input_len = text.len,
		.out = &out,
		.out_max = SCRIPT_OUT_MAX,
		.on_stderr = take_tail,
		.ctx = &tail,
		.timeout_ms = timeout_ms };
	rc = remote_exec(r, &x, &status, err);
	if (rc == 0) {
		rc = remote_answer_parse(&own, nonce, out.buf, out.len, words, &parse);
		if (status != 0) {
			rc = failure(name, status, &own, &tail, err);
		} else if (rc != 0) {
			if (err)
				*err = parse;
			error_wrap(err, "%s", name);
		}
	}
	if (answer)
		*answer = own;
	else
		remote_answer_release(&own);
	str_wipe(&text);
	str_wipe(&out);
	return rc;
}
