/* The sums before an etcd member is taken out. */
#include "base/error.h"
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
		int rc = quorum_without(&now, sums[i].target_healthy, "cp2", &after, &err);

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

static const struct test tests[] = {
	{ "what may be taken out", test_sums },
	{ "what may still be lost", test_tolerates },
};
TEST_MAIN(tests)
