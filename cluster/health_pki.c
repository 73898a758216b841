/* Health of a control plane's certificates, keys and kubeconfigs. */
#include "cluster/health_private.h"

#include "base/error.h"
#include "base/str.h"
#include "cluster/certs.h"
#include "pki/pki.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PKI "/etc/kubernetes/pki/"

static bool applies(const struct health_scope *h)
{
	return h->installed && health_control_plane(h);
}

static const char *ca_of(const struct health_scope *h, enum pki_issuer issuer)
{
	const char *const cas[] = { [PKI_ISSUER_CLUSTER] = h->v->ca,
		[PKI_ISSUER_ETCD] = h->v->etcd_ca,
		[PKI_ISSUER_FRONT_PROXY] = h->v->front_proxy_ca };

	return cas[issuer];
}

static const struct remote_answer_line *told(const struct health_scope *h, const char *path)
{
	char word[128];

	snprintf(word, sizeof(word), "cert.%s", path);
	return remote_answer_find(&h->s.h->facts, word);
}

static struct finding *certificates(const struct health_scope *h, enum finding_level level, const char *what)
{
	struct finding *f = finding_add(&h->s, level, "%s", what);

	finding_remedy(
		f, "repair makes new ones with the cluster's CA and restarts the static Pods, one host at a time");
	health_act(f, "certificates");
	return f;
}

void health_certificate_lost(const struct health_scope *h)
{
	static const char prefix[] = "pki.";
	struct str gone = STR_INIT;
	unsigned count = 0;

	for (size_t i = 0; applies(h) && i < h->s.h->facts.count; i++) {
		const struct remote_answer_line *line = &h->s.h->facts.lines[i];

		if (!str_starts(line->word, prefix) || strcmp(line->value, "absent") != 0)
			continue;
		if (count++ < 3)
			str_addf(&gone, "%s%s", gone.len ? ", " : "", line->word + sizeof(prefix) - 1);
	}
	if (count) {
		if (count > 3)
			str_addf(&gone, " and %u more", count - 3);
		str_add(&gone, count == 1 ? " is gone" : " are gone");
		finding_why(certificates(h, FINDING_ERROR, gone.buf),
			"components that read it cannot restart, or are not trusted by the others");
	}
	str_release(&gone);
}

void health_certificate_wrong(const struct health_scope *h)
{
	const char *names[] = { h->s.host->address };

	for (size_t i = 0; applies(h) && i < PKI_OWN; i++) {
		const struct remote_answer_line *line = told(h, pki_own[i].path);
		const char *ca = ca_of(h, pki_own[i].issuer);
		struct error err = { 0 };
		char what[300];

		if (!line)
			continue;
		if (health_days_left(line->value, h->v->now_s) == INT_MIN)
			snprintf(what, sizeof(what), "%s contains no readable certificate", pki_own[i].path);
		else if (health_days_left(line->value, h->v->now_s) < 0 || !ca ||
			 pki_cert_verify(
				 line->value, line->len, ca, pki_own[i].server, names, pki_own[i].server, &err) == 0)
			continue;
		else
			snprintf(what, sizeof(what), "%s: %.180s", pki_own[i].path, err.what);
		finding_why(certificates(h, FINDING_ERROR, what), "the other side of every connection refuses it");
	}
	health_kubelet_wrong(h);
}

/* Whether a certificate ends from `from` to less than `to` days from now; what: in words. */
static bool ends(
	const struct health_scope *h, const char *path, const char *pem, int from, int to, char *what, size_t size)
{
	int days = health_days_left(pem, h->v->now_s);

	if (days == INT_MIN || days < from || days >= to)
		return false;
	if (days < 0)
		snprintf(what, size, "the certificate in %s has expired", path);
	else
		snprintf(what, size, "the certificate in %s ends in %d day%s", path, days, days == 1 ? "" : "s");
	return true;
}

static void ends_within(const struct health_scope *h, int from, int to, enum finding_level level)
{
	static const char *const authorities[] = { PKI "ca.crt", PKI "etcd/ca.crt", PKI "front-proxy-ca.crt" };
	char what[200];

	for (size_t i = 0; applies(h) && i < PKI_OWN; i++) {
		const struct remote_answer_line *line = told(h, pki_own[i].path);

		if (line && ends(h, pki_own[i].path, line->value, from, to, what, sizeof(what)))
			finding_why(
				certificates(h, level, what), "after that every connection made with it is refused");
	}
	for (size_t i = 0; applies(h) && i < sizeof(authorities) / sizeof(authorities[0]); i++) {
		const struct remote_answer_line *line = told(h, authorities[i]);
		struct finding *f;

		if (!line || !ends(h, authorities[i], line->value, from, to, what, sizeof(what)))
			continue;
		f = finding_add(&h->s, level, "%s", what);
		finding_why(f, "it is a CA: every certificate that it has signed ends with it");
		finding_remedy(f,
			"set the clock if it is wrong; otherwise the cluster needs a new CA, which repair does not make");
	}
	health_kubelet_ends(h, from, to, level);
}

void health_certificate_expired(const struct health_scope *h)
{
	ends_within(h, INT_MIN + 1, 0, FINDING_ERROR);
}

void health_certificate_expiring(const struct health_scope *h)
{
	ends_within(h, 0, h->s.inv->pki.warn_days, FINDING_WARNING);
}

void health_key_mismatch(const struct health_scope *h)
{
	for (size_t i = 0; applies(h) && i < PKI_OWN; i++) {
		int stem = (int)strlen(pki_own[i].path) - 4;
		char what[200];

		if (strcmp(pki_own[i].path + stem, ".crt") != 0 ||
			strcmp(cluster_factf(h->s.h, "pki.%.*s.key", stem, pki_own[i].path), "changed") != 0 ||
			strcmp(cluster_factf(h->s.h, "pki.%s", pki_own[i].path), "ok") != 0)
			continue;
		snprintf(
			what, sizeof(what), "%.*s.key was changed, but its certificate was not", stem, pki_own[i].path);
		finding_why(certificates(h, FINDING_ERROR, what),
			"a key that does not match its certificate is refused at the next start");
	}
}

/* How many control planes have this digest of a shared file. */
static unsigned having(const struct health_scope *h, const char *name, const char *sum)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->s.inv->host_count; i++)
		n += h->s.inv->hosts[i].role == INVENTORY_CONTROL_PLANE && h->s.hosts[i].probed &&
		     strcmp(cluster_factf(&h->s.hosts[i], "pki_sum.%s", name), sum) == 0;
	return n;
}

/* Another digest of it that more control planes have. */
static bool outvoted(const struct health_scope *h, const char *name, const char *sum)
{
	unsigned mine = having(h, name, sum);

	for (size_t i = 0; i < h->s.inv->host_count; i++) {
		const char *theirs = cluster_factf(&h->s.hosts[i], "pki_sum.%s", name);

		if (*theirs && strcmp(theirs, sum) != 0 && having(h, name, theirs) > mine)
			return true;
	}
	return false;
}

void health_pki_differs(const struct health_scope *h)
{
	for (size_t i = 0; applies(h) && i < PKI_SHARED; i++) {
		const char *file = pki_shared[i].file;
		const char *sum = cluster_factf(h->s.h, "pki_sum.%s", file);
		bool changed = strcmp(cluster_factf(h->s.h, "pki." PKI "%s", file), "changed") == 0;
		char what[200];

		if (!*sum || (!changed && !outvoted(h, file, sum)))
			continue;
		snprintf(what, sizeof(what), PKI "%s is not %s", file,
			changed ? "what was placed here" : "that of the other control planes");
		finding_why(certificates(h, FINDING_ERROR, what),
			"the other control planes refuse certificates and tokens that this one makes");
	}
}

void health_ca_key_on_host(const struct health_scope *h)
{
	const char *keys = cluster_fact(h->s.h, "ca_keys"), *left = cluster_fact(h->s.h, "ca_keys_left");
	struct finding *f;

	if (!applies(h) || !inventory_keeps_ca_keys(h->s.inv) || (!*keys && !*left))
		return;
	if (*keys)
		f = finding_add(&h->s, FINDING_WARNING, "keys of CAs are in " PKI ": %.80s", keys);
	else
		f = finding_add(
			&h->s, FINDING_WARNING, "a copy of the key of a CA is in %.*s", (int)strcspn(left, "\n"), left);
	finding_why(f, "who reads them can make a certificate for anybody, and pki.ca-keys wants them on no host");
	finding_remedy(f, "'kubewright apply' takes them off the host; this machine's key store has them");
}

void health_requests_waiting(const struct health_scope *h)
{
	unsigned n = h->v->state->requests;
	struct finding *f;

	if (h->s.index != h->v->state->lead || !n)
		return;
	f = finding_add(&h->s, FINDING_WARNING, "%u CertificateSigningRequest%s of kubelets wait%s for a certificate",
		n, n == 1 ? "" : "s", n == 1 ? "s" : "");
	finding_why(f, "%s",
		inventory_keeps_ca_keys(h->s.inv)
			? "the CA's key is on this machine alone; a kubelet whose certificate ends loses its Node"
		: inventory_signs_serving(h->s.inv)
			? "control planes approve within a minute what is right; logs and exec fail where a kubelet has no certificate"
			: "no control plane approves a serving certificate by itself; who verifies the kubelet's refuses it");
	finding_remedy(f, "'kubewright certs sign' shows who asks for what, and signs what may be signed%s",
		inventory_signs_serving(h->s.inv) && !inventory_keeps_ca_keys(h->s.inv)
			? "; 'journalctl -u kubewright-approve-kubelets' on control planes says why something was not approved"
			: "");
}
