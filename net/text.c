#include "net/private.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

#define MESSAGE_MAX 300

size_t net_sink_write(char *data, size_t size, size_t n, void *ctx)
{
	struct net_sink *sink = ctx;

	if (size * n > sink->max - sink->out->len) {
		sink->full = true;
		return 0;
	}
	str_addn(sink->out, data, size * n);
	return size * n;
}

void net_message(const struct str *body, struct str *out)
{
	struct json *j = json_parse(body->buf, body->len, NULL);
	const char *text = json_get_str(j, "message", NULL);
	size_t n, end;

	if (!text)
		text = json_get_str(j, "error", NULL);
	if (!text && !j)
		text = body->buf;
	text = text ? text : "";
	n = strlen(text);
	end = n > MESSAGE_MAX ? MESSAGE_MAX : n;
	/* one line: what follows the first is an HTML page or a list of checks */
	end = strcspn(text, "\r\n") < end ? strcspn(text, "\r\n") : end;
	str_add_printable(out, text, end);
	json_free(j);
}

static int explain_connect(struct error *err, CURL *curl, const char *where, const char *buffer)
{
	long errnum = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &errnum);
	if (errnum)
		return error_errno(err, ERROR_NET, (int)errnum, "cannot connect to %s", where);
	return error_set(err, ERROR_NET, "cannot connect to %s%s%s", where, *buffer ? ": " : "", buffer);
}

static int explain_certificate(struct error *err, const char *where, const char *buffer)
{
	error_set(err, ERROR_NET, "the certificate of %s was refused: %s", where,
		*buffer ? buffer : "verification failed");
	if (strstr(buffer, "expired") || strstr(buffer, "not yet valid"))
		return error_hint(err, "compare the clocks of both machines and the dates of the certificate");
	if (strstr(buffer, "subject name"))
		return error_hint(err, "the server's certificate does not name this address");
	return error_hint(err,
		"the server has a certificate of another CA: it belongs to another cluster, or a proxy is in between");
}

static bool alert_about_us(const char *buffer)
{
	return strstr(buffer, "alert") && (strstr(buffer, "certificate") || strstr(buffer, "unknown ca"));
}

int net_explain(struct error *err, CURL *curl, CURLcode code, const char *where, const char *buffer, int64_t timeout_ms)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT: return explain_connect(err, curl, where, buffer);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return error_set(err, ERROR_NET, "cannot find the address of %s: %s", where,
			*buffer ? buffer : curl_easy_strerror(code));
	case CURLE_OPERATION_TIMEDOUT:
		if (timeout_ms)
			return error_set(err, ERROR_NET, "%s: time-out, no complete answer within %g s", where,
				(double)timeout_ms / 1000);
		return error_set(err, ERROR_NET, "%s: time-out: %s", where, buffer);
	case CURLE_PEER_FAILED_VERIFICATION: return explain_certificate(err, where, buffer);
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
		return error_set(err, ERROR_NET, "%s: the connection ended before the answer was complete", where);
	default:
		error_set(err, ERROR_NET, "%s: %s", where, *buffer ? buffer : curl_easy_strerror(code));
		if (alert_about_us(buffer))
			error_hint(err,
				"the server does not accept our client certificate: its CA is not the one in the key store");
		return -1;
	}
}
