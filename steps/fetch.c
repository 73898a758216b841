/* A snapshot that a control plane has taken by itself, onto this machine. */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/secret.h"
#include "cluster/snapshots.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "remote/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CHUNK (4 << 20)
/* What is to be left free on this disk. */
#define FREE_MIN (64 << 20)

enum step_verdict fetch_check(struct task *t, struct error *why)
{
	const struct world_etcd *e = world_of(t)->wish.etcd;

	if (task_host(t) != e->from)
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_ETCD, "fetch", "fetches the snapshot %s", e->file.name);
}

static int room_for(const char *path, int64_t size, struct error *err)
{
	char *slash = strrchr(path, '/'), *dir = xstrndup(path, (size_t)(slash - path));
	struct statvfs fs;
	int rc = statvfs(dir, &fs);

	if (rc)
		error_errno(err, ERROR_SYSTEM, errno, "cannot find out how much space there is in '%s'", dir);
	else if ((int64_t)(fs.f_bavail * fs.f_frsize) - FREE_MIN < size) {
		rc = error_set(err, ERROR_SYSTEM, "not enough space for a snapshot of %" PRId64 " MiB in '%s'",
			size >> 20, dir);
		error_hint(err, "free some space there: %d MiB more must stay free", FREE_MIN >> 20);
	}
	free(dir);
	return rc;
}

/* The piece from at on, appended to fd. */
static int fetch_piece(
	struct task *t, const char *from, int64_t at, int64_t size, int fd, const char *to, struct error *err)
{
	int64_t want = size - at < CHUNK ? size - at : CHUNK;
	struct remote *r = task_remote(t, err);
	struct str piece = STR_INIT;
	int status = 0, rc;
	char *command;

	if (!r)
		return -1;
	command = xasprintf("exec dd 'if=%s' bs=65536 iflag=skip_bytes,count_bytes,fullblock 'skip=%" PRId64
			    "' 'count=%" PRId64 "' status=none",
		from, at, want);
	const struct remote_exec x = { .command = command, .out = &piece, .out_max = CHUNK, .timeout_ms = 600000 };
	rc = remote_exec(r, &x, &status, err);
	if (rc == 0 && (status || (int64_t)piece.len != want)) {
		rc = error_set(err, ERROR_COMMAND, "the snapshot %s cannot be read", from);
		error_hint(err, "'kubewright etcd snapshots' shows which there are; is the host's disk well?");
	}
	if (rc == 0)
		rc = file_add(fd, to, piece.buf, piece.len, err);
	str_wipe(&piece);
	free(command);
	return rc;
}

static int fetch(struct task *t, const char *from, const char *to, struct world_etcd *e, struct error *err)
{
	struct error why = { 0 };
	char *tmp;
	int fd = file_begin(to, 0600, &tmp, err), rc;

	if (fd < 0)
		return -1;
	rc = room_for(to, e->file.size, err);
	for (int64_t at = 0; rc == 0 && at < e->file.size; at += CHUNK) {
		rc = fetch_piece(t, from, at, e->file.size, fd, to, err);
		if (rc == 0)
			task_log(t, "fetched %" PRId64 " of %" PRId64 " bytes",
				at + CHUNK < e->file.size ? at + CHUNK : e->file.size, e->file.size);
	}
	if (rc == 0 && net_snapshot_check(tmp, &e->info, &why)) {
		rc = error_set(
			err, ERROR_COMMAND, "the snapshot %s is damaged: its digest does not match its data", from);
		error_hint(err, "take another one: 'kubewright etcd snapshots' shows which there are");
	}
	if (rc) {
		file_drop(fd, tmp);
		return -1;
	}
	/* how old it is, its file here says too */
	futimens(fd, (const struct timespec[2]){ { .tv_sec = e->file.taken_s }, { .tv_sec = e->file.taken_s } });
	return file_end(fd, tmp, to, err);
}

int fetch_apply(struct task *t, struct error *err)
{
	const struct wish *wish = &world_of(t)->wish;
	struct world_etcd *e = wish->etcd;
	char *from = xasprintf("%s/%s", wish->inventory->etcd.snapshots.folder, e->file.name),
	     *to = xasprintf("%s/%s-%s", wish->snapshots_dir, world_host(t)->name, e->file.name);
	struct error why = { 0 };
	int rc = file_mkdirs(wish->snapshots_dir, 0700, err);

	/* the cluster's Secrets are in what a run that died has left */
	file_sweep(wish->snapshots_dir);
	/* one that an interrupted restore has brought here is used again */
	if (rc == 0 && access(to, F_OK) == 0 &&
		(net_snapshot_check(to, &e->info, &why) || e->info.size != e->file.size)) {
		rc = error_set(err, ERROR_SYSTEM, "'%s' already exists, and is not that snapshot", to);
		error_hint(err, "move it away, then run it again");
	} else if (rc == 0 && access(to, F_OK)) {
		rc = fetch(t, from, to, e, err);
	}
	if (rc == 0)
		e->snapshot = to;
	else
		free(to);
	free(from);
	return rc;
}
