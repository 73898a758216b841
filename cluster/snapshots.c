/* Which snapshots of etcd a control plane has, by their names. */
#include "cluster/snapshots.h"

#include "base/str.h"
#include "inventory/inventory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t snapshots_period_s(const struct inventory *inv)
{
	const char *every = inv->etcd.snapshots.every;
	char *unit;
	long n = every ? strtol(every, &unit, 10) : 0;

	if (n <= 0)
		return 0;
	return *unit == 'm' ? n * 60 : n * 3600;
}

/* "rack7-3f2a9c1e-20261130T120000Z.db": its time, or -1. */
static int64_t time_of(const char *name)
{
	struct tm tm = { 0 };
	size_t n = strlen(name);
	int end = 0;

	if (n < 19)
		return -1;
	if (sscanf(name + n - 19, "%4d%2d%2dT%2d%2d%2dZ.db%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		    &tm.tm_min, &tm.tm_sec, &end) != 6 ||
		end != 19)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return timegm(&tm);
}

struct listing {
	const char *id; /* "" when it is not known */
	struct snapshot_file *list;
	size_t count, max;
};

static bool is_ours(const char *name, const char *id)
{
	size_t n = strlen(name);

	/* "…-ID-TIME.db" */
	return *id && n > 29 && name[n - 20] == '-' && strlen(id) == 8 && memcmp(name + n - 28, id, 8) == 0;
}

static void add_line(const char *line, void *ctx)
{
	struct listing *l = ctx;
	struct snapshot_file f = { 0 };

	/* it becomes part of a command */
	if (l->count == l->max || sscanf(line, "%127s %" SCNd64, f.name, &f.size) != 2 ||
		f.name[strspn(f.name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.")])
		return;
	f.taken_s = time_of(f.name);
	f.ours = is_ours(f.name, l->id);
	if (f.taken_s >= 0 && f.size > 0)
		l->list[l->count++] = f;
}

size_t snapshots_of(const struct cluster_host *h, struct snapshot_file *out, size_t max)
{
	struct listing l = { cluster_fact(h, "snapshot_id"), out, 0, max };

	cluster_fact_lines(h, "snapshots", add_line, &l);
	return l.count;
}

struct search {
	const char *id, *name; /* name NULL: the newest of this cluster */
	struct snapshot_file best;
};

static void take_newer(const char *line, void *ctx)
{
	struct search *s = ctx;
	struct snapshot_file f;
	struct listing one = { s->id, &f, 0, 1 };

	add_line(line, &one);
	if (one.count && (s->name ? strcmp(f.name, s->name) == 0 : f.ours && f.taken_s > s->best.taken_s))
		s->best = f;
}

static bool search(const struct cluster_host *h, const char *name, struct snapshot_file *out)
{
	struct search s = { cluster_fact(h, "snapshot_id"), name, { .taken_s = -1 } };

	cluster_fact_lines(h, "snapshots", take_newer, &s);
	if (s.best.taken_s >= 0)
		*out = s.best;
	return s.best.taken_s >= 0;
}

bool snapshots_newest(const struct cluster_host *h, struct snapshot_file *out)
{
	return search(h, NULL, out);
}

int snapshots_find(
	const struct inventory *inv, const struct cluster_host *hosts, const char *spec, struct snapshot_file *out)
{
	const char *colon = strchr(spec, ':'), *name = colon && strcmp(colon + 1, "latest") != 0 ? colon + 1 : NULL;
	size_t n = colon ? (size_t)(colon - spec) : 0;
	struct snapshot_file f;
	int found = -1;

	for (size_t i = 0; i < inv->host_count; i++) {
		const struct inventory_host *h = &inv->hosts[i];

		if (h->role != INVENTORY_CONTROL_PLANE || !hosts[i].probed)
			continue;
		if (colon && (strlen(h->name) != n || strncmp(h->name, spec, n) != 0))
			continue;
		if (search(&hosts[i], name, &f) && (found < 0 || f.taken_s > out->taken_s)) {
			*out = f;
			found = (int)i;
		}
	}
	return found;
}

const char *snapshots_try(const struct cluster_host *h, int64_t now_s, int64_t *when)
{
	const char *said = cluster_fact(h, "snapshot_try"), *code = strchr(said, ' ');

	*when = strtoll(said, NULL, 10);
	if (!code || *when <= 0)
		return "";
	code++;
	/* it was killed, or the host went down */
	return strcmp(code, "running") == 0 && now_s - *when > SNAPSHOT_LIMIT_S + 60 ? "cut" : code;
}

void snapshots_age(int64_t seconds, char *out, size_t size)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 3600)
		snprintf(out, size, "%" PRId64 " min", seconds / 60);
	else if (seconds < 48 * 3600)
		snprintf(out, size, "%" PRId64 " h", seconds / 3600);
	else
		snprintf(out, size, "%" PRId64 " d", seconds / 86400);
}
