/* kubewright kubeconfig: the record of the certificates that were given out, and its list. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/cli.h"
#include "pki/given.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DAY 86400
#define RECORD ".local/state/kubewright/c/kubeconfigs.jsonl"

static char dir[64];

static const char *in(const char *name)
{
	static char path[4][160];
	static unsigned n;

	snprintf(path[n = (n + 1) % 4], sizeof(path[0]), "%s/%s", dir, name);
	return path[n];
}

static void begin(void)
{
	strcpy(dir, "/tmp/kubewright-kubeconfig-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
}

static void end(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK_INT(system(command), 0);
}

static struct pki_given sample(const char *serial, int64_t days)
{
	int64_t now = clock_wall_ms() / 1000;
	struct pki_given g = { .not_before = now - 400 * DAY, .not_after = now + days * DAY + 60, .made = now };

	snprintf(g.serial, sizeof(g.serial), "%s", serial);
	strcpy(g.user, "alice");
	strcpy(g.groups[g.group_count++], "team");
	strcpy(g.to, "/home/a/alice.conf");
	return g;
}

static void put(const char *name, const char *text, size_t len)
{
	CHECK_INT(file_write(in(name), text, len, 0600, NULL), 0);
}

/* ---- the record -------------------------------------------------------------------------------------------------- */

static void test_record(void)
{
	struct pki_given g = sample("4A01", 30), *all;
	struct error err = { 0 };
	size_t count, damaged;
	struct stat st;

	begin();
	/* a missing record has none, a missing folder is made */
	CHECK_INT(pki_given_read(in("a/b/rec"), &all, &count, &damaged, &err), 0);
	CHECK(!all && !count && !damaged);
	CHECK_INT(pki_given_add(in("a/b/rec"), &g, &err), 0);
	strcpy(g.serial, "4A02");
	g.group_count = 0;
	CHECK_INT(pki_given_add(in("a/b/rec"), &g, &err), 0);
	CHECK(stat(in("a/b/rec"), &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(stat(in("a/b"), &st) == 0 && (st.st_mode & 0777) == 0700);
	CHECK_INT(pki_given_read(in("a/b/rec"), &all, &count, &damaged, &err), 0);
	CHECK(count == 2 && !damaged);
	CHECK_STR(all[0].serial, "4A01");
	CHECK_STR(all[0].user, "alice");
	CHECK(all[0].group_count == 1 && strcmp(all[0].groups[0], "team") == 0 && all[1].group_count == 0);
	CHECK(all[0].not_before == g.not_before && all[0].not_after == g.not_after && all[0].made == g.made);
	CHECK_STR(all[0].to, "/home/a/alice.conf");
	free(all);
	CHECK_INT(pki_given_drop(in("a/b/rec"), "4A01", &err), 0);
	CHECK_INT(pki_given_read(in("a/b/rec"), &all, &count, &damaged, &err), 0);
	CHECK(count == 1 && strcmp(all[0].serial, "4A02") == 0);
	CHECK(stat(in("a/b/rec"), &st) == 0 && (st.st_mode & 0777) == 0600);
	free(all);
	end();
}

/* What is not a record's line is left out when it is read, and stays when it is written. */
static void test_damaged(void)
{
	static const char text[] =
		"{\"v\":1,\"serial\":\"4A\\u001b[31m\",\"user\":\"x\",\"not_before\":1,\"not_after\":2}\n"
		"{\"v\":1,\"serial\":\"4A03\",\"user\":\"\",\"not_before\":1,\"not_after\":2}\n"
		"{\"v\":1,\"serial\":\"4A04\",\"user\":\"x\",\"not_before\":1,\"not_after\":9223372036854775807}\n"
		"{\"v\":2,\"serial\":\"4A05\",\"user\":\"x\",\"not_before\":1,\"not_after\":2}\n"
		"\0\xff\xfe\n"
		"[]\n\n"
		"{\"v\":1,\"serial\":\"4A06\",\"user\":\"a\\u001b]0;x\\u0007\\nb\",\"groups\":[\"g\\u001b[2J\",7],"
		"\"not_before\":1,\"not_after\":2,\"made\":-1,\"to\":\"/x\\r\\u0000y\"}\n"
		"{\"v\":1,\"serial\":\"4A07\",\"us";
	struct pki_given g = sample("4A08", 30), *all;
	struct error err = { 0 };
	struct str after = STR_INIT;
	size_t count, damaged;

	begin();
	put("rec", text, sizeof(text) - 1);
	CHECK_INT(pki_given_add(in("rec"), &g, &err), 0);
	CHECK_INT(pki_given_read(in("rec"), &all, &count, &damaged, &err), 0);
	/* JSON with a NUL in a string may be refused as a whole: then the line is one of the damaged */
	CHECK(count + damaged == 9 && count >= 1);
	CHECK_STR(all[count - 1].serial, "4A08");
	for (size_t i = 0; i < count; i++)
		CHECK(!strpbrk(all[i].user, "\033\007\n\r") && !strchr(all[i].to, '\r') &&
			!strchr(all[i].groups[0], '\033'));
	free(all);
	CHECK_INT(file_read(in("rec"), 1u << 20, &after, &err), 0);
	CHECK(after.len > sizeof(text) && memcmp(after.buf, text, sizeof(text) - 1) == 0);
	CHECK_INT(pki_given_drop(in("rec"), "4A08", &err), 0);
	str_clear(&after);
	CHECK_INT(file_read(in("rec"), 1u << 20, &after, &err), 0);
	CHECK(after.len == sizeof(text) && memcmp(after.buf, text, sizeof(text) - 1) == 0);
	str_release(&after);
	end();
}

/* Names that would be something to a terminal are clean when they are shown. */
static void test_hostile_names(void)
{
	static const char text[] = "{\"v\":1,\"serial\":\"4A06\",\"user\":\"a\\u001b]0;x\\u0007\\nb\","
				   "\"groups\":[\"g\\u001b[2J\",7,\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\"],"
				   "\"not_before\":1,\"not_after\":2,\"made\":-1,\"to\":\"/x\\r\\ty\"}\n";
	struct error err = { 0 };
	struct pki_given *all;
	size_t count, damaged;

	begin();
	put("rec", text, sizeof(text) - 1);
	CHECK_INT(pki_given_read(in("rec"), &all, &count, &damaged, &err), 0);
	if (CHECK(count == 1 && !damaged)) {
		CHECK(strchr(all->user, 'b') && !strpbrk(all->user, "\033\007\n"));
		CHECK(all->group_count == PKI_GIVEN_GROUPS && !strchr(all->groups[0], '\033'));
		CHECK(all->made == 0 && !strpbrk(all->to, "\r\t"));
	}
	free(all);
	end();
}

static void test_not_a_file(void)
{
	struct pki_given g = sample("4A01", 30), *all;
	size_t count, damaged;
	struct error err = { 0 };
	struct str big = STR_INIT;

	begin();
	CHECK_INT(mkdir(in("folder"), 0700), 0);
	CHECK_INT(mkfifo(in("fifo"), 0600), 0);
	CHECK_INT(symlink(in("other"), in("link")), 0);
	put("file", "", 0);
	CHECK_INT(pki_given_add(in("folder"), &g, &err), -1);
	CHECK_INT(pki_given_add(in("fifo"), &g, &err), -1);
	CHECK_INT(pki_given_add(in("link"), &g, &err), -1);
	CHECK(access(in("other"), F_OK) != 0);
	CHECK_INT(pki_given_add(in("file/below"), &g, &err), -1);
	CHECK_INT(pki_given_read(in("folder"), &all, &count, &damaged, &err), -1);
	CHECK_INT(pki_given_read(in("fifo"), &all, &count, &damaged, &err), -1);
	CHECK(strstr(err.what, "record of kubeconfigs") && err.hint[0]);
	/* one that is larger than ours can be is neither read nor lost */
	for (size_t i = 0; i <= PKI_GIVEN_MAX; i++)
		str_addc(&big, 'x');
	put("big", big.buf, big.len);
	CHECK_INT(pki_given_read(in("big"), &all, &count, &damaged, &err), -1);
	CHECK_INT(pki_given_add(in("big"), &g, &err), -1);
	/* full of what cannot be understood: refused, and kept */
	put("full", big.buf, PKI_GIVEN_MAX - 1);
	memset(&err, 0, sizeof(err));
	CHECK_INT(pki_given_add(in("full"), &g, &err), -1);
	CHECK(strstr(err.what, "is full") && err.hint[0]);
	str_release(&big);
	end();
}

/* Processes that add at once, while the full record is made smaller: none is lost, and only expired ones are. */
static void test_at_once(void)
{
	enum { PROCESSES = 8, EACH = 12 };
	struct pki_given g, *all;
	struct str text = STR_INIT;
	struct error err = { 0 };
	size_t count, damaged, kept = 0;
	int status;

	begin();
	g = sample("4AFF", 30);
	CHECK_INT(pki_given_add(in("rec"), &g, &err), 0);
	CHECK_INT(file_read(in("rec"), PKI_GIVEN_MAX, &text, &err), 0);
	while (text.len < PKI_GIVEN_MAX - 1200)
		str_addf(&text,
			"{\"v\":1,\"serial\":\"AA\",\"user\":\"old\",\"not_before\":1,\"not_after\":2,\"to\":\"%0900d\"}\n",
			1);
	put("rec", text.buf, text.len);
	str_release(&text);
	for (int p = 0; p < PROCESSES; p++) {
		if (fork() != 0)
			continue;
		status = 0;
		for (int i = 0; i < EACH; i++) {
			char serial[16];

			snprintf(serial, sizeof(serial), "B%X%02X", p, i);
			g = sample(serial, 30);
			status |= pki_given_add(in("rec"), &g, NULL);
		}
		_exit(status ? 1 : 0);
	}
	for (int p = 0; p < PROCESSES; p++)
		CHECK(wait(&status) > 0 && status == 0);
	CHECK_INT(pki_given_read(in("rec"), &all, &count, &damaged, &err), 0);
	for (size_t i = 0; i < count; i++)
		kept += all[i].serial[0] == 'B';
	CHECK_INT(kept, PROCESSES * EACH);
	CHECK_STR(all[0].serial, "4AFF");
	CHECK_INT(count, PROCESSES * EACH + 1);
	CHECK_INT(damaged, 0);
	free(all);
	end();
}

/* Somebody who holds the lock for ever does not hold up who has to get at a cluster. */
static void test_lock_held(void)
{
	struct pki_given g = sample("4A01", 30);
	struct error err = { 0 };
	int fd;

	begin();
	put("rec", "", 0);
	fd = open(in("rec"), O_RDONLY | O_CLOEXEC);
	CHECK_INT(flock(fd, LOCK_EX), 0);
	CHECK_INT(pki_given_add(in("rec"), &g, &err), -1);
	CHECK(strstr(err.what, "another process holds it"));
	close(fd);
	CHECK_INT(pki_given_add(in("rec"), &g, &err), 0);
	end();
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int run(const char *const *words)
{
	char *argv[16] = { (char *)"kubewright" };
	int argc = 1, status;
	pid_t pid;

	for (; *words; words++)
		argv[argc++] = (char *)*words;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(open(in("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
		dup2(open(in("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
		setenv("HOME", dir, 1);
		unsetenv("XDG_STATE_HOME");
		if (chdir(dir))
			_exit(99);
		exit(cli_main(argc, argv));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define RUN(...) run((const char *const[]){ "kubeconfig", __VA_ARGS__, NULL })

static bool says(const char *file, const char *what)
{
	struct str text = STR_INIT;
	bool found;

	file_read(in(file), 1u << 20, &text, NULL);
	found = strstr(text.buf, what) != NULL;
	str_release(&text);
	return found;
}

static struct json *listed(void)
{
	struct str text = STR_INIT;
	struct json *j;

	CHECK_INT(RUN("--list", "-o", "json"), 0);
	file_read(in("out"), 1u << 20, &text, NULL);
	j = json_parse(text.buf, text.len, NULL);
	str_release(&text);
	return CHECK(j != NULL) ? j : json_object();
}

/* An encrypted store: a list that wanted its passphrase would fail. */
static void begin_cluster(bool encrypted)
{
	static const char inventory[] =
		"cluster: c\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\n"
		"hosts:\n  - {name: cp1, address: 10.0.0.11, role: control-plane}\n";
	const struct secret passphrase = { .text = (char *)"correct horse", .len = 13 };

	begin();
	put("kubewright.yaml", inventory, strlen(inventory));
	pki_store_free(pki_store_create(in(".local/state/kubewright/c/pki"), PKI_ECDSA_P256, PKI_ECDSA_P256,
		encrypted ? &passphrase : NULL, NULL));
}

/* What was made is listed as its certificate has it. */
static void test_made(void)
{
	struct str text = STR_INIT, pem = STR_INIT;
	struct pki_cert_info info;
	struct json *j;

	begin_cluster(false);
	CHECK_INT(RUN("--list"), 0);
	CHECK(says("out", "No kubeconfig for cluster c"));
	CHECK_INT(RUN("--user", "alice", "--group", "team", "--days", "3", "--out", "alice.conf"), 0);
	CHECK_INT(RUN("--days", "2"), 0);
	CHECK_INT(RUN("--write"), 0);
	/* not given out, so not listed */
	CHECK_INT(RUN("--user", "bob", "--out", "alice.conf"), 5);
	j = listed();
	CHECK_INT(json_size(json_get(j, "kubeconfigs")), 3);
	CHECK_STR(json_get_str(j, "cluster", ""), "c");
	CHECK_INT(file_read(in("alice.conf"), 1u << 20, &text, NULL), 0);
	CHECK_INT(pki_kubeconfig_client(text.buf, &pem), 0);
	CHECK_INT(pki_cert_info(pem.buf, pem.len, &info, NULL), 0);
	CHECK(strlen(info.serial) == 32);
	CHECK_STR(json_get_str(j, "kubeconfigs.0.serial", ""), info.serial);
	CHECK_STR(json_get_str(j, "kubeconfigs.0.sha256", ""), info.sha256);
	CHECK_STR(json_get_str(j, "kubeconfigs.0.user", ""), "alice");
	CHECK_STR(json_get_str(j, "kubeconfigs.0.groups.0", ""), "team");
	CHECK(json_get_int(j, "kubeconfigs.0.days_left", 0) == 2 || json_get_int(j, "kubeconfigs.0.days_left", 0) == 3);
	CHECK(!json_get_bool(j, "kubeconfigs.0.expired", true));
	CHECK_STR(json_get_str(j, "kubeconfigs.0.to", ""), in("alice.conf"));
	CHECK_STR(json_get_str(j, "kubeconfigs.1.user", ""), "kubernetes-admin");
	CHECK_STR(json_get_str(j, "kubeconfigs.1.to", ""), "stdout");
	CHECK_STR(json_get_str(j, "kubeconfigs.2.to", ""), in(".local/state/kubewright/c/kubeconfig"));
	json_free(j);
	CHECK_INT(RUN("--list"), 0);
	CHECK(says("out", info.serial) && says("out", "alice") && says("out", "cannot be revoked") &&
		says("out", "CA is rotated") && says("out", "3 certificates, 0 expired"));
	/* nothing secret is in it */
	CHECK(!says(RECORD, "KEY") && !says(RECORD, "LS0t"));
	str_wipe(&text);
	str_release(&pem);
	end();
}

static void test_list(void)
{
	struct pki_given old = sample("0A", -3), new = sample("0B", 90);
	struct json *j;

	begin_cluster(true);
	CHECK_INT(pki_given_add(in(RECORD), &old, NULL), 0);
	CHECK_INT(pki_given_add(in(RECORD), &new, NULL), 0);
	CHECK_INT(RUN("--list"), 0);
	CHECK(says("out", "expired  ") && says("out", "     90  ") && says("out", "2 certificates, 1 expired"));
	CHECK(says("out", "groups team; made 20") && says("out", "; to /home/a/alice.conf\n") &&
		!says("err", "warning"));
	j = listed();
	CHECK(json_get_bool(j, "kubeconfigs.0.expired", false) && !json_get_bool(j, "kubeconfigs.1.expired", true));
	CHECK(json_get_int(j, "kubeconfigs.0.days_left", 0) < 0);
	json_free(j);
	put(RECORD, "{\"v\":1,\"ser", 11);
	CHECK_INT(RUN("--list"), 0);
	CHECK(says("err", "1 line of ") && says("err", "skipped"));
	/* without any keys */
	CHECK_INT(rename(in(".local/state/kubewright/c/pki"), in("away")), 0);
	CHECK_INT(RUN("--list"), 0);
	unlink(in(RECORD));
	CHECK_INT(mkdir(in(RECORD), 0700), 0);
	CHECK_INT(RUN("--list"), 5);
	CHECK(says("err", "record of kubeconfigs") && says("err", "hint: "));
	end();
}

/* It is given out all the same, and the operator knows. */
static void test_unrecorded(void)
{
	begin_cluster(false);
	CHECK_INT(mkdir(in(RECORD), 0700), 0);
	CHECK_INT(RUN("--user", "alice", "--out", "alice.conf"), 0);
	CHECK(says("alice.conf", "- name: alice\n"));
	CHECK(says("err", "warning: this kubeconfig is not recorded") && says("err", "write down its serial "));
	CHECK_INT(rmdir(in(RECORD)), 0);
	if (geteuid() != 0) {
		CHECK_INT(chmod(in(".local/state/kubewright/c"), 0500), 0);
		CHECK_INT(RUN("--user", "bob", "--out", "bob.conf"), 0);
		CHECK(says("err", "warning: this kubeconfig is not recorded"));
		CHECK_INT(chmod(in(".local/state/kubewright/c"), 0700), 0);
	}
	end();
}

static void test_options(void)
{
	static const char *const with[][2] = { { "--write", NULL }, { "--out", "x" }, { "--user", "x" },
		{ "--group", "x" }, { "--days", "3" } };
	char word[32];

	begin_cluster(false);
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		CHECK_INT(RUN("--list", with[i][0], with[i][1]), 2);
		snprintf(word, sizeof(word), "cannot be used with %s\n", with[i][0]);
		CHECK(says("err", word) && says("err", "hint: "));
	}
	CHECK_INT(RUN("-o", "json"), 2);
	CHECK(says("err", "-o json is for --list") && says("err", "hint: "));
	CHECK(access(in("x"), F_OK) != 0 && access(in(RECORD), F_OK) != 0);
	end();
}

/* ---- apply ------------------------------------------------------------------------------------------------------- */

static void count_unrecorded(const struct event *ev, void *count)
{
	*(int *)count += ev->code == NOTICE_UNRECORDED;
}

/* Writes the kubeconfig as apply does, with this record; how often it says that it is not recorded. -1: it failed. */
static int apply_it(const char *record)
{
	const struct step step = { "kubeconfig", "Writing", ROLE_CONTROL_PLANE, 0, { { 0 } }, kubeconfig_check,
		kubeconfig_apply };
	struct engine_result result;
	int unrecorded = 0;
	struct engine *e;
	struct world w;
	struct lab l;

	rack_cluster(&l);
	rack_world(&w);
	w.wish.take_lock = false;
	w.wish.given = record;
	w.decided.lead = 0;
	e = rack_run(&l, &w,
		(struct engine_config){
			.steps = &step, .step_count = 1, .journal = count_unrecorded, .journal_ctx = &unrecorded },
		31);
	engine_result(e, &result);
	if (result.failed)
		unrecorded = -1;
	engine_free(e);
	world_release(&w);
	return unrecorded;
}

static void test_apply(void)
{
	char record[96], conf[96];
	struct pki_given *all;
	size_t count, damaged;

	rack_up();
	snprintf(record, sizeof(record), "%s/kubeconfigs.jsonl", rack_dir);
	snprintf(conf, sizeof(conf), "%s/conf", rack_dir);
	CHECK_INT(apply_it(record), 0);
	/* one that is still good is neither written nor recorded again */
	CHECK_INT(apply_it(record), 0);
	CHECK_INT(pki_given_read(record, &all, &count, &damaged, NULL), 0);
	if (CHECK(count == 1 && !damaged)) {
		CHECK_STR(all->user, "kubernetes-admin");
		CHECK_STR(all->to, conf);
	}
	free(all);
	/* where it cannot be written, it is not recorded either */
	CHECK(unlink(conf) == 0 && mkdir(conf, 0700) == 0);
	CHECK_INT(apply_it(record), -1);
	CHECK_INT(pki_given_read(record, &all, &count, &damaged, NULL), 0);
	CHECK_INT(count, 1);
	free(all);
	/* a record that cannot be written stops no apply, and is reported */
	CHECK(rmdir(conf) == 0 && unlink(record) == 0 && mkdir(record, 0700) == 0);
	CHECK_INT(apply_it(record), 1);
	CHECK(access(conf, F_OK) == 0);
	rack_down();
}

static const struct test tests[] = {
	{ "the record: added, read, dropped", test_record },
	{ "a damaged record", test_damaged },
	{ "hostile names", test_hostile_names },
	{ "a record that is not one, or full", test_not_a_file },
	{ "several processes at once", test_at_once },
	{ "a lock that is held", test_lock_held },
	{ "made and listed", test_made },
	{ "the list needs no keys", test_list },
	{ "the record cannot be written", test_unrecorded },
	{ "options of the list", test_options },
	{ "apply records its own", test_apply },
};
TEST_MAIN(tests)
