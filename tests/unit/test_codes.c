/* Codes beside words: the table and its document agree, events carry them there and back, and what goes by them does not read the words. */
#include "tests/test.h"
#include "tui/runview.h"

#include "base/alloc.h"
#include "base/code.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/run.h"
#include "inventory/inventory.h"

static const char inventory_text[] = "cluster: c\nkubernetes: {version: 1.36.2}\nendpoint: {host: 10.0.0.100}\n"
				     "network: {cni: none}\nhosts:\n"
				     "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n";

static void test_table(void)
{
	CHECK_STR(code_name(CODE_NONE), "");
	CHECK_INT(code_of(""), CODE_NONE);
	CHECK_INT(code_of("a word of tomorrow"), CODE_NONE);
	CHECK(code_field(CODE_NONE, 0) == NULL && code_field(QUESTION_HOST_KEY, CODE_FIELDS) == NULL);
	for (int i = CODE_NONE + 1; i < CODE_COUNT; i++) {
		const char *name = code_name((enum code)i);

		/* stable words: small letters and '-', and no two alike */
		CHECK(*name && strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name));
		CHECK_INT(code_of(name), i);
	}
}

/* docs/events.md has exactly one row for each, with its fields. */
static void test_document(void)
{
	struct str doc = STR_INIT, row = STR_INIT;
	struct error err = { 0 };
	size_t rows = 0;
	char *at;

	if (!CHECK_INT(file_read("docs/events.md", 1 << 20, &doc, &err), 0))
		return;
	at = strstr(doc.buf, "\n| code | fields | says |");
	if (!CHECK(at != NULL && strstr(at + 1, "\n\n")))
		return;
	*strstr(at + 1, "\n\n") = '\0';
	for (int i = CODE_NONE + 1; i < CODE_COUNT; i++) {
		str_clear(&row);
		str_addf(&row, "\n| `%s` | ", code_name((enum code)i));
		for (size_t k = 0; code_field((enum code)i, k); k++)
			str_addf(&row, "%s`%s`", k ? ", " : "", code_field((enum code)i, k));
		str_add(&row, code_field((enum code)i, 0) ? " | " : "| ");
		if (!CHECK(strstr(at, row.buf)))
			printf("#%s\n", row.buf);
	}
	for (const char *p = at; (p = strstr(p, "\n| `")) != NULL; p++)
		rows++;
	CHECK_INT(rows, CODE_COUNT - 1);
	str_release(&doc);
	str_release(&row);
}

/* ---- there and back --------------------------------------------------------------------------------------------------- */

static const char head[] =
	"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"r\",\"command\":\"apply\",\"hosts\":[{\"name\":\"cp1\","
	"\"roles\":1}],\"steps\":[{\"name\":\"os\",\"title\":\"os\",\"roles\":1}]}\n";

static struct event seen[8];
static size_t seen_count;
static char seen_field[8][64];

static void keep(const struct event *ev, void *ctx)
{
	(void)ctx;
	if (seen_count == sizeof(seen) / sizeof(seen[0]))
		return;
	snprintf(seen_field[seen_count], sizeof(seen_field[0]), "%s", ev->fields[0] ? ev->fields[0] : "");
	seen[seen_count++] = *ev;
}

/* The events of a journal with these lines, by what a replay sees. */
static struct recording *replay(const char *lines)
{
	char path[] = "/tmp/test-codes-XXXXXX";
	struct error err = { 0 };
	struct recording *r;
	int fd = mkstemp(path);

	CHECK(fd >= 0 && write(fd, head, strlen(head)) == (ssize_t)strlen(head) &&
		write(fd, lines, strlen(lines)) == (ssize_t)strlen(lines));
	close(fd);
	r = recording_load(path, &err);
	unlink(path);
	seen_count = 0;
	if (CHECK(r != NULL))
		recording_events(r, 0, keep, NULL);
	return r;
}

static void test_there_and_back(void)
{
	static const struct engine_host host = { "cp1", 1 };
	static const struct step step = { .name = "os" };
	const struct engine_config config = { .hosts = &host, .host_count = 1, .steps = &step, .step_count = 1 };
	struct str lines = STR_INIT;
	struct event ev = { .seq = 1 };

	for (int i = CODE_NONE; i < CODE_COUNT; i++, ev.seq++) {
		struct str line = STR_INIT;
		struct recording *r;

		ev.kind = EVENT_STEP_STARTED;
		ev.code = (enum code)i;
		ev.text = "nobody reads this";
		for (size_t k = 0; k < CODE_FIELDS; k++)
			ev.fields[k] = code_field(ev.code, k) ? "the field" : NULL;
		event_write_json(&ev, &config, &line);
		str_addf(&lines, "%s\n", line.buf);
		r = replay(line.buf);
		CHECK_INT(seen_count, 1);
		CHECK_INT(seen[0].code, i);
		CHECK_STR(seen_field[0], code_field(ev.code, 0) ? "the field" : "");
		recording_free(r);
		str_release(&line);
	}
	CHECK(strstr(lines.buf, "\"code\":\"file\",\"fields\":{\"path\":\"the field\"}") != NULL);
	str_release(&lines);
}

/* A journal of an earlier version has the words of two kinds in their texts; one of a later version may have any code. */
static void test_other_versions(void)
{
	struct recording *r = replay(
		"{\"v\":1,\"seq\":1,\"at\":1,\"kind\":\"host-state\",\"host\":\"cp1\",\"text\":\"connected\"}\n"
		"{\"v\":1,\"seq\":2,\"at\":2,\"kind\":\"step-started\",\"host\":\"cp1\",\"step\":\"os\",\"text\":\"file\"}\n"
		"{\"v\":1,\"seq\":3,\"at\":3,\"kind\":\"host-state\",\"host\":\"cp1\",\"code\":\"asleep\",\"text\":\"fast asleep\"}\n"
		"{\"v\":1,\"seq\":4,\"at\":4,\"kind\":\"question\",\"host\":\"cp1\",\"code\":\"host-key\",\"fields\":7}\n"
		"{\"v\":1,\"seq\":5,\"at\":5,\"kind\":\"cancelling\",\"text\":\"leave\"}\n");

	if (!CHECK_INT(seen_count, 5))
		return;
	CHECK_INT(recording_bad_lines(r), 0);
	CHECK_INT(seen[0].code, HOST_CONNECTED);
	CHECK_INT(seen[1].code, CODE_NONE);
	CHECK_INT(seen[2].code, CODE_NONE);
	CHECK_INT(seen[3].code, QUESTION_HOST_KEY);
	CHECK(seen[3].fields[0] == NULL);
	CHECK_INT(seen[4].code, RUN_LEAVE);
	recording_free(r);
}

/* ---- who goes by them ------------------------------------------------------------------------------------------------- */

/* How many findings named drift a host has of which a look says this. */
static unsigned drift(enum code code, const char *about, bool installed)
{
	static const struct step step = { .name = "os" };
	struct event ev = { .kind = EVENT_STEP_DONE, .outcome = OUTCOME_WOULD, .code = code, .text = "\a word" };
	struct would_step would = { .differences = STR_INIT };
	struct cli_run r = { 0 };
	struct error err = { 0 };
	struct health h;
	unsigned n = 0;

	r.inventory = inventory_parse("-", inventory_text, strlen(inventory_text), NULL, 0, NULL, &err);
	if (!CHECK(r.inventory != NULL))
		return 0;
	r.release = release_find("1.36.2");
	r.config = (struct engine_config){ .steps = &step, .step_count = 1, .host_count = 1 };
	r.chosen = (bool[]){ true };
	r.chosen_count = 1;
	world_init(&r.world, r.inventory, r.release);
	r.world.seen.hosts[0].probed = true;
	if (installed) {
		cluster_set(&r.world.seen.hosts[0], "have", "kubelet-conf");
		cluster_set(&r.world.seen.hosts[0], "job.init", "done 0 x");
	}
	ev.fields[0] = about;
	r.would = &would;
	would_event(&ev, &r);
	health_fold(&r, &h);
	for (size_t i = 0; i < h.hosts[0].count; i++)
		n += strcmp(h.hosts[0].list[i].name, "drift") == 0;
	health_release(&h);
	free(would.text);
	free(would.about);
	world_release(&r.world);
	inventory_free(r.inventory);
	return n;
}

static void test_drift(void)
{
	static const struct {
		enum code code;
		const char *about;
		unsigned drift;
	} cases[] = {
		{ EVIDENCE_FILE, "/etc/containerd/config.toml", 1 },
		{ EVIDENCE_HOLD, "kubelet", 1 },
		{ EVIDENCE_SYSCTL, "net.bridge.bridge-nf-call-iptables", 1 },
		{ EVIDENCE_SYSCTL_BOOT, "net.ipv4.ip_forward", 1 },
		{ EVIDENCE_SWAP_BOOT, NULL, 1 },
		{ EVIDENCE_UNIT_STALE, "containerd", 1 },
		{ EVIDENCE_NODE, "cp1", 1 },
		/* findings of their own say more */
		{ EVIDENCE_SYSCTL, "net.ipv4.ip_forward", 0 },
		{ EVIDENCE_SWAP, NULL, 0 },
		{ EVIDENCE_UNIT, "containerd", 0 },
		/* not of what a host should be */
		{ EVIDENCE_JOB, "join", 0 },
		{ EVIDENCE_KUBECONFIG, "/root/.kube/config", 0 },
		{ CODE_NONE, NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!CHECK_INT(drift(cases[i].code, cases[i].about, true), cases[i].drift))
			printf("# of %s %s\n", code_name(cases[i].code), cases[i].about ? cases[i].about : "");
		CHECK_INT(drift(cases[i].code, cases[i].about, false), 0);
	}
}

static const struct test tests[] = {
	{ "the table", test_table },
	{ "docs/events.md lists them all", test_document },
	{ "into a line and back", test_there_and_back },
	{ "journals of other versions", test_other_versions },
	{ "drift", test_drift },
};
TEST_MAIN(tests)
