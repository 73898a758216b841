/* A takeover as the wizard has it done: what is refused before anything is contacted, a real login that leads nowhere, and the inventory of what two looks saw. */
#include "tests/test.h"
#include "tests/unit/adopt_site.h"
#include "tests/unit/fake_sshd.h"

#include "base/file.h"
#include "cli/wizard.h"
#include "remote/pool.h"
#include "remote/remote.h"
#include "remote/ssh.h"
#include "tui/wizard.h"

#include <unistd.h>

static char dir[] = "/tmp/kubewright-takeover-XXXXXX";
static struct cli_takeover t;
static struct cli_options o;

static void begin(void)
{
	if (!mkdtemp(dir) || chdir(dir))
		exit(2);
	setenv("XDG_STATE_HOME", dir, 1);
	setenv("HOME", dir, 1);
	remote_init();
	o = (struct cli_options){ .warned = true, .parallel = 2, .connect_timeout_s = 5 };
	o.pool = remote_pool_new();
}

static void end(void)
{
	char command[80];

	cli_takeover_release(&t);
	remote_pool_free(o.pool);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_INT(system(command), 0);
}

static void check_refused(const char *what, const char *words)
{
	struct cli_run *r = NULL;
	struct error err = { 0 };

	CHECK_INT(cli_takeover_open(&t, &o, what, &r, &err), -1);
	CHECK(!r);
	if (!CHECK(strstr(err.what, words) != NULL))
		printf("# %s: %s\n", what, err.what);
}

static void test_refused(void)
{
	struct error err = { 0 };
	bool keys;

	begin();
	CHECK_INT(file_write("there.yaml", "x", 1, 0644, &err), 0);
	check_refused("host=10.0.0.11\nout=there.yaml\n", "already exists");
	check_refused("host=not a host\nout=a.yaml\n", "is not a host name");
	check_refused("host=10.0.0.11\nssh.port=x\nout=a.yaml\n", "ssh.port");
	check_refused("host=10.0.0.11\ncluster=no name\nout=a.yaml\n", "cluster");
	check_refused("out=a.yaml\n", "no control plane is named");
	/* nothing was looked at */
	CHECK_INT(cli_takeover_write(&t, &keys, &err), -1);
	CHECK_INT(system("[ ! -e a.yaml ]"), 0);
	end();
}

/* This machine has no cluster: the first look says so, there is no second one, and the next one begins again. */
static void test_no_cluster(void)
{
	struct sshd s;
	char *what;

	if (sshd_missing() || access("/etc/kubernetes/kubelet.conf", F_OK) == 0) {
		printf("# skipped: %s\n", sshd_missing() ? sshd_missing() : "a Node of a cluster");
		return;
	}
	begin();
	sshd_start(&s, "");
	o.accept_new_host_keys = true;
	what = xasprintf("host=127.0.0.1\nssh.port=%d\nssh.key=%s\nout=a.yaml\n", s.port, sshd_path(&s, "id"));
	for (int i = 0; i < 2; i++) {
		struct port_adopted seen;
		struct cli_run *r = NULL;
		struct error err = { 0 };

		if (!CHECK_INT(cli_takeover_open(&t, &o, what, &r, &err), 0))
			break;
		CHECK(r == &t.is.first);
		engine_no_questions(r->engine);
		CHECK_INT(engine_start(r->engine, &err), 0);
		while (engine_wait(r->engine, -1, 1000))
			continue;
		cli_takeover_see(&t, &seen);
		CHECK(!seen.more);
		CHECK_INT(seen.refused.kind, ERROR_PREFLIGHT);
		CHECK_STR(seen.refused.host, "127.0.0.1");
		CHECK_INT(seen.host_count, 0);
		port_adopted_release(&seen);
	}
	cli_takeover_release(&t);
	/* host keys that were accepted on the way are gone */
	CHECK_INT(system("[ ! -e a.yaml ] && [ -z \"$(find kubewright -mindepth 1 2>/dev/null)\" ]"), 0);
	free(what);
	sshd_stop(&s);
	end();
}

/* As after two looks at the site; seen is what the page gets of it. */
static void see_site(struct engine_config *config, struct port_adopted *seen)
{
	struct cli_run *r = &t.is.all;

	t.what = xstrdup("host=10.0.0.11\nout=a.yaml\n");
	t.is.options = &t.runs;
	t.is.file = t.runs.file = "a.yaml";
	t.runs.warned = true;
	t.stage = TAKEOVER_ALL;
	r->inventory = site.inv;
	r->world.seen.hosts = site.hosts;
	r->world.seen.adopt = site.said;
	r->world.seen.certs = site.certs;
	r->world.seen.cluster = site.state;
	r->engine = engine_new(config);
	t.is.first.world.seen.hosts = site.hosts;
	t.is.first.known_hosts = xasprintf("%s/accepted", dir);
	CHECK_INT(file_write(t.is.first.known_hosts, "[10.0.0.11]:22 x\n", 17, 0600, NULL), 0);
	cli_takeover_see(&t, seen);
}

static void test_writes(void)
{
	static struct engine_host hosts[SITE_HOSTS];
	struct engine_config config = { .run = "r1", .hosts = hosts, .host_count = SITE_HOSTS, .check_only = true };
	struct port_adopted seen;
	struct error err = { 0 };
	struct str text = STR_INIT;
	struct engine *engine;
	char *known;
	bool keys = true;

	begin();
	site_begin();
	for (int i = 0; i < SITE_HOSTS; i++)
		hosts[i] = (struct engine_host){ site.inv->hosts[i].name, ROLE_ALL };
	see_site(&config, &seen);
	engine = t.is.all.engine;
	known = t.is.first.known_hosts;
	if (!CHECK_INT(seen.refused.kind, ERROR_NONE))
		printf("# %s\n", seen.refused.what);
	CHECK_STR(seen.cluster, "kubernetes");
	CHECK_STR(seen.version, "1.36.2");
	CHECK_STR(seen.file, "a.yaml");
	CHECK_INT(seen.host_count, SITE_HOSTS);
	CHECK(strstr(seen.cas, "ca.crt") != NULL);
	CHECK(seen.found.count > 0);
	port_adopted_release(&seen);
	/* a file that came in between is not overwritten, also one of this cluster */
	str_add(&text, document_text(t.is.document));
	CHECK_INT(file_write("a.yaml", text.buf, text.len, 0644, NULL), 0);
	CHECK_INT(cli_takeover_write(&t, &keys, &err), -1);
	CHECK(strstr(err.what, "already exists") != NULL);
	CHECK_INT(unlink("a.yaml"), 0);
	CHECK_INT(cli_takeover_write(&t, &keys, &err), 0);
	CHECK(!keys);
	/* once */
	CHECK_INT(cli_takeover_write(&t, &keys, &err), -1);
	str_clear(&text);
	CHECK_INT(file_read("a.yaml", 1 << 20, &text, NULL), 0);
	CHECK(strstr(text.buf, "cluster: kubernetes\n") != NULL);
	CHECK(strstr(text.buf, "10.0.0.22") != NULL);
	CHECK_INT(system("grep -q 10.0.0.11 kubewright/kubernetes/known_hosts"), 0);
	engine_free(engine);
	free(known);
	str_release(&text);
	site_end();
	end();
}

static const struct test tests[] = {
	{ "takeover: refused before anything is contacted", test_refused },
	{ "takeover: a host without a cluster", test_no_cluster },
	{ "takeover: the inventory, once, and host keys", test_writes },
};
TEST_MAIN(tests)
