/* What a rooted host, its API server or its etcd puts into names and values: none of it reaches a terminal as more than text. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/run.h"
#include "cluster/health.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <fcntl.h>

/* Title, clear, clipboard, CSI as C1, an override of direction, and a line that pretends to be ours. */
#define EVIL \
	"x\x1b]0;OWNED\x07\x1b[2J\x1b]52;c;Y3VybA==\x07\xc2\x9b" \
	"31m\xe2\x80\xae\x7f\xff" \
	"\nhint: forged"

static const char text[] =
	"cluster: c\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker}\n";

static const struct step steps[] = { { .name = "probe", .title = "Looking", .roles = ROLE_ALL } };
static const struct engine_host engine_hosts[] = { { "cp1", ROLE_CONTROL_PLANE }, { "w1", ROLE_WORKER } };

/* An answer in which every word that a probe may say is said, with the same value behind a beginning that makes it count. */
static void answer(struct cluster_host *h, const char *begins)
{
	struct str all = STR_INIT, value = STR_INIT;
	struct error err = { 0 };

	str_addf(&value, "%s" EVIL, begins);
	str_add(&all, "abc begin\n");
	for (const char *const *w = cluster_probe_words; *w; w++) {
		static const char *const tails[] = { "kubelet", "containerd", "init", "kube-apiserver", "etcd", NULL };
		const char *word = *w + strspn(*w, "-=");

		for (size_t i = 0; tails[i] && (i == 0 || strchr(word, '*')); i++) {
			str_addf(&all, "%.*s%s:", (int)strcspn(word, "*"), word, strchr(word, '*') ? tails[i] : "");
			str_add_base64(&all, value.buf, value.len);
			str_addc(&all, '\n');
		}
	}
	str_add(&all, "abc end\n");
	if (!CHECK_INT(remote_answer_parse(&h->facts, "abc", all.buf, all.len, cluster_probe_words, &err), 0))
		printf("# %s\n", err.what);
	h->probed = true;
	str_release(&all);
	str_release(&value);
}

static void nodes(struct cluster_state *c)
{
	struct json *list = json_object(), *items = json_set(list, "items", json_array()), *node, *at;
	struct error err = { 0 };

	node = json_add(items, json_object());
	json_set_str(json_set(node, "metadata", json_object()), "name", EVIL);
	at = json_set(node, "status", json_object());
	json_set_str(json_set(at, "nodeInfo", json_object()), "kubeletVersion", EVIL);
	at = json_add(json_set(at, "addresses", json_array()), json_object());
	json_set_str(at, "type", "InternalIP");
	json_set_str(at, "address", EVIL);
	CHECK_INT(cluster_state_nodes(c, list, &err), 0);
}

static void open_run(struct cli_run *r, const char *begins)
{
	struct error err = { 0 };

	memset(r, 0, sizeof(*r));
	r->inventory = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	if (!r->inventory)
		exit(1);
	r->release = release_find("1.36.2");
	world_init(&r->world, r->inventory, r->release);
	r->world.wish.machine = r->machine = xstrdup("m");
	r->runs_dir = xstrdup("/nowhere");
	r->chosen = xcalloc(2, sizeof(*r->chosen));
	r->chosen[0] = r->chosen[1] = true;
	r->chosen_count = 2;
	r->config = (struct engine_config){
		.run = "r1", .steps = steps, .step_count = 1, .hosts = engine_hosts, .host_count = 2, .world = &r->world
	};
	r->engine = engine_new(&r->config);
	r->world.seen.cluster.exists = true;
	for (int i = 0; i < 2; i++)
		answer(&r->world.seen.hosts[i], begins);
	nodes(&r->world.seen.cluster);
	r->world.decided.refusal = xcalloc(1, sizeof(struct error));
	error_set(r->world.decided.refusal, ERROR_COMMAND, "refused: %s", EVIL);
	error_hint(r->world.decided.refusal, "%s", EVIL);
	error_detail(r->world.decided.refusal, EVIL);
}

static void close_run(struct cli_run *r)
{
	engine_free(r->engine);
	world_release(&r->world);
	inventory_free(r->inventory);
	free(r->machine);
	free(r->runs_dir);
	free(r->chosen);
}

/* Both streams of what is printed, into out. */
static void capture(void (*print)(struct cli_run *r), struct cli_run *r, struct str *out)
{
	FILE *f = tmpfile();
	int saved[2] = { dup(1), dup(2) };
	char buf[4096];
	size_t n;

	fflush(stdout);
	fflush(stderr);
	dup2(fileno(f), 1);
	dup2(fileno(f), 2);
	print(r);
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		dup2(saved[i], i + 1);
		close(saved[i]);
	}
	rewind(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_addn(out, buf, n);
	fclose(f);
}

static void harmless(const char *what, void (*print)(struct cli_run *r), struct cli_run *r, const char *wants)
{
	struct str out = STR_INIT, clean = STR_INIT;
	bool ok;

	capture(print, r, &out);
	str_add_printable(&clean, out.buf, out.len);
	ok = CHECK(clean.len == out.len && memcmp(clean.buf, out.buf, out.len) == 0);
	/* it was printed, in a line of ours */
	ok = CHECK(strstr(out.buf, wants) != NULL) && ok;
	ok = CHECK(strstr(out.buf, "\nhint: forged") == NULL || strstr(out.buf, "error: refused") != NULL) && ok;
	if (!ok)
		printf("# %s: %s\n", what, clean.buf);
	str_release(&out);
	str_release(&clean);
}

static void print_status(struct cli_run *r)
{
	struct findings findings[2] = { { 0 } };
	struct health h = { .hosts = findings, .host_count = 2 };
	struct health_view view;
	struct status s;

	world_health_view(&r->world, &view);
	for (int i = 0; i < 2; i++) {
		findings_health(&view, i, &findings[i]);
		h.errors += (unsigned)findings[i].count;
	}
	status_fold(r, &s);
	if (r->options)
		cli_json_print(status_json(r, &s, &h));
	else
		status_print(r, &s, &h);
	for (int i = 0; i < 2; i++)
		findings_release(&findings[i]);
}

static void print_locks(struct cli_run *r)
{
	struct json *j = json_object();

	status_lock_print(r);
	status_lock_json(r, j);
	cli_json_print(j);
}

static void print_reset(struct cli_run *r)
{
	struct str table = STR_INIT;

	reset_table(r, &table);
	puts(table.buf);
	str_release(&table);
}

static void print_findings(struct cli_run *r)
{
	cli_findings_complete(r);
	for (int i = 0; i < 2; i++)
		cli_findings_print(stdout, &r->world.seen.findings[i], false);
}

static void print_all(const char *begins)
{
	static const struct cli_options json = { .json = true };
	struct cli_run r;

	open_run(&r, begins);
	harmless("status", print_status, &r, "x31m? hint: forged");
	harmless("locks", print_locks, &r, "x31m? hint: forged");
	harmless("reset", print_reset, &r, "SERIAL NUMBER");
	harmless("check", print_findings, &r, "");
	r.options = &json;
	harmless("status -o json", print_status, &r, "x31m? hint: forged");
	close_run(&r);
}

static void test_facts(void)
{
	print_all("");
	print_all("active ");
	print_all("running 0 cafe ");
	print_all("down ");
	print_all("10.0.0.11 ");
	print_all("kubelet-conf apiserver-manifest etcd-manifest ");
}

/* A word that fills several lines may; what is printed by itself is one. */
static void test_one_line(void)
{
	static const char *const one[] = { "lock_owner", "lock_run", "lock_since", "lock_step", "lock_machine",
		"serial", "hostname", "kernel", "os_name", "unit.kubelet", "pkg.kubelet", "job.init",
		"record.kubelet" };
	struct cluster_host h = { 0 };

	answer(&h, "");
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
		if (!CHECK_STR(cluster_fact(&h, one[i]), "x31m? hint: forged"))
			printf("# %s\n", one[i]);
	CHECK_STR(cluster_fact(&h, "leftovers"), "x31m?\nhint: forged");
	cluster_host_release(&h);
}

/* A word that a host leaves out, or says too little of, is read no further than it goes (the sanitizers see it). */
static void test_missing(void)
{
	static const char *const values[] = { NULL, "", "d", "down", "up", "running", "a " };
	struct str out = STR_INIT;
	struct cli_run r;

	for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
		open_run(&r, "kubelet-conf apiserver-manifest etcd-manifest ");
		cluster_set(&r.world.seen.hosts[0], "have", "kubelet-conf apiserver-manifest etcd-manifest");
		cluster_set(&r.world.seen.hosts[0], "job.init", "done 0 cafe r1");
		for (size_t i = 0; i < r.world.seen.hosts[0].facts.count; i++) {
			struct remote_answer_line *l = &r.world.seen.hosts[0].facts.lines[i];
			char *word = l->word, *value = l->value;
			static char none[] = "none";

			if (values[v])
				l->value = xstrdup(values[v]);
			else
				l->word = none;
			str_clear(&out);
			capture(print_status, &r, &out);
			capture(print_findings, &r, &out);
			CHECK(strstr(out.buf, "cp1") != NULL);
			if (values[v])
				free(l->value);
			l->word = word;
			l->value = value;
		}
		close_run(&r);
	}
	str_release(&out);
}

/* The names in a certificate, too: C1 controls are valid UTF-8. */
static void test_certificate(void)
{
	char dir[] = "/tmp/kubewright-hostile-XXXXXX", path[96], command[96];
	struct secret cert = { 0 }, key = { 0 };
	struct pki_cert_info info;
	struct error err = { 0 };
	struct pki_store *s;

	if (!mkdtemp(dir))
		exit(2);
	snprintf(path, sizeof(path), "%s/pki", dir);
	s = pki_store_create(path, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	CHECK_INT(pki_client_certificate(s, PKI_ISSUER_CLUSTER,
			  "a\xc2\x9b"
			  "31m\xe2\x80\xae"
			  "b\n\x1b[2Jc",
			  "o\xc2\x9d", 600, &cert, &key, &err),
		0);
	CHECK_INT(pki_cert_info(cert.text, cert.len, &info, &err), 0);
	CHECK_STR(info.subject_cn, "a31mb c");
	CHECK_STR(info.subject_o, "o");
	secret_release(&cert);
	secret_release(&key);
	pki_store_free(s);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK_INT(system(command), 0);
}

static void test_tree(void)
{
	struct json *j = json_object(), *list;
	struct str out = STR_INIT;

	json_set_str(j, EVIL, "a");
	json_set_str(j, "plain", "two\nlines\t\xc3\xa9");
	list = json_set(j, "list", json_array());
	json_add(list, json_string(EVIL));
	json_set_str(json_add(list, json_object()), "deep", EVIL);
	json_clean(j);
	CHECK_STR(json_get_str(j, "plain", NULL), "two\nlines\t\xc3\xa9");
	CHECK_STR(json_get_str(j, "list.0", NULL), "x31m?\nhint: forged");
	CHECK_STR(json_get_str(j, "list.1.deep", NULL), "x31m?\nhint: forged");
	CHECK_STR(json_get_str(j, "x31m?\nhint: forged", NULL), "a");
	CHECK_INT(json_size(j), 3);
	json_free(j);
	str_release(&out);
}

static const struct test tests[] = {
	{ "facts, Nodes and decisions, as every printer shows them", test_facts },
	{ "what is printed by itself is one line", test_one_line },
	{ "words that are missing or too short", test_missing },
	{ "certificates", test_certificate },
	{ "documents", test_tree },
};
TEST_MAIN(tests)
