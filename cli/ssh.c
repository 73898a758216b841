/* kubewright ssh: the system's ssh, given what the inventory says. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "remote/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ssh_command {
	union {
		const char **words;
		char *const *exec; /* execvp writes to none of them, though its declaration could */
	} argv;
	size_t count, room;
};

static void add(struct ssh_command *c, const char *word)
{
	if (c->count + 1 >= c->room)
		c->argv.words = xrealloc(c->argv.words, c->room += 32, sizeof(*c->argv.words));
	c->argv.words[c->count++] = word;
	c->argv.words[c->count] = NULL;
}

static void option(struct ssh_command *c, const char *text)
{
	add(c, "-o");
	add(c, text);
}

/* ssh reads its options like its configuration file: a name with blanks stands in quotes. */
static void known_options(struct ssh_command *c, const struct cli_run *r)
{
	option(c, xasprintf("UserKnownHostsFile=\"%s\" \"%s\" \"%s\"", r->known_hosts, r->user_known_hosts[0],
			  r->user_known_hosts[1]));
	option(c, "StrictHostKeyChecking=ask");
}

/*
 * ssh takes no fingerprint: the key is verified here, and ssh may take that one alone, whatever its configuration says. It runs the
 * command for the lines of known_hosts; %H is the name that it looks for.
 */
static int pin_options(
	struct ssh_command *c, const struct cli_run *r, const struct inventory_host *h, struct error *err)
{
	static const char *const only[] = { "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null",
		"StrictHostKeyChecking=yes", "VerifyHostKeyDNS=no", "NoHostAuthenticationForLocalhost=no",
		"ControlPath=none", "ProxyCommand=none" };
	const struct remote_ssh_config config = { .name = h->name,
		.address = h->ssh.address,
		.port = h->ssh.port,
		.user = h->ssh.user,
		.host_key = h->ssh.host_key,
		.known_hosts = r->known_hosts,
		.other_known_hosts = r->other_known_hosts,
		.connect_timeout_ms = r->options->connect_timeout_s * 1000 };
	char *key = remote_ssh_host_key(&config, err);

	if (!key)
		return -1;
	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++)
		option(c, only[i]);
	option(c, xasprintf("KnownHostsCommand=/bin/echo %%H %s", key));
	free(key);
	return 0;
}

static const struct inventory_host *find_host(const struct cli_run *r, const char *name, struct error *err)
{
	const struct inventory_host *h = inventory_find(r->inventory, name);
	const char **names;
	const char *near;

	if (h)
		return h;
	names = xcalloc(r->inventory->host_count, sizeof(*names));
	for (size_t i = 0; i < r->inventory->host_count; i++)
		names[i] = r->inventory->hosts[i].name;
	near = cli_nearest(name, names, r->inventory->host_count);
	error_set(err, ERROR_USAGE, "%s has no host '%s'", r->inventory->path, name);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	free(names);
	return NULL;
}

/* What it allocates lives until the process becomes ssh, or ends. */
static void run_ssh(const struct cli_run *r, const struct inventory_host *h, struct error *err)
{
	const struct cli_options *o = r->options;
	struct ssh_command c = { 0 };

	add(&c, "ssh");
	add(&c, "-p");
	add(&c, xasprintf("%d", h->ssh.port));
	add(&c, "-l");
	add(&c, h->ssh.user);
	option(&c, "ForwardAgent=no");
	if (!h->ssh.agent)
		option(&c, "IdentityAgent=none");
	if (h->ssh.key) {
		add(&c, "-i");
		add(&c, h->ssh.key);
	}
	if (!h->ssh.host_key)
		known_options(&c, r);
	else if (pin_options(&c, r, h, err) != 0)
		return;
	add(&c, "--");
	add(&c, h->ssh.address);
	for (size_t i = o->arg_count > 1 && strcmp(o->args[1], "--") == 0 ? 2 : 1; i < o->arg_count; i++)
		add(&c, o->args[i]);
	fflush(NULL);
	execvp("ssh", c.argv.exec);
	error_errno(err, ERROR_SYSTEM, errno, "cannot run ssh");
	error_hint(err, "install OpenSSH's client (openssh-client)");
}

int cli_ssh(const struct cli_options *o)
{
	const struct inventory_host *h;
	struct error err = { 0 };
	struct cli_run r;
	int status;

	if (cli_run_load(&r, o, &err) == 0) {
		h = find_host(&r, o->args[0], &err);
		if (h)
			run_ssh(&r, h, &err);
	}
	status = cli_fail(&err);
	cli_run_release(&r);
	return status;
}
