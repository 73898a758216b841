/* What of a machine is near what, as a tree; and maps of hosts that show more than any has, or longer texts. */
#include "tests/test.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/hardware.h"
#include "cluster/hardware_words.h"
#include "remote/remote.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t lines;

static void collect(int depth, const char *label, const char *text, void *ctx)
{
	lines++;
	str_addf(ctx, "%*s%s: %s\n", 2 * depth, "", label, text);
}

static void collect_line(const char *label, const char *text, void *ctx)
{
	str_addf(ctx, "%s: %s\n", label, text);
}

static struct json *parse(const char *text)
{
	struct json *map = json_parse(text, strlen(text), NULL);

	if (!map)
		exit(2);
	return map;
}

static void tree_is(const char *text, const char *want)
{
	struct json *map = parse(text);
	struct str out = STR_INIT;

	hardware_tree(map, collect, &out);
	CHECK_STR(out.buf, want);
	str_release(&out);
	json_free(map);
}

static void test_tree(void)
{
	tree_is("{\"memory\":{\"bytes\":1,\"nodes\":["
		"{\"id\":0,\"cpus\":\"0-31,64-95\",\"bytes\":270258069504,\"distance\":\"10 21\"},"
		"{\"id\":1,\"cpus\":null,\"bytes\":null,\"distance\":null}]},"
		"\"nics\":[{\"name\":\"eno1\",\"mbit\":25000,\"link\":true,\"node\":0},{\"name\":\"eno2\",\"link\":true,\"node\":null}],"
		"\"infiniband\":[{\"device\":\"mlx5_0\",\"state\":\"ACTIVE\",\"node\":1}],"
		"\"accelerators\":[{\"pci\":\"0000:19:00.0\",\"vendor\":\"NVIDIA\",\"width\":8,\"width-possible\":16,\"driver\":\"nvidia\",\"node\":0}],"
		"\"disks\":[{\"name\":\"nvme0n1\",\"bytes\":3840000000000,\"node\":0},{\"name\":\"sda\",\"bytes\":1000000000,\"node\":7}],"
		"\"bonds\":[{\"name\":\"bond0\",\"mode\":\"802.3ad\",\"members\":[]}]}",
		"NUMA node 0: distances 10 21\n"
		"  processors: CPUs 0-31,64-95\n"
		"  memory: 252 GiB\n"
		"  card eno1: 25 Gbit/s\n"
		"  accelerator 0000:19:00.0: NVIDIA, 8 lanes of 16, driver nvidia\n"
		"  disk nvme0n1: 3.84 TB, not in use\n"
		"NUMA node 1: \n"
		"  processors: none seen\n"
		"  memory: unknown\n"
		"  RDMA mlx5_0: ACTIVE\n"
		"NUMA node unknown, or none: \n"
		"  card eno2: unknown\n"
		"  disk sda: 1 GB, not in use\n"
		"  bond bond0: 802.3ad\n");
	/* a kernel without nodes, and one that shows nothing */
	tree_is("{\"cpu\":{\"threads\":4},\"memory\":{\"bytes\":4294967296,\"nodes\":[]},\"disks\":[{\"name\":\"vda\",\"bytes\":1000000000,\"node\":null}]}",
		"NUMA node unknown, or none: \n  processors: 4 threads\n  memory: 4.0 GiB\n  disk vda: 1 GB, not in use\n");
	tree_is("{}", "NUMA node unknown, or none: \n  processors: unknown\n  memory: unknown\n");
	/* a node that is shown twice */
	tree_is("{\"memory\":{\"nodes\":[{\"id\":0},{\"id\":0}]},\"disks\":[{\"name\":\"a\",\"bytes\":1000000000,\"node\":0}]}",
		"NUMA node 0: \n  processors: none seen\n  memory: unknown\n  disk a: 1 GB, not in use\n"
		"NUMA node 0: \n  processors: none seen\n  memory: unknown\n");
}

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

/* Devices are given out once, whatever nodes a host shows. */
static void test_nodes(void)
{
	struct str text = STR_INIT, out = STR_INIT;
	struct json *map;

	str_add(&text, "{\"memory\":{\"nodes\":[{\"id\":0}");
	for (int i = 0; i < 3000; i++)
		str_add(&text, ",{\"id\":0}");
	str_add(&text, "]},\"disks\":[{\"name\":\"a\",\"node\":0}");
	for (int i = 0; i < 3000; i++)
		str_add(&text, ",{\"name\":\"a\",\"node\":0}");
	str_add(&text, "]}");
	map = parse(text.buf);
	lines = 0;
	hardware_tree(map, collect, &out);
	CHECK_INT(lines, 3 * 3001 + 3001);
	str_clear(&out);
	hardware_lines(map, collect_line, &out);
	CHECK(out.len < 1u << 20);
	json_free(map);
	str_release(&text);
	str_release(&out);
}

static bool is_utf8(const char *text)
{
	struct str out = STR_INIT;
	bool same;

	str_add_printable(&out, text, strlen(text));
	same = strcmp(out.buf, text) == 0;
	str_release(&out);
	return same;
}

/* A text that finds no room ends with a whole character, wherever the cut falls. */
static void test_cut(void)
{
	static const char *const letters[] = { "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };

	for (size_t k = 0; k < 4; k++)
		for (int before = 0; before < 5; before++) {
			struct str text = STR_INIT, out = STR_INIT;
			struct json *map;

			str_add(&text, "{\"nics\":[{\"name\":\"");
			for (int i = 0; i < 200; i++)
				str_add(&text, i < before ? "x" : letters[k]);
			str_add(&text, "\"}],\"disks\":[{\"name\":\"sda\",\"model\":\"");
			for (int i = 0; i < 400; i++)
				str_add(&text, i < before ? "x" : letters[k]);
			str_add(&text, "\"}]}");
			map = parse(text.buf);
			hardware_lines(map, collect_line, &out);
			if (!CHECK(is_utf8(out.buf)))
				printf("# %zu bytes a character, %d before\n", strlen(letters[k]), before);
			/* of what has room nothing is lost but the character that is cut */
			CHECK(out.len > 70 + 310);
			CHECK(strstr(out.buf, "not in use") != NULL);
			json_free(map);
			str_release(&text);
			str_release(&out);
		}
}

static const struct test tests[] = {
	{ "near: the tree of a machine", test_tree },
	{ "near: members of thousands of bonds", test_bonds },
	{ "near: devices of nodes that are shown again and again", test_nodes },
	{ "near: texts are cut at a character's start", test_cut },
};
TEST_MAIN(tests)
