/* A step that changed something asks the host again: what is still as it was makes it fail, and what has the last word is named. */
#include "tests/test.h"
#include "tests/unit/fake_remote.h"

#include "base/error.h"
#include "base/secret.h"
#include "base/str.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "inventory/release.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"

static const char inventory_text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
				     "  - {name: cp0, address: 10.0.0.9, role: control-plane}\n"
				     "  - {name: cp1, address: 10.0.0.1, role: worker}\n";

static const struct {
	const char *word, *value; /* other than it should be, after the script */
	const char *what, *hint;  /* NULL: the step is done */
	enum code code;           /* of what */
} cases[] = {
	{ "put", "yes", NULL, NULL, CODE_NONE },
	{ "resolve", "127.0.1.1 10.0.0.1", "cp1 still resolves to '127.0.1.1 10.0.0.1'",
		"/etc/hosts, line 2 has the last word", CODE_NONE },
	/* an address that begins as the host's does is another */
	{ "resolve", "10.0.0.11", "cp1 still resolves to '10.0.0.11'", "getent ahostsv4 cp1", CODE_NONE },
	{ "swap", "/dev/sdb partition 100", "swap is on again: /dev/sdb", "failSwapOn", CODE_NONE },
	{ "swap_boot", "unit dev-sdb.swap", "still made by the next boot: unit dev-sdb.swap", "failSwapOn", CODE_NONE },
	{ "sysctl.net.ipv4.ip_forward", "0", "net.ipv4.ip_forward was set to 1 and is '0' again",
		"a program on this host", CODE_NONE },
	{ "sysctl.net.bridge.bridge-nf-call-ip6tables", "0", "bridge-nf-call-ip6tables was set to 1", "a program",
		CODE_NONE },
	{ "sysctl_boot.net.ipv4.ip_forward", "0 /etc/sysctl.d/zzz.conf:3", "to '0': /etc/sysctl.d/zzz.conf:3",
		"remove that line", CODE_NONE },
	{ "sysctl_boot.net.bridge.bridge-nf-call-iptables", "0 /etc/sysctl.d/zzz.conf:4", "/etc/sysctl.d/zzz.conf:4",
		"zz-kubewright", CODE_NONE },
	{ "mode./etc/sysctl.d/zz-kubewright.conf", "666 0:0", "writes /etc/sysctl.d/zz-kubewright.conf", "undoes it",
		EVIDENCE_FILE },
	{ "mode./etc/modules-load.d/kubewright.conf", "link", "writes /etc/modules-load.d/kubewright.conf", "undoes it",
		EVIDENCE_FILE },
};

static size_t row;
static unsigned runs;

static void say(struct str *out, const char *word, const char *value)
{
	fake_say(out, word, strcmp(word, cases[row].word) == 0 ? cases[row].value : value);
}

/* The digests of what was sent. */
static void say_files(const struct remote_exec *x, struct str *out)
{
	for (int i = 1; i <= 2; i++) {
		struct str path = STR_INIT, data = STR_INIT, text = STR_INIT;
		char name[32], word[128], sum[65];

		snprintf(name, sizeof(name), "file_%d_path", i);
		CHECK(fake_param(x, name, &path));
		snprintf(name, sizeof(name), "file_%d_data", i);
		CHECK(fake_param(x, name, &data));
		str_add_unbase64(&text, data.buf, data.len);
		pki_sha256_hex(text.buf, text.len, sum);
		snprintf(word, sizeof(word), "sum.%s", path.buf);
		say(out, word, sum);
		snprintf(word, sizeof(word), "mode.%s", path.buf);
		say(out, word, "644 0:0");
		str_release(&path);
		str_release(&data);
		str_release(&text);
	}
}

static int host_exec(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	static const char *const keys[] = { "net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables",
		"net.bridge.bridge-nf-call-ip6tables" };

	(void)h;
	(void)call;
	(void)log;
	(void)err;
	fake_begin(out, x);
	if (fake_has(x, host_script_probe)) {
		fake_say(out, "lock", "ours");
		fake_say(out, "now_end_ms", "1");
		fake_end(out, x);
		return 0;
	}
	CHECK(fake_has(x, host_script_put) && fake_has(x, host_script_questions));
	runs++;
	say_files(x, out);
	say(out, "resolve", "10.0.0.1");
	fake_say(out, "resolve_by", row == 1 ? "/etc/hosts, line 2" : "");
	say(out, "swap", "");
	say(out, "swap_boot", "");
	for (size_t i = 0; i < 3; i++) {
		char word[96];

		snprintf(word, sizeof(word), "sysctl.%s", keys[i]);
		say(out, word, i ? "" : "1");
		snprintf(word, sizeof(word), "sysctl_boot.%s", keys[i]);
		say(out, word, "1 /etc/sysctl.d/zz-kubewright.conf:2");
	}
	fake_say(out, "put", "yes");
	fake_end(out, x);
	return 0;
}

static struct fake_host host = { .name = "cp1", .fn = host_exec };

static struct remote *open_host(
	void *world, int index, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)index;
	(void)t;
	(void)token;
	(void)err;
	return fake_remote_open(&host);
}

static const struct step plan[] = {
	{ "probe", "Looking", ROLE_WORKER, STEP_OBSERVES, { { 0 } }, probe_check, probe_apply },
	{ "os", "Preparing the system", ROLE_WORKER, 0, { { 0 } }, os_check, os_apply },
};

static void run(struct error *first)
{
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", inventory_text, strlen(inventory_text), NULL, 0, NULL, &err);
	struct engine_host hosts[2] = { { "cp0", ROLE_CONTROL_PLANE }, { "cp1", ROLE_WORKER } };
	struct engine_config config = { .run = "r1",
		.steps = plan,
		.step_count = 2,
		.hosts = hosts,
		.host_count = 2,
		.open = open_host,
		.mask = mask_new() };
	struct engine_result result;
	struct engine *e;
	struct world w;

	world_init(&w, inv, release_find("1.36.2"));
	w.wish.run = "r1";
	w.wish.owner = "a@b pid 1";
	w.wish.machine = "m";
	config.world = &w;
	e = engine_new(&config);
	engine_no_questions(e);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	engine_result(e, &result);
	*first = result.first ? *result.first : err;
	engine_free(e);
	world_release(&w);
	mask_free(config.mask);
	inventory_free(inv);
}

static void test_os(void)
{
	for (row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
		struct error err = { 0 };

		run(&err);
		if (!CHECK_INT(err.kind, cases[row].what ? ERROR_COMMAND : ERROR_NONE) ||
			(cases[row].what && (!CHECK(strstr(err.what, code_words(cases[row].code, cases[row].what))) ||
						    !CHECK(strstr(err.hint, cases[row].hint)))))
			printf("# row %zu: %s | %s\n", row, err.what, err.hint);
	}
	CHECK_INT(runs, sizeof(cases) / sizeof(cases[0]));
}

static const struct test tests[] = {
	{ "what the system was brought to is asked again", test_os },
};
TEST_MAIN(tests)
