/* Faults on purpose: the table, the sums, and what is made of a measurement. */
#include "cluster/drill.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "remote/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The pauses: a virtual IP moves 2 to 4 s after its check has failed twice or its holder has said nothing three times; etcd elects within 2 s; a client gives up after 1 s. */
const struct drill_kind drill_kinds[DRILL_FAULTS] = {
	[DRILL_WORKER] = { "worker", "a worker's kubelet stands still", "the kubelet is stopped", 2, 180 },
	[DRILL_VIP] = { "vip", "the virtual IP's holder gives it away", "keepalived is stopped", 5, 90 },
	[DRILL_API] = { "api", "an API server dies", "its process is killed", 10, 0 },
	[DRILL_ETCD] = { "etcd", "an etcd member that follows dies", "its process is killed", 10, 0 },
	[DRILL_LEADER] = { "etcd-leader", "the etcd member that leads dies", "its process is killed", 10, 0 },
	[DRILL_LINK] = { "link", "a control plane is cut off from everybody",
		"the packet filter lets nothing through but this SSH connection", 10, 90 },
};

enum drill_fault drill_find(const char *name)
{
	for (int f = 0; f < DRILL_FAULTS; f++)
		if (strcmp(drill_kinds[f].name, name) == 0)
			return (enum drill_fault)f;
	return DRILL_FAULTS;
}

static unsigned count(const struct inventory *inv, enum inventory_role role)
{
	unsigned n = 0;

	for (size_t i = 0; i < inv->host_count; i++)
		n += inv->hosts[i].role == role;
	return n;
}

static bool takes_member(enum drill_fault f)
{
	return f == DRILL_ETCD || f == DRILL_LEADER || f == DRILL_LINK;
}

int drill_possible(const struct inventory *inv, enum drill_fault f, unsigned voters, struct error *err)
{
	const char *name = drill_kinds[f].name;

	if (f == DRILL_WORKER)
		return count(inv, INVENTORY_WORKER)
			       ? 0
			       : error_set(err, ERROR_COMMAND, "%s: the inventory has no worker", name);
	if (f == DRILL_VIP && !inv->endpoint.vip)
		return error_set(err, ERROR_COMMAND, "%s: the inventory has no virtual IP (endpoint.vip)", name);
	if (count(inv, INVENTORY_CONTROL_PLANE) < 2)
		return error_set(
			err, ERROR_COMMAND, "%s: there is one control plane, and nothing works without it", name);
	if (takes_member(f) && quorum_tolerates(&(struct quorum){ voters, voters }) == 0)
		return voters ? error_set(err, ERROR_COMMAND,
					"%s: etcd has %u voters, %u of them must be healthy, and one would be gone",
					name, voters, quorum_needed(voters))
			      : error_set(err, ERROR_COMMAND, "%s: it is unknown how many voters etcd has", name);
	return 0;
}

void drill_left_words(const char *said, char *out, size_t size)
{
	const char *fault = said ? strchr(said, ' ') : NULL;

	*out = '\0';
	if (fault && str_starts(said, "ended "))
		snprintf(out, size, "ended what a drill that was cut off had begun here:%.40s", fault);
	else if (fault)
		snprintf(out, size,
			"what a drill that was cut off has begun here cannot be ended:%.40s; the host tries by itself",
			fault);
}

/* ---- what was measured ------------------------------------------------------------------------------------------------ */

#define MOST 1000000000

static int take(const struct remote_answer *a, const char *word, int64_t *out, struct error *err)
{
	const char *text = remote_answer_get(a, word);
	size_t digits = text ? strspn(text, "0123456789") : 0;

	if (!digits || digits > 12 || text[digits])
		return error_set(err, ERROR_PROTOCOL, "the host does not say %s of what it has measured", word);
	*out = strtoll(text, NULL, 10);
	return *out <= MOST ? 0 : error_set(err, ERROR_PROTOCOL, "the host says an impossible %s: %s", word, text);
}

static int take_count(const struct remote_answer *a, const char *word, unsigned *out, struct error *err)
{
	int64_t n = 0;
	int rc = take(a, word, &n, err);

	*out = (unsigned)n;
	return rc;
}

int drill_measured_take(struct drill_measured *m, const struct remote_answer *a, struct error *err)
{
	*m = (struct drill_measured){ 0 };
	if (take_count(a, "writes", &m->writes, err) || take_count(a, "writes_failed", &m->writes_failed, err) ||
		take_count(a, "reads", &m->reads, err) || take_count(a, "reads_failed", &m->reads_failed, err) ||
		take_count(a, "lost", &m->lost, err) || take(a, "write_pause", &m->write_pause_ms, err) ||
		take(a, "read_pause", &m->read_pause_ms, err))
		return -1;
	if (m->writes_failed > m->writes || m->reads_failed > m->reads || m->lost > m->writes - m->writes_failed)
		return error_set(err, ERROR_PROTOCOL, "what the host has measured does not add up");
	return 0;
}

bool drill_as_expected(enum drill_fault f, const struct drill_measured *m)
{
	int64_t most = (int64_t)drill_kinds[f].pause_s * 1000;

	return !m->lost && m->write_pause_ms <= most && m->read_pause_ms <= most;
}

const char *drill_state_name(enum drill_state s)
{
	static const char *const names[] = { "not-asked", "left-out", "not-made", "done", "failed" };

	return names[s];
}
