/* How a host is logged in to. */
#include "steps/run/run.h"

#include "base/alloc.h"
#include "base/error.h"
#include "inventory/document.h"
#include "inventory/inventory.h"
#include "remote/pool.h"
#include "remote/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hostkey_question {
	struct task *task;
	bool accept;
};

static enum remote_hostkey_verdict ask_host_key(
	const char *host, const char *type, const char *fingerprint, const char *note, void *ctx)
{
	struct hostkey_question *q = ctx;
	char text[512];

	if (q->accept) {
		task_log(q->task, "accepted the new host key %s %s of %s%s%s", type, fingerprint, host,
			note ? ": " : "", note ? note : "");
		return REMOTE_HOSTKEY_ACCEPT;
	}
	snprintf(text, sizeof(text), "%s shows the unknown host key %s %s. %s%sIs it the right one?", host, type,
		fingerprint, note ? note : "", note ? ". " : "");
	const struct question question = { QUESTION_HOST_KEY, { host, type, fingerprint, note }, text, "no|yes" };
	return task_ask(q->task, &question) == 1 ? REMOTE_HOSTKEY_ACCEPT : REMOTE_HOSTKEY_REFUSE;
}

static void log_note(const char *text, void *ctx)
{
	task_log(((struct hostkey_question *)ctx)->task, "%s", text);
}

char *world_login_key(const struct inventory_host *h)
{
	const struct inventory_ssh *s = &h->ssh;

	return xasprintf("%s %s %d %s %s %s", h->name, s->address, s->port, s->user, s->key ? s->key : "",
		s->host_key ? s->host_key : "");
}

/* ssh takes a name of ~/.ssh/config for an address; this program reads that file in the wizard's import alone, and says so. */
void world_explain_alias(const char *address, const char *config, struct error *err)
{
	struct ssh_config_host *list = NULL;
	size_t count = 0, i = 0;

	if (ssh_config_hosts(config, &list, &count, NULL) != 0)
		return;
	while (i < count && strcmp(list[i].name, address) != 0)
		i++;
	if (i < count && (list[i].jump[0] || strcmp(list[i].address, address) != 0)) {
		err->hint[0] = '\0';
		error_hint(err, "%s has a Host '%s' (HostName %s%s%s), but is not read here: %s", config, address,
			list[i].address, list[i].jump[0] ? ", through " : "", list[i].jump,
			list[i].jump[0]
				? "connections are direct, so run kubewright where it reaches the hosts themselves"
				: "write the address, user, port and key into the inventory, or have the wizard "
				  "import the host (its Hosts page)");
	}
	free(list);
}

struct remote *world_open(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	struct world *w = world;
	const struct inventory_host *h = &w->wish.inventory->hosts[host];
	struct hostkey_question question = { t, w->logins.accept_new };
	struct remote_ssh_config config = {
		.name = h->name,
		.address = h->ssh.address,
		.port = h->ssh.port,
		.user = h->ssh.user,
		.key = h->ssh.key,
		.agent = h->ssh.agent,
		.keys = w->logins.keys,
		.password = &w->logins.secrets[host].password,
		.sudo = &w->logins.secrets[host].sudo,
		.host_key = h->ssh.host_key,
		.known_hosts = w->logins.known_hosts,
		.other_known_hosts = w->logins.other_known_hosts,
		.on_unknown_key = ask_host_key,
		.on_note = log_note,
		.ctx = &question,
		.cancel = token,
		.connect_timeout_ms = w->logins.connect_timeout_ms,
	};

	char *key = world_login_key(h);
	struct remote *r = w->logins.pool ? remote_pool_take(w->logins.pool, key) : NULL;

	if (!r) {
		r = remote_ssh_open(&config, err);
		if (!r && err && err->kind == ERROR_CONNECT)
			world_explain_alias(h->ssh.address, "~/.ssh/config", err);
		if (r && w->logins.pool)
			r = remote_pool_keep(w->logins.pool, key, r);
	}
	free(key);
	return r;
}
