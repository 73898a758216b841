/* What the cluster says of itself: asked through a control plane whose API server runs, with a certificate made for the occasion. */
#include "steps/settings.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fetch_words[] = { "=pem_*", "=secrets", "error", "hint", NULL };

enum step_verdict survey_check(struct task *t, struct error *why)
{
	(void)why;
	/* what is left on a host that leaves is not evidence of the cluster */
	if (world_leaves(world_of(t), task_host(t)))
		return STEP_NOT_HERE;
	return strstr(cluster_fact(world_facts(t), "have"), "ca-crt") ? STEP_NEEDED : STEP_NOT_HERE;
}

/* Keys of Secrets in base64, from the text of the file by which an API server encrypts them; NULL: it has none. The one that writes first. */
static void find_secrets_keys(const char *text, char keys[PKI_SECRETS_KEYS][45])
{
	static const char word[] = "secret: ";
	int n = 0;

	for (const char *p = text; p && n < PKI_SECRETS_KEYS && (p = strstr(p, word)) != NULL; n++) {
		p += sizeof(word) - 1;
		snprintf(keys[n], 45, "%.*s", (int)strcspn(p, "}\n"), p);
	}
}

/* All at once: a store without the keys of Secrets would be one that nobody fetches again. */
static int import_store(struct world *w, const char *const pem[PKI_SHARED], const char *secrets, struct error *err)
{
	char keys[PKI_SECRETS_KEYS][45] = { "" };
	const char *base64[PKI_SECRETS_KEYS];

	find_secrets_keys(secrets, keys);
	for (int i = 0; i < PKI_SECRETS_KEYS; i++)
		base64[i] = keys[i][0] ? keys[i] : NULL;
	w->pki.store = pki_store_import(w->wish.store_dir, pem, base64, w->wish.passphrase, err);
	secret_wipe(keys, sizeof(keys));
	return w->pki.store ? 0 : -1;
}

/* The operator's machine has no store: the CAs come from the first control plane that has them. Never new ones for a living cluster. */
int world_fetch_store(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct remote_answer answer = { 0 };
	const char *pem[PKI_SHARED];
	char word[8];
	int rc = world_script(t, "fetch-ca", host_script_fetch_ca, NULL, 0, fetch_words, &answer, 30000, err);

	for (int i = 0; rc == 0 && i < PKI_SHARED; i++) {
		snprintf(word, sizeof(word), "pem_%d", i);
		pem[i] = remote_answer_get(&answer, word);
		if (!pem[i] && i < PKI_STORED)
			rc = error_set(err, ERROR_PROTOCOL, "the host did not send all of its CA files");
	}
	if (rc == 0) {
		task_lock(t);
		if (!w->pki.store) {
			rc = import_store(w, pem, remote_answer_get(&answer, "secrets"), err);
			w->pki.from = task_host(t);
		}
		task_unlock(t);
		if (rc == 0)
			task_notice(t, NOTICE_STORE, world_host(t)->name, "copied the cluster's CAs from %s to %s",
				world_host(t)->name, w->wish.store_dir);
	}
	for (size_t i = 0; i < answer.count; i++)
		secret_wipe(answer.lines[i].value, answer.lines[i].len);
	remote_answer_release(&answer);
	return rc;
}

/* Keys of a cluster that others made are taken by `adopt` alone, for an operator who has said so. */
static int may_fetch(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);

	if (inventory_keeps_ca_keys(w->wish.inventory)) {
		bool there = *cluster_fact(world_facts(t), "ca_keys");

		error_refuse(err, ERROR_PKI, REFUSAL_NO_STORE, w->wish.store_dir,
			there ? "the keys of the cluster's CAs are not in %s, and pki.ca-keys is operator: nothing was changed"
			      : "the keys of the cluster's CAs are on no host (pki.ca-keys: operator), and not in %s",
			w->wish.store_dir);
		return error_hint(err,
			"bring the key store of the machine that has them (pki.store), or its backup: 'kubewright certs restore FILE'%s",
			there ? "; with pki.ca-keys: cluster, 'kubewright apply' copies them from a control plane"
			      : "");
	}
	if (*cluster_fact(world_facts(t), "record.cluster"))
		return 0;
	error_refuse(err, ERROR_PKI, REFUSAL_NOT_OURS, world_host(t)->name,
		"the cluster on this host was not made by kubewright, and the keys of its CAs are not in %s",
		w->wish.store_dir);
	return error_hint(err,
		"to take it over, run 'kubewright adopt %s --take-ca-keys'; is it another cluster? then correct the inventory",
		world_host(t)->ssh.address);
}

static int same_ca(const struct world *w, const struct cluster_host *h, struct error *err)
{
	const char *theirs = cluster_fact(h, "ca_crt");
	char pin[80];

	if (pki_same_key(theirs, pki_store_pem(w->pki.store, PKI_CA_CRT)))
		return 0;
	/* ours by its own record: the file was damaged or replaced since, which is for repair to say and mend */
	pki_store_pin(w->pki.store, pin, sizeof(pin));
	if (w->wish.health && cluster_fact_is(h, "record.ca_pin", pin))
		return 0;
	error_set(err, ERROR_COMMAND, "this host's cluster CA is not the one in %s", w->wish.store_dir);
	return error_hint(
		err, "the host belongs to another cluster, or pki.store names the wrong folder: nothing was changed");
}

struct ask {
	struct cluster_state *out;
	const char *kubelet; /* ConfigMap of what kubelets are given, that is wanted too; NULL: nothing more is */
	bool of_kubelets, of_kubeproxy; /* the inventory says something of them */
};

static struct json *ask_config(struct net_client *c, const char *name, long *status, struct error *err)
{
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/namespaces/kube-system/configmaps/%s", name);
	return net_json(c, "GET", path, NULL, NULL, status, err);
}

/*
 * What kubelets and kube-proxy are given is read only for an inventory that says something of it, or did when it was
 * applied, and in a run that reports differences; that it cannot be read is reported where it is compared.
 */
static struct ask what_to_ask(const struct task *t, const struct world *w, struct cluster_state *out)
{
	const struct inventory *inv = w->wish.inventory;
	bool compares = w->wish.texts || !task_check_only(t);

	return (struct ask){ out, compares ? w->wish.release->kubelet_config : NULL, json_size(inv->kubelet_config) > 0,
		json_size(inv->kubeproxy_config) > 0 };
}

/* What an earlier inventory gave leaves the cluster with it: a note says that something was given. */
static void ask_settings(struct net_client *c, const struct ask *ask)
{
	struct cluster_state *out = ask->out;
	struct error no = { 0 };
	long status = 0;

	if (ask->of_kubelets || json_get(out->own_config, "data.kubelet-settings"))
		out->kubelet_config = ask_config(c, ask->kubelet, NULL, &no);
	if (!ask->of_kubeproxy && !json_get(out->own_config, "data.kubeproxy-settings"))
		return;
	out->kubeproxy_config = ask_config(c, KUBEPROXY_CONFIG, NULL, &no);
	out->kubeproxy_set = net_json(c, "GET", KUBEPROXY_SET, NULL, NULL, &status, &no);
	out->no_kubeproxy = !out->kubeproxy_set && status == 404;
}

/* GETs of one survey; the result goes into out only when all went well. */
static int ask_api(struct net_client *c, void *ctx, struct error *err)
{
	const struct ask *ask = ctx;
	struct cluster_state *out = ask->out;
	struct json *version = net_json(c, "GET", "/version", NULL, NULL, NULL, err);
	const char *text;
	long status = 0;

	if (!version)
		return -1;
	text = json_get_str(version, "gitVersion", "");
	str_copy_line(out->version, sizeof(out->version), *text == 'v' ? text + 1 : text);
	out->version[strcspn(out->version, "-+")] = '\0';
	json_free(version);
	if (world_nodes(c, out, err))
		return -1;
	out->kubeadm_config = ask_config(c, "kubeadm-config", &status, err);
	if (!out->kubeadm_config && status != 404)
		return -1;
	out->own_config = ask_config(c, "kubewright", &status, err);
	if (!out->own_config && status != 404)
		return -1;
	if (ask->kubelet)
		ask_settings(c, ask);
	out->exists = true;
	memset(err, 0, sizeof(*err));
	return 0;
}

static int ask_members(struct net_client *c, void *ctx, struct error *err)
{
	struct quorum_view *v = ctx;

	v->count = net_etcd_members(c, v->list, QUORUM_MEMBERS, err);
	return v->count < 0 ? (v->count = 0, -1) : 0;
}

/* How long after its host's start an API server may take: the kubelet, etcd with its peers, then itself. */
#define BOOT_PATIENCE_MS (300 * 1000)

static int64_t patience_ms(struct task *t)
{
	const struct cluster_host *h = world_facts(t);
	int64_t uptime_s = cluster_fact_int(h, "uptime_s", -1);

	/* a look shows what is; of half of an installation nothing can be expected */
	if (task_check_only(t) || !world_installed(h) || uptime_s < 0)
		return 0;
	/* that one will not answer, but it can be mended */
	if (world_of(t)->wish.renew &&
		renew_api_expired(&world_of(t)->seen.certs[task_host(t)], clock_wall_ms() / 1000))
		return 0;
	return BOOT_PATIENCE_MS - uptime_s * 1000;
}

static bool cluster_found(struct task *t)
{
	bool found;

	task_lock(t);
	found = world_of(t)->seen.cluster.exists;
	task_unlock(t);
	return found;
}

/* After a power failure: waits until the API server here answers, or that of another control plane. That it does not is for others to say. -1: the way there broke. */
static int await_boot(struct task *t, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	int64_t limit = patience_ms(t);
	struct error why = { 0 };
	char what[200];

	while (clock_mono_ms() - wait.begun_ms < limit && !cluster_found(t)) {
		bool ready = false;

		if (world_api(t, survey_ready, &ready, &why) && world_way_lost(&why))
			return *err = why, -1;
		if (why.kind == ERROR_BLOCKED || task_cancelled(t))
			return 0;
		if (ready) {
			task_lock(t);
			place_note_up(world_facts(t));
			task_unlock(t);
			return 0;
		}
		snprintf(what, sizeof(what), "%s started %lld s ago; its API server does not answer yet",
			world_host(t)->name,
			(long long)(BOOT_PATIENCE_MS - limit + clock_mono_ms() - wait.begun_ms) / 1000);
		world_waits(t, &wait, limit, what);
		memset(&why, 0, sizeof(why));
		task_lock(t);
		task_wait(t, clock_mono_ms() + 1000);
		task_unlock(t);
	}
	return 0;
}

int survey_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct cluster_state seen = { .lead = task_host(t) };
	struct ask ask = what_to_ask(t, w, &seen);
	struct error local = { 0 };
	bool have, wanted;

	task_lock(t);
	have = w->pki.store != NULL;
	task_unlock(t);
	if (!have && (may_fetch(t, err) || world_fetch_store(t, err)))
		return -1;
	if (same_ca(w, world_facts(t), err))
		return -1;
	if (await_boot(t, err) || (w->wish.health && survey_health(t, err)))
		return -1;
	wanted = !cluster_found(t);
	if (!wanted || !place_runs(world_facts(t), PLACE_API_PORT))
		return 0;
	if (world_api(t, ask_api, &ask, &local) || world_api_at(t, place_etcd(NULL), ask_members, &seen.etcd, &local)) {
		/* an API server that does not answer is a fact, not a failure: another one may */
		task_log(t, "the API server here %s: %s",
			world_note_unseen(t, &local) ? "cannot be asked" : "does not answer", local.what);
		cluster_state_release(&seen);
		return world_way_lost(&local) ? (*err = local, -1) : 0;
	}
	if (w->wish.health && survey_pods(t, &seen, err)) {
		cluster_state_release(&seen);
		return -1;
	}
	task_lock(t);
	if (!w->seen.cluster.exists) {
		cluster_state_release(&w->seen.cluster);
		w->seen.cluster = seen;
		w->decided.lead = task_host(t);
		memset(&seen, 0, sizeof(seen));
	}
	task_unlock(t);
	cluster_state_release(&seen);
	return 0;
}
