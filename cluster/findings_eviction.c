/* Room by the kubelet's own measure: below its thresholds it ends Pods, however many gigabytes are left. */
#include "cluster/findings.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB_PER_GIB (1 << 20)

struct room {
	const struct finding_scope *s;
	bool inodes;
};

/* Of the kubelet's own; evictionHard in its configuration takes the place of all of them. */
static const char *threshold(const struct inventory *inv, const char *signal)
{
	static const struct {
		const char *signal, *value;
	} defaults[] = { { "nodefs.available", "10%" }, { "nodefs.inodesFree", "5%" }, { "imagefs.available", "15%" },
		{ "imagefs.inodesFree", "5%" } };
	const struct json *own = inv->kubelet_config ? json_get(inv->kubelet_config, "evictionHard") : NULL;
	char path[64] = "";

	if (own) {
		snprintf(path, sizeof(path), "%.*s\\.%s", (int)strcspn(signal, "."), signal, strchr(signal, '.') + 1);
		return json_get_str(own, path, "");
	}
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (strcmp(defaults[i].signal, signal) == 0)
			return defaults[i].value;
	return "";
}

/* "10%" of all, or a quantity of unit bytes ("1Gi" with unit 1024 is in KiB), in the units of all. */
static double floor_of(const char *value, double all, double unit)
{
	static const struct {
		const char *suffix;
		double factor;
	} suffixes[] = { { "%", 0 }, { "", 1 }, { "k", 1e3 }, { "Ki", 1024.0 }, { "M", 1e6 }, { "Mi", 1048576.0 },
		{ "G", 1e9 }, { "Gi", 1073741824.0 }, { "T", 1e12 }, { "Ti", 1099511627776.0 } };
	char *end;
	double n = strtod(value, &end);

	for (size_t i = 0; end != value && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(end, suffixes[i].suffix) == 0)
			return i == 0 ? all * n / 100 : n * suffixes[i].factor / unit;
	return 0;
}

static void check(const char *line, void *ctx)
{
	const struct room *r = ctx;
	char fs[16], path[64], signal[40];
	long long size, avail, inodes, inodes_free;
	double all, left;
	const char *value;
	struct finding *f;

	if (sscanf(line, "%15s %63s %lld %lld %lld %lld", fs, path, &size, &avail, &inodes, &inodes_free) != 6)
		return;
	snprintf(signal, sizeof(signal), "%s.%s", fs, r->inodes ? "inodesFree" : "available");
	value = threshold(r->s->inv, signal);
	all = (double)(r->inodes ? inodes : size);
	left = (double)(r->inodes ? inodes_free : avail);
	if (all <= 0 || left >= floor_of(value, all, r->inodes ? 1 : 1024))
		return;
	if (r->inodes)
		f = finding_add(r->s, FINDING_WARNING, "%d %% of the inodes are left in %s, less than %s %s",
			(int)(left * 100 / all), path, signal, value);
	else
		f = finding_add(r->s, FINDING_WARNING, "%d %% (%lld of %lld GiB) are free in %s, less than %s %s",
			(int)(left * 100 / all), avail / KIB_PER_GIB, size / KIB_PER_GIB, path, signal, value);
	finding_why(f, "below that the kubelet evicts Pods and accepts no new ones");
	finding_remedy(f,
		"free some space ('crictl rmi --prune', 'journalctl --vacuum-size=100M', 'du -xh%s -d2 %s | sort -h'), enlarge the disk, or set "
		"kubelet.config.evictionHard",
		r->inodes ? " --inodes" : "", path);
}

void finding_eviction(const struct finding_scope *s, bool inodes)
{
	struct room r = { s, inodes };

	cluster_fact_lines(s->h, "filesystems", check, &r);
}
