/* Who has locked the hosts: a line for each run that did, for status and unlock. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool status_lock_on(const struct cli_run *r, const struct status_lock *l, size_t host)
{
	return r->chosen[host] && cluster_fact_is(&r->world.seen.hosts[host], "lock_run", l->run);
}

/* Whether its journal is here, and of a process that is there: by the journal's lock. */
static void look_here(const struct cli_run *r, struct status_lock *l)
{
	char *path = xasprintf("%s/%s.jsonl", r->runs_dir, l->run);

	l->here = !strchr(l->run, '/') && access(path, R_OK) == 0;
	l->alive = l->here && !journal_is_dead(path);
	free(path);
}

static void fill(const struct cli_run *r, size_t host, struct status_lock *l)
{
	*l = (struct status_lock){ .run = cluster_fact(&r->world.seen.hosts[host], "lock_run"), .age_s = INT64_MAX };
	for (size_t i = host; i < r->inventory->host_count; i++) {
		int64_t age = cluster_fact_int(&r->world.seen.hosts[i], "lock_age", 0);

		if (!status_lock_on(r, l, i) || age >= l->age_s)
			continue;
		l->age_s = age;
		l->newest = &r->world.seen.hosts[i];
	}
	/* touched while it was read */
	if (l->age_s < 0)
		l->age_s = 0;
	look_here(r, l);
}

bool status_lock_next(const struct cli_run *r, size_t *from, struct status_lock *l)
{
	for (size_t i = *from; i < r->inventory->host_count; i++) {
		bool first = r->chosen[i] && *cluster_fact(&r->world.seen.hosts[i], "lock_run");

		l->run = cluster_fact(&r->world.seen.hosts[i], "lock_run");
		for (size_t k = 0; k < i && first; k++)
			first = !status_lock_on(r, l, k);
		if (!first)
			continue;
		fill(r, i, l);
		*from = i + 1;
		return true;
	}
	return false;
}

static void print_hosts(const struct cli_run *r, const struct status_lock *l)
{
	char job[64];

	printf(", on");
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (status_lock_on(r, l, i))
			printf(" %s", r->inventory->hosts[i].name);
	puts("");
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (status_lock_on(r, l, i) && lock_job(&r->world.seen.hosts[i], job, sizeof(job)))
			printf("              its job %s runs on %s\n", job, r->inventory->hosts[i].name);
}

void status_lock_print(const struct cli_run *r)
{
	struct status_lock l;
	char age[24];

	for (size_t from = 0; status_lock_next(r, &from, &l);) {
		const char *step = cluster_fact(l.newest, "lock_step");

		if (l.age_s < 60)
			snprintf(age, sizeof(age), "%d s", (int)l.age_s);
		else
			cli_duration(l.age_s * 1000, age, sizeof(age));
		printf("  locked      by %s, run %s, at work since %s, at step %s, last sign of life %s ago",
			cluster_fact(l.newest, "lock_owner"), l.run, cluster_fact(l.newest, "lock_since"),
			*step ? step : "unknown", age);
		print_hosts(r, &l);
		if (l.alive)
			printf("              'kubewright watch %s' follows it\n", l.run);
		else if (l.here)
			puts("              its process is gone; the next run takes over the lock");
		else if (cluster_fact_is(l.newest, "lock_machine", r->machine))
			puts("              its process belongs to another user of this machine, or is gone");
	}
}

void status_lock_json(const struct cli_run *r, struct json *j)
{
	struct json *list = json_set(j, "locks", json_array());
	struct status_lock l;

	for (size_t from = 0; status_lock_next(r, &from, &l);) {
		struct json *item = json_add(list, json_object()), *hosts;

		json_set_str(item, "run", l.run);
		json_set_str(item, "owner", cluster_fact(l.newest, "lock_owner"));
		json_set_str(item, "since", cluster_fact(l.newest, "lock_since"));
		json_set_str(item, "step", cluster_fact(l.newest, "lock_step"));
		json_set_int(item, "age_s", l.age_s);
		json_set_bool(item, "alive_here", l.alive);
		hosts = json_set(item, "hosts", json_array());
		for (size_t i = 0; i < r->inventory->host_count; i++) {
			struct json *h;
			char job[64];

			if (!status_lock_on(r, &l, i))
				continue;
			h = json_add(hosts, json_object());
			json_set_str(h, "name", r->inventory->hosts[i].name);
			if (lock_job(&r->world.seen.hosts[i], job, sizeof(job)))
				json_set_str(h, "job", job);
		}
	}
}
