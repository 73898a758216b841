/* The odd one out of machines of one kind, and what is not well with one. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cluster/findings_hardware.h"
#include "cluster/hardware_gone.h"
#include "inventory/inventory.h"
#include "tests/unit/fake_site.h"

#include <stdlib.h>
#include <string.h>

static const char fleet_text[] =
	"cluster: c\nkubernetes: {version: 1.36}\nendpoint: {host: a.invalid}\nnetwork: {cni: none}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.1, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.2, role: worker}\n  - {name: w2, address: 10.0.0.3, role: worker}\n"
	"  - {name: w3, address: 10.0.0.4, role: worker}\n  - {name: w4, address: 10.0.0.5, role: worker}\n";
#define FLEET 5
static struct inventory *fleet;
static struct json *maps[FLEET];
static struct findings found;

static const char alike_text[] =
	"{\"system\":{\"vendor\":\"Dell\",\"product\":\"R760\",\"bios\":{\"version\":\"2.1\"},\"secure-boot\":true,\"bmc\":true,"
	"\"kernel\":\"6.1\",\"command-line\":\"BOOT_IMAGE=/a root=UUID=%d ro\",\"clock-source\":\"tsc\",\"iommu-groups\":80},"
	"\"cpu\":{\"model\":\"X\",\"sockets\":2,\"cores\":64,\"threads\":128,\"smt\":true,\"microcode\":\"0x1\","
	"\"governor\":\"performance\",\"turbo\":true,\"mitigations\":{\"mds\":\"Not affected\"}},"
	"\"memory\":{\"bytes\":54043195%03d6,\"nodes\":[{\"id\":0,\"bytes\":270258069504},{\"id\":1,\"bytes\":270258069504}],"
	"\"dimms\":[{\"bytes\":17179869184,\"type\":\"DDR5\",\"mts\":4800},{\"bytes\":17179869184,\"type\":\"DDR5\",\"mts\":4800}]},"
	"\"disks\":[{\"name\":\"nvme0n1\",\"model\":\"S\",\"bytes\":1000,\"firmware\":\"1\"}],"
	"\"nics\":[{\"name\":\"eno1\",\"driver\":\"ice\",\"firmware\":\"4.4\",\"mbit\":25000,\"link\":true,\"mtu\":9000}],"
	"\"infiniband\":[{\"device\":\"mlx5_0\",\"port\":\"1\",\"state\":\"ACTIVE\",\"rate\":\"400 Gb/sec\",\"link-layer\":\"InfiniBand\"}],"
	"\"accelerators\":[{\"pci\":\"0000:19:00.0\",\"vendor\":\"NVIDIA\",\"device\":\"0x2335\",\"width\":16,\"width-possible\":16}],"
	"\"bonds\":[{\"name\":\"bond0\",\"members\":[{\"name\":\"a\",\"link\":true,\"aggregator\":1},{\"name\":\"b\",\"link\":true,\"aggregator\":1}]}]}";

/* The end of the only disk. */
#define AFTER_DISK "}],\"nics\""

static void fleet_begin(void)
{
	struct inventory_problems problems = { 0 };
	struct error err = { 0 };

	fleet = inventory_parse("-", fleet_text, strlen(fleet_text), NULL, 0, &problems, &err);
	if (!fleet)
		exit(2);
	for (int i = 0; i < FLEET; i++) {
		char *text = xasprintf(alike_text, i, i);

		maps[i] = json_parse(text, strlen(text), &err);
		if (!maps[i])
			exit(2);
		free(text);
	}
}

static void fleet_end(void)
{
	for (int i = 0; i < FLEET; i++)
		json_free(maps[i]);
	findings_release(&found);
	inventory_free(fleet);
}

/* Replaces a part of a host's map. */
static void change(int host, const char *from, const char *to)
{
	struct str text = STR_INIT;

	json_write(maps[host], &text);
	CHECK(strstr(text.buf, from) != NULL);
	fake_site_replace(&text, from, to);
	json_free(maps[host]);
	maps[host] = json_parse(text.buf, text.len, NULL);
	CHECK(maps[host] != NULL);
	str_release(&text);
}

static const struct finding *odd(const char *name)
{
	findings_release(&found);
	findings_hardware(fleet, maps, &found);
	for (size_t i = 0; i < found.count; i++)
		if (strcmp(found.list[i].name, name) == 0)
			return &found.list[i];
	return NULL;
}

/* Each difference, on one of four alike machines, is named once, on that one. */
static void test_odd(void)
{
	static const char *const cases[][3] = {
		{ "odd-cores", "\"cores\":64", "\"cores\":48" },
		{ "odd-smt", "\"smt\":true", "\"smt\":false" },
		{ "odd-microcode", "\"0x1\"", "\"0x0\"" },
		{ "odd-mitigations", "Not affected", "Vulnerable" },
		{ "odd-governor", "performance", "powersave" },
		{ "odd-turbo", "\"turbo\":true", "\"turbo\":false" },
		{ "odd-memory", "\"bytes\":270258069504}]", "\"bytes\":250258069504}]" },
		{ "odd-dimms", ",\"mts\":4800}]", ",\"mts\":4400}]" },
		{ "odd-disks", "\"bytes\":1000", "\"bytes\":2000" },
		{ "odd-disk-firmware", "\"firmware\":\"1\"", "\"firmware\":\"2\"" },
		{ "odd-cards", "25000", "10000" },
		{ "odd-card-firmware", "\"4.4\"", "\"4.2\"" },
		{ "odd-mtu", "9000", "1500" },
		{ "odd-rdma", "400 Gb", "200 Gb" },
		{ "odd-accelerators", "0x2335", "0x2336" },
		{ "odd-firmware", "\"2.1\"", "\"2.0\"" },
		{ "odd-secure-boot", "\"secure-boot\":true", "\"secure-boot\":false" },
		{ "odd-iommu", "\"iommu-groups\":80", "\"iommu-groups\":0" },
		{ "odd-kernel", "\"6.1\"", "\"6.2\"" },
		{ "odd-command-line", " ro\"", " ro quiet\"" },
		{ "odd-clock", "\"tsc\"", "\"hpet\"" },
		{ "odd-bmc", "\"bmc\":true", "\"bmc\":false" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct finding *f;

		fleet_begin();
		CHECK_STR(findings_hardware_name(i), cases[i][0]);
		if (!CHECK(!odd(cases[i][0]) && found.count == 0))
			printf("# %s\n", found.list[0].what);
		change(2, cases[i][1], cases[i][2]);
		f = odd(cases[i][0]);
		if (!CHECK(f && f->host == 2 && found.count == 1 && strstr(f->what, "3 of 4 machines")))
			printf("# %s: %zu %s\n", cases[i][0], found.count, f ? f->what : "");
		/* two against two: nobody knows who is odd */
		change(3, cases[i][1], cases[i][2]);
		CHECK(!odd(cases[i][0]));
		fleet_end();
	}
}

/* Sizes as people say them, compared to the byte. */
static void test_sizes(void)
{
	static const char *const cases[][2] = {
		{ "4294967296", "1 x S 4 GiB;" },
		{ "1048576", "1 x S 1 MiB;" },
		{ "4294967297", "1 x S 4294967297 bytes;" },
		{ "0", "1 x S 0 bytes;" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char disk[64];
		const struct finding *f;

		fleet_begin();
		snprintf(disk, sizeof(disk), "\"bytes\":%s", cases[i][0]);
		change(2, "\"bytes\":1000", disk);
		f = odd("odd-disks");
		if (!CHECK(f && strstr(f->what, cases[i][1])))
			printf("# %s\n", f ? f->what : "nothing");
		fleet_end();
	}
}

/* Another role, another product and an unknown value do not count, and two are not a majority. */
static void test_not_odd(void)
{
	fleet_begin();
	change(0, "\"0x1\"", "\"0x0\"");
	change(1, "\"R760\"", "\"R660\"");
	change(1, "\"0x1\"", "\"0x2\"");
	change(2, "\"turbo\":true", "\"turbo\":null");
	change(2, "\"bmc\":true", "\"bmc\":true");
	CHECK(!odd("odd-microcode") && found.count == 0);
	json_free(maps[3]);
	maps[3] = NULL;
	change(4, "\"0x1\"", "\"0x7\"");
	CHECK(!odd("odd-microcode") && found.count == 0);
	fleet_end();
}

/* What finds no room is cut at a character's start. */
static void test_long(void)
{
	for (int before = 0; before < 3; before++) {
		struct str kernel = STR_INIT, clean = STR_INIT;
		const struct finding *f;

		str_addf(&kernel, "\"%.*s", before, "xx");
		for (int i = 0; i < 100; i++)
			str_add(&kernel, "\xe2\x82\xac");
		str_addc(&kernel, '"');
		fleet_begin();
		for (int i = 2; i < FLEET; i++)
			change(i, "\"6.1\"", kernel.buf);
		f = odd("odd-kernel");
		if (CHECK(f && f->host == 1)) {
			str_add_printable(&clean, f->what, strlen(f->what));
			CHECK_STR(clean.buf, f->what);
		}
		fleet_end();
		str_release(&kernel);
		str_release(&clean);
	}
}

/* Two bits are two findings, and those that have no meaning are none; a disk that is well, or says nothing, is not named. */
static void test_disk(void)
{
	static const struct {
		const char *health;
		size_t count;
		const char *says;
	} cases[] = {
		{ "{\"critical-warning\":3}", 2, "nvme0n1 says that its spare blocks run out" },
		{ "{\"critical-warning\":192}", 0, NULL },
		{ "{\"critical-warning\":0,\"wear-percent\":89,\"media-errors\":0}", 0, NULL },
		{ "{\"wear-percent\":255}", 1, "worn by 255 %" },
		{ "{\"media-errors\":9007199254740991}", 1, "9007199254740991 times" },
		{ "null", 0, NULL },
		{ "[3]", 0, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *health = xasprintf(",\"health\":%s" AFTER_DISK, cases[i].health);

		fleet_begin();
		change(0, AFTER_DISK, health);
		odd("");
		if (!CHECK(found.count == cases[i].count) ||
			(cases[i].says && !CHECK(strstr(found.list[0].what, cases[i].says) != NULL)))
			printf("# %s: %zu %s\n", health, found.count, found.count ? found.list[0].what : "");
		fleet_end();
		free(health);
	}
}

/* Cards that do not say what they run are not compared: nobody knows. */
static void test_silent_cards(void)
{
	fleet_begin();
	change(2, "\"firmware\":\"4.4\"", "\"firmware\":null");
	CHECK(!odd("odd-card-firmware") && found.count == 0);
	fleet_end();
}

/* What is not well with one alone. */
static void test_ill(void)
{
	static const char *const cases[][3] = {
		{ "few-lanes", "\"width\":16,", "\"width\":8," },
		{ "bond-member-idle", "\"name\":\"b\",\"link\":true", "\"name\":\"b\",\"link\":false" },
		{ "memory-errors", "\"memory\":{", "\"memory\":{\"corrected-errors\":3," },
		{ "disk-critical", AFTER_DISK, ",\"health\":{\"critical-warning\":8}" AFTER_DISK },
		{ "disk-worn", AFTER_DISK, ",\"health\":{\"wear-percent\":90}" AFTER_DISK },
		{ "disk-errors", AFTER_DISK, ",\"health\":{\"media-errors\":1}" AFTER_DISK },
		{ "pcie-errors", "\"disks\":", "\"pcie-errors\":[{\"pci\":\"0000:00:00.0\",\"fatal\":1}],\"disks\":" },
		{ "no-subnet-manager", "ACTIVE", "INIT" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct finding *f;

		fleet_begin();
		change(0, cases[i][1], cases[i][2]);
		f = odd(cases[i][0]);
		if (!CHECK(f && f->host == 0 && found.count == 1))
			printf("# %s\n", cases[i][0]);
		fleet_end();
	}
	fleet_begin();
	change(0, "\"name\":\"b\",\"link\":true,\"aggregator\":1", "\"name\":\"b\",\"link\":true,\"aggregator\":2");
	CHECK(odd("bond-member-idle") != NULL);
	fleet_end();
}

static void gone(const struct json *before, int host, const char *name, const char *what)
{
	findings_release(&found);
	findings_hardware_gone(fleet, host, before, maps[host], &found);
	if (!CHECK(found.count == 1 && strcmp(found.list[0].name, name) == 0 && strstr(found.list[0].what, what)))
		printf("# %s: %zu %s\n", name, found.count, found.count ? found.list[0].what : "");
}

/* What the inventory ignores is still found, and says so: one beside others, one by itself, one that is gone. */
static void test_ignored(void)
{
	static const char *names[] = { "memory-errors", "odd-microcode", "gone-card" };
	static const char *const counts[] = { "odd-turbo", "pcie-errors", "gone-disk" };
	struct json *before;
	size_t ignored = 0;

	fleet_begin();
	fleet->preflight.ignore = names;
	fleet->preflight.ignore_count = 3;
	before = json_copy(maps[2]);
	change(2, "\"disks\":", "\"pcie-errors\":[{\"pci\":\"0000:00:00.0\",\"fatal\":1}],\"disks\":");
	change(2, "\"memory\":{", "\"memory\":{\"corrected-errors\":3,");
	change(2, "\"0x1\"", "\"0x0\"");
	change(2, "\"turbo\":true", "\"turbo\":false");
	CHECK(odd("odd-microcode") != NULL);
	change(2, "\"eno1\"", "\"eno9\"");
	change(2, "nvme0n1", "nvme7n1");
	findings_hardware_gone(fleet, 2, before, maps[2], &found);
	CHECK_INT(found.count, 6);
	for (size_t i = 0; i < found.count; i++) {
		const char *name = found.list[i].name;
		bool is = false, counted = false;

		for (size_t k = 0; k < 3; k++) {
			is = is || strcmp(names[k], name) == 0;
			counted = counted || strcmp(counts[k], name) == 0;
		}
		CHECK(is != counted);
		if (!CHECK_INT(found.list[i].ignored, is))
			printf("# %s\n", name);
		ignored += found.list[i].ignored;
	}
	CHECK_INT(ignored, 3);
	fleet->preflight.ignore = NULL;
	fleet->preflight.ignore_count = 0;
	json_free(before);
	fleet_end();
}

/* What was there at the last look; it is named until it is back, also when it could not be seen in between. */
static void test_gone(void)
{
	static const char *const cases[][4] = {
		{ "gone-dimm", "\"mts\":4800,\"slot\":\"A2\"}", "\"mts\":4800,\"slot\":\"A3\"}", "A2" },
		{ "gone-disk", "nvme0n1", "nvme7n1", "nvme0n1" },
		{ "gone-card", "\"eno1\"", "\"eno9\"", "eno1" },
		{ "gone-rdma", "mlx5_0", "mlx5_9", "mlx5_0" },
		{ "gone-accelerator", "0000:19:00.0", "0000:1a:00.0", "0000:19:00.0" },
		{ "lost-link", "\"mbit\":25000,\"link\":true", "\"mbit\":null,\"link\":false", "eno1" },
	};

	for (int i = 0; i < 6; i++) {
		struct json *before, *kept, *again;

		fleet_begin();
		change(0, "\"mts\":4800},", "\"mts\":4800,\"slot\":\"A1\"},");
		change(0, "\"mts\":4800}]", "\"mts\":4800,\"slot\":\"A2\"}]");
		before = json_copy(maps[0]);
		findings_hardware_gone(fleet, 0, before, maps[0], &found);
		CHECK_INT(found.count, 0);
		CHECK_STR(findings_hardware_gone_name(i), cases[i][0]);
		change(0, cases[i][1], cases[i][2]);
		gone(before, 0, cases[i][0], cases[i][3]);
		kept = hardware_kept(before, maps[0]);
		gone(kept, 0, cases[i][0], cases[i][3]);
		again = hardware_kept(kept, maps[0]);
		CHECK(json_equal(kept, again));
		json_free(again);
		/* it is back */
		change(0, cases[i][2], cases[i][1]);
		findings_release(&found);
		findings_hardware_gone(fleet, 0, before, maps[0], &found);
		CHECK_INT(found.count, 0);
		json_free(before);
		json_free(kept);
		fleet_end();
	}
	CHECK(findings_hardware_gone_name(6) == NULL && findings_hardware_gone_name(-1) == NULL);
}

/* A card's function that a pod has taken into its network is nowhere to be seen, and not lost. */
static void test_functions(void)
{
	struct json *before;

	fleet_begin();
	change(0, "\"name\":\"eno1\"", "\"name\":\"eno1v0\",\"virtual-function\":true");
	before = json_copy(maps[0]);
	json_set(maps[0], "nics", json_array());
	findings_hardware_gone(fleet, 0, before, maps[0], &found);
	CHECK_INT(found.count, 0);
	json_free(before);
	fleet_end();
}

/* A table that the firmware does not show today is not a loss, and not forgotten. */
static void test_unseen(void)
{
	struct json *before, *kept;

	fleet_begin();
	change(0, "\"mts\":4800}]", "\"mts\":4800,\"slot\":\"A2\"}]");
	before = json_copy(maps[0]);
	json_set(json_set(maps[0], "memory", json_object()), "dimms", json_null());
	findings_hardware_gone(fleet, 0, before, maps[0], &found);
	CHECK_INT(found.count, 0);
	kept = hardware_kept(before, maps[0]);
	CHECK_INT(json_size(json_get(kept, "memory.dimms")), 2);
	json_free(before);
	json_free(kept);
	fleet_end();
}

static void test_page(void)
{
	struct str page = STR_INIT;
	struct error err = { 0 };
	const char *name;
	char row[80];

	CHECK_INT(file_read("docs/hardware.md", 1u << 20, &page, &err), 0);
	for (size_t i = 0; (name = findings_hardware_name(i)) != NULL; i++) {
		snprintf(row, sizeof(row), "\n| `%s` |", name);
		if (!CHECK(strstr(page.buf, row) != NULL))
			printf("# %s\n", name);
	}
	for (int i = 0; (name = findings_hardware_gone_name(i)) != NULL; i++) {
		snprintf(row, sizeof(row), "\n| `%s` |", name);
		CHECK(strstr(page.buf, row) != NULL);
	}
	str_release(&page);
}

static const struct test tests[] = {
	{ "the odd one out", test_odd },
	{ "sizes", test_sizes },
	{ "what is no difference", test_not_odd },
	{ "a difference that is too long", test_long },
	{ "what is not well by itself", test_ill },
	{ "what a disk says of itself", test_disk },
	{ "cards that say nothing", test_silent_cards },
	{ "what the inventory ignores", test_ignored },
	{ "what is gone", test_gone },
	{ "functions that pods take are not missed", test_functions },
	{ "what cannot be seen is not missed", test_unseen },
	{ "each stands in docs/hardware.md", test_page },
};
TEST_MAIN(tests)
