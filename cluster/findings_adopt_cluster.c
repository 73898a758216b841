/* What an adoption meets in the cluster as a whole. */
#include "cluster/findings_adopt.h"

#include "base/json.h"
#include "base/str.h"
#include "cluster/adopt_own.h"
#include "inventory/inventory.h"
#include "inventory/release.h"

#include <stdio.h>
#include <string.h>

static const char *config_str(const struct adopt_scope *s, const char *path)
{
	return json_get_str(s->config, path, "");
}

static bool is_plane(const struct adopt_scope *s, size_t i)
{
	return s->v->inv->hosts[i].role == INVENTORY_CONTROL_PLANE;
}

void adopt_version(const struct adopt_scope *s)
{
	struct finding *f;

	if (!s->config) {
		f = finding_add(
			&s->s, STOP, "its ConfigMap kubeadm-config has no ClusterConfiguration that can be read");
		finding_remedy(f, "see 'kubectl -n kube-system get configmap kubeadm-config -o yaml'");
	}
	if (release_find(s->v->state->version))
		return;
	f = finding_add(&s->s, STOP, "the cluster runs Kubernetes %s", s->v->state->version);
	finding_why(f, "supported are %s", release_supported());
	finding_remedy(f, "upgrade it with the tool that made it, then adopt it");
}

void adopt_servers(const struct adopt_scope *s)
{
	const char *first = NULL;
	size_t first_host = 0;
	struct finding *f;

	for (size_t i = 0; i < s->v->inv->host_count; i++) {
		const char *tag = cluster_fact(&s->v->hosts[i], "image.kube-apiserver");

		if (!*tag || !is_plane(s, i))
			continue;
		if (first && strcmp(first, tag) != 0) {
			f = finding_add(&s->s, STOP, "the API server of %s is %s, that of %s is %s",
				s->v->inv->hosts[first_host].name, first, s->v->inv->hosts[i].name, tag);
			finding_why(f, "an upgrade was interrupted");
			finding_remedy(f, "finish it with the tool that began it, then adopt the cluster");
			return;
		}
		first_host = first ? first_host : i;
		first = first ? first : tag;
	}
}

void adopt_external_etcd(const struct adopt_scope *s)
{
	struct finding *f;

	if (!json_get(s->config, "etcd.external"))
		return;
	f = finding_add(&s->s, STOP, "kubeadm-config names an external etcd");
	finding_why(f, "kubewright asks, repairs and saves etcd's members as static Pods of the control planes");
	finding_remedy(f, "clusters with an etcd of their own cannot be adopted yet");
}

static const char *endpoint(const struct adopt_scope *s)
{
	return config_str(s, "controlPlaneEndpoint");
}

void adopt_no_endpoint(const struct adopt_scope *s)
{
	size_t planes = inventory_count(s->v->inv, INVENTORY_CONTROL_PLANE);
	struct finding *f;

	if (*endpoint(s) || planes < 2)
		return;
	f = finding_add(&s->s, STOP, "%zu control planes, and kubeadm-config has no controlPlaneEndpoint", planes);
	finding_remedy(f, "set it with 'kubectl -n kube-system edit configmap kubeadm-config' to what clients go by");
}

void adopt_families(const struct adopt_scope *s)
{
	static const char *const ranges[] = { "networking.podSubnet", "networking.serviceSubnet" };
	struct finding *f;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (!strpbrk(config_str(s, ranges[i]), ",:"))
			continue;
		f = finding_add(&s->s, STOP, "%s is %s", ranges[i], config_str(s, ranges[i]));
		finding_why(f, "kubewright manages clusters of IPv4 alone");
	}
}

/* Kubespray has its own folder, and a link where kubeadm's would be. */
void adopt_pki_folder(const struct adopt_scope *s)
{
	const char *folder = config_str(s, "certificatesDir");
	struct finding *f;

	if (!*folder || strcmp(folder, "/etc/kubernetes/pki") == 0)
		return;
	for (size_t i = 0; i < s->v->inv->host_count; i++) {
		const char *pki = adopt_said(&s->v->said[i], "pki");

		if (!is_plane(s, i) || !s->v->said[i].looked || strcmp(pki, folder) == 0)
			continue;
		f = finding_add(&s->s, STOP, "certificatesDir is %s, and /etc/kubernetes/pki on %s does not lead there",
			folder, s->v->inv->hosts[i].name);
		finding_why(f, "kubewright reads the PKI below /etc/kubernetes/pki");
		finding_remedy(f, "make /etc/kubernetes/pki a link to %s on each control plane", folder);
		return;
	}
}

void adopt_cas(const struct adopt_scope *s)
{
	for (size_t k = 0; k < PKI_SHARED; k++) {
		const struct certs_file *first = NULL;
		size_t host = 0;

		for (size_t i = 0; i < s->v->inv->host_count; i++) {
			const struct certs_file *c =
				is_plane(s, i) ? certs_shared(&s->v->certs[i], pki_shared[k].file) : NULL;
			struct finding *f;

			if (c && first && strcmp(c->sum, first->sum) != 0) {
				f = finding_add(&s->s, STOP, "%s of %s is not that of %s", pki_shared[k].file,
					s->v->inv->hosts[i].name, s->v->inv->hosts[host].name);
				finding_why(f, "what one control plane signs, another refuses");
				finding_remedy(f,
					"copy the right one to all control planes first: 'kubewright certs' shows them");
				break;
			}
			host = c && !first ? i : host;
			first = first ? first : c;
		}
	}
}

void adopt_external_ca(const struct adopt_scope *s)
{
	struct finding *f;

	for (size_t i = 0; i < s->v->inv->host_count; i++)
		if (is_plane(s, i) && finding_has_word(adopt_said(&s->v->said[i], "keys"), "ca.key"))
			return;
	f = finding_add(&s->s, s->v->keys_elsewhere ? NOTE : STOP,
		"/etc/kubernetes/pki/ca.key is on no control plane that was looked at");
	finding_why(f, "kubewright signs with the cluster's own CAs; their keys are elsewhere (external CA)");
	finding_remedy(f,
		s->v->keys_elsewhere
			? "have the cluster's key store on this machine before other commands: 'kubewright certs restore'"
			: "put ca.key back on a control plane, with those of etcd/ca and front-proxy-ca; or, where this machine has them in its key store, adopt with --set pki.ca-keys=operator");
}

/* Whether the endpoint is at an address. */
static bool endpoint_is(const struct adopt_scope *s, const char *address)
{
	return strlen(address) == strcspn(endpoint(s), ":") && str_starts(endpoint(s), address);
}

/* ---- the endpoint -------------------------------------------------------------------------------------------------- */

void adopt_own_endpoint(const struct adopt_scope *s)
{
	struct finding *f;

	if (*endpoint(s))
		return;
	f = finding_add(
		&s->s, NOTE, "kubeadm-config has no controlPlaneEndpoint: clients go by the control plane's address");
	finding_remedy(f,
		"to add control planes, give the inventory an endpoint and run 'kubewright apply': it moves the cluster to it");
}

/* Whose word is part of a static Pod's or a DaemonSet's image. */
static const char *const holders[] = { "kube-vip", "keepalived", "haproxy", "nginx" };

struct held {
	const char *by;
	char where[96];
};

static void look_at_image(struct held *h, const char *image, const char *where)
{
	for (size_t i = 0; !h->by && i < sizeof(holders) / sizeof(holders[0]); i++)
		if (strstr(image, holders[i])) {
			h->by = holders[i];
			snprintf(h->where, sizeof(h->where), "%s", where);
		}
}

static void look_at_pod(const char *file, const struct json *pod, void *held)
{
	look_at_image(held, json_get_str(pod, "spec.containers.0.image", ""), file);
}

static void find_holder(const struct adopt_scope *s, struct held *h)
{
	for (size_t i = 0; i < s->v->inv->host_count; i++) {
		if (is_plane(s, i))
			json_each(s->v->said[i].manifests, look_at_pod, h);
		if (!h->by && cluster_fact_is(&s->v->hosts[i], "unit.keepalived", "active")) {
			h->by = "keepalived";
			snprintf(h->where, sizeof(h->where), "keepalived.service on %s", s->v->inv->hosts[i].name);
		}
	}
	for (size_t i = 0; !h->by && i < json_size(json_get(s->v->sets, "items")); i++) {
		const struct json *set = json_at(json_get(s->v->sets, "items"), i);
		const char *image = json_get_str(set, "spec.template.spec.containers.0.image", "");

		if (strstr(image, "kube-vip"))
			look_at_image(h, image, json_get_str(set, "metadata.name", ""));
	}
}

void adopt_endpoint_held(const struct adopt_scope *s)
{
	struct held h = { .by = NULL };
	struct finding *f;

	if (!*endpoint(s))
		return;
	for (size_t i = 0; i < s->v->inv->host_count; i++)
		if (endpoint_is(s, s->v->inv->hosts[i].address) || *cluster_fact(&s->v->hosts[i], "record.cluster"))
			return;
	find_holder(s, &h);
	f = finding_add(&s->s, NOTE, "the endpoint %s is kept by %s%s%s%s", endpoint(s), h.by ? h.by : "others",
		h.by ? " (" : "", h.where, h.by ? ")" : "");
	finding_why(
		f, "endpoint.host stands for it in the inventory: kubewright goes by it and starts no second holder");
	finding_remedy(f, "none needed; keep it running, also on control planes that join later");
}

/* ---- others -------------------------------------------------------------------------------------------------------- */

static void look_at_mark(const char *key, const struct json *value, void *ctx)
{
	static const char *const marks[] = { "cluster.x-k8s.io/", "rke.cattle.io/", "cattle.io/",
		"k8s.io/cluster-api" };
	const char **mark = ctx;

	(void)value;
	for (size_t i = 0; !*mark && i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(key, marks[i]))
			*mark = key;
}

void adopt_managers(const struct adopt_scope *s)
{
	for (size_t i = 0; i < s->v->state->node_count; i++) {
		const struct cluster_node *n = &s->v->state->nodes[i];
		const char *mark = NULL;
		struct finding *f;

		json_each(n->labels, look_at_mark, &mark);
		json_each(json_get(n->json, "metadata.annotations"), look_at_mark, &mark);
		if (!mark)
			continue;
		f = finding_add(&s->s, NOTE, "the Node %s has the mark %s of another manager", n->name, mark);
		finding_why(f, "two tools that both change a cluster undo each other's work");
		finding_remedy(f, "stop the other one (Cluster API, Rancher) before the first 'kubewright apply'");
		return;
	}
}

void adopt_network(const struct adopt_scope *s)
{
	char network[64] = "";
	struct finding *f;

	/* lines "AGE FILE NETWORK", of which the first counts; only a host where kubewright was once has them */
	for (size_t i = 0; i < s->v->inv->host_count && !network[0]; i++)
		if (sscanf(cluster_fact(&s->v->hosts[i], "cni"), "%*7s %*127s%*[ ]%63[A-Za-z0-9._-]", network) != 1)
			network[0] = '\0';
	f = finding_add(&s->s, NOTE, "the pod network%s%s stays unchanged", network[0] ? " " : "", network);
	finding_why(f, "network.cni is none in the inventory: apply neither installs nor changes one");
}

/* Half of what pki.kubelet-serving does; the other half is not given to a cluster that nobody asked it for. */
void adopt_serving(const struct adopt_scope *s)
{
	struct finding *f;

	if (!adopt_kubelets_ask(s->v) || adopt_verifies(s->config))
		return;
	for (size_t i = 0; i < s->v->inv->host_count; i++)
		if (adopt_flag(&s->v->said[i], "kube-apiserver", "kubelet-certificate-authority"))
			return;
	f = finding_add(&s->s, NOTE,
		"kubelets ask the cluster for serving certificates (serverTLSBootstrap), and no API server verifies them");
	finding_why(f,
		"the inventory has serverTLSBootstrap in kubelet.config, and pki.kubelet-serving is self: kubewright approves none of these certificates, and one that is missing keeps logs and exec from working there");
	finding_remedy(f,
		"set pki.kubelet-serving to cluster: control planes approve them, and API servers verify them once every kubelet has one; else approve them as before, or by 'kubewright certs sign'");
}
