/*
 * The probe script, run for real on this machine by the local remote: its state folder, its view of Kubernetes' files and some commands are
 * replaced by ones in a temporary folder.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cluster/cluster.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"
#include "tests/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>

struct site {
	char dir[64];
	struct remote *remote;
	const char *lock, *run, *dead, *before; /* before: shell text in front of main */
	const char *state;                      /* NULL: in dir */
	struct cluster_host h;
	int rc;
	struct error err;
	const char *paths; /* whose digests are wanted */
};

static char *path(const struct site *s, const char *name)
{
	static char out[16][256];
	static unsigned n;

	n = (n + 1) % 16;
	snprintf(out[n], sizeof(out[n]), "%s/%s", s->dir, name);
	return out[n];
}

static void put(const struct site *s, const char *name, mode_t mode, const char *text)
{
	struct error err = { 0 };
	char dir[256];

	snprintf(dir, sizeof(dir), "%s", path(s, name));
	*strrchr(dir, '/') = '\0';
	CHECK_INT(file_mkdirs(dir, 0755, &err), 0);
	if (!CHECK_INT(file_write(path(s, name), text, strlen(text), mode, &err), 0))
		printf("# %s\n", err.what);
}

static void replace(struct str *text, const char *from, const char *to)
{
	struct str out = STR_INIT;
	const char *p = text->buf, *hit;

	while ((hit = strstr(p, from)) != NULL) {
		str_addn(&out, p, (size_t)(hit - p));
		str_add(&out, to);
		p = hit + strlen(from);
	}
	str_add(&out, p);
	str_release(text);
	*text = out;
}

static void site_open(struct site *s)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/kubewright-probe.XXXXXX");
	CHECK(mkdtemp(s->dir));
	s->remote = remote_local_open();
	s->lock = "yes";
	s->run = "r1";
	s->dead = "";
	s->before = "";
	put(s, "bin/systemctl", 0755, "#!/bin/sh\nexit 1\n");
}

/* Units that are said to be active; others are not there. */
static void active(const struct site *s, const char *pattern)
{
	struct str text = STR_INIT;

	str_addf(&text,
		"#!/bin/sh\nfor a; do\ncase $a in\nshow|--no-pager|-p|Load*) ;;\n"
		"%s) printf 'LoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\n\\n' ;;\n"
		"*) printf 'LoadState=not-found\\nActiveState=inactive\\nUnitFileState=\\n\\n' ;;\nesac\ndone\n",
		pattern);
	put(s, "bin/systemctl", 0755, text.buf);
	str_release(&text);
}

static void probe(struct site *s)
{
	struct str script = STR_INIT, bin = STR_INIT;
	const struct remote_param params[] = {
		{ "node", "localhost" },
		{ "address", "127.0.0.1" },
		{ "vip", "" },
		{ "vip_interface", "" },
		{ "paths", s->paths ? s->paths : path(s, "managed") },
		{ "sysctls", "net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables" },
		{ "modules", "overlay br_netfilter" },
		{ "units", "containerd foo" },
		{ "repositories", "" },
		{ "sources", "" },
		{ "cluster", "rack7" },
		{ "run", s->run },
		{ "owner", "ana@jump01 pid 7" },
		{ "machine", "m1" },
		{ "dead_runs", s->dead },
		{ "lock", s->lock },
		{ "ttl", "900" },
	};

	cluster_host_release(&s->h);
	str_add(&script, host_script_questions);
	str_add(&script, host_script_hardware);
	str_add(&script, host_script_lock);
	str_add(&script, host_script_room);
	str_add(&script, host_script_pod_networks);
	str_add(&script, host_script_sources);
	str_add(&script, host_script_surroundings);
	str_add(&script, host_script_probe);
	replace(&script, "/var/lib/kubewright", s->state ? s->state : path(s, "state"));
	replace(&script, "/run/kubewright", path(s, "run"));
	replace(&script, "/etc/kubernetes", path(s, "kubernetes"));
	replace(&script, "/var/lib/kubelet", path(s, "kubelet"));
	replace(&script, "/run/containerd", path(s, "containerd"));
	replace(&script, "/etc/cni/net.d", path(s, "cni"));
	replace(&script, "/var/lib/cni", path(s, "cni-lib"));
	replace(&script, "/sys/class/dmi/id", path(s, "dmi"));
	str_addf(&bin, "PATH=%s/bin:/usr/local/sbin", s->dir);
	replace(&script, "PATH=/usr/local/sbin", bin.buf);
	str_clear(&bin);
	str_addf(&bin, "%s\nmain </dev/null", s->before);
	replace(&script, "main </dev/null", bin.buf);
	s->rc = remote_script(s->remote, "probe", script.buf, params, sizeof(params) / sizeof(params[0]),
		cluster_probe_words, &s->h.facts, NULL, NULL, 300000, &s->err);
	if (!CHECK_INT(s->rc, 0))
		printf("# %s: %s\n", s->err.what, s->err.detail);
	str_release(&script);
	str_release(&bin);
}

static void site_close(struct site *s)
{
	char *command = xasprintf("rm -rf '%s'", s->dir);

	CHECK_INT(system(command), 0);
	free(command);
	cluster_host_release(&s->h);
	remote_free(s->remote);
}

static void age_lock(const struct site *s, int seconds)
{
	struct timeval times[2];

	gettimeofday(&times[0], NULL);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	CHECK_INT(utimes(path(s, "state/lock"), times), 0);
}

static void put_sandbox(const struct site *s, const char *id, const char *pod)
{
	char *name = xasprintf("containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json", id);
	char *config = xasprintf("{\"annotations\":{\"io.kubernetes.cri.sandbox-id\":\"%s\","
				 "\"io.kubernetes.cri.sandbox-log-directory\":\"/var/log/pods/%s\"}}",
		id, pod);

	put(s, name, 0600, config);
	free(name);
	free(config);
}

/* What a reset shows: which machine it is, and what runs there. */
static void test_workload(void)
{
	struct site s;

	site_open(&s);
	s.lock = "no";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "serial"), "");
	CHECK_STR(cluster_fact(&s.h, "pods"), "0");
	CHECK(cluster_fact_int(&s.h, "uptime_s", 0) > 0);
	put(&s, "dmi/product_serial", 0400, "To be filled by O.E.M.\n");
	put(&s, "dmi/board_serial", 0400, "CZ123\n");
	put_sandbox(&s, "a1", "kube-system_etcd-cp1_1");
	put_sandbox(&s, "a2", "kube-system_kube-apiserver-cp1_2");
	put_sandbox(&s, "a3", "kube-system_kube-proxy-x_3");
	put_sandbox(&s, "a4", "shop_kube-apiserver-lookalike_4");
	put(&s, "containerd/io.containerd.runtime.v2.task/k8s.io/a5/config.json", 0600, "{\"annotations\":{}}");
	put(&s, "containerd/io.containerd.runtime.v2.task/moby/b1/config.json", 0600, "{}");
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "serial"), "CZ123");
	CHECK_STR(cluster_fact(&s.h, "pods"), "2");
	CHECK_STR(cluster_fact(&s.h, "containers"), "1");
	site_close(&s);
}

static void test_facts(void)
{
	struct site s;
	int64_t before = clock_wall_ms(), begin;

	site_open(&s);
	s.lock = "no";
	probe(&s);
	begin = cluster_fact_int(&s.h, "now_ms", 0);
	CHECK(begin >= before && cluster_fact_int(&s.h, "now_end_ms", 0) >= begin);
	CHECK(cluster_fact_int(&s.h, "now_end_ms", 0) <= clock_wall_ms());
	CHECK_STR(s.h.facts.count ? s.h.facts.lines[0].word : "", "now_ms");
	CHECK_STR(s.h.facts.count ? s.h.facts.lines[s.h.facts.count - 1].word : "", "now_end_ms");
	CHECK(*cluster_fact(&s.h, "kernel") && *cluster_fact(&s.h, "arch") && *cluster_fact(&s.h, "hostname"));
	CHECK(cluster_fact_int(&s.h, "cpus", 0) > 0 && cluster_fact_int(&s.h, "mem_kb", 0) > 1000);
	CHECK(cluster_fact_int(&s.h, "disk_var_kb", -1) >= 0);
	CHECK_STR(cluster_fact(&s.h, "resolve"), "127.0.0.1");
	CHECK_STR(cluster_fact(&s.h, "unit.kubelet"), "absent");
	CHECK_STR(cluster_fact(&s.h, "pki_manifest"), "absent");
	CHECK_STR(cluster_fact(&s.h, "ledger"), "no");
	CHECK_STR(cluster_fact(&s.h, "lock"), "none");
	CHECK_STR(cluster_factf(&s.h, "sum.%s", path(&s, "managed")), "absent");
	/* looking leaves nothing behind */
	CHECK(access(path(&s, "state"), F_OK) != 0);
	site_close(&s);
}

static void test_units_and_files(void)
{
	struct site s;

	site_open(&s);
	s.lock = "no";
	active(&s, "kubelet|chrony");
	put(&s, "managed", 0644, "");
	put(&s, "state/host.conf", 0600, "cluster=rack7\nnode=cp1\nca_pin=sha256:ab=\nbad key=x\n");
	put(&s, "state/ledger/list", 0600, "file|/x|absent\n");
	put(&s, "kubernetes/manifests/etcd.yaml", 0600, "");
	put(&s, "kubernetes/pki/ca.crt", 0644, "text\n-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n");
	put(&s, "kubernetes/kubelet.conf", 0600, "clusters:\n- cluster:\n    server: https://10.0.0.100:6443\n");
	put(&s, "kubelet/pki/kubelet-client-current.pem", 0600,
		"-----BEGIN CERTIFICATE-----\nQg==\n-----END CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n");
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "unit.kubelet"), "active");
	CHECK_STR(cluster_fact(&s.h, "enabled.kubelet"), "enabled");
	CHECK_STR(cluster_fact(&s.h, "unit.chrony"), "active");
	CHECK_STR(cluster_fact(&s.h, "enabled.ntp"), "absent");
	CHECK_STR(cluster_factf(&s.h, "sum.%s", path(&s, "managed")),
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_STR(cluster_fact(&s.h, "record.node"), "cp1");
	CHECK_STR(cluster_fact(&s.h, "record.cluster"), "rack7");
	CHECK_STR(cluster_fact(&s.h, "ledger"), "yes");
	CHECK(strstr(cluster_fact(&s.h, "have"), "etcd-manifest") &&
		strstr(cluster_fact(&s.h, "have"), "kubelet-conf"));
	CHECK_STR(cluster_fact(&s.h, "ca_crt"), "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n");
	CHECK_STR(cluster_fact(&s.h, "kubelet_cert"), "-----BEGIN CERTIFICATE-----\nQg==\n-----END CERTIFICATE-----\n");
	CHECK_STR(cluster_fact(&s.h, "kubelet_server"), "https://10.0.0.100:6443");
	for (size_t i = 0; i < s.h.facts.count; i++)
		CHECK(!strstr(s.h.facts.lines[i].value, "c2VjcmV0") && !strstr(s.h.facts.lines[i].value, "secret"));
	site_close(&s);
}

/* Passwords of registries are in it: that others may read it is a difference. */
static void test_open_secret(void)
{
	struct site s;
	char file[256];

	site_open(&s);
	s.lock = "no";
	snprintf(file, sizeof(file), "%s", path(&s, "90-kubewright.toml"));
	s.paths = file;
	put(&s, "90-kubewright.toml", 0644, "");
	probe(&s);
	CHECK(str_starts(cluster_factf(&s.h, "mode.%s", s.paths), "644 "));
	put(&s, "90-kubewright.toml", 0600, "");
	probe(&s);
	CHECK(str_starts(cluster_factf(&s.h, "mode.%s", s.paths), "600 "));
	site_close(&s);
}

/* Before its first rotation the kubelet's certificate is inside kubelet.conf, with its key. */
static void test_embedded_certificate(void)
{
	struct site s;
	struct str conf = STR_INIT, pem = STR_INIT;

	site_open(&s);
	s.lock = "no";
	str_add(&pem, "-----BEGIN CERTIFICATE-----\nQw==\n-----END CERTIFICATE-----\n");
	str_add(&conf, "users:\n- user:\n    client-certificate-data: ");
	str_add_base64(&conf, pem.buf, pem.len);
	str_add(&conf, "\n    client-key-data: c2VjcmV0a2V5\n");
	put(&s, "kubernetes/kubelet.conf", 0600, conf.buf);
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "kubelet_cert"), pem.buf);
	for (size_t i = 0; i < s.h.facts.count; i++)
		CHECK(!strstr(s.h.facts.lines[i].value, "secretkey") &&
			!strstr(s.h.facts.lines[i].value, "c2VjcmV0a2V5"));
	str_release(&conf);
	str_release(&pem);
	site_close(&s);
}

static void test_manifest(void)
{
	struct site s;
	struct str line = STR_INIT;

	site_open(&s);
	s.lock = "no";
	put(&s, "kubernetes/pki/sa.pub", 0644, "");
	str_addf(&line, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  %s\n",
		path(&s, "kubernetes/pki/sa.pub"));
	put(&s, "state/pki.sha256", 0600, line.buf);
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "pki_manifest"), "ok");
	put(&s, "kubernetes/pki/sa.pub", 0644, "x");
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "pki_manifest"), "changed");
	str_release(&line);
	site_close(&s);
}

static void job(const struct site *s, const char *name, const char *state, const char *status, const char *run)
{
	char file[128];

	snprintf(file, sizeof(file), "state/jobs/%s/input", name);
	put(s, file, 0600, "cafe\n");
	snprintf(file, sizeof(file), "state/jobs/%s/run", name);
	put(s, file, 0600, run);
	snprintf(file, sizeof(file), "state/jobs/%s/state", name);
	put(s, file, 0600, state);
	if (status) {
		snprintf(file, sizeof(file), "state/jobs/%s/status", name);
		put(s, file, 0600, status);
	}
}

static void test_jobs(void)
{
	struct site s;

	site_open(&s);
	s.lock = "no";
	active(&s, "kubewright-join|kubewright-reset|kubewright-packages");
	job(&s, "init", "done\n", "0\n", "r1\n");
	job(&s, "join", "running\n", NULL, "r2\n");
	job(&s, "images", "running\n", NULL, "r2\n");
	/* a new one has just begun over an old result; one is winding up */
	job(&s, "reset", "done\n", NULL, "r0\n");
	job(&s, "packages", "done\n", "7\n", "r2\n");
	put(&s, "state/jobs/upgrade/log", 0600, "");
	put(&s, "state/jobs/bad name;/state", 0600, "done\n");
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "job.init"), "done 0 cafe r1");
	CHECK_STR(cluster_fact(&s.h, "job.join"), "running - cafe r2");
	CHECK_STR(cluster_fact(&s.h, "job.images"), "died - cafe r2");
	CHECK_STR(cluster_fact(&s.h, "job.reset"), "running - cafe r0");
	CHECK_STR(cluster_fact(&s.h, "job.packages"), "done 7 cafe r2");
	CHECK_STR(cluster_fact(&s.h, "job.upgrade"), "");
	site_close(&s);
}

static void test_lock(void)
{
	struct site s;
	struct stat st;

	site_open(&s);
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "ours");
	CHECK_STR(cluster_fact(&s.h, "lock_run"), "r1");
	CHECK_STR(cluster_fact(&s.h, "lock_owner"), "ana@jump01 pid 7");
	CHECK_STR(cluster_fact(&s.h, "lock_machine"), "m1");
	CHECK(strlen(cluster_fact(&s.h, "lock_since")) == 20);
	CHECK(stat(path(&s, "state"), &st) == 0 && (st.st_mode & 0777) == 0700);
	CHECK(stat(path(&s, "state/lock"), &st) == 0 && (st.st_mode & 0777) == 0600);
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "ours");
	/* another run finds it alive; looking only says who has it */
	s.run = "r2";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "held");
	CHECK_STR(cluster_fact(&s.h, "lock_run"), "r1");
	s.lock = "no";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "none");
	CHECK_STR(cluster_fact(&s.h, "lock_run"), "r1");
	s.lock = "yes";
	age_lock(&s, 800);
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "held");
	CHECK(cluster_fact_int(&s.h, "lock_age", 0) >= 799 && cluster_fact_int(&s.h, "lock_age", 0) < 830);
	age_lock(&s, 1000);
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "taken-over");
	CHECK_STR(cluster_fact(&s.h, "lock_run"), "r1");
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "ours");
	/* no temporary file stays */
	char *command = xasprintf("test \"$(ls -A %s)\" = lock", path(&s, "state"));
	CHECK_INT(system(command), 0);
	free(command);
	site_close(&s);
}

static void test_lock_of_the_dead(void)
{
	struct site s;

	site_open(&s);
	probe(&s);
	s.run = "r2";
	s.dead = "r0 r11";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "held");
	s.dead = "r0 r1";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "taken-over");
	site_close(&s);
}

/* A job that runs keeps its run's lock alive, whatever its age; unless the run itself is known to be dead. */
static void test_lock_of_a_job(void)
{
	struct site s;

	site_open(&s);
	active(&s, "kubewright-init");
	probe(&s);
	job(&s, "init", "running\n", NULL, "r1\n");
	age_lock(&s, 5000);
	s.run = "r2";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "held");
	s.dead = "r1";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "taken-over");
	CHECK_STR(cluster_fact(&s.h, "job.init"), "running - cafe r1");
	/* a job of yet another run keeps nobody's lock */
	age_lock(&s, 5000);
	s.run = "r3";
	s.dead = "";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "taken-over");
	site_close(&s);
}

/* What jobs that were killed have left goes with the next run that may change the host, and with no other. */
static void test_sweep(void)
{
	struct site s;

	site_open(&s);
	put(&s, "state/jobs/join/run", 0600, "r0\n");
	put(&s, "run/join.r0/script", 0600, "token=secret\n");
	put(&s, "run/init.a1b2c3/config.yaml", 0600, "token: secret\n");
	put(&s, "run/deadman/rules", 0600, "");
	/* systemd cannot be asked what runs */
	probe(&s);
	CHECK(access(path(&s, "run/join.r0"), F_OK) == 0 && access(path(&s, "run/init.a1b2c3"), F_OK) == 0);
	active(&s, "kubewright-join*");
	s.run = "r2";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "held");
	CHECK(access(path(&s, "run/init.a1b2c3"), F_OK) == 0);
	s.run = "r1";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "ours");
	CHECK(access(path(&s, "run/init.a1b2c3"), F_OK) != 0);
	CHECK(access(path(&s, "run/join.r0/script"), F_OK) == 0);
	active(&s, "containerd*");
	probe(&s);
	CHECK(access(path(&s, "run/join.r0"), F_OK) != 0);
	CHECK(access(path(&s, "run/deadman/rules"), F_OK) == 0);
	site_close(&s);
}

static void test_lock_of_the_future(void)
{
	struct site s;

	site_open(&s);
	probe(&s);
	age_lock(&s, -5000);
	s.run = "r2";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "taken-over");
	site_close(&s);
}

static void test_lock_unwritable(void)
{
	struct site s;

	site_open(&s);
	s.state = "/proc/kubewright-is-not-here";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "unwritable");
	CHECK(*cluster_fact(&s.h, "now_end_ms"));
	/* a full disk: no file may grow */
	s.state = NULL;
	s.before = "ulimit -f 0";
	probe(&s);
	CHECK_STR(cluster_fact(&s.h, "lock"), "unwritable");
	CHECK(access(path(&s, "state/lock"), F_OK) != 0);
	CHECK(*cluster_fact(&s.h, "now_end_ms"));
	site_close(&s);
}

/* Eight runs find the same dead lock: one of them takes it. */
static void test_lock_race(void)
{
	enum { RUNS = 4 };
	static const char *const runs[RUNS] = { "a1", "a2", "a3", "a4" };
	struct site s, other[RUNS];
	pid_t pids[RUNS];
	int winners = 0;

	site_open(&s);
	probe(&s);
	age_lock(&s, 5000);
	/* between seeing that it is dead and taking it: long enough for all to meet */
	s.before = "stat() { command stat \"$@\"; sleep 0.2; }";
	for (int i = 0; i < RUNS; i++) {
		other[i] = s;
		other[i].run = runs[i];
		memset(&other[i].h, 0, sizeof(other[i].h));
		fflush(stdout);
		pids[i] = fork();
		if (pids[i] == 0) {
			probe(&other[i]);
			_exit(cluster_fact_is(&other[i].h, "lock", "taken-over") ? 42
				: cluster_fact_is(&other[i].h, "lock", "held")   ? 0
										 : 1);
		}
	}
	for (int i = 0; i < RUNS; i++) {
		int status = 0;

		CHECK(waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status));
		winners += WEXITSTATUS(status) == 42;
		CHECK(WEXITSTATUS(status) == 42 || WEXITSTATUS(status) == 0);
	}
	CHECK_INT(winners, 1);
	site_close(&s);
}

/* Every word of the list is documented at the top of the script that says it. */
static void test_words_are_documented(void)
{
	const char *end = strstr(host_script_probe, "# shellcheck"), *more = strstr(host_script_health, "# shellcheck");
	struct str top = STR_INIT;

	if (!CHECK(end && more))
		return;
	str_addn(&top, host_script_probe, (size_t)(end - host_script_probe));
	str_addn(&top, host_script_health, (size_t)(more - host_script_health));
	for (const char *const *w = cluster_probe_words; *w; w++) {
		char word[64];
		bool found = false;

		snprintf(word, sizeof(word), "%.*s", (int)strcspn(*w + strspn(*w, "-="), "*"), *w + strspn(*w, "-="));
		for (const char *p = top.buf; !found && (p = strstr(p, word)) != NULL; p++)
			found = (p[-1] == ' ') &&
				(strchr(*w, '*') || p[strlen(word)] == ' ' || p[strlen(word)] == '\n');
		if (!CHECK(found))
			printf("# %s\n", word);
	}
	str_release(&top);
}

static const struct test tests[] = {
	{ "facts of this machine", test_facts },
	{ "what runs there", test_workload },
	{ "units and files; no key leaves the host", test_units_and_files },
	{ "a file that holds secrets is open", test_open_secret },
	{ "certificate inside kubelet.conf", test_embedded_certificate },
	{ "digests of the PKI", test_manifest },
	{ "jobs", test_jobs },
	{ "lock: taken, kept, refused, taken over by age", test_lock },
	{ "lock: of a run known to be dead", test_lock_of_the_dead },
	{ "lock: a running job keeps it", test_lock_of_a_job },
	{ "spools of jobs that were killed are swept", test_sweep },
	{ "lock: a clock set back", test_lock_of_the_future },
	{ "lock: unwritable and full disks are said", test_lock_unwritable },
	{ "lock: one of many takes it over", test_lock_race },
	{ "words are documented", test_words_are_documented },
};
TEST_MAIN(tests)
