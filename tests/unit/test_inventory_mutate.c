/* Broken in every place: a load ends with an inventory or with complaints, and shows no secret. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "inventory/inventory.h"

static const char *const files[] = {
	"examples/minimal.yaml",
	"examples/single.yaml",
	"examples/ha.yaml",
	"examples/full.yaml",
	"tests/unit/inventory/label-form.yaml",
	"tests/unit/inventory/many-umlauts.yaml",
	"tests/unit/inventory/secret-block.yaml",
};

/* All of them wrong, so that their lines are shown. */
static const char secrets[] = "cluster: c\n"
			      "ssh:\n"
			      "  password: hunter2\n"
			      "  sudo: \"hunter2\"\n"
			      "  passphrase: |\n"
			      "    hunter2\n"
			      "hosts: [{name: cp1, adress: 1, ssh: {sudo: hunter2, port: 0}, role: x}]\n"
			      "pki:\n"
			      "  passphrase:\n"
			      "    hunter2\n";

static bool printable(const char *text)
{
	struct str s = STR_INIT;
	bool same;

	str_add_printable(&s, text, strlen(text));
	same = strcmp(s.buf, text) == 0;
	str_release(&s);
	return same;
}

static void load(const char *text, size_t len, bool secret)
{
	struct inventory_problems p;
	struct error err = { 0 };
	struct str all = STR_INIT;
	struct inventory *inv = inventory_parse("-", text, len, NULL, 0, &p, &err);

	inventory_problems_format(&p, "-", &all);
	CHECK((inv == NULL) == (err.kind == ERROR_INVENTORY));
	CHECK(inv || p.count > 0);
	if (!CHECK(printable(all.buf)) ||
		!CHECK(!secret || (!strstr(all.buf, "hunter2") && !strstr(err.detail, "hunter2"))))
		printf("# %.*s\n# gives\n%s\n", (int)len, text, all.buf);
	inventory_free(inv);
	str_release(&all);
}

/* One bit of every byte, and every length. A copy of exactly that length lets the sanitizer see every look beyond it. */
static void mutate(const char *text, size_t len, bool secret)
{
	for (size_t i = 0; i <= len; i++) {
		char *cut = malloc(i ? i : 1), *flipped = malloc(len);

		memcpy(cut, text, i);
		load(cut, i, secret);
		memcpy(flipped, text, len);
		if (i < len)
			flipped[i] = (char)(flipped[i] ^ (1 << (i * 5 % 8)));
		load(flipped, len, secret);
		free(cut);
		free(flipped);
	}
}

static void test_files(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct str text = STR_INIT;

		CHECK(file_read(files[i], 1 << 16, &text, NULL) == 0 && text.len > 0);
		mutate(text.buf, text.len, false);
		str_release(&text);
	}
}

/* Every bit of every byte. A bracket within a key's word leaves two words that nobody would know for a secret's. */
static void test_secrets(void)
{
	char text[sizeof(secrets)];

	mutate(secrets, strlen(secrets), true);
	for (size_t i = 0; i < strlen(secrets); i++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(text, secrets, sizeof(secrets));
			text[i] = (char)(text[i] ^ (1 << bit));
			if (!strchr("{}[]", text[i]))
				load(text, strlen(secrets), true);
		}
}

static const struct test tests[] = {
	{ "files", test_files },
	{ "secrets", test_secrets },
};
TEST_MAIN(tests)
