/* A real API server over TLS, and one connection to it as world_api makes one; beside health_rack.h. */
#ifndef TESTS_UNIT_API_CALL_H
#define TESTS_UNIT_API_CALL_H

#include "tests/unit/fake_tls.h"
#include "tests/unit/health_rack.h"

static struct error why; /* of the last call */

/* Calls fn with a client of a server that says what answer does. */
static inline int api_call(fake_tls_answer_fn *answer, void *answer_ctx,
	int (*fn)(struct net_client *c, void *ctx, struct error *err), void *l)
{
	static const char *const more[] = { "127.0.0.1" };
	struct pki_node n = { .cluster = "rack7",
		.name = "cp1",
		.address = "10.0.0.11",
		.endpoint = "10.0.0.100",
		.port = 6443,
		.bind_port = 6443,
		.service_ip = "10.96.0.1",
		.dns_domain = "cluster.local",
		.more_sans = more,
		.more_san_count = 1,
		.admin_org = "system:masters",
		.days = 2 };
	struct fake_tls server = { .answer = answer, .answer_ctx = answer_ctx };
	struct secret cert = { 0 }, key = { 0 };
	struct pki_files files = { 0 };
	struct error err = { 0 };
	const char *crt = NULL, *own_key = NULL;
	struct net_client *c;
	int rc;

	CHECK_INT(pki_control_plane_files(store, &n, &files, &err), 0);
	CHECK_INT(pki_client_certificate(
			  store, PKI_ISSUER_CLUSTER, "kubewright", "system:masters", 600, &cert, &key, &err),
		0);
	for (size_t i = 0; i < files.count; i++) {
		if (strcmp(files.list[i].path, "/etc/kubernetes/pki/apiserver.crt") == 0)
			crt = files.list[i].content.text;
		if (strcmp(files.list[i].path, "/etc/kubernetes/pki/apiserver.key") == 0)
			own_key = files.list[i].content.text;
	}
	fake_tls_start(&server, crt, own_key, pki_store_pem(store, PKI_CA_CRT), -1);
	c = net_client_new(fake_tls_url(&server, "https", ""),
		&(struct net_identity){ pki_store_pem(store, PKI_CA_CRT), cert.text, key.text }, -1, NULL);
	rc = fn(c, l, &err);
	why = err;
	net_client_free(c);
	fake_tls_stop(&server);
	pki_files_release(&files);
	secret_release(&cert);
	secret_release(&key);
	return rc;
}

#endif
