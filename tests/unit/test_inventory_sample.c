/* The sample that init writes is an inventory without complaints. */
#include "tests/test.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"

/* Writes a sample and reads it back. */
static struct inventory *round_trip(const char *const *hosts, size_t count, struct str *text)
{
	struct inventory_problems problems;
	struct error err = { 0 };
	struct inventory *inv;

	str_clear(text);
	if (!CHECK(inventory_sample("rack7", hosts, count, text, &err) == 0)) {
		printf("# %s\n", err.what);
		exit(1);
	}
	inv = inventory_parse("-", text->buf, text->len, NULL, 0, &problems, &err);
	if (!CHECK(inv != NULL && problems.count == 0)) {
		printf("# %s\n%s\n", err.detail, text->buf);
		exit(1);
	}
	return inv;
}

static void test_ranges(void)
{
	const char *const specs[] = { "10.0.0.[11-15]", "gpu[7-8]=10.0.0.[100-101]" };
	struct str text = STR_INIT;
	struct inventory *inv = round_trip(specs, 2, &text);

	CHECK_INT(inv->host_count, 7);
	CHECK_STR(inv->hosts[0].name, "cp1");
	CHECK_STR(inv->hosts[2].name, "cp3");
	CHECK_STR(inv->hosts[2].address, "10.0.0.13");
	CHECK_STR(inv->hosts[3].name, "w1");
	CHECK_STR(inv->hosts[6].name, "gpu8");
	CHECK_INT(inventory_count(inv, INVENTORY_CONTROL_PLANE), 3);
	CHECK_STR(inv->endpoint.vip, "10.0.0.102");
	CHECK_STR(inv->cluster, "rack7");
	inventory_free(inv);
	str_release(&text);
}

static void test_few(void)
{
	const char *const specs[] = { "w1=10.244.0.9", "10.244.0.10", "10.100.0.11" };
	struct str text = STR_INIT;

	for (size_t n = 1; n <= 3; n++) {
		struct inventory *inv = round_trip(specs, n, &text);

		CHECK_INT(inv->host_count, n);
		CHECK_INT(inventory_count(inv, INVENTORY_CONTROL_PLANE), 1);
		CHECK(inv->endpoint.vip == NULL);
		CHECK_STR(inv->hosts[0].name, "w1");
		CHECK(n < 2 || strcmp(inv->hosts[1].name, "w2") == 0);
		inventory_free(inv);
	}
	inventory_free(round_trip(NULL, 0, &text));
	str_release(&text);
}

static void test_many(void)
{
	const char *const specs[] = { "10.244.1.[1-254]", "10.96.1.[1-254]", "192.168.0.[1-200]" };
	struct str text = STR_INIT;
	struct inventory *inv = round_trip(specs, 3, &text);

	CHECK_INT(inv->host_count, 708);
	inventory_free(inv);
	str_release(&text);
}

/* Every key of the table but those of hosts is there, alive or as a comment. */
static void test_complete(void)
{
	struct str text = STR_INIT;

	inventory_free(round_trip(NULL, 0, &text));
	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *f = &inventory_fields[i];

		if (f->type == INVENTORY_TYPE_RESERVED || str_starts(f->path, "hosts[]") ||
			str_starts(f->path, "network.cni."))
			continue;
		if (!CHECK(strstr(text.buf, f->help) != NULL))
			printf("# %s\n", f->path);
	}
	str_release(&text);
}

/* text with the '#' of the lines at these places taken out; -1: none. */
static void uncomment(const char *text, const long places[3], struct str *out)
{
	str_clear(out);
	for (const char *p = text, *end; (end = strchr(p, '\n')); p = end + 1) {
		size_t indent = strspn(p, " ");
		bool take = p - text == places[0] || p - text == places[1] || p - text == places[2];

		str_addn(out, p, indent);
		p += indent + (take && p[indent] == '#');
		str_addn(out, p, (size_t)(end - p) + 1);
	}
}

/* Each commented key on its own, uncommented with the sections that it is in: still sound. */
static void test_comments(void)
{
	struct str text = STR_INIT, edit = STR_INIT;
	long places[3] = { -1, -1, -1 }; /* section, section in it, key */
	int tried = 0;

	inventory_free(round_trip(NULL, 0, &text));
	for (const char *p = text.buf, *end; (end = strchr(p, '\n')); p = end + 1) {
		size_t indent = strspn(p, " ");
		struct error err = { 0 };
		struct inventory *inv;

		if (end[-1] == ':' && (p[indent] != '#' || p[indent + 1] != ' ')) {
			places[indent ? 1 : 0] = p - text.buf;
			continue;
		}
		if (p[indent] != '#' || p[indent + 1] == ' ')
			continue;
		if (indent < 4)
			places[1] = -1;
		places[2] = p - text.buf;
		uncomment(text.buf, places, &edit);
		inv = inventory_parse("-", edit.buf, edit.len, NULL, 0, NULL, &err);
		if (!CHECK(inv != NULL))
			printf("# %.*s\n# %s\n", (int)(end - p), p, err.detail);
		inventory_free(inv);
		tried++;
	}
	CHECK(tried > 20);
	str_release(&text);
	str_release(&edit);
}

static void test_refused(void)
{
	static const struct {
		const char *cluster, *host, *what;
	} all[] = {
		{ "r", "x", "'x' is not an IPv4 address" },
		{ "r", "10.0.0.[1-2", "cannot read the range in '10.0.0.[1-2'" },
		{ "r", "10.0.0.[2-1]", "cannot read the range in '10.0.0.[2-1]'" },
		{ "r", "10.0.0.[254-256]", "'10.0.0.256' is not an IPv4 address" },
		{ "r", "a=10.0.0.[1-2]", "'a=10.0.0.[1-2]' has 1 names for 2 addresses" },
		{ "r", "A=10.0.0.1", "'A' is not a Node name: use a-z, 0-9, '-' and '.'" },
		{ "r", "10.0.0.[0-99999]", "more than 5000 hosts" },
		{ "r", "127.0.0.1", "'127.0.0.1' is not an address that other hosts can reach" },
		{ "R", "10.0.0.1", "'R' is not a cluster name: use a-z, 0-9 and '-'" },
	};
	const char *const twice[] = { "10.0.0.1", "10.0.0.1" };
	struct str text = STR_INIT;
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		err = (struct error){ 0 };
		CHECK_INT(inventory_sample(all[i].cluster, &all[i].host, 1, &text, &err), -1);
		CHECK_STR(err.what, all[i].what);
		CHECK_INT(err.kind, ERROR_USAGE);
	}
	CHECK_INT(inventory_sample("r", twice, 2, &text, &err), -1);
	CHECK_STR(err.what, "duplicate address '10.0.0.1': host 'cp1' already has it");
	CHECK_INT(text.len, 0);
}

static const struct test tests[] = {
	{ "ranges", test_ranges },
	{ "few", test_few },
	{ "many", test_many },
	{ "complete", test_complete },
	{ "comments", test_comments },
	{ "refused", test_refused },
};
TEST_MAIN(tests)
