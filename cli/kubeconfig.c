/* kubewright kubeconfig: makes one, and records its certificate before it is given out. */
#include "cli/run.h"

#include "base/clock.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "pki/given.h"
#include "pki/pki.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAYS 365

/* A key of the cluster in a file that others can read: what "> FILE" makes under the usual umask. */
static void warn_if_open(const struct cli_options *o)
{
	struct stat st;

	if (o->out || o->write || fstat(STDOUT_FILENO, &st) != 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 077))
		return;
	fprintf(stderr,
		"warning: other users of this machine can read the file that this is written to (mode %03o), and the key in it\n"
		"  hint: 'chmod 600' the file, or use --out FILE instead, which only you can read\n",
		(unsigned)(st.st_mode & 0777));
}

/* What only makes sense when one is made, or when they are listed. */
static int check_list(const struct cli_options *o, struct error *err)
{
	const char *given = o->write ? "write" : o->out ? "out" : o->user ? "user" : o->group ? "group" : "days";

	if (o->list && (o->write || o->out || o->user || o->group || o->days)) {
		error_set(err, ERROR_USAGE, "--list makes no kubeconfig and cannot be used with --%s", given);
		return error_hint(err, "'kubewright kubeconfig --list' lists all; without --list one is made");
	}
	if (!o->json || o->list)
		return 0;
	error_set(err, ERROR_USAGE, "a kubeconfig is YAML: -o json is for --list");
	return error_hint(err, "--out FILE names the file that a kubeconfig is written to");
}

static int check_options(const struct cli_options *o, struct error *err)
{
	if (check_list(o, err))
		return -1;
	if (!o->write || !(o->out || o->user || o->group))
		return 0;
	error_set(
		err, ERROR_USAGE, "--write makes your own kubeconfig and cannot be used with --out, --user or --group");
	return error_hint(err, "--out FILE writes a kubeconfig for somebody else");
}

static int put(const struct cli_run *r, const struct secret *text, struct error *err)
{
	const char *out = r->options->out;

	if (r->options->write)
		return file_write(r->kubeconfig, text->text, text->len, 0600, err);
	if (!out) {
		warn_if_open(r->options);
		fwrite(text->text, 1, text->len, stdout);
		return 0;
	}
	if (file_create(out, text->text, text->len, 0600, err) == 0)
		return 0;
	return error_hint(err, "--out never replaces a file: name another one, or remove that file first");
}

/*
 * Before it is given out, so that none is out without a record even when this process is killed. A record that cannot
 * be written stops nobody who has to get at a cluster, but is reported. Returns whether it was written.
 */
static bool note(const struct cli_run *r, const struct secret *text, struct pki_given *g)
{
	const struct cli_options *o = r->options;
	struct error err = { 0 };

	if (pki_given_fill(text->text,
		    o->write ? r->kubeconfig
		    : o->out ? o->out
			     : PKI_GIVEN_STDOUT,
		    g, &err) == 0 &&
		pki_given_add(r->given, g, &err) == 0)
		return true;
	fprintf(stderr,
		"warning: this kubeconfig is not recorded, 'kubewright kubeconfig --list' will not show it: %s\n"
		"  hint: %s; write down its serial %s yourself\n",
		err.what, err.hint[0] ? err.hint : "see whether the folder is yours and its disk has room",
		g->serial[0] ? g->serial : "number");
	return false;
}

static int give(const struct cli_run *r, const struct secret *text, struct error *err)
{
	struct error unsaid = { 0 };
	struct pki_given g;
	bool noted = note(r, text, &g);

	if (put(r, text, err) == 0)
		return 0;
	if (noted && pki_given_drop(r->given, g.serial, &unsaid))
		fprintf(stderr, "warning: the record has a kubeconfig that was not written, serial %s: %s\n", g.serial,
			unsaid.what);
	return -1;
}

static int make(struct cli_run *r, struct error *err)
{
	const struct cli_options *o = r->options;
	int days = r->options->days ? r->options->days : DAYS;
	struct secret text = { 0 };
	char server[300], until[32];
	int rc;

	snprintf(
		server, sizeof(server), "https://%s:%d", inventory_endpoint(r->inventory), r->inventory->endpoint.port);
	rc = pki_kubeconfig(r->world.pki.store, r->inventory->cluster, server, o->user ? o->user : "kubernetes-admin",
		o->group ? o->group : r->release->admin_org, days, &text, err);
	if (rc == 0)
		rc = give(r, &text, err);
	secret_release(&text);
	if (rc)
		return rc;
	clock_rfc3339(clock_wall_ms() + (int64_t)days * 86400000, until, sizeof(until));
	fflush(stdout);
	if (o->write || o->out)
		printf("%s\n", o->out ? o->out : r->kubeconfig);
	fprintf(stderr, "valid for %d days, until %.10s\n", days, until);
	return 0;
}

int cli_kubeconfig(const struct cli_options *o)
{
	struct error err = { 0 };
	struct cli_run r;
	int status = 0;

	if (check_options(o, &err))
		return cli_fail(&err);
	if (o->list)
		return cli_kubeconfig_list(o);
	if (cli_run_load(&r, o, &err) || cli_keys_open(&r, &err) || make(&r, &err))
		status = cli_fail(&err);
	cli_keys_close(&r);
	return status;
}
