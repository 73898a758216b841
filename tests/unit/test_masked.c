/* Secrets in settings of others: what is masked, and what is not. */
#include "tests/test.h"

#include "base/json.h"
#include "base/secret.h"
#include "cli/run.h"

static void shows(struct mask *m, const char *text, const char *want)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", text);
	mask_apply(m, copy);
	CHECK_STR(copy, want);
}

static void test_toml(void)
{
	struct mask *m = mask_new();

	cli_mask_toml(m, "oom_score = -999\n"
			 "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"r.example.com\".auth]\n"
			 "  username = \"puller\"\n"
			 "  password = \"RegistryPassword1\"\n"
			 "  \"identitytoken\"='id-token-2'\n"
			 "x = { auth = \"QmFzaWM0MTIz\", password=\"abc\" }\n"
			 "Authorization = [\"Basic Zm9vOmJhcg==\", 'other-one']\n"
			 "password = \"never ends\n");
	shows(m, "puller RegistryPassword1 id-token-2", "puller ••• •••");
	shows(m, "QmFzaWM0MTIz abc Basic Zm9vOmJhcg== other-one", "••• abc ••• •••");
	shows(m, "-999 r.example.com never ends", "-999 r.example.com never ends");
	mask_free(m);
}

static void test_json(void)
{
	static const char text[] =
		"{\"a\":{\"token\":\"abcdef.0123\",\"mode\":\"Webhook\"},\"list\":[{\"registryPassword\":\"pw-345678\"}],"
		"\"extraArgs\":[{\"name\":\"x\",\"value\":\"plain\"}],\"secret\":[\"one-of-two\",\"two-of-the-two\"]}";
	struct json *j = json_parse(text, strlen(text), NULL);
	struct mask *m = mask_new();

	cli_mask_json(m, j);
	cli_mask_json(m, NULL);
	shows(m, "abcdef.0123 Webhook pw-345678 plain one-of-two two-of-the-two", "••• Webhook ••• plain ••• •••");
	mask_free(m);
	json_free(j);
}

static void test_manifest(void)
{
	struct mask *m = mask_new();

	cli_mask_manifest(m,
		"apiVersion: v1\nkind: ConfigMap\ndata:\n  mode: plain-value\n---\nkind: Secret\nmetadata:\n  name: the-name\n"
		"data:\n  key: 'c2VjcmV0LTE='\nstringData:\n  a: \"string-secret\"\n  b: |\n    -----BEGIN KEY-----\n    lineofakey\n"
		"type: Opaque-one\n---\nkind: Pod\ndata:\n  x: other-value");
	shows(m, "plain-value the-name c2VjcmV0LTE= string-secret lineofakey Opaque-one other-value",
		"plain-value the-name ••• ••• ••• Opaque-one other-value");
	cli_mask_manifest(m, "");
	cli_mask_manifest(m, "---\n---");
	mask_free(m);
}

static const struct test tests[] = {
	{ "Secrets of a pod network", test_manifest },
	{ "containerd.config", test_toml },
	{ "JSON settings", test_json },
};
TEST_MAIN(tests)
