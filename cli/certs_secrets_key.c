/*
 * kubewright certs rotate secrets-key [--check]: Secrets are encrypted with another key. A look, the operator's word, another key in the key store; then the control planes
 * follow it as they do when encryption is switched on.
 */
#include "cli/run.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/encryption.h"

#include <string.h>

static const char *key_id(const struct cli_run *r, int which)
{
	const struct pki_secrets_key *key = pki_store_secrets_key(r->world.pki.store, which);

	return key ? key->id : "";
}

/* ---- how it is ------------------------------------------------------------------------------------------------------- */

static const char *provider(const struct encryption_state *s, size_t i, const char *without)
{
	return strcmp(s->now.by[i], ENCRYPTION_IDENTITY) == 0 ? without : s->now.by[i];
}

void certs_secrets_key_state(const struct cli_run *r, const struct encryption_state *s, struct str *out)
{
	str_addf(out, "key store: %s%s%s\n", *key_id(r, 0) ? key_id(r, 0) : "no key of Secrets yet",
		*key_id(r, 1) ? ", and the one before it: " : "", key_id(r, 1));
	str_addf(out, "API servers write Secrets with: %s\n", provider(s, 0, "no key"));
	for (size_t i = 1; i < s->now.count; i++)
		str_addf(out, "and still read: %s\n", provider(s, i, "what is not encrypted"));
	if (*s->why)
		str_addf(out, "not yet all of them: %s\n", s->why);
}

static void print_state(const struct cli_run *r, const struct encryption_state *s)
{
	struct str text = STR_INIT;

	certs_secrets_key_state(r, s, &text);
	fputs(text.buf, stdout);
	str_release(&text);
}

static void print_json(const struct cli_run *r, const struct encryption_state *s, int status)
{
	struct engine_result result;
	struct json *j, *list;

	engine_result(r->engine, &result);
	j = json_summary(r, &result, status);
	json_set_str(j, "key", key_id(r, 0));
	json_set_str(j, "earlier_key", key_id(r, 1));
	list = json_set(j, "providers", json_array());
	for (size_t i = 0; i < s->now.count; i++)
		json_add(list, json_string(s->now.by[i]));
	json_set_bool(j, "complete", !encryption_due(s) && s->all);
	if (*s->why)
		json_set_str(j, "why", s->why);
	cli_json_print(j);
}

/* ---- the two runs ---------------------------------------------------------------------------------------------------- */

static int parse(const struct cli_options *o, struct error *err)
{
	if (!o->reissue && !o->forget && !o->force)
		return 0;
	error_set(err, ERROR_USAGE,
		"--reissue, --forget and --force are for what takes three steps: the key of Secrets is rotated in one run");
	return error_hint(err, "give the command without them");
}

int certs_secrets_key_refuse(const struct cli_run *r, const struct encryption_state *s, struct error *err)
{
	if (!r->inventory->security.encrypt_secrets) {
		error_set(err, ERROR_INVENTORY, "the inventory does not say that Secrets are encrypted");
		return error_hint(err, "set security.encrypt-secrets to true and run 'kubewright apply' first");
	}
	if (!r->world.pki.store) {
		error_set(err, ERROR_PKI, "the cluster's keys are not on this machine, in %s", r->store_dir);
		return error_hint(err, "copy the key store from the machine that created the cluster, see pki.store");
	}
	if (!s->known || !r->world.seen.cluster.exists) {
		error_set(err, ERROR_COMMAND, "no API server answers, so nobody can say how Secrets are encrypted");
		return error_hint(err, "see 'kubewright status'");
	}
	if (s->unseen) {
		error_set(err, ERROR_COMMAND, "the key of Secrets is not rotated, as %s", s->why);
		return error_hint(err, "bring that control plane back, or remove it, and run the same command again");
	}
	return 0;
}

bool certs_secrets_key_begun(const struct encryption_state *s)
{
	return encryption_due(s) || !s->all;
}

void certs_secrets_key_tell(const struct cli_run *r, bool begun, struct str *out)
{
	str_add(out,
		begun ? "This completes what was begun, and makes no other key" : "This makes another key for Secrets");
	if (!begun && *key_id(r, 1))
		str_addf(out,
			"; the key %s leaves the key store, and snapshots of etcd that want it need a backup of the keys from then",
			key_id(r, 1));
	str_add(out,
		". Three times one control plane after the other gets another file, and its API server restarts; before "
		"the last time every Secret is written again.");
}

static int confirm(const struct cli_run *r, bool begun, struct error *err)
{
	struct str question = STR_INIT;
	int rc;

	certs_secrets_key_tell(r, begun, &question);
	str_add(&question, " Do it?");
	rc = cli_confirm_yes(r->options, question.buf,
		"certs rotate changes what Secrets are encrypted with and must be confirmed", err);
	str_release(&question);
	return rc;
}

static int go_on(struct cli_run *r, const struct encryption_state *s)
{
	bool begun = certs_secrets_key_begun(s);
	struct error err = { 0 };

	if (confirm(r, begun, &err) ||
		(!begun && pki_store_secrets_make(r->world.pki.store, r->store_dir, &r->passphrase, &err)))
		return cli_fail(&err);
	return 0;
}

/* *go: there is something to do, and it was agreed to; else the exit status is returned. */
static int look(const struct cli_options *o, bool *go)
{
	struct encryption_state s;
	struct error err = { 0 };
	struct cli_run r;
	int status = cli_look(&r, KIND_SECRETS_KEY_LOOK, o);

	*go = false;
	if (status)
		return status;
	status = cli_look_errors(&r, true);
	encryption_see(&r.world, &s);
	if (status == 0 && certs_secrets_key_refuse(&r, &s, &err))
		status = cli_fail(&err);
	if (status == 0 && o->json && o->check) {
		print_json(&r, &s, status);
	} else if (status == 0) {
		if (!o->json)
			print_state(&r, &s);
		if (o->check)
			puts("--check: nothing was changed");
		else
			status = go_on(&r, &s);
		*go = status == 0 && !o->check;
	}
	cli_run_release(&r);
	return status;
}

static int report(const struct cli_run *r)
{
	struct engine_result result;
	struct encryption_state s;
	unsigned left = cli_hosts_left(r);
	bool complete;
	int status;

	engine_result(r->engine, &result);
	encryption_see(&r->world, &s);
	complete = s.known && s.all && !encryption_due(&s);
	left += !complete;
	status = cli_exit_status(
		result.cancelled, cli_run_did(r, "verify"), left, left ? cli_run_error(r, &result) : NULL);
	if (r->options->json)
		return print_json(r, &s, status), status;
	cli_summary(r, &result);
	puts("");
	print_state(r, &s);
	if (complete)
		printf("\nevery Secret is encrypted with the key %s, and no control plane has another%s\n",
			key_id(r, 0),
			*key_id(r, 1) ? "; the key store keeps the one before, for snapshots of etcd from then" : "");
	else
		puts("\nnot complete\nnext: run the same command again, or 'kubewright apply'; both continue where this stopped");
	puts("the key store has changed: make a backup of it with 'kubewright certs backup FILE'");
	return status;
}

int cli_certs_secrets_key(const struct cli_options *o)
{
	struct cli_session session;
	struct error err = { 0 };
	bool go;
	int status;

	if (parse(o, &err))
		return cli_fail(&err);
	cli_session_begin(&session, o);
	/* no host is named: args[1] says what is rotated */
	session.options.arg_count = 0;
	status = look(&session.options, &go);
	cli_session_next(&session);
	if (go)
		status = cli_run_change(&session.options, KIND_SECRETS_KEY, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	return status;
}
