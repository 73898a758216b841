/*
 * The journal: history of a run as JSON lines. Its lock tells a run that goes on from a dead one; flock ends with the process, however that ends.
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
#include <unistd.h>

#define SUFFIX ".jsonl"
#define DEAD_RUNS_MAX 100

struct journal {
	int fd;
	const struct engine_config *config;
	struct str line;
	bool broken; /* a write failed: no line may follow half a line */
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
			done += (size_t)n;
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
	return rc ? error_errno(err, ERROR_SYSTEM, rc, "cannot start the journal's thread") : 0;
}

static int open_file(const char *dir, const char *run, struct error *err)
{
	char *path;
	int fd;

	if (!*run || strchr(run, '/') || *run == '.')
		return error_set(err, ERROR_INTERNAL, "'%s' cannot be a run's name", run);
	if (file_mkdirs(dir, 0700, err))
		return -1;
	path = xasprintf("%s/%s" SUFFIX, dir, run);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot make the journal '%s'", path);
		error_hint(err, "see whether the folder is yours and its disk has room");
	} else if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error_errno(err, ERROR_SYSTEM, errno, "cannot lock the journal '%s'", path);
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

struct journal *journal_open(
	const char *dir, const char *run, const struct engine_config *config, const char *command, struct error *err)
{
	struct journal *j;
	int fd = open_file(dir, run, err);

	if (fd < 0)
		return NULL;
	j = xcalloc(1, sizeof(*j));
	j->fd = fd;
	j->config = config;
	str_init(&j->line);
	if (start_syncer(j, err)) {
		close(fd);
		free(j);
		return NULL;
	}
	write_head(j, run, command);
	wake_syncer(j, false);
	return j;
}

void journal_event(const struct event *ev, void *journal)
{
	struct journal *j = journal;

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

static bool is_dead(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	bool dead = journal_is_dead(path);

	free(path);
	return dead;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t journal_dead_runs(const char *dir, char ***list)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t count = 0;

	*list = NULL;
	while (d && (entry = readdir(d)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n <= strlen(SUFFIX) || !str_ends(entry->d_name, SUFFIX) || !is_dead(dir, entry->d_name))
			continue;
		*list = xrealloc(*list, count + 1, sizeof(**list));
		(*list)[count++] = xstrndup(entry->d_name, n - strlen(SUFFIX));
	}
	if (d)
		closedir(d);
	if (count)
		qsort(*list, count, sizeof(**list), by_name);
	/* names begin with the time: the newest are kept, the lock of an older one has timed out long ago */
	if (count > DEAD_RUNS_MAX) {
		for (size_t i = 0; i < count - DEAD_RUNS_MAX; i++)
			free((*list)[i]);
		memmove(*list, *list + count - DEAD_RUNS_MAX, DEAD_RUNS_MAX * sizeof(**list));
		count = DEAD_RUNS_MAX;
	}
	return count;
}
