/* The sums before an etcd member is taken out. */
#include "base/error.h"
#include "base/str.h"
#include "cluster/quorum.h"
#include "tests/test.h"

static const struct {
	unsigned voters, healthy;
	bool target_healthy, allowed;
	unsigned after_voters, after_healthy, tolerates;
	const char *says;
} sums[] = {
	{ 3, 2, false, true, 2, 2, 0, NULL },
	{ 3, 3, true, true, 2, 2, 0, NULL },
	{ 5, 4, false, true, 4, 4, 1, NULL },
	{ 5, 3, false, true, 4, 3, 0, NULL },
	{ 2, 2, true, true, 1, 1, 0, NULL },
	/* the one that goes is among the two that hold the quorum */
	{ 3, 2, true, false, 2, 1, 0, "would lose etcd's quorum: of 2 voters 1 would be healthy, and 2 are needed" },
	{ 5, 3, true, false, 4, 2, 0, "would lose" },
	/* nobody can agree any more */
	{ 3, 1, false, false, 2, 1, 0, "has lost its quorum: 1 of 3 voters are healthy and 2 are needed" },
	{ 2, 1, false, false, 1, 1, 0, "has lost its quorum" },
	{ 1, 1, true, false, 1, 1, 0, "last voter" },
};

static void test_sums(void)
{
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		struct quorum now = { sums[i].voters, sums[i].healthy }, after;
		struct error err = { 0 };
		int rc = quorum_without(&now, sums[i].target_healthy, "cp2", false, &after, &err);

		if (!CHECK_INT(rc, sums[i].allowed ? 0 : -1))
			printf("# row %zu\n", i);
		CHECK_INT(after.voters, sums[i].after_voters);
		CHECK_INT(after.healthy, sums[i].after_healthy);
		if (rc == 0)
			CHECK_INT(quorum_tolerates(&after), sums[i].tolerates);
		else
			CHECK(strstr(err.what, sums[i].says) && strstr(err.what, "cp2") && *err.hint);
	}
}

static void test_tolerates(void)
{
	CHECK_INT(quorum_tolerates(&(struct quorum){ 3, 3 }), 1);
	CHECK_INT(quorum_tolerates(&(struct quorum){ 3, 2 }), 0);
	CHECK_INT(quorum_tolerates(&(struct quorum){ 3, 1 }), 0);
	CHECK_INT(quorum_tolerates(&(struct quorum){ 5, 5 }), 2);
	CHECK_INT(quorum_tolerates(&(struct quorum){ 1, 1 }), 0);
}

/* ---- views ----------------------------------------------------------------------------------------------------------- */

/* A member of id 100 + n, "cpN"; answers: n for no, y for yes, l for one that knows a leader. */
static void add(struct quorum_view *v, int n, char answers, int64_t index)
{
	struct net_etcd_member *m = &v->list[v->count];
	struct net_etcd_status *s = &v->status[v->count];

	snprintf(m->id, sizeof(m->id), "%d", 100 + n);
	snprintf(m->name, sizeof(m->name), "cp%d", n);
	snprintf(m->peer_url, sizeof(m->peer_url), "https://10.0.0.1%d:2380", n);
	v->answers[v->count++] = answers != 'n';
	s->raft_index = index;
	snprintf(s->leader_id, sizeof(s->leader_id), "%s", answers == 'l' ? "101" : "");
}

static void words_are(const struct quorum_view *v, const char *want)
{
	struct str got = STR_INIT;

	quorum_view_words(v, &got);
	CHECK_STR(got.buf, want);
	str_release(&got);
}

static void test_words(void)
{
	struct quorum_view v = { 0 };

	add(&v, 1, 'l', 5);
	words_are(&v, "1 voter, 1 healthy, tolerates 0");
	add(&v, 2, 'l', 5);
	add(&v, 3, 'l', 5);
	words_are(&v, "3 voters, 3 healthy, tolerates 1");
	v.answers[2] = false;
	words_are(&v, "3 voters, 2 healthy, tolerates 0");
	v.list[2].learner = true;
	words_are(&v, "2 voters, 2 healthy, tolerates 0");
	v.list[2].learner = false;
	/* without a leader those that answer are shown */
	v.status[0].leader_id[0] = v.status[1].leader_id[0] = '\0';
	words_are(&v, "3 voters, 2 answer, no leader");
	v.answers[1] = false;
	words_are(&v, "3 voters, 1 healthy, quorum lost");
	CHECK_INT(quorum_count(&v).healthy, 0);
	CHECK_INT(quorum_answering(&v), 1);
}

static void test_find(void)
{
	struct quorum_view v = { 0 };

	add(&v, 1, 'l', 5);
	add(&v, 2, 'l', 5);
	CHECK_INT(quorum_find(&v, "10.0.0.12", "other"), 1);
	CHECK_INT(quorum_find(&v, "10.0.0.99", "cp1"), 0);
	CHECK_INT(quorum_find(&v, "10.0.0.1", "cp"), -1);
	/* one that has not started has no name */
	v.list[0].name[0] = '\0';
	CHECK_INT(quorum_find(&v, "10.0.0.11", "cp1"), 0);
}

static void test_merge(void)
{
	struct quorum_view views[3] = { 0 }, all, *const seen[] = { &views[0], NULL, &views[1], &views[2] };

	CHECK_INT(quorum_merge(seen, 4, &all), -1);
	CHECK_INT(all.count, 0);
	/* the first is behind and alone, the third has a leader: it knows who is a member */
	add(&views[0], 1, 'y', 900);
	add(&views[0], 2, 'n', 0);
	add(&views[0], 4, 'n', 0);
	add(&views[2], 1, 'n', 0);
	add(&views[2], 2, 'l', 50);
	add(&views[2], 3, 'l', 50);
	CHECK_INT(quorum_merge(seen, 4, &all), 3);
	CHECK_INT(all.count, 3);
	CHECK_STR(all.list[2].name, "cp3");
	/* that one answers somebody is enough */
	CHECK(all.answers[0] && !quorum_healthy(&all, 0));
	CHECK_INT(all.status[0].raft_index, 900);
	CHECK_INT(quorum_count(&all).healthy, 2);
	/* nobody leads: who has seen most */
	views[2].status[1].leader_id[0] = views[2].status[2].leader_id[0] = '\0';
	CHECK_INT(quorum_merge(seen, 4, &all), 0);
}

static void test_states(void)
{
	struct quorum_view v = { 0 };

	add(&v, 1, 'l', 50);
	add(&v, 2, 'l', 43);
	add(&v, 3, 'y', 5);
	add(&v, 4, 'n', 0);
	add(&v, 5, 'n', 0);
	add(&v, 6, 'l', 49);
	v.list[4].name[0] = '\0';
	v.list[5].learner = true;
	CHECK_STR(quorum_state(&v, 0), "leader");
	CHECK_STR(quorum_state(&v, 1), "voter");
	CHECK_STR(quorum_state(&v, 2), "knows no leader");
	CHECK_STR(quorum_state(&v, 3), "does not answer");
	quorum_mark_unseen(&v, "10.0.0.14", "cp4");
	quorum_mark_unseen(&v, "10.0.0.11", "cp1");
	CHECK_STR(quorum_state(&v, 3), "cannot be asked");
	CHECK_STR(quorum_state(&v, 0), "leader");
	CHECK_INT(quorum_unseen(&v), 1);
	CHECK_STR(quorum_state(&v, 4), "not started");
	CHECK_STR(quorum_state(&v, 5), "learner");
	CHECK_INT(quorum_lag(&v, 0), 0);
	CHECK_INT(quorum_lag(&v, 1), 7);
	quorum_drop(&v, 0);
	CHECK_INT(v.count, 5);
	CHECK_STR(v.list[0].name, "cp2");
	CHECK_STR(v.list[4].name, "cp6");
	CHECK(v.list[4].learner && v.answers[4] && !v.answers[2]);
	/* who led is gone: the furthest is another */
	CHECK_INT(quorum_lag(&v, 0), 6);
}

/* A list that somebody with a leader gave; each member asked on its own host alone. */
static void test_hear(void)
{
	struct quorum_view all = { 0 }, views[2] = { 0 }, *const seen[] = { &views[0], &views[1] };

	add(&all, 1, 'l', 1);
	add(&all, 2, 'l', 1);
	add(&all, 3, 'l', 1);
	add(&views[0], 2, 'l', 70);
	add(&views[1], 3, 'y', 60);
	add(&views[1], 9, 'l', 60);
	quorum_hear(seen, 2, &all);
	CHECK_INT(all.count, 3);
	CHECK(!all.answers[0] && all.answers[1] && all.answers[2]);
	CHECK_INT(all.status[1].raft_index, 70);
	CHECK_INT(quorum_count(&all).healthy, 1);
}

/* ---- is it dead? ------------------------------------------------------------------------------------------------------- */

static const struct {
	struct quorum_evidence e; /* looked, runs, asked, seen, others */
	const char *doubt;        /* NULL: none */
} cases[] = {
	/* somebody was there */
	{ { true, true, 2, 2, 2 }, NULL },
	{ { true, false, 2, 0, 2 }, NULL },
	{ { true, true, 2, 0, 2 }, NULL },
	{ { true, false, 1, 0, 2 }, NULL },
	/* nobody was, and all others say so */
	{ { false, false, 2, 0, 2 }, NULL },
	{ { false, false, 3, 0, 4 }, NULL },
	{ { false, false, 1, 0, 1 }, NULL },
	/* a partition between us and a healthy member */
	{ { false, false, 2, 2, 2 }, "it is alive, and only the connection from this machine is broken" },
	{ { false, false, 2, 1, 2 }, "answers 1 of 2 control planes" },
	/* too few to ask */
	{ { false, false, 1, 0, 2 }, "only 1 of the 2 healthy members could be asked" },
	{ { false, false, 0, 0, 1 }, "only 0 of the 1 healthy" },
	/* another machine than the one we logged in to */
	{ { true, false, 2, 1, 2 }, "do not reach the same machine" },
};

static void test_confirm(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		int rc = quorum_confirm(&cases[i].e, "cp3", &err);

		if (!CHECK_INT(rc, cases[i].doubt ? -1 : 0))
			printf("# row %zu: %s\n", i, err.what);
		if (cases[i].doubt)
			CHECK(strstr(err.what, cases[i].doubt) && strstr(err.what, "cp3") && *err.hint);
	}
}

static void test_lost(void)
{
	struct error err = { 0 };

	CHECK_INT(quorum_lost(3, 1, &err), 0);
	CHECK_INT(quorum_lost(3, 0, &err), 0);
	CHECK_INT(quorum_lost(2, 1, &err), 0);
	CHECK_INT(quorum_lost(5, 2, &err), 0);
	CHECK_INT(err.kind, ERROR_NONE);
	CHECK_INT(quorum_lost(3, 2, &err), -1);
	CHECK(strstr(err.what, "2 of 3 voters answer and 2 are needed") && *err.hint);
	CHECK_INT(quorum_lost(1, 1, &err), -1);
	CHECK_INT(quorum_lost(5, 3, &err), -1);
}

static void test_given_up(void)
{
	struct quorum_look looks[3] = { { .name = "cp1", .address = "10.0.0.1", .why = "", .hint = "" },
		{ .name = "cp2", .address = "10.0.0.2", .why = "sshd forbids it", .hint = "" },
		{ .name = "cp3", .address = "10.0.0.3", .why = "", .hint = "permit it" } };
	struct quorum_view all = { .count = 0 };
	struct error err = { 0 };

	/* nobody is known, nobody was asked */
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), -1);
	CHECK(strstr(err.what, "it is unknown") && strstr(err.hint, "--override-quorum"));
	/* two that may be alive are enough, whatever the third is */
	looks[0].none = true;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), -1);
	CHECK(strstr(err.what, "cp2: sshd forbids it") != NULL);
	/* one that does not answer us may answer the others, and the other way round */
	looks[2].unreached = true;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), -1);
	looks[2].silent = true;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), 0);
	looks[2].unreached = false;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), -1);
	looks[2].refused = true;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), 0);
	/* one control plane that could not be asked */
	CHECK_INT(quorum_given_up(&all, looks + 1, 1, &err), -1);
	CHECK_INT(quorum_given_up(&all, looks, 1, &err), 0);
	/* by the list of the members: one answers, one may */
	looks[0].none = looks[2].refused = false;
	all.count = 3;
	for (int i = 0; i < 3; i++)
		snprintf(all.list[i].name, sizeof(all.list[i].name), "cp%d", i + 1);
	all.answers[0] = true;
	looks[2].none = true;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), -1);
	CHECK(strstr(err.what, "1 of 3 voters answer, 2 are needed") != NULL);
	looks[1].none = true;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), 0);
	/* a learner does not count */
	looks[1].none = false;
	all.list[1].learner = true;
	all.answers[0] = false;
	looks[0].none = true;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), 0);
	all.answers[0] = all.answers[2] = true;
	CHECK_INT(quorum_given_up(&all, looks, 3, &err), -1);
	CHECK(strstr(err.what, "is not lost") != NULL);
}

static void test_override(void)
{
	struct quorum now = { 3, 2 }, after;
	struct error err = { 0 };

	CHECK_INT(quorum_without(&now, true, "cp2", true, &after, &err), 0);
	/* what etcd itself cannot do any more, no word makes it do; nor is the last voter taken out */
	CHECK_INT(quorum_without(&(struct quorum){ 3, 1 }, false, "cp2", true, &after, &err), -1);
	CHECK_INT(quorum_without(&(struct quorum){ 1, 1 }, true, "cp2", true, &after, &err), -1);
}

static const struct test tests[] = {
	{ "what may be taken out", test_sums },
	{ "what may still be lost", test_tolerates },
	{ "overruled", test_override },
	{ "the picture in words", test_words },
	{ "whose member it is", test_find },
	{ "many views in one", test_merge },
	{ "what a member is", test_states },
	{ "who answers of a list", test_hear },
	{ "dead, left, or out of sight", test_confirm },
	{ "whether the quorum is lost", test_lost },
	{ "what could not be asked is not dead", test_given_up },
};
TEST_MAIN(tests)
