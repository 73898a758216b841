/*
 * etcd starts again as a cluster of one, after its quorum was lost for good: from what a member that is left has, or from a snapshot. The other control planes' etcd is stopped first,
 * as far as they can be reached: they join again afterwards.
 */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "steps/host/scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (4u << 20)
#define API_TIMEOUT_MS 300000

static const char *const stop_words[] = { "stopped", "error", "hint", NULL };
static const char *const upload_words[] = { "have", "error", "hint", NULL };
static const char *const restore_words[] = { "kept", "error", "hint", NULL };

static bool is_unreached(void *t, int host)
{
	return task_unreached(t, host);
}

/* Looked at again, under the lock: what was confirmed must still be so. */
static bool refused(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	return !w->wish.override_quorum && !world_restoring(&w->seen.hosts[w->wish.etcd->host]) &&
	       world_quorum_given_up(w, is_unreached, t, why);
}

enum step_verdict stop_etcd_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct error no = { 0 };

	if (task_host(t) == w->wish.etcd->host || refused(t, &no) ||
		!strstr(cluster_fact(world_facts(t), "have"), "etcd-manifest"))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_ETCD, "stop", "stops etcd here; it joins again after the restore");
}

int stop_etcd_apply(struct task *t, struct error *err)
{
	const char *name = world_host(t)->name;
	int rc = world_script(t, "etcd-stop", host_script_etcd_stop, NULL, 0, stop_words, NULL, 180000, err);

	if (rc) {
		task_lock(t);
		world_of(t)->wish.etcd->unstopped = true;
		task_unlock(t);
		return rc;
	}
	task_notice(t, NOTICE_ETCD_STOPPED, name, "stopped etcd on %s; it comes back with 'kubewright rejoin %s'", name,
		name);
	return 0;
}

enum step_verdict restore_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (task_host(t) != w->wish.etcd->host)
		return STEP_NOT_HERE;
	if (refused(t, why))
		return STEP_IMPOSSIBLE;
	if (w->wish.etcd->unstopped) {
		error_refuse(why, ERROR_COMMAND, REFUSAL_ETCD_RUNS, NULL,
			"etcd on another control plane could not be stopped: two clusters would run side by side");
		error_hint(why, "fix that host, then run it again");
		return STEP_IMPOSSIBLE;
	}
	return step_needed(why, EVIDENCE_ETCD, "restore", "%s",
		world_restoring(world_facts(t)) ? "continues an interrupted restore"
						: "starts etcd again as a single member");
}

/* ---- the snapshot's way to the host ---------------------------------------------------------------------------------- */

static int send_piece(struct task *t, const char *path, int64_t at, const void *data, size_t len, struct error *err)
{
	struct remote *r;
	char *command;
	int status = 0, rc;

	task_beat(t);
	if (lock_may_change(t, err) || !(r = task_remote(t, err)))
		return -1;
	command =
		xasprintf("exec dd 'of=%s' bs=65536 oflag=seek_bytes 'seek=%" PRId64 "' conv=notrunc,fsync status=none",
			path, at);
	const struct remote_exec x = { .command = command, .input = data, .input_len = len, .timeout_ms = 600000 };
	rc = remote_exec(r, &x, &status, err);
	free(command);
	if (rc == 0 && status) {
		rc = error_set(err, ERROR_COMMAND, "the snapshot cannot be written to %s", path);
		error_hint(err, "is the disk full? see 'df /var/lib' on the host");
	}
	return rc;
}

/* e: whose snapshot is open as fd. */
static int send_rest(
	struct task *t, const struct world_etcd *e, int fd, const char *path, int64_t at, struct error *err)
{
	int64_t size = e->info.size;
	char *buf = xcalloc(1, CHUNK);
	int rc = 0;

	while (rc == 0 && at < size) {
		ssize_t n = pread(fd, buf, CHUNK, at);

		if (n <= 0)
			rc = error_errno(
				err, ERROR_SYSTEM, n ? errno : EIO, "cannot read the snapshot '%s'", e->snapshot);
		else
			rc = send_piece(t, path, at, buf, (size_t)n, err);
		at += n > 0 ? n : 0;
		if (rc == 0)
			task_log(t, "sent %" PRId64 " of %" PRId64 " bytes", at, size);
	}
	secret_wipe(buf, CHUNK);
	free(buf);
	return rc;
}

/* What is there of it already is not sent again; that it is the same is seen by its digest. */
static int upload(struct task *t, const struct world_etcd *e, const char *path, struct error *err)
{
	struct remote_answer answer = { 0 };
	char size[24];
	int rc, fd = open(e->snapshot, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", e->snapshot);
	snprintf(size, sizeof(size), "%" PRId64, e->info.size);
	const struct remote_param params[] = { { "file", path }, { "size", size } };
	rc = world_script(t, "etcd-upload", host_script_etcd_upload, params, 2, upload_words, &answer, 60000, err);
	if (rc == 0) {
		const char *have = remote_answer_get(&answer, "have");

		rc = send_rest(t, e, fd, path, have ? strtoll(have, NULL, 10) : 0, err);
	}
	remote_answer_release(&answer);
	close(fd);
	return rc;
}

int restore_apply(struct task *t, struct error *err)
{
	const struct wish *wish = &world_of(t)->wish;
	const struct world_etcd *e = wish->etcd;
	const char *name = world_host(t)->name;
	struct remote_answer answer = { 0 };
	char *path = e->snapshot ? xasprintf("/var/lib/kubewright/etcd/%s.db", e->info.sha256) : xstrdup("");
	int rc = 0;

	/* a job that still runs has its file */
	if (e->snapshot && strcmp(world_job_state(world_facts(t), "etcd-restore"), "running") != 0)
		rc = upload(t, e, path, err);
	const struct remote_param params[] = { { "snapshot", path },
		{ "snapshot_sum", e->snapshot ? e->info.sha256 : "" }, { "time", wish->run } };
	if (rc == 0)
		rc = world_job(t, "etcd-restore", host_script_etcd_restore, params, 3, restore_words, &answer, NULL,
			30 * 60000, err);
	if (rc == 0)
		task_notice(t, NOTICE_ETCD_ANEW, name, "etcd starts again on %s; its earlier data is kept there in %s",
			name,
			remote_answer_get(&answer, "kept") ? remote_answer_get(&answer, "kept")
							   : "/var/lib/kubewright/etcd");
	else
		world_explain(t, "etcd-restore", err);
	remote_answer_release(&answer);
	free(path);
	return rc;
}

/* ---- what came of it ------------------------------------------------------------------------------------------------- */

enum step_verdict restored_check(struct task *t, struct error *why)
{
	if (task_host(t) != world_of(t)->wish.etcd->host)
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_ETCD, "wait", "waits until the API server answers from the restored data");
}

static void take_nodes(struct task *t, struct cluster_state *seen)
{
	struct world *w = world_of(t);

	task_lock(t);
	cluster_state_release(&w->seen.cluster);
	w->seen.cluster = *seen;
	w->seen.cluster.exists = true;
	w->decided.lead = w->seen.cluster.lead = task_host(t);
	task_unlock(t);
}

int restored_apply(struct task *t, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	struct cluster_state seen = { .lead = -1 };
	struct error why = { 0 };

	while (world_api(t, world_nodes, &seen, &why)) {
		/* one that cannot be asked will not be by waiting */
		if (world_way_lost(&why) || why.kind == ERROR_BLOCKED || task_cancelled(t))
			return *err = why, -1;
		world_waits(t, &wait, API_TIMEOUT_MS, why.what);
		if (clock_mono_ms() - wait.begun_ms > API_TIMEOUT_MS) {
			*err = why;
			error_wrap(err, "etcd is restored, but the API server does not answer after %d s",
				API_TIMEOUT_MS / 1000);
			world_explain(t, "", err);
			return -1;
		}
		task_lock(t);
		task_wait(t, clock_mono_ms() + 500);
		task_unlock(t);
	}
	take_nodes(t, &seen);
	return ask_etcd_apply(t, err);
}
