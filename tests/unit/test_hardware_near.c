/* Maps of hosts that show more than any has, or longer texts. */
#include "tests/test.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/hardware.h"
#include "remote/remote.h"

#include <string.h>
#include <time.h>

/* As "sys" and "links" of a machine say it. */
static struct json *map_of(const struct str *sys, const struct str *links)
{
	static const char *const words[] = { "=sys", "=links", NULL };
	struct remote_answer answer = { 0 };
	struct error err = { 0 };
	struct str all = STR_INIT;
	struct json *map;

	str_add(&all, "N begin\nsys:");
	str_add_base64(&all, sys->buf, sys->len);
	str_add(&all, "\nlinks:");
	str_add_base64(&all, links->buf, links->len);
	str_add(&all, "\nN end\n");
	CHECK_INT(remote_answer_parse(&answer, "N", all.buf, all.len, words, &err), 0);
	map = hardware_map(&answer);
	remote_answer_release(&answer);
	str_release(&all);
	return map;
}

/* Bonds, and as many cards: each is of one bond, the last ones of the first. */
static double bonds(int count)
{
	struct str sys = STR_INIT, links = STR_INIT;
	struct timespec a, b;
	struct json *map;
	size_t members = 0;

	for (int i = 0; i < count; i++) {
		str_addf(&sys, "class/net/b%d/bonding/mode%c802.3ad 4\nclass/net/e%d/bonding_slave/mii_status%cup\n", i,
			0, i, 0);
		str_addf(&links, "class/net/e%d/master%c../b%d\n", i, 0, i < count - 2 ? i : 0);
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	map = map_of(&sys, &links);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	CHECK_INT(json_size(json_get(map, "bonds")), count);
	for (size_t i = 0; i < json_size(json_get(map, "bonds")); i++)
		members += json_size(json_get(json_at(json_get(map, "bonds"), i), "members"));
	CHECK_INT(members, count);
	CHECK_INT(json_size(json_get(map, "bonds.0.members")), 3);
	CHECK_STR(json_get_str(map, "bonds.0.members.0.name", ""), "e0");
	CHECK_STR(json_get_str(map, "bonds.1.members.0.name", ""), "e1");
	CHECK(json_get_bool(map, "bonds.1.members.0.link", false));
	json_free(map);
	str_release(&sys);
	str_release(&links);
	return (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

/* Eight times the bonds and cards, eight times the work: not sixty-four. */
static void test_bonds(void)
{
	double few = bonds(256), many = bonds(2048);

	if (!CHECK(many < 24 * few))
		printf("# 256 bonds %.1f ms, 2048 bonds %.1f ms\n", few, many);
}

static const struct test tests[] = {
	{ "near: members of thousands of bonds", test_bonds },
};
TEST_MAIN(tests)
