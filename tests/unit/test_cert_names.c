/* The names that a control plane's certificate must have to come into a living cluster: kubeadm's join compares. */
#include "base/str.h"
#include "steps/steps.h"
#include "tests/test.h"

static void add(const char *name, void *ctx)
{
	str_addf(ctx, "%s|", name);
}

static void test_names(void)
{
	static const char *const texts[][2] = {
		{ "apiServer:\n  certSANs:\n  - 127.0.0.1\n  - localhost\n  - \"*.example.com\"\n  - 10.0.0.13\n  extraArgs:\n  - name: a\napiVersion: x\n",
			"127.0.0.1|localhost|*.example.com|10.0.0.13|" },
		{ "apiServer:\n  certSANs:\n    - 'a'\n    - b", "a|b|" },
		{ "apiServer:\n  certSANs:\n", "" },
		{ "apiServer: {}\napiVersion: x\n", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str seen = STR_INIT;

		kubeadm_cert_sans(texts[i][0], add, &seen);
		CHECK_STR(seen.buf ? seen.buf : "", texts[i][1]);
		str_release(&seen);
	}
}

static const struct test tests[] = {
	{ "names in kubeadm's configuration", test_names },
};
TEST_MAIN(tests)
