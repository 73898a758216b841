/*
 * The login: the named key first, by itself or by the agent (few servers take more than three to six tries, and an agent may hold more keys
 * than that), then the agent's others, then the usual files in ~/.ssh, then the password. Never a prompt: what is not given fails with a hint.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "remote/ssh.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OFFERS_MAX = 5, /* sshd's MaxAuthTries is 6 unless hardened */
	DEFAULT_FILES = 5,
};
/* The last two are keys on devices: for the agent to use, or to be named. */
static const char *const default_files[DEFAULT_FILES] = { "~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa",
	"~/.ssh/id_ed25519_sk", "~/.ssh/id_ecdsa_sk" };

struct login {
	struct remote_link *l;
	const struct remote_ssh_config *c;
	int64_t deadline;
	unsigned offers;
	struct remote_offers list;    /* for the error */
	struct error key_error;       /* why the named key could not be used; kind NONE: it could */
	bool in_agent[DEFAULT_FILES]; /* offered by the agent already */
	ssh_key wanted;               /* the public half of a named key that only the agent can use; NULL */
};

/* What an attempt came to. */
enum attempt { ATTEMPT_IN, ATTEMPT_DENIED, ATTEMPT_FAILED };

static int login_wait(struct login *g, struct error *err)
{
	struct error why = { 0 };
	struct str tried = STR_INIT;

	if (remote_link_wait(g->l, g->deadline, "the login", &why) == 0)
		return 0;
	/* sshd hangs up after MaxAuthTries */
	if (why.kind == ERROR_CONNECT && strstr(why.what, "Too many authentication")) {
		remote_offers_tried(&g->list, &tried);
		error_set(err, ERROR_AUTH, "%s (%s) allows no more attempts to log in as '%s' (tried: %s)", g->l->name,
			g->l->where, g->c->user, tried.buf);
		str_release(&tried);
		return error_hint(err,
			"name the right key with ssh.key in the inventory; for a key in the agent its .pub file is enough");
	}
	if (err)
		*err = why;
	return -1;
}

/* name, agent: what was tried. */
static enum attempt verdict(struct login *g, int rc, const char *name, bool agent, struct error *err)
{
	if (rc == SSH_AUTH_SUCCESS)
		return ATTEMPT_IN;
	if (rc == SSH_AUTH_PARTIAL)
		g->key_error.kind = ERROR_NONE; /* what is missing is something else */
	if (name)
		remote_offers_add(&g->list, name, agent,
			rc == SSH_AUTH_PARTIAL ? REMOTE_OFFER_PARTIAL : REMOTE_OFFER_REFUSED, NULL);
	/* a method that could not be tried is not the end of the others */
	if (rc != SSH_AUTH_AGAIN && remote_link_alive(g->l))
		return ATTEMPT_DENIED;
	if (rc != SSH_AUTH_AGAIN)
		login_wait(g, err); /* the session is dead: says why */
	return ATTEMPT_FAILED;
}

static bool allowed(const struct login *g, int method)
{
	return (ssh_userauth_list(g->l->session, NULL) & method) != 0;
}

static enum attempt try_key(struct login *g, const ssh_key key, const char *name, bool certified, struct error *err)
{
	int rc;

	g->offers++;
	while ((rc = ssh_userauth_publickey(g->l->session, NULL, key)) == SSH_AUTH_AGAIN)
		if (login_wait(g, err) != 0)
			return ATTEMPT_FAILED;
	/* the key by itself comes after its certificate: one line for both */
	return verdict(g, rc, certified && rc != SSH_AUTH_PARTIAL ? NULL : name, false, err);
}

/* The key with its certificate, if there is one, then by itself. */
static enum attempt try_loaded(struct login *g, const struct remote_key *key, struct error *err)
{
	enum attempt a = ATTEMPT_DENIED;
	size_t noted = g->list.count;
	char why[160];

	if (g->offers >= OFFERS_MAX || !allowed(g, SSH_AUTH_METHOD_PUBLICKEY))
		return ATTEMPT_DENIED;
	if (key->certified) {
		a = try_key(g, key->certified, key->path, true, err);
		if (a == ATTEMPT_DENIED && g->list.count == noted &&
			remote_certificate_fault(key->path, g->c->user, why, sizeof(why)))
			remote_offers_add(&g->list, key->path, false, REMOTE_OFFER_FAULTY, why);
	}
	return a == ATTEMPT_DENIED && allowed(g, SSH_AUTH_METHOD_PUBLICKEY)
		       ? try_key(g, key->key, key->path, false, err)
		       : a;
}

static enum attempt try_named(struct login *g, const char *path, struct error *err)
{
	const struct remote_key *loaded = remote_keys_find(g->c->keys, path);
	struct remote_key *own = NULL;
	enum attempt a = ATTEMPT_DENIED;
	bool encrypted, device;

	if (!loaded)
		loaded = own = remote_key_read(path, NULL, &encrypted, &g->key_error);
	if (loaded)
		a = try_loaded(g, loaded, err);
	else
		g->wanted = remote_key_public(path, &device);
	remote_key_free(own);
	return a;
}

/* Which of the agent's keys go first: the named one, then those that are in the usual files. */
static unsigned rank(struct login *g, const ssh_key key, const ssh_key *usual)
{
	if (key && g->wanted && ssh_key_cmp(key, g->wanted, SSH_KEY_CMP_PUBLIC) == 0)
		return 0;
	for (size_t i = 0; key && i < DEFAULT_FILES; i++)
		if (usual[i] && ssh_key_cmp(key, usual[i], SSH_KEY_CMP_PUBLIC) == 0) {
			g->in_agent[i] = true;
			return 1;
		}
	return 2;
}

static void note_agent(
	struct login *g, struct remote_agent *agent, unsigned i, enum remote_offer outcome, const char *why)
{
	const char *comment;

	remote_agent_key(agent, i, &comment);
	remote_offers_add(&g->list, comment, true, outcome, why);
}

/* Which keys are offered, in order; the others are noted. *named: how many of them the inventory names. */
static unsigned choose(struct login *g, struct remote_agent *agent, unsigned *order, unsigned *named)
{
	ssh_key usual[DEFAULT_FILES] = { NULL };
	unsigned n = 0;
	bool device;

	for (size_t i = 0; i < DEFAULT_FILES; i++) {
		char *path = file_expand(default_files[i], NULL);

		usual[i] = remote_key_public(path, &device);
		free(path);
	}
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < remote_agent_count(agent); i++) {
			const char *comment;
			const ssh_key key = remote_agent_key(agent, i, &comment);

			if (rank(g, key, usual) != turn)
				continue;
			if (!key)
				note_agent(g, agent, i, REMOTE_OFFER_UNUSABLE,
					"not offered: libssh does not support its type");
			else if (turn > 0 && g->offers + n >= OFFERS_MAX)
				note_agent(g, agent, i, REMOTE_OFFER_BEYOND, NULL);
			else
				order[n++] = i;
		}
		*named = turn == 0 ? n : *named;
	}
	for (size_t i = 0; i < DEFAULT_FILES; i++)
		ssh_key_free(usual[i]);
	return n;
}

/* Offers order[*from] and the following until one is accepted or ends the list; *from is then the next to offer. */
static enum attempt offer(struct login *g, struct remote_agent *agent, const unsigned *order, unsigned *from,
	unsigned to, struct error *err)
{
	size_t before = g->list.count;
	enum remote_offer last = REMOTE_OFFER_REFUSED;
	int rc;

	/* noted beforehand: the server may hang up in the middle */
	for (unsigned i = *from; i < to; i++)
		note_agent(g, agent, order[i], REMOTE_OFFER_REFUSED, NULL);
	remote_agent_show(agent, order, *from, to);
	while ((rc = ssh_userauth_agent(g->l->session, NULL)) == SSH_AUTH_AGAIN)
		if (login_wait(g, err) != 0)
			return ATTEMPT_FAILED;
	if (rc == SSH_AUTH_PARTIAL)
		last = REMOTE_OFFER_PARTIAL;
	else if (rc == SSH_AUTH_ERROR && (remote_agent_unsigned(agent) || remote_agent_hung(agent)))
		last = REMOTE_OFFER_UNSIGNED;
	if (last != REMOTE_OFFER_REFUSED)
		to = remote_agent_asked(agent) + 1;
	remote_offers_cut(&g->list, before + (to - *from));
	g->list.lines[g->list.count - 1].outcome = last;
	g->offers += to - *from;
	*from = to;
	return verdict(g, rc, NULL, true, err);
}

static enum attempt try_agent(struct login *g, struct error *err)
{
	struct remote_agent *agent = g->c->agent && allowed(g, SSH_AUTH_METHOD_PUBLICKEY)
					     ? remote_agent_open(g->l->token, g->deadline)
					     : NULL;
	unsigned order[REMOTE_AGENT_KEYS_MAX], count, from = 0, named = 0;
	enum attempt a = ATTEMPT_DENIED;

	if (!agent)
		return ATTEMPT_DENIED;
	count = choose(g, agent, order, &named);
	if (named)
		g->key_error.kind = ERROR_NONE;
	ssh_set_agent_socket(g->l->session, remote_agent_take_fd(agent));
	while (a == ATTEMPT_DENIED && from < count && !remote_agent_hung(agent) &&
		allowed(g, SSH_AUTH_METHOD_PUBLICKEY))
		a = offer(g, agent, order, &from, count, err);
	if (a == ATTEMPT_DENIED && remote_agent_hung(agent))
		remote_offers_add(&g->list, "the agent", false, REMOTE_OFFER_HUNG, NULL);
	remote_agent_free(agent);
	return a;
}

/* One of the usual files: what cannot be used of them is reported only when nothing else worked. */
static enum attempt try_usual(struct login *g, const char *path, bool in_agent, struct error *err)
{
	struct error why = { 0 };
	struct remote_key *key;
	enum attempt a;
	bool encrypted;

	if (access(path, F_OK) != 0)
		return ATTEMPT_DENIED;
	key = remote_key_read(path, NULL, &encrypted, &why);
	if (!key && in_agent)
		return ATTEMPT_DENIED;
	if (!key) {
		remote_offers_add(&g->list, path, false,
			encrypted                                    ? REMOTE_OFFER_ENCRYPTED
			: remote_key_kind(path) == REMOTE_KEY_DEVICE ? REMOTE_OFFER_DEVICE
								     : REMOTE_OFFER_UNUSABLE,
			encrypted ? NULL : why.what);
		return ATTEMPT_DENIED;
	}
	a = try_loaded(g, key, err);
	remote_key_free(key);
	return a;
}

static enum attempt try_default_files(struct login *g, struct error *err)
{
	enum attempt a = ATTEMPT_DENIED;

	g->offers = g->offers > 3 ? 3 : g->offers;
	for (size_t i = 0; i < DEFAULT_FILES && a == ATTEMPT_DENIED; i++) {
		char *path = file_expand(default_files[i], NULL);

		a = try_usual(g, path, g->in_agent[i], err);
		free(path);
	}
	return a;
}

static enum attempt try_password(struct login *g, struct error *err)
{
	int rc;

	while ((rc = ssh_userauth_password(g->l->session, NULL, g->c->password->text)) == SSH_AUTH_AGAIN)
		if (login_wait(g, err) != 0)
			return ATTEMPT_FAILED;
	return verdict(g, rc, "the password", false, err);
}

/* PAM behind sshd: every hidden question gets the password; a visible one cannot be answered. The last round has no questions. */
static enum attempt try_interactive(struct login *g, struct error *err)
{
	ssh_session s = g->l->session;
	int rc;

	for (int rounds = 0; rounds < 4;) {
		rc = ssh_userauth_kbdint(s, NULL, NULL);
		if (rc == SSH_AUTH_AGAIN) {
			if (login_wait(g, err) != 0)
				return ATTEMPT_FAILED;
			continue;
		}
		if (rc != SSH_AUTH_INFO)
			return verdict(g, rc, "keyboard-interactive", false, err);
		rounds++;
		for (int i = 0; i < ssh_userauth_kbdint_getnprompts(s); i++) {
			char echo = 0;

			ssh_userauth_kbdint_getprompt(s, (unsigned)i, &echo);
			ssh_userauth_kbdint_setanswer(s, (unsigned)i, echo ? "" : g->c->password->text);
		}
	}
	return ATTEMPT_DENIED;
}

static int refused(struct login *g, struct error *err)
{
	if (g->key_error.kind == ERROR_NONE)
		return remote_offers_error(&g->list, g->l, g->c, ssh_userauth_list(g->l->session, NULL), err);
	if (err)
		*err = g->key_error;
	return -1;
}

/* All methods once, in order. */
static enum attempt attempts(struct login *g, struct error *err)
{
	enum attempt a = ATTEMPT_DENIED;

	if (g->c->key) {
		char *path = file_expand(g->c->key, NULL);

		a = try_named(g, path, err);
		free(path);
	}
	if (a == ATTEMPT_DENIED)
		a = try_agent(g, err);
	if (a == ATTEMPT_DENIED && !g->c->key)
		a = try_default_files(g, err);
	if (g->c->password && g->c->password->text) {
		/* a wrong password once only: accounts get locked */
		if (a == ATTEMPT_DENIED && allowed(g, SSH_AUTH_METHOD_PASSWORD))
			a = try_password(g, err);
		else if (a == ATTEMPT_DENIED && allowed(g, SSH_AUTH_METHOD_INTERACTIVE))
			a = try_interactive(g, err);
	}
	return a;
}

static void note_unsigned(const struct login *g, const char *key)
{
	char *text =
		xasprintf("%s accepts the agent's key %s, but the agent did not sign with it; logged in another way",
			g->l->name, key);

	g->c->on_note(text, g->c->ctx);
	free(text);
}

int remote_login(struct remote_link *l, const struct remote_ssh_config *c, int64_t deadline, struct error *err)
{
	struct login g = { .l = l, .c = c, .deadline = deadline };
	enum attempt a;
	int rc;

	/* asks which methods there are; some servers let one in at once */
	while ((rc = ssh_userauth_none(l->session, NULL)) == SSH_AUTH_AGAIN)
		if (login_wait(&g, err) != 0)
			break;
	if (rc == SSH_AUTH_AGAIN)
		a = ATTEMPT_FAILED;
	else
		a = verdict(&g, rc, NULL, false, err);
	if (a == ATTEMPT_DENIED)
		a = attempts(&g, err);
	if (a == ATTEMPT_DENIED)
		refused(&g, err);
	for (size_t i = 0; a == ATTEMPT_IN && c->on_note && i < g.list.count; i++)
		if (g.list.lines[i].outcome == REMOTE_OFFER_UNSIGNED)
			note_unsigned(&g, g.list.lines[i].name);
	remote_offers_release(&g.list);
	ssh_key_free(g.wanted);
	return a == ATTEMPT_IN ? 0 : -1;
}
