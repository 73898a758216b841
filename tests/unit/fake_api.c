/* What the API server of a fake machine says. */
#include "tests/unit/fake_cluster.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_node(const struct lab *l, int i, struct str *out)
{
	const struct inventory_host *h = &l->inventory->hosts[i];
	const struct machine *m = &l->machines[i];
	char reboot[80] = "";

	if (m->reboot_note[0])
		snprintf(reboot, sizeof(reboot), "%s\"kubewright/reboot\":\"%s\"",
			m->note[0] || m->upgrade_note ? "," : "", m->reboot_note);
	str_addf(out,
		"{\"metadata\":{\"name\":\"%s\",\"labels\":{%s},\"annotations\":{%s%s%s%s%s}},\"spec\":{\"unschedulable\":%s},\"status\":{\"addresses\":[{\"type\":"
		"\"InternalIP\",\"address\":\"%s\"}],\"conditions\":[{\"type\":\"Ready\",\"status\":\"%s\",\"message\":"
		"\"%s\"}],\"nodeInfo\":{\"bootID\":\"boot-%d-%u\",\"kubeletVersion\":\"v1.36.2\"}}}",
		h->name,
		/* kubeadm sets the label last */
		h->role != INVENTORY_CONTROL_PLANE ? "\"rack\":\"7\""
		: m->member == LAB_LEARNER         ? ""
						   : "\"node-role.kubernetes.io/control-plane\":\"\"",
		m->note[0] ? "\"kubewright/inventory\":\"" : "", m->note, m->note[0] ? "\"" : "",
		!m->upgrade_note ? ""
		: m->note[0]     ? ",\"kubewright/upgrade\":\"yes\""
				 : "\"kubewright/upgrade\":\"yes\"",
		reboot, m->cordoned ? "true" : "false", h->address,
		m->silent || l->off & 1u << i ? "Unknown"
		: l->applied                  ? "True"
					      : "False",
		m->silent || l->off & 1u << i ? "Kubelet stopped posting node status." : "reason:NetworkPluginNotReady",
		i, m->node_boots);
}

/* Two at a time, whatever was asked for: the token is the machine that the next page begins with. */
static void say_nodes(struct lab *l, const char *path, struct str *out)
{
	const char *from = strstr(path, "&continue=m");
	int i = from ? atoi(from + strlen("&continue=m")) : 0, said = 0;

	str_add(out, "{\"kind\":\"NodeList\",\"items\":[");
	for (; i < LAB_MACHINES && said < 2; i++)
		if (l->machines[i].node) {
			str_add(out, said++ ? "," : "");
			say_node(l, i, out);
		}
	str_add(out, "],\"metadata\":{");
	if (i < LAB_MACHINES)
		str_addf(out, "\"continue\":\"m%d\"", i);
	str_add(out, "}}");
}

/* GET and PATCH of one Node. */
static int node(struct lab *l, const char *method, const char *name, const char *body, struct str *out)
{
	static const char key[] = "\"kubewright/inventory\":\"";
	const struct inventory_host *h = inventory_find(l->inventory, name);
	struct machine *m = h ? &l->machines[h - l->inventory->hosts] : NULL;
	const char *note = strstr(body, key);

	if (!m || !m->node)
		return 404;
	if (strcmp(method, "PATCH") == 0 && note) {
		note += sizeof(key) - 1;
		/* quotes in it are escaped, and it ends with a brace */
		snprintf(m->note, sizeof(m->note), "%.*s", (int)(strstr(note, "}\"") + 1 - note), note);
	}
	say_node(l, m->index, out);
	return 200;
}

static int delete_node(struct lab *l, const char *name)
{
	const struct inventory_host *h = inventory_find(l->inventory, name);
	struct machine *m = h ? &l->machines[h - l->inventory->hosts] : NULL;

	if (!m || !m->node)
		return 404;
	lab_insist(!m->pods || l->off & 1u << m->index, "a Node is deleted before its pods are gone");
	m->node = m->upgrade_note = false;
	m->note[0] = '\0';
	/* those of a machine that is off go with their Node */
	m->pods = 0;
	return 200;
}

/* Settings that are passed through: each kind's ConfigMap, key, note and who writes that. */
static const struct {
	const char *map, *key, *note, *manager;
} kinds[SETTINGS_KINDS] = {
	[SETTINGS_KUBELET] = { "/configmaps/kubelet-config", "kubelet", "kubelet-settings",
		"fieldManager=kubewright-kubelet-settings" },
	[SETTINGS_CONTROL_PLANE] = { "/configmaps/kubeadm-config", "ClusterConfiguration", "control-plane-settings",
		"fieldManager=kubewright-control-plane-settings" },
	[SETTINGS_KUBEPROXY] = { "/configmaps/kube-proxy", "config.conf", "kubeproxy-settings",
		"fieldManager=kubewright-kubeproxy-settings" },
};

static int own_config(struct lab *l, const char *method, const char *path, const char *body, struct str *out)
{
	const char *sum = strstr(body, "\"cni-sha256\":\"");
	struct json *patch = json_parse(body, strlen(body), NULL), *answer, *data;

	/* each manager's own fields come and go */
	for (int i = 0; i < SETTINGS_KINDS && strcmp(method, "PATCH") == 0; i++)
		if (strstr(path, kinds[i].manager))
			snprintf(l->given[i].note, sizeof(l->given[i].note), "%s",
				json_get_str(json_get(patch, "data"), kinds[i].note, ""));
	if (strcmp(method, "PATCH") == 0 && strstr(path, "fieldManager=kubewright-" TOKENS_NOTE))
		snprintf(l->tokens_note, sizeof(l->tokens_note), "%s",
			json_get_str(json_get(patch, "data"), TOKENS_NOTE, ""));
	if (strcmp(method, "PATCH") == 0 && strstr(path, "fieldManager=kubewright-" TRUSTING_NOTE))
		snprintf(
			l->ca_note, sizeof(l->ca_note), "%s", json_get_str(json_get(patch, "data"), TRUSTING_NOTE, ""));
	if (strcmp(method, "PATCH") == 0 && sum)
		snprintf(l->cni, sizeof(l->cni), "%.64s", sum + strlen("\"cni-sha256\":\""));
	json_free(patch);
	answer = json_object();
	data = json_set(answer, "data", json_object());
	if (l->cni[0])
		json_set_str(data, "cni-sha256", l->cni);
	if (l->ca_note[0])
		json_set_str(data, TRUSTING_NOTE, l->ca_note);
	if (l->tokens_note[0])
		json_set_str(data, TOKENS_NOTE, l->tokens_note);
	for (int i = 0; i < SETTINGS_KINDS; i++)
		if (l->given[i].note[0])
			json_set_str(data, kinds[i].note, l->given[i].note);
	if (!json_size(data) && strcmp(method, "GET") == 0) {
		json_free(answer);
		return 404;
	}
	json_write(answer, out);
	json_free(answer);
	return 200;
}

/* kind: of `kinds`. */
static int settings_map(struct lab *l, int kind, const char *method, const char *body, struct str *out)
{
	struct json *patch, *answer, *data;
	const char *text;

	if (kind != SETTINGS_CONTROL_PLANE && l->settings_status)
		return str_add(out, "{\"kind\":\"Status\",\"message\":\"it was told to fail\"}"), l->settings_status;
	patch = json_parse(body, strlen(body), NULL);
	text = json_text(json_member(json_get(patch, "data"), kinds[kind].key));
	if (strcmp(method, "PATCH") == 0 && text)
		snprintf(l->given[kind].text, sizeof(l->given[kind].text), "%s", text);
	text = json_text(json_member(json_get(patch, "data"), "kubeconfig.conf"));
	if (text)
		snprintf(l->proxy_kubeconfig, sizeof(l->proxy_kubeconfig), "%s", text);
	json_free(patch);
	answer = json_object();
	json_set_str(json_set(answer, "metadata", json_object()), "resourceVersion", "7");
	data = json_set(answer, "data", json_object());
	if (kind != SETTINGS_CONTROL_PLANE || l->given[kind].text[0])
		json_set_str(data, kinds[kind].key, l->given[kind].text);
	if (kind == SETTINGS_KUBEPROXY && l->proxy_kubeconfig[0])
		json_set_str(data, "kubeconfig.conf", l->proxy_kubeconfig);
	json_write(answer, out);
	json_free(answer);
	return 200;
}

/* Which of them a path asks for; -1: none. */
static int settings_kind(const char *path)
{
	for (int i = 0; i < SETTINGS_KINDS; i++)
		if (strstr(path, kinds[i].map))
			return i;
	return -1;
}

/* ---- kube-proxy ------------------------------------------------------------------------------------------------------ */

static bool is_current(const struct machine *m)
{
	return strcmp(m->proxy, m->lab->proxy) == 0 && strcmp(m->proxy_server, m->lab->proxy_server) == 0;
}

/* The DaemonSet's controller replaces one Pod, and none while another does not work. */
static void roll_proxy(struct lab *l)
{
	struct machine *next = NULL;

	for (int i = 0; i < LAB_MACHINES; i++) {
		struct machine *m = &l->machines[i];
		bool current = is_current(m);

		if (m->crashes && current) {
			m->crashes++;
			return;
		}
		if (!current && m->node && !(l->off & 1u << i) && (!next || m->crashes))
			next = m;
	}
	if (!next)
		return;
	strcpy(next->proxy, l->proxy);
	strcpy(next->proxy_server, l->proxy_server);
	next->proxies++;
	next->crashes = strstr(l->given[SETTINGS_KUBEPROXY].text, "nonsense") ||
			(next->picky && strstr(l->given[SETTINGS_KUBEPROXY].text, "0.0.0.0:1\""));
}

static void say_proxy_notes(const char *settings, const char *server, struct str *out)
{
	if (*settings)
		str_addf(out, "\"kubewright/kubeproxy-settings\":\"%s\"%s", settings, *server ? "," : "");
	if (*server)
		str_addf(out, "\"kubewright/endpoint\":\"%s\"", server);
}

static int proxy_set(struct lab *l, const char *method, const char *body, struct str *out)
{
	unsigned desired = 0, updated = 0, available = 0;
	struct json *patch = json_parse(body, strlen(body), NULL);

	if (l->no_proxy) {
		json_free(patch);
		return str_add(out, "{\"kind\":\"Status\"}"), 404;
	}
	l->sets++;
	if (strcmp(method, "PATCH") == 0) {
		const struct json *notes = json_get(patch, "spec.template.metadata.annotations");

		lab_insist(json_get_int(patch, "spec.minReadySeconds", 0) == 5,
			"a Pod that ends at once counts as available");
		/* each of the two changes the one that it names */
		if (strstr(body, "kubewright/kubeproxy-settings"))
			snprintf(l->proxy, sizeof(l->proxy), "%.64s",
				json_get_str(notes, "kubewright/kubeproxy-settings", ""));
		if (strstr(body, "kubewright/endpoint"))
			snprintf(l->proxy_server, sizeof(l->proxy_server), "%.63s",
				json_get_str(notes, "kubewright/endpoint", ""));
	} else if (strcmp(method, "GET") == 0) {
		roll_proxy(l);
	}
	json_free(patch);
	for (int i = 0; i < LAB_MACHINES; i++) {
		const struct machine *m = &l->machines[i];
		bool current = m->node && is_current(m);

		desired += m->node;
		updated += current;
		available += m->node && !m->crashes && !(l->off & 1u << i);
	}
	str_add(out, "{\"metadata\":{\"generation\":3},\"spec\":{\"template\":{\"metadata\":{\"annotations\":{");
	say_proxy_notes(l->proxy, l->proxy_server, out);
	str_addf(out,
		"}}}},\"status\":{\"observedGeneration\":3,\"desiredNumberScheduled\":%u,\"updatedNumberScheduled\":%u,"
		"\"numberAvailable\":%u}}",
		desired, updated, available);
	return 200;
}

/* Its Pods, each of two pages; or the log of one. */
static int proxy_pods(struct lab *l, const char *path, struct str *out)
{
	int from = strstr(path, "&continue=") ? 2 : 0, to = from ? LAB_MACHINES : 2;
	const char *comma = "";

	if (strstr(path, "/log?") && strstr(path, "previous=true") && l->log_gone)
		return str_add(out, "unable to retrieve container logs for containerd://fa5ae9d58b9d"), 200;
	if (strstr(path, "/log?"))
		return str_add(out, "I1129 10:00:00.000000       1 server.go:1] \"Using\" x=\"y\"\n"
				    "E1129 10:00:00.100000       1 run.go:72] \"command failed\" err=\"mode: Invalid "
				    "value: \\\"nonsense\\\"\"\ngoroutine 1 [running]:\n"),
		       200;
	roll_proxy(l);
	str_add(out, "{\"items\":[");
	for (int i = from; i < to; i++) {
		const struct machine *m = &l->machines[i];

		if (!m->node)
			continue;
		str_addf(out, "%s{\"metadata\":{\"name\":\"kube-proxy-%d\",\"annotations\":{", comma, i);
		say_proxy_notes(m->proxy, m->proxy_server, out);
		str_addf(out,
			"}},\"spec\":{\"nodeName\":\"%s\"},"
			"\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"%s\"}],\"containerStatuses\":[{\"name\":"
			"\"kube-proxy\",\"restartCount\":%u,\"ready\":%s}]}}",
			l->inventory->hosts[i].name, m->crashes || l->off & 1u << i ? "False" : "True", m->crashes,
			m->crashes ? "false" : "true");
		comma = ",";
	}
	str_addf(out, "],\"metadata\":{%s}}", from ? "" : "\"continue\":\"m2\"");
	return 200;
}

/* The Secret of a bootstrap token comes and goes. */
static int token(struct lab *l, const char *method, const char *path, const char *body, struct str *out)
{
	const char *id = strstr(body, "\"token-id\":\""), *gone = strstr(path, "/bootstrap-token-");

	str_add(out, "{\"data\":{}}");
	if (strcmp(method, "POST") == 0 && id)
		snprintf(l->token, sizeof(l->token), "%.6s", id + strlen("\"token-id\":\""));
	else if (strcmp(method, "DELETE") == 0 && gone && strcmp(gone + strlen("/bootstrap-token-"), l->token) == 0)
		l->token[0] = '\0';
	else
		return 404;
	return 200;
}

/* The pods of a Node; one that is evicted is gone at once. */
static void say_pods(struct lab *l, const char *node, struct str *out)
{
	const struct inventory_host *h = inventory_find(l->inventory, node);
	struct machine *m = h ? &l->machines[h - l->inventory->hosts] : NULL;

	str_add(out,
		"{\"items\":[{\"metadata\":{\"namespace\":\"kube-system\",\"name\":\"kube-proxy-x\",\"ownerReferences\":"
		"[{\"kind\":\"DaemonSet\",\"controller\":true}]},\"status\":{\"phase\":\"Running\"}}");
	for (unsigned i = 0; m && i < m->pods; i++)
		str_addf(out,
			",{\"metadata\":{\"namespace\":\"default\",\"name\":\"%s-%u\",\"ownerReferences\":"
			"[{\"kind\":\"ReplicaSet\",\"controller\":true}]},\"status\":{\"phase\":\"Running\"}}",
			node, i);
	if (m && m->bare)
		str_add(out,
			",{\"metadata\":{\"namespace\":\"default\",\"name\":\"bare\"},\"status\":{\"phase\":\"Running\"}}");
	str_add(out, "]}");
}

/* /api/v1/namespaces/default/pods/NODE-N/eviction */
static int evict(struct lab *l, const char *pod, struct str *out)
{
	for (int i = 0; i < LAB_MACHINES; i++) {
		const char *name = l->inventory->hosts[i].name;
		struct machine *m = &l->machines[i];
		bool bare = m->bare && strncmp(pod, "bare/", 5) == 0;

		if (!bare && (strncmp(pod, name, strlen(name)) != 0 || pod[strlen(name)] != '-'))
			continue;
		if (l->refuses)
			return l->refuses--,
			       str_add(out,
				       "{\"message\":\"Cannot evict pod\",\"details\":{\"causes\":[{\"message\":"
				       "\"The disruption budget web needs 2 healthy pods and has 2 currently\"}]}}"),
			       429;
		if (!m->cordoned)
			return 500;
		m->bare = m->bare && !bare;
		m->pods -= !bare;
		return str_add(out, "{\"kind\":\"Status\"}"), 201;
	}
	return 404;
}

static int cordon(struct lab *l, const char *name, const char *body, struct str *out)
{
	const char *note;
	const struct inventory_host *h = inventory_find(l->inventory, name);
	struct machine *m = h ? &l->machines[h - l->inventory->hosts] : NULL;

	if (!m || !m->node)
		return 404;
	if (strstr(body, "\"unschedulable\":"))
		m->cordoned = strstr(body, "\"unschedulable\":true");
	if (strstr(body, "kubewright/reboot\":null"))
		m->reboot_note[0] = '\0';
	else if ((note = strstr(body, "kubewright/reboot\":\"")))
		sscanf(note, "kubewright/reboot\":\"%39[^\"]", m->reboot_note);
	/* null takes it away */
	if (strstr(body, "kubewright/upgrade"))
		m->upgrade_note = strstr(body, "\"kubewright/upgrade\":\"yes\"");
	str_add(out, "{}");
	return 200;
}

/* The one that waits, csr-1; its certificate goes where it was asked for. csr-0 changes whenever it was looked at. */
static int requests(struct lab *l, const char *method, const char *path, const char *body, struct str *out)
{
	if (strcmp(method, "GET") == 0) {
		str_addf(out, "{\"items\":[%s]}", l->request ? l->request : "");
		return 200;
	}
	if (strstr(path, "/csr-0/"))
		return str_add(out, "{\"kind\":\"Status\",\"message\":\"the object has been modified\"}"), 409;
	lab_insist(strstr(body, str_ends(path, "csr-1/status") ? "\"resourceVersion\":\"8\""
							       : "\"resourceVersion\":\"7\"") != NULL,
		"a request that may have changed");
	l->approved = l->approved || str_ends(path, "csr-1/approval");
	if (str_ends(path, "csr-1/status"))
		snprintf(l->signed_body, sizeof(l->signed_body), "%s", body);
	return str_add(out, "{\"metadata\":{\"name\":\"csr-1\",\"resourceVersion\":\"8\"}}"), 200;
}

int lab_answer(struct machine *m, const char *method, const char *path, const char *body, struct str *out)
{
	struct lab *l = m->lab;
	int kind;

	if (strncmp(path, "/v3/", 4) == 0)
		return lab_answer_etcd(m, path, body, out);
	if (lab_leader(l) < 0)
		return str_add(out, "{\"kind\":\"Status\",\"message\":\"etcdserver: request timed out\"}"), 500;
	kind = lab_answer_secrets(m, method, path, out);
	if (kind)
		return kind;
	if (strcmp(path, "/readyz") == 0)
		return str_add(out, "ok"), 200;
	if (strcmp(path, "/version") == 0)
		return str_add(out, "{\"gitVersion\":\"v1.36.2\"}"), 200;
	if (strncmp(path, "/api/v1/nodes?limit=", 20) == 0)
		return say_nodes(l, path, out), 200;
	if (strncmp(path, "/api/v1/nodes/", 14) == 0 && strcmp(method, "DELETE") == 0)
		return str_add(out, "{}"), delete_node(l, path + 14);
	if (strncmp(path, "/api/v1/nodes/", 14) == 0 &&
		(strstr(body, "\"unschedulable\":") || strstr(body, "kubewright/upgrade") ||
			strstr(body, "kubewright/reboot")))
		return cordon(l, path + 14, body, out);
	if (strncmp(path, "/api/v1/nodes/", 14) == 0)
		return node(l, method, path + 14, body, out);
	if (strncmp(path, "/api/v1/pods?fieldSelector=spec.nodeName%3D", 43) == 0)
		return say_pods(l, path + 43, out), 200;
	if (strncmp(path, "/api/v1/secrets?", 16) == 0)
		return str_add(out, l->token_secrets ? l->token_secrets : "{\"items\":[]}"), 200;
	if (strncmp(path, "/api/v1/pods?fieldSelector=status.phase%3DRunning", 49) == 0 && l->token_pods &&
		strstr(l->token_pods, "Pending"))
		return str_add(out, "{\"items\":[]}"), 200;
	if (strncmp(path, "/api/v1/pods?fieldSelector=status.phase", 39) == 0)
		return str_add(out, l->token_pods ? l->token_pods : "{\"items\":[]}"), 200;
	if (strncmp(path, "/apis/", 6) == 0 && strstr(path, "?&limit="))
		return str_add(out, l->hooks && strstr(path, "/validating") ? l->hooks : "{\"items\":[]}"), 200;
	if (strncmp(path, "/api/v1/namespaces/default/pods/", 32) == 0)
		return evict(l, path + 32, out);
	if (strstr(path, "/proxy/healthz"))
		return str_add(out, "ok"), 200;
	if (strcmp(path, "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy") == 0)
		return proxy_set(l, method, body, out);
	if (strstr(path, "kube-system/pods?labelSelector=k8s-app%3Dkube-proxy") ||
		strstr(path, "kube-system/pods/kube-proxy"))
		return proxy_pods(l, path, out);
	if (strncmp(path, "/api/v1/namespaces/kube-system/pods", 35) == 0)
		return str_add(out, "{\"items\":[]}"), 200;
	if (strstr(path, "/certificatesigningrequests"))
		return requests(l, method, path, body, out);
	if (strstr(path, "/endpoints/kube-dns"))
		return str_add(out, "{\"subsets\":[{\"addresses\":[{\"ip\":\"10.244.0.2\"}]}]}"), 200;
	if (strstr(path, "/kube-system/secrets"))
		return token(l, method, path, body, out);
	kind = settings_kind(path);
	l->surveys += kind == SETTINGS_CONTROL_PLANE && strcmp(method, "GET") == 0;
	l->settings += kind >= 0 && kind != SETTINGS_CONTROL_PLANE;
	if (kind >= 0)
		return settings_map(l, kind, method, body, out);
	if (strstr(path, "/configmaps/kubewright"))
		return own_config(l, method, path, body, out);
	if (strstr(path, "/configmaps/extension-apiserver-authentication"))
		return lab_told(l, method, body, out);
	if (strstr(path, "/configmaps/cluster-info"))
		return lab_info(l, method, body, out);
	if (strstr(path, "/api/v1/configmaps?fieldSelector=metadata.name%3Dkube-root-ca.crt"))
		return lab_roots(l, out);
	return 404;
}

bool lab_has_api(const struct machine *m)
{
	return strstr(m->have, "apiserver-manifest") && m->member == LAB_VOTER;
}

/* Who answers at an address, seen from m: itself, another machine, or for the virtual IP any. NULL: nobody listens. */
struct machine *lab_find(struct machine *m, const char *address)
{
	struct lab *l = m->lab;

	if (strcmp(address, "127.0.0.1") == 0)
		return lab_has_api(m) ? m : NULL;
	for (int i = 0; i < LAB_MACHINES; i++)
		if (lab_has_api(&l->machines[i]) && !(l->off & 1u << i) &&
			(strcmp(address, l->inventory->endpoint.vip) == 0 ||
				strcmp(address, l->inventory->hosts[i].address) == 0))
			return &l->machines[i];
	return NULL;
}

bool lab_is_off(const struct lab *l, const char *address)
{
	for (int i = 0; i < LAB_MACHINES; i++)
		if (strcmp(address, l->inventory->hosts[i].address) == 0)
			return l->off & 1u << i || l->dead == i;
	return false;
}
