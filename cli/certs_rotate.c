/*
 * kubewright certs rotate CA [--reissue | --forget]: another CA takes the place of one of the cluster's, or another key of service accounts. A look, what is next by how far that is, the operator's word; then
 * a run in which the key store takes the next phase, and the hosts follow it.
 */
#include "cli/run.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/rotate.h"
#include "inventory/inventory.h"
#include "pki/given.h"
#include "steps/rotate.h"

#include <stdlib.h>
#include <string.h>

#define GIVEN_NAMED 5

/* What is asked for, from the command line on. */
struct rotation {
	const struct rotate_kind *kind;
	enum rotate_ask ask;
	struct renew_wish wish;
};

static int parse(const struct cli_options *o, struct rotation *r, struct error *err)
{
	*r = (struct rotation){ .kind = rotate_kind_find(o->args[1]),
		.ask = o->reissue  ? ROTATE_REISSUE
		       : o->forget ? ROTATE_FORGET
				   : ROTATE_BEGIN };
	if (o->reissue && o->forget) {
		error_set(err, ERROR_USAGE, "--reissue and --forget are two steps, one after the other");
		return error_hint(err, "give one of them; between them the cluster may work for weeks");
	}
	if (o->force && !o->forget) {
		error_set(err, ERROR_USAGE, "--force goes with --forget alone");
		return error_hint(
			err, "it forgets the earlier CA, or key of service accounts, although it is still in use");
	}
	if (!r->kind) {
		error_set(err, ERROR_USAGE, "'%.64s' is not a CA that can be rotated", o->args[1]);
		return error_hint(err,
			"CAs are ca, etcd-ca and front-proxy-ca; sa is the key of service accounts, " CERTS_SECRETS_KEY
			" that of Secrets");
	}
	r->wish = (struct renew_wish){ .rotates = true, .issuer = r->kind->issuer };
	return 0;
}

static enum pki_issuer issuer_of(const struct cli_run *r)
{
	return r->options->renew->issuer;
}

static const struct renew_host *plan_of(const struct cli_run *r, size_t i)
{
	return &r->world.seen.renew[i].plan;
}

/* ---- showing it --------------------------------------------------------------------------------------------------- */

static void each_key(const struct cli_run *r, void (*fn)(const struct pki_public *k, bool signs, void *ctx), void *ctx)
{
	const char *pem = pki_store_pem(r->world.pki.store, PKI_SA_PUB);
	struct arena arena = { 0 };
	struct pki_public *list;
	size_t left_out;
	int n = pki_publics_read(pem, strlen(pem), CERTS_IN_FILE, &arena, &list, &left_out, NULL);

	for (int i = 0; i < n; i++)
		fn(&list[i], i == 0, ctx);
	arena_release(&arena);
}

static void add_key_line(const struct pki_public *k, bool signs, void *out)
{
	str_addf(out, "  %-8s  %s %d bits  %.19s\n", signs ? "signs" : "trusted", k->algorithm, k->bits, k->pin);
}

static void each_ca(const struct cli_run *r, void (*fn)(const struct pki_cert *c, bool signs, void *ctx), void *ctx)
{
	const char *pem = pki_store_pem(r->world.pki.store, pki_issuer_crt(issuer_of(r)));
	struct arena arena = { 0 };
	struct pki_cert *list;
	size_t left_out;
	int n = pki_certs_read(pem, strlen(pem), CERTS_IN_FILE, &arena, &list, &left_out, NULL);

	for (int i = 0; i < n; i++)
		fn(&list[i], i == 0, ctx);
	arena_release(&arena);
}

static void add_ca_line(const struct pki_cert *c, bool signs, void *out)
{
	char until[32];

	clock_rfc3339(c->info.not_after * 1000, until, sizeof(until));
	str_addf(out, "  %-8s  %-29s  to %.10s  sha256 %.12s\n", signs ? "signs" : "trusted", c->info.subject_cn, until,
		c->info.sha256);
}

static void add_line(
	const struct cli_run *r, size_t host, const char *what, const char *state, const char *why, struct str *out)
{
	str_addf(out, "%-16s  %-24s  %s%s%s\n", r->inventory->hosts[host].name, what, state, *why ? ": " : "", why);
}

static void add_host(const struct cli_run *r, size_t h, struct str *out)
{
	static const char *const states[] = {
		[RENEW_NEW] = "new", [RENEW_DUE] = "to be placed", [RENEW_REFUSED] = "not placed"
	};
	static const char *const leaves[] = {
		[RENEW_NEW] = "new", [RENEW_DUE] = "to be made again", [RENEW_REFUSED] = "not made again"
	};
	const struct renew_host *plan = plan_of(r, h);
	struct str names = STR_INIT;

	if (plan->trust != RENEW_LEFT)
		add_line(
			r, h, pki_shared[pki_issuer_crt(issuer_of(r))].file, states[plan->trust], plan->trust_why, out);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].verdict != RENEW_LEFT)
			add_line(r, h, plan->items[i].kind->name, leaves[plan->items[i].verdict], plan->items[i].why,
				out);
	renew_reader_names(plan->restarts, ", ", &names);
	if (names.len)
		add_line(r, h, "restarts", names.buf, "", out);
	str_release(&names);
}

static void add_state(const struct cli_run *r, const struct rotate_kind *kind, struct str *out)
{
	struct str words = STR_INIT;

	certs_phase_words(kind, pki_store_phase(r->world.pki.store, kind->issuer), &words);
	str_addf(out, "%s: %s\n", kind->name, words.buf);
	str_release(&words);
	if (kind->issuer == PKI_ISSUER_TOKENS)
		each_key(r, add_key_line, out);
	else
		each_ca(r, add_ca_line, out);
	for (size_t h = 0; h < r->inventory->host_count; h++)
		add_host(r, h, out);
}

/* What is known of who uses the earlier key. */
static void add_tokens(const struct tokens *t, struct str *out)
{
	char since[32];

	if (!t->since_s)
		return;
	clock_rfc3339(t->since_s * 1000, since, sizeof(since));
	str_addf(out, "the new key signs on all control planes since %s\n", since);
	if (t->secrets)
		str_addf(out, "Secrets whose token is from before: %u: %s%s\n", t->secrets, t->secret_names,
			t->secrets > TOKENS_NAMED ? ", …" : "");
	if (t->pods)
		str_addf(out,
			"pods from before: %u: %s%s; restart those whose programs read their token only when they start\n",
			t->pods, t->pod_names, t->pods > TOKENS_NAMED ? ", …" : "");
}

/* Kubeconfigs that this machine gave out before the new CA signed, and that have not expired. */
static size_t each_given(
	const struct cli_run *r, void (*fn)(const struct pki_given *g, size_t nth, struct str *out), struct str *out)
{
	int64_t signs_s = trusting_signs(r->world.seen.cluster.own_config, r->world.pki.store);
	struct pki_given *all = NULL;
	size_t count = 0, damaged, n = 0;
	struct error err = { 0 };

	if (!signs_s || pki_given_read(r->given, &all, &count, &damaged, &err))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (all[i].made < signs_s && all[i].not_after > clock_wall_ms() / 1000) {
			n++;
			if (fn)
				fn(&all[i], n, out);
		}
	free(all);
	return n;
}

static void add_given(const struct pki_given *g, size_t nth, struct str *out)
{
	if (nth <= GIVEN_NAMED)
		str_addf(out, "  %s  %s\n", g->user, g->to);
}

/* What is known of who goes by the earlier one. */
static void add_trusting(const struct cli_run *r, struct str *out)
{
	const struct trusting *t = &r->world.seen.trusting;
	size_t given = each_given(r, NULL, NULL);

	if (t->bundles)
		str_addf(out, "caBundles with the earlier CA and not the new one: %u: %s%s\n", t->bundles,
			t->bundle_names, t->bundles > TRUSTING_NAMED ? ", …" : "");
	if (t->pods)
		str_addf(out, "pods that run since before they had the new one: %u: %s%s\n", t->pods, t->pod_names,
			t->pods > TRUSTING_NAMED ? ", …" : "");
	if (!given)
		return;
	str_addf(out,
		"kubeconfigs that the earlier CA has signed, and that this machine gave out: %zu; make them again with 'kubewright kubeconfig'\n",
		given);
	each_given(r, add_given, out);
	if (given > GIVEN_NAMED)
		str_add(out, "  … see 'kubewright kubeconfig --list'\n");
}

void certs_rotate_state(const struct cli_run *r, const struct rotate_kind *kind, struct str *out)
{
	add_state(r, kind, out);
	add_tokens(&r->world.seen.tokens, out);
	add_trusting(r, out);
}

static void add_ca(const struct pki_cert *c, bool signs, void *list)
{
	struct json *j = json_add(list, json_object());

	json_set_str(j, "subject", c->info.subject_cn);
	json_set_str(j, "sha256", c->info.sha256);
	json_set_int(j, "not_after", c->info.not_after);
	json_set_bool(j, "signs", signs);
}

static void add_key(const struct pki_public *k, bool signs, void *list)
{
	struct json *j = json_add(list, json_object());

	json_set_str(j, "pin", k->pin);
	json_set_bool(j, "signs", signs);
}

/* Who has yet to do without the earlier key. */
static void set_tokens(const struct tokens *t, struct json *j)
{
	if (!t->since_s)
		return;
	json_set_int(j, "signs_since", t->since_s);
	json_set_int(j, "secrets", t->secrets);
	json_set_int(j, "pods", t->pods);
}

static void set_trusting(const struct cli_run *r, struct json *j)
{
	const struct trusting *t = &r->world.seen.trusting;

	if (!t->since_s)
		return;
	json_set_int(j, "told_since", t->since_s);
	json_set_int(j, "bundles", t->bundles);
	json_set_int(j, "pods", t->pods);
	json_set_int(j, "kubeconfigs", (int64_t)each_given(r, NULL, NULL));
}

static void print_json(const struct cli_run *r, const struct rotation *rot, const struct rotate_state *s, int status)
{
	struct engine_result result;
	struct json *j;

	engine_result(r->engine, &result);
	j = json_summary(r, &result, status);
	json_set_str(j, "ca", rot->kind->name);
	json_set_str(j, "phase", certs_phase_name(s->phase));
	json_set_bool(j, "complete", !s->behind[0]);
	if (s->behind[0])
		json_set_str(j, "why", s->behind);
	if (s->breaks[0])
		json_set_str(j, "breaks", s->breaks);
	set_tokens(&r->world.seen.tokens, j);
	set_trusting(r, j);
	if (rot->kind->issuer == PKI_ISSUER_TOKENS)
		each_key(r, add_key, json_set(j, "keys", json_array()));
	else
		each_ca(r, add_ca, json_set(j, "authorities", json_array()));
	cli_json_print(j);
}

/* ---- the two runs ------------------------------------------------------------------------------------------------- */

void certs_rotate_tell(const struct rotate_kind *kind, enum rotate_ask ask, enum rotate_next next, struct str *out)
{
	static const char *const does[] = {
		[ROTATE_BEGIN] =
			"This makes another CA, which all control planes trust besides the present one; that one still signs",
		[ROTATE_REISSUE] =
			"From now on the next CA signs, and what the earlier one has signed is made again on all control planes; both are trusted",
		[ROTATE_FORGET] =
			"This removes the earlier CA and its key for good: no control plane trusts it any more",
	};
	static const char *const cluster[] = {
		[ROTATE_BEGIN] =
			"This makes another CA of the cluster, which all hosts and Pods trust besides the present one; that one still signs",
		[ROTATE_REISSUE] =
			"From now on the next CA signs, and what the earlier one has signed is made again on all hosts; both are trusted",
		[ROTATE_FORGET] =
			"This removes the earlier CA and its key for good: nothing that it has signed is accepted any more, kubeconfigs among it",
	};
	static const char *const tokens[] = {
		[ROTATE_BEGIN] =
			"This makes another key, whose tokens all API servers accept besides those of the present one; that one still signs",
		[ROTATE_REISSUE] =
			"From now on the next key signs the tokens of service accounts; those of both are accepted",
		[ROTATE_FORGET] =
			"This removes the earlier key for good: no API server accepts a token that it has signed, wherever that is",
	};
	static const char *const *const all[] = { [PKI_ISSUER_CLUSTER] = cluster,
		[PKI_ISSUER_ETCD] = does,
		[PKI_ISSUER_FRONT_PROXY] = does,
		[PKI_ISSUER_TOKENS] = tokens };
	enum pki_issuer issuer = kind->issuer;

	str_addf(out, "%s: %s. One %s after the other follows, and what must restarts (%s).", kind->name,
		next != ROTATE_CHANGES ? "This continues what was begun" : all[issuer][ask],
		issuer == PKI_ISSUER_CLUSTER ? "host" : "control plane",
		issuer == PKI_ISSUER_CLUSTER ? "kube-apiserver, kube-controller-manager, kube-scheduler, kubelet"
		: issuer == PKI_ISSUER_ETCD  ? "etcd, kube-apiserver"
		: issuer == PKI_ISSUER_TOKENS && ask == ROTATE_REISSUE ? "kube-apiserver, kube-controller-manager"
								       : "kube-apiserver");
}

static int confirm(const struct cli_run *r, const struct rotation *rot, enum rotate_next next, struct error *err)
{
	struct str question = STR_INIT;
	int rc;

	certs_rotate_tell(rot->kind, rot->ask, next, &question);
	str_add(&question, " Do it?");
	rc = cli_confirm_yes(r->options, question.buf, "certs rotate changes what signs and must be confirmed", err);
	str_release(&question);
	return rc;
}

/* The run that follows has the key store take the next phase, once all hosts have answered. */
static int go_on(struct cli_run *r, struct rotation *rot, enum rotate_next next, const struct rotate_state *s)
{
	struct error err = { 0 };

	if (confirm(r, rot, next, &err))
		return cli_fail(&err);
	rot->wish.turns = next == ROTATE_CHANGES;
	rot->wish.from = s->phase;
	rot->wish.forced = s->forced;
	return 0;
}

static void print_nothing(const struct rotation *rot, const struct rotate_state *s)
{
	struct str next = STR_INIT;

	if (s->phase != PKI_PHASE_ONE)
		certs_phase_next(rot->kind, s->phase, &next);
	if (next.len)
		printf("nothing to do: this phase is complete. %s\n", next.buf);
	else
		printf("nothing to do: one %s is trusted everywhere\n", rot->kind->what);
	str_release(&next);
}

static int no_store(const struct cli_run *r)
{
	struct error err = { 0 };

	error_set(&err, ERROR_PKI, "the cluster's CAs are not on this machine, in %s", r->store_dir);
	error_hint(&err, "copy the key store from the machine that created the cluster, see pki.store");
	return cli_fail(&err);
}

enum rotate_next certs_rotate_next(const struct cli_run *r, const struct rotate_kind *kind, enum rotate_ask ask,
	const struct rotate_state *s, struct error *err)
{
	if (s->phase == PKI_PHASE_ONE && pki_store_may_rotate(r->world.pki.store, kind->issuer, err))
		return ROTATE_REFUSED;
	return rotate_next(kind, ask, s, err);
}

/* *go: there is something to do, and it was agreed to; else the exit status is returned. */
static int look(const struct cli_options *o, struct rotation *rot, bool *go)
{
	struct rotate_state s;
	struct error err = { 0 };
	enum rotate_next next;
	struct cli_run r;
	struct str text = STR_INIT;
	int status = cli_look(&r, KIND_ROTATE_LOOK, o);

	*go = false;
	if (status)
		return status;
	status = cli_look_errors(&r, true);
	if (!r.world.pki.store) {
		if (status == 0)
			status = no_store(&r);
		cli_run_release(&r);
		return status;
	}
	rotate_see(&r.world, &s);
	s.forced = o->force;
	if (!o->json)
		certs_rotate_state(&r, rot->kind, &text);
	fputs(text.buf, stdout);
	str_release(&text);
	next = certs_rotate_next(&r, rot->kind, rot->ask, &s, &err);
	if (next == ROTATE_REFUSED) {
		status = cli_fail(&err);
	} else if (next != ROTATE_NOTHING && !o->check) {
		status = go_on(&r, rot, next, &s);
		*go = status == 0;
	} else if (o->json) {
		print_json(&r, rot, &s, status);
	} else if (next == ROTATE_NOTHING) {
		print_nothing(rot, &s);
	} else {
		puts("--check: nothing was changed");
	}
	cli_run_release(&r);
	return status;
}

static void print_end(const struct rotation *rot, const struct rotate_state *s)
{
	struct str next = STR_INIT;

	if (s->phase == PKI_PHASE_ONE) {
		printf("\nthe earlier %s is gone; backups and copies of the key store that hold it are of no use any more\n",
			rot->kind->what);
	} else {
		certs_phase_next(rot->kind, s->phase, &next);
		printf("\nthis phase is complete, and the cluster may stay so for weeks. %s\n", next.buf);
	}
	str_release(&next);
}

static int report(const struct cli_run *r)
{
	struct rotation rot;
	struct rotate_state s = { 0 };
	struct engine_result result;
	struct error err = { 0 };
	struct str text = STR_INIT;
	unsigned left = cli_hosts_left(r);
	bool turned;
	int status;

	parse(r->options, &rot, &err);
	engine_result(r->engine, &result);
	turned = turn_is_over(&r->world);
	rotate_see(&r->world, &s);
	/* who has what of the earlier one is for the next look to say */
	s.breaks[0] = '\0';
	left += s.behind[0] != '\0' || !turned;
	status = cli_exit_status(
		result.cancelled, cli_run_did(r, "verify"), left, left ? cli_run_error(r, &result) : NULL);
	if (r->options->json)
		return print_json(r, &rot, &s, status), status;
	cli_summary(r, &result);
	add_state(r, rot.kind, &text);
	printf("\n%s", text.buf);
	str_release(&text);
	if (left && !turned)
		puts("\nthe key store is unchanged, and so are the hosts\nnext: run the same command again");
	else if (left)
		printf("\nnot complete: %s\nnext: run the same command again; it continues where this stopped\n",
			s.behind[0] ? s.behind : "see above");
	else
		print_end(&rot, &s);
	if (turned)
		puts("the key store has changed: make a backup of it with 'kubewright certs backup FILE'");
	return status;
}

int cli_certs_rotate(const struct cli_options *o)
{
	struct cli_session session;
	struct rotation rot;
	struct error err = { 0 };
	bool go;
	int status;

	if (strcmp(o->args[1], CERTS_SECRETS_KEY) == 0)
		return cli_certs_secrets_key(o);
	if (parse(o, &rot, &err))
		return cli_fail(&err);
	cli_session_begin(&session, o);
	session.options.renew = &rot.wish;
	/* no host is named: args[1] is the CA */
	session.options.arg_count = 0;
	status = look(&session.options, &rot, &go);
	cli_session_next(&session);
	if (go)
		status = cli_run_change(&session.options, KIND_ROTATE, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	return status;
}
