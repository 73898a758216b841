/* kubewright kubeconfig --list: the client certificates that this machine gave out, and how the access of one ends. */
#include "cli/run.h"

#include "base/clock.h"
#include "base/json.h"
#include "cluster/certs.h"
#include "inventory/inventory.h"
#include "pki/given.h"

#include <stdlib.h>
#include <string.h>

struct list {
	const struct inventory *inv;
	struct pki_given *all;
	size_t count;
	int64_t now_s; /* since 1970 */
};

static const char how[] = "A certificate cannot be revoked. The access of one ends when it expires, when\n"
			  "the RoleBindings and ClusterRoleBindings of its user and groups are removed\n"
			  "(which does not stop the group system:masters), or when the CA is rotated.\n";

static bool expired(const struct list *l, const struct pki_given *g)
{
	return g->not_after < l->now_s;
}

static void day(int64_t s, char out[32])
{
	clock_rfc3339(s * 1000, out, 32);
	out[10] = '\0';
}

static void print_one(const struct list *l, const struct pki_given *g)
{
	int left = certs_days(g->not_after, l->now_s);
	enum cli_color color = left < 0 ? CLI_RED : left < l->inv->pki.critical_days ? CLI_YELLOW : CLI_PLAIN;
	char days[16] = "expired", end[32], made[32];

	if (!expired(l, g))
		snprintf(days, sizeof(days), "%d", left);
	day(g->not_after, end);
	printf("%s%7s%s  %s  %s  %s\n", cli_color(stdout, color), days, cli_color(stdout, CLI_PLAIN), end, g->serial,
		g->user);
	printf("         %s", g->group_count ? "groups " : "no groups");
	for (size_t i = 0; i < g->group_count; i++)
		printf("%s%s", i ? ", " : "", g->groups[i]);
	if (g->made) {
		day(g->made, made);
		printf("; made %s", made);
	}
	printf("; to %s\n", *g->to ? g->to : "an unknown place");
}

static void print(const struct list *l)
{
	size_t ended = 0;

	if (!l->count) {
		printf("No kubeconfig for cluster %s was made on this machine since it keeps a record of them.\n",
			l->inv->cluster);
		return;
	}
	printf("Kubeconfigs for cluster %s that were made on this machine\n\n", l->inv->cluster);
	printf("%7s  %-10s  %-32s  %s\n", "DAYS", "END", "SERIAL", "USER");
	for (size_t i = 0; i < l->count; i++) {
		print_one(l, &l->all[i]);
		ended += expired(l, &l->all[i]);
	}
	printf("\n%zu certificate%s, %zu expired\n%s", l->count, l->count == 1 ? "" : "s", ended, how);
}

static void set_time(struct json *j, const char *key, int64_t s)
{
	char text[32];

	clock_rfc3339(s * 1000, text, sizeof(text));
	json_set_str(j, key, text);
}

static void print_json(const struct list *l)
{
	struct json *j = json_object(), *list;

	json_set_int(j, "v", 1);
	json_set_str(j, "cluster", l->inv->cluster);
	json_set_bool(j, "revocable", false);
	list = json_set(j, "kubeconfigs", json_array());
	for (size_t i = 0; i < l->count; i++) {
		const struct pki_given *g = &l->all[i];
		struct json *one = json_add(list, json_object()), *groups;

		json_set_str(one, "serial", g->serial);
		json_set_str(one, "sha256", *g->sha256 ? g->sha256 : NULL);
		json_set_str(one, "user", g->user);
		groups = json_set(one, "groups", json_array());
		for (size_t k = 0; k < g->group_count; k++)
			json_add(groups, json_string(g->groups[k]));
		set_time(one, "not_before", g->not_before);
		set_time(one, "not_after", g->not_after);
		json_set_int(one, "days_left", certs_days(g->not_after, l->now_s));
		json_set_bool(one, "expired", expired(l, g));
		if (g->made)
			set_time(one, "made", g->made);
		json_set_str(one, "to", *g->to ? g->to : NULL);
	}
	cli_json_print(j);
}

int cli_kubeconfig_list(const struct cli_options *o)
{
	struct error err = { 0 };
	struct list l = { 0 };
	size_t damaged = 0;
	struct cli_run r;
	int status = 0;

	if (cli_run_load(&r, o, &err) || pki_given_read(r.given, &l.all, &l.count, &damaged, &err)) {
		status = cli_fail(&err);
		cli_run_release(&r);
		return status;
	}
	l.inv = r.inventory;
	l.now_s = clock_wall_ms() / 1000;
	if (damaged)
		fprintf(stderr,
			"warning: %zu line%s of %s cannot be understood and %s skipped; the file is not changed\n",
			damaged, damaged == 1 ? "" : "s", r.given, damaged == 1 ? "is" : "are");
	if (o->json)
		print_json(&l);
	else
		print(&l);
	free(l.all);
	cli_run_release(&r);
	return status;
}
