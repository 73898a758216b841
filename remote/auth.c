/*
 * The login: the named key first (few servers take more than three to six tries, and an agent may hold more keys than that), then the agent,
 * then the usual files in ~/.ssh, then the password. Never a prompt: what is not given fails with a hint.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "remote/ssh.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OFFERS_MAX = 5 }; /* sshd's MaxAuthTries is 6 unless hardened */

struct login {
	struct remote_link *l;
	const struct remote_ssh_config *c;
	int64_t deadline;
	int offers;
	struct str tried;       /* for the error */
	struct error key_error; /* why the named key could not be used; kind NONE: it could */
};

/* What an attempt came to. */
enum attempt { ATTEMPT_IN, ATTEMPT_DENIED, ATTEMPT_FAILED };

static int login_wait(struct login *g, struct error *err)
{
	struct error why = { 0 };

	if (remote_link_wait(g->l, g->deadline, "the login", &why) == 0)
		return 0;
	/* sshd hangs up after MaxAuthTries */
	if (why.kind == ERROR_CONNECT && strstr(why.what, "Too many authentication")) {
		error_set(err, ERROR_AUTH, "%s (%s) allows no more attempts to log in as '%s' (tried: %s)", g->l->name,
			g->l->where, g->c->user, g->tried.buf);
		return error_hint(err, "name the right key with ssh.key in the inventory");
	}
	if (err)
		*err = why;
	return -1;
}

static enum attempt verdict(struct login *g, int rc, struct error *err)
{
	if (rc == SSH_AUTH_SUCCESS)
		return ATTEMPT_IN;
	if ((rc == SSH_AUTH_DENIED || rc == SSH_AUTH_PARTIAL) && remote_link_alive(g->l))
		return ATTEMPT_DENIED;
	if (rc != SSH_AUTH_AGAIN && remote_link_alive(g->l))
		return ATTEMPT_DENIED; /* a method that could not be tried, say an agent that refuses to sign */
	if (rc != SSH_AUTH_AGAIN)
		login_wait(g, err); /* the session is dead: says why */
	return ATTEMPT_FAILED;
}

static void note_try(struct login *g, const char *what)
{
	str_addf(&g->tried, "%s%s", g->tried.len ? ", " : "", what);
}

static bool allowed(const struct login *g, int method)
{
	return (ssh_userauth_list(g->l->session, NULL) & method) != 0;
}

static enum attempt try_key(struct login *g, const ssh_key key, struct error *err)
{
	int rc;

	if (g->offers >= OFFERS_MAX || !allowed(g, SSH_AUTH_METHOD_PUBLICKEY))
		return ATTEMPT_DENIED;
	g->offers++;
	while ((rc = ssh_userauth_publickey(g->l->session, NULL, key)) == SSH_AUTH_AGAIN)
		if (login_wait(g, err) != 0)
			return ATTEMPT_FAILED;
	return verdict(g, rc, err);
}

static enum attempt try_file(struct login *g, const char *path, bool named, struct error *err)
{
	const struct remote_key *loaded = remote_keys_find(g->c->keys, path);
	struct remote_key *own = NULL;
	enum attempt a;
	bool encrypted;

	if (!loaded)
		loaded = own = remote_key_read(path, NULL, &encrypted, named ? &g->key_error : NULL);
	if (!loaded)
		return ATTEMPT_DENIED;
	note_try(g, path);
	a = loaded->certified ? try_key(g, loaded->certified, err) : ATTEMPT_DENIED;
	if (a == ATTEMPT_DENIED)
		a = try_key(g, loaded->key, err);
	remote_key_free(own);
	return a;
}

static enum attempt try_agent(struct login *g, struct error *err)
{
	struct remote_agent *agent;
	int rc, fd;

	if (!g->c->agent || g->offers >= OFFERS_MAX || !allowed(g, SSH_AUTH_METHOD_PUBLICKEY))
		return ATTEMPT_DENIED;
	agent = remote_agent_open(g->l->token, g->deadline, (unsigned)(OFFERS_MAX - g->offers));
	if (!agent)
		return ATTEMPT_DENIED;
	note_try(g, "the agent's keys");
	fd = remote_agent_take_fd(agent);
	ssh_set_agent_socket(g->l->session, fd);
	while ((rc = ssh_userauth_agent(g->l->session, NULL)) == SSH_AUTH_AGAIN)
		if (login_wait(g, err) != 0)
			break;
	g->offers = OFFERS_MAX; /* how many it had is not told */
	remote_agent_free(agent);
	return rc == SSH_AUTH_AGAIN ? ATTEMPT_FAILED : verdict(g, rc, err);
}

static enum attempt try_default_files(struct login *g, struct error *err)
{
	static const char *const names[] = { "~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa" };
	enum attempt a = ATTEMPT_DENIED;

	g->offers = g->offers > 3 ? 3 : g->offers;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && a == ATTEMPT_DENIED; i++) {
		char *path = file_expand(names[i], NULL);

		if (access(path, R_OK) == 0)
			a = try_file(g, path, false, err);
		free(path);
	}
	return a;
}

static enum attempt try_password(struct login *g, struct error *err)
{
	int rc;

	note_try(g, "the password");
	while ((rc = ssh_userauth_password(g->l->session, NULL, g->c->password->text)) == SSH_AUTH_AGAIN)
		if (login_wait(g, err) != 0)
			return ATTEMPT_FAILED;
	return verdict(g, rc, err);
}

/* PAM behind sshd: every hidden question gets the password; a visible one cannot be answered. The last round has no questions. */
static enum attempt try_interactive(struct login *g, struct error *err)
{
	ssh_session s = g->l->session;
	int rc;

	note_try(g, "keyboard-interactive");
	for (int rounds = 0; rounds < 4;) {
		rc = ssh_userauth_kbdint(s, NULL, NULL);
		if (rc == SSH_AUTH_AGAIN) {
			if (login_wait(g, err) != 0)
				return ATTEMPT_FAILED;
			continue;
		}
		if (rc != SSH_AUTH_INFO)
			return verdict(g, rc, err);
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
	int methods = ssh_userauth_list(g->l->session, NULL);
	bool passwords = methods & (SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE);

	if (g->key_error.kind != ERROR_NONE) {
		if (err)
			*err = g->key_error;
		return -1;
	}
	error_set(err, ERROR_AUTH, "%s (%s) refuses the login of '%s' (tried: %s)", g->l->name, g->l->where, g->c->user,
		g->tried.len ? g->tried.buf : "nothing, as there is no key and no password");
	if (!(methods & SSH_AUTH_METHOD_PUBLICKEY))
		return error_hint(err, "this server takes %s only",
			passwords ? "passwords: set ssh.password in the inventory" : "other methods");
	if (g->c->password && g->c->password->text)
		return error_hint(err,
			"is the password right? is the public key in ~%s/.ssh/authorized_keys? may '%s' log in there?",
			g->c->user, g->c->user);
	return error_hint(err, "is the public key in ~%s/.ssh/authorized_keys there? 'ssh-copy-id' puts it there%s",
		g->c->user, passwords ? "; or set ssh.password" : "");
}

/* All methods once, in order. */
static enum attempt attempts(struct login *g, struct error *err)
{
	enum attempt a = ATTEMPT_DENIED;

	if (g->c->key) {
		char *path = file_expand(g->c->key, NULL);

		a = try_file(g, path, true, err);
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

int remote_login(struct remote_link *l, const struct remote_ssh_config *c, int64_t deadline, struct error *err)
{
	struct login g = { .l = l, .c = c, .deadline = deadline, .tried = STR_INIT };
	enum attempt a;
	int rc;

	/* asks which methods there are; some servers let one in at once */
	while ((rc = ssh_userauth_none(l->session, NULL)) == SSH_AUTH_AGAIN)
		if (login_wait(&g, err) != 0)
			break;
	if (rc == SSH_AUTH_AGAIN)
		a = ATTEMPT_FAILED;
	else
		a = verdict(&g, rc, err);
	if (a == ATTEMPT_DENIED)
		a = attempts(&g, err);
	if (a == ATTEMPT_DENIED)
		refused(&g, err);
	str_release(&g.tried);
	return a == ATTEMPT_IN ? 0 : -1;
}
