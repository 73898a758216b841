/* The inventory of a cluster that others made: what its own configuration says, less what kubewright would say by itself. */
#include "cluster/adopt.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/adopt_own.h"
#include "cluster/findings.h"
#include "cluster/values.h"
#include "inventory/document.h"
#include "inventory/inventory.h"
#include "inventory/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What kubeadm writes by itself, or the inventory has a field for. null: of any value. */
static const char config_base[] =
	"{\"apiVersion\": null, \"kind\": null, \"kubernetesVersion\": null, \"clusterName\": null, \"imageRepository\": null,"
	" \"controlPlaneEndpoint\": null, \"networking\": null, \"certificatesDir\": null,"
	" \"certificateValidityPeriod\": \"8760h0m0s\", \"caCertificateValidityPeriod\": \"87600h0m0s\","
	" \"encryptionAlgorithm\": \"RSA-2048\", \"dns\": {\"type\": \"CoreDNS\"}, \"etcd\": {\"local\": {\"dataDir\": \"/var/lib/etcd\"}},"
	" \"apiServer\": {\"timeoutForControlPlane\": null, \"extraEnvs\": null},"
	" \"controllerManager\": {\"extraEnvs\": null}, \"scheduler\": {\"extraEnvs\": null}}";
static const char kubelet_base[] =
	"{\"apiVersion\": null, \"kind\": null, \"cgroupDriver\": null, \"containerRuntimeEndpoint\": null, \"clusterDomain\": null,"
	" \"authentication\": {\"webhook\": {\"enabled\": true}, \"x509\": {\"clientCAFile\": \"/etc/kubernetes/pki/ca.crt\"}},"
	" \"authorization\": {\"mode\": \"Webhook\"}, \"healthzBindAddress\": \"127.0.0.1\", \"healthzPort\": 10248,"
	" \"rotateCertificates\": true, \"staticPodPath\": \"/etc/kubernetes/manifests\", \"resolvConf\": \"/run/systemd/resolve/resolv.conf\","
	" \"logging\": null, \"clusterDNS\": null}";
static const char kubeproxy_base[] =
	"{\"apiVersion\": null, \"kind\": null, \"bindAddress\": \"0.0.0.0\", \"clusterCIDR\": null, \"logging\": null,"
	" \"clientConnection\": {\"kubeconfig\": \"/var/lib/kube-proxy/kubeconfig.conf\"}}";

struct draft {
	const struct adopt_view *v;
	const struct release *release;
	struct json *config;
	struct document *d;
	struct finding_scope notes;
};

/* ---- what differs --------------------------------------------------------------------------------------------------- */

struct differing {
	const struct json *base;
	struct json *out;
	struct str *path;
};

static struct json *difference(const struct json *living, const struct json *base, struct str *path);

static void differ_member(const char *key, const struct json *living, void *ctx)
{
	struct differing *d = ctx;
	const struct json *base = json_member(d->base, key);
	size_t len = d->path->len;
	struct json *rest;

	if (base && value_is_null(base))
		return;
	str_addf(d->path, "%s%s", len ? "." : "", key);
	rest = difference(living, base, d->path);
	if (rest)
		json_set(d->out, key, rest);
	str_truncate(d->path, len);
}

/* NULL: nothing does. As deep as the parser lets it be. */
static struct json *difference(const struct json *living, const struct json *base, struct str *path)
{
	struct differing d = { base, NULL, path };

	if (value_is_null(living))
		return NULL;
	if (json_is_object(living)) {
		d.out = json_object();
		json_each(living, differ_member, &d);
		if (json_size(d.out))
			return d.out;
		json_free(d.out);
		return NULL;
	}
	if (base ? value_same(base, living) : value_is_zero(living) && !value_zero_counts(path->buf))
		return NULL;
	return json_copy(living);
}

static struct json *beside(const struct json *living, const char *base_text)
{
	struct json *base = json_parse(base_text, strlen(base_text), NULL);
	struct str path = STR_INIT;
	struct json *out = difference(living, base, &path);

	str_release(&path);
	json_free(base);
	return out;
}

/* Until v1beta3 arguments were maps. */
static void add_arg(const char *name, const struct json *value, void *list)
{
	struct json *arg = json_add(list, json_object());

	json_set_str(arg, "name", name);
	json_set(arg, "value", json_copy(value));
}

static void list_args(struct json *config, const char *part, const char *inner)
{
	const struct json *found = json_get(config, part), *args;
	struct json *o, *list;

	if (!json_is_object(found))
		return;
	o = json_set(config, part, json_copy(found));
	if (inner) {
		if (!json_is_object(json_get(o, inner)))
			return;
		o = json_set(o, inner, json_copy(json_get(o, inner)));
	}
	args = json_get(o, "extraArgs");
	if (!json_is_object(args))
		return;
	list = json_array();
	json_each(args, add_arg, list);
	json_set(o, "extraArgs", list);
}

/* ---- fields --------------------------------------------------------------------------------------------------------- */

static int set(struct draft *f, const char *path, const char *value, struct error *err)
{
	return value && *value && document_set(f->d, path, value, err) ? error_wrap(err, "%s", path) : 0;
}

static struct json *yaml_in(const struct json *map, const char *key)
{
	const char *text = json_text(json_member(json_get(map, "data"), key));
	struct json *out = text ? inventory_yaml(text, strlen(text), NULL) : NULL;

	if (json_is_object(out))
		return out;
	json_free(out);
	return NULL;
}

struct members {
	struct draft *f;
	const char *path;
	struct json *kept;
};

/* Whether an inventory of this release may have a member in one of its maps ("kubelet.config"); why: what is wrong with it. */
static bool is_known(const struct draft *f, const char *path, const char *key, const struct json *value, char why[320])
{
	struct inventory_problems *problems = xcalloc(1, sizeof(*problems));
	struct json *one = json_object();
	struct str text = STR_INIT;
	struct inventory *inv;

	json_set(one, key, json_copy(value));
	str_addf(&text,
		"cluster: a\nkubernetes: {version: %s, repository: {url: 'https://a.invalid/'}}\n"
		"hosts: [{name: a, address: 192.0.2.1, role: control-plane}]\n%.*s:\n  %s: ",
		f->release->minor, (int)strcspn(path, "."), path, strchr(path, '.') + 1);
	json_write(one, &text);
	inv = inventory_parse(NULL, text.buf, text.len, NULL, 0, problems, NULL);
	snprintf(why, 320, "%s", problems->list[0].text);
	json_free(one);
	str_release(&text);
	free(problems);
	if (!inv)
		return false;
	inventory_free(inv);
	return true;
}

static void keep_member(const char *key, const struct json *value, void *ctx)
{
	struct members *m = ctx;
	struct finding *n;
	char why[320];

	if (is_known(m->f, m->path, key, value, why)) {
		json_set(m->kept, key, json_copy(value));
		return;
	}
	m->f->notes.name = "setting-left-out";
	n = finding_add(
		&m->f->notes, FINDING_WARNING, "%s of the cluster has %s, which an inventory cannot say", m->path, key);
	finding_why(n, "%s", why);
	finding_remedy(n, "none needed: what the inventory leaves out stays unchanged");
}

/* A map that is passed through: whole, or without what the inventory does not know. Takes the map. */
static int set_map(struct draft *f, const char *path, struct json *map, struct error *err)
{
	struct members m = { f, path, json_object() };
	struct str text = STR_INIT;
	int rc;

	json_each(map, keep_member, &m);
	if (json_size(m.kept))
		json_write(m.kept, &text);
	rc = set(f, path, text.buf, err);
	str_release(&text);
	json_free(m.kept);
	json_free(map);
	return rc;
}

static int set_extra(struct draft *f, struct error *err)
{
	struct json *part = beside(f->config, config_base), *extra;

	if (!part)
		return 0;
	if (f->release->extra_args_list) {
		list_args(part, "apiServer", NULL);
		list_args(part, "controllerManager", NULL);
		list_args(part, "scheduler", NULL);
		list_args(part, "etcd", "local");
	}
	extra = json_object();
	json_set(extra, "ClusterConfiguration", part);
	return set_map(f, "kubeadm.extra", extra, err);
}

static int set_settings(struct draft *f, struct error *err)
{
	struct json *kubelet = yaml_in(f->v->state->kubelet_config, "kubelet");
	struct json *proxy = yaml_in(f->v->state->kubeproxy_config, "config.conf");
	/* kubeadm writes it since 1.22; before, leaving it out means this */
	const char *driver =
		json_get_str(kubelet, "cgroupDriver", release_minor(f->release->minor) < 22 ? "cgroupfs" : "");
	struct json *differs = kubelet ? beside(kubelet, kubelet_base) : NULL;
	int rc = 0;

	if (strcmp(driver, "cgroupfs") == 0)
		rc = set(f, "runtime.cgroup-driver", driver, err);
	if (rc == 0 && differs)
		rc = set_map(f, "kubelet.config", differs, err);
	else
		json_free(differs);
	differs = proxy ? beside(proxy, kubeproxy_base) : NULL;
	if (rc == 0 && differs)
		rc = set_map(f, "kubeproxy.config", differs, err);
	else
		json_free(differs);
	json_free(kubelet);
	json_free(proxy);
	return rc;
}

static bool recorded(const struct adopt_view *v)
{
	for (size_t i = 0; i < v->inv->host_count; i++)
		if (*cluster_fact(&v->hosts[i], "record.cluster"))
			return true;
	return false;
}

/* A virtual IP that kubewright does not keep is one to go by, and not one to hold. */
static int set_endpoint(struct draft *f, struct error *err)
{
	const char *at = json_get_str(f->config, "controlPlaneEndpoint", ""), *colon = strrchr(at, ':');
	const struct inventory *inv = f->v->inv;
	size_t planes = inventory_count(inv, INVENTORY_CONTROL_PLANE);
	char host[256];
	bool own = false;

	if (!*at)
		return 0;
	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - at) : (int)strlen(at), at);
	for (size_t i = 0; i < inv->host_count; i++)
		own |= strcmp(inv->hosts[i].address, host) == 0;
	if (colon && strcmp(colon, ":6443") != 0 && set(f, "endpoint.port", colon + 1, err))
		return -1;
	if (own && planes == 1)
		return 0;
	if (recorded(f->v) && document_check(f->d, "endpoint.vip", host, NULL) == 0)
		return set(f, "endpoint.vip", host, err);
	return set(f, "endpoint.host", host, err);
}

static int set_security(struct draft *f, struct error *err)
{
	struct adopt_own own;
	struct finding *n;

	adopt_own(f->v, f->config, &own);
	if (own.serving && adopt_kubelets_ask(f->v) && set(f, "pki.kubelet-serving", "cluster", err))
		return -1;
	if ((own.encrypt && set(f, "security.encrypt-secrets", "true", err)) ||
		(own.profile && set(f, "security.profile", "cis", err)) ||
		(own.audit_default && set(f, "security.audit", "default", err)))
		return -1;
	if (!own.audit || own.audit_default)
		return 0;
	f->notes.name = "setting-left-out";
	n = finding_add(&f->notes, FINDING_WARNING,
		"the API servers log by an audit policy of a file, which the inventory does not name");
	finding_why(n, "an apply without it has them log by another one, or not at all");
	finding_remedy(n,
		"before any apply, put that policy beside the inventory and name it in security.audit; on a control plane it is in /etc/kubernetes/kubewright");
	return 0;
}

static int set_cluster(struct draft *f, struct error *err)
{
	const char *images = json_get_str(f->config, "imageRepository", "");
	const char *domain = json_get_str(f->config, "networking.dnsDomain", "");

	if (set(f, "cluster", json_get_str(f->config, "clusterName", ""), err) ||
		set(f, "kubernetes.version", f->v->state->version, err) ||
		(strcmp(images, f->release->image_repository) != 0 &&
			set(f, "kubernetes.image-repository", images, err)) ||
		set_endpoint(f, err) ||
		set(f, "network.pods", json_get_str(f->config, "networking.podSubnet", ""), err) ||
		set(f, "network.services", json_get_str(f->config, "networking.serviceSubnet", ""), err) ||
		(strcmp(domain, "cluster.local") != 0 && set(f, "network.dns-domain", domain, err)) ||
		set(f, "network.cni", "none", err) || set_settings(f, err) || set_security(f, err) || set_extra(f, err))
		return -1;
	return 0;
}

static int set_hosts(struct draft *f, struct error *err)
{
	const struct inventory *inv = f->v->inv;
	char path[128];

	for (size_t i = 0; i < inv->host_count; i++) {
		const struct inventory_host *h = &inv->hosts[i];

		if (document_add_host(f->d, h->name, h->address,
			    h->role == INVENTORY_CONTROL_PLANE ? "control-plane" : "worker", err))
			return -1;
		snprintf(path, sizeof(path), "hosts.%s.ssh.address", h->name);
		if (strcmp(h->ssh.address, h->address) != 0 && set(f, path, h->ssh.address, err))
			return -1;
	}
	return 0;
}

static int set_given(struct draft *f, const char *const *sets, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		char *path = xstrndup(sets[i], strcspn(sets[i], "="));
		int rc = document_set(f->d, path, sets[i] + strlen(path) + 1, err);

		if (rc)
			error_wrap(err, "--set %s", path);
		free(path);
		if (rc)
			return -1;
	}
	return 0;
}

struct document *adopt_document(const struct adopt_view *v, const char *path, const char *const *sets, size_t set_count,
	struct findings *notes, struct error *err)
{
	struct draft f = { .v = v, .release = release_find(v->state->version), .config = adopt_config(v) };
	struct str text = STR_INIT;
	int rc = -1;

	f.notes = (struct finding_scope){ .inv = v->inv, .index = -1, .out = notes };
	str_add(&text,
		"# A cluster that was there before kubewright: how it was found. What the file leaves out stays unchanged.\n"
		"# 'kubewright plan' shows what apply would change; until then nothing is changed.\ncluster: kubernetes\n");
	f.d = document_parse(path, text.buf, err);
	str_release(&text);
	if (f.d && f.release && f.config)
		rc = set_cluster(&f, err) || set_hosts(&f, err) || set_given(&f, sets, set_count, err) ? -1 : 0;
	json_free(f.config);
	if (rc == 0)
		return f.d;
	document_free(f.d);
	return NULL;
}
