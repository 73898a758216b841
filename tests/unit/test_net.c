/* net/ against a TLS server in this process that demands client certificates. */
#include "tests/test.h"
#include "tests/unit/fake_tls.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "net/net.h"
#include "pki/pki.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- certificates ------------------------------------------------------------------------------------------------- */

struct fixture {
	char dir[64];
	struct pki_store *store;
	struct pki_files files;
	struct secret cert, key;
	struct net_identity id;
};

static const char *file_of(const struct fixture *f, const char *path)
{
	for (size_t i = 0; i < f->files.count; i++)
		if (strcmp(f->files.list[i].path, path) == 0)
			return f->files.list[i].content.text;
	return "";
}

static void remove_tree(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command))
		printf("# cannot remove %s\n", dir);
}

static void set_up(struct fixture *f)
{
	static const char *const more[] = { "127.0.0.1", "localhost" };
	struct pki_node n = { .cluster = "t",
		.name = "cp1",
		.address = "10.0.0.11",
		.endpoint = "10.0.0.100",
		.port = 6443,
		.bind_port = 6443,
		.service_ip = "10.96.0.1",
		.dns_domain = "cluster.local",
		.more_sans = more,
		.more_san_count = 2,
		.admin_org = "system:masters",
		.days = 2 };
	struct error err = { 0 };
	char store[96];

	signal(SIGPIPE, SIG_IGN);
	net_init();
	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(f->dir))
		exit(2);
	snprintf(store, sizeof(store), "%s/pki", f->dir);
	f->store = pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	if (!f->store || pki_control_plane_files(f->store, &n, &f->files, &err) ||
		pki_client_certificate(
			f->store, PKI_ISSUER_CLUSTER, "kubewright", "system:masters", 600, &f->cert, &f->key, &err)) {
		printf("# %s\n", err.what);
		exit(2);
	}
	f->id = (struct net_identity){ pki_store_pem(f->store, PKI_CA_CRT), f->cert.text, f->key.text };
}

static void tear_down(struct fixture *f)
{
	secret_release(&f->cert);
	secret_release(&f->key);
	pki_files_release(&f->files);
	pki_store_free(f->store);
	remove_tree(f->dir);
}

/* given < 0: the server listens on a port of its own. */
static void serve(struct fake_tls *s, const struct fixture *f, int given)
{
	fake_tls_start(s, file_of(f, "/etc/kubernetes/pki/apiserver.crt"),
		file_of(f, "/etc/kubernetes/pki/apiserver.key"), f->id.ca_pem, given);
}

/* ---- requests ------------------------------------------------------------------------------------------------------ */

static void get(struct net_client *c, const char *path, struct error *err)
{
	struct json *j;

	memset(err, 0, sizeof(*err));
	j = net_json(c, "GET", path, NULL, NULL, NULL, err);
	CHECK(j == NULL);
	json_free(j);
}

static void test_mutual_tls(void)
{
	struct fake_tls s = { 0 };
	struct fixture f;
	struct error err = { 0 };
	struct net_client *c;
	struct json *j, *body = json_object();
	long status = 0;

	set_up(&f);
	/* proxies of the environment are for downloads only */
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	serve(&s, &f, -1);
	c = net_client_new(fake_tls_url(&s, "https", ""), &f.id, -1, NULL);
	j = net_json(c, "GET", "/version", NULL, NULL, &status, &err);
	CHECK_STR(json_get_str(j, "gitVersion", NULL), "v1.36.2");
	CHECK_INT(status, 200);
	CHECK_STR(s.peer, "kubewright");
	json_free(j);
	json_set_str(body, "a", "b");
	j = net_json(c, "PATCH", "/version", "application/merge-patch+json", body, &status, &err);
	CHECK(j != NULL);
	CHECK_STR(s.method, "PATCH");
	CHECK_STR(s.type, "application/merge-patch+json");
	CHECK_STR(s.body, "{\"a\":\"b\"}");
	json_free(j);
	j = net_json(c, "POST", "/version", NULL, NULL, NULL, &err);
	CHECK(j != NULL);
	CHECK_STR(s.method, "POST");
	CHECK_STR(s.body, "");
	json_free(j);
	j = net_json(c, "GET", "/empty", NULL, NULL, NULL, &err);
	CHECK(j != NULL);
	json_free(j);
	CHECK_INT(s.connections, 1);
	CHECK_INT(err.kind, ERROR_NONE);
	net_client_free(c);
	fake_tls_stop(&s);
	json_free(body);
	tear_down(&f);
}

static void test_refusals(void)
{
	struct fake_tls s = { 0 };
	struct fixture f, other;
	struct error err;
	struct net_identity id;
	struct net_client *c;
	char base[64];

	set_up(&f);
	set_up(&other);
	serve(&s, &f, -1);
	snprintf(base, sizeof(base), "%s", fake_tls_url(&s, "https", ""));

	id = (struct net_identity){ other.id.ca_pem, f.id.cert_pem, f.id.key_pem };
	c = net_client_new(base, &id, -1, NULL);
	get(c, "/version", &err);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK(strstr(err.what, "certificate of https://127.0.0.1") && strstr(err.hint, "another CA"));
	net_client_free(c);

	id = (struct net_identity){ f.id.ca_pem, other.id.cert_pem, other.id.key_pem };
	c = net_client_new(base, &id, -1, NULL);
	get(c, "/version", &err);
	CHECK(strstr(err.hint, "client certificate") != NULL);
	net_client_free(c);

	id = (struct net_identity){ f.id.ca_pem, NULL, NULL };
	c = net_client_new(base, &id, -1, NULL);
	get(c, "/version", &err);
	CHECK(strstr(err.hint, "client certificate") != NULL);
	net_client_free(c);

	CHECK_INT(s.requests, 0);
	fake_tls_stop(&s);
	tear_down(&f);
	tear_down(&other);
}

static void test_names(void)
{
	struct fake_tls s = { 0 };
	struct fixture f;
	struct error err = { 0 };
	struct net_client *c;
	struct json *j;
	char to[64];

	set_up(&f);
	serve(&s, &f, -1);
	snprintf(to, sizeof(to), "127.0.0.1:%d", s.port);
	/* the endpoint's name is verified, whichever control plane is dialled */
	c = net_client_new("https://10.0.0.100:6443", &f.id, -1, to);
	j = net_json(c, "GET", "/version", NULL, NULL, NULL, &err);
	CHECK(j != NULL);
	CHECK_STR(err.what, "");
	json_free(j);
	net_client_free(c);
	c = net_client_new("https://10.0.0.99:6443", &f.id, -1, to);
	get(c, "/version", &err);
	CHECK(strstr(err.hint, "does not name this address") != NULL);
	net_client_free(c);
	c = net_client_new("https://elsewhere.example:6443", &f.id, -1, to);
	get(c, "/version", &err);
	CHECK(strstr(err.hint, "does not name this address") != NULL);
	net_client_free(c);
	fake_tls_stop(&s);
	tear_down(&f);
}

static void test_refused_and_slow(void)
{
	struct fake_tls s = { 0 };
	struct fixture f;
	struct error err = { 0 };
	struct net_response r = { 0, STR_INIT };
	struct net_client *c;
	char base[64];
	int64_t start;

	set_up(&f);
	serve(&s, &f, -1);
	snprintf(base, sizeof(base), "%s", fake_tls_url(&s, "https", ""));
	c = net_client_new(base, &f.id, -1, NULL);
	start = clock_mono_ms();
	CHECK_INT(net_do(c, &(struct net_request){ .path = "/hang", .timeout_ms = 300 }, &r, &err), -1);
	CHECK(clock_mono_ms() - start < 5000);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK(strstr(err.what, "time-out") && strstr(err.what, "0.3 s"));
	net_client_free(c);
	fake_tls_stop(&s);
	c = net_client_new(base, &f.id, -1, NULL);
	get(c, "/version", &err);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK(strstr(err.what, "cannot connect") && strstr(err.what, "refused"));
	net_client_free(c);
	str_release(&r.body);
	tear_down(&f);
}

static void test_answers(void)
{
	struct fake_tls s = { 0 };
	struct fixture f;
	struct error err = { 0 };
	struct net_response r = { 0, STR_INIT };
	struct net_client *c;
	long status = 0;

	set_up(&f);
	serve(&s, &f, -1);
	c = net_client_new(fake_tls_url(&s, "https", ""), &f.id, -1, NULL);
	CHECK_INT(net_do(c, &(struct net_request){ .path = "/forbidden" }, &r, &err), 0);
	CHECK_INT(r.status, 403);
	CHECK(net_json(c, "GET", "/forbidden?long=query", NULL, NULL, &status, &err) == NULL);
	CHECK_INT(status, 403);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK(str_starts(err.what, "GET /forbidden: nodes is forbidden: ") && strstr(err.what, "HTTP 403"));
	/* nothing from a server can steer the terminal */
	CHECK(!strchr(err.what, '\033') && !strstr(err.what, "query"));
	get(c, "/page", &err);
	CHECK_STR(err.what, "GET /page: <html> (HTTP 502)");
	get(c, "/bad", &err);
	CHECK_INT(err.kind, ERROR_PROTOCOL);
	CHECK(strstr(err.what, "not JSON") != NULL);
	CHECK_INT(s.connections, 1);
	get(c, "/short", &err);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK(strstr(err.what, "ended before") != NULL);
	CHECK_INT(net_do(c, &(struct net_request){ .path = "/huge", .max = 200000 }, &r, &err), 0);
	CHECK_INT(r.body.len, 200000);
	CHECK_INT(net_do(c, &(struct net_request){ .path = "/huge", .max = 199999 }, &r, &err), -1);
	CHECK(strstr(err.what, "larger than 199999 bytes") != NULL);
	net_client_free(c);
	fake_tls_stop(&s);
	str_release(&r.body);
	tear_down(&f);
}

/* ---- a given connection -------------------------------------------------------------------------------------------- */

static void test_given_socket(void)
{
	struct fake_tls s = { 0 };
	struct fixture f;
	struct error err = { 0 };
	struct net_response r = { 0, STR_INIT };
	struct net_client *c;
	int fd[2];

	set_up(&f);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		exit(2);
	serve(&s, &f, fd[1]);
	/* a name that no resolver knows: it is verified, not looked up */
	c = net_client_new("https://kubernetes.default.svc:6443", &f.id, fd[0], NULL);
	for (int i = 0; i < 5; i++)
		CHECK_INT(net_do(c, &(struct net_request){ .path = i % 2 ? "/forbidden" : "/version" }, &r, &err), 0);
	CHECK_INT(s.requests, 5);
	CHECK_INT(s.connections, 1);
	CHECK_INT(net_do(c, &(struct net_request){ .path = "/close" }, &r, &err), 0);
	CHECK_INT(err.kind, ERROR_NONE);
	CHECK_INT(net_do(c, &(struct net_request){ .path = "/version" }, &r, &err), -1);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK(strstr(err.what, "the server closed the connection") != NULL);
	net_client_free(c);
	CHECK(fcntl(fd[0], F_GETFD) >= 0);
	CHECK_INT(fcntl(fd[0], F_GETFL) & O_NONBLOCK, 0);
	close(fd[0]);
	fake_tls_stop(&s);
	str_release(&r.body);
	tear_down(&f);
}

static void test_given_socket_dead(void)
{
	struct fixture f;
	struct error err = { 0 };
	struct net_client *c;
	int fd[2];

	set_up(&f);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		exit(2);
	close(fd[1]);
	c = net_client_new("https://127.0.0.1:6443", &f.id, fd[0], NULL);
	get(c, "/version", &err);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK(err.what[0] != '\0');
	net_client_free(c);
	close(fd[0]);
	tear_down(&f);
}

/* The other side takes nothing any more: the request ends by its time, and so does the client. */
static void test_given_socket_stalled(void)
{
	static const char block[4096];
	struct fixture f;
	struct error err = { 0 };
	struct net_response r = { 0, STR_INIT };
	struct net_client *c;
	int64_t start = clock_mono_ms();
	int fd[2];

	set_up(&f);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		exit(2);
	while (send(fd[0], block, sizeof(block), MSG_DONTWAIT) > 0)
		continue;
	c = net_client_new("https://127.0.0.1:6443", &f.id, fd[0], NULL);
	CHECK_INT(net_do(c, &(struct net_request){ .path = "/version", .timeout_ms = 200 }, &r, &err), -1);
	CHECK(strstr(err.what, "time-out") != NULL);
	net_client_free(c);
	CHECK(clock_mono_ms() - start < 10000);
	close(fd[0]);
	close(fd[1]);
	str_release(&r.body);
	tear_down(&f);
}

/* ---- downloads ----------------------------------------------------------------------------------------------------- */

static bool at_once(void *asked)
{
	++*(int *)asked;
	return true;
}

static void test_download(void)
{
	struct fake_tls s = { 0 };
	struct error err = { 0 };
	struct str out = STR_INIT;
	char sum[65], url[128];

	signal(SIGPIPE, SIG_IGN);
	net_init();
	unsetenv("http_proxy");
	fake_tls_start(&s, NULL, NULL, NULL, -1);
	snprintf(url, sizeof(url), "%s", fake_tls_url(&s, "http", "/version"));
	pki_sha256_hex("{\"gitVersion\":\"v1.36.2\"}", 24, sum);
	CHECK_INT(net_download(url, sum, 24, NULL, &out, &err), 0);
	CHECK_STR(out.buf, "{\"gitVersion\":\"v1.36.2\"}");
	str_clear(&out);
	CHECK_INT(net_download(url, sum, 23, NULL, &out, &err), -1);
	CHECK(strstr(err.what, "larger than 23 bytes") != NULL);
	CHECK_INT(net_download(url, NULL, 100, NULL, &out, &err), -1);
	CHECK(strstr(err.what, "without a sha256") != NULL);
	sum[0] = sum[0] == '0' ? '1' : '0';
	CHECK_INT(net_download(url, sum, 100, NULL, &out, &err), -1);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK(strstr(err.what, "not the expected content") && strstr(err.what, sum));
	CHECK_INT(net_download(fake_tls_url(&s, "http", "/nothing"), sum, 100, NULL, &out, &err), -1);
	CHECK(strstr(err.what, "HTTP 404") != NULL);
	CHECK_INT(net_download(fake_tls_url(&s, "http", "/short"), sum, 100, NULL, &out, &err), -1);
	CHECK(strstr(err.what, "ended before") != NULL);
	CHECK_INT(net_download("file:///etc/passwd", sum, 100000, NULL, &out, &err), -1);
	CHECK_INT(out.len, 0);
	int asked = 0;
	CHECK_INT(net_fetch_index(url, 24, &(struct net_stop){ at_once, &asked }, &out, &err), -1);
	CHECK_INT(err.kind, ERROR_CANCELLED);
	CHECK(asked == 1 && out.len == 0);
	/* an index may come over plain http, and has no digest */
	CHECK_INT(net_fetch_index(fake_tls_url(&s, "http", "/nothing"), 100, NULL, &out, &err), -1);
	CHECK_INT(net_fetch_index(url, 23, NULL, &out, &err), -1);
	CHECK_INT(net_fetch_index("file:///etc/passwd", 100000, NULL, &out, &err), -1);
	CHECK_INT(out.len, 0);
	CHECK_INT(net_fetch_index(url, 24, NULL, &out, &err), 0);
	CHECK_STR(out.buf, "{\"gitVersion\":\"v1.36.2\"}");
	fake_tls_stop(&s);
	str_release(&out);
}

/* ---- etcd ---------------------------------------------------------------------------------------------------------- */

static void test_etcd(void)
{
	struct fake_tls s = { 0 };
	struct fixture f;
	struct error err = { 0 };
	struct net_etcd_member list[4];
	struct net_etcd_status status;
	struct net_etcd_alarm alarms[2];
	struct net_etcd_read at;
	struct net_client *c;

	set_up(&f);
	serve(&s, &f, -1);
	c = net_client_new(fake_tls_url(&s, "https", ""), &f.id, -1, NULL);
	for (int old = 0; old < 2; old++) {
		s.old_etcd = old;
		CHECK_INT(net_etcd_members(c, list, 4, &err), 2);
		CHECK_STR(list[0].id, "12345678901234567890");
		CHECK_STR(list[0].name, "cp1");
		CHECK_STR(list[0].client_url, "https://10.0.0.11:2379");
		CHECK(!list[0].learner && list[1].learner);
		CHECK_STR(list[1].id, "42");
		CHECK_STR(list[1].name, "");
		CHECK_STR(list[1].peer_url, "https://10.0.0.12:2380");
	}
	CHECK_INT(net_etcd_members(c, list, 1, &err), 1);
	CHECK_INT(err.kind, ERROR_NONE);
	CHECK_INT(net_etcd_status(c, &status, &err), 0);
	CHECK_STR(status.member_id, "12345678901234567890");
	CHECK_STR(status.leader_id, "42");
	CHECK_STR(status.version, "3.5.1");
	CHECK_INT(status.db_size, 20480);
	CHECK_INT(status.db_in_use, 8192);
	CHECK_INT(status.db_quota, 0);
	CHECK_INT(status.raft_index, 12);
	CHECK_INT(status.raft_applied, 11);
	CHECK_INT(net_etcd_alarms(c, alarms, 2, &err), 2);
	CHECK_STR(s.body, "{\"action\":\"GET\"}");
	CHECK_STR(alarms[0].name, "NOSPACE");
	CHECK_STR(alarms[0].member_id, "9372538179322589801");
	CHECK_STR(alarms[1].name, "CORRUPT");
	CHECK_INT(net_etcd_alarms(c, alarms, 1, &err), 1);
	CHECK_INT(net_etcd_disarm(c, &alarms[0], &err), 0);
	CHECK_STR(s.body, "{\"action\":\"DEACTIVATE\",\"memberID\":\"9372538179322589801\",\"alarm\":\"NOSPACE\"}");
	CHECK_INT(net_etcd_read(c, &at, &err), 0);
	CHECK_STR(at.cluster_id, "17");
	CHECK_INT(at.revision, 321);
	s.old_etcd = false;
	CHECK_INT(net_etcd_defragment(c, 5000, &err), 0);
	s.old_etcd = true;
	CHECK_INT(net_etcd_defragment(c, 5000, &err), -1);
	CHECK(strstr(err.what, "no space left on device") != NULL);
	memset(&err, 0, sizeof(err));
	CHECK_INT(net_etcd_member_remove(c, "42", &err), 0);
	CHECK_INT(net_etcd_member_remove(c, "43", &err), -1);
	CHECK(strstr(err.what, "member not found") != NULL);
	net_client_free(c);
	fake_tls_stop(&s);
	tear_down(&f);
}

static const struct test tests[] = {
	{ "mutual TLS, methods, one connection", test_mutual_tls },
	{ "wrong CA, wrong or no client certificate", test_refusals },
	{ "the name is verified, not the address dialled", test_names },
	{ "refused and slow", test_refused_and_slow },
	{ "statuses, broken and huge answers", test_answers },
	{ "many requests over a given socket", test_given_socket },
	{ "a given socket that is dead", test_given_socket_dead },
	{ "a given socket that takes nothing", test_given_socket_stalled },
	{ "download", test_download },
	{ "etcd", test_etcd },
};

TEST_MAIN(tests)
