/* The rotation of a CA, or of the key of service accounts, for the pages of the wizard: how far it is, and its next phase. */
#include "cli/wizard.h"

#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/encryption.h"
#include "steps/rotate.h"
#include "tui/wizard.h"

#include <string.h>

bool cli_rotation_secrets(const char *name)
{
	return name && strcmp(name, CERTS_SECRETS_KEY) == 0;
}

int cli_rotation_wish(const char *name, struct renew_wish *out, struct error *err)
{
	const struct rotate_kind *kind = name ? rotate_kind_find(name) : NULL;

	*out = (struct renew_wish){ .rotates = false };
	if (cli_rotation_secrets(name))
		return 0;
	if (!kind) {
		error_set(err, ERROR_USAGE, "'%.64s' cannot be rotated", name ? name : "");
		return error_hint(err, "the page Rotation lists what can be");
	}
	*out = (struct renew_wish){ .rotates = true, .issuer = kind->issuer };
	return 0;
}

/* A phase that not all have yet comes to its end first; else the one after it. */
static enum rotate_ask ask_of(const struct rotate_state *s)
{
	static const enum rotate_ask ends[] = {
		[PKI_PHASE_ONE] = ROTATE_FORGET, [PKI_PHASE_BOTH] = ROTATE_BEGIN, [PKI_PHASE_REISSUED] = ROTATE_REISSUE
	};
	static const enum rotate_ask begins[] = {
		[PKI_PHASE_ONE] = ROTATE_BEGIN, [PKI_PHASE_BOTH] = ROTATE_REISSUE, [PKI_PHASE_REISSUED] = ROTATE_FORGET
	};

	return s->due ? ends[s->phase] : begins[s->phase];
}

/* Its lines may hold names of the cluster's. */
static const char *keep(struct arena *a, const struct str *text)
{
	struct str clean = STR_INIT;
	const char *kept;

	str_add_printable(&clean, text->buf, text->len);
	kept = arena_strdup(a, clean.buf);
	str_release(&clean);
	return kept;
}

static void no_store(const struct cli_run *r, struct error *err)
{
	const struct error *why;
	struct engine_result result = { 0 };

	if (r->engine)
		engine_result(r->engine, &result);
	why = r->engine ? cli_run_error(r, &result) : NULL;
	if (why) {
		*err = *why;
		return;
	}
	error_set(err, ERROR_PKI, "the cluster's CAs are not on this machine, in %s", r->store_dir);
	error_hint(err, "copy the key store from the machine that created the cluster, see pki.store");
}

static const char *present_key(const struct cli_run *r)
{
	const struct pki_secrets_key *key = pki_store_secrets_key(r->world.pki.store, 0);

	return key ? key->id : "";
}

/* As `certs rotate secrets-key` does: what is begun comes to its end first, and no other key is made. */
static void see_secrets(const struct cli_run *r, struct cli_rotation *next, struct port_rotation *out)
{
	struct encryption_state s;
	struct str text = STR_INIT;
	bool begun;

	encryption_see(&r->world, &s);
	certs_secrets_key_state(r, &s, &text);
	out->state = keep(&out->arena, &text);
	str_clear(&text);
	if (certs_secrets_key_refuse(r, &s, &out->refused) == 0) {
		begun = certs_secrets_key_begun(&s);
		next->secrets = true;
		next->next = begun ? ROTATE_CONTINUES : ROTATE_CHANGES;
		snprintf(next->key, sizeof(next->key), "%s", present_key(r));
		snprintf(next->inventory, sizeof(next->inventory), "%s", r->inventory->cluster);
		certs_secrets_key_tell(r, begun, &text);
		out->tell = keep(&out->arena, &text);
	}
	str_release(&text);
}

void cli_wizard_rotation(struct cli_run *r, const char *name, struct cli_rotation *next, struct port_rotation *out)
{
	const struct rotate_kind *kind = rotate_kind_find(name);
	struct rotate_state s = { 0 };
	struct str text = STR_INIT;
	enum rotate_ask ask;

	*next = (struct cli_rotation){ .kind = NULL };
	*out = (struct port_rotation){ .state = "", .tell = "" };
	out->name = arena_strdup(&out->arena, name);
	if (!r->world.pki.store) {
		no_store(r, &out->refused);
		return;
	}
	if (cli_rotation_secrets(name)) {
		see_secrets(r, next, out);
		return;
	}
	certs_rotate_state(r, kind, &text);
	out->state = keep(&out->arena, &text);
	str_clear(&text);
	rotate_see(&r->world, &s);
	ask = ask_of(&s);
	next->next = certs_rotate_next(r, kind, ask, &s, &out->refused);
	if (next->next == ROTATE_CHANGES || next->next == ROTATE_CONTINUES) {
		next->kind = kind;
		next->phase = s.phase;
		snprintf(next->inventory, sizeof(next->inventory), "%s", r->inventory->cluster);
		certs_rotate_tell(kind, ask, next->next, &text);
		out->tell = keep(&out->arena, &text);
	}
	str_release(&text);
}

int cli_rotation_turn(const struct cli_rotation *next, const char *name, const struct inventory *inv,
	struct renew_wish *out, struct error *err)
{
	bool same = next->secrets ? cli_rotation_secrets(name) : next->kind && strcmp(next->kind->name, name) == 0;

	if (!same) {
		error_set(err, ERROR_USAGE, "%s was not looked at", name);
		return error_hint(err, "look first: v on its page");
	}
	if (strcmp(inv->cluster, next->inventory) != 0) {
		error_set(err, ERROR_USAGE, "what was looked at is the cluster %s", next->inventory);
		return error_hint(err, "look at this one first");
	}
	if (next->secrets)
		return 0;
	out->turns = next->next == ROTATE_CHANGES;
	out->from = next->phase;
	return 0;
}

int cli_rotation_make(struct cli_rotation *next, struct cli_run *r, struct error *err)
{
	if (!next->secrets || next->next != ROTATE_CHANGES)
		return 0;
	if (!r->world.pki.store) {
		no_store(r, err);
		return -1;
	}
	if (strcmp(present_key(r), next->key) != 0) {
		error_set(err, ERROR_PKI, "the key of Secrets in %s is another one than was looked at", r->store_dir);
		return error_hint(err, "somebody else rotates it; look again: v on its page");
	}
	if (pki_store_secrets_make(r->world.pki.store, r->store_dir, &r->passphrase, err))
		return -1;
	next->next = ROTATE_CONTINUES;
	return 0;
}
