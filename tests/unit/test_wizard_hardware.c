/* What the wizard's page of the machines is given, and what is kept of a look on this machine: over maps, without hosts. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/wizard.h"
#include "inventory/inventory.h"
#include "tests/unit/fake_site.h"
#include "tui/wizard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOSTS 3

static const char text[] =
	"cluster: c\nkubernetes: {version: 1.36}\nendpoint: {host: a.invalid}\nnetwork: {cni: none}\n"
	"preflight: {ignore: [gone-card]}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.1, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.2, role: worker}\n  - {name: w2, address: 10.0.0.3, role: worker}\n";
static const char machine[] =
	"{\"system\":{\"vendor\":\"Dell\",\"product\":\"R760\",\"virtual\":\"none\"},\"cpu\":{\"model\":\"X\",\"threads\":4},"
	"\"memory\":{\"bytes\":4294967296,\"nodes\":[{\"id\":0,\"cpus\":\"0-3\",\"bytes\":4294967296}]},"
	"\"disks\":[{\"name\":\"sda\",\"bytes\":1000000000,\"serial\":\"S1\",\"node\":0}],"
	"\"nics\":[{\"name\":\"eno1\",\"driver\":\"ice\",\"link\":true,\"node\":null}]}";

static struct inventory *inventory;
static struct json *maps[HOSTS];
static bool chosen[HOSTS] = { true, true, true };

static struct json *parse(const char *json)
{
	struct json *map = json_parse(json, strlen(json), NULL);

	if (!map)
		exit(2);
	return map;
}

static void begin(void)
{
	inventory = inventory_parse("-", text, sizeof(text) - 1, NULL, 0, NULL, NULL);
	if (!inventory || system("rm -rf hardware"))
		exit(2);
	maps[0] = parse(machine);
	maps[1] = parse(machine);
	maps[2] = NULL;
}

static void end(void)
{
	for (int i = 0; i < HOSTS; i++)
		json_free(maps[i]);
	inventory_free(inventory);
}

static void change(int host, const char *from, const char *to)
{
	struct str all = STR_INIT;

	str_add(&all, machine);
	fake_site_replace(&all, from, to);
	json_free(maps[host]);
	maps[host] = parse(all.buf);
	str_release(&all);
}

static char here[] = ".", no_folder[] = "file";

static struct port_hardware look(char *state)
{
	struct cli_run r = { .inventory = inventory, .chosen = chosen, .state_dir = state };
	struct port_hardware out;

	r.world.seen.hardware = maps;
	cli_wizard_hardware(&r, &out);
	return out;
}

static bool has_near(const struct port_hardware_host *h, const char *label, const char *words)
{
	for (size_t i = 0; i < h->near_count; i++)
		if (strcmp(h->near[i].label, label) == 0 && strcmp(h->near[i].text, words) == 0)
			return true;
	printf("# no '%s'\n", label);
	return false;
}

static void test_seen(void)
{
	struct port_hardware out;
	struct stat st;

	begin();
	out = look(here);
	CHECK_INT(out.host_count, 3);
	CHECK_STR(out.tell, "");
	CHECK_STR(out.hosts[1].name, "w1");
	CHECK_STR(out.hosts[1].kind, "Dell R760");
	CHECK(out.hosts[1].seen && out.hosts[1].finding_count == 0);
	CHECK(has_near(&out.hosts[1], "processors", "CPUs 0-3"));
	CHECK(has_near(&out.hosts[1], "disk sda", "1 GB, serial S1, not in use"));
	CHECK(has_near(&out.hosts[1], "card eno1", "ice"));
	CHECK_STR(out.hosts[1].all[0].label, "system");
	/* nobody has looked at this one */
	CHECK(!out.hosts[2].seen && !out.hosts[2].near_count && out.hosts[2].error.kind == ERROR_NONE);
	CHECK_STR(out.hosts[2].kind, "unknown");
	port_hardware_release(&out);
	CHECK_INT(stat("hardware/w1.json", &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK(access("hardware/w2.json", F_OK) != 0);
	/* one that the command line leaves out is not on the page */
	chosen[0] = false;
	out = look(here);
	CHECK_INT(out.host_count, 2);
	CHECK_STR(out.hosts[0].name, "w1");
	CHECK(out.hosts[0].seen);
	chosen[0] = true;
	port_hardware_release(&out);
	end();
}

/* Each look is compared with the one before, and what is gone is named until it is back. */
static void test_gone(void)
{
	struct port_hardware out;

	begin();
	out = look(here);
	port_hardware_release(&out);
	change(1, "\"sda\",\"bytes\":1000000000,\"serial\":\"S1\"", "\"sdb\",\"bytes\":1,\"serial\":\"S2\"");
	for (int i = 0; i < 2; i++) {
		out = look(here);
		CHECK_INT(out.hosts[0].finding_count, 0);
		if (CHECK_INT(out.hosts[1].finding_count, 1)) {
			CHECK_STR(out.hosts[1].findings[0].name, "gone-disk");
			CHECK(!out.hosts[1].findings[0].ignored);
		}
		port_hardware_release(&out);
	}
	/* it is back, and the other one is gone with a card */
	change(1, "eno1", "eno9");
	out = look(here);
	if (CHECK_INT(out.hosts[1].finding_count, 2)) {
		CHECK_STR(out.hosts[1].findings[0].name, "gone-disk");
		CHECK(strstr(out.hosts[1].findings[0].what, "S2") != NULL);
		CHECK_STR(out.hosts[1].findings[1].name, "gone-card");
		CHECK(out.hosts[1].findings[1].ignored);
	}
	port_hardware_release(&out);
	end();
}

/* A look that cannot be read, or kept, is said; the others are compared all the same. */
static void test_broken(void)
{
	struct port_hardware out;

	begin();
	out = look(here);
	port_hardware_release(&out);
	CHECK_INT(file_write("hardware/cp1.json", "{", 1, 0600, NULL), 0);
	change(1, "\"serial\":\"S1\"", "\"serial\":\"S2\"");
	out = look(here);
	CHECK(strstr(out.tell, "the last look cannot be read from ./hardware/cp1.json") != NULL);
	CHECK_INT(out.hosts[0].finding_count, 0);
	CHECK_INT(out.hosts[1].finding_count, 1);
	port_hardware_release(&out);
	/* it was written again */
	out = look(here);
	CHECK_STR(out.tell, "");
	port_hardware_release(&out);
	/* a folder in the place of the first file: it can be neither read nor written */
	CHECK(unlink("hardware/cp1.json") == 0 && mkdir("hardware/cp1.json", 0700) == 0);
	out = look(here);
	CHECK(strstr(out.tell, "cannot be read") && strstr(out.tell, "this look cannot be kept for the next one"));
	CHECK_INT(out.hosts[1].finding_count, 1);
	port_hardware_release(&out);
	CHECK_INT(file_write(no_folder, "", 0, 0600, NULL), 0);
	out = look(no_folder);
	CHECK(strstr(out.tell, "this look cannot be kept for the next one") != NULL);
	CHECK(out.hosts[1].seen);
	port_hardware_release(&out);
	end();
}

static const struct test tests[] = {
	{ "wizard: machines, and hosts that nobody has looked at", test_seen },
	{ "wizard: what is gone since the last look", test_gone },
	{ "wizard: looks that cannot be read or kept", test_broken },
};

TEST_MAIN_IN_FOLDER(tests)
