/*
 * The journal: history of a run as JSON lines. Its lock distinguishes a run under way from a dead one; flock ends with the process, however that ends.
 * A thread of its own syncs it, many events at a time: 200 hosts must not queue for a disk's fsync.
 */
#include "engine/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SUFFIX ".jsonl"
#define DEAD_RUNS_MAX 100
#define HEAD_MAX (1u << 20) /* more hosts than anybody has */

struct journal {
	int fd;
	const struct engine_config *config;
	struct str line;
	bool broken;           /* a write failed: no line may follow half a line */
	uint64_t size, looked; /* bytes written; of them when the disk was looked at last */
	bool full;             /* output is no longer taken */
	pthread_t syncer;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool dirty, closing; /* under lock */
};

static void *sync_main(void *journal)
{
	struct journal *j = journal;

	pthread_mutex_lock(&j->lock);
	for (;;) {
		while (!j->dirty && !j->closing)
			pthread_cond_wait(&j->wake, &j->lock);
		if (!j->dirty)
			break;
		j->dirty = false;
		pthread_mutex_unlock(&j->lock);
		fdatasync(j->fd);
		pthread_mutex_lock(&j->lock);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

static void write_line(struct journal *j)
{
	size_t done = 0;

	str_addc(&j->line, '\n');
	while (!j->broken && done < j->line.len) {
		ssize_t n = write(j->fd, j->line.buf + done, j->line.len - done);

		if (n > 0)
			done += (size_t)n, j->size += (size_t)n;
		else if (n == 0 || errno != EINTR)
			j->broken = true;
	}
	str_clear(&j->line);
}

static void wake_syncer(struct journal *j, bool closing)
{
	pthread_mutex_lock(&j->lock);
	j->dirty = true;
	j->closing = closing;
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->lock);
}

/* What a step waits for: where a replay sees why time passed. */
static void head_waits(struct json *item, const struct engine_config *c, size_t s)
{
	const struct step *step = &c->steps[s];
	const struct section *section = engine_section(c, s);
	struct json *list = json_set(item, "needs", json_array()), *need;

	for (size_t n = 0; n < NEEDS_MAX && step->needs[n].step; n++) {
		need = json_add(list, json_object());
		json_set_str(need, "step", step->needs[n].step);
		json_set_int(need, "roles", step->needs[n].roles);
		json_set_int(need, "min", step->needs[n].min);
	}
	if (!section)
		return;
	json_set_str(item, "section", section->name);
	json_set_int(item, "at_once", section->at_once);
}

/* The first line: what the indexes of a replay are, and what was asked for. */
static void write_head(struct journal *j, const char *run, const char *command)
{
	const struct engine_config *c = j->config;
	struct json *head = json_object(), *list, *item;

	json_set_int(head, "v", 1);
	json_set_int(head, "seq", 0);
	event_json_time(head, clock_wall_ms());
	json_set_str(head, "kind", "run");
	json_set_str(head, "run", run);
	if (c->machine)
		json_set_str(head, "machine", c->machine);
	json_set_str(head, "command", command);
	json_set_bool(head, "check_only", c->check_only);
	json_set_int(head, "pid", getpid());
	list = json_set(head, "hosts", json_array());
	for (size_t h = 0; h < c->host_count; h++) {
		item = json_add(list, json_object());
		json_set_str(item, "name", c->hosts[h].name);
		json_set_int(item, "roles", c->hosts[h].roles);
	}
	list = json_set(head, "steps", json_array());
	for (size_t s = 0; s < c->step_count; s++) {
		item = json_add(list, json_object());
		json_set_str(item, "name", c->steps[s].name);
		json_set_str(item, "title", c->steps[s].title);
		json_set_int(item, "roles", c->steps[s].roles);
		json_set_int(item, "flags", c->steps[s].flags);
		head_waits(item, c, s);
	}
	json_write(head, &j->line);
	json_free(head);
	write_line(j);
}

static int start_syncer(struct journal *j, struct error *err)
{
	sigset_t all, old;
	int rc;

	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->wake, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&j->syncer, NULL, sync_main, j);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc ? error_errno(err, ERROR_SYSTEM, rc, "cannot start the recording's thread") : 0;
}

/* Nobody sees a journal before it is locked and has its head: what is seen without a lock is of a dead run, and no look gets in the way of a run that begins. */
static int open_file(const char *temporary, struct error *err)
{
	int fd = open(temporary, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot create the recording '%s'", temporary);
		error_hint(err, "see whether the folder is yours and its disk has room");
	} else if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot lock the recording '%s'", temporary);
		close(fd);
		unlink(temporary);
		fd = -1;
	}
	return fd;
}

/* Under its name, unless that is taken. Not every file system has links. */
static int publish(const char *temporary, const char *path, struct error *err)
{
	int rc = link(temporary, path);

	if (rc < 0 && errno != EEXIST)
		rc = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);
	if (rc < 0) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot create the recording '%s'", path);
		error_hint(err, "see whether the folder is yours and its disk has room");
	}
	unlink(temporary);
	return rc;
}

static struct journal *begin(
	const char *dir, const char *run, const struct engine_config *config, const char *command, struct error *err)
{
	char *temporary = xasprintf("%s/.%s.new", dir, run), *path = xasprintf("%s/%s" SUFFIX, dir, run);
	struct journal *j = NULL;
	int fd = open_file(temporary, err);

	if (fd >= 0) {
		j = xcalloc(1, sizeof(*j));
		j->fd = fd;
		j->config = config;
		str_init(&j->line);
		write_head(j, run, command);
		if (publish(temporary, path, err) || start_syncer(j, err)) {
			close(fd);
			str_release(&j->line);
			free(j);
			j = NULL;
		}
	}
	free(temporary);
	free(path);
	return j;
}

struct journal *journal_open(
	const char *dir, const char *run, const struct engine_config *config, const char *command, struct error *err)
{
	struct journal *j;

	if (!*run || strchr(run, '/') || *run == '.') {
		error_set(err, ERROR_INTERNAL, "'%s' cannot be a run's name", run);
		return NULL;
	}
	if (file_mkdirs(dir, 0700, err))
		return NULL;
	j = begin(dir, run, config, command, err);
	if (j)
		wake_syncer(j, false);
	return j;
}

/* Hosts' output must neither fill the disk that known_hosts and the key store are on, nor make a journal that nobody can read back. */
static bool has_room(struct journal *j)
{
	struct statvfs fs;

	if (j->size > JOURNAL_OUTPUT_MAX)
		return false;
	if (j->looked && j->size - j->looked < 1u << 20)
		return true;
	j->looked = j->size;
	return fstatvfs(j->fd, &fs) != 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= JOURNAL_FREE_MIN;
}

void journal_event(const struct event *ev, void *journal)
{
	struct event last = *ev;
	struct journal *j = journal;

	if (ev->kind == EVENT_OUTPUT && (j->full || !has_room(j))) {
		if (j->full)
			return;
		/* said once, in its place; what the run does is recorded as before */
		j->full = true;
		last.text =
			"(output is no longer recorded: the recording has grown too large, or its disk is nearly full)";
		ev = &last;
	}
	event_write_json(ev, j->config, &j->line);
	write_line(j);
	if (ev->kind != EVENT_OUTPUT)
		wake_syncer(j, false);
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	wake_syncer(j, true);
	pthread_join(j->syncer, NULL);
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->lock);
	close(j->fd);
	str_release(&j->line);
	free(j);
}

bool journal_is_dead(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool dead = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0;

	if (fd >= 0)
		close(fd);
	return dead;
}

/* Whether the head of a journal names this machine: elsewhere nobody can see whether its process lives, be the folder on a file server or copied. */
static bool is_of(const char *path, const char *machine)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	struct str head = STR_INIT;
	struct json *j;
	char part[4096];
	bool yes;

	while (f && head.len < HEAD_MAX && !str_ends(head.buf, "\n") && fgets(part, sizeof(part), f))
		str_add(&head, part);
	j = json_parse(head.buf, head.len, NULL);
	yes = j && strcmp(json_get_str(j, "machine", ""), machine) == 0;
	json_free(j);
	str_release(&head);
	if (f)
		fclose(f);
	return yes;
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

/* The names of the journals in dir, without their suffix; the newest first, as they begin with the time. */
static size_t list_runs(const char *dir, char ***list)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t count = 0;

	*list = NULL;
	while (d && (entry = readdir(d)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (*entry->d_name == '.' || n <= strlen(SUFFIX) || !str_ends(entry->d_name, SUFFIX))
			continue;
		*list = xrealloc(*list, count + 1, sizeof(**list));
		(*list)[count++] = xstrndup(entry->d_name, n - strlen(SUFFIX));
	}
	if (d)
		closedir(d);
	if (count)
		qsort(*list, count, sizeof(**list), newest_first);
	return count;
}

size_t journal_dead_runs(const char *dir, const char *machine, char ***list)
{
	size_t runs = list_runs(dir, list), count = 0;

	for (size_t i = 0; i < runs; i++) {
		char *name = (*list)[i], *path = xasprintf("%s/%s" SUFFIX, dir, name);

		/* the lock of an older one has timed out long ago */
		if (count < DEAD_RUNS_MAX && is_of(path, machine) && journal_is_dead(path))
			(*list)[count++] = name;
		else
			free(name);
		free(path);
	}
	return count;
}
