#include "tests/unit/fake_tls.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn {
	SSL *ssl;
	int fd;
};

static int conn_read(struct conn *c, char *buf, int n)
{
	return c->ssl ? SSL_read(c->ssl, buf, n) : (int)read(c->fd, buf, (size_t)n);
}

static void conn_write(struct conn *c, const char *data, size_t n)
{
	if (c->ssl) {
		if (SSL_write(c->ssl, data, (int)n) <= 0)
			ERR_clear_error();
	} else if (write(c->fd, data, n) < 0) {
		return;
	}
}

static void reply(struct conn *c, int status, const char *body)
{
	char head[256];

	snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		status, strlen(body));
	conn_write(c, head, strlen(head));
	conn_write(c, body, strlen(body));
}

static void reply_etcd(struct fake_tls *s, struct conn *c, const char *path)
{
	if (strcmp(path, "/v3/cluster/member/list") == 0 && s->old_etcd && strstr(s->body, "linearizable"))
		reply(c, 400, "{\"error\":\"unknown field\",\"code\":3}");
	else if (strcmp(path, "/v3/cluster/member/list") == 0)
		reply(c, 200,
			"{\"header\":{\"cluster_id\":\"1\"},\"members\":["
			"{\"ID\":\"12345678901234567890\",\"name\":\"cp1\",\"peerURLs\":[\"https://10.0.0.11:2380\"],"
			"\"clientURLs\":[\"https://10.0.0.11:2379\"]},"
			"{\"ID\":\"42\",\"peerURLs\":[\"https://10.0.0.12:2380\"],\"isLearner\":true}]}");
	else if (strcmp(path, "/v3/maintenance/alarm") == 0)
		reply(c, 200,
			"{\"header\":{},\"alarms\":[{\"memberID\":\"9372538179322589801\",\"alarm\":\"NOSPACE\"},{\"memberID\":\"5\",\"alarm\":\"CORRUPT\"}]}");
	else if (strcmp(path, "/v3/kv/range") == 0)
		reply(c, 200, "{\"header\":{\"cluster_id\":\"17\",\"revision\":\"321\"}}");
	else if (strcmp(path, "/v3/maintenance/defragment") == 0 && s->old_etcd)
		reply(c, 500, "{\"error\":\"no space left on device\",\"code\":2}");
	else if (strcmp(path, "/v3/maintenance/defragment") == 0)
		reply(c, 200, "{\"header\":{}}");
	else if (strcmp(path, "/v3/maintenance/status") == 0)
		reply(c, 200,
			"{\"header\":{\"member_id\":\"12345678901234567890\",\"raft_term\":\"2\"},\"version\":\"3.5.1\",\"dbSize\":\"20480\",\"dbSizeInUse\":\"8192\","
			"\"leader\":\"42\",\"raftIndex\":\"12\",\"raftTerm\":\"2\",\"raftAppliedIndex\":\"11\"}");
	else if (strstr(s->body, "\"42\""))
		reply(c, 200, "{\"header\":{},\"members\":[]}");
	else
		reply(c, 404,
			"{\"error\":\"etcdserver: member not found\",\"code\":5,\"message\":\"etcdserver: member not found\"}");
}

/* Returns whether the connection continues. */
static bool answer(struct fake_tls *s, struct conn *c, const char *path)
{
	static char huge[200001];
	char byte;

	if (str_starts(path, "/v3/")) {
		reply_etcd(s, c, path);
	} else if (strcmp(path, "/version") == 0) {
		reply(c, 200, "{\"gitVersion\":\"v1.36.2\"}");
	} else if (str_starts(path, "/forbidden")) {
		reply(c, 403,
			"{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"nodes is forbidden: \\u001b[31mno\",\"reason\":\"Forbidden\",\"code\":403}");
	} else if (strcmp(path, "/page") == 0) {
		reply(c, 502, "<html>\nBad gateway</html>");
	} else if (strcmp(path, "/bad") == 0) {
		reply(c, 200, "{\"a\":");
	} else if (strcmp(path, "/empty") == 0) {
		reply(c, 200, "");
	} else if (strcmp(path, "/huge") == 0) {
		memset(huge, 'x', sizeof(huge) - 1);
		reply(c, 200, huge);
	} else if (strcmp(path, "/short") == 0) {
		conn_write(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789", 50);
		return false;
	} else if (strcmp(path, "/hang") == 0) {
		return conn_read(c, &byte, 1) > 0;
	} else if (strcmp(path, "/close") == 0) {
		reply(c, 200, "{}");
		return false;
	} else {
		reply(c, 404, "{\"kind\":\"Status\",\"message\":\"not found\",\"code\":404}");
	}
	return true;
}

static bool own_answer(struct fake_tls *s, struct conn *c, const char *path)
{
	struct str out = STR_INIT;
	int status = s->answer(s->answer_ctx, s->method, path, s->body, &out);

	reply(c, status, out.buf ? out.buf : "");
	str_release(&out);
	return true;
}

static bool serve_one(struct fake_tls *s, struct conn *c)
{
	char in[32768];
	char path[256] = "", *end = NULL, *p;
	size_t n = 0, want = 0;

	memset(in, 0, sizeof(in));
	while (!end || n < (size_t)(end - in) + want) {
		int got = conn_read(c, in + n, (int)(sizeof(in) - 1 - n));

		if (got <= 0)
			return false;
		n += (size_t)got;
		if (!end && (end = strstr(in, "\r\n\r\n"))) {
			end += 4;
			p = strcasestr(in, "content-length:");
			want = p ? strtoul(p + 15, NULL, 10) : 0;
		}
	}
	s->requests++;
	sscanf(in, "%15s %255s", s->method, path);
	snprintf(s->body, sizeof(s->body), "%s", end);
	p = strcasestr(in, "content-type: ");
	snprintf(s->type, sizeof(s->type), "%.*s", p ? (int)strcspn(p + 14, "\r") : 0, p ? p + 14 : "");
	return s->answer ? own_answer(s, c, path) : answer(s, c, path);
}

static void serve(struct fake_tls *s, int fd)
{
	struct conn c = { NULL, fd };
	char rest[512];

	s->connections++;
	if (s->ctx) {
		c.ssl = SSL_new(s->ctx);
		SSL_set_fd(c.ssl, fd);
	}
	if (!c.ssl || SSL_accept(c.ssl) == 1) {
		X509 *peer = c.ssl ? SSL_get1_peer_certificate(c.ssl) : NULL;

		if (peer)
			X509_NAME_get_text_by_NID(
				X509_get_subject_name(peer), NID_commonName, s->peer, sizeof(s->peer));
		X509_free(peer);
		while (serve_one(s, &c))
			continue;
		if (c.ssl)
			SSL_shutdown(c.ssl);
	}
	ERR_clear_error();
	/* closing with bytes unread would be a reset, and the client might lose what was said last */
	shutdown(fd, SHUT_WR);
	while (read(fd, rest, sizeof(rest)) > 0)
		continue;
	SSL_free(c.ssl);
	close(fd);
}

static void *run(void *arg)
{
	struct fake_tls *s = arg;
	int fd;

	if (s->listener < 0)
		serve(s, s->given);
	else
		while ((fd = accept(s->listener, NULL, NULL)) >= 0)
			serve(s, fd);
	return NULL;
}

struct ssl_ctx_st *fake_tls_context(const char *cert_pem, const char *key_pem, const char *ca_pem)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO *cert = BIO_new_mem_buf(cert_pem, -1), *key = BIO_new_mem_buf(key_pem, -1),
	    *ca = BIO_new_mem_buf(ca_pem, -1);
	X509 *x = PEM_read_bio_X509(cert, NULL, NULL, NULL), *trust;
	EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

	/* OpenSSL decodes extensions at their first use, which would be several threads' at once */
	if (X509_check_purpose(x, -1, 0) != 1)
		abort();
	if (SSL_CTX_use_certificate(ctx, x) != 1 || SSL_CTX_use_PrivateKey(ctx, k) != 1)
		abort();
	/* while a CA is rotated there are two */
	while ((trust = PEM_read_bio_X509(ca, NULL, NULL, NULL)) != NULL) {
		if (X509_check_purpose(trust, -1, 0) != 1)
			abort();
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), trust);
		X509_free(trust);
	}
	ERR_clear_error();
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_free(x);
	EVP_PKEY_free(k);
	BIO_free(cert);
	BIO_free(key);
	BIO_free(ca);
	return ctx;
}

void fake_tls_start(struct fake_tls *s, const char *cert_pem, const char *key_pem, const char *ca_pem, int given)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(a);

	s->listener = -1;
	s->given = given;
	s->lent = s->ctx != NULL;
	if (!s->lent)
		s->ctx = cert_pem ? fake_tls_context(cert_pem, key_pem, ca_pem) : NULL;
	if (given < 0) {
		s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(s->listener, (struct sockaddr *)&a, n) || listen(s->listener, 8) ||
			getsockname(s->listener, (struct sockaddr *)&a, &n))
			abort();
		s->port = ntohs(a.sin_port);
	}
	if (pthread_create(&s->thread, NULL, run, s))
		abort();
}

void fake_tls_stop(struct fake_tls *s)
{
	if (s->listener >= 0)
		shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	if (s->listener >= 0)
		close(s->listener);
	if (!s->lent)
		SSL_CTX_free(s->ctx);
}

const char *fake_tls_url(const struct fake_tls *s, const char *scheme, const char *path)
{
	static char url[160];

	snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", scheme, s->port, path);
	return url;
}
