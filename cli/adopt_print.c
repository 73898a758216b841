/* What an adoption has seen, and what comes next. */
#include "cli/adopt.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <string.h>
#include <time.h>

static const char *const cas[] = { "ca.crt", "etcd/ca.crt", "front-proxy-ca.crt" };

/* As the first control plane that was looked at has it. */
static const struct certs_file *find_ca(const struct cli_run *r, const char *file)
{
	const struct certs_file *c = NULL;

	for (size_t i = 0; !c && i < r->inventory->host_count; i++)
		if (r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE)
			c = certs_shared(&r->world.seen.certs[i], file);
	return c && c->count ? c : NULL;
}

static void day_of(int64_t seconds, char out[16])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 16, "%Y-%m-%d", &tm);
}

void adopt_print_cas(const struct cli_run *r, struct str *out)
{
	char day[16];

	for (size_t i = 0; i < sizeof(cas) / sizeof(cas[0]); i++) {
		const struct certs_file *c = find_ca(r, cas[i]);

		if (!c)
			continue;
		day_of(c->list[0].info.not_after, day);
		str_addf(out, "  %-18s %s, until %s\n", cas[i], c->list[0].info.pin, day);
	}
}

static void print_found(const struct adopt_report *a, int host, const char *title)
{
	struct findings some = { 0 };

	some.list = xcalloc(a->found->count + 1, sizeof(*some.list));
	for (size_t i = 0; i < a->found->count; i++)
		if (a->found->list[i].host == host)
			some.list[some.count++] = a->found->list[i];
	if (some.count) {
		printf("\n%s\n", title);
		cli_findings_print(stdout, &some, false);
	}
	findings_release(&some);
}

static void print_next(const struct adopt_report *a)
{
	bool usual = strcmp(a->file, CLI_FILE) == 0;

	if (a->keys)
		fprintf(stderr, "note: copied the cluster's CAs and their keys to %s\n", a->store_dir);
	else if (*a->store_dir && pki_store_state(a->store_dir) == PKI_STORE_NONE)
		fputs("note: the keys of the CAs were not copied; other commands need them: --take-ca-keys\n", stderr);
	if (a->written)
		fprintf(stderr,
			"wrote %s; look it over, then run 'kubewright plan%s%s': it shows what apply would change\n",
			a->file, usual ? "" : " -f ", usual ? "" : a->file);
}

void adopt_print(const struct adopt_report *a)
{
	const struct inventory *inv = a->run->inventory;
	struct str text = STR_INIT;

	printf("cluster%s%s: Kubernetes %s, %zu control planes, %zu workers\n", *a->cluster ? " " : "", a->cluster,
		a->run->world.seen.cluster.version, inventory_count(inv, INVENTORY_CONTROL_PLANE),
		inventory_count(inv, INVENTORY_WORKER));
	adopt_print_cas(a->run, &text);
	fputs(text.buf, stdout);
	str_release(&text);
	print_found(a, -1, "the cluster");
	for (size_t i = 0; i < inv->host_count; i++)
		print_found(a, (int)i, inv->hosts[i].name);
	/* who could not be looked at, and why */
	cli_look_errors(a->run, true);
	print_next(a);
}

void adopt_print_json(const struct adopt_report *a)
{
	const struct inventory *inv = a->run->inventory;
	struct json *j = json_object(), *list;

	json_set_str(j, "cluster", a->cluster);
	json_set_str(j, "version", a->run->world.seen.cluster.version);
	json_set_str(j, "file", a->file);
	json_set_bool(j, "written", a->written);
	json_set_bool(j, "keys_taken", a->keys);
	list = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < inv->host_count; i++) {
		struct json *h = json_add(list, json_object());

		json_set_str(h, "name", inv->hosts[i].name);
		json_set_str(h, "address", inv->hosts[i].address);
		json_set_str(h, "role", inv->hosts[i].role == INVENTORY_CONTROL_PLANE ? "control-plane" : "worker");
		json_set_bool(h, "reached", a->run->world.seen.hosts[i].probed);
	}
	list = json_set(j, "cas", json_array());
	for (size_t i = 0; i < sizeof(cas) / sizeof(cas[0]); i++) {
		const struct certs_file *c = find_ca(a->run, cas[i]);
		struct json *ca = c ? json_add(list, json_object()) : NULL;

		if (!c)
			continue;
		json_set_str(ca, "file", cas[i]);
		json_set_str(ca, "pin", c->list[0].info.pin);
		json_set_int(ca, "not_after", c->list[0].info.not_after);
	}
	cli_findings_json(a->run, a->found, json_set(j, "findings", json_array()));
	cli_json_print(j);
}
