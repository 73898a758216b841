/* Secrets encrypted in etcd: what API servers are to read for it, turn by turn, by what the cluster and its hosts say: encryption.h. */
#include "steps/encryption.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/run/want.h"

#include <stdio.h>
#include <string.h>

#define ARGUMENT "encryption-provider-config"
#define FIELD "security.encrypt-secrets"
/* In a look, of a key that is yet to be made. */
#define TO_BE_MADE "000000000000"

/* ---- how it is ----------------------------------------------------------------------------------------------------- */

static bool is_wished(const struct world *w)
{
	return w->wish.inventory->security.encrypt_secrets;
}

/* By whom alone Secrets are to be written and read in the end. */
static const char *target(const struct world *w, const struct encryption *now)
{
	const struct pki_secrets_key *key = w->pki.store ? pki_store_secrets_key(w->pki.store, 0) : NULL;

	if (!is_wished(w))
		return ENCRYPTION_IDENTITY;
	if (key)
		return key->id;
	/* who looks without the key store takes it that all is well */
	return !w->pki.store && now->count == 1 && strcmp(now->by[0], ENCRYPTION_IDENTITY) != 0 ? now->by[0]
												: TO_BE_MADE;
}

static bool has_node(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->seen.cluster.node_count; i++)
		if (strcmp(w->seen.cluster.nodes[i].name, name) == 0)
			return true;
	return false;
}

/* The words of the fact, "" for "-". */
static bool running(const struct cluster_host *h, char named[ENCRYPTION_PATH], char runs[ENCRYPTION_PATH])
{
	named[0] = runs[0] = '\0';
	if (sscanf(cluster_fact(h, "encryption"), "%95s %95s", named, runs) != 2)
		return false;
	if (strcmp(named, "-") == 0)
		named[0] = '\0';
	if (strcmp(runs, "-") == 0)
		runs[0] = '\0';
	return true;
}

/* Why a control plane does not run with this file; nothing is added: it does, or it has no API server. */
static void look_at(const struct world *w, size_t i, const char *path, struct encryption_state *s)
{
	const char *name = w->wish.inventory->hosts[i].name;
	const struct cluster_host *h = &w->seen.hosts[i];
	char named[ENCRYPTION_PATH], runs[ENCRYPTION_PATH];

	if (!h->probed && has_node(w, name)) {
		snprintf(s->why, sizeof(s->why), "%s was not looked at", name);
		s->unseen = true;
	} else if (!h->probed || !strstr(cluster_fact(h, "have"), "apiserver-manifest")) {
		return;
	} else if (!running(h, named, runs)) {
		snprintf(s->why, sizeof(s->why), "it is not known what the API server of %s reads", name);
	} else if (strcmp(named, path) != 0) {
		snprintf(s->why, sizeof(s->why), "the manifest of the API server of %s names %s", name,
			*named ? named : "no file");
	} else if (strcmp(runs, path) != 0) {
		snprintf(
			s->why, sizeof(s->why), "the API server of %s does not run with what its manifest names", name);
	}
}

/* What others have given it, in the configuration or on a host. */
static void find_foreign(const struct world *w, const char *living, struct encryption_state *s)
{
	struct encryption e;
	char named[ENCRYPTION_PATH], runs[ENCRYPTION_PATH];

	if (!encryption_of_path(living, &e))
		snprintf(s->other, sizeof(s->other), "kubeadm-config: %s", living);
	for (size_t i = 0; !s->other[0] && i < w->wish.inventory->host_count; i++)
		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && !world_leaves(w, (int)i) &&
			running(&w->seen.hosts[i], named, runs) && !encryption_of_path(named, &e))
			snprintf(s->other, sizeof(s->other), "%s: %s", w->wish.inventory->hosts[i].name, named);
	s->foreign = s->other[0] != '\0';
}

void encryption_see(const struct world *w, struct encryption_state *s)
{
	char living[ENCRYPTION_PATH] = "";

	*s = (struct encryption_state){ .step = ENCRYPTION_THERE, .all = true };
	encryption_only(ENCRYPTION_IDENTITY, &s->now);
	if (!w->seen.cluster.exists) {
		/* it begins as it is to be */
		encryption_only(target(w, &s->now), &s->now);
		s->next = s->now;
		s->known = true;
		return;
	}
	s->known = kubeadm_living_argument(w, ARGUMENT, living);
	if (!s->known)
		return;
	find_foreign(w, living, s);
	/* ours may still be read by the other control planes */
	if (!encryption_of_path(living, &s->now))
		encryption_only(ENCRYPTION_IDENTITY, &s->now);
	if (s->foreign)
		return;
	s->step = encryption_step(&s->now, target(w, &s->now), &s->next);
	for (size_t i = 0; !s->unseen && i < w->wish.inventory->host_count; i++)
		if (w->wish.inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && !world_leaves(w, (int)i))
			look_at(w, i, living, s);
	s->all = !s->why[0];
}

bool encryption_due(const struct encryption_state *s)
{
	return s->known && !s->foreign && s->step != ENCRYPTION_THERE;
}

/* ---- the turns ------------------------------------------------------------------------------------------------------ */

void encryption_begin_turn(struct world *w, enum encryption_turn turn)
{
	struct encryption_state s;
	bool goes;

	if (w->decided.encryption.turn >= turn)
		return;
	encryption_see(w, &s);
	/* a host that joins again in this run is not seen before its end: apply continues */
	goes = s.all && !w->wish.rejoin &&
	       (s.step == ENCRYPTION_CHANGE || (s.step == ENCRYPTION_REWRITE && w->decided.encryption.rewritten));
	w->decided.encryption.turn = turn;
	w->decided.encryption.known = s.known;
	w->decided.encryption.stays =
		encryption_due(&s) && !w->wish.rejoin && (turn <= ENCRYPTION_FIRST ? s.unseen : !s.all);
	snprintf(w->decided.encryption.why, sizeof(w->decided.encryption.why), "%s", s.why);
	encryption_path(goes ? &s.next : &s.now, w->decided.encryption.path);
}

bool encryption_aim(const struct world *w, char path[ENCRYPTION_PATH])
{
	struct encryption_state s;

	path[0] = '\0';
	if (w->decided.encryption.turn) {
		snprintf(path, ENCRYPTION_PATH, "%s", w->decided.encryption.path);
		return w->decided.encryption.known;
	}
	/* before it is decided, for what the probe is to ask */
	encryption_see(w, &s);
	if (s.known)
		encryption_path(&s.now, path);
	return s.known;
}

/* ---- before them ----------------------------------------------------------------------------------------------------- */

/* Whether API servers are given a file of ours. */
static bool encrypts(const struct encryption *e)
{
	char path[ENCRYPTION_PATH];

	encryption_path(e, path);
	return *path;
}

static int refuse(const struct world *w, const struct encryption_state *s, struct error *err)
{
	const char *lacks = s->known && !s->foreign && w->seen.cluster.exists && w->pki.store
				    ? encryption_lacks(&s->now, w->pki.store)
				    : NULL;

	if (s->foreign && encrypts(&s->now)) {
		error_refuse(err, ERROR_COMMAND, REFUSAL_ENCRYPTION, NULL,
			"an API server is given an encryption configuration that is not kubewright's (%s), and the others encrypt Secrets with kubewright's",
			s->other);
		return error_hint(err,
			"have its manifest name the same file as those of the other control planes, and run the same command again");
	}
	if (s->foreign && is_wished(w)) {
		error_refuse(err, ERROR_INVENTORY, REFUSAL_ENCRYPTION, NULL,
			"the API servers are already given an encryption configuration that is not kubewright's (%s)",
			s->other);
		return error_hint(err, "set " FIELD " to false: kubewright leaves that configuration unchanged");
	}
	/* a repair may be why it is to be known afterwards */
	if (!s->known && is_wished(w) && !w->wish.health) {
		error_refuse(err, ERROR_COMMAND, REFUSAL_ENCRYPTION, NULL,
			"it is not known how the cluster's Secrets are encrypted, as its ConfigMap kubeadm-config cannot be read");
		return error_hint(err,
			"see 'kubectl -n kube-system get configmap kubeadm-config -o yaml'; correct it, or run the same command again");
	}
	if (!lacks)
		return 0;
	error_refuse(err, ERROR_PKI, REFUSAL_ENCRYPTION, NULL,
		"the cluster's Secrets are encrypted with the key %s, and the key store in %s does not have it", lacks,
		w->wish.store_dir);
	return error_hint(err,
		"copy secrets.key and secrets.old.key from the machine that encrypted them, or restore a backup of the "
		"keys: see 'certs restore'");
}

int encryption_refuse_upgrade(const struct world *w, struct error *err)
{
	char path[ENCRYPTION_PATH], named[ENCRYPTION_PATH], runs[ENCRYPTION_PATH], newest[32];
	const struct inventory *inv = w->wish.inventory;
	struct encryption_state s;

	encryption_see(w, &s);
	/* what is begun is continued */
	if (!s.known || s.foreign || upgrade_half_done(w, newest))
		return 0;
	encryption_path(&s.now, path);
	for (size_t i = 0; i < inv->host_count; i++) {
		if (inv->hosts[i].role != INVENTORY_CONTROL_PLANE || !w->seen.hosts[i].probed ||
			!running(&w->seen.hosts[i], named, runs) || strcmp(named, path) == 0)
			continue;
		error_refuse(err, ERROR_COMMAND, REFUSAL_ENCRYPTION, inv->hosts[i].name,
			"the cluster is not upgraded while how its Secrets are encrypted changes: the API server of %s does not yet read the file that kubeadm-config names",
			inv->hosts[i].name);
		return error_hint(err,
			"'kubewright apply', with kubernetes.version as the cluster has it, continues that change; then upgrade");
	}
	return 0;
}

static int make_key(struct task *t, const struct encryption_state *s, struct error *err)
{
	struct world *w = world_of(t);

	if (!s->known || !is_wished(w) || !w->pki.store || pki_store_secrets_key(w->pki.store, 0) || task_check_only(t))
		return 0;
	if (pki_store_secrets_make(w->pki.store, w->wish.store_dir, w->wish.passphrase, err))
		return error_wrap(err, "the key of Secrets cannot be made");
	return 0;
}

int encryption_decide(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct encryption_state s;
	int rc;

	encryption_see(w, &s);
	rc = refuse(w, &s, err) || make_key(t, &s, err) ? -1 : 0;
	for (int i = 0; rc == 0 && w->pki.store && i < PKI_SECRETS_KEYS; i++)
		if (pki_store_secrets_key(w->pki.store, i))
			task_secret(t, pki_store_secrets_key(w->pki.store, i)->base64);
	if (rc == 0)
		encryption_begin_turn(w, ENCRYPTION_DECIDED);
	return rc;
}

/* ---- the files ------------------------------------------------------------------------------------------------------- */

/* One whose key is not here stays unchanged. */
static void add_file(const struct world *w, const char *path, struct items *out)
{
	struct str text = STR_INIT;
	struct encryption e;
	bool made = encryption_of_path(path, &e) && encryption_text(&e, w->pki.store, &text, NULL) == 0;

	if (strstr(path, TO_BE_MADE))
		/* only ever in a look */
		items_add(out, (struct item){ .kind = ITEM_FILE,
				       .key = path,
				       .want = "?",
				       .mode = 0600,
				       .secret = true,
				       .from = FIELD });
	else
		items_add(out, (struct item){ .kind = ITEM_FILE,
				       .key = path,
				       .want = made ? text.buf : "",
				       .mode = 0600,
				       .secret = true,
				       .in_use = !made,
				       .from = FIELD });
	str_wipe(&text);
}

struct files {
	const struct world *w;
	struct items *out;
	const char *path; /* that it is to have; "": none */
};

/* "PATH present" or "PATH absent": one that the API server still reads stays until it reads another one. */
static void keep_named(const char *line, void *ctx)
{
	const struct files *f = ctx;
	char path[ENCRYPTION_PATH], state[16];
	struct encryption e;

	if (sscanf(line, "%95s %15s", path, state) != 2 || !encryption_of_path(path, &e) || strcmp(path, f->path) == 0)
		return;
	if (strcmp(state, "present") == 0)
		items_add(f->out,
			(struct item){ .kind = ITEM_FILE, .key = path, .want = "", .secret = true, .in_use = true });
	else
		add_file(f->w, path, f->out);
}

void encryption_items(const struct world *w, int host, struct items *out)
{
	const struct cluster_host *h = &w->seen.hosts[host];
	char path[ENCRYPTION_PATH], living[ENCRYPTION_PATH];
	struct encryption e;

	encryption_aim(w, path);
	if (*path)
		add_file(w, path, out);
	cluster_fact_lines(h, "apiserver_files", keep_named, &(struct files){ w, out, path });
	/* it joins by the cluster's configuration */
	if (!strstr(cluster_fact(h, "have"), "apiserver-manifest") && kubeadm_living_argument(w, ARGUMENT, living) &&
		*living && strcmp(living, path) != 0 && encryption_of_path(living, &e))
		add_file(w, living, out);
}
