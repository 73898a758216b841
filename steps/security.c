/* Files that the API server is given, such as its audit policy, and the arguments and volumes by which it reads them. */
#include "steps/security.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/encryption.h"
#include "steps/host/scripts.h"
#include "steps/run/want.h"

#include <stdio.h>
#include <string.h>

#define FOLDER "/etc/kubernetes/kubewright"
#define LOGS "/var/log/kubernetes/audit"
/* The argument that is given for security.encrypt-secrets. */
#define ENCRYPTION "encryption-provider-config"

/*
 * Who did what, and no more: a body that could hold a secret is not logged, and neither is what the cluster's own parts
 * do all the time.
 */
static const char default_policy[] =
	"# Written by kubewright: security.audit is default.\n"
	"apiVersion: audit.k8s.io/v1\n"
	"kind: Policy\n"
	"omitStages: [RequestReceived]\n"
	"rules:\n"
	"# what happens all the time\n"
	"- level: None\n"
	"  nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', /version, '/openapi*']\n"
	"- level: None\n"
	"  users: ['system:kube-proxy']\n"
	"  verbs: [watch]\n"
	"  resources:\n"
	"  - {group: '', resources: [endpoints, services, services/status, nodes]}\n"
	"  - {group: discovery.k8s.io, resources: [endpointslices]}\n"
	"- level: None\n"
	"  userGroups: ['system:nodes']\n"
	"  verbs: [get, update, patch]\n"
	"  resources:\n"
	"  - {group: '', resources: [nodes/status]}\n"
	"- level: None\n"
	"  userGroups: ['system:nodes']\n"
	"  verbs: [get]\n"
	"  resources:\n"
	"  - {group: '', resources: [nodes]}\n"
	"- level: None\n"
	"  userGroups: ['system:nodes']\n"
	"  resources:\n"
	"  - {group: coordination.k8s.io, resources: [leases]}\n"
	"- level: None\n"
	"  users: ['system:kube-controller-manager', 'system:kube-scheduler', 'system:apiserver']\n"
	"  resources:\n"
	"  - {group: coordination.k8s.io, resources: [leases]}\n"
	"- level: None\n"
	"  resources:\n"
	"  - {group: '', resources: [events]}\n"
	"  - {group: events.k8s.io, resources: [events]}\n"
	"# their bodies hold secrets\n"
	"- level: Metadata\n"
	"  resources:\n"
	"  - {group: '', resources: [secrets, configmaps, serviceaccounts/token]}\n"
	"  - {group: authentication.k8s.io, resources: [tokenreviews]}\n"
	"# who may do what, and on which machines\n"
	"- level: Request\n"
	"  verbs: [create, update, patch, delete, deletecollection]\n"
	"  resources:\n"
	"  - {group: '', resources: [nodes]}\n"
	"  - {group: rbac.authorization.k8s.io}\n"
	"- level: Metadata\n";

/* ---- what is wished ---------------------------------------------------------------------------------------------------- */

enum audit { AUDIT_NONE, AUDIT_POLICY, AUDIT_UNKNOWN };

/* UNKNOWN: it is a file's, and nobody has read that for this run. */
static enum audit audit_of(const struct world *w, const char **policy)
{
	const char *audit = w->wish.inventory->security.audit;

	*policy = NULL;
	if (!audit || strcmp(audit, "none") == 0)
		return AUDIT_NONE;
	*policy = strcmp(audit, "default") == 0 ? default_policy : w->wish.audit_policy;
	return *policy ? AUDIT_POLICY : AUDIT_UNKNOWN;
}

static void policy_path(const char *policy, char out[SECURITY_PATH])
{
	char sum[65];

	pki_sha256_hex(policy, strlen(policy), sum);
	snprintf(out, SECURITY_PATH, FOLDER "/audit-policy-%.12s.yaml", sum);
}

void security_default_path(char out[SECURITY_PATH])
{
	policy_path(default_policy, out);
}

static void add_arg(struct json *args, const char *name, const char *value)
{
	json_set_str(json_set(args, name, json_object()), "value", value);
}

static void add_volume(struct json *volumes, const char *name, const char *path, const char *type, bool read_only)
{
	struct json *v = json_set(volumes, name, json_object());

	json_set_str(v, "hostPath", path);
	json_set_str(v, "mountPath", path);
	/* kubeadm leaves out what is false */
	if (read_only)
		json_set_bool(v, "readOnly", true);
	json_set_str(v, "pathType", type);
}

/* What the control planes were given last, when it cannot be known what they are to have. */
static struct json *given_last(const struct world *w)
{
	const char *text =
		json_text(json_member(json_get(w->seen.cluster.own_config, "data"), "control-plane-settings"));
	struct json *note = text ? json_parse(text, strlen(text), NULL) : NULL;
	const struct json *own = json_get(note, "given.own");
	struct json *out = own ? json_copy(own) : NULL;

	json_free(note);
	return out;
}

static void add_audit(struct json *args, const char *policy)
{
	char path[96];

	policy_path(policy, path);
	add_arg(args, "audit-policy-file", path);
	add_arg(args, "audit-log-path", LOGS "/audit.log");
	add_arg(args, "audit-log-maxage", "30");
	add_arg(args, "audit-log-maxbackup", "10");
	add_arg(args, "audit-log-maxsize", "100");
}

/* Which of the arguments given last stay. */
struct kept {
	struct json *out;
	bool audit, encryption, serving;
};

static void keep(const char *name, const struct json *fields, void *ctx)
{
	const struct kept *k = ctx;

	if (strcmp(name, ENCRYPTION) == 0 ? k->encryption : strcmp(name, SERVING_ARGUMENT) == 0 ? k->serving : k->audit)
		json_set(k->out, name, json_copy(fields));
}

struct json *security_own(const struct world *w)
{
	struct json *own, *args, *volumes;
	const char *policy;
	char path[96];
	struct kept k = { .encryption = !encryption_aim(w, path),
		.serving = inventory_signs_serving(w->wish.inventory) };
	enum audit audit = audit_of(w, &policy);
	struct json *last = k.encryption || k.serving || audit == AUDIT_UNKNOWN ? given_last(w) : NULL;

	own = json_object();
	args = k.out = json_set(own, "args", json_object());
	if (audit == AUDIT_POLICY)
		add_audit(args, policy);
	if (*path)
		add_arg(args, ENCRYPTION, path);
	if (k.serving && serving_is_verified(w))
		add_arg(args, SERVING_ARGUMENT, SERVING_CA);
	k.audit = audit == AUDIT_UNKNOWN;
	json_each(json_get(last, "args"), keep, &k);
	json_free(last);
	if (!json_size(args)) {
		json_free(own);
		return NULL;
	}
	/* the CA is in a volume of kubeadm's */
	if (!json_member(args, "audit-log-path") && !json_member(args, ENCRYPTION))
		return own;
	volumes = json_set(own, "volumes", json_object());
	add_volume(volumes, "kubewright-security", FOLDER, "Directory", true);
	if (json_member(args, "audit-log-path"))
		add_volume(volumes, "kubewright-audit-log", LOGS, "DirectoryOrCreate", false);
	return own;
}

int security_policy_refuse(const char *text, size_t len, struct error *err)
{
	static const char *const levels[] = { "None", "Metadata", "Request", "RequestResponse" };
	struct error why = { 0 };
	struct json *policy = strlen(text) == len ? inventory_yaml(text, len, &why) : NULL;
	const struct json *rules = json_get(policy, "rules");
	bool known = true;

	for (size_t i = 0; i < json_size(rules) && known; i++) {
		const char *level = json_get_str(json_at(rules, i), "level", "");

		known = false;
		for (size_t k = 0; k < sizeof(levels) / sizeof(levels[0]); k++)
			known = known || strcmp(level, levels[k]) == 0;
	}
	if (!policy)
		error_set(err, ERROR_INVENTORY, "it is not an audit policy: %s",
			*why.what ? why.what : "it is not a text");
	else if (strcmp(json_get_str(policy, "apiVersion", ""), "audit.k8s.io/v1") != 0 ||
		 strcmp(json_get_str(policy, "kind", ""), "Policy") != 0)
		error_set(err, ERROR_INVENTORY,
			"it is not an audit policy: its apiVersion is not audit.k8s.io/v1, or its kind not Policy");
	else if (!json_is_array(rules) || !json_size(rules))
		error_set(err, ERROR_INVENTORY, "it is not an audit policy: it has no rules");
	else if (!known)
		error_set(err, ERROR_INVENTORY,
			"it is not an audit policy: a level is None, Metadata, Request or RequestResponse");
	else
		return json_free(policy), 0;
	json_free(policy);
	return error_hint(err, "correct it, or set security.audit to default for the policy that is built in");
}

/* ---- arguments and volumes in a ClusterConfiguration ------------------------------------------------------------------- */

struct joined {
	const struct json *old;
	struct json *out;
	bool map; /* names and values, not a list of objects with a name */
};

static const struct json *named(const struct json *list, const char *name)
{
	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "name", ""), name) == 0)
			return json_at(list, i);
	return NULL;
}

static struct json *member(const char *name, const struct json *fields)
{
	struct json *out = json_object();

	json_set_str(out, "name", name);
	json_merge(out, fields);
	return out;
}

static void add_new(const char *name, const struct json *fields, void *ctx)
{
	struct joined *j = ctx;

	if (j->map)
		json_set_str(j->out, name, json_get_str(fields, "value", ""));
	else if (!named(j->old, name))
		json_add(j->out, member(name, fields));
}

static void drop(const char *name, const struct json *fields, void *ctx)
{
	(void)fields;
	json_remove(ctx, name);
}

struct json *security_joined(const struct json *old, const struct json *own, const struct json *before, bool list)
{
	struct joined j = { old, NULL, json_is_object(old) || (!json_is_array(old) && !list) };

	j.out = j.map && old ? json_copy(old) : j.map ? json_object() : json_array();
	if (j.map)
		json_each(before, drop, j.out);
	for (size_t i = 0; !j.map && i < json_size(old); i++) {
		const struct json *is = json_at(old, i), *fields = json_member(own, json_get_str(is, "name", ""));

		if (fields)
			json_add(j.out, member(json_get_str(is, "name", ""), fields));
		else if (!json_member(before, json_get_str(is, "name", "")))
			json_add(j.out, json_copy(is));
	}
	json_each(own, add_new, &j);
	/* an empty one of others stays, too */
	if (json_size(j.out) || (old && !json_size(old)))
		return j.out;
	json_free(j.out);
	return NULL;
}

void security_join(struct json *configuration, const struct json *own, const struct json *before, bool list)
{
	static const char *const members[][2] = { { "extraArgs", "args" }, { "extraVolumes", "volumes" } };
	const struct json *is = json_get(configuration, "apiServer");
	struct json *server;

	if (!own && !before)
		return;
	server = json_set(configuration, "apiServer", json_is_object(is) ? json_copy(is) : json_object());
	for (size_t i = 0; i < 2; i++) {
		struct json *all = security_joined(json_get(server, members[i][0]), json_get(own, members[i][1]),
			json_get(before, members[i][1]), list || i == 1);

		if (all)
			json_set(server, members[i][0], all);
		else
			json_remove(server, members[i][0]);
	}
}

/* ---- the files --------------------------------------------------------------------------------------------------------- */

/* As policy_path makes it: what a ConfigMap or a host says may be anything. */
static bool is_policy(const char *path)
{
	static const char begins[] = FOLDER "/audit-policy-";
	const char *sum = path + sizeof(begins) - 1;

	return str_starts(path, begins) && strspn(sum, "0123456789abcdef") == 12 && strcmp(sum + 12, ".yaml") == 0;
}

struct files {
	struct items *out;
	const char *policy, *path; /* that it is to have; NULL, "": none */
	bool seen;                 /* the API server's own manifest names some policy */
};

static void add_policy(struct items *out, const char *path, const char *policy)
{
	items_add(
		out, (struct item){
			     .kind = ITEM_FILE, .key = path, .want = policy, .mode = 0600, .from = "security.audit" });
}

/* "PATH present" or "PATH absent". One that the API server still reads stays until it reads another one, and one that is gone does not keep it from its next start. */
static void keep_named(const char *line, void *ctx)
{
	struct files *f = ctx;
	char path[96], state[16];

	if (sscanf(line, "%95s %15s", path, state) != 2 || !is_policy(path))
		return;
	f->seen = true;
	if (strcmp(path, f->path) == 0)
		return;
	if (strcmp(state, "present") == 0)
		items_add(f->out, (struct item){ .kind = ITEM_FILE, .key = path, .want = "", .in_use = true });
	else
		add_policy(f->out, path, f->policy ? f->policy : default_policy);
}

/* What the configuration has a control plane read that is about to join is there, until another one counts for it. */
static void add_joining(const struct world *w, struct files *f)
{
	char path[96];

	if (kubeadm_living_argument(w, "audit-policy-file", path) && is_policy(path) && strcmp(path, f->path) != 0)
		add_policy(f->out, path, f->policy ? f->policy : default_policy);
}

static void security_items(const struct world *w, int host, struct items *out)
{
	const struct cluster_host *h = &w->seen.hosts[host];
	struct files f = { .out = out };
	char path[96] = "";

	if (w->wish.inventory->hosts[host].role != INVENTORY_CONTROL_PLANE || world_removes(w, host))
		return;
	f.path = path;
	if (audit_of(w, &f.policy) == AUDIT_POLICY) {
		policy_path(f.policy, path);
		add_policy(out, path, f.policy);
	}
	cluster_fact_lines(h, "apiserver_files", keep_named, &f);
	if (!f.seen && !strstr(cluster_fact(h, "have"), "apiserver-manifest"))
		add_joining(w, &f);
	encryption_items(w, host, out);
}

const struct want_part want_security = { "security", security_items, { host_script_security }, NULL, NULL };

/* ---- the steps --------------------------------------------------------------------------------------------------------- */

static enum step_verdict check_files(struct task *t, struct error *why)
{
	enum step_verdict verdict = want_check(t, "security", why);

	return verdict == STEP_DONE ? STEP_NOT_HERE : verdict;
}

int security_place(struct task *t, struct error *err)
{
	struct error why = { 0 };
	enum step_verdict verdict = check_files(t, &why);
	const char *policy;
	const struct remote_param logs = { "logs", audit_of(world_of(t), &policy) == AUDIT_NONE ? "" : LOGS };

	if (verdict == STEP_IMPOSSIBLE)
		return *err = why, -1;
	return verdict == STEP_NOT_HERE ? 0 : want_apply(t, "security", &logs, 1, NULL, err);
}

static bool is_to_be_done(enum step_verdict verdict)
{
	return verdict == STEP_NEEDED || verdict == STEP_HALF_DONE;
}

enum step_verdict place_check(struct task *t, struct error *why)
{
	struct error other = { 0 };
	enum step_verdict certificates = certificates_check(t, why), files = check_files(t, &other);

	if (certificates == STEP_IMPOSSIBLE || files == STEP_NOT_HERE ||
		(is_to_be_done(certificates) && files != STEP_IMPOSSIBLE))
		return certificates;
	*why = other;
	return files;
}

int place_apply(struct task *t, struct error *err)
{
	struct error why = { 0 };

	if (is_to_be_done(certificates_check(t, &why)) && certificates_apply(t, err))
		return -1;
	return security_place(t, err);
}
