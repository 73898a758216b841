/* What hosts show of a cluster that others made: their static Pods' flags, and whether it is one of kubeadm's at all. */
#include "cluster/adopt.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/findings.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

void adopt_host_take(struct adopt_host *h, struct remote_answer *said)
{
	static const char manifest[] = "manifest.";

	adopt_host_release(h);
	h->said = *said;
	memset(said, 0, sizeof(*said));
	h->looked = true;
	h->manifests = json_object();
	for (size_t i = 0; i < h->said.count; i++) {
		const struct remote_answer_line *l = &h->said.lines[i];
		struct json *pod = str_starts(l->word, manifest) ? inventory_yaml(l->value, l->len, NULL) : NULL;

		if (str_starts(l->word, manifest))
			json_set(h->manifests, l->word + strlen(manifest), pod ? pod : json_null());
	}
}

void adopt_host_release(struct adopt_host *h)
{
	remote_answer_release(&h->said);
	json_free(h->manifests);
	memset(h, 0, sizeof(*h));
}

const char *adopt_said(const struct adopt_host *h, const char *word)
{
	const char *value = remote_answer_get(&h->said, word);

	return value ? value : "";
}

/* ---- flags --------------------------------------------------------------------------------------------------------- */

static const struct json *container_of(const struct adopt_host *h, const char *component)
{
	char file[96];

	snprintf(file, sizeof(file), "%s.yaml", component);
	return json_get(json_member(h->manifests, file), "spec.containers.0");
}

static void flags_of(const struct json *list, void (*fn)(const char *flag, const char *value, void *ctx), void *ctx)
{
	for (size_t i = 0; i < json_size(list); i++) {
		const char *text = json_text(json_at(list, i)), *value;
		char flag[128];

		if (!text || !str_starts(text, "--"))
			continue;
		value = strchr(text, '=');
		snprintf(flag, sizeof(flag), "%.*s", (int)strcspn(text + 2, "="), text + 2);
		fn(flag, value ? value + 1 : "", ctx);
	}
}

void adopt_flags(const struct adopt_host *h, const char *component,
	void (*fn)(const char *flag, const char *value, void *ctx), void *ctx)
{
	const struct json *container = container_of(h, component);

	flags_of(json_get(container, "command"), fn, ctx);
	flags_of(json_get(container, "args"), fn, ctx);
}

struct wanted {
	const char *flag, *value;
};

static void look_at_flag(const char *flag, const char *value, void *ctx)
{
	struct wanted *w = ctx;

	if (strcmp(flag, w->flag) == 0)
		w->value = value;
}

const char *adopt_flag(const struct adopt_host *h, const char *component, const char *flag)
{
	struct wanted w = { flag, NULL };

	adopt_flags(h, component, look_at_flag, &w);
	return w.value;
}

/* ---- whether it is kubeadm's --------------------------------------------------------------------------------------- */

static int refuse_other(const struct adopt_host *said, struct error *err)
{
	const char *foreign = adopt_said(said, "foreign");

	if (!*foreign)
		return 0;
	error_set(err, ERROR_PREFLIGHT, "this is a host of %s, not of a cluster that kubeadm made", foreign);
	return error_hint(err, "kubewright takes over clusters of kubeadm alone; nothing was changed");
}

static int refuse_role(const struct cluster_host *h, struct error *err)
{
	if (cluster_fact_has(h, "have", "apiserver-manifest") && cluster_fact_has(h, "have", "ca-crt"))
		return 0;
	if (cluster_fact_has(h, "have", "apiserver-manifest")) {
		error_set(err, ERROR_PREFLIGHT, "this control plane has no CA at /etc/kubernetes/pki/ca.crt");
		return error_hint(
			err, "kubewright takes over clusters whose PKI is where kubeadm puts it; nothing was changed");
	}
	if (cluster_fact_has(h, "have", "kubelet-conf")) {
		error_set(err, ERROR_PREFLIGHT, "this host is a worker: it has no API server");
		return error_hint(err, "name one of the cluster's control planes; nothing was changed");
	}
	error_set(err, ERROR_PREFLIGHT, "nothing of a Kubernetes cluster is on this host");
	return error_hint(err, "is its address right? 'kubewright init' begins a new cluster; nothing was changed");
}

int adopt_refuse(const struct cluster_host *h, const struct adopt_host *said, struct error *err)
{
	const char *why = adopt_said(said, "api_error");

	if (refuse_other(said, err) || refuse_role(h, err))
		return -1;
	if (*why) {
		error_set(err, ERROR_COMMAND, "the cluster cannot be asked on this host: %s", why);
		return error_hint(err,
			"is its API server up, and has etcd its quorum? mend that first, or name another control plane; "
			"nothing was changed");
	}
	if (finding_has_word(adopt_said(said, "api_none"), "config")) {
		error_set(err, ERROR_PREFLIGHT,
			"this cluster was not made by kubeadm: it has no ConfigMap kubeadm-config in kube-system");
		return error_hint(err, "kubewright takes over clusters of kubeadm alone; nothing was changed");
	}
	return 0;
}

struct json *adopt_config(const struct adopt_view *v)
{
	const char *text = json_get_str(v->state->kubeadm_config, "data.ClusterConfiguration", NULL);
	struct json *config = text ? inventory_yaml(text, strlen(text), NULL) : NULL;

	if (json_is_object(config))
		return config;
	json_free(config);
	return NULL;
}

/* ---- etcd ---------------------------------------------------------------------------------------------------------- */

static struct json *answer_of(const struct adopt_host *h, const char *word)
{
	const char *text = adopt_said(h, word);

	return *text ? json_parse(text, strlen(text), NULL) : NULL;
}

static void take_alarms(const struct adopt_host *h, struct space_alarms *alarms)
{
	struct json *answer = answer_of(h, "etcd.alarms");

	if (!answer || alarms->known) {
		json_free(answer);
		return;
	}
	alarms->known = true;
	alarms->count = net_etcd_take_alarms(answer, alarms->list, SPACE_ALARMS);
}

static void take_status(const struct adopt_host *h, struct quorum_view *out)
{
	struct json *answer = answer_of(h, "etcd.status");
	struct net_etcd_status status;

	if (!answer || net_etcd_take_status(answer, &status, NULL))
		return;
	for (int i = 0; i < out->count; i++)
		if (strcmp(out->list[i].id, status.member_id) == 0) {
			out->answers[i] = true;
			out->status[i] = status;
		}
}

void adopt_etcd(const struct adopt_view *v, struct quorum_view *out, struct space_alarms *alarms)
{
	memset(out, 0, sizeof(*out));
	memset(alarms, 0, sizeof(*alarms));
	for (size_t i = 0; i < v->inv->host_count; i++) {
		struct json *members = out->count ? NULL : answer_of(&v->said[i], "etcd.members");
		int count = members ? net_etcd_take_members(members, out->list, QUORUM_MEMBERS, NULL) : 0;

		out->count = count > 0 ? count : out->count;
	}
	for (size_t i = 0; i < v->inv->host_count; i++) {
		take_alarms(&v->said[i], alarms);
		take_status(&v->said[i], out);
	}
}
