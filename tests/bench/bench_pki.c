/* The PKI of a new cluster: a store with its CAs, and all that three control planes get. bench_pki FOLDER ROUNDS */
#include "base/error.h"
#include "pki/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int cluster(const char *dir, struct error *err)
{
	static const char *const names[] = { "cp1", "cp2", "cp3" };
	static const char *const addresses[] = { "10.0.0.11", "10.0.0.12", "10.0.0.13" };
	static const char *const sans[] = { "127.0.0.1", "localhost", "10.0.0.11", "cp1", "10.0.0.12", "cp2",
		"10.0.0.13", "cp3" };
	struct pki_store *store = pki_store_create(dir, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, err);
	int rc = store ? 0 : -1;

	for (int i = 0; rc == 0 && i < 3; i++) {
		const struct pki_node node = { .cluster = "bench",
			.name = names[i],
			.address = addresses[i],
			.endpoint = "10.0.0.100",
			.port = 6443,
			.bind_port = 6443,
			.service_ip = "10.96.0.1",
			.dns_domain = "cluster.local",
			.more_sans = sans,
			.more_san_count = sizeof(sans) / sizeof(sans[0]),
			.admin_org = "kubeadm:cluster-admins",
			.super_admin = i == 0,
			.days = 365 };
		struct pki_files files = { 0 };

		rc = pki_control_plane_files(store, &node, &files, err);
		pki_files_release(&files);
	}
	pki_store_free(store);
	return rc;
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[2]) : 0;
	struct error err = { 0 };
	double begin = now();
	char dir[512];

	if (rounds < 1)
		return fprintf(stderr, "usage: bench_pki FOLDER ROUNDS\n"), 2;
	for (int i = 0; i < rounds; i++) {
		snprintf(dir, sizeof(dir), "%s/%d", argv[1], i);
		if (cluster(dir, &err))
			return fprintf(stderr, "%s\n", err.what), 1;
	}
	printf("%.3f\n", (now() - begin) / rounds);
	return 0;
}
