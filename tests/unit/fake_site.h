/*
 * A host for the scripts of steps/host: they run for real on this machine, by the local remote, with a temporary folder
 * in the place of the system's own (/etc, /var, /run, /proc, /sys, /usr/lib, /data), and with commands of bin/ in it
 * before the real ones. No root needed.
 */
#ifndef TESTS_UNIT_FAKE_SITE_H
#define TESTS_UNIT_FAKE_SITE_H

#include "base/error.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "remote/remote.h"

#include <sys/types.h>

struct fake_site {
	char dir[64];
	struct remote *remote;
	struct cluster_host h; /* what the last script answered */
	struct error err;
	char log[8192];        /* and its log */
};

/* An empty host; closing takes its folder away. */
void fake_site_open(struct fake_site *s);
void fake_site_close(struct fake_site *s);
/* A path in the folder; the last few results stay. */
char *fake_site_path(const struct fake_site *s, const char *name);
/* Writes a file of the host, "etc/hosts", and the folders above it. */
void fake_site_put(const struct fake_site *s, const char *name, mode_t mode, const char *text);
/* A file's text, "" when there is none; the last few results stay. */
const char *fake_site_get(const struct fake_site *s, const char *name);
/* Runs a command of sh in the folder, which must end with 0. */
void fake_site_sh(const struct fake_site *s, const char *command);
/*
 * Runs lib.sh and script on the host, as node cp1 at 10.0.0.11 with the lock held; returns what remote_script does.
 * Answers replace s->h's.
 */
int fake_site_run(struct fake_site *s, const char *script, const struct remote_param *params, size_t count);
/* Exchanges all of `from` in text by `to`. */
void fake_site_replace(struct str *text, const char *from, const char *to);

#endif
