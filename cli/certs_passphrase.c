/* kubewright certs passphrase: the cluster's keys on this machine, under another passphrase or under none. */
#include "cli/run.h"

#include "base/json.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <string.h>

/* What is known of the store before anything is asked. */
struct change {
	struct cli_run run;
	enum inventory_secret_source source; /* of the inventory's pki.passphrase */
	bool encrypted;
	struct secret then; /* the new one */
};

static int check_options(const struct cli_options *o, struct error *err)
{
	if (!o->remove || !o->passphrase_env)
		return 0;
	error_set(err, ERROR_USAGE, "--remove takes the passphrase away and cannot be used with --passphrase");
	return error_hint(err, "without --remove a new passphrase is set");
}

/* The keys are on the control planes too, so nothing is lost but this machine's copy. */
static void explain_lost(const struct cli_run *r, struct error *err)
{
	struct str text = STR_INIT;

	str_addf(&text,
		"Without its passphrase nothing opens this key store. If it is lost, the same keys can be had again:\n"
		"- from a control plane: move the folder away (mv '%s' '%s.lost'), then 'kubewright status' copies the keys of the living cluster into a new one\n"
		"- from a backup: move it away likewise, then 'kubewright certs restore FILE'\n"
		"Do not delete the folder before one of these has worked.",
		r->store_dir, r->store_dir);
	error_detail(err, text.buf);
	str_release(&text);
}

/* The passphrase of today: as the inventory says, or asked for when it says nothing and there is one. */
static int open_store(struct change *c, struct error *err)
{
	struct cli_run *r = &c->run;
	struct inventory_secret *source = &r->inventory->pki.passphrase;

	if (!c->encrypted)
		source->source = INVENTORY_SECRET_NONE;
	else if (source->source == INVENTORY_SECRET_NONE)
		source->source = INVENTORY_SECRET_ASK;
	if (cli_keys_open(r, err) == 0)
		return 0;
	if (err->code == REFUSAL_PASSPHRASE)
		explain_lost(r, err);
	return -1;
}

static int confirm_removal(const struct cli_run *r, struct error *err)
{
	struct str question = STR_INIT;
	int rc;

	str_addf(&question,
		"Anyone who can read %s, or a copy of it, controls the cluster then: its CA keys are stored without a passphrase. Do it?",
		r->store_dir);
	rc = cli_confirm_yes(r->options, question.buf,
		"certs passphrase --remove stores the keys without a passphrase and must be confirmed", err);
	str_release(&question);
	return rc;
}

static int new_passphrase(struct change *c, struct error *err)
{
	if (c->run.options->remove)
		return confirm_removal(&c->run, err);
	if (cli_passphrase(&c->run, "key store from now on", true, &c->then, err))
		return err->kind == ERROR_USAGE && !c->then.len
			       ? error_hint(err, "--remove stores the keys without a passphrase")
			       : -1;
	return 0;
}

/* How the inventory has to follow, or NULL. */
static void next(const struct change *c, struct str *out)
{
	const struct inventory *inv = c->run.inventory;

	if (c->run.options->remove && c->source != INVENTORY_SECRET_NONE)
		str_addf(out, "remove pki.passphrase from %s, as there is none any more", inv->path);
	else if (!c->run.options->remove && c->source == INVENTORY_SECRET_NONE)
		str_addf(out, "set pki.passphrase in %s to ask or env:NAME, so that other commands can open the keys",
			inv->path);
	else if (!c->run.options->remove && c->source == INVENTORY_SECRET_ENV)
		str_addf(out, "put the new passphrase into the environment variable %s, which pki.passphrase names",
			inv->pki.passphrase.env);
}

static void report(const struct change *c, bool changed)
{
	const struct cli_run *r = &c->run;
	struct str todo = STR_INIT;
	struct json *j;

	next(c, &todo);
	if (r->options->json) {
		j = json_object();
		json_set_str(j, "cluster", r->inventory->cluster);
		json_set_str(j, "store", r->store_dir);
		json_set_bool(j, "encrypted", !r->options->remove);
		json_set_bool(j, "changed", changed);
		cli_json_print(j);
	} else {
		printf("the keys of cluster %s in %s %s\n", r->inventory->cluster, r->store_dir,
			!changed             ? "have no passphrase: nothing to do"
			: r->options->remove ? "are stored without a passphrase from now on"
			: c->encrypted       ? "have another passphrase from now on"
					     : "are encrypted with the new passphrase from now on");
		if (changed && c->encrypted)
			puts("copies that were made before, also backups of this disk, still open with the earlier passphrase");
		else if (changed)
			puts("copies that were made before, also backups of this disk, still open without a passphrase");
		if (todo.len)
			printf("next: %s\n", todo.buf);
	}
	str_release(&todo);
}

static int change(struct change *c, const struct cli_options *o, struct error *err)
{
	struct cli_run *r = &c->run;

	if (check_options(o, err) || cli_run_load(r, o, err) || cli_keys_there(r, err))
		return -1;
	c->source = r->inventory->pki.passphrase.source;
	c->encrypted = pki_store_encrypted(r->store_dir);
	if (o->remove && !c->encrypted) {
		report(c, false);
		return 0;
	}
	if (open_store(c, err) || new_passphrase(c, err) ||
		pki_store_protect(r->store_dir, &r->passphrase, &c->then, err))
		return -1;
	report(c, true);
	return 0;
}

int cli_certs_passphrase(const struct cli_options *o)
{
	struct change c = { 0 };
	struct error err = { 0 };
	int status = change(&c, o, &err) ? cli_fail(&err) : 0;

	secret_release(&c.then);
	cli_keys_close(&c.run);
	return status;
}
