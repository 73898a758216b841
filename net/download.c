#include "net/private.h"

#include "base/alloc.h"
#include "base/error.h"
#include "pki/pki.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_MS 15000
/* A transfer slower than this for that long is dead, and one that takes longer than all of them together. */
#define SLOW_BYTES 4096
#define SLOW_SECONDS 30
#define TOTAL_SECONDS 600
#define REDIRECTS 5

/* Without a digest only TLS says that the content is the right one, also behind a redirect. */
static int check_scheme(const char *url, const char *sha256, struct error *err)
{
	if (str_starts(url, "https://") || (sha256 && str_starts(url, "http://")))
		return 0;
	if (str_starts(url, "http://")) {
		error_set(err, ERROR_NET, "'%s' is not downloaded: plain http without a sha256 cannot be trusted", url);
		return error_hint(err, "use https, or set the sha256 of the content");
	}
	return error_set(err, ERROR_NET, "'%s' is not an https URL", url);
}

/* Where curl(1) looks for a site's own CAs too. */
static const char *own_bundle(void)
{
	const char *path = getenv("CURL_CA_BUNDLE");

	if (!path || !*path)
		path = getenv("SSL_CERT_FILE");
	return path && *path ? path : NULL;
}

static int ask_stop(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	const struct net_stop *stop = ctx;

	(void)total;
	(void)now;
	(void)up_total;
	(void)up_now;
	return stop->wanted(stop->ctx) ? 1 : 0;
}

static void set_options(CURL *curl, const char *url, const char *protocols, struct net_sink *sink, char *error)
{
	const char *bundle = own_bundle();

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TOTAL_SECONDS);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "kubewright");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, net_sink_write);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
	if (bundle)
		curl_easy_setopt(curl, CURLOPT_CAINFO, bundle);
}

static int check_digest(const char *url, const char *sha256, const struct str *got, struct error *err)
{
	char sum[65];

	pki_sha256_hex(got->buf, got->len, sum);
	if (strcasecmp(sum, sha256) == 0)
		return 0;
	error_set(err, ERROR_NET, "'%s' is not the expected content: its sha256 is %s, not %s", url, sum, sha256);
	return error_hint(err, "the file at the URL has changed, or the sha256 is that of another file");
}

static int fetch(const char *url, const char *protocols, size_t max, const struct net_stop *stop, struct str *out,
	struct error *err)
{
	struct net_sink sink = { out, max, false };
	char error[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code;
	long status = 0;
	int rc = -1;

	if (!curl)
		die_oom();
	set_options(curl, url, protocols, &sink, error);
	if (stop) {
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, ask_stop);
		curl_easy_setopt(curl, CURLOPT_XFERINFODATA, stop);
	}
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		error_set(err, ERROR_CANCELLED, "the download of '%s' was cancelled", url);
	else if (code != CURLE_OK && sink.full)
		error_set(err, ERROR_NET, "'%s' is larger than %zu bytes", url, max);
	else if (code != CURLE_OK)
		net_explain(err, curl, code, url, error, 0);
	else if (status != 200)
		error_set(err, ERROR_NET, "cannot fetch '%s': HTTP %ld", url, status);
	else
		rc = 0;
	curl_easy_cleanup(curl);
	return rc;
}

int net_download(const char *url, const char *sha256, size_t max, const struct net_stop *stop, struct str *out,
	struct error *err)
{
	struct str got = STR_INIT;
	int rc = check_scheme(url, sha256, err);

	if (rc == 0)
		rc = fetch(url, sha256 ? "http,https" : "https", max, stop, &got, err);
	if (rc == 0 && sha256)
		rc = check_digest(url, sha256, &got, err);
	if (rc == 0)
		str_addn(out, got.buf, got.len);
	str_release(&got);
	return rc;
}

int net_fetch_index(const char *url, size_t max, const struct net_stop *stop, struct str *out, struct error *err)
{
	struct str got = STR_INIT;
	bool plain = str_starts(url, "http://");
	int rc;

	if (!plain && !str_starts(url, "https://"))
		return error_set(err, ERROR_NET, "'%s' is neither an http nor an https URL", url);
	rc = fetch(url, plain ? "http,https" : "https", max, stop, &got, err);
	if (rc == 0)
		str_addn(out, got.buf, got.len);
	str_release(&got);
	return rc;
}
