/* Forms: every field of the table by keys alone, what they look like, what they leave alone. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "inventory/document.h"
#include "inventory/inventory.h"
#include "tests/unit/screen_text.h"
#include "tui/widgets.h"

static const char base[] = "cluster: c1\nkubernetes:\n  version: \"1.36\" # keep\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			   "  - {name: w1, address: 10.0.0.21, role: worker}\n";

static struct document *document(const char *text)
{
	struct error err = { 0 };
	struct document *d = document_parse("/tmp/kubewright-test.yaml", text, &err);

	if (!CHECK(d != NULL))
		printf("# %s\n", err.what);
	return d;
}

static void type_form(struct form *f, const char *text)
{
	while (*text)
		CHECK(form_key(f, next_code(&text)));
}

/* ---- forms over the whole table ------------------------------------------------------------------------------------------------ */

struct sample {
	const char *key; /* a field's path, or its end */
	const char *good, *bad;
};
static const struct sample by_path[] = {
	{ "kubernetes.version", "1.35.1", "1.33" },
	{ "kubernetes.image-repository", "registry.example.com/k8s", "https://registry.example.com" },
	{ "containerd.config", "oom_score = 1\\na = \"x\\\\y\"", NULL },
	{ "endpoint.interface", "bond0.7", "a b" },
	{ "endpoint.host", "lb.example.com", "lb.example.com:6443" },
	{ "network.dns-domain", "k8s.example.com", "a_b" },
	{ "etcd.snapshots.folder", "/srv/etcd", "/tmp/etcd" },
	{ "network.cni", "/etc/cni.yaml", "https://example.com/cni.yaml" },
	{ "preflight.ignore", "swap-on,SystemVerification", "all" },
	{ "kubeadm.extra", "{\"InitConfiguration\":{\"a\":1}}", "{a: [}" },
	{ "hosts[].taints", "a=b:NoExecute,c:NoSchedule", "a" },
	{ "ssh.user", "ops", "a b" },
	{ "ssh.address", "gw.example.com", "gw:22" },
	{ "ssh.host-key", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "MD5:aa" },
};
static const struct sample by_type[] = {
	[INVENTORY_TYPE_STRING] = { "", "text", NULL },
	[INVENTORY_TYPE_NAME] = { "", "n1", "N_1" },
	[INVENTORY_TYPE_NODE] = { "", "n1.example.com", "n1..com" },
	[INVENTORY_TYPE_VERSION] = { "", "2.2.1", "new" },
	[INVENTORY_TYPE_ADDRESS] = { "", "10.9.9.9", "nine" },
	[INVENTORY_TYPE_CIDR] = { "", "172.20.0.0/16", "172.20.0.0" },
	[INVENTORY_TYPE_PORT] = { "", "2222", "0" },
	[INVENTORY_TYPE_DAYS] = { "", "29", "0" },
	[INVENTORY_TYPE_COUNT] = { "", "1000", "1001" },
	[INVENTORY_TYPE_BOOL] = { "", "false", "maybe" },
	[INVENTORY_TYPE_CHOICE] = { "", NULL, "zzz" },
	[INVENTORY_TYPE_PATH] = { "", "/a/b", "$HOME/b" },
	[INVENTORY_TYPE_URL] = { "", "https://example.com/x", "example.com" },
	[INVENTORY_TYPE_HEX] = { "", NULL, "xyz" },
	[INVENTORY_TYPE_SECRET] = { "", "env:VAR", "hunter2" },
	[INVENTORY_TYPE_MAP] = { "", "gpu=h200,rack=7", "=" },
	[INVENTORY_TYPE_LIST] = { "", "a,b", NULL },
	[INVENTORY_TYPE_TREE] = { "", "{\"a\":1}", "{a: [}" },
	[INVENTORY_TYPE_RESERVED] = { "", "x", "x" },
};

static void choose(const struct inventory_field *f, char good[128], const char **bad)
{
	const struct sample *s = &by_type[f->type];

	for (size_t i = 0; i < sizeof(by_path) / sizeof(by_path[0]); i++)
		if (str_ends(f->path, by_path[i].key))
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

/* The path of a field in the document; lent until the next call. */
static const char *path_of(const struct inventory_field *f, const char *host)
{
	static char path[256];

	if (str_starts(f->path, "hosts[]."))
		snprintf(path, sizeof(path), "hosts.%s.%s", host, f->path + 8);
	else
		snprintf(path, sizeof(path), "%s", f->path);
	return path;
}

/* Types good (and before that bad) into a field as an operator does. */
static void fill(struct form *f, const struct inventory_field *field)
{
	struct document *d = f->document;
	struct error err = { 0 };
	struct str got = STR_INIT, now = STR_INIT;
	const char *bad;
	char good[128], *before;

	choose(field, good, &bad);
	before = xstrdup(document_text(d));
	if (bad) {
		CHECK(form_key(f, K_ENTER));
		form_key(f, K_END);
		form_key(f, K_CTRL('u'));
		type_form(f, bad);
		CHECK(form_key(f, K_DOWN));
		/* it stays where it is, and says what the file would get */
		CHECK(f->editing && f->fields[f->list.selected] == field);
		CHECK(document_check(d, path_of(field, f->host), bad, &err) != 0);
		if (!CHECK(f->complaint[0] && strncmp(f->complaint, err.what, sizeof(f->complaint) - 1) == 0))
			printf("# %s: %s, not %s\n", field->path, f->complaint, err.what);
		CHECK_STR(document_text(d), before);
		CHECK(form_key(f, K_ESCAPE));
		CHECK(!f->editing && !f->complaint[0]);
	}
	CHECK(form_key(f, K_ENTER));
	form_key(f, K_END);
	form_key(f, K_CTRL('u'));
	type_form(f, good);
	CHECK(form_key(f, K_ENTER));
	if (!CHECK(!f->editing && !f->complaint[0]))
		printf("# %s: %s\n", field->path, f->complaint);
	CHECK(document_get(d, path_of(field, f->host), &got) == 1);
	CHECK_STR(got.buf, strcmp(field->path, "containerd.config") == 0 ? "oom_score = 1\na = \"x\\y\"" : good);
	/* shown as it was typed, and not touched by looking at it */
	free(before);
	before = xstrdup(document_text(d));
	CHECK(form_key(f, K_ENTER));
	CHECK_STR(f->editor.text, good);
	CHECK(form_key(f, K_ENTER));
	CHECK_STR(document_text(d), before);
	free(before);
	str_release(&got);
	str_release(&now);
}

static void whole_table(void)
{
	static const char *const all[] = { "", "kubernetes", "containerd.", "endpoint", "network.", "runtime", "etcd.",
		"pki", "kubelet", "kubeproxy", "kubeadm", "security.", "preflight", "time.", "ssh.", "hosts[]", NULL };
	size_t filled = 0;
	struct form f;
	struct document *d = document(base);

	form_init(&f, d, all, "w1");
	CHECK_INT(f.count, inventory_field_count);
	form_release(&f);
	document_free(d);
	for (size_t i = 0; i < inventory_field_count; i++) {
		const struct inventory_field *field = &inventory_fields[i];
		char *before;

		d = document(base);
		form_init(&f, d, all, "w1");
		before = xstrdup(document_text(d));
		/* by keys alone */
		form_key(&f, K_HOME);
		while (f.fields[f.list.selected] != field && f.list.selected + 1 < f.count)
			CHECK(form_key(&f, K_DOWN));
		CHECK(f.fields[f.list.selected] == field);
		CHECK(form_select(&f, field->path));
		if (field->type == INVENTORY_TYPE_RESERVED) {
			form_key(&f, K_ENTER);
			form_key(&f, 'x');
			form_key(&f, K_DELETE);
			form_paste(&f, "x");
			CHECK(!f.editing);
			CHECK_STR(document_text(d), before);
		} else {
			fill(&f, field);
			filled++;
		}
		free(before);
		form_release(&f);
		document_free(d);
	}
	CHECK(filled > 50);
}

static void prefixes(void)
{
	static const char *const lists[][3] = { { "", NULL }, { "ssh.", NULL }, { "network", NULL },
		{ "hosts[]", NULL }, { "net", NULL }, { "cluster", "time", NULL } };
	static const struct {
		size_t with, without;
	} want[] = { { 4, 4 }, { 8, 8 }, { 7, 7 }, { 15, 0 }, { 0, 0 }, { 2, 2 } };
	struct form f;

	for (size_t i = 0; i < 6; i++) {
		form_init(&f, NULL, lists[i], "w1");
		CHECK_INT(f.count, want[i].with);
		form_release(&f);
		form_init(&f, NULL, lists[i], NULL);
		CHECK_INT(f.count, want[i].without);
		/* a form without fields, or without a document, takes keys too */
		form_key(&f, K_ENTER);
		form_key(&f, 'x');
		form_key(&f, K_ENTER);
		form_paste(&f, "y");
		form_release(&f);
	}
}

static void stepping(void)
{
	static const char *const list[] = { "hosts[]", "time", "pki", NULL };
	struct document *d = document(base);
	struct str got = STR_INIT;
	struct form f;

	form_init(&f, d, list, "w1");
	CHECK(form_select(&f, "hosts[].role"));
	CHECK(form_key(&f, ' '));
	CHECK(document_get(d, "hosts.w1.role", &got) == 1);
	CHECK_STR(got.buf, "control-plane");
	CHECK(form_key(&f, K_LEFT));
	str_clear(&got);
	document_get(d, "hosts.w1.role", &got);
	CHECK_STR(got.buf, "worker");
	/* from the default on */
	CHECK(form_select(&f, "time.manage"));
	CHECK(form_key(&f, K_RIGHT));
	str_clear(&got);
	CHECK(document_get(d, "time.manage", &got) == 1);
	CHECK_STR(got.buf, "false");
	CHECK(form_key(&f, K_DELETE));
	CHECK(document_get(d, "time.manage", &got) == 0);
	CHECK(form_select(&f, "pki.passphrase"));
	CHECK(form_key(&f, K_RIGHT));
	str_clear(&got);
	document_get(d, "pki.passphrase", &got);
	CHECK_STR(got.buf, "ask");
	/* while it is open too */
	CHECK(form_select(&f, "pki.key-type"));
	CHECK(form_key(&f, K_ENTER) && form_key(&f, ' ') && form_key(&f, K_RIGHT) && form_key(&f, K_TAB));
	str_clear(&got);
	document_get(d, "pki.key-type", &got);
	CHECK_STR(got.buf, "rsa-2048");
	CHECK(!form_select(&f, "kubernetes.version"));
	/* what must be there cannot be taken out */
	CHECK(form_select(&f, "hosts[].role"));
	form_key(&f, K_DELETE);
	CHECK(f.complaint[0]);
	CHECK(document_get(d, "hosts.w1.role", &got) == 1);
	str_release(&got);
	form_release(&f);
	document_free(d);
}

static void renaming_a_host(void)
{
	static const char *const list[] = { "hosts[]", NULL };
	struct document *d = document(base);
	struct str got = STR_INIT;
	struct form f;

	form_init(&f, d, list, "w1");
	/* typing takes the place of what was there */
	type_form(&f, "gpu1");
	CHECK(form_typing(&f));
	CHECK(form_key(&f, K_TAB));
	CHECK_STR(f.host, "gpu1");
	CHECK_INT(f.list.selected, 1);
	type_form(&f, "10.0.0.99\r");
	CHECK(document_get(d, "hosts.gpu1.address", &got) == 1);
	CHECK_STR(got.buf, "10.0.0.99");
	str_release(&got);
	form_release(&f);
	document_free(d);
}

static void comments_stay(void)
{
	static const char *const list[] = { "kubernetes", NULL };
	struct document *d = document(base);
	struct form f;

	form_init(&f, d, list, NULL);
	type_form(&f, "1.35\r");
	CHECK(strstr(document_text(d), "# keep") != NULL);
	CHECK(strstr(document_text(d), "1.35") != NULL);
	/* Backspace continues with what is there */
	form_key(&f, K_BACKSPACE);
	CHECK_STR(f.editor.text, "1.3");
	form_key(&f, K_ESCAPE);
	CHECK(strstr(document_text(d), "1.35") != NULL);
	form_release(&f);
	document_free(d);
}

/* Enter twice is not a change, however the operator wrote it. */
static void looking_changes_nothing(void)
{
	static const char text[] =
		"cluster: 'c1'\nkubelet:\n  config: { maxPods:   200, # why\n    a: [ 1,2 ] }\n"
		"preflight:\n  ignore: [  swap-on ,'x-y' ]\nhosts:\n- name:  w1\n  labels: { gpu:   h200 }\n";
	static const char *const list[] = { "", "kubelet", "preflight", "hosts[]", NULL };
	struct document *d = document(text);
	struct form f;

	form_init(&f, d, list, "w1");
	for (size_t i = 0; i < f.count; i++) {
		form_select(&f, f.fields[i]->path);
		form_key(&f, K_ENTER);
		form_key(&f, K_ENTER);
		form_key(&f, K_ESCAPE);
		CHECK_STR(document_text(d), text);
	}
	form_release(&f);
	document_free(d);
}

static void form_search(void)
{
	static const char *const list[] = { "kubernetes", "network", "pki", NULL };
	struct document *d = document(base);
	struct form f;

	form_init(&f, d, list, NULL);
	CHECK(form_key(&f, '/'));
	CHECK(form_typing(&f));
	type_form(&f, "network\r");
	CHECK(!form_typing(&f));
	CHECK_STR(f.fields[f.list.selected]->path, "network.pods");
	CHECK(form_key(&f, 'n'));
	CHECK_STR(f.fields[f.list.selected]->path, "network.services");
	CHECK(form_key(&f, 'N'));
	CHECK_STR(f.fields[f.list.selected]->path, "network.pods");
	type_form(&f, "/nowhere\r");
	CHECK_STR(f.complaint, "not found: nowhere");
	/* after another key n is a letter again */
	form_select(&f, "network.cni");
	form_key(&f, K_UP);
	form_key(&f, K_DOWN);
	type_form(&f, "none\r");
	CHECK(strstr(document_text(d), "cni: none") != NULL);
	form_release(&f);
	document_free(d);
}

static void pasting(void)
{
	static const char *const list[] = { "containerd", "hosts[]", NULL };
	struct document *d = document(base);
	struct str got = STR_INIT;
	struct form f;

	form_init(&f, d, list, "w1");
	form_select(&f, "hosts[].ssh.host-key");
	form_paste(&f, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample\n");
	CHECK(form_key(&f, K_ENTER));
	CHECK(document_get(d, "hosts.w1.ssh.host-key", &got) == 1);
	CHECK_STR(got.buf, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample");
	form_select(&f, "containerd.config");
	form_paste(&f, "[a]\n\tb = 1\nc = \"\\d\"\n");
	CHECK(form_key(&f, K_ENTER));
	str_clear(&got);
	CHECK(document_get(d, "containerd.config", &got) == 1);
	CHECK_STR(got.buf, "[a]\n\tb = 1\nc = \"\\d\"");
	str_release(&got);
	form_release(&f);
	document_free(d);
}

/* ---- what a form looks like ------------------------------------------------------------------------------------------------- */

static void form_looks(void)
{
	static const char *const list[] = { "kubernetes", "endpoint", "network", "ssh", NULL };
	struct document *d = document("kubernetes: {}\nendpoint: {port: 7443}\n");
	struct form f;
	struct canvas c;
	int y;

	canvas_init(&c, 80, 60, true);
	form_init(&f, d, list, NULL);
	form_key(&f, K_DOWN);
	form_draw(&f, &c, 0, 0, 60, 80);
	CHECK_STR(row(&c, 0), "kubernetes");
	CHECK_INT(style_of(&c, 0, "kubernetes"), STYLE_HEADING);
	CHECK(find_row(&c, "network") > find_row(&c, "endpoint"));
	y = find_row(&c, "Kubernetes version");
	CHECK_INT(style_of(&c, y, "required"), STYLE_WARNING);
	y = find_row(&c, "Pod network ");
	CHECK_INT(style_of(&c, y, "(default 10.244.0.0/16)"), STYLE_DIM);
	y = find_row(&c, "Port of the endpoint");
	CHECK_INT(style_of(&c, y, "7443"), STYLE_NORMAL);
	y = find_row(&c, "IPv6");
	CHECK_INT(style_of(&c, y, "not yet"), STYLE_DIM);
	/* the selected one has more than a colour */
	y = find_row(&c, "> Package repository");
	CHECK(y >= 0);
	CHECK_INT(c.cursor_y, y);
	CHECK(find_row(&c, "kubernetes.repository.url") > y);
	/* a complaint */
	form_select(&f, "endpoint.vip");
	type_form(&f, "nine\r");
	canvas_clear(&c);
	form_draw(&f, &c, 0, 0, 60, 80);
	y = find_row(&c, "error: 'nine' is not an IPv4 address");
	CHECK(y > 0);
	CHECK_INT(style_of(&c, y, "error:"), STYLE_FAIL);
	form_release(&f);
	document_free(d);
	canvas_release(&c);
}

static void hosts_inherit(void)
{
	static const char *const list[] = { "hosts[]", NULL };
	struct document *d = document("ssh: {user: ops}\nhosts: [{name: w1, address: 10.0.0.21, role: worker}]\n");
	struct canvas c;
	struct form f;

	canvas_init(&c, 80, 40, true);
	form_init(&f, d, list, "w1");
	form_draw(&f, &c, 0, 0, 40, 80);
	CHECK(strstr(row(&c, find_row(&c, "Login")), "(default ops)") != NULL);
	CHECK(strstr(row(&c, find_row(&c, "Port")), "(default 22)") != NULL);
	CHECK(strstr(row(&c, find_row(&c, "SSH address")), "(default 10.0.0.21)") != NULL);
	form_release(&f);
	document_free(d);
	canvas_release(&c);
}

static void form_sizes(void)
{
	static const char *const list[] = { "", "kubernetes", "network", "hosts[]", NULL };
	static const int keys[] = { K_DOWN, K_PAGE_DOWN, K_ENTER, 'a', '/', K_ENTER, K_ESCAPE, K_UP, ' ', 0xfc, K_TAB };
	struct document *d = document(base);
	struct form f;

	form_init(&f, d, list, "w1");
	for (int width = 1; width <= 90; width += width < 12 ? 1 : 13) {
		for (int height = 1; height <= 30; height++) {
			struct canvas c;

			canvas_init(&c, width, height, height % 2);
			form_draw(&f, &c, 0, 0, height, width);
			form_draw(&f, &c, height / 2, width / 2, height, width);
			form_draw(&f, &c, 0, 0, 0, 0);
			form_key(&f, keys[(width + height) % 11]);
			canvas_release(&c);
		}
	}
	form_release(&f);
	document_free(d);
}

static const struct test tests[] = {
	{ "whole table", whole_table },
	{ "prefixes", prefixes },
	{ "stepping", stepping },
	{ "renaming a host", renaming_a_host },
	{ "comments stay", comments_stay },
	{ "looking changes nothing", looking_changes_nothing },
	{ "form search", form_search },
	{ "pasting", pasting },
	{ "form looks", form_looks },
	{ "hosts inherit", hosts_inherit },
	{ "form sizes", form_sizes },
};
TEST_MAIN(tests)
