/* What is asked before a request that may change something: each but those that are known to read. */
#include "tests/test.h"

#include "base/error.h"
#include "base/json.h"
#include "net/net.h"

#include <string.h>

static unsigned asked;

static int refuse(void *ctx, struct error *err)
{
	CHECK(ctx == &asked);
	asked++;
	return error_set(err, ERROR_LOCKED, "the lock is lost");
}

/* Nobody listens there: what is let through is refused by the kernel. */
static enum error_kind of(const char *method, const char *path)
{
	const struct net_identity nobody = { .ca_pem = "" };
	struct net_client *c = net_client_new("https://127.0.0.1:1", &nobody, -1, NULL);
	struct net_response r = { 0, STR_INIT };
	struct error err = { 0 };

	net_client_guard(c, refuse, &asked);
	CHECK_INT(net_do(c, &(struct net_request){ .method = method, .path = path, .body = method ? "{}" : NULL }, &r,
			  &err),
		-1);
	str_release(&r.body);
	net_client_free(c);
	return err.kind;
}

static void test_guard(void)
{
	struct net_etcd_alarm alarm;
	struct net_client *c;
	struct error err = { 0 };

	net_init();
	asked = 0;
	CHECK_INT(of(NULL, "/api/v1/nodes"), ERROR_NET);
	CHECK_INT(of("POST", "/v3/cluster/member/list"), ERROR_NET);
	CHECK_INT(of("POST", "/v3/maintenance/status"), ERROR_NET);
	CHECK_INT(of("POST", "/v3/kv/range"), ERROR_NET);
	CHECK_INT(asked, 0);
	CHECK_INT(of("POST", "/v3/cluster/member/remove"), ERROR_LOCKED);
	CHECK_INT(of("POST", "/v3/cluster/member/lists"), ERROR_LOCKED);
	CHECK_INT(of("POST", "/api/v1/namespaces/default/pods/p/eviction"), ERROR_LOCKED);
	CHECK_INT(of("PATCH", "/api/v1/nodes/w1"), ERROR_LOCKED);
	CHECK_INT(of("DELETE", "/api/v1/nodes/w1"), ERROR_LOCKED);
	CHECK_INT(of("PUT", "/api/v1/nodes/w1"), ERROR_LOCKED);
	CHECK_INT(of("POST", "/v3/maintenance/defragment"), ERROR_LOCKED);
	CHECK_INT(of("POST", "/v3/kv/compaction"), ERROR_LOCKED);
	CHECK_INT(asked, 8);
	/* through the calls that make documents, too */
	c = net_client_new("https://127.0.0.1:1", &(struct net_identity){ .ca_pem = "" }, -1, NULL);
	net_client_guard(c, refuse, &asked);
	CHECK_INT(net_etcd_member_remove(c, "1", &err), -1);
	CHECK_INT(err.kind, ERROR_LOCKED);
	/* by their body: the same path takes alarms away */
	memset(&err, 0, sizeof(err));
	asked = 0;
	CHECK_INT(net_etcd_alarms(c, &alarm, 1, &err), -1);
	CHECK_INT(err.kind, ERROR_NET);
	CHECK_INT(asked, 0);
	CHECK_INT(of("POST", "/v3/maintenance/alarm"), ERROR_LOCKED);
	memset(&err, 0, sizeof(err));
	CHECK_INT(net_etcd_disarm(c, &(struct net_etcd_alarm){ "1", "NOSPACE" }, &err), -1);
	CHECK_INT(err.kind, ERROR_LOCKED);
	net_client_free(c);
}

static const struct test tests[] = {
	{ "what may change something is asked about first", test_guard },
};
TEST_MAIN(tests)
