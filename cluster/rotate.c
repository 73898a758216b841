#include "cluster/rotate.h"

#include "base/alloc.h"
#include "base/error.h"
#include "cluster/renew.h"

#include <stdio.h>
#include <string.h>

const struct rotate_kind rotate_kinds[PKI_ISSUERS] = {
	{ "ca", PKI_ISSUER_CLUSTER, false },
	{ "etcd-ca", PKI_ISSUER_ETCD, true },
	{ "front-proxy-ca", PKI_ISSUER_FRONT_PROXY, true },
};
/* Who takes another set of trusted CAs up only when it starts, or does not show when it has done so. */
static const unsigned readers[PKI_ISSUERS] = {
	[PKI_ISSUER_ETCD] = RENEW_READER_ETCD | RENEW_READER_API,
	[PKI_ISSUER_FRONT_PROXY] = RENEW_READER_API,
};

const struct rotate_kind *rotate_kind_find(const char *name)
{
	for (size_t i = 0; i < PKI_ISSUERS; i++)
		if (strcmp(rotate_kinds[i].name, name) == 0)
			return &rotate_kinds[i];
	return NULL;
}

/* ---- sets of certificates ---------------------------------------------------------------------------------------- */

struct set {
	struct arena arena;
	struct pki_cert *list;
	size_t count;
};

static void set_read(struct set *s, const char *pem)
{
	size_t left_out = 0;
	int n;

	*s = (struct set){ .count = 0 };
	n = pki_certs_read(pem, strlen(pem), CERTS_IN_FILE, &s->arena, &s->list, &left_out, NULL);
	s->count = n > 0 && !left_out ? (size_t)n : 0;
}

static bool holds(const struct pki_cert *list, size_t count, const struct pki_cert *one)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].info.sha256, one->info.sha256) == 0)
			return true;
	return false;
}

/* How many of them are in a list. */
static size_t shared(const struct set *s, const struct pki_cert *list, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += holds(list, count, &s->list[i]);
	return n;
}

enum rotate_told rotate_told(const struct pki_store *store, enum pki_issuer issuer, const char *pem)
{
	struct set want, have;
	enum rotate_told told;

	set_read(&want, pki_store_pem(store, pki_issuer_crt(issuer)));
	set_read(&have, pem);
	told = shared(&want, have.list, have.count) < want.count ? ROTATE_TOLD_LACKS
	       : have.count > want.count                         ? ROTATE_TOLD_MORE
								 : ROTATE_TOLD_SAME;
	arena_release(&want.arena);
	arena_release(&have.arena);
	return told;
}

void rotate_trust(
	const struct certs_host *h, const struct pki_store *store, enum pki_issuer issuer, struct renew_host *plan)
{
	const struct certs_file *f = certs_shared(h, pki_shared[pki_issuer_crt(issuer)].file);
	struct set want;
	size_t both;

	set_read(&want, pki_store_pem(store, pki_issuer_crt(issuer)));
	both = f ? shared(&want, f->list, f->count) : 0;
	plan->trust = RENEW_DUE;
	if (!f) {
		plan->trust = RENEW_REFUSED;
		snprintf(plan->trust_why, sizeof(plan->trust_why),
			"it is not there, or cannot be read: 'kubewright repair' makes it again");
	} else if (!both) {
		plan->trust = RENEW_REFUSED;
		snprintf(plan->trust_why, sizeof(plan->trust_why), "it holds another CA than the key store");
	} else if (both == want.count && f->count == want.count && !f->left_out &&
		   strcmp(f->list[0].info.sha256, want.list[0].info.sha256) == 0) {
		plan->trust = RENEW_LEFT;
	} else if (both < want.count || f->count > want.count || f->left_out) {
		/* which one signs is the same to who trusts both */
		plan->restarts |= readers[issuer];
	}
	arena_release(&want.arena);
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

enum rotate_next rotate_next(
	const struct rotate_kind *kind, enum rotate_ask ask, const struct rotate_state *s, struct error *err)
{
	/* by what is asked for: the phase from which the store takes the next, and what does not happen otherwise */
	static const struct {
		enum pki_phase from;
		const char *what;
	} steps[] = {
		[ROTATE_BEGIN] = { PKI_PHASE_ONE, "no other CA is made" },
		[ROTATE_REISSUE] = { PKI_PHASE_BOTH, "the next CA does not sign yet" },
		[ROTATE_FORGET] = { PKI_PHASE_REISSUED, "the earlier CA is not forgotten" },
	};

	if (s->phase == steps[ask].from)
		return s->behind[0] ? refuse_behind(kind, steps[ask].what, s, err) : ROTATE_CHANGES;
	if (ask == ROTATE_REISSUE && s->phase == PKI_PHASE_ONE) {
		error_set(err, ERROR_USAGE, "%s: there is no other CA yet that could sign", kind->name);
		error_hint(err, "'kubewright certs rotate %s' makes it, and all hosts trust both then", kind->name);
		return ROTATE_REFUSED;
	}
	if (ask == ROTATE_FORGET && s->phase == PKI_PHASE_BOTH) {
		error_set(err, ERROR_USAGE, "%s: the earlier CA cannot be forgotten, as it still signs", kind->name);
		error_hint(err, "first 'kubewright certs rotate %s --reissue'", kind->name);
		return ROTATE_REFUSED;
	}
	return go_on(kind, s, err);
}
