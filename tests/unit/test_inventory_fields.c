/* Every field of the table is settable by file and by --set, lands in its member, and refuses a bad value. */
#include "tests/test.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

struct sample {
	const char *key; /* a field's path, or its end */
	const char *good, *bad;
};

/* By path, before those by type. */
static const struct sample by_path[] = {
	{ "kubernetes.version", "1.35.1", "1.33" },
	{ "kubernetes.image-repository", "registry.example.com/k8s", "https://registry.example.com" },
	{ "containerd.config", "oom_score = 1", "" },
	{ "endpoint.interface", "bond0.7", "a b" },
	{ "endpoint.host", "lb.example.com", "lb.example.com:6443" },
	{ "network.dns-domain", "k8s.example.com", "a_b" },
	{ "etcd.snapshots.folder", "/srv/etcd", "/tmp/etcd" },
	{ "network.cni", "none", "https://example.com/cni.yaml" },
	{ "pki.ca-keys", "operator", "hosts" },
	{ "kubeadm.extra", "{InitConfiguration: {a: 1}}", "{a: 1}" },
	{ "hosts[].role", "worker", "master" },
	{ "hosts[].taints", "[a=b:NoExecute]", "[a]" },
	{ "ssh.user", "ops", "a b" },
	{ "ssh.address", "gw.example.com", "gw:22" },
	{ "ssh.host-key", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "MD5:aa" },
};

static const struct sample by_type[] = {
	[INVENTORY_TYPE_NAME] = { "", "n1", "N_1" },
	[INVENTORY_TYPE_NODE] = { "", "n1.example.com", "n1..com" },
	[INVENTORY_TYPE_VERSION] = { "", "2.2.1", "new" },
	[INVENTORY_TYPE_ADDRESS] = { "", "10.9.9.9", "nine" },
	[INVENTORY_TYPE_CIDR] = { "", "172.20.0.0/16", "172.20.0.0" },
	[INVENTORY_TYPE_PORT] = { "", "2222", "0" },
	[INVENTORY_TYPE_DAYS] = { "", "29", "0" },
	[INVENTORY_TYPE_COUNT] = { "", "1000", "1001" },
	[INVENTORY_TYPE_BOOL] = { "", "false", "no" },
	[INVENTORY_TYPE_CHOICE] = { "", NULL, "zzz" },
	[INVENTORY_TYPE_PATH] = { "", "/a/b", "$HOME/b" },
	[INVENTORY_TYPE_URL] = { "", "https://example.com/x", "example.com" },
	[INVENTORY_TYPE_HEX] = { "", NULL, "xyz" },
	[INVENTORY_TYPE_SECRET] = { "", "env:VAR", "hunter2" },
	[INVENTORY_TYPE_MAP] = { "", "{a: b}", "{a: [b]}" },
	[INVENTORY_TYPE_LIST] = { "", "[swap]", "[[swap]]" },
	[INVENTORY_TYPE_TREE] = { "", "{oomScoreAdj: 1}", "{oomScoreAdj: yes}" },
	[INVENTORY_TYPE_RESERVED] = { "", "x", "x" },
};

static void choose(const struct inventory_field *f, char good[128], const char **bad)
{
	const struct sample *s = &by_type[f->type];

	for (size_t i = 0; i < sizeof(by_path) / sizeof(by_path[0]); i++)
		if (strcmp(f->path, by_path[i].key) == 0 ||
			(!strchr(by_path[i].key, '[') && str_ends(f->path, by_path[i].key)))
			s = &by_path[i];
	*bad = s->bad;
	if (f->type == INVENTORY_TYPE_HEX)
		snprintf(good, 128, "%.*s", atoi(f->choices),
			"0123456789012345678901234567890123456789012345678901234567890123");
	else if (!s->good)
		snprintf(good, 128, "%s", strrchr(f->choices, '|') ? strrchr(f->choices, '|') + 1 : f->choices);
	else
		snprintf(good, 128, "%s", s->good);
}

static bool is(const struct inventory_field *f, const char *path)
{
	return strcmp(f->path, path) == 0;
}

/* "a.b" with value -> "b: value" in braces for each word of the path. */
static void nest(struct str *out, const char *path, const char *value, bool quote)
{
	int depth = 0;

	for (const char *dot; (dot = strchr(path, '.')); path = dot + 1, depth++)
		str_addf(out, "%.*s: {", (int)(dot - path), path);
	str_addf(out, quote ? "%s: '%s'" : "%s: %s", path, value);
	while (depth--)
		str_addc(out, '}');
}

/* A whole file that is sound but for the one field; value NULL leaves the field out. */
static void write_file(struct str *out, const struct inventory_field *f, const char *value)
{
	bool host = str_starts(f->path, "hosts[]."),
	     quote = f->type != INVENTORY_TYPE_MAP && f->type != INVENTORY_TYPE_LIST && f->type != INVENTORY_TYPE_TREE;

	if (!is(f, "cluster") || !value)
		str_add(out, "cluster: c\n");
	if (value && !host && strcmp(f->path, "kubernetes.version") != 0 && str_starts(f->path, "kubernetes.")) {
		str_add(out, "kubernetes: {version: 1.36, ");
		nest(out, f->path + 11, value, quote);
		str_add(out, "}\n");
	} else {
		if (!is(f, "kubernetes.version") || !value)
			str_add(out, "kubernetes: {version: 1.36}\n");
		if (value && is(f, "network.cni.url"))
			str_addf(out, "network: {cni: {url: '%s', sha256: %064d}}", value, 0);
		else if (value && is(f, "network.cni.sha256"))
			str_addf(out, "network: {cni: {url: 'https://example.com/', sha256: '%s'}}", value);
		else if (value && !host)
			nest(out, f->path, value, quote);
		str_addc(out, '\n');
	}
	str_add(out, "hosts:\n  - {name: cp1, address: 10.0.0.11, role: control-plane}\n  - {");
	if (value && host) {
		nest(out, f->path + 8, value, quote);
		str_add(out, ", ");
	}
	if (!value || !is(f, "hosts[].name"))
		str_add(out, "name: w1, ");
	if (!value || !is(f, "hosts[].address"))
		str_add(out, "address: 10.0.0.21, ");
	if (!value || !is(f, "hosts[].role"))
		str_add(out, "role: worker");
	str_add(out, "}\n");
}

/* The member as text, by its offset alone. */
static void observe(struct str *out, const struct inventory *inv, const struct inventory_field *f)
{
	bool host = str_starts(f->path, "hosts[].") || str_starts(f->path, "ssh.");
	const char *at = (const char *)(host ? (const void *)&inv->hosts[1] : (const void *)inv) + f->offset;
	const struct inventory_secret *secret = (const void *)at;

	switch (f->type) {
	case INVENTORY_TYPE_COUNT:
	case INVENTORY_TYPE_DAYS:
	case INVENTORY_TYPE_PORT: str_addf(out, "%d", *(const int *)(const void *)at); break;
	case INVENTORY_TYPE_BOOL: str_add(out, *(const bool *)at ? "true" : "false"); break;
	case INVENTORY_TYPE_SECRET:
		str_addf(out, "env:%s", secret->source == INVENTORY_SECRET_ENV ? secret->env : "?");
		break;
	case INVENTORY_TYPE_MAP:
		str_addf(out, "{%s: %s}", inv->hosts[1].labels[0].key, inv->hosts[1].labels[0].value);
		break;
	case INVENTORY_TYPE_LIST:
		if (host)
			str_addf(out, "[%s=%s:%s]", inv->hosts[1].taints[0].key, inv->hosts[1].taints[0].value,
				inv->hosts[1].taints[0].effect);
		else
			str_addf(out, "[%s]", (*(const char *const *const *)(const void *)at)[0]);
		break;
	case INVENTORY_TYPE_TREE:
		if (is(f, "kubeadm.extra")) {
			str_addf(out, "{InitConfiguration: {a: %d}}",
				(int)json_get_int(inv->kubeadm_extra, "InitConfiguration.a", -1));
			break;
		}
		str_addf(out, "{oomScoreAdj: %d}",
			(int)json_get_int(*(struct json *const *)(const void *)at, "oomScoreAdj", -1));
		break;
	default:
		if (is(f, "hosts[].role"))
			str_add(out, *(const enum inventory_role *)(const void *)at == INVENTORY_WORKER
					     ? "worker"
					     : "control-plane");
		else
			str_add(out, *(const char *const *)(const void *)at ? *(const char *const *)(const void *)at
									    : "(null)");
		break;
	}
}

/* want NULL: it must be refused. */
static void try(
	const struct inventory_field *f, const char *text, const char *const *sets, size_t set_count, const char *want)
{
	struct inventory_problems problems;
	struct str got = STR_INIT, all = STR_INIT;
	struct inventory *inv = inventory_parse("-", text, strlen(text), sets, set_count, &problems, NULL);
	bool fine = want ? inv != NULL : inv == NULL;

	inventory_problems_format(&problems, "-", &all);
	if (inv && want) {
		observe(&got, inv, f);
		fine = strcmp(got.buf, want) == 0;
	}
	/* a complaint must be about the field, and only one */
	if (!want && problems.count != 1)
		fine = false;
	if (!CHECK(fine))
		printf("# %s%s: got '%s', want '%s'\n%s\n%s\n", f->path, set_count ? " (--set)" : "", got.buf,
			want ? want : "a complaint", text, all.buf);
	inventory_free(inv);
	str_release(&got);
	str_release(&all);
}

static void try_file(const struct inventory_field *f, const char *value, const char *want)
{
	struct str text = STR_INIT;

	write_file(&text, f, value);
	try(f, text.buf, NULL, 0, want);
	str_release(&text);
}

static void try_set(const struct inventory_field *f, const char *value, const char *want)
{
	struct str text = STR_INIT, set = STR_INIT;
	char digest[96];
	const char *sets[2];
	size_t n = 0;

	write_file(&text, f, NULL);
	/* cni's two keys need each other */
	snprintf(digest, sizeof(digest),
		is(f, "network.cni.url") ? "network.cni.sha256=%064d" : "network.cni.url=https://example.com/", 0);
	if (str_starts(f->path, "network.cni."))
		sets[n++] = digest;
	str_addf(&set, "%s%s=%s", str_starts(f->path, "hosts[]") ? "hosts.w1" : "",
		f->path + (str_starts(f->path, "hosts[]") ? 7 : 0), value);
	sets[n++] = set.buf;
	try(f, text.buf, sets, n, want);
	str_release(&text);
	str_release(&set);
}

static void test_every(void)
{
	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *f = &inventory_fields[i];
		bool refused = f->type == INVENTORY_TYPE_RESERVED;
		const char *bad;
		char good[128];

		choose(f, good, &bad);
		try_file(f, good, refused ? NULL : good);
		try_set(f, good, refused ? NULL : good);
		try_file(f, bad, NULL);
		try_set(f, bad, NULL);
	}
}

/* What forms and the man page take for granted. */
static void test_table(void)
{
	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *f = &inventory_fields[i];

		CHECK(f->label && *f->label && strlen(f->label) <= 28);
		CHECK(f->help && str_ends(f->help, "."));
		CHECK((f->type == INVENTORY_TYPE_CHOICE || f->type == INVENTORY_TYPE_HEX) <= (f->choices != NULL));
		CHECK(!(f->required && f->fallback));
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(f->path, inventory_fields[k].path) != 0);
	}
	CHECK(inventory_field_count > 50);
}

static const struct test tests[] = {
	{ "every field", test_every },
	{ "table", test_table },
};
TEST_MAIN(tests)
