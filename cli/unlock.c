/* kubewright unlock: the lock of a run that is dead on another machine is taken away. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

/* What still works for the run would continue although another one has begun. */
static int refuse(const struct cli_run *r, struct error *err)
{
	struct status_lock l;
	char job[64];

	for (size_t from = 0; status_lock_next(r, &from, &l);) {
		if (l.alive) {
			error_set(
				err, ERROR_LOCKED, "the process of run %.40s is still running on this machine", l.run);
			return error_hint(
				err, "'kubewright watch %.40s' follows it; stop it in its own terminal", l.run);
		}
		for (size_t i = 0; i < r->inventory->host_count; i++) {
			const char *name = r->inventory->hosts[i].name;

			if (!status_lock_on(r, &l, i) || !lock_job(&r->world.seen.hosts[i], job, sizeof(job)))
				continue;
			error_set(err, ERROR_LOCKED, "job %s of run %.40s is still running on %s", job, l.run, name);
			return error_hint(err,
				"wait until it has ended ('kubewright logs %s' shows how far it is), then run "
				"'kubewright unlock' again",
				name);
		}
	}
	return 0;
}

static int confirm(const struct cli_run *r, struct error *err)
{
	struct str tell = STR_INIT;
	const char *comma = "";
	struct status_lock l;
	int rc;

	str_add(&tell, "This removes the lock of");
	for (size_t from = 0; status_lock_next(r, &from, &l); comma = ",") {
		str_addf(&tell, "%s %.100s", comma, cluster_fact(l.newest, "lock_owner"));
		if (l.age_s < 120)
			str_addf(&tell, " (last sign of life %d s ago: it may be alive)", (int)l.age_s);
	}
	str_add(&tell, "; what is left of that run can no longer change anything.");
	rc = cli_confirm_name(r, tell.buf, "unlock removes the lock of another run and must be confirmed", err);
	str_release(&tell);
	return rc;
}

/* A second plan over the same hosts, with what was seen of them. */
static int run_unlock(struct cli_run *r, struct error *err)
{
	r->config.steps = plans[PLAN_UNLOCK].steps;
	r->config.step_count = plans[PLAN_UNLOCK].count;
	cli_run_begin(r);
	return cli_run_execute(r, err);
}

/* The hosts of `locked` without their lock, or with one that is another run's by now. */
static void list(const struct cli_run *r, const bool *locked, bool free_now, const char *before, struct json *names)
{
	bool any = false;

	for (size_t i = 0; i < r->inventory->host_count; i++) {
		bool is_free = !*cluster_fact(&r->world.seen.hosts[i], "lock_run");
		const char *name = r->inventory->hosts[i].name;

		if (!locked[i] || is_free != free_now || engine_host_error(r->engine, (int)i))
			continue;
		if (names)
			json_add(names, json_string(name));
		else
			printf("%s%s", any ? " " : before, name);
		any = true;
	}
	if (any && !names)
		puts("");
}

/* r has looked at the hosts. */
static int unlock(struct cli_run *r, struct json *j)
{
	bool *locked = xcalloc(r->inventory->host_count, sizeof(*locked)), any = false;
	int status = cli_look_errors(r, true), failed;
	struct error err = { 0 };

	for (size_t i = 0; i < r->inventory->host_count; i++)
		any |= locked[i] = r->chosen[i] && *cluster_fact(&r->world.seen.hosts[i], "lock_run");
	if (j)
		status_lock_json(r, j);
	else
		status_lock_print(r);
	if (!any) {
		if (!j)
			puts(status ? "no host that was reached is locked" : "no host is locked");
	} else if (refuse(r, &err) || confirm(r, &err) || run_unlock(r, &err)) {
		status = cli_fail(&err);
	} else {
		failed = cli_look_errors(r, true);
		status = failed ? failed : status;
		list(r, locked, true, "unlocked ", j ? json_set(j, "unlocked", json_array()) : NULL);
		list(r, locked, false, "not unlocked, because another run holds the lock now: ",
			j ? json_set(j, "left", json_array()) : NULL);
	}
	free(locked);
	return status;
}

int cli_unlock(const struct cli_options *o)
{
	struct json *j = o->json ? json_object() : NULL;
	struct cli_run r;
	int status = cli_look(&r, KIND_UNLOCK_LOOK, o);

	if (status) {
		json_free(j);
		return status;
	}
	if (j)
		json_set_str(j, "cluster", r.inventory->cluster);
	status = unlock(&r, j);
	if (j)
		cli_json_print(j);
	cli_run_release(&r);
	return status;
}
