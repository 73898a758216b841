/* What a login was tried with, and the error that this makes: the most likely cause first, and what to do about it. */
#include "base/alloc.h"
#include "base/error.h"
#include "remote/ssh.h"

#include <stdlib.h>
#include <string.h>

void remote_offers_add(
	struct remote_offers *o, const char *name, bool agent, enum remote_offer outcome, const char *why)
{
	o->lines = xrealloc(o->lines, o->count + 1, sizeof(*o->lines));
	o->lines[o->count++] = (struct remote_offer_line){
		.name = xstrdup(name), .why = why ? xstrdup(why) : NULL, .outcome = outcome, .agent = agent
	};
}

void remote_offers_cut(struct remote_offers *o, size_t count)
{
	while (o->count > count) {
		o->count--;
		free(o->lines[o->count].name);
		free(o->lines[o->count].why);
	}
}

void remote_offers_release(struct remote_offers *o)
{
	remote_offers_cut(o, 0);
	free(o->lines);
	*o = (struct remote_offers){ 0 };
}

static bool offered(const struct remote_offer_line *l)
{
	return l->outcome < REMOTE_OFFER_ENCRYPTED && l->outcome != REMOTE_OFFER_HUNG;
}

static const struct remote_offer_line *find(const struct remote_offers *o, enum remote_offer outcome)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->lines[i].outcome == outcome)
			return &o->lines[i];
	return NULL;
}

void remote_offers_tried(const struct remote_offers *o, struct str *out)
{
	unsigned all = 0, shown = 0;

	for (size_t i = 0; i < o->count; i++) {
		all += o->lines[i].agent;
		shown += o->lines[i].agent && offered(&o->lines[i]);
	}
	for (size_t i = 0; i < o->count; i++) {
		const struct remote_offer_line *l = &o->lines[i];

		if (!offered(l) || (l->agent && shown == 0))
			continue;
		str_add(out, out->len ? ", " : "");
		if (!l->agent)
			str_add(out, l->name);
		else if (shown == all)
			str_add(out, "the agent's keys");
		else
			str_addf(out, "%u of the agent's %u keys", shown, all);
		shown = l->agent ? 0 : shown;
	}
	if (!out->len)
		str_add(out, o->count ? "nothing" : "nothing: there is no key and no password");
}

/* One line for each that did not come to a plain refusal. */
static void add_detail(const struct remote_offers *o, struct error *err)
{
	static const char *const says[] = {
		[REMOTE_OFFER_PARTIAL] = "accepted, but the server asks for more",
		[REMOTE_OFFER_UNSIGNED] = "accepted, but the agent did not sign with it",
		[REMOTE_OFFER_HUNG] = "did not answer",
		[REMOTE_OFFER_ENCRYPTED] = "not offered: it needs a passphrase",
		[REMOTE_OFFER_DEVICE] = "not offered: it is on a device, which only the agent can use",
		[REMOTE_OFFER_BEYOND] = "not offered: servers accept only a few attempts",
	};
	struct str text = STR_INIT;
	unsigned beyond = 0;

	for (size_t i = 0; i < o->count; i++) {
		const struct remote_offer_line *l = &o->lines[i];
		const char *say = l->why ? l->why : says[l->outcome];

		if (l->outcome == REMOTE_OFFER_REFUSED || (l->outcome == REMOTE_OFFER_BEYOND && beyond++ >= 3))
			continue;
		str_addf(&text, "%s%s%s: %s\n", l->agent ? "the agent's key " : "", l->name,
			l->outcome == REMOTE_OFFER_FAULTY ? "-cert.pub" : "", say);
	}
	if (beyond > 3)
		str_addf(&text, "and %u more of the agent's keys\n", beyond - 3);
	if (text.len)
		error_detail(err, text.buf);
	str_release(&text);
}

/* A first factor was right: the second is not there, or wrong. */
static int second_factor(const struct remote_offer_line *first, const struct remote_link *l,
	const struct remote_ssh_config *c, int methods, struct error *err)
{
	bool password = methods & (SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE);

	error_set(err, ERROR_AUTH, "%s (%s) accepts %s%s for '%s', but also requires %s", l->name, l->where,
		first->agent ? "the agent's key " : "", first->name, c->user,
		methods & SSH_AUTH_METHOD_PASSWORD      ? "a password"
		: methods & SSH_AUTH_METHOD_INTERACTIVE ? "an answer to a question (keyboard-interactive)"
		: methods & SSH_AUTH_METHOD_PUBLICKEY   ? "another key"
							: "something that kubewright cannot provide");
	if (password && c->password && c->password->text)
		return error_hint(err,
			"the password was refused: is it right? kubewright cannot enter a one-time "
			"code: allow a key alone from this machine ('Match Address' and AuthenticationMethods in sshd_config there)");
	if (password)
		return error_hint(err,
			"set ssh.password in the inventory (ask or env:NAME); kubewright cannot enter a one-time code");
	return error_hint(err, "see AuthenticationMethods in sshd_config there");
}

/* Nothing is known but that the server said no. */
static void plain_hint(const struct remote_link *l, const struct remote_ssh_config *c, int methods, struct error *err)
{
	bool passwords = methods & (SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE);
	bool given = c->password && c->password->text;

	if (!(methods & SSH_AUTH_METHOD_PUBLICKEY) && !passwords)
		error_hint(err, "this server accepts neither keys nor passwords: see its sshd_config");
	else if (!(methods & SSH_AUTH_METHOD_PUBLICKEY) && !given)
		error_hint(err, "this server accepts passwords only: set ssh.password in the inventory");
	else
		error_hint(err,
			"%s%sis the public key in ~%s/.ssh/authorized_keys there ('ssh-copy-id' puts it there), without a from= "
			"that excludes this machine?%s%s 'journalctl -u ssh' there shows why",
			given ? "is the password right? " : "",
			l->root ? "may root log in (PermitRootLogin, AllowUsers in sshd_config)? if not, set ssh.user; "
				: "",
			c->user, l->root ? "" : " does AllowUsers in sshd_config exclude the user?",
			passwords && !given ? " or set ssh.password;" : "");
}

int remote_offers_error(const struct remote_offers *o, const struct remote_link *l, const struct remote_ssh_config *c,
	int methods, struct error *err)
{
	const struct remote_offer_line *line;
	struct str tried = STR_INIT;

	if ((line = find(o, REMOTE_OFFER_PARTIAL)) != NULL)
		return second_factor(line, l, c, methods, err);
	remote_offers_tried(o, &tried);
	error_set(err, ERROR_AUTH, "%s (%s) refuses the login of '%s' (tried: %s)", l->name, l->where, c->user,
		tried.buf);
	str_release(&tried);
	add_detail(o, err);
	if ((line = find(o, REMOTE_OFFER_UNSIGNED)) != NULL)
		error_hint(err,
			"the agent did not sign with %s, which the server accepts: is its device plugged in, was it touched, was the "
			"use confirmed, is the agent unlocked?",
			line->name);
	else if (find(o, REMOTE_OFFER_HUNG))
		error_hint(err,
			"the agent (SSH_AUTH_SOCK) does not answer: does it wait for a touch or a confirmation? try 'ssh-add -l'");
	else if ((line = find(o, REMOTE_OFFER_FAULTY)) != NULL)
		error_hint(err, "the certificate %s-cert.pub %s: get a new one", line->name, line->why);
	else if ((line = find(o, REMOTE_OFFER_ENCRYPTED)) != NULL)
		error_hint(err,
			"%s needs a passphrase: load it with 'ssh-add %s', or set ssh.key and ssh.passphrase in the inventory",
			line->name, line->name);
	else if (find(o, REMOTE_OFFER_BEYOND))
		error_hint(err,
			"is one of the agent's other keys the right one? name it with ssh.key; its .pub file is enough");
	else if ((line = find(o, REMOTE_OFFER_DEVICE)) != NULL)
		error_hint(err, "%s is a key on a device: load it into the agent with 'ssh-add %s'", line->name,
			line->name);
	else if ((line = find(o, REMOTE_OFFER_UNUSABLE)) != NULL && !find(o, REMOTE_OFFER_REFUSED))
		error_hint(err, "%s: %s; name another one with ssh.key", line->name, line->why);
	else
		plain_hint(l, c, methods, err);
	return -1;
}
