/* Logins that outlive a run: taken up again, closed when their link was lost or cancelled. */
#include "tests/unit/fake_remote.h"
#include "remote/pool.h"
#include "tests/test.h"

static int say_hello(struct fake_host *h, unsigned call, const struct remote_exec *x, struct str *out, struct str *log,
	struct error *err)
{
	(void)h, (void)call, (void)x, (void)log, (void)err;
	str_add(out, "hello");
	return 0;
}

static int run(struct remote *r)
{
	struct remote_exec x = { .command = "true" };
	struct error err = { 0 };
	int status = 0;

	return remote_exec(r, &x, &status, &err);
}

static void test_taken_up(void)
{
	struct fake_host h = { .fn = say_hello, .name = "cp1" };
	struct remote_pool *p = remote_pool_new();
	struct remote *r;

	CHECK(!remote_pool_take(p, "cp1"));
	r = remote_pool_keep(p, "cp1", fake_remote_open(&h));
	CHECK(!remote_pool_alive(p, "cp1")); /* lent out */
	CHECK_INT(run(r), 0);
	remote_free(r);
	CHECK_INT(h.frees, 0);
	CHECK(remote_pool_alive(p, "cp1"));
	CHECK(!remote_pool_take(p, "cp2"));
	r = remote_pool_take(p, "cp1");
	if (CHECK(r != NULL)) {
		CHECK_INT(run(r), 0);
		remote_free(r);
	}
	CHECK_INT(h.opens, 1);
	remote_pool_free(p);
	CHECK_INT(h.frees, 1);
}

static void test_lost(void)
{
	struct fake_host h = { .fn = say_hello, .name = "cp1", .fail_at = 1 };
	struct remote_pool *p = remote_pool_new();
	struct remote *r = remote_pool_keep(p, "cp1", fake_remote_open(&h));

	CHECK_INT(run(r), -1);
	remote_free(r);
	CHECK_INT(h.frees, 1);
	CHECK(!remote_pool_take(p, "cp1"));
	remote_pool_free(p);
}

static void test_cancelled(void)
{
	struct fake_host h = { .fn = say_hello, .name = "cp1" };
	struct remote_pool *p = remote_pool_new();
	struct remote *r = remote_pool_keep(p, "cp1", fake_remote_open(&h));

	remote_cancel(r);
	remote_free(r);
	CHECK_INT(h.frees, 1);
	CHECK(!remote_pool_alive(p, "cp1"));
	remote_pool_free(p);
}

/* Two under one key: the second has no place and is closed. */
static void test_one_a_key(void)
{
	struct fake_host h = { .fn = say_hello, .name = "cp1" };
	struct remote_pool *p = remote_pool_new();
	struct remote *a = remote_pool_keep(p, "cp1", fake_remote_open(&h)),
		      *b = remote_pool_keep(p, "cp1", fake_remote_open(&h));

	remote_free(a);
	remote_free(b);
	CHECK_INT(h.frees, 1);
	remote_pool_free(p);
	CHECK_INT(h.frees, 2);
}

static const struct test tests[] = {
	{ "a login is taken up again", test_taken_up },
	{ "a lost link is not kept", test_lost },
	{ "a cancelled one is not kept", test_cancelled },
	{ "one is kept a key", test_one_a_key },
};
TEST_MAIN(tests)
