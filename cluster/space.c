/* The room that etcd's data has. */
#include "cluster/space.h"

#include "base/error.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define MIB ((int64_t)1 << 20)
#define GAIN_MIN (4 * MIB)     /* less is never worth it */
#define GAIN_SMALL (256 * MIB) /* … and less than this is not, when it is less than a tenth of the database */
#define LIMIT_MS (5 * 60000)
#define BYTES_A_SECOND (4 * MIB) /* of a slow disk */

int64_t space_quota(const struct net_etcd_status *s, const struct space_host *host)
{
	int64_t quota = s->db_quota ? s->db_quota : host ? host->quota : 0;

	if (quota < 0)
		return SPACE_NONE;
	if (quota)
		return quota;
	return host && host->looked ? SPACE_QUOTA : 0;
}

/* Bytes that a defragmentation would return; -1: not known. */
static int64_t gain_of(const struct net_etcd_status *s)
{
	if (s->db_size <= 0 || s->db_in_use <= 0)
		return -1;
	return s->db_in_use < s->db_size ? s->db_size - s->db_in_use : 0;
}

bool space_little(const struct net_etcd_status *s, bool full)
{
	int64_t gain = gain_of(s);

	if (gain < 0)
		return false;
	return gain < GAIN_MIN || (!full && gain < GAIN_SMALL && gain < s->db_size / 10);
}

int64_t space_limit_ms(const struct net_etcd_status *s)
{
	int64_t seconds = s->db_size > 0 ? s->db_size / BYTES_A_SECOND : 0;

	/* nobody waits longer than a day, however large it says that it is */
	return LIMIT_MS + 1000 * (seconds < 86400 ? seconds : 86400);
}

bool space_is_full(const struct net_etcd_alarm *alarm)
{
	return strcmp(alarm->name, "NOSPACE") == 0;
}

bool space_any_full(const struct space_alarms *alarms)
{
	for (int i = 0; i < alarms->count; i++)
		if (space_is_full(&alarms->list[i]))
			return true;
	return false;
}

const char *space_member(const struct quorum_view *v, const struct net_etcd_alarm *alarm)
{
	for (int i = 0; i < v->count; i++)
		if (strcmp(v->list[i].id, alarm->member_id) == 0 && v->list[i].name[0])
			return v->list[i].name;
	return alarm->member_id;
}

/* ---- what is in the way ---------------------------------------------------------------------------------------------- */

static bool is_learner(const struct quorum_view *v, int i)
{
	return v->list[i].learner;
}

static bool is_unstarted(const struct quorum_view *v, int i)
{
	return !v->list[i].name[0];
}

static bool is_unseen(const struct quorum_view *v, int i)
{
	return !v->answers[i] && v->unseen[i];
}

static bool is_silent(const struct quorum_view *v, int i)
{
	return !v->answers[i];
}

static bool is_leaderless(const struct quorum_view *v, int i)
{
	return !quorum_healthy(v, i);
}

static bool follows_another(const struct quorum_view *v, int i)
{
	return strcmp(v->status[i].leader_id, v->status[0].leader_id) != 0;
}

static bool is_of_another_version(const struct quorum_view *v, int i)
{
	return strcmp(v->status[i].version, v->status[0].version) != 0;
}

/* In this order: those further down may rely on what those above exclude. */
static const struct rule {
	bool (*holds)(const struct quorum_view *v, int i);
	const char *what, *hint;
	enum error_kind kind;
	bool of_disarm; /* it is in the way of that, too */
} rules[] = {
	{ is_unstarted, "never started", "finish its join ('kubewright apply'), or remove it ('kubewright repair')",
		ERROR_COMMAND, false },
	{ is_unseen, "cannot be asked", "see 'kubewright status'", ERROR_BLOCKED, true },
	{ is_silent, "does not answer", "bring it back first: see 'kubewright etcd members'", ERROR_COMMAND, true },
	{ is_learner, "is a learner and does not vote yet", "finish its join first: 'kubewright apply'", ERROR_COMMAND,
		false },
	{ is_leaderless, "knows no leader", "see 'kubewright etcd members'", ERROR_COMMAND, true },
	{ follows_another, "follows another leader than the others", "see 'kubewright etcd members'", ERROR_COMMAND,
		false },
	{ is_of_another_version, "runs another version of etcd than the others",
		"finish the upgrade first: 'kubewright upgrade'", ERROR_COMMAND, false },
};

static int judge_members(const struct quorum_view *v, bool disarm, struct error *err)
{
	for (int i = 0; i < v->count; i++)
		for (size_t k = 0; k < sizeof(rules) / sizeof(rules[0]); k++) {
			const char *name = v->list[i].name[0] ? v->list[i].name : v->list[i].id;

			if ((disarm && !rules[k].of_disarm) || !rules[k].holds(v, i))
				continue;
			error_refuse(err, rules[k].kind, REFUSAL_ETCD_UNWELL, name, "the etcd member %s %s", name,
				rules[k].what);
			return error_hint(err, "%s", rules[k].hint);
		}
	if (v->count)
		return 0;
	error_refuse(err, ERROR_COMMAND, REFUSAL_NO_ETCD, NULL, "no etcd of a control plane answers");
	return error_hint(err, "see 'kubewright etcd members' and 'kubewright logs HOST'");
}

/* Alarms that nothing here clears. */
static int judge_alarms(const struct quorum_view *v, const struct space_alarms *alarms, struct error *err)
{
	if (!alarms->known) {
		error_refuse(err, ERROR_COMMAND, REFUSAL_ETCD_UNWELL, NULL, "etcd does not show its alarms");
		return error_hint(err, "it shows them while it has a quorum: see 'kubewright etcd members'");
	}
	for (int i = 0; i < alarms->count; i++) {
		const char *name = space_member(v, &alarms->list[i]);

		if (space_is_full(&alarms->list[i]))
			continue;
		error_refuse(err, ERROR_COMMAND, REFUSAL_ETCD_UNWELL, name,
			"etcd has the alarm %s of its member %s, which kubewright never clears", alarms->list[i].name,
			name);
		return error_hint(err,
			"its data may differ from the others': compare them ('etcdctl endpoint hashkv --cluster'), rejoin the one that differs ('kubewright rejoin'), then 'etcdctl alarm disarm'");
	}
	return 0;
}

/* What an alarm says comes first: a member with CORRUPT serves nobody, and that would be all there is to read. */
static int judge(const struct quorum_view *v, const struct space_alarms *alarms, bool disarm, struct error *err)
{
	if (alarms->known && judge_alarms(v, alarms, err))
		return -1;
	return judge_members(v, disarm, err) || judge_alarms(v, alarms, err) ? -1 : 0;
}

int space_may_defrag(const struct quorum_view *v, const struct space_alarms *alarms, struct error *err)
{
	return judge(v, alarms, false, err);
}

static int judge_size(
	const struct net_etcd_member *m, const struct net_etcd_status *s, int64_t quota, struct error *err)
{
	if (!quota || s->db_size <= 0) {
		error_refuse(err, ERROR_COMMAND, REFUSAL_ETCD_UNWELL, m->name,
			"it is unknown how large the database of the etcd member %s may grow", m->name);
		return error_hint(err, "make its host reachable: see 'kubewright status'");
	}
	if (s->db_size < quota - quota / 20)
		return 0;
	error_refuse(err, ERROR_COMMAND, REFUSAL_NO_SPACE, m->name,
		"the database of the etcd member %s has %.1f MiB of the %.1f MiB that its quota allows: the next writes would raise the alarm again",
		m->name, (double)s->db_size / (double)MIB, (double)quota / (double)MIB);
	if (gain_of(s) >= GAIN_MIN)
		return error_hint(err, "run 'kubewright etcd defrag' first: %.1f MiB of it are in use",
			(double)s->db_in_use / (double)MIB);
	return error_hint(err,
		"delete objects that are not needed, wait for five minutes (the API server compacts what it no longer needs), then 'kubewright etcd defrag'; or raise --quota-backend-bytes");
}

int space_may_disarm(const struct quorum_view *v, const struct space_alarms *alarms,
	const int64_t quotas[QUORUM_MEMBERS], struct error *err)
{
	if (judge(v, alarms, true, err))
		return -1;
	for (int i = 0; i < v->count; i++)
		if (quotas[i] != SPACE_NONE && judge_size(&v->list[i], &v->status[i], quotas[i], err))
			return -1;
	return 0;
}
