/* The kinds of items: how each is judged by the facts, and reported. */
#include "steps/run/want.h"

#include "base/diff.h"
#include "base/error.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "inventory/release.h"
#include "pki/pki.h"
#include "steps/run/family.h"
#include "steps/run/run.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- packages ---- */

static bool package_met(const struct cluster_host *h, const struct item *i)
{
	const char *have = cluster_factf(h, "pkg.%s", i->key);

	return *have && (strcmp(i->want, "any") == 0 || package_family_of(h)->version_is(have, i->want));
}

static enum step_verdict package_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	const char *have = cluster_factf(h, "pkg.%s", i->key);
	bool any = strcmp(i->want, "any") == 0;

	if (!*have || !world_installed(h) || (i->upgrades && release_compare(have, i->want) < 0))
		return step_needed(
			why, EVIDENCE_PACKAGE, i->key, "installs %s%s%s", i->key, any ? "" : " ", any ? "" : i->want);
	error_refuse(why, ERROR_INVENTORY, REFUSAL_VERSION, i->key,
		"%s %s is installed on a host of the living cluster, and %s is %s", i->key, have,
		i->from ? i->from : "what is wanted", i->want);
	error_hint(why,
		"apply never upgrades: set it to what is installed; or 'kubewright upgrade' brings the cluster to a newer version");
	return STEP_IMPOSSIBLE;
}

static void package_differs(const struct cluster_host *h, const struct item *i, struct str *out)
{
	const char *now = cluster_factf(h, "pkg.%s", i->key);

	str_addf(out, "package %s: %s -> %s\n", i->key, *now ? now : "not installed",
		strcmp(i->want, "any") == 0 ? "installed" : i->want);
}

static bool hold_met(const struct cluster_host *h, const struct item *i)
{
	return cluster_fact_has(h, "hold", i->key);
}

static enum step_verdict hold_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	(void)h;
	return step_needed(why, EVIDENCE_HOLD, i->key, "holds %s", i->key);
}

static void hold_differs(const struct cluster_host *h, const struct item *i, struct str *out)
{
	(void)h;
	str_addf(out, "package %s: not held -> held\n", i->key);
}

/* That others name the place with another key is reported by its finding, and by the script. */
static bool repository_met(const struct cluster_host *h, const struct item *i)
{
	struct item list = { .kind = ITEM_FILE, .mode = 0644 },
		    key = { .kind = ITEM_FILE, .mode = 0644, .brought = true };
	struct repository_files files;
	bool met;

	if (i->maybe || *cluster_factf(h, "source.%s", i->key))
		return true;
	package_family_of(h)->repository(i->key, i->want, &files);
	list.key = files.list;
	list.want = files.text.buf;
	key.key = files.key;
	key.want = "";
	met = item_met(h, &list) && item_met(h, &key);
	str_release(&files.text);
	return met;
}

static enum step_verdict repository_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	(void)h;
	return step_needed(why, EVIDENCE_SOURCE, i->key, "adds the package source %s", i->key);
}

/* ---- files ---- */

static void file_sum(const struct item *i, char out[65])
{
	pki_sha256_hex(i->want, strlen(i->want), out);
}

static bool file_met(const struct cluster_host *h, const struct item *i)
{
	const char *now = cluster_factf(h, "sum.%s", i->key);
	char sum[65], mode[32];

	file_sum(i, sum);
	if (i->brought && !*i->want)
		snprintf(sum, sizeof(sum), "%s", *now && strcmp(now, "absent") != 0 ? now : "-");
	snprintf(mode, sizeof(mode), "%o 0:0", i->mode);
	return strcmp(now, sum) == 0 && strcmp(cluster_factf(h, "mode.%s", i->key), mode) == 0;
}

static enum step_verdict file_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	(void)h;
	return step_needed(why, EVIDENCE_FILE, i->key, "writes %s", i->key);
}

static void file_differs(const struct cluster_host *h, const struct item *i, struct str *out)
{
	const char *now = cluster_factf(h, "sum.%s", i->key);
	char sum[65];

	file_sum(i, sum);
	if (i->brought && !*i->want)
		str_addf(out, "%s: is fetched\n", i->key);
	else if (!i->secret)
		diff_add(out, i->key, strcmp(now, "absent") == 0 ? NULL : cluster_factf(h, "text.%s", i->key), i->want);
	else if (strcmp(now, sum) != 0)
		str_addf(out, "%s: is written again; not shown, as it may hold secrets\n", i->key);
}

static bool name_met(const struct cluster_host *h, const struct item *i)
{
	return cluster_fact_first(h, "resolve", i->want);
}

static enum step_verdict name_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	(void)h;
	return step_needed(why, EVIDENCE_NAME, i->key, "makes %s resolve to %s", i->key, i->want);
}

static int name_stays(const struct cluster_host *h, const struct item *i, struct error *err)
{
	const char *by = cluster_fact(h, "resolve_by");

	error_set(err, ERROR_COMMAND, "%s still resolves to '%s', although /etc/hosts has %s", i->key,
		cluster_fact(h, "resolve"), i->want);
	return error_hint(err, "%s has the last word: correct it, so that 'getent ahostsv4 %s' gives %s first",
		*by ? by : "/etc/nsswitch.conf", i->key, i->want);
}

static void name_differs(const struct cluster_host *h, const struct item *i, struct str *out)
{
	const char *now = cluster_fact(h, "resolve");

	str_addf(out, "%s: %s -> %s\n", i->key, *now ? now : "no address", i->want);
}

static bool swap_met(const struct cluster_host *h, const struct item *i)
{
	(void)i;
	return !*cluster_fact(h, "swap") && !*cluster_fact(h, "swap_boot");
}

static enum step_verdict swap_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	(void)i;
	if (*cluster_fact(h, "swap"))
		return step_needed(why, EVIDENCE_SWAP, NULL, "turns swap off");
	return step_needed(why, EVIDENCE_SWAP_BOOT, NULL, "keeps swap off at the next boot");
}

static int swap_stays(const struct cluster_host *h, const struct item *i, struct error *err)
{
	const char *now = cluster_fact(h, "swap"), *text = *now ? now : cluster_fact(h, "swap_boot");

	(void)i;
	error_set(err, ERROR_COMMAND, "swap is %s: %.*s", *now ? "on again" : "still made by the next boot",
		(int)strcspn(text, "\n"), text);
	return error_hint(err, "turn it off where it is configured; to keep it, set kubelet.config.failSwapOn: false");
}

static void swap_differs(const struct cluster_host *h, const struct item *i, struct str *out)
{
	const char *now = cluster_fact(h, "swap"), *text = *now ? now : cluster_fact(h, "swap_boot");

	(void)i;
	str_addf(out, "swap: %s%.*s -> off\n", *now ? "" : "at the next boot ", (int)strcspn(text, "\n"), text);
}

/* One that is not there at all was reported by preflight. */
static bool module_met(const struct cluster_host *h, const struct item *i)
{
	return strcmp(cluster_factf(h, "module.%s", i->key), "available") != 0;
}

static enum step_verdict module_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	(void)h;
	return step_needed(why, EVIDENCE_MODULE, i->key, "loads the kernel module %s", i->key);
}

static int module_stays(const struct cluster_host *h, const struct item *i, struct error *err)
{
	(void)h;
	error_set(err, ERROR_COMMAND, "the kernel module %s exists but cannot be loaded", i->key);
	return error_hint(err, "'modprobe %s' on the host shows why; is it in a blacklist of /etc/modprobe.d?", i->key);
}

static void module_differs(const struct cluster_host *h, const struct item *i, struct str *out)
{
	(void)h;
	str_addf(out, "module %s: not loaded -> loaded\n", i->key);
}

/* Values of several numbers are shown with tabs between them. */
static bool same_words(const char *a, size_t len, const char *b)
{
	const char *end = a + len;

	for (;;) {
		while (a < end && isspace((unsigned char)*a))
			a++;
		while (isspace((unsigned char)*b))
			b++;
		if (a == end || !*b)
			return a == end && !*b;
		for (; a < end && !isspace((unsigned char)*a); a++, b++)
			if (*a != *b)
				return false;
		if (*b && !isspace((unsigned char)*b))
			return false;
	}
}

/* A bridge's settings are not there before its module is loaded. */
static bool wrong_now(const struct cluster_host *h, const struct item *i)
{
	const char *now = cluster_factf(h, "sysctl.%s", i->key);

	return !same_words(now, strlen(now), i->want) && (*now || !i->later);
}

/* "VALUE FILE:LINE"; *where: the place, or NULL. */
static bool wrong_at_boot(const struct cluster_host *h, const struct item *i, const char **where)
{
	const char *boot = cluster_factf(h, "sysctl_boot.%s", i->key);

	*where = strrchr(boot, ' ');
	return !*where || !same_words(boot, (size_t)(*where - boot), i->want);
}

static bool sysctl_met(const struct cluster_host *h, const struct item *i)
{
	const char *where;

	return !wrong_now(h, i) && !wrong_at_boot(h, i, &where);
}

static enum step_verdict sysctl_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	if (wrong_now(h, i))
		return step_needed(why, EVIDENCE_SYSCTL, i->key, "sets %s", i->key);
	return step_needed(why, EVIDENCE_SYSCTL_BOOT, i->key, "sets %s for the next boot", i->key);
}

static int sysctl_stays(const struct cluster_host *h, const struct item *i, struct error *err)
{
	const char *boot = cluster_factf(h, "sysctl_boot.%s", i->key), *where;

	if (!*cluster_factf(h, "sysctl.%s", i->key) && !i->later) {
		error_set(err, ERROR_COMMAND, "this kernel has no setting %s, which should be %s", i->key, i->want);
		return error_hint(err, "'sysctl %s' on the host shows it; is its kernel module loaded?", i->key);
	}
	if (wrong_now(h, i)) {
		error_set(err, ERROR_COMMAND, "%s was set to %s and is '%s' again", i->key, i->want,
			cluster_factf(h, "sysctl.%s", i->key));
		return error_hint(err, "a program on this host sets it back; find it and change its setting");
	}
	wrong_at_boot(h, i, &where);
	error_set(err, ERROR_COMMAND, "the next boot would set %s to '%.*s': %s", i->key,
		(int)(where ? (size_t)(where - boot) : strlen(boot)), boot, where ? where + 1 : "no file sets it");
	return error_hint(err,
		"remove that line: its file is read after kubewright's, which begin with /etc/sysctl.d/zz-kubewright");
}

static void sysctl_differs(const struct cluster_host *h, const struct item *i, struct str *out)
{
	const char *now = cluster_factf(h, "sysctl.%s", i->key), *where;

	if (wrong_now(h, i))
		str_addf(out, "%s: %s -> %s\n", i->key, *now ? now : "not set", i->want);
	else if (wrong_at_boot(h, i, &where))
		str_addf(
			out, "%s: at the next boot %s -> %s\n", i->key, where ? where + 1 : "no file sets it", i->want);
}

/* Whether a run was cut between putting a unit's files and making it take them up: see put.sh. */
static bool unit_stale(const struct cluster_host *h, const struct item *i)
{
	char word[128];

	snprintf(word, sizeof(word), "record.stale_%s", i->key);
	for (char *p = word + 13; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	return cluster_fact_is(h, word, "yes");
}

static bool unit_met(const struct cluster_host *h, const struct item *i)
{
	return strcmp(cluster_factf(h, "unit.%s", i->key), i->want) == 0 && !unit_stale(h, i);
}

static enum step_verdict unit_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	if (strcmp(cluster_factf(h, "unit.%s", i->key), i->want) != 0)
		return step_needed(why, EVIDENCE_UNIT, i->key, "starts %s", i->key);
	return step_needed(why, EVIDENCE_UNIT_STALE, i->key, "%s %s, which runs with an older configuration",
		i->reload ? "reloads" : "restarts", i->key);
}

static void unit_differs(const struct cluster_host *h, const struct item *i, struct str *out)
{
	const char *now = cluster_factf(h, "unit.%s", i->key);

	if (strcmp(now, i->want) != 0)
		str_addf(out, "%s: %s -> %s\n", i->key, *now ? now : "absent", i->want);
}

const struct item_type item_types[ITEM_KINDS] = {
	[ITEM_PACKAGE] = { "package", package_met, package_need, NULL, package_differs },
	[ITEM_HOLD] = { "hold", hold_met, hold_need, NULL, hold_differs },
	[ITEM_REPOSITORY] = { "repository", repository_met, repository_need, NULL, NULL },
	[ITEM_FILE] = { "file", file_met, file_need, NULL, file_differs },
	[ITEM_NAME] = { "name", name_met, name_need, name_stays, name_differs },
	[ITEM_SWAP] = { "swap", swap_met, swap_need, swap_stays, swap_differs },
	[ITEM_MODULE] = { "module", module_met, module_need, module_stays, module_differs },
	[ITEM_SYSCTL] = { "sysctl", sysctl_met, sysctl_need, sysctl_stays, sysctl_differs },
	[ITEM_UNIT] = { "unit", unit_met, unit_need, NULL, unit_differs },
};

bool item_met(const struct cluster_host *h, const struct item *i)
{
	return i->in_use || (i->want ? item_types[i->kind].met(h, i) : !i->gone);
}

enum step_verdict item_need(const struct cluster_host *h, const struct item *i, struct error *why)
{
	if (i->want)
		return item_types[i->kind].need(h, i, why);
	if (i->kind == ITEM_HOLD)
		return step_needed(why, EVIDENCE_GONE, i->key, "no longer holds %s", i->key);
	return step_needed(why, EVIDENCE_GONE, i->key, "puts %s back as it was before kubewright", i->key);
}
