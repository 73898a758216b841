/* What etcd of a fake machine says, and what is done to it. */
#include "tests/unit/fake_cluster.h"

#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_members(struct lab *l, struct str *out)
{
	bool first = true;

	str_add(out, "{\"header\":{},\"members\":[");
	for (int i = 0; i < LAB_MACHINES; i++) {
		const struct inventory_host *h = &l->inventory->hosts[i];

		if (l->machines[i].member == LAB_NO_MEMBER)
			continue;
		str_addf(out,
			"%s{\"ID\":\"%d\",\"name\":\"%s\",\"peerURLs\":[\"https://%s:2380\"],\"clientURLs\":[\"https://%s:2379\"]%s}",
			first ? "" : ",", 100 + i, h->name, h->address, h->address,
			l->machines[i].member == LAB_LEARNER ? ",\"isLearner\":true" : "");
		first = false;
	}
	str_add(out, "]}");
}

static int remove_member(struct lab *l, const char *body, struct str *out)
{
	const char *id = strstr(body, "\"ID\":\"");
	int i = id ? atoi(id + 6) - 100 : -1;

	if (i < 0 || i >= LAB_MACHINES || l->machines[i].member == LAB_NO_MEMBER)
		return 404;
	l->machines[i].member = LAB_NO_MEMBER;
	say_members(l, out);
	return 200;
}

/* The data, then its digest, in two pieces. */
static int say_snapshot(struct str *out)
{
	static const char data[] = "what etcd holds";
	struct pki_sha256 *s = pki_sha256_new();
	unsigned char sum[32];

	pki_sha256_add(s, data, sizeof(data));
	pki_sha256_end(s, sum);
	str_add(out, "{\"result\":{\"remaining_bytes\":\"0\",\"blob\":\"");
	str_add_base64(out, data, sizeof(data));
	str_add(out, "\"}}\n{\"result\":{\"blob\":\"");
	str_add_base64(out, sum, sizeof(sum));
	str_add(out, "\"}}\n");
	return 200;
}

int lab_leader(const struct lab *l)
{
	int voters = 0, up = 0, first = -1, chosen = -1;

	for (int i = 0; i < LAB_MACHINES; i++) {
		bool runs = l->machines[i].member == LAB_VOTER && strstr(l->machines[i].have, "etcd-manifest");

		voters += l->machines[i].member == LAB_VOTER;
		up += runs;
		first = first < 0 && runs ? i : first;
		chosen = runs && l->leads == i + 1 ? i : chosen;
	}
	first = chosen >= 0 ? chosen : first;
	return 2 * up > voters ? first : -1;
}

static int say_status(const struct machine *m, struct str *out)
{
	str_addf(out, "{\"header\":{\"member_id\":\"%d\"},\"version\":\"%s\"", 100 + m->index,
		m->etcd_version ? m->etcd_version : "3.6.0");
	if (m->db_size)
		str_addf(out, ",\"dbSize\":\"%lld\",\"dbSizeInUse\":\"%lld\"", (long long)m->db_size,
			(long long)m->db_in_use);
	if (lab_leader(m->lab) >= 0)
		str_addf(out, ",\"leader\":\"%d\"", 100 + lab_leader(m->lab));
	str_add(out, "}");
	return 200;
}

static int alarms(struct lab *l, const char *body, struct str *out)
{
	const char *id = strstr(body, "\"memberID\":\""), *comma = "";
	int gone = id ? atoi(id + strlen("\"memberID\":\"")) - 100 : -1;

	if (strstr(body, "DEACTIVATE") && gone >= 0 && gone < LAB_MACHINES && !l->alarm_stays) {
		lab_insist(
			l->machines[gone].alarm && strstr(body, l->machines[gone].alarm), "another alarm is cleared");
		l->machines[gone].alarm = NULL;
	}
	str_add(out, "{\"header\":{},\"alarms\":[");
	for (int i = 0; i < LAB_MACHINES; i++)
		if (l->machines[i].alarm) {
			str_addf(out, "%s{\"memberID\":\"%d\",\"alarm\":\"%s\"}", comma, 100 + i, l->machines[i].alarm);
			comma = ",";
		}
	str_add(out, "]}");
	return 200;
}

/* A read that all agree to. */
static int range(const struct machine *m, struct str *out)
{
	if (m->lab->on_read)
		m->lab->on_read(m->lab, m->index);
	if (m->mute)
		return str_add(out, "{\"error\":\"etcdserver: request timed out\"}"), 503;
	str_add(out, "{\"header\":{\"cluster_id\":\"7\",\"revision\":\"1000\"}}");
	return 200;
}

static int defragment(struct machine *m, struct str *out)
{
	struct lab *l = m->lab;
	size_t n = strlen(l->defrags);

	for (int i = 0; i < LAB_MACHINES; i++)
		lab_insist(l->machines[i].member == LAB_NO_MEMBER || strstr(l->machines[i].have, "etcd-manifest"),
			"a member is defragmented while another one is down");
	if (n + 1 < sizeof(l->defrags))
		l->defrags[n] = (char)('0' + m->index);
	m->defrags++;
	m->db_size = m->db_in_use;
	if (l->on_defrag)
		l->on_defrag(l, m->index);
	str_add(out, "{\"header\":{}}");
	return 200;
}

int lab_answer_etcd(struct machine *m, const char *path, const char *body, struct str *out)
{
	struct lab *l = m->lab;

	if (strcmp(path, "/v3/cluster/member/list") == 0)
		return say_members(l, out), 200;
	if (strcmp(path, "/v3/cluster/member/remove") == 0)
		return remove_member(l, body, out);
	if (strcmp(path, "/v3/maintenance/snapshot") == 0)
		return say_snapshot(out);
	if (strcmp(path, "/v3/maintenance/status") == 0)
		return say_status(m, out);
	if (strcmp(path, "/v3/maintenance/defragment") == 0)
		return defragment(m, out);
	if (lab_leader(l) < 0)
		return str_add(out, "{\"error\":\"etcdserver: request timed out\"}"), 503;
	if (strcmp(path, "/v3/maintenance/alarm") == 0)
		return alarms(l, body, out);
	if (strcmp(path, "/v3/kv/range") == 0)
		return lab_secrets_range(l, body, out) ? 200 : range(m, out);
	return 404;
}
