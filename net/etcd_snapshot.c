/* etcd's snapshot out of its JSON gateway: a stream of objects, one a line, each with a piece of the database in base64. */
#include "net/private.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "pki/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* etcd sends pieces of 32 KiB; gRPC itself would take 4 MiB. */
#define LINE_MAX_BYTES (8u << 20)
#define STALL_MS 60000
/* What a database may have grown by since its size was asked for. */
#define GROWTH(size) ((size) / 4 + (64 << 20))
/* What is to be left free on this disk. */
#define FREE_MIN (64 << 20)
#define DIGEST 32

/* What has come: all but the last 32 bytes are the database, those are its digest. */
struct sum {
	struct pki_sha256 *data, *file;
	unsigned char last[DIGEST];
	size_t held; /* of last */
	int64_t size;
};

static void sum_begin(struct sum *s)
{
	memset(s, 0, sizeof(*s));
	s->data = pki_sha256_new();
	s->file = pki_sha256_new();
}

static void sum_add(struct sum *s, const unsigned char *p, size_t n)
{
	size_t all = s->held + n, out = all > DIGEST ? all - DIGEST : 0, from_last = out < s->held ? out : s->held;

	pki_sha256_add(s->file, p, n);
	s->size += (int64_t)n;
	pki_sha256_add(s->data, s->last, from_last);
	memmove(s->last, s->last + from_last, s->held - from_last);
	s->held -= from_last;
	pki_sha256_add(s->data, p, out - from_last);
	memcpy(s->last + s->held, p + (out - from_last), n - (out - from_last));
	s->held += n - (out - from_last);
}

/* Ends the sums. -1: the digest is not that of the database. */
static int sum_end(struct sum *s, const char *path, struct net_snapshot *out, struct error *err)
{
	unsigned char data[DIGEST], file[DIGEST];
	struct str hex = STR_INIT;

	pki_sha256_end(s->data, data);
	pki_sha256_end(s->file, file);
	if (s->size <= DIGEST || memcmp(data, s->last, DIGEST) != 0)
		return error_set(
			err, ERROR_PROTOCOL, "the snapshot '%s' is damaged: its digest does not match its data", path);
	str_add_hex(&hex, file, DIGEST);
	out->size = s->size;
	snprintf(out->sha256, sizeof(out->sha256), "%s", hex.buf);
	str_release(&hex);
	return 0;
}

struct decoder {
	const char *path;
	int fd;
	struct str line, blob;
	struct sum sum;
	int64_t remaining; /* as the last object says; -1: none came */
	int64_t max;       /* the database and its digest are not larger */
	struct error err;  /* why it gave up */
};

static int refuse(struct decoder *d, const struct json *j)
{
	struct str text = STR_INIT, message = STR_INIT;

	json_write(json_get(j, "error") && json_is_object(json_get(j, "error")) ? json_get(j, "error") : j, &text);
	net_message(&text, &message);
	error_set(&d->err, ERROR_NET, "etcd refuses a snapshot: %s", message.len ? message.buf : "no reason given");
	str_release(&text);
	str_release(&message);
	return -1;
}

/*
 * Each piece brings the end nearer: what has come and what remains is never more than the first piece said, which is never more than the member's database may be. A
 * stream without end ends here, whatever it says.
 */
static int check_size(struct decoder *d)
{
	int64_t come = d->sum.size + (int64_t)d->blob.len;
	/* the digest comes when nothing remains any more */
	int64_t all = come + d->remaining + (d->remaining > 0 ? DIGEST : 0);

	if (d->remaining >= 0 && d->blob.len && all <= d->max) {
		d->max = d->sum.size == 0 && d->remaining > 0 ? all : d->max;
		return 0;
	}
	if (d->remaining >= 0 && d->blob.len && d->sum.size == 0)
		error_set(&d->err, ERROR_PROTOCOL,
			"etcd's snapshot is larger (%lld MiB) than the database that its member reports",
			(long long)(all >> 20));
	else
		error_set(&d->err, ERROR_PROTOCOL, "etcd's snapshot has not the length that was announced");
	return error_hint(
		&d->err, "take it from another control plane, and check this one with 'kubewright etcd members'");
}

static int take_object(struct decoder *d, const struct json *j)
{
	const struct json *result = json_get(j, "result");
	const char *blob = json_get_str(result, "blob", ""), *left = json_get_str(result, "remaining_bytes", NULL);

	if (!json_is_object(result))
		return refuse(d, j);
	d->remaining = left ? strtoll(left, NULL, 10) : json_get_int(result, "remaining_bytes", 0);
	str_clear(&d->blob);
	if (str_add_unbase64(&d->blob, blob, strlen(blob)))
		return error_set(&d->err, ERROR_PROTOCOL, "a piece of etcd's snapshot is not base64");
	if (d->blob.len && check_size(d))
		return -1;
	sum_add(&d->sum, (const unsigned char *)d->blob.buf, d->blob.len);
	return file_add(d->fd, d->path, d->blob.buf, d->blob.len, &d->err);
}

static int take_line(struct decoder *d)
{
	struct error why = { 0 };
	struct json *j;
	int rc;

	if (d->line.len == strspn(d->line.buf, " \r\t"))
		return 0;
	j = json_parse(d->line.buf, d->line.len, &why);
	rc = j ? take_object(d, j)
	       : error_set(&d->err, ERROR_PROTOCOL, "a piece of etcd's snapshot is not JSON: %s", why.what);
	json_free(j);
	str_clear(&d->line);
	return rc;
}

/* A CURLOPT_WRITEFUNCTION. */
static size_t decode(char *data, size_t size, size_t n, void *ctx)
{
	struct decoder *d = ctx;
	const char *p = data, *end = data + size * n;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((newline ? newline : end) - p);

		if (len > LINE_MAX_BYTES - d->line.len) {
			error_set(&d->err, ERROR_PROTOCOL, "a piece of etcd's snapshot is larger than %u bytes",
				LINE_MAX_BYTES);
			return 0;
		}
		str_addn(&d->line, p, len);
		if (newline && take_line(d))
			return 0;
		p += len + (newline != NULL);
	}
	return size * n;
}

static int receive(struct net_client *c, struct decoder *d, struct error *err)
{
	const struct net_request q = { .method = "POST", .path = "/v3/maintenance/snapshot", .body = "{}" };
	long status = 0;
	int rc = net_perform(c, &q, STALL_MS, decode, d, &status, err);

	if (rc == 0 && take_line(d))
		rc = 1;
	if (rc > 0 && err)
		*err = d->err;
	if (rc)
		return -1;
	if (status != 200)
		return error_set(err, ERROR_NET, "etcd refuses a snapshot (HTTP %ld)", status);
	if (d->remaining != 0)
		return error_set(err, ERROR_NET, "etcd's snapshot ended early: %lld bytes are missing",
			d->remaining > 0 ? (long long)d->remaining : 0LL);
	return 0;
}

/* How large it may get: by the member's own word, and by the room that there is. -1: there is too little. */
static int64_t most(struct net_client *c, const char *path, int fd, struct error *err)
{
	struct net_etcd_status s;
	struct statvfs fs;
	int64_t room;

	if (net_etcd_status(c, &s, err))
		return -1;
	if (s.db_size < 0 || s.db_size > INT64_MAX / 4)
		return error_set(err, ERROR_PROTOCOL, "etcd reports a database of %lld bytes", (long long)s.db_size);
	if (fstatvfs(fd, &fs) != 0)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot find out how much space there is for '%s'", path);
	room = (int64_t)(fs.f_bavail * fs.f_frsize) - FREE_MIN;
	if (room < s.db_size) {
		error_set(err, ERROR_SYSTEM, "not enough space for a snapshot of %lld MiB at '%s'",
			(long long)(s.db_size >> 20), path);
		return error_hint(err,
			"%d MiB more must stay free; free some space there, or name a file on another disk",
			FREE_MIN >> 20);
	}
	return s.db_size + GROWTH(s.db_size) < room ? s.db_size + GROWTH(s.db_size) : room;
}

int net_etcd_snapshot(struct net_client *c, const char *path, struct net_snapshot *out, struct error *err)
{
	struct decoder d = { .path = path, .line = STR_INIT, .blob = STR_INIT, .remaining = -1 };
	char *tmp;
	int rc;

	d.fd = file_begin(path, 0600, &tmp, err);
	if (d.fd < 0)
		return -1;
	d.max = most(c, path, d.fd, err);
	if (d.max < 0) {
		file_drop(d.fd, tmp);
		return -1;
	}
	sum_begin(&d.sum);
	rc = receive(c, &d, err);
	if (sum_end(&d.sum, path, out, rc ? NULL : err))
		rc = -1;
	if (rc == 0)
		rc = file_end(d.fd, tmp, path, err);
	else
		file_drop(d.fd, tmp);
	/* Secrets of the cluster are in it */
	str_wipe(&d.line);
	str_wipe(&d.blob);
	return rc;
}

int net_snapshot_check(const char *path, struct net_snapshot *out, struct error *err)
{
	unsigned char buf[65536];
	struct sum sum;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved;

	if (fd < 0)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", path);
	sum_begin(&sum);
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			sum_add(&sum, buf, (size_t)n);
	saved = n < 0 ? errno : 0;
	close(fd);
	if (sum_end(&sum, path, out, saved ? NULL : err))
		return saved ? error_errno(err, ERROR_SYSTEM, saved, "cannot read '%s'", path)
			     : error_hint(err,
				       "only what 'kubewright etcd snapshot' or 'etcdctl snapshot save' wrote can be restored");
	return saved ? error_errno(err, ERROR_SYSTEM, saved, "cannot read '%s'", path) : 0;
}
