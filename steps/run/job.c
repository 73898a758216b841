/* Jobs: what must not be cut in two when a connection is. */
#include "steps/run/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The job's own answer is framed by a fixed word: it is read from a file of root's, so nothing else can write it. */
#define JOB_NONCE "kubewright-job"

static const char *const outer_words[] = { "attached", "status", "ran_input", "ran_run", "=stdout", "error", "hint",
	NULL };

static const char *outer_word(const struct remote_answer *outer, const char *word, const char *without)
{
	const char *value = remote_answer_get(outer, word);

	return value ? value : without;
}

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

struct job {
	const char *name;
	struct str body;
	char input[65];
};

/* One exec: starts the job, or finds the one that runs. Unless it is followed its record is all that shows its end. */
static int job_send(struct task *t, const struct job *j, bool follow, struct tail *tail, struct remote_answer *outer,
	int64_t timeout_ms, struct error *err)
{
	char sum[65], record[256], expect_run[64] = "", beat[16];
	struct str text = STR_INIT;
	struct remote *r = task_remote(t, err);
	const struct world *w = world_of(t);
	const struct cluster_host *h = world_facts(t);
	int64_t begun = clock_boot_ms();
	int rc;

	if (!r || lock_may_change(t, err))
		return -1;
	pki_sha256_hex(j->body.buf, j->body.len, sum);
	/* "running STATUS INPUT RUN" */
	if (strcmp(world_job_state(h, j->name), "running") == 0)
		sscanf(cluster_factf(h, "job.%s", j->name), "%*s %*s %*s %63s", expect_run);
	/* should the connection break from here on, the next look finds a job of this run: followed, or its result taken */
	snprintf(record, sizeof(record), "running - %s %s", j->input, expect_run[0] ? expect_run : w->wish.run);
	note_job(t, j->name, record);
	snprintf(beat, sizeof(beat), "%lld", (long long)lock_beat_s(w));
	const struct remote_param params[] = {
		{ "node", world_host(t)->name },
		{ "run", w->wish.run },
		{ "step", j->name },
		{ "job", j->name },
		{ "input", j->input },
		{ "script", j->body.buf },
		{ "script_sum", sum },
		{ "expect_run", expect_run },
		{ "follow", follow ? "yes" : "no" },
		{ "beat", beat },
	};
	str_add(&text, host_script_lib);
	str_add(&text, host_script_job);
	lock_job_runs(t, follow);
	rc = remote_script(r, j->name, text.buf, params, sizeof(params) / sizeof(params[0]), outer_words, outer,
		job_output, tail, timeout_ms, err);
	lock_job_runs(t, false);
	str_release(&text);
	if (rc == 0 && strcmp(outer_word(outer, "attached", ""), "no") == 0)
		lock_seen(t, begun);
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

static void job_make(
	struct task *t, struct job *j, const char *script, const struct remote_param *params, size_t param_count)
{
	struct remote_param *all = world_params(t, j->name, params, param_count);
	struct str text = STR_INIT;

	str_add(&text, host_script_lib);
	str_add(&text, host_script_questions);
	str_add(&text, script);
	remote_script_text(&j->body, JOB_NONCE, text.buf, all, WORLD_PARAMS + param_count);
	job_input(script, params, param_count, j->input);
	free(all);
	str_release(&text);
}

int world_job(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, const char *const *words, struct remote_answer *answer, bool *attached, int64_t timeout_ms,
	struct error *err)
{
	struct job j = { .name = name, .body = STR_INIT };
	struct tail tail = { .task = t, .text = STR_INIT };
	struct error tail_error = { 0 };
	struct remote_answer outer = { 0 };
	char record[256];
	int rc;

	job_make(t, &j, script, params, param_count);
	rc = job_send(t, &j, true, &tail, &outer, timeout_ms, err);
	if (attached)
		*attached = strcmp(outer_word(&outer, "attached", ""), "yes") == 0;
	if (rc == 0) {
		snprintf(record, sizeof(record), "done %s %s %s", outer_word(&outer, "status", "?"),
			outer_word(&outer, "ran_input", "?"), outer_word(&outer, "ran_run", "?"));
		note_job(t, name, record);
		error_detail(&tail_error, tail.text.buf);
		rc = job_result(name, &outer, words, answer, &tail_error, err);
	}
	if (rc)
		lock_explain(t, err);
	remote_answer_release(&outer);
	str_wipe(&tail.text);
	str_wipe(&j.body);
	return rc;
}

int world_job_begin(struct task *t, const char *name, const char *script, const struct remote_param *params,
	size_t param_count, struct error *err)
{
	struct job j = { .name = name, .body = STR_INIT };
	struct tail tail = { .task = t, .text = STR_INIT };
	struct remote_answer outer = { 0 };
	int rc;

	job_make(t, &j, script, params, param_count);
	rc = job_send(t, &j, false, &tail, &outer, SCRIPT_CHANGE_MS, err);
	remote_answer_release(&outer);
	str_wipe(&tail.text);
	str_wipe(&j.body);
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

const char *world_job_state(const struct cluster_host *h, const char *name)
{
	const char *record = cluster_factf(h, "job.%s", name);

	if (!*record)
		return "";
	if (strncmp(record, "running", 7) == 0)
		return "running";
	return strncmp(record, "done", 4) == 0 ? "done" : "died";
}

bool world_installed(const struct cluster_host *h)
{
	return cluster_kubeadm_done(h) && strstr(cluster_fact(h, "have"), "kubelet-conf") != NULL;
}
