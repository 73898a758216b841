/*
 * A small HTTPS server in a thread of the test, which demands client certificates: the API server's and etcd's manners,
 * good and bad, by path. Without a certificate it speaks plain HTTP.
 */
#ifndef TESTS_UNIT_FAKE_TLS_H
#define TESTS_UNIT_FAKE_TLS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct ssl_ctx_st;

struct str;
/* Answers one request: appends the body to out and returns the status. The server's thread. */
typedef int fake_tls_answer_fn(void *ctx, const char *method, const char *path, const char *body, struct str *out);

struct fake_tls {
	fake_tls_answer_fn *answer; /* NULL: the answers that are in here */
	void *answer_ctx;
	int listener, port; /* -1: the one connection is given */
	int given;
	bool old_etcd; /* refuses words that etcd 3.4 does not know */
	struct ssl_ctx_st *ctx; /* one that was made before is lent, and the PEM texts below are not read */
	bool lent;
	pthread_t thread;
	/* what was seen: counts, and of the last request and its client */
	atomic_int connections, requests;
	char peer[128], method[16], type[128], body[32768];
};

/* given >= 0: serves this connected socket (and closes it) instead of a port of its own. */
void fake_tls_start(struct fake_tls *s, const char *cert_pem, const char *key_pem, const char *ca_pem, int given);
/* What a server with these shows and demands; for SSL_CTX_free. Making one takes longer than an exchange. */
struct ssl_ctx_st *fake_tls_context(const char *cert_pem, const char *key_pem, const char *ca_pem);
void fake_tls_stop(struct fake_tls *s);
/* In a static buffer. */
const char *fake_tls_url(const struct fake_tls *s, const char *scheme, const char *path);

#endif
