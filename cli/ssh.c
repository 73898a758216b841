/* kubewright ssh: the system's ssh, told what the inventory says. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ssh reads its options like its configuration file: a name with blanks stands in quotes. */
static char *known_hosts_option(const struct cli_run *r)
{
	return xasprintf("UserKnownHostsFile=\"%s\" \"%s\"", r->known_hosts, r->user_known_hosts);
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

static void run_ssh(const struct cli_run *r, const struct inventory_host *h, struct error *err)
{
	const struct cli_options *o = r->options;
	const char **argv = xcalloc(o->arg_count + 24, sizeof(*argv));
	char *known = known_hosts_option(r), port[16];
	size_t n = 0, from = 1;

	snprintf(port, sizeof(port), "%d", h->ssh.port);
	argv[n++] = "ssh";
	argv[n++] = "-p";
	argv[n++] = port;
	argv[n++] = "-l";
	argv[n++] = h->ssh.user;
	argv[n++] = "-o";
	argv[n++] = known;
	if (h->ssh.key) {
		argv[n++] = "-i";
		argv[n++] = h->ssh.key;
	}
	argv[n++] = "--";
	argv[n++] = h->ssh.address;
	if (o->arg_count > 1 && strcmp(o->args[1], "--") == 0)
		from = 2;
	for (size_t i = from; i < o->arg_count; i++)
		argv[n++] = o->args[i];
	fflush(NULL);
	execvp("ssh", (char *const *)argv);
	error_errno(err, ERROR_SYSTEM, errno, "cannot run ssh");
	error_hint(err, "install OpenSSH's client (openssh-client)");
	free(known);
	free(argv);
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
