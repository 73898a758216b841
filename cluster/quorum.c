/* The arithmetic of etcd's quorum. */
#include "cluster/quorum.h"

#include "base/error.h"

unsigned quorum_needed(unsigned voters)
{
	return voters / 2 + 1;
}

unsigned quorum_tolerates(const struct quorum *q)
{
	unsigned needed = quorum_needed(q->voters);

	return q->healthy > needed ? q->healthy - needed : 0;
}

int quorum_without(const struct quorum *now, bool healthy, const char *name, struct quorum *after, struct error *err)
{
	unsigned needed = quorum_needed(now->voters);

	*after = *now;
	if (now->voters <= 1) {
		error_set(err, ERROR_COMMAND, "%s is etcd's last voter: without it the cluster's data is gone", name);
		return error_hint(err, "'kubewright reset' takes a whole cluster away");
	}
	after->voters--;
	after->healthy -= healthy && after->healthy;
	if (now->healthy < needed) {
		error_set(err, ERROR_COMMAND,
			"etcd has lost its quorum: %u of %u voters are healthy and %u are needed to take %s out",
			now->healthy, now->voters, needed, name);
		return error_hint(err, "bring another control plane back first: 'kubewright status' shows them");
	}
	if (after->healthy >= quorum_needed(after->voters))
		return 0;
	error_set(err, ERROR_COMMAND,
		"taking %s out would lose etcd's quorum: of %u voters %u would be healthy, and %u are needed", name,
		after->voters, after->healthy, quorum_needed(after->voters));
	return error_hint(err, "bring another control plane back first: 'kubewright status' shows them");
}
