/* The table of findings, and the run through it. */
#include "cluster/findings.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KIND(function, name, level, kubeadm, summary) { name, summary, FINDING_##level, kubeadm },
const struct finding_kind finding_kinds[] = { FINDINGS(KIND) };
const size_t finding_kind_count = sizeof(finding_kinds) / sizeof(finding_kinds[0]);

#define CHECK(function, name, level, kubeadm, summary) find_##function,
static void (*const checks[])(const struct finding_scope *s) = { FINDINGS(CHECK) };

const struct finding_kind *finding_kind_find(const char *name)
{
	for (size_t i = 0; i < finding_kind_count; i++)
		if (strcmp(finding_kinds[i].name, name) == 0)
			return &finding_kinds[i];
	return NULL;
}

__attribute__((format(printf, 3, 0))) static void set_text(char *out, size_t size, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	str_copy_line(out, size, text);
}

struct finding *finding_add(const struct finding_scope *s, enum finding_level level, const char *fmt, ...)
{
	struct findings *out = s->out;
	struct finding *f;
	va_list ap;

	out->list = xrealloc(out->list, out->count + 1, sizeof(*out->list));
	f = &out->list[out->count++];
	memset(f, 0, sizeof(*f));
	f->level = level;
	f->host = s->index;
	snprintf(f->name, sizeof(f->name), "%s", s->name);
	for (size_t i = 0; i < s->inv->preflight.ignore_count; i++)
		f->ignored = f->ignored || strcmp(s->inv->preflight.ignore[i], s->name) == 0;
	va_start(ap, fmt);
	set_text(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
	return f;
}

void finding_why(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
}

void finding_remedy(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}

void finding_same_as(const struct finding_scope *s, struct finding *f, const char *kubeadm)
{
	/* as kubeadm compares them */
	for (size_t i = 0; i < s->inv->preflight.ignore_count; i++)
		f->ignored = f->ignored || strcasecmp(s->inv->preflight.ignore[i], kubeadm) == 0;
}

enum finding_level finding_fresh_error(const struct finding_scope *s)
{
	return s->fresh ? FINDING_ERROR : FINDING_WARNING;
}

bool finding_control_plane(const struct finding_scope *s)
{
	return s->host->role == INVENTORY_CONTROL_PLANE;
}

bool finding_has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* A run of ours that was cut off leaves files and ports that are ours; the ledger is the first thing that it writes. */
static bool touched(const struct inventory *inv, const struct cluster_host *h)
{
	return cluster_fact_is(h, "ledger", "yes") || cluster_fact_is(h, "record.cluster", inv->cluster) ||
	       *cluster_fact(h, "job.init") || *cluster_fact(h, "job.join");
}

void findings_preflight(const struct inventory *inv, const struct cluster_host *hosts,
	const struct identities *identities, int host, bool fresh, struct findings *out)
{
	struct finding_scope s = {
		.inv = inv,
		.release = release_find(inv->kubernetes.version),
		.host = &inv->hosts[host],
		.hosts = hosts,
		.h = &hosts[host],
		.index = host,
		.identities = identities,
		.fresh = fresh,
		.untouched = fresh && !touched(inv, &hosts[host]),
		.out = out,
	};

	if (!hosts[host].probed)
		return;
	for (size_t i = 0; i < finding_kind_count; i++) {
		s.name = finding_kinds[i].name;
		checks[i](&s);
	}
}

void findings_release(struct findings *f)
{
	free(f->list);
	memset(f, 0, sizeof(*f));
}
