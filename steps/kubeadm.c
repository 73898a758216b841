/* kubeadm's configuration, as JSON documents: YAML reads JSON, and a tree merges with what the operator passes through. */
#include "steps/profile.h"
#include "steps/security.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

#define CRI_SOCKET "unix:///run/containerd/containerd.sock"

static struct json *document(const char *api_version, const char *kind)
{
	struct json *d = json_object();

	json_set_str(d, "apiVersion", api_version);
	json_set_str(d, "kind", kind);
	return d;
}

static struct json *kubeadm_document(const struct world *w, const char *kind)
{
	char api[64];

	snprintf(api, sizeof(api), "kubeadm.k8s.io/%s", w->wish.release->kubeadm_api);
	return document(api, kind);
}

static void write_document(struct str *out, struct json *d)
{
	if (out->len)
		str_add(out, "---\n");
	json_write_pretty(d, out);
	json_free(d);
}

/* kubeadm.extra holds {InitConfiguration: {...}, ClusterConfiguration: {...}, JoinConfiguration: {...}}; NULL: nothing of that kind. */
static const struct json *extra_of(const struct world *w, const char *kind)
{
	return w->wish.inventory->kubeadm_extra ? json_get(w->wish.inventory->kubeadm_extra, kind) : NULL;
}

static void merge_extra(const struct world *w, struct json *d, const char *kind)
{
	const struct json *extra = extra_of(w, kind);

	if (extra)
		json_merge(d, extra);
}

static void add_arg(const struct world *w, struct json *args, const char *name, const char *value)
{
	struct json *arg;

	if (!w->wish.release->extra_args_list) {
		json_set_str(args, name, value);
		return;
	}
	arg = json_object();
	json_set_str(arg, "name", name);
	json_set_str(arg, "value", value);
	json_add(args, arg);
}

/* Adds each name of a comma list. */
static void add_names(struct json *list, const char *names)
{
	for (const char *p = names; *p; p += strcspn(p, ","), p += *p == ',') {
		char name[96];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, ","), p);
		json_add(list, json_string(name));
	}
}

/* What kubeadm does not stop for: what the operator ignores, our findings under its names, and swap that is to stay. */
static struct json *ignored_checks(const struct world *w)
{
	struct json *list = json_array();

	for (size_t i = 0; i < w->wish.inventory->preflight.ignore_count; i++) {
		const char *name = w->wish.inventory->preflight.ignore[i];
		const struct finding_kind *kind = finding_kind_find(name);

		kind = kind ? kind : upgrade_kind_find(name);
		if (!kind)
			json_add(list, json_string(name));
		else if (kind->kubeadm)
			add_names(list, kind->kubeadm);
	}
	/* an older kubeadm ends on swap, also where its kubelet is configured to start beside it */
	if (inventory_keeps_swap(w->wish.inventory))
		json_add(list, json_string("Swap"));
	return list;
}

static struct json *taint(const char *key, const char *value, const char *effect)
{
	struct json *o = json_object();

	json_set_str(o, "key", key);
	if (value && *value)
		json_set_str(o, "value", value);
	json_set_str(o, "effect", effect);
	return o;
}

static struct json *registration(const struct world *w, int host)
{
	const struct inventory_host *h = &w->wish.inventory->hosts[host];
	struct json *r = json_object(), *taints = json_array(), *args;
	struct json *ignore = ignored_checks(w);
	struct str labels = STR_INIT;

	json_set_str(r, "name", h->name);
	json_set_str(r, "criSocket", CRI_SOCKET);
	if (h->role == INVENTORY_CONTROL_PLANE)
		json_add(taints, taint(w->wish.release->taint, NULL, "NoSchedule"));
	for (size_t i = 0; i < h->taint_count; i++)
		json_add(taints, taint(h->taints[i].key, h->taints[i].value, h->taints[i].effect));
	json_set(r, "taints", taints);
	args = json_set(r, "kubeletExtraArgs", w->wish.release->extra_args_list ? json_array() : json_object());
	/* without it a kubelet may register the virtual IP as its own */
	add_arg(w, args, "node-ip", h->address);
	for (size_t i = 0; i < h->label_count; i++)
		if (node_label_of_kubelet(h->labels[i].key))
			str_addf(&labels, "%s%s=%s", labels.len ? "," : "", h->labels[i].key, h->labels[i].value);
	if (labels.len)
		add_arg(w, args, "node-labels", labels.buf);
	if (json_size(ignore))
		json_set(r, "ignorePreflightErrors", ignore);
	else
		json_free(ignore);
	str_release(&labels);
	return r;
}

static struct json *local_endpoint(const struct inventory_host *h)
{
	struct json *o = json_object();

	json_set_str(o, "advertiseAddress", h->address);
	json_set_int(o, "bindPort", PLACE_API_PORT);
	return o;
}

/* First contact with a new API server must outlive a slow disk: kubeadm's one minute does not (since 1.33.12 … 1.36.1). */
static void add_timeouts(const struct world *w, struct json *d)
{
	struct json *o;

	if (!w->wish.release->has_timeouts)
		return;
	o = json_object();
	json_set_str(o, "controlPlaneComponentHealthCheck", "6m0s");
	json_set_str(o, "kubernetesAPICall", "5m0s");
	json_set_str(o, "etcdAPICall", "5m0s");
	json_set(d, "timeouts", o);
}

/* One member of what the operator passes through in `kind`, merged into the same of d. */
static void merge_extra_member(const struct world *w, struct json *d, const char *kind, const char *member)
{
	const struct json *extra = extra_of(w, kind), *value = extra ? json_get(extra, member) : NULL;
	struct json *part;

	if (!value)
		return;
	part = json_object();
	json_set(part, member, json_copy(value));
	json_merge(d, part);
	json_free(part);
}

static void add_san(const char *name, void *sans)
{
	json_add(sans, json_string(name));
}

struct json *kubeadm_cluster_config(const struct world *w)
{
	const struct inventory *inv = w->wish.inventory;
	struct json *c = kubeadm_document(w, "ClusterConfiguration"), *o, *sans, *own = security_own(w),
		    *profile = profile_own(w);
	char text[128];

	snprintf(text, sizeof(text), "v%s", w->decided.version);
	json_set_str(c, "kubernetesVersion", text);
	json_set_str(c, "clusterName", inv->cluster);
	snprintf(text, sizeof(text), "%s:%d", inventory_endpoint(inv), inv->endpoint.port);
	json_set_str(c, "controlPlaneEndpoint", text);
	if (inv->kubernetes.image_repository)
		json_set_str(c, "imageRepository", inv->kubernetes.image_repository);
	o = json_set(c, "networking", json_object());
	json_set_str(o, "podSubnet", inv->network.pods);
	json_set_str(o, "serviceSubnet", inv->network.services);
	json_set_str(o, "dnsDomain", inv->network.dns_domain);
	o = json_set(c, "apiServer", json_object());
	sans = json_set(o, "certSANs", json_array());
	json_add(sans, json_string("127.0.0.1"));
	json_add(sans, json_string("localhost"));
	json_add(sans, json_string(inventory_endpoint(inv)));
	for (size_t i = 0; i < inv->host_count; i++)
		if (inv->hosts[i].role == INVENTORY_CONTROL_PLANE)
			json_add(sans, json_string(inv->hosts[i].address));
	if (!w->wish.release->has_timeouts)
		json_set_str(o, "timeoutForControlPlane", "6m0s");
	/* the operator's names come to these, and do not replace them */
	kubeadm_asked_names(inv, add_san, sans);
	sans = json_copy(sans);
	merge_extra(w, c, "ClusterConfiguration");
	json_set(json_set(c, "apiServer", json_copy(json_get(c, "apiServer"))), "certSANs", sans);
	security_join(c, own, NULL, w->wish.release->extra_args_list);
	profile_join(w, c, profile, NULL, w->wish.release->extra_args_list);
	json_free(own);
	json_free(profile);
	return c;
}

/* What apply and node have in common. What was given at the birth of the cluster is given again: kubeadm keeps none of it. */
static struct json *upgrade_part(const struct world *w, struct json *into, const char *name, const char *born)
{
	struct json *o = json_set(into, name, json_object()), *ignore = ignored_checks(w);

	json_set_str(o, "imagePullPolicy", "IfNotPresent");
	/* who has not the CAs' keys has nothing to renew with */
	if (inventory_keeps_ca_keys(w->wish.inventory))
		json_set_bool(o, "certificateRenewal", false);
	merge_extra_member(w, o, born, "patches");
	if (json_size(ignore))
		json_set(o, "ignorePreflightErrors", ignore);
	else
		json_free(ignore);
	return o;
}

void kubeadm_upgrade_config(const struct world *w, struct str *out)
{
	struct json *d, *o;
	char text[40];

	if (!w->wish.release->has_upgrade_config)
		return;
	d = kubeadm_document(w, "UpgradeConfiguration");
	o = upgrade_part(w, d, "apply", "InitConfiguration");
	snprintf(text, sizeof(text), "v%s", w->decided.version);
	json_set_str(o, "kubernetesVersion", text);
	upgrade_part(w, d, "node", "JoinConfiguration");
	add_timeouts(w, d);
	merge_extra_member(w, d, "InitConfiguration", "timeouts");
	write_document(out, d);
}

void kubeadm_init_config(const struct world *w, int host, struct str *out)
{
	const struct inventory_host *h = &w->wish.inventory->hosts[host];
	struct json *d = kubeadm_document(w, "InitConfiguration"), *token;

	if (w->token.text[0]) {
		token = json_object();
		json_set_str(token, "token", w->token.text);
		json_set_str(token, "ttl", "2h0m0s");
		json_set_str(token, "description", "made by kubewright for joins");
		json_add(json_set(d, "bootstrapTokens", json_array()), token);
	}
	json_set(d, "localAPIEndpoint", local_endpoint(h));
	json_set(d, "nodeRegistration", registration(w, host));
	add_timeouts(w, d);
	merge_extra(w, d, "InitConfiguration");
	write_document(out, d);
	write_document(out, kubeadm_cluster_config(w));
	d = document("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration");
	json_set_str(d, "cgroupDriver", w->wish.inventory->runtime.cgroup_driver);
	if (w->wish.inventory->kubelet_config)
		json_merge(d, w->wish.inventory->kubelet_config);
	write_document(out, d);
	d = document("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration");
	if (w->wish.inventory->kubeproxy_config)
		json_merge(d, w->wish.inventory->kubeproxy_config);
	write_document(out, d);
}

/*
 * As kubeadm has them where it finds no key of the CA: with them the key can go afterwards, and the manifest stays the
 * same.
 */
static void sign_nothing(const struct world *w, struct json *cluster)
{
	static const char *const names[] = { "cluster-signing-cert-file", "cluster-signing-key-file" };
	const struct json *manager = json_get(cluster, "controllerManager"), *old = json_get(manager, "extraArgs");
	bool map = json_is_object(old) || (!json_is_array(old) && !w->wish.release->extra_args_list);
	struct json *args = json_size(old) ? json_copy(old) : map ? json_object() : json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct json *one = map ? args : json_add(args, json_object());

		if (!map)
			json_set_str(one, "name", names[i]);
		json_set_str(one, map ? names[i] : "value", "");
	}
	json_set(json_set(cluster, "controllerManager", json_is_object(manager) ? json_copy(manager) : json_object()),
		"extraArgs", args);
}

void kubeadm_components_config(const struct world *w, int host, bool signs, struct str *out)
{
	const char *born = host == w->decided.init_host ? "InitConfiguration" : "JoinConfiguration";
	struct json *d = kubeadm_document(w, "InitConfiguration"), *living = kubeadm_living_config(w);

	json_set(d, "localAPIEndpoint", local_endpoint(&w->wish.inventory->hosts[host]));
	json_set(d, "nodeRegistration", registration(w, host));
	/* kubeadm writes one of them into the manifests, as the time that a component has to start: with another, each restarts */
	add_timeouts(w, d);
	merge_extra_member(w, d, born, "timeouts");
	merge_extra_member(w, d, born, "patches");
	write_document(out, d);
	if (!living)
		living = kubeadm_cluster_config(w);
	if (!signs)
		sign_nothing(w, living);
	write_document(out, living);
}

void kubeadm_join_config(const struct world *w, int host, const char *pin, struct str *out)
{
	const struct inventory_host *h = &w->wish.inventory->hosts[host];
	struct json *d = kubeadm_document(w, "JoinConfiguration"), *b;
	char text[128];

	b = json_set(json_set(d, "discovery", json_object()), "bootstrapToken", json_object());
	snprintf(text, sizeof(text), "%s:%d", inventory_endpoint(w->wish.inventory), w->wish.inventory->endpoint.port);
	json_set_str(b, "apiServerEndpoint", text);
	json_set_str(b, "token", w->token.text);
	json_add(json_set(b, "caCertHashes", json_array()), json_string(pin));
	if (h->role == INVENTORY_CONTROL_PLANE)
		json_set(json_set(d, "controlPlane", json_object()), "localAPIEndpoint", local_endpoint(h));
	json_set(d, "nodeRegistration", registration(w, host));
	add_timeouts(w, d);
	merge_extra(w, d, "JoinConfiguration");
	write_document(out, d);
}
