/*
 * Certificates are made again from those that are there: same file, subject, names and usages, another key, signed by the CAs of the key store. Nothing here needs an API
 * server before there is one again, so that a cluster whose certificates have all expired comes back by it. Files change whole, and what must restart because of them is noted on the host before that:
 * an interrupted run is continued by what is there.
 */
#include "steps/steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"
#include "steps/rotate.h"
#include "steps/run/want.h"

#include <stdlib.h>
#include <string.h>

#define DAYS 365
/* A new certificate began an hour ago: with a clock that is further behind it is not valid yet. */
#define CLOCK_MAX_MS (20 * 60000)
#define JOB_MS (20 * 60000)
#define POD_READERS (RENEW_READER_API | RENEW_READER_MANAGER | RENEW_READER_SCHEDULER)
#define STAGE(s) (1u << (s))

static const char *const renew_words[] = { "placed", "restart", "pki_manifest", "ca_keys", "ca_keys_left", "ca_signs",
	"ca_apart", "ca_crt", "error", "hint", NULL };
static const int served_ports[RENEW_SERVED] = { [RENEW_SERVED_API] = PLACE_API_PORT,
	[RENEW_SERVED_ETCD] = PLACE_ETCD_PORT,
	[RENEW_SERVED_PEER] = PLACE_ETCD_PORT + 1 };
static const char *const served_names[RENEW_SERVED] = {
	[RENEW_SERVED_API] = "apiserver", [RENEW_SERVED_ETCD] = "etcd-server", [RENEW_SERVED_PEER] = "etcd-peer"
};

static struct world_renew *renewal(struct task *t)
{
	return &world_of(t)->seen.renew[task_host(t)];
}

/* ---- what is to be done ------------------------------------------------------------------------------------------ */

static int clock_off(struct task *t, struct error *why)
{
	int64_t off = world_facts(t)->clock_offset_ms;
	const char *name = world_host(t)->name;

	if (llabs(off) < CLOCK_MAX_MS)
		return 0;
	error_refuse(why, ERROR_COMMAND, REFUSAL_CLOCK, name,
		"the clock of %s is %lld minutes %s that of this machine: certificates made here may not be valid there",
		name, (long long)llabs(off) / 60000, off < 0 ? "behind" : "ahead of");
	return error_hint(why, "set the clock that is wrong, then run the same command again");
}

/* A controller manager that signs would have the certificate of one CA and the key of another. */
static int keys_elsewhere(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	bool due;

	task_lock(t);
	due = w->wish.renew->rotates && custody_is_due(w, task_host(t));
	task_unlock(t);
	if (!due)
		return 0;
	error_refuse(why, ERROR_INVENTORY, REFUSAL_CA_KEYS, NULL,
		"the keys of the CAs on this host are not where pki.ca-keys says, so no CA is rotated on it");
	return error_hint(why,
		"before a rotation begins, 'kubewright apply' changes their place; in the middle of one, set pki.ca-keys to %s again",
		inventory_keeps_ca_keys(w->wish.inventory) ? "cluster" : "operator");
}

/* A phase that was not taken is nothing to follow. */
static int not_turned(struct task *t, struct error *why)
{
	bool over;

	task_lock(t);
	over = turn_is_over(world_of(t));
	task_unlock(t);
	if (over)
		return 0;
	error_refuse(why, ERROR_COMMAND, REFUSAL_RENEW, NULL,
		"the key store did not take its next phase, as no control plane could speak for the cluster");
	return error_hint(why, "nothing was changed; see 'kubewright status', then run the same command again");
}

enum step_verdict judge_certs_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);

	if (w->wish.renew_hosts && !w->wish.renew_hosts[task_host(t)])
		return STEP_NOT_HERE;
	if (lock_refused(t, why) || clock_off(t, why) || keys_elsewhere(t, why) || not_turned(t, why))
		return STEP_IMPOSSIBLE;
	if (w->pki.store)
		return STEP_NEEDED;
	error_refuse(why, ERROR_PKI, REFUSAL_NO_STORE, w->wish.store_dir,
		"the cluster's CAs are not on this machine, in %s", w->wish.store_dir);
	error_hint(why, "copy the key store from the machine that created the cluster, see pki.store");
	return STEP_IMPOSSIBLE;
}

int judge_certs_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct renew_wish wish = *w->wish.renew;

	(void)err;
	wish.kubelets = inventory_keeps_ca_keys(w->wish.inventory);
	task_lock(t);
	renew_decide(&w->seen.certs[task_host(t)], !world_is_control_plane(t), w->pki.store, &wish,
		clock_wall_ms() / 1000, &renewal(t)->plan);
	task_unlock(t);
	return 0;
}

/* After a host that is not back as it was no other one is touched, unless there is nothing left to lose. */
static int stopped(struct task *t, struct error *why)
{
	const struct inventory_host *other = world_stopped_at(t);

	if (!other)
		return 0;
	error_refuse(why, ERROR_COMMAND, REFUSAL_RENEW, other->name,
		"certificates could not be renewed on %s, so they are on no other host", other->name);
	return error_hint(why, "correct what is reported there, then run the same command again; it continues");
}

static int result(struct task *t, int rc, const struct error *err)
{
	return world_turn_ended(t, rc, err->kind != ERROR_CANCELLED && world_of(t)->seen.cluster.exists);
}

/* One certificate of a kubelet that cannot start with the one it has: nothing on its host restarts without it. */
static bool kubelet_first(const struct renew_item *i)
{
	return renew_is_kubelet(i->kind) && i->expired;
}

/* Whether a certificate's turn is in a job of these stages; first: with that of a kubelet that has expired. */
static bool has_turn(const struct renew_item *i, unsigned stages, bool first)
{
	return i->verdict == RENEW_DUE && (stages & STAGE(i->kind->stage) || (first && kubelet_first(i)));
}

static enum step_verdict check(struct task *t, unsigned stages, bool first, unsigned readers, struct error *why)
{
	const struct world_renew *r = renewal(t);
	struct str names = STR_INIT, restart = STR_INIT;
	enum step_verdict verdict = STEP_NOT_HERE;

	if (rotate_has_turn(world_of(t), task_host(t), stages))
		str_add(&names, pki_shared[pki_issuer_crt(world_of(t)->wish.renew->issuer)].file);
	for (size_t i = 0; i < r->plan.count; i++)
		if (has_turn(&r->plan.items[i], stages, first))
			str_addf(&names, "%s%s", names.len ? ", " : "", r->plan.items[i].kind->name);
	renew_reader_names(r->plan.restarts & readers, ", ", &restart);
	if ((names.len || restart.len) && stopped(t, why))
		verdict = STEP_IMPOSSIBLE;
	else if (names.len || restart.len)
		verdict = step_needed(why, EVIDENCE_RENEW, names.len ? "renew" : "restart", "%s%s%s%s%s",
			names.len ? "renews " : "", names.buf, names.len && restart.len ? ", " : "",
			restart.len ? "restarts " : "", restart.buf);
	str_release(&names);
	str_release(&restart);
	return verdict;
}

/* ---- on the host ------------------------------------------------------------------------------------------------- */

static void add_param(struct items *l, size_t n, const char *what, const char *text)
{
	struct str name = STR_INIT;

	str_addf(&name, "cert_%zu_%s", n, what);
	items_param(l, items_keep(l, str_detach(&name)), text);
}

static void add_base64(struct items *l, size_t n, const char *what, const struct secret *text)
{
	struct str data = STR_INIT;

	str_add_base64(&data, text->text, text->len);
	add_param(l, n, what, items_keep(l, str_detach(&data)));
}

static void note_served(struct world_renew *r, const struct renew_item *i, const struct secret *pem)
{
	struct pki_cert_info info;

	for (int s = 0; s < RENEW_SERVED; s++)
		if (strcmp(i->kind->name, served_names[s]) == 0 && pki_cert_info(pem->text, pem->len, &info, NULL) == 0)
			memcpy(r->served[s], info.serial, sizeof(r->served[s]));
}

static int add_certificate(
	struct task *t, const struct renew_item *i, size_t n, struct items *l, struct world_renew *r, struct error *err)
{
	static const enum pki_pem cas[] = { [PKI_ISSUER_CLUSTER] = PKI_CA_CRT,
		[PKI_ISSUER_ETCD] = PKI_ETCD_CA_CRT,
		[PKI_ISSUER_FRONT_PROXY] = PKI_FRONT_PROXY_CA_CRT };
	struct secret cert = { 0 }, key = { 0 };
	int rc = pki_renew(
		world_of(t)->pki.store, i->kind->issuer, i->file->pem, strlen(i->file->pem), DAYS, &cert, &key, err);

	if (rc == 0) {
		add_param(l, n, "path", i->kind->path);
		add_param(l, n, "ca", pki_shared[cas[i->kind->issuer]].file);
		add_base64(l, n, "pem", &cert);
		add_base64(l, n, "key", &key);
		note_served(r, i, &cert);
	} else {
		error_wrap(err, "%s cannot be made again", i->kind->path);
	}
	secret_release(&cert);
	secret_release(&key);
	return rc;
}

/* What a job is to do. */
struct work {
	const char *name;
	unsigned stages;
	bool first;       /* and a kubelet's that has expired */
	unsigned readers; /* restart in it, as far as they must */
	bool verify;      /* what was made must be served afterwards */
};

static void add_served(const struct world_renew *r, struct str *out)
{
	for (int s = 0; s < RENEW_SERVED; s++)
		if (r->served[s][0])
			str_addf(out, "%d %s\n", served_ports[s], r->served[s]);
}

/* made: what the plan becomes when the job ends well. */
static int make(struct task *t, const struct work *work, struct items *l, struct world_renew *made, struct error *err)
{
	struct str all = STR_INIT, now = STR_INIT, served = STR_INIT, count = STR_INIT;
	size_t n = 0;
	int rc = 0;

	if (rotate_has_turn(world_of(t), task_host(t), work->stages)) {
		rotate_add_params(world_of(t), task_host(t), l);
		made->plan.trust = RENEW_NEW;
	}
	made->kubelet = made->kubelet || made->plan.restarts & work->readers & RENEW_READER_KUBELET;
	for (size_t i = 0; rc == 0 && i < made->plan.count; i++) {
		struct renew_item *item = &made->plan.items[i];

		if (!has_turn(item, work->stages, work->first))
			continue;
		rc = add_certificate(t, item, ++n, l, made, err);
		item->verdict = RENEW_NEW;
		made->kubelet = made->kubelet || item->kind->stage == RENEW_KUBELET;
	}
	made->done += (unsigned)n;
	renew_reader_names(made->plan.restarts, " ", &all);
	renew_reader_names(made->plan.restarts & work->readers, " ", &now);
	made->restarted |= made->plan.restarts & work->readers;
	made->plan.restarts &= ~work->readers;
	if (work->verify)
		add_served(made, &served);
	str_addf(&count, "%zu", n);
	items_param(l, "certs", items_keep(l, str_detach(&count)));
	items_param(l, "pending", items_keep(l, str_detach(&all)));
	items_param(l, "restart", items_keep(l, str_detach(&now)));
	items_param(l, "served", items_keep(l, str_detach(&served)));
	items_param(l, "address", world_host(t)->address);
	/* etcd's are verified by the job that follows */
	items_param(l, "verified", work->verify || work->stages == STAGE(RENEW_KUBELET) ? "yes" : "no");
	items_param(l, "kubelet_starts", renew_kubelet_starts(&renewal(t)->plan) ? "yes" : "no");
	return rc;
}

static void tell(struct task *t, const struct world_renew *before, const struct world_renew *made)
{
	const char *name = world_host(t)->name;

	if (made->done > before->done)
		task_notice(t, NOTICE_RENEWED, name, "%s: %u certificate%s renewed", name, made->done - before->done,
			made->done - before->done == 1 ? "" : "s");
}

static int run(struct task *t, const struct work *work, struct error *err)
{
	struct world_renew made = *renewal(t);
	struct remote_answer answer = { 0 };
	struct items l = { 0 };
	bool attached = true;
	int rc = make(t, work, &l, &made, err);

	/* what is followed may be the job of an earlier run, whose certificates are others */
	for (int i = 0; rc == 0 && attached && i < 2; i++) {
		remote_answer_release(&answer);
		rc = world_job(t, work->name, host_script_renew, l.params, l.param_count, renew_words, &answer,
			&attached, JOB_MS, err);
		if (rc && attached && err->kind == ERROR_COMMAND && i == 0) {
			task_log(t, "the job of an earlier run: %s", err->what);
			memset(err, 0, sizeof(*err));
			rc = 0;
		}
	}
	items_release(&l);
	if (rc == 0) {
		if (work->verify)
			memset(made.served, 0, sizeof(made.served));
		world_learn(t, &answer);
		tell(t, renewal(t), &made);
		task_lock(t);
		*renewal(t) = made;
		task_unlock(t);
	}
	remote_answer_release(&answer);
	return rc;
}

/* ---- etcd -------------------------------------------------------------------------------------------------------- */

enum step_verdict renew_etcd_check(struct task *t, struct error *why)
{
	return check(t, STAGE(RENEW_ETCD), true, 0, why);
}

int renew_etcd_apply(struct task *t, struct error *err)
{
	const struct renew_host *plan = &renewal(t)->plan;
	struct work work = { .name = "renew-etcd", .stages = STAGE(RENEW_ETCD), .first = true };

	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].verdict == RENEW_DUE && kubelet_first(&plan->items[i]))
			work.readers = RENEW_READER_KUBELET;
	return result(t, run(t, &work, err), err);
}

enum step_verdict restart_etcd_check(struct task *t, struct error *why)
{
	return check(t, 0, false, RENEW_READER_ETCD, why);
}

struct members {
	struct quorum_view v;
	struct quorum q;
	bool quorum;  /* something can be written */
	bool healthy; /* this host's own is */
};

static int look(struct task *t, struct members *m, struct error *err)
{
	const struct inventory_host *h = world_host(t);
	int own;

	if (world_view(t, &m->v, err))
		return -1;
	own = quorum_find(&m->v, h->address, h->name);
	m->q = quorum_count(&m->v);
	m->quorum = m->v.count && m->q.healthy >= quorum_needed(m->q.voters);
	m->healthy = own >= 0 && quorum_healthy(&m->v, own);
	return 0;
}

/* Whether the others can agree alone. */
static bool spared(const struct members *m)
{
	return !m->quorum || m->q.voters == 1 || m->q.healthy - m->healthy >= quorum_needed(m->q.voters);
}

static bool is_back(const struct members *m)
{
	return m->healthy;
}

/* Looks until good says yes, for so long; m is the last look. 1: it never does. -1: the way there broke, or cancelled. */
static int await(struct task *t, int64_t limit_ms, bool (*good)(const struct members *m), const char *what,
	struct members *m, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };

	for (;;) {
		if (look(t, m, err))
			return -1;
		if (good(m))
			return 0;
		if (task_cancelled(t))
			return error_set(err, ERROR_CANCELLED, "cancelled");
		if (clock_mono_ms() - wait.begun_ms > limit_ms)
			return 1;
		world_waits(t, &wait, limit_ms, what);
		task_lock(t);
		task_wait(t, clock_mono_ms() + 500);
		task_unlock(t);
	}
}

static int restart_etcd(struct task *t, struct error *err)
{
	static const struct work work = { .name = "renew-restart", .readers = RENEW_READER_ETCD };
	const struct world *w = world_of(t);
	const char *name = world_host(t)->name;
	struct members m;
	int rc = await(
		t, w->wish.verify_ms / 5, spared, "too few of etcd's members are healthy to restart this one", &m, err);

	if (rc > 0) {
		/* it takes the new certificates up at its next connection, and a lost quorum would be worse */
		task_notice(t, NOTICE_ETCD_KEPT, name,
			"etcd on %s was not restarted, as its quorum would be lost: %u of %u voters are healthy", name,
			m.q.healthy, m.q.voters);
		return 0;
	}
	if (rc || run(t, &work, err))
		return -1;
	/* without a quorum before none comes of one member alone */
	if (!m.quorum)
		return 0;
	rc = await(t, w->wish.verify_ms, is_back, "etcd's member here is not healthy yet", &m, err);
	if (rc <= 0)
		return rc;
	error_set(err, ERROR_TIMEOUT, "etcd's member on %s is not healthy %d s after it was restarted", name,
		(int)(w->wish.verify_ms / 1000));
	error_hint(err, "see 'kubewright etcd members' and 'kubewright logs %s'", name);
	world_explain(t, "renew-restart", err);
	return -1;
}

int restart_etcd_apply(struct task *t, struct error *err)
{
	return result(t, restart_etcd(t, err), err);
}

/* ---- the control plane's static Pods ----------------------------------------------------------------------------- */

enum step_verdict renew_servers_check(struct task *t, struct error *why)
{
	const struct world_renew *r = renewal(t);
	enum step_verdict verdict = check(t, STAGE(RENEW_SERVERS), false, POD_READERS, why);

	/* a look has made none of them, and shows etcd's by its own step */
	for (int s = 0; verdict == STEP_NOT_HERE && s < RENEW_SERVED; s++)
		if (r->served[s][0])
			verdict = stopped(t, why)
					  ? STEP_IMPOSSIBLE
					  : step_needed(why, EVIDENCE_RENEW, "verify", "verifies what is served");
	return verdict;
}

/* With a certificate of this moment, at the host's own API server. */
static int await_api(struct task *t, struct error *err)
{
	struct world_wait wait = { .begun_ms = clock_mono_ms() };
	int64_t limit = world_of(t)->wish.verify_ms;
	const char *name = world_host(t)->name;
	bool ready = false;

	for (;;) {
		struct error why = { 0 };

		if (world_api(t, survey_ready, &ready, &why) == 0 && ready)
			return 0;
		if (world_way_lost(&why) || task_cancelled(t))
			return why.kind == ERROR_NONE ? error_set(err, ERROR_CANCELLED, "cancelled") : (*err = why, -1);
		if (clock_mono_ms() - wait.begun_ms > limit) {
			error_set(err, ERROR_TIMEOUT,
				"the API server of %s is not ready after %d s with its new certificates%s%s", name,
				(int)(limit / 1000), why.what[0] ? ": " : "", why.what);
			error_hint(err, "see 'kubewright logs %s'; then run the same command again, which continues",
				name);
			world_explain(t, "renew-servers", err);
			return -1;
		}
		world_waits(t, &wait, limit, why.what[0] ? why.what : "the API server here is not ready yet");
		task_lock(t);
		task_wait(t, clock_mono_ms() + 500);
		task_unlock(t);
	}
}

int renew_servers_apply(struct task *t, struct error *err)
{
	static const struct work work = {
		.name = "renew-servers", .stages = STAGE(RENEW_SERVERS), .readers = POD_READERS, .verify = true
	};
	int rc = run(t, &work, err);

	if (rc)
		world_explain(t, work.name, err);
	else
		rc = await_api(t, err);
	return result(t, rc, err);
}

/* ---- kubelets ---------------------------------------------------------------------------------------------------- */

enum step_verdict renew_kubelet_check(struct task *t, struct error *why)
{
	enum step_verdict verdict = check(t, STAGE(RENEW_KUBELET), false, RENEW_READER_KUBELET, why);

	if (verdict != STEP_NOT_HERE || !renewal(t)->kubelet)
		return verdict;
	return step_needed(why, EVIDENCE_RENEW, "verify", "waits for the Node");
}

int renew_kubelet_apply(struct task *t, struct error *err)
{
	static const struct work work = {
		.name = "renew-kubelet", .stages = STAGE(RENEW_KUBELET), .readers = RENEW_READER_KUBELET
	};
	struct error no = { 0 };
	int rc = check(t, work.stages, false, work.readers, &no) == STEP_NEEDED ? run(t, &work, err) : 0;

	if (rc)
		world_explain(t, work.name, err);
	else
		rc = node_await(t, &(struct node_wanted){ .version = NULL }, err);
	if (rc == 0)
		renewal(t)->kubelet = false;
	return result(t, rc, err);
}

/* ---- the cluster, when no API server answered at first ------------------------------------------------------------ */

static unsigned done(const struct world *w)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->wish.inventory->host_count; i++)
		n += w->seen.renew[i].done + w->seen.renew[i].restarted;
	return n;
}

enum step_verdict renewed_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	bool ask;

	task_lock(t);
	ask = !w->seen.cluster.exists && done(w);
	task_unlock(t);
	return ask ? step_needed(why, EVIDENCE_RENEW, "ask", "asks the cluster") : STEP_NOT_HERE;
}

int renewed_apply(struct task *t, struct error *err)
{
	if (await_api(t, err))
		return -1;
	task_lock(t);
	place_note_up(world_facts(t));
	task_unlock(t);
	return survey_apply(t, err);
}
