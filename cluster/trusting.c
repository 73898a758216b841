#include "cluster/trusting.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/certs.h"
#include "pki/pki.h"

#include <stdio.h>
#include <string.h>

/* ---- since when --------------------------------------------------------------------------------------------------- */

/* Of the nth of a text; "": it has no such one. */
static void sum_of(const char *pem, size_t nth, char sum[65])
{
	struct arena arena = { 0 };
	struct pki_cert *list;
	size_t left_out;
	int n = pki_certs_read(pem, strlen(pem), nth + 1, &arena, &list, &left_out, NULL);

	snprintf(sum, 65, "%s", n > (int)nth ? list[nth].info.sha256 : "");
	arena_release(&arena);
}

/* The one that signs stands first: the new one since it does. */
static void sum_in(const struct pki_store *store, bool new, char sum[65])
{
	enum pki_phase phase = pki_store_phase(store, PKI_ISSUER_CLUSTER);

	*sum = '\0';
	if (phase != PKI_PHASE_ONE)
		sum_of(pki_store_pem(store, PKI_CA_CRT), new == (phase == PKI_PHASE_BOTH), sum);
}

void trusting_new(const struct pki_store *store, char sum[65])
{
	sum_in(store, true, sum);
}

static int64_t noted(const struct json *own, const struct pki_store *store, const char *what)
{
	const char *text = json_get_str(json_get(own, "data"), TRUSTING_NOTE, "");
	struct json *note = json_parse(text, strlen(text), NULL);
	int64_t since = 0;
	char sum[65];

	trusting_new(store, sum);
	if (*sum && strcmp(json_get_str(note, "ca", ""), sum) == 0)
		since = clock_seconds(json_get_str(note, what, ""));
	json_free(note);
	return since;
}

int64_t trusting_since(const struct json *own, const struct pki_store *store)
{
	return noted(own, store, "since");
}

int64_t trusting_signs(const struct json *own, const struct pki_store *store)
{
	return noted(own, store, "signs");
}

/* ---- who trusts the earlier one alone ------------------------------------------------------------------------------- */

static void add_name(char *names, size_t size, unsigned nth, const char *before, const char *between, const char *name)
{
	size_t n = strlen(names);

	if (nth <= TRUSTING_NAMED)
		snprintf(names + n, size - n, "%s%.60s%s%.60s", n ? ", " : "", before, between, name);
}

/* Whether it is given the cluster's CA: with its token, or in old versions in a Secret with it. */
static bool is_told(const struct json *pod)
{
	const struct json *volumes = json_get(pod, "spec.volumes");

	for (size_t v = 0; v < json_size(volumes); v++) {
		const struct json *volume = json_at(volumes, v), *sources = json_get(volume, "projected.sources");

		if (strstr(json_get_str(volume, "secret.secretName", ""), "-token-"))
			return true;
		for (size_t s = 0; s < json_size(sources); s++)
			if (strcmp(json_get_str(json_at(sources, s), "configMap.name", ""), "kube-root-ca.crt") == 0)
				return true;
	}
	return false;
}

static bool is_over(const struct json *pod)
{
	const char *phase = json_get_str(pod, "status.phase", "");

	return strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
}

/* When the first of its containers started that still run, those beside it that never end too; of what does not run, and reads it when it does: 0. */
static int64_t runs_since(const struct json *pod)
{
	static const char *const lists[] = { "status.containerStatuses", "status.initContainerStatuses" };
	int64_t first = 0;

	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
		const struct json *list = json_get(pod, lists[l]);

		for (size_t i = 0; i < json_size(list); i++) {
			int64_t at = clock_seconds(json_get_str(json_at(list, i), "state.running.startedAt", ""));

			if (at && (!first || at < first))
				first = at;
		}
	}
	return first;
}

void trusting_add_pods(struct trusting *t, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *pod = json_at(items, i);
		int64_t since = runs_since(pod);

		if (is_over(pod) || !is_told(pod) || !since || since >= t->since_s)
			continue;
		add_name(t->pod_names, sizeof(t->pod_names), ++t->pods, json_get_str(pod, "metadata.namespace", ""),
			"/", json_get_str(pod, "metadata.name", ""));
	}
}

static bool holds(const struct pki_cert *list, int count, const char *sum)
{
	for (int i = 0; i < count; i++)
		if (*sum && strcmp(list[i].info.sha256, sum) == 0)
			return true;
	return false;
}

/* A caBundle with the earlier one, and not the new one. */
static bool is_earlier(const struct pki_store *store, const char *bundle)
{
	struct arena arena = { 0 };
	struct str pem = STR_INIT;
	struct pki_cert *list;
	char new[65], old[65];
	size_t left_out;
	bool earlier = false;
	int n;

	sum_in(store, true, new);
	sum_in(store, false, old);
	if (*bundle && str_add_unbase64(&pem, bundle, strlen(bundle)) == 0 && pem.len) {
		n = pki_certs_read(pem.buf, pem.len, CERTS_IN_FILE, &arena, &list, &left_out, NULL);
		earlier = holds(list, n, old) && !holds(list, n, new);
	}
	arena_release(&arena);
	str_release(&pem);
	return earlier;
}

/* Where it stands differs: in each webhook, at an APIService itself, in the conversion of a CustomResourceDefinition. */
static bool has_earlier(const struct pki_store *store, const struct json *o)
{
	const struct json *hooks = json_get(o, "webhooks");

	for (size_t i = 0; i < json_size(hooks); i++)
		if (is_earlier(store, json_get_str(json_at(hooks, i), "clientConfig.caBundle", "")))
			return true;
	return is_earlier(store, json_get_str(o, "spec.caBundle", "")) ||
	       is_earlier(store, json_get_str(o, "spec.conversion.webhook.clientConfig.caBundle", ""));
}

void trusting_add_bundles(struct trusting *t, const struct pki_store *store, const char *kind, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	for (size_t i = 0; i < json_size(items); i++)
		if (has_earlier(store, json_at(items, i)))
			add_name(t->bundle_names, sizeof(t->bundle_names), ++t->bundles, kind, " ",
				json_get_str(json_at(items, i), "metadata.name", ""));
}

/* ---- what would fail ------------------------------------------------------------------------------------------------ */

void trusting_breaks(const struct trusting *t, char *what, size_t size, char *hint, size_t hint_size)
{
	*what = *hint = '\0';
	if (!t->asked) {
		snprintf(what, size, "who still trusts it alone is not known: %s", t->unknown);
		snprintf(hint, hint_size, "run the same command again when the API server answers");
	} else if (t->bundles) {
		snprintf(what, size, "%u caBundle%s hold%s it and not the new one: %s%s", t->bundles,
			t->bundles == 1 ? "" : "s", t->bundles == 1 ? "s" : "", t->bundle_names,
			t->bundles > TRUSTING_NAMED ? ", …" : "");
		snprintf(hint, hint_size,
			"give those servers certificates of the new CA, and put it into their caBundle");
	} else if (t->pods) {
		snprintf(what, size, "%u pod%s may trust it alone, as they started before they had the new one: %s%s",
			t->pods, t->pods == 1 ? "" : "s", t->pod_names, t->pods > TRUSTING_NAMED ? ", …" : "");
		snprintf(hint, hint_size,
			"restart them: 'kubectl -n NAMESPACE rollout restart daemonset,deployment,statefulset'");
	}
}
