/* The room that etcd's data has: what is worth a defragmentation, what a quota is, what forbids either; and how it is shown. */
#include "tests/test.h"

#include "base/error.h"
#include "base/json.h"
#include "cli/etcd.h"
#include "cluster/space.h"

#include <string.h>

#define MIB ((int64_t)1 << 20)

static void test_little(void)
{
	static const struct {
		int64_t size, in_use;
		bool full, little;
	} rows[] = {
		{ 100 * MIB, 50 * MIB, false, false },
		{ 8 * MIB, 5 * MIB, false, true }, /* less than 4 MiB */
		{ 8 * MIB, 5 * MIB, true, true },
		{ 1000 * MIB, 910 * MIB, false, true }, /* less than a tenth, and than 256 MiB */
		{ 1000 * MIB, 910 * MIB, true, false },
		{ 1000 * MIB, 890 * MIB, false, false },
		{ 8000 * MIB, 7400 * MIB, false, false },
		{ 100 * MIB, 0, false, false }, /* not known */
		{ 100 * MIB, 120 * MIB, false, true },
		{ -1, -1, false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net_etcd_status s = { .db_size = rows[i].size, .db_in_use = rows[i].in_use };

		if (!CHECK_INT(space_little(&s, rows[i].full), rows[i].little))
			printf("# row %zu\n", i);
	}
}

static void test_limits(void)
{
	struct space_host none = { 0 }, bare = { .looked = true }, given = { .looked = true, .quota = 8192 * MIB },
			  endless = { .looked = true, .quota = -1 };
	struct net_etcd_status says = { .db_quota = 4096 * MIB }, silent = { 0 }, large = { .db_size = 8192 * MIB },
			       mad = { .db_size = INT64_MAX };

	CHECK_INT(space_quota(&says, NULL), 4096 * MIB);
	CHECK_INT(space_quota(&says, &given), 4096 * MIB);
	CHECK_INT(space_quota(&silent, &given), 8192 * MIB);
	CHECK_INT(space_quota(&silent, &bare), SPACE_QUOTA);
	CHECK(space_quota(&silent, &endless) == SPACE_NONE);
	CHECK_INT(space_quota(&silent, &none), 0);
	CHECK_INT(space_quota(&silent, NULL), 0);
	/* minutes for a small one, no limit of a usual request for a large one, and an end in any case */
	CHECK_INT(space_limit_ms(&silent), 300000);
	CHECK_INT(space_limit_ms(&large), 300000 + 2048 * 1000);
	CHECK(space_limit_ms(&mad) <= 300000 + (int64_t)86400 * 1000);
}

/* Three members, the first leads. */
static void begin(struct quorum_view *v, struct space_alarms *a)
{
	memset(v, 0, sizeof(*v));
	*a = (struct space_alarms){ .known = true };
	v->count = 3;
	for (int i = 0; i < 3; i++) {
		snprintf(v->list[i].id, sizeof(v->list[i].id), "%d", 101 + i);
		snprintf(v->list[i].name, sizeof(v->list[i].name), "cp%d", i + 1);
		snprintf(v->status[i].leader_id, sizeof(v->status[i].leader_id), "101");
		snprintf(v->status[i].version, sizeof(v->status[i].version), "3.6.4");
		v->status[i].db_size = 1000 * MIB;
		v->answers[i] = true;
	}
}

static void test_refusals(void)
{
	const int64_t quotas[QUORUM_MEMBERS] = { SPACE_QUOTA, SPACE_QUOTA, SPACE_QUOTA };
	enum { WELL, UNSTARTED, UNSEEN, SILENT, LEARNER, LEADERLESS, OTHER_LEADER, OTHER_VERSION, UNKNOWN, NO_MEMBER };
	static const struct {
		int what;
		enum code defrag, disarm;
		enum error_kind kind;
	} rows[] = {
		{ WELL, CODE_NONE, CODE_NONE, ERROR_NONE },
		{ UNSTARTED, REFUSAL_ETCD_UNWELL, REFUSAL_ETCD_UNWELL, ERROR_COMMAND },
		{ UNSEEN, REFUSAL_ETCD_UNWELL, REFUSAL_ETCD_UNWELL, ERROR_BLOCKED },
		{ SILENT, REFUSAL_ETCD_UNWELL, REFUSAL_ETCD_UNWELL, ERROR_COMMAND },
		{ LEARNER, REFUSAL_ETCD_UNWELL, CODE_NONE, ERROR_COMMAND },
		{ LEADERLESS, REFUSAL_ETCD_UNWELL, REFUSAL_ETCD_UNWELL, ERROR_COMMAND },
		{ OTHER_LEADER, REFUSAL_ETCD_UNWELL, CODE_NONE, ERROR_COMMAND },
		{ OTHER_VERSION, REFUSAL_ETCD_UNWELL, CODE_NONE, ERROR_COMMAND },
		{ UNKNOWN, REFUSAL_ETCD_UNWELL, REFUSAL_ETCD_UNWELL, ERROR_COMMAND },
		{ NO_MEMBER, REFUSAL_NO_ETCD, REFUSAL_NO_ETCD, ERROR_COMMAND },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error defrag = { 0 }, disarm = { 0 };
		struct space_alarms a;
		struct quorum_view v;

		begin(&v, &a);
		v.answers[1] = rows[i].what != UNSTARTED && rows[i].what != UNSEEN && rows[i].what != SILENT;
		v.unseen[1] = rows[i].what == UNSEEN;
		v.list[1].learner = rows[i].what == LEARNER;
		if (rows[i].what == UNSTARTED)
			v.list[1].name[0] = '\0';
		if (rows[i].what == LEADERLESS)
			v.status[1].leader_id[0] = '\0';
		if (rows[i].what == OTHER_LEADER)
			strcpy(v.status[1].leader_id, "102");
		if (rows[i].what == OTHER_VERSION)
			strcpy(v.status[1].version, "3.5.26");
		a.known = rows[i].what != UNKNOWN;
		v.count = rows[i].what == NO_MEMBER ? 0 : 3;
		CHECK_INT(space_may_defrag(&v, &a, &defrag), rows[i].defrag ? -1 : 0);
		CHECK_INT(defrag.code, rows[i].defrag);
		CHECK_INT(defrag.kind, rows[i].kind);
		CHECK(!rows[i].defrag || defrag.hint[0]);
		CHECK_INT(space_may_disarm(&v, &a, quotas, &disarm), rows[i].disarm ? -1 : 0);
		if (!CHECK_INT(disarm.code, rows[i].disarm))
			printf("# row %zu: %s; %s\n", i, defrag.what, disarm.what);
	}
}

/* A member that has raised CORRUPT serves nobody: the alarm is what is said of it. */
static void test_corrupt(void)
{
	const int64_t quotas[QUORUM_MEMBERS] = { SPACE_QUOTA, SPACE_QUOTA, SPACE_QUOTA };
	struct error defrag = { 0 }, disarm = { 0 };
	struct space_alarms a;
	struct quorum_view v;

	begin(&v, &a);
	v.answers[1] = false;
	a.count = 2;
	a.list[0] = (struct net_etcd_alarm){ "101", "NOSPACE" };
	a.list[1] = (struct net_etcd_alarm){ "102", "CORRUPT" };
	CHECK_INT(space_may_defrag(&v, &a, &defrag), -1);
	CHECK_INT(space_may_disarm(&v, &a, quotas, &disarm), -1);
	CHECK_STR(defrag.about, "cp2");
	CHECK_STR(disarm.about, "cp2");
	CHECK_STR(code_words(disarm.code, disarm.what),
		code_words(disarm.code, "etcd has the alarm CORRUPT of its member cp2, which kubewright never clears"));
	CHECK(space_any_full(&a));
	a.list[0].name[0] = 'X';
	CHECK(!space_any_full(&a));
}

static void test_shown(void)
{
	struct json *list;
	struct space_alarms a;
	struct quorum_view v;

	begin(&v, &a);
	v.status[0].db_in_use = 7;
	list = cli_members_json(&v);
	CHECK_INT(json_get_int(list, "0.db_size_in_use", 0), 7);
	CHECK(json_get(list, "1.db_size_in_use") == NULL);
	json_free(list);
	a.count = 2;
	a.list[0] = (struct net_etcd_alarm){ "102", "NOSPACE" };
	a.list[1] = (struct net_etcd_alarm){ "4096", "CORRUPT" };
	list = cli_alarms_json(&v, &a);
	CHECK_INT((int64_t)json_size(list), 2);
	CHECK_STR(json_get_str(list, "0.member", ""), "cp2");
	CHECK_STR(json_get_str(list, "0.id", ""), "66");
	CHECK_STR(json_get_str(list, "0.alarm", ""), "NOSPACE");
	/* of a member that is not there any more */
	CHECK_STR(json_get_str(list, "1.member", ""), "4096");
	json_free(list);
	/* not asked is not the same as none */
	a = (struct space_alarms){ 0 };
	list = cli_alarms_json(&v, &a);
	CHECK(!json_is_array(list));
	json_free(list);
}

static const struct test tests[] = {
	{ "what is worth it", test_little },
	{ "quotas and time limits", test_limits },
	{ "what forbids it", test_refusals },
	{ "damage is named first", test_corrupt },
	{ "members and alarms as JSON", test_shown },
};
TEST_MAIN(tests)
