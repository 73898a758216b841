/* The table of what an adoption meets, and the run through it. */
#include "cluster/findings_adopt.h"

#include "base/json.h"
#include "inventory/inventory.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KIND(function, name, level, summary) { name, summary, level, NULL },
const struct finding_kind adopt_kinds[] = { ADOPT_OF_CLUSTER(KIND) ADOPT_OF_HOST(KIND)
		ADOPT_OF_UNSEEN(KIND){ "setting-left-out", "a setting that an inventory cannot say", NOTE, NULL } };
const size_t adopt_kind_count = COUNT(adopt_kinds);

struct row {
	const char *name;
	void (*fn)(const struct adopt_scope *s);
};
#define ROW(function, name, level, summary) { name, adopt_##function },
static const struct row cluster_rows[] = { ADOPT_OF_CLUSTER(ROW) };
static const struct row host_rows[] = { ADOPT_OF_HOST(ROW) };
static const struct row unseen_rows[] = { ADOPT_OF_UNSEEN(ROW) };

static void run(struct adopt_scope *s, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		s->s.name = rows[i].name;
		rows[i].fn(s);
	}
}

void findings_adopt(const struct adopt_view *v, struct findings *out)
{
	struct json *config = adopt_config(v);
	struct quorum_view etcd;
	struct space_alarms alarms;
	struct adopt_scope s = {
		.s = { .inv = v->inv, .hosts = v->hosts, .index = -1, .out = out },
		.v = v,
		.config = config,
		.etcd = &etcd,
		.alarms = &alarms,
	};

	adopt_etcd(v, &etcd, &alarms);
	run(&s, cluster_rows, COUNT(cluster_rows));
	for (size_t i = 0; i < v->inv->host_count; i++) {
		s.s.host = &v->inv->hosts[i];
		s.s.h = &v->hosts[i];
		s.s.index = (int)i;
		s.a = &v->said[i];
		if (s.s.h->probed && s.a->looked)
			run(&s, host_rows, COUNT(host_rows));
		else
			run(&s, unseen_rows, COUNT(unseen_rows));
	}
	json_free(config);
}
