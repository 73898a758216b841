/* The limit of open files: raised at the start, and named when it is too low. */
#include "base/descriptors.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/run.h"
#include "remote/pool.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void test_raise(void)
{
	struct rlimit l, was;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	l = was;
	l.rlim_cur = 64;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &l), 0);
	CHECK_INT(descriptors_allowed(), 64);
	descriptors_raise();
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &l), 0);
	CHECK(l.rlim_cur == was.rlim_max && l.rlim_max == was.rlim_max);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
}

static void test_enough(void)
{
	struct error err = { 0 };
	struct rlimit was, l;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	l = was;
	l.rlim_cur = DESCRIPTORS_RUN + 10 * DESCRIPTORS_HOST;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &l), 0);
	CHECK_INT(descriptors_enough(10, &err), 0);
	CHECK_INT(err.kind, ERROR_NONE);
	CHECK_INT(descriptors_enough(11, &err), -1);
	CHECK_INT(err.kind, ERROR_SYSTEM);
	CHECK_STR(err.what, "connections to 11 hosts need 81 open files, and this process may have 78");
	CHECK(strstr(err.hint, "'ulimit -Hn 81'") && strstr(err.hint, "--hosts"));
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
}

/* Where one runs out all the same, the message has the number too. */
static void test_run_out(void)
{
	struct error err = { 0 };
	char number[32];

	error_errno(&err, ERROR_SYSTEM, EMFILE, "cannot open a socket");
	snprintf(number, sizeof(number), "%zu files", descriptors_allowed());
	CHECK(strstr(err.hint, number) != NULL);
	err = (struct error){ 0 };
	error_errno(&err, ERROR_SYSTEM, ENOENT, "cannot open x");
	CHECK_STR(err.hint, "");
}

/* 40 hosts where there are files for 34: who only looks takes turns, who changes something or keeps connections gets the number. */
static void test_runs(void)
{
	static const struct {
		enum cli_kind kind;
		bool pool;
		int rc, connections;
	} cases[] = {
		{ KIND_CHECK, false, 0, 34 },
		{ KIND_PLAN, false, 0, 34 },
		{ KIND_APPLY, false, -1, 0 },
		{ KIND_MESH, false, -1, 0 },
		{ KIND_RESET_LOOK, true, -1, 0 },
	};
	char dir[] = "/tmp/kubewright-test.XXXXXX", path[64];
	struct rlimit was, l;
	struct str text = STR_INIT;

	if (!CHECK(mkdtemp(dir) != NULL))
		return;
	setenv("XDG_STATE_HOME", dir, 1);
	str_add(&text,
		"cluster: c\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nssh: {agent: false}\nhosts:\n");
	for (int i = 1; i <= 40; i++)
		str_addf(&text, "  - {name: h%d, address: 10.1.0.%d, role: %s}\n", i, i,
			i > 1 ? "worker" : "control-plane");
	snprintf(path, sizeof(path), "%s/k.yaml", dir);
	CHECK_INT(file_write(path, text.buf, text.len, 0600, NULL), 0);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	l = was;
	l.rlim_cur = DESCRIPTORS_RUN + 34 * DESCRIPTORS_HOST + 2;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &l), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cli_options o = { .file = path, .pool = cases[i].pool ? remote_pool_new() : NULL };
		struct error err = { 0 };
		struct cli_run r;

		CHECK_INT(cli_run_load(&r, &o, &err), 0);
		CHECK_INT(cli_run_open(&r, cases[i].kind, &err), cases[i].rc);
		CHECK_INT(r.config.connections, cases[i].connections);
		CHECK(cases[i].rc == 0 || strstr(err.what, "need 168 open files"));
		cli_run_release(&r);
		remote_pool_free(o.pool);
	}
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
	str_release(&text);
	snprintf(path, sizeof(path), "rm -rf '%s'", dir);
	CHECK_INT(system(path), 0);
}

static void test_main_raises(void)
{
	struct str text = STR_INIT;

	CHECK_INT(file_read("main.c", 4096, &text, NULL), 0);
	CHECK(strstr(text.buf, "descriptors_raise();") < strstr(text.buf, "cli_main("));
	CHECK(strstr(text.buf, "descriptors_raise();") != NULL);
	str_release(&text);
}

static const struct test tests[] = {
	{ "raised to the hard limit", test_raise },
	{ "enough for so many hosts", test_enough },
	{ "the number in the message", test_run_out },
	{ "runs with more hosts than files", test_runs },
	{ "main raises it first", test_main_raises },
};
TEST_MAIN(tests)
