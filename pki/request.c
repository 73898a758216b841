/* Requests of others for a certificate: read, and signed as far as what was read of them says. */
#include "pki/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"

#include <string.h>

/* As the signers of a control plane. */
#define BACKDATE_S 300

int pki_request_read(const char *pem, size_t len, struct arena *arena, struct pki_request *out, struct error *err)
{
	X509_REQ *req = pki_request_from_pem(pem, len, err);

	if (!req)
		return -1;
	pki_request_fill(req, arena, out);
	X509_REQ_free(req);
	return 0;
}

/* A certificate is made of one O and of addresses and names. */
static int to_spec(const struct pki_request *r, struct arena *a, struct pki_spec *spec, struct error *err)
{
	const char **names = arena_alloc(a, (r->san_count + 1) * sizeof(*names));

	if (!*r->cn || r->more || r->org_count > 1 || r->sans_left_out)
		return error_set(err, ERROR_PKI, "its subject or its names are of a kind that is not signed");
	for (size_t i = 0; i < r->san_count; i++) {
		if (r->sans[i].kind != PKI_NAME_DNS && r->sans[i].kind != PKI_NAME_IP)
			return error_set(err, ERROR_PKI, "its names are not all addresses and DNS names");
		names[i] = r->sans[i].text;
	}
	spec->cn = r->cn;
	spec->org = r->org_count ? r->orgs[0] : NULL;
	spec->sans = names;
	spec->san_count = r->san_count;
	return 0;
}

static int sign(const struct pki_store *s, const struct pki_spec *spec, EVP_PKEY *key, struct secret *cert_pem,
	struct error *err)
{
	const struct pki_pair *ca = &s->ca[PKI_CA_CLUSTER];
	STACK_OF(X509) *anchors = sk_X509_new_null();
	X509 *cert = pki_cert_make(spec, key, ca, err);
	int rc = -1;

	/* the anchor is lent */
	if (cert && anchors && sk_X509_push(anchors, ca->cert))
		rc = pki_leaf_verify(cert, NULL, anchors, spec->server, spec->client, spec->sans, spec->san_count, err);
	if (rc == 0)
		rc = pki_cert_to_pem(cert, cert_pem, err);
	sk_X509_free(anchors);
	X509_free(cert);
	return rc;
}

int pki_request_sign(const struct pki_store *s, const char *pem, size_t len, const struct pki_request_use *use,
	struct secret *cert_pem, struct error *err)
{
	X509_REQ *req = pki_request_from_pem(pem, len, err);
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = {
		.server = use->server,
		.client = !use->server,
		.signs_only = !use->encipherment,
		.not_before = now - BACKDATE_S,
		.not_after = now + use->days * INT64_C(86400),
	};
	struct pki_request r;
	struct arena arena = { 0 };
	int rc = -1;

	if (!req)
		return -1;
	pki_request_fill(req, &arena, &r);
	if (to_spec(&r, &arena, &spec, err) == 0)
		rc = sign(s, &spec, X509_REQ_get0_pubkey(req), cert_pem, err);
	arena_release(&arena);
	X509_REQ_free(req);
	return rc;
}
