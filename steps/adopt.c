/* A cluster that others made: what its hosts show of it, and what its API says, asked on the host with what is there. Nothing is changed. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

static const char *const words[] = { "=manifest.*", "-pki", "-keys", "pem.*", "-foreign", "kubelet_args", "-renewers",
	"=api.*", "-api_none", "-api_error", "=etcd.*", "error", "hint", NULL };

#define KUBE_SYSTEM "/api/v1/namespaces/kube-system/"
/* With their images a Node has up to some twenty kilobytes, and an answer's limit is four megabytes. */
#define PAGE 60
#define PAGES 100

/* ---- the API ------------------------------------------------------------------------------------------------------- */

static int ask(struct task *t, const char *paths, bool etcd, struct adopt_host *out, struct error *err)
{
	const struct remote_param params[] = { { "paths", paths }, { "etcd", etcd ? "yes" : "no" } };
	struct remote_answer answer = { 0 };
	int rc = world_script(t, "adopt", host_script_adopt, params, 2, words, &answer, 180000, err);

	if (rc == 0)
		adopt_host_take(out, &answer);
	remote_answer_release(&answer);
	return rc;
}

/* What the API server said, cleaned; NULL: it has none, or err says why not. */
static struct json *document_of(const struct adopt_host *h, const char *word, struct error *err)
{
	const char *text = adopt_said(h, word);
	struct json *j = *text ? json_parse(text, strlen(text), err) : NULL;

	json_clean(j);
	return j;
}

static int ask_again(struct task *t, const char *paths, struct adopt_host *out, struct error *err)
{
	if (ask(t, paths, false, out, err))
		return -1;
	if (!*adopt_said(out, "api_error"))
		return 0;
	error_set(err, ERROR_COMMAND, "the cluster cannot be asked any more: %s", adopt_said(out, "api_error"));
	return error_hint(err, "run it again; nothing was changed");
}

/* The rest of the Nodes, and what kubelets are given, whose name depends on the version. */
static int ask_rest(struct task *t, struct cluster_state *out, char *token, size_t size, struct error *err)
{
	const struct release *release = release_find(out->version);
	struct adopt_host more = { 0 };
	char paths[2400];
	int rc = 0;

	snprintf(paths, sizeof(paths), "kubelet " KUBE_SYSTEM "configmaps/%s\n",
		release ? release->kubelet_config : "kubelet-config");
	for (int pages = 0; rc == 0 && (*paths || *token); pages++) {
		struct json *page;
		size_t n = strlen(paths);

		if (*token)
			snprintf(paths + n, sizeof(paths) - n, "nodes /api/v1/nodes?limit=%d&continue=%s\n", PAGE,
				token);
		rc = pages < PAGES ? ask_again(t, paths, &more, err)
				   : error_set(err, ERROR_PROTOCOL, "the cluster has more than %d Nodes", PAGE * PAGES);
		if (rc == 0 && n)
			out->kubelet_config = document_of(&more, "api.kubelet", NULL);
		if (rc || !*token)
			break;
		page = document_of(&more, "api.nodes", err);
		rc = page ? world_next_page(page, token, size, err) : -1;
		if (rc)
			json_free(page);
		else
			rc = cluster_state_add_nodes(out, page, err);
		*paths = '\0';
	}
	adopt_host_release(&more);
	return rc;
}

static int read_first(
	const struct adopt_host *h, struct cluster_state *out, char *token, size_t size, struct error *err)
{
	struct json *version = document_of(h, "api.version", err), *nodes = document_of(h, "api.nodes", err);
	const char *text = json_get_str(version, "gitVersion", "");

	str_copy_line(out->version, sizeof(out->version), *text == 'v' ? text + 1 : text);
	out->version[strcspn(out->version, "-+")] = '\0';
	json_free(version);
	if (!nodes || !out->version[0]) {
		json_free(nodes);
		return error_set(err, ERROR_PROTOCOL, "the API server's answer cannot be understood");
	}
	if (world_next_page(nodes, token, size, err)) {
		json_free(nodes);
		return -1;
	}
	if (cluster_state_add_nodes(out, nodes, err))
		return -1;
	out->kubeadm_config = document_of(h, "api.config", NULL);
	out->kubeproxy_config = document_of(h, "api.proxy", NULL);
	out->own_config = document_of(h, "api.own", NULL);
	out->exists = true;
	return 0;
}

static const char first_paths[] = "version /version\n"
				  "config " KUBE_SYSTEM "configmaps/kubeadm-config\n"
				  "own " KUBE_SYSTEM "configmaps/kubewright\n"
				  "proxy " KUBE_SYSTEM "configmaps/" KUBEPROXY_CONFIG "\n"
				  "sets /apis/apps/v1/daemonsets?limit=100\n"
				  "nodes /api/v1/nodes?limit=60\n";

static int look_at_cluster(struct task *t, const struct adopt_host *h, struct error *err)
{
	struct world *w = world_of(t);
	struct cluster_state seen = { .lead = task_host(t) };
	char token[2048] = "";
	struct json *sets;
	int rc = adopt_refuse(world_facts(t), h, err);

	if (rc == 0)
		rc = read_first(h, &seen, token, sizeof(token), err) || ask_rest(t, &seen, token, sizeof(token), err)
			     ? -1
			     : 0;
	sets = rc == 0 ? document_of(h, "api.sets", NULL) : NULL;
	task_lock(t);
	if (rc == 0) {
		cluster_state_release(&w->seen.cluster);
		w->seen.cluster = seen;
		json_free(w->seen.sets);
		w->seen.sets = sets;
		memset(&seen, 0, sizeof(seen));
	}
	task_unlock(t);
	cluster_state_release(&seen);
	return rc;
}

/* ---- the steps ----------------------------------------------------------------------------------------------------- */

int adopt_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct adopt_host seen = { 0 };
	bool asked;
	int rc;

	task_lock(t);
	asked = w->seen.cluster.exists;
	task_unlock(t);
	rc = ask(t, asked ? "" : first_paths, asked && world_is_control_plane(t), &seen, err);
	if (rc == 0 && !asked)
		rc = look_at_cluster(t, &seen, err);
	task_lock(t);
	adopt_host_release(&w->seen.adopt[task_host(t)]);
	w->seen.adopt[task_host(t)] = seen;
	task_unlock(t);
	return rc;
}

enum step_verdict take_keys_check(struct task *t, struct error *why)
{
	bool have;

	(void)why;
	task_lock(t);
	have = world_of(t)->pki.store != NULL;
	task_unlock(t);
	return have || !cluster_fact_has(world_facts(t), "have", "ca-crt") ? STEP_NOT_HERE : STEP_NEEDED;
}

int take_keys_apply(struct task *t, struct error *err)
{
	return world_fetch_store(t, err);
}
