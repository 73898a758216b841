/*
 * Families of distributions, a row each: the package manager, the scripts that are written for it, how its versions
 * compare, where its repositories stand. A new family is a row and three scripts.
 */
#ifndef STEPS_RUN_FAMILY_H
#define STEPS_RUN_FAMILY_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct cluster_host;

struct repository_files {
	char list[128], key[128]; /* paths on the host */
	struct str text;          /* of the list; the caller releases it */
};
struct package_family {
	const char *manager;   /* the fact pkg_manager */
	const char *questions; /* functions packages_told, source_there, refusal_told: before probe.sh and install */
	const char *install;   /* the job's script, after lib.sh, questions, undo.sh, undo and wish.sh */
	const char *undo;      /* functions hold_back, undo_packages, packages_forgotten: before install and reset.sh */
	/* Whether a package's version is of the upstream version `want`: all of it, or its first parts. */
	bool (*version_is)(const char *have, const char *want);
	/* name, want: of an ITEM_REPOSITORY. */
	void (*repository)(const char *name, const char *want, struct repository_files *out);
};
extern const struct package_family package_families[];
extern const size_t package_family_count;

/* The row of a host's package manager, NULL: it has none. */
const struct package_family *package_family_find(const struct cluster_host *h);
/* The same; the first row for a host that has none or was not asked yet: nothing was installed there. */
const struct package_family *package_family_of(const struct cluster_host *h);

#endif
