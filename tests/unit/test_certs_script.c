/* What a host shows of its certificates, run for real in a temporary folder. */
#include "tests/test.h"

#include "tests/unit/fake_site.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"
#define KEY "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n"

/* A file that was damaged between its certificate and the key: neither ends where it should. */
static void test_damaged(void)
{
	static const struct {
		const char *file, *shown;
	} table[] = {
		{ BEGIN "Qg==\n" END KEY, BEGIN "Qg==\n" END },
		{ "x\n" KEY BEGIN "Qg==\n" END BEGIN "QQ==\n" END, BEGIN "Qg==\n" END BEGIN "QQ==\n" END },
		{ BEGIN "Qg==\n" KEY, "" },
		{ BEGIN "Qg==\n-----END CERT\n" KEY, "" },
		{ BEGIN "Qg==\n" KEY END, "" },
		{ BEGIN "Qg==\n" BEGIN "QQ==\n" END, BEGIN "QQ==\n" END },
		{ "-----BEGIN CERTIFICATE-----\r\nQQ==\r\n-----END CERTIFICATE-----\r\n", BEGIN "QQ==\n" END },
	};
	struct fake_site s;

	fake_site_open(&s);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fake_site_put(&s, "etc/pem", 0600, table[i].file);
		CHECK_INT(fake_site_run(
				  &s, "main() { certificates </etc/pem | say64 stdout; }\nmain </dev/null\n", NULL, 0),
			0);
		if (!CHECK_STR(cluster_fact(&s.h, "stdout"), table[i].shown))
			printf("# row %zu\n", i);
	}
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "a damaged file lets no key through", test_damaged },
};
TEST_MAIN(tests)
