/* Compares what is there with what the inventory wants, once per run: new cluster or living one, which host runs init, which version; and refuses to guess. */
#include "steps/encryption.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/rotate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a package index. */
#define INDEX_MAX (16u << 20)

enum step_verdict decide_check(struct task *t, struct error *why)
{
	(void)t;
	(void)why;
	return STEP_NEEDED;
}

/*
 * kubeadm labels the Node of a control plane last: one whose init or join was cut before that has no label, and neither has one whose Node was deleted and came back. What is
 * on the host shows what it is; of a host that cannot be looked at nobody knows, and nothing is done to it.
 */
static bool lacks_mark(const struct world *w, const struct inventory_host *h)
{
	const struct cluster_host *seen = &w->seen.hosts[h - w->wish.inventory->hosts];

	return h->role == INVENTORY_CONTROL_PLANE &&
	       (!seen->probed || strstr(cluster_fact(seen, "have"), "apiserver-manifest"));
}

static int refuse_nodes(const struct world *w, struct error *err)
{
	for (size_t i = 0; i < w->seen.cluster.node_count; i++) {
		const struct cluster_node *node = &w->seen.cluster.nodes[i];
		const struct inventory_host *h = inventory_find(w->wish.inventory, node->name);

		/* it leaves; when it comes back it is as the inventory says */
		if (h && world_leaves(w, (int)(h - w->wish.inventory->hosts)))
			continue;
		if (!h && node->control_plane) {
			error_refuse(err, ERROR_INVENTORY, REFUSAL_UNLISTED, node->name,
				"the control plane %s (%s) of the living cluster is not in the inventory", node->name,
				node->address);
			return error_hint(err,
				"put it back into the inventory: apply never removes a host; afterwards 'kubewright "
				"remove %s' does",
				node->name);
		}
		if (h && node->address[0] && strcmp(node->address, h->address) != 0) {
			error_refuse(err, ERROR_INVENTORY, REFUSAL_OTHER_ADDRESS, node->name,
				"%s has the address %s in the living cluster and %s in the inventory", node->name,
				node->address, h->address);
			return error_hint(err,
				"correct the inventory; or, if another machine takes its place and the old one is off "
				"for good, 'kubewright rejoin %s' removes the old one and joins the new one",
				node->name);
		}
		if (h && node->control_plane != (h->role == INVENTORY_CONTROL_PLANE) && !lacks_mark(w, h)) {
			error_refuse(err, ERROR_INVENTORY, REFUSAL_OTHER_ROLE, node->name,
				"%s is a %s in the living cluster and a %s in the inventory", node->name,
				node->control_plane ? "control plane" : "worker",
				node->control_plane ? "worker" : "control plane");
			return error_hint(err,
				"apply does not change roles: 'kubewright rejoin %s' removes it and joins it as a %s; "
				"or correct the inventory",
				node->name, node->control_plane ? "worker" : "control plane");
		}
	}
	return 0;
}

static bool says(const char *want, const char *version)
{
	size_t n = strlen(want);

	return strncmp(version, want, n) == 0 && (version[n] == '\0' || version[n] == '.');
}

/* What is installed stays unchanged, so that broken hosts can be repaired. Who would join has no version that all API servers take while they differ. */
static int half_upgraded(struct world *w, struct error *err)
{
	const char *newest = w->decided.newest;

	w->decided.half_upgraded = true;
	w->decided.servers_differ = upgrade_servers_differ(w);
	if (!says(w->wish.inventory->kubernetes.version, newest)) {
		error_refuse(err, ERROR_INVENTORY, REFUSAL_HALF_UPGRADED, newest,
			"an upgrade of the cluster to Kubernetes %s is not finished, and the inventory says %s", newest,
			w->wish.inventory->kubernetes.version);
		return error_hint(err,
			"continue it with 'kubewright upgrade %s'; to do something else before, set kubernetes.version to %s",
			newest, newest);
	}
	if (!w->wish.rejoin || !w->decided.servers_differ)
		return 0;
	error_refuse(err, ERROR_COMMAND, REFUSAL_HALF_UPGRADED, newest,
		"an upgrade of the cluster to Kubernetes %s is not finished, and no host can join before all API servers have it",
		newest);
	return error_hint(err,
		"continue it with 'kubewright upgrade %s', then try again; or take the host out with 'kubewright remove'",
		newest);
}

static int refuse_version(struct world *w, struct error *err)
{
	const char *want = w->wish.inventory->kubernetes.version;

	snprintf(w->decided.version, sizeof(w->decided.version), "%s", w->seen.cluster.version);
	if (upgrade_half_done(w, w->decided.newest))
		return half_upgraded(w, err);
	if (says(want, w->seen.cluster.version))
		return 0;
	error_refuse(err, ERROR_INVENTORY, REFUSAL_OTHER_VERSION, w->seen.cluster.version,
		"the living cluster runs Kubernetes %s and the inventory says %s", w->seen.cluster.version, want);
	return error_hint(err, "apply never upgrades: 'kubewright upgrade' does; or set kubernetes.version to %s",
		w->seen.cluster.version);
}

/* With the lock held; it is given up while the repository is asked. */
static bool is_cancelled(void *task)
{
	return task_cancelled(task);
}

static int resolve_version(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const char *want = w->wish.inventory->kubernetes.version;
	const char *url = w->wish.inventory->kubernetes.repository.url ? w->wish.inventory->kubernetes.repository.url
								       : w->wish.release->repository;
	struct str index = STR_INIT;
	char full[512], version[32] = "";
	int rc;

	if (strchr(strchr(want, '.') + 1, '.')) {
		snprintf(w->decided.version, sizeof(w->decided.version), "%s", want);
		return 0;
	}
	snprintf(full, sizeof(full), "%s%sPackages", url ? url : "", url && url[strlen(url) - 1] == '/' ? "" : "/");
	task_unlock(t);
	rc = net_fetch_index(full, INDEX_MAX, &(struct net_stop){ is_cancelled, t }, &index, err);
	if (rc == 0)
		release_newest(index.buf, want, version);
	str_release(&index);
	if (rc == 0 && !version[0])
		rc = error_set(err, ERROR_NET, "the package index %s lists no kubeadm %s", full, want);
	if (rc)
		error_about(err, REFUSAL_UNRESOLVED, want);
	if (rc)
		error_hint(err, "write the full version in the inventory, such as %s.0", want);
	task_lock(t);
	snprintf(w->decided.version, sizeof(w->decided.version), "%s", version);
	return rc;
}

/* Something of a cluster is on a host, but no API server answered. */
static const struct inventory_host *has_cluster(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (w->seen.hosts[i].probed && w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE &&
			world_installed(&w->seen.hosts[i]))
			return &w->wish.inventory->hosts[i];
	return NULL;
}

/* The control planes that did not answer, as text; "" when all did. */
static void missing(const struct world *w, struct str *out)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && !w->seen.hosts[i].probed)
			str_addf(out, "%s%s", out->len ? ", " : "", w->wish.inventory->hosts[i].name);
}

static bool anyone_leaves(const struct world *w)
{
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (world_leaves(w, (int)i))
			return true;
	return false;
}

static int new_cluster(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const struct inventory_host *dead = has_cluster(w);
	struct str absent = STR_INIT;
	char even[200];
	int rc = 0;

	/* half of an installation may be a whole one that nobody could ask */
	if (world_cannot_look(w, err))
		return -1;
	if (dead) {
		error_refuse(err, ERROR_COMMAND, REFUSAL_DOWN, dead->name,
			"%s is an installed control plane, but no API server of the cluster answers", dead->name);
		return error_hint(err,
			"see 'kubewright status' and 'kubewright logs %s': apply does not start a new cluster over one "
			"that is down",
			dead->name);
	}
	if (w->wish.upgrade || w->wish.reboot) {
		error_refuse(err, ERROR_COMMAND, REFUSAL_NO_API, NULL,
			"there is no cluster to %s: no API server answers",
			w->wish.upgrade ? "upgrade" : "restart hosts of");
		return error_hint(err, "see 'kubewright status'; 'kubewright apply' makes a new one");
	}
	if (anyone_leaves(w)) {
		error_refuse(err, ERROR_COMMAND, REFUSAL_NO_API, NULL,
			"there is no cluster to remove hosts from: no API server answers");
		return error_hint(err,
			"see 'kubewright status'; 'kubewright reset' removes Kubernetes from hosts that do not belong "
			"to a cluster");
	}
	if (inventory_even(w->wish.inventory, even, sizeof(even))) {
		error_refuse(err, ERROR_INVENTORY, REFUSAL_EVEN, NULL, "%s", even);
		return error_hint(
			err, "a new cluster begins with an odd number: see 'hosts' in %s", w->wish.inventory->path);
	}
	missing(w, &absent);
	if (absent.len && !w->wish.without_missing) {
		/* not this host's connection: it has its lock to give back through it */
		error_refuse(err, ERROR_COMMAND, REFUSAL_ABSENT, absent.buf,
			"control planes cannot be reached: %s; a new cluster starts with all of them", absent.buf);
		rc = error_hint(
			err, "bring them back, or continue with --without-missing and apply again when they are back");
	}
	str_release(&absent);
	for (size_t i = 0; rc == 0 && i < w->wish.inventory->host_count; i++) {
		bool usable = w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && w->seen.hosts[i].probed;

		/* the choice of an earlier run stands: half of its work is there */
		if (usable && (w->decided.init_host < 0 || cluster_fact_is(&w->seen.hosts[i], "record.init", "yes")))
			w->decided.init_host = (int)i;
	}
	if (rc == 0 && !w->pki.store && !task_check_only(t)) {
		const char *type = w->wish.inventory->pki.key_type;
		int key = pki_key_type_parse(type);

		w->pki.store = pki_store_create(w->wish.store_dir, (enum pki_key_type)key,
			w->wish.release->sa_rsa && key == PKI_ECDSA_P256 ? PKI_RSA_2048 : (enum pki_key_type)key,
			w->wish.passphrase, err);
		if (!w->pki.store)
			rc = error_about(err, REFUSAL_NO_STORE, w->wish.store_dir);
		if (rc)
			error_hint(err, "make room for it there, or name another folder as pki.store");
	}
	return rc || encryption_decide(t, err) ? -1 : resolve_version(t, err);
}

/* kubeadm's upgrade makes certificates again, and knows one CA alone. */
static int refuse_rotation(const struct world *w, struct error *err)
{
	for (int i = 0; w->pki.store && i < PKI_ISSUERS; i++) {
		const char *file = pki_shared[pki_issuer_crt((enum pki_issuer)i)].file;

		if (pki_store_phase(w->pki.store, (enum pki_issuer)i) == PKI_PHASE_ONE)
			continue;
		error_refuse(err, ERROR_COMMAND, REFUSAL_ROTATION, file,
			"the cluster is not upgraded while the CA in %s is rotated", file);
		return error_hint(err, "see 'kubewright certs rotate'; upgrade when the earlier CA is forgotten");
	}
	return 0;
}

static void find_init_host(struct world *w)
{
	w->decided.init_host = -1;
	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		if (cluster_fact_is(&w->seen.hosts[i], "record.init", "yes") && !world_leaves(w, (int)i))
			w->decided.init_host = (int)i;
	if (w->decided.init_host < 0)
		w->decided.init_host = w->decided.lead;
}

void decide_begun(struct world *w)
{
	find_init_host(w);
	snprintf(w->decided.version, sizeof(w->decided.version), "%s", w->seen.cluster.version);
	w->decided.signing_apart = signing_is_apart(w);
}

static int living_cluster(struct task *t, struct error *err)
{
	struct world *w = world_of(t);

	find_init_host(w);
	if (w->wish.upgrade && (refuse_rotation(w, err) || encryption_refuse_upgrade(w, err)))
		return -1;
	if (w->wish.upgrade ? resolve_version(t, err) || upgrade_decide(w, err) : refuse_version(w, err))
		return -1;
	if (refuse_nodes(w, err) || custody_refuse(w, err))
		return -1;
	/* these place no key */
	if (w->wish.upgrade || w->wish.reboot || w->wish.leave)
		return 0;
	return tokens_refuse(w, err) ? -1 : encryption_decide(t, err);
}

bool decide_refused(const struct world *w, const struct error *e)
{
	const struct error *of_all = w->decided.refusal;

	return of_all && e && e->kind == of_all->kind && e->code == of_all->code &&
	       strcmp(e->about, of_all->about) == 0 && strcmp(e->step, "decide") == 0;
}

static void tell_birth(const struct birth_difference *d, void *task)
{
	task_notice(task, d->unknown ? NOTICE_BIRTH_UNKNOWN : NOTICE_BIRTH, d->field, "%s", d->text);
}

int decide_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct error refused = { 0 };
	bool birth = false;
	int rc = 0;

	/* not for good: the other run comes to its end, and the host may be tried again */
	if (lock_refused(t, err))
		return -1;
	task_lock(t);
	/* one host's thread decides for all */
	while (w->decided.busy && !w->decided.done && !task_cancelled(t))
		task_wait(t, clock_mono_ms() + 1000);
	if (!w->decided.busy) {
		w->decided.busy = true;
		if (w->seen.cluster.exists ? living_cluster(t, &refused) : new_cluster(t, &refused)) {
			w->decided.refusal = xcalloc(1, sizeof(*w->decided.refusal));
			*w->decided.refusal = refused;
		}
		w->decided.signing_apart = signing_is_apart(w);
		w->decided.done = true;
		/* plan says it itself; other looks are repeated, as status is, and do not say it each time */
		birth = w->seen.cluster.exists && !w->decided.refusal && !task_check_only(t);
		task_wake(t);
	}
	if (!w->decided.done)
		rc = error_set(err, ERROR_CANCELLED, "cancelled");
	else if (w->decided.refusal)
		*err = *w->decided.refusal, rc = -1;
	task_unlock(t);
	if (birth)
		birth_differences(w, tell_birth, t);
	if (birth && w->decided.half_upgraded)
		task_notice(t, NOTICE_HALF_UPGRADED, w->decided.newest,
			"an upgrade of the cluster to Kubernetes %s is not finished: 'kubewright upgrade %s' continues it",
			w->decided.newest, w->decided.newest);
	return rc;
}
