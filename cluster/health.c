/* The table of health's findings, and the run through it. */
#include "cluster/health_private.h"

#include "cluster/signatures.h"
#include "pki/pki.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

#define KIND(function, name, level, remedy, summary) { name, summary, FINDING_##level, HEALTH_##remedy },
#define PREFLIGHT_KIND(function, name, remedy, summary) { name, summary, FINDING_ERROR, HEALTH_##remedy },
#define PLAN_KIND(name, level, remedy, summary) { name, summary, FINDING_##level, HEALTH_##remedy },
const struct health_kind health_kinds[] = { HEALTH(KIND) HEALTH_OF_PREFLIGHT(PREFLIGHT_KIND)
		HEALTH_OF_PLAN(PLAN_KIND) };
const size_t health_kind_count = sizeof(health_kinds) / sizeof(health_kinds[0]);

#define CHECK(function, name, level, remedy, summary) { name, health_##function },
static const struct {
	const char *name;
	void (*fn)(const struct health_scope *h);
} checks[] = { HEALTH(CHECK) };

#define PREFLIGHT_CHECK(function, name, remedy, summary) { name, find_##function },
static const struct {
	const char *name;
	void (*fn)(const struct finding_scope *s);
} preflight_checks[] = { HEALTH_OF_PREFLIGHT(PREFLIGHT_CHECK) };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct health_kind *health_kind_find(const char *name)
{
	for (size_t i = 0; i < health_kind_count; i++)
		if (strcmp(health_kinds[i].name, name) == 0)
			return &health_kinds[i];
	return NULL;
}

bool health_remediable(const struct finding *f)
{
	const struct health_kind *k = health_kind_find(f->name);

	if (!k)
		return false;
	return k->remedy == HEALTH_APPLY || k->remedy == HEALTH_MEMBER || (k->remedy == HEALTH_MEND && f->act[0]);
}

int health_days_left(const char *pem, int64_t now_s)
{
	struct pki_cert_info info;

	if (!pem || !*pem || pki_cert_info(pem, strlen(pem), &info, NULL))
		return INT_MIN;
	return (int)((info.not_after - now_s) / DAY_S) - (info.not_after < now_s);
}

void health_act(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->act, sizeof(f->act), fmt, ap);
	va_end(ap);
}

bool health_control_plane(const struct health_scope *h)
{
	return finding_control_plane(&h->s);
}

bool health_unit_up(const struct health_scope *h, const char *unit)
{
	return strcmp(cluster_factf(h->s.h, "unit.%s", unit), "active") == 0;
}

const char *health_pod(const struct health_scope *h, const char *name)
{
	const char *said = cluster_factf(h->s.h, "pod.%s", name);

	return strncmp(said, "up", 2) == 0 ? "up" : strncmp(said, "down", 4) == 0 ? "down" : NULL;
}

void health_explain(const struct health_scope *h, struct finding *f, const char *name)
{
	const char *text = cluster_factf(h->s.h, "log.%s", name);
	bool unit = strcmp(name, "kubelet") == 0 || strcmp(name, "containerd") == 0 || strcmp(name, "keepalived") == 0;
	struct signature_source source = { unit ? name : "pods", text, strlen(text) };
	struct signature_hit hit;
	char line[160];

	if (!*text)
		return;
	if (signatures_match(&source, 1, &hit, 1)) {
		finding_why(f, "%s; its log: %.90s", hit.cause, hit.line);
		if (hit.signature->rank != RANK_SYMPTOM && !f->act[0])
			finding_remedy(f, "%s", hit.remedy);
		return;
	}
	health_last_words(text, line, sizeof(line));
	if (line[0])
		finding_why(f, "its log: %s", line);
}

void findings_health(const struct health_view *v, int host, struct findings *out)
{
	struct health_scope h = {
		.s = { .inv = v->inv,
			.release = release_find(v->inv->kubernetes.version),
			.host = &v->inv->hosts[host],
			.hosts = v->hosts,
			.h = &v->hosts[host],
			.index = host,
			.out = out },
		.v = v,
		.installed = cluster_kubeadm_done(&v->hosts[host]),
	};

	if (!h.s.h->probed)
		return;
	for (size_t i = 0; i < COUNT(checks); i++) {
		h.s.name = checks[i].name;
		checks[i].fn(&h);
	}
	for (size_t i = 0; h.installed && i < COUNT(preflight_checks); i++) {
		h.s.name = preflight_checks[i].name;
		preflight_checks[i].fn(&h.s);
	}
}
