/* Certificates of the machines of fake_cluster.h: they expire, and who works with them does not answer then. */
#include "tests/unit/fake_cluster.h"

#include "base/clock.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "tests/unit/leaf_made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct machine *m, struct pki_store *store, const struct renew_kind *k, int64_t from_s, int64_t to_s)
{
	const struct inventory_host *h = &m->lab->inventory->hosts[m->index];
	const char *names[] = { h->name, h->address };
	bool kubelet = k->stage == RENEW_KUBELET;
	char cn[80];
	struct made_leaf l = { .issuer = k->issuer,
		.cn = kubelet ? cn : k->name,
		.org = kubelet ? "system:nodes" : NULL,
		.server = strcmp(k->name, "apiserver") == 0 || strncmp(k->name, "etcd-", 5) == 0,
		.client = strcmp(k->name, "apiserver") != 0,
		.sans = names,
		.san_count = 2,
		.from_s = from_s,
		.to_s = to_s };
	struct lab_cert *c = &m->certs[k - renew_kinds];
	struct secret pem = { 0 };

	snprintf(cn, sizeof(cn), "system:node:%s", h->name);
	made_leaf(store, &l, &pem);
	snprintf(c->path, sizeof(c->path), "%s", k->path);
	str_clear(&c->pem);
	str_add(&c->pem, pem.text);
	secret_release(&pem);
}

/* Adds the certificates that a text does not have. */
static void add_missing(struct str *to, const char *pem)
{
	static const char end[] = "-----END CERTIFICATE-----\n";

	for (const char *p = pem, *q; (q = strstr(p, end)) != NULL; p = q) {
		struct str one = STR_INIT;

		q += sizeof(end) - 1;
		str_addn(&one, p, (size_t)(q - p));
		if (!strstr(to->buf ? to->buf : "", one.buf))
			str_add(to, one.buf);
		str_release(&one);
	}
}

/* Whether an API server that runs does not know a key that another one signs with: the first of its sa.pub. */
static bool tokens_refused(const struct lab *l)
{
	static const char end[] = "-----END PUBLIC KEY-----\n";
	bool refused = false;

	for (int a = 0; a < LAB_MACHINES; a++)
		for (int b = 0; b < LAB_MACHINES; b++) {
			const struct str *signs = &l->machines[a].accepts;
			const char *last = signs->len ? strstr(signs->buf, end) : NULL;
			struct str first = STR_INIT;

			if (!last || !l->machines[b].accepts.len)
				continue;
			str_addn(&first, signs->buf, (size_t)(last - signs->buf) + sizeof(end) - 1);
			refused = refused || !strstr(l->machines[b].accepts.buf, first.buf);
			str_release(&first);
		}
	return refused;
}

static void api_starts(struct machine *m)
{
	if (!lab_is_control_plane(m))
		return;
	str_clear(&m->accepts);
	str_add(&m->accepts, m->trusts[PKI_ISSUER_TOKENS].buf);
	m->lab->tokens_refused = m->lab->tokens_refused || tokens_refused(m->lab);
	str_clear(&m->running);
	str_add(&m->running, m->trusts[PKI_ISSUER_FRONT_PROXY].buf);
	add_missing(&m->lab->told, m->running.buf);
	str_clear(&m->running_ca);
	str_add(&m->running_ca, m->trusts[PKI_ISSUER_CLUSTER].buf);
	add_missing(&m->lab->told_ca, m->running_ca.buf);
}

/* With two of them in the file that it signs with it ends at once. */
static void manager_starts(struct machine *m)
{
	const char *pem = m->trusts[PKI_ISSUER_CLUSTER].buf, *first = strstr(pem, "-----END");

	lab_insist(!m->ca_keys || m->apart || !strstr(first, "-----BEGIN"),
		"a controller manager with two certificates to sign with");
	str_clear(&m->lab->roots);
	str_add(&m->lab->roots, pem);
}

int lab_told(struct lab *l, const char *method, const char *body, struct str *out)
{
	static const char *const keys[] = { "requestheader-client-ca-file", "client-ca-file" };
	struct json *patch = json_parse(body, strlen(body), NULL), *map = json_object(), *data;
	struct str *told[] = { &l->told, &l->told_ca };

	data = json_set(map, "data", json_object());
	for (int k = 0; k < 2; k++) {
		const char *text = json_text(json_member(json_get(patch, "data"), keys[k]));

		if (strcmp(method, "PATCH") == 0 && text) {
			str_clear(told[k]);
			str_add(told[k], text);
			for (int i = 0; i < LAB_MACHINES; i++) {
				struct str *running = k ? &l->machines[i].running_ca : &l->machines[i].running;

				if (running->len)
					add_missing(told[k], running->buf);
			}
		}
		json_set_str(data, keys[k], told[k]->buf ? told[k]->buf : "");
	}
	json_write(map, out);
	json_free(map);
	json_free(patch);
	return 200;
}

int lab_info(struct lab *l, const char *method, const char *body, struct str *out)
{
	struct json *patch = json_parse(body, strlen(body), NULL), *map = json_object(), *data;
	const char *text = json_text(json_member(json_get(patch, "data"), "kubeconfig"));
	char jws[40];

	if (strcmp(method, "PATCH") == 0 && text) {
		str_clear(&l->info);
		str_add(&l->info, text);
	}
	data = json_set(map, "data", json_object());
	snprintf(jws, sizeof(jws), "jws-kubeconfig-%.6s", l->world->token.text);
	json_set_str(data, jws, "x");
	if (l->info.len)
		json_set_str(data, "kubeconfig", l->info.buf);
	json_write(map, out);
	json_free(map);
	json_free(patch);
	return 200;
}

int lab_roots(struct lab *l, struct str *out)
{
	struct json *list = json_object(), *item = json_add(json_set(list, "items", json_array()), json_object());

	json_set_str(json_set(item, "data", json_object()), "ca.crt", l->roots.buf ? l->roots.buf : "");
	json_write(list, out);
	json_free(list);
	return 200;
}

static void make_info(struct lab *l, const char *pem)
{
	str_clear(&l->info);
	str_add(&l->info, "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: ");
	str_add_base64(&l->info, pem, strlen(pem));
	str_add(&l->info, "\n    server: https://10.0.0.100:6443\n  name: \"\"\n");
	str_clear(&l->roots);
	str_add(&l->roots, pem);
}

void lab_certs(struct lab *l, struct pki_store *store, int64_t from_s, int64_t to_s)
{
	for (int i = 0; i < LAB_MACHINES; i++) {
		struct machine *m = &l->machines[i];

		for (size_t k = 0; k < RENEW_KINDS; k++)
			if (!renew_kinds[k].optional &&
				(lab_is_control_plane(m) || renew_kinds[k].stage == RENEW_KUBELET))
				add(m, store, &renew_kinds[k], from_s, to_s);
		m->expired = to_s < 0 ? 31 : 0;
		for (int ca = 0; ca < (lab_is_control_plane(m) ? PKI_ROTATED : 1); ca++) {
			str_clear(&m->trusts[ca]);
			str_add(&m->trusts[ca], pki_store_pem(store, pki_issuer_crt((enum pki_issuer)ca)));
		}
		api_starts(m);
	}
	make_info(l, pki_store_pem(store, PKI_CA_CRT));
}

void lab_certs_gone(struct lab *l)
{
	for (int i = 0; i < LAB_MACHINES; i++) {
		for (size_t k = 0; k < RENEW_KINDS; k++)
			str_release(&l->machines[i].certs[k].pem);
		for (int ca = 0; ca < PKI_ROTATED; ca++)
			str_release(&l->machines[i].trusts[ca]);
		str_release(&l->machines[i].running);
		str_release(&l->machines[i].running_ca);
		str_release(&l->machines[i].sa_key);
		str_release(&l->machines[i].accepts);
	}
	str_release(&l->told);
	str_release(&l->told_ca);
	str_release(&l->info);
	str_release(&l->roots);
}

void lab_say_certs(struct machine *m, struct str *out)
{
	char word[96];

	for (size_t k = 0; k < RENEW_KINDS; k++) {
		snprintf(word, sizeof(word), "cert.%s", m->certs[k].path);
		if (m->certs[k].path[0])
			fake_say(out, word, m->certs[k].pem.buf);
	}
	for (int ca = 0; ca < PKI_ROTATED; ca++) {
		snprintf(word, sizeof(word), "%s./etc/kubernetes/pki/%s", ca == PKI_ISSUER_TOKENS ? "public" : "cert",
			pki_shared[pki_issuer_crt((enum pki_issuer)ca)].file);
		if (m->trusts[ca].len)
			fake_say(out, word, m->trusts[ca].buf);
	}
	if (m->restart[0])
		fake_say(out, "restart", m->restart);
}

/* ---- who works ----------------------------------------------------------------------------------------------------- */

bool lab_cert_good(const struct machine *m, const char *name)
{
	const struct lab_cert *c = &m->certs[renew_kind_find(name) - renew_kinds];
	struct pki_cert_info info;

	/* a lab without them has good ones */
	return !c->path[0] ||
	       (pki_cert_info(c->pem.buf, c->pem.len, &info, NULL) == 0 && info.not_after > clock_wall_ms() / 1000);
}

static bool etcd_good(const struct machine *m)
{
	return lab_cert_good(m, "etcd-server") && lab_cert_good(m, "etcd-peer");
}

bool lab_serves(const struct machine *m, int port)
{
	unsigned good = 0;

	/* a lab that is not about certificates */
	if (!m->certs[0].path[0])
		return true;
	if (port == 2379)
		return etcd_good(m);
	for (int i = 0; i < LAB_MACHINES; i++)
		good += m->lab->machines[i].member == LAB_VOTER && etcd_good(&m->lab->machines[i]);
	return lab_cert_good(m, "apiserver") && lab_cert_good(m, "apiserver-etcd-client") && good >= 2 &&
	       !(m->expired & RENEW_READER_API);
}

/* ---- a job --------------------------------------------------------------------------------------------------------- */

/* A parameter of a job, which is sent as a part of its script. */
static bool param(const struct str *script, const char *name, struct str *out)
{
	char begin[48];
	const char *p;

	snprintf(begin, sizeof(begin), "\n%s='", name);
	p = strstr(script->buf, begin);
	str_clear(out);
	if (p)
		str_addn(out, p + strlen(begin), strcspn(p + strlen(begin), "'"));
	return p != NULL;
}

static void place(struct machine *m, const struct str *script)
{
	struct str path = STR_INIT, data = STR_INIT, pem = STR_INIT;
	char name[32];

	for (int i = 1;; i++) {
		const struct renew_kind *k;

		snprintf(name, sizeof(name), "cert_%d_path", i);
		if (!param(script, name, &path))
			break;
		k = renew_kind_find(path.buf);
		lab_insist(k != NULL, "a certificate that it does not know");
		snprintf(name, sizeof(name), "cert_%d_key", i);
		lab_insist(param(script, name, &data) && data.len, "a certificate without its key");
		snprintf(name, sizeof(name), "cert_%d_pem", i);
		param(script, name, &data);
		str_clear(&pem);
		str_add_unbase64(&pem, data.buf, data.len);
		lab_insist(lab_is_control_plane(m) || k->stage == RENEW_KUBELET,
			"a control plane's certificate on a worker");
		str_clear(&m->certs[k - renew_kinds].pem);
		str_add(&m->certs[k - renew_kinds].pem, pem.buf);
	}
	str_release(&path);
	str_release(&data);
	str_release(&pem);
}

/* A CA's key, then its certificates; only these where control planes have no key of a CA. */
static void place_shared(struct machine *m, const struct str *script)
{
	struct str path = STR_INIT, data = STR_INIT;

	if (!param(script, "shared_1_path", &path))
		return;
	if (!lab_is_control_plane(m)) {
		lab_insist(
			strcmp(path.buf, "/etc/kubernetes/pki/ca.crt") == 0 && !param(script, "shared_2_path", &data),
			"a control plane's CA, or a key, on a worker");
		param(script, "shared_1_data", &data);
	} else if (str_ends(path.buf, "/sa.key")) {
		param(script, "shared_1_data", &data);
		str_clear(&m->sa_key);
		str_add_unbase64(&m->sa_key, data.buf, data.len);
		param(script, "shared_2_path", &path);
		param(script, "shared_2_data", &data);
	} else if (inventory_keeps_ca_keys(m->lab->inventory)) {
		lab_insist(!str_ends(path.buf, ".key") && !param(script, "shared_2_path", &data), "a key of a CA");
		param(script, "shared_1_data", &data);
	} else {
		lab_insist(str_ends(path.buf, ".key"), "a CA's key that does not come first");
		param(script, "shared_2_path", &path);
		param(script, "shared_2_data", &data);
	}
	for (int ca = 0; ca < PKI_ROTATED; ca++) {
		if (!str_ends(path.buf, pki_shared[pki_issuer_crt((enum pki_issuer)ca)].file) ||
			(ca == 0 && strcmp(path.buf, "/etc/kubernetes/pki/ca.crt") != 0))
			continue;
		str_clear(&m->trusts[ca]);
		str_add_unbase64(&m->trusts[ca], data.buf, data.len);
	}
	str_release(&path);
	str_release(&data);
}

/* Half of it is that the certificates are in place. */
const char *lab_renew(struct machine *m, const struct remote_exec *x, const char *job, bool whole)
{
	static struct str words;
	struct lab *l = m->lab;
	struct str script = STR_INIT, restart = STR_INIT, pending = STR_INIT, left = STR_INIT;
	size_t n = strlen(l->renewals);
	unsigned bits, now;

	fake_param(x, "script", &script);
	param(&script, "pending", &pending);
	param(&script, "restart", &restart);
	bits = renew_readers_of(pending.buf) | renew_readers_of(m->restart);
	now = renew_readers_of(restart.buf);
	lab_insist((now & ~bits) == 0, "a restart that was not noted");
	place_shared(m, &script);
	place(m, &script);
	if (l->on_renew)
		l->on_renew(l, m->index, job);
	if (whole) {
		bits &= ~now;
		m->expired &= ~now;
		if (now & RENEW_READER_API)
			api_starts(m);
		if (now & RENEW_READER_MANAGER && m->trusts[PKI_ISSUER_CLUSTER].len)
			manager_starts(m);
		m->managers += now & RENEW_READER_MANAGER ? 1 : 0;
	}
	renew_reader_names(bits, " ", &left);
	snprintf(m->restart, sizeof(m->restart), "%s", left.buf);
	snprintf(l->renewals + n, sizeof(l->renewals) - n, "%s%s:%s", n ? " " : "", l->inventory->hosts[m->index].name,
		job + 6);
	str_clear(&words);
	str_addf(&words, "placed=1\nrestart=%s\n", left.buf);
	if (m->trusts[PKI_ISSUER_CLUSTER].len) {
		str_add(&words, "ca_crt:");
		str_add_base64(&words, m->trusts[PKI_ISSUER_CLUSTER].buf, m->trusts[PKI_ISSUER_CLUSTER].len);
		str_addc(&words, '\n');
	}
	str_release(&script);
	str_release(&restart);
	str_release(&pending);
	str_release(&left);
	return words.buf;
}
