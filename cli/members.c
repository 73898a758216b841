/* etcd's members as `status` and `etcd members` show them. */
#include "cli/etcd.h"

#include "base/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* As etcdctl prints ids; the gateway has them in decimal. */
static void hex_id(const char *id, char *out, size_t size)
{
	snprintf(out, size, "%" PRIx64, (uint64_t)strtoull(id, NULL, 10));
}

static void member_line(const struct quorum_view *v, int i)
{
	const struct net_etcd_member *m = &v->list[i];
	const struct net_etcd_status *s = &v->status[i];
	char id[24], address[64], lag[24] = "-", size[24] = "-", used[24] = "-";
	bool well = quorum_healthy(v, i);

	hex_id(m->id, id, sizeof(id));
	quorum_address(m, address, sizeof(address));
	if (v->answers[i]) {
		snprintf(lag, sizeof(lag), "%" PRId64, quorum_lag(v, i));
		snprintf(size, sizeof(size), "%.1f MiB", (double)s->db_size / (1 << 20));
		if (s->db_in_use > 0)
			snprintf(used, sizeof(used), "%.1f MiB", (double)s->db_in_use / (1 << 20));
	}
	printf("%-12s  %-15s  %s%-15s%s  %6s  %10s  %10s  %-8s  %s\n", m->name[0] ? m->name : "-", address,
		well ? "" : cli_color(stdout, CLI_RED), quorum_state(v, i), well ? "" : cli_color(stdout, CLI_PLAIN),
		lag, size, used, v->answers[i] ? s->version : "-", id);
}

void cli_members_print(const struct quorum_view *v)
{
	printf("\n%-12s  %-15s  %-15s  %6s  %10s  %10s  %-8s  %s\n", "ETCD MEMBER", "ADDRESS", "STATE", "LAG",
		"DATABASE", "IN USE", "VERSION", "ID");
	for (int i = 0; i < v->count; i++)
		member_line(v, i);
}

struct json *cli_members_json(const struct quorum_view *v)
{
	struct json *list = json_array();
	char text[64];

	for (int i = 0; i < v->count; i++) {
		struct json *m = json_add(list, json_object());

		hex_id(v->list[i].id, text, sizeof(text));
		json_set_str(m, "id", text);
		json_set_str(m, "name", v->list[i].name);
		quorum_address(&v->list[i], text, sizeof(text));
		json_set_str(m, "address", text);
		json_set_str(m, "state", quorum_state(v, i));
		json_set_bool(m, "leader", v->answers[i] && strcmp(v->status[i].leader_id, v->list[i].id) == 0);
		json_set_bool(m, "learner", v->list[i].learner);
		json_set_bool(m, "started", v->list[i].name[0] != '\0');
		json_set_bool(m, "healthy", quorum_healthy(v, i));
		if (!v->answers[i])
			continue;
		json_set_int(m, "raft_index", v->status[i].raft_index);
		json_set_int(m, "lag", quorum_lag(v, i));
		json_set_int(m, "db_size", v->status[i].db_size);
		if (v->status[i].db_in_use > 0)
			json_set_int(m, "db_size_in_use", v->status[i].db_in_use);
		json_set_str(m, "version", v->status[i].version);
	}
	return list;
}

void cli_alarms_print(const struct quorum_view *v, const struct space_alarms *alarms)
{
	for (int i = 0; i < alarms->count; i++) {
		const struct net_etcd_alarm *a = &alarms->list[i];

		printf("%s%salarm %s of %s%s: %s\n", i ? "" : "\n", cli_color(stdout, CLI_RED), a->name,
			space_member(v, a), cli_color(stdout, CLI_PLAIN),
			space_is_full(a) ? "its database is full, and etcd accepts no writes"
					 : "its data may differ from that of the other members");
	}
	if (space_any_full(alarms))
		puts("next: kubewright etcd defrag, then kubewright etcd disarm");
}

struct json *cli_alarms_json(const struct quorum_view *v, const struct space_alarms *alarms)
{
	struct json *list = alarms->known ? json_array() : json_null();
	char id[24];

	for (int i = 0; i < alarms->count; i++) {
		struct json *a = json_add(list, json_object());

		hex_id(alarms->list[i].member_id, id, sizeof(id));
		json_set_str(a, "id", id);
		json_set_str(a, "member", space_member(v, &alarms->list[i]));
		json_set_str(a, "alarm", alarms->list[i].name);
	}
	return list;
}
