/* Why did it fail: what the host's logs say, and what is known of such lines. */
#include "steps/run/run.h"

#include "base/error.h"
#include "base/str.h"
#include "cluster/signatures.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

#define EXPLAIN_TIMEOUT_MS 20000
#define LOGGED_LINES 60 /* of each source; what the step itself said stays in sight */
#define HITS 4

static const char *const explain_words[] = { "job", "kubelet", "containerd", "keepalived", "pods", "system", "error",
	"hint", NULL };
/* The log ends with what says most. */
static const char *const logged[] = { "system", "keepalived", "containerd", "pods", "kubelet" };

/* Where the last count lines of text begin. */
static const char *last_lines(const char *text, size_t len, size_t count)
{
	const char *p = text + len;

	if (len > 0 && p[-1] == '\n')
		p--;
	while (p > text && count > 0) {
		const char *newline = memrchr(text, '\n', (size_t)(p - text));

		p = newline ? newline : text;
		count--;
	}
	return p > text || (len > 0 && *p == '\n') ? p + 1 : p;
}

static void log_source(struct task *t, const char *name, const char *text, size_t len)
{
	const char *end = text + len, *p = last_lines(text, len, LOGGED_LINES);

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);

		if (n)
			task_gathered(t, name, p, n);
		p += n + 1;
	}
}

static size_t match(const struct remote_answer *a, const struct error *err, struct signature_hit hits[HITS])
{
	struct signature_source sources[sizeof(logged) / sizeof(logged[0]) + 1];
	const struct remote_answer_line *job = remote_answer_find(a, "job");
	size_t n = 0;

	/* the job's log is more than the end of it that the error has */
	if (job && job->len)
		sources[n++] = (struct signature_source){ "job", job->value, job->len };
	else
		sources[n++] = (struct signature_source){ "job", err->detail, strlen(err->detail) };
	for (size_t i = 0; i < sizeof(logged) / sizeof(logged[0]); i++) {
		const struct remote_answer_line *line = remote_answer_find(a, logged[i]);

		if (line)
			sources[n++] = (struct signature_source){ logged[i], line->value, line->len };
	}
	return signatures_match(sources, n, hits, HITS);
}

/* The line that matched, then as much of the end of the old detail as there is room for, from the start of a line. */
static void put_detail(struct error *err, const char *source, const char *line)
{
	char head[sizeof(((struct signature_hit *)0)->line) + 32], old[sizeof(err->detail)];
	const char *rest = old;
	size_t room;

	if (strstr(err->detail, line))
		return;
	snprintf(head, sizeof(head), "%s: %s", source, line);
	room = sizeof(err->detail) - strlen(head) - 2;
	memcpy(old, err->detail, sizeof(old));
	while (strlen(rest) > room && strchr(rest, '\n'))
		rest = strchr(rest, '\n') + 1;
	if (strlen(rest) > room)
		rest = "";
	snprintf(err->detail, sizeof(err->detail), "%s%s%s", head, *rest ? "\n" : "", rest);
}

static void put_hint(struct error *err, const char *what, const char *more)
{
	char old[sizeof(err->hint)];
	int n;

	memcpy(old, err->hint, sizeof(old));
	n = snprintf(err->hint, sizeof(err->hint), "%s: %s", what, more);
	if (*old && n > 0 && (size_t)n + strlen(old) + 3 <= sizeof(err->hint))
		snprintf(err->hint + n, sizeof(err->hint) - (size_t)n, "; %s", old);
}

/* What is known goes first; where nothing is but what the machine is like anyway, what the program itself calls an error. */
static void tell(struct task *t, const struct remote_answer *answer, const struct signature_hit *hits, size_t count,
	struct error *err)
{
	const struct remote_answer_line *job = remote_answer_find(answer, "job");
	bool known = count > 0 && hits[0].signature->rank != RANK_CONDITION;
	char line[256];

	for (size_t i = count; i-- > 0;)
		task_log(t, "%s %s (%s)", i == 0 && known ? "most likely:" : "also seen:", hits[i].cause,
			hits[i].signature->name);
	if (known) {
		put_detail(err, hits[0].source, hits[0].line);
		put_hint(err, hits[0].cause, hits[0].remedy);
	} else if (job && job->len ? signatures_first_error(job->value, job->len, line)
				   : signatures_first_error(err->detail, strlen(err->detail), line)) {
		task_log(t, "its first error: %s", line);
		put_detail(err, "job", line);
		put_hint(err, "its first error", line);
	}
}

void world_explain(struct task *t, const char *job, struct error *err)
{
	const struct remote_param params[] = { { "job", job } };
	struct signature_hit hits[HITS];
	struct remote_answer answer = { 0 };
	struct str script = STR_INIT;
	struct error local = { 0 };
	size_t count;

	if ((err->kind != ERROR_COMMAND && err->kind != ERROR_TIMEOUT) || task_cancelled(t))
		return;
	str_addf(&script, "%s%s", host_script_words, host_script_explain);
	if (world_script(t, "explain", script.buf, params, 1, explain_words, &answer, EXPLAIN_TIMEOUT_MS, &local))
		task_log(t, "cannot gather more of the host's logs: %s", local.what);
	str_release(&script);
	for (size_t i = 0; i < sizeof(logged) / sizeof(logged[0]); i++) {
		const struct remote_answer_line *line = remote_answer_find(&answer, logged[i]);

		if (line)
			log_source(t, logged[i], line->value, line->len);
	}
	count = match(&answer, err, hits);
	tell(t, &answer, hits, count, err);
	remote_answer_release(&answer);
}
