/* `support`: what is in the archive, and what must not be; a host that is down, no host, no inventory, and files that cannot be written. */
#include "tests/test.h"

#include "base/archive.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/secret.h"
#include "cli/wizard.h"
#include "cli/support_pack.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "tests/unit/fake_remote.h"
#include "tests/unit/shell_says.h"
#include "tui/wizard.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SECRET "Kn0wnSecret"
#define TOKEN "abcdef.0123456789abcdef"
#define KEY "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgk3JhbmRvbWJ5dGVz"

static const char text[] =
	"cluster: rack7\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane, ssh: {address: 127.0.0.1, port: 1}}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker, ssh: {address: 127.0.0.1, port: 2}}\n"
	"  - {name: w2, address: 10.0.0.22, role: worker, ssh: {address: 127.0.0.1, port: 3}}\n";
enum { CP1, W1, W2, HOSTS };
static struct fake_host hosts[HOSTS];
static unsigned asked[HOSTS];

/* A kubelet's journal that is longer than its limit, which cuts it within a secret; other pieces are as short as can be. */
static void say_pieces(const struct fake_host *h, const struct remote_exec *x, struct str *out)
{
	struct str pieces = STR_INIT, log = STR_INIT;

	CHECK(fake_param(x, "pieces", &pieces));
	CHECK(strstr(pieces.buf, "kubelet unit 262144 kubelet\n"));
	CHECK_INT(strstr(pieces.buf, "etcd container 262144 etcd\n") != NULL, h == &hosts[CP1]);
	str_add(&log, SECRET "-Tail\n");
	while (log.len < 262145 - 200)
		str_add(&log, "a line of the journal\n");
	str_add(&log, "token " TOKEN " and " SECRET "\n" KEY "\nc2hvcnQ=\n-----END PRIVATE KEY-----\n");
	while (log.len < 262145)
		str_addc(&log, 'x');
	fake_say(out, "piece.kubelet", log.buf);
	fake_say(out, "piece.versions", "Linux 6.1\n");
	fake_say(out, "piece.etcd", "");
	str_release(&pieces);
	str_release(&log);
}

static int answer(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	(void)call;
	(void)log;
	(void)err;
	fake_begin(out, x);
	asked[h - hosts]++;
	if (fake_has(x, host_script_support)) {
		if (h == &hosts[W1]) {
			fake_say(out, "error", "no journal");
			fake_end(out, x);
			return 1;
		}
		say_pieces(h, x, out);
	} else {
		CHECK(fake_has(x, host_script_probe));
		fake_say(out, "now_ms", "1");
		fake_say(out, "lock", "none");
		fake_say(out, "hostname", h == &hosts[CP1] ? "cp1" : "w1");
		fake_say(out, "kubelet_args", "a --token=" SECRET);
	}
	fake_end(out, x);
	return 0;
}

static struct remote *dial(void *world, int host, struct task *t, struct remote_cancel_token *token, struct error *err)
{
	(void)world;
	(void)t;
	(void)token;
	if (host != W2)
		return fake_remote_open(&hosts[host]);
	error_set(err, ERROR_CONNECT, "no route to host");
	return NULL;
}

static void put(const char *path, const char *content)
{
	struct error err = { 0 };

	if (!CHECK_INT(file_write(path, content, strlen(content), 0644, &err), 0))
		printf("# %s\n", err.what);
}

/* A state folder with two recordings of rack7 and the key of a store. */
static void begin(const char *inventory)
{
	char cwd[128];
	struct error err = { 0 };

	CHECK(system("rm -rf state *.tar.gz") == 0 && getcwd(cwd, sizeof(cwd) - 8));
	strcat(cwd, "/state");
	setenv("XDG_STATE_HOME", cwd, 1);
	setenv("SUPPORT_PASSWORD", SECRET, 1);
	CHECK_INT(file_mkdirs("state/kubewright/rack7/runs", 0700, &err), 0);
	CHECK_INT(file_mkdirs("state/kubewright/rack7/pki", 0700, &err), 0);
	put("state/kubewright/rack7/runs/20260301T120000-aaaa.jsonl",
		"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"20260301T120000-aaaa\",\"command\":\"apply\",\"hosts\":[{\"name\":\"cp1\"}]}\n"
		"{\"v\":1,\"seq\":1,\"kind\":\"output\",\"host\":\"cp1\",\"text\":\"password=" SECRET "x\"}\n"
		"{\"v\":1,\"seq\":2,\"kind\":\"run-done\",\"outcome\":\"ok\"}\n");
	put("state/kubewright/rack7/runs/20260201T120000-bbbb.jsonl",
		"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"20260201T120000-bbbb\",\"command\":\"repair\",\"hosts\":[]}\n");
	put("kubewright.yaml", inventory);
}

static struct cli_run run;
static struct pack pack;

/* A run over the fake hosts, as cli_support makes it. */
static void look(void)
{
	static struct engine_host list[HOSTS] = { { "cp1", ROLE_CONTROL_PLANE }, { "w1", ROLE_WORKER },
		{ "w2", ROLE_WORKER } };
	struct error err = { 0 };

	memset(&run, 0, sizeof(run));
	memset(asked, 0, sizeof(asked));
	run.inventory = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	run.release = release_find("1.36.2");
	run.chosen = xcalloc(HOSTS, sizeof(*run.chosen));
	memset(run.chosen, true, HOSTS * sizeof(*run.chosen));
	world_init(&run.world, run.inventory, run.release);
	run.prepared = true;
	run.world.wish.run = "r1";
	run.world.wish.take_lock = false;
	run.world.wish.health = true;
	run.kind = &cli_kinds[KIND_SUPPORT];
	run.mask = mask_new();
	mask_add(run.mask, SECRET);
	run.hosts = xcalloc(HOSTS, sizeof(*run.hosts));
	memcpy(run.hosts, list, sizeof(list));
	run.config = (struct engine_config){ .run = "r1",
		.steps = plans[PLAN_SUPPORT].steps,
		.step_count = plans[PLAN_SUPPORT].count,
		.hosts = run.hosts,
		.host_count = HOSTS,
		.check_only = true,
		.world = &run.world,
		.open = dial,
		.mask = run.mask };
	for (int i = 0; i < HOSTS; i++)
		hosts[i].fn = answer;
	cli_run_begin(&run);
	engine_no_questions(run.engine);
	CHECK_INT(engine_start(run.engine, &err), 0);
	while (engine_wait(run.engine, -1, 1000))
		continue;
}

static bool parses(const char *name)
{
	char command[128];
	const char *out;
	struct json *j;

	snprintf(command, sizeof(command), "tar -xOzf a.tar.gz f/%s", name);
	out = shell_says(command);
	j = json_parse(out, strlen(out), NULL);
	json_free(j);
	return j != NULL;
}

static void test_hosts(void)
{
	struct error err = { 0 };

	begin(text);
	look();
	memset(&pack, 0, sizeof(pack));
	str_init(&pack.manifest);
	str_init(&pack.missing);
	pack.known = run.mask;
	pack.archive = archive_begin("a.tar.gz", "f", 0, &err);
	pack_hosts(&pack, &run);
	CHECK(!pack.failed);
	CHECK_INT(archive_end(pack.archive, NULL, &err), 0);
	CHECK_STR(shell_says("tar -tzf a.tar.gz"),
		"f/check.json\nf/status.json\nf/hosts/cp1/facts.json\nf/hosts/cp1/versions.txt\n"
		"f/hosts/cp1/kubelet.log\nf/hosts/w1/facts.json\n");
	/* two execs a host at most */
	CHECK(asked[CP1] == 2 && asked[W1] == 2 && asked[W2] == 0);
	CHECK(parses("check.json") && parses("status.json") && parses("hosts/cp1/facts.json"));
	CHECK_STR(shell_says("tar -xOzf a.tar.gz | grep -c -e '" SECRET "' -e Tail -e '" TOKEN "' -e MIGHAg -e c2hvcn"),
		"0\n");
	CHECK_STR(
		shell_says(
			"tar -xOzf a.tar.gz f/hosts/cp1/kubelet.log | head -n 1; tar -xOzf a.tar.gz f/hosts/cp1/kubelet.log | tail -n 5 | cut -c1-30"),
		"a line of the journal\ntoken ••• and •••\n•••\n•••\n-----END PRIVATE KEY-----\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
	CHECK(strstr(pack.manifest.buf, "log of the kubelet; cut: only its last 256 KiB\n"));
	CHECK(strstr(pack.missing.buf, "all of host w2: no route to host"));
	CHECK(strstr(pack.missing.buf, "logs of host w1: no journal"));
	CHECK(strstr(pack.missing.buf, "hosts/cp1: the log of etcd is empty"));
	str_release(&pack.manifest);
	str_release(&pack.missing);
	cli_run_release(&run);
}

/* The wizard's, of a look that has ended: the same archive, and what is in it in words. */
static void test_page(void)
{
	struct cli_options o = { .file = "kubewright.yaml" };
	struct port_support made;
	struct error keys = { 0 }, err = { 0 };
	char command[600];

	begin(text);
	look();
	run.options = &o;
	CHECK_INT(cli_state_fill(&run, &err), 0);
	error_set(&keys, ERROR_PKI, "no keys");
	cli_wizard_support(&run, &keys, &made);
	CHECK_INT(made.error.kind, ERROR_NONE);
	if (!CHECK(made.path != NULL && made.path[0] == '/'))
		exit(1);
	CHECK(strstr(made.path, "/kubewright-support-rack7-") != NULL);
	CHECK(made.files > 6 && made.cut >= 1 && made.size > 0);
	CHECK(strstr(made.listing, "log of the kubelet; cut: only its last 256 KiB\n") != NULL);
	CHECK(strstr(made.listing, "all of host w2: no route to host") != NULL);
	CHECK(strstr(made.listing, "what the API and etcd say: no keys") != NULL);
	snprintf(command, sizeof(command), "tar -xOzf %s --wildcards '*/MANIFEST'", made.path);
	CHECK_STR(shell_says(command), made.listing);
	snprintf(command, sizeof(command), "tar -xOzf %s | grep -c -e '" SECRET "' -e Tail -e '" TOKEN "' -e MIGHAg",
		made.path);
	CHECK_STR(shell_says(command), "0\n");
	port_support_release(&made);
	/* where nothing can be written there is none, and that is said */
	CHECK_INT(mkdir("gone", 0700), 0);
	CHECK_INT(chdir("gone"), 0);
	CHECK_INT(rmdir("../gone"), 0);
	cli_wizard_support(&run, NULL, &made);
	CHECK(!made.path && made.error.kind != ERROR_NONE && *made.error.what);
	CHECK_STR(made.listing, "");
	port_support_release(&made);
	cli_run_release(&run);
}

static int support(const char *file, const char *out)
{
	char *args[] = { NULL, NULL };
	struct cli_options o = { .file = file, .args = args, .arg_count = out ? 1 : 0, .connect_timeout_s = 2 };

	args[0] = out ? xstrdup(out) : NULL;
	int status = cli_support(&o);

	fflush(stdout);
	free(args[0]);
	return status;
}

/* No host answers: what this machine has. */
static void test_alone(void)
{
	struct stat st;

	begin("cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nssh: {user: root, agent: false, password: env:SUPPORT_PASSWORD}\n"
	      "containerd:\n  config: |\n    password = \"" SECRET "y\"\n"
	      "hosts: [{name: cp1, address: 10.0.0.11, role: control-plane, ssh: {address: 127.0.0.1, port: 1}}]\n");
	CHECK_INT(support("kubewright.yaml", "a.tar.gz"), 0);
	CHECK(stat("a.tar.gz", &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_STR(shell_says("tar -tzf a.tar.gz | sed 's/^kubewright-support-rack7-[0-9]*T[0-9]*Z.//'"),
		"versions.txt\ninventory.yaml\ncheck.json\nstatus.json\nruns/20260301T120000-aaaa.jsonl\n"
		"runs/20260201T120000-bbbb.jsonl\nMANIFEST\n");
	CHECK_STR(shell_says("tar -xOzf a.tar.gz | grep -c '" SECRET "'"), "0\n");
	CHECK_STR(shell_says("tar -xOzf a.tar.gz --wildcards '*/inventory.yaml' | grep password"),
		"ssh: {user: root, agent: false, password: env:SUPPORT_PASSWORD}\n    password = \"•••\"\n");
	CHECK(strstr(
		shell_says("tar -xOzf a.tar.gz --wildcards '*/MANIFEST'"), "all of host cp1: cannot connect to cp1"));
	CHECK(strstr(shell_says("tar -xOzf a.tar.gz --wildcards '*aaaa.jsonl'"), "\"text\":\"password=•••\"}\n{"));
	/* never over what is there */
	CHECK_INT(support("kubewright.yaml", "a.tar.gz"), error_exit_code(ERROR_SYSTEM));
	CHECK_INT(support("kubewright.yaml", "no/folder/a"), error_exit_code(ERROR_SYSTEM));
	CHECK_STR(shell_says("ls -A | grep -c new"), "0\n");
}

/* A store that cannot be opened: the hosts are asked all the same. */
static void test_no_keys(void)
{
	const char *manifest;

	begin("cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nssh: {user: root, agent: false}\n"
	      "hosts: [{name: cp1, address: 10.0.0.11, role: control-plane, ssh: {address: 127.0.0.1, port: 1}}]\n");
	put("state/kubewright/rack7/pki/ca.crt", "no certificate");
	put("state/kubewright/rack7/pki/ca.key", "-----BEGIN PRIVATE KEY-----\n" KEY "\n-----END PRIVATE KEY-----\n");
	put("state/kubewright/rack7/runs/20260501T120000-dddd.jsonl",
		"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"20260501T120000-dddd\",\"command\":\"" KEY
		"\",\"hosts\":[]}\n");
	CHECK_INT(support("kubewright.yaml", "a.tar.gz"), 0);
	manifest = shell_says("tar -xOzf a.tar.gz --wildcards '*/MANIFEST'");
	CHECK(strstr(manifest, "what the API and etcd say: ") &&
		strstr(manifest, "all of host cp1: cannot connect to cp1"));
	/* lines of a key that is known */
	CHECK_STR(shell_says("tar -xOzf a.tar.gz | grep -c '" KEY "'"), "0\n");
}

static void test_no_inventory(void)
{
	begin("cluster: rack7\nkubernetes: {version: 1.36.2}\nhosts: [\nssh: {password: " SECRET "}\n");
	CHECK_INT(support("kubewright.yaml", NULL), 0);
	CHECK_STR(
		shell_says(
			"tar -tzf kubewright-support-rack7-*.tar.gz | sed 's/^kubewright-support-rack7-[0-9]*T[0-9]*Z.//'"),
		"versions.txt\ninventory.yaml\ninventory-error.txt\nruns/20260301T120000-aaaa.jsonl\n"
		"runs/20260201T120000-bbbb.jsonl\nMANIFEST\n");
	CHECK_STR(shell_says("tar -xOzf kubewright-support-rack7-*.tar.gz | grep -c '" SECRET "'"), "0\n");
	/* nor a file: nobody's recordings are taken */
	CHECK_INT(support("absent.yaml", "b.tar.gz"), 0);
	CHECK_STR(shell_says("tar -tzf b.tar.gz | sed 's/^kubewright-support-unknown-[0-9]*T[0-9]*Z.//'"),
		"versions.txt\nMANIFEST\n");
	put("kubewright.yaml", "cluster: ../../x\nhosts: 1\n");
	CHECK_INT(support("kubewright.yaml", "c.tar.gz"), 0);
	CHECK_STR(shell_says("tar -tzf c.tar.gz | grep -c '^kubewright-support-unknown-'"), "4\n");
}

/* A recording that is too long loses the output of hosts; a disk that is full leaves nothing. */
static void test_long(void)
{
	struct rlimit limit = { 4096, 4096 };
	struct str big = STR_INIT;

	begin("cluster: rack7\nhosts: [");
	str_add(&big,
		"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"20260401T120000-cccc\",\"command\":\"apply\",\"hosts\":[]}\n");
	for (int i = 1; big.len < (5u << 20); i++)
		str_addf(&big, "{\"v\":1,\"seq\":%d,\"kind\":\"output\",\"text\":\"%d %0200d\"}\n", i, rand(), rand());
	str_addf(&big, "{\"v\":1,\"seq\":999999,\"kind\":\"run-done\",\"outcome\":\"ok\"}\n");
	put("state/kubewright/rack7/runs/20260401T120000-cccc.jsonl", big.buf);
	CHECK_INT(support("kubewright.yaml", "a.tar.gz"), 0);
	CHECK_STR(shell_says("tar -xOzf a.tar.gz --wildcards '*cccc.jsonl' | cut -c1-37"),
		"{\"v\":1,\"seq\":0,\"kind\":\"run\",\"run\":\"20\n{\"v\":1,\"seq\":999999,\"kind\":\"run-done\"\n");
	CHECK(strstr(shell_says("tar -xOzf a.tar.gz --wildcards '*/MANIFEST'"),
		"recording of apply; cut: without the output of hosts\n"));
	str_release(&big);
	str_init(&big);
	srand(1);
	str_add(&big, "x: ");
	while (big.len < 40000)
		str_addf(&big, "%x ", (unsigned)rand());
	put("kubewright.yaml", big.buf);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_INT(support("kubewright.yaml", "full.tar.gz"), error_exit_code(ERROR_SYSTEM));
	CHECK_STR(shell_says("ls -A | grep -c full"), "0\n");
	str_release(&big);
}

static void test_limits(void)
{
	size_t all = 0, hosts_1000 = 0;

	for (size_t i = 0; i < support_piece_count; i++) {
		const struct support_piece *p = &support_pieces[i];

		CHECK_INT(support_limit(p, 1), p->limit);
		CHECK(support_limit(p, 1000) >= 4096 && support_limit(p, 100000) == 4096);
		all += p->limit;
		hosts_1000 += support_limit(p, 1000);
	}
	/* what remote_script takes, and all hosts together */
	CHECK(all < 3u << 20 && hosts_1000 * 1000 < 128u << 20);
}

static const struct test tests[] = {
	{ "what hosts say", test_hosts },
	{ "the page of the wizard", test_page },
	{ "no host answers", test_alone },
	{ "no keys", test_no_keys },
	{ "no inventory", test_no_inventory },
	{ "too long", test_long },
	{ "limits", test_limits },
};
TEST_MAIN_IN_FOLDER(tests)
