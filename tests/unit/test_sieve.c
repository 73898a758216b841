/* What the sieve takes out of a text, each kind, whole and cut; and what it leaves. */
#include "tests/test.h"

#include "base/json.h"
#include "base/secret.h"
#include "base/sieve.h"
#include "base/str.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BODY1 "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgk3JhbmRvbWJ5dGVz"
#define BODY2 "QmV0dGVyTm90VG9CZVJlYWRCeUFueWJvZHlCdXRUaGVDbHVzdGVySXRzZWxmNDU2"
#define BODY3 "c2hvcnQ="

static struct str sieved(const char *text, struct mask *known)
{
	struct str out = STR_INIT;

	sieve_add(&out, text, strlen(text), known);
	return out;
}

static void becomes(const char *text, const char *want)
{
	struct str out = sieved(text, NULL);

	CHECK_STR(out.buf, want);
	str_release(&out);
}

static void same(const char *text)
{
	becomes(text, text);
}

static void test_values(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "password: correct horse", "password: •••" },
		{ "  - sudo_password: 'a b'", "  - sudo_password: '•••'" },
		{ "password = \"x\\\"y z\" # c", "password = \"•••\" # c" },
		{ "ssh: {user: a, password: b c, sudo: none}", "ssh: {user: a, password: •••, sudo: none}" },
		{ "x password=hunter2,3 next", "x password=••• next" },
		{ "run --token abc --token=def x", "run --token ••• --token=••• x" },
		{ "run \"--token\", \"abc\"", "run \"--token\", \"abc\"" },
		{ "  auth_pass s3cr3t", "  auth_pass •••" },
		{ "{\"auth\":\"QmFzaWM=\",\"n\":1}", "{\"auth\":\"•••\",\"n\":1}" },
		{ "{\"password\": 123456, \"n\":1}", "{\"password\": \"•••\", \"n\":1}" },
		{ "{\"text\":\"said \\\"token\\\":\\\"abc\\\" end\"}",
			"{\"text\":\"said \\\"token\\\":\\\"•••\\\" end\"}" },
		{ "{\"text\":\"password=abc\\\" more\"}", "{\"text\":\"password=•••\\\" more\"}" },
		{ "auth = [\"one\", \"two\"]", "auth = [\"•••\"]" },
		{ "Authorization: Bearer abc def", "Authorization: •••" },
		{ "curl -H \"Authorization: Basic Zm9v\" url", "curl -H \"Authorization: •••\" url" },
		{ "    client-key-data: LS0tLS1CRUdJTiBFQyBQ", "    client-key-data: •••" },
		{ "kubeadm join --certificate-key " HEX " x", "kubeadm join --certificate-key ••• x" },
		{ "certificateKey: " HEX, "certificateKey: •••" },
		{ "token:\n  - one\n  two\nnext: 1", "token:\n  - •••\n  •••\nnext: 1" },
		{ "auth:\n  username: u\n  password: p", "auth:\n  username: u\n  password: •••" },
		{ "a:\n  passphrase: |\n    user: b\n\n    c\n  d: e",
			"a:\n  passphrase: |\n    •••\n\n    •••\n  d: e" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		becomes(rows[i].text, rows[i].want);
	same("ssh: {password: ask, sudo: none}\npki:\n  passphrase: env:PKI_PASS\n");
	same("--client-cert-auth=true --authorization-mode=Node,RBAC");
	same("authorization:\n  mode: Webhook\n");
	same("{\"code\":\"token-left\",\"secret\":{\"name\":\"x\"}}");
}

static void test_forms(void)
{
	becomes("join abcdef.0123456789abcdef now", "join ••• now");
	becomes("{\"t\":\"join\\nabcdef.0123456789abcdef\\neyJhbGciOiJSUzI1NiJ9.x.y\"}",
		"{\"t\":\"join\\n•••\\n•••\"}");
	same("xabcdef.0123456789abcdef abcdef.0123456789abcdef0");
	becomes("got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln-bmF0 ok", "got ••• ok");
	becomes("cut eyJhbGciOiJSUzI1NiIsImtpZCI6Ij", "cut •••");
	becomes("sent bearer 0123456789 x", "sent bearer ••• x");
	becomes("http://u:p%40ss@proxy:3128/x", "http://u:•••@proxy:3128/x");
	same("https://10.0.0.1:6443/x@y ssh://ops@h:22");
	becomes("id " HEX " of", "id 01234567••• of");
	same("image@sha256:" HEX);
	same("sha1 0123456789abcdef0123456789abcdef01234567");
}

static void test_pem(void)
{
	becomes("a\n-----BEGIN EC PRIVATE KEY-----\n" BODY1 "\n" BODY3 "\n-----END EC PRIVATE KEY-----\nb\n",
		"a\n-----BEGIN EC PRIVATE KEY-----\n•••\n•••\n-----END EC PRIVATE KEY-----\nb\n");
	becomes("12:00 h app[1]: -----BEGIN PRIVATE KEY-----\n12:00 h app[1]: " BODY1 "\n12:00 h app[1]: " BODY3
		"\n12:00 h app[1]: -----END PRIVATE KEY-----",
		"12:00 h app[1]: -----BEGIN PRIVATE KEY-----\n12:00 h app[1]: •••\n12:00 h app[1]: •••"
		"\n12:00 h app[1]: -----END PRIVATE KEY-----");
	becomes("x \"-----BEGIN RSA PRIVATE KEY-----\\n" BODY1 "\\n" BODY3 "\\n-----END RSA PRIVATE KEY-----\\n\" y",
		"x \"-----BEGIN RSA PRIVATE KEY-----•••-----END RSA PRIVATE KEY-----\\n\" y");
	same("-----BEGIN CERTIFICATE-----\n" BODY1 "\n" BODY2 "\n-----END CERTIFICATE-----\n");
	/* an encrypted one has lines before its digits */
	becomes("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n" BODY1 "\nzz==\nafter this",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,•••\n\n•••\n•••\nafter this");
}

/* The beginning or the end of a key was cut off: by the limit of a log, or between two pieces of it. */
static void test_cut(void)
{
	becomes("text\n" BODY1 "\n" BODY2 "\n" BODY3 "\n-----END PRIVATE KEY-----\nb",
		"text\n•••\n•••\n•••\n-----END PRIVATE KEY-----\nb");
	becomes("a\n-----BEGIN PRIVATE KEY-----\n" BODY1 "\n" BODY2, "a\n-----BEGIN PRIVATE KEY-----\n•••\n•••");
	becomes("a\n-----BEGIN PRIVATE KEY-----\n" BODY1 "\n" BODY2 "\nMIIxyz==\nthen this",
		"a\n-----BEGIN PRIVATE KEY-----\n•••\n•••\n•••\nthen this");
	becomes("x -----BEGIN PRIVATE KEY-----\\n" BODY1 "\\nMII", "x -----BEGIN PRIVATE KEY-----\\n•••\\n•••");
	CHECK_INT(sieve_whole_line("half of a token\nline\n", 21), 16);
	CHECK_INT(sieve_whole_line("all of it is cut", 16), 16);
	CHECK_INT(sieve_whole_line("", 0), 0);
}

/* Base64 of PEM, whichever byte it begins at, in one line and wrapped. */
static void test_encoded(void)
{
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\n" BODY1 "\n" BODY2 "\n-----END PRIVATE KEY-----\n";

	for (size_t before = 0; before < 3; before++) {
		struct str plain = STR_INIT, code = STR_INIT, text = STR_INIT, out;

		str_addn(&plain, "abc", before);
		str_add(&plain, pem);
		str_add_base64(&code, plain.buf, plain.len);
		str_addf(&text, "value %s end", code.buf);
		becomes(text.buf, "value ••• •••");
		for (size_t width = 60; width <= 76; width += 16)
			for (size_t from = 0; from < 3; from++) {
				str_clear(&text);
				str_add(&text, "before\n");
				/* from 1: its first line was cut off; 2: its last ones */
				for (size_t i = from == 1 ? width : 0; i < code.len - (from == 2 ? width : 0);
					i += width)
					str_addf(&text, "%.*s\n", (int)width, code.buf + i);
				str_add(&text, "after\n");
				out = sieved(text.buf, NULL);
				for (size_t i = 0; i + 24 <= code.len; i += 12) {
					char part[25];

					snprintf(part, sizeof(part), "%.24s", code.buf + i);
					if (!CHECK(strstr(out.buf, part) == NULL))
						printf("# %zu %zu %zu: %s", before, width, from, out.buf);
				}
				CHECK(str_starts(out.buf, "before\n•••\n") && str_ends(out.buf, "after\n"));
				str_release(&out);
			}
		str_release(&plain);
		str_release(&code);
		str_release(&text);
	}
	same("certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUMvakNDQWVhZ0F3SUJBZ0lCQURBTkJn");
}

static void test_secrets(void)
{
	becomes("kind: ConfigMap\ndata:\n  a: b\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: n\ndata:\n  k: 'djE='\n  "
		"b: |\n    user: c\nstringData:\n  s: t u\ntype: Opaque\n---\nkind: Pod\ndata:\n  x: y",
		"kind: ConfigMap\ndata:\n  a: b\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: n\ndata:\n  k: '•••'\n  "
		"b: •••\n    •••\nstringData:\n  s: •••\ntype: Opaque\n---\nkind: Pod\ndata:\n  x: y");
	becomes("{\n  \"kind\": \"Secret\",\n  \"data\": {\n    \"k\": \"djE=\",\n    \"l\": \"djI=\"\n  },\n  \"t\": \"u\"\n}",
		"{\n  \"kind\": \"Secret\",\n  \"data\": {\n    \"k\": \"•••\",\n    \"l\": \"•••\"\n  },\n  \"t\": \"u\"\n}");
	becomes("{\"data\":{\"k\":\"dj}E=\"},\"kind\":\"Secret\",\"t\":\"u\"}",
		"{\"data\":{},\"kind\":\"Secret\",\"t\":\"u\"}");
	becomes("{\"t\":\"{\\\"kind\\\":\\\"Secret\\\",\\\"data\\\":{\\\"k\\\":\\\"v\\\"}}\"}",
		"{\"t\":\"{\\\"kind\\\":\\\"Secret\\\",\\\"data\\\":{}}\"}");
	same("{\"kind\":\"SecretProvider\",\"data\":{\"k\":\"v\"}}");
}

static void test_known(void)
{
	struct mask *m = mask_new();
	struct str out = STR_INIT;

	mask_add(m, "OpenSesame");
	/* what is not printable does not part it */
	sieve_add(&out, "a Open\x1b[0mSesame \0b OpenSesame\n", 32, m);
	CHECK_STR(out.buf, "a ••• b •••\n");
	str_release(&out);
	mask_free(m);
}

/* A recording's lines stay JSON, and a text that was sieved stays unchanged. */
static void test_json_stays(void)
{
	static const char *const texts[] = { "password=abc\"def\\", "token: \"x\", 'y'", "-----BEGIN PRIVATE KEY-----",
		BODY1, "zz==", "-----END PRIVATE KEY-----", "Authorization: Bearer \\\"x\\\"", "secret=[\"a\",\"b\"]",
		"{\"kind\":\"Secret\",\"data\":{\"a\":\"b\"}}", "auth: {\"a\":1}", "token=\n\nx", "http://a:b\"c@d" };
	struct str text = STR_INIT, out, again;
	size_t count = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json *j = json_object();

		json_set_str(j, "host", "cp1");
		json_set_str(j, "text", texts[i]);
		json_set_int(j, "token", (int64_t)i);
		json_write(j, &text);
		str_addc(&text, '\n');
		json_free(j);
	}
	out = sieved(text.buf, NULL);
	again = sieved(out.buf, NULL);
	CHECK_STR(again.buf, out.buf);
	for (const char *p = out.buf; *p; p += strcspn(p, "\n") + 1, count++) {
		struct json *j = json_parse(p, strcspn(p, "\n"), NULL);

		if (!CHECK(j && json_get_str(j, "text", NULL) && strcmp(json_get_str(j, "host", ""), "cp1") == 0))
			printf("# %.*s\n", (int)strcspn(p, "\n"), p);
		json_free(j);
	}
	CHECK_INT(count, sizeof(texts) / sizeof(texts[0]));
	str_release(&text);
	str_release(&out);
	str_release(&again);
}

static const struct test tests[] = {
	{ "values of keys", test_values },
	{ "forms", test_forms },
	{ "private keys", test_pem },
	{ "private keys that were cut", test_cut },
	{ "base64 of private keys", test_encoded },
	{ "Secrets", test_secrets },
	{ "words that are known", test_known },
	{ "JSON stays JSON", test_json_stays },
};
TEST_MAIN(tests)
