#include "pki/given.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1
/* Another process holds the lock for one line. */
#define LOCK_MS 2000
#define LOCK_LOOK_MS 10
/* the end of the year 9999, as certificates have it */
#define TIME_MAX INT64_C(253402300799)

static void absolute(const char *to, char *out, size_t size)
{
	char *cwd = *to == '/' || strcmp(to, PKI_GIVEN_STDOUT) == 0 ? NULL : getcwd(NULL, 0);
	char *path = cwd ? xasprintf("%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, to) : xstrdup(to);

	str_copy_line(out, size, path);
	free(path);
	free(cwd);
}

int pki_given_fill(const char *kubeconfig, const char *to, struct pki_given *out, struct error *err)
{
	struct arena arena = { 0 };
	struct str pem = STR_INIT;
	struct pki_cert *cert;
	size_t left_out;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (pki_kubeconfig_client(kubeconfig, &pem))
		error_set(err, ERROR_PKI, "the kubeconfig has no client certificate");
	else if (pki_certs_read(pem.buf, pem.len, 1, &arena, &cert, &left_out, err) == 1)
		rc = 0;
	if (rc == 0) {
		str_copy_line(out->serial, sizeof(out->serial), cert->info.serial);
		str_copy_line(out->sha256, sizeof(out->sha256), cert->info.sha256);
		str_copy_line(out->user, sizeof(out->user), cert->info.subject_cn);
		for (size_t i = 0; i < cert->org_count && i < PKI_GIVEN_GROUPS; i++)
			str_copy_line(out->groups[out->group_count++], sizeof(out->groups[0]), cert->orgs[i]);
		out->not_before = cert->info.not_before;
		out->not_after = cert->info.not_after;
		out->made = clock_wall_ms() / 1000;
		absolute(to, out->to, sizeof(out->to));
	}
	str_release(&pem);
	arena_release(&arena);
	return rc;
}

/* ---- a line ------------------------------------------------------------------------------------------------------ */

static void add_line(const struct pki_given *g, struct str *out)
{
	struct json *j = json_object(), *groups;

	json_set_int(j, "v", VERSION);
	json_set_str(j, "serial", g->serial);
	json_set_str(j, "sha256", g->sha256);
	json_set_str(j, "user", g->user);
	groups = json_set(j, "groups", json_array());
	for (size_t i = 0; i < g->group_count; i++)
		json_add(groups, json_string(g->groups[i]));
	json_set_int(j, "not_before", g->not_before);
	json_set_int(j, "not_after", g->not_after);
	json_set_int(j, "made", g->made);
	json_set_str(j, "to", g->to);
	json_write(j, out);
	str_addc(out, '\n');
	json_free(j);
}

static bool is_hex(const char *text, size_t max)
{
	size_t n = strlen(text);

	return n > 0 && n <= max && strspn(text, "0123456789abcdefABCDEF") == n;
}

static bool take_time(const struct json *j, const char *key, int64_t *out)
{
	*out = json_get_int(j, key, -1);
	return *out >= 0 && *out <= TIME_MAX;
}

static bool take(const struct json *j, struct pki_given *out)
{
	const char *serial = json_get_str(j, "serial", ""), *sha256 = json_get_str(j, "sha256", "");
	const struct json *groups = json_get(j, "groups");

	memset(out, 0, sizeof(*out));
	if (json_get_int(j, "v", 0) != VERSION || !is_hex(serial, sizeof(out->serial) - 1) ||
		!take_time(j, "not_before", &out->not_before) || !take_time(j, "not_after", &out->not_after))
		return false;
	str_copy_line(out->serial, sizeof(out->serial), serial);
	if (is_hex(sha256, sizeof(out->sha256) - 1))
		str_copy_line(out->sha256, sizeof(out->sha256), sha256);
	str_copy_line(out->user, sizeof(out->user), json_get_str(j, "user", ""));
	for (size_t i = 0; i < json_size(groups) && out->group_count < PKI_GIVEN_GROUPS; i++) {
		const char *name = json_text(json_at(groups, i));

		if (name)
			str_copy_line(out->groups[out->group_count++], sizeof(out->groups[0]), name);
	}
	if (!take_time(j, "made", &out->made))
		out->made = 0;
	str_copy_line(out->to, sizeof(out->to), json_get_str(j, "to", ""));
	return *out->user;
}

static bool read_line(const char *line, size_t len, struct pki_given *out)
{
	struct json *j = json_parse(line, len, NULL);
	bool ok = j && take(j, out);

	json_free(j);
	return ok;
}

/* The next line of text, without its end; NULL: there is none. */
static const char *next_line(const struct str *text, size_t *at, size_t *len)
{
	const char *line = text->buf + *at, *end;

	if (*at >= text->len)
		return NULL;
	end = memchr(line, '\n', text->len - *at);
	*len = end ? (size_t)(end - line) : text->len - *at;
	*at += *len + 1;
	return line;
}

int pki_given_read(const char *path, struct pki_given **out, size_t *count, size_t *damaged, struct error *err)
{
	struct str text = STR_INIT;
	size_t at = 0, len = 0;
	const char *line;
	struct stat st;

	*out = NULL;
	*count = *damaged = 0;
	if (lstat(path, &st) && errno == ENOENT)
		return 0;
	if (file_read(path, PKI_GIVEN_MAX, &text, err)) {
		str_release(&text);
		error_wrap(err, "the record of kubeconfigs");
		return error_hint(err, "move the file away if it is not kubewright's; a new one is started then");
	}
	while ((line = next_line(&text, &at, &len)) != NULL) {
		*out = xrealloc(*out, *count + 1, sizeof(**out));
		if (read_line(line, len, &(*out)[*count]))
			++*count;
		else
			*damaged += len > 0;
	}
	str_release(&text);
	return 0;
}

/* ---- writing: under a lock on the file, as a full one is replaced ------------------------------------------------ */

static bool still_there(int fd, const char *path)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_ino == there.st_ino &&
	       here.st_dev == there.st_dev;
}

static int open_once(const char *path, struct error *err)
{
	/* without O_NONBLOCK the open of a FIFO may wait for ever */
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0)
		return error_errno(err, ERROR_SYSTEM, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return error_set(err, ERROR_SYSTEM, "cannot write '%s': not a regular file", path);
}

/* Who waited while the file was replaced has the lock of a file that is gone, and tries again. */
static int open_locked(const char *path, struct error *err)
{
	int64_t deadline = clock_mono_ms() + LOCK_MS;

	for (;;) {
		int fd = open_once(path, err), saved;

		if (fd < 0)
			return -1;
		saved = flock(fd, LOCK_EX | LOCK_NB) ? errno : 0;
		if (!saved && still_there(fd, path))
			return fd;
		close(fd);
		if (saved && saved != EWOULDBLOCK && saved != EINTR)
			return error_errno(err, ERROR_SYSTEM, saved, "cannot lock '%s'", path);
		if (clock_mono_ms() > deadline)
			return error_set(err, ERROR_SYSTEM, "cannot lock '%s': another process holds it", path);
		if (saved)
			poll(NULL, 0, LOCK_LOOK_MS);
	}
}

/* Without those that ended before this time, and the one with this serial; more is added. Lines that are not understood stay. */
static int rewrite(const char *path, int64_t ended, const char *serial, const struct str *more, struct error *err)
{
	struct str text = STR_INIT, kept = STR_INIT;
	size_t at = 0, len = 0;
	struct pki_given g;
	const char *line;
	int rc = file_read(path, PKI_GIVEN_MAX, &text, err);

	while (rc == 0 && (line = next_line(&text, &at, &len)) != NULL) {
		if (read_line(line, len, &g) && (g.not_after < ended || (serial && strcmp(g.serial, serial) == 0)))
			continue;
		str_addn(&kept, line, len);
		str_addc(&kept, '\n');
	}
	if (rc == 0 && more)
		str_addn(&kept, more->buf, more->len);
	if (rc == 0 && kept.len > PKI_GIVEN_MAX)
		rc = error_set(err, ERROR_SYSTEM, "'%s' is full: it may have %u bytes", path, PKI_GIVEN_MAX);
	if (rc)
		error_hint(err, "keep a copy of the file and remove it; a new one is started then");
	else
		rc = file_write(path, kept.buf, kept.len, 0600, err);
	str_release(&text);
	str_release(&kept);
	return rc;
}

/* A line that was cut short, by a full disk or a crash, must not swallow this one. */
static int append(int fd, const char *path, off_t size, struct str *line, struct error *err)
{
	struct str whole = STR_INIT;
	char last = '\n';
	int rc;

	if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n')
		str_addc(&whole, '\n');
	str_addn(&whole, line->buf, line->len);
	rc = file_add(fd, path, whole.buf, whole.len, err);
	if (rc == 0 && fsync(fd))
		rc = error_errno(err, ERROR_SYSTEM, errno, "cannot write '%s'", path);
	if (rc && ftruncate(fd, size))
		error_detail(err, "its last line is cut short");
	if (rc == 0 && size == 0)
		file_sync_dir(path);
	str_release(&whole);
	return rc;
}

static int make_folder(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc;

	if (!slash || slash == path)
		return 0;
	dir = xstrndup(path, (size_t)(slash - path));
	rc = file_mkdirs(dir, 0700, err);
	free(dir);
	return rc;
}

int pki_given_add(const char *path, const struct pki_given *g, struct error *err)
{
	struct str line = STR_INIT;
	int fd = make_folder(path, err) ? -1 : open_locked(path, err), rc = -1;
	struct stat st;

	if (fd < 0)
		return -1;
	add_line(g, &line);
	if (fstat(fd, &st))
		error_errno(err, ERROR_SYSTEM, errno, "cannot read '%s'", path);
	else if (st.st_size + (off_t)line.len < (off_t)PKI_GIVEN_MAX)
		rc = append(fd, path, st.st_size, &line, err);
	else
		rc = rewrite(path, clock_wall_ms() / 1000, NULL, &line, err);
	str_release(&line);
	close(fd);
	return rc;
}

int pki_given_drop(const char *path, const char *serial, struct error *err)
{
	int fd = open_locked(path, err), rc;

	if (fd < 0)
		return -1;
	rc = rewrite(path, 0, serial, NULL, err);
	close(fd);
	return rc;
}
