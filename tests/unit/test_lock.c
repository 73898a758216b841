/*
 * The lock on hosts: the scripts that write and check it, run for real on this machine with their folder replaced; and what a run does about somebody
 * else's.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"
#include "tests/test.h"

#include <sys/stat.h>
#include <sys/time.h>

static char dir[64];
static const char *step = "join";
static const char *const words[] = { "held", "holder", "holder_owner", "status", "attached", "ran_input", "ran_run",
	"unlocked", "job", "error", "hint", NULL };
#define LOCK "owner=ana@jump01 pid 7\nmachine=m1\nrun=%s\nstep=probe\nsince=2026-11-26T12:01:07Z\n"

static char *path(const char *name)
{
	static char out[4][256];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(out[n], sizeof(out[n]), "%s/%s", dir, name);
	return out[n];
}

static void put(const char *name, mode_t mode, const char *text)
{
	char folder[256];

	snprintf(folder, sizeof(folder), "%s", path(name));
	*strrchr(folder, '/') = '\0';
	CHECK_INT(file_mkdirs(folder, 0755, NULL), 0);
	CHECK_INT(file_write(path(name), text, strlen(text), mode, NULL), 0);
}

static void put_lock(const char *run)
{
	struct timeval long_ago[2] = { { 1000, 0 }, { 1000, 0 } };
	char text[256];

	snprintf(text, sizeof(text), LOCK, run);
	put("state/lock", 0600, text);
	CHECK_INT(utimes(path("state/lock"), long_ago), 0);
}

static const char *text_of(const char *name)
{
	static struct str text = STR_INIT;

	str_clear(&text);
	return file_read(path(name), 4096, &text, NULL) ? "" : text.buf;
}

static void open_dir(void)
{
	snprintf(dir, sizeof(dir), "/tmp/kubewright-lock.XXXXXX");
	CHECK(mkdtemp(dir));
	put("bin/systemctl", 0755, "#!/bin/sh\necho inactive\nexit 3\n");
}

static void close_dir(void)
{
	char *command = xasprintf("rm -rf '%s'", dir);

	CHECK_INT(system(command), 0);
	free(command);
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

/* lib.sh and a body of ours, as run "r1" in step "join" about the lock of `holder`. */
static int host(const char *body, const char *holder, struct remote_answer *a)
{
	const struct remote_param params[] = { { "node", "cp1" }, { "run", "r1" }, { "step", step },
		{ "holder", holder } };
	struct remote *r = remote_local_open();
	struct str script = STR_INIT, bin = STR_INIT;
	struct error err = { 0 };
	int rc;

	str_add(&script, host_script_lib);
	str_add(&script, body);
	replace(&script, "/var/lib/kubewright", path("state"));
	replace(&script, "/run/kubewright", path("run"));
	str_addf(&bin, "PATH=%s:/usr/", path("bin"));
	replace(&script, "PATH=/usr/", bin.buf);
	rc = remote_script(r, "test", script.buf, params, 4, words, a, NULL, NULL, 300000, &err);
	if (rc)
		printf("# %s | %s\n", err.what, err.hint);
	str_release(&script);
	str_release(&bin);
	remote_free(r);
	return rc;
}

static const char *said(const struct remote_answer *a, const char *word)
{
	const char *value = remote_answer_get(a, word);

	return value ? value : "";
}

#define FENCE "main() { fence; say held yes; }\nmain </dev/null\n"

static void test_fence(void)
{
	struct remote_answer a = { 0 };
	char want[256];
	struct stat st;

	open_dir();
	put_lock("r1");
	CHECK_INT(host(FENCE, "", &a), 0);
	CHECK_STR(said(&a, "held"), "yes");
	snprintf(want, sizeof(want), LOCK, "r1");
	memcpy(strstr(want, "probe"), "join\n", 5);
	memmove(strstr(want, "join\n") + 5, strstr(want, "since"), strlen(strstr(want, "since")) + 1);
	CHECK_STR(text_of("state/lock"), want);
	CHECK(stat(path("state/lock"), &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_mtime > 1000000);
	remote_answer_release(&a);
	/* a disk that takes nothing more: the sign of life alone */
	put_lock("r1");
	CHECK_INT(host("main() { ulimit -f 0; fence; say held yes; }\nmain </dev/null\n", "", &a), 0);
	CHECK_STR(said(&a, "held"), "yes");
	snprintf(want, sizeof(want), LOCK, "r1");
	CHECK_STR(text_of("state/lock"), want);
	CHECK(stat(path("state/lock"), &st) == 0 && st.st_mtime > 1000000);
	remote_answer_release(&a);
	close_dir();
}

/* Who lost the lock changes nothing any more, and leaves the new one as it is. */
static void test_fenced_off(void)
{
	struct remote_answer a = { 0 };
	char want[256];

	open_dir();
	put_lock("r2");
	CHECK(host(FENCE, "", &a) != 0);
	remote_answer_release(&a);
	snprintf(want, sizeof(want), LOCK, "r2");
	CHECK_STR(text_of("state/lock"), want);
	CHECK_INT(unlink(path("state/lock")), 0);
	CHECK(host(FENCE, "", &a) != 0);
	remote_answer_release(&a);
	CHECK(access(path("state/lock"), F_OK) != 0);
	close_dir();
}

static void put_spool(const char *script)
{
	put("spool/script", 0600, script);
	put("spool/input", 0600, "cafe\n");
}

/* The job that was spooled before its run lost the lock does not begin. */
static void test_wrapper(void)
{
	struct str script = STR_INIT;
	struct stat st;
	char *command;

	open_dir();
	str_add(&script, host_script_job);
	replace(&script, "main </dev/null", "wrapper");
	put("wrap", 0600, script.buf);
	command = xasprintf("sh %s/wrap | sed 's|/var/lib/kubewright|%s/state|' >%s/wrapper", dir, dir, dir);
	CHECK_INT(system(command), 0);
	free(command);
	command = xasprintf("sh %s/wrapper %s/job %s/spool r1 join", dir, dir, dir);
	put("job/log", 0600, "");
	put_spool("touch \"$KW_TEST/ran\"\n");
	setenv("KW_TEST", dir, 1);
	put_lock("r2");
	CHECK_INT(WEXITSTATUS(system(command)), 75);
	CHECK_STR(text_of("job/status"), "75\n");
	CHECK(strstr(text_of("job/log"), "the lock is held by another run: r2") != NULL);
	/* what it was to run may hold secrets */
	CHECK(access(path("spool"), F_OK) != 0);
	CHECK_INT(unlink(path("state/lock")), 0);
	CHECK_INT(WEXITSTATUS(system(command)), 75);
	CHECK(access(path("ran"), F_OK) != 0);
	put_spool("touch \"$KW_TEST/ran\"\n");
	put_lock("r1");
	CHECK_INT(system(command), 0);
	CHECK_STR(text_of("job/status"), "0\n");
	CHECK(access(path("ran"), F_OK) == 0 && access(path("spool"), F_OK) != 0);
	/* the lock's time begins when its run's job has ended; one that is somebody else's by then is left alone */
	CHECK(stat(path("state/lock"), &st) == 0 && st.st_mtime > 1000000);
	put_spool("sed -i s/run=r1/run=r2/ \"$KW_TEST/state/lock\"; touch -d @1000 \"$KW_TEST/state/lock\"\n");
	CHECK_INT(system(command), 0);
	CHECK(stat(path("state/lock"), &st) == 0 && st.st_mtime == 1000);
	free(command);
	str_release(&script);
	close_dir();
}

static void beat(const char *holder, const char *owner)
{
	struct remote_answer a = { 0 };

	step = "";
	CHECK_INT(host(host_script_beat, "", &a), 0);
	step = "join";
	CHECK_STR(said(&a, "holder"), holder);
	CHECK_STR(said(&a, "holder_owner"), owner);
	remote_answer_release(&a);
}

/* A sign of life changes only the time of the lock, and says who has it otherwise. */
static void test_beat(void)
{
	char want[256];
	struct stat st;

	open_dir();
	beat("none", "");
	put_lock("r1");
	beat("r1", "");
	snprintf(want, sizeof(want), LOCK, "r1");
	CHECK_STR(text_of("state/lock"), want);
	CHECK(stat(path("state/lock"), &st) == 0 && st.st_mtime > 1000000);
	put_lock("r2");
	beat("r2", "ana@jump01 pid 7");
	CHECK(stat(path("state/lock"), &st) == 0 && st.st_mtime == 1000);
	CHECK_INT(unlink(path("state/lock")), 0);
	beat("none", "");
	CHECK(access(path("state/lock"), F_OK) != 0);
	close_dir();
}

/*
 * While a job is followed, one of an earlier run for instance, the host gives the signs of life of the run that follows. The job makes the lock old and ends when it was
 * touched again.
 */
static void test_follow(void)
{
	struct remote_answer a = { 0 };
	struct str body = STR_INIT;

	open_dir();
	put_lock("r1");
	put("state/jobs/packages/log", 0600, "");
	put("state/jobs/packages/run", 0600, "r0\n");
	put("state/jobs/packages/status", 0600, "0\n");
	put("state/jobs/packages/input", 0600, "cafe\n");
	put("job.sh", 0700,
		"#!/bin/sh\ntouch -d @1000 state/lock\nuntil [ $(stat -c %Y state/lock) != 1000 ]; do sleep 0.1; done\n");
	put("bin/systemctl", 0755,
		"#!/bin/sh\ncd \"${0%/*}/..\" || exit 1\ncase $1 in\nshow) ./job.sh >/dev/null 2>&1 & echo $! | tee pid ;;\n"
		"*) [ ! -f pid ] || kill -0 $(cat pid) 2>/dev/null || { echo inactive; exit 3; }; echo active ;;\nesac\n");
	str_add(&body, "job=packages input=cafe script=x script_sum=x expect_run=r0 follow=yes beat=1\n");
	str_add(&body, host_script_job);
	CHECK_INT(host(body.buf, "", &a), 0);
	CHECK_STR(said(&a, "attached"), "yes");
	CHECK_STR(said(&a, "status"), "0");
	CHECK(strstr(text_of("state/lock"), "run=r1\n") != NULL);
	remote_answer_release(&a);
	str_release(&body);
	close_dir();
}

static void unlock(const char *holder, const char *word, const char *value)
{
	struct remote_answer a = { 0 };

	CHECK_INT(host(host_script_unlock, holder, &a), 0);
	CHECK_STR(said(&a, word), value);
	remote_answer_release(&a);
}

static void test_unlock(void)
{
	open_dir();
	/* nothing was ever done here */
	unlock("r1", "unlocked", "no");
	put_lock("r2");
	unlock("r1", "unlocked", "no");
	unlock("r0", "unlocked", "no");
	CHECK(access(path("state/lock"), F_OK) == 0);
	unlock("r2", "unlocked", "yes");
	CHECK(access(path("state/lock"), F_OK) != 0);
	/* a job of that run runs, and one of another, and one that has ended */
	put_lock("r2");
	put("state/jobs/images/run", 0600, "r1\n");
	put("state/jobs/os/run", 0600, "r2\n");
	put("state/jobs/packages/run", 0600, "r2\n");
	put("bin/systemctl", 0755,
		"#!/bin/sh\ncase $2 in\n*-os.service) echo inactive ;;\n*) echo deactivating ;;\nesac\n");
	unlock("r2", "job", "packages");
	CHECK(access(path("state/lock"), F_OK) == 0);
	/* systemd cannot be asked */
	put("bin/systemctl", 0755, "#!/bin/sh\nexit 1\n");
	put("state/jobs/packages/state", 0600, "running\n");
	unlock("r2", "job", "packages");
	put("state/jobs/packages/state", 0600, "done\n");
	unlock("r2", "unlocked", "yes");
	/* one's own lock is released in any case: the job is followed or found by the next run */
	put_lock("r1");
	put("bin/systemctl", 0755, "#!/bin/sh\necho active\n");
	unlock("r1", "unlocked", "yes");
	close_dir();
}

/* ---- what another run does ---------------------------------------------------------------------------------------------------- */

static const char inventory_text[] =
	"cluster: c\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
	"  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
	"  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker}\n";

static void held(struct cluster_host *h)
{
	cluster_set(h, "lock", "held");
	cluster_set(h, "lock_owner", "ana@jump01 pid 7");
	cluster_set(h, "lock_run", "r2");
	cluster_set(h, "lock_machine", "m1");
	cluster_set(h, "lock_step", "join");
	cluster_set(h, "lock_since", "2026-11-26T12:01:07Z");
	cluster_set(h, "lock_age", "-1");
}

static void test_refuse(void)
{
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", inventory_text, strlen(inventory_text), NULL, 0, NULL, &err);
	struct world w;
	char job[32];

	if (!CHECK(inv != NULL))
		return;
	world_init(&w, inv, release_find("1.36.2"));
	w.wish.machine = "m1";
	CHECK_INT(lock_refuse(&w, &err), 0);
	/* a worker alone is set aside by itself */
	held(&w.seen.hosts[3]);
	CHECK_INT(lock_refuse(&w, &err), 0);
	held(&w.seen.hosts[1]);
	CHECK_INT(lock_refuse(&w, &err), -1);
	CHECK_INT(error_exit_code(err.kind), 7);
	CHECK_STR(err.what, "nothing is changed on any host while the control plane cp2 is locked by another run: "
			    "ana@jump01 pid 7, run r2");
	CHECK_STR(err.hint, "at work since 2026-11-26T12:01:07Z, at step join, last sign of life 0 s ago; "
			    "'kubewright watch r2' follows it");
	memset(&err, 0, sizeof(err));
	w.wish.machine = "m2";
	CHECK_INT(lock_refuse(&w, &err), -1);
	CHECK(strstr(err.hint, "'kubewright unlock'") && !strstr(err.hint, "watch"));
	/* one that is ours by now */
	cluster_set(&w.seen.hosts[1], "lock", "ours");
	CHECK_INT(lock_refuse(&w, &err), 0);

	CHECK(!lock_job(&w.seen.hosts[1], job, sizeof(job)));
	cluster_set(&w.seen.hosts[1], "job.images", "running - cafe r1");
	cluster_set(&w.seen.hosts[1], "job.os", "done 0 cafe r2");
	CHECK(!lock_job(&w.seen.hosts[1], job, sizeof(job)));
	cluster_set(&w.seen.hosts[1], "job.join", "running - cafe r2");
	CHECK(lock_job(&w.seen.hosts[1], job, sizeof(job)));
	CHECK_STR(job, "join");
	world_release(&w);
	inventory_free(inv);
}

static const struct test tests[] = {
	{ "the fence gives a sign of life and says the step", test_fence },
	{ "who lost the lock is fenced off", test_fenced_off },
	{ "a job whose run lost the lock does not begin", test_wrapper },
	{ "a sign of life, and who has the lock otherwise", test_beat },
	{ "a job that is followed keeps the lock of who follows", test_follow },
	{ "unlock compares, and spares a run that has a job", test_unlock },
	{ "a control plane of another run stops all", test_refuse },
};
TEST_MAIN(tests)
