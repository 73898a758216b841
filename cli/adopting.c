/*
 * An inventory of a cluster that others made, for `kubewright adopt` and for the page of the wizard. One host is looked at first, with an inventory that has nothing but it;
 * its API names the others, which a second look goes to. Nothing is written on any host; on this machine the inventory, host keys that were accepted and, when they are wanted,
 * the keys of the CAs.
 */
#include "cli/adopt.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "inventory/document.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/security.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* RFC 5737: nobody has it. It stands for the address until the API names it. */
#define NO_ADDRESS "192.0.2.1"
#define KNOWN_MAX (4u << 20)

/* ---- inventories that nobody sees ----------------------------------------------------------------------------------- */

/* How to log in counts from the beginning; the rest is only looked at, so that a slip is found before anything is contacted. */
static int take_set(struct document *d, const char *set, struct error *err)
{
	char *path = xstrndup(set, strcspn(set, "="));
	const char *value = set + strlen(path) + 1;
	int rc = 0;

	if (str_starts(path, "ssh."))
		rc = document_set(d, path, value, err);
	else if (!str_starts(path, "hosts."))
		rc = document_check(d, path, value, err);
	if (rc)
		error_wrap(err, "--set %s", path);
	free(path);
	return rc;
}

static struct document *begin_document(const struct adopting *a, struct error *err)
{
	const char *newest = strrchr(release_supported(), ' ');
	char *text = xasprintf(
		"cluster: %s\nkubernetes:\n  version: %s\nendpoint:\n  host: adopt.invalid\nnetwork:\n  cni: none\n",
		a->work, newest ? newest + 1 : release_supported());
	struct document *d = document_parse(a->file, text, err);

	free(text);
	for (size_t i = 0; d && i < a->set_count; i++) {
		if (take_set(d, a->sets[i], err) == 0)
			continue;
		document_free(d);
		d = NULL;
	}
	return d;
}

static int set_address(struct document *d, const char *name, const char *address, struct error *err)
{
	char *path = xasprintf("hosts.%s.ssh.address", name);
	int rc = document_set(d, path, address, err);

	free(path);
	return rc;
}

static struct document *first_document(const struct adopting *a, struct error *err)
{
	struct document *d = begin_document(a, err);

	if (!d || document_add_host(d, a->host, a->host, "control-plane", NULL) == 0)
		return d;
	if (document_add_host(d, a->host, NO_ADDRESS, "control-plane", NULL) == 0 &&
		set_address(d, a->host, a->host, NULL) == 0)
		return d;
	document_free(d);
	error_set(err, ERROR_USAGE, "'%s' is not a host name or IPv4 address", a->host);
	error_hint(err, "usage: kubewright adopt [USER@]HOST; a port is --set ssh.port=N");
	return NULL;
}

/* Whether a Node is the host that was looked at first. */
static bool is_first(const struct adopting *a, const struct cluster_node *n)
{
	const struct cluster_host *h = &a->first.world.seen.hosts[0];
	char cidr[64];

	snprintf(cidr, sizeof(cidr), " %s/", n->address);
	return strstr(cluster_fact(h, "addrs"), cidr) || strcmp(cluster_fact(h, "hostname"), n->name) == 0;
}

static struct document *all_document(const struct adopting *a, struct error *err)
{
	const struct cluster_state *state = &a->first.world.seen.cluster;
	struct document *d = begin_document(a, err);
	int rc = d ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < state->node_count; i++) {
		const struct cluster_node *n = &state->nodes[i];

		rc = document_add_host(d, n->name, n->address, n->control_plane ? "control-plane" : "worker", err);
		if (rc == 0 && is_first(a, n) && strcmp(n->address, a->host) != 0)
			rc = set_address(d, n->name, a->host, err);
		if (rc)
			error_wrap(err, "the Node %s of this cluster cannot be in an inventory", n->name);
	}
	if (rc == 0)
		return d;
	document_free(d);
	return NULL;
}

/* ---- the looks ------------------------------------------------------------------------------------------------------ */

static int open_look(struct adopting *a, struct cli_run *r, bool *begun, struct document *d, struct error *err)
{
	int rc;

	/* one that missed a secret is opened again when it is there */
	if (*begun)
		cli_run_release(r);
	a->options->text = document_text(d);
	*begun = true;
	rc = cli_run_load(r, a->options, err) || cli_run_open(r, KIND_ADOPT, err) ? -1 : 0;
	a->options->text = NULL;
	document_free(d);
	return rc;
}

int adopting_first(struct adopting *a, struct error *err)
{
	struct document *d = first_document(a, err);

	return d ? open_look(a, &a->first, &a->first_run, d, err) : -1;
}

/* What the first look saw of the cluster is taken over. */
int adopting_all(struct adopting *a, struct error *err)
{
	const struct error *e = engine_host_error(a->first.engine, 0);
	struct document *d;

	if (e)
		return *err = *e, -1;
	d = all_document(a, err);
	if (!d || open_look(a, &a->all, &a->all_run, d, err))
		return -1;
	a->all.world.seen.cluster = a->first.world.seen.cluster;
	a->all.world.seen.sets = a->first.world.seen.sets;
	a->first.world.seen.cluster = (struct cluster_state){ .lead = -1 };
	a->first.world.seen.sets = NULL;
	return 0;
}

/* ---- what comes of it ----------------------------------------------------------------------------------------------- */

static bool is_set(const struct adopting *a, const char *set)
{
	for (size_t i = 0; i < a->set_count; i++)
		if (strcmp(a->sets[i], set) == 0)
			return true;
	return false;
}

/* With the inventory of what was looked at, and where the policy that is built in would be. */
static struct adopt_view view_of(const struct adopting *a, const struct cli_run *r, const char *policy)
{
	return (struct adopt_view){ .inv = r->inventory,
		.audit_default = policy,
		.keys_elsewhere = is_set(a, "pki.ca-keys=operator"),
		.hosts = r->world.seen.hosts,
		.said = r->world.seen.adopt,
		.certs = r->world.seen.certs,
		.state = &r->world.seen.cluster,
		.sets = r->world.seen.sets };
}

static int judge(struct adopting *a, struct error *err)
{
	char policy[SECURITY_PATH];
	struct adopt_view v = view_of(a, &a->all, policy);
	unsigned stops = 0;

	security_default_path(policy);
	findings_adopt(&v, &a->found);
	for (size_t i = 0; i < a->found.count; i++)
		stops += a->found.list[i].level == FINDING_ERROR;
	if (stops) {
		error_set(err, ERROR_PREFLIGHT, "the cluster cannot be adopted: %u error%s found; nothing was written",
			stops, stops == 1 ? " was" : "s were");
		return error_hint(err, "correct what is named, then adopt it again");
	}
	a->document = adopt_document(&v, a->file, (const char *const *)a->sets, a->set_count, &a->found, err);
	return a->document ? 0 : error_hint(err, "give it another value (--set, or --cluster for the name)");
}

static int check_document(struct adopting *a, struct error *err)
{
	struct inventory_problems problems = { 0 };
	struct str text = STR_INIT;

	if (document_problems(a->document, &problems, err))
		return 0;
	inventory_problems_format(&problems, a->file, &text);
	error_set(err, ERROR_PREFLIGHT, "an inventory cannot say what this cluster is");
	error_detail(err, text.buf);
	str_release(&text);
	return error_hint(err, "nothing was written; a value of your own can be given (--set)");
}

int adopting_judge(struct adopting *a, struct error *err)
{
	return judge(a, err) || check_document(a, err) ? -1 : 0;
}

/* Another cluster of the same name has its keys where these would be. */
static int check_store(const struct adopting *a, const char *dir, struct error *err)
{
	char *path = xasprintf("%s/%s", dir, pki_shared[PKI_CA_CRT].file);
	struct str pem = STR_INIT;
	int rc = 0;

	if (pki_store_state(dir) != PKI_STORE_NONE && file_read(path, KNOWN_MAX, &pem, err))
		rc = -1;
	if (rc == 0 && pem.len && !pki_same_key(pem.buf, cluster_fact(&a->first.world.seen.hosts[0], "ca_crt"))) {
		error_set(err, ERROR_PKI, "the keys in %s are those of another cluster", dir);
		rc = error_hint(err, "give this one another name (--cluster); nothing was changed");
	}
	str_release(&pem);
	free(path);
	return rc;
}

/* Host keys that were accepted on the way stay accepted, under the cluster's name. */
static int keep_host_keys(const struct adopting *a, const struct cli_run *r, struct error *err)
{
	struct str text = STR_INIT;
	int rc = file_mkdirs(r->state_dir, 0700, err);

	if (rc == 0 && access(r->known_hosts, F_OK) == 0)
		rc = file_read(r->known_hosts, KNOWN_MAX, &text, err);
	if (rc == 0 && access(a->first.known_hosts, F_OK) == 0) {
		rc = file_read(a->first.known_hosts, KNOWN_MAX, &text, err);
		if (rc == 0)
			rc = file_write(r->known_hosts, text.buf, text.len, 0600, err);
	}
	str_release(&text);
	return rc;
}

/* An inventory that is there already must be of this cluster before keys are taken for it. */
static int check_file(const struct adopting *a, const struct cli_run *r, struct error *err)
{
	const struct cluster_state *state = &a->all.world.seen.cluster;

	for (size_t i = 0; i < state->node_count; i++) {
		const struct inventory_host *h = inventory_find(r->inventory, state->nodes[i].name);

		if (!state->nodes[i].control_plane || (h && strcmp(h->address, state->nodes[i].address) == 0))
			continue;
		error_set(err, ERROR_INVENTORY,
			"%s is not the inventory of this cluster: it has no control plane %s (%s)", a->file,
			state->nodes[i].name, state->nodes[i].address);
		return error_hint(err, "write another one (--out)");
	}
	return 0;
}

static int write_inventory(const struct adopting *a, const struct cli_run *r, struct error *err)
{
	const char *text = document_text(a->document);

	return keep_host_keys(a, r, err) || file_create(a->file, text, strlen(text), 0644, err) ? -1 : 0;
}

int adopting_finish(struct adopting *a, struct cli_run *r, struct adopt_report *report, struct error *err)
{
	bool there = access(a->file, F_OK) == 0;
	int rc;

	a->options->text = there ? NULL : document_text(a->document);
	rc = cli_run_load(r, a->options, err);
	a->options->text = NULL;
	if (rc || (there && check_file(a, r, err)) || check_store(a, r->store_dir, err))
		return -1;
	report->store_dir = r->store_dir;
	report->cluster = r->inventory->cluster;
	if (!there && write_inventory(a, r, err))
		return -1;
	report->written = !there;
	return 0;
}

bool adopt_keys_here(const char *store_dir)
{
	return pki_store_state(store_dir) != PKI_STORE_NONE;
}

int adopt_keys_taken(const struct cli_run *r, struct error *err)
{
	if (r->world.pki.from >= 0)
		return 0;
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);

		if (e && r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE)
			return *err = *e, -1;
	}
	return error_set(err, ERROR_COMMAND, "no control plane has given its CAs");
}

/* ---- begin and end ---------------------------------------------------------------------------------------------------- */

static void add_set(struct adopting *a, char *set)
{
	a->sets = xrealloc(a->sets, a->set_count + 1, sizeof(*a->sets));
	a->sets[a->set_count++] = set;
}

int adopting_exists(const struct adopting *a, struct error *err)
{
	error_set(err, ERROR_USAGE, "%s already exists and is never overwritten", a->file);
	return error_hint(err, "name another file (--out)");
}

int adopting_begin(struct adopting *a, const struct cli_options *o, struct cli_options *runs, struct error *err)
{
	const char *at = strrchr(o->args[0], '@');
	char word[9];

	a->file = o->out ? o->out : CLI_FILE;
	if (access(a->file, F_OK) == 0 && !o->take_ca_keys)
		return adopting_exists(a, err);
	secret_random_word(word, 8);
	snprintf(a->work, sizeof(a->work), "adopt-%s", word);
	a->host = at ? at + 1 : o->args[0];
	if (at)
		add_set(a, xasprintf("ssh.user=%.*s", (int)(at - o->args[0]), o->args[0]));
	for (size_t i = 0; i < o->set_count; i++)
		add_set(a, xstrdup(o->sets[i]));
	if (o->cluster)
		add_set(a, xasprintf("cluster=%s", o->cluster));
	a->options = runs;
	runs->file = a->file;
	/* they go into the file */
	runs->set_count = 0;
	/* what nobody sees is not complained of */
	runs->warned = true;
	return 0;
}

/* The folder of the name that stood for the cluster's. */
static void clear_work(const struct adopting *a)
{
	if (!a->first_run || !a->first.state_dir)
		return;
	unlink(a->first.known_hosts);
	rmdir(a->first.state_dir);
}

void adopting_release(struct adopting *a)
{
	clear_work(a);
	if (a->first_run)
		cli_run_release(&a->first);
	if (a->all_run)
		cli_run_release(&a->all);
	findings_release(&a->found);
	document_free(a->document);
	for (size_t i = 0; i < a->set_count; i++)
		free(a->sets[i]);
	free(a->sets);
	*a = (struct adopting){ .host = NULL };
}
