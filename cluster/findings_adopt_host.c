/* What an adoption meets on a host. */
#include "cluster/findings_adopt.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/values.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

static bool has(const struct adopt_scope *s, const char *what)
{
	return cluster_fact_has(s->s.h, "have", what);
}

static const struct cluster_node *node(const struct adopt_scope *s)
{
	return cluster_find_node(s->v->state, s->s.host->name);
}

void adopt_unseen(const struct adopt_scope *s)
{
	struct finding *f = finding_add(
		&s->s, NOTE, "%s (%s) could not be looked at over SSH", s->s.host->name, s->s.host->address);

	finding_why(f, "it is in the inventory as its Node says; what differs on the host is not known");
	finding_remedy(f, "give it its SSH address (hosts.%s.ssh.address), or bring it back; then 'kubewright check'",
		s->s.host->name);
}

void adopt_runtime(const struct adopt_scope *s)
{
	const char *runtime = node(s) ? json_get_str(node(s)->json, "status.nodeInfo.containerRuntimeVersion", "") : "";
	struct finding *f;

	if (!*runtime || str_starts(runtime, "containerd:"))
		return;
	f = finding_add(&s->s, STOP, "the container runtime is %s", runtime);
	finding_why(f, "kubewright manages hosts with containerd alone");
	finding_remedy(f, "move the Nodes to containerd first, one after the other");
}

void adopt_port(const struct adopt_scope *s)
{
	const char *port = adopt_flag(s->a, "kube-apiserver", "secure-port");
	struct finding *f;

	if (!port || strcmp(port, "6443") == 0)
		return;
	f = finding_add(&s->s, STOP, "the API server listens on port %s", port);
	finding_why(f, "kubewright asks each API server on its host at port 6443; the endpoint's port may be another");
}

/* ---- certificates -------------------------------------------------------------------------------------------------- */

static void look_at_leaf(const struct adopt_scope *s, const char *leaf, const char *ca, bool server)
{
	char word[64];
	const char *pem, *ca_pem;
	struct error why = { 0 };
	struct finding *f;

	snprintf(word, sizeof(word), "pem.%s", leaf);
	pem = adopt_said(s->a, word);
	snprintf(word, sizeof(word), "pem.%s", ca);
	ca_pem = adopt_said(s->a, word);
	if (!has(s, "apiserver-manifest") || (!*pem && !*ca_pem) ||
		pki_cert_verify(pem, strlen(pem), ca_pem, server, NULL, 0, &why) == 0)
		return;
	f = finding_add(&s->s, STOP, "%s does not go by %s: %s", leaf, ca, why.what);
	finding_why(f, "what kubewright makes with this CA would not be trusted by those who run here");
	finding_remedy(
		f, "'kubeadm certs check-expiration' and 'kubeadm certs renew' on the host; or put the right CA there");
}

void adopt_ca_unknown(const struct adopt_scope *s)
{
	look_at_leaf(s, "apiserver.crt", "ca.crt", true);
	if (!json_get(s->config, "etcd.external"))
		look_at_leaf(s, "etcd/server.crt", "etcd/ca.crt", true);
	look_at_leaf(s, "front-proxy-client.crt", "front-proxy-ca.crt", false);
}

/* ---- static Pods --------------------------------------------------------------------------------------------------- */

void adopt_role(const struct adopt_scope *s)
{
	bool plane = s->s.host->role == INVENTORY_CONTROL_PLANE;
	struct finding *f;

	if (has(s, "apiserver-manifest") == plane)
		return;
	f = finding_add(&s->s, NOTE,
		plane ? "its Node has the label of a control plane, and no API server is on the host"
		      : "an API server is on the host, and its Node has no label of a control plane");
	finding_remedy(f, "set or take away the label node-role.kubernetes.io/control-plane, then adopt again");
}

/* kubeadm gives them to each, whatever its configuration; of some the value is the host's own. */
static const char kubeadm_flags[] =
	" advertise-address allow-privileged authorization-mode client-ca-file enable-admission-plugins "
	"enable-bootstrap-token-auth etcd-cafile etcd-certfile etcd-keyfile etcd-servers kubelet-client-certificate "
	"kubelet-client-key kubelet-preferred-address-types proxy-client-cert-file proxy-client-key-file "
	"requestheader-allowed-names requestheader-client-ca-file requestheader-extra-headers-prefix "
	"requestheader-group-headers requestheader-username-headers secure-port service-account-issuer "
	"service-account-key-file service-account-signing-key-file service-cluster-ip-range tls-cert-file "
	"tls-private-key-file insecure-port authentication-kubeconfig authorization-kubeconfig bind-address cluster-cidr "
	"cluster-name cluster-signing-cert-file cluster-signing-key-file controllers kubeconfig leader-elect "
	"root-ca-file service-account-private-key-file use-service-account-credentials allocate-node-cidrs "
	"advertise-client-urls cert-file client-cert-auth data-dir experimental-initial-corrupt-check "
	"experimental-watch-progress-notify-interval feature-gates initial-advertise-peer-urls initial-cluster "
	"initial-cluster-state key-file listen-client-urls listen-metrics-urls listen-peer-urls name peer-cert-file "
	"peer-client-cert-auth peer-key-file peer-trusted-ca-file snapshot-count trusted-ca-file "
	"watch-progress-notify-interval port ";

struct by_hand {
	const char *component;
	const struct json *args;
	struct str flags;
	unsigned count;
};

/* Of a list of {name, value}, or of a map. The last one counts. */
static const char *given(const struct json *args, const char *flag)
{
	const char *value = json_text(json_member(args, flag));

	for (size_t i = 0; i < json_size(args) && json_is_array(args); i++)
		if (strcmp(json_get_str(json_at(args, i), "name", ""), flag) == 0)
			value = json_get_str(json_at(args, i), "value", "");
	return value;
}

static void look_at_flag(const char *flag, const char *value, void *ctx)
{
	struct by_hand *b = ctx;
	const char *want = given(b->args, flag);

	if (want ? strcmp(want, value) == 0 : finding_has_word(kubeadm_flags, flag))
		return;
	if (b->count++ < 5)
		str_addf(&b->flags, "%s%s --%.60s", b->flags.len ? ", " : "", b->component, flag);
}

void adopt_by_hand(const struct adopt_scope *s)
{
	static const char *const components[][2] = {
		{ "kube-apiserver", "apiServer.extraArgs" },
		{ "kube-controller-manager", "controllerManager.extraArgs" },
		{ "kube-scheduler", "scheduler.extraArgs" },
		{ "etcd", "etcd.local.extraArgs" },
	};
	struct by_hand b = { .flags = STR_INIT };
	struct finding *f;

	for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++) {
		b.component = components[i][0];
		b.args = json_get(s->config, components[i][1]);
		adopt_flags(s->a, b.component, look_at_flag, &b);
	}
	if (b.count) {
		f = finding_add(&s->s, NOTE, "not as in kubeadm-config: %s%s", b.flags.buf, b.count > 5 ? ", …" : "");
		finding_why(f,
			"the manifest was edited by hand, or patched: an upgrade or a change of settings writes it again");
		finding_remedy(f, "put what is to stay into kubeadm.extra of the inventory, or patches");
	}
	str_release(&b.flags);
}

static void look_at_manifest(const char *file, const struct json *pod, void *ctx)
{
	const struct adopt_scope *const *s = ctx;

	if (value_is_null(pod))
		finding_add(&(*s)->s, NOTE, "/etc/kubernetes/manifests/%s cannot be read as YAML of a Pod", file);
}

void adopt_unreadable(const struct adopt_scope *s)
{
	json_each(s->a->manifests, look_at_manifest, &s);
}

void adopt_data_folder(const struct adopt_scope *s)
{
	const char *dir = adopt_flag(s->a, "etcd", "data-dir");
	struct finding *f;

	if (!dir || strcmp(dir, "/var/lib/etcd") == 0)
		return;
	f = finding_add(&s->s, NOTE, "etcd's data is in %s", dir);
	finding_why(f, "room on the disk is judged for /var/lib/etcd, and 'kubewright etcd restore' writes there");
	finding_remedy(f, "mount that disk at /var/lib/etcd, one control plane after the other");
}

/* ---- the kubelet --------------------------------------------------------------------------------------------------- */

struct arg {
	const char *name;
	char value[128];
};

static void look_at_arg(const char *line, struct arg *a)
{
	size_t n = strlen(a->name), len = strcspn(line, "\n");

	if (str_starts(line, a->name) && line[n] == '=')
		snprintf(a->value, sizeof(a->value), "%.*s", (int)(len - n - 1), line + n + 1);
}

void adopt_kubelet(const struct adopt_scope *s)
{
	struct arg config = { "--config", "" };
	struct finding *f;

	for (const char *p = adopt_said(s->a, "kubelet_args"); *p; p += strcspn(p, "\n"), p += *p == '\n')
		look_at_arg(p, &config);
	if (!config.value[0] || strcmp(config.value, "/var/lib/kubelet/config.yaml") == 0)
		return;
	f = finding_add(&s->s, NOTE, "the kubelet reads %s, not /var/lib/kubelet/config.yaml", config.value);
	finding_why(f, "kubelet.config of the inventory and 'kubeadm upgrade node' change a file that nobody reads");
	finding_remedy(f, "let its unit take kubeadm's drop-in (10-kubeadm.conf) before settings are changed");
}

void adopt_balancer(const struct adopt_scope *s)
{
	const char *server = cluster_fact(s->s.h, "kubelet_server"), *at = strstr(server, "://");
	struct finding *f;

	at = at ? at + 3 : server;
	if (!str_starts(at, "127.") && !str_starts(at, "localhost"))
		return;
	f = finding_add(&s->s, NOTE, "the kubelet asks %s: a balancer on its own host", server);
	finding_why(f,
		"the tool that made the cluster keeps it; kubewright leaves it alone and gives none to hosts that join");
	finding_remedy(f, "none needed as long as its list of control planes is kept by hand");
}

void adopt_renewers(const struct adopt_scope *s)
{
	const char *timers = adopt_said(s->a, "renewers");
	struct finding *f;

	if (!*timers)
		return;
	f = finding_add(&s->s, NOTE, "%s renews certificates", timers);
	finding_why(f, "two tools that renew leave a component with a certificate that nobody made for it");
	finding_remedy(f, "systemctl disable --now %s, once kubewright renews them", timers);
}

void adopt_packages(const struct adopt_scope *s)
{
	struct finding *f;

	if (!has(s, "kubelet-conf") || *cluster_fact(s->s.h, "pkg.kubelet"))
		return;
	f = finding_add(&s->s, NOTE, "the kubelet was not installed from a package");
	finding_why(f, "'kubewright apply' and 'kubewright upgrade' install the package beside it, in /usr/bin");
	finding_remedy(f, "see 'kubewright plan' before either; take the other one away then");
}

void adopt_recorded(const struct adopt_scope *s)
{
	const char *cluster = cluster_fact(s->s.h, "record.cluster");
	struct finding *f;

	if (!*cluster)
		return;
	f = finding_add(&s->s, NOTE, "kubewright has worked on this host before, for the cluster %s", cluster);
	finding_remedy(f, "is there still an inventory of it? that one knows more");
}
