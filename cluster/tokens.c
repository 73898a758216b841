#include "cluster/tokens.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/rotate.h"
#include "pki/pki.h"

#include <stdio.h>
#include <string.h>

#define HOUR_S 3600
#define DAY_S 86400
/* A kubelet looks at each token about once a minute, the pod's file follows about as late, and so does who reads it. */
#define SETTLES_S (15 * 60)

/* ---- since when --------------------------------------------------------------------------------------------------- */

/* Of the nth public key; "": there is none. */
static void pin_of(const struct pki_store *store, int nth, char *pin, size_t size)
{
	const char *pem = pki_store_pem(store, PKI_SA_PUB);
	struct arena arena = { 0 };
	struct pki_public *keys;
	size_t left_out;
	int n = pki_publics_read(pem, strlen(pem), (size_t)nth + 1, &arena, &keys, &left_out, NULL);

	snprintf(pin, size, "%s", nth < n ? keys[nth].pin : "");
	arena_release(&arena);
}

void tokens_pin(const struct pki_store *store, char *pin, size_t size)
{
	pin_of(store, 0, pin, size);
}

static struct json *note_of(const struct json *own)
{
	const char *text = json_get_str(json_get(own, "data"), TOKENS_NOTE, "");

	return json_parse(text, strlen(text), NULL);
}

bool tokens_earlier_copy(const struct json *own, const struct pki_store *store)
{
	struct json *note = note_of(own);
	const char *noted = json_get_str(note, "key", "");
	char signs[80], other[80];
	bool earlier;

	pin_of(store, 0, signs, sizeof(signs));
	pin_of(store, 1, other, sizeof(other));
	earlier = *noted && strcmp(noted, signs) != 0 &&
		  !(pki_store_phase(store, PKI_ISSUER_TOKENS) == PKI_PHASE_REISSUED && strcmp(noted, other) == 0);
	json_free(note);
	return earlier;
}

int64_t tokens_since(const struct json *own, const struct pki_store *store)
{
	struct json *note = note_of(own);
	char pin[80];
	int64_t since = 0;

	tokens_pin(store, pin, sizeof(pin));
	if (*pin && strcmp(json_get_str(note, "key", ""), pin) == 0)
		since = clock_seconds(json_get_str(note, "since", ""));
	json_free(note);
	return since;
}

bool tokens_elsewhere(const struct json *config, char *what, size_t size)
{
	static const struct rotate_argument arguments[] = {
		{ "apiServer.extraArgs", "kube-apiserver", "service-account-key-file", "/etc/kubernetes/pki/sa.pub" },
		{ "apiServer.extraArgs", "kube-apiserver", "service-account-signing-key-file",
			"/etc/kubernetes/pki/sa.key" },
		{ "controllerManager.extraArgs", "kube-controller-manager", "service-account-private-key-file",
			"/etc/kubernetes/pki/sa.key" },
	};

	return rotate_elsewhere(config, arguments, sizeof(arguments) / sizeof(arguments[0]), what, size);
}

/* ---- who has one from before --------------------------------------------------------------------------------------- */

static void add_name(char *names, size_t size, unsigned nth, const struct json *meta)
{
	size_t n = strlen(names);

	if (nth <= TOKENS_NAMED)
		snprintf(names + n, size - n, "%s%.60s/%.60s", n ? ", " : "", json_get_str(meta, "namespace", ""),
			json_get_str(meta, "name", ""));
}

/* When the controller manager wrote it, which leaves a token that is there as it is. */
static int64_t written(const struct json *meta)
{
	int64_t at = clock_seconds(json_get_str(meta, "creationTimestamp", ""));
	const struct json *fields = json_get(meta, "managedFields");

	for (size_t i = 0; i < json_size(fields); i++) {
		const struct json *f = json_at(fields, i);
		int64_t then = clock_seconds(json_get_str(f, "time", ""));

		if (strcmp(json_get_str(f, "manager", ""), "kube-controller-manager") == 0 && then > at)
			at = then;
	}
	return at;
}

void tokens_add_secrets(struct tokens *t, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *meta = json_get(json_at(items, i), "metadata");

		/* the API server refuses one that nobody has used for long */
		if (written(meta) >= t->since_s ||
			json_member(json_get(meta, "labels"), "kubernetes.io/legacy-token-invalid-since"))
			continue;
		add_name(t->secret_names, sizeof(t->secret_names), ++t->secrets, meta);
	}
}

/* For how long the longest of a pod's tokens is asked for; 0: it has none. */
static int64_t longest(const struct json *pod)
{
	const struct json *volumes = json_get(pod, "spec.volumes");
	int64_t most = 0;

	for (size_t v = 0; v < json_size(volumes); v++) {
		const struct json *sources = json_get(json_at(volumes, v), "projected.sources");

		for (size_t s = 0; s < json_size(sources); s++) {
			const struct json *token = json_get(json_at(sources, s), "serviceAccountToken");
			int64_t seconds = json_get_int(token, "expirationSeconds", HOUR_S);

			if (token && seconds > most)
				most = seconds;
		}
	}
	return most;
}

static bool is_over(const struct json *pod)
{
	const char *phase = json_get_str(pod, "status.phase", "");

	return strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
}

void tokens_add_pods(struct tokens *t, const struct json *list)
{
	const struct json *items = json_get(list, "items");

	for (size_t i = 0; i < json_size(items); i++) {
		const struct json *pod = json_at(items, i), *meta = json_get(pod, "metadata");
		int64_t lives = longest(pod), renewed;

		if (!lives || is_over(pod) || clock_seconds(json_get_str(meta, "creationTimestamp", "")) >= t->since_s)
			continue;
		/* a kubelet renews it when four fifths of its time are over, or after a day */
		lives = lives > DAY_S * 5 / 4 ? DAY_S : lives * 4 / 5;
		renewed = t->since_s + lives + SETTLES_S;
		if (renewed > t->renewed_s)
			t->renewed_s = renewed;
		add_name(t->pod_names, sizeof(t->pod_names), ++t->pods, meta);
	}
}

/* ---- what would fail ------------------------------------------------------------------------------------------------ */

void tokens_breaks(const struct tokens *t, char *what, size_t size, char *hint, size_t hint_size)
{
	char when[32];

	*what = *hint = '\0';
	if (!t->asked) {
		snprintf(what, size, "who still uses tokens of it is not known: %s", t->unknown);
		snprintf(hint, hint_size, "run the same command again when the API server answers");
	} else if (t->secrets) {
		snprintf(what, size, "%u Secret%s hold%s a token that it has signed: %s%s", t->secrets,
			t->secrets == 1 ? "" : "s", t->secrets == 1 ? "s" : "", t->secret_names,
			t->secrets > TOKENS_NAMED ? ", …" : "");
		snprintf(hint, hint_size,
			"delete those that nobody uses; where the field data.token of one is removed, the controller manager writes a new one, and the copies of the old one end at once");
	} else if (t->renewed_s > t->now_s) {
		clock_rfc3339(t->renewed_s * 1000, when, sizeof(when));
		snprintf(what, size, "%u pod%s may still use a token that it has signed: %s%s", t->pods,
			t->pods == 1 ? "" : "s", t->pod_names, t->pods > TOKENS_NAMED ? ", …" : "");
		snprintf(
			hint, hint_size, "their kubelets have renewed it by %s: run the same command again then", when);
	}
}
