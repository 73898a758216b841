/* The operator's secrets: from the environment, or asked once each. */
#include "cli/run.h"

#include "base/alloc.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <stdlib.h>
#include <string.h>

/* One secret serves all hosts that mean the same: same field, same user or file. */
struct wanted {
	const char *field; /* "ssh.sudo" */
	const char *what;  /* "sudo password" */
	const char *whose; /* user or file */
	const struct inventory_secret *source;
};
struct known {
	struct wanted w;
	struct secret value;
	struct known *next;
};

static bool same(const struct wanted *a, const struct wanted *b)
{
	if (a->source->source != b->source->source || strcmp(a->field, b->field) != 0)
		return false;
	if (a->source->source == INVENTORY_SECRET_ENV)
		return strcmp(a->source->env, b->source->env) == 0;
	return strcmp(a->whose, b->whose) == 0;
}

static int from_environment(const struct wanted *w, struct secret *out, struct error *err)
{
	const char *text = getenv(w->source->env);

	if (!text || !*text) {
		error_set(err, ERROR_USAGE, "the environment variable %s, which %s names, is not set", w->source->env,
			w->field);
		return error_hint(
			err, "set it to the %s of %s, or change %s in the inventory", w->what, w->whose, w->field);
	}
	secret_set(out, text, strlen(text));
	return 0;
}

static bool can_ask(const struct cli_run *r)
{
	return r->options->ask || cli_can_ask();
}

static int ask(const struct cli_run *r, const char *prompt, struct secret *out, struct error *err)
{
	return r->options->ask ? r->options->ask(r->options->ask_ctx, prompt, out, err)
			       : cli_ask_secret(prompt, out, err);
}

static int from_person(const struct cli_run *r, const struct wanted *w, struct secret *out, struct error *err)
{
	char prompt[256];

	if (!can_ask(r)) {
		error_set(err, ERROR_USAGE, "the %s of %s must be typed, and there is no terminal", w->what, w->whose);
		return error_hint(err, "name an environment variable that holds it: --set %s=env:NAME", w->field);
	}
	snprintf(prompt, sizeof(prompt), "%s of %s: ", w->what, w->whose);
	return ask(r, prompt, out, err);
}

/* The value is lent; it lives as long as the list. NULL and err set, or NULL and err untouched when the source is none. */
static const struct secret *fetch(struct cli_run *r, struct known **list, const struct wanted *w, struct error *err)
{
	struct known *k;

	if (w->source->source == INVENTORY_SECRET_NONE)
		return NULL;
	for (k = *list; k; k = k->next)
		if (same(&k->w, w))
			return &k->value;
	k = xcalloc(1, sizeof(*k));
	k->w = *w;
	if (w->source->source == INVENTORY_SECRET_ENV ? from_environment(w, &k->value, err)
						      : from_person(r, w, &k->value, err)) {
		free(k);
		return NULL;
	}
	k->next = *list;
	*list = k;
	mask_add(r->mask, k->value.text);
	return &k->value;
}

static int copy(struct cli_run *r, struct known **list, const struct wanted *w, struct secret *out, struct error *err)
{
	const struct secret *s = fetch(r, list, w, err);

	if (s)
		secret_set(out, s->text, s->len);
	return s || w->source->source == INVENTORY_SECRET_NONE ? 0 : -1;
}

/* An encrypted key without a word about its passphrase: the agent may have it; else it is asked for. */
static int load_key(struct cli_run *r, struct known **list, const struct inventory_ssh *ssh, struct error *err)
{
	static const struct inventory_secret ask = { INVENTORY_SECRET_ASK, NULL };
	struct wanted w = { "ssh.passphrase", "passphrase", ssh->key, &ssh->passphrase };
	int encrypted = remote_keys_encrypted(ssh->key, err);
	const struct secret *phrase;

	if (encrypted < 0)
		return error_hint(err, "ssh.key of the inventory names it");
	if (encrypted && ssh->passphrase.source == INVENTORY_SECRET_NONE) {
		if (ssh->agent && (getenv("SSH_AUTH_SOCK") || !can_ask(r)))
			return 0;
		w.source = &ask;
	}
	if (!encrypted)
		return remote_keys_load(r->keys, ssh->key, NULL, err);
	phrase = fetch(r, list, &w, err);
	return phrase ? remote_keys_load(r->keys, ssh->key, phrase->text, err) : -1;
}

/* What is to be typed twice, as nothing could open it after a slip. */
static int ask_again(const struct cli_run *r, const char *what, const struct secret *first, struct error *err)
{
	struct secret again = { 0 };
	char prompt[256];
	int rc;

	snprintf(prompt, sizeof(prompt), "again, for the %s: ", what);
	rc = ask(r, prompt, &again, err);
	if (rc == 0 && (again.len != first->len || memcmp(again.text, first->text, again.len) != 0))
		rc = error_set(err, ERROR_USAGE, "the two passphrases differ");
	secret_release(&again);
	return rc;
}

static int store_passphrase(struct cli_run *r, struct known **list, struct error *err)
{
	const struct inventory_secret *source = &r->inventory->pki.passphrase;
	struct wanted w = { "pki.passphrase", "passphrase", r->store_dir, source };

	if (source->source == INVENTORY_SECRET_NONE && pki_store_encrypted(r->store_dir)) {
		error_set(err, ERROR_PKI,
			"the cluster's keys in %s are encrypted, and the inventory has no pki.passphrase",
			r->store_dir);
		return error_hint(err, "set pki.passphrase to ask or env:NAME");
	}
	if (copy(r, list, &w, &r->passphrase, err))
		return -1;
	if (source->source != INVENTORY_SECRET_ASK || pki_store_state(r->store_dir) != PKI_STORE_NONE)
		return 0;
	return ask_again(r, "new key store", &r->passphrase, err);
}

static int host_secrets(struct cli_run *r, struct known **list, size_t i, struct error *err)
{
	const struct inventory_ssh *ssh = &r->inventory->hosts[i].ssh;
	struct wanted password = { "ssh.password", "SSH password", ssh->user, &ssh->password };
	struct wanted sudo = { "ssh.sudo", "sudo password", ssh->user, &ssh->sudo };

	if (ssh->key && load_key(r, list, ssh, err))
		return -1;
	return copy(r, list, &password, &r->world.logins.secrets[i].password, err) ||
			       copy(r, list, &sudo, &r->world.logins.secrets[i].sudo, err)
		       ? -1
		       : 0;
}

int cli_secrets_fill(struct cli_run *r, struct error *err)
{
	struct known *list = NULL, *next;
	int rc = 0;

	cli_mask_inventory(r);
	r->keys = remote_keys_new();
	for (size_t i = 0; rc == 0 && i < r->inventory->host_count; i++)
		if (r->chosen[i])
			rc = host_secrets(r, &list, i, err);
	if (rc == 0 && r->kind->plan->flags & PLAN_KEYS)
		rc = store_passphrase(r, &list, err);
	for (; list; list = next) {
		next = list->next;
		secret_release(&list->value);
		free(list);
	}
	return rc;
}

static int passphrase_asked(
	const struct cli_run *r, const char *what, bool twice, struct secret *out, struct error *err)
{
	char prompt[256];

	if (!can_ask(r)) {
		error_set(err, ERROR_USAGE, "the passphrase of the %s must be typed, and there is no terminal", what);
		return error_hint(err, "name an environment variable that holds it: --passphrase env:NAME");
	}
	snprintf(prompt, sizeof(prompt), "passphrase of the %s: ", what);
	if (ask(r, prompt, out, err))
		return -1;
	return out->len && twice ? ask_again(r, what, out, err) : 0;
}

int cli_passphrase(const struct cli_run *r, const char *what, bool twice, struct secret *out, struct error *err)
{
	const char *env = r->options->passphrase_env, *text = env ? getenv(env) : NULL;

	if (env && (!text || !*text)) {
		error_set(err, ERROR_USAGE, "the environment variable %s, which --passphrase names, is not set", env);
		return error_hint(err, "set it to the passphrase of the %s", what);
	}
	if (text)
		secret_set(out, text, strlen(text));
	else if (passphrase_asked(r, what, twice, out, err))
		return -1;
	return out->len ? 0 : error_set(err, ERROR_USAGE, "the passphrase of the %s is empty", what);
}
