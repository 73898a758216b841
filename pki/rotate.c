/* Another CA, or key of service accounts, takes the place of the store's: what changes in the store, phase by phase. What hosts have follows it. */
#include "pki/private.h"

#include "base/clock.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum pki_pem pki_issuer_crt(enum pki_issuer issuer)
{
	return issuer == PKI_ISSUER_TOKENS ? PKI_SA_PUB : (enum pki_pem)(2 * (int)issuer);
}

enum pki_pem pki_issuer_key(enum pki_issuer issuer)
{
	return issuer == PKI_ISSUER_TOKENS ? PKI_SA_KEY : (enum pki_pem)(2 * (int)issuer + 1);
}

enum pki_phase pki_store_phase(const struct pki_store *s, enum pki_issuer issuer)
{
	return s->phase[issuer];
}

const char *pki_store_other_key(const struct pki_store *s, enum pki_issuer issuer)
{
	return s->other_key[issuer].text;
}

/* Of the kind that the present one has. */
static enum pki_key_type type_of(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return PKI_ECDSA_P256;
	return bits <= 2048 ? PKI_RSA_2048 : bits <= 3072 ? PKI_RSA_3072 : PKI_RSA_4096;
}

/* Programs find the CA of a certificate by its name: the next one has another. */
static int make_next(struct pki_store *s, int issuer, struct error *err)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	char name[64], when[20];
	struct tm tm;

	if (issuer == PKI_ISSUER_TOKENS) {
		s->other[issuer].key = pki_key_make(type_of(s->sa), err);
		return s->other[issuer].key ? 0 : -1;
	}
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%d%H%M%S", &tm);
	snprintf(name, sizeof(name), "%s-%s", pki_ca_names[issuer], when);
	return pki_ca_make(name, type_of(s->ca[issuer].key), &s->other[issuer], err);
}

/* Both, in their order, are what is trusted from now on. */
static int write_bundle(struct pki_store *s, int ca, struct error *err)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	int rc = -1;

	if (certs && sk_X509_push(certs, s->ca[ca].cert) &&
		(!s->other[ca].cert || sk_X509_push(certs, s->other[ca].cert)))
		rc = pki_certs_to_pem(certs, &s->pem[2 * ca], err);
	else
		pki_error(err, "cannot write the certificates of two CAs");
	/* they are lent */
	sk_X509_free(certs);
	return rc ? -1 : pki_store_fill(s, err);
}

static int may_rotate_ca(const struct pki_store *s, int ca, struct error *err)
{
	const char *pem = s->pem[2 * ca].text;
	STACK_OF(X509) *certs = pki_certs_from_pem(pem, strlen(pem), pki_shared[2 * ca].file, err);
	int n = certs ? sk_X509_num(certs) : 0;
	bool own = n && pki_signed_itself(sk_X509_value(certs, 0));

	pki_certs_free(certs);
	if (n == 1 && own)
		return 0;
	if (n == 1) {
		error_set(err, ERROR_PKI,
			"another CA has signed the one in '%s', and a rotation makes one that signs itself",
			pki_shared[2 * ca].file);
		return error_hint(err, "nothing was changed; a cluster whose CAs a company signs keeps them");
	}
	if (n == 0)
		return -1;
	error_set(err, ERROR_PKI,
		"'%s' in the key store holds %d certificates, and the key of only one of them is there",
		pki_shared[2 * ca].file, n);
	return error_hint(err,
		"if this CA is being rotated, continue on the machine on which that began, or restore a backup of its keys; "
		"CAs of several levels cannot be rotated");
}

static int may_rotate_tokens(const struct pki_store *s, struct error *err)
{
	if (!s->more_publics.text)
		return 0;
	error_set(
		err, ERROR_PKI, "sa.pub in the key store holds further public keys, whose private ones are not there");
	return error_hint(err,
		"if this key is being rotated, continue on the machine on which that began, or restore a backup of its keys");
}

/* The CA that signs now, certified by the other one: who trusts that one alone finds its way to it. */
static X509 *crossed(const struct pki_store *s, enum pki_issuer issuer, struct error *err)
{
	X509 *like = s->ca[issuer].cert;
	struct pki_cert_info info;
	struct pki_spec spec = { .ca = true, .like = like, .not_after = pki_time(X509_get0_notAfter(like)) };

	pki_cert_fill(like, &info);
	spec.cn = info.subject_cn;
	spec.not_before = pki_time(X509_get0_notBefore(like));
	return pki_cert_make(&spec, s->ca[issuer].key, &s->other[issuer], err);
}

int pki_served_to_pem(const struct pki_store *s, enum pki_issuer issuer, X509 *cert, bool server, struct secret *out,
	struct error *err)
{
	bool two = issuer == PKI_ISSUER_CLUSTER && server && s->phase[issuer] != PKI_PHASE_ONE;
	STACK_OF(X509) *list = sk_X509_new_null();
	X509 *cross = two ? crossed(s, issuer, err) : NULL;
	int rc = -1;

	if (two && !cross)
		rc = -1;
	else if (!list || !sk_X509_push(list, cert) || (cross && !sk_X509_push(list, cross)))
		pki_error(err, "cannot write a certificate");
	else
		rc = pki_certs_to_pem(list, out, err);
	sk_X509_free(list);
	X509_free(cross);
	return rc;
}

/* What nobody here has put there may be all that something of the cluster hangs on. */
int pki_store_may_rotate(const struct pki_store *s, enum pki_issuer issuer, struct error *err)
{
	return issuer == PKI_ISSUER_TOKENS ? may_rotate_tokens(s, err) : may_rotate_ca(s, (int)issuer, err);
}

struct rotation {
	int issuer;
	enum pki_phase from;
};

static int change(struct pki_store *s, void *ctx, struct error *err)
{
	const struct rotation *r = ctx;
	struct pki_pair tokens = { NULL, s->sa }, *here = r->issuer == PKI_ISSUER_TOKENS ? &tokens : &s->ca[r->issuer],
			*other = &s->other[r->issuer], swap = *here;

	if (s->phase[r->issuer] != r->from) {
		error_set(err, ERROR_LOCKED, "another process has changed the key store meanwhile");
		return error_hint(err, "run the same command again");
	}
	switch (r->from) {
	case PKI_PHASE_ONE:
		if (pki_store_may_rotate(s, (enum pki_issuer)r->issuer, err) || make_next(s, r->issuer, err))
			return -1;
		s->phase[r->issuer] = PKI_PHASE_BOTH;
		break;
	case PKI_PHASE_BOTH:
		*here = *other;
		*other = swap;
		s->sa = tokens.key;
		s->phase[r->issuer] = PKI_PHASE_REISSUED;
		break;
	case PKI_PHASE_REISSUED:
		pki_pair_release(other);
		secret_release(&s->other_key[r->issuer]);
		s->phase[r->issuer] = PKI_PHASE_ONE;
		break;
	}
	return r->issuer == PKI_ISSUER_TOKENS ? pki_store_fill(s, err) : write_bundle(s, r->issuer, err);
}

int pki_store_rotate(const char *dir, const struct secret *passphrase, enum pki_issuer issuer, enum pki_phase from,
	struct error *err)
{
	struct rotation r = { (int)issuer, from };

	return pki_store_change(dir, passphrase, passphrase, change, &r, err);
}
