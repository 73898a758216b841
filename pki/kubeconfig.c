#include "pki/private.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void pki_server_url(char *out, size_t size, const char *host, int port)
{
	snprintf(out, size, strchr(host, ':') ? "https://[%s]:%d" : "https://%s:%d", host, port);
}

/* A cluster called "on" or "1.20" must stay a string to YAML; quoted only where that is needed, so that the file looks like kubeadm's. */
static void add_scalar(struct str *out, const char *text)
{
	static const char *const words[] = { "true", "false", "null", "yes", "no", "on", "off", "y", "n" };
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@:";
	size_t n = strlen(text);
	bool quote = n == 0 || strspn(text, plain) != n || text[n - 1] == ':' ||
		     !((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		quote = quote || strcasecmp(text, words[i]) == 0;
	if (!quote) {
		str_add(out, text);
		return;
	}
	str_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			str_addc(out, '\'');
		str_addc(out, *text);
	}
	str_addc(out, '\'');
}

static void add_line(struct str *out, const char *key, const char *value)
{
	str_add(out, key);
	add_scalar(out, value);
	str_addc(out, '\n');
}

static void add_data(struct str *out, const char *key, const struct secret *pem)
{
	str_add(out, key);
	str_add_base64(out, pem->text, pem->len);
	str_addc(out, '\n');
}

#define CLIENT "client-certificate-data: "

/* Up to its one user's credentials. */
static void write_head(
	struct str *out, const char *cluster, const char *server, const char *user, const char *ca, size_t ca_len)
{
	struct str context = STR_INIT;

	str_addf(&context, "%s@%s", user, cluster);
	str_add(out, "apiVersion: v1\nclusters:\n- cluster:\n");
	str_add(out, "    certificate-authority-data: ");
	str_add_base64(out, ca, ca_len);
	str_addc(out, '\n');
	add_line(out, "    server: ", server);
	add_line(out, "  name: ", cluster);
	str_add(out, "contexts:\n- context:\n");
	add_line(out, "    cluster: ", cluster);
	add_line(out, "    user: ", user);
	add_line(out, "  name: ", context.buf);
	add_line(out, "current-context: ", context.buf);
	str_add(out, "kind: Config\npreferences: {}\nusers:\n");
	add_line(out, "- name: ", user);
	str_add(out, "  user:\n");
	str_release(&context);
}

static int make_client(const struct pki_store *s, const struct pki_spec *spec, struct secret *cert, struct secret *key,
	struct error *err)
{
	struct pki_pair pair = { 0 };
	int rc = pki_leaf_make(spec, &s->ca[PKI_CA_CLUSTER], &pair, err);

	if (rc == 0)
		rc = pki_cert_to_pem(pair.cert, cert, err) || pki_key_to_pem(pair.key, NULL, key, err) ? -1 : 0;
	pki_pair_release(&pair);
	return rc;
}

int pki_kubeconfig_make(const struct pki_store *s, const char *cluster, const char *server, const struct pki_spec *spec,
	bool all, struct secret *out, struct error *err)
{
	const struct secret *ca = &s->pem[PKI_CA_CRT];
	struct secret cert = { 0 }, key = { 0 };
	struct str text = STR_INIT;
	int rc = make_client(s, spec, &cert, &key, err);

	if (rc == 0) {
		write_head(&text, cluster, server, spec->cn, ca->text, all ? ca->len : pki_first_len(ca->text));
		add_data(&text, "    " CLIENT, &cert);
		add_data(&text, "    client-key-data: ", &key);
		secret_set(out, text.buf, text.len);
	}
	str_wipe(&text);
	secret_release(&cert);
	secret_release(&key);
	return rc;
}

int pki_kubelet(const struct pki_store *s, const char *cluster, const char *server, const char *node, int days,
	struct secret *conf, struct secret *pem, struct error *err)
{
	struct secret cert = { 0 }, key = { 0 };
	struct str text = STR_INIT, both = STR_INIT, user = STR_INIT;
	int64_t now = clock_wall_ms() / 1000;
	int rc;

	str_addf(&user, "system:node:%s", node);
	struct pki_spec spec = {
		.cn = user.buf,
		.org = "system:nodes",
		.client = true,
		.not_before = now - 3600,
		.not_after = now + days * INT64_C(86400),
	};
	rc = make_client(s, &spec, &cert, &key, err);
	if (rc == 0) {
		write_head(&text, cluster, server, user.buf, s->pem[PKI_CA_CRT].text,
			pki_first_len(s->pem[PKI_CA_CRT].text));
		str_add(&text, "    client-certificate: " PKI_KUBELET_PEM "\n    client-key: " PKI_KUBELET_PEM "\n");
		secret_set(conf, text.buf, text.len);
		str_addn(&both, cert.text, cert.len);
		str_addn(&both, key.text, key.len);
		secret_set(pem, both.buf, both.len);
	}
	secret_release(&cert);
	secret_release(&key);
	str_release(&text);
	str_wipe(&both);
	str_release(&user);
	return rc;
}

int pki_kubeconfig(const struct pki_store *s, const char *cluster, const char *server, const char *cn, const char *org,
	int days, struct secret *out, struct error *err)
{
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = {
		.cn = cn, .org = org, .client = true, .not_before = now - 3600, .not_after = now + days * INT64_C(86400)
	};

	return pki_kubeconfig_make(s, cluster, server, &spec, true, out, err);
}

int pki_kubeconfig_client(const char *text, struct str *out)
{
	const char *data = strstr(text, CLIENT);

	if (!data)
		return -1;
	data += strlen(CLIENT);
	return str_add_unbase64(out, data, strcspn(data, "\r\n"));
}
