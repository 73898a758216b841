/* Jobs: what must not be cut in two when a connection is. */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "remote/remote.h"
#include "steps/host_scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The job's own answer is framed by a fixed word: it is read from a file of root's, so nothing else can write it. */
#define JOB_NONCE "kubewright-job"

static const char *const outer_words[] = { "attached", "status", "ran_input", "ran_run", "=stdout", "error", "hint",
	NULL };

/* The job's answer, from the outer one, and its failure as an error. */
static int job_result(const char *name, const struct remote_answer *outer, const char *const *words,
	struct remote_answer *answer, const struct error *log_tail, struct error *err)
{
	const char *text = remote_answer_get(outer, "stdout");
	const char *status = remote_answer_get(outer, "status");
	struct remote_answer own = { 0 };
	struct error parse = { 0 };
	int rc = 0;

	if (text && remote_answer_parse(&own, JOB_NONCE, text, strlen(text), words, &parse) && status &&
		strcmp(status, "0") == 0)
		rc = error_set(err, parse.kind, "the job %s: %s", name, parse.what);
	if (!status || strcmp(status, "0") != 0) {
		const char *what = remote_answer_get(&own, "error"), *hint = remote_answer_get(&own, "hint");

		if (what)
			rc = error_set(err, ERROR_COMMAND, "%s", what);
		else
			rc = error_set(err, ERROR_COMMAND, "the job %s ended with status %s", name,
				status ? status : "unknown");
		if (hint)
			error_hint(err, "%s", hint);
		if (log_tail->detail[0])
			error_detail(err, log_tail->detail);
	}
	if (answer && rc == 0)
		*answer = own;
	else
		remote_answer_release(&own);
	return rc;
}

struct tail {
	struct task *task;
	struct str text;
};

/* Passes the log on and keeps its end for the error. */
static void job_output(const char *data, size_t len, void *ctx)
{
	struct tail *tail = ctx;

	task_output(data, len, tail->task);
	str_addn(&tail->text, data, len);
	if (tail->text.len > 16384) {
		memmove(tail->text.buf, tail->text.buf + tail->text.len - 4096, 4096);
		tail->text.len = 4096;
		tail->text.buf[4096] = '\0';
	}
}

/* What this host's record of a job says now. */
static void note_job(struct task *t, const char *name, const char *record)
{
	char word[64];

	snprintf(word, sizeof(word), "job.%s", name);
	task_lock(t);
	cluster_set(world_facts(t), word, record);
	task_unlock(t);
}

static int job_run(struct task *t, const char *name, const struct str *body, const char *const *words,
	struct remote_answer *answer, bool *attached, const char *input, int64_t timeout_ms, struct error *err)
{
	char sum[65], record[256], expect_run[64] = "", beat[16];
	struct tail tail = { .task = t, .text = STR_INIT };
	struct error tail_error = { 0 };
	struct remote_answer outer = { 0 };
	struct str text = STR_INIT;
	struct remote *r = task_remote(t, err);
	int64_t begun = clock_boot_ms();
	int rc = -1;

	if (!r || lock_may_change(t, err))
		goto out;
	pki_sha256_hex(body->buf, body->len, sum);
	/* "running STATUS INPUT RUN" */
	if (strcmp(world_job_state(world_facts(t), name), "running") == 0)
		sscanf(cluster_factf(world_facts(t), "job.%s", name), "%*s %*s %*s %63s", expect_run);
	/* should the connection break from here on, the next look finds a job of this run: followed, or its result taken */
	snprintf(record, sizeof(record), "running - %s %s", input, expect_run[0] ? expect_run : world_of(t)->run);
	note_job(t, name, record);
	snprintf(beat, sizeof(beat), "%lld", (long long)lock_beat_s(world_of(t)));
	const struct remote_param params[] = {
		{ "node", world_host(t)->name },
		{ "run", world_of(t)->run },
		{ "step", name },
		{ "job", name },
		{ "input", input },
		{ "script", body->buf },
		{ "script_sum", sum },
		{ "expect_run", expect_run },
		{ "beat", beat },
	};
	str_add(&text, host_script_lib);
	str_add(&text, host_script_job);
	lock_job_runs(t, true);
	rc = remote_script(r, name, text.buf, params, sizeof(params) / sizeof(params[0]), outer_words, &outer,
		job_output, &tail, timeout_ms, err);
	lock_job_runs(t, false);
	if (rc == 0) {
		const char *ran = remote_answer_get(&outer, "ran_input"), *who = remote_answer_get(&outer, "attached");
		const char *status = remote_answer_get(&outer, "status"), *run = remote_answer_get(&outer, "ran_run");

		*attached = who && strcmp(who, "yes") == 0;
		snprintf(record, sizeof(record), "done %s %s %s", status ? status : "?", ran ? ran : "?",
			run ? run : "?");
		note_job(t, name, record);
		error_detail(&tail_error, tail.text.buf);
		if (!*attached)
			lock_seen(t, begun);
		rc = job_result(name, &outer, words, answer, &tail_error, err);
	}
	if (rc)
		lock_explain(t, err);
out:
	remote_answer_release(&outer);
	str_release(&text);
	str_wipe(&tail.text);
	return rc;
}

void job_input(const char *script, const struct remote_param *params, size_t param_count, char out[65])
{
	struct str all = STR_INIT;

	str_add(&all, script);
	for (size_t i = 0; i < param_count; i++) {
		/* what is new in every run says nothing about what is done */
		if (strcmp(params[i].name, "secret_config") == 0)
			continue;
		str_addf(&all, "\n%s=", params[i].name);
		str_add(&all, params[i].value ? params[i].value : "");
	}
	pki_sha256_hex(all.buf, all.len, out);
	str_release(&all);
}

int world_job(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, bool *attached, int64_t timeout_ms,
	struct error *err)
{
	struct remote_param all[64];
	struct str text = STR_INIT, body = STR_INIT;
	bool followed = false;
	size_t n = 0;
	int rc;

	all[n++] = (struct remote_param){ "node", world_host(t)->name };
	all[n++] = (struct remote_param){ "run", world_of(t)->run };
	all[n++] = (struct remote_param){ "step", name };
	for (size_t i = 0; i < param_count && n < sizeof(all) / sizeof(all[0]); i++)
		all[n++] = params[i];
	str_add(&text, host_script_lib);
	str_add(&text, host_script_questions);
	str_add(&text, script);
	remote_script_text(&body, JOB_NONCE, text.buf, all, n);
	char input[65];
	job_input(script, params, param_count, input);
	rc = job_run(t, name, &body, words, answer, &followed, input, timeout_ms, err);
	if (attached)
		*attached = followed;
	str_release(&text);
	str_wipe(&body);
	return rc;
}

bool world_job_same(const struct cluster_host *h, const char *name, const char *input)
{
	const char *record = cluster_factf(h, "job.%s", name);

	return strncmp(record, "done 0 ", 7) == 0 && strncmp(record + 7, input, 64) == 0;
}

bool world_job_done(const struct cluster_host *h, const char *name)
{
	return strncmp(cluster_factf(h, "job.%s", name), "done 0 ", 7) == 0;
}
