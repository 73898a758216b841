/* What earlier sessions left on this machine: runs, and the inventories that were worked on. */
#include "cli/past.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/run.h"
#include "tui/wizard.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 50, RECENT_MAX = 20, HEAD_SIZE = 64 << 10, TAIL_SIZE = 64 << 10 };

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

/* Names of the journals of a folder, newest first: they begin with the time. */
static size_t journals(const char *dir, char ***names)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	*names = NULL;
	while (d && (e = readdir(d)) != NULL) {
		if (!str_ends(e->d_name, ".jsonl") || *e->d_name == '.')
			continue;
		*names = xrealloc(*names, n + 1, sizeof(**names));
		(*names)[n++] = xstrdup(e->d_name);
	}
	if (d)
		closedir(d);
	if (n)
		qsort(*names, n, sizeof(**names), newest_first);
	return n;
}

static void free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* Up to size bytes of a file at an offset (negative: before its end), into buf with a NUL. */
static size_t read_at(int fd, off_t offset, char *buf, size_t size)
{
	struct stat st;
	ssize_t n;

	if (offset < 0 && fstat(fd, &st) == 0)
		offset = st.st_size + offset > 0 ? st.st_size + offset : 0;
	n = pread(fd, buf, size - 1, offset);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* What the last lines of a journal say: whether the run came to its end, and whether it verified the cluster. */
static void read_end(const char *text, bool *ended, bool *verified)
{
	const char *line = text;

	*ended = *verified = false;
	while (line) {
		const char *newline = strchr(line, '\n');
		size_t len = newline ? (size_t)(newline - line) : strlen(line);
		/* few of them end something */
		struct json *j = memmem(line, len, "-done\"", 6) ? json_parse(line, len, NULL) : NULL;
		const char *kind = json_get_str(j, "kind", "");

		*ended |= strcmp(kind, event_kind_name(EVENT_RUN_DONE)) == 0;
		*verified |= strcmp(kind, event_kind_name(EVENT_STEP_DONE)) == 0 &&
			     strcmp(json_get_str(j, "step", ""), "verify") == 0 &&
			     strcmp(json_get_str(j, "outcome", ""), outcome_name(OUTCOME_OK)) == 0;
		json_free(j);
		line = newline ? newline + 1 : NULL;
	}
}

/* The journal's first line says what was run, its last one whether that came to an end. */
static bool read_past(const char *path, struct port_past *p)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *text = xcalloc(1, TAIL_SIZE), *end;
	struct json *head = NULL;
	struct tm tm = { 0 };
	struct stat st;
	bool ended, verified;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		free(text);
		if (fd >= 0)
			close(fd);
		return false;
	}
	read_at(fd, 0, text, HEAD_SIZE);
	end = strchr(text, '\n');
	if (end)
		head = json_parse(text, (size_t)(end - text), NULL);
	read_at(fd, -TAIL_SIZE, text, TAIL_SIZE);
	close(fd);
	read_end(text, &ended, &verified);
	free(text);
	json_clean(head);
	if (!head || !json_get_str(head, "run", NULL)) {
		json_free(head);
		return false;
	}
	*p = (struct port_past){
		.path = xstrdup(path),
		.run = xstrdup(json_get_str(head, "run", "")),
		.command = xstrdup(json_get_str(head, "command", "")),
		.alive = !journal_is_dead(path),
		.wall_ms = (int64_t)st.st_mtim.tv_sec * 1000,
	};
	/* of one that is under way, its beginning is of interest: its name shows it */
	if (p->alive && strptime(p->run, "%Y%m%dT%H%M%S", &tm))
		p->wall_ms = (int64_t)timegm(&tm) * 1000;
	p->stands = ended && verified;
	p->dead = !p->alive && !ended && strcmp(p->command, "apply") == 0;
	json_free(head);
	return true;
}

size_t cli_past_runs(const char *dir, struct port_past **list)
{
	char **names;
	size_t n = journals(dir, &names), count = 0;

	*list = xcalloc(RUNS_MAX, sizeof(**list));
	for (size_t i = 0; i < n && count < RUNS_MAX; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]);

		count += read_past(path, &(*list)[count]);
		free(path);
	}
	free_names(names, n);
	return count;
}

/* The newest journal of one cluster's folder whose name begins so, if it is newer than *best. alive: of a run under way. */
static void newest_in(const char *home, const char *cluster, const char *name, bool alive, char **best)
{
	char *dir = xasprintf("%s/%s/runs", home, cluster), **names;
	size_t n = journals(dir, &names);

	for (size_t i = 0; i < n; i++) {
		const char *file = *best ? strrchr(*best, '/') + 1 : "";
		char *path;

		if (strcmp(names[i], file) <= 0)
			break;
		path = xasprintf("%s/%s", dir, names[i]);
		if (str_starts(names[i], name) && !(alive && journal_is_dead(path))) {
			free(*best);
			*best = path;
			break;
		}
		free(path);
	}
	free_names(names, n);
	free(dir);
}

char *cli_past_find(const char *name, bool alive, struct error *err)
{
	char *home, *best = NULL;
	struct dirent *e;
	DIR *d;

	if (strchr(name, '/') || str_ends(name, ".jsonl"))
		return xstrdup(name);
	home = cli_state_home(err);
	if (!home)
		return NULL;
	d = opendir(home);
	while (d && (e = readdir(d)) != NULL)
		if (*e->d_name != '.')
			newest_in(home, e->d_name, name, alive, &best);
	if (d)
		closedir(d);
	if (!best && alive) {
		error_set(err, ERROR_USAGE, "no run is active in %s", home);
		error_hint(err,
			"'kubewright replay' shows the last one; 'kubewright status' shows who holds the hosts' locks");
	} else if (!best && *name)
		error_set(err, ERROR_USAGE, "no run's name begins with '%s' in %s", name, home);
	else if (!best)
		error_set(err, ERROR_USAGE, "there is no run in %s yet", home);
	if (!best && !alive)
		error_hint(err, "runs are kept as %s/CLUSTER/runs/RUN.jsonl; a path is taken too", home);
	free(home);
	return best;
}

char *cli_recent_read(const char *file)
{
	struct str s = STR_INIT;

	if (file_read(file, 1u << 16, &s, NULL))
		str_clear(&s);
	return str_detach(&s);
}

void cli_recent_add(const char *file, const char *path)
{
	char *full = realpath(path, NULL), *old = cli_recent_read(file);
	struct str s = STR_INIT;
	int n = 1;

	if (full) {
		str_addf(&s, "%s\n", full);
		for (char *p = old; *p && n < RECENT_MAX; n++) {
			size_t len = strcspn(p, "\n");

			if (len && (strlen(full) != len || strncmp(full, p, len) != 0))
				str_addf(&s, "%.*s\n", (int)len, p);
			p += len + (p[len] == '\n');
		}
		file_write(file, s.buf, s.len, 0600, NULL);
	}
	str_release(&s);
	free(old);
	free(full);
}
