/* etcd's v3 API in JSON (its gRPC gateway): 64-bit numbers are strings, fields of zero are left out. */
#include "net/private.h"

#include "base/error.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json *call(struct net_client *c, const char *path, struct json *body, long *status, struct error *err)
{
	struct json *answer = net_json(c, "POST", path, NULL, body, status, err);

	json_free(body);
	return answer;
}

static void text_of(const struct json *j, const char *path, char *out, size_t size)
{
	int64_t number = json_get_int(j, path, 0);

	if (number)
		snprintf(out, size, "%" PRId64, number);
	else
		str_copy_line(out, size, json_get_str(j, path, ""));
}

static int64_t number_of(const struct json *j, const char *path)
{
	const char *text = json_get_str(j, path, NULL);

	return text ? strtoll(text, NULL, 10) : json_get_int(j, path, 0);
}

static void read_member(const struct json *j, struct net_etcd_member *m)
{
	memset(m, 0, sizeof(*m));
	text_of(j, "ID", m->id, sizeof(m->id));
	text_of(j, "name", m->name, sizeof(m->name));
	text_of(j, "peerURLs.0", m->peer_url, sizeof(m->peer_url));
	text_of(j, "clientURLs.0", m->client_url, sizeof(m->client_url));
	m->learner = json_get_bool(j, "isLearner", false);
}

int net_etcd_take_members(struct json *answer, struct net_etcd_member *list, size_t max, struct error *err)
{
	const struct json *members = json_get(answer, "members");
	int count = -1;

	if (json_is_array(members) && json_size(members)) {
		count = 0;
		for (size_t i = 0; i < json_size(members) && (size_t)count < max; i++)
			read_member(json_at(members, i), &list[count++]);
	} else {
		error_set(err, ERROR_PROTOCOL, "etcd's answer has no list of members");
	}
	json_free(answer);
	return count;
}

int net_etcd_members(struct net_client *c, struct net_etcd_member *list, size_t max, struct error *err)
{
	struct json *body = json_object(), *answer;
	struct error why = { 0 };
	long status = 0;

	/* servers before 3.5 do not know the word; most of them pass over it */
	json_set_bool(body, "linearizable", true);
	answer = call(c, "/v3/cluster/member/list", body, &status, &why);
	if (!answer && status == 400)
		answer = call(c, "/v3/cluster/member/list", json_object(), &status, &why);
	if (answer)
		return net_etcd_take_members(answer, list, max, err);
	if (err)
		*err = why;
	return -1;
}

int net_etcd_members_known(struct net_client *c, struct net_etcd_member *list, size_t max, struct error *err)
{
	struct json *answer = call(c, "/v3/cluster/member/list", json_object(), NULL, err);

	return answer ? net_etcd_take_members(answer, list, max, err) : -1;
}

int net_etcd_take_status(struct json *answer, struct net_etcd_status *s, struct error *err)
{
	memset(s, 0, sizeof(*s));
	text_of(answer, "header.member_id", s->member_id, sizeof(s->member_id));
	text_of(answer, "leader", s->leader_id, sizeof(s->leader_id));
	text_of(answer, "version", s->version, sizeof(s->version));
	s->db_size = number_of(answer, "dbSize");
	s->db_in_use = number_of(answer, "dbSizeInUse");
	s->db_quota = number_of(answer, "dbSizeQuota");
	s->raft_index = number_of(answer, "raftIndex");
	s->raft_applied = number_of(answer, "raftAppliedIndex");
	s->learner = json_get_bool(answer, "isLearner", false);
	json_free(answer);
	if (!s->member_id[0])
		return error_set(err, ERROR_PROTOCOL, "etcd's answer does not name its member");
	return 0;
}

int net_etcd_status(struct net_client *c, struct net_etcd_status *s, struct error *err)
{
	struct json *answer = call(c, "/v3/maintenance/status", json_object(), NULL, err);

	return answer ? net_etcd_take_status(answer, s, err) : -1;
}

int net_etcd_take_alarms(struct json *answer, struct net_etcd_alarm *list, size_t max)
{
	const struct json *alarms;
	size_t n = 0;

	json_clean(answer);
	alarms = json_get(answer, "alarms");
	for (; n < json_size(alarms) && n < max; n++) {
		text_of(json_at(alarms, n), "memberID", list[n].member_id, sizeof(list[n].member_id));
		str_copy_line(list[n].name, sizeof(list[n].name), json_get_str(json_at(alarms, n), "alarm", "unknown"));
	}
	json_free(answer);
	return (int)n;
}

int net_etcd_alarms(struct net_client *c, struct net_etcd_alarm *list, size_t max, struct error *err)
{
	const struct net_request q = { .method = "POST", .path = NET_ETCD_ALARMS, .body = NET_ETCD_ALARMS_GET };
	struct net_response r = { 0, STR_INIT };
	struct json *answer = NULL;

	if (net_do(c, &q, &r, err) == 0 && r.status != 200)
		error_set(err, ERROR_NET, "etcd does not show its alarms (HTTP %ld)", r.status);
	else if (r.status == 200)
		answer = json_parse(r.body.buf, r.body.len, err);
	str_release(&r.body);
	return answer ? net_etcd_take_alarms(answer, list, max) : -1;
}

int net_etcd_disarm(struct net_client *c, const struct net_etcd_alarm *alarm, struct error *err)
{
	struct json *body = json_object(), *answer;

	json_set_str(body, "action", "DEACTIVATE");
	json_set_str(body, "memberID", alarm->member_id);
	json_set_str(body, "alarm", alarm->name);
	answer = call(c, NET_ETCD_ALARMS, body, NULL, err);
	if (!answer)
		return -1;
	json_free(answer);
	return 0;
}

int net_etcd_read(struct net_client *c, struct net_etcd_read *out, struct error *err)
{
	struct json *body = json_object(), *answer;

	/* base64 of "kubewright", a key that nobody has */
	json_set_str(body, "key", "a3ViZXdyaWdodA==");
	json_set_str(body, "limit", "1");
	answer = call(c, NET_ETCD_RANGE, body, NULL, err);
	if (!answer)
		return -1;
	memset(out, 0, sizeof(*out));
	text_of(answer, "header.cluster_id", out->cluster_id, sizeof(out->cluster_id));
	out->revision = number_of(answer, "header.revision");
	json_free(answer);
	if (!out->revision)
		return error_set(err, ERROR_PROTOCOL, "etcd's answer has no revision");
	return 0;
}

int net_etcd_defragment(struct net_client *c, int64_t timeout_ms, struct error *err)
{
	const struct net_request q = {
		.method = "POST", .path = "/v3/maintenance/defragment", .body = "{}", .timeout_ms = timeout_ms
	};
	struct net_response r = { 0, STR_INIT };
	struct str message = STR_INIT;
	int rc = net_do(c, &q, &r, err);

	if (rc == 0 && r.status != 200) {
		net_message(&r.body, &message);
		rc = error_set(err, ERROR_NET, "etcd does not defragment its database: %s%s(HTTP %ld)", message.buf,
			message.len ? " " : "", r.status);
	}
	str_release(&message);
	str_release(&r.body);
	return rc;
}

int net_etcd_member_remove(struct net_client *c, const char *id, struct error *err)
{
	struct json *body = json_object(), *answer;

	json_set_str(body, "ID", id);
	answer = call(c, "/v3/cluster/member/remove", body, NULL, err);
	if (!answer)
		return -1;
	json_free(answer);
	return 0;
}
