/* What kubewright keeps on this machine, and how it calls itself. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The variable counts only when it is absolute, as its specification says. */
char *cli_state_home(struct error *err)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const struct passwd *pw;

	if (xdg && *xdg == '/')
		return xasprintf("%s/kubewright", xdg);
	if (!home || *home != '/') {
		pw = getpwuid(geteuid());
		home = pw ? pw->pw_dir : NULL;
	}
	if (!home || *home != '/') {
		error_set(err, ERROR_SYSTEM, "no home directory to keep the cluster's state in");
		error_hint(err, "set HOME, or XDG_STATE_HOME to an absolute path");
		return NULL;
	}
	return xasprintf("%s/.local/state/kubewright", home);
}

char *cli_runs_dir(const char *cluster, struct error *err)
{
	char *home = cli_state_home(err), *dir;

	if (!home)
		return NULL;
	dir = xasprintf("%s/%s/runs", home, cluster);
	free(home);
	return dir;
}

/* The machine's id is confidential by its own manual page: what others see is a digest of it. */
static char *machine_id(const char *host)
{
	struct str id = STR_INIT;
	char hex[65];

	str_add(&id, "kubewright ");
	if (file_read("/etc/machine-id", 4096, &id, NULL) || id.len < 32) {
		str_add(&id, " ");
		str_add(&id, host);
	}
	pki_sha256_hex(id.buf, id.len, hex);
	str_release(&id);
	return xstrndup(hex, 32);
}

static void name_run(char *out, size_t size)
{
	char word[5];
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	secret_random_word(word, 4);
	snprintf(out, size, "%04d%02d%02dT%02d%02d%02d-%s", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		tm.tm_min, tm.tm_sec, word);
}

int cli_state_fill(struct cli_run *r, struct error *err)
{
	char *home = cli_state_home(err);
	const struct passwd *pw = getpwuid(getuid());
	char host[256] = "localhost";

	if (!home)
		return -1;
	gethostname(host, sizeof(host) - 1);
	r->state_dir = xasprintf("%s/%s", home, r->inventory->cluster);
	free(home);
	r->known_hosts = xasprintf("%s/known_hosts", r->state_dir);
	r->user_known_hosts[0] = file_expand("~/.ssh/known_hosts", NULL);
	r->user_known_hosts[1] = file_expand("~/.ssh/known_hosts2", NULL);
	r->other_known_hosts[0] = r->user_known_hosts[0];
	r->other_known_hosts[1] = r->user_known_hosts[1];
	r->other_known_hosts[2] = "/etc/ssh/ssh_known_hosts";
	r->other_known_hosts[3] = "/etc/ssh/ssh_known_hosts2";
	r->runs_dir = xasprintf("%s/runs", r->state_dir);
	r->snapshots_dir = xasprintf("%s/snapshots", r->state_dir);
	r->kubeconfig = xasprintf("%s/kubeconfig", r->state_dir);
	r->given = xasprintf("%s/kubeconfigs.jsonl", r->state_dir);
	r->store_dir = r->inventory->pki.store ? xstrdup(r->inventory->pki.store) : xasprintf("%s/pki", r->state_dir);
	r->owner = xasprintf("%s@%s pid %ld", pw ? pw->pw_name : "unknown", host, (long)getpid());
	r->machine = machine_id(host);
	r->dead_runs = xstrdup("");
	name_run(r->id, sizeof(r->id));
	return 0;
}
