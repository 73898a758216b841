/* Documents: every field of every example set and set back, with comments and other lines untouched; random changes. */
#include "tests/unit/document_text.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "inventory/document.h"
#include "inventory/inventory.h"

static const char nasty[] = "# top\n"
			    "# above cluster\n"
			    "cluster:   'quoted'   # trailing ä ö\n"
			    "\n"
			    "# above kubernetes\n"
			    "kubernetes: # on the header\n"
			    "    # first inside\n"
			    "    version: \"1.36\"  # version\n"
			    "    # between\n"
			    "    repository: {url: 'https://a.example.com/#frag', # in flow\n"
			    "      key-url: \"https://a.example.com/key\" }   # behind flow\n"
			    "    # last inside\n"
			    "\n"
			    "containerd:\n"
			    "    config: |-   # header of a literal\n"
			    "        x = 1 # TOML\n"
			    "        [a]\n"
			    "          b = 'ü'\n"
			    "\n"
			    "    # below the literal\n"
			    "    version:    2.2.0\n"
			    "endpoint:\n"
			    "    # vip: 10.0.0.100\n"
			    "network: {} # void\n"
			    "\"ssh\":\n"
			    "# at column one\n"
			    "    user:    # value below\n"
			    "        ops\n"
			    "    key: >-\n"
			    "        ~/.ssh/id\n"
			    "    sudo: \"env:A_B\"\n"
			    "\n"
			    "kubelet:\n"
			    "    config:\n"
			    "        # of maxPods\n"
			    "        maxPods: 110 # pods\n"
			    "        evictionHard: {\n"
			    "            # memory\n"
			    "            \"memory.available\": '5%',\n"
			    "        }\n"
			    "        # end\n"
			    "preflight:\n"
			    "    ignore: # header\n"
			    "    - swap-on # first\n"
			    "    # between items\n"
			    "    - \"other\"\n"
			    "# above hosts\n"
			    "hosts: # the hosts\n"
			    "# above cp1\n"
			    "- {name: \"cp1\", address: 10.0.0.11, role: control-plane, # flow\n"
			    "   ssh: {port: 2222}, labels: {\"a.b/c\": d}} # end of cp1\n"
			    "\n"
			    "# above w1\n"
			    "-   name: w1   # ä\n"
			    "    # inside w1\n"
			    "    labels:\n"
			    "        # of a\n"
			    "        a: b # a\n"
			    "        # of c\n"
			    "        'c': \"\"\n"
			    "    address: 10.0.0.21\n"
			    "    role: worker\n"
			    "    taints: [\"a=b:NoSchedule\", # taint\n"
			    "      'c:NoExecute']\n"
			    "    # the end of w1\n"
			    "\n"
			    "# the end";

static char *replaced(const char *text, const char *from, const char *to)
{
	struct str s = STR_INIT;

	for (; *text; text++)
		if (strncmp(text, from, strlen(from)) == 0) {
			str_add(&s, to);
			text += strlen(from) - 1;
		} else {
			str_addc(&s, *text);
		}
	return str_detach(&s);
}

static bool is_comment(const char *line)
{
	return line[strspn(line, " \t")] == '#';
}

struct lines {
	char *copy, *line[400];
	size_t count;
};

static void split(const char *text, struct lines *l)
{
	l->count = 0;
	l->copy = xstrdup(text);
	for (char *p = l->copy; *p && l->count < 400;) {
		char *end = strchr(p, '\n');

		l->line[l->count++] = p;
		if (!end)
			break;
		*end = '\0';
		p = end + 1;
	}
}

/* The longest common subsequence: lines[i][j] for the rests from i and j on. */
static unsigned short common[401][401];

/* Comments all there in their order; at most `most` lines of the old text gone. */
static void check_lines(const char *before, const char *after, size_t most, const char *path)
{
	struct lines a, b;
	size_t gone = 0, i, k;

	split(before, &a);
	split(after, &b);
	for (i = 0; i <= a.count; i++)
		common[i][b.count] = 0;
	for (k = 0; k <= b.count; k++)
		common[a.count][k] = 0;
	for (i = a.count; i-- > 0;)
		for (k = b.count; k-- > 0;)
			if (strcmp(a.line[i], b.line[k]) == 0)
				common[i][k] = (unsigned short)(common[i + 1][k + 1] + 1);
			else
				common[i][k] =
					common[i + 1][k] > common[i][k + 1] ? common[i + 1][k] : common[i][k + 1];
	for (i = k = 0; i < a.count;) {
		if (k < b.count && strcmp(a.line[i], b.line[k]) == 0) {
			i++;
			k++;
		} else if (k < b.count && common[i][k + 1] >= common[i + 1][k]) {
			k++;
		} else {
			gone++;
			if (!CHECK(!is_comment(a.line[i])))
				printf("# %s: '%s' is gone from\n%s\n", path, a.line[i], after);
			i++;
		}
	}
	if (!CHECK(gone <= most))
		printf("# %s: %zu lines gone in\n%s\n", path, gone, after);
	free(a.copy);
	free(b.copy);
}

static const struct {
	const char *path, *value;
} values[] = {
	{ "cluster", "new-name" },
	{ "kubernetes.version", "1.35" },
	{ "kubernetes.image-repository", "registry.example.org:5000/k8s" },
	{ "containerd.config", "[plugins]\n  x = \"# y: z\"\n\n  [a]\n" },
	{ "endpoint.interface", "bond7" },
	{ "endpoint.host", "api.example.net" },
	{ "network.dns-domain", "corp.example" },
	{ "etcd.snapshots.every", "4h" },
	{ "etcd.snapshots.folder", "/srv/etcd" },
	{ "hosts[].labels", "disk=ssd,example.com/rack=7" },
	{ "hosts[].taints", "a=b:NoSchedule,new:NoExecute" },
	{ "hosts[].ssh.host-key", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU" },
	{ "kubeadm.extra", "{\"ClusterConfiguration\":{\"x\":\"30\",\"y\":[1,true,null,\"no\"]}}" },
};

/* gentle: needs no quotes, so that the old value does not get them for good. */
static const char *value_for(const struct inventory_field *f, bool gentle)
{
	static const char *const by_type[] = {
		[INVENTORY_TYPE_STRING] = "no",
		[INVENTORY_TYPE_NAME] = "node-9",
		[INVENTORY_TYPE_NODE] = "node-9.example.com",
		[INVENTORY_TYPE_VERSION] = "2.3",
		[INVENTORY_TYPE_ADDRESS] = "192.0.2.77",
		[INVENTORY_TYPE_CIDR] = "172.20.0.0/16",
		[INVENTORY_TYPE_PORT] = "8443",
		[INVENTORY_TYPE_DAYS] = "30",
		[INVENTORY_TYPE_COUNT] = "30",
		[INVENTORY_TYPE_BOOL] = "false",
		[INVENTORY_TYPE_PATH] = "./some dir/file #1.yaml",
		[INVENTORY_TYPE_URL] = "https://new.example.com/x:y/#z",
		[INVENTORY_TYPE_SECRET] = "env:SOME_WORD",
		[INVENTORY_TYPE_LIST] = "swap-on,third",
		[INVENTORY_TYPE_TREE] = "{\"maxPods\":99,\"s\":\"30\",\"deep\":{\"list\":[\"a\",{\"b\":null}]}}",
		[INVENTORY_TYPE_RESERVED] = NULL,
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(values[i].path, f->path) == 0)
			return values[i].value;
	if (gentle && (f->type == INVENTORY_TYPE_STRING || f->type == INVENTORY_TYPE_PATH))
		return f->type == INVENTORY_TYPE_PATH ? "~/some/file" : "word";
	if (f->type == INVENTORY_TYPE_CHOICE)
		return strcmp(f->path, "hosts[].role") == 0 ? "worker"
		       : strrchr(f->choices, '|')           ? strrchr(f->choices, '|') + 1
							    : f->choices;
	if (f->type == INVENTORY_TYPE_HEX)
		return atoi(f->choices) == 40 ? "ABCDEF6789012345678901234567890123456789"
					      : "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	return by_type[f->type];
}

static size_t height(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* Once to a new value and back; exact: the text must be the old one then. */
static void set_and_back(const char *text, const char *path, const struct inventory_field *f, bool exact)
{
	struct document *d = parse(text);
	const char *value = value_for(f, exact), *got = get(d, path);
	char *old = got ? xstrdup(got) : NULL, *middle;
	size_t most = 1;
	bool name = strcmp(f->path, "hosts[].name") == 0;

	if (f->type == INVENTORY_TYPE_TREE || f->type == INVENTORY_TYPE_MAP || f->type == INVENTORY_TYPE_LIST)
		most = 8;
	else if (old && strstr(f->path, "config"))
		most = 2 + height(old);
	else if (strcmp(f->path, "ssh.user") == 0 || strcmp(f->path, "ssh.key") == 0 ||
		 strcmp(path, "network.cni") == 0)
		most = 3;
	if (set(d, path, value)) {
		char *now = name ? xasprintf("hosts.%s.name", value) : xstrdup(path);

		CHECK_STR(get(d, now), value);
		CHECK(document_changed(d));
		check_lines(text, document_text(d), most, path);
		middle = xstrdup(document_text(d));
		if (old || !f->required) {
			if (CHECK(set(d, now, old)))
				CHECK_STR(get(d, path), old);
			check_lines(middle, document_text(d), 8, path);
		}
		if (exact && !str_starts(path, "network.cni") && f->type != INVENTORY_TYPE_TREE &&
			f->type != INVENTORY_TYPE_LIST && f->type != INVENTORY_TYPE_MAP)
			if (!CHECK_STR(document_text(d), text))
				printf("# after %s\n", path);
		free(middle);
		free(now);
	} else {
		CHECK(!"set");
	}
	free(old);
	document_free(d);
}

static void every_field(const char *text, bool exact)
{
	struct document *d = parse(text);

	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *f = &inventory_fields[i];

		if (f->type == INVENTORY_TYPE_RESERVED)
			continue;
		if (!str_starts(f->path, "hosts[].")) {
			set_and_back(text, f->path, f, exact);
			continue;
		}
		for (size_t h = 0; h < document_host_count(d); h++) {
			char *path = xasprintf("hosts.%s.%s", document_host_name(d, h), f->path + 8);

			set_and_back(text, path, f, exact);
			free(path);
		}
	}
	document_free(d);
}

static void test_examples(void)
{
	static const char *const files[] = { "minimal", "single", "ha", "full" };

	for (size_t i = 0; i < 4; i++) {
		char *path = xasprintf("examples/%s.yaml", files[i]);
		struct str text = STR_INIT;
		struct error err = { 0 };

		if (!CHECK_INT(file_read(path, 1 << 20, &text, &err), 0))
			exit(1);
		every_field(text.buf, true);
		/* without the last line's break */
		str_truncate(&text, text.len - 1);
		every_field(text.buf, true);
		str_release(&text);
		free(path);
	}
}

/* What init writes: most of it comments. */
static void test_sample(void)
{
	static const char *const hosts[] = { "10.0.0.[11-14]" };
	struct str text = STR_INIT;

	CHECK_INT(inventory_sample("c", hosts, 1, &text, NULL), 0);
	every_field(text.buf, true);
	str_release(&text);
}

static void test_nasty(void)
{
	const char *text = nasty;
	char *crlf = replaced(text, "\n", "\r\n"), *marked = xasprintf("\xef\xbb\xbf%s", text);
	struct document *d;

	every_field(text, false);
	every_field(marked, false);
	every_field(crlf, false);
	d = parse(crlf);
	CHECK(set(d, "containerd.config", "a = 1\nb = 2\n"));
	CHECK(set(d, "runtime.cgroup-driver", "systemd"));
	CHECK(set(d, "hosts.w1.ssh.port", "23"));
	for (const char *p = document_text(d); (p = strchr(p, '\n')); p++)
		if (!CHECK(p[-1] == '\r'))
			break;
	document_free(d);
	free(crlf);
	free(marked);
}

static unsigned long seed = 42;

static size_t pick(size_t n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (seed >> 33) % n;
}

static void random_value(struct str *s, const struct inventory_field *f)
{
	static const char *const bits[] = { "a", "0", ":", " ", "#", "'", "\"", "\n", "-", "ü", ",", "{", "}", "[", "]",
		"|", "\\", "x=y", "=", "&", "*", "no", "\t", "%", "~", "/" };

	str_clear(s);
	if (pick(3) && value_for(f, pick(2)))
		str_add(s, value_for(f, pick(2)));
	else
		for (size_t n = pick(9); n > 0; n--)
			str_add(s, bits[pick(sizeof(bits) / sizeof(bits[0]))]);
}

/* Whatever comes, the text is one that can be read, and what was said to be set is there. */
static void test_random(void)
{
	struct document *d = NULL;
	struct str value = STR_INIT;
	size_t done = 0;

	for (int i = 0; i < 2000; i++) {
		const struct inventory_field *f = &inventory_fields[pick(inventory_field_count)];
		struct error err = { 0 };
		char *path, *before;
		int rc;

		if (i % 100 == 0) {
			char *crlf = replaced(nasty, "\n", "\r\n");

			document_free(d);
			d = parse(i % 200 ? crlf : nasty);
			free(crlf);
		}
		before = xstrdup(document_text(d));
		path = str_starts(f->path, "hosts[].") ? xasprintf("hosts.%s%s", pick(2) ? "w1" : "cp1", f->path + 7)
						       : xstrdup(f->path);
		random_value(&value, f);
		if (strcmp(f->path, "hosts[].name") == 0)
			rc = pick(2) ? document_add_host(d, value.buf, "10.9.9.9", "worker", &err)
				     : document_remove_host(d, value.buf, &err);
		else
			rc = document_set(d, path, pick(4) ? value.buf : NULL, &err);
		done += rc == 0;
		if (rc)
			CHECK_STR(document_text(d), before);
		document_free(parse(document_text(d)));
		free(before);
		free(path);
	}
	CHECK(done > 1000);
	str_release(&value);
	document_free(d);
}

TEST_MAIN(((const struct test[]){
	{ "examples", test_examples },
	{ "sample", test_sample },
	{ "nasty", test_nasty },
	{ "random", test_random },
}))
