/* How Secrets lie in etcd, and the steps in which that changes: encryption.h. */
#include "cluster/encryption.h"

#include "base/error.h"
#include "base/str.h"
#include "pki/pki.h"

#include <stdio.h>
#include <string.h>

#define BEGINS "/etc/kubernetes/kubewright/secrets-"
#define ENDS ".yaml"
#define ID 12 /* hex digits */

void encryption_only(const char *by, struct encryption *out)
{
	*out = (struct encryption){ .count = 1 };
	snprintf(out->by[0], sizeof(out->by[0]), "%s", by);
}

static bool same(const struct encryption *a, const struct encryption *b)
{
	bool all = a->count == b->count;

	for (size_t i = 0; all && i < a->count; i++)
		all = strcmp(a->by[i], b->by[i]) == 0;
	return all;
}

static bool is_identity(const char *by)
{
	return strcmp(by, ENCRYPTION_IDENTITY) == 0;
}

static size_t place_of(const struct encryption *e, const char *by)
{
	size_t i = 0;

	while (i < e->count && strcmp(e->by[i], by) != 0)
		i++;
	return i;
}

/* ---- the file ------------------------------------------------------------------------------------------------------ */

void encryption_path(const struct encryption *e, char out[ENCRYPTION_PATH])
{
	size_t n = 0;

	out[0] = '\0';
	if (e->count == 0 || (e->count == 1 && is_identity(e->by[0])))
		return;
	for (size_t i = 0; i < e->count; i++)
		n += (size_t)snprintf(out + n, ENCRYPTION_PATH - n, "%s%s", i ? "-" : BEGINS, e->by[i]);
	snprintf(out + n, ENCRYPTION_PATH - n, ENDS);
}

bool encryption_of_path(const char *path, struct encryption *out)
{
	const char *p = path + sizeof(BEGINS) - 1;
	char again[ENCRYPTION_PATH];

	if (!*path)
		return encryption_only(ENCRYPTION_IDENTITY, out), true;
	*out = (struct encryption){ 0 };
	if (!str_starts(path, BEGINS))
		return false;
	while (out->count < ENCRYPTION_MOST) {
		size_t n = strspn(p, "0123456789abcdefinty");
		char *by = out->by[out->count];

		if (n > ID)
			return false;
		snprintf(by, sizeof(out->by[0]), "%.*s", (int)n, p);
		if ((!is_identity(by) && strspn(by, "0123456789abcdef") != ID) || place_of(out, by) < out->count)
			return false;
		out->count++;
		p += n;
		if (*p != '-')
			break;
		p++;
	}
	/* nothing but what would be called so */
	encryption_path(out, again);
	return strcmp(again, path) == 0;
}

const char *encryption_lacks(const struct encryption *e, const struct pki_store *store)
{
	for (size_t i = 0; i < e->count; i++)
		if (!is_identity(e->by[i]) && (!store || !pki_store_secrets_find(store, e->by[i])))
			return e->by[i];
	return NULL;
}

int encryption_text(const struct encryption *e, const struct pki_store *store, struct str *out, struct error *err)
{
	const char *lacks = encryption_lacks(e, store);

	if (lacks)
		return error_set(err, ERROR_PKI, "the key store does not have the key %s of Secrets", lacks);
	str_add(out, "# Written by kubewright: security.encrypt-secrets. The keys are in the cluster's key store.\n"
		     "apiVersion: apiserver.config.k8s.io/v1\n"
		     "kind: EncryptionConfiguration\n"
		     "resources:\n"
		     "- resources: [secrets]\n"
		     "  providers:\n");
	for (size_t i = 0; i < e->count; i++) {
		/* keys that follow one another are one provider's */
		bool first = i == 0 || is_identity(e->by[i - 1]);

		if (is_identity(e->by[i]))
			str_add(out, "  - identity: {}\n");
		else
			str_addf(out, "%s      - {name: kubewright-%s, secret: %s}\n",
				first ? "  - secretbox:\n      keys:\n" : "", e->by[i],
				pki_store_secrets_find(store, e->by[i])->base64);
	}
	return 0;
}

void encryption_prefix(const char *by, char out[64])
{
	out[0] = '\0';
	if (!is_identity(by))
		snprintf(out, 64, "k8s:enc:secretbox:v1:kubewright-%s:", by);
}

/* ---- its changes --------------------------------------------------------------------------------------------------- */

static void add(struct encryption *e, const char *by)
{
	if (e->count < ENCRYPTION_MOST && place_of(e, by) == e->count)
		snprintf(e->by[e->count++], sizeof(e->by[0]), "%s", by);
}

/* What is written by `to` is read everywhere before anybody writes by it, and what others wrote until nothing of theirs is left. */
enum encryption_step encryption_step(const struct encryption *now, const char *to, struct encryption *next)
{
	struct encryption before = *now;
	size_t at = place_of(now, to);

	encryption_only(to, next);
	if (same(now, next))
		return ENCRYPTION_THERE;
	if (at == 0)
		return ENCRYPTION_REWRITE;
	if (at == before.count) {
		*next = before;
		/* never in the place of one that may still be needed: there are no more than three */
		add(next, to);
		return ENCRYPTION_CHANGE;
	}
	/* keys side by side, and what reads as it is after them */
	for (size_t i = 0; i < before.count; i++)
		if (!is_identity(before.by[i]))
			add(next, before.by[i]);
	for (size_t i = 0; i < before.count; i++)
		add(next, before.by[i]);
	return ENCRYPTION_CHANGE;
}
