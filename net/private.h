/* Private to net/: libcurl's types stay behind this header; nothing outside this folder includes it. */
#ifndef NET_PRIVATE_H
#define NET_PRIVATE_H

#include "net/net.h"

#include <curl/curl.h>

/* Where an answer goes; more than max bytes end the transfer. */
struct net_sink {
	struct str *out;
	size_t max;
	bool full;
};
/* A CURLOPT_WRITEFUNCTION with a struct net_sink. */
size_t net_sink_write(char *data, size_t size, size_t n, void *ctx);

/*
 * net_do with the answer's body going to write (a CURLOPT_WRITEFUNCTION) and ctx as it comes. stall_ms > 0: instead of
 * a limit to the whole, the transfer may stand still that long. When write itself gave up, err is left to the caller: 1
 * is returned.
 */
int net_perform(struct net_client *c, const struct net_request *q, int64_t stall_ms, curl_write_callback write,
	void *ctx, long *status, struct error *err);

/*
 * Sets ERROR_NET for a transfer that gave no answer: what failed in the field's words, a hint where there is one.
 * where: the URL or server for the text; buffer: the handle's CURLOPT_ERRORBUFFER. Returns -1.
 */
int net_explain(struct error *err, CURL *curl, CURLcode code, const char *where, const char *buffer,
	int64_t timeout_ms);

/* Adds the message of an error document (Kubernetes Status, etcd gateway), or the text itself: cut, printable. */
void net_message(const struct str *body, struct str *out);

/* etcd's alarms: the path, and the body that only asks for them; where keys are read. */
#define NET_ETCD_ALARMS "/v3/maintenance/alarm"
#define NET_ETCD_RANGE "/v3/kv/range"
#define NET_ETCD_ALARMS_GET "{\"action\":\"GET\"}"

/*
 * A thread that passes bytes between fd (the caller's, kept open until freed) and the one connection to a Unix socket
 * at path. NULL with errno when there are no descriptors, threads or room for it.
 */
struct net_relay;
struct net_relay *net_relay_new(int fd);
/* The socket's, to be connected to; lent. */
const char *net_relay_path(const struct net_relay *r);
void net_relay_free(struct net_relay *r);

#endif
