#include "cluster/rotate.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "cluster/renew.h"

#include <stdio.h>
#include <string.h>

const struct rotate_kind rotate_kinds[PKI_ROTATED] = {
	{ "ca", "CA", PKI_ISSUER_CLUSTER },
	{ "etcd-ca", "CA", PKI_ISSUER_ETCD },
	{ "front-proxy-ca", "CA", PKI_ISSUER_FRONT_PROXY },
	{ "sa", "key", PKI_ISSUER_TOKENS },
};
/* Who takes another set of what is trusted up only when it starts, or does not show when it has done so; and another that signs. */
static const struct {
	unsigned trust, sign;
} readers[PKI_ROTATED] = {
	[PKI_ISSUER_CLUSTER] = { RENEW_READER_API | RENEW_READER_MANAGER | RENEW_READER_KUBELET, RENEW_READER_MANAGER },
	[PKI_ISSUER_ETCD] = { RENEW_READER_ETCD | RENEW_READER_API, 0 },
	[PKI_ISSUER_FRONT_PROXY] = { RENEW_READER_API, 0 },
	[PKI_ISSUER_TOKENS] = { RENEW_READER_API, RENEW_READER_API | RENEW_READER_MANAGER },
};

const struct rotate_kind *rotate_kind_find(const char *name)
{
	for (size_t i = 0; i < PKI_ROTATED; i++)
		if (strcmp(rotate_kinds[i].name, name) == 0)
			return &rotate_kinds[i];
	return NULL;
}

/* ---- sets of certificates, or of public keys ------------------------------------------------------------------- */

/* By their digests; the first one signs. */
struct set {
	const char *sums[CERTS_IN_FILE];
	size_t count;
	bool more; /* than are here */
};

static void set_of(const struct certs_file *f, struct set *s)
{
	*s = (struct set){ .more = f->left_out > 0 };
	for (size_t i = 0; i < f->count; i++)
		s->sums[s->count++] = f->list[i].info.sha256;
	for (size_t i = 0; i < f->key_count; i++)
		s->sums[s->count++] = f->keys[i].pin;
}

/* What a text holds, lent by the arena; nothing when it is broken, or holds more than can be kept. */
static void set_read(struct set *s, enum pki_issuer issuer, const char *pem, struct arena *arena)
{
	struct certs_file f = { 0 };
	size_t len = strlen(pem);
	int n = issuer == PKI_ISSUER_TOKENS
			? pki_publics_read(pem, len, CERTS_IN_FILE, arena, &f.keys, &f.left_out, NULL)
			: pki_certs_read(pem, len, CERTS_IN_FILE, arena, &f.list, &f.left_out, NULL);

	*(issuer == PKI_ISSUER_TOKENS ? &f.key_count : &f.count) = n > 0 && !f.left_out ? (size_t)n : 0;
	set_of(&f, s);
}

/* How many of a are in b. */
static size_t shared(const struct set *a, const struct set *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (strcmp(a->sums[i], b->sums[k]) == 0) {
				n++;
				break;
			}
	return n;
}

enum rotate_told rotate_told(const struct pki_store *store, enum pki_issuer issuer, const char *pem)
{
	struct arena arena = { 0 };
	struct set want, have;
	enum rotate_told told;

	set_read(&want, issuer, pki_store_pem(store, pki_issuer_crt(issuer)), &arena);
	set_read(&have, issuer, pem, &arena);
	told = shared(&want, &have) < want.count ? ROTATE_TOLD_LACKS
	       : have.count > want.count         ? ROTATE_TOLD_MORE
						 : ROTATE_TOLD_SAME;
	arena_release(&arena);
	return told;
}

/* How a host is further than the store. */
enum ahead { AHEAD_NOT, AHEAD_SIGNS, AHEAD_SIGNED, AHEAD_FORGOT };

/*
 * By what is trusted there. Where one alone is left in the store, all hosts had begun to sign
 * with it before; as long as the next one does not sign, all sign with the store's; and once it does, those that do not
 * have it sign have the earlier one.
 */
static enum ahead ahead(const struct set *want, const struct set *have, enum pki_phase phase)
{
	bool signs = strcmp(want->sums[0], have->sums[0]) == 0;

	if (!signs && (phase != PKI_PHASE_REISSUED || strcmp(want->sums[want->count - 1], have->sums[0]) != 0))
		return AHEAD_SIGNS;
	return signs && phase == PKI_PHASE_REISSUED && have->count == 1 && !have->more ? AHEAD_FORGOT : AHEAD_NOT;
}

/* Whether the next one has signed what a host has, by a store in which it does not yet. */
static bool is_signed_ahead(const struct renew_item *i, const struct pki_store *store)
{
	return i->verdict == RENEW_DUE && pki_store_phase(store, i->kind->issuer) == PKI_PHASE_BOTH &&
	       !pki_signed_now(store, i->kind->issuer, i->file->pem, strlen(i->file->pem));
}

/* Following an older store would undo what the host has. */
static void refuse_ahead(enum ahead how, enum pki_issuer issuer, struct renew_host *plan)
{
	static const char *const words[][2] = { [AHEAD_SIGNS] = { "another", "signs" },
		[AHEAD_SIGNED] = { "another", "has signed" },
		[AHEAD_FORGOT] = { "the earlier", "is forgotten" } };

	plan->ahead = true;
	plan->trust = RENEW_REFUSED;
	plan->restarts = 0;
	snprintf(plan->trust_why, sizeof(plan->trust_why), "%s %s %s there: is the key store here an earlier copy?",
		words[how][0], rotate_kinds[issuer].what, words[how][1]);
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->items[i].verdict != RENEW_DUE)
			continue;
		plan->items[i].verdict = RENEW_REFUSED;
		snprintf(plan->items[i].why, sizeof(plan->items[i].why), "%s", plan->trust_why);
	}
}

/* The two sets share something. */
static void follow(const struct set *want, const struct set *have, const struct pki_store *store,
	enum pki_issuer issuer, struct renew_host *plan)
{
	bool same = !have->more && have->count == want->count && shared(want, have) == want->count;
	bool signs = strcmp(want->sums[0], have->sums[0]) == 0;
	enum ahead how = ahead(want, have, pki_store_phase(store, issuer));

	if (!same)
		plan->restarts |= readers[issuer].trust;
	if (!signs)
		plan->restarts |= readers[issuer].sign;
	plan->trust = same && signs ? RENEW_LEFT : RENEW_DUE;
	/* by a run that was cut certificates are placed first, and the CA's file is yet to follow */
	for (size_t i = 0; i < plan->count && !how; i++)
		if (is_signed_ahead(&plan->items[i], store))
			how = AHEAD_SIGNED;
	if (how)
		refuse_ahead(how, issuer, plan);
}

bool rotate_reaches(enum pki_issuer issuer, bool worker)
{
	return !worker || issuer == PKI_ISSUER_CLUSTER;
}

bool rotate_is_served(const struct renew_item *i, const struct pki_store *store)
{
	if (i->kind->issuer != PKI_ISSUER_CLUSTER || strcmp(i->kind->name, "apiserver") != 0)
		return true;
	return i->file->count == (pki_store_phase(store, PKI_ISSUER_CLUSTER) == PKI_PHASE_ONE ? 1 : 2);
}

void rotate_trust(
	const struct certs_host *h, const struct pki_store *store, enum pki_issuer issuer, struct renew_host *plan)
{
	const struct certs_file *f = certs_shared(h, pki_shared[pki_issuer_crt(issuer)].file);
	struct arena arena = { 0 };
	struct set want, have = { .count = 0 };

	set_read(&want, issuer, pki_store_pem(store, pki_issuer_crt(issuer)), &arena);
	if (f)
		set_of(f, &have);
	plan->trust = RENEW_REFUSED;
	if (!f)
		snprintf(plan->trust_why, sizeof(plan->trust_why),
			"it is not there, or cannot be read: 'kubewright repair' makes it again");
	else if (!shared(&want, &have))
		snprintf(plan->trust_why, sizeof(plan->trust_why), "it holds another %s than the key store",
			rotate_kinds[issuer].what);
	else
		follow(&want, &have, store, issuer, plan);
	arena_release(&arena);
}

/* ---- what no rotation reaches ------------------------------------------------------------------------------------- */

/* Whether an argument that is given has this value nowhere; a map has each name once. */
static bool differs(const struct json *args, const char *name, const char *value)
{
	const char *one = json_is_object(args) ? json_text(json_member(args, name)) : NULL;
	bool given = one != NULL, same = one && strcmp(one, value) == 0;

	for (size_t i = 0; json_is_array(args) && i < json_size(args); i++) {
		const struct json *a = json_at(args, i);

		if (strcmp(json_get_str(a, "name", ""), name) != 0)
			continue;
		given = true;
		same = same || strcmp(json_get_str(a, "value", ""), value) == 0;
	}
	return given && !same;
}

bool rotate_elsewhere(
	const struct json *config, const struct rotate_argument *arguments, size_t count, char *what, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (differs(json_get(config, arguments[i].args), arguments[i].name, arguments[i].value)) {
			snprintf(what, size, "%s --%s", arguments[i].component, arguments[i].name);
			return true;
		}
	return false;
}

/* ---- what is next ------------------------------------------------------------------------------------------------ */

static enum rotate_next refuse_behind(
	const struct rotate_kind *kind, const char *what, const struct rotate_state *s, struct error *err)
{
	error_set(err, ERROR_COMMAND, "%s: %s, as not everything has what the key store holds: %s", kind->name, what,
		s->behind);
	error_hint(err, "'kubewright certs rotate %s%s' continues; bring a host that is away back, or remove it",
		kind->name, s->phase == PKI_PHASE_ONE ? " --forget" : "");
	return ROTATE_REFUSED;
}

/* A phase that has begun: it continues, unless nothing is left that can be done. */
static enum rotate_next go_on(const struct rotate_kind *kind, const struct rotate_state *s, struct error *err)
{
	if (s->due)
		return ROTATE_CONTINUES;
	return s->behind[0] ? refuse_behind(kind, "this phase is not complete", s, err) : ROTATE_NOTHING;
}

static enum rotate_next refuse_breaks(
	const struct rotate_kind *kind, const char *what, const struct rotate_state *s, struct error *err)
{
	error_set(err, ERROR_COMMAND, "%s: %s: %s", kind->name, what, s->breaks);
	error_hint(
		err, "%s%s", s->breaks_hint, s->phase == PKI_PHASE_REISSUED ? "; --force forgets it all the same" : "");
	return ROTATE_REFUSED;
}

/* To continue would undo on hosts what was done with another copy of the store. */
static enum rotate_next refuse_backward(const struct rotate_kind *kind, const struct rotate_state *s, struct error *err)
{
	error_set(err, ERROR_PKI, "%s: nothing is changed, as that would go backward on %s", kind->name, s->ahead);
	error_hint(err,
		"copy the key store again from the machine on which 'kubewright certs rotate %s' ran last, or restore the newest backup of it",
		kind->name);
	return ROTATE_REFUSED;
}

enum rotate_next rotate_next(
	const struct rotate_kind *kind, enum rotate_ask ask, const struct rotate_state *s, struct error *err)
{
	/* by what is asked for: the phase from which the store takes the next, and what does not happen otherwise */
	static const struct {
		enum pki_phase from;
		const char *which, *not ;
	} steps[] = {
		[ROTATE_BEGIN] = { PKI_PHASE_ONE, "no other", "is made" },
		[ROTATE_REISSUE] = { PKI_PHASE_BOTH, "the next", "does not sign yet" },
		[ROTATE_FORGET] = { PKI_PHASE_REISSUED, "the earlier", "is not forgotten" },
	};
	char what[64];

	if (s->ahead[0])
		return refuse_backward(kind, s, err);
	snprintf(what, sizeof(what), "%s %s %s", steps[ask].which, kind->what, steps[ask].not );
	if (s->phase == steps[ask].from && s->behind[0])
		return refuse_behind(kind, what, s, err);
	if (s->phase == steps[ask].from)
		return s->breaks[0] && !(ask == ROTATE_FORGET && s->forced) ? refuse_breaks(kind, what, s, err)
									    : ROTATE_CHANGES;
	if (ask == ROTATE_REISSUE && s->phase == PKI_PHASE_ONE) {
		error_set(err, ERROR_USAGE, "%s: there is no other %s yet that could sign", kind->name, kind->what);
		error_hint(err, "'kubewright certs rotate %s' makes it, and all hosts trust both then", kind->name);
		return ROTATE_REFUSED;
	}
	if (ask == ROTATE_FORGET && s->phase == PKI_PHASE_BOTH) {
		error_set(err, ERROR_USAGE, "%s: the earlier %s cannot be forgotten, as it still signs", kind->name,
			kind->what);
		error_hint(err, "first 'kubewright certs rotate %s --reissue'", kind->name);
		return ROTATE_REFUSED;
	}
	return go_on(kind, s, err);
}
