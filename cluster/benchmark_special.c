/* Items of the benchmark that no single flag answers. */
#include "cluster/benchmark_private.h"

#include "base/str.h"

#include <string.h>

#define CLUSTER_CA "/etc/kubernetes/pki/ca.crt"
#define ETCD_CA "/etc/kubernetes/pki/etcd/ca.crt"

static const struct benchmark_rule encrypts = {
	.where = "kube-apiserver", .name = "encryption-provider-config", .op = OP_SET
};

/* By what Secrets are written: the first provider of each rule. */
enum benchmark_answer benchmark_providers(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	static const char *const fine[] = { "aescbc", "secretbox", "kms" };
	const char *said = adopt_said(&h->said, "providers");
	enum benchmark_answer set = benchmark_flag(&encrypts, h, seen);
	bool all = true;

	(void)rule;
	if (set != BENCHMARK_YES)
		return set;
	str_clear(seen);
	if (!*said) {
		str_add(seen, "the file of encryption providers could not be read");
		return BENCHMARK_UNSEEN;
	}
	str_addf(seen, "written by %.100s", said);
	for (const char *p = said; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
		bool known = false;

		for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
			known = known || (strcspn(p, " ") == strlen(fine[i]) && str_starts(p, fine[i]));
		all = all && known;
	}
	return all ? BENCHMARK_YES : BENCHMARK_NO;
}

/* Whether etcd trusts another CA than the API server: by the names of their files, then by what is in them. */
enum benchmark_answer benchmark_etcd_ca(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	static const struct benchmark_rule trusts = { .where = "etcd", .name = "trusted-ca-file", .op = OP_SET };
	const char *ca = adopt_flag(&h->said, "etcd", "trusted-ca-file"),
		   *clients = adopt_flag(&h->said, "kube-apiserver", "client-ca-file");
	enum benchmark_answer set = benchmark_flag(&trusts, h, seen);
	const char *said = adopt_said(&h->said, "etcd_ca");

	(void)rule;
	if (set != BENCHMARK_YES)
		return set;
	if (ca && clients && strcmp(ca, clients) == 0)
		return str_add(seen, ", which the API server trusts its clients by"), BENCHMARK_NO;
	if (!ca || !clients || strcmp(ca, ETCD_CA) != 0 || strcmp(clients, CLUSTER_CA) != 0 || !*said) {
		str_add(seen, "; it could not be compared with the cluster's CA");
		return BENCHMARK_UNSEEN;
	}
	if (strcmp(said, "other") == 0)
		return BENCHMARK_YES;
	str_add(seen, ", which holds the cluster's CA");
	return BENCHMARK_NO;
}

static const struct benchmark_rule bootstraps = {
	.name = "serverTLSBootstrap", .op = OP_IS, .value = "true", .built_in = "false"
};

/* A certificate of the cluster's CA, or one of the operator's: not one that the kubelet signs itself. */
enum benchmark_answer benchmark_serving(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	static const struct benchmark_rule files[] = {
		{ .name = "tlsCertFile", .flag = "tls-cert-file", .op = OP_SET },
		{ .name = "tlsPrivateKeyFile", .flag = "tls-private-key-file", .op = OP_SET },
	};
	enum benchmark_answer asks = benchmark_kubelet(&bootstraps, h, seen);

	(void)rule;
	if (asks != BENCHMARK_NO)
		return asks;
	str_add(seen, ", ");
	for (size_t i = 0; i < 2; i++) {
		enum benchmark_answer has = benchmark_kubelet(&files[i], h, seen);

		if (has != BENCHMARK_YES)
			return has;
		str_add(seen, i ? "" : ", ");
	}
	return BENCHMARK_YES;
}

enum benchmark_answer benchmark_rotates(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	static const struct benchmark_rule gates[] = {
		{ .name = "featureGates.RotateKubeletServerCertificate",
			.op = OP_IS,
			.value = "true",
			.built_in = "true" },
		{ .flag = "feature-gates", .op = OP_LACKS, .value = "RotateKubeletServerCertificate=false" },
	};
	enum benchmark_answer asks = benchmark_kubelet(&bootstraps, h, seen);

	(void)rule;
	for (size_t i = 0; asks == BENCHMARK_YES && i < 2; i++) {
		str_add(seen, ", ");
		asks = benchmark_kubelet(&gates[i], h, seen);
	}
	return asks;
}

/* Addresses as ss shows them: "127.0.0.1:10249", "[::1]:10249", "*:10249". */
enum benchmark_answer benchmark_proxy(
	const struct benchmark_rule *rule, const struct benchmark_host *h, struct str *seen)
{
	const char *said = adopt_said(&h->said, "proxy_listens");
	bool here = true;

	(void)rule;
	if (!*said || strcmp(said, "none") == 0) {
		str_addf(seen, "%s", *said ? "kube-proxy does not listen at port 10249" : "its port was not looked at");
		return BENCHMARK_UNSEEN;
	}
	if (strcmp(said, "absent") == 0)
		return str_add(seen, "no kube-proxy runs here"), BENCHMARK_NONE;
	for (const char *p = said; *p; p += strcspn(p, " "), p += strspn(p, " "))
		here = here && (str_starts(p, "127.") || str_starts(p, "[::1]:") || str_starts(p, "[::ffff:127."));
	str_addf(seen, "it listens at %.100s", said);
	return here ? BENCHMARK_YES : BENCHMARK_NO;
}
