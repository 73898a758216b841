/* Snapshots out of etcd's JSON gateway: whole ones, and everything that a stream can come as. */
#include "tests/test.h"
#include "tests/unit/fake_tls.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "net/net.h"
#include "pki/pki.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA 150000

/* What the gateway says, and how. */
struct gateway {
	struct str body;
	int status;
	long long size; /* of the database, as the member says; 0: the right one */
};

static char dir[64], path[96];
static struct pki_store *store;
static struct pki_files files;
static struct secret cert, key;
static unsigned char data[DATA + 32]; /* a database and its digest */

static const char *file_of(const char *name)
{
	for (size_t i = 0; i < files.count; i++)
		if (strcmp(files.list[i].path, name) == 0)
			return files.list[i].content.text;
	return "";
}

static void set_up(void)
{
	static const char *const more[] = { "127.0.0.1" };
	struct pki_node n = { .cluster = "t",
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
	struct pki_sha256 *sum = pki_sha256_new();
	struct error err = { 0 };
	char pki[96];

	signal(SIGPIPE, SIG_IGN);
	net_init();
	strcpy(dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	snprintf(pki, sizeof(pki), "%s/pki", dir);
	snprintf(path, sizeof(path), "%s/out.db", dir);
	store = pki_store_create(pki, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	if (!store || pki_control_plane_files(store, &n, &files, &err) ||
		pki_client_certificate(
			store, PKI_ISSUER_CLUSTER, "kubewright", "system:masters", 600, &cert, &key, &err))
		exit(2);
	for (size_t i = 0; i < DATA; i++)
		data[i] = (unsigned char)(i * 7 + i / 251);
	pki_sha256_add(sum, data, DATA);
	pki_sha256_end(sum, data + DATA);
}

static void tear_down(void)
{
	char command[96];

	pki_files_release(&files);
	secret_release(&cert);
	secret_release(&key);
	pki_store_free(store);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command))
		printf("# cannot remove %s\n", dir);
}

static int say(void *ctx, const char *method, const char *where, const char *body, struct str *out)
{
	struct gateway *g = ctx;

	CHECK_STR(method, "POST");
	if (strcmp(where, "/v3/cluster/member/list") == 0)
		return str_add(out, g->body.buf), 200;
	if (strcmp(where, "/v3/maintenance/status") == 0)
		return str_addf(out, "{\"header\":{\"member_id\":\"7\"},\"version\":\"3.5.0\",\"dbSize\":\"%lld\"}",
			       g->size ? g->size : (long long)sizeof(data)),
		       200;
	CHECK_STR(where, "/v3/maintenance/snapshot");
	CHECK_STR(body, "{}");
	str_addn(out, g->body.buf, g->body.len);
	return g->status;
}

/* As etcd does: pieces of n bytes, the digest alone at the end. */
static void stream(struct str *out, size_t n)
{
	for (size_t at = 0; at < sizeof(data);) {
		size_t len = at + n > DATA ? (at < DATA ? DATA - at : 32) : n;

		str_add(out, "{\"result\":{\"header\":{\"cluster_id\":\"1\"}");
		if (at + len < DATA)
			str_addf(out, ",\"remaining_bytes\":\"%zu\"", DATA - at - len);
		str_add(out, ",\"blob\":\"");
		str_add_base64(out, data + at, len);
		str_add(out, "\"}}\n");
		at += len;
	}
}

static int fetch(struct gateway *g, struct net_snapshot *info, struct error *err)
{
	struct fake_tls s = { .answer = say, .answer_ctx = g };
	struct net_identity id = { pki_store_pem(store, PKI_CA_CRT), cert.text, key.text };
	struct net_client *c;
	int rc;

	fake_tls_start(&s, file_of("/etc/kubernetes/pki/apiserver.crt"), file_of("/etc/kubernetes/pki/apiserver.key"),
		id.ca_pem, -1);
	c = net_client_new(fake_tls_url(&s, "https", ""), &id, -1, NULL);
	rc = net_etcd_snapshot(c, path, info, err);
	net_client_free(c);
	fake_tls_stop(&s);
	return rc;
}

/* Nothing is left in the folder but the keys. */
static void nothing_left(void)
{
	char command[160];

	CHECK(access(path, F_OK) != 0);
	snprintf(command, sizeof(command), "[ -z \"$(ls '%s' | grep -v '^pki$')\" ]", dir);
	CHECK_INT(system(command), 0);
}

static void test_whole(void)
{
	static const size_t pieces[] = { 32768, 1000, 31, DATA };
	struct gateway g = { STR_INIT, 200, 0 };
	struct net_snapshot info, again;
	struct error err = { 0 };
	struct str got = STR_INIT;
	struct stat st;
	char sum[65];

	set_up();
	pki_sha256_hex(data, sizeof(data), sum);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		str_clear(&g.body);
		str_clear(&got);
		stream(&g.body, pieces[i]);
		if (!CHECK_INT(fetch(&g, &info, &err), 0))
			printf("# %s\n", err.what);
		CHECK_INT(info.size, (int64_t)sizeof(data));
		CHECK_STR(info.sha256, sum);
		CHECK_INT(file_read(path, 1u << 20, &got, &err), 0);
		CHECK(got.len == sizeof(data) && memcmp(got.buf, data, sizeof(data)) == 0);
		CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
		CHECK_INT(net_snapshot_check(path, &again, &err), 0);
		CHECK_STR(again.sha256, sum);
		/* what is there stays */
		CHECK_INT(fetch(&g, &info, &err), -1);
		CHECK_INT(err.kind, ERROR_SYSTEM);
		CHECK_INT(net_snapshot_check(path, &again, &err), 0);
		unlink(path);
	}
	str_release(&g.body);
	str_release(&got);
	tear_down();
}

/* One byte of the file changed, or some missing: never taken for a snapshot. */
static void test_not_whole(void)
{
	struct net_snapshot info;
	struct error err = { 0 };
	static const size_t sizes[] = { 0, 1, 31, 32, 33, DATA, sizeof(data) - 1 };

	set_up();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECK_INT(file_write(path, data, sizes[i], 0600, &err), 0);
		CHECK_INT(net_snapshot_check(path, &info, &err), -1);
		CHECK(strstr(err.what, "is damaged") && *err.hint);
	}
	for (size_t at = 0; at < sizeof(data); at += 9973) {
		data[at] ^= 1;
		CHECK_INT(file_write(path, data, sizeof(data), 0600, &err), 0);
		CHECK_INT(net_snapshot_check(path, &info, &err), -1);
		data[at] ^= 1;
	}
	CHECK_INT(net_snapshot_check("/nonexistent", &info, &err), -1);
	CHECK_INT(err.kind, ERROR_SYSTEM);
	tear_down();
}

static const struct {
	int status;
	const char *body, *says;
} bad[] = {
	{ 200, "", "ended early" },
	{ 200, "\n\n\n", "ended early" },
	{ 200, "{\"result\":{\"remaining_bytes\":\"7\",\"blob\":\"AAAA\"}}\n", "7 bytes are missing" },
	{ 200, "{\"result\":{\"blob\":\"AAAA\"}}\n", "is damaged" },
	{ 200, "{\"result\":{\"blob\":\"!!!!\"}}\n", "not base64" },
	{ 200, "{\"result\":{\"blob\":\"AAA\"}}\n", "not base64" },
	{ 200, "{\"result\":{\"remaining_bytes\":\"1099511627776\",\"blob\":\"AAAA\"}}\n", "larger" },
	{ 200, "{\"result\":{\"remaining_bytes\":\"-5\",\"blob\":\"AAAA\"}}\n", "has not the length" },
	{ 200, "{\"result\":{\"remaining_bytes\":\"9\",\"blob\":\"AAAA\"}}\n{\"result\":{\"remaining_bytes\":\"9\",\"blob\":\"AAAA\"}}\n",
		"has not the length" },
	{ 200, "{\"result\":{\"blob\":7}}\n", "is damaged" },
	{ 200, "{\"result\":{}}\n", "is damaged" },
	{ 200, "{\"result\":[]}\n", "refuses a snapshot" },
	{ 200, "{\"result\"", "not JSON" },
	{ 200, "<html>\n", "not JSON" },
	{ 200, "{\"result\":{\"blob\":\"AAAA\",\"remaining_bytes\":\"5\"}}\n{\"error\":{\"grpc_code\":13,\"message\":\"etcdserver: \\u001b[31mstopped\"}}\n",
		"etcdserver: " },
	{ 503, "{\"error\":\"etcdserver: not ready\",\"message\":\"etcdserver: not ready\",\"code\":14}\n",
		"etcdserver: not ready" },
	{ 403, "", "HTTP 403" },
};

static void test_bad(void)
{
	struct net_snapshot info;

	set_up();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gateway g = { STR_INIT, bad[i].status, 0 };
		struct error err = { 0 };

		str_add(&g.body, bad[i].body);
		CHECK_INT(fetch(&g, &info, &err), -1);
		if (!CHECK(strstr(err.what, bad[i].says) && !strchr(err.what, '\033')))
			printf("# row %zu: %s\n", i, err.what);
		nothing_left();
		str_release(&g.body);
	}
	tear_down();
}

/* A line without an end must not fill the memory. */
static void test_endless(void)
{
	struct gateway g = { STR_INIT, 200, 0 };
	struct net_snapshot info;
	struct error err = { 0 };

	set_up();
	str_add(&g.body, "{\"result\":{\"blob\":\"");
	for (int i = 0; i < (9 << 20) / 64; i++)
		str_add(&g.body, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	CHECK_INT(fetch(&g, &info, &err), -1);
	CHECK(strstr(err.what, "larger than") != NULL);
	nothing_left();
	str_release(&g.body);
	tear_down();
}

/* Pieces that never bring the end nearer: only so much is written, whatever the member says of its database. */
static void test_grows(void)
{
	struct gateway g = { STR_INIT, 200, 0 };
	struct net_snapshot info;
	struct error err = { 0 };
	struct str blob = STR_INIT;

	set_up();
	str_add_base64(&blob, data, 98304);
	/* says 0 remains in each: the first sets no bound but the database's */
	for (int i = 0; i < 1000; i++)
		str_addf(&g.body, "{\"result\":{\"blob\":\"%s\"}}\n", blob.buf);
	CHECK_INT(fetch(&g, &info, &err), -1);
	CHECK(strstr(err.what, "has not the length") && *err.hint);
	nothing_left();
	/* more than this disk has */
	g.size = 1LL << 50;
	CHECK_INT(fetch(&g, &info, &err), -1);
	CHECK(strstr(err.what, "not enough space for a snapshot") && *err.hint);
	nothing_left();
	str_release(&blob);
	str_release(&g.body);
	tear_down();
}

/* What a member calls itself is text on one line. */
static void test_names(void)
{
	struct gateway g = { STR_INIT, 200, 0 };
	struct fake_tls s = { .answer = say, .answer_ctx = &g };
	struct net_etcd_member list[2];
	struct net_client *c;
	struct error err = { 0 };

	set_up();
	str_add(&g.body, "{\"members\":[{\"ID\":\"7\",\"name\":\"a\\u001b[2J\\u009b31m\xe2\x80\xae\\nb\","
			 "\"peerURLs\":[\"https://1.2.3.4:2380\\u001b]0;x\\u0007\"]}]}");
	fake_tls_start(&s, file_of("/etc/kubernetes/pki/apiserver.crt"), file_of("/etc/kubernetes/pki/apiserver.key"),
		pki_store_pem(store, PKI_CA_CRT), -1);
	c = net_client_new(fake_tls_url(&s, "https", ""),
		&(struct net_identity){ pki_store_pem(store, PKI_CA_CRT), cert.text, key.text }, -1, NULL);
	CHECK_INT(net_etcd_members_known(c, list, 2, &err), 1);
	CHECK_STR(list[0].name, "a31m b");
	CHECK_STR(list[0].peer_url, "https://1.2.3.4:2380");
	net_client_free(c);
	fake_tls_stop(&s);
	str_release(&g.body);
	tear_down();
}

/* Good streams with something wrong in them, by a fixed chance: never a file that is not the data, whatever it is. */
static void test_mutated(void)
{
	uint64_t seed = 20261126;

	set_up();
	for (int i = 0; i < 60; i++) {
		struct gateway g = { STR_INIT, 200, 0 };
		struct net_snapshot info, again;
		struct error err = { 0 };

		stream(&g.body, 32768);
		for (int k = 0; k < 3; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			size_t at = (size_t)(seed >> 33) % g.body.len;

			if (k == 2 && i % 3 == 0)
				str_truncate(&g.body, at);
			else if (k < 1 || i % 2)
				g.body.buf[at] = (char)(seed >> 25);
		}
		if (fetch(&g, &info, &err) == 0) {
			/* it hit what does not matter, such as the header */
			CHECK_INT(net_snapshot_check(path, &again, &err), 0);
			CHECK_INT(again.size, (int64_t)sizeof(data));
			unlink(path);
		} else {
			CHECK(err.what[0] != '\0');
		}
		nothing_left();
		str_release(&g.body);
	}
	tear_down();
}

static const struct test tests[] = {
	{ "whole, in pieces of any size", test_whole },
	{ "a file that is not a snapshot", test_not_whole },
	{ "answers that are none", test_bad },
	{ "a line without an end", test_endless },
	{ "a stream without an end", test_grows },
	{ "names of members", test_names },
	{ "mutated streams", test_mutated },
};
TEST_MAIN(tests)
