/* The arithmetic of etcd's quorum. */
#include "cluster/quorum.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

unsigned quorum_needed(unsigned voters)
{
	return (unsigned)inventory_quorum(voters);
}

unsigned quorum_tolerates(const struct quorum *q)
{
	unsigned needed = quorum_needed(q->voters);

	return q->healthy > needed ? q->healthy - needed : 0;
}

int quorum_without(const struct quorum *now, bool healthy, const char *name, bool override, struct quorum *after,
	struct error *err)
{
	unsigned needed = quorum_needed(now->voters);

	*after = *now;
	if (now->voters <= 1) {
		error_set(err, ERROR_COMMAND, "%s is etcd's last voter: without it the cluster's data is lost", name);
		return error_hint(err, "'kubewright reset' removes a whole cluster");
	}
	after->voters--;
	after->healthy -= healthy && after->healthy;
	if (now->healthy < needed) {
		error_set(err, ERROR_COMMAND,
			"etcd has lost its quorum: %u of %u voters are healthy and %u are needed to remove %s",
			now->healthy, now->voters, needed, name);
		return error_hint(err,
			"bring another control plane back first ('kubewright status' shows them); if that is impossible, see 'kubewright etcd restore'");
	}
	if (override || after->healthy >= quorum_needed(after->voters))
		return 0;
	error_set(err, ERROR_COMMAND,
		"removing %s would lose etcd's quorum: of %u voters %u would be healthy, and %u are needed", name,
		after->voters, after->healthy, quorum_needed(after->voters));
	return error_hint(err, "bring another control plane back first ('kubewright status' shows them)");
}

int quorum_pause(const struct quorum *now, bool healthy, const char *name, bool override, struct error *err)
{
	unsigned needed = quorum_needed(now->voters), left = now->healthy - (healthy && now->healthy);

	if (override || left >= needed)
		return 0;
	error_set(err, ERROR_COMMAND,
		"while %s is down nothing could be written: of %u etcd voter%s %u would be healthy, and %u %s needed",
		name, now->voters, now->voters == 1 ? "" : "s", left, needed, needed == 1 ? "is" : "are");
	if (now->voters < 3)
		return error_hint(err,
			"so few control planes cannot spare one: --override-quorum restarts it all the same, and the API does not answer meanwhile");
	return error_hint(err, "bring the others back first ('kubewright status' shows them)");
}

void quorum_words(const struct quorum *q, struct str *out)
{
	str_addf(out, "%u voter%s, %u healthy, ", q->voters, q->voters == 1 ? "" : "s", q->healthy);
	if (q->healthy < quorum_needed(q->voters))
		str_add(out, "quorum lost");
	else
		str_addf(out, "tolerates %u", quorum_tolerates(q));
}

static bool knows_leader(const struct net_etcd_status *s)
{
	return s->leader_id[0] && strcmp(s->leader_id, "0") != 0;
}

bool quorum_healthy(const struct quorum_view *v, int i)
{
	return v->answers[i] && knows_leader(&v->status[i]);
}

struct quorum quorum_count(const struct quorum_view *v)
{
	struct quorum q = { 0, 0 };

	for (int i = 0; i < v->count; i++) {
		q.voters += !v->list[i].learner;
		q.healthy += !v->list[i].learner && quorum_healthy(v, i);
	}
	return q;
}

void quorum_address(const struct net_etcd_member *m, char *out, size_t size)
{
	const char *host = strstr(m->peer_url, "://");

	host = host ? host + 3 : m->peer_url;
	snprintf(out, size, "%.*s", (int)strcspn(host, ":/"), host);
}

unsigned quorum_answering(const struct quorum_view *v)
{
	unsigned n = 0;

	for (int i = 0; i < v->count; i++)
		n += !v->list[i].learner && v->answers[i];
	return n;
}

unsigned quorum_unseen(const struct quorum_view *v)
{
	unsigned n = 0;

	for (int i = 0; i < v->count; i++)
		n += !v->list[i].learner && v->unseen[i];
	return n;
}

void quorum_mark_unseen(struct quorum_view *v, const char *address, const char *name)
{
	int i = quorum_find(v, address, name);

	if (i >= 0)
		v->unseen[i] = !v->answers[i];
}

void quorum_view_words(const struct quorum_view *v, struct str *out)
{
	struct quorum q = quorum_count(v);

	if (!q.healthy && quorum_answering(v) >= quorum_needed(q.voters)) {
		str_addf(out, "%u voters, %u answer, no leader", q.voters, quorum_answering(v));
		return;
	}
	if (!q.healthy)
		q.healthy = quorum_answering(v);
	quorum_words(&q, out);
}

const char *quorum_state(const struct quorum_view *v, int i)
{
	if (!v->list[i].name[0])
		return "not started";
	if (!v->answers[i])
		return v->unseen[i] ? "cannot be asked" : "does not answer";
	if (v->list[i].learner)
		return "learner";
	if (!knows_leader(&v->status[i]))
		return "knows no leader";
	return strcmp(v->status[i].leader_id, v->list[i].id) == 0 ? "leader" : "voter";
}

int64_t quorum_lag(const struct quorum_view *v, int i)
{
	int64_t furthest = 0;

	for (int k = 0; k < v->count; k++)
		if (v->answers[k] && v->status[k].raft_index > furthest)
			furthest = v->status[k].raft_index;
	return furthest - v->status[i].raft_index;
}

void quorum_drop(struct quorum_view *v, int i)
{
	for (v->count--; i < v->count; i++) {
		v->list[i] = v->list[i + 1];
		v->answers[i] = v->answers[i + 1];
		v->unseen[i] = v->unseen[i + 1];
		v->status[i] = v->status[i + 1];
	}
}

bool quorum_member_at(const struct net_etcd_member *m, const char *address)
{
	char own[64];

	quorum_address(m, own, sizeof(own));
	return strcmp(own, address) == 0;
}

bool quorum_member_of(const struct net_etcd_member *m, const char *address, const char *name)
{
	return quorum_member_at(m, address) || strcmp(m->name, name) == 0;
}

int quorum_find(const struct quorum_view *v, const char *address, const char *name)
{
	for (int i = 0; i < v->count; i++)
		if (quorum_member_of(&v->list[i], address, name))
			return i;
	return -1;
}

/* How far a view can be trusted to know the members: with a leader before without, then by what its members have seen. */
static int64_t rank(const struct quorum_view *v)
{
	int64_t best = 0;
	bool led = false;

	for (int i = 0; i < v->count; i++) {
		led = led || quorum_healthy(v, i);
		if (v->answers[i] && v->status[i].raft_index > best)
			best = v->status[i].raft_index;
	}
	return best / 2 + (led ? INT64_MAX / 2 : 0);
}

static void add_answers(struct quorum_view *out, const struct quorum_view *v)
{
	for (int i = 0; i < v->count; i++)
		for (int k = 0; k < out->count; k++)
			if (v->answers[i] && strcmp(out->list[k].id, v->list[i].id) == 0 &&
				(!out->answers[k] || (quorum_healthy(v, i) && !quorum_healthy(out, k)))) {
				out->answers[k] = true;
				out->status[k] = v->status[i];
			}
}

int quorum_merge(struct quorum_view *const *views, size_t count, struct quorum_view *out)
{
	int best = -1;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count; i++)
		if (views[i] && views[i]->count > 0 && (best < 0 || rank(views[i]) > rank(views[best])))
			best = (int)i;
	if (best < 0)
		return -1;
	*out = *views[best];
	quorum_hear(views, count, out);
	return best;
}

void quorum_hear(struct quorum_view *const *views, size_t count, struct quorum_view *out)
{
	memset(out->answers, 0, sizeof(out->answers));
	for (size_t i = 0; i < count; i++)
		if (views[i])
			add_answers(out, views[i]);
}

int quorum_confirm(const struct quorum_evidence *e, const char *name, struct error *err)
{
	unsigned wanted = e->others < 2 ? e->others : 2;

	if (!e->looked && e->seen) {
		error_set(err, ERROR_COMMAND,
			"%s cannot be reached from here, but its etcd answers %u of %u control planes: it is alive, and only the connection from this machine is broken",
			name, e->seen, e->asked);
		return error_hint(err,
			"fix the connection, or shut the host down if it is to go; then run this again. 'kubewright check --hosts %s' shows what fails",
			name);
	}
	if (e->looked && !e->runs && e->seen) {
		error_set(err, ERROR_COMMAND,
			"no etcd listens on %s, yet one answers at its address: SSH and the cluster do not reach the same machine",
			name);
		return error_hint(err, "compare its address and ssh.address in the inventory with the hosts");
	}
	if (e->looked || e->asked >= wanted)
		return 0;
	error_set(err, ERROR_COMMAND,
		"%s cannot be reached, and only %u of the %u healthy members could be asked whether it is dead", name,
		e->asked, e->others);
	return error_hint(err, "make the other control planes reachable first ('kubewright status' shows them)");
}

int quorum_lost(unsigned voters, unsigned answering, struct error *err)
{
	unsigned needed = quorum_needed(voters);

	if (answering < needed)
		return 0;
	error_set(err, ERROR_COMMAND,
		"etcd's quorum is not lost: %u of %u voters answer and %u are needed; nothing was changed", answering,
		voters, needed);
	return error_hint(err,
		"lost control planes come back with 'kubewright rejoin'; a restore would lose acknowledged writes and needs --override-quorum");
}

static bool is_dead(const struct quorum_look *l)
{
	return l->none || l->refused || (l->unreached && l->silent);
}

int quorum_given_up(const struct quorum_view *all, const struct quorum_look *looks, size_t count, struct error *err)
{
	unsigned voters = all->count ? quorum_count(all).voters : 0, answering = quorum_answering(all), unknown = 0;
	const struct quorum_look *first = NULL;

	for (size_t i = 0; i < count; i++) {
		int member = quorum_find(all, looks[i].address, looks[i].name);

		if (!all->count)
			voters++;
		else if (member < 0 || all->list[member].learner || all->answers[member])
			continue;
		if (is_dead(&looks[i]))
			continue;
		unknown++;
		first = first ? first : &looks[i];
	}
	if (voters && quorum_lost(voters, answering, err))
		return -1;
	if (!unknown || answering + unknown < quorum_needed(voters))
		return 0;
	error_set(err, ERROR_COMMAND,
		"it is unknown whether etcd's quorum is lost: %u of %u voters answer, %u are needed, and %u could not be asked (%s: %s); nothing was changed",
		answering, voters, quorum_needed(voters), unknown, first->name,
		*first->why ? first->why : "it was not asked");
	if (*first->hint)
		error_hint(err, "%s", first->hint);
	return error_hint(err, "make %s reachable; only if it is off for good, run this again with --override-quorum",
		first->name);
}
