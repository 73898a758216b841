/* Families of distributions: apt. */
#include "steps/run/family.h"

#include "cluster/cluster.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

/* "1.7.28-1~debian.12", "1.6.20~ds1-1" and "1:1.6.24+ds1-2" by "1.7.28", "1.6.20" and "1.6": as version_is of packages.sh has it. */
static bool apt_version_is(const char *have, const char *want)
{
	const char *colon = strchr(have, ':'), *v = colon ? colon + 1 : have;
	size_t n = strlen(want);

	return strncmp(v, want, n) == 0 && (strchr("-.+", v[n]) || str_starts(v + n, "~ds"));
}

static void apt_repository(const char *name, const char *want, struct repository_files *out)
{
	size_t place = strcspn(want, " ");

	/* URL and suite, and the component if there is one */
	for (int words = 0; words < 2 && want[place] && !str_starts(want + place, " - "); words++)
		place += 1 + strcspn(want + place + 1, " ");
	snprintf(out->list, sizeof(out->list), "/etc/apt/sources.list.d/kubewright-%s.list", name);
	snprintf(out->key, sizeof(out->key), "/etc/apt/keyrings/kubewright-%s.gpg", name);
	str_init(&out->text);
	str_addf(&out->text, "deb [signed-by=%s] %.*s\n", out->key, (int)place, want);
}

const struct package_family package_families[] = {
	{ "apt", host_script_sources, host_script_packages, host_script_packages_undo, apt_version_is, apt_repository },
};
const size_t package_family_count = sizeof(package_families) / sizeof(package_families[0]);

const struct package_family *package_family_find(const struct cluster_host *h)
{
	for (size_t i = 0; i < package_family_count; i++)
		if (cluster_fact_is(h, "pkg_manager", package_families[i].manager))
			return &package_families[i];
	return NULL;
}

const struct package_family *package_family_of(const struct cluster_host *h)
{
	const struct package_family *family = package_family_find(h);

	return family ? family : &package_families[0];
}
